#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "bridge/intake.hpp"
#include "tongqu/journal/journal.hpp"
#include "tongqu/platform/platform.hpp"

namespace tongqu::bridge::detail {

/// What an operator can do while the bridge runs. Each act is audited with who and why; a reason is required. A preview changes nothing
/// and needs none.
struct DeskParts {
  journal::Journal* journal = nullptr;
  IntakeRoad* intake = nullptr;
  std::function<void()> wake;
  /// Reads the configuration again for somebody; for nobody it only says whether that would do.
  std::function<Result<void>(Findings& mistakes, const std::string& who)> reload;
  /// What a platform lists of a day below a prefix.
  std::function<Result<platform::DayOutcome>(const std::string& target, const std::string& day, const std::string& prefix)> day;
};

class OperatorDesk {
public:
  explicit OperatorDesk(DeskParts parts) : parts_(std::move(parts)), journal_(*parts_.journal), intake_(*parts_.intake) {}
  /// One request as control_request describes it; the answer is {"ok":true,…} or {"ok":false,"error":{refusal}}.
  std::string answer(std::string_view request, const std::string& who);

private:
  struct Request;
  Result<std::string> act(const Request& request, const journal::Journal::Act& act);
  Result<std::string> release(const Request& request, const journal::Journal::Act& act);
  std::string replay(const Request& request, const journal::Journal::Act& act);
  Result<std::string> preview_move(const Request& request, journal::DeliveryState from);
  Result<std::string> discard(const Request& request, const journal::Journal::Act& act);
  Result<std::string> purge(const Request& request, const journal::Journal::Act& act);
  Result<std::string> status();
  Result<std::string> platform_day(const Request& request);
  std::string reload(const Request& request, const journal::Journal::Act& act);

  DeskParts parts_;
  journal::Journal& journal_;
  IntakeRoad& intake_;
};

} // namespace tongqu::bridge::detail
