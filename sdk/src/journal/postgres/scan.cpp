#include "journal/audit_walk.hpp"
#include "journal/evidence_collect.hpp"
#include "journal/postgres/postgres.hpp"
#include "journal/postgres/reader.hpp"
#include "journal/postgres/schema.hpp"
#include "journal/postgres/store.hpp"

/// Walking over a store beside its writers: its audit chain, its deliveries, the evidence of one message.
namespace tongqu::journal::detail {
namespace {

constexpr std::int64_t kEntriesPage = 5000, kDeliveriesPage = 500;

Result<std::unique_ptr<PgConnection>> open_to_read(const PostgresOptions& options) {
  TONGQU_TRY(auto connection, PgConnection::open(options, PgConnection::Use::read));
  TONGQU_CHECK(find_or_make_store(*connection, options.schema, Missing::refuse, Older::refuse));
  return connection;
}

constexpr const char* kScan =
    TONGQU_PG_VIEW "WHERE d.id > $1 AND ($2 = '' OR d.target = $2) AND ($3 = '' OR m.system = $3) AND m.created_ms >= $4 AND ($5::bigint = 0 OR m.created_ms < $5) "
    "AND d.changed_ms >= $6 AND (($7::bigint >> d.state::int) & 1) = 1 AND ($9::bigint = 0 OR NOT EXISTS (SELECT 1 FROM deliveries AS n WHERE n.id > d.id "
    "AND n.id < (d.id / 64 + 1) * 64 AND n.target = d.target)) ORDER BY d.id LIMIT $8";

PgParams scan_params(const ScanFilter& filter, std::int64_t behind) {
  std::int64_t states = 0;
  for (const DeliveryState state : filter.states) states |= std::int64_t{1} << static_cast<int>(state);
  PgParams params;
  params.number(behind).text(filter.target).text(filter.system).number(to_epoch_ms(filter.taken_from)).number(to_epoch_ms(filter.taken_until));
  params.number(to_epoch_ms(filter.changed_since)).number(filter.states.empty() ? -1 : states).number(kDeliveriesPage).number(filter.latest_only ? 1 : 0);
  return params;
}

ScannedDelivery read_scanned(const PgRow& row, const ScanFilter& filter, const Sealing& sealing, const PgChecks& checks) {
  ScannedDelivery out;
  out.view = read_pg_view(row, checks);
  out.pack = row.text(kPgViewPack);
  out.pack_digest = row.text(kPgViewPack + 1);
  if (out.view.damaged) out.problem = errc_row(Errc::journal_row_damaged).id;
  if (!filter.with_receipts || row.null(kPgViewReceipt + 3)) return out;
  const ReceiptRow stored = read_pg_receipt(row, checks, kPgViewReceipt);
  auto receipt = stored.damaged ? Result<std::string>(damaged_row("receipts", out.view.delivery))
                                : sealing.open(stored.box, stored.key_id, receipt_owner(out.view.delivery), "receipt");
  if (receipt) out.receipt = *std::move(receipt);
  else out.problem = receipt.error().id();
  return out;
}

class PgSource final : public EvidenceSource {
public:
  PgSource(std::unique_ptr<PgConnection> connection, std::unique_ptr<Views> views) : connection_(std::move(connection)), views_(std::move(views)) {}
  Views& views() override { return *views_; }
  Result<void> stand_still() override { return connection_->run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); }

  Result<std::vector<EvidenceEntry>> entries_of(std::string_view message_id) override {
    TONGQU_TRY(const auto rows, connection_->ask("SELECT seq, at_ms, kind, subject, detail, digest FROM audit WHERE subject = $1 ORDER BY seq", PgParams().text(message_id)));
    std::vector<EvidenceEntry> found;
    for (int i = 0; i < rows.size(); ++i) {
      found.push_back({rows.number_at(i, 0), rows.number_at(i, 1), rows.string_at(i, 2), rows.string_at(i, 3), rows.string_at(i, 4), rows.string_at(i, 5)});
    }
    return found;
  }

  Result<std::optional<StoredHead>> head_behind(std::int64_t sequence) override {
    TONGQU_TRY(const auto rows, connection_->ask("SELECT seq, body, signature FROM heads WHERE seq >= $1 ORDER BY seq LIMIT 1", PgParams().number(sequence)));
    if (rows.size() == 0) return std::optional<StoredHead>();
    return std::optional<StoredHead>({rows.number_at(0, 0), rows.string_at(0, 1), rows.string_at(0, 2)});
  }

  Result<std::string> digests(std::int64_t from, std::int64_t to) override { return read_pg_entry_digests(*connection_, from, to); }

private:
  std::unique_ptr<PgConnection> connection_;
  std::unique_ptr<Views> views_;
};

} // namespace

Result<VerifyReport> verify_postgres(const VerifyOptions& options) {
  TONGQU_TRY(auto outside, read_outside_head(options));
  TONGQU_TRY(const auto connection, open_to_read(*options.postgres));
  AuditWalk walk(options.audit_key, std::move(outside));
  for (std::int64_t behind = 0;;) {
    TONGQU_TRY(const auto rows, connection->ask("SELECT seq, at_ms, kind, subject, detail, digest, mac FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2",
                                                PgParams().number(behind).number(kEntriesPage)));
    for (int i = 0; i < rows.size(); ++i) {
      const AuditEntry entry{rows.number_at(i, 0), rows.number_at(i, 1), rows.bytes_at(i, 2), rows.bytes_at(i, 3), rows.bytes_at(i, 4), rows.bytes_at(i, 5)};
      if (!walk.take(entry, rows.bytes_at(i, 6))) return walk.report();
      behind = entry.sequence;
    }
    if (rows.size() < kEntriesPage) return walk.report();
  }
}

Result<void> scan_postgres(const JournalOptions& options, const ScanFilter& filter, const std::function<bool(const ScannedDelivery&)>& take) {
  TONGQU_TRY(const auto sealing, Sealing::create(options));
  TONGQU_TRY(const auto connection, open_to_read(*options.postgres));
  TONGQU_TRY(const auto keys, load_pg_keys(*connection, sealing));
  const PgChecks checks(keys);
  for (std::int64_t behind = 0;;) {
    TONGQU_TRY(const auto rows, connection->ask(kScan, scan_params(filter, behind)));
    for (int i = 0; i < rows.size(); ++i) {
      if (!take(read_scanned({rows, i}, filter, sealing, checks))) return {};
      behind = rows.number_at(i, 0);
    }
    if (rows.size() < kDeliveriesPage) return {};
  }
}

Result<std::string> message_of_delivery_postgres(const JournalOptions& options, std::int64_t delivery) {
  TONGQU_TRY(const auto connection, open_to_read(*options.postgres));
  TONGQU_TRY(const auto rows, connection->ask("SELECT message_id FROM messages WHERE id = $1", PgParams().number(message_of(delivery))));
  if (rows.size() == 0) return Error(Errc::journal_not_found).at("delivery " + std::to_string(delivery));
  return rows.string_at(0, 0);
}

Result<std::string> evidence_postgres(const JournalOptions& options, std::string_view message_id) {
  TONGQU_TRY(const auto sealing, Sealing::create(options));
  TONGQU_TRY(auto views, open_postgres_views(options, sealing));
  TONGQU_TRY(auto connection, open_to_read(*options.postgres));
  PgSource source(std::move(connection), std::move(views));
  return evidence_from(source, message_id);
}

} // namespace tongqu::journal::detail
