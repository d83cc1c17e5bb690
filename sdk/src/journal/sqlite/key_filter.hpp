#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "journal/sqlite/database.hpp"

namespace tongqu::journal::detail {

/// A set of hashes that may say "perhaps" of one that is not in it and never "no" of one that is: six bits in one cache line for each.
/// Safe from several threads.
class HashBits {
public:
  /// Twelve bits for each of so many hashes, rounded up: with that many some 0.5 % of the others are "perhaps". At most `kBytesMax`.
  explicit HashBits(std::size_t hashes);
  void add(std::int64_t hash) noexcept;
  bool perhaps(std::int64_t hash) const noexcept;
  std::size_t added() const noexcept { return added_.load(std::memory_order_relaxed); } ///< Calls, not different hashes.
  std::size_t room() const noexcept { return room_; }   ///< Hashes that it is meant for.
  bool largest() const noexcept { return words_.size() * 8 >= kBytesMax; }

private:
  static constexpr std::size_t kBytesMax = std::size_t{32} << 20U;
  struct Place {
    std::size_t line;
    std::uint64_t bits;
  };
  Place place_of(std::int64_t hash) const noexcept;
  std::size_t room_;
  std::vector<std::atomic<std::uint64_t>> words_;  ///< Eight to a line.
  std::atomic<std::size_t> added_{0};
};

/// Says which hashes the table of keys does not hold, so that the road of a new message need not read the table: its keys are everywhere
/// in it, and each look would be a page from the file (with 400,000 messages: 60 us of a message). Filled from the table beside the
/// writer; until then, and where the table cannot be read, it rules nothing out. It grows with the table, to 32 MB.
///
/// What stands in the table stood there when the filling began, or the writer has added it since, before it wrote it: so a hash that is
/// not here is not there. What is deleted or rolled back stays here, and costs a look.
///
/// All calls are the writer's.
class KeyFilter {
public:
  explicit KeyFilter(std::string path) : path_(std::move(path)) {}
  ~KeyFilter() { join(); }
  KeyFilter(const KeyFilter&) = delete;
  KeyFilter& operator=(const KeyFilter&) = delete;

  /// Begins to fill one for a table of about so many keys, on a thread of its own.
  void begin(std::size_t keys);
  /// Fills it at once, through the writer's connection. @errors those of reading.
  Result<void> fill(Database& database, std::size_t keys);
  /// Before a key goes into the table.
  void add(std::int64_t hash) noexcept;
  bool rules_out(std::int64_t hash) const noexcept { return whole_ && !whole_->perhaps(hash); }
  /// Puts the filled one in place, and begins a larger one when it is full.
  void tend();
  bool whole() const noexcept { return whole_ != nullptr; }

private:
  enum class Filling : std::uint8_t { going_on, done, failed };
  void join();
  std::string path_;
  std::unique_ptr<HashBits> whole_, next_;
  std::atomic<Filling> filling_{Filling::going_on};
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

} // namespace tongqu::journal::detail
