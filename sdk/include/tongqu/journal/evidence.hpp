#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/journal/journal.hpp"

/// Evidence of one message for somebody who has neither the store nor a secret of it.
namespace tongqu::journal {

/// Collects a message (raw bytes and record), its receipts, all its audit entries, and for each of them the digests of its segment of the
/// chain up to the signed head that closes it, into one file of text lines. Read beside the running bridge. The format is in
/// docs/reference/journal.md section 8. Contains what the message contains: handle it as such.
/// @errors journal.not_found, journal.purged, journal.evidence_early (no signed head covers the last entry yet), journal.row_damaged.
Result<std::string> collect_evidence(const JournalOptions& options, std::string_view message_id);

struct EvidenceReport {
  /// A file that the record names as one it has with us.
  struct Attachment {
    std::string path;                          ///< Canonical path of its digest, "received_materials[0].files[1].digest".
    std::string sm3;                           ///< Of its bytes, 32 bytes, as it counted into the digest of the message.
    std::int64_t bytes = -1;                   ///< Length as the record tells it; -1: it does not.
    std::string name, media_type;              ///< As the record tells them; the type that was found in the bytes before the one that was stated.
    bool operator==(const Attachment& other) const {
      return path == other.path && sm3 == other.sm3 && bytes == other.bytes && name == other.name && media_type == other.media_type;
    }
  };
  std::string message_id, system, pack;
  int entries = 0, heads = 0, receipts = 0;
  std::int64_t taken_in_ms = 0, last_ms = 0;   ///< Times of the first and the last entry.
  bool record = false;                         ///< The canonical record is there and has the digest of the intake entry.
  std::vector<Attachment> attachments;         ///< What the record names; as proven as the record is.
};
/// Checks an evidence file with the public key of the heads alone: every head is signed, every segment has its head's root, every entry
/// stands in its segment, raw bytes, record and receipts have the digests that the entries name, the attachments are those that the record
/// names, and nothing stands in the file besides.
/// @errors journal.evidence_broken (where: line and what is wrong), crypto.key_invalid.
Result<EvidenceReport> verify_evidence(std::string_view text, std::string_view public_key_pem);

} // namespace tongqu::journal
