#include "journal/lane_rules.hpp"

#include "tongqu/base/assert.hpp"

namespace tongqu::journal::detail {
namespace {

std::size_t index_of(DeliveryState state) { return static_cast<std::size_t>(state); }
bool claimable(DeliveryState state) { return state == DeliveryState::ready || state == DeliveryState::unknown; }

} // namespace

void LaneRules::count(DeliveryState from, DeliveryState to) {
  --counters().states[index_of(from)];
  ++counters().states[index_of(to)];
}

std::int64_t LaneRules::under_way() noexcept {
  std::int64_t sum = 0;
  for (const DeliveryState state : {DeliveryState::waiting, DeliveryState::ready, DeliveryState::sending, DeliveryState::unknown}) sum += counters().states[index_of(state)];
  return sum;
}

Result<void> LaneRules::insert_deliveries(const Intake& intake, std::int64_t now_ms) {
  DeliveryRow row;
  row.id = last_message() * kTargetsMax;
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

Result<void> LaneRules::claim(DeliveryRow& row, std::int64_t now_ms) {
  const DeliveryState from = row.state;
  // An unknown delivery stays unknown while somebody asks the platform about it; the fence alone marks it as taken.
  if (from != DeliveryState::unknown) {
    TONGQU_ASSERT(legal_move(from, DeliveryState::sending), "only a ready delivery is claimed for sending");
    row.state = DeliveryState::sending;
    count(from, row.state);
  }
  row.fence = ++counters().fence;
  ++row.attempts;
  row.changed_ms = now_ms;
  return write_claim(row);
}

Result<void> LaneRules::move(DeliveryRow& row, const Move& move, std::int64_t now_ms) {
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
  count(from, row.state);
  std::optional<std::int64_t> due;
  if (claimable(row.state)) {
    TONGQU_TRY(const bool is_blocked, blocked(row));
    if (!is_blocked) due = due_of(row);
  }
  TONGQU_CHECK(update(row, due));
  if (!move.receipt_box.empty() || !move.receipt_no.empty()) {
    TONGQU_CHECK(put_receipt({row.id, std::string(move.receipt_no), std::string(move.key_id), std::string(move.receipt_box), false}));
  }
  if (due) note_due(row.target, *due, row.id);
  if (!is_final(row.state)) return {};
  if (row.state == DeliveryState::delivered) TONGQU_CHECK(wake_early(row));
  TONGQU_CHECK(release_next(row, now_ms));
  return release_followers(row, now_ms);
}

// What the counters had it under cannot be known; the state that the row tells is the best guess.
Result<void> LaneRules::discard_damaged(DeliveryRow& row, std::string_view reason, std::int64_t now_ms) {
  std::int64_t& count = counters().states[index_of(row.state)];
  if (count > 0) --count;
  ++counters().states[index_of(DeliveryState::discarded)];
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

// Delivered and refused ones were claimed as the first of their lane, so all before them is finished, unless one passed another that had
// come too early: few do, and not far. Discarded ones say nothing. Behind a damaged one nothing moves until a person has looked.
Result<bool> LaneRules::blocked(const DeliveryRow& row) {
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
Result<bool> LaneRules::may_pass(const DeliveryRow& row, const std::vector<DeliveryRow>& ahead) {
  if (!waits_for_earlier(ahead.back())) return false;
  for (const DeliveryRow& one : ahead) {
    TONGQU_TRY(const bool earlier, is_earlier(row, one));
    if (!earlier) return false;
  }
  return true;
}

Result<std::optional<int>> LaneRules::place_of(const DeliveryRow& row) {
  TONGQU_TRY(const auto found, message(message_of(row.id)));
  if (!found || found->damaged) return std::optional<int>();
  const auto place = event_places_.find(found->event);
  return place == event_places_.end() ? std::nullopt : std::optional<int>(place->second);
}

Result<bool> LaneRules::is_earlier(const DeliveryRow& row, const DeliveryRow& other) {
  TONGQU_TRY(const auto own, place_of(row));
  TONGQU_TRY(const auto others, place_of(other));
  return own && others && *own < *others;
}

Result<void> LaneRules::release_earlier(const DeliveryRow& row) {
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
Result<void> LaneRules::wake_early(const DeliveryRow& delivered) {
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

Result<void> LaneRules::release_next(const DeliveryRow& finished, std::int64_t now_ms) {
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

Result<void> LaneRules::release_followers(const DeliveryRow& finished, std::int64_t now_ms) {
  TONGQU_TRY(auto waiting, followers(finished));
  for (DeliveryRow& follower : waiting) {
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

Result<bool> LaneRules::delivered_after(const DeliveryRow& row) {
  std::int64_t from = row.id;
  for (;;) {
    TONGQU_TRY(const auto next, nearest_in_lane(row, from, true));
    if (!next) return false;
    if (!next->damaged && next->state == DeliveryState::delivered) return true;
    from = next->id;
  }
}

Result<std::int64_t> LaneRules::insert_again(const DeliveryRow& row, std::int64_t now_ms) {
  TONGQU_TRY(const auto ids, deliveries_of(message_of(row.id)));
  DeliveryRow again;
  again.id = ids.back() + 1;
  TONGQU_ASSERT(message_of(again.id) == message_of(row.id), "the caller looked whether there is room");
  again.target = row.target;
  again.case_key = row.case_key;
  again.state = DeliveryState::ready;
  TONGQU_CHECK(insert_between(again, now_ms));
  std::int64_t from = again.id;
  for (;;) {
    TONGQU_TRY(const auto later, nearest_in_lane(again, from, true));
    if (!later) return again.id;
    from = later->id;
    // What is under way stays findable as such.
    if (later->fence == 0) TONGQU_CHECK(set_due(later->id, std::nullopt));
  }
}

Result<void> LaneRules::reschedule(DeliveryRow& row, std::int64_t not_before_ms) {
  row.not_before_ms = not_before_ms;
  const std::int64_t due = due_of(row);
  TONGQU_CHECK(update(row, due));
  note_due(row.target, due, row.id);
  return {};
}

Result<void> LaneRules::mark_one_restored(DeliveryRow& row, std::int64_t now_ms) {
  const bool could_go = row.state == DeliveryState::ready || row.state == DeliveryState::sending || row.state == DeliveryState::unknown;
  if (could_go) {
    count(row.state, DeliveryState::unknown);
    row.state = DeliveryState::unknown;
    row.not_before_ms = 0;
  }
  row.fence = 0;
  row.changed_ms = now_ms;
  row.error_id = errc_row(Errc::journal_restored).id;
  std::optional<std::int64_t> due;
  if (could_go) {
    TONGQU_TRY(const bool is_blocked, blocked(row));
    if (!is_blocked) due = due_of(row);
  }
  return update(row, due);
}

} // namespace tongqu::journal::detail
