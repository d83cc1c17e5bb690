#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/finding.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/model/record.hpp"

/// Canonical records in the forms that others read. Each export is a pure function from a value to text; what the form cannot say is
/// never dropped in silence: every field that is present and does not reach the text has a finding with its path.
/// docs/reference/exports.md lists, for every form, where each field goes and what is lost.
///
/// No export of an item holds personal data, and one of a case holds only what the standard publishes: numbers, codes, times and names
/// of authorities. Free text of a case (title, opinions, notes), persons, officials, materials and addresses never leave.
namespace tongqu::model {

enum class ExportForm : std::uint8_t {
  cpsv_ap,          ///< Item: CPSV-AP 3.2.0, JSON-LD 1.0 with its context inside.
  open311_service,  ///< Item: Open311 GeoReport v2, a list of services with this one.
  open311_request,  ///< Case: Open311 GeoReport v2, a list of service requests with this one.
  hsds,             ///< Item: Open Referral HSDS 3.0, a full service.
  schema_org,       ///< Item: schema.org GovernmentService, JSON-LD.
};
/// "cpsv-ap", "open311-service", "open311-request", "hsds", "schema-org".
std::string_view export_form_name(ExportForm form) noexcept;
std::optional<ExportForm> export_form_from_name(std::string_view name) noexcept;
std::vector<ExportForm> all_export_forms();
/// The entity that a form is made from.
EntityId export_entity(ExportForm form) noexcept;

/// Open311 has both; the others are JSON only.
enum class ExportSyntax : std::uint8_t { json, xml };
/// Whether the publisher of an Open311 service also answers with its cases: `realtime`, otherwise `batch`.
enum class CaseFeed : std::uint8_t { none, realtime };

struct ExportOptions {
  /// Identifiers of items, bodies and codes are made by adding to this absolute URI, which ends with ':', '/' or '#'. They are the same
  /// for ever as long as it is.
  std::string base_uri = "urn:x-tongqu:";
  std::string language = "zh";                     ///< Language tag of the texts of the record (BCP 47). It is not found out.
  std::vector<Lang> labels = {Lang::zh, Lang::en}; ///< Languages in which the labels of codes are written, where the form takes several.
  std::string utc_offset;                          ///< "+08:00": of opening hours, for HSDS. Never assumed; empty leaves them as text.
  ExportSyntax syntax = ExportSyntax::json;
  CaseFeed case_feed = CaseFeed::none;
};

/// A text in UTF-8 and what it does not say. A finding of Severity::error says that the text is short of what the form demands.
struct Exported {
  std::string text;
  Findings findings;
};

/// A service item as cpsv:PublicService.
///
/// A limit in working days becomes an upper bound in calendar days (natural_days_at_most) with a finding; the number and unit as stated
/// stand beside it in a property of our own. Codes become skos:Concept with labels, in schemes of ours.
/// @return  Compact JSON. Findings: model.export_required without name, description, body or division.
/// @errors  model.export_setup (fix_setup), model.export_secret for an item marked secret, model.export_kind without any code.
/// @note    Pure; safe from several threads; linear in the size of the item.
/// @source  CPSV-AP 3.2.0, SHACL shapes of the release; docs/reference/exports.md#cpsv-ap
Result<Exported> export_cpsv_ap(const ServiceItem& item, const ExportOptions& options = {});

/// A service item as an entry of GET services. An item that is not in force is not offered: an empty list with a finding.
/// @errors  as export_cpsv_ap.
/// @source  Open311 GeoReport v2, GET Service List
Result<Exported> export_open311_service(const ServiceItem& item, const ExportOptions& options = {});

/// A case as an entry of GET service requests: number, open or closed, state in words, item, authority and times. A draft is not public:
/// an empty list with a finding. Ended states are closed (terminal() of life_cycle.hpp), every other one is open.
/// @errors  model.export_personal_key when the case number holds a personal value of the case; model.export_setup.
/// @note    Whether the item is secret stands in the item: the caller must not export its cases.
/// @source  Open311 GeoReport v2, GET Service Requests
Result<Exported> export_open311_request(const Case& body, const ExportOptions& options = {});

/// A service item as an HSDS service with its organization, locations, costs, documents and attributes. Ids are UUIDs of version 5 from
/// base_uri and the codes of the item.
/// @errors  as export_cpsv_ap.
/// @source  Open Referral HSDS 3.0
Result<Exported> export_hsds(const ServiceItem& item, const ExportOptions& options = {});

/// A service item as schema.org GovernmentService.
/// @errors  as export_cpsv_ap.
/// @source  schema.org GovernmentService, Service, ServiceChannel
Result<Exported> export_schema_org(const ServiceItem& item, const ExportOptions& options = {});

/// The export of a record by the name of its form.
/// @errors  as the single ones; model.export_kind when the entity is another one, or the record is no whole (part, void, delete), and
///          when XML is asked of a form that has none.
Result<Exported> export_record(const Record& record, ExportForm form, const ExportOptions& options = {});

/// The most calendar days that `working_days` working days can take. Holidays take up to seven weekdays out of the way, and one more for
/// every further twenty working days begun; every five weekdays begun bring two days of rest. No day of the published calendars of the
/// whole country takes longer (tested); divisions with holidays of their own can.
std::int64_t natural_days_at_most(std::int64_t working_days) noexcept;

} // namespace tongqu::model
