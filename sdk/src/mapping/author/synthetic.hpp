#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tongqu::mapping::author {

/// Makes a synthetic text of a real one: as many characters, of the same kinds, with check characters that pass where they passed and
/// fail where they failed. The same text under the same seed gives the same answer, so that what belonged together still does.
class Synthesiser {
public:
  explicit Synthesiser(std::string seed) : seed_(std::move(seed)) {}
  /// @param path  Names from the root to the field, joined by '/'.
  std::string value(std::string_view path, std::string_view text) const;

private:
  std::string core(std::string_view path, std::string_view text) const;
  std::string certificate(std::string_view text) const;
  std::string shifted_year(std::string_view text) const;
  std::string scrambled(std::string_view text) const;
  std::string chinese(std::string_view path, std::string_view text) const;
  static bool is_code(std::string_view path, std::string_view ascii);
  std::uint64_t random(std::string_view text, std::string_view what) const;
  std::string seed_;
};

} // namespace tongqu::mapping::author
