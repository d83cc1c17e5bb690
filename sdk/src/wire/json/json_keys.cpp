#include "wire/json/json_keys.hpp"

#include <cstring>
#include <random>
#include <utility>

namespace tongqu::wire::detail {
namespace {

constexpr std::size_t kFirstSlots = 64;

std::uint64_t process_seed() {
  static const std::uint64_t seed = [] {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
  }();
  return seed;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint32_t hash_key(std::string_view key) {
  std::uint64_t hash = process_seed() ^ key.size();
  while (!key.empty()) {
    std::uint64_t word = 0;
    const std::size_t taken = key.size() < 8 ? key.size() : 8;
    std::memcpy(&word, key.data(), taken);
    hash = mix(hash ^ word ^ 0x9E3779B97F4A7C15ull, process_seed() | 1);
    key.remove_prefix(taken);
  }
  return static_cast<std::uint32_t>(mix(hash ^ 0xD6E8FEB86659FD93ull, 0xA0761D6478BD642Full) >> 16);
}

} // namespace

void KeyTable::begin() {
  if (slots_.empty()) slots_.resize(kFirstSlots);
  used_ = 0;
  if (++generation_ == 0) {
    slots_.assign(slots_.size(), Slot{});
    generation_ = 1;
  }
}

std::uint32_t* KeyTable::put(const std::vector<TapeEntry>& tape, std::string_view key, std::uint32_t index) {
  if ((used_ + 1) * 2 > slots_.size()) grow();
  const std::uint32_t hash = hash_key(key);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.generation != generation_) {
      slot = {generation_, hash, index};
      ++used_;
      return nullptr;
    }
    const TapeEntry& other = tape[slot.index];
    if (slot.hash == hash && std::string_view(other.name, other.name_size) == key) return &slot.index;
  }
}

void KeyTable::grow() {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
  for (const Slot& slot : old) {
    if (slot.generation == generation_) free_slot(slot.hash) = slot;
  }
}

KeyTable::Slot& KeyTable::free_slot(std::uint32_t hash) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].generation == generation_) at = (at + 1) & mask;
  return slots_[at];
}

} // namespace tongqu::wire::detail
