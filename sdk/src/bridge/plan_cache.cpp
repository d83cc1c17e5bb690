#include "bridge/plan_cache.hpp"

#include <utility>

namespace tongqu::bridge::detail {
namespace {

constexpr std::size_t kEntryBytes = 256;  // What an entry costs beside its texts.

std::string key_of(std::string_view message_id, std::string_view target) {
  std::string key;
  key.reserve(message_id.size() + target.size() + 1);
  key.append(message_id).append(1, '\n').append(target);
  return key;
}

std::size_t size_of(const std::vector<mapping::OutMessage>& messages) {
  std::size_t bytes = kEntryBytes;
  for (const auto& one : messages) bytes += sizeof one + one.name.size() + one.message_id.size() + one.body.capacity();
  return bytes;
}

} // namespace

void PlanCache::put(std::string_view message_id, std::string_view target, std::vector<mapping::OutMessage> messages, MonoTime now) {
  const std::size_t bytes = size_of(messages);
  std::string key = key_of(message_id, target);
  const std::lock_guard lock(mutex_);
  while (!entries_.empty() && entries_.begin()->second.at + kAgeMax < now) erase(entries_.begin());
  if (bytes_ + bytes > bytes_max_ || !places_.emplace(key, next_).second) return;
  entries_.emplace_hint(entries_.end(), next_++, Entry{std::move(key), std::move(messages), bytes, now});
  bytes_ += bytes;
}

std::optional<std::vector<mapping::OutMessage>> PlanCache::take(std::string_view message_id, std::string_view target) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(key_of(message_id, target));
  if (place == places_.end()) return std::nullopt;
  const auto entry = entries_.find(place->second);
  auto messages = std::move(entry->second.messages);
  erase(entry);
  return messages;
}

void PlanCache::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  places_.clear();
  bytes_ = 0;
}

std::size_t PlanCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void PlanCache::erase(Entries::iterator entry) {
  bytes_ -= entry->second.bytes;
  places_.erase(entry->second.key);
  entries_.erase(entry);
}

} // namespace tongqu::bridge::detail
