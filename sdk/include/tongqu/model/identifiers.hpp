#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "tongqu/base/result.hpp"
#include "tongqu/model/values.hpp"

/// Checks of the identifiers met in government services. Each takes the text as sent and answers nothing (right) or an error whose id
/// says what is wrong; none changes the value. Form, calendar and check character only; "not in the future" needs a reference date.
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
/// Any case number: 1 to 50 characters without control characters. @errors model.case_no_length, case_no_alphabet.
Result<void> check_case_no(std::string_view case_no);
/// 6, 9 or 12 digits of a division; structure only (a county without a city is refused, unknown divisions are not).
/// @errors model.division_length, division_alphabet, division_structure.
Result<void> check_division(std::string_view code);
/// GB/T 36904 licence identifier, MOD 37,36. @errors model.licence_root, licence_width, licence_alphabet, licence_check_digit.
Result<void> check_licence_id(std::string_view id);
/// Check character of ISO 7064 MOD 37,36 over capitals and digits.
char licence_check_character(std::string_view body);

/// The check that fits a certificate kind of the code system `id_type`; empty where none is published.
std::string_view check_of_id_type(std::string_view id_type, std::string_view id_no) noexcept;

/// Runs a check by name: resident_id, uscc, org_code, catalog_code, task_code, task_handle_item, item_code (by length), case_no, case_no_43, division,
/// licence_id. Nothing when there is no such check.
std::optional<Result<void>> run_check(std::string_view name, std::string_view value);
bool is_check(std::string_view name) noexcept;

} // namespace tongqu::model
