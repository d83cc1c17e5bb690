#include "journal/audit_walk.hpp"

namespace tongqu::journal::detail {

Result<OutsideHead> read_outside_head(const VerifyOptions& options) {
  OutsideHead outside;
  if (options.audit_head_file.empty()) return outside;
  auto head = read_head(options.audit_head_file);
  outside.valid = head && head->has_value();
  if (!outside.valid) return outside;
  outside.head = **std::move(head);
  if (options.audit_public_key_pem.empty()) return outside;
  TONGQU_TRY(const auto key, crypto::Sm2PublicKey::from_pem(options.audit_public_key_pem));
  outside.valid = !outside.head->signature.empty() && key.verify(head_body(*outside.head), outside.head->signature);
  return outside;
}

bool AuditWalk::broken(std::int64_t sequence, Errc problem) {
  report_.first_broken = sequence;
  report_.problem = std::string(errc_row(problem).id);
  return false;
}

bool AuditWalk::take(const AuditEntry& entry, std::string_view mac) {
  if (entry.sequence != tip_.sequence + 1) return broken(tip_.sequence + 1, Errc::journal_audit_gap);
  tip_.mac = chain_.link(tip_.mac, entry);
  if (!equal_constant_time(tip_.mac, mac)) return broken(entry.sequence, Errc::journal_audit_broken);
  tip_.sequence = entry.sequence;
  ++report_.entries;
  const bool is_head = outside_.valid && outside_.head && outside_.head->tip.sequence == entry.sequence;
  if (!is_head) return true;
  if (!equal_constant_time(outside_.head->tip.mac, tip_.mac)) return broken(entry.sequence, Errc::journal_audit_head);
  head_found_ = true;
  return true;
}

VerifyReport AuditWalk::report() {
  const auto head = outside_.valid ? outside_.head : std::nullopt;
  if (head) report_.head_sequence = head->tip.sequence;
  if (!report_.ok()) return report_;
  if (!outside_.valid) broken(0, Errc::journal_audit_head);
  else if (head && !head_found_ && head->tip.sequence > 0) broken(report_.entries + 1, Errc::journal_audit_cut);
  return report_;
}

} // namespace tongqu::journal::detail
