#include <algorithm>
#include <limits>

#include "journal/sqlite/store.hpp"
#include "journal/sqlite/store_sql.hpp"
#include "tongqu/base/assert.hpp"

namespace tongqu::journal::detail {
namespace {

std::size_t index_of(DeliveryState state) { return static_cast<std::size_t>(state); }
std::int64_t number_of(DeliveryState state) { return static_cast<std::int64_t>(state); }

/// How far back one is looked for that others of its case have passed.
constexpr int kPassedFar = 64;

bool claimable(DeliveryState state) { return state == DeliveryState::ready || state == DeliveryState::unknown; }

} // namespace

Result<void> Store::insert_deliveries(const Intake& intake, std::int64_t now_ms) {
  DeliveryRow row;
  row.id = live_.counters.last_message * kTargetsMax;
  row.case_key = lane_of(intake);
  for (const Intake::Target& target : intake.targets) {
    row.target = target.name;
    row.state = target.state;
    row.after = target.after;
    row.reason = target.reason;
    row.error_id = target.error_id;
    TONGQU_CHECK(insert_delivery(row, now_ms));
    ++row.id;
  }
  return {};
}

Result<void> Store::insert_delivery(DeliveryRow& row, std::int64_t now_ms) {
  row.created_ms = row.changed_ms = now_ms;
  std::int64_t& first = firsts_[static_cast<std::size_t>(message_of(row.id)) % kFirsts];
  first = 0;  // A number that was rolled back is given again, to another lane.
  TONGQU_TRY(const auto in_front, nearest_in_lane(row, row.id, false));
  bool is_blocked = false;
  if (!in_front) {
    first = row.id;
  } else {
    TONGQU_TRY(is_blocked, blocked(row));
  }
  const bool due = row.state == DeliveryState::ready && !is_blocked;
  Use insert(at(statements_, Sql::insert_delivery));
  insert->number(1, row.id);
  insert->text(2, row.target);
  insert->text(3, row.case_key);
  insert->number(4, number_of(row.state));
  for (int i = 5; i <= 7; ++i) insert->number(i, 0);
  insert->number(8, now_ms);
  insert->number(9, now_ms);
  insert->text(10, row.after);
  insert->text(11, row.error_id);
  insert->text(12, row.reason);
  insert->number(13, checks_.of(row));
  row.due_ms = due ? due_of(row) : 0;
  if (due) insert->number(14, row.due_ms);
  else insert->null(14);
  TONGQU_CHECK(insert->step());
  add_key(hash_.of_lane(row.case_key, row.target), row.id);
  ++live_.counters.states[index_of(row.state)];
  if (due) note_due(row.target, row.due_ms, row.id);
  return {};
}

Result<void> Store::set_due(std::int64_t delivery, std::optional<std::int64_t> due_ms) {
  Use update(at(statements_, Sql::set_due));
  if (due_ms) update->number(1, *due_ms);
  else update->null(1);
  update->number(2, delivery);
  TONGQU_CHECK(update->step());
  return {};
}

void Store::note_due(const std::string& target, std::int64_t due_ms, std::int64_t id) {
  if (!FairOrder::at_once(due_ms)) return;
  ready_.insert(target);
  const auto handed = handed_out_.find(target);
  if (handed != handed_out_.end() && std::pair(due_ms, id) <= handed->second) handed->second = {due_ms, id - 1};
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

Result<std::vector<DeliveryRow>> Store::due(const std::string& target, std::int64_t schedule_ms, std::size_t max) {
  std::vector<DeliveryRow> later, found;
  const auto collect = [this](Sql which, std::vector<DeliveryRow>& into) -> Result<void> {
    for (;;) {
      TONGQU_TRY(const bool row, at(statements_, which).step());
      if (!row) return {};
      into.push_back(read_delivery(at(statements_, which), checks_));
    }
  };
  {
    Use query(at(statements_, Sql::due_later));
    query->text(1, target);
    query->number(2, schedule_ms);
    query->number(3, static_cast<std::int64_t>(max));
    TONGQU_CHECK(collect(Sql::due_later, later));
  }
  const auto half = static_cast<std::ptrdiff_t>(std::min(later.size(), (max + 1) / 2));
  found.assign(later.begin(), later.begin() + half);
  if (found.size() < max) {
    Use query(at(statements_, Sql::due_now));
    query->text(1, target);
    query->number(2, static_cast<std::int64_t>(max - found.size()));
    TONGQU_CHECK(collect(Sql::due_now, found));
  }
  TONGQU_CHECK(add_fair(target, max, found));
  for (auto one = later.begin() + half; one != later.end() && found.size() < max; ++one) found.push_back(std::move(*one));
  return found;
}

/// Those in the fair order stay in its index until they are settled, so the search goes on behind what is handed out already.
Result<void> Store::add_fair(const std::string& target, std::size_t max, std::vector<DeliveryRow>& found) {
  if (found.size() >= max) return {};
  const auto handed_out = handed_out_.try_emplace(target, std::numeric_limits<std::int64_t>::min(), 0).first;
  Use query(at(statements_, Sql::due_fair));
  query->text(1, target);
  query->number(2, handed_out->second.first);
  query->number(3, handed_out->second.second);
  query->number(4, static_cast<std::int64_t>(max - found.size()));
  for (;;) {
    TONGQU_TRY(const bool row, query->step());
    if (!row) return {};
    found.push_back(read_delivery(at(statements_, Sql::due_fair), checks_));
    handed_out->second = {found.back().due_ms, found.back().id};
  }
}

Result<std::optional<DeliveryRow>> Store::delivery(std::int64_t id) {
  Use query(at(statements_, Sql::delivery));
  query->number(1, id);
  TONGQU_TRY(const bool row, query->step());
  return row ? std::optional<DeliveryRow>(read_delivery(at(statements_, Sql::delivery), checks_)) : std::nullopt;
}

/// Keys of messages behind `indexed` are all in memory, whatever of them is in the table already.
Result<std::optional<std::int64_t>> Store::nearest_key(std::int64_t hash, std::int64_t from, bool forward) {
  if (!forward) return keys_->before(hash, from);
  if (message_of(from) > live_.counters.indexed) return keys_->recent().after(hash, from);
  return keys_->after(hash, from);
}

/// The next delivery of the lane in one direction, behind `from`. One that is damaged counts as of this lane whatever it says: its key
/// was made when it was whole.
Result<std::optional<DeliveryRow>> Store::nearest_in_lane(const DeliveryRow& row, std::int64_t from, bool forward) {
  const std::int64_t hash = hash_.of_lane(row.case_key, row.target);
  const std::int64_t first = firsts_[static_cast<std::size_t>(message_of(row.id)) % kFirsts];
  if (!forward && from == row.id && first == row.id) return std::optional<DeliveryRow>();
  for (;;) {
    TONGQU_TRY(const auto id, nearest_key(hash, from, forward));
    if (!id) return std::optional<DeliveryRow>();
    TONGQU_TRY(auto found, delivery(*id));
    if (!found) return damaged_row("deliveries", *id);
    if (found->damaged || (found->case_key == row.case_key && found->target == row.target)) return found;
    from = *id;
  }
}

Result<std::optional<ReceiptRow>> Store::receipt_before(const DeliveryRow& row) {
  std::int64_t from = row.id;
  for (;;) {
    TONGQU_TRY(const auto before, nearest_in_lane(row, from, false));
    if (!before) return std::optional<ReceiptRow>();
    if (before->damaged) return damaged_row("deliveries", before->id);
    from = before->id;
    if (before->state != DeliveryState::delivered) continue;
    Use query(at(statements_, Sql::receipt));
    query->number(1, before->id);
    TONGQU_TRY(const bool found, query->step());
    if (!found) return std::optional<ReceiptRow>(ReceiptRow{before->id, {}, {}, {}, false}); // Settled by a person: no receipt.
    auto receipt = read_receipt(at(statements_, Sql::receipt), checks_);
    if (receipt.damaged) return damaged_row("receipts", before->id);
    return std::optional<ReceiptRow>(std::move(receipt));
  }
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
  row.changed_ms = now_ms;
  Use update(at(statements_, Sql::claim));
  update->number(1, number_of(row.state));
  update->number(2, row.fence);
  update->number(3, row.attempts);
  update->number(4, now_ms);
  update->number(5, checks_.of(row));
  update->number(6, row.id);
  TONGQU_CHECK(update->step());
  return {};
}

Result<void> Store::move(DeliveryRow& row, const Move& move, std::int64_t now_ms) {
  const DeliveryState from = row.state;
  const bool stays = from == DeliveryState::unknown && move.to == DeliveryState::unknown;
  TONGQU_ASSERT(stays || legal_move(from, move.to), "a delivery moves only as DECISIONS 8 allows");
  // Out of a backup: it may have gone out since, so that it is asked about before it goes.
  const std::string_view restored = errc_row(Errc::journal_restored).id;
  const bool ask_first = move.to == DeliveryState::ready && from != DeliveryState::unknown && row.error_id == restored;
  row.state = ask_first ? DeliveryState::unknown : move.to;
  row.fence = 0;
  row.not_before_ms = move.not_before_ms;
  row.changed_ms = now_ms;
  row.error_id = ask_first ? restored : move.error_id;
  row.reason = move.reason;
  --live_.counters.states[index_of(from)];
  ++live_.counters.states[index_of(row.state)];
  std::optional<std::int64_t> due;
  if (claimable(row.state)) {
    TONGQU_TRY(const bool is_blocked, blocked(row));
    if (!is_blocked) due = due_of(row);
  }
  TONGQU_CHECK(update(row, due));
  if (!move.receipt_box.empty() || !move.receipt_no.empty()) TONGQU_CHECK(put_receipt(row.id, move));
  if (due) note_due(row.target, *due, row.id);
  if (!is_final(row.state)) return {};
  if (row.state == DeliveryState::delivered) TONGQU_CHECK(wake_early(row));
  TONGQU_CHECK(release_next(row, now_ms));
  return release_followers(row, now_ms);
}

// What the counters had it under cannot be known; the state that the row tells is the best guess.
Result<void> Store::discard_damaged(DeliveryRow& row, std::string_view reason, std::int64_t now_ms) {
  std::int64_t& count = live_.counters.states[index_of(row.state)];
  if (count > 0) --count;
  ++live_.counters.states[index_of(DeliveryState::discarded)];
  row.state = DeliveryState::discarded;
  row.fence = 0;
  row.changed_ms = now_ms;
  row.error_id = errc_row(Errc::journal_row_damaged).id;
  row.reason = reason;
  row.damaged = false;
  TONGQU_CHECK(update(row, std::nullopt));
  TONGQU_CHECK(release_next(row, now_ms));
  return release_followers(row, now_ms);
}

Result<void> Store::update(const DeliveryRow& row, std::optional<std::int64_t> due_ms) {
  Use update(at(statements_, Sql::update));
  update->number(1, number_of(row.state));
  if (due_ms) update->number(2, *due_ms);
  else update->null(2);
  update->number(3, row.not_before_ms);
  update->number(4, row.fence);
  update->number(5, row.changed_ms);
  update->text(6, row.error_id);
  update->text(7, row.reason);
  update->number(8, checks_.of(row));
  update->number(9, row.id);
  TONGQU_CHECK(update->step());
  return {};
}

Result<void> Store::put_receipt(std::int64_t delivery, const Move& move) {
  const ReceiptRow row{delivery, std::string(move.receipt_no), std::string(move.key_id), std::string(move.receipt_box), false};
  Use put(at(statements_, Sql::put_receipt));
  put->number(1, delivery);
  put->text(2, row.number);
  put->text(3, row.key_id);
  put->blob(4, row.box);
  put->number(5, checks_.of(row));
  TONGQU_CHECK(put->step());
  return {};
}

// Delivered and refused ones were claimed as the first of their lane, so all before them is finished, unless one passed another that had
// come too early: few do, and not far. Discarded ones say nothing. Behind a damaged one nothing moves until a person has looked.
Result<bool> Store::blocked(const DeliveryRow& row) {
  std::vector<DeliveryRow> ahead;
  bool early = false;
  std::int64_t from = row.id;
  for (int looked = 0; looked < kPassedFar;) {
    TONGQU_TRY(auto before, nearest_in_lane(row, from, false));
    if (!before) break;
    if (before->damaged) return true;
    from = before->id;
    if (before->state == DeliveryState::discarded) continue;
    ++looked;
    const bool final = is_final(before->state);
    if (event_places_.empty()) return !final;
    if (final) continue;
    const bool waits = waits_for_earlier(*before);
    if (!waits && (before->state != DeliveryState::ready || before->fence != 0)) return true;
    early = early || waits;
    ahead.push_back(*std::move(before));
  }
  if (ahead.empty() || !early) return !ahead.empty();
  TONGQU_TRY(const bool passes, may_pass(row, ahead));
  return !passes;
}

/// One that the platform wants before the first of those in front may pass all of them: what stands behind that one has not been sent.
Result<bool> Store::may_pass(const DeliveryRow& row, const std::vector<DeliveryRow>& ahead) {
  if (!waits_for_earlier(ahead.back())) return false;
  for (const DeliveryRow& one : ahead) {
    TONGQU_TRY(const bool earlier, is_earlier(row, one));
    if (!earlier) return false;
  }
  return true;
}

Result<std::optional<int>> Store::place_of(const DeliveryRow& row) {
  TONGQU_TRY(const auto found, message(message_of(row.id)));
  if (!found || found->damaged) return std::optional<int>();
  const auto place = event_places_.find(found->event);
  return place == event_places_.end() ? std::nullopt : std::optional<int>(place->second);
}

Result<bool> Store::is_earlier(const DeliveryRow& row, const DeliveryRow& other) {
  TONGQU_TRY(const auto own, place_of(row));
  TONGQU_TRY(const auto others, place_of(other));
  return own && others && *own < *others;
}

Result<void> Store::release_earlier(const DeliveryRow& row) {
  std::int64_t from = row.id;
  for (;;) {
    TONGQU_TRY(const auto next, nearest_in_lane(row, from, true));
    if (!next || next->damaged) return {};
    from = next->id;
    if (!claimable(next->state) || next->fence != 0) continue;
    TONGQU_TRY(const bool earlier, is_earlier(*next, row));
    if (!earlier) continue;
    TONGQU_TRY(const bool is_blocked, blocked(*next));
    if (is_blocked) continue;
    const std::int64_t due = due_of(*next);
    TONGQU_CHECK(set_due(next->id, due));
    note_due(next->target, due, next->id);
  }
}

// Those that came too early need not wait for their time any longer; they are tried in their order.
Result<void> Store::wake_early(const DeliveryRow& delivered) {
  if (event_places_.empty()) return {};
  constexpr std::int64_t kAtOnce = 1;
  std::int64_t from = delivered.id;
  for (int i = 0; i < kPassedFar; ++i) {
    TONGQU_TRY(const auto before, nearest_in_lane(delivered, from, false));
    if (!before || before->damaged) return {};
    from = before->id;
    if (before->state != DeliveryState::ready || !waits_for_earlier(*before)) continue;
    TONGQU_TRY(const bool is_blocked, blocked(*before));
    if (is_blocked) continue;
    TONGQU_CHECK(set_due(before->id, kAtOnce));
    ready_.insert(before->target);
  }
  return {};
}

Result<void> Store::release_next(const DeliveryRow& finished, std::int64_t now_ms) {
  std::int64_t from = finished.id;
  for (;;) {
    TONGQU_TRY(const auto next, nearest_in_lane(finished, from, true));
    if (!next) return {};
    if (next->damaged) return set_apart(next->id, now_ms);
    from = next->id;
    if (is_final(next->state)) continue;
    if (!claimable(next->state) || next->fence != 0) return {};
    TONGQU_TRY(const bool is_blocked, blocked(*next));
    if (is_blocked) return {};
    const std::int64_t due = due_of(*next);
    TONGQU_CHECK(set_due(next->id, due));
    note_due(next->target, due, next->id);
    return {};
  }
}

Result<std::vector<std::int64_t>> Store::waiting(std::size_t max) {
  TONGQU_TRY(auto query, Statement::prepare(*database_, "SELECT id FROM deliveries INDEXED BY deliveries_open WHERE " TONGQU_OPEN_STATES("state") " AND state = 0 "
                                                        "ORDER BY id LIMIT ?"));
  query.number(1, static_cast<std::int64_t>(max));
  std::vector<std::int64_t> found;
  for (;;) {
    TONGQU_TRY(const bool row, query.step());
    if (!row) return found;
    found.push_back(query.number_at(0));
  }
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
      followers.push_back(read_delivery(at(statements_, Sql::followers), checks_));
    }
  }
  for (DeliveryRow& follower : followers) {
    if (follower.damaged) {
      TONGQU_CHECK(set_apart(follower.id, now_ms));
      continue;
    }
    Move next;
    next.to = finished.state == DeliveryState::delivered ? DeliveryState::ready : DeliveryState::held;
    if (next.to == DeliveryState::held) next.error_id = errc_row(Errc::journal_predecessor).id;
    TONGQU_CHECK(move(follower, next, now_ms));
  }
  return {};
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
  std::int64_t from = row.id;
  for (;;) {
    TONGQU_TRY(const auto next, nearest_in_lane(row, from, true));
    if (!next) return false;
    if (!next->damaged && next->state == DeliveryState::delivered) return true;
    from = next->id;
  }
}

Result<std::int64_t> Store::insert_again(const DeliveryRow& row, std::int64_t now_ms) {
  TONGQU_TRY(const auto ids, deliveries_of(message_of(row.id)));
  DeliveryRow again;
  again.id = ids.back() + 1;
  TONGQU_ASSERT(message_of(again.id) == message_of(row.id), "the caller looked whether there is room");
  again.target = row.target;
  again.case_key = row.case_key;
  again.state = DeliveryState::ready;
  TONGQU_CHECK(insert_delivery(again, now_ms));
  {
    // The keys of its message may all be in the table, and after a crash nobody reads that message's rows for others.
    Use insert(at(statements_, Sql::insert_key));
    insert->number(1, hash_.of_lane(again.case_key, again.target));
    insert->number(2, again.id);
    TONGQU_CHECK(insert->step());
  }
  std::int64_t from = again.id;
  for (;;) {
    TONGQU_TRY(const auto later, nearest_in_lane(again, from, true));
    if (!later) return again.id;
    from = later->id;
    // What is under way stays findable as such.
    if (later->fence == 0) TONGQU_CHECK(set_due(later->id, std::nullopt));
  }
}

Result<std::vector<std::int64_t>> Store::due_after(std::int64_t at_ms) {
  constexpr std::int64_t kYears = std::int64_t{10} * 366 * 86400 * 1000;  // What is further away waits for a person.
  std::vector<std::int64_t> found;
  Use query(at(statements_, Sql::far_waits));
  query->number(1, at_ms);
  query->number(2, at_ms + kYears);
  for (;;) {
    TONGQU_TRY(const bool row, query->step());
    if (!row) return found;
    found.push_back(query->number_at(0));
  }
}

Result<void> Store::reschedule(DeliveryRow& row, std::int64_t not_before_ms) {
  row.not_before_ms = not_before_ms;
  const std::int64_t due = due_of(row);
  TONGQU_CHECK(update(row, due));
  note_due(row.target, due, row.id);
  return {};
}

// Claims are made from the front, and there are as many as the counter says, so the queue is not walked to its end.
Result<std::vector<std::int64_t>> Store::asked_before(std::int64_t at_ms) {
  std::vector<std::int64_t> found;
  Use query(at(statements_, Sql::early_questions));
  query->number(1, at_ms);
  for (;;) {
    TONGQU_TRY(const bool row, query->step());
    if (!row) return found;
    found.push_back(query->number_at(0));
  }
}

Result<std::vector<std::int64_t>> Store::left_claimed() {
  std::vector<std::int64_t> found;
  const auto collect = [this, &found](Sql which) -> Result<void> {
    for (;;) {
      TONGQU_TRY(const bool row, at(statements_, which).step());
      if (!row) return {};
      found.push_back(at(statements_, which).number_at(0));
    }
  };
  const std::int64_t sending = live_.counters.states[index_of(DeliveryState::sending)];
  if (sending > 0) {
    Use query(at(statements_, Sql::left_sending));
    query->number(1, sending);
    TONGQU_CHECK(collect(Sql::left_sending));
  }
  Use query(at(statements_, Sql::left_asking));
  TONGQU_CHECK(collect(Sql::left_asking));
  std::sort(found.begin(), found.end());
  return found;
}

} // namespace tongqu::journal::detail
