#include "journal/writer.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>

#include "journal/operations.hpp"
#include "journal/sqlite/schema.hpp"
#include "tongqu/base/assert.hpp"

namespace tongqu::journal::detail {
namespace {

constexpr std::chrono::milliseconds kTick{500};
constexpr std::int64_t kClockStepBackMs = 1000;
constexpr std::chrono::milliseconds kLateEvery{1000};
/// No wait that a platform or a back-off asks for is longer; what looks so was counted on a clock that was wrong.
constexpr std::chrono::hours kWaitBelieved{1};

bool is_fatal(const Error& error) { return error.code() == Errc::journal_sync_failed; }

/// A planted fault stands for a write that failed.
Error as_write_error(Error error) {
  if (error.code() != Errc::base_fault_injected) return error;
  return Error(Errc::journal_write).because(std::move(error));
}

} // namespace

Writer::Writer(const JournalOptions& options, std::unique_ptr<Ledger> store, const Sealing& sealing, const Clock& clock,
               std::optional<crypto::Sm2PrivateKey> signing_key)
    : options_(options), store_(std::move(store)), clock_(clock), schedule_(clock),
      desk_{*store_, sealing, clock_, schedule_, leases_, fresh_, options.lease, options.ask_after, options.waiting_limit, 0}, signing_key_(std::move(signing_key)), heads_(options.audit_head_file), head_at_(clock.now_mono()),
      disk_(options.path, options.low_water_bytes, options.ballast_bytes) {}

Writer::~Writer() { stop(); }

Result<void> Writer::start(Drive drive) {
  drive_ = drive;
  TONGQU_CHECK(recover());
  remember_files();
  note_backlog();
  disk_.look(clock_.now_mono());
  write_head_now();
  if (drive_ == Drive::thread) {
    TONGQU_CHECK(store_->tidy_beside());
    heads_.begin();
    thread_ = std::thread([this] { loop(); });
  }
  return {};
}

/// The times of the store are of the wall, and the wall may have been turned forward while nobody was looking: a request that left the
/// process before may still be on its way, though its question seems due. After a start no question comes sooner than after a send.
Result<void> Writer::put_questions_off() {
  if (options_.ask_after.count() <= 0) return {};
  const std::int64_t earliest = schedule_.now_ms() + options_.ask_after.count();
  TONGQU_TRY(const auto early, store_->asked_before(earliest));
  for (const std::int64_t delivery : early) {
    TONGQU_TRY(auto row, store_->delivery(delivery));
    if (!row || row->damaged) continue;
    const std::string error_id = row->error_id, reason = row->reason;
    Move move;
    move.to = DeliveryState::unknown;
    move.not_before_ms = earliest;
    move.error_id = error_id;
    move.reason = reason;
    TONGQU_CHECK(store_->move(*row, move, desk_.now_ms()));
  }
  return {};
}

/// The other way round: where the clock was a day ahead when the times were written, or is a day behind now, a retry of half a second would
/// wait for a day, also after the clock is right again. It is due now; a question has its wait before it.
Result<void> Writer::bring_waits_back() {
  const std::int64_t now = schedule_.now_ms();
  TONGQU_TRY(const auto far, store_->due_after(now + std::chrono::milliseconds(kWaitBelieved).count()));
  for (const std::int64_t delivery : far) {
    TONGQU_TRY(auto row, store_->delivery(delivery));
    if (!row || row->damaged) continue;
    TONGQU_CHECK(store_->reschedule(*row, now + options_.ask_after.count()));
  }
  return {};
}

/// A store that was taken away, or its log, can still be written to: into a file without a name, which is gone when the process ends.
void Writer::remember_files() {
  if (store_->shared()) return; // Its files are the server's.
  for (const char* end : {"", "-wal"}) {
    const std::string path = options_.path + end;
    if (const auto found = identity_of_file(path)) files_.emplace_back(path, *found);
  }
}

bool Writer::files_in_place() const {
  return std::all_of(files_.begin(), files_.end(), [](const auto& file) { return identity_of_file(file.first) == file.second; });
}

void Writer::look_at_files() {
  if (files_in_place()) return;
  const std::lock_guard lock(mutex_);
  poisoned_ = true;
}

Result<void> Writer::recover() {
  TONGQU_CHECK(store_->begin());
  const auto steps = [this]() -> Result<void> {
    TONGQU_CHECK(check_old_head());
    TONGQU_CHECK(store_->audit("start", "journal", "schema=" + std::to_string(kSchemaVersion) + " key_id=" + desk_.sealing.key_id(), {}, desk_.now_ms()));
    TONGQU_TRY(const auto backup_at, store_->backup_mark());
    if (!backup_at.empty()) TONGQU_CHECK(store_->mark_restored(backup_at, desk_.now_ms()));
    TONGQU_TRY(const auto left, store_->left_claimed());
    for (const std::int64_t delivery : left) TONGQU_CHECK(take_back(desk_, delivery, "recover"));
    TONGQU_CHECK(put_questions_off());
    TONGQU_CHECK(bring_waits_back());
    return store_->commit();
  };
  auto done = steps();
  if (!done) store_->rollback();
  return done;
}

// A head that does not belong to this chain is the proof that entries were taken away or another store was put in place: it is kept.
Result<void> Writer::check_old_head() {
  const std::string& path = options_.audit_head_file;
  if (path.empty()) return {};
  const auto head = read_head(path);
  if (head && !head->has_value()) {
    // Without it nobody can tell whether entries were cut off; a store that is new has none yet.
    if (store_->tip().sequence == 0) return {};
    if (options_.lost_head == JournalOptions::LostHead::refused) return Error(Errc::journal_audit_head).at(path);
    return store_->audit("head_missing", "journal", "sequence=" + std::to_string(store_->tip().sequence), {}, desk_.now_ms());
  }
  if (head) {
    const AuditTip& tip = (*head)->tip;
    TONGQU_TRY(const auto value, store_->chain_value(tip.sequence));
    if (value == tip.mac || (tip.sequence == 0 && store_->tip().sequence == 0)) return {};
  }
  if (options_.lost_head == JournalOptions::LostHead::refused) {
    const bool cut = head && (*head)->tip.sequence > store_->tip().sequence;
    return Error(cut ? Errc::journal_audit_cut : Errc::journal_audit_head).at(path);
  }
  const std::string aside = path + ".foreign-" + std::to_string(desk_.now_ms());
  if (std::rename(path.c_str(), aside.c_str()) != 0) return Error(Errc::base_file_unwritable).at(path);
  const std::string sequence = head ? std::to_string((*head)->tip.sequence) : "unreadable";
  return store_->audit("head_foreign", "journal", "sequence=" + sequence, {}, desk_.now_ms());
}

Result<void> Writer::submit(std::unique_ptr<Operation> operation, Admission admission) {
  {
    const std::lock_guard lock(mutex_);
    if (poisoned_) return Error(Errc::journal_sync_failed);
    if (closing_) return Error(Errc::journal_closed);
    if (admission == Admission::intake && disk_.low()) return Error(Errc::journal_disk_low);
    if (admission == Admission::intake && queue_.size() >= options_.queue_max) return Error(Errc::journal_busy);
    if (admission == Admission::intake && backlog_full_) return Error(Errc::journal_busy).at("backlog_max");
    if (admission == Admission::ledger && (disk_.low() || queue_.size() >= 2 * options_.queue_max)) {
      ++ledger_dropped_;
      return Error(Errc::journal_busy);
    }
    operation->handed_over = clock_.now_mono();
    queue_.push_back(std::move(operation));
    if (queue_.size() > 1) return {};
  }
  wake_.notify_one();
  return {};
}

Result<void> Writer::perform(std::function<Result<void>(Desk&)> act) {
  TONGQU_ASSERT(std::this_thread::get_id() != thread_.get_id(), "a callback that waits for its own thread would wait for ever");
  auto operation = std::make_unique<ActOperation>(std::move(act));
  auto outcome = operation->outcome();
  TONGQU_CHECK(submit(std::move(operation), Admission::always));
  if (drive_ == Drive::stepped) {
    while (outcome.wait_for(std::chrono::seconds(0)) != std::future_status::ready) turn();
  }
  return outcome.get();
}

void Writer::on_ready(std::function<void(const std::string&)> listener) {
  const std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

void Writer::stop() {
  const std::lock_guard once(stop_mutex_);
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (drive_ == Drive::thread || std::exchange(finished_, true)) return;
  while (turn()) continue;
  finish();
}

void Writer::loop() {
  for (;;) {
    Group group = wait_for_group();
    {
      const std::lock_guard lock(mutex_);
      if (group.empty() && closing_) break;
    }
    run(std::move(group));
  }
  finish();
}

bool Writer::turn() {
  TONGQU_ASSERT(drive_ == Drive::stepped && !std::exchange(turning_, true), "one wheel, and nobody turns it from inside");
  std::unique_lock lock(mutex_);
  Group group = next_group(lock);
  lock.unlock();
  const bool any = !group.empty();
  run(std::move(group));
  turning_ = false;
  return any;
}

WriterWork Writer::work() const {
  const std::lock_guard lock(work_mutex_);
  return work_;
}

void Writer::book(std::chrono::nanoseconds WriterWork::*account) {
  const MonoTime now = clock_.now_mono();
  const std::lock_guard lock(work_mutex_);
  work_.*account += now - booked_at_;
  booked_at_ = now;
}

void Writer::run(Group group) {
  booked_at_ = clock_.now_mono();
  if (!group.empty()) {
    std::chrono::nanoseconds queued{0};
    for (const auto& operation : group) {
      if (operation->handed_over != MonoTime{}) queued += booked_at_ - operation->handed_over;
    }
    const std::lock_guard lock(work_mutex_);
    ++work_.groups;
    work_.operations += static_cast<std::int64_t>(group.size());
    work_.queued += queued;
  }
  add_expired(group);
  add_late(group);
  look_at_disk(group);
  look_at_backlog(group);
  if (group.empty()) look_at_files();
  else process(group);
  tidy(group);
  std::set<std::string> nudged;
  {
    const std::lock_guard lock(mutex_);
    nudged.swap(nudged_);
  }
  tell_ready(nudged);
  if (!poisoned_) write_head_when_due();
  book(&WriterWork::tidying);
}

void Writer::nudge(const std::string& target) {
  {
    const std::lock_guard lock(mutex_);
    nudged_.insert(target);
  }
  wake_.notify_one();
}

Writer::Group Writer::wait_for_group() {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, kTick, [this] { return closing_ || !queue_.empty() || !nudged_.empty(); });
  return next_group(lock);
}

Writer::Group Writer::next_group([[maybe_unused]] std::unique_lock<std::mutex>& held) {
  Group group;
  while (!queue_.empty() && group.size() < options_.group_max) {
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  if (ledger_dropped_ > 0) {
    const std::int64_t dropped = std::exchange(ledger_dropped_, 0);
    group.push_back(std::make_unique<ActOperation>([dropped](Desk& desk) {
      return desk.store.audit("refusals_dropped", "journal", "count=" + std::to_string(dropped), {}, desk.now_ms());
    }));
  }
  return group;
}

void Writer::add_expired(Group& group) {
  const MonoTime now = clock_.now_mono();
  std::vector<std::int64_t> fences;
  for (const auto& [fence, lease] : leases_) {
    if (lease.deadline > now) break;
    fences.push_back(fence);
  }
  if (!fences.empty()) group.insert(group.begin(), std::make_unique<ExpireOperation>(std::move(fences)));
}

// A predecessor that does not come must not be waited for in silence.
void Writer::add_late(Group& group) {
  const MonoTime now = clock_.now_mono();
  if (options_.waiting_limit.count() == 0 || (late_at_ != MonoTime{} && now - late_at_ < kLateEvery)) return;
  late_at_ = now;
  auto waiting = store_->waiting(1);
  if (!waiting || waiting->empty()) return;
  const std::int64_t before_ms = desk_.late_before_ms();
  const auto oldest = store_->delivery(waiting->front());
  if (oldest && *oldest && (*oldest)->created_ms >= before_ms) return;
  group.push_back(std::make_unique<ActOperation>([before_ms](Desk& desk) { return hold_late(desk, before_ms); }));
}

void Writer::look_at_disk(Group& group) {
  if (!disk_.look(clock_.now_mono())) return;
  const std::string kind = disk_.low() ? "disk_low" : "disk_room";
  const std::string detail = "free_bytes=" + std::to_string(disk_.free_bytes());
  group.push_back(std::make_unique<ActOperation>([kind, detail](Desk& desk) { return desk.store.audit(kind, "journal", detail, {}, desk.now_ms()); }));
}

/// Others may be shortening a backlog that is too long; a transaction, even an empty one, tells how long it is.
void Writer::look_at_backlog(Group& group) {
  if (backlog_full_ && group.empty() && store_->shared()) group.push_back(std::make_unique<ActOperation>([](Desk&) { return Result<void>(); }));
}

void Writer::note_backlog() {
  if (options_.backlog_max == 0) return;
  backlog_full_ = store_->under_way() >= options_.backlog_max;
}

// Once the log has gone into the database its own room is used again, and the ballast holds what that takes.
bool Writer::make_room() {
  const bool given = disk_.give_ballast_up();
  return store_->tidy_log(Ledger::Pressure::high) || given;
}

void Writer::process(Group& group) {
  if (poisoned_) return fail_group(group, Error(Errc::journal_sync_failed));
  Failures failures(group.size());
  auto applied = apply_until_known(group, failures);
  if (!applied && store_->found_no_room()) {
    store_->rollback();
    if (make_room()) {
      failures.assign(group.size(), std::nullopt);
      applied = apply_group(group, failures);
    }
  }
  if (!applied) {
    store_->rollback();
    return fail_group(group, applied.error());
  }
  const bool in_place = files_in_place();
  book(&WriterWork::committing);
  note_backlog();
  if (!in_place) return fail_group(group, Error(Errc::journal_sync_failed).at(options_.path).because(Error(Errc::journal_open).at(options_.path)));
  const auto ready = store_->take_ready();
  for (std::size_t i = 0; i < group.size(); ++i) {
    group[i]->complete(desk_, failures[i] ? &*failures[i] : nullptr);
    group[i].reset();
  }
  tell_ready(ready);
  book(&WriterWork::completing);
}

/// Also when there was nothing to do: a sync that failed on the thread beside us must be known before the next message comes.
void Writer::tidy(Group& group) {
  if (poisoned_) return;
  if (auto tidied = store_->tidy_log(disk_.low() ? Ledger::Pressure::high : Ledger::Pressure::none); !tidied && is_fatal(tidied.error())) fail_group(group, tidied.error());
}

/// A store that goes away under a transaction leaves the question whether it was committed. Only when the store has answered it are the
/// operations completed or run again; while it cannot be reached they wait, and then fail with what they may be tried again after.
Result<void> Writer::apply_until_known(Group& group, Failures& failures) {
  constexpr int kTriesMax = 5;
  for (int tries = 1;; ++tries) {
    auto applied = apply_group(group, failures);
    if (applied || !store_->lost()) return applied;
    bool closing = false;
    {
      const std::lock_guard lock(mutex_);
      closing = closing_;
    }
    const Ledger::Fate fate = store_->reconnect(closing);
    if (fate == Ledger::Fate::stored) return {};
    if (fate == Ledger::Fate::not_known || tries == kTriesMax) return applied;
    failures.assign(group.size(), std::nullopt);
  }
}

void Writer::foresee(const Group& group) {
  if (!store_->shared()) return;
  Foresight foresight;
  for (const auto& operation : group) operation->foresee(desk_, foresight);
  store_->foresee(foresight);
}

// A savepoint for each operation copies every page it touches, which costs more than the operation. So the group runs without, and
// only when one fails after it has written, the group is rolled back and run again with savepoints and without that one.
Result<void> Writer::apply_group(Group& group, Failures& failures) {
  TONGQU_TRY(const Verdict verdict, apply_pass(group, failures, Pass::together));
  if (verdict == Verdict::again) {
    store_->rollback();
    TONGQU_CHECK(apply_pass(group, failures, Pass::one_by_one));
  }
  book(&WriterWork::applying);
  auto committed = store_->commit();
  if (committed || !store_->refused_a_row()) return committed;
  store_->rollback();
  TONGQU_CHECK(apply_pass(group, failures, Pass::one_by_one));
  return store_->commit();
}

Result<Writer::Verdict> Writer::apply_pass(Group& group, Failures& failures, Pass pass) {
  foresee(group);
  TONGQU_CHECK(store_->begin());
  if (store_->content_changed_elsewhere()) fresh_ = FreshRecords();
  if (desk_.now_ms() < store_->tip().at_ms - kClockStepBackMs) {
    TONGQU_CHECK(store_->audit("clock_back", "journal", "before_ms=" + std::to_string(store_->tip().at_ms), {}, desk_.now_ms()));
  }
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (failures[i]) continue;
    store_->mark();
    if (pass == Pass::one_by_one) TONGQU_CHECK(store_->save());
    auto applied = apply_one(*group[i]);
    if (applied && pass == Pass::one_by_one) applied = store_->release();
    if (applied) continue;
    failures[i] = as_write_error(std::move(applied).error());
    // A full or failing disk takes the whole transaction with it; anything else only this operation.
    if (is_fatal(*failures[i]) || !store_->in_transaction()) return *failures[i];
    if (pass == Pass::one_by_one) store_->undo();
    else if (!store_->forget_if_unwritten()) return Verdict::again;
  }
  return Verdict::applied;
}

// One operation is one work item: a bug in it fails it alone.
Result<void> Writer::apply_one(Operation& operation) {
  try {
    return operation.apply(desk_);
  } catch (const std::bad_alloc&) {
    return Error(Errc::journal_write);  // Says nothing about the message: it may come again.
  } catch (const std::exception&) {
    return Error(Errc::base_internal);
  }
}

void Writer::fail_group(Group& group, const Error& error) {
  if (is_fatal(error)) {
    const std::lock_guard lock(mutex_);
    poisoned_ = true;
  }
  for (auto& operation : group) {
    if (operation) operation->complete(desk_, &error);
  }
}

void Writer::tell_ready(const std::set<std::string>& targets) {
  if (targets.empty()) return;
  std::function<void(const std::string&)> listener;
  {
    const std::lock_guard lock(mutex_);
    listener = listener_;
  }
  if (!listener) return;
  for (const std::string& target : targets) listener(target);
}

void Writer::write_head_when_due() {
  const std::int64_t behind = store_->tip().sequence - heads_.sequence();
  if (behind == 0) return;
  if (behind >= options_.head_every_entries || clock_.now_mono() - head_at_ >= options_.head_every) write_head_now();
}

// A head that cannot be written now is written later; the older one still proves everything up to its own entry.
void Writer::write_head_now() {
  head_at_ = clock_.now_mono();
  if (options_.audit_head_file.empty()) return;
  AuditHead head;
  head.tip = store_->tip();
  if (signing_key_ && !close_segment(head)) return;
  heads_.put(std::move(head));
}

Result<void> Writer::close_segment(AuditHead& head) {
  TONGQU_CHECK(store_->begin());
  auto stored = sign_head(head);
  if (stored) stored = store_->commit();
  if (stored) return {};
  store_->rollback();
  if (is_fatal(stored.error())) {
    const std::lock_guard lock(mutex_);
    poisoned_ = true;
  }
  return stored;
}

/// The head closes the entries since the one before it, and is kept in the store too: evidence of a message carries it. Both stand in one
/// transaction, so that no two processes close one segment.
Result<void> Writer::sign_head(AuditHead& head) {
  // A store of before, or one that was not signed, starts with its newest entries.
  constexpr std::int64_t kSegmentMax = 50000;
  head.tip = store_->tip();
  TONGQU_TRY(const auto closed, store_->last_head());
  head.from = std::max(closed + 1, head.tip.sequence - kSegmentMax + 1);
  TONGQU_TRY(const auto digests, store_->entry_digests(head.from, head.tip.sequence));
  head.root = segment_root(digests);
  TONGQU_TRY(head.signature, signing_key_->sign(head_body(head)));
  if (digests.empty()) return {};
  return store_->insert_head(head.tip.sequence, head_body(head), head.signature);
}

void Writer::finish() {
  heads_.end();
  if (poisoned_) return;
  Group last;
  last.push_back(std::make_unique<ActOperation>([](Desk& desk) { return desk.store.audit("stop", "journal", {}, {}, desk.now_ms()); }));
  process(last);
  write_head_now();
  if (!poisoned_) static_cast<void>(store_->close_log());
}

} // namespace tongqu::journal::detail
