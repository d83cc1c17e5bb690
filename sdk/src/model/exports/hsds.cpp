#include "draft.hpp"
#include "export_values.hpp"
#include "tongqu/model/code_systems.hpp"
#include "tongqu/wire/json.hpp"

// Open Referral HSDS 3.0: one service with everything that belongs to it nested inside.
namespace tongqu::model {
namespace {

using detail::ExportDraft;

class Hsds {
public:
  Hsds(const ServiceItem& item, ExportDraft& draft)
      : item_(item), draft_(draft), json_(text_), key_(detail::key_of(item)), lang_(detail::first_label(draft.options())) {
    service_ = uuid({"item", key_.value});
  }

  std::string write() {
    json_.begin_object();
    json_.member("id", service_);
    if (!text_if("name", "name", item_.name)) draft_.lacks("name", "name");
    text_if("description", "description", item_.description);
    url();
    status();
    application_process();
    fees_description();
    eligibility();
    organization();
    phones();
    areas();
    locations();
    cost_options();
    documents();
    attributes();
    json_.end_object();
    return std::move(text_);
  }

private:
  std::string uuid(std::initializer_list<std::string_view> parts) const { return detail::uuid_of_url(draft_.iri(parts)); }
  std::string uuid(std::string_view kind, std::size_t number) const { return uuid({"item", key_.value, kind, std::to_string(number)}); }

  bool text_if(std::string_view member, std::string_view path, const std::optional<std::string>& text) {
    if (!text || text->empty()) return false;
    json_.member(member, draft_.use(path, *text));
    return true;
  }
  /// A list whose elements start with their id; `write` gets the id of each.
  template <class Values, class Write>
  void list(std::string_view member, std::string_view kind, const Values& values, Write write) {
    json_.key(member);
    json_.begin_array();
    std::size_t number = 0;
    for (const auto& value : values) {
      json_.begin_object();
      const std::string id = uuid(kind, ++number);
      json_.member("id", id);
      write(value, id);
      json_.end_object();
    }
    json_.end_array();
  }

  void url() {
    const std::pair<std::string_view, const std::optional<std::string>&> urls[] = {
        {"online_url", item_.online_url}, {"extension.online_url", item_.extension.online_url}, {"mobile_url", item_.mobile_url}};
    for (const auto& [path, url] : urls) {
      if (!url || url->empty()) continue;
      if (detail::is_web_address(*url)) return json_.member("url", draft_.use(path, *url));
      draft_.find(Errc::model_export_not_expressible, Severity::warn, path, {"a web address", "网址"});
    }
  }

  void status() {
    const std::string_view name = item_.state ? std::string_view(item_.state->name) : std::string_view();
    for (const auto& [ours, theirs] : {std::pair{"in_force", "active"}, {"paused", "temporarily closed"}, {"cancelled", "defunct"}, {"draft", "inactive"}}) {
      if (name != ours) continue;
      draft_.use("state", *item_.state);
      return json_.member("status", theirs);
    }
    draft_.lacks("state", "status");
  }

  void application_process() {
    if (!item_.workflow_steps || item_.workflow_steps->empty()) return;
    std::string text;
    for (const WorkflowStep& step : *item_.workflow_steps) {
      if (!text.empty()) text += '\n';
      if (step.seq) text += std::to_string(draft_.use("workflow_steps.seq", *step.seq)) + ". ";
      if (step.name) text += draft_.use("workflow_steps.name", *step.name);
      if (step.description) text += (step.name ? "：" : "") + draft_.use("workflow_steps.description", *step.description);
    }
    if (!text.empty()) json_.member("application_process", text);
  }

  void fees_description() {
    std::string text;
    if (item_.has_fee) text = draft_.use("has_fee", *item_.has_fee) ? pick("收费", "There are charges") : pick("不收费", "Free of charge");
    if (item_.fees) {
      for (const ItemFee& fee : *item_.fees) {
        if (!text.empty()) text += '\n';
        if (fee.name) text += draft_.use("fees.name", *fee.name);
        if (fee.standard) text += (fee.name ? "：" : "") + draft_.use("fees.standard", *fee.standard);
      }
    }
    if (!text.empty()) json_.member("fees_description", text);
    else draft_.find(Errc::model_export_not_expressible, Severity::info, "has_fee", {"whether it costs anything, for fees_description", "是否收费，用于 fees_description"});
  }
  std::string pick(std::string_view zh, std::string_view en) const { return std::string(lang_ == Lang::zh ? zh : en); }

  void eligibility() {
    std::string text;
    if (item_.service_objects) {
      for (const Code& object : draft_.use("service_objects", *item_.service_objects)) {
        text += (text.empty() ? "" : pick("、", ", ")) + detail::label_of("applicant_type", object, lang_);
      }
    }
    if (item_.acceptance_conditions) text += (text.empty() ? "" : "\n") + draft_.use("acceptance_conditions", *item_.acceptance_conditions);
    if (!text.empty()) json_.member("eligibility_description", text);
  }

  void organization() {
    if (!item_.dept_name) return draft_.lacks("dept_name", "organization");
    const std::string id = uuid({"organisation", item_.dept_code ? *item_.dept_code : *item_.dept_name});
    json_.key("organization");
    json_.begin_object();
    json_.member("id", id);
    json_.member("name", draft_.use("dept_name", *item_.dept_name));
    // A description is demanded and no item has one of its body.
    json_.member("description", item_.dept_type ? detail::label_of("dept_type", draft_.use("dept_type", *item_.dept_type), lang_) : *item_.dept_name);
    draft_.find(Errc::model_export_filled, Severity::info, item_.dept_type ? "dept_type" : "dept_name", {"organization.description", "organization.description"});
    if (item_.dept_code) {
      json_.key("organization_identifiers");
      json_.begin_array();
      json_.begin_object();
      json_.member("id", uuid({"organisation", *item_.dept_code, "identifier"}));
      json_.member("organization_id", id);
      json_.member("identifier_type", pick("统一社会信用代码", "Unified social credit code"));
      json_.member("identifier", draft_.use("dept_code", *item_.dept_code));
      json_.end_object();
      json_.end_array();
    }
    json_.end_object();
  }

  void phones() {
    json_.key("phones");
    json_.begin_array();
    phone("consult_contact", item_.consult_contact, pick("咨询", "Questions"), uuid("phone", 1));
    phone("complaint_contact", item_.complaint_contact, pick("监督投诉", "Complaints"), uuid("phone", 2));
    json_.end_array();
  }
  void phone(std::string_view path, const std::optional<std::string>& number, std::string_view purpose, const std::string& id) {
    if (!number || number->empty()) return;
    if (!detail::is_phone(*number)) return draft_.find(Errc::model_export_not_expressible, Severity::warn, path, {"a telephone number", "电话号码"});
    json_.begin_object();
    json_.member("id", id);
    json_.member("number", draft_.use(path, *number));
    json_.member("type", "voice");
    if (!purpose.empty()) json_.member("description", purpose);
    json_.end_object();
  }

  void areas() {
    if (!item_.division_code) return;
    const std::string& division = draft_.use("division_code", *item_.division_code);
    json_.key("service_areas");
    json_.begin_array();
    json_.begin_object();
    json_.member("id", uuid("service-area", 1));
    json_.member("service_id", service_);
    json_.member("name", division);
    json_.member("uri", draft_.iri({"division", division}));
    json_.end_object();
    json_.end_array();
  }

  void locations() {
    const bool points = item_.service_points && !item_.service_points->empty();
    const bool hall = item_.handle_address || item_.handle_hours;
    if (!points && !hall) return;
    json_.key("service_at_locations");
    json_.begin_array();
    std::size_t number = 0;
    if (hall) location(++number, {"handle_address", "handle_hours", "handle_address", "handle_address", "handle_address"}, hall_as_point());
    if (points) {
      for (const ServicePoint& point : *item_.service_points) {
        location(++number, {"service_points.address", "service_points.hours", "service_points.name", "service_points.phone", "service_points.traffic_note"}, point);
      }
    }
    json_.end_array();
  }
  ServicePoint hall_as_point() const {
    ServicePoint point;
    point.address = item_.handle_address;
    point.hours = item_.handle_hours;
    return point;
  }
  struct PointPaths { std::string_view address, hours, name, phone, traffic; };
  void location(std::size_t number, const PointPaths& paths, const ServicePoint& point) {
    const std::string place = uuid("location", number);
    json_.begin_object();
    json_.member("id", uuid("service-at-location", number));
    json_.member("service_id", service_);
    json_.member("location_id", place);
    json_.key("location");
    json_.begin_object();
    json_.member("id", place);
    json_.member("location_type", "physical");
    text_if("name", paths.name, point.name);
    // An address of HSDS demands town, province and postcode apart, which a text does not tell.
    if (text_if("description", paths.address, point.address)) {
      draft_.find(Errc::model_export_reshaped, Severity::info, paths.address, {"town, province and postcode for addresses", "addresses 所需的市、省和邮编"});
    }
    text_if("transportation", paths.traffic, point.traffic_note);
    json_.end_object();
    if (point.phone && !point.phone->empty()) {
      json_.key("phones");
      json_.begin_array();
      phone(paths.phone, point.phone, {}, uuid("location-phone", number));
      json_.end_array();
    }
    schedules(number, paths.hours, point.hours);
    json_.end_object();
  }
  void schedules(std::size_t number, std::string_view path, const std::optional<std::string>& text) {
    if (!text || text->empty()) return;
    const auto hours = detail::opening_hours_of(*text);
    if (!hours || draft_.options().utc_offset.empty()) {
      return draft_.find(Errc::model_export_not_expressible, Severity::info, path,
                         hours ? Bilingual{"the offset from UTC in the options", "选项中的时差"} : Bilingual{"days of the week and times", "星期和时刻"});
    }
    draft_.use(path, *text);
    list("schedules", "schedule-" + std::to_string(number), *hours, [&](const detail::OpeningHours& one, const std::string&) {
      constexpr std::string_view kDays[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
      std::string days;
      for (int day = one.first_day; day <= one.last_day; ++day) days += (days.empty() ? "" : ",") + std::string(kDays[day - 1]);
      json_.member("freq", "WEEKLY");
      json_.member("byday", days);
      json_.member("opens_at", one.opens + draft_.options().utc_offset);
      json_.member("closes_at", one.closes + draft_.options().utc_offset);
      json_.member("description", *text);
    });
  }

  void cost_options() {
    if (!item_.fees) return;
    json_.key("cost_options");
    json_.begin_array();
    std::size_t number = 0;
    for (const ItemFee& fee : *item_.fees) {
      ++number;
      const auto yuan = fee.standard ? detail::amount_of(*fee.standard) : std::nullopt;
      if (!yuan) continue;
      json_.begin_object();
      json_.member("id", uuid("cost", number));
      json_.member("service_id", service_);
      if (fee.name) json_.member("option", *fee.name);
      json_.member("currency", "cny");
      json_.key("amount");
      json_.number_text(*yuan);
      json_.member("amount_description", *fee.standard);
      json_.end_object();
    }
    json_.end_array();
  }

  void documents() {
    if (!item_.materials || item_.materials->empty()) return;
    list("required_documents", "document", *item_.materials, [&](const ItemMaterial& material, const std::string&) {
      json_.member("service_id", service_);
      std::string text = material.name ? draft_.use("materials.name", *material.name) : std::string();
      if (material.necessity) text += pick("（", " (") + detail::label_of("necessity", draft_.use("materials.necessity", *material.necessity), lang_) + pick("）", ")");
      if (material.fill_note) text += "\n" + draft_.use("materials.fill_note", *material.fill_note);
      if (!text.empty()) json_.member("document", text);
    });
  }

  void attributes() {
    json_.key("attributes");
    json_.begin_array();
    attribute("task_type", "task_type", item_.task_type);
    attribute("project_type", "project_type", item_.project_type);
    each("handle_types", "handle_type", item_.handle_types);
    each("use_level", "use_level", item_.use_level);
    attribute("extension.handle_area", "handle_area", item_.extension.handle_area);
    each("extension.themes_person", "theme_person", item_.extension.themes_person);
    each("extension.themes_corp", "theme_corp", item_.extension.themes_corp);
    limit("promise_limit", pick("承诺办结时限", "Promised time limit"), item_.promise_limit);
    limit("legal_limit", pick("法定办结时限", "Legal time limit"), item_.legal_limit);
    identifier(key_.path, pick("事项编码", "Code of the item"), key_.value);
    if (item_.catalog_code && key_.path != "catalog_code") identifier("catalog_code", pick("基本编码", "Catalogue code"), *item_.catalog_code);
    if (item_.task_code && key_.path != "task_code") identifier("task_code", pick("实施编码", "Implementation code"), *item_.task_code);
    json_.end_array();
  }
  void each(std::string_view path, std::string_view system, const std::optional<std::vector<Code>>& codes) {
    if (!codes || codes->empty()) return;
    for (const Code& code : draft_.use(path, *codes)) one_attribute(path, system, code);
  }
  void attribute(std::string_view path, std::string_view system, const std::optional<Code>& code) {
    if (code) one_attribute(path, system, draft_.use(path, *code));
  }
  void one_attribute(std::string_view path, std::string_view system, const Code& code) {
    const std::string_view scheme = code.name.empty() ? std::string_view(code.system) : system;
    const std::string_view term = code.name.empty() ? std::string_view(code.code) : std::string_view(code.name);
    const std::string label = detail::label_of(system, code, lang_);
    linked(path, term, {}, [&] {
      json_.member("id", uuid({"code", scheme, term}));
      json_.member("code", term);
      json_.member("name", label);
      json_.member("description", label);
      json_.member("taxonomy", draft_.iri({"code", scheme}));
    });
  }
  void limit(std::string_view path, std::string_view label, const std::optional<Quantity>& quantity) {
    if (!quantity) return;
    draft_.use(path, *quantity);
    valued(path, label, quantity->unit == Quantity::Unit::none ? quantity->value : quantity->value + " " + std::string(unit_name(quantity->unit)));
  }
  void identifier(std::string_view path, std::string_view label, std::string_view value) { valued(path, label, draft_.use(path, value)); }
  void valued(std::string_view path, std::string_view label, std::string_view value) {
    linked(path, "value", value, [&] {
      json_.member("id", uuid({"field", path}));
      json_.member("name", label);
      json_.member("description", label);
      json_.member("taxonomy", draft_.iri({"field"}));
    });
  }
  template <class Term>
  void linked(std::string_view path, std::string_view term, std::string_view value, Term write) {
    json_.begin_object();
    json_.member("id", uuid({"item", key_.value, "attribute", path, term}));
    json_.member("link_id", service_);
    json_.member("link_entity", "service");
    json_.member("link_type", path);
    if (!value.empty()) json_.member("value", value);
    json_.key("taxonomy_term");
    json_.begin_object();
    write();
    json_.end_object();
    json_.end_object();
  }

  const ServiceItem& item_;
  ExportDraft& draft_;
  std::string text_;
  wire::JsonWriter json_;
  detail::ItemKey key_;
  Lang lang_;
  std::string service_;
};

} // namespace

Result<Exported> export_hsds(const ServiceItem& item, const ExportOptions& options) {
  ExportDraft draft(EntityId::service_item, &item, options);
  TONGQU_CHECK(detail::admit(item, draft));
  return draft.finish(Hsds(item, draft).write());
}

} // namespace tongqu::model
