#include "bridge/acknowledgement.hpp"
#include "bridge/intake_task.hpp"
#include "bridge/naming.hpp"
#include "bridge/stored_delivery.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

/// The way in for a delivery of many records: each has its own verdict, all are committed in one transaction.
namespace tongqu::bridge::detail {

using connector::Answer;
using connector::Outcome;
using mapping::AnswerKind;
using mapping::RecordVerdict;

namespace {

/// So many records of one delivery keep their plans until they are sent; the rest are planned again then.
constexpr std::size_t kPlansKept = 256;

std::string in_record(std::size_t record, const std::string& where) { return "record " + std::to_string(record) + (where.empty() ? "" : ": " + where); }

} // namespace

void IntakeRoad::take_all(const std::shared_ptr<Task>& handle, mapping::MappedDelivery mapped, Worker& worker) {
  Task& task = *handle;
  if (mapped.records.size() > task.from->records_max) {
    return refuse_as_fault(task, Error(Errc::bridge_too_many_records).with(std::to_string(mapped.records.size()) + " > " + std::to_string(task.from->records_max)));
  }
  if (!mapped.findings.empty() && !mapped.records.empty()) {
    mapped.findings.append(std::move(mapped.records.front().findings));
    mapped.records.front().findings = std::move(mapped.findings);
  }
  journal::IntakeBatch batch;
  task.batch.lines.reserve(mapped.records.size());
  batch.intakes.reserve(mapped.records.size());
  for (mapping::MappedRecord& record : mapped.records) add_record(task, std::exchange(record, mapping::MappedRecord()), batch, worker);
  batch.raw = store_delivery(task.inbound.delivery);
  // The gated document is not needed any more unless a conflict has the delivery mapped again, which reads the bytes.
  for (wire::Part& part : task.inbound.delivery.parts) part.document.reset();
  parts_.journal->accept_all(std::move(batch), [this, handle](Result<std::vector<journal::IntakeOutcome>> outcomes) { on_batch_committed(handle, std::move(outcomes)); });
}

void IntakeRoad::add_record(Task& task, mapping::MappedRecord record, journal::IntakeBatch& batch, Worker& worker) {
  Batch::Line& line = task.batch.lines.emplace_back();
  line.facts.record = task.batch.lines.size();
  line.facts.trace = task.inbound.trace_id;
  line.facts.case_no = record.record.identity.case_no;
  line.facts.reason = record.reason;
  auto attached = attach(task, record);
  if (!attached) return refuse_in_batch(task, attached.error(), {}, batch);
  if (record.verdict == RecordVerdict::refused) return refuse_in_batch(task, leading_error(record.findings, Errc::connector_refused), record.reason, batch);
  const std::string& event = record.record.envelope.event;
  Routed routed = route(*task.setup, task.pack().info().system, record, worker);
  if (routed.targets.empty()) return refuse_in_batch(task, Error(Errc::bridge_no_route).at(event), {}, batch);
  record.findings.append(std::move(routed.findings));

  const bool held = record.verdict == RecordVerdict::held;
  const UtcMillis now = parts_.clock->now_utc();
  line.kind = held ? AnswerKind::held : AnswerKind::accepted;
  line.facts.message_id = ids_.next(now);
  line.facts.accepted_at = office_time(now);
  line.facts.state = held ? "held" : "stored";
  if (held) line.facts.error_id = std::string(leading_error(record.findings, Errc::base_internal).id());
  mapping::AnswerText text = task.pack().answer(task.inbound.delivery, line.kind, line.facts);
  if (text.fault) text = default_acknowledgement(task.from->family, line.facts);
  if (line.facts.record <= kPlansKept) line.plans = std::move(routed.plans);

  journal::Intake intake = make_intake(task, line.facts.message_id, record, std::move(routed.targets));
  intake.acknowledgement = store_acknowledgement(text, held);
  intake.attachments = *std::move(attached);
  line.identity = intake.identity;
  line.digest = intake.digest = crypto::sm3(std::exchange(intake.digest_input, {}));
  task.batch.offered.push_back(line.facts.record - 1);
  batch.intakes.push_back(std::move(intake));
}

/// Says the last line's record no; a row of the ledger stands for it when the delivery is committed.
void IntakeRoad::refuse_in_batch(Task& task, const Error& error, const Bilingual& reason, journal::IntakeBatch& batch) {
  Batch::Line& line = task.batch.lines.back();
  line.kind = AnswerKind::refused;
  line.facts.state = "refused";
  line.facts.error_id = std::string(error.id());
  line.facts.where = error.where();
  line.facts.reason = reason.en.empty() && reason.zh.empty() ? Bilingual{error.message(Lang::en), error.message(Lang::zh)} : reason;
  journal::Refusal row;
  row.system = task.pack().info().system;
  row.error_id = line.facts.error_id;
  row.where = in_record(line.facts.record, line.facts.where);
  row.peer = task.peer;
  batch.refusals.push_back(std::move(row));
}

/// On the journal's thread, which must not stand still for ten thousand lines of an answer.
void IntakeRoad::on_batch_committed(const std::shared_ptr<Task>& task, Result<std::vector<journal::IntakeOutcome>> outcomes) {
  if (!outcomes) return refuse_failed_commit(*task, std::move(outcomes).error());
  parts_.pool->post([this, task, outcomes = *std::move(outcomes)](Worker& worker) {
    const MonoTime now = parts_.clock->now_mono();
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const journal::IntakeOutcome& outcome = outcomes[i];
      Batch::Line& line = task->batch.lines[task->batch.offered[i]];
      if (outcome.verdict == journal::IntakeVerdict::stored) {
        for (Plan& plan : line.plans) parts_.plans->put(outcome.message_id, plan.target, std::move(plan.messages), now);
        continue;
      }
      line.facts.message_id = outcome.message_id;
      line.facts.accepted_at = office_time(MessageIds::time_of(outcome.message_id));
      if (outcome.verdict == journal::IntakeVerdict::conflict) {
        line.kind = AnswerKind::conflict;
        continue;
      }
      line.known = true;
      // What was said first counts: a record that a newer pack would hold was stored, and the other way round.
      const auto first = load_acknowledgement(outcome.acknowledgement);
      line.kind = first && first->held ? AnswerKind::held : AnswerKind::accepted;
      line.facts.state = first && first->held ? "held" : "stored";
    }
    settle_batch_conflicts(*task, outcomes, worker);
    answer_batch(*task);
  });
}

/// As settle_conflict, for the whole delivery: once for each older pack version that took one of its records.
void IntakeRoad::settle_batch_conflicts(Task& task, const std::vector<journal::IntakeOutcome>& outcomes, Worker& worker) {
  std::map<std::string, std::vector<std::size_t>> by_version;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].verdict == journal::IntakeVerdict::conflict) by_version[outcomes[i].pack_digest].push_back(task.batch.offered[i]);
  }
  for (const auto& [digest, lines] : by_version) {
    const PackInForcePtr old = digest == task.pack().info().digest ? nullptr : parts_.setups->version(digest);
    if (old == nullptr) continue;
    auto again = old->pack->run_delivery(task.inbound.delivery, environment(*task.setup, *old, task.from->limits), worker.workspace);
    if (!again) continue;
    std::map<std::string, const mapping::MappedRecord*> records;
    for (const auto& record : again->records) records.emplace(old->pack->info().system + "/" + record.record.identity.key(), &record);
    for (const std::size_t at : lines) {
      Batch::Line& line = task.batch.lines[at];
      const auto record = records.find(line.identity);
      if (record == records.end()) continue;
      const auto known = parts_.journal->find(line.identity);
      if (!known || !known->has_value() || (*known)->digest != mapping::content_digest(*record->second)) continue;
      const auto first = load_acknowledgement((*known)->acknowledgement);
      line.known = true;
      line.kind = first && first->held ? AnswerKind::held : AnswerKind::accepted;
      line.facts.state = first && first->held ? "held" : "stored";
    }
  }
  for (Batch::Line& line : task.batch.lines) {
    if (line.kind != AnswerKind::conflict) continue;
    const auto& row = errc_row(Errc::journal_conflict);
    line.facts.state = "conflict";
    line.facts.error_id = std::string(row.id);
    line.facts.reason = {std::string(row.en), std::string(row.zh)};
  }
}

void IntakeRoad::answer_batch(Task& task) {
  mapping::BatchAnswer::Counts counts;
  std::size_t duplicates = 0;
  std::vector<std::string> items;
  items.reserve(task.batch.lines.size());
  const mapping::BatchAnswer* form = task.pack().batch_answer(task.inbound.delivery);
  for (const Batch::Line& line : task.batch.lines) {
    ++counts.records;
    if (line.known) ++duplicates;
    switch (line.kind) {
      case AnswerKind::accepted: ++counts.accepted; break;
      case AnswerKind::held: ++counts.held; break;
      case AnswerKind::refused: ++counts.refused; break;
      case AnswerKind::conflict: ++counts.conflicts; break;
    }
    items.push_back(form != nullptr ? form->item(line.kind, line.facts) : default_batch_item(task.from->family, line.facts));
    (line.known ? duplicates_ : line.kind == AnswerKind::accepted ? taken_ : line.kind == AnswerKind::held ? held_ : line.kind == AnswerKind::refused ? refused_ : conflicts_).add();
  }
  Answer answer = to_answer(form != nullptr ? form->whole(counts, items) : default_batch_answer(task.from->family, counts, items));
  const std::size_t committed = counts.accepted + counts.held;
  answer.outcome = committed == 0 ? Outcome::refused : duplicates == committed ? Outcome::duplicate : Outcome::stored;
  if (parts_.log.wants(obs::Level::info)) parts_.log(obs::Level::info, "batch_taken_in",
             {{"system", task.pack().info().system}, {"records", std::to_string(counts.records)}, {"accepted", std::to_string(counts.accepted)},
              {"duplicates", std::to_string(duplicates)}, {"held", std::to_string(counts.held)}, {"refused", std::to_string(counts.refused)},
              {"conflicts", std::to_string(counts.conflicts)}, {"trace_id", task.inbound.trace_id}});
  task.answer(std::move(answer));
}

} // namespace tongqu::bridge::detail
