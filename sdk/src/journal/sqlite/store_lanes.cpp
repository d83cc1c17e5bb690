#include <algorithm>
#include <limits>

#include "journal/sqlite/store.hpp"
#include "journal/sqlite/store_sql.hpp"
#include "tongqu/base/assert.hpp"

namespace tongqu::journal::detail {
namespace {

std::size_t index_of(DeliveryState state) { return static_cast<std::size_t>(state); }
std::int64_t number_of(DeliveryState state) { return static_cast<std::int64_t>(state); }

} // namespace

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

Result<void> Store::put_receipt(ReceiptRow row) {
  Use put(at(statements_, Sql::put_receipt));
  put->number(1, row.delivery);
  put->text(2, row.number);
  put->text(3, row.key_id);
  put->blob(4, row.box);
  put->number(5, checks_.of(row));
  TONGQU_CHECK(put->step());
  return {};
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

Result<std::vector<DeliveryRow>> Store::followers(const DeliveryRow& finished) {
  const std::int64_t first = message_of(finished.id) * kTargetsMax;
  Use query(at(statements_, Sql::followers));
  query->number(1, first);
  query->number(2, first + kTargetsMax - 1);
  query->text(3, finished.target);
  std::vector<DeliveryRow> found;
  for (;;) {
    TONGQU_TRY(const bool row, query->step());
    if (!row) return found;
    found.push_back(read_delivery(at(statements_, Sql::followers), checks_));
  }
}

// The keys of its message may all be in the table, and after a crash nobody reads that message's rows for others.
Result<void> Store::insert_between(DeliveryRow& row, std::int64_t now_ms) {
  TONGQU_CHECK(insert_delivery(row, now_ms));
  return write_key({hash_.of_lane(row.case_key, row.target), row.id});
}

Result<void> Store::write_claim(const DeliveryRow& row) {
  order_.served(row.target, row.due_ms);
  Use update(at(statements_, Sql::claim));
  update->number(1, number_of(row.state));
  update->number(2, row.fence);
  update->number(3, row.attempts);
  update->number(4, row.changed_ms);
  update->number(5, checks_.of(row));
  update->number(6, row.id);
  TONGQU_CHECK(update->step());
  return {};
}

} // namespace tongqu::journal::detail
