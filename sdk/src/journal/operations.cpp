#include "journal/operations.hpp"

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

std::string delivery_text(const DeliveryRow& row) { return "delivery=" + std::to_string(row.id) + " target=" + row.target; }

} // namespace

Result<void> take_back(Desk& desk, std::int64_t delivery, std::string_view why) {
  TONGQU_TRY(auto found, desk.store.delivery(delivery));
  if (!found || found->fence == 0) return {};
  DeliveryRow& row = *found;
  TONGQU_TRY(const auto message, desk.store.message_for_claim(message_of(row.id)));
  const std::string detail = delivery_text(row) + " fence=" + std::to_string(row.fence) + " from=" + std::string(state_name(row.state));
  Move move;
  move.to = DeliveryState::unknown;
  move.error_id = errc_row(Errc::journal_worker_lost).id;
  // The lost worker's request may still be on its way into the platform: asked too early, that one says "absent", and both would be done.
  if (row.state == DeliveryState::sending && desk.ask_after.count() > 0) move.not_before_ms = desk.schedule.now_ms() + desk.ask_after.count();
  TONGQU_CHECK(desk.store.move(row, move, desk.now_ms()));
  return desk.store.audit(why, message.message_id, detail, {}, desk.now_ms());
}

void FreshRecords::put(std::int64_t message, std::string canonical, std::size_t readers) {
  while (!records_.empty() && records_.begin()->first + kPassedMax < message) forget(records_.begin()->first);
  const std::size_t bytes = canonical.size() + kRecordBytes;
  if (bytes_ + bytes > kBytesMax) return;
  bytes_ += bytes;
  records_[message] = {std::move(canonical), readers};
}

const std::string* FreshRecords::find(std::int64_t message) const {
  const auto found = records_.find(message);
  return found == records_.end() ? nullptr : &found->second.canonical;
}

void FreshRecords::was_read(std::int64_t message) {
  const auto found = records_.find(message);
  if (found != records_.end() && --found->second.readers == 0) forget(message);
}

void FreshRecords::forget(std::int64_t message) {
  const auto found = records_.find(message);
  if (found == records_.end()) return;
  bytes_ -= found->second.canonical.size() + kRecordBytes;
  records_.erase(found);
}

Result<void> AcceptOperation::apply(Desk& desk) {
  row_ = 0;
  FAULT_POINT_TRY("s09_transaction_open");
  TONGQU_TRY(const bool inserted, desk.store.insert_message(prepared_, desk.sealing.key_id(), desk.now_ms()));
  FAULT_POINT_TRY("s10_dedup_row");
  return inserted ? apply_new(desk) : apply_known(desk);
}

Result<void> AcceptOperation::apply_new(Desk& desk) {
  const Intake& in = prepared_.intake;
  TONGQU_CHECK(desk.store.insert_deliveries(in, desk.now_ms()));
  FAULT_POINT_TRY("s11_message_row");
  const std::string detail = "system=" + in.system + " pack=" + in.pack + " pack_digest=" + in.pack_digest + " targets=" + targets_text(in);
  TONGQU_CHECK(desk.store.audit("intake", in.message_id, detail, in.digest, desk.now_ms()));
  FAULT_POINT_TRY("s12_audit_row");
  outcome_ = {IntakeVerdict::stored, in.message_id, in.acknowledgement, in.pack, in.pack_digest};
  row_ = desk.store.last_message();
  return {};
}

// A repeat changes nothing and leaves no entry; a sender that retries for ever must not grow the store.
Result<void> AcceptOperation::apply_known(Desk& desk) {
  TONGQU_TRY(auto first, desk.store.stored(prepared_.intake.identity));
  outcome_ = {IntakeVerdict::conflict, first.message_id, {}, first.pack, first.pack_digest};
  if (first.digest != prepared_.intake.digest) {
    return desk.store.audit("conflict", first.message_id, "system=" + prepared_.intake.system, prepared_.intake.digest, desk.now_ms());
  }
  TONGQU_TRY(outcome_.acknowledgement, desk.sealing.open(first.acknowledgement_box, first.key_id, first.message_id, "acknowledgement"));
  outcome_.verdict = IntakeVerdict::duplicate;
  return {};
}

void AcceptOperation::complete(Desk& desk, const Error* failure) {
  if (failure != nullptr) return done_(*failure);
  FAULT_POINT("s13_committed");
  Intake& in = prepared_.intake;
  if (row_ != 0 && !in.targets.empty() && !in.canonical.empty()) desk.fresh.put(row_, std::move(in.canonical), in.targets.size());
  done_(std::move(outcome_));
}

Result<void> RefuseOperation::apply(Desk& desk) {
  TONGQU_CHECK(desk.store.insert_refusal(refusal_, desk.now_ms()));
  const std::string detail = "error=" + refusal_.error_id + " where=" + refusal_.where + " peer=" + refusal_.peer +
                             " size=" + std::to_string(refusal_.size);
  return desk.store.audit("refusal", refusal_.system, detail, refusal_.digest, desk.now_ms());
}

Result<void> ClaimOperation::apply(Desk& desk) {
  claims_.clear();
  std::vector<std::int64_t> due;
  do {
    TONGQU_TRY(due, desk.store.due(target_, desk.schedule.now_ms(), max_));
    for (const std::int64_t id : due) {
      TONGQU_TRY(auto row, desk.store.delivery(id));
      if (!row) return Error(Errc::journal_corrupt).at("deliveries_due");
      TONGQU_CHECK(apply_one(desk, *std::move(row)));
    }
    // Rows whose seal is broken were parked on the way: look on behind them.
  } while (claims_.empty() && !due.empty());
  return {};
}

Result<std::string> ClaimOperation::canonical_of(Desk& desk, std::int64_t row, const MessageForClaim& message) {
  if (const std::string* fresh = desk.fresh.find(row)) return *fresh;
  TONGQU_TRY(const auto sealed, desk.store.canonical_box(row));
  return desk.sealing.open(sealed.box, sealed.key_id, message.message_id, "canonical");
}

Result<void> ClaimOperation::apply_one(Desk& desk, DeliveryRow row) {
  TONGQU_TRY(auto message, desk.store.message_for_claim(message_of(row.id)));
  Claim claim;
  auto canonical = canonical_of(desk, message_of(row.id), message);
  if (!canonical && canonical.error().code() != Errc::crypto_seal_broken) return std::move(canonical).error();
  if (!canonical) return park(desk, row, message);
  claim.canonical = *std::move(canonical);
  TONGQU_TRY(const auto parent, desk.store.receipt_before(row));
  if (parent) {
    auto receipt = desk.sealing.open(parent->box, parent->key_id, receipt_owner(parent->delivery), "receipt");
    if (!receipt) return park(desk, row, message);
    claim.parent_receipt = *std::move(receipt);
  }
  claim.query_first = row.state == DeliveryState::unknown;
  TONGQU_CHECK(desk.store.claim(row, desk.now_ms()));
  FAULT_POINT_TRY("s16_claimed");
  const std::string detail = delivery_text(row) + " fence=" + std::to_string(row.fence) + " attempt=" + std::to_string(row.attempts) +
                             (claim.query_first ? " query" : "");
  TONGQU_CHECK(desk.store.audit("claim", message.message_id, detail, {}, desk.now_ms()));
  claim.delivery = row.id;
  claim.fence = row.fence;
  claim.attempt = row.attempts;
  claim.target = std::move(row.target);
  claim.case_key = std::move(row.case_key);
  claim.message_id = std::move(message.message_id);
  claim.system = std::move(message.system);
  claim.case_no = std::move(message.case_no);
  claim.event = std::move(message.event);
  claim.identity = std::move(message.identity);
  claims_.push_back(std::move(claim));
  return {};
}

// A row that was changed behind our back stops its own case; its neighbours flow.
Result<void> ClaimOperation::park(Desk& desk, DeliveryRow& row, const MessageForClaim& message) {
  Move move;
  move.to = DeliveryState::parked;
  move.error_id = errc_row(Errc::crypto_seal_broken).id;
  TONGQU_CHECK(desk.store.move(row, move, desk.now_ms()));
  return desk.store.audit("park", message.message_id, delivery_text(row) + " error=" + std::string(move.error_id), {}, desk.now_ms());
}

void ClaimOperation::complete(Desk& desk, const Error* failure) {
  if (failure != nullptr) return done_(*failure);
  if (!claims_.empty()) FAULT_POINT("s17_claim_committed");
  const MonoTime deadline = desk.clock.now_mono() + desk.lease_time;
  for (const Claim& claim : claims_) {
    desk.leases.emplace(claim.fence, Lease{claim.delivery, deadline, claim.message_id});
    desk.fresh.was_read(message_of(claim.delivery));
  }
  done_(std::move(claims_));
}

Result<void> SettleOperation::apply(Desk& desk) {
  FAULT_POINT_TRY("s25_result_transaction_open");
  const Settlement& in = prepared_.settlement;
  TONGQU_TRY(auto found, desk.store.delivery(in.delivery));
  if (!found) return Error(Errc::journal_not_found);
  DeliveryRow& row = *found;
  if (row.fence == 0 || row.fence != in.fence) return Error(Errc::journal_stale_claim);
  Move move{in.state, 0, in.error_id, in.reason, in.receipt_no, prepared_.key_id, prepared_.receipt_box};
  if (in.state == DeliveryState::ready || in.state == DeliveryState::unknown) move.not_before_ms = desk.schedule.from_wall(in.not_before);
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
  return audit(desk, row);
}

Result<void> SettleOperation::audit(Desk& desk, const DeliveryRow& row) {
  const Settlement& in = prepared_.settlement;
  std::string detail = delivery_text(row) + " fence=" + std::to_string(in.fence) + " state=" + std::string(state_name(in.state));
  if (!in.error_id.empty()) detail += " error=" + in.error_id;
  if (!in.receipt_no.empty()) detail += " receipt_no=" + in.receipt_no;
  const auto lease = desk.leases.find(in.fence);
  if (lease != desk.leases.end()) return desk.store.audit("settle", lease->second.message_id, detail, prepared_.receipt_digest, desk.now_ms());
  TONGQU_TRY(const auto message, desk.store.message_for_claim(message_of(row.id)));
  return desk.store.audit("settle", message.message_id, detail, prepared_.receipt_digest, desk.now_ms());
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
    TONGQU_TRY(const auto row, desk.store.delivery(lease->second.delivery));
    if (row && row->fence == fence) TONGQU_CHECK(take_back(desk, row->id, "lease_expired"));
  }
  return {};
}

void ExpireOperation::complete(Desk& desk, const Error* failure) {
  if (failure != nullptr) return;
  for (const std::int64_t fence : fences_) desk.leases.erase(fence);
}

} // namespace tongqu::journal::detail
