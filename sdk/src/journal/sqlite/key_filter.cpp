#include "journal/sqlite/key_filter.hpp"

#include <algorithm>
#include <limits>
#include <system_error>

namespace tongqu::journal::detail {
namespace {

constexpr std::size_t kBitsOfHash = 12, kBitsSet = 6, kLineBits = 512, kLineWords = 8;
constexpr std::size_t kHashesLeast = 100000;
/// Rows of one read: each is a transaction of its own, so that a long one does not keep the log from beginning anew.
constexpr std::int64_t kRowsAtOnce = 20000;

/// Half as many again: each growth reads the whole table, and room that is not used is memory.
std::size_t with_room(std::size_t keys) { return keys + keys / 2; }

/// Adds every hash of the table. False when it was told to end.
Result<bool> add_all(Database& database, HashBits& bits, const std::atomic<bool>& ending) {
  TONGQU_TRY(auto rows, Statement::prepare(database, "SELECT hash FROM keys WHERE hash > ? ORDER BY hash LIMIT ?"));
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  bits.add(last);
  // A hash with more rows than one read has is passed with the first of them: the next read begins behind it.
  for (;;) {
    if (ending.load(std::memory_order_relaxed)) return false;
    Use query(rows);
    query->number(1, last);
    query->number(2, kRowsAtOnce);
    std::int64_t read = 0;
    for (;; ++read) {
      TONGQU_TRY(const bool row, query->step());
      if (!row) break;
      const std::int64_t hash = query->number_at(0);
      if (read == 0 || hash != last) bits.add(hash);
      last = hash;
    }
    if (read < kRowsAtOnce) return true;
  }
}

} // namespace

HashBits::HashBits(std::size_t hashes) : room_(std::max(hashes, kHashesLeast)) {
  const std::size_t lines = std::min(room_ * kBitsOfHash / kLineBits + 1, kBytesMax * 8 / kLineBits);
  room_ = lines * kLineBits / kBitsOfHash;
  words_ = std::vector<std::atomic<std::uint64_t>>(lines * kLineWords);
}

/// The hash is keyed and even in all its bits: its low half, as a part of the whole, names the line, and six times nine bits of a product of
/// it the bits in it.
HashBits::Place HashBits::place_of(std::int64_t hash) const noexcept {
  const auto h = static_cast<std::uint64_t>(hash);
  const std::size_t lines = words_.size() / kLineWords;
  return {((h & 0xFFFFFFFFU) * lines >> 32U) * kLineWords, h * 0x9e3779b97f4a7c15ULL >> (64 - 9 * kBitsSet)};
}

void HashBits::add(std::int64_t hash) noexcept {
  auto [line, bits] = place_of(hash);
  for (std::size_t i = 0; i < kBitsSet; ++i, bits >>= 9U) {
    const std::size_t bit = bits % kLineBits;
    words_[line + bit / 64].fetch_or(std::uint64_t{1} << bit % 64, std::memory_order_relaxed);
  }
  added_.fetch_add(1, std::memory_order_relaxed);
}

bool HashBits::perhaps(std::int64_t hash) const noexcept {
  auto [line, bits] = place_of(hash);
  for (std::size_t i = 0; i < kBitsSet; ++i, bits >>= 9U) {
    const std::size_t bit = bits % kLineBits;
    if ((words_[line + bit / 64].load(std::memory_order_relaxed) >> bit % 64 & 1) == 0) return false;
  }
  return true;
}

void KeyFilter::join() {
  ending_.store(true);
  if (thread_.joinable()) thread_.join();
  ending_.store(false);
}

void KeyFilter::begin(std::size_t keys) {
  join();
  next_ = std::make_unique<HashBits>(with_room(keys));
  filling_.store(Filling::going_on);
  const auto fill = [this, bits = next_.get()] {
    auto database = Database::open(path_, Access::read);
    const auto all = database ? add_all(**database, *bits, ending_) : Result<bool>(std::move(database).error());
    filling_.store(all && *all ? Filling::done : Filling::failed, std::memory_order_release);
  };
  try {
    thread_ = std::thread(fill);
  } catch (const std::system_error&) {  // Without it every look goes to the table.
    next_ = nullptr;
  }
}

Result<void> KeyFilter::fill(Database& database, std::size_t keys) {
  auto bits = std::make_unique<HashBits>(with_room(keys));
  TONGQU_CHECK(add_all(database, *bits, ending_));
  whole_ = std::move(bits);
  return {};
}

void KeyFilter::add(std::int64_t hash) noexcept {
  if (whole_) whole_->add(hash);
  if (next_) next_->add(hash);
}

void KeyFilter::tend() {
  if (next_) {
    const Filling filling = filling_.load(std::memory_order_acquire);
    if (filling == Filling::going_on) return;
    join();
    if (filling == Filling::done) whole_ = std::move(next_);
    next_ = nullptr;
  } else if (whole_ && whole_->added() > whole_->room() && !whole_->largest()) {
    begin(whole_->added());
  }
}

} // namespace tongqu::journal::detail
