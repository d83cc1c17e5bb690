#pragma once
#include <optional>
#include <string>

#include "journal/audit_chain.hpp"
#include "journal/audit_head.hpp"
#include "tongqu/journal/journal.hpp"

namespace tongqu::journal::detail {

/// The head is read before the chain: a running bridge only makes the chain longer.
struct OutsideHead {
  std::optional<AuditHead> head;
  bool valid = true;
};
Result<OutsideHead> read_outside_head(const VerifyOptions& options);

/// Checks a chain entry by entry, in the order of its numbers.
class AuditWalk {
public:
  AuditWalk(const Secret& key, OutsideHead outside) : chain_(key), outside_(std::move(outside)) {}
  /// False at the first break; report() names it.
  bool take(const AuditEntry& entry, std::string_view mac);
  /// After the last entry.
  VerifyReport report();

private:
  bool broken(std::int64_t sequence, Errc problem);
  AuditChain chain_;
  OutsideHead outside_;
  AuditTip tip_;
  VerifyReport report_;
  bool head_found_ = false;
};

} // namespace tongqu::journal::detail
