#include "journal/audit_head.hpp"
#include "journal/sqlite/database.hpp"
#include "journal/sqlite/schema.hpp"
#include "tongqu/journal/journal.hpp"

namespace tongqu::journal {
namespace {

using detail::AuditHead;
using detail::AuditTip;

VerifyReport broken(VerifyReport report, std::int64_t sequence, Errc problem) {
  report.first_broken = sequence;
  report.problem = std::string(errc_row(problem).id);
  return report;
}

/// The head is read before the chain: a running bridge only makes the chain longer.
struct OutsideHead {
  std::optional<AuditHead> head;
  bool valid = true;
};

Result<OutsideHead> read_outside_head(const VerifyOptions& options) {
  OutsideHead outside;
  if (options.audit_head_file.empty()) return outside;
  auto head = detail::read_head(options.audit_head_file);
  outside.valid = head && head->has_value();
  if (!outside.valid) return outside;
  outside.head = **std::move(head);
  if (options.audit_public_key_pem.empty()) return outside;
  TONGQU_TRY(const auto key, crypto::Sm2PublicKey::from_pem(options.audit_public_key_pem));
  outside.valid = !outside.head->signature.empty() && key.verify(detail::head_body(*outside.head), outside.head->signature);
  return outside;
}

/// Walks the chain to its end or its first break.
Result<VerifyReport> walk(detail::Database& database, const Secret& key, const std::optional<AuditHead>& head, bool& head_found) {
  VerifyReport report;
  AuditTip tip;
  detail::AuditChain chain(key);
  TONGQU_TRY(auto rows, detail::Statement::prepare(database, "SELECT seq, at_ms, kind, subject, detail, digest, mac FROM audit ORDER BY seq"));
  for (;;) {
    TONGQU_TRY(const bool row, rows.step());
    if (!row) return report;
    const std::int64_t sequence = rows.number_at(0);
    if (sequence != tip.sequence + 1) return broken(report, tip.sequence + 1, Errc::journal_audit_gap);
    tip.mac = chain.link(tip.mac, {sequence, rows.number_at(1), rows.bytes_at(2), rows.bytes_at(3), rows.bytes_at(4), rows.bytes_at(5)});
    if (!equal_constant_time(tip.mac, rows.bytes_at(6))) return broken(report, sequence, Errc::journal_audit_broken);
    tip.sequence = sequence;
    ++report.entries;
    if (!head || head->tip.sequence != sequence) continue;
    if (!equal_constant_time(head->tip.mac, tip.mac)) return broken(report, sequence, Errc::journal_audit_head);
    head_found = true;
  }
}

} // namespace

Result<VerifyReport> verify_audit(const VerifyOptions& options) {
  TONGQU_TRY(const auto outside, read_outside_head(options));
  TONGQU_TRY(auto database, detail::Database::open(options.path, detail::Access::read));
  TONGQU_CHECK(detail::check_identity(*database)); // The chain is the same in every version.
  const auto head = outside.valid ? outside.head : std::nullopt;
  bool head_found = false;
  TONGQU_TRY(auto report, walk(*database, options.audit_key, head, head_found));
  if (head) report.head_sequence = head->tip.sequence;
  if (!report.ok()) return report;
  if (!outside.valid) return broken(report, 0, Errc::journal_audit_head);
  if (head && !head_found && head->tip.sequence > 0) return broken(report, report.entries + 1, Errc::journal_audit_cut);
  return report;
}

} // namespace tongqu::journal
