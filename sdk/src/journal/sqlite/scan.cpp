#include "tongqu/journal/scan.hpp"

#include "journal/sealing.hpp"
#include "journal/sqlite/database.hpp"
#include "journal/sqlite/schema.hpp"

namespace tongqu::journal {
namespace {

using namespace detail;

constexpr std::int64_t kPage = 500;

constexpr std::string_view kColumns =
    "SELECT d.id, m.message_id, d.target, m.system, m.case_no, m.event, d.error_id, d.reason, d.receipt_no, d.state, d.attempts, "
    "d.created_ms, d.changed_ms, d.not_before_ms, m.pack, m.pack_digest, ";
// 64 is kTargetsMax: a delivery belongs to its message by its number.
constexpr std::string_view kWhere =
    " FROM deliveries AS d JOIN messages AS m ON m.id = d.id / 64 WHERE d.id > ?1 AND (?2 = '' OR d.target = ?2) AND (?3 = '' OR m.system = ?3) "
    "AND m.created_ms >= ?4 AND (?5 = 0 OR m.created_ms < ?5) AND d.changed_ms >= ?6 AND ((?7 >> d.state) & 1) = 1";
constexpr std::string_view kLatest =
    " AND NOT EXISTS (SELECT 1 FROM deliveries AS n WHERE n.id > d.id AND n.id < (d.id / 64 + 1) * 64 AND n.target = d.target)";

std::string text_of(const ScanFilter& filter) {
  std::string sql(kColumns);
  sql += filter.with_receipts ? "d.key_id, d.receipt" : "'', NULL";
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

ScannedDelivery read_row(const Statement& row, const ScanFilter& filter, const Sealing& sealing) {
  ScannedDelivery out;
  DeliveryView& view = out.view;
  view.delivery = row.number_at(0);
  view.message_id = row.string_at(1);
  view.target = row.string_at(2);
  view.system = row.string_at(3);
  view.case_no = row.string_at(4);
  view.event = row.string_at(5);
  view.error_id = row.string_at(6);
  view.reason = row.string_at(7);
  view.receipt_no = row.string_at(8);
  view.state = static_cast<DeliveryState>(row.number_at(9));
  view.attempts = static_cast<int>(row.number_at(10));
  view.created = from_epoch_ms(row.number_at(11));
  view.changed = from_epoch_ms(row.number_at(12));
  view.not_before = from_epoch_ms(row.number_at(13));
  out.pack = row.string_at(14);
  out.pack_digest = row.string_at(15);
  if (!filter.with_receipts || row.null_at(17)) return out;
  auto receipt = sealing.open(row.bytes_at(17), row.bytes_at(16), receipt_owner(view.delivery), "receipt");
  if (receipt) out.receipt = *std::move(receipt);
  else out.problem = receipt.error().id();
  return out;
}

} // namespace

Result<void> scan_deliveries(const JournalOptions& options, const ScanFilter& filter, const std::function<bool(const ScannedDelivery&)>& take) {
  TONGQU_TRY(const auto sealing, Sealing::create(options.seal_key, options.key_id));
  TONGQU_TRY(const auto database, Database::open(options.path, Access::read));
  TONGQU_CHECK(check_identity(*database));
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
        page.push_back(read_row(statement, filter, sealing));
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
  TONGQU_TRY(const auto database, Database::open(options.path, Access::read));
  TONGQU_CHECK(check_identity(*database));
  TONGQU_TRY(Statement statement, Statement::prepare(*database, "SELECT message_id FROM messages WHERE id = ? / 64"));
  Use query(statement);
  query->number(1, delivery);
  TONGQU_TRY(const bool row, query->step());
  if (!row) return Error(Errc::journal_not_found).at("delivery " + std::to_string(delivery));
  return query->string_at(0);
}

} // namespace tongqu::journal
