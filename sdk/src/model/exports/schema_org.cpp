#include "draft.hpp"
#include "export_values.hpp"
#include "tongqu/wire/json.hpp"

// schema.org GovernmentService. Texts have no language tags there: labels come in one language.
namespace tongqu::model {
namespace {

using detail::ExportDraft;

class SchemaOrg {
public:
  SchemaOrg(const ServiceItem& item, ExportDraft& draft)
      : item_(item), draft_(draft), json_(text_), key_(detail::key_of(item)), lang_(detail::first_label(draft.options())) {}

  std::string write() {
    json_.begin_object();
    json_.member("@context", "https://schema.org");
    json_.member("@type", "GovernmentService");
    json_.member("@id", draft_.iri({"item", key_.value}));
    identifiers();
    if (!text_if("name", "name", item_.name)) draft_.lacks("name", "name");
    text_if("description", "description", item_.description);
    if (item_.task_type) json_.member("serviceType", detail::label_of("task_type", draft_.use("task_type", *item_.task_type), lang_));
    categories();
    operators();
    if (item_.division_code) {
      area("areaServed");
      area("jurisdiction");
    }
    audience();
    text_if("termsOfService", "acceptance_conditions", item_.acceptance_conditions);
    outputs();
    offers();
    channels();
    json_.end_object();
    return std::move(text_);
  }

private:
  bool text_if(std::string_view member, std::string_view path, const std::optional<std::string>& text) {
    if (!text || text->empty()) return false;
    json_.member(member, draft_.use(path, *text));
    return true;
  }
  void begin(std::string_view type) {
    json_.begin_object();
    json_.member("@type", type);
  }
  template <class Write>
  void array(std::string_view member, Write write) {
    json_.key(member);
    json_.begin_array();
    write();
    json_.end_array();
  }

  void identifiers() {
    array("identifier", [&] {
      identifier("task_handle_item", item_.task_handle_item);
      identifier("task_code", item_.task_code);
      identifier("catalog_code", item_.catalog_code);
      identifier("local_task_code", item_.local_task_code);
      identifier("local_catalog_code", item_.local_catalog_code);
    });
  }
  void identifier(std::string_view path, const std::optional<std::string>& value) {
    if (!value || value->empty()) return;
    begin("PropertyValue");
    json_.member("propertyID", draft_.iri({"code", path}));
    json_.member("value", draft_.use(path, *value));
    json_.end_object();
  }

  void categories() {
    if (!item_.extension.themes_person && !item_.extension.themes_corp) return;
    array("category", [&] {
      labels("extension.themes_person", "theme_person", item_.extension.themes_person);
      labels("extension.themes_corp", "theme_corp", item_.extension.themes_corp);
    });
  }
  void labels(std::string_view path, std::string_view system, const std::optional<std::vector<Code>>& codes) {
    if (!codes || codes->empty()) return;
    for (const Code& code : draft_.use(path, *codes)) json_.string(detail::label_of(system, code, lang_));
  }

  void operators() {
    if (!item_.dept_name) return draft_.lacks("dept_name", "serviceOperator");
    const std::string iri = draft_.iri({"organisation", item_.dept_code ? *item_.dept_code : *item_.dept_name});
    json_.key("serviceOperator");
    begin("GovernmentOrganization");
    json_.member("@id", iri);
    json_.member("name", draft_.use("dept_name", *item_.dept_name));
    text_if("identifier", "dept_code", item_.dept_code);
    contact("consult_contact", "customer service", item_.consult_contact, "complaint_contact", "complaints", item_.complaint_contact);
    json_.end_object();
    json_.key("provider");
    json_.begin_object();
    json_.member("@id", iri);
    json_.end_object();
  }
  void contact(std::string_view path1, std::string_view type1, const std::optional<std::string>& number1, std::string_view path2, std::string_view type2,
               const std::optional<std::string>& number2) {
    if (!number1 && !number2) return;
    array("contactPoint", [&] {
      contact_point(path1, type1, number1);
      contact_point(path2, type2, number2);
    });
  }
  void contact_point(std::string_view path, std::string_view type, const std::optional<std::string>& number) {
    if (!number || number->empty()) return;
    begin("ContactPoint");
    json_.member("contactType", type);
    const bool phone = detail::is_phone(*number);
    json_.member(phone ? "telephone" : "description", draft_.use(path, *number));
    if (!phone) draft_.find(Errc::model_export_reshaped, Severity::info, path, {"a telephone number for telephone", "telephone 所需的电话号码"});
    json_.end_object();
  }

  void area(std::string_view member) {
    const std::string& division = draft_.use("division_code", *item_.division_code);
    json_.key(member);
    begin("AdministrativeArea");
    json_.member("@id", draft_.iri({"division", division}));
    json_.member("identifier", division);
    json_.end_object();
  }

  void audience() {
    if (!item_.service_objects || item_.service_objects->empty()) return;
    array("audience", [&] {
      for (const Code& code : draft_.use("service_objects", *item_.service_objects)) {
        begin("Audience");
        json_.member("audienceType", detail::label_of("applicant_type", code, lang_));
        json_.end_object();
      }
    });
  }

  void outputs() {
    if (!item_.extension.results || item_.extension.results->empty()) return;
    array("serviceOutput", [&] {
      for (const ItemResult& result : *item_.extension.results) {
        const bool licence = result.type && draft_.use("extension.results.type", *result.type).name == "licence";
        begin(licence ? "GovernmentPermit" : "CreativeWork");
        text_if("name", "extension.results.name", result.name);
        if (result.type && !licence) json_.member("additionalType", kind_iri(*result.type));
        json_.end_object();
      }
    });
  }

  /// A code without a canonical name is one of the system that it was sent in.
  std::string kind_iri(const Code& code) const {
    return code.name.empty() ? draft_.iri({"code", code.system, code.code}) : draft_.iri({"code", "document_type", code.name});
  }

  void offers() {
    const bool free = item_.has_fee && !*item_.has_fee;
    const bool listed = item_.fees && !item_.fees->empty();
    if (!free && !listed) return;
    if (item_.has_fee) draft_.use("has_fee", *item_.has_fee);
    array("offers", [&] {
      if (free) offer("0");
      if (!listed) return;
      for (const ItemFee& fee : *item_.fees) {
        begin("Offer");
        text_if("name", "fees.name", fee.name);
        text_if("description", "fees.standard", fee.standard);
        if (const auto yuan = fee.standard ? detail::amount_of(*fee.standard) : std::nullopt) price(*yuan);
        else if (fee.standard) draft_.find(Errc::model_export_reshaped, Severity::info, "fees.standard", {"one amount in yuan for price", "price 所需的单一金额（元）"});
        json_.end_object();
      }
    });
  }
  void offer(std::string_view yuan) {
    begin("Offer");
    price(yuan);
    json_.end_object();
  }
  void price(std::string_view yuan) {
    json_.member("price", yuan);
    json_.member("priceCurrency", "CNY");
  }

  void channels() {
    array("availableChannel", [&] {
      if (item_.handle_types) {
        for (const Code& type : draft_.use("handle_types", *item_.handle_types)) {
          begin("ServiceChannel");
          json_.member("name", detail::label_of("handle_type", type, lang_));
          processing_time();
          json_.end_object();
        }
      }
      online("online_url", item_.online_url);
      online("mobile_url", item_.mobile_url);
      online("extension.online_url", item_.extension.online_url);
      if (item_.handle_address || item_.handle_hours) place("handle_address", "handle_hours", hall());
      if (!item_.service_points) return;
      for (const ServicePoint& point : *item_.service_points) place("service_points.address", "service_points.hours", point);
    });
  }
  /// The time limit belongs to a channel in schema.org, so each channel repeats it.
  void processing_time() {
    const bool promised = item_.promise_limit.has_value();
    const std::optional<Quantity>& limit = promised ? item_.promise_limit : item_.legal_limit;
    if (!limit) return;
    const std::string_view path = promised ? "promise_limit" : "legal_limit";
    const auto duration = detail::duration_of(draft_.use(path, *limit));
    if (!duration) return draft_.find(Errc::model_export_not_expressible, Severity::warn, path, {"a limit that processingTime can say", "processingTime 可表示的时限"});
    json_.member("processingTime", duration->text);
    if (duration->bound) draft_.find(Errc::model_export_bound, Severity::warn, path);
  }
  void online(std::string_view path, const std::optional<std::string>& url) {
    if (!url || url->empty()) return;
    if (!detail::is_web_address(*url)) return draft_.find(Errc::model_export_not_expressible, Severity::warn, path, {"a web address", "网址"});
    begin("ServiceChannel");
    json_.member("serviceUrl", draft_.use(path, *url));
    processing_time();
    json_.end_object();
  }
  ServicePoint hall() const {
    ServicePoint point;
    point.address = item_.handle_address;
    point.hours = item_.handle_hours;
    return point;
  }
  void place(std::string_view address, std::string_view hours, const ServicePoint& point) {
    begin("ServiceChannel");
    processing_time();
    json_.key("serviceLocation");
    begin("Place");
    text_if("name", "service_points.name", point.name);
    text_if("address", address, point.address);
    text_if("telephone", "service_points.phone", point.phone);
    opening_hours(hours, point.hours);
    json_.end_object();
    json_.end_object();
  }
  void opening_hours(std::string_view path, const std::optional<std::string>& text) {
    if (!text || text->empty()) return;
    const auto hours = detail::opening_hours_of(*text);
    if (!hours) return draft_.find(Errc::model_export_not_expressible, Severity::info, path, {"days of the week and times", "星期和时刻"});
    draft_.use(path, *text);
    array("openingHoursSpecification", [&] {
      constexpr std::string_view kDays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
      for (const detail::OpeningHours& one : *hours) {
        begin("OpeningHoursSpecification");
        array("dayOfWeek", [&] {
          for (int day = one.first_day; day <= one.last_day; ++day) json_.string("https://schema.org/" + std::string(kDays[day - 1]));
        });
        json_.member("opens", one.opens);
        json_.member("closes", one.closes);
        json_.end_object();
      }
    });
  }

  const ServiceItem& item_;
  ExportDraft& draft_;
  std::string text_;
  wire::JsonWriter json_;
  detail::ItemKey key_;
  Lang lang_;
};

} // namespace

Result<Exported> export_schema_org(const ServiceItem& item, const ExportOptions& options) {
  ExportDraft draft(EntityId::service_item, &item, options);
  TONGQU_CHECK(detail::admit(item, draft));
  return draft.finish(SchemaOrg(item, draft).write());
}

} // namespace tongqu::model
