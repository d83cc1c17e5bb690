#include "tongqu/connector/connector.hpp"

#include <algorithm>

namespace tongqu::connector {

void IntakeHandler::events(const EventQuery&, EventsFn answer) { answer(Error(Errc::connector_path_unknown)); }

Result<std::unique_ptr<Upload>> IntakeHandler::upload(const UploadHead&) { return Error(Errc::connector_path_unknown); }
Result<std::optional<std::uint64_t>> IntakeHandler::attachment(const std::string&, const std::string&) { return Error(Errc::connector_path_unknown); }

std::string_view outcome_name(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::stored: return "stored";
    case Outcome::duplicate: return "duplicate";
    case Outcome::held: return "held";
    case Outcome::refused: return "refused";
    case Outcome::conflict: return "conflict";
    case Outcome::busy: return "busy";
    case Outcome::failed: return "failed";
  }
  return "failed";
}

void Registry::add(std::string family, Factory factory) {
  TONGQU_ASSERT(std::none_of(rows_.begin(), rows_.end(), [&](const auto& row) { return row.first == family; }), "a family is registered once");
  rows_.emplace_back(std::move(family), std::move(factory));
}

Result<std::unique_ptr<Connector>> Registry::start(const ListenerConfig& config, IntakeHandler& handler) const {
  const auto at = std::find_if(rows_.begin(), rows_.end(), [&](const auto& row) { return row.first == config.family; });
  if (at == rows_.end()) return Error(Errc::connector_unknown_family).at("listen " + config.name).with(config.family);
  return at->second(config, handler);
}

std::vector<std::string> Registry::families() const {
  std::vector<std::string> names;
  for (const auto& row : rows_) names.push_back(row.first);
  return names;
}

} // namespace tongqu::connector
