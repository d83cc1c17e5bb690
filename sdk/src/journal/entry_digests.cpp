#include "journal/entry_digests.hpp"

#include "tongqu/crypto/crypto.hpp"

namespace tongqu::journal::detail {

void EntryDigests::add(std::int64_t sequence, std::string text) {
  if (sequence < first_ || sequence > next()) {
    digests_.clear();
    texts_.clear();
    first_ = sequence;
  }
  if (sequence < next()) {
    const auto kept = static_cast<std::size_t>(sequence - first_), digested = digests_.size() / kBytes;
    texts_.resize(kept > digested ? kept - digested : 0);
    if (kept < digested) digests_.resize(kept * kBytes);
  }
  texts_.push_back(std::move(text));
  if (texts_.size() >= kTextsMax) take_texts();
}

void EntryDigests::take_texts() {
  digests_ += crypto::sm3_of_each({texts_.begin(), texts_.end()});
  texts_.clear();
  if (digests_.size() <= kDigestsMax * kBytes) return;
  digests_.erase(0, kDigestsMax / 2 * kBytes);
  first_ += static_cast<std::int64_t>(kDigestsMax / 2);
}

std::optional<std::string> EntryDigests::between(std::int64_t from, std::int64_t to) {
  take_texts();
  if (from < first_ || to >= next() || to < from) return std::nullopt;
  digests_.erase(0, static_cast<std::size_t>(from - first_) * kBytes);
  first_ = from;
  return digests_.substr(0, static_cast<std::size_t>(to - from + 1) * kBytes);
}

} // namespace tongqu::journal::detail
