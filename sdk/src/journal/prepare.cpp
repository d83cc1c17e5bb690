#include "journal/prepare.hpp"

#include <set>

#include "journal/accept_all.hpp"

namespace tongqu::journal::detail {
namespace {

constexpr std::size_t kAttachmentsMax = 10000;

Error invalid(const char* where) { return Error(Errc::journal_intake_invalid).at(where); }

Result<void> check_targets(const Intake& intake) {
  if (intake.targets.size() > static_cast<std::size_t>(kTargetsMax)) return invalid("targets");
  std::set<std::string_view> names;
  for (const Intake::Target& target : intake.targets) {
    if (target.name.empty() || !names.insert(target.name).second) return invalid("targets.name");
  }
  for (const Intake::Target& target : intake.targets) {
    const bool waits = target.state == DeliveryState::waiting;
    if (waits && (target.after == target.name || names.count(target.after) == 0)) return invalid("targets.after");
    const bool starts = waits || target.state == DeliveryState::ready || target.state == DeliveryState::held || target.state == DeliveryState::parked;
    if (!starts) return invalid("targets.state");
  }
  return {};
}

Result<void> check_intake(const Intake& intake) {
  if (intake.message_id.empty() || intake.message_id.size() > 64) return invalid("message_id");
  for (const char c : intake.message_id) {
    if (c <= ' ' || c > '~') return invalid("message_id");
  }
  if (intake.identity.empty() || intake.identity.size() > 1024 || !is_utf8(intake.identity)) return invalid("identity");
  if (intake.digest_input.empty() ? intake.digest.size() != 32 : !intake.digest.empty()) return invalid("digest");
  // A body of a caller must not read as one of our own references.
  if (intake.raw.size() > kBodyBytesMax || intake.canonical.size() > kBodyBytesMax || is_shared_raw(intake.raw)) return invalid("raw");
  if (intake.attachments.size() > kAttachmentsMax) return invalid("attachments");
  for (const std::string& digest : intake.attachments) {
    if (digest.size() != 32) return invalid("attachments");
  }
  return check_targets(intake);
}

} // namespace

std::vector<Result<PreparedIntake>> prepare_intakes(std::vector<Intake> intakes, const Sealing& sealing) {
  std::vector<Result<PreparedIntake>> prepared;
  prepared.reserve(intakes.size());
  std::vector<const Intake*> right;
  for (const Intake& intake : intakes) {
    auto checked = check_intake(intake);
    prepared.push_back(checked ? Result<PreparedIntake>(PreparedIntake()) : std::move(checked).error());
    if (prepared.back()) right.push_back(&intake);
  }
  auto sealed = sealing.seal_bodies(right);
  std::size_t at = 0;
  for (std::size_t i = 0; i < intakes.size(); ++i) {
    if (!prepared[i]) continue;
    if (!sealed) {
      prepared[i] = sealed.error();
      continue;
    }
    Sealing::Bodies& bodies = (*sealed)[at++];
    PreparedIntake& one = *prepared[i];
    one.raw_box = std::move(bodies.raw);
    one.canonical_box = std::move(bodies.canonical);
    one.acknowledgement_box = std::move(bodies.acknowledgement);
    one.raw_digest = std::move(bodies.raw_digest);
    if (!intakes[i].digest_input.empty()) intakes[i].digest = std::move(bodies.digest);
    one.intake = std::move(intakes[i]);
    std::string().swap(one.intake.digest_input);
    std::string().swap(one.intake.raw);
  }
  return prepared;
}

} // namespace tongqu::journal::detail
