#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "journal/audit_head.hpp"
#include "journal/disk_watch.hpp"
#include "journal/files.hpp"
#include "journal/head_file.hpp"
#include "journal/operation.hpp"

namespace tongqu::journal::detail {

/// Who turns the wheel: a thread of the writer's own, or whoever calls `turn` (a simulation, where every step is chosen).
enum class Drive : std::uint8_t { thread, stepped };

/// What may still enter a full queue: intake is refused first, records of what has happened never are.
enum class Admission : std::uint8_t { intake, ledger, always };

/// The one writer: takes all waiting operations, up to a bound, into one transaction, commits, then completes them.
class Writer {
public:
  Writer(const JournalOptions& options, std::unique_ptr<Ledger> store, const Sealing& sealing, const Clock& clock,
         std::optional<crypto::Sm2PrivateKey> signing_key);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Recovers what a dead process left and starts the thread, if there is to be one.
  Result<void> start(Drive drive = Drive::thread);
  /// Stepped only: one group, or what is due without one. True when something was waiting. Never from a callback.
  bool turn();
  /// Hands an operation over. On error it was not taken and never completes. @errors journal.busy, journal.disk_low, journal.closed,
  /// journal.sync_failed.
  Result<void> submit(std::unique_ptr<Operation> operation, Admission admission);
  /// Submits an act and waits for it. Must not be called from a callback.
  Result<void> perform(std::function<Result<void>(Desk&)> act);
  /// Submits an operation and waits until its outcome is there.
  template <class Outcome> Result<void> wait_for(std::unique_ptr<Operation> operation, std::future<Outcome>& outcome) {
    TONGQU_CHECK(submit(std::move(operation), Admission::always));
    while (drive_ == Drive::stepped && outcome.wait_for(std::chrono::seconds(0)) != std::future_status::ready) turn();
    outcome.wait();
    return {};
  }
  /// Before start.
  void use(Attachments& attachments) { desk_.attachments = &attachments; }
  /// Drains, writes the head and ends the thread.
  void stop();
  void on_ready(std::function<void(const std::string&)> listener);
  /// Another process may have given a target work. Of any thread; the listener hears of it on the writer's own.
  void nudge(const std::string& target);
  const Schedule& schedule() const noexcept { return schedule_; }
  WriterWork work() const;

private:
  using Group = std::vector<std::unique_ptr<Operation>>;
  using Failures = std::vector<std::optional<Error>>;
  void loop();
  Group wait_for_group();
  Group next_group(std::unique_lock<std::mutex>& held);
  void run(Group group);
  void add_expired(Group& group);
  void add_late(Group& group);
  void look_at_disk(Group& group);
  bool make_room();
  void process(Group& group);
  void tidy(Group& group);
  void look_at_backlog(Group& group);
  void note_backlog();
  Result<void> apply_until_known(Group& group, Failures& failures);
  void foresee(const Group& group);
  enum class Pass : std::uint8_t { together, one_by_one };
  enum class Verdict : std::uint8_t { applied, again };
  Result<void> apply_group(Group& group, Failures& failures);
  Result<Verdict> apply_pass(Group& group, Failures& failures, Pass pass);
  Result<void> apply_one(Operation& operation);
  void fail_group(Group& group, const Error& error);
  void tell_ready(const std::set<std::string>& targets);
  Result<void> recover();
  Result<void> put_questions_off();
  Result<void> bring_waits_back();
  void remember_files();
  bool files_in_place() const;
  void look_at_files();
  Result<void> check_old_head();
  void write_head_when_due();
  void write_head_now();
  Result<void> close_segment(AuditHead& head);
  Result<void> sign_head(AuditHead& head);
  void finish();
  /// Adds the time since the last one to an account.
  void book(std::chrono::nanoseconds WriterWork::*account);

  const JournalOptions& options_;
  std::unique_ptr<Ledger> store_;
  const Clock& clock_;
  Schedule schedule_;
  Leases leases_;
  FreshRecords fresh_;
  Desk desk_;
  std::optional<crypto::Sm2PrivateKey> signing_key_;
  HeadFile heads_;
  MonoTime head_at_;
  std::int64_t ledger_dropped_ = 0;
  DiskWatch disk_;
  MonoTime late_at_{};
  std::vector<std::pair<std::string, FileIdentity>> files_;  ///< The store's, as they were at the start.

  mutable std::mutex work_mutex_;
  WriterWork work_;
  MonoTime booked_at_{};       ///< The writer's own.

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Operation>> queue_;
  std::function<void(const std::string&)> listener_;
  std::set<std::string> nudged_;
  bool closing_ = false;
  bool poisoned_ = false;
  std::atomic<bool> backlog_full_{false};
  std::mutex stop_mutex_;
  Drive drive_ = Drive::thread;
  bool turning_ = false;
  bool finished_ = false;
  std::thread thread_;
};

} // namespace tongqu::journal::detail
