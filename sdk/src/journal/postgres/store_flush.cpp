#include "journal/postgres/store.hpp"

/// What a transaction has written, each kind of row in one statement.
namespace tongqu::journal::detail {
namespace {

/// Columns that are filled row by row.
struct Columns {
  using Numbers = std::vector<std::int64_t>;
  using Texts = std::vector<std::string_view>;
};

std::int64_t number_of(DeliveryState state) { return static_cast<std::int64_t>(state); }

/// States that are looked for by themselves have an index of their own; the others must not touch it.
std::optional<std::int64_t> open_state(DeliveryState state) {
  const bool open = state == DeliveryState::waiting || state == DeliveryState::unknown || state == DeliveryState::held || state == DeliveryState::parked;
  return open ? std::optional<std::int64_t>(number_of(state)) : std::nullopt;
}

} // namespace

bool PgStore::anything_written() const {
  if (!new_messages_.empty() || !new_entries_.empty() || !new_receipts_.empty() || !new_refusals_.empty() || !new_claims_.empty() || !ended_claims_.empty()) return true;
  if (!new_references_.empty()) return true;
  for (const auto& [id, one] : deliveries_) {
    if (one.state != Held::State::clean) return true;
  }
  return false;
}

void PgStore::queue_written() {
  queue_messages();
  queue_deliveries();
  queue_audit();
  queue_small();
}

void PgStore::written() {
  for (const std::int64_t id : new_messages_) records_.erase(id);
  new_messages_.clear();
  new_boxes_.clear();
  new_bytes_ = 0;
  for (auto& [id, one] : deliveries_) one.state = Held::State::clean;
  new_entries_.clear();
  new_receipts_.clear();
  new_refusals_.clear();
  new_claims_.clear();
  ended_claims_.clear();
  new_references_.clear();
  turns_.stored();
}

void PgStore::queue_messages() {
  if (new_messages_.empty()) return;
  Columns::Numbers id, created, purged, boxes[3], check, identity_hash, case_hash;
  Columns::Texts message_id, identity, digest, system, case_no, event, pack, pack_digest, key_id, findings, acknowledgement, canonical, raw;
  for (const std::int64_t number : new_messages_) {
    const MessageRow& row = messages_.at(number);
    id.push_back(row.id);
    created.push_back(row.created_ms);
    purged.push_back(row.purged_ms);
    for (std::size_t i = 0; i < 3; ++i) boxes[i].push_back(row.box_bytes[i]);
    check.push_back(checks_.rows.of(row));
    identity_hash.push_back(checks_.hash.of_identity(row.identity));
    case_hash.push_back(checks_.hash.of_case(row.system, row.case_no));
    const std::pair<Columns::Texts*, const std::string*> texts[] = {
        {&message_id, &row.message_id}, {&identity, &row.identity}, {&digest, &row.digest}, {&system, &row.system}, {&case_no, &row.case_no},
        {&event, &row.event}, {&pack, &row.pack}, {&pack_digest, &row.pack_digest}, {&key_id, &row.key_id}, {&findings, &row.findings}};
    for (const auto& [column, text] : texts) column->push_back(*text);
    const Boxes& sealed = new_boxes_.at(number);
    acknowledgement.push_back(sealed.acknowledgement);
    canonical.push_back(sealed.canonical);
    raw.push_back(sealed.raw);
  }
  PgParams rows;
  rows.numbers(id).texts(message_id).blobs(identity).blobs(digest).texts(system).blobs(case_no).blobs(event).texts(pack).texts(pack_digest).numbers(created);
  rows.texts(key_id).blobs(findings).numbers(purged).numbers(boxes[0]).numbers(boxes[1]).numbers(boxes[2]).numbers(check).numbers(identity_hash).numbers(case_hash);
  queue(PgSql::insert_messages, rows);
  constexpr auto kNull = PgParams::Empty::is_null;
  queue(PgSql::insert_bodies, PgParams().numbers(id).blobs(acknowledgement, kNull).blobs(canonical, kNull).blobs(raw, kNull));
}

void PgStore::queue_deliveries() {
  struct Part {
    Columns::Numbers id, state, not_before, attempts, fence, created, changed, check, lane;
    Columns::Texts target, case_key, after, error_id, reason;
    std::vector<std::optional<std::int64_t>> due, open;
  } added, changed, moved;
  for (const auto& [number, one] : deliveries_) {
    if (one.state == Held::State::clean) continue;
    Part& part = one.state == Held::State::added ? added : (one.state == Held::State::changed ? changed : moved);
    const DeliveryRow& row = one.row;
    part.id.push_back(row.id);
    part.due.push_back(one.due);
    if (one.state == Held::State::due_changed) continue;
    part.state.push_back(number_of(row.state));
    part.not_before.push_back(row.not_before_ms);
    part.attempts.push_back(row.attempts);
    part.fence.push_back(row.fence);
    part.created.push_back(row.created_ms);
    part.changed.push_back(row.changed_ms);
    part.check.push_back(checks_.rows.of(row));
    part.lane.push_back(checks_.hash.of_lane(row.case_key, row.target));
    part.target.push_back(row.target);
    part.case_key.push_back(row.case_key);
    part.after.push_back(row.after);
    part.error_id.push_back(row.error_id);
    part.reason.push_back(row.reason);
    part.open.push_back(open_state(row.state));
  }
  if (!added.id.empty()) {
    queue(PgSql::insert_deliveries, PgParams().numbers(added.id).texts(added.target).blobs(added.case_key).numbers(added.state).numbers(added.not_before)
                                        .numbers(added.attempts).numbers(added.fence).numbers(added.created).numbers(added.changed).texts(added.after)
                                        .texts(added.error_id).blobs(added.reason).numbers(added.check).numbers_or_null(added.due).numbers(added.lane)
                                        .numbers_or_null(added.open));
  }
  if (!changed.id.empty()) {
    queue(PgSql::update_deliveries, PgParams().numbers(changed.id).numbers(changed.state).numbers(changed.not_before).numbers(changed.attempts)
                                        .numbers(changed.fence).numbers(changed.changed).texts(changed.error_id).blobs(changed.reason).numbers(changed.check)
                                        .numbers_or_null(changed.due).numbers_or_null(changed.open));
  }
  if (!moved.id.empty()) queue(PgSql::update_due, PgParams().numbers(moved.id).numbers_or_null(moved.due));
}

void PgStore::queue_audit() {
  if (new_entries_.empty()) return;
  Columns::Numbers sequence, at;
  Columns::Texts kind, subject, detail, digest, mac;
  for (const Entry& one : new_entries_) {
    sequence.push_back(one.sequence);
    at.push_back(one.at_ms);
    kind.push_back(one.kind);
    subject.push_back(one.subject);
    detail.push_back(one.detail);
    digest.push_back(one.digest);
    mac.push_back(one.mac);
  }
  queue(PgSql::insert_audit, PgParams().numbers(sequence).numbers(at).texts(kind).blobs(subject).blobs(detail).blobs(digest, PgParams::Empty::is_null).blobs(mac));
}

void PgStore::queue_small() {
  if (!new_receipts_.empty()) {
    Columns::Numbers delivery, check;
    Columns::Texts number, key_id, box;
    for (const auto& [id, row] : new_receipts_) {
      delivery.push_back(id);
      check.push_back(checks_.rows.of(row));
      number.push_back(row.number);
      key_id.push_back(row.key_id);
      box.push_back(row.box);
    }
    queue(PgSql::put_receipts, PgParams().numbers(delivery).blobs(number).texts(key_id).blobs(box, PgParams::Empty::is_null).numbers(check));
  }
  if (!new_refusals_.empty()) {
    Columns::Numbers id, at, size;
    Columns::Texts system, error_id, place, peer, digest;
    for (const NewRefusal& one : new_refusals_) {
      id.push_back(one.id);
      at.push_back(one.at_ms);
      size.push_back(one.size);
      system.push_back(one.system);
      error_id.push_back(one.error_id);
      place.push_back(one.place);
      peer.push_back(one.peer);
      digest.push_back(one.digest);
    }
    queue(PgSql::insert_refusals, PgParams().numbers(id).numbers(at).blobs(system).texts(error_id).blobs(place).blobs(peer).numbers(size).blobs(digest, PgParams::Empty::is_null));
  }
  if (!ended_claims_.empty()) queue(PgSql::drop_claims, PgParams().numbers({ended_claims_.begin(), ended_claims_.end()}));
  if (!new_claims_.empty()) {
    Columns::Numbers delivery, fence;
    for (const auto& [id, number] : new_claims_) {
      delivery.push_back(id);
      fence.push_back(number);
    }
    queue(PgSql::insert_claims, PgParams().numbers(delivery).numbers(fence).number(house_->instance));
  }
  if (!new_references_.empty()) {
    Columns::Texts name;
    Columns::Numbers message;
    for (const auto& [one, of] : new_references_) {
      name.push_back(one);
      message.push_back(of);
    }
    queue(PgSql::insert_references, PgParams().texts(name).numbers(message));
  }
  if (!turns_.changed().empty()) {
    Columns::Texts target, system;
    Columns::Numbers kind, last;
    for (const auto& [name, key] : turns_.changed()) {
      target.push_back(name);
      kind.push_back(static_cast<std::int64_t>(key.first));
      system.push_back(key.second);
      last.push_back(turns_.last(name, key));
    }
    queue(PgSql::put_turns, PgParams().texts(target).numbers(kind).blobs(system).numbers(last));
  }
}

} // namespace tongqu::journal::detail
