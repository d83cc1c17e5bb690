#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "journal/operations.hpp"

namespace tongqu::journal::detail {

/// Raw bytes of a message that came together with others: they stand with another message, whose id follows.
constexpr std::string_view kSharedRaw = "TQR1 ";
inline bool is_shared_raw(std::string_view raw) noexcept { return raw.substr(0, kSharedRaw.size()) == kSharedRaw; }

/// All messages of one delivery in one transaction: all of them or none. The raw bytes are kept with the first one that is new.
class AcceptAllOperation final : public Operation {
public:
  using Done = std::function<void(Result<std::vector<IntakeOutcome>>)>;
  /// Seals on the calling thread; of each record only its box stays. @errors journal.intake_invalid with the record's number.
  static Result<std::unique_ptr<AcceptAllOperation>> prepare(IntakeBatch batch, const Sealing& sealing, Done done);

  void foresee(const Desk& desk, Foresight& foresight) const override {
    for (const auto& one : accepts_) one->foresee(desk, foresight);
  }
  Result<void> apply(Desk& desk) override;
  void complete(Desk& desk, const Error* failure) override;

private:
  explicit AcceptAllOperation(Done done) : done_(std::move(done)) {}
  Result<void> apply_one(Desk& desk, AcceptOperation& one);

  Done done_;
  std::string raw_, raw_box_, raw_box_owner_;
  std::string raw_kept_with_;                    ///< During apply: the message that has the bytes; empty until one is stored.
  std::vector<std::unique_ptr<AcceptOperation>> accepts_;
  std::vector<std::unique_ptr<RefuseOperation>> refusals_;
  std::shared_ptr<std::vector<IntakeOutcome>> outcomes_ = std::make_shared<std::vector<IntakeOutcome>>();
};

} // namespace tongqu::journal::detail
