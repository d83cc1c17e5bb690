#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "tongqu/wire/document.hpp"

namespace tongqu::wire::detail {

/// The keys of one large JSON object while it is read: a hash table over tape entries, seeded per process so that a sender cannot
/// prepare colliding keys. Reused by later objects at the same depth.
class KeyTable {
public:
  /// Forgets the keys of the object before; keeps the memory.
  void begin();
  /// Adds the key of tape entry `index`. When the key is already there, answers the place where the table keeps its entry; else null.
  std::uint32_t* put(const std::vector<TapeEntry>& tape, std::string_view key, std::uint32_t index);

private:
  struct Slot {
    std::uint32_t generation = 0;
    std::uint32_t hash = 0;
    std::uint32_t index = 0;
  };
  void grow();
  Slot& free_slot(std::uint32_t hash);

  std::vector<Slot> slots_;
  std::uint32_t generation_ = 0;
  std::uint32_t used_ = 0;
};

} // namespace tongqu::wire::detail
