#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "bridge/intake.hpp"
#include "tongqu/journal/journal.hpp"

namespace tongqu::bridge::detail {

/// What an operator can do while the bridge runs. Each act is audited with who and why; a reason is required. A preview changes nothing
/// and needs none.
class OperatorDesk {
public:
  OperatorDesk(journal::Journal& journal, IntakeRoad& intake, std::function<void()> wake) : journal_(journal), intake_(intake), wake_(std::move(wake)) {}
  /// One request as control_request describes it; the answer is {"ok":true,…} or {"ok":false,"error":{refusal}}.
  std::string answer(std::string_view request, const std::string& who);

private:
  struct Request;
  Result<std::string> act(const Request& request, const journal::Journal::Act& act);
  Result<std::string> release(const Request& request, const journal::Journal::Act& act);
  Result<std::string> preview_move(const Request& request, journal::DeliveryState from);
  Result<std::string> discard(const Request& request, const journal::Journal::Act& act);
  Result<std::string> status();

  journal::Journal& journal_;
  IntakeRoad& intake_;
  std::function<void()> wake_;
};

} // namespace tongqu::bridge::detail
