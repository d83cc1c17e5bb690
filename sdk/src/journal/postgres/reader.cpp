#include "journal/postgres/reader.hpp"

#include <algorithm>

#include "journal/accept_all.hpp"

namespace tongqu::journal::detail {
namespace {

enum Sql : std::size_t { kCounts, kRowOf, kIdentity, kCase, kBodies, kReceipt, kDeliveriesOf, kOpenByState, kSending, kOtherByState, kNextDue };

const std::vector<std::string_view>& reader_sql() {
  static const std::vector<std::string_view> kTexts = {
      "SELECT " TONGQU_PG_COUNTERS ", (SELECT count(*) FROM damaged) FROM counters WHERE id = 1",
      "SELECT " TONGQU_PG_MESSAGE("") " FROM messages WHERE message_id = $1",
      "SELECT " TONGQU_PG_MESSAGE("m.") ", b.message, b.acknowledgement FROM messages AS m LEFT JOIN bodies AS b ON b.message = m.id "
      "WHERE m.identity_hash = $1 ORDER BY m.id",
      "SELECT " TONGQU_PG_MESSAGE("") " FROM messages WHERE case_hash = $1 ORDER BY case_hash, id LIMIT $2",
      "SELECT acknowledgement, canonical, raw FROM bodies WHERE message = $1",
      "SELECT " TONGQU_PG_RECEIPT("") " FROM receipts WHERE delivery = $1",
      TONGQU_PG_VIEW "WHERE d.id BETWEEN $1 AND $2 ORDER BY d.id",
      TONGQU_PG_VIEW "WHERE d.open_state = $1 ORDER BY d.open_state, d.id LIMIT $2",
      TONGQU_PG_VIEW "JOIN claims AS c ON c.delivery = d.id WHERE d.state = $1 ORDER BY d.id LIMIT $2",
      TONGQU_PG_VIEW "WHERE d.state = $1 ORDER BY d.id DESC LIMIT $2",
      "SELECT due_ms FROM deliveries WHERE target = $1 AND due_ms IS NOT NULL AND fence = 0 ORDER BY due_ms LIMIT 1",
  };
  return kTexts;
}

constexpr std::int64_t kCaseMessagesMax = 1000;
constexpr std::size_t kIdleMax = 4;

} // namespace

DeliveryView read_pg_view(const PgRow& row, const PgChecks& checks) {
  DeliveryView view = view_from(read_pg_delivery(row, checks).row);
  view.message_id = row.text(kPgDeliveryColumns);
  view.system = row.text(kPgDeliveryColumns + 1);
  view.case_no = row.text(kPgDeliveryColumns + 2);
  view.event = row.text(kPgDeliveryColumns + 3);
  view.receipt_no = row.text(kPgDeliveryColumns + 4);
  return view;
}

Result<std::unique_ptr<PgConnection>> PgReader::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  TONGQU_TRY(auto connection, PgConnection::open(options_, PgConnection::Use::read));
  TONGQU_CHECK(connection->prepare(reader_sql()));
  return connection;
}

void PgReader::give_back(std::unique_ptr<PgConnection> connection) {
  const std::lock_guard lock(mutex_);
  if (!connection->lost() && idle_.size() < kIdleMax) idle_.push_back(std::move(connection));
}

Result<PgRows> PgReader::ask(std::size_t statement, const PgParams& params) {
  // As many sessions as lie idle may have broken meanwhile, by one restart of the server.
  for (std::size_t tries = 0;; ++tries) {
    TONGQU_TRY(auto connection, take());
    auto rows = connection->ask(statement, params);
    const bool lost = connection->lost();
    give_back(std::move(connection));
    if (rows || !lost || tries > kIdleMax) return rows;
  }
}

Result<std::string> PgReader::open_body(const MessageRow& row, const PgRows& bodies, int column) const {
  static constexpr const char* kColumns[] = {"acknowledgement", "canonical", "raw"};
  const auto index = static_cast<std::size_t>(column);
  if (static_cast<std::int64_t>(bodies.bytes_at(0, column).size()) != row.box_bytes[index]) return damaged_row("bodies", row.id);
  return sealing_.open(bodies.bytes_at(0, column), row.key_id, row.message_id, kColumns[index]);
}

Result<std::optional<Journal::Known>> PgReader::find(std::string_view identity) {
  TONGQU_TRY(const auto rows, ask(kIdentity, PgParams().number(checks_.hash.of_identity(identity))));
  for (int i = 0; i < rows.size(); ++i) {
    const MessageRow row = read_pg_message({rows, i}, checks_);
    if (row.damaged) return damaged_row("messages", row.id);
    if (row.identity != identity) continue;
    const std::string_view box = rows.bytes_at(i, kPgMessageColumns + 1);
    if (rows.null_at(i, kPgMessageColumns) || static_cast<std::int64_t>(box.size()) != row.box_bytes[0]) return damaged_row("bodies", row.id);
    Journal::Known known{row.message_id, row.digest, {}, row.pack, row.pack_digest};
    TONGQU_TRY(known.acknowledgement, sealing_.open(box, row.key_id, row.message_id, "acknowledgement"));
    return std::optional<Journal::Known>(std::move(known));
  }
  return std::optional<Journal::Known>();
}

Result<Counts> PgReader::counts() {
  TONGQU_TRY(const auto rows, ask(kCounts, {}));
  if (rows.size() == 0) return Error(Errc::journal_corrupt).at("counters");
  TONGQU_TRY(const auto read, read_pg_counters({rows, 0}, checks_));
  Counts counts;
  counts.messages = read.messages;
  counts.refusals = read.refusals;
  counts.damaged = rows.number_at(0, kPgCounterColumns);
  std::copy(read.states.begin(), read.states.end(), std::begin(counts.by_state));
  return counts;
}

Result<std::vector<DeliveryView>> PgReader::views(std::size_t statement, const PgParams& params) {
  TONGQU_TRY(const auto rows, ask(statement, params));
  std::vector<DeliveryView> found;
  for (int i = 0; i < rows.size(); ++i) found.push_back(read_pg_view({rows, i}, checks_));
  return found;
}

Result<MessageView> PgReader::view_of(const MessageRow& row) {
  MessageView view{row.message_id, row.system, row.identity, row.case_no, row.event, row.pack, row.findings, from_epoch_ms(row.created_ms), row.damaged, {}};
  TONGQU_TRY(view.deliveries, views(kDeliveriesOf, PgParams().number(row.id * kTargetsMax).number(row.id * kTargetsMax + kTargetsMax - 1)));
  return view;
}

Result<std::optional<MessageView>> PgReader::message(std::string_view message_id) {
  TONGQU_TRY(const auto rows, ask(kRowOf, PgParams().text(message_id)));
  if (rows.size() == 0) return std::optional<MessageView>();
  TONGQU_TRY(auto view, view_of(read_pg_message({rows, 0}, checks_)));
  return std::optional<MessageView>(std::move(view));
}

Result<std::vector<MessageView>> PgReader::messages_of_case(std::string_view system, std::string_view case_no) {
  TONGQU_TRY(const auto rows, ask(kCase, PgParams().number(checks_.hash.of_case(system, case_no)).number(kCaseMessagesMax)));
  std::vector<MessageView> found;
  for (int i = 0; i < rows.size(); ++i) {
    const MessageRow row = read_pg_message({rows, i}, checks_);
    if (!row.damaged && (row.system != system || row.case_no != case_no)) continue;
    TONGQU_TRY(auto view, view_of(row));
    found.push_back(std::move(view));
  }
  return found;
}

Result<std::vector<DeliveryView>> PgReader::deliveries(DeliveryState state, std::size_t max) {
  // Ready and final ones have no index of their own: newest first, and no row is looked at after the last that there is.
  TONGQU_TRY(const auto all, counts());
  const auto there = all.by_state[static_cast<std::size_t>(state)];
  if (there == 0) return std::vector<DeliveryView>();
  const bool indexed = !is_final(state) && state != DeliveryState::ready;
  const std::size_t which = state == DeliveryState::sending ? kSending : (indexed ? kOpenByState : kOtherByState);
  return views(which, PgParams().number(static_cast<std::int64_t>(state)).number(std::min(static_cast<std::int64_t>(max), there)));
}

Result<Journal::Bodies> PgReader::bodies(std::string_view message_id) {
  TONGQU_TRY(Journal::Bodies bodies, own_bodies(message_id));
  if (!is_shared_raw(bodies.raw)) return bodies;
  TONGQU_TRY(Journal::Bodies first, own_bodies(std::string_view(bodies.raw).substr(kSharedRaw.size())));
  if (is_shared_raw(first.raw)) return Error(Errc::journal_corrupt).at("bodies.raw");
  bodies.raw = std::move(first.raw);
  return bodies;
}

Result<Journal::Bodies> PgReader::own_bodies(std::string_view message_id) {
  TONGQU_TRY(const auto found, ask(kRowOf, PgParams().text(message_id)));
  if (found.size() == 0) return Error(Errc::journal_not_found);
  const MessageRow row = read_pg_message({found, 0}, checks_);
  if (row.damaged) return damaged_row("messages", row.id);
  if (row.purged_ms != 0) return Error(Errc::journal_purged);
  TONGQU_TRY(const auto rows, ask(kBodies, PgParams().number(row.id)));
  if (rows.size() == 0) return damaged_row("bodies", row.id);
  Journal::Bodies bodies;
  TONGQU_TRY(bodies.acknowledgement, open_body(row, rows, 0));
  TONGQU_TRY(bodies.canonical, open_body(row, rows, 1));
  TONGQU_TRY(bodies.raw, open_body(row, rows, 2));
  return bodies;
}

Result<std::string> PgReader::receipt(std::int64_t delivery) {
  TONGQU_TRY(const auto rows, ask(kReceipt, PgParams().number(delivery)));
  if (rows.size() == 0) {
    TONGQU_TRY(const auto found, views(kDeliveriesOf, PgParams().number(delivery).number(delivery)));
    if (found.empty()) return Error(Errc::journal_not_found);
    return std::string();
  }
  const ReceiptRow row = read_pg_receipt({rows, 0}, checks_);
  if (row.damaged) return damaged_row("receipts", delivery);
  return sealing_.open(row.box, row.key_id, receipt_owner(delivery), "receipt");
}

Result<std::optional<std::int64_t>> PgReader::next_due(std::string_view target) {
  TONGQU_TRY(const auto rows, ask(kNextDue, PgParams().text(target)));
  return rows.size() > 0 ? std::optional<std::int64_t>(std::max<std::int64_t>(0, rows.number_at(0, 0))) : std::nullopt;
}

} // namespace tongqu::journal::detail
