#include "journal/attachment_operations.hpp"

#include <algorithm>

#include "tongqu/base/assert.hpp"
#include "tongqu/base/fault_point.hpp"

namespace tongqu::journal::detail {

Result<void> refer_to_attachments(Desk& desk, std::int64_t message, const std::vector<std::string>& digests, Presence presence) {
  TONGQU_ASSERT(desk.attachments != nullptr, "the journal opens its attachments before its writer");
  for (const std::string& digest : digests) {
    TONGQU_TRY(const std::string name, desk.attachments->name_of(digest));
    if (presence == Presence::needed) {
      TONGQU_TRY(const bool there, desk.attachments->has(name));
      if (!there) return Error(Errc::journal_attachment_missing).at("attachment " + name);
    }
    TONGQU_CHECK(desk.store.refer(name, message));
  }
  return {};
}

Result<void> refer_to_attachments(Desk& desk, const Intake& intake) {
  const bool all_held = std::all_of(intake.targets.begin(), intake.targets.end(), [](const auto& one) { return one.state == DeliveryState::held || one.state == DeliveryState::parked; });
  return refer_to_attachments(desk, desk.store.last_message(), intake.attachments, all_held ? Presence::awaited : Presence::needed);
}

Result<void> SweepOperation::apply(Desk& desk) {
  chosen_.clear();
  crypto::Hasher names(crypto::Hasher::Algorithm::sm3);
  for (const std::string& name : names_) {
    TONGQU_TRY(const bool needed, desk.store.referred(name));
    if (needed) continue;
    chosen_.push_back(name);
    names.update(name);
  }
  if (chosen_.empty()) return {};
  const std::string detail = "before_ms=" + std::to_string(to_epoch_ms(before_)) + " count=" + std::to_string(chosen_.size()) + " first=" + chosen_.front() + " last=" + chosen_.back();
  return desk.store.audit("attachments_removed", "journal", detail, names.finish(), desk.now_ms());
}

void SweepOperation::complete(Desk& desk, const Error* failure) {
  if (failure != nullptr) return outcome_.set_value(*failure);
  std::int64_t removed = 0;
  for (const std::string& name : chosen_) {
    // A neighbour in the same commit may have begun to need it.
    const auto needed = desk.store.referred(name);
    if (!needed || *needed || !desk.attachments->remove(name, before_)) continue;
    ++removed;
    FAULT_POINT("a7_attachment_removed");
  }
  outcome_.set_value(removed);
}

} // namespace tongqu::journal::detail
