#pragma once
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "journal/ledger.hpp"

namespace tongqu::journal::detail {

/// The order within a case, the same over every store: what of a lane may be claimed, and what is set free by the end of another. A lane is
/// the deliveries of one case to one target, by their numbers. A store gives the rows and writes them.
class LaneRules : public Ledger {
public:
  Result<void> insert_deliveries(const Intake& intake, std::int64_t now_ms) final;
  Result<void> claim(DeliveryRow& row, std::int64_t now_ms) final;
  Result<void> move(DeliveryRow& row, const Move& move, std::int64_t now_ms) final;
  Result<void> release_earlier(const DeliveryRow& row) final;
  Result<void> discard_damaged(DeliveryRow& row, std::string_view reason, std::int64_t now_ms) final;
  Result<bool> delivered_after(const DeliveryRow& row) final;
  Result<std::int64_t> insert_again(const DeliveryRow& row, std::int64_t now_ms) final;
  Result<void> reschedule(DeliveryRow& row, std::int64_t not_before_ms) final;
  std::int64_t under_way() noexcept final;
  std::set<std::string> take_ready() final { return std::exchange(ready_, {}); }

protected:
  explicit LaneRules(std::map<std::string, int> event_places) : event_places_(std::move(event_places)) {}
  /// How far back one is looked for that others of its case have passed.
  static constexpr int kPassedFar = 64;

  Result<bool> blocked(const DeliveryRow& row);
  Result<void> release_next(const DeliveryRow& finished, std::int64_t now_ms);
  Result<void> mark_one_restored(DeliveryRow& row, std::int64_t now_ms);

  // What a store does. A row keeps its number, lane and target for ever.
  virtual Counters& counters() noexcept = 0;
  /// The next delivery of the lane of `row` behind (or, not forward, before) the number `from`. A damaged one counts as of this lane.
  virtual Result<std::optional<DeliveryRow>> nearest_in_lane(const DeliveryRow& row, std::int64_t from, bool forward) = 0;
  /// Deliveries of the same message that wait for this one.
  virtual Result<std::vector<DeliveryRow>> followers(const DeliveryRow& finished) = 0;
  virtual Result<void> insert_delivery(DeliveryRow& row, std::int64_t now_ms) = 0;
  /// As above, where later numbers of the lane may be there already.
  virtual Result<void> insert_between(DeliveryRow& row, std::int64_t now_ms) = 0;
  virtual Result<void> write_claim(const DeliveryRow& row) = 0;
  /// @param due_ms  When it may be claimed; nothing: it may not.
  virtual Result<void> update(const DeliveryRow& row, std::optional<std::int64_t> due_ms) = 0;
  virtual Result<void> set_due(std::int64_t delivery, std::optional<std::int64_t> due_ms) = 0;
  virtual Result<void> put_receipt(ReceiptRow row) = 0;
  /// What is written as due time for a delivery that may be claimed: its time, or a place in the fair order when that has come.
  virtual std::int64_t due_of(const DeliveryRow& row) = 0;
  virtual void note_due(const std::string& target, std::int64_t due_ms, std::int64_t delivery) = 0;

  const std::map<std::string, int> event_places_;
  std::set<std::string> ready_;   ///< Targets that got work in this transaction.

private:
  void count(DeliveryState from, DeliveryState to);
  /// @param ahead  Unfinished ones in front, nearest first; one of them waits for an earlier event.
  Result<bool> may_pass(const DeliveryRow& row, const std::vector<DeliveryRow>& ahead);
  Result<std::optional<int>> place_of(const DeliveryRow& row);
  Result<bool> is_earlier(const DeliveryRow& row, const DeliveryRow& other);
  Result<void> wake_early(const DeliveryRow& delivered);
  Result<void> release_followers(const DeliveryRow& finished, std::int64_t now_ms);
};

} // namespace tongqu::journal::detail
