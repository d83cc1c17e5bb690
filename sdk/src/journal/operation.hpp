#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "journal/ledger.hpp"
#include "journal/sealing.hpp"
#include "tongqu/base/clock.hpp"
#include "tongqu/journal/attachments.hpp"

namespace tongqu::journal::detail {

/// Time for due dates: wall time when the journal was opened, carried on by the monotonic clock, so that a jump of the wall clock
/// neither releases every waiting retry at once nor keeps one back for a day.
class Schedule {
public:
  explicit Schedule(const Clock& clock) : clock_(clock), wall_at_open_(clock.now_utc()), mono_at_open_(clock.now_mono()) {}
  std::int64_t now_ms() const {
    return to_epoch_ms(wall_at_open_) + std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now_mono() - mono_at_open_).count();
  }
  /// 0 when the time has come already.
  std::int64_t from_wall(UtcMillis when) const {
    const std::int64_t ahead = (when - clock_.now_utc()).count();
    return when == UtcMillis{} || ahead <= 0 ? 0 : now_ms() + ahead;
  }
  UtcMillis to_wall(std::int64_t schedule_ms) const {
    return schedule_ms == 0 ? UtcMillis{} : clock_.now_utc() + std::chrono::milliseconds(schedule_ms - now_ms());
  }

private:
  const Clock& clock_;
  UtcMillis wall_at_open_;
  MonoTime mono_at_open_;
};

/// A claim of this process. Fences and deadlines grow together, so the first entry of the map is the oldest.
struct Lease {
  DeliveryRow row;             ///< As claimed, so that its settlement need not read it.
  MonoTime deadline;
  std::string message_id;
  std::uint64_t acts = 0;      ///< Acts of persons until then: after one more, the row is read again.
  bool used = false;           ///< A settlement has been tried; the next one reads the row.
};
using Leases = std::map<std::int64_t, Lease>;

/// What a claim tells about its message.
struct MessageFacts {
  std::string message_id, system, case_no, event, identity;
};

/// Messages that were just stored, so that a claim soon after need not read and open them again (a third of all sealing work). Bounded
/// in bytes; when full, new ones are not kept, because the older ones are claimed first. What is not here is read from its row.
class FreshRecords {
public:
  struct Record {
    MessageFacts facts;
    std::shared_ptr<const std::string> canonical;  ///< Not null; the claims share it.
    std::size_t readers = 0;
  };
  void put(std::int64_t message, Record record);
  /// Null when it is not here.
  const Record* find(std::int64_t message) const;
  void was_read(std::int64_t message);
  void forget(std::int64_t message);

private:
  static constexpr std::size_t kBytesMax = std::size_t{6} << 20U;
  static constexpr std::size_t kRecordBytes = 512; ///< What an empty record costs.
  /// One that so many younger messages have passed waits for a person or a predecessor, and leaves its place to others.
  static constexpr std::int64_t kPassedMax = 16384;
  static std::size_t bytes_of(const Record& record) { return record.canonical->size() + record.facts.identity.size() + kRecordBytes; }
  std::map<std::int64_t, Record> records_; ///< Row numbers grow, so the first is the oldest.
  std::size_t bytes_ = 0;
};

/// What operations work with, on the writer thread only.
struct Desk {
  Ledger& store;
  const Sealing& sealing;
  const Clock& clock;
  Schedule& schedule;
  Leases& leases;
  FreshRecords& fresh;
  std::chrono::milliseconds lease_time;
  std::chrono::milliseconds ask_after;
  std::chrono::milliseconds waiting_limit;
  std::uint64_t acts = 0;      ///< Counts whatever may change a claimed row besides its settlement.
  Attachments* attachments = nullptr;
  std::int64_t now_ms() const { return to_epoch_ms(clock.now_utc()); }
  /// What was made before this has waited too long; a wall clock that was turned forward has made nothing wait. 0: there is no limit.
  std::int64_t late_before_ms() const {
    return waiting_limit.count() == 0 ? 0 : std::min(now_ms(), schedule.now_ms()) - waiting_limit.count();
  }
};

/// One piece of work of a group.
class Operation {
public:
  virtual ~Operation() = default;
  /// Tells what apply() will read, as far as it knows; a store may ask for it all at once.
  virtual void foresee(const Desk&, Foresight&) const {}
  /// Inside the transaction: an error undoes this operation alone. Runs again from the start when a neighbour failed half-way.
  virtual Result<void> apply(Desk& desk) = 0;
  /// After the commit returned, or with the reason why nothing of this operation was stored.
  virtual void complete(Desk& desk, const Error* failure) = 0;
  MonoTime handed_over{}; ///< To the writer.
};

/// Message id of a delivery, for the audit chain; its row number when the row cannot be trusted.
Result<std::string> subject_of(Desk& desk, std::int64_t delivery);
/// Holds deliveries that have waited for another target since before a time: a person decides.
Result<void> hold_late(Desk& desk, std::int64_t before_ms);
/// Turns a claimed delivery whose worker is gone into an unknown one that is asked about at once, with an audit entry.
Result<void> take_back(Desk& desk, std::int64_t delivery, std::string_view why);

} // namespace tongqu::journal::detail
