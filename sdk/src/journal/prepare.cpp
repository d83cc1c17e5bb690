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

Result<PreparedIntake> prepare_intake(Intake intake, const Sealing& sealing) {
  TONGQU_CHECK(check_intake(intake));
  PreparedIntake prepared;
  TONGQU_TRY(auto sealed, sealing.seal_bodies(intake));
  prepared.raw_box = std::move(sealed.raw);
  prepared.canonical_box = std::move(sealed.canonical);
  prepared.acknowledgement_box = std::move(sealed.acknowledgement);
  prepared.raw_digest = std::move(sealed.raw_digest);
  if (!intake.digest_input.empty()) intake.digest = std::move(sealed.digest);
  prepared.intake = std::move(intake);
  std::string().swap(prepared.intake.digest_input);
  std::string().swap(prepared.intake.raw);
  return prepared;
}

} // namespace tongqu::journal::detail
