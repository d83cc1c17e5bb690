#include "tongqu/model/meta_index.hpp"

namespace tongqu::model {
namespace {

/// Up to so many entries are gone through; nearly every record has fewer.
constexpr std::size_t kSearchMax = 48;
constexpr std::size_t kFirstCapacity = 16;

std::uint64_t key_of(PathId path, ElementIndex index) noexcept {
  return std::uint64_t{path} << 32 | std::uint64_t{index[0]} << 16 | index[1];
}

bool is_for(const MetaEntry& entry, PathId path, ElementIndex index) noexcept { return entry.path == path && entry.index == index; }

} // namespace

MetaEntry& MetaIndex::at(PathId path, ElementIndex index) {
  std::size_t at = place_of(path, index);
  if (at == meta_.size()) {
    if (meta_.capacity() == 0) meta_.reserve(kFirstCapacity);
    MetaEntry& entry = meta_.emplace_back();
    entry.path = path;
    entry.index = index;
  }
  next_ = at + 1;
  return meta_[at];
}

const MetaEntry* MetaIndex::find(PathId path, ElementIndex index) {
  const std::size_t at = place_of(path, index);
  return at == meta_.size() ? nullptr : &meta_[at];
}

std::size_t MetaIndex::place_of(PathId path, ElementIndex index) {
  if (next_ < meta_.size()) {
    ++looked_at_;
    if (is_for(meta_[next_], path, index)) return next_;
  }
  if (meta_.size() <= kSearchMax) {
    std::size_t at = 0;
    while (at < meta_.size() && !is_for(meta_[at], path, index)) ++at;
    looked_at_ += at;
    return at;
  }
  index_new();
  ++looked_at_;
  const auto found = places_.find(key_of(path, index));
  return found == places_.end() ? meta_.size() : found->second;
}

/// The first of two entries for one place is the one that counts, as when the table is gone through.
void MetaIndex::index_new() {
  for (; indexed_ < meta_.size(); ++indexed_) {
    ++looked_at_;
    places_.emplace(key_of(meta_[indexed_].path, meta_[indexed_].index), indexed_);
  }
}

} // namespace tongqu::model
