#include "journal/postgres/postgres.hpp"

/// A build without libpq.
namespace tongqu::journal::detail {

Result<OpenedPostgres> open_postgres(const JournalOptions&, const Sealing&, const Clock&) { return Error(Errc::journal_no_postgres); }
Result<std::unique_ptr<Views>> open_postgres_views(const JournalOptions&, const Sealing&) { return Error(Errc::journal_no_postgres); }
Result<std::unique_ptr<Attachments>> open_postgres_attachments(const JournalOptions&, std::shared_ptr<Clock>, Attachments::Access) {
  return Error(Errc::journal_no_postgres);
}
Result<VerifyReport> verify_postgres(const VerifyOptions&) { return Error(Errc::journal_no_postgres); }
Result<void> scan_postgres(const JournalOptions&, const ScanFilter&, const std::function<bool(const ScannedDelivery&)>&) {
  return Error(Errc::journal_no_postgres);
}
Result<std::string> message_of_delivery_postgres(const JournalOptions&, std::int64_t) { return Error(Errc::journal_no_postgres); }
Result<std::string> evidence_postgres(const JournalOptions&, std::string_view) { return Error(Errc::journal_no_postgres); }

} // namespace tongqu::journal::detail
