#include <algorithm>
#include <utility>

#include "bridge/attachment_desk.hpp"
#include "bridge/attachment_names.hpp"
#include "bridge/intake_task.hpp"
#include "tongqu/crypto/crypto.hpp"

/// Attachments that records name: there before the record is, or it waits for a person, or is refused.
namespace tongqu::bridge::detail {

using mapping::RecordVerdict;

namespace {

Finding missing(const NamedAttachment& named, Severity severity) {
  Finding finding;
  finding.id = Errc::journal_attachment_missing;
  finding.severity = severity;
  finding.path = named.path;
  return finding;
}

} // namespace

/// Puts the parts of a delivery that the record names into the store.
Result<void> IntakeRoad::keep_parts(const wire::Delivery& delivery, std::vector<NamedAttachment>& wanted) const {
  for (std::size_t i = 1; i < delivery.parts.size() && !wanted.empty(); ++i) {
    const wire::Part& part = delivery.parts[i];
    const std::string digest = crypto::sm3(part.bytes);
    const auto at = std::find_if(wanted.begin(), wanted.end(), [&digest](const auto& one) { return one.digest == digest; });
    if (at == wanted.end()) continue;
    TONGQU_CHECK(parts_.attachments->keep(part.bytes));
    wanted.erase(at);
  }
  return {};
}

/// Puts files that stand in the body as Base64 text into the store, when the record names their digests.
Result<void> IntakeRoad::keep_inline(const wire::Delivery& delivery, std::vector<NamedAttachment>& wanted) const {
  if (delivery.parts.empty() || delivery.parts.front().document == nullptr) return {};
  return each_inline_file(delivery.parts.front().document->root(), [this, &wanted](Bytes content) -> Result<bool> {
    const std::string digest = crypto::sm3(content);
    const auto at = std::find_if(wanted.begin(), wanted.end(), [&digest](const auto& one) { return one.digest == digest; });
    if (at == wanted.end()) return true;
    TONGQU_CHECK(parts_.attachments->keep(content));
    wanted.erase(at);
    return !wanted.empty();
  });
}

/// Those of the attachments a record names that are not in the store.
Result<std::vector<NamedAttachment>> IntakeRoad::absent_attachments(const std::vector<NamedAttachment>& named, const wire::Delivery& delivery) const {
  std::vector<NamedAttachment> absent;
  for (const NamedAttachment& one : named) {
    TONGQU_TRY(const auto there, parts_.attachments->look(one.digest));
    if (!there) absent.push_back(one);
  }
  TONGQU_CHECK(keep_parts(delivery, absent));
  if (!absent.empty()) TONGQU_CHECK(keep_inline(delivery, absent));
  return absent;
}

Result<std::vector<std::string>> IntakeRoad::attach(const Task& task, mapping::MappedRecord& record) const {
  std::vector<std::string> digests;
  if (parts_.attachments == nullptr || task.from->attachments == MissingAttachment::none_taken || record.verdict == RecordVerdict::refused) return digests;
  for (const wire::Part& part : task.inbound.delivery.parts) {
    if (!part.sm3.empty()) digests.push_back(part.sm3);
  }
  TONGQU_TRY(auto named, named_attachments(record.canonical));
  named.erase(std::remove_if(named.begin(), named.end(), [&digests](const auto& one) { return std::find(digests.begin(), digests.end(), one.digest) != digests.end(); }), named.end());
  if (named.empty()) return digests;
  TONGQU_TRY(const auto absent, absent_attachments(named, task.inbound.delivery));
  const bool report = task.from->attachments == MissingAttachment::report;
  for (const NamedAttachment& one : absent) record.findings.add(missing(one, report ? Severity::warn : Severity::error));
  for (const NamedAttachment& one : named) {
    const bool is_absent = std::any_of(absent.begin(), absent.end(), [&one](const auto& other) { return other.digest == one.digest; });
    if (!is_absent || !report) digests.push_back(one.digest);
  }
  if (absent.empty() || report) return digests;
  // A repeat needs nothing any more: its attachments may have gone when their time was over.
  const auto known = parts_.journal->find(task.pack().info().system + "/" + record.record.identity.key());
  if (known && known->has_value()) return digests;
  // Held, it names what is still to come; whatever comes is kept for it.
  record.verdict = task.from->attachments == MissingAttachment::refuse ? RecordVerdict::refused : RecordVerdict::held;
  const Finding first = missing(absent.front(), Severity::error);
  record.reason = {describe(first, Lang::en), describe(first, Lang::zh)};
  return digests;
}

Result<bool> IntakeRoad::attach_again(const journal::MessageView& view, const mapping::MappedRecord& record, Findings& findings, Again again) const {
  if (parts_.attachments == nullptr) return true;
  const SetupPtr setup = parts_.setups->current();
  const bool asked = std::any_of(setup->config.listen.begin(), setup->config.listen.end(), [&](const ListenSettings& one) {
    const PackInForcePtr pack = setup->pack(one.pack);
    const bool counts = one.attachments == MissingAttachment::hold || one.attachments == MissingAttachment::refuse;
    return counts && pack != nullptr && pack->pack->info().system == view.system;
  });
  if (!asked) return true;
  TONGQU_TRY(const auto named, named_attachments(record.canonical));
  if (named.empty()) return true;
  TONGQU_TRY(const auto absent, absent_attachments(named, {}));
  for (const NamedAttachment& one : absent) findings.add(missing(one, Severity::error));
  if (!absent.empty()) return false;
  if (again == Again::preview) return true;
  std::vector<std::string> digests;
  for (const NamedAttachment& one : named) digests.push_back(one.digest);
  TONGQU_CHECK(parts_.journal->refer(view.message_id, digests));
  return true;
}

Result<std::unique_ptr<connector::Upload>> IntakeRoad::upload(const connector::UploadHead& head) {
  if (stopping_.load()) return Error(Errc::bridge_stopping);
  if (!takes_attachments(head.route)) return Error(Errc::connector_path_unknown);
  return parts_.attachments->begin(head);
}

Result<std::optional<std::uint64_t>> IntakeRoad::attachment(const std::string& route, const std::string& digest) {
  if (!takes_attachments(route)) return Error(Errc::connector_path_unknown);
  return parts_.attachments->look(digest);
}

bool IntakeRoad::takes_attachments(const std::string& route) const {
  const SetupPtr setup = parts_.setups->current();
  const ListenSettings* from = setup->listener(route);
  return parts_.attachments != nullptr && from != nullptr && from->attachments != MissingAttachment::none_taken;
}

} // namespace tongqu::bridge::detail
