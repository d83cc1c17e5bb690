#include "draft.hpp"

#include "../reflect.hpp"
#include "export_values.hpp"
#include "tongqu/model/code_systems.hpp"

namespace tongqu::model::detail {
namespace {

bool is_language_tag(std::string_view tag) {
  std::size_t length = 0;
  bool first = true;
  for (const char c : tag) {
    if (c == '-') {
      if (length == 0) return false;
      length = 0;
      first = false;
      continue;
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && (first || c < '0' || c > '9')) return false;
    if (++length > 8) return false;
  }
  return length != 0 && !(first && length < 2);
}

bool is_offset(std::string_view text) {
  const auto digit = [text](std::size_t at, char most) { return text[at] >= '0' && text[at] <= most; };
  return text.size() == 6 && (text[0] == '+' || text[0] == '-') && digit(1, '1') && digit(2, '9') && text[3] == ':' && digit(4, '5') && digit(5, '9');
}

} // namespace

Result<void> ExportDraft::check_options() const {
  const std::string& base = options_.base_uri;
  if (!is_absolute_uri(base) || std::string_view(":/#").find(base.back()) == std::string_view::npos) return Error(Errc::model_export_setup).with("base_uri");
  if (!is_language_tag(options_.language)) return Error(Errc::model_export_setup).with("language");
  if (!options_.utc_offset.empty() && !is_offset(options_.utc_offset)) return Error(Errc::model_export_setup).with("utc_offset");
  return {};
}

void ExportDraft::find(Errc id, Severity severity, std::string_view path, Bilingual expected) {
  carried_.emplace(path);
  if (!found_.emplace(id, path).second) return;
  Finding finding;
  finding.id = id;
  finding.severity = severity;
  finding.record = std::string(entity_name(entity_));
  finding.path = std::string(path);
  finding.expected = std::move(expected);
  findings_.add(std::move(finding));
}

void ExportDraft::lacks(std::string_view path, std::string_view demanded) {
  find(Errc::model_export_required, Severity::error, path, {"a value for " + std::string(demanded), std::string(demanded) + " 的值"});
}

std::string ExportDraft::iri(std::initializer_list<std::string_view> parts) const {
  std::string text = options_.base_uri;
  const char delimiter = text.back() == ':' ? ':' : '/';
  bool first = true;
  for (const std::string_view part : parts) {
    if (!first) text += delimiter;
    first = false;
    append_percent_encoded(text, part);
  }
  return text;
}

void ExportDraft::report(const RecordType& type, const void* object, const std::string& prefix, Texts texts) {
  for (std::size_t i = 0; i < type.count; ++i) {
    const FieldInfo& field = type.fields[i];
    const void* member = member_of(field, object);
    if (!member_present(field, member)) continue;
    const std::string path = prefix + std::string(field.name);
    if (field.kind == FieldKind::record) {
      report(*field.type(), member, path + ".", texts);
    } else if (field.kind == FieldKind::record_list && field.type()->list_size(member) != 0) {
      for (std::size_t k = 0; k < field.type()->list_size(member); ++k) report(*field.type(), element_at(*field.type(), member, k), path + ".", texts);
    } else if (carried_.find(path) == carried_.end()) {
      const bool withheld = field.personal || (texts == Texts::withheld && (field.kind == FieldKind::text || field.kind == FieldKind::text_list));
      find(withheld ? Errc::model_export_withheld : Errc::model_export_not_carried, Severity::info, path);
    }
  }
}

Exported ExportDraft::finish(std::string text, Texts texts) {
  report(entity_type(entity_), object_, {}, texts);
  return {std::move(text), std::move(findings_)};
}

Result<void> admit(const ServiceItem& item, ExportDraft& draft) {
  TONGQU_CHECK(draft.check_options());
  if (draft.use("extension.secret", item.extension.secret).value_or(false)) return Error(Errc::model_export_secret).at("extension.secret");
  if (key_of(item).value.empty()) return Error(Errc::model_export_kind).with("the item has no code");
  return {};
}

ItemKey key_of(const ServiceItem& item) {
  const std::pair<std::string_view, const std::optional<std::string>&> keys[] = {{"task_handle_item", item.task_handle_item},
                                                                                 {"task_code", item.task_code},
                                                                                 {"local_task_code", item.local_task_code},
                                                                                 {"catalog_code", item.catalog_code},
                                                                                 {"local_catalog_code", item.local_catalog_code}};
  for (const auto& [path, value] : keys) {
    if (value && !value->empty()) return {path, *value};
  }
  return {};
}

bool has_labels(std::string_view system, const Code& code) {
  return row_of_name(system, code.name) != nullptr && (code.name != "other" || code.text.empty());
}

std::string label_of(std::string_view system, const Code& code, Lang lang) {
  if (has_labels(system, code)) {
    const CodeRow& row = *row_of_name(system, code.name);
    return std::string(lang == Lang::zh ? row.zh : row.en);
  }
  if (!code.text.empty()) return code.text;
  return code.name.empty() ? code.code : code.name;
}

Lang first_label(const ExportOptions& options) { return options.labels.empty() ? Lang::zh : options.labels.front(); }

} // namespace tongqu::model::detail
