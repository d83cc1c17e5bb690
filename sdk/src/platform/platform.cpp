#include "tongqu/platform/platform.hpp"

namespace tongqu::platform {

void PlatformClient::day(std::string, std::string, std::function<void(DayOutcome)> done) {
  DayOutcome outcome;
  outcome.state = QueryState::not_offered;
  outcome.error = Error(Errc::platform_digest_not_offered);
  done(std::move(outcome));
}

void PlatformClient::events(std::size_t, std::function<void(EventsOutcome)> done) {
  EventsOutcome outcome;
  outcome.state = QueryState::not_offered;
  outcome.error = Error(Errc::platform_events_not_offered);
  done(std::move(outcome));
}

void PlatformClient::confirm_events(std::vector<std::string>, std::function<void(std::optional<Error>)> done) { done(Error(Errc::platform_events_not_offered)); }

} // namespace tongqu::platform
