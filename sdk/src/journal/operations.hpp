#pragma once
#include <functional>
#include <future>
#include <vector>

#include "journal/operation.hpp"

namespace tongqu::journal::detail {

class AcceptOperation final : public Operation {
public:
  AcceptOperation(PreparedIntake prepared, std::function<void(Result<IntakeOutcome>)> done)
      : prepared_(std::move(prepared)), done_(std::move(done)) {}
  void foresee(const Desk&, Foresight& foresight) const override { foresight.intakes.push_back(&prepared_.intake); }
  Result<void> apply(Desk& desk) override;
  void complete(Desk& desk, const Error* failure) override;
  PreparedIntake& prepared() noexcept { return prepared_; }
  bool stored() const noexcept { return row_ != 0; }   ///< Of the last apply().

private:
  Result<void> apply_new(Desk& desk);
  Result<void> apply_known(Desk& desk, const MessageRow& first);
  PreparedIntake prepared_;
  std::function<void(Result<IntakeOutcome>)> done_;
  IntakeOutcome outcome_;
  std::int64_t row_ = 0; ///< Of the message, when it was stored.
};

class RefuseOperation final : public Operation {
public:
  explicit RefuseOperation(Refusal refusal) : refusal_(std::move(refusal)) {}
  Result<void> apply(Desk& desk) override;
  void complete(Desk&, const Error*) override {}

private:
  Refusal refusal_;
};

class ClaimOperation final : public Operation {
public:
  ClaimOperation(std::string target, std::size_t max, std::function<void(Result<std::vector<Claim>>)> done)
      : target_(std::move(target)), max_(max), done_(std::move(done)) {}
  void foresee(const Desk& desk, Foresight& foresight) const override;
  Result<void> apply(Desk& desk) override;
  void complete(Desk& desk, const Error* failure) override;

private:
  Result<void> apply_one(Desk& desk, DeliveryRow row);
  Result<Claim> prepare(Desk& desk, const DeliveryRow& row);
  Result<void> park(Desk& desk, DeliveryRow& row, const Error& why);
  std::string target_;
  std::size_t max_;
  std::function<void(Result<std::vector<Claim>>)> done_;
  std::vector<Claim> claims_;
  std::vector<DeliveryRow> rows_; ///< Of the claims, in their order.
};

/// Sealed on the caller's thread.
struct PreparedSettlement {
  Settlement settlement; ///< `receipt` is empty.
  std::string receipt_box, receipt_digest, key_id;
  /// When it may be tried again, by the schedule. Taken while the caller's clock is the one that he counted on: a wall clock that is turned
  /// forward before the writer comes to it would make a question due while its request is still on its way.
  std::int64_t not_before_ms = 0;
};

class SettleOperation final : public Operation {
public:
  SettleOperation(PreparedSettlement prepared, std::function<void(Result<void>)> done) : prepared_(std::move(prepared)), done_(std::move(done)) {}
  void foresee(const Desk&, Foresight& foresight) const override { foresight.deliveries.push_back(prepared_.settlement.delivery); }
  Result<void> apply(Desk& desk) override;
  void complete(Desk& desk, const Error* failure) override;

private:
  Result<DeliveryRow> row_of(Desk& desk);
  Result<void> let_pass(Desk& desk, DeliveryRow& row);
  Result<void> audit(Desk& desk, const DeliveryRow& row);
  PreparedSettlement prepared_;
  std::function<void(Result<void>)> done_;
};

/// Takes claims back whose lease has run out.
class ExpireOperation final : public Operation {
public:
  explicit ExpireOperation(std::vector<std::int64_t> fences) : fences_(std::move(fences)) {}
  Result<void> apply(Desk& desk) override;
  void complete(Desk& desk, const Error* failure) override;

private:
  std::vector<std::int64_t> fences_;
};

/// An act of a person, or the journal's own start and stop; its caller waits.
class ActOperation final : public Operation {
public:
  explicit ActOperation(std::function<Result<void>(Desk&)> act) : act_(std::move(act)) {}
  std::future<Result<void>> outcome() { return outcome_.get_future(); }
  Result<void> apply(Desk& desk) override { ++desk.acts; return act_(desk); }
  void complete(Desk&, const Error* failure) override { outcome_.set_value(failure == nullptr ? Result<void>() : Result<void>(*failure)); }

private:
  std::function<Result<void>(Desk&)> act_;
  std::promise<Result<void>> outcome_;
};

} // namespace tongqu::journal::detail
