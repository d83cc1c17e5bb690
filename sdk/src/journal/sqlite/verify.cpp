#include "journal/audit_walk.hpp"
#include "journal/postgres/postgres.hpp"
#include "journal/sqlite/database.hpp"
#include "journal/sqlite/schema.hpp"
#include "tongqu/journal/journal.hpp"

namespace tongqu::journal {

Result<VerifyReport> verify_audit(const VerifyOptions& options) {
  if (options.postgres) return detail::verify_postgres(options);
  TONGQU_TRY(auto outside, detail::read_outside_head(options));
  TONGQU_TRY(auto database, detail::Database::open(options.path, detail::Access::read));
  TONGQU_CHECK(detail::check_identity(*database)); // The chain is the same in every version.
  detail::AuditWalk walk(options.audit_key, std::move(outside));
  TONGQU_TRY(auto rows, detail::Statement::prepare(*database, "SELECT seq, at_ms, kind, subject, detail, digest, mac FROM audit ORDER BY seq"));
  for (;;) {
    TONGQU_TRY(const bool row, rows.step());
    if (!row) return walk.report();
    const detail::AuditEntry entry{rows.number_at(0), rows.number_at(1), rows.bytes_at(2), rows.bytes_at(3), rows.bytes_at(4), rows.bytes_at(5)};
    if (!walk.take(entry, rows.bytes_at(6))) return walk.report();
  }
}

} // namespace tongqu::journal
