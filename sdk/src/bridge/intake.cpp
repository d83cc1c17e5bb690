#include "bridge/intake.hpp"

#include <algorithm>
#include <utility>

#include "bridge/acknowledgement.hpp"
#include "bridge/stored_delivery.hpp"
#include "tongqu/base/fault_point.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/finding_json.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::bridge::detail {

using connector::Answer;
using connector::Outcome;
using mapping::RecordVerdict;

/// One delivery on its way in. Answers exactly once: whoever drops the task without an answer makes it say "failed".
struct IntakeRoad::Task {
  connector::Inbound inbound;
  connector::AnswerFn answer_fn;
  std::string peer;
  PackPtr pack;
  std::string message_id;
  mapping::AnswerText acknowledgement;  ///< What is stored, as it was before it was stored.
  bool held = false;
  std::vector<Plan> plans;

  Task(connector::Inbound in, connector::AnswerFn fn) : inbound(std::move(in)), answer_fn(std::move(fn)), peer(inbound.delivery.fact("peer")) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (answer_fn) fail(Error(Errc::base_internal), Outcome::failed, 0);
  }

  void answer(Answer a) {
    a.trace_id = inbound.trace_id;
    std::exchange(answer_fn, nullptr)(std::move(a));
  }

  void fail(Error error, Outcome outcome, int retry_after_s) {
    Answer a;
    a.outcome = outcome;
    a.fault = true;
    a.retry_after_s = retry_after_s;
    a.error = std::make_shared<const Error>(std::move(error));
    answer(std::move(a));
  }
};

namespace {

constexpr int kBusyRetryAfterS = 2;

/// The first finding that refuses or holds, as an error with its place.
Error leading_error(const Findings& findings, Errc otherwise) {
  const auto at = std::find_if(findings.begin(), findings.end(), [](const Finding& f) { return f.severity == Severity::error; });
  if (at == findings.end()) return Error(otherwise);
  return Error(at->id).at(at->path.empty() ? at->source.path : at->path);
}

mapping::AnswerFacts facts_of(const mapping::MappedRecord& record, const std::string& trace) {
  mapping::AnswerFacts facts;
  facts.case_no = record.record.identity.case_no;
  facts.trace = trace;
  facts.reason = record.reason;
  return facts;
}

} // namespace

IntakeRoad::IntakeRoad(IntakeParts parts)
    : parts_(std::move(parts)),
      taken_(parts_.metrics->metric("tongqu_intake_total", "outcome=\"stored\"", "Deliveries answered, by outcome")),
      duplicates_(parts_.metrics->metric("tongqu_intake_total", "outcome=\"duplicate\"", "Deliveries answered, by outcome")),
      held_(parts_.metrics->metric("tongqu_intake_total", "outcome=\"held\"", "Deliveries answered, by outcome")),
      refused_(parts_.metrics->metric("tongqu_intake_total", "outcome=\"refused\"", "Deliveries answered, by outcome")),
      conflicts_(parts_.metrics->metric("tongqu_intake_total", "outcome=\"conflict\"", "Deliveries answered, by outcome")),
      busy_(parts_.metrics->metric("tongqu_intake_total", "outcome=\"busy\"", "Deliveries answered, by outcome")) {}

const ListenSettings* IntakeRoad::listener(const std::string& route) const {
  const auto& all = parts_.config->listen;
  const auto at = std::find_if(all.begin(), all.end(), [&](const ListenSettings& l) { return l.name == route; });
  return at == all.end() ? nullptr : &*at;
}

mapping::Environment IntakeRoad::environment(const Limits& limits) const {
  return {limits, parts_.config->reference_date, nullptr, &working_days_};
}

void IntakeRoad::on_delivery(connector::Inbound inbound, connector::AnswerFn answer) {
  auto task = std::make_shared<Task>(std::move(inbound), std::move(answer));
  if (!stopping_.load()) {
    WorkerPool::Job job = [this, task](Worker& worker) { take_in(task, worker); };
    if (parts_.pool->try_post(job)) return;
  }
  busy_.add();
  task->fail(Error(stopping_.load() ? Errc::bridge_stopping : Errc::journal_busy), Outcome::busy, kBusyRetryAfterS);
}

void IntakeRoad::on_refused(const connector::RefusedRequest& refused) {
  refused_.add();
  const ListenSettings* from = listener(refused.route);
  const PackPtr pack = from == nullptr ? nullptr : parts_.packs->current(from->pack);
  journal::Refusal row;
  if (pack != nullptr) row.system = pack->info().system;
  row.error_id = refused.error.id();
  row.where = refused.error.where();
  row.peer = refused.peer;
  row.size = refused.bytes.size();
  row.bytes = refused.bytes;
  parts_.journal->refuse(std::move(row));
  parts_.log(obs::Level::warn, "request_refused",
             {{"route", refused.route}, {"error_id", std::string(refused.error.id())}, {"where", refused.error.where()}, {"peer", refused.peer}, {"trace_id", refused.trace_id}});
}

void IntakeRoad::take_in(const std::shared_ptr<Task>& handle, Worker& worker) {
  Task& task = *handle;
  const ListenSettings* from = listener(task.inbound.route);
  TONGQU_ASSERT(from != nullptr, "a connector's route is the name of a listener");
  task.pack = parts_.packs->current(from->pack);
  TONGQU_ASSERT(task.pack != nullptr, "every listener names a loaded pack; load_config and start check it");

  auto mapped = task.pack->run(task.inbound.delivery, environment(from->limits), worker.workspace);
  if (!mapped) return refuse_as_fault(task, std::move(mapped).error());
  if (mapped->size() != 1) return refuse_as_fault(task, Error(Errc::bridge_many_records));
  mapping::MappedRecord record = std::move(mapped->front());
  FAULT_POINT("s08_mapped");
  if (record.verdict == RecordVerdict::refused) return refuse_record(task, std::move(record));
  Routed routed = route(task.pack->info().system, record.record.envelope.event, record, worker);
  if (routed.targets.empty()) return refuse_as_fault(task, Error(Errc::bridge_no_route).at(record.record.envelope.event));
  record.findings.append(std::move(routed.findings));

  commit(handle, std::move(record), std::move(routed));
}

IntakeRoad::Routed IntakeRoad::route(const std::string& system, const std::string& event, const mapping::MappedRecord& record, Worker& worker) const {
  const RouteSettings* best = nullptr;
  int best_score = -1;
  for (const RouteSettings& one : parts_.config->routes) {
    if ((one.system != system && one.system != "*") || (!one.event.empty() && one.event != event)) continue;
    const int score = (one.system == system ? 2 : 0) + (one.event.empty() ? 0 : 1);
    if (score > best_score) best = &one, best_score = score;
  }
  Routed routed;
  if (best == nullptr) return routed;
  const bool held = record.verdict == RecordVerdict::held;
  for (const RouteSettings::To& to : best->targets) {
    journal::Intake::Target target;
    target.name = to.platform;
    target.after = to.after;
    if (held) {
      target.state = journal::DeliveryState::held;
      target.reason = wire::bilingual_json(record.reason);
    } else {
      auto planned = parts_.targets.at(to.platform)->plan(record.canonical, worker.workspace);
      if (!planned && planned.error().code() == Errc::mapping_no_target_message) continue;
      if (!planned || planned->verdict != RecordVerdict::accepted) {
        target.state = journal::DeliveryState::held;
        Bilingual reason{planned ? "" : planned.error().message(Lang::en), planned ? "" : planned.error().message(Lang::zh)};
        if (planned && !planned->findings.empty()) reason = {describe(*planned->findings.begin(), Lang::en), describe(*planned->findings.begin(), Lang::zh)};
        target.reason = wire::bilingual_json(reason);
        if (planned) routed.findings.append(std::move(planned->findings));
      } else if (!to.after.empty()) {
        target.state = journal::DeliveryState::waiting;
      }
      if (target.state != journal::DeliveryState::held) routed.plans.push_back({to.platform, std::move(planned->messages)});
    }
    routed.targets.push_back(std::move(target));
  }
  // A predecessor that has nothing to say about this event cannot be waited for.
  for (auto& target : routed.targets) {
    if (target.after.empty()) continue;
    const bool there = std::any_of(routed.targets.begin(), routed.targets.end(), [&](const auto& t) { return t.name == target.after; });
    if (there) continue;
    target.after.clear();
    if (target.state == journal::DeliveryState::waiting) target.state = journal::DeliveryState::ready;
  }
  return routed;
}

void IntakeRoad::commit(const std::shared_ptr<Task>& task, mapping::MappedRecord record, Routed routed) {
  const UtcMillis now = parts_.clock->now_utc();
  const bool held = record.verdict == RecordVerdict::held;
  task->message_id = ids_.next(now);

  mapping::AnswerFacts facts = facts_of(record, task->inbound.trace_id);
  facts.message_id = task->message_id;
  facts.accepted_at = office_time(now);
  facts.state = held ? "held" : "stored";
  if (held) facts.error_id = std::string(leading_error(record.findings, Errc::base_internal).id());
  mapping::AnswerText text = task->pack->answer(task->inbound.delivery, held ? mapping::AnswerKind::held : mapping::AnswerKind::accepted, facts);
  if (text.fault) text = default_acknowledgement(listener(task->inbound.route)->family, facts);

  journal::Intake intake;
  intake.message_id = task->message_id;
  intake.system = task->pack->info().system;
  intake.identity = intake.system + "/" + record.record.identity.key();
  intake.digest = mapping::content_digest(record);
  intake.case_key = intake.system + "/" + record.record.identity.case_key();
  intake.case_no = record.record.identity.case_no;
  intake.event = record.record.envelope.event;
  intake.pack = task->pack->info().name();
  intake.pack_digest = task->pack->info().digest;
  intake.raw = store_delivery(task->inbound.delivery);
  intake.canonical = std::move(record.canonical);
  intake.acknowledgement = store_acknowledgement(text, held);
  task->acknowledgement = std::move(text);
  task->held = held;
  task->plans = std::move(routed.plans);
  intake.findings = wire::findings_json(record.findings);
  intake.targets = std::move(routed.targets);
  parts_.journal->accept(std::move(intake), [this, task](Result<journal::IntakeOutcome> outcome) {
    if (outcome && outcome->verdict == journal::IntakeVerdict::conflict) return settle_conflict(task, *std::move(outcome));
    on_committed(*task, std::move(outcome));
  });
}

void IntakeRoad::on_committed(Task& task, Result<journal::IntakeOutcome> outcome) {
  if (!outcome) {
    Error error = std::move(outcome).error();
    if (error.code() == Errc::journal_sync_failed) {
      parts_.on_fatal();
      // Whether the message is on disk is not known. To the caller that is no "give up": he sends again, to the process that comes after.
      error = Error(Errc::bridge_stopping);
    }
    const bool busy = error.action() == Action::retry_later;
    busy_.add();
    return task.fail(std::move(error), busy ? Outcome::busy : Outcome::failed, busy ? kBusyRetryAfterS : 0);
  }
  if (outcome->verdict == journal::IntakeVerdict::stored) return answer_first(task, *outcome);
  auto stored = load_acknowledgement(outcome->acknowledgement);
  if (!stored) return task.fail(std::move(stored).error(), Outcome::failed, 0);
  duplicates_.add();
  task.acknowledgement = std::move(stored->text);
  answer_stored(task, Outcome::duplicate, outcome->message_id);
}

/// Runs on the journal's thread: what is known already is not read back from the store.
void IntakeRoad::answer_first(Task& task, const journal::IntakeOutcome& outcome) {
  const MonoTime now = parts_.clock->now_mono();
  for (Plan& plan : task.plans) parts_.plans->put(outcome.message_id, plan.target, std::move(plan.messages), now);
  (task.held ? held_ : taken_).add();
  answer_stored(task, task.held ? Outcome::held : Outcome::stored, outcome.message_id);
}

void IntakeRoad::answer_stored(Task& task, Outcome outcome, const std::string& message_id) {
  Answer answer = to_answer(task.acknowledgement);
  answer.outcome = outcome;
  answer.message_id = message_id;
  parts_.log(obs::Level::info, "taken_in",
             {{"message_id", message_id}, {"outcome", std::string(connector::outcome_name(outcome))}, {"trace_id", task.inbound.trace_id}});
  task.answer(std::move(answer));
}

/// Same event, another digest. Under a newer pack the same bytes can give another record, so the retry is mapped once more with the
/// version that mapped the first one before it is called a conflict.
void IntakeRoad::settle_conflict(const std::shared_ptr<Task>& task, journal::IntakeOutcome stored) {
  parts_.pool->post([this, task, stored = std::move(stored)](Worker& worker) {
    const PackPtr old = stored.pack_digest == task->pack->info().digest ? nullptr : parts_.packs->version(stored.pack_digest);
    if (old != nullptr) {
      auto again = old->run(task->inbound.delivery, environment(listener(task->inbound.route)->limits), worker.workspace);
      auto known = again && again->size() == 1 ? parts_.journal->find(old->info().system + "/" + again->front().record.identity.key())
                                               : Result<std::optional<journal::Journal::Known>>(std::nullopt);
      if (known && known->has_value() && (*known)->digest == mapping::content_digest(again->front())) {
        journal::IntakeOutcome same;
        same.verdict = journal::IntakeVerdict::duplicate;
        same.message_id = (*known)->message_id;
        same.acknowledgement = (*known)->acknowledgement;
        return on_committed(*task, std::move(same));
      }
    }
    conflicts_.add();
    mapping::AnswerFacts facts;
    facts.message_id = stored.message_id;
    facts.trace = task->inbound.trace_id;
    facts.error_id = std::string(errc_row(Errc::journal_conflict).id);
    facts.reason = {std::string(errc_row(Errc::journal_conflict).en), std::string(errc_row(Errc::journal_conflict).zh)};
    Answer answer = to_answer(task->pack->answer(task->inbound.delivery, mapping::AnswerKind::conflict, facts));
    answer.outcome = Outcome::conflict;
    answer.message_id = stored.message_id;
    answer.error = std::make_shared<const Error>(Error(Errc::journal_conflict).with("first taken in as " + stored.message_id));
    parts_.log(obs::Level::warn, "conflict", {{"message_id", stored.message_id}, {"trace_id", task->inbound.trace_id}});
    task->answer(std::move(answer));
  });
}

/// Data that the pack refuses: the caller hears it in his own convention.
void IntakeRoad::refuse_record(Task& task, mapping::MappedRecord record) {
  Error error = leading_error(record.findings, Errc::connector_refused);
  mapping::AnswerFacts facts = facts_of(record, task.inbound.trace_id);
  facts.error_id = std::string(error.id());
  facts.where = error.where();
  Answer answer = to_answer(task.pack->answer(task.inbound.delivery, mapping::AnswerKind::refused, facts));
  record_refusal(task, error);
  answer.outcome = Outcome::refused;
  answer.findings = std::move(record.findings);
  answer.error = std::make_shared<const Error>(std::move(error));
  task.answer(std::move(answer));
}

/// Gate and routing errors are always the protocol's own fault form.
void IntakeRoad::refuse_as_fault(Task& task, Error error) {
  record_refusal(task, error);
  task.fail(std::move(error), Outcome::refused, 0);
}

/// Of a refused delivery only a digest is kept.
void IntakeRoad::record_refusal(const Task& task, const Error& error) {
  refused_.add();
  journal::Refusal row;
  row.system = task.pack->info().system;
  row.error_id = error.id();
  row.where = error.where();
  row.peer = task.peer;
  if (!task.inbound.delivery.parts.empty()) {
    row.size = task.inbound.delivery.parts.front().bytes.size();
    row.bytes = task.inbound.delivery.parts.front().bytes;
  }
  parts_.journal->refuse(std::move(row));
  parts_.log(obs::Level::warn, "delivery_refused",
             {{"system", task.pack->info().system}, {"error_id", std::string(error.id())}, {"where", error.where()}, {"trace_id", task.inbound.trace_id}});
}

Result<IntakeRoad::Release> IntakeRoad::release(std::string_view message_id, const journal::Journal::Act& act, bool preview) {
  TONGQU_TRY(auto view, parts_.journal->message(message_id));
  if (!view) return Error(Errc::journal_not_found).at(std::string(message_id));
  const bool held = std::any_of(view->deliveries.begin(), view->deliveries.end(), [](const auto& d) { return d.state == journal::DeliveryState::held; });
  if (!held) return Error(Errc::bridge_not_held).at(std::string(message_id));
  TONGQU_TRY(auto bodies, parts_.journal->bodies(message_id));
  TONGQU_TRY(const wire::Delivery delivery, load_delivery(bodies.raw));

  Release release;
  const PackPtr in_force = parts_.packs->current_of_system(view->system);
  if (in_force == nullptr) return Error(Errc::bridge_config_reference).at(view->system);
  TONGQU_TRY(const PackPtr pack, parts_.packs->reload(in_force->info().id, release.findings));
  release.pack = pack->info().name();
  Worker worker;
  TONGQU_TRY(auto mapped, pack->run(delivery, environment(Limits{}), worker.workspace));
  if (mapped.size() != 1) return Error(Errc::bridge_many_records);
  mapping::MappedRecord& record = mapped.front();
  const std::string identity = view->system + "/" + record.record.identity.key();
  release.findings.append(std::move(record.findings));
  if (record.verdict != RecordVerdict::accepted) return release;
  if (identity != view->identity) return Error(Errc::bridge_identity_changed).at(std::string(message_id));
  for (const auto& one : view->deliveries) {
    TONGQU_TRY(auto planned, parts_.targets.at(one.target)->plan(record.canonical, worker.workspace));
    if (planned.verdict == RecordVerdict::accepted) continue;
    release.findings.append(std::move(planned.findings));
    return release;
  }
  if (preview) return release;
  const std::string digest = mapping::content_digest(record);
  // The record changes for every target, also for one that was never held and still waits for its turn.
  for (const auto& one : view->deliveries) static_cast<void>(parts_.plans->take(message_id, one.target));
  TONGQU_CHECK(parts_.journal->release(message_id, std::move(record.canonical), digest, pack->info().name(), pack->info().digest, act));
  release.released = true;
  return release;
}

Result<std::vector<connector::MessageStatus>> IntakeRoad::status(const connector::StatusQuery& query) {
  const ListenSettings* from = listener(query.route);
  const PackPtr pack = from == nullptr ? nullptr : parts_.packs->current(from->pack);
  if (pack == nullptr) return Error(Errc::journal_not_found);
  std::vector<journal::MessageView> views;
  if (!query.message_id.empty()) {
    TONGQU_TRY(auto view, parts_.journal->message(query.message_id));
    // One office's listener does not tell about another system's messages.
    if (view && view->system == pack->info().system) views.push_back(*std::move(view));
  } else {
    TONGQU_TRY(views, parts_.journal->messages_of_case(pack->info().system, query.case_no));
  }
  if (views.empty()) return Error(Errc::journal_not_found);
  std::vector<connector::MessageStatus> all;
  for (const auto& view : views) {
    connector::MessageStatus one{view.message_id, view.case_no, view.event, office_time(view.created), {}};
    for (const auto& d : view.deliveries) {
      connector::TargetStatus target{d.target, std::string(journal::state_name(d.state)), d.receipt_no, d.error_id, {}, office_time(d.changed)};
      if (auto reason = wire::parse_json(d.reason); reason && reason->root().kind() == wire::NodeKind::object) {
        if (const auto en = reason->root().child("en")) target.reason.en = en.raw_text();
        if (const auto zh = reason->root().child("zh")) target.reason.zh = zh.raw_text();
      }
      one.targets.push_back(std::move(target));
    }
    all.push_back(std::move(one));
  }
  return all;
}

} // namespace tongqu::bridge::detail
