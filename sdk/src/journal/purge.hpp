#pragma once
#include "journal/operation.hpp"

namespace tongqu::journal::detail {

struct PurgePage {
  std::int64_t purged = 0;
  std::int64_t looked_upto = 0;   ///< Row to go on behind.
  bool more = false;
};

/// Shorter keeping is refused (Cybersecurity Law: logs are kept for six months).
constexpr std::chrono::hours kKeepLeast{180 * 24};

/// Removes one page of what is old enough and finished, with an audit entry that proves what went: its class, how many, from which to
/// which, and the digest over the digests of all of them. With preview, only counts.
Result<PurgePage> purge_page(Desk& desk, const Journal::Purge& what, std::int64_t before_ms, std::int64_t behind, const Journal::Act& act, Journal::Redo redo);

} // namespace tongqu::journal::detail
