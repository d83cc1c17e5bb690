#include "tongqu/journal/scan.hpp"

#include "journal/postgres/postgres.hpp"
#include "journal/sealing.hpp"
#include "journal/sqlite/database.hpp"
#include "journal/sqlite/schema.hpp"
#include "journal/sqlite/views.hpp"

namespace tongqu::journal {
namespace {

using namespace detail;

constexpr std::int64_t kPage = 500;

constexpr std::string_view kColumns = TONGQU_VIEW TONGQU_VIEW_JOIN;
constexpr std::string_view kWhere =
    " WHERE d.id > ?1 AND (?2 = '' OR d.target = ?2) AND (?3 = '' OR m.system = ?3) "
    "AND m.created_ms >= ?4 AND (?5 = 0 OR m.created_ms < ?5) AND d.changed_ms >= ?6 AND ((?7 >> d.state) & 1) = 1";
constexpr std::string_view kLatest =
    " AND NOT EXISTS (SELECT 1 FROM deliveries AS n WHERE n.id > d.id AND n.id < (d.id / 64 + 1) * 64 AND n.target = d.target)";

std::string text_of(const ScanFilter& filter) {
  std::string sql(kColumns);
  sql += kWhere;
  if (filter.latest_only) sql += kLatest;
  return sql + " ORDER BY d.id LIMIT ?8";
}

void bind(Statement& query, const ScanFilter& filter, std::int64_t behind) {
  std::int64_t states = 0;
  for (const DeliveryState state : filter.states) states |= std::int64_t{1} << static_cast<int>(state);
  query.number(1, behind);
  query.text(2, filter.target);
  query.text(3, filter.system);
  query.number(4, to_epoch_ms(filter.taken_from));
  query.number(5, to_epoch_ms(filter.taken_until));
  query.number(6, to_epoch_ms(filter.changed_since));
  query.number(7, filter.states.empty() ? -1 : states);
  query.number(8, kPage);
}

ScannedDelivery read_row(const Statement& row, const ScanFilter& filter, const Sealing& sealing, const RowChecks& checks) {
  ScannedDelivery out;
  out.view = read_view(row, checks);
  out.pack = row.string_at(kViewPack);
  out.pack_digest = row.string_at(kViewPack + 1);
  if (out.view.damaged) out.problem = errc_row(Errc::journal_row_damaged).id;
  if (!filter.with_receipts || row.null_at(kViewReceipt + 3)) return out;
  const ReceiptRow stored = read_receipt(row, checks, kViewReceipt);
  auto receipt = stored.damaged ? Result<std::string>(damaged_row("receipts", out.view.delivery))
                                : sealing.open(stored.box, stored.key_id, receipt_owner(out.view.delivery), "receipt");
  if (receipt) out.receipt = *std::move(receipt);
  else out.problem = receipt.error().id();
  return out;
}

} // namespace

Result<void> scan_deliveries(const JournalOptions& options, const ScanFilter& filter, const std::function<bool(const ScannedDelivery&)>& take) {
  if (options.postgres) return scan_postgres(options, filter, take);
  TONGQU_TRY(const auto sealing, Sealing::create(options));
  TONGQU_TRY(const auto database, Database::open(options.path, Access::read));
  TONGQU_CHECK(check_newest(*database));
  TONGQU_TRY(const auto keys, load_store_keys(*database, sealing));
  const RowChecks checks(keys.rows);
  TONGQU_TRY(Statement statement, Statement::prepare(*database, text_of(filter)));
  std::int64_t behind = 0;
  for (;;) {
    std::vector<ScannedDelivery> page;
    {
      Use query(statement);
      bind(statement, filter, behind);
      for (;;) {
        TONGQU_TRY(const bool row, query->step());
        if (!row) break;
        page.push_back(read_row(statement, filter, sealing, checks));
      }
    }
    for (const ScannedDelivery& one : page) {
      if (!take(one)) return {};
    }
    if (page.size() < static_cast<std::size_t>(kPage)) return {};
    behind = page.back().view.delivery;
  }
}

Result<std::string> message_of_delivery(const JournalOptions& options, std::int64_t delivery) {
  if (options.postgres) return message_of_delivery_postgres(options, delivery);
  TONGQU_TRY(const auto database, Database::open(options.path, Access::read));
  TONGQU_CHECK(check_newest(*database));
  TONGQU_TRY(Statement statement, Statement::prepare(*database, "SELECT message_id FROM messages WHERE id = ? / 64"));
  Use query(statement);
  query->number(1, delivery);
  TONGQU_TRY(const bool row, query->step());
  if (!row) return Error(Errc::journal_not_found).at("delivery " + std::to_string(delivery));
  return query->string_at(0);
}

} // namespace tongqu::journal
