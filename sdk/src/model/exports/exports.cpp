#include "tongqu/model/exports.hpp"

namespace tongqu::model {
namespace {

struct FormRow { ExportForm form; std::string_view name; EntityId entity; };
constexpr FormRow kForms[] = {
    {ExportForm::cpsv_ap, "cpsv-ap", EntityId::service_item},
    {ExportForm::open311_service, "open311-service", EntityId::service_item},
    {ExportForm::open311_request, "open311-request", EntityId::case_},
    {ExportForm::hsds, "hsds", EntityId::service_item},
    {ExportForm::schema_org, "schema-org", EntityId::service_item},
};

const FormRow& row_of(ExportForm form) noexcept { return kForms[static_cast<std::size_t>(form)]; }

} // namespace

std::string_view export_form_name(ExportForm form) noexcept { return row_of(form).name; }

std::optional<ExportForm> export_form_from_name(std::string_view name) noexcept {
  for (const FormRow& row : kForms) {
    if (row.name == name) return row.form;
  }
  return std::nullopt;
}

std::vector<ExportForm> all_export_forms() {
  std::vector<ExportForm> forms;
  for (const FormRow& row : kForms) forms.push_back(row.form);
  return forms;
}

EntityId export_entity(ExportForm form) noexcept { return row_of(form).entity; }

namespace {

Result<Exported> export_body(const Record& record, ExportForm form, const ExportOptions& options) {
  switch (form) {
    case ExportForm::cpsv_ap: return export_cpsv_ap(std::get<ServiceItem>(record.body), options);
    case ExportForm::open311_service: return export_open311_service(std::get<ServiceItem>(record.body), options);
    case ExportForm::open311_request: return export_open311_request(std::get<Case>(record.body), options);
    case ExportForm::hsds: return export_hsds(std::get<ServiceItem>(record.body), options);
    case ExportForm::schema_org: return export_schema_org(std::get<ServiceItem>(record.body), options);
  }
  return Error(Errc::model_export_kind);
}

/// Fields of a province or vendor and unknown members: nobody says whether they are personal.
void withhold_outside(const Record& record, Findings& findings) {
  const auto withhold = [&](std::string path) {
    Finding finding;
    finding.id = Errc::model_export_withheld;
    finding.severity = Severity::info;
    finding.record = std::string(entity_name(record.entity));
    finding.path = std::move(path);
    findings.add(std::move(finding));
  };
  for (const ExtField& field : record.ext) withhold("ext." + field.ns + "." + field.name);
  if (!record.unknown.empty()) withhold("unknown");
}

} // namespace

Result<Exported> export_record(const Record& record, ExportForm form, const ExportOptions& options) {
  if (record.entity != export_entity(form)) return Error(Errc::model_export_kind).with("a " + std::string(entity_name(export_entity(form))) + " is needed");
  if (record.kind != RecordKind::snapshot && record.kind != RecordKind::replace) {
    return Error(Errc::model_export_kind).with("a snapshot or replace is needed").at("/kind");
  }
  const bool open311 = form == ExportForm::open311_service || form == ExportForm::open311_request;
  if (options.syntax == ExportSyntax::xml && !open311) return Error(Errc::model_export_kind).with("XML is a syntax of Open311 only");
  TONGQU_TRY(auto exported, export_body(record, form, options));
  withhold_outside(record, exported.findings);
  return exported;
}

} // namespace tongqu::model
