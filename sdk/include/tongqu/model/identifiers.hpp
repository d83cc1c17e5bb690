#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tongqu/base/result.hpp"
#include "tongqu/model/values.hpp"

/// Checks of the identifiers met in government services. Each takes the text as sent and answers nothing (right) or an error whose id
/// says what is wrong; none changes the value. Form, calendar and check character only; "not in the future" needs a reference date.
/// All are pure, linear in the length of the text and safe from several threads. @source docs/standards/index.md#identifiers
namespace tongqu::model {

/// GB 11643 citizen number, residence permits (81/82/83…) and foreign permanent resident numbers (9…), 18 characters, MOD 11-2; 15 digits are
/// checked by form and date. Lower-case x is right. @errors model.id_length, id_alphabet, id_date, id_check_digit.
Result<void> check_resident_id(std::string_view id);
/// The 18-character form of a 15-digit number; @errors as above, model.id_centenarian for serials 996 to 999 (the century is not told).
Result<std::string> upgrade_resident_id(std::string_view id15);
/// Birth date inside an 18- or 15-digit number.
std::optional<Time> birth_date_of(std::string_view id);
/// Check character over the first 17.
char resident_id_check_character(std::string_view first17);

/// Residence permits of residents of Hong Kong, Macao and Taiwan: 810000, 820000 or 830000 at the head, then as a citizen number.
/// @errors model.permit_form, model.id_*.
Result<void> check_residence_permit(std::string_view id);
/// Foreign permanent resident: 18 characters with 9 at the head (only the check character is judged: the order of the parts is not published), or
/// the older 3 capitals and 12 digits. @errors model.permit_form, model.id_*.
Result<void> check_permanent_residence(std::string_view number);
/// Forms of documents without a check character: what is refused here cannot be such a number, what passes may still be wrong.
/// Passport: 5 to 20 capitals and digits. @errors model.passport_form.
Result<void> check_passport(std::string_view number);
/// Hong Kong and Macao residents' travel permit: H or M and 8 or 10 digits. @errors model.permit_form.
Result<void> check_hk_mo_permit(std::string_view number);
/// Exit permit to Hong Kong and Macao: C and 8 characters. @errors model.permit_form.
Result<void> check_hk_mo_exit_permit(std::string_view number);
/// Taiwan residents' travel permit: 8 digits, older ones 10. @errors model.permit_form.
Result<void> check_taiwan_permit(std::string_view number);

/// GB 32100 unified social credit code, MOD 31-3. @errors model.uscc_length, uscc_alphabet, uscc_check_digit.
Result<void> check_uscc(std::string_view code);
char uscc_check_character(std::string_view first17);
/// Whether the organisation code inside a credit code passes its own check (older re-issued codes fail; a warning only).
bool uscc_inner_code_passes(std::string_view code);
/// GB 11714 organisation code, hyphen optional. @errors model.org_code_length, org_code_alphabet, org_code_check_digit.
Result<void> check_org_code(std::string_view code);

/// 12-character catalogue code. @errors model.item_code_length, item_code_alphabet.
Result<void> check_catalog_code(std::string_view code);
/// 31-character implementation code with its embedded credit code, level and catalogue code. @errors as above, model.item_code_body, item_code_level.
Result<void> check_task_code(std::string_view code);
/// 33-character handling item. @errors as above, model.item_code_serial (00).
Result<void> check_task_handle_item(std::string_view code);
/// 43-character case number: 31 + date + 4 digits. @errors model.case_no_length, item_code_*, model.case_no_date, case_no_serial.
Result<void> check_case_no_43(std::string_view case_no);
/// Any case number: 1 to 50 characters without control characters. One that has the shape of the 43-character form, or begins with a valid
/// implementation code and goes on in digits, is judged as that form. @errors model.case_no_length, case_no_alphabet, those of check_case_no_43.
Result<void> check_case_no(std::string_view case_no);
/// 6, 9 or 12 digits of a division; structure only (a county without a city is refused, unknown divisions are not).
/// @errors model.division_length, division_alphabet, division_structure.
Result<void> check_division(std::string_view code);
/// GB/T 36904 licence identifier, MOD 37,36. @errors model.licence_root, licence_width, licence_alphabet, licence_check_digit.
Result<void> check_licence_id(std::string_view id);
/// Whether both bodies named in a right licence identifier have right credit codes (older ones do not; a warning only).
bool licence_id_bodies_pass(std::string_view id);
/// Check character of ISO 7064 MOD 37,36 over capitals and digits.
char licence_check_character(std::string_view body);

/// Levels of a division; the numbers from national on are one less than the national codes of `use_level`.
enum class DivisionLevel : std::uint8_t { national, province, city, county, township, village };
std::string_view division_level_name(DivisionLevel level) noexcept;
/// The level of a division's last segment that is not zero; national for zeros and for 100000. Nothing when check_division refuses it.
std::optional<DivisionLevel> level_of(std::string_view division);
/// The division above, as wide as this one was sent; nothing above a province.
std::optional<std::string> parent_of(std::string_view division);
/// All divisions above, the nearest first.
std::vector<std::string> parents_of(std::string_view division);

/// Parts of identifiers. The views look into the text that was split.
struct CreditCodeParts {
  char department = 0, category = 0;
  std::string_view division, org_code;
  char check = 0;
};
struct CatalogCodeParts {
  std::string_view province, item_type, main_item, sub_item;
  bool is_national() const { return province == "00"; }
  bool is_parent() const { return sub_item == "00Y"; }   ///< Has sub-items and no cases of its own.
};
struct TaskCodeParts {
  std::string_view uscc;
  char level = 0;                                         ///< National code of `use_level`.
  std::string_view catalog_code;
  CatalogCodeParts catalog;
};
struct TaskHandleItemParts {
  std::string_view task_code;
  TaskCodeParts task;
  std::string_view serial;
};
struct CaseNoParts {
  std::string_view task_code;
  TaskCodeParts task;
  std::string_view date, serial;                          ///< yyyyMMdd and four digits.
};
struct LicenceIdParts {
  std::string_view type, defining_body, type_serial, issuer, serial, version;
  char check = 0;
};
/// Each gives the parts of an identifier that its check accepts. @errors those of the check.
Result<CreditCodeParts> split_uscc(std::string_view code);
Result<CatalogCodeParts> split_catalog_code(std::string_view code);
Result<TaskCodeParts> split_task_code(std::string_view code);
Result<TaskHandleItemParts> split_task_handle_item(std::string_view code);
Result<CaseNoParts> split_case_no_43(std::string_view case_no);
Result<LicenceIdParts> split_licence_id(std::string_view id);
template <class Text, class = std::enable_if_t<std::is_same_v<Text, std::string>>>
Result<CreditCodeParts> split_uscc(Text&&) = delete;  // Would look into a text that is gone.
template <class Text, class = std::enable_if_t<std::is_same_v<Text, std::string>>>
Result<CatalogCodeParts> split_catalog_code(Text&&) = delete;  // Would look into a text that is gone.
template <class Text, class = std::enable_if_t<std::is_same_v<Text, std::string>>>
Result<TaskCodeParts> split_task_code(Text&&) = delete;  // Would look into a text that is gone.
template <class Text, class = std::enable_if_t<std::is_same_v<Text, std::string>>>
Result<TaskHandleItemParts> split_task_handle_item(Text&&) = delete;  // Would look into a text that is gone.
template <class Text, class = std::enable_if_t<std::is_same_v<Text, std::string>>>
Result<CaseNoParts> split_case_no_43(Text&&) = delete;  // Would look into a text that is gone.
template <class Text, class = std::enable_if_t<std::is_same_v<Text, std::string>>>
Result<LicenceIdParts> split_licence_id(Text&&) = delete;  // Would look into a text that is gone.

/// The check that fits a certificate kind of the code system `id_type`; empty where none is published.
std::string_view check_of_id_type(std::string_view id_type, std::string_view id_no) noexcept;

/// Runs a check by its name (check_names). Nothing when there is no such check.
std::optional<Result<void>> run_check(std::string_view name, std::string_view value);
bool is_check(std::string_view name) noexcept;
/// Names of all checks: resident_id, uscc, org_code, licence_id, division, catalog_code, task_code, task_handle_item, item_code (12, 31 or 33 by length),
/// case_no, case_no_43, passport, …
std::vector<std::string_view> check_names();

} // namespace tongqu::model
