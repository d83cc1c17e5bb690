#include "journal/sqlite/keys.hpp"

#include <algorithm>
#include <iterator>

namespace tongqu::journal::detail {

/// The hash is keyed and even in all its bits, so some of them say where to begin to look.
std::size_t KeyMap::place_of(std::int64_t hash) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = static_cast<std::uint64_t>(hash) & mask;
  while (slots_[at].taken && slots_[at].hash != hash) at = (at + 1) & mask;
  return at;
}

const KeyMap::Slot* KeyMap::find(std::int64_t hash) const noexcept {
  if (slots_.empty()) return nullptr;
  const Slot& slot = slots_[place_of(hash)];
  return slot.count == 0 ? nullptr : &slot;
}

void KeyMap::grow() {
  constexpr std::size_t kLeast = 64;
  std::vector<Slot> before(std::max(kLeast, 2 * slots_.size()));
  before.swap(slots_);
  taken_ = 0;
  for (const Slot& slot : before) {
    if (slot.count == 0) continue;
    slots_[place_of(slot.hash)] = slot;
    ++taken_;
  }
}

void KeyMap::add(const Key& key) {
  if (4 * (taken_ + 1) > 3 * slots_.size()) grow();
  Slot& slot = slots_[place_of(key.first)];
  if (!slot.taken) ++taken_;
  slot.taken = true;
  slot.hash = key.first;
  if (slot.count == 0) {
    slot.id = key.second;
  } else if (slot.count == 1) {
    if (slot.id == key.second) return;
    lists_.push_back({std::min(slot.id, key.second), std::max(slot.id, key.second)});
    slot.id = static_cast<std::int64_t>(lists_.size()) - 1;
  } else {
    std::vector<std::int64_t>& list = lists_[static_cast<std::size_t>(slot.id)];
    const auto at = std::lower_bound(list.begin(), list.end(), key.second);  // The end, but for a second delivery of an older message.
    if (at != list.end() && *at == key.second) return;
    list.insert(at, key.second);
  }
  ++slot.count;
  ++size_;
}

void KeyMap::remove(const Key& key) {
  if (slots_.empty()) return;
  Slot& slot = slots_[place_of(key.first)];
  if (slot.count == 0) return;
  if (slot.count == 1) {
    if (slot.id != key.second) return;
  } else {
    std::vector<std::int64_t>& list = lists_[static_cast<std::size_t>(slot.id)];
    const auto at = std::lower_bound(list.begin(), list.end(), key.second);
    if (at == list.end() || *at != key.second) return;
    list.erase(at);
    if (list.size() == 1) slot.id = list.front();
  }
  --slot.count;
  --size_;
}

std::optional<std::int64_t> KeyMap::before(std::int64_t hash, std::int64_t id) const {
  const Slot* slot = find(hash);
  if (slot == nullptr) return std::nullopt;
  if (slot->count == 1) return slot->id < id ? std::optional<std::int64_t>(slot->id) : std::nullopt;
  const std::vector<std::int64_t>& list = lists_[static_cast<std::size_t>(slot->id)];
  const auto at = std::lower_bound(list.begin(), list.end(), id);
  return at == list.begin() ? std::nullopt : std::optional<std::int64_t>(*std::prev(at));
}

std::optional<std::int64_t> KeyMap::after(std::int64_t hash, std::int64_t id) const {
  const Slot* slot = find(hash);
  if (slot == nullptr) return std::nullopt;
  if (slot->count == 1) return slot->id > id ? std::optional<std::int64_t>(slot->id) : std::nullopt;
  const std::vector<std::int64_t>& list = lists_[static_cast<std::size_t>(slot->id)];
  const auto at = std::upper_bound(list.begin(), list.end(), id);
  return at == list.end() ? std::nullopt : std::optional<std::int64_t>(*at);
}

void KeyMap::clear() {
  slots_.clear();
  slots_.shrink_to_fit();
  lists_.clear();
  taken_ = size_ = 0;
}

std::vector<Key> KeyMap::sorted() const {
  std::vector<Key> all;
  all.reserve(size_);
  for (const Slot& slot : slots_) {
    if (slot.count == 1) all.emplace_back(slot.hash, slot.id);
    if (slot.count < 2) continue;
    for (const std::int64_t id : lists_[static_cast<std::size_t>(slot.id)]) all.emplace_back(slot.hash, id);
  }
  std::sort(all.begin(), all.end());
  return all;
}

void RecentKeys::add(const Key& key) {
  const std::lock_guard lock(mutex_);
  young_.add(key);
}

void RecentKeys::remove(const Key& key) {
  const std::lock_guard lock(mutex_);
  young_.remove(key);
}

std::optional<std::int64_t> RecentKeys::before(std::int64_t hash, std::int64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto in_young = young_.before(hash, id), in_old = old_map_.before(hash, id);
  return in_young && in_old ? std::max(in_young, in_old) : (in_young ? in_young : in_old);
}

std::optional<std::int64_t> RecentKeys::after(std::int64_t hash, std::int64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto in_young = young_.after(hash, id), in_old = old_map_.after(hash, id);
  return in_young && in_old ? std::min(in_young, in_old) : (in_young ? in_young : in_old);
}

std::size_t RecentKeys::size() const {
  const std::lock_guard lock(mutex_);
  return young_.size();
}

void RecentKeys::clear() {
  const std::lock_guard lock(mutex_);
  young_.clear();
  old_map_.clear();
  old_.clear();
}

void RecentKeys::make_old() {
  std::vector<Key> lot;
  {
    const std::lock_guard lock(mutex_);
    lot = young_.sorted();
    old_map_ = std::exchange(young_, KeyMap());
  }
  old_ = std::move(lot);
}

void RecentKeys::drop_old() {
  const std::lock_guard lock(mutex_);
  old_map_.clear();
  old_.clear();
}

Result<KeyTable> KeyTable::open(Database& database, const KeyHash& hash, const RecentKeys& recent, const KeyFilter* filter) {
  TONGQU_TRY(auto before, Statement::prepare(database, "SELECT id FROM keys WHERE hash = ? AND id < ? ORDER BY id DESC LIMIT 1"));
  TONGQU_TRY(auto after, Statement::prepare(database, "SELECT id FROM keys WHERE hash = ? AND id > ? ORDER BY id LIMIT 1"));
  return KeyTable(hash, recent, filter, std::move(before), std::move(after));
}

Result<std::optional<std::int64_t>> KeyTable::stored(Statement& statement, std::int64_t hash, std::int64_t id) {
  if (filter_ != nullptr && filter_->rules_out(hash)) return std::optional<std::int64_t>();
  Use query(statement);
  query->number(1, hash);
  query->number(2, id);
  TONGQU_TRY(const bool row, query->step());
  return row ? std::optional<std::int64_t>(query->number_at(0)) : std::nullopt;
}

// The recent ones are asked first: a key moves from there into the table, and is gone here only when it is committed there.
Result<std::optional<std::int64_t>> KeyTable::before(std::int64_t hash, std::int64_t id) {
  const auto recent = recent_->before(hash, id);
  TONGQU_TRY(const auto old, stored(before_, hash, id));
  return recent && old ? std::max(recent, old) : (recent ? recent : old);
}

Result<std::optional<std::int64_t>> KeyTable::after(std::int64_t hash, std::int64_t id) {
  const auto recent = recent_->after(hash, id);
  TONGQU_TRY(const auto old, stored(after_, hash, id));
  return recent && old ? std::min(recent, old) : (recent ? recent : old);
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
