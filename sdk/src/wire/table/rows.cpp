#include "tongqu/wire/rows.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "table/path_name.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/base/days.hpp"
#include "tongqu/wire/document_builder.hpp"

namespace tongqu::wire {
namespace {

using detail::path_name;

constexpr int kRowsQuirk = 51;
constexpr std::size_t kKeyCharactersMax = 40;

enum class ColumnType : std::uint8_t { any, text, integer, decimal, boolean, date, time, bytes };
constexpr std::array<std::pair<std::string_view, ColumnType>, 8> kTypes = {{{"any", ColumnType::any},
                                                                           {"text", ColumnType::text},
                                                                           {"integer", ColumnType::integer},
                                                                           {"decimal", ColumnType::decimal},
                                                                           {"boolean", ColumnType::boolean},
                                                                           {"date", ColumnType::date},
                                                                           {"time", ColumnType::time},
                                                                           {"bytes", ColumnType::bytes}}};

std::string_view type_name(ColumnType type) { return kTypes[static_cast<std::size_t>(type)].first; }
std::string_view type_name_zh(ColumnType type) {
  static constexpr std::array<std::string_view, 8> names = {"任意", "文本", "整数", "小数", "布尔", "日期", "时间", "字节"};
  return names[static_cast<std::size_t>(type)];
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_integer(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

/// Digits with at most one point, as databases write exact numbers: ".5", "-12.00".
bool is_decimal(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  const bool digits = std::any_of(text.begin(), text.end(), is_digit);
  return digits && text.find_first_not_of("0123456789.") == std::string_view::npos && std::count(text.begin(), text.end(), '.') <= 1;
}

/// Takes so many digits off the front, as a number; nothing when they are not there.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count || !std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(count), is_digit)) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < count; ++i) number = number * 10 + (text[i] - '0');
  text.remove_prefix(count);
  return number;
}

bool take_sign(std::string_view& text, std::string_view signs) {
  if (text.empty() || signs.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

bool take_day(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take_sign(text, "-")) return false;
  const auto month = take_digits(text, 2);
  if (!month || *month < 1 || *month > 12 || !take_sign(text, "-")) return false;
  const auto day = take_digits(text, 2);
  return day && *day >= 1 && *day <= days_in_month(*year, *month);
}

/// Hours to at most that many, minutes to 59.
bool take_hours(std::string_view& text, int hours_max) {
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > hours_max || !take_sign(text, ":")) return false;
  const auto minute = take_digits(text, 2);
  return minute && *minute <= 59;
}

/// A fraction without the zeros at its end, with its point; empty when it is nothing but zeros.
std::optional<std::string_view> take_fraction(std::string_view& text) {
  if (text.empty() || text.front() != '.') return std::string_view();
  const std::size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
  if (end < 2 || end > 10) return std::nullopt;
  std::string_view fraction = text.substr(0, end);
  text.remove_prefix(end);
  while (!fraction.empty() && (fraction.back() == '0' || fraction.back() == '.')) fraction.remove_suffix(1);
  return fraction;
}

/// `2149-06-01T09:00:00.000` and the like as `2149-06-01 09:00:00`; nothing when it is no instant.
std::optional<std::string> time_text(std::string_view text) {
  std::string_view rest = text;
  if (!take_day(rest)) return std::nullopt;
  std::string out(text.substr(0, 10));
  if (!take_sign(rest, " T")) return std::nullopt;
  const std::string_view clock = rest;
  if (!take_hours(rest, 23)) return std::nullopt;
  out.append(" ").append(clock.substr(0, 5));
  if (take_sign(rest, ":")) {
    const std::string_view seconds = rest;
    const auto second = take_digits(rest, 2);
    const auto fraction = take_fraction(rest);
    if (!second || *second > 59 || !fraction) return std::nullopt;
    out.append(":").append(seconds.substr(0, 2)).append(*fraction);
  }
  if (rest.empty()) return out;
  const std::string_view offset = rest;
  if (rest == "Z") return out + "Z";
  if (!take_sign(rest, "+-") || !take_hours(rest, 18) || !rest.empty()) return std::nullopt;
  return out.append(offset);
}

/// A day; a midnight behind it is how some databases write one.
std::optional<std::string> date_text(std::string_view text) {
  std::string_view rest = text;
  if (!take_day(rest)) return std::nullopt;
  if (rest.empty()) return std::string(text);
  const auto whole = time_text(text);
  return whole && whole->substr(10) == " 00:00:00" ? std::optional<std::string>(text.substr(0, 10)) : std::nullopt;
}

class RowsReader {
public:
  struct Inputs { Document& document; const RowsOptions& options; const Limits& limits; const NameSet* names; Findings& findings; };
  explicit RowsReader(Inputs in) : in_(in), builder_(in.document, in.limits, in.names) {}
  Result<void> run(const Node& root);

private:
  struct Column { std::string name; std::string_view kept; ColumnType type = ColumnType::any; };
  struct Cell { NodeKind kind = NodeKind::null; std::string_view text; };
  Result<void> table(const Node& node);
  Result<void> columns(const Node& node);
  Result<void> row(const Node& node);
  Result<Cell> cell(const Node& node, const Column& column);
  Result<Cell> typed(const Node& node, const Column& column);
  std::string label(const Node& row);
  std::string place(const Column& column) const { return "/" + table_ + "[" + label_ + "]/" + column.name; }
  Error broken(const Node& node, const char* what) const { return Error(Errc::wire_rows_invalid).at(node.position()).with(what); }
  Error too_many(const Node& node, const char* what) const { return Error(Errc::wire_rows_limit).at(node.position()).with(what); }
  void tell_type(const Node& node, const Column& column);

  const Inputs in_;
  DocumentBuilder builder_;
  std::vector<Column> columns_;
  std::string table_, label_;
  std::size_t key_ = 0, rows_ = 0, number_ = 0;
};

Result<void> RowsReader::run(const Node& root) {
  const Node tables = root.kind() == NodeKind::object ? root.child("tables") : Node();
  if (!tables || tables.kind() != NodeKind::object || root.child_count() != 1) return broken(root, "one member `tables`");
  builder_.source(root.document()->source());
  builder_.open(NodeKind::object, {}, root.offset());
  std::size_t count = 0;
  std::vector<std::string> seen;
  for (Node node = tables.first_child(); node; node = node.next()) {
    if (++count > in_.options.tables_max) return too_many(node, "tables");
    table_ = path_name(node.name());
    if (table_.empty() || std::find(seen.begin(), seen.end(), table_) != seen.end()) return broken(node, "the name of a table");
    seen.push_back(table_);
    TONGQU_CHECK(table(node));
  }
  builder_.close();
  return builder_.finish();
}

Result<void> RowsReader::table(const Node& node) {
  const Node columns_node = node.kind() == NodeKind::object ? node.child("columns") : Node();
  const Node rows_node = node.kind() == NodeKind::object ? node.child("rows") : Node();
  if (!columns_node || !rows_node || node.child_count() != 2 || rows_node.kind() != NodeKind::array) return broken(node, "`columns` and `rows`");
  TONGQU_CHECK(columns(columns_node));
  builder_.open(NodeKind::array, builder_.keep(table_), node.offset());
  number_ = 0;
  for (Node one = rows_node.first_child(); one; one = one.next()) {
    if (++rows_ > in_.options.rows_max) return too_many(one, "rows");
    ++number_;
    TONGQU_CHECK(row(one));
    if (builder_.failed()) return builder_.finish();
  }
  builder_.close();
  return {};
}

Result<void> RowsReader::columns(const Node& node) {
  if (node.kind() != NodeKind::object || !node.has_children()) return broken(node, "`columns`: {NAME: TYPE}");
  columns_.clear();
  const auto wanted = in_.options.keys.find(table_);
  key_ = static_cast<std::size_t>(-1);
  for (Node one = node.first_child(); one; one = one.next()) {
    if (columns_.size() == in_.options.columns_max) return too_many(one, "columns");
    Column column;
    column.name = path_name(one.name());
    const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&one](const auto& row) { return one.kind() == NodeKind::string && row.first == one.raw_text(); });
    if (type == kTypes.end()) return broken(one, "the type of a column");
    column.type = type->second;
    const bool again = std::any_of(columns_.begin(), columns_.end(), [&column](const Column& other) { return other.name == column.name; });
    if (column.name.empty() || again) return broken(one, "the name of a column");
    if (wanted != in_.options.keys.end() && wanted->second == column.name) key_ = columns_.size();
    columns_.push_back(std::move(column));
    // Views are taken when no name moves any more.
    columns_.back().kept = builder_.keep(columns_.back().name);
  }
  if (wanted != in_.options.keys.end() && key_ == static_cast<std::size_t>(-1)) return Error(Errc::wire_rows_invalid).at(table_ + "." + wanted->second).with("no such column");
  return {};
}

std::string RowsReader::label(const Node& row) {
  Node node = row.first_child();
  for (std::size_t i = 0; node && i < key_ && key_ < columns_.size(); ++i) node = node.next();
  const bool plain = key_ < columns_.size() && node && (node.kind() == NodeKind::string || node.kind() == NodeKind::number) && is_plain_row_key(node.raw_text());
  return plain ? columns_[key_].name + "=" + std::string(node.raw_text()) : std::to_string(number_);
}

Result<void> RowsReader::row(const Node& node) {
  if (node.kind() != NodeKind::array || node.child_count() != columns_.size()) return Error(Errc::wire_rows_invalid).at("/" + table_ + "[" + std::to_string(number_) + "]").with("a value for each column");
  label_ = label(node);
  builder_.open(NodeKind::object, {}, node.offset());
  if (!builder_.failed()) in_.document.set_label(static_cast<std::uint32_t>(in_.document.tape().size() - 1), builder_.keep(label_));
  std::size_t i = 0;
  for (Node one = node.first_child(); one; one = one.next()) {
    const Column& column = columns_[i++];
    TONGQU_TRY(const Cell made, cell(one, column));
    builder_.open(made.kind, column.kept, one.offset());
    builder_.text(made.text);
    builder_.close();
  }
  builder_.close();
  return {};
}

Result<RowsReader::Cell> RowsReader::cell(const Node& node, const Column& column) {
  if (node.is_nil()) return Cell{};
  if (node.raw_text().size() > in_.options.cell_bytes_max) return Error(Errc::wire_rows_limit).at(place(column)).with("size of a value");
  if (node.kind() == NodeKind::object && node.child_count() == 1 && node.first_child().name() == "bytes") {
    const Node inner = node.first_child();
    if (column.type != ColumnType::any) return Error(Errc::wire_encoding_invalid).at(place(column));
    if (inner.kind() != NodeKind::string || !from_base64(inner.raw_text())) return Error(Errc::wire_rows_invalid).at(place(column)).with("Base64");
    tell_type(inner, column);
    return Cell{NodeKind::string, inner.raw_text()};
  }
  if (node.kind() == NodeKind::object || node.kind() == NodeKind::array) return Error(Errc::wire_rows_invalid).at(place(column)).with("one value");
  return typed(node, column);
}

void RowsReader::tell_type(const Node& node, const Column& column) {
  Finding finding;
  finding.id = Errc::wire_rows_type;
  finding.severity = Severity::warn;
  finding.quirk = kRowsQuirk;
  finding.source.path = place(column);
  finding.value_class = value_class_of(node.raw_text());
  finding.expected = {std::string(type_name(column.type)), std::string(type_name_zh(column.type))};
  in_.findings.add(std::move(finding));
}

/// The value as its column means it; what does not fit goes on as it stands, and rules judge it.
Result<RowsReader::Cell> RowsReader::typed(const Node& node, const Column& column) {
  const std::string_view text = node.raw_text();
  const bool number = node.kind() == NodeKind::number, string = node.kind() == NodeKind::string;
  switch (column.type) {
    case ColumnType::any: return Cell{node.kind(), text};
    case ColumnType::text:
      if (string) return Cell{NodeKind::string, text};
      break;
    case ColumnType::integer:
      if ((number || string) && is_integer(text)) return Cell{NodeKind::number, text};
      break;
    case ColumnType::decimal:
      if (number || (string && is_decimal(text))) return Cell{NodeKind::number, text};
      break;
    case ColumnType::boolean:
      if (node.kind() == NodeKind::boolean) return Cell{NodeKind::boolean, text};
      if (number && (text == "0" || text == "1")) return Cell{NodeKind::boolean, text == "1" ? "true" : "false"};
      break;
    case ColumnType::date:
    case ColumnType::time: {
      const auto made = !string ? std::nullopt : column.type == ColumnType::date ? date_text(text) : time_text(text);
      if (made) return Cell{NodeKind::string, *made == text ? text : builder_.keep(*made)};
      break;
    }
    case ColumnType::bytes:
      if (string && from_base64(text)) return Cell{NodeKind::string, text};
      return Error(Errc::wire_rows_invalid).at(place(column)).with("Base64");
  }
  tell_type(node, column);
  return Cell{node.kind(), text};
}

} // namespace

bool is_plain_row_key(std::string_view text) {
  if (text.empty() || text.size() > kKeyCharactersMax) return false;
  const auto plain = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.'; };
  if (!std::all_of(text.begin(), text.end(), plain)) return false;
  const auto digits = std::count_if(text.begin(), text.end(), is_digit);
  // With the code of the country, too.
  const bool mobile = (digits == 11 && text.front() == '1') || (digits == 13 && text.substr(0, 3) == "861");
  return !mobile && digits != 15 && digits != 17 && digits != 18;
}

Result<void> read_rows(Document& document, const Node& root, const RowsOptions& options, const Limits& limits, const NameSet* names, Findings& findings) {
  return RowsReader({document, options, limits, names, findings}).run(root);
}

} // namespace tongqu::wire
