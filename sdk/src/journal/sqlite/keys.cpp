#include "journal/sqlite/keys.hpp"

#include <algorithm>
#include <limits>

namespace tongqu::journal::detail {
namespace {

Result<std::optional<std::int64_t>> nearest(Statement& statement, std::int64_t hash, std::int64_t id) {
  Use query(statement);
  query->number(1, hash);
  query->number(2, id);
  TONGQU_TRY(const bool row, query->step());
  return row ? std::optional<std::int64_t>(query->number_at(0)) : std::nullopt;
}

} // namespace

void RecentKeys::add(const Key& key) {
  const std::lock_guard lock(mutex_);
  young_.insert(key);
}

void RecentKeys::remove(const Key& key) {
  const std::lock_guard lock(mutex_);
  young_.erase(key);
}

std::optional<std::int64_t> RecentKeys::before(std::int64_t hash, std::int64_t id) const {
  const std::lock_guard lock(mutex_);
  std::optional<std::int64_t> found;
  auto in_old = std::lower_bound(old_.begin(), old_.end(), Key{hash, id});
  if (in_old != old_.begin() && (--in_old)->first == hash) found = in_old->second;
  auto in_young = young_.lower_bound({hash, id});
  if (in_young != young_.begin() && (--in_young)->first == hash) found = std::max(found.value_or(in_young->second), in_young->second);
  return found;
}

std::optional<std::int64_t> RecentKeys::after(std::int64_t hash, std::int64_t id) const {
  const std::lock_guard lock(mutex_);
  std::optional<std::int64_t> found;
  const Key next{hash, id == std::numeric_limits<std::int64_t>::max() ? id : id + 1};
  const auto in_old = std::lower_bound(old_.begin(), old_.end(), next);
  if (in_old != old_.end() && in_old->first == hash) found = in_old->second;
  const auto in_young = young_.lower_bound(next);
  if (in_young != young_.end() && in_young->first == hash) found = std::min(found.value_or(in_young->second), in_young->second);
  return found;
}

std::size_t RecentKeys::size() const {
  const std::lock_guard lock(mutex_);
  return young_.size();
}

void RecentKeys::clear() {
  const std::lock_guard lock(mutex_);
  young_.clear();
  old_.clear();
}

void RecentKeys::make_old() {
  const std::lock_guard lock(mutex_);
  old_.assign(young_.begin(), young_.end());
  young_.clear();
}

void RecentKeys::drop_old() {
  const std::lock_guard lock(mutex_);
  old_.clear();
}

Result<KeyTable> KeyTable::open(Database& database, const KeyHash& hash, const RecentKeys& recent) {
  TONGQU_TRY(auto before, Statement::prepare(database, "SELECT id FROM keys WHERE hash = ? AND id < ? ORDER BY id DESC LIMIT 1"));
  TONGQU_TRY(auto after, Statement::prepare(database, "SELECT id FROM keys WHERE hash = ? AND id > ? ORDER BY id LIMIT 1"));
  return KeyTable(hash, recent, std::move(before), std::move(after));
}

// The recent ones are asked first: a key moves from there into the table, and is gone here only when it is committed there.
Result<std::optional<std::int64_t>> KeyTable::before(std::int64_t hash, std::int64_t id) {
  const auto recent = recent_->before(hash, id);
  TONGQU_TRY(const auto stored, nearest(before_, hash, id));
  return recent && stored ? std::max(recent, stored) : (recent ? recent : stored);
}

Result<std::optional<std::int64_t>> KeyTable::after(std::int64_t hash, std::int64_t id) {
  const auto recent = recent_->after(hash, id);
  TONGQU_TRY(const auto stored, nearest(after_, hash, id));
  return recent && stored ? std::min(recent, stored) : (recent ? recent : stored);
}

Result<std::int64_t> load_recent(Database& database, const KeyHash& hash, std::int64_t from, RecentKeys& recent) {
  std::int64_t last = from;
  TONGQU_TRY(auto messages, Statement::prepare(database, "SELECT id, identity, system, case_no FROM messages WHERE id > ? ORDER BY id"));
  messages.number(1, from);
  for (;;) {
    TONGQU_TRY(const bool row, messages.step());
    if (!row) break;
    last = messages.number_at(0);
    recent.add({hash.of_identity(messages.bytes_at(1)), last});
    recent.add({hash.of_case(messages.bytes_at(2), messages.bytes_at(3)), last});
  }
  messages.reset();
  TONGQU_TRY(auto deliveries, Statement::prepare(database, "SELECT id, case_key, target FROM deliveries WHERE id >= ? ORDER BY id"));
  deliveries.number(1, (from + 1) * kTargetsMax);
  for (;;) {
    TONGQU_TRY(const bool row, deliveries.step());
    if (!row) return last;
    recent.add({hash.of_lane(deliveries.bytes_at(1), deliveries.bytes_at(2)), deliveries.number_at(0)});
  }
}

} // namespace tongqu::journal::detail
