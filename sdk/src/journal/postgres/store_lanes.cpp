#include <algorithm>

#include "journal/postgres/store.hpp"
#include "tongqu/base/assert.hpp"

/// The rows that the rules of a lane need, as far as they are known here.
namespace tongqu::journal::detail {
namespace {

std::size_t index_of(DeliveryState state) { return static_cast<std::size_t>(state); }
bool claimable(DeliveryState state) { return state == DeliveryState::ready || state == DeliveryState::unknown; }

constexpr int kLaneColumn = 14;

} // namespace

PgStore::Held& PgStore::hold(PgDelivery found, Held::State state) {
  const std::int64_t id = found.row.id;
  return deliveries_.try_emplace(id, Held{std::move(found.row), found.due, state}).first->second;
}

Result<PgStore::Held*> PgStore::held(std::int64_t id) {
  if (!open_) deliveries_.clear(); // Outside a transaction nothing stays as it was read.
  const auto here = deliveries_.find(id);
  if (here != deliveries_.end()) return &here->second;
  TONGQU_TRY(const auto rows, ask(PgSql::delivery, PgParams().number(id)));
  if (rows.size() == 0) return static_cast<Held*>(nullptr);
  return &hold(read_pg_delivery({rows, 0}, checks_));
}

Result<std::optional<DeliveryRow>> PgStore::delivery(std::int64_t id) {
  TONGQU_TRY(const Held* const found, held(id));
  return found != nullptr ? std::optional<DeliveryRow>(found->row) : std::nullopt;
}

void PgStore::remember_between(std::int64_t hash, std::int64_t before, std::int64_t after) {
  Lane& lane = lanes_[hash];
  if (before != 0) lane.after[before] = after;
  if (after != 0) lane.before[after] = before;
  else lane.last = before;
}

PgParams PgStore::settled_params(const std::vector<std::int64_t>& messages) const {
  PgParams params;
  params.numbers(messages).number(far_before()).number(far_after());
  return params;
}

/// Rows stand one behind the other as they do in their lane, for each of those that were asked for.
void PgStore::take_settled(const PgRows& rows) {
  std::int64_t before = 0, behind = 0, first = 0;
  for (int i = 0; i < rows.size(); ++i) {
    const std::int64_t middle = rows.number_at(i, 0), id = rows.number_at(i, 1), lane = rows.number_at(i, 1 + kLaneColumn);
    hold(read_pg_delivery({rows, i}, checks_, 1));
    const bool begins = i == 0 || rows.number_at(i - 1, 0) != middle, ends = i + 1 == rows.size() || rows.number_at(i + 1, 0) != middle;
    if (begins) before = behind = 0;
    else remember_between(lane, rows.number_at(i - 1, 1), id);
    before += id < middle ? 1 : 0;
    behind += id > middle ? 1 : 0;
    if (begins) first = id;
    if (!ends) continue;
    if (before < far_before()) remember_between(lane, 0, first);
    if (behind < far_after()) remember_between(lane, id, 0);
  }
}

void PgStore::take_due(const PgRows& rows, DueList& into) {
  constexpr int kBefore = kPgDeliveryColumns, kReceipt = 2 * kPgDeliveryColumns;
  for (int i = 0; i < rows.size(); ++i) {
    const std::int64_t id = rows.number_at(i, 0);
    hold(read_pg_delivery({rows, i}, checks_));
    into.ids.push_back(id);
    const std::int64_t before = rows.null_at(i, kBefore) ? 0 : rows.number_at(i, kBefore);
    Lane& lane = lanes_[rows.number_at(i, kLaneColumn)];
    lane.before[id] = before;
    if (before == 0) continue;
    lane.after[before] = id;
    hold(read_pg_delivery({rows, i}, checks_, kBefore));
    const bool has_receipt = !rows.null_at(i, kReceipt);
    receipts_.try_emplace(before, has_receipt ? std::optional<ReceiptRow>(read_pg_receipt({rows, i}, checks_, kReceipt)) : std::nullopt);
  }
}

Result<void> PgStore::insert_delivery(DeliveryRow& row, std::int64_t now_ms) {
  row.created_ms = row.changed_ms = now_ms;
  const std::int64_t hash = checks_.hash.of_lane(row.case_key, row.target);
  TONGQU_TRY(const bool is_blocked, blocked(row));
  TONGQU_TRY(const auto before, neighbour(hash, row.id, false));
  TONGQU_TRY(const auto after, neighbour(hash, row.id, true));
  std::optional<std::int64_t> due;
  if (row.state == DeliveryState::ready && !is_blocked) due = due_of(row);
  row.due_ms = due.value_or(0);
  hold({row, due}, Held::State::added);
  remember_between(hash, before.value_or(0), row.id);
  remember_between(hash, row.id, after.value_or(0));
  ++live_.counters.states[index_of(row.state)];
  ++writes_;
  if (due) note_due(row.target, *due, row.id);
  return {};
}

Result<void> PgStore::set_due(std::int64_t delivery, std::optional<std::int64_t> due_ms) {
  TONGQU_TRY(Held* const one, held(delivery));
  if (one == nullptr) return {};
  one->due = due_ms;
  one->row.due_ms = due_ms.value_or(0);
  if (one->state == Held::State::clean) one->state = Held::State::due_changed;
  ++writes_;
  return {};
}

void PgStore::note_due(const std::string& target, std::int64_t due_ms, std::int64_t) {
  if (due_ms <= 0) ready_.insert(target);
}

std::int64_t PgStore::due_of(const DeliveryRow& row) {
  return row.not_before_ms > 0 ? row.not_before_ms : turns_.place(row.target, row.case_key);
}

/// Of a list in the order of due times: up to half whose time has come, the others from those that are due at once.
std::vector<DeliveryRow> PgStore::pick(const DueList& list, std::int64_t schedule_ms, std::size_t max) const {
  std::vector<const Held*> at_once, later;
  for (const std::int64_t id : list.ids) {
    const Held& one = deliveries_.at(id);
    if (!one.due || one.row.fence != 0 || *one.due > schedule_ms) continue;
    if (!one.row.damaged && !claimable(one.row.state)) continue;
    (*one.due <= 0 ? at_once : later).push_back(&one);
  }
  std::vector<DeliveryRow> found;
  const std::size_t half = std::min(later.size(), (max + 1) / 2);
  for (std::size_t i = 0; i < half; ++i) found.push_back(later[i]->row);
  for (std::size_t i = 0; i < at_once.size() && found.size() < max; ++i) found.push_back(at_once[i]->row);
  for (std::size_t i = half; i < later.size() && found.size() < max; ++i) found.push_back(later[i]->row);
  return found;
}

Result<std::vector<DeliveryRow>> PgStore::due(const std::string& target, std::int64_t schedule_ms, std::size_t max) {
  const auto foreseen = due_.find(target);
  if (foreseen != due_.end()) {
    auto found = pick(foreseen->second, schedule_ms, max);
    // What this very group has made ready was not there when it was asked for.
    if (!found.empty() || (foreseen->second.ids.empty() && ready_.count(target) == 0)) return found;
  }
  TONGQU_TRY(const auto rows, ask_fresh(PgSql::due, PgParams().text(target).number(schedule_ms).number(static_cast<std::int64_t>(max))));
  DueList& list = due_[target];
  list.ids.clear();
  take_due(rows, list);
  return pick(list, schedule_ms, max);
}

/// Nearest id of a lane behind or before another one.
Result<std::optional<std::int64_t>> PgStore::neighbour(std::int64_t hash, std::int64_t from, bool forward) {
  const auto answer = [](std::int64_t id) { return id == 0 ? std::optional<std::int64_t>() : std::optional<std::int64_t>(id); };
  Lane& lane = lanes_[hash];
  const auto& known = forward ? lane.after : lane.before;
  if (const auto here = known.find(from); here != known.end()) return answer(here->second);
  if (lane.last && forward && from >= *lane.last) return std::optional<std::int64_t>();
  if (lane.last && !forward && from > *lane.last) return answer(*lane.last);
  TONGQU_TRY(const auto rows, ask_fresh(forward ? PgSql::after_in_lane : PgSql::before_in_lane, PgParams().number(hash).number(from)));
  if (rows.size() == 0) {
    if (forward) lane.last = lane.last.value_or(from);
    return std::optional<std::int64_t>();
  }
  const std::int64_t id = hold(read_pg_delivery({rows, 0}, checks_)).row.id;
  return std::optional<std::int64_t>(id);
}

/// The next delivery of the lane in one direction, behind `from`. One that is damaged counts as of this lane whatever it says: its key
/// was made when it was whole.
Result<std::optional<DeliveryRow>> PgStore::nearest_in_lane(const DeliveryRow& row, std::int64_t from, bool forward) {
  const std::int64_t hash = checks_.hash.of_lane(row.case_key, row.target);
  for (;;) {
    TONGQU_TRY(const auto id, neighbour(hash, from, forward));
    if (!id) return std::optional<DeliveryRow>();
    TONGQU_TRY(auto found, delivery(*id));
    if (!found) return damaged_row("deliveries", *id);
    if (found->damaged || (found->case_key == row.case_key && found->target == row.target)) return found;
    from = *id;
  }
}

Result<std::optional<ReceiptRow>> PgStore::receipt_before(const DeliveryRow& row) {
  std::int64_t from = row.id;
  for (;;) {
    TONGQU_TRY(const auto before, nearest_in_lane(row, from, false));
    if (!before) return std::optional<ReceiptRow>();
    if (before->damaged) return damaged_row("deliveries", before->id);
    from = before->id;
    if (before->state != DeliveryState::delivered) continue;
    auto here = receipts_.find(from);
    if (here == receipts_.end()) {
      TONGQU_TRY(const auto rows, ask_fresh(PgSql::receipt, PgParams().number(from)));
      here = receipts_.emplace(from, rows.size() > 0 ? std::optional<ReceiptRow>(read_pg_receipt({rows, 0}, checks_)) : std::nullopt).first;
    }
    if (!here->second) return std::optional<ReceiptRow>(ReceiptRow{from, {}, {}, {}, false}); // Settled by a person: no receipt.
    if (here->second->damaged) return damaged_row("receipts", from);
    return here->second;
  }
}

Result<void> PgStore::put_receipt(ReceiptRow row) {
  receipts_[row.delivery] = row;
  new_receipts_[row.delivery] = std::move(row);
  ++writes_;
  return {};
}

/// Whatever ends a claim goes through here, so that its row in `claims` goes with it.
Result<void> PgStore::update(const DeliveryRow& row, std::optional<std::int64_t> due_ms) {
  TONGQU_TRY(Held* const one, held(row.id));
  TONGQU_ASSERT(one != nullptr, "only a row that was read is changed");
  if (row.fence == 0 && one->row.fence != 0) {
    ended_claims_.insert(row.id);
    new_claims_.erase(row.id);
  }
  one->row = row;
  one->due = due_ms;
  one->row.due_ms = due_ms.value_or(0);
  if (one->state != Held::State::added) one->state = Held::State::changed;
  ++writes_;
  return {};
}

Result<std::vector<std::int64_t>> PgStore::deliveries_of(std::int64_t message) {
  if (whole_messages_.count(message) == 0) {
    TONGQU_TRY(const auto rows, ask_fresh(PgSql::deliveries_of, PgParams().number(message)));
    for (int i = 0; i < rows.size(); ++i) hold(read_pg_delivery({rows, i}, checks_));
    whole_messages_.insert(message);
  }
  std::vector<std::int64_t> found;
  for (auto one = deliveries_.lower_bound(message * kTargetsMax); one != deliveries_.end() && message_of(one->first) == message; ++one) found.push_back(one->first);
  return found;
}

Result<std::vector<std::int64_t>> PgStore::waiting(std::size_t max) {
  return ids_of("SELECT id FROM deliveries WHERE open_state = 0 ORDER BY open_state, id LIMIT $1", PgParams().number(static_cast<std::int64_t>(max)));
}

/// From target to target, so that a long queue is not walked through.
Result<std::vector<std::int64_t>> PgStore::due_after(std::int64_t at_ms) {
  constexpr std::int64_t kYears = std::int64_t{10} * 366 * 86400 * 1000; // What is further away waits for a person.
  return ids_of("WITH RECURSIVE lanes(target) AS (SELECT min(target) FROM deliveries WHERE due_ms IS NOT NULL UNION ALL "
                "SELECT (SELECT min(d.target) FROM deliveries AS d WHERE d.due_ms IS NOT NULL AND d.target > lanes.target) FROM lanes WHERE lanes.target IS NOT NULL) "
                "SELECT d.id FROM lanes JOIN deliveries AS d ON d.target = lanes.target AND d.due_ms > $1 AND d.due_ms < $2 AND d.fence = 0 ORDER BY d.id",
                PgParams().number(at_ms).number(at_ms + kYears));
}

Result<std::vector<std::int64_t>> PgStore::asked_before(std::int64_t at_ms) {
  return ids_of("SELECT id FROM deliveries WHERE open_state = 3 AND fence = 0 AND not_before_ms < $1 ORDER BY open_state, id", PgParams().number(at_ms));
}

/// Bridges whose lease is over are declared gone by the clock of the server, with some grace for the answers of their last sends.
Result<std::vector<std::int64_t>> PgStore::left_claimed() {
  TONGQU_CHECK(ask_fresh("UPDATE instances SET ended_at = clock_timestamp() WHERE ended_at IS NULL AND id <> $1 "
                         "AND lease_until + $2::bigint * interval '1 millisecond' < clock_timestamp()",
                         PgParams().number(house_->instance).number(house_->grace_ms())));
  TONGQU_TRY(auto left, ids_of("SELECT c.delivery FROM claims AS c LEFT JOIN instances AS i ON i.id = c.instance "
                               "WHERE i.id IS NULL OR i.ended_at IS NOT NULL ORDER BY c.delivery"));
  if (left.empty()) return left;
  std::vector<std::int64_t> messages;
  for (const std::int64_t id : left) {
    if (messages.empty() || messages.back() != message_of(id)) messages.push_back(message_of(id));
  }
  TONGQU_TRY(const auto rows, ask_fresh(PgSql::settled, settled_params(messages)));
  take_settled(rows);
  whole_messages_.insert(messages.begin(), messages.end());
  wanted_records_ = std::move(messages);
  return left;
}

Result<std::string> PgStore::backup_mark() {
  TONGQU_TRY(const auto rows, ask_fresh("SELECT value FROM meta WHERE name = 'backup'"));
  return rows.size() > 0 ? rows.string_at(0, 0) : std::string();
}

// Everything that is not finished here may be finished by now: what could go out is asked about first, and the rest bears the mark that
// has it asked about before it goes out (see move).
Result<void> PgStore::mark_restored(const std::string& backup_at, std::int64_t now_ms) {
  TONGQU_TRY(const auto open, ids_of("SELECT id FROM deliveries WHERE state NOT IN (4, 5, 8) ORDER BY id"));
  for (const std::int64_t id : open) {
    TONGQU_TRY(auto row, delivery(id));
    if (!row) return damaged_row("deliveries", id);
    if (row->damaged) TONGQU_CHECK(set_apart(id, now_ms));
    else TONGQU_CHECK(mark_one_restored(*row, now_ms));
  }
  TONGQU_CHECK(ask_fresh("DELETE FROM meta WHERE name = 'backup'"));
  return audit("restored", "journal", "backup_at_ms=" + backup_at + " open_deliveries=" + std::to_string(open.size()), {}, now_ms);
}

Result<std::vector<DeliveryRow>> PgStore::followers(const DeliveryRow& finished) {
  TONGQU_TRY(const auto ids, deliveries_of(message_of(finished.id)));
  std::vector<DeliveryRow> found;
  for (const std::int64_t id : ids) {
    TONGQU_TRY(auto row, delivery(id));
    if (row && row->state == DeliveryState::waiting && row->after == finished.target) found.push_back(*std::move(row));
  }
  return found;
}

Result<void> PgStore::insert_between(DeliveryRow& row, std::int64_t now_ms) {
  lanes_.erase(checks_.hash.of_lane(row.case_key, row.target));
  return insert_delivery(row, now_ms);
}

Result<void> PgStore::write_claim(const DeliveryRow& row) {
  turns_.served(row.target, row.due_ms);
  TONGQU_TRY(const Held* const one, held(row.id));
  TONGQU_CHECK(update(row, one == nullptr ? std::nullopt : one->due));
  new_claims_[row.id] = row.fence;
  ended_claims_.erase(row.id);
  return {};
}

} // namespace tongqu::journal::detail
