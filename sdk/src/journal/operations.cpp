#include "journal/operations.hpp"

#include "journal/attachment_operations.hpp"
#include "tongqu/base/fault_point.hpp"

namespace tongqu::journal::detail {
namespace {

std::string targets_text(const Intake& intake) {
  std::string out;
  for (const Intake::Target& target : intake.targets) {
    if (!out.empty()) out += ',';
    out.append(target.name).append(1, ':').append(state_name(target.state));
  }
  return out;
}

std::string reason_of(const ErrcRow& why) { return "{\"en\":\"" + std::string(why.en) + "\",\"zh\":\"" + std::string(why.zh) + "\"}"; }

std::string delivery_text(const DeliveryRow& row) { return "delivery=" + std::to_string(row.id) + " target=" + row.target; }

} // namespace

Result<std::string> subject_of(Desk& desk, std::int64_t delivery) {
  TONGQU_TRY(const auto message, desk.store.message(message_of(delivery)));
  if (message && !message->damaged) return message->message_id;
  return "message " + std::to_string(message_of(delivery));
}

Result<void> hold_late(Desk& desk, std::int64_t before_ms) {
  constexpr std::size_t kAtOnce = 200;
  TONGQU_TRY(const auto ids, desk.store.waiting(kAtOnce));
  const ErrcRow& why = errc_row(Errc::journal_predecessor_late);
  const std::string reason = reason_of(why);
  for (const std::int64_t id : ids) {
    TONGQU_TRY(auto row, desk.store.delivery(id));
    if (!row || row->state != DeliveryState::waiting || row->created_ms >= before_ms) continue;
    if (row->damaged) return desk.store.set_apart(id, desk.now_ms());
    TONGQU_TRY(const auto subject, subject_of(desk, id));
    Move move;
    move.to = DeliveryState::held;
    move.error_id = why.id;
    move.reason = reason;
    TONGQU_CHECK(desk.store.move(*row, move, desk.now_ms()));
    TONGQU_CHECK(desk.store.audit("late", subject, delivery_text(*row) + " after=" + row->after, {}, desk.now_ms()));
  }
  return {};
}

Result<void> take_back(Desk& desk, std::int64_t delivery, std::string_view why) {
  TONGQU_TRY(auto found, desk.store.delivery(delivery));
  if (!found || found->fence == 0) return {};
  ++desk.acts;
  DeliveryRow& row = *found;
  if (row.damaged) return desk.store.set_apart(row.id, desk.now_ms());
  TONGQU_TRY(const auto subject, subject_of(desk, row.id));
  const std::string detail = delivery_text(row) + " fence=" + std::to_string(row.fence) + " from=" + std::string(state_name(row.state));
  Move move;
  move.to = DeliveryState::unknown;
  move.error_id = errc_row(Errc::journal_worker_lost).id;
  // The lost worker's request may still be on its way into the platform: asked too early, that one says "absent", and both would be done.
  if (row.state == DeliveryState::sending && desk.ask_after.count() > 0) move.not_before_ms = desk.schedule.now_ms() + desk.ask_after.count();
  TONGQU_CHECK(desk.store.move(row, move, desk.now_ms()));
  return desk.store.audit(why, subject, detail, {}, desk.now_ms());
}

void FreshRecords::put(std::int64_t message, Record record) {
  while (!records_.empty() && records_.begin()->first + kPassedMax < message) forget(records_.begin()->first);
  const std::size_t bytes = bytes_of(record);
  if (bytes_ + bytes > kBytesMax) return;
  if (records_.emplace(message, std::move(record)).second) bytes_ += bytes;
}

const FreshRecords::Record* FreshRecords::find(std::int64_t message) const {
  const auto found = records_.find(message);
  return found == records_.end() ? nullptr : &found->second;
}

void FreshRecords::was_read(std::int64_t message) {
  const auto found = records_.find(message);
  if (found != records_.end() && --found->second.readers == 0) forget(message);
}

void FreshRecords::forget(std::int64_t message) {
  const auto found = records_.find(message);
  if (found == records_.end()) return;
  bytes_ -= bytes_of(found->second);
  records_.erase(found);
}

Result<void> AcceptOperation::apply(Desk& desk) {
  row_ = 0;
  FAULT_POINT_TRY("s09_transaction_open");
  TONGQU_TRY(const auto first, desk.store.known(prepared_.intake.identity));
  if (!first) TONGQU_CHECK(desk.store.insert_message(prepared_, desk.sealing.key_id(), desk.now_ms()));
  FAULT_POINT_TRY("s10_dedup_row");
  return first ? apply_known(desk, *first) : apply_new(desk);
}

Result<void> AcceptOperation::apply_new(Desk& desk) {
  const Intake& in = prepared_.intake;
  TONGQU_CHECK(desk.store.insert_deliveries(in, desk.now_ms()));
  if (!in.attachments.empty()) TONGQU_CHECK(refer_to_attachments(desk, in));
  FAULT_POINT_TRY("s11_message_row");
  const std::string detail = "system=" + in.system + " pack=" + in.pack + " pack_digest=" + in.pack_digest + " targets=" + targets_text(in) +
                             " raw_sm3=" + to_hex(prepared_.raw_digest) + (in.attachments.empty() ? "" : " attachments=" + std::to_string(in.attachments.size()));
  TONGQU_CHECK(desk.store.audit("intake", in.message_id, detail, in.digest, desk.now_ms()));
  FAULT_POINT_TRY("s12_audit_row");
  outcome_ = {IntakeVerdict::stored, in.message_id, in.acknowledgement, in.pack, in.pack_digest};
  row_ = desk.store.last_message();
  return {};
}

// A repeat changes nothing and leaves no entry; a sender that retries for ever must not grow the store.
Result<void> AcceptOperation::apply_known(Desk& desk, const MessageRow& first) {
  outcome_ = {IntakeVerdict::conflict, first.message_id, {}, first.pack, first.pack_digest};
  if (first.digest != prepared_.intake.digest) {
    return desk.store.audit("conflict", first.message_id, "system=" + prepared_.intake.system, prepared_.intake.digest, desk.now_ms());
  }
  TONGQU_TRY(const auto box, desk.store.box(first, Ledger::Body::acknowledgement));
  TONGQU_TRY(outcome_.acknowledgement, desk.sealing.open(box, first.key_id, first.message_id, "acknowledgement"));
  outcome_.verdict = IntakeVerdict::duplicate;
  return {};
}

void AcceptOperation::complete(Desk& desk, const Error* failure) {
  if (failure != nullptr) return done_(*failure);
  FAULT_POINT("s13_committed");
  Intake& in = prepared_.intake;
  if (row_ != 0 && !in.targets.empty() && !in.canonical.empty()) {
    MessageFacts facts{std::move(in.message_id), std::move(in.system), std::move(in.case_no), std::move(in.event), std::move(in.identity)};
    desk.fresh.put(row_, {std::move(facts), std::make_shared<const std::string>(std::move(in.canonical)), in.targets.size()});
  }
  done_(std::move(outcome_));
}

Result<void> RefuseOperation::apply(Desk& desk) {
  TONGQU_CHECK(desk.store.insert_refusal(refusal_, desk.now_ms()));
  const std::string detail = "error=" + refusal_.error_id + " where=" + refusal_.where + " peer=" + refusal_.peer +
                             " size=" + std::to_string(refusal_.size);
  return desk.store.audit("refusal", refusal_.system, detail, refusal_.digest, desk.now_ms());
}

void ClaimOperation::foresee(const Desk& desk, Foresight& foresight) const {
  for (Foresight::Due& one : foresight.due) {
    if (one.target != target_) continue;
    one.max += max_;
    return;
  }
  foresight.due.push_back({target_, desk.schedule.now_ms(), max_});
}

Result<void> ClaimOperation::apply(Desk& desk) {
  claims_.clear();
  rows_.clear();
  std::vector<DeliveryRow> due;
  do {
    TONGQU_TRY(due, desk.store.due(target_, desk.schedule.now_ms(), max_));
    std::vector<std::int64_t> unread;
    for (const DeliveryRow& row : due) {
      if (desk.fresh.find(message_of(row.id)) == nullptr) unread.push_back(message_of(row.id));
    }
    if (!unread.empty()) desk.store.foresee_records(unread);
    for (DeliveryRow& row : due) TONGQU_CHECK(apply_one(desk, std::move(row)));
    // Rows that are broken were set apart on the way: look on behind them.
  } while (claims_.empty() && !due.empty());
  return {};
}

Result<Claim> ClaimOperation::prepare(Desk& desk, const DeliveryRow& row) {
  Claim claim;
  MessageFacts facts;
  if (const auto* fresh = desk.fresh.find(message_of(row.id))) {
    facts = fresh->facts;
    claim.canonical = fresh->canonical;
  } else {
    TONGQU_TRY(auto message, desk.store.whole_message(message_of(row.id)));
    TONGQU_TRY(const auto box, desk.store.box(message, Ledger::Body::canonical));
    TONGQU_TRY(auto canonical, desk.sealing.open(box, message.key_id, message.message_id, "canonical"));
    claim.canonical = std::make_shared<const std::string>(std::move(canonical));
    facts = {std::move(message.message_id), std::move(message.system), std::move(message.case_no), std::move(message.event), std::move(message.identity)};
  }
  TONGQU_TRY(const auto parent, desk.store.receipt_before(row));
  if (parent) {
    TONGQU_TRY(claim.parent_receipt, desk.sealing.open(parent->box, parent->key_id, receipt_owner(parent->delivery), "receipt"));
  }
  claim.message_id = std::move(facts.message_id);
  claim.system = std::move(facts.system);
  claim.case_no = std::move(facts.case_no);
  claim.event = std::move(facts.event);
  claim.identity = std::move(facts.identity);
  return claim;
}

Result<void> ClaimOperation::apply_one(Desk& desk, DeliveryRow row) {
  if (row.damaged) return desk.store.set_apart(row.id, desk.now_ms());
  auto prepared = prepare(desk, row);
  if (!prepared) {
    const Errc code = prepared.error().code();
    if (code == Errc::crypto_seal_broken || code == Errc::journal_row_damaged) return park(desk, row, prepared.error());
    return std::move(prepared).error();
  }
  Claim claim = *std::move(prepared);
  claim.query_first = row.state == DeliveryState::unknown;
  TONGQU_CHECK(desk.store.claim(row, desk.now_ms()));
  FAULT_POINT_TRY("s16_claimed");
  const std::string detail = delivery_text(row) + " fence=" + std::to_string(row.fence) + " attempt=" + std::to_string(row.attempts) +
                             (claim.query_first ? " query" : "");
  TONGQU_CHECK(desk.store.audit("claim", claim.message_id, detail, {}, desk.now_ms()));
  claim.delivery = row.id;
  claim.fence = row.fence;
  claim.attempt = row.attempts;
  claim.target = row.target;
  claim.case_key = row.case_key;
  claims_.push_back(std::move(claim));
  rows_.push_back(std::move(row));
  return {};
}

// A row that was changed behind our back stops its own case; its neighbours flow.
Result<void> ClaimOperation::park(Desk& desk, DeliveryRow& row, const Error& why) {
  if (why.code() == Errc::journal_row_damaged) TONGQU_CHECK(desk.store.note_damage(why.where(), desk.now_ms()));
  TONGQU_TRY(const auto subject, subject_of(desk, row.id));
  Move move;
  move.to = DeliveryState::parked;
  move.error_id = why.id();
  TONGQU_CHECK(desk.store.move(row, move, desk.now_ms()));
  return desk.store.audit("park", subject, delivery_text(row) + " error=" + std::string(move.error_id), {}, desk.now_ms());
}

void ClaimOperation::complete(Desk& desk, const Error* failure) {
  if (failure != nullptr) return done_(*failure);
  if (!claims_.empty()) FAULT_POINT("s17_claim_committed");
  const MonoTime deadline = desk.clock.now_mono() + desk.lease_time;
  for (std::size_t i = 0; i < claims_.size(); ++i) {
    const Claim& claim = claims_[i];
    desk.leases.emplace(claim.fence, Lease{std::move(rows_[i]), deadline, claim.message_id, desk.acts, false});
    desk.fresh.was_read(message_of(claim.delivery));
  }
  done_(std::move(claims_));
}

// The claim's own row serves once: whatever else may have touched it since makes us read it again, and in a shared store others may.
Result<DeliveryRow> SettleOperation::row_of(Desk& desk) {
  const Settlement& in = prepared_.settlement;
  const auto lease = desk.leases.find(in.fence);
  if (!desk.store.shared() && lease != desk.leases.end() && !lease->second.used && lease->second.acts == desk.acts && lease->second.row.id == in.delivery) {
    lease->second.used = true;
    return lease->second.row;
  }
  TONGQU_TRY(auto found, desk.store.delivery(in.delivery));
  if (!found) return Error(Errc::journal_not_found);
  if (found->damaged) return damaged_row("deliveries", in.delivery);
  return *std::move(found);
}

Result<void> SettleOperation::apply(Desk& desk) {
  FAULT_POINT_TRY("s25_result_transaction_open");
  const Settlement& in = prepared_.settlement;
  TONGQU_TRY(DeliveryRow row, row_of(desk));
  if (row.fence == 0 || row.fence != in.fence) return Error(Errc::journal_stale_claim);
  Move move{in.state, 0, in.error_id, in.reason, in.receipt_no, prepared_.key_id, prepared_.receipt_box};
  if (in.state == DeliveryState::ready || in.state == DeliveryState::unknown) move.not_before_ms = prepared_.not_before_ms;
  const bool still_unknown = row.state == DeliveryState::unknown && in.state == DeliveryState::unknown;
  // Parking means that nothing left the host: the delivery is ready again, and parked from there.
  if (row.state == DeliveryState::sending && in.state == DeliveryState::parked) {
    Move back;
    back.to = DeliveryState::ready;
    TONGQU_CHECK(desk.store.move(row, back, desk.now_ms()));
  }
  if (!still_unknown && !legal_move(row.state, in.state)) {
    return Error(Errc::journal_illegal_move).with(std::string(state_name(row.state)) + " to " + std::string(state_name(in.state)));
  }
  TONGQU_CHECK(desk.store.move(row, move, desk.now_ms()));
  TONGQU_CHECK(audit(desk, row));
  return waits_for_earlier(row) ? let_pass(desk, row) : Result<void>();
}

// It came before an event of its own case that the platform wants first: that one may pass. What waits for ever is told to a person.
Result<void> SettleOperation::let_pass(Desk& desk, DeliveryRow& row) {
  if (row.created_ms < desk.late_before_ms()) {
    const ErrcRow& why = errc_row(Errc::journal_predecessor_late);
    const std::string reason = reason_of(why);
    Move late;
    late.to = DeliveryState::parked;
    late.error_id = why.id;
    late.reason = reason;
    TONGQU_CHECK(desk.store.move(row, late, desk.now_ms()));
    TONGQU_TRY(const auto subject, subject_of(desk, row.id));
    TONGQU_CHECK(desk.store.audit("late", subject, delivery_text(row), {}, desk.now_ms()));
  }
  return desk.store.release_earlier(row);
}

Result<void> SettleOperation::audit(Desk& desk, const DeliveryRow& row) {
  const Settlement& in = prepared_.settlement;
  std::string detail = delivery_text(row) + " fence=" + std::to_string(in.fence) + " state=" + std::string(state_name(in.state));
  if (!in.error_id.empty()) detail += " error=" + in.error_id;
  if (!in.receipt_no.empty()) detail += " receipt_no=" + in.receipt_no;
  const auto lease = desk.leases.find(in.fence);
  if (lease != desk.leases.end()) return desk.store.audit("settle", lease->second.message_id, detail, prepared_.receipt_digest, desk.now_ms());
  TONGQU_TRY(const auto subject, subject_of(desk, row.id));
  return desk.store.audit("settle", subject, detail, prepared_.receipt_digest, desk.now_ms());
}

void SettleOperation::complete(Desk& desk, const Error* failure) {
  if (failure != nullptr) return done_(*failure);
  desk.leases.erase(prepared_.settlement.fence);
  FAULT_POINT("s26_result_committed");
  done_({});
}

Result<void> ExpireOperation::apply(Desk& desk) {
  for (const std::int64_t fence : fences_) {
    const auto lease = desk.leases.find(fence);
    if (lease == desk.leases.end()) continue;
    TONGQU_TRY(const auto row, desk.store.delivery(lease->second.row.id));
    if (row && row->fence == fence) TONGQU_CHECK(take_back(desk, row->id, "lease_expired"));
  }
  return {};
}

void ExpireOperation::complete(Desk& desk, const Error* failure) {
  if (failure != nullptr) return;
  for (const std::int64_t fence : fences_) desk.leases.erase(fence);
}

} // namespace tongqu::journal::detail
