#include "bridge/intake.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "bridge/acknowledgement.hpp"
#include "bridge/intake_task.hpp"
#include "bridge/stored_delivery.hpp"
#include "tongqu/base/fault_point.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/mapping/content_digest.hpp"
#include "tongqu/wire/finding_json.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::bridge::detail {

using connector::Answer;
using connector::Outcome;
using mapping::RecordVerdict;

namespace {

/// Reading and mapping more than so many bytes takes long enough that others should not wait for it.
constexpr std::size_t kLargeBytes = std::size_t{64} << 10U;

bool is_large(const connector::Inbound& inbound) {
  std::size_t bytes = 0;
  for (const wire::Part& part : inbound.delivery.parts) bytes += part.bytes.size();
  return inbound.unread || bytes > kLargeBytes;
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

mapping::Environment IntakeRoad::environment(const Setup& setup, const PackInForce& pack, const Limits& limits) { return setup.environment(pack.opener.get(), limits); }

void IntakeRoad::on_delivery(connector::Inbound inbound, connector::AnswerFn answer) {
  auto task = std::make_shared<Task>(std::move(inbound), std::move(answer));
  if (!stopping_.load()) {
    WorkerPool::Job job = [this, task](Worker& worker) {
      try {
        take_in(task, worker);
      } catch (const std::bad_alloc&) {  // Says nothing about the message: whoever sent it comes again.
        busy_.add();
        if (task->answer_fn) task->fail(Error(Errc::journal_busy), Outcome::busy, kBusyRetryAfterS);
      }
    };
    try {
      if (parts_.pool->try_post(job)) return;
    } catch (const std::bad_alloc&) {
      // As if it were full.
    }
  }
  busy_.add();
  task->fail(Error(stopping_.load() ? Errc::bridge_stopping : Errc::journal_busy), Outcome::busy, kBusyRetryAfterS);
}

void IntakeRoad::on_refused(const connector::RefusedRequest& refused) {
  refused_.add();
  const SetupPtr setup = parts_.setups->current();
  const ListenSettings* from = setup->listener(refused.route);
  const PackInForcePtr pack = from == nullptr ? nullptr : setup->pack(from->pack);
  journal::Refusal row;
  if (pack != nullptr) row.system = pack->pack->info().system;
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
  task.setup = parts_.setups->current();
  task.from = task.setup->listener(task.inbound.route);
  TONGQU_ASSERT(task.from != nullptr, "a connector's route is the name of a listener, and a reload keeps the listeners");
  task.in_force = task.setup->pack(task.from->pack);
  TONGQU_ASSERT(task.in_force != nullptr, "every listener names a loaded pack; load_setup checks it");

  if (worker.gathered.any() && is_large(task.inbound)) worker.gathered.hand_over();
  // Whoever gates a body watches over it from before that; what comes in parts is watched from here.
  const std::shared_ptr<void> from_the_gate = std::move(task.inbound.watch);
  const journal::CrashGuard::Entry watched = from_the_gate || task.inbound.unread ? journal::CrashGuard::Entry() : watch(task.inbound.delivery);
  if (task.inbound.unread || watched.condemned()) return keep_unread(handle);
  auto mapped = task.pack().run_delivery(task.inbound.delivery, environment(*task.setup, *task.in_force, task.from->limits), worker.workspace);
  if (!mapped) return refuse_as_fault(task, std::move(mapped).error());
  // A caller who waits for an answer cannot be asked to keep a tail: what is not whole is sent again, whole.
  if (mapped->waiting) return refuse_as_fault(task, Error(Errc::wire_frame_incomplete).at(mapped->waiting->part + " offset " + std::to_string(mapped->waiting->offset)));
  FAULT_POINT("s08_mapped");
  if (mapped->records.size() != 1 || task.pack().batch_answer(task.inbound.delivery) != nullptr) return take_all(handle, *std::move(mapped), worker);
  mapping::MappedRecord& record = mapped->records.front();
  if (!mapped->findings.empty()) {
    mapped->findings.append(std::move(record.findings));
    record.findings = std::move(mapped->findings);
  }
  take_one(handle, record, worker);
}

void IntakeRoad::take_one(const std::shared_ptr<Task>& handle, mapping::MappedRecord& record, Worker& worker) {
  Task& task = *handle;
  auto attached = attach(task, record);
  if (!attached) return refuse_failed_commit(task, std::move(attached).error());
  task.attached = *std::move(attached);
  if (record.verdict == RecordVerdict::refused) return refuse_record(task, record);
  Routed routed = route(*task.setup, task.pack().info().system, record, worker);
  if (routed.targets.empty()) return refuse_as_fault(task, Error(Errc::bridge_no_route).at(record.record.envelope.event));
  record.findings.append(std::move(routed.findings));

  commit(handle, record, std::move(routed), worker);
}

IntakeRoad::Routed IntakeRoad::route(const Setup& setup, const std::string& system, const mapping::MappedRecord& record, Worker& worker) {
  const RouteSettings* best = setup.route(system, record.record.envelope.event);
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
      auto planned = setup.targets.at(to.platform)->plan(record.canonical, setup.environment(), worker.workspace);
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

journal::Intake IntakeRoad::make_intake(const Task& task, const std::string& message_id, mapping::MappedRecord& record, std::vector<journal::Intake::Target> targets) const {
  const mapping::PackInfo& pack = task.pack().info();
  journal::Intake intake;
  intake.message_id = message_id;
  intake.system = pack.system;
  intake.identity = intake.system + "/" + record.record.identity.key();
  intake.digest_input = mapping::content_digest_input(record);
  intake.case_key = intake.system + "/" + record.record.identity.case_key();
  intake.case_no = record.record.identity.case_no;
  intake.event = record.record.envelope.event;
  intake.pack = pack.name();
  intake.pack_digest = pack.digest;
  intake.canonical = std::move(record.canonical);
  intake.findings = wire::findings_json(record.findings);
  intake.targets = std::move(targets);
  return intake;
}

void IntakeRoad::commit(const std::shared_ptr<Task>& task, mapping::MappedRecord& record, Routed routed, Worker& worker) {
  const UtcMillis now = parts_.clock->now_utc();
  const bool held = record.verdict == RecordVerdict::held;
  task->message_id = ids_.next(now);

  mapping::AnswerFacts facts = facts_of(record, task->inbound.trace_id);
  facts.message_id = task->message_id;
  facts.accepted_at = office_time(now);
  facts.state = held ? "held" : "stored";
  if (held) facts.error_id = std::string(leading_error(record.findings, Errc::base_internal).id());
  mapping::AnswerText text = task->pack().answer(task->inbound.delivery, held ? mapping::AnswerKind::held : mapping::AnswerKind::accepted, facts);
  if (text.fault) text = default_acknowledgement(task->from->family, facts);

  journal::Intake intake = make_intake(*task, task->message_id, record, std::move(routed.targets));
  intake.raw = store_delivery(task->inbound.delivery);
  intake.acknowledgement = store_acknowledgement(text, held);
  intake.attachments = std::move(task->attached);
  task->acknowledgement = std::move(text);
  task->held = held;
  task->plans = std::move(routed.plans);
  worker.gathered.add(*parts_.journal, std::move(intake), [this, task](Result<journal::IntakeOutcome> outcome) {
    on_accepted(task, std::move(outcome));
  });
}

/// On the journal's thread, which must not stand still for building an answer and writing it to a socket.
void IntakeRoad::on_accepted(const std::shared_ptr<Task>& task, Result<journal::IntakeOutcome> outcome) {
  if (!outcome) return refuse_failed_commit(*task, std::move(outcome).error());
  if (outcome->verdict == journal::IntakeVerdict::conflict) return settle_conflict(task, *std::move(outcome));
  parts_.pool->post([this, task, stored = *std::move(outcome)](Worker&) { on_committed(*task, stored); });
}

void IntakeRoad::refuse_failed_commit(Task& task, Error error) {
  if (error.code() == Errc::journal_sync_failed) {
    parts_.on_fatal();
    // Whether the message is on disk is not known. To the caller that is no "give up": he sends again, to the process that comes after.
    error = Error(Errc::bridge_stopping);
  }
  const bool busy = error.action() == Action::retry_later;
  busy_.add();
  task.fail(std::move(error), busy ? Outcome::busy : Outcome::failed, busy ? kBusyRetryAfterS : 0);
}

void IntakeRoad::on_committed(Task& task, const journal::IntakeOutcome& outcome) {
  if (outcome.verdict == journal::IntakeVerdict::stored) return answer_first(task, outcome);
  auto stored = load_acknowledgement(outcome.acknowledgement);
  if (!stored) return task.fail(std::move(stored).error(), Outcome::failed, 0);
  duplicates_.add();
  task.acknowledgement = std::move(stored->text);
  answer_stored(task, Outcome::duplicate, outcome.message_id);
}

/// What is known already is not read back from the store.
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
  if (parts_.log.wants(obs::Level::info)) {
    parts_.log(obs::Level::info, "taken_in",
               {{"message_id", message_id}, {"outcome", std::string(connector::outcome_name(outcome))}, {"trace_id", task.inbound.trace_id}});
  }
  task.answer(std::move(answer));
}

/// Same event, another digest. Under a newer pack the same bytes can give another record, so the retry is mapped once more with the
/// version that mapped the first one before it is called a conflict.
void IntakeRoad::settle_conflict(const std::shared_ptr<Task>& task, journal::IntakeOutcome stored) {
  parts_.pool->post([this, task, stored = std::move(stored)](Worker& worker) {
    const PackInForcePtr old = stored.pack_digest == task->pack().info().digest ? nullptr : parts_.setups->version(stored.pack_digest);
    if (old != nullptr) {
      auto again = old->pack->run(task->inbound.delivery, environment(*task->setup, *old, task->from->limits), worker.workspace);
      auto known = again && again->size() == 1 ? parts_.journal->find(old->pack->info().system + "/" + again->front().record.identity.key())
                                               : Result<std::optional<journal::Journal::Known>>(std::nullopt);
      if (known && known->has_value() && (*known)->digest == mapping::content_digest(again->front())) {
        journal::IntakeOutcome same;
        same.verdict = journal::IntakeVerdict::duplicate;
        same.message_id = (*known)->message_id;
        same.acknowledgement = (*known)->acknowledgement;
        return on_committed(*task, same);
      }
    }
    conflicts_.add();
    mapping::AnswerFacts facts;
    facts.message_id = stored.message_id;
    facts.trace = task->inbound.trace_id;
    facts.error_id = std::string(errc_row(Errc::journal_conflict).id);
    facts.reason = {std::string(errc_row(Errc::journal_conflict).en), std::string(errc_row(Errc::journal_conflict).zh)};
    Answer answer = to_answer(task->pack().answer(task->inbound.delivery, mapping::AnswerKind::conflict, facts));
    answer.outcome = Outcome::conflict;
    answer.message_id = stored.message_id;
    answer.error = std::make_shared<const Error>(Error(Errc::journal_conflict).with("first taken in as " + stored.message_id));
    parts_.log(obs::Level::warn, "conflict", {{"message_id", stored.message_id}, {"trace_id", task->inbound.trace_id}});
    task->answer(std::move(answer));
  });
}

/// Data that the pack refuses: the caller hears it in his own convention.
void IntakeRoad::refuse_record(Task& task, mapping::MappedRecord& record) {
  Error error = leading_error(record.findings, Errc::connector_refused);
  mapping::AnswerFacts facts = facts_of(record, task.inbound.trace_id);
  facts.error_id = std::string(error.id());
  facts.where = error.where();
  Answer answer = to_answer(task.pack().answer(task.inbound.delivery, mapping::AnswerKind::refused, facts));
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
  row.system = task.pack().info().system;
  row.error_id = error.id();
  row.where = error.where();
  row.peer = task.peer;
  if (!task.inbound.delivery.parts.empty()) {
    row.size = task.inbound.delivery.parts.front().bytes.size();
    row.bytes = task.inbound.delivery.parts.front().bytes;
  }
  parts_.journal->refuse(std::move(row));
  parts_.log(obs::Level::warn, "delivery_refused",
             {{"system", task.pack().info().system}, {"error_id", std::string(error.id())}, {"where", error.where()}, {"trace_id", task.inbound.trace_id}});
}

void IntakeRoad::events(const connector::EventQuery& query, connector::EventsFn answer) {
  const SetupPtr setup = parts_.setups->current();
  const ListenSettings* from = setup->listener(query.route);
  const PackInForcePtr pack = from == nullptr ? nullptr : setup->pack(from->pack);
  // A system that is called does not ask as well: two counters would take each other's events.
  if (pack == nullptr || parts_.back == nullptr || pack->settings.call_back.on()) return answer(Error(Errc::connector_path_unknown));
  parts_.back->ask(pack->pack->info().system, query, std::move(answer));
}

Result<std::vector<connector::MessageStatus>> IntakeRoad::status(const connector::StatusQuery& query) {
  const SetupPtr setup = parts_.setups->current();
  const ListenSettings* from = setup->listener(query.route);
  const PackInForcePtr in_force = from == nullptr ? nullptr : setup->pack(from->pack);
  if (in_force == nullptr) return Error(Errc::journal_not_found);
  const PackPtr& pack = in_force->pack;
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
