#include "tongqu/model/identifiers.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "identifier_checks.hpp"
#include "tongqu/base/bytes.hpp"

namespace tongqu::model {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alnum(char c) { return is_digit(c) || is_capital(c); }

constexpr std::uint64_t kEachByte = 0x0101010101010101u;
constexpr std::uint64_t kHighBits = kEachByte * 0x80;

/// The high bit of each byte that lies from `first` to `last`; both are ASCII.
std::uint64_t bytes_between(std::uint64_t word, unsigned char first, unsigned char last) {
  const std::uint64_t low = word & ~kHighBits;
  return (low + kEachByte * (0x80u - first)) & ~(low + kEachByte * (0x7Fu - last)) & ~word & kHighBits;
}
std::uint64_t digits_in(std::uint64_t word) { return bytes_between(word, '0', '9'); }
std::uint64_t alnums_in(std::uint64_t word) { return digits_in(word) | bytes_between(word, 'A', 'Z'); }

/// Whether all characters are of a kind, eight at a time; the last eight may overlap those before.
template <std::uint64_t (*kind_in)(std::uint64_t), bool (*is_kind)(char)>
bool all_of_kind(std::string_view text) {
  const auto is_kind_at = [text](std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    return kind_in(word) == kHighBits;
  };
  if (text.size() < 8) return std::all_of(text.begin(), text.end(), is_kind);
  for (std::size_t at = 0; at + 8 < text.size(); at += 8) {
    if (!is_kind_at(at)) return false;
  }
  return is_kind_at(text.size() - 8);
}
bool all_digits(std::string_view text) { return all_of_kind<digits_in, is_digit>(text); }
bool all_alnum(std::string_view text) { return all_of_kind<alnums_in, is_alnum>(text); }
int digit_of(char c) { return c - '0'; }
/// 0 to 9, then A = 10 to Z = 35.
int value36(char c) { return is_digit(c) ? c - '0' : c - 'A' + 10; }

int number_of(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + digit_of(c);
  return value;
}

/// The day written as yyyyMMdd when the calendar has it.
std::optional<Time> day_of(std::string_view yyyymmdd) {
  if (yyyymmdd.size() != 8 || !all_digits(yyyymmdd)) return std::nullopt;
  Time day;
  day.year = static_cast<std::int16_t>(number_of(yyyymmdd.substr(0, 4)));
  day.month = static_cast<std::int8_t>(number_of(yyyymmdd.substr(4, 2)));
  day.day = static_cast<std::int8_t>(number_of(yyyymmdd.substr(6, 2)));
  if (!day.check()) return std::nullopt;
  return day;
}

constexpr int kBirthYearMin = 1850;
constexpr std::size_t kIdLength = 18, kIdLengthOld = 15;

/// Serials 996 to 999 of a 15-digit number were kept for people born before 1900.
bool is_centenarian_serial(std::string_view id15) { return number_of(id15.substr(12, 3)) >= 996; }

Result<void> check_resident_id_15(std::string_view id) {
  if (!all_digits(id)) return Error(Errc::model_id_alphabet);
  const std::string day(id.substr(6, 6));
  const bool exists = day_of("19" + day).has_value() || (is_centenarian_serial(id) && day_of("18" + day).has_value());
  if (!exists) return Error(Errc::model_id_date);
  return {};
}

constexpr std::string_view kUsccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Value of each character in the alphabet of credit codes; 31 for those that are not in it.
constexpr auto kUsccValues = [] {
  std::array<std::uint8_t, 256> values{};
  for (std::uint8_t& value : values) value = 31;
  for (std::size_t i = 0; i < kUsccAlphabet.size(); ++i) values[static_cast<unsigned char>(kUsccAlphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}();
constexpr unsigned kNotInUscc = 31;

unsigned uscc_value(char c) { return kUsccValues[static_cast<unsigned char>(c)]; }

/// Check character of GB 11714 over eight characters.
char org_code_check_character(std::string_view first8) {
  constexpr std::array<int, 8> kWeights{3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (std::size_t i = 0; i < kWeights.size(); ++i) sum += value36(first8[i]) * kWeights[i];
  const int check = 11 - sum % 11;
  if (check == 10) return 'X';
  return check == 11 ? '0' : static_cast<char>('0' + check);
}

constexpr std::size_t kCatalogLength = 12, kTaskLength = 31, kHandleLength = 33, kCaseLength = 43;

std::string position_text(std::size_t index) { return "position " + std::to_string(index + 1); }

Result<void> check_item_alphabet(std::string_view code) {
  if (all_alnum(code)) return {};
  const auto bad = std::find_if_not(code.begin(), code.end(), is_alnum);
  return Error(Errc::model_item_code_alphabet).with(position_text(static_cast<std::size_t>(bad - code.begin())));
}

Result<void> check_item_code(std::string_view code) {
  if (code.size() == kCatalogLength) return check_catalog_code(code);
  if (code.size() == kTaskLength) return check_task_code(code);
  if (code.size() == kHandleLength) return check_task_handle_item(code);
  return Error(Errc::model_item_code_length).with("12, 31 or 33 characters");
}

/// Whether a case number is meant to be one of the 43-character form: a valid implementation code stands at its head, or its 43
/// characters have the shape of that form. A number of another scheme is not judged by this one.
bool is_meant_as_43(std::string_view case_no) {
  if (case_no.size() < kTaskLength) return false;
  const std::string_view head = case_no.substr(0, kTaskLength);
  if (!all_digits(case_no.substr(kTaskLength))) return false;
  if (case_no.size() != kCaseLength) return check_task_code(head).has_value();
  const auto in_uscc = [](char c) { return uscc_value(c) != kNotInUscc; };
  return std::all_of(head.begin(), head.begin() + 18, in_uscc) && head[18] >= '1' && head[18] <= '7' && all_digits(head.substr(19, 4));
}

/// ISO 7064 MOD 37,36, one character after the other.
struct CheckRun {
  int p = 36;
  void take(char c) {
    int t = (p + value36(c)) % 36;
    if (t == 0) t = 36;
    p = 2 * t % 37;
  }
  char character() const {
    const int check = (37 - p) % 36;
    return static_cast<char>(check < 10 ? '0' + check : 'A' + check - 10);
  }
};

/// What the names of checks stand for, in the order in which they are listed.
constexpr std::array<detail::NamedCheck, 17> kChecks{{
    {"resident_id", check_resident_id},
    {"uscc", check_uscc},
    {"org_code", check_org_code},
    {"licence_id", check_licence_id},
    {"division", check_division},
    {"catalog_code", check_catalog_code},
    {"task_code", check_task_code},
    {"task_handle_item", check_task_handle_item},
    {"item_code", check_item_code},
    {"case_no", check_case_no},
    {"case_no_43", check_case_no_43},
    {"passport", check_passport},
    {"hk_mo_permit", check_hk_mo_permit},
    {"hk_mo_exit_permit", check_hk_mo_exit_permit},
    {"taiwan_permit", check_taiwan_permit},
    {"permanent_residence", check_permanent_residence},
    {"residence_permit_hmt", check_residence_permit},
}};

} // namespace

char resident_id_check_character(std::string_view first17) {
  if (first17.size() != kIdLength - 1 || !all_digits(first17)) return '\0';
  constexpr std::array<int, 17> kWeights{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  constexpr std::string_view kCharacters = "10X98765432";
  int sum = 0;
  for (std::size_t i = 0; i < kWeights.size(); ++i) sum += digit_of(first17[i]) * kWeights[i];
  return kCharacters[static_cast<std::size_t>(sum % 11)];
}

Result<void> check_resident_id(std::string_view id) {
  if (id.size() == kIdLengthOld) return check_resident_id_15(id);
  if (id.size() != kIdLength) return Error(Errc::model_id_length);
  const char last = id.back() == 'x' ? 'X' : id.back();
  if (!all_digits(id.substr(0, 17)) || (!is_digit(last) && last != 'X')) return Error(Errc::model_id_alphabet);
  // The order of the parts of a foreign permanent resident's number is not published; only its check character is judged.
  if (id.front() != '9') {
    const auto day = day_of(id.substr(6, 8));
    if (!day || day->year < kBirthYearMin) return Error(Errc::model_id_date);
  }
  if (resident_id_check_character(id.substr(0, 17)) != last) return Error(Errc::model_id_check_digit);
  return {};
}

Result<std::string> upgrade_resident_id(std::string_view id15) {
  if (id15.size() != kIdLengthOld) return Error(Errc::model_id_length).with("15 characters");
  TONGQU_CHECK(check_resident_id_15(id15));
  if (is_centenarian_serial(id15)) return Error(Errc::model_id_centenarian);
  std::string id(id15.substr(0, 6));
  id += "19";
  id += id15.substr(6);
  id += resident_id_check_character(id);
  return id;
}

std::optional<Time> birth_date_of(std::string_view id) {
  if (id.size() == kIdLength && all_digits(id.substr(0, 17)) && id.front() != '9') return day_of(id.substr(6, 8));
  if (id.size() == kIdLengthOld && all_digits(id) && !is_centenarian_serial(id)) return day_of("19" + std::string(id.substr(6, 6)));
  return std::nullopt;
}

char uscc_check_character(std::string_view first17) {
  constexpr std::array<unsigned, 17> kWeights{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28};
  if (first17.size() != kWeights.size()) return '\0';
  unsigned sum = 0;
  for (std::size_t i = 0; i < kWeights.size(); ++i) {
    const unsigned value = uscc_value(first17[i]);
    if (value == kNotInUscc) return '\0';
    sum += value * kWeights[i];
  }
  return kUsccAlphabet[(31 - sum % 31) % 31];
}

Result<void> check_uscc(std::string_view code) {
  if (code.size() != 18) return Error(Errc::model_uscc_length);
  const char check = uscc_check_character(code.substr(0, 17));
  if (check == '\0' || uscc_value(code.back()) == kNotInUscc) {
    const auto bad = std::find_if(code.begin(), code.end(), [](char c) { return uscc_value(c) == kNotInUscc; });
    return Error(Errc::model_uscc_alphabet).with(position_text(static_cast<std::size_t>(bad - code.begin())) + "; capitals and digits without I, O, Z, S and V");
  }
  if (!all_digits(code.substr(2, 6))) return Error(Errc::model_uscc_alphabet).with("positions 3 to 8 are the digits of a division");
  if (check != code.back()) return Error(Errc::model_uscc_check_digit);
  return {};
}

bool uscc_inner_code_passes(std::string_view code) {
  if (code.size() != 18) return false;
  const std::string_view inner = code.substr(8, 8);
  return all_alnum(inner) && org_code_check_character(inner) == code[16];
}

Result<void> check_org_code(std::string_view code) {
  const bool hyphen = code.size() == 10 && code[8] == '-';
  if (!hyphen && code.size() != 9) return Error(Errc::model_org_code_length);
  const std::string_view first8 = code.substr(0, 8);
  const char last = code.back();
  if (!all_alnum(first8) || (!is_digit(last) && last != 'X')) return Error(Errc::model_org_code_alphabet);
  if (org_code_check_character(first8) != last) return Error(Errc::model_org_code_check_digit);
  return {};
}

Result<void> check_catalog_code(std::string_view code) {
  if (code.size() != kCatalogLength) return Error(Errc::model_item_code_length).with("12 characters");
  TONGQU_CHECK(check_item_alphabet(code));
  if (!all_digits(code.substr(0, 4))) return Error(Errc::model_item_code_alphabet).with("positions 1 to 4 are the digits of province and kind");
  const std::string_view sub_item = code.substr(9);
  if (!all_digits(sub_item) && sub_item != "00Y") return Error(Errc::model_item_code_alphabet).with("positions 10 to 12 are digits or 00Y");
  return {};
}

Result<void> check_task_code(std::string_view code) {
  if (code.size() != kTaskLength) return Error(Errc::model_item_code_length).with("31 characters");
  TONGQU_CHECK(check_item_alphabet(code));
  if (auto body = check_uscc(code.substr(0, 18)); !body) return Error(Errc::model_item_code_body).because(std::move(body).error());
  if (code[18] < '1' || code[18] > '7') return Error(Errc::model_item_code_level);
  return check_catalog_code(code.substr(19));
}

Result<void> check_task_handle_item(std::string_view code) {
  if (code.size() != kHandleLength) return Error(Errc::model_item_code_length).with("33 characters");
  TONGQU_CHECK(check_task_code(code.substr(0, kTaskLength)));
  const std::string_view serial = code.substr(kTaskLength);
  if (!all_digits(serial) || serial == "00") return Error(Errc::model_item_code_serial);
  return {};
}

Result<void> check_case_no_43(std::string_view case_no) {
  if (case_no.size() != kCaseLength) return Error(Errc::model_case_no_length).with("43 characters");
  TONGQU_CHECK(check_task_code(case_no.substr(0, kTaskLength)));
  if (!day_of(case_no.substr(kTaskLength, 8))) return Error(Errc::model_case_no_date);
  if (!all_digits(case_no.substr(39))) return Error(Errc::model_case_no_serial);
  return {};
}

Result<void> check_case_no(std::string_view case_no) {
  const std::size_t length = utf8_length(case_no);
  if (length < 1 || length > 50) return Error(Errc::model_case_no_length).with("1 to 50 characters");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(case_no.begin(), case_no.end(), is_control)) return Error(Errc::model_case_no_alphabet);
  if (is_meant_as_43(case_no)) return check_case_no_43(case_no);
  return {};
}

Result<void> check_division(std::string_view code) {
  if (code.size() != 6 && code.size() != 9 && code.size() != 12) return Error(Errc::model_division_length);
  if (!all_digits(code)) return Error(Errc::model_division_alphabet);
  // Province, city, county, township, village.
  constexpr std::array<std::size_t, 5> kWidths{2, 2, 2, 3, 3};
  bool ended = false;
  std::size_t at = 0;
  for (const std::size_t width : kWidths) {
    if (at >= code.size()) break;
    const bool zero = number_of(code.substr(at, width)) == 0;
    if (ended && !zero) return Error(Errc::model_division_structure);
    ended = zero;
    at += width;
  }
  return {};
}

char licence_check_character(std::string_view body) {
  if (body.empty() || !all_alnum(body)) return '\0';
  CheckRun run;
  for (const char c : body) run.take(c);
  return run.character();
}

Result<LicenceIdParts> split_licence_id(std::string_view id) {
  constexpr std::string_view kRoot = "1.2.156.3005.2.";
  if (id.substr(0, kRoot.size()) != kRoot) return Error(Errc::model_licence_root);
  std::array<std::string_view, 5> parts;
  std::string_view rest = id.substr(kRoot.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t dot = rest.find('.');
    const bool last = i + 1 == parts.size();
    if (last != (dot == std::string_view::npos)) return Error(Errc::model_licence_width).with("five parts after the root");
    parts[i] = rest.substr(0, dot);
    if (!last) rest.remove_prefix(dot + 1);
  }
  const auto& [type, issuer, serial, version, check] = parts;
  // Issuers with codes shorter than 18 characters were given out and are still read.
  const bool widths = type.size() == 21 && !issuer.empty() && issuer.size() <= 18 && !serial.empty() && version.size() == 3 && check.size() == 1;
  if (!widths) return Error(Errc::model_licence_width).with("21, up to 18, any, 3 and 1 characters");
  CheckRun run;
  for (const std::string_view part : {type, issuer, serial, version}) {
    if (!all_alnum(part)) return Error(Errc::model_licence_alphabet);
    for (const char c : part) run.take(c);
  }
  if (!is_alnum(check.front())) return Error(Errc::model_licence_alphabet);
  if (run.character() != check.front()) return Error(Errc::model_licence_check_digit);
  return LicenceIdParts{type, type.substr(0, 18), type.substr(18), issuer, serial, version, check.front()};
}

Result<void> check_licence_id(std::string_view id) {
  auto parts = split_licence_id(id);
  if (!parts) return std::move(parts).error();
  return {};
}

bool licence_id_bodies_pass(std::string_view id) {
  const auto parts = split_licence_id(id);
  return parts && check_uscc(parts->defining_body) && check_uscc(parts->issuer);
}

Result<void> check_passport(std::string_view number) {
  // Chinese passports and those of others share this form; what each letter at their head means is not published.
  if (number.size() < 5 || number.size() > 20 || !all_alnum(number)) return Error(Errc::model_passport_form).with("5 to 20 capitals and digits");
  return {};
}

Result<void> check_hk_mo_permit(std::string_view number) {
  const bool form = (number.size() == 9 || number.size() == 11) && (number.front() == 'H' || number.front() == 'M') && all_digits(number.substr(1));
  if (!form) return Error(Errc::model_permit_form).with("H or M and 8 or 10 digits");
  return {};
}

Result<void> check_hk_mo_exit_permit(std::string_view number) {
  if (number.size() != 9 || number.front() != 'C' || !all_alnum(number)) return Error(Errc::model_permit_form).with("C and 8 capitals or digits");
  return {};
}

Result<void> check_taiwan_permit(std::string_view number) {
  if ((number.size() != 8 && number.size() != 10) || !all_digits(number)) return Error(Errc::model_permit_form).with("8 or 10 digits");
  return {};
}

Result<void> check_residence_permit(std::string_view id) {
  const std::string_view division = id.substr(0, 6);
  if (division != "810000" && division != "820000" && division != "830000") return Error(Errc::model_permit_form).with("810000, 820000 or 830000 at the head");
  if (id.size() != kIdLength) return Error(Errc::model_id_length).with("18 characters");
  return check_resident_id(id);
}

Result<void> check_permanent_residence(std::string_view number) {
  if (number.size() == kIdLengthOld) {
    const std::string_view letters = number.substr(0, 3);
    const bool form = std::all_of(letters.begin(), letters.end(), is_capital) && all_digits(number.substr(3));
    if (!form) return Error(Errc::model_permit_form).with("3 capitals and 12 digits, or 9 and 17 characters");
    return {};
  }
  if (number.size() == kIdLength && number.front() != '9') return Error(Errc::model_permit_form).with("9 at the head of 18 characters");
  return check_resident_id(number);
}

std::string_view check_of_id_type(std::string_view id_type, std::string_view) noexcept {
  constexpr std::array<std::string_view, 8> kNames{"resident_id", "uscc", "org_code", "passport", "hk_mo_permit", "hk_mo_exit_permit", "taiwan_permit", "permanent_residence"};
  const auto* const found = std::find(kNames.begin(), kNames.end(), id_type);
  return found == kNames.end() ? std::string_view() : *found;
}

const detail::NamedCheck* detail::find_check(std::string_view name) noexcept {
  const auto* const found = std::find_if(kChecks.begin(), kChecks.end(), [&](const NamedCheck& row) { return row.name == name; });
  return found == kChecks.end() ? nullptr : found;
}

std::optional<Result<void>> run_check(std::string_view name, std::string_view value) {
  const detail::NamedCheck* const row = detail::find_check(name);
  if (row == nullptr) return std::nullopt;
  return row->check(value);
}

bool is_check(std::string_view name) noexcept { return detail::find_check(name) != nullptr; }

std::vector<std::string_view> check_names() {
  std::vector<std::string_view> names;
  for (const detail::NamedCheck& row : kChecks) names.push_back(row.name);
  return names;
}

} // namespace tongqu::model
