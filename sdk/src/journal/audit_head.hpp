#pragma once
#include <optional>
#include <string>

#include "journal/audit_chain.hpp"
#include "tongqu/base/result.hpp"

namespace tongqu::journal::detail {

/// The head of the chain as it stands outside the store: four lines of text and, when signed, two more with the stretch of entries that it
/// closes, and a last one with the SM2 signature over the bytes before it.
struct AuditHead {
  AuditTip tip;
  std::int64_t from = 0; ///< First entry of its segment; 0 in a head of version 1.
  std::string root;      ///< segment_root of the entries from there to the tip.
  std::string signature; ///< DER; empty when not signed.
};

std::string head_body(const AuditHead& head);
/// @errors journal.audit_head when it cannot be read as a head.
Result<AuditHead> parse_head(std::string_view text);

/// Written beside, fsynced and renamed, then the folder is fsynced: a reader sees the old head or the new one.
/// @errors base.file_unwritable.
Result<void> write_head(const std::string& path, const AuditHead& head);

/// Nothing when there is no such file. @errors journal.audit_head when it cannot be read as a head.
Result<std::optional<AuditHead>> read_head(const std::string& path);

} // namespace tongqu::journal::detail
