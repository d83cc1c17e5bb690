#include "draft.hpp"
#include "export_values.hpp"
#include "tongqu/model/code_systems.hpp"
#include "tongqu/wire/json.hpp"

// CPSV-AP 3.2.0 as JSON-LD. The context is a list of prefixes inside the text, so that no reader has to fetch anything.
namespace tongqu::model {
namespace {

using detail::ExportDraft;

constexpr std::string_view kCny = "http://publications.europa.eu/resource/authority/currency/CNY";

class CpsvAp {
public:
  CpsvAp(const ServiceItem& item, ExportDraft& draft) : item_(item), draft_(draft), json_(text_), key_(detail::key_of(item)) {}

  std::string write() {
    json_.begin_object();
    context();
    node(draft_.iri({"item", key_.value}), {"cpsv:PublicService"});
    head();
    authority();
    classification();
    limits();
    legal();
    conditions();
    materials();
    results();
    costs();
    channels();
    contact();
    json_.end_object();
    return std::move(text_);
  }

private:
  void context() {
    json_.key("@context");
    json_.begin_object();
    for (const auto& [prefix, iri] : {std::pair{"adms", "http://www.w3.org/ns/adms#"}, {"atu", "http://data.europa.eu/88u/dataset/"},
                                      {"cpsv", "http://purl.org/vocab/cpsv#"}, {"cv", "http://data.europa.eu/m8g/"},
                                      {"dcat", "http://www.w3.org/ns/dcat#"}, {"dct", "http://purl.org/dc/terms/"},
                                      {"eli", "http://data.europa.eu/eli/ontology#"}, {"foaf", "http://xmlns.com/foaf/0.1/"},
                                      {"locn", "http://www.w3.org/ns/locn#"}, {"org", "http://www.w3.org/ns/org#"}, {"skos", "http://www.w3.org/2004/02/skos/core#"},
                                      {"time", "http://www.w3.org/2006/time#"}, {"tq", "urn:x-tongqu:vocabulary:"},
                                      {"xsd", "http://www.w3.org/2001/XMLSchema#"}}) {
      json_.member(prefix, iri);
    }
    json_.end_object();
  }

  void node(const std::string& iri, std::initializer_list<std::string_view> types) {
    json_.member("@id", iri);
    json_.key("@type");
    if (types.size() == 1) return json_.string(*types.begin());
    json_.begin_array();
    for (const std::string_view type : types) json_.string(type);
    json_.end_array();
  }
  /// An object with an address and types; `rest` adds members.
  template <class Rest>
  void object(const std::string& iri, std::initializer_list<std::string_view> types, Rest rest) {
    json_.begin_object();
    node(iri, types);
    rest();
    json_.end_object();
  }

  void worded(std::string_view term, std::string_view text) {
    json_.key(term);
    json_.begin_object();
    json_.member("@value", text);
    json_.member("@language", draft_.options().language);
    json_.end_object();
  }
  void typed(std::string_view term, std::string_view value, std::string_view type) {
    json_.key(term);
    json_.begin_object();
    json_.member("@value", value);
    json_.member("@type", type);
    json_.end_object();
  }
  bool worded_if(std::string_view term, std::string_view path, const std::optional<std::string>& text) {
    if (!text || text->empty()) return false;
    worded(term, draft_.use(path, *text));
    return true;
  }

  void concept_node(std::string_view system, const Code& code) {
    // A code without a canonical name is a concept of the system that it was sent in.
    const std::string_view scheme = code.name.empty() ? std::string_view(code.system) : system;
    const std::string_view term = code.name.empty() ? std::string_view(code.code) : std::string_view(code.name);
    object(draft_.iri({"code", scheme, term}), {"skos:Concept"}, [&] {
      json_.key("skos:inScheme");
      json_.begin_object();
      json_.member("@id", draft_.iri({"code", scheme}));
      json_.end_object();
      if (const CodeRow* row = row_of_name(system, code.name); row != nullptr && !row->code.empty()) json_.member("skos:notation", row->code);
      labels(system, code);
    });
  }
  void labels(std::string_view system, const Code& code) {
    if (!detail::has_labels(system, code)) return worded("skos:prefLabel", detail::label_of(system, code, Lang::zh));
    json_.key("skos:prefLabel");
    json_.begin_array();
    for (const Lang lang : draft_.options().labels) {
      json_.begin_object();
      json_.member("@value", detail::label_of(system, code, lang));
      json_.member("@language", lang == Lang::zh ? "zh" : "en");
      json_.end_object();
    }
    json_.end_array();
  }
  void concept_if(std::string_view term, std::string_view path, std::string_view system, const std::optional<Code>& code) {
    if (!code) return;
    json_.key(term);
    concept_node(system, draft_.use(path, *code));
  }
  template <class Write>
  void array(std::string_view term, Write write) {
    json_.key(term);
    json_.begin_array();
    write();
    json_.end_array();
  }
  void concepts(std::string_view path, std::string_view system, const std::optional<std::vector<Code>>& codes) {
    if (!codes || codes->empty()) return;
    for (const Code& code : draft_.use(path, *codes)) concept_node(system, code);
  }

  void head() {
    json_.member("dct:identifier", draft_.use(key_.path, key_.value));
    if (!worded_if("dct:title", "name", item_.name)) draft_.lacks("name", "dct:title");
    if (!worded_if("dct:description", "description", item_.description)) draft_.lacks("description", "dct:description");
    concept_if("adms:status", "state", "item_state", item_.state);
    if (item_.version) json_.member("dcat:version", std::to_string(draft_.use("version", *item_.version)));
    if (item_.updated_at) modified(draft_.use("updated_at", *item_.updated_at));
    array("adms:identifier", [&] { identifiers(); });
  }
  void modified(const Time& time) {
    typed("dct:modified", time.text(), time.has_clock() ? "xsd:dateTime" : time.precision == Time::Precision::day ? "xsd:date" : "xsd:gYearMonth");
    if (time.precision == Time::Precision::minute) draft_.find(Errc::model_export_reshaped, Severity::info, "updated_at");
  }
  void identifiers() {
    identifier("catalog_code", "catalog_code", item_.catalog_code);
    identifier("task_code", "task_code", item_.task_code);
    identifier("local_catalog_code", "local_catalog_code", item_.local_catalog_code);
    identifier("local_task_code", "local_task_code", item_.local_task_code);
    if (!item_.codes) return;
    for (const SchemeValue& code : *item_.codes) {
      if (code.scheme) draft_.use("codes.scheme", *code.scheme);
      identifier("codes.value", code.scheme.value_or("other"), code.value);
    }
  }
  void identifier(std::string_view path, std::string_view scheme, const std::optional<std::string>& value) {
    if (!value || value->empty()) return;
    object(draft_.iri({"item", key_.value, "identifier", scheme, draft_.use(path, *value)}), {"adms:Identifier"}, [&] {
      json_.member("skos:notation", *value);
      json_.member("adms:schemaAgency", scheme);
    });
  }

  void authority() {
    if (!item_.dept_name && !item_.dept_code) return draft_.lacks("dept_name", "cv:hasCompetentAuthority");
    if (!item_.dept_name) draft_.lacks("dept_name", "skos:prefLabel");
    json_.key("cv:hasCompetentAuthority");
    object(organisation(), {"cv:PublicOrganisation"}, [&] {
      if (item_.dept_code) json_.member("dct:identifier", draft_.use("dept_code", *item_.dept_code));
      worded_if("skos:prefLabel", "dept_name", item_.dept_name);
      concept_if("org:classification", "dept_type", "dept_type", item_.dept_type);
      if (!item_.division_code) return draft_.lacks("division_code", "dct:spatial");
      json_.key("dct:spatial");
      division();
    });
    if (!item_.division_code) return;
    json_.key("dct:spatial");
    division();
  }
  std::string organisation() const { return draft_.iri({"organisation", item_.dept_code ? *item_.dept_code : *item_.dept_name}); }
  void division() {
    const std::string& code = draft_.use("division_code", *item_.division_code);
    object(draft_.iri({"division", code}), {"dct:Location", "atu:atu-type"}, [&] { json_.member("dct:identifier", code); });
  }

  void classification() {
    array("dct:audience", [&] { concepts("service_objects", "applicant_type", item_.service_objects); });
    array("cv:thematicArea", [&] {
      concepts("extension.themes_person", "theme_person", item_.extension.themes_person);
      concepts("extension.themes_corp", "theme_corp", item_.extension.themes_corp);
    });
    array("cv:isClassifiedBy", [&] {
      classified("task_type", "task_type", item_.task_type);
      classified("project_type", "project_type", item_.project_type);
      concepts("use_level", "use_level", item_.use_level);
      classified("extension.handle_area", "handle_area", item_.extension.handle_area);
      concepts("extension.online_depth", "online_depth", item_.extension.online_depth);
    });
  }
  void classified(std::string_view path, std::string_view system, const std::optional<Code>& code) {
    if (code) concept_node(system, draft_.use(path, *code));
  }

  void limits() {
    // The promised limit is what an applicant is told; the legal one stands in only where nothing was promised.
    const bool promised = item_.promise_limit.has_value();
    const std::optional<Quantity>& told = promised ? item_.promise_limit : item_.legal_limit;
    if (told) processing_time(promised ? "promise_limit" : "legal_limit", *told);
    stated("tq:promisedLimit", "promise_limit", item_.promise_limit);
    stated("tq:legalLimit", "legal_limit", item_.legal_limit);
    stated("tq:acceptanceLimit", "acceptance_limit", item_.acceptance_limit);
  }
  void processing_time(std::string_view path, const Quantity& limit) {
    const auto duration = detail::duration_of(limit);
    if (!duration) return draft_.find(Errc::model_export_not_expressible, Severity::warn, path, {"a limit that cv:processingTime can say", "cv:processingTime 可表示的时限"});
    typed("cv:processingTime", duration->text, "xsd:duration");
    if (duration->bound) draft_.find(Errc::model_export_bound, Severity::warn, path);
  }
  void stated(std::string_view term, std::string_view path, const std::optional<Quantity>& limit) {
    if (!limit) return;
    draft_.use(path, *limit);
    json_.key(term);
    json_.begin_object();
    typed("tq:value", limit->value, "xsd:decimal");
    if (limit->unit != Quantity::Unit::none) json_.member("tq:unit", unit_name(limit->unit));
    json_.end_object();
  }

  void legal() {
    if (!item_.legal_basis || item_.legal_basis->empty()) return;
    array("cv:hasLegalResource", [&] {
      std::size_t number = 0;
      for (const LegalBasis& law : *item_.legal_basis) {
        object(numbered("legal-resource", ++number), {"eli:LegalResource"}, [&] {
          worded_if("dct:title", "legal_basis.name", law.name);
          if (law.document_no) json_.member("dct:identifier", draft_.use("legal_basis.document_no", *law.document_no));
          worded_if("dct:description", "legal_basis.content", law.content);
          worded_if("tq:clause", "legal_basis.clause", law.clause);
          worded_if("tq:issuer", "legal_basis.issuer", law.issuer);
        });
      }
    });
  }
  std::string numbered(std::string_view kind, std::size_t number) const { return draft_.iri({"item", key_.value, kind, std::to_string(number)}); }

  void conditions() {
    if (item_.acceptance_conditions && !item_.acceptance_conditions->empty()) {
      const std::string iri = numbered("requirement", 1);
      json_.key("cv:holdsRequirement");
      object(iri, {"cv:Requirement"}, [&] {
        json_.member("dct:identifier", iri);
        labelled("dct:title", "受理条件", "Conditions of acceptance");
        worded_if("dct:description", "acceptance_conditions", item_.acceptance_conditions);
      });
    }
    if (!item_.workflow_steps || item_.workflow_steps->empty()) return;
    array("cpsv:follows", [&] {
      std::size_t number = 0;
      for (const WorkflowStep& step : *item_.workflow_steps) rule(numbered("rule", ++number), step);
    });
  }
  void labelled(std::string_view term, std::string_view zh, std::string_view en) {
    array(term, [&] {
      for (const Lang lang : draft_.options().labels) {
        json_.begin_object();
        json_.member("@value", lang == Lang::zh ? zh : en);
        json_.member("@language", lang == Lang::zh ? "zh" : "en");
        json_.end_object();
      }
    });
  }
  void rule(const std::string& iri, const WorkflowStep& step) {
    object(iri, {"cpsv:Rule"}, [&] {
      json_.member("dct:identifier", iri);
      if (step.seq) json_.member("tq:order", draft_.use("workflow_steps.seq", *step.seq));
      if (!worded_if("dct:title", "workflow_steps.name", step.name)) draft_.lacks("workflow_steps.name", "dct:title");
      if (!worded_if("dct:description", "workflow_steps.description", step.description)) draft_.lacks("workflow_steps.description", "dct:description");
    });
  }

  void materials() {
    if (!item_.materials || item_.materials->empty()) return;
    array("cpsv:hasInput", [&] {
      std::size_t number = 0;
      for (const ItemMaterial& material : *item_.materials) evidence(++number, material);
    });
    array("cv:hasInputType", [&] {
      std::size_t number = 0;
      for (const ItemMaterial& material : *item_.materials) evidence_type(++number, material);
    });
  }
  std::string evidence_type_iri(std::size_t number, const ItemMaterial& material) const {
    return material.licence_type_code ? draft_.iri({"evidence-type", *material.licence_type_code}) : numbered("evidence-type", number);
  }
  void evidence(std::size_t number, const ItemMaterial& material) {
    const std::string iri = numbered("evidence", number);
    object(iri, {"cv:Evidence"}, [&] {
      json_.member("dct:identifier", material.material_code ? draft_.use("materials.material_code", *material.material_code) : iri);
      if (!worded_if("dct:title", "materials.name", material.name)) draft_.lacks("materials.name", "dct:title");
      worded_if("dct:description", "materials.fill_note", material.fill_note);
      concept_if("dct:type", "materials.type", "material_type", material.type);
      concept_if("tq:necessity", "materials.necessity", "necessity", material.necessity);
      concept_if("tq:format", "materials.format", "material_format", material.format);
      json_.key("dct:conformsTo");
      json_.begin_object();
      json_.member("@id", evidence_type_iri(number, material));
      json_.end_object();
    });
  }
  void evidence_type(std::size_t number, const ItemMaterial& material) {
    const std::string iri = evidence_type_iri(number, material);
    object(iri, {"cv:EvidenceType"}, [&] {
      json_.member("dct:identifier", material.licence_type_code ? draft_.use("materials.licence_type_code", *material.licence_type_code) : iri);
    });
  }

  void results() {
    if (!item_.extension.results || item_.extension.results->empty()) return;
    array("cpsv:produces", [&] {
      std::size_t number = 0;
      for (const ItemResult& result : *item_.extension.results) {
        const std::string iri = numbered("output", ++number);
        object(iri, {"cv:Output"}, [&] {
          json_.member("dct:identifier", iri);
          if (!worded_if("dct:title", "extension.results.name", result.name)) draft_.lacks("extension.results.name", "dct:title");
          concept_if("dct:type", "extension.results.type", "document_type", result.type);
        });
      }
    });
  }

  void costs() {
    const bool listed = item_.fees && !item_.fees->empty();
    if (item_.has_fee && (listed || !*item_.has_fee)) draft_.use("has_fee", *item_.has_fee);
    if (!listed && item_.has_fee.value_or(true)) return;
    array("cv:hasCost", [&] {
      if (!item_.has_fee.value_or(true)) no_cost();
      std::size_t number = 0;
      if (!listed) return;
      for (const ItemFee& fee : *item_.fees) cost(numbered("cost", ++number), fee);
    });
  }
  void no_cost() {
    const std::string iri = numbered("cost", 0);
    object(iri, {"cv:Cost"}, [&] {
      json_.member("dct:identifier", iri);
      labelled("dct:description", "不收费", "Free of charge");
      amount("0");
    });
  }
  void amount(std::string_view yuan) {
    typed("cv:hasValue", yuan, "xsd:double");
    json_.key("cv:currency");
    object(std::string(kCny), {"skos:Concept"}, [] {});
  }
  void cost(const std::string& iri, const ItemFee& fee) {
    object(iri, {"cv:Cost"}, [&] {
      json_.member("dct:identifier", iri);
      worded_if("dct:title", "fees.name", fee.name);
      worded_if("dct:description", "fees.standard", fee.standard);
      if (!fee.standard) return;
      if (const auto yuan = detail::amount_of(*fee.standard)) amount(*yuan);
      else draft_.find(Errc::model_export_reshaped, Severity::info, "fees.standard", {"one amount in yuan for cv:hasValue", "cv:hasValue 所需的单一金额（元）"});
    });
  }

  void channels() {
    array("cv:hasChannel", [&] {
      std::size_t number = 0;
      if (item_.handle_types) {
        for (const Code& type : draft_.use("handle_types", *item_.handle_types)) {
          channel(numbered("channel", ++number), [&] {
            json_.key("dct:type");
            concept_node("handle_type", type);
          });
        }
      }
      online_channel(number, "online_url", item_.online_url);
      online_channel(number, "mobile_url", item_.mobile_url);
      online_channel(number, "extension.online_url", item_.extension.online_url);
      hall(number);
      if (!item_.service_points) return;
      for (const ServicePoint& point : *item_.service_points) service_point(numbered("channel", ++number), point);
    });
  }
  template <class Rest>
  void channel(const std::string& iri, Rest rest) {
    object(iri, {"cv:Channel"}, [&] {
      json_.member("dct:identifier", iri);
      rest();
    });
  }
  void online_channel(std::size_t& number, std::string_view path, const std::optional<std::string>& url) {
    if (!url || url->empty()) return;
    if (!detail::is_web_address(*url)) return draft_.find(Errc::model_export_not_expressible, Severity::warn, path, {"a web address", "网址"});
    channel(numbered("channel", ++number), [&] {
      json_.key("foaf:page");
      object(draft_.use(path, *url), {"foaf:Document"}, [] {});
    });
  }
  void hall(std::size_t& number) {
    if (!item_.handle_address && !item_.handle_hours) return;
    channel(numbered("channel", ++number), [&] {
      address("handle_address", item_.handle_address);
      hours("handle_hours", item_.handle_hours);
    });
  }
  void address(std::string_view path, const std::optional<std::string>& text) {
    if (!text || text->empty()) return;
    json_.key("locn:address");
    json_.begin_object();
    json_.member("@type", "locn:Address");
    worded("locn:fullAddress", draft_.use(path, *text));
    json_.end_object();
  }
  void hours(std::string_view path, const std::optional<std::string>& text) {
    if (!text || text->empty()) return;
    json_.key("cv:openingHours");
    json_.begin_object();
    json_.member("@type", "time:TemporalEntity");
    worded("dct:description", draft_.use(path, *text));
    json_.end_object();
  }
  void service_point(const std::string& iri, const ServicePoint& point) {
    channel(iri, [&] {
      worded_if("dct:description", "service_points.name", point.name);
      address("service_points.address", point.address);
      hours("service_points.hours", point.hours);
      if (!point.phone || point.phone->empty()) return;
      json_.key("cv:contactPoint");
      json_.begin_object();
      json_.member("@type", "cv:ContactPoint");
      json_.member("cv:telephone", draft_.use("service_points.phone", *point.phone));
      json_.end_object();
    });
  }

  void contact() {
    if (!item_.consult_contact || item_.consult_contact->empty()) return;
    const std::string& text = draft_.use("consult_contact", *item_.consult_contact);
    json_.key("cv:contactPoint");
    object(numbered("contact", 1), {"cv:ContactPoint"}, [&] {
      if (detail::is_phone(text)) return json_.member("cv:telephone", text);
      worded("dct:description", text);
      draft_.find(Errc::model_export_reshaped, Severity::info, "consult_contact", {"a telephone number for cv:telephone", "cv:telephone 所需的电话号码"});
    });
  }

  const ServiceItem& item_;
  ExportDraft& draft_;
  std::string text_;
  wire::JsonWriter json_;
  detail::ItemKey key_;
};

} // namespace

Result<Exported> export_cpsv_ap(const ServiceItem& item, const ExportOptions& options) {
  ExportDraft draft(EntityId::service_item, &item, options);
  TONGQU_CHECK(detail::admit(item, draft));
  return draft.finish(CpsvAp(item, draft).write());
}

} // namespace tongqu::model
