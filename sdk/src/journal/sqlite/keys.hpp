#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/sqlite/rows.hpp"

namespace tongqu::journal::detail {

using Key = std::pair<std::int64_t, std::int64_t>; ///< Hash and row id.

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
  std::set<Key> young_;
  std::vector<Key> old_;
};

/// Keys in the table, through one connection. Statements are prepared once.
class KeyTable {
public:
  static Result<KeyTable> open(Database& database, const KeyHash& hash, const RecentKeys& recent);
  const KeyHash& hash() const noexcept { return hash_; }
  Result<std::optional<std::int64_t>> before(std::int64_t hash, std::int64_t id);
  Result<std::optional<std::int64_t>> after(std::int64_t hash, std::int64_t id);

private:
  KeyTable(const KeyHash& hash, const RecentKeys& recent, Statement before, Statement after)
      : hash_(hash), recent_(&recent), before_(std::move(before)), after_(std::move(after)) {}
  KeyHash hash_;
  const RecentKeys* recent_;
  Statement before_, after_;
};

/// Adds the keys of all messages behind `from`, read from their rows. Gives the row number of the last one.
Result<std::int64_t> load_recent(Database& database, const KeyHash& hash, std::int64_t from, RecentKeys& recent);

} // namespace tongqu::journal::detail
