#include "journal/sqlite/reader.hpp"

#include <algorithm>

#include "journal/accept_all.hpp"
#include "journal/sqlite/schema.hpp"
#include "journal/sqlite/views.hpp"

namespace tongqu::journal::detail {
namespace {

enum class Sql : std::size_t {
  counts, message, row_of, bodies, receipt, deliveries_of, open_by_state, sending, other_by_state, next_due,
};

const std::vector<std::string_view>& reader_sql() {
  static const std::vector<std::string_view> kTexts = {
      "SELECT " TONGQU_COUNTER_COLUMNS ", (SELECT count(*) FROM damaged) FROM counters WHERE id = 1",
      "SELECT " TONGQU_MESSAGE_COLUMNS " FROM messages WHERE id = ?",
      "SELECT id FROM messages WHERE message_id = ?",
      "SELECT acknowledgement, canonical, raw FROM bodies WHERE message = ?",
      "SELECT delivery, number, key_id, receipt, row_check FROM receipts WHERE delivery = ?",
      TONGQU_VIEW TONGQU_VIEW_JOIN "WHERE d.id BETWEEN ? AND ? ORDER BY d.id",
      TONGQU_VIEW "INDEXED BY deliveries_open" TONGQU_VIEW_JOIN "WHERE " TONGQU_OPEN_STATES("d.state") " AND d.state = ? ORDER BY d.id LIMIT ?",
      TONGQU_VIEW "INDEXED BY deliveries_due" TONGQU_VIEW_JOIN "WHERE d.due_ms IS NOT NULL AND d.state = ? LIMIT ?",
      TONGQU_VIEW TONGQU_VIEW_JOIN "WHERE d.state = ? ORDER BY d.id DESC LIMIT ?",
      "SELECT due_ms FROM deliveries WHERE target = ? AND due_ms IS NOT NULL AND fence = 0 ORDER BY due_ms LIMIT 1",
  };
  return kTexts;
}

constexpr std::size_t kCaseMessagesMax = 1000;
/// Keys that a reading command keeps at most before it starts anew.
constexpr std::size_t kOwnKeysMax = 500000;

Statement& at(std::vector<Statement>& statements, Sql which) { return statements[static_cast<std::size_t>(which)]; }

} // namespace

DeliveryView read_view(const Statement& row, const RowChecks& checks) {
  DeliveryView view = view_from(read_delivery(row, checks));
  view.message_id = row.string_at(14);
  view.system = row.string_at(15);
  view.case_no = row.string_at(16);
  view.event = row.string_at(17);
  view.receipt_no = row.string_at(18);
  return view;
}

Result<std::unique_ptr<Reader>> Reader::open(const std::string& path, const Sealing& sealing, std::shared_ptr<const RecentKeys> recent) {
  TONGQU_TRY(auto database, Database::open(path, Access::read));
  TONGQU_CHECK(check_newest(*database));
  TONGQU_CHECK(database->run("PRAGMA cache_size = -4096"));
  TONGQU_TRY(const auto keys, load_store_keys(*database, sealing));
  std::unique_ptr<Reader> reader(new Reader(std::move(database), sealing, keys));
  TONGQU_TRY(reader->statements_, prepare_all(*reader->database_, reader_sql()));
  if (!recent) recent = reader->own_recent_ = std::make_shared<RecentKeys>();
  reader->recent_ = std::move(recent);
  TONGQU_TRY(reader->keys_, KeyTable::open(*reader->database_, reader->hash_, *reader->recent_));
  return reader;
}

/// Beside a writer of another process, the keys that it holds back are read from the rows themselves.
Result<void> Reader::look_at_newest() {
  if (!own_recent_) return {};
  TONGQU_TRY(const auto indexed, database_->number_of("SELECT indexed FROM counters WHERE id = 1"));
  if (own_recent_->size() > kOwnKeysMax) {
    own_recent_->clear();
    own_upto_ = 0;
  }
  TONGQU_TRY(own_upto_, load_recent(*database_, hash_, std::max(indexed, own_upto_), *own_recent_));
  return {};
}

Result<std::optional<MessageRow>> Reader::row(std::int64_t id) {
  Use query(at(statements_, Sql::message));
  query->number(1, id);
  TONGQU_TRY(const bool found, query->step());
  return found ? std::optional<MessageRow>(read_message(at(statements_, Sql::message), checks_)) : std::nullopt;
}

Result<std::optional<MessageRow>> Reader::row_of(std::string_view message_id) {
  std::int64_t id = 0;
  {
    Use query(at(statements_, Sql::row_of));
    query->text(1, message_id);
    TONGQU_TRY(const bool found, query->step());
    if (!found) return std::optional<MessageRow>();
    id = query->number_at(0);
  }
  return row(id);
}

Result<std::string> Reader::open_body(const MessageRow& row, const Statement& bodies, int column) const {
  static constexpr const char* kColumns[] = {"acknowledgement", "canonical", "raw"};
  const auto index = static_cast<std::size_t>(column);
  if (static_cast<std::int64_t>(bodies.bytes_at(column).size()) != row.box_bytes[index]) return damaged_row("bodies", row.id);
  return sealing_.open(bodies.bytes_at(column), row.key_id, row.message_id, kColumns[index]);
}

Result<std::optional<Journal::Known>> Reader::find(std::string_view identity) {
  const std::lock_guard lock(mutex_);
  TONGQU_CHECK(look_at_newest());
  const std::int64_t hash = hash_.of_identity(identity);
  std::int64_t from = 0;
  for (;;) {
    TONGQU_TRY(const auto next, keys_->after(hash, from));
    if (!next) return std::optional<Journal::Known>();
    from = *next;
    TONGQU_TRY(const auto found, row(from));
    if (!found) continue; // Not committed yet.
    if (found->damaged) return damaged_row("messages", from);
    if (found->identity != identity) continue;
    Use query(at(statements_, Sql::bodies));
    query->number(1, from);
    TONGQU_TRY(const bool there, query->step());
    if (!there) return damaged_row("bodies", from);
    Journal::Known known{found->message_id, found->digest, {}, found->pack, found->pack_digest};
    TONGQU_TRY(known.acknowledgement, open_body(*found, at(statements_, Sql::bodies), 0));
    return std::optional<Journal::Known>(std::move(known));
  }
}

Result<Counts> Reader::counts() {
  const std::lock_guard lock(mutex_);
  Use query(at(statements_, Sql::counts));
  TONGQU_TRY(const bool row, query->step());
  if (!row) return Error(Errc::journal_corrupt).at("counters");
  TONGQU_TRY(const auto read, read_counters(at(statements_, Sql::counts), checks_));
  Counts counts;
  counts.messages = read.messages;
  counts.refusals = read.refusals;
  counts.damaged = query->number_at(15);
  std::copy(read.states.begin(), read.states.end(), std::begin(counts.by_state));
  return counts;
}

Result<std::vector<DeliveryView>> Reader::read_views(Statement& statement) const {
  std::vector<DeliveryView> views;
  for (;;) {
    TONGQU_TRY(const bool row, statement.step());
    if (!row) return views;
    views.push_back(read_view(statement, checks_));
  }
}

Result<std::vector<DeliveryView>> Reader::deliveries_in(std::int64_t first, std::int64_t last) {
  Use query(at(statements_, Sql::deliveries_of));
  query->number(1, first);
  query->number(2, last);
  return read_views(at(statements_, Sql::deliveries_of));
}

Result<MessageView> Reader::view_of(const MessageRow& row) {
  MessageView view{row.message_id, row.system, row.identity, row.case_no, row.event, row.pack, row.findings, from_epoch_ms(row.created_ms), row.damaged, {}};
  TONGQU_TRY(view.deliveries, deliveries_in(row.id * kTargetsMax, row.id * kTargetsMax + kTargetsMax - 1));
  return view;
}

Result<std::optional<MessageView>> Reader::message(std::string_view message_id) {
  const std::lock_guard lock(mutex_);
  TONGQU_TRY(const auto found, row_of(message_id));
  if (!found) return std::optional<MessageView>();
  TONGQU_TRY(auto view, view_of(*found));
  return std::optional<MessageView>(std::move(view));
}

Result<std::vector<MessageView>> Reader::messages_of_case(std::string_view system, std::string_view case_no) {
  const std::lock_guard lock(mutex_);
  TONGQU_CHECK(look_at_newest());
  const std::int64_t hash = hash_.of_case(system, case_no);
  std::vector<MessageView> views;
  std::int64_t from = 0;
  while (views.size() < kCaseMessagesMax) {
    TONGQU_TRY(const auto next, keys_->after(hash, from));
    if (!next) break;
    from = *next;
    TONGQU_TRY(const auto found, row(from));
    if (!found || (!found->damaged && (found->system != system || found->case_no != case_no))) continue;
    TONGQU_TRY(auto view, view_of(*found));
    views.push_back(std::move(view));
  }
  return views;
}

Result<std::vector<DeliveryView>> Reader::deliveries(DeliveryState state, std::size_t max) {
  // Ready and final ones have no index of their own: newest first, and no row is looked at after the last that there is.
  TONGQU_TRY(const auto all, counts());
  const auto there = all.by_state[static_cast<std::size_t>(state)];
  if (there == 0) return std::vector<DeliveryView>();
  const std::lock_guard lock(mutex_);
  const bool indexed = !is_final(state) && state != DeliveryState::ready;
  const Sql which = state == DeliveryState::sending ? Sql::sending : (indexed ? Sql::open_by_state : Sql::other_by_state);
  Use query(at(statements_, which));
  query->number(1, static_cast<std::int64_t>(state));
  query->number(2, std::min(static_cast<std::int64_t>(max), there));
  return read_views(at(statements_, which));
}

Result<Journal::Bodies> Reader::bodies(std::string_view message_id) {
  TONGQU_TRY(Journal::Bodies bodies, own_bodies(message_id));
  if (!is_shared_raw(bodies.raw)) return bodies;
  TONGQU_TRY(Journal::Bodies first, own_bodies(std::string_view(bodies.raw).substr(kSharedRaw.size())));
  if (is_shared_raw(first.raw)) return Error(Errc::journal_corrupt).at("bodies.raw");
  bodies.raw = std::move(first.raw);
  return bodies;
}

Result<Journal::Bodies> Reader::own_bodies(std::string_view message_id) {
  const std::lock_guard lock(mutex_);
  TONGQU_TRY(const auto found, row_of(message_id));
  if (!found) return Error(Errc::journal_not_found);
  if (found->damaged) return damaged_row("messages", found->id);
  if (found->purged_ms != 0) return Error(Errc::journal_purged);
  Use query(at(statements_, Sql::bodies));
  query->number(1, found->id);
  auto there = query->step();
  if (!there && there.error().code() != Errc::journal_corrupt) return std::move(there).error();
  if (!there || !*there) return damaged_row("bodies", found->id);
  Journal::Bodies bodies;
  TONGQU_TRY(bodies.acknowledgement, open_body(*found, at(statements_, Sql::bodies), 0));
  TONGQU_TRY(bodies.canonical, open_body(*found, at(statements_, Sql::bodies), 1));
  TONGQU_TRY(bodies.raw, open_body(*found, at(statements_, Sql::bodies), 2));
  return bodies;
}

Result<std::string> Reader::receipt(std::int64_t delivery) {
  const std::lock_guard lock(mutex_);
  Use query(at(statements_, Sql::receipt));
  query->number(1, delivery);
  TONGQU_TRY(const bool found, query->step());
  if (!found) {
    TONGQU_TRY(const auto views, deliveries_in(delivery, delivery));
    if (views.empty()) return Error(Errc::journal_not_found);
    return std::string();
  }
  const ReceiptRow row = read_receipt(at(statements_, Sql::receipt), checks_);
  if (row.damaged) return damaged_row("receipts", delivery);
  return sealing_.open(row.box, row.key_id, receipt_owner(delivery), "receipt");
}

Result<std::optional<std::int64_t>> Reader::next_due(std::string_view target) {
  const std::lock_guard lock(mutex_);
  Use query(at(statements_, Sql::next_due));
  query->text(1, target);
  TONGQU_TRY(const bool row, query->step());
  return row ? std::optional<std::int64_t>(std::max<std::int64_t>(0, query->number_at(0))) : std::nullopt;
}

} // namespace tongqu::journal::detail
