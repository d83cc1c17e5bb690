#pragma once
#include <optional>
#include <string>

#include "journal/audit_chain.hpp"
#include "tongqu/base/result.hpp"

namespace tongqu::journal::detail {

/// The head of the chain as it stands outside the store: four lines of text and, when signed, a fifth with the SM2 signature over the
/// bytes before it.
struct AuditHead {
  AuditTip tip;
  std::string signature; ///< DER; empty when not signed.
};

std::string head_body(const AuditTip& tip);

/// Written beside, fsynced and renamed, then the folder is fsynced: a reader sees the old head or the new one.
/// @errors base.file_unwritable.
Result<void> write_head(const std::string& path, const AuditHead& head);

/// Nothing when there is no such file. @errors journal.audit_head when it cannot be read as a head.
Result<std::optional<AuditHead>> read_head(const std::string& path);

} // namespace tongqu::journal::detail
