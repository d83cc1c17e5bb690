#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "journal/audit_chain.hpp"
#include "tongqu/base/bytes.hpp"

/// What writing and checking of evidence share.
namespace tongqu::journal::detail {

/// Of a message without attachments, and of one with: who knows the first form only reads all that he could read before.
constexpr std::string_view kEvidenceFirstLine = "tongqu-evidence 1", kEvidenceFirstLine2 = "tongqu-evidence 2";

/// An entry as an evidence file carries it.
struct EvidenceEntry {
  std::int64_t sequence = 0, at_ms = 0;
  std::string kind, subject, detail, digest;
  AuditEntry view() const { return {sequence, at_ms, kind, subject, detail, digest}; }
};

/// A stretch of the chain that one signed head closes.
struct Segment {
  std::int64_t from = 0, to = 0;
  std::string body, signature, digests;  ///< 32 bytes for each entry, in order.
};

/// How many bytes at the front of a record, with "}" behind them, have this digest; 0 when none. The members behind stand outside the
/// digest (MODEL: marks and provenance).
std::size_t digest_prefix(std::string_view canonical, std::string_view digest);

} // namespace tongqu::journal::detail
