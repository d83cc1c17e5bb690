#pragma once
#include <string>
#include <string_view>

#include "tongqu/journal/journal.hpp"

/// Evidence of one message for somebody who has neither the store nor a secret of it.
namespace tongqu::journal {

/// Collects a message (raw bytes and record), its receipts, all its audit entries, and for each of them the digests of its segment of the
/// chain up to the signed head that closes it, into one file of text lines. Read beside the running bridge. The format is in
/// docs/reference/journal.md section 8. Contains what the message contains: handle it as such.
/// @errors journal.not_found, journal.purged, journal.evidence_early (no signed head covers the last entry yet), journal.row_damaged.
Result<std::string> collect_evidence(const JournalOptions& options, std::string_view message_id);

struct EvidenceReport {
  std::string message_id, system, pack;
  int entries = 0, heads = 0, receipts = 0;
  std::int64_t taken_in_ms = 0, last_ms = 0;   ///< Times of the first and the last entry.
  bool record = false;                         ///< The canonical record is there and has the digest of the intake entry.
};
/// Checks an evidence file with the public key of the heads alone: every head is signed, every segment has its head's root, every entry
/// stands in its segment, raw bytes, record and receipts have the digests that the entries name, and nothing stands in the file besides.
/// @errors journal.evidence_broken (where: line and what is wrong), crypto.key_invalid.
Result<EvidenceReport> verify_evidence(std::string_view text, std::string_view public_key_pem);

} // namespace tongqu::journal
