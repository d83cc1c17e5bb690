#include <algorithm>

#include "mapping/source_mapping.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/mapping/content_digest.hpp"
#include "tongqu/model/rules.hpp"

/// What follows the rules of a mapping: the rules of the model, the canonical JSON and its digest.
namespace tongqu::mapping {
namespace detail {
namespace {

/// Room for the JSON of one record that a thread keeps between two.
constexpr std::size_t kJsonKept = std::size_t{1} << 20;

} // namespace

void SourceMapping::finish(MappedRecord& mapped, const Environment& environment, std::string& json) const {
  if (mapped.verdict != RecordVerdict::refused) {
    Findings judged;
    model::RuleContext context;
    context.reference_date = environment.reference_date;
    if (environment.working_days != nullptr) context.working_days = model::counting(*environment.working_days);
    // A check of the pack may be stricter than the one of the field: what failed it has not passed because the other is content.
    std::vector<std::size_t> failed;
    const auto& meta = mapped.record.meta;
    for (std::size_t i = 0; i < meta.size(); ++i) {
      if (meta[i].verdict == model::Verdict::failed) failed.push_back(i);
    }
    model::validate(mapped.record, context, judged);
    for (const std::size_t i : failed) mapped.record.meta[i].verdict = model::Verdict::failed;
    for (const Finding& finding : judged) {
      const auto same_place = [&finding](const Finding& other) { return other.id == finding.id && other.path == finding.path; };
      if (std::any_of(mapped.findings.begin(), mapped.findings.end(), same_place)) continue;
      // What no platform could take (no key, a case under a parent item) waits for a person; it is not sent and not lost.
      if (finding.severity == Severity::error) mapped.verdict = RecordVerdict::held;
      mapped.findings.add(finding);
    }
    // Written where there is room already, and kept in as many bytes as it takes.
    json.clear();
    mapped.canonical_core = model::append_canonical_json(json, mapped.record, model::JsonForm::full);
    mapped.canonical.assign(json);
    if (!outside_digest_.empty()) {
      json.clear();
      model::append_canonical_json(json, mapped.record, model::JsonForm::digest_input, outside_digest_);
      mapped.digest_input.assign(json);
    }
    if (json.capacity() > kJsonKept) json = std::string();
  }
  if (mapped.verdict == RecordVerdict::accepted) return;
  for (const Finding& finding : mapped.findings) {
    if (finding.severity != Severity::error) continue;
    mapped.reason = {describe(finding, Lang::en), describe(finding, Lang::zh)};
    break;
  }
}

} // namespace detail

std::string content_digest_input(const MappedRecord& mapped) {
  if (mapped.verdict == RecordVerdict::refused) return {};
  if (!mapped.digest_input.empty()) return mapped.digest_input;
  std::string text;
  text.reserve(mapped.canonical_core + 1);
  text.append(mapped.canonical, 0, mapped.canonical_core).append(1, '}');
  return text;
}

std::string content_digest(const MappedRecord& mapped) {
  if (mapped.verdict == RecordVerdict::refused) return {};
  if (!mapped.digest_input.empty()) return crypto::sm3(mapped.digest_input);
  crypto::Hasher hasher(crypto::Hasher::Algorithm::sm3);
  hasher.update(std::string_view(mapped.canonical).substr(0, mapped.canonical_core));
  hasher.update(std::string_view("}"));
  return hasher.finish();
}

} // namespace tongqu::mapping
