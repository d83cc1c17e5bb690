#include "journal/sqlite/reader.hpp"

#include <algorithm>

#include "journal/accept_all.hpp"
#include "journal/sqlite/schema.hpp"
#include "journal/sqlite/store.hpp"

namespace tongqu::journal::detail {
namespace {

enum class Sql : std::size_t {
  find, counts, row_of, view, of_case, deliveries_of, open_by_state, other_by_state, bodies, receipt, next_due,
};

// The message belongs to a delivery by its id, so that no index joins them; 64 is kTargetsMax.
#define TONGQU_VIEW                                                                                                                \
  "SELECT d.id, m.message_id, d.target, m.system, m.case_no, m.event, d.error_id, d.reason, d.receipt_no, d.state, d.attempts, "  \
  "d.created_ms, d.changed_ms, d.not_before_ms FROM deliveries AS d "
#define TONGQU_JOIN " JOIN messages AS m ON m.id = d.id / 64 "

const std::vector<std::string_view>& reader_sql() {
  static const std::vector<std::string_view> kTexts = {
      "SELECT message_id, digest, pack, pack_digest, key_id, acknowledgement FROM messages WHERE identity = ?",
      "SELECT messages, refusals, waiting, ready, sending, unknown, delivered, refused, held, parked, discarded FROM counters WHERE id = 1",
      "SELECT id FROM messages WHERE message_id = ?",
      "SELECT message_id, system, identity, case_no, event, pack, findings, created_ms FROM messages WHERE id = ?",
      "SELECT id FROM messages WHERE system = ? AND case_no = ? ORDER BY id LIMIT 1000",
      TONGQU_VIEW TONGQU_JOIN "WHERE d.id BETWEEN ? AND ? ORDER BY d.id",
      TONGQU_VIEW "INDEXED BY deliveries_open" TONGQU_JOIN "WHERE d.state IN (0, 2, 3, 6, 7) AND d.state = ? ORDER BY d.id LIMIT ?",
      TONGQU_VIEW TONGQU_JOIN "WHERE d.state = ? ORDER BY d.id DESC LIMIT ?",
      "SELECT key_id, raw, canonical, acknowledgement FROM messages WHERE message_id = ?",
      "SELECT key_id, receipt FROM deliveries WHERE id = ?",
      "SELECT due_ms FROM deliveries WHERE target = ? AND due_ms IS NOT NULL ORDER BY due_ms LIMIT 1",
  };
  return kTexts;
}
#undef TONGQU_VIEW
#undef TONGQU_JOIN

Statement& at(std::vector<Statement>& statements, Sql which) { return statements[static_cast<std::size_t>(which)]; }

DeliveryView read_view(const Statement& row) {
  DeliveryView view;
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
  return view;
}

Result<std::vector<DeliveryView>> read_views(Statement& statement) {
  std::vector<DeliveryView> views;
  for (;;) {
    TONGQU_TRY(const bool row, statement.step());
    if (!row) return views;
    views.push_back(read_view(statement));
  }
}

} // namespace

Result<std::unique_ptr<Reader>> Reader::open(const std::string& path, const Sealing& sealing) {
  TONGQU_TRY(auto database, Database::open(path, Access::read));
  TONGQU_CHECK(check_identity(*database));
  TONGQU_CHECK(database->run("PRAGMA cache_size = -4096"));
  std::unique_ptr<Reader> reader(new Reader(std::move(database), sealing));
  TONGQU_TRY(reader->statements_, prepare_all(*reader->database_, reader_sql()));
  return reader;
}

Result<std::optional<Journal::Known>> Reader::find(std::string_view identity) {
  const std::lock_guard lock(mutex_);
  Use query(at(statements_, Sql::find));
  query->text(1, identity);
  TONGQU_TRY(const bool row, query->step());
  if (!row) return std::optional<Journal::Known>();
  Journal::Known known{query->string_at(0), query->string_at(1), {}, query->string_at(2), query->string_at(3)};
  TONGQU_TRY(known.acknowledgement, sealing_.open(query->bytes_at(5), query->bytes_at(4), known.message_id, "acknowledgement"));
  return std::optional<Journal::Known>(std::move(known));
}

Result<Counts> Reader::counts() {
  const std::lock_guard lock(mutex_);
  Use query(at(statements_, Sql::counts));
  TONGQU_TRY(const bool row, query->step());
  if (!row) return Error(Errc::journal_corrupt).at("counters");
  Counts counts;
  counts.messages = query->number_at(0);
  counts.refusals = query->number_at(1);
  for (int i = 0; i < 9; ++i) counts.by_state[i] = query->number_at(2 + i);
  return counts;
}

Result<std::vector<DeliveryView>> Reader::deliveries_of(std::int64_t row) {
  Use query(at(statements_, Sql::deliveries_of));
  query->number(1, row * kTargetsMax);
  query->number(2, row * kTargetsMax + kTargetsMax - 1);
  return read_views(at(statements_, Sql::deliveries_of));
}

Result<std::optional<MessageView>> Reader::view_row(std::int64_t row) {
  MessageView view;
  {
    Use query(at(statements_, Sql::view));
    query->number(1, row);
    TONGQU_TRY(const bool found, query->step());
    if (!found) return std::optional<MessageView>();
    view.message_id = query->string_at(0);
    view.system = query->string_at(1);
    view.identity = query->string_at(2);
    view.case_no = query->string_at(3);
    view.event = query->string_at(4);
    view.pack = query->string_at(5);
    view.findings = query->string_at(6);
    view.created = from_epoch_ms(query->number_at(7));
  }
  TONGQU_TRY(view.deliveries, deliveries_of(row));
  return std::optional<MessageView>(std::move(view));
}

Result<std::optional<MessageView>> Reader::message(std::string_view message_id) {
  const std::lock_guard lock(mutex_);
  std::int64_t row = 0;
  {
    Use query(at(statements_, Sql::row_of));
    query->text(1, message_id);
    TONGQU_TRY(const bool found, query->step());
    if (!found) return std::optional<MessageView>();
    row = query->number_at(0);
  }
  return view_row(row);
}

Result<std::vector<MessageView>> Reader::messages_of_case(std::string_view system, std::string_view case_no) {
  const std::lock_guard lock(mutex_);
  std::vector<std::int64_t> rows;
  {
    Use query(at(statements_, Sql::of_case));
    query->text(1, system);
    query->text(2, case_no);
    for (;;) {
      TONGQU_TRY(const bool found, query->step());
      if (!found) break;
      rows.push_back(query->number_at(0));
    }
  }
  std::vector<MessageView> views;
  for (const std::int64_t row : rows) {
    TONGQU_TRY(auto view, view_row(row));
    if (view) views.push_back(*std::move(view));
  }
  return views;
}

Result<std::vector<DeliveryView>> Reader::deliveries(DeliveryState state, std::size_t max) {
  // Ready and final ones have no index of their own: newest first, and no row is looked at after the last that there is.
  TONGQU_TRY(const auto all, counts());
  const auto there = all.by_state[static_cast<std::size_t>(state)];
  if (there == 0) return std::vector<DeliveryView>();
  const std::lock_guard lock(mutex_);
  const Sql which = is_final(state) || state == DeliveryState::ready ? Sql::other_by_state : Sql::open_by_state;
  Use query(at(statements_, which));
  query->number(1, static_cast<std::int64_t>(state));
  query->number(2, std::min(static_cast<std::int64_t>(max), there));
  return read_views(at(statements_, which));
}

Result<Journal::Bodies> Reader::bodies(std::string_view message_id) {
  TONGQU_TRY(Journal::Bodies bodies, own_bodies(message_id));
  if (!is_shared_raw(bodies.raw)) return bodies;
  TONGQU_TRY(Journal::Bodies first, own_bodies(std::string_view(bodies.raw).substr(kSharedRaw.size())));
  if (is_shared_raw(first.raw)) return Error(Errc::journal_corrupt).at("messages.raw");
  bodies.raw = std::move(first.raw);
  return bodies;
}

Result<Journal::Bodies> Reader::own_bodies(std::string_view message_id) {
  const std::lock_guard lock(mutex_);
  Use query(at(statements_, Sql::bodies));
  query->text(1, message_id);
  TONGQU_TRY(const bool row, query->step());
  if (!row) return Error(Errc::journal_not_found);
  const std::string key_id = query->string_at(0);
  Journal::Bodies bodies;
  TONGQU_TRY(bodies.raw, sealing_.open(query->bytes_at(1), key_id, message_id, "raw"));
  TONGQU_TRY(bodies.canonical, sealing_.open(query->bytes_at(2), key_id, message_id, "canonical"));
  TONGQU_TRY(bodies.acknowledgement, sealing_.open(query->bytes_at(3), key_id, message_id, "acknowledgement"));
  return bodies;
}

Result<std::string> Reader::receipt(std::int64_t delivery) {
  const std::lock_guard lock(mutex_);
  Use query(at(statements_, Sql::receipt));
  query->number(1, delivery);
  TONGQU_TRY(const bool row, query->step());
  if (!row) return Error(Errc::journal_not_found);
  return sealing_.open(query->bytes_at(1), query->bytes_at(0), receipt_owner(delivery), "receipt");
}

Result<std::optional<std::int64_t>> Reader::next_due(std::string_view target) {
  const std::lock_guard lock(mutex_);
  Use query(at(statements_, Sql::next_due));
  query->text(1, target);
  TONGQU_TRY(const bool row, query->step());
  return row ? std::optional<std::int64_t>(std::max<std::int64_t>(0, query->number_at(0))) : std::nullopt;
}

} // namespace tongqu::journal::detail
