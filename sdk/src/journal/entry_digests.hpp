#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tongqu::journal::detail {

/// Digests of the newest entries of the chain, for the next signed head: taken side by side while the entries pass, they need not be
/// read again and digested one by one while everybody waits. What is not here is read from the store. One thread.
class EntryDigests {
public:
  /// @param text  What the digest of the entry is taken of. A number that was here before was rolled back: it and all behind it go.
  void add(std::int64_t sequence, std::string text);
  /// 32 bytes each, in order; nothing when one of them is not here. Forgets those in front.
  std::optional<std::string> between(std::int64_t from, std::int64_t to);

private:
  void take_texts();
  std::int64_t next() const noexcept { return first_ + static_cast<std::int64_t>(digests_.size() / kBytes + texts_.size()); }
  static constexpr std::size_t kBytes = 32;
  static constexpr std::size_t kTextsMax = 64;
  static constexpr std::size_t kDigestsMax = 100000;  ///< Where no head can be signed, only so many are kept.
  std::int64_t first_ = 1;           ///< Entry of the first digest.
  std::string digests_;
  std::vector<std::string> texts_;   ///< Of the entries behind those.
};

} // namespace tongqu::journal::detail
