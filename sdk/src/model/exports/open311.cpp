#include <vector>

#include "../reflect.hpp"
#include "draft.hpp"
#include "tongqu/model/identifiers.hpp"
#include "tongqu/model/life_cycle.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

// Open311 GeoReport v2: flat entries of text, in JSON and in XML. Members without a value are left out.
namespace tongqu::model {
namespace {

using detail::ExportDraft;

struct Member {
  std::string_view name;
  std::string value;
  bool boolean = false;  ///< `value` is true or false.
};
using Entry = std::vector<Member>;

/// Names of the XML elements around an entry.
struct ListNames { std::string_view list, entry; };

std::string json_of(const std::vector<Entry>& entries) {
  std::string text;
  wire::JsonWriter json(text);
  json.begin_array();
  for (const Entry& entry : entries) {
    json.begin_object();
    for (const Member& member : entry) {
      json.key(member.name);
      if (member.boolean) json.boolean(member.value == "true");
      else json.string(member.value);
    }
    json.end_object();
  }
  json.end_array();
  return text;
}

Result<std::string> xml_of(const std::vector<Entry>& entries, const ListNames& names) {
  std::string text;
  wire::XmlWriter xml(text);
  xml.declaration("utf-8");
  xml.open(names.list);
  for (const Entry& entry : entries) {
    xml.open(names.entry);
    for (const Member& member : entry) xml.element(member.name, member.value);
    xml.close();
  }
  xml.close();
  TONGQU_CHECK(xml.check());
  return text;
}

Result<std::string> text_of(const std::vector<Entry>& entries, const ListNames& names, ExportSyntax syntax) {
  if (syntax == ExportSyntax::xml) return xml_of(entries, names);
  return json_of(entries);
}

void add(Entry& entry, std::string_view name, std::string value) {
  if (!value.empty()) entry.push_back({name, std::move(value), false});
}

void add_labels(std::string& text, std::string_view system, const std::optional<std::vector<Code>>& codes, Lang lang) {
  if (!codes) return;
  for (const Code& code : *codes) text += (text.empty() ? "" : ",") + detail::label_of(system, code, lang);
}

Entry service_entry(const ServiceItem& item, ExportDraft& draft) {
  const Lang lang = detail::first_label(draft.options());
  const detail::ItemKey key = detail::key_of(item);
  Entry entry;
  add(entry, "service_code", std::string(draft.use(key.path, key.value)));
  if (item.name) add(entry, "service_name", draft.use("name", *item.name));
  else draft.lacks("name", "service_name");
  if (item.description) add(entry, "description", draft.use("description", *item.description));
  // The attributes of a service definition are texts, numbers, dates and choices; the materials of an item are documents.
  entry.push_back({"metadata", "false", true});
  add(entry, "type", draft.options().case_feed == CaseFeed::realtime ? "realtime" : "batch");
  std::string keywords;
  add_labels(keywords, "theme_person", draft.use("extension.themes_person", item.extension.themes_person), lang);
  add_labels(keywords, "theme_corp", draft.use("extension.themes_corp", item.extension.themes_corp), lang);
  add(entry, "keywords", std::move(keywords));
  if (item.task_type) add(entry, "group", detail::label_of("task_type", draft.use("task_type", *item.task_type), lang));
  return entry;
}

/// Whether a value is long enough to be told from chance: two Chinese characters, eight others. A credit code names a body, never a person,
/// and the number of a case holds the one of its authority.
bool tells(const std::string& value) {
  bool ascii = true;
  for (const char c : value) ascii = ascii && static_cast<unsigned char>(c) < 0x80;
  return value.size() >= (ascii ? 8 : 6) && !check_uscc(value);
}

/// Whether a text holds the value of a personal field of a record.
bool holds_personal(std::string_view text, const RecordType& type, const void* object) {
  for (std::size_t i = 0; i < type.count; ++i) {
    const FieldInfo& field = type.fields[i];
    const void* member = detail::member_of(field, object);
    if (!detail::member_present(field, member)) continue;
    if (field.kind == FieldKind::record && holds_personal(text, *field.type(), member)) return true;
    if (field.kind == FieldKind::record_list) {
      for (std::size_t k = 0; k < field.type()->list_size(member); ++k) {
        if (holds_personal(text, *field.type(), detail::element_at(*field.type(), member, k))) return true;
      }
    }
    if (!field.personal || (field.kind != FieldKind::text && field.kind != FieldKind::identifier)) continue;
    const std::string& value = *detail::as<std::string>(member);
    if (tells(value) && text.find(value) != std::string_view::npos) return true;
  }
  return false;
}

class RequestEntry {
public:
  RequestEntry(const Case& body, ExportDraft& draft) : body_(body), draft_(draft) {}

  Result<Entry> write() {
    if (!body_.case_no || body_.case_no->empty()) draft_.lacks("case_no", "service_request_id");
    else if (personal(*body_.case_no)) return Error(Errc::model_export_personal_key).at("case_no");
    else add(entry_, "service_request_id", draft_.use("case_no", *body_.case_no));
    status();
    service();
    if (body_.acceptance.org.name) published("agency_responsible", "acceptance.org.name", *body_.acceptance.org.name);
    else if (body_.data_org.name) published("agency_responsible", "data_org.name", *body_.data_org.name);
    times();
    draft_.find(Errc::model_export_not_expressible, Severity::info, "", {"a place (lat, long, address): cases have none", "地点（lat、long、address）：办件没有该信息"});
    return std::move(entry_);
  }

private:
  bool personal(std::string_view text) const { return holds_personal(text, entity_type(EntityId::case_), &body_); }

  void status() {
    const auto state = body_.state ? state_of(body_.state->name) : std::nullopt;
    if (!state) return draft_.lacks("state", "status");
    closed_ = terminal(*state);
    add(entry_, "status", closed_ ? "closed" : "open");
    add(entry_, "status_notes", detail::label_of("case_state", draft_.use("state", *body_.state), detail::first_label(draft_.options())));
  }
  static std::optional<CaseState> state_of(std::string_view name) {
    // A mark on a review that goes on, no state of its own.
    return name == "extended" ? CaseState::in_review : state_from_name(name);
  }

  void service() {
    if (body_.task_name) published("service_name", "task_name", *body_.task_name);
    const std::pair<std::string_view, const std::optional<std::string>&> codes[] = {{"task_handle_item", body_.task_handle_item},
                                                                                  {"task_code", body_.task_code},
                                                                                  {"local_task_code", body_.local_task_code},
                                                                                  {"catalog_code", body_.catalog_code},
                                                                                  {"local_catalog_code", body_.local_catalog_code}};
    for (const auto& [path, value] : codes) {
      if (value && !value->empty()) return add(entry_, "service_code", draft_.use(path, *value));
    }
    draft_.lacks("task_handle_item", "service_code");
  }
  /// A name that may have been typed in by hand: it is left out when a person of the case stands in it.
  void published(std::string_view name, std::string_view path, const std::string& text) {
    if (personal(text)) draft_.find(Errc::model_export_withheld, Severity::warn, path);
    else add(entry_, name, draft_.use(path, text));
  }

  void times() {
    if (body_.applied_at) instant("requested_datetime", "applied_at", *body_.applied_at);
    else if (body_.received_at) instant("requested_datetime", "received_at", *body_.received_at);
    else draft_.lacks("applied_at", "requested_datetime");
    if (closed_ && body_.result.closed_at) instant("updated_datetime", "result.closed_at", *body_.result.closed_at);
    else if (body_.source_updated_at) instant("updated_datetime", "source_updated_at", *body_.source_updated_at);
    if (body_.promise_due_at) instant("expected_datetime", "promise_due_at", *body_.promise_due_at);
    else if (body_.acceptance.promise_due_at) instant("expected_datetime", "acceptance.promise_due_at", *body_.acceptance.promise_due_at);
  }
  /// A date has no place in a date and time, and never becomes a midnight.
  void instant(std::string_view name, std::string_view path, const Time& time) {
    if (!time.has_clock()) {
      const bool demanded = name == "requested_datetime";
      return draft_.find(demanded ? Errc::model_export_required : Errc::model_export_not_expressible, demanded ? Severity::error : Severity::warn, path,
                         {"a time of day for " + std::string(name), std::string(name) + " 所需的具体时刻"});
    }
    if (time.precision == Time::Precision::minute) draft_.find(Errc::model_export_reshaped, Severity::info, path);
    add(entry_, name, draft_.use(path, time).text());
  }

  const Case& body_;
  ExportDraft& draft_;
  Entry entry_;
  bool closed_ = false;
};

} // namespace

Result<Exported> export_open311_service(const ServiceItem& item, const ExportOptions& options) {
  ExportDraft draft(EntityId::service_item, &item, options);
  TONGQU_CHECK(detail::admit(item, draft));
  std::vector<Entry> entries;
  if (item.state && draft.use("state", *item.state).name == "in_force") entries.push_back(service_entry(item, draft));
  else draft.find(Errc::model_export_not_public, Severity::warn, "state", {"in_force", "在用"});
  TONGQU_TRY(std::string text, text_of(entries, {"services", "service"}, options.syntax));
  return draft.finish(std::move(text));
}

Result<Exported> export_open311_request(const Case& body, const ExportOptions& options) {
  ExportDraft draft(EntityId::case_, &body, options);
  TONGQU_CHECK(draft.check_options());
  std::vector<Entry> entries;
  if (body.state && body.state->name == "draft") {
    draft.find(Errc::model_export_not_public, Severity::warn, "state", {"a submitted case", "已提交的办件"});
  } else {
    TONGQU_TRY(Entry entry, RequestEntry(body, draft).write());
    entries.push_back(std::move(entry));
  }
  TONGQU_TRY(std::string text, text_of(entries, {"service_requests", "request"}, options.syntax));
  return draft.finish(std::move(text), ExportDraft::Texts::withheld);
}

} // namespace tongqu::model
