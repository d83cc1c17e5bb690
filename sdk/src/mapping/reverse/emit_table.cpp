#include <algorithm>

#include "mapping/reverse/emit.hpp"

namespace tongqu::mapping::detail {
namespace {

/// Text of a column in a row; a column that the record does not fill is empty.
std::string_view cell(const OutNode& row, std::string_view column) {
  for (const auto& child : row.children) {
    if (child->shape->step.name == column) return child->text;
  }
  return {};
}

bool must_quote(std::string_view text, const CsvLayout& layout) {
  if (layout.quotes_always || text.empty()) return layout.quotes_always;
  const bool blank = text.front() == ' ' || text.back() == ' ';
  return blank || text.find_first_of("\r\n") != std::string_view::npos || text.find(layout.csv.separator) != std::string_view::npos || text.find(layout.csv.quote) != std::string_view::npos;
}

Result<void> append_cell(std::string& out, std::string_view text, const CsvLayout& layout, const std::string& column) {
  if (layout.csv.quote == 0) {
    const bool breaks = text.find_first_of("\r\n") != std::string_view::npos || text.find(layout.csv.separator) != std::string_view::npos;
    if (breaks) return Error(Errc::mapping_reverse_character).at(column);
    out += text;
    return {};
  }
  if (!must_quote(text, layout)) {
    out += text;
    return {};
  }
  out += layout.csv.quote;
  for (const char c : text) {
    if (c == layout.csv.quote) out += c;
    out += c;
  }
  out += layout.csv.quote;
  return {};
}

} // namespace

Result<std::string> emit_csv(const OutNode& rows, const CsvLayout& layout) {
  std::string out;
  const std::string_view end = layout.crlf ? "\r\n" : "\n";
  const auto line = [&](auto text_of) -> Result<void> {
    for (std::size_t i = 0; i < layout.columns.size(); ++i) {
      if (i != 0) out += layout.csv.separator;
      TONGQU_CHECK(append_cell(out, text_of(layout.columns[i]), layout, layout.columns[i]));
    }
    out += end;
    return {};
  };
  if (layout.header) TONGQU_CHECK(line([](const std::string& column) { return std::string_view(column); }));
  for (const auto& row : rows.children) TONGQU_CHECK(line([&row](const std::string& column) { return cell(*row, column); }));
  return out;
}

Result<std::string> emit_fixed(const OutNode& rows, const wire::FixedOptions& layout, const Charset& charset) {
  std::string out;
  for (const auto& row : rows.children) {
    for (const wire::FixedOptions::Field& field : layout.fields) {
      auto bytes = charset.bytes(cell(*row, field.name));
      if (!bytes) return std::move(bytes).error();
      if (bytes->find_first_of("\r\n") != std::string::npos) return Error(Errc::mapping_reverse_character).at(field.name);
      if (bytes->size() > field.bytes) return Error(Errc::mapping_reverse_too_long).at(field.name).with(std::to_string(field.bytes));
      out += *bytes;
      out.append(field.bytes - bytes->size(), ' ');
    }
    if (layout.lines) out += "\r\n";
  }
  return out;
}

Result<std::string> emit_form(const std::vector<std::pair<std::string, std::string>>& fields, bool plus, const Charset& charset) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  const auto put = [&out, plus](const std::string& bytes) {
    for (const char c : bytes) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '*';
      const auto byte = static_cast<unsigned char>(c);
      if (plain) out += c;
      else if (c == ' ' && plus) out += '+';
      else out.append("%").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    }
  };
  for (const auto& [name, value] : fields) {
    TONGQU_TRY(const std::string name_bytes, charset.bytes(name));
    TONGQU_TRY(const std::string value_bytes, charset.bytes(value));
    if (!out.empty()) out += '&';
    put(name_bytes);
    out += '=';
    put(value_bytes);
  }
  return out;
}

} // namespace tongqu::mapping::detail
