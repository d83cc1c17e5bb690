#include "journal/or_busy.hpp"
#include "tongqu/journal/journal.hpp"

namespace tongqu::journal {

std::string_view state_name(DeliveryState state) noexcept {
  switch (state) {
    case DeliveryState::waiting: return "waiting";
    case DeliveryState::ready: return "ready";
    case DeliveryState::sending: return "sending";
    case DeliveryState::unknown: return "unknown";
    case DeliveryState::delivered: return "delivered";
    case DeliveryState::refused: return "refused";
    case DeliveryState::held: return "held";
    case DeliveryState::parked: return "parked";
    case DeliveryState::discarded: return "discarded";
  }
  return "unknown";
}

bool is_final(DeliveryState state) noexcept {
  return state == DeliveryState::delivered || state == DeliveryState::refused || state == DeliveryState::discarded;
}

bool legal_move(DeliveryState from, DeliveryState to) noexcept {
  using S = DeliveryState;
  switch (from) {
    case S::waiting: return to == S::ready || to == S::held || to == S::parked;
    case S::held: return to == S::ready || to == S::discarded;
    case S::ready: return to == S::sending || to == S::parked;
    case S::sending: return to == S::delivered || to == S::refused || to == S::unknown || to == S::ready;
    case S::unknown: return to == S::delivered || to == S::refused || to == S::parked || to == S::ready;
    case S::parked: return to == S::ready || to == S::discarded;
    case S::delivered:
    case S::refused:
    case S::discarded: return false;
  }
  return false;
}

void Journal::accept_each(std::vector<Accepting> several) {
  for (Accepting& one : several) {
    const auto taken = detail::or_busy([&]() -> Result<void> {
      accept(std::move(one.intake), one.done);
      return {};
    });
    if (!taken) one.done(taken.error());
  }
}

Result<void> Journal::refer(std::string_view, const std::vector<std::string>&) { return Error(Errc::journal_read_only); }
Result<std::int64_t> Journal::sweep_attachments() { return Error(Errc::journal_read_only); }
Result<std::int64_t> Journal::reseal(const Act&) { return Error(Errc::journal_read_only); }
Result<std::int64_t> Journal::purge(const Purge&, const Act&, Redo) { return Error(Errc::journal_read_only); }

} // namespace tongqu::journal
