#include "journal/sqlite/store.hpp"

#include <algorithm>

#include "journal/sqlite/store_sql.hpp"
#include "tongqu/base/assert.hpp"

namespace tongqu::journal::detail {
namespace {

Statement& at(std::vector<Statement>& statements, Sql which) { return statements[static_cast<std::size_t>(which)]; }

std::size_t index_of(DeliveryState state) { return static_cast<std::size_t>(state); }
std::int64_t number_of(DeliveryState state) { return static_cast<std::int64_t>(state); }

DeliveryState state_of(std::int64_t number) {
  TONGQU_ASSERT(number >= 0 && number <= number_of(DeliveryState::discarded), "only our own states are written");
  return static_cast<DeliveryState>(number);
}

DeliveryRow read_delivery(const Statement& statement) {
  DeliveryRow row;
  row.id = statement.number_at(0);
  row.target = statement.string_at(1);
  row.case_key = statement.string_at(2);
  row.state = state_of(statement.number_at(3));
  row.not_before_ms = statement.number_at(4);
  row.attempts = static_cast<int>(statement.number_at(5));
  row.fence = statement.number_at(6);
  row.after = statement.string_at(7);
  row.error_id = statement.string_at(8);
  row.reason = statement.string_at(9);
  row.due_ms = statement.number_at(10);
  return row;
}

bool claimable(DeliveryState state) { return state == DeliveryState::ready || state == DeliveryState::unknown; }

/// A message without a case stands in a lane of its own.
std::string lane_of(const Intake& intake) { return intake.case_key.empty() ? "message " + intake.message_id : intake.case_key; }

Result<void> run(Statement& statement) {
  Use use(statement);
  TONGQU_CHECK(statement.step());
  return {};
}

} // namespace

Result<void> Store::begin() {
  TONGQU_CHECK(run(at(statements_, Sql::begin)));
  begun_ = live_;
  ready_.clear();
  return {};
}

void Store::mark() {
  saved_ = live_;
  marked_changes_ = database_->total_changes();
}

bool Store::forget_if_unwritten() {
  if (database_->total_changes() != marked_changes_) return false;
  live_ = saved_;
  return true;
}

Result<void> Store::save() { return run(at(statements_, Sql::save)); }

Result<void> Store::release() { return run(at(statements_, Sql::release)); }

void Store::undo() {
  live_ = saved_;
  // When SQLite has rolled the whole transaction back by itself, there is no savepoint left; the caller looks at in_transaction().
  if (auto undone = run(at(statements_, Sql::undo)); undone) static_cast<void>(release());
}

Result<void> Store::commit() {
  if (!(live_.counters == begun_.counters)) TONGQU_CHECK(write_counters());
  return run(at(statements_, Sql::commit));
}

void Store::rollback() {
  live_ = begun_;
  ready_.clear();
  if (in_transaction()) static_cast<void>(run(at(statements_, Sql::rollback)));
}

Result<void> Store::write_counters() {
  const Counters& now = live_.counters;
  Use update(at(statements_, Sql::write_counters));
  update->number(1, now.last_message);
  update->number(2, now.messages);
  update->number(3, now.refusals);
  update->number(4, now.fence);
  for (std::size_t i = 0; i < now.states.size(); ++i) update->number(static_cast<int>(5 + i), now.states[i]);
  TONGQU_CHECK(update->step());
  return {};
}

Result<void> Store::audit(std::string_view kind, std::string_view subject, std::string_view detail, std::string_view digest,
                          std::int64_t now_ms) {
  const std::int64_t sequence = live_.tip.sequence + 1;
  std::string mac = chain_.link(live_.tip.mac, {sequence, now_ms, kind, subject, detail, digest});
  Use insert(at(statements_, Sql::insert_audit));
  insert->number(1, sequence);
  insert->number(2, now_ms);
  insert->text(3, kind);
  insert->text(4, subject);
  insert->text(5, detail);
  insert->blob(6, digest);
  insert->blob(7, mac);
  TONGQU_CHECK(insert->step());
  live_.tip = {sequence, now_ms, std::move(mac)};
  return {};
}

Result<std::optional<std::string>> Store::chain_value(std::int64_t sequence) {
  Use query(at(statements_, Sql::audit_at));
  query->number(1, sequence);
  TONGQU_TRY(const bool row, query->step());
  return row ? std::optional<std::string>(query->string_at(0)) : std::nullopt;
}

Result<bool> Store::insert_message(const PreparedIntake& prepared, const std::string& key_id, std::int64_t now_ms) {
  const Intake& in = prepared.intake;
  Use insert(at(statements_, Sql::insert_message));
  insert->number(1, live_.counters.last_message + 1);
  insert->text(2, in.message_id);
  insert->text(3, in.identity);
  insert->blob(4, in.digest);
  insert->text(5, in.system);
  insert->text(6, in.case_no);
  insert->text(7, in.event);
  insert->text(8, in.pack);
  insert->text(9, in.pack_digest);
  insert->number(10, now_ms);
  insert->text(11, key_id);
  insert->text(12, in.findings);
  insert->blob(13, prepared.acknowledgement_box);
  insert->blob(14, prepared.canonical_box);
  insert->blob(15, prepared.raw_box);
  TONGQU_CHECK(insert->step());
  if (database_->changes() == 0) return false;
  ++live_.counters.last_message;
  ++live_.counters.messages;
  return true;
}

Result<StoredMessage> Store::stored(std::string_view identity) {
  Use query(at(statements_, Sql::stored));
  query->text(1, identity);
  TONGQU_TRY(const bool row, query->step());
  if (!row) return Error(Errc::journal_corrupt).at("messages.identity");
  return StoredMessage{query->string_at(0), query->string_at(1), query->string_at(2),
                       query->string_at(3), query->string_at(4), query->string_at(5)};
}

Result<bool> Store::knows(std::string_view identity) {
  Use query(at(statements_, Sql::stored));
  query->text(1, identity);
  return query->step();
}

Result<void> Store::insert_deliveries(const Intake& intake, std::int64_t now_ms) {
  DeliveryRow row;
  row.id = live_.counters.last_message * kTargetsMax;
  row.case_key = lane_of(intake);
  for (const Intake::Target& target : intake.targets) {
    row.target = target.name;
    TONGQU_TRY(const bool is_blocked, blocked(row));
    const bool due = target.state == DeliveryState::ready && !is_blocked;
    Use insert(at(statements_, Sql::insert_delivery));
    insert->number(1, row.id);
    insert->text(2, target.name);
    insert->text(3, row.case_key);
    insert->number(4, number_of(target.state));
    if (due) insert->number(5, due_of(row));
    else insert->null(5);
    insert->number(6, now_ms);
    insert->number(7, now_ms);
    insert->text(8, target.after);
    insert->text(9, target.reason);
    TONGQU_CHECK(insert->step());
    ++live_.counters.states[index_of(target.state)];
    if (due) ready_.insert(target.name);
    ++row.id;
  }
  return {};
}

Result<void> Store::insert_refusal(const Refusal& refusal, std::int64_t now_ms) {
  Use insert(at(statements_, Sql::insert_refusal));
  insert->number(1, ++live_.counters.refusals);
  insert->number(2, now_ms);
  insert->text(3, refusal.system);
  insert->text(4, refusal.error_id);
  insert->text(5, refusal.where);
  insert->text(6, refusal.peer);
  insert->number(7, static_cast<std::int64_t>(refusal.size));
  insert->blob(8, refusal.digest);
  TONGQU_CHECK(insert->step());
  return {};
}

Result<std::vector<std::int64_t>> Store::due(std::string_view target, std::int64_t schedule_ms, std::size_t max) {
  std::vector<std::int64_t> later, found;
  {
    Use query(at(statements_, Sql::due_later));
    query->text(1, target);
    query->number(2, schedule_ms);
    query->number(3, static_cast<std::int64_t>(max));
    for (;;) {
      TONGQU_TRY(const bool row, query->step());
      if (!row) break;
      later.push_back(query->number_at(0));
    }
  }
  const std::size_t half = std::min(later.size(), (max + 1) / 2);
  found.assign(later.begin(), later.begin() + static_cast<std::ptrdiff_t>(half));
  TONGQU_CHECK(add_due(at(statements_, Sql::due_now), target, max, found));
  TONGQU_CHECK(add_due(at(statements_, Sql::due_fair), target, max, found));
  for (std::size_t i = half; i < later.size() && found.size() < max; ++i) found.push_back(later[i]);
  return found;
}

Result<void> Store::add_due(Statement& statement, std::string_view target, std::size_t max, std::vector<std::int64_t>& found) {
  if (found.size() >= max) return {};
  Use query(statement);
  query->text(1, target);
  query->number(2, static_cast<std::int64_t>(max - found.size()));
  for (;;) {
    TONGQU_TRY(const bool row, query->step());
    if (!row) return {};
    found.push_back(query->number_at(0));
  }
}

std::int64_t Store::due_of(const DeliveryRow& row) {
  if (row.not_before_ms > 0) return row.not_before_ms;
  return order_.place(row.target, row.case_key, [this, &row]() -> std::optional<std::int64_t> {
    Use query(at(statements_, Sql::due_front));
    query->text(1, row.target);
    const auto found = query->step();
    return found && *found ? std::optional<std::int64_t>(query->number_at(0)) : std::nullopt;
  });
}

Result<std::optional<DeliveryRow>> Store::delivery(std::int64_t id) {
  Use query(at(statements_, Sql::delivery));
  query->number(1, id);
  TONGQU_TRY(const bool row, query->step());
  return row ? std::optional<DeliveryRow>(read_delivery(at(statements_, Sql::delivery))) : std::nullopt;
}

Result<MessageForClaim> Store::message_for_claim(std::int64_t message) {
  Use query(at(statements_, Sql::message_for_claim));
  query->number(1, message);
  TONGQU_TRY(const bool row, query->step());
  if (!row) return Error(Errc::journal_corrupt).at("messages.id");
  return MessageForClaim{query->string_at(0), query->string_at(1), query->string_at(2), query->string_at(3), query->string_at(4)};
}

Result<Store::CanonicalBox> Store::canonical_box(std::int64_t message) {
  Use query(at(statements_, Sql::canonical_box));
  query->number(1, message);
  TONGQU_TRY(const bool row, query->step());
  if (!row) return Error(Errc::journal_corrupt).at("messages.id");
  return CanonicalBox{query->string_at(1), query->string_at(0)};
}

Result<std::optional<ReceiptBox>> Store::receipt_before(const DeliveryRow& row) {
  Use query(at(statements_, Sql::delivered_before));
  query->text(1, row.case_key);
  query->text(2, row.target);
  query->number(3, row.id);
  TONGQU_TRY(const bool found, query->step());
  if (!found) return std::optional<ReceiptBox>();
  return std::optional<ReceiptBox>(ReceiptBox{query->number_at(0), query->string_at(2), query->string_at(1)});
}

Result<void> Store::claim(DeliveryRow& row, std::int64_t now_ms) {
  const DeliveryState from = row.state;
  // An unknown delivery stays unknown while somebody asks the platform about it; the fence alone marks it as taken.
  if (from != DeliveryState::unknown) {
    TONGQU_ASSERT(legal_move(from, DeliveryState::sending), "only a ready delivery is claimed for sending");
    row.state = DeliveryState::sending;
    --live_.counters.states[index_of(from)];
    ++live_.counters.states[index_of(row.state)];
  }
  row.fence = ++live_.counters.fence;
  ++row.attempts;
  order_.served(row.target, row.due_ms);
  Use update(at(statements_, Sql::claim));
  update->number(1, number_of(row.state));
  update->number(2, row.fence);
  update->number(3, row.attempts);
  update->number(4, now_ms);
  update->number(5, row.id);
  TONGQU_CHECK(update->step());
  return {};
}

Result<void> Store::move(DeliveryRow& row, const Move& move, std::int64_t now_ms) {
  const DeliveryState from = row.state;
  const bool stays = from == DeliveryState::unknown && move.to == DeliveryState::unknown;
  TONGQU_ASSERT(stays || legal_move(from, move.to), "a delivery moves only as DECISIONS 8 allows");
  row.state = move.to;
  row.fence = 0;
  row.not_before_ms = move.not_before_ms;
  --live_.counters.states[index_of(from)];
  ++live_.counters.states[index_of(row.state)];
  std::optional<std::int64_t> due;
  if (claimable(row.state)) {
    TONGQU_TRY(const bool is_blocked, blocked(row));
    if (!is_blocked) due = due_of(row);
  }
  TONGQU_CHECK(update(row, move, due, now_ms));
  if (due && FairOrder::at_once(*due)) ready_.insert(row.target);
  if (!is_final(row.state)) return {};
  TONGQU_CHECK(release_next(row));
  return release_followers(row, now_ms);
}

Result<void> Store::update(const DeliveryRow& row, const Move& move, std::optional<std::int64_t> due_ms, std::int64_t now_ms) {
  Use update(at(statements_, Sql::update));
  update->number(1, number_of(row.state));
  if (due_ms) update->number(2, *due_ms);
  else update->null(2);
  update->number(3, move.not_before_ms);
  update->number(4, now_ms);
  update->text(5, move.error_id);
  update->text(6, move.reason);
  update->text(7, move.receipt_no);
  update->text(8, move.key_id);
  update->blob(9, move.receipt_box);
  update->number(10, row.id);
  TONGQU_CHECK(update->step());
  return {};
}

// Delivered and refused ones were claimed as the first of their lane, so all before them is finished; discarded ones say nothing.
Result<bool> Store::blocked(const DeliveryRow& row) {
  Use query(at(statements_, Sql::states_before));
  query->text(1, row.case_key);
  query->text(2, row.target);
  query->number(3, row.id);
  for (;;) {
    TONGQU_TRY(const bool found, query->step());
    if (!found) return false;
    const DeliveryState state = state_of(query->number_at(0));
    if (state != DeliveryState::discarded) return !is_final(state);
  }
}

Result<void> Store::release_next(const DeliveryRow& finished) {
  DeliveryRow next;
  {
    Use query(at(statements_, Sql::next_in_lane));
    query->text(1, finished.case_key);
    query->text(2, finished.target);
    query->number(3, finished.id);
    TONGQU_TRY(const bool found, query->step());
    if (!found) return {};
    next = read_delivery(at(statements_, Sql::next_in_lane));
  }
  if (!claimable(next.state) || next.fence != 0) return {};
  TONGQU_TRY(const bool is_blocked, blocked(next));
  if (is_blocked) return {};
  Use update(at(statements_, Sql::set_due));
  update->number(1, due_of(next));
  update->number(2, next.id);
  TONGQU_CHECK(update->step());
  if (FairOrder::at_once(next.not_before_ms)) ready_.insert(next.target);
  return {};
}

Result<void> Store::release_followers(const DeliveryRow& finished, std::int64_t now_ms) {
  std::vector<DeliveryRow> followers;
  {
    const std::int64_t first = message_of(finished.id) * kTargetsMax;
    Use query(at(statements_, Sql::followers));
    query->number(1, first);
    query->number(2, first + kTargetsMax - 1);
    query->text(3, finished.target);
    for (;;) {
      TONGQU_TRY(const bool found, query->step());
      if (!found) break;
      followers.push_back(read_delivery(at(statements_, Sql::followers)));
    }
  }
  for (DeliveryRow& follower : followers) {
    Move next;
    next.to = finished.state == DeliveryState::delivered ? DeliveryState::ready : DeliveryState::held;
    if (next.to == DeliveryState::held) next.error_id = errc_row(Errc::journal_predecessor).id;
    TONGQU_CHECK(move(follower, next, now_ms));
  }
  return {};
}

Result<std::optional<std::int64_t>> Store::message_row(std::string_view message_id) {
  Use query(at(statements_, Sql::message_row));
  query->text(1, message_id);
  TONGQU_TRY(const bool row, query->step());
  return row ? std::optional<std::int64_t>(query->number_at(0)) : std::nullopt;
}

Result<std::vector<std::int64_t>> Store::deliveries_of(std::int64_t message) {
  Use query(at(statements_, Sql::deliveries_of));
  query->number(1, message * kTargetsMax);
  query->number(2, message * kTargetsMax + kTargetsMax - 1);
  std::vector<std::int64_t> found;
  for (;;) {
    TONGQU_TRY(const bool row, query->step());
    if (!row) return found;
    found.push_back(query->number_at(0));
  }
}

Result<bool> Store::delivered_after(const DeliveryRow& row) {
  Use query(at(statements_, Sql::delivered_after));
  query->text(1, row.case_key);
  query->text(2, row.target);
  query->number(3, row.id);
  return query->step();
}

Result<std::int64_t> Store::insert_again(const DeliveryRow& row, std::int64_t now_ms) {
  TONGQU_TRY(const auto ids, deliveries_of(message_of(row.id)));
  DeliveryRow again;
  again.id = ids.back() + 1;
  TONGQU_ASSERT(message_of(again.id) == message_of(row.id), "the caller looked whether there is room");
  again.target = row.target;
  again.case_key = row.case_key;
  TONGQU_TRY(const bool is_blocked, blocked(again));
  Use insert(at(statements_, Sql::insert_delivery));
  insert->number(1, again.id);
  insert->text(2, again.target);
  insert->text(3, again.case_key);
  insert->number(4, number_of(DeliveryState::ready));
  if (is_blocked) insert->null(5);
  else insert->number(5, due_of(again));
  insert->number(6, now_ms);
  insert->number(7, now_ms);
  insert->text(8, "");
  insert->text(9, "");
  TONGQU_CHECK(insert->step());
  ++live_.counters.states[index_of(DeliveryState::ready)];
  if (!is_blocked) ready_.insert(again.target);
  Use later(at(statements_, Sql::block_later));
  later->text(1, again.case_key);
  later->text(2, again.target);
  later->number(3, again.id);
  TONGQU_CHECK(later->step());
  return again.id;
}

Result<std::string> Store::replace_content(std::int64_t message, const Content& content) {
  std::string old_digest;
  {
    Use query(at(statements_, Sql::digest_of));
    query->number(1, message);
    TONGQU_TRY(const bool row, query->step());
    if (!row) return Error(Errc::journal_not_found);
    old_digest = query->string_at(0);
  }
  Use update(at(statements_, Sql::replace_content));
  update->blob(1, content.canonical_box);
  update->blob(2, content.digest);
  update->text(3, content.pack);
  update->text(4, content.pack_digest);
  update->number(5, message);
  update->text(6, content.key_id);
  TONGQU_CHECK(update->step());
  if (database_->changes() != 1) return Error(Errc::crypto_seal_broken).at("key_id");
  return old_digest;
}

Result<std::vector<std::int64_t>> Store::left_claimed() {
  Use query(at(statements_, Sql::left_claimed));
  std::vector<std::int64_t> found;
  for (;;) {
    TONGQU_TRY(const bool row, query->step());
    if (!row) return found;
    found.push_back(query->number_at(0));
  }
}

std::set<std::string> Store::take_ready() { return std::exchange(ready_, {}); }

} // namespace tongqu::journal::detail
