#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridge/back_desk.hpp"
#include "bridge/naming.hpp"
#include "bridge/plan_cache.hpp"
#include "bridge/setup.hpp"
#include "bridge/worker_pool.hpp"
#include "tongqu/bridge/config.hpp"
#include "tongqu/connector/connector.hpp"
#include "tongqu/journal/crash_guard.hpp"
#include "tongqu/journal/journal.hpp"
#include "tongqu/obs/log.hpp"
#include "tongqu/obs/metrics.hpp"

namespace tongqu::bridge::detail {

class AttachmentDesk;
struct NamedAttachment;

/// Everything intake reads and writes; owned by the bridge, outlives the road.
struct IntakeParts {
  SetupShelf* setups = nullptr;
  journal::Journal* journal = nullptr;
  PlanCache* plans = nullptr;
  WorkerPool* pool = nullptr;
  BackDesk* back = nullptr;                        ///< Null: no events are given.
  std::shared_ptr<Clock> clock;
  obs::Log log;
  obs::Metrics* metrics = nullptr;
  std::function<void()> on_fatal;                  ///< The journal lost its disk; from any thread.
  journal::CrashGuard* guard = nullptr;            ///< Null: bodies are not watched.
  AttachmentDesk* attachments = nullptr;           ///< Null: none are taken.
};

/// The way in: delivery -> pack -> canonical record -> journal -> acknowledgement. Called by connectors from their threads.
class IntakeRoad final : public connector::IntakeHandler {
public:
  explicit IntakeRoad(IntakeParts parts);

  void on_delivery(connector::Inbound inbound, connector::AnswerFn answer) override;
  void on_refused(const connector::RefusedRequest& refused) override;
  connector::Watched watch_gate(std::string_view bytes) override;
  Result<std::vector<connector::MessageStatus>> status(const connector::StatusQuery& query) override;
  void events(const connector::EventQuery& query, connector::EventsFn answer) override;

  Result<std::unique_ptr<connector::Upload>> upload(const connector::UploadHead& head) override;
  Result<std::optional<std::uint64_t>> attachment(const std::string& route, const std::string& digest) override;

  /// From now on every delivery is answered `busy`.
  void stop_taking() { stopping_.store(true); }

  /// Maps a stored message again and releases it when nothing holds it any more; with `preview`, changes nothing.
  struct Release { bool released = false; Findings findings; std::string pack; };
  Result<Release> release(std::string_view message_id, const journal::Journal::Act& act, bool preview);

  /// Has a message sent to a target again, with the record that is stored or mapped again by the pack in force. A preview changes nothing.
  struct ReplayRequest {
    std::string message_id, target;
    std::string state;                             ///< The delivery was chosen in this one; empty: in whatever state it is.
    bool remap = false, overtake = false, preview = false;
  };
  struct Replay {
    std::string from;                              ///< State of the delivery that it follows.
    std::string pack;                              ///< Pack of the record that is sent.
    bool changed = false;                          ///< Mapped again, the record says something else.
    std::vector<std::string> messages;             ///< Names of the target's messages.
    std::int64_t delivery = 0;                     ///< 0 in a preview.
  };
  /// @param findings  What mapping and planning found, also when it is not sent.
  /// @errors bridge.replay_*, bridge.identity_changed, journal.not_found.
  Result<Replay> replay(const ReplayRequest& request, const journal::Journal::Act& act, Findings& findings);

  /// Takes the blame for a crash from the body of a message that was kept unread, when a person has discarded it.
  void acquit(std::string_view message_id) const;

private:
  struct Task;
  struct Plan { std::string target; std::vector<mapping::OutMessage> messages; };
  struct Routed { std::vector<journal::Intake::Target> targets; std::vector<Plan> plans; Findings findings; };

  struct Batch;

  void take_in(const std::shared_ptr<Task>& handle, Worker& worker);
  // A record is large and stays where it was made; what is needed of it afterwards is moved out.
  void take_one(const std::shared_ptr<Task>& handle, mapping::MappedRecord& record, Worker& worker);
  static Routed route(const Setup& setup, const std::string& system, const mapping::MappedRecord& record, Worker& worker);
  journal::Intake make_intake(const Task& task, const std::string& message_id, mapping::MappedRecord& record, std::vector<journal::Intake::Target> targets) const;
  void commit(const std::shared_ptr<Task>& task, mapping::MappedRecord& record, Routed routed, Worker& worker);

  // Attachments that records name: intake_attachments.cpp.
  bool takes_attachments(const std::string& route) const;
  Result<void> keep_parts(const wire::Delivery& delivery, std::vector<NamedAttachment>& wanted) const;
  Result<void> keep_inline(const wire::Delivery& delivery, std::vector<NamedAttachment>& wanted) const;
  Result<std::vector<NamedAttachment>> absent_attachments(const std::vector<NamedAttachment>& named, const wire::Delivery& delivery) const;
  /// Digests of the attachments that a record needs; it is held or refused, as the listener says, while one is missing.
  Result<std::vector<std::string>> attach(const Task& task, mapping::MappedRecord& record) const;
  /// As above for a stored message that was mapped again. False: one is missing, and `findings` names it.
  enum class Again : std::uint8_t { act, preview };
  Result<bool> attach_again(const journal::MessageView& view, const mapping::MappedRecord& record, Findings& findings, Again again) const;

  // Bodies that end the process: intake_guard.cpp.
  journal::CrashGuard::Entry watch(const wire::Delivery& delivery) const;
  void keep_unread(const std::shared_ptr<Task>& handle);

  // Many records of one delivery: intake_batch.cpp.
  void take_all(const std::shared_ptr<Task>& handle, mapping::MappedDelivery mapped, Worker& worker);
  void add_record(Task& task, mapping::MappedRecord record, journal::IntakeBatch& batch, Worker& worker);
  void refuse_in_batch(Task& task, const Error& error, const Bilingual& reason, journal::IntakeBatch& batch);
  void on_batch_committed(const std::shared_ptr<Task>& task, Result<std::vector<journal::IntakeOutcome>> outcomes);
  void settle_batch_conflicts(Task& task, const std::vector<journal::IntakeOutcome>& outcomes, Worker& worker);
  void answer_batch(Task& task);
  void on_accepted(const std::shared_ptr<Task>& task, Result<journal::IntakeOutcome> outcome);
  void on_committed(Task& task, const journal::IntakeOutcome& outcome);
  void answer_first(Task& task, const journal::IntakeOutcome& outcome);
  void answer_stored(Task& task, connector::Outcome outcome, const std::string& message_id);
  void settle_conflict(const std::shared_ptr<Task>& task, journal::IntakeOutcome stored);
  void refuse_record(Task& task, mapping::MappedRecord& record);
  void refuse_as_fault(Task& task, Error error);
  void record_refusal(const Task& task, const Error& error);
  /// The record of a stored message as a pack maps its bytes now: the one of the same event, wherever it stands in its delivery.
  Result<mapping::MappedRecord> map_again(const journal::MessageView& view, const Setup& setup, const PackInForce& pack, Worker& worker) const;
  void refuse_failed_commit(Task& task, Error error);
  static mapping::Environment environment(const Setup& setup, const PackInForce& pack, const Limits& limits);

  IntakeParts parts_;
  MessageIds ids_;
  std::atomic<bool> stopping_{false};
  obs::Metric& taken_;
  obs::Metric& duplicates_;
  obs::Metric& held_;
  obs::Metric& refused_;
  obs::Metric& conflicts_;
  obs::Metric& busy_;
};

} // namespace tongqu::bridge::detail
