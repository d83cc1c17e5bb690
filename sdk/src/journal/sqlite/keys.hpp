#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/sqlite/key_filter.hpp"
#include "journal/sqlite/rows.hpp"

namespace tongqu::journal::detail {

using Key = std::pair<std::int64_t, std::int64_t>; ///< Hash and row id.

/// Rows by hash, to be asked for the nearest one. Most hashes have one row; a case with many events has them in order in a list of its own.
class KeyMap {
public:
  void add(const Key& key);
  void remove(const Key& key);
  std::optional<std::int64_t> before(std::int64_t hash, std::int64_t id) const;
  std::optional<std::int64_t> after(std::int64_t hash, std::int64_t id) const;
  std::size_t size() const noexcept { return size_; }
  void clear();
  /// All of them, by hash and row.
  std::vector<Key> sorted() const;

private:
  /// `count` says how many rows it has: one stands here, more stand in lists_[id]. A slot of which all rows were removed stays taken.
  struct Slot {
    std::int64_t hash = 0, id = 0;
    std::uint32_t count = 0;
    bool taken = false;
  };
  std::size_t place_of(std::int64_t hash) const noexcept;
  const Slot* find(std::int64_t hash) const noexcept;
  void grow();
  std::vector<Slot> slots_;  ///< A power of two; a quarter of them is free.
  std::vector<std::vector<std::int64_t>> lists_;
  std::size_t taken_ = 0, size_ = 0;
};

/// Keys of the newest messages, which are not in the table yet. Written one by one in the order of intake, each of them would touch
/// a leaf of its own; held back and written in their own order, neighbours share one. What is here stands in the rows of the messages
/// too and is read from them after a crash. Safe from several threads: the writer changes it, readers look.
class RecentKeys {
public:
  void add(const Key& key);
  void remove(const Key& key);
  /// Nearest row under this hash before or after an id.
  std::optional<std::int64_t> before(std::int64_t hash, std::int64_t id) const;
  std::optional<std::int64_t> after(std::int64_t hash, std::int64_t id) const;
  std::size_t size() const;
  void clear();

  /// Sets aside what has been added so far, in order, to be written piece by piece; it stays findable until drop_old().
  void make_old();
  const std::vector<Key>& old() const noexcept { return old_; } ///< The writer's own.
  void drop_old();

private:
  mutable std::mutex mutex_;
  KeyMap young_, old_map_;
  std::vector<Key> old_;
};

/// Keys in the table, through one connection. Statements are prepared once.
class KeyTable {
public:
  /// @param filter  The writer's; a reader looks into the table for every key.
  static Result<KeyTable> open(Database& database, const KeyHash& hash, const RecentKeys& recent, const KeyFilter* filter = nullptr);
  const KeyHash& hash() const noexcept { return hash_; }
  Result<std::optional<std::int64_t>> before(std::int64_t hash, std::int64_t id);
  Result<std::optional<std::int64_t>> after(std::int64_t hash, std::int64_t id);
  const RecentKeys& recent() const noexcept { return *recent_; }

private:
  KeyTable(const KeyHash& hash, const RecentKeys& recent, const KeyFilter* filter, Statement before, Statement after)
      : hash_(hash), recent_(&recent), filter_(filter), before_(std::move(before)), after_(std::move(after)) {}
  Result<std::optional<std::int64_t>> stored(Statement& statement, std::int64_t hash, std::int64_t id);
  KeyHash hash_;
  const RecentKeys* recent_;
  const KeyFilter* filter_;
  Statement before_, after_;
};

/// Adds the keys of all messages behind `from`, read from their rows. Gives the row number of the last one.
Result<std::int64_t> load_recent(Database& database, const KeyHash& hash, std::int64_t from, RecentKeys& recent);

} // namespace tongqu::journal::detail
