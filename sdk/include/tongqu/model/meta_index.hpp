#pragma once
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "tongqu/model/record.hpp"

namespace tongqu::model {

/// Finds and adds entries of a record's meta table without going through it from its start each time: entries are mostly asked for in
/// the order in which they stand, and a long table is indexed once. Nobody else may add entries while it is in use.
/// Not safe from several threads at once. Keeps a reference to the table.
class MetaIndex {
public:
  explicit MetaIndex(std::vector<MetaEntry>& meta) : meta_(meta) {}

  /// Finds or adds. The reference is good until the next call.
  MetaEntry& at(PathId path, ElementIndex index);
  /// Null when there is none.
  const MetaEntry* find(PathId path, ElementIndex index);
  /// Entries looked at so far: what it cost.
  std::uint64_t looked_at() const noexcept { return looked_at_; }

private:
  std::size_t place_of(PathId path, ElementIndex index);
  void index_new();

  std::vector<MetaEntry>& meta_;
  std::size_t next_ = 0;       ///< Behind the last one that was asked for.
  std::size_t indexed_ = 0;    ///< Entries that stand in `places_`.
  std::uint64_t looked_at_ = 0;
  std::unordered_map<std::uint64_t, std::size_t> places_;
};

} // namespace tongqu::model
