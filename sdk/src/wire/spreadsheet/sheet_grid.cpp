#include "spreadsheet/sheet_grid.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace tongqu::wire {

SpreadsheetForm spreadsheet_form(Bytes bytes) noexcept {
  if (bytes.substr(0, 4) == "PK\x03\x04") return SpreadsheetForm::xlsx;
  if (bytes.substr(0, 4) == "\xD0\xCF\x11\xE0" || bytes.substr(0, 2) == "\x09\x08" || bytes.substr(0, 2) == "\x09\x04") return SpreadsheetForm::binary;
  std::string head;
  for (const char c : bytes.substr(0, 4096)) head += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (head.find("urn:schemas-microsoft-com:office:spreadsheet") != std::string::npos && head.find("<workbook") != std::string::npos) return SpreadsheetForm::xml2003;
  const bool html = head.find("<html") != std::string::npos || head.find("<table") != std::string::npos;
  return html ? SpreadsheetForm::html : SpreadsheetForm::unknown;
}

Result<void> read_spreadsheet(Grid& grid, Bytes bytes, const SpreadsheetOptions& options, const Limits& limits, Findings& findings) {
  grid.rows.clear();
  grid.numbers.clear();
  grid.arena.reset();
  grid.source.clear();
  grid.text = {};
  detail::SheetGrid sheet(grid, limits, findings);
  switch (spreadsheet_form(bytes)) {
    case SpreadsheetForm::xlsx: TONGQU_CHECK(detail::read_xlsx(sheet, bytes, options, limits, findings)); break;
    case SpreadsheetForm::xml2003: TONGQU_CHECK(detail::read_xml2003(sheet, bytes, options, limits)); break;
    case SpreadsheetForm::html: TONGQU_CHECK(detail::read_html(sheet, bytes, options, limits, findings)); break;
    case SpreadsheetForm::binary: return Error(Errc::wire_spreadsheet_binary);
    case SpreadsheetForm::unknown: return Error(Errc::wire_spreadsheet_invalid).with("neither .xlsx nor a table saved as XML or HTML");
  }
  return sheet.finish();
}

namespace detail {
namespace {

constexpr int kSheetQuirk = 52;
constexpr std::size_t kExactDigits = 15;
constexpr double kLastDay = 2958465;   // 9999-12-31 in the 1900 system.
constexpr std::int64_t kDaysTo1970From1900 = 25569, kDays1904 = 1462;
constexpr std::int64_t kSecondsOfDay = 86400;

std::string two_digits(std::int64_t value) { return (value < 10 ? "0" : "") + std::to_string(value); }

/// Civil date of days since 1970 (Howard Hinnant's algorithm).
std::string date_text(std::int64_t days) {
  days += 719468;
  const std::int64_t era = days / 146097;
  const std::int64_t of_era = days - era * 146097;
  const std::int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * of_year + 2) / 153;
  const std::int64_t day = of_year - (153 * shifted + 2) / 5 + 1;
  const std::int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  std::string year = std::to_string(year_of_era + era * 400 + (month <= 2 ? 1 : 0));
  return year + "-" + two_digits(month) + "-" + two_digits(day);
}

} // namespace

Result<void> SheetGrid::put(std::uint32_t row, std::uint32_t column, std::string_view text) {
  const auto place = [row, column] { return std::to_string(row) + ":" + std::to_string(column); };
  if (row == 0 || column == 0 || row > kSheetRowsMax || column > kSheetColumnsMax || ++cells_ > limits_.nodes_max) return Error(Errc::wire_table_limit).at(place()).with("cells");
  if (text.size() > limits_.text_bytes_max) return Error(Errc::wire_table_limit).at(place()).with("cell");
  if (grid_.numbers.empty() || grid_.numbers.back() != row) {
    if (!grid_.numbers.empty() && grid_.numbers.back() > row) return Error(Errc::wire_spreadsheet_invalid).at(place()).with("rows out of order");
    if (grid_.rows.size() >= limits_.children_max) return Error(Errc::wire_table_limit).at(place()).with("rows");
    grid_.numbers.push_back(row);
    grid_.rows.emplace_back();
  }
  auto& cells = grid_.rows.back();
  if (cells.size() < column) cells.resize(column);
  if (cells[column - 1].there) return Error(Errc::wire_spreadsheet_invalid).at(place()).with("two cells in one place");
  cells[column - 1].text = grid_.arena.store(text);
  cells[column - 1].there = true;
  return {};
}

void SheetGrid::merge(std::uint32_t row, std::uint32_t column, std::uint32_t across, std::uint32_t down) {
  const auto found = std::lower_bound(grid_.numbers.begin(), grid_.numbers.end(), row);
  if (found == grid_.numbers.end() || *found != row || column == 0) return;
  auto& cells = grid_.rows[static_cast<std::size_t>(found - grid_.numbers.begin())];
  if (column > cells.size()) return;
  cells[column - 1].across = static_cast<std::uint16_t>(std::min(across, kSheetColumnsMax));
  cells[column - 1].down = static_cast<std::uint16_t>(std::min<std::uint32_t>(down, 0xFFFF));
}

void SheetGrid::note(Errc id, Severity severity, std::uint32_t row, std::uint32_t column) {
  Finding finding;
  finding.id = id;
  finding.severity = severity;
  finding.quirk = kSheetQuirk;
  finding.source.line = row;
  finding.source.column = column;
  findings_.add(std::move(finding));
}

Result<void> SheetGrid::finish() {
  std::size_t width = 0;
  for (const auto& cells : grid_.rows) width = std::max(width, cells.size());
  if (width != 0 && grid_.rows.size() > limits_.nodes_max / width) return Error(Errc::wire_table_limit).with("cells");
  std::uint32_t line = 1;
  for (std::size_t i = 0; i < grid_.rows.size(); ++i) {
    for (; line < grid_.numbers[i]; ++line) grid_.source += '\n';
    auto& cells = grid_.rows[i];
    cells.resize(width);
    for (Cell& cell : cells) {
      cell.offset = static_cast<std::uint32_t>(grid_.source.size());
      grid_.source += ' ';
    }
  }
  grid_.source += '\n';
  return {};
}

NumberFormat number_format(std::uint32_t id, std::string_view code) {
  NumberFormat format;
  if (code.empty()) {
    // Built-in formats, those of Chinese programs included (27 to 36, 50 to 58).
    const bool day = (id >= 14 && id <= 17) || id == 22 || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 54) || id == 57 || id == 58;
    const bool clock = (id >= 18 && id <= 22) || (id >= 32 && id <= 35) || (id >= 45 && id <= 47) || id == 55 || id == 56;
    return {day, clock};
  }
  bool month = false;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i] >= 'A' && code[i] <= 'Z' ? static_cast<char>(code[i] + 32) : code[i];
    if (c == '"') i = std::min(code.find('"', i + 1), code.size());
    else if (c == '[') i = std::min(code.find(']', i + 1), code.size());
    else if (c == '\\' || c == '_' || c == '*') ++i;
    else if (c == ';') break;
    else if (c == 'g' && code.substr(i, 7) == "General") i += 6;
    else if (c == 'y' || c == 'd') format.date = true;
    else if (c == 'h' || c == 's') format.time = true;
    else if (c == 'm') month = true;
  }
  if (month && !format.time) format.date = true;
  return format;
}

std::optional<std::string> serial_text(double serial, const NumberFormat& format, bool since_1904) {
  if (!(serial >= 0) || serial > kLastDay + 1) return std::nullopt;
  auto day = static_cast<std::int64_t>(std::floor(serial));
  auto seconds = static_cast<std::int64_t>(std::llround((serial - std::floor(serial)) * static_cast<double>(kSecondsOfDay)));
  if (seconds == kSecondsOfDay) {
    ++day;
    seconds = 0;
  }
  const std::string clock = two_digits(seconds / 3600) + ":" + two_digits(seconds / 60 % 60) + ":" + two_digits(seconds % 60);
  if (day == 0 && !since_1904 && format.time && !format.date) return clock;
  std::int64_t since_1970 = day - kDaysTo1970From1900;
  if (since_1904) since_1970 += kDays1904;
  else if (day == 0 || day == 60) return std::nullopt;   // Day 60 is 29 February 1900, which never was.
  else if (day < 60) ++since_1970;
  std::string text = date_text(since_1970);
  if (text.size() != 10) return std::nullopt;
  if (format.time || seconds != 0) text += " " + clock;
  return text;
}

std::string number_text(std::string_view stored, bool& lost, bool& rounded) {
  std::size_t digits = 0, trailing = 0;
  bool leading = true, point = false, exponent = false;
  for (const char c : stored) {
    if (c == 'e' || c == 'E') exponent = true;
    if (exponent) continue;
    point = point || c == '.';
    if (c < '0' || c > '9') continue;
    if (leading && c == '0') continue;
    leading = false;
    ++digits;
    trailing = c == '0' ? trailing + 1 : 0;
  }
  lost = !point && !exponent && digits > kExactDigits;
  double value = 0;
  const auto [end, error] = std::from_chars(stored.data(), stored.data() + stored.size(), value);
  if (error != std::errc() || end != stored.data() + stored.size()) {
    lost = true;
    return std::string(stored);
  }
  if (exponent) lost = lost || std::abs(value) >= 1e15;
  if (lost || (!point && !exponent) || (digits <= kExactDigits && !exponent)) return std::string(stored);
  std::array<char, 64> buffer{};
  const auto made = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::general, static_cast<int>(kExactDigits));
  std::string text(buffer.data(), made.ptr);
  if (text.find('e') != std::string::npos) return std::string(stored);
  rounded = text != stored;
  return text;
}

std::string joined_text(const Node& node) {
  if (!node.has_children()) return std::string(node.raw_text());
  std::string all;
  for (Node child = node.first_child(); child; child = child.next()) {
    if (child.name() != "rPh") all += child.name() == "t" || child.name() == "r" || child.has_children() ? joined_text(child) : std::string(child.raw_text());
  }
  return all;
}

} // namespace detail
} // namespace tongqu::wire
