#include <charconv>
#include <optional>

#include "spreadsheet/sheet_grid.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::wire::detail {
namespace {

constexpr std::string_view kRelations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// "../a", "/xl/a" and "a" against the folder of the part that refers.
std::string part_name(std::string_view folder, std::string_view target) {
  if (!target.empty() && target.front() == '/') return std::string(target.substr(1));
  while (target.substr(0, 3) == "../") {
    target.remove_prefix(3);
    folder = folder.substr(0, folder.empty() ? 0 : folder.rfind('/', folder.size() - 2) + 1);
  }
  return std::string(folder) + std::string(target);
}

std::string escapes_read(std::string text) {
  const std::pair<std::string_view, std::string_view> kEscapes[] = {{"_x000D_", ""}, {"_x000A_", "\n"}, {"_x0009_", "\t"}};
  for (const auto& [escape, meant] : kEscapes) {
    for (std::size_t at = text.find(escape); at != std::string::npos; at = text.find(escape, at)) text.replace(at, escape.size(), meant);
  }
  return text;
}

/// "BC12" as column and row, both from 1; zeros when it is none.
struct Reference { std::uint32_t row = 0, column = 0; };
Reference read_reference(std::string_view text) {
  Reference reference;
  std::size_t i = 0;
  for (; i < text.size() && i < 3 && text[i] >= 'A' && text[i] <= 'Z'; ++i) reference.column = reference.column * 26 + static_cast<std::uint32_t>(text[i] - 'A' + 1);
  const auto [end, error] = std::from_chars(text.data() + i, text.data() + text.size(), reference.row);
  if (i == 0 || error != std::errc() || end != text.data() + text.size()) return {};
  return reference;
}

class XlsxReader {
public:
  XlsxReader(SheetGrid& grid, ZipReader zip, const SpreadsheetOptions& options, const Limits& limits) : grid_(grid), zip_(std::move(zip)), options_(options) {
    xml_.limits = limits;
    xml_.limits.children_max = kSheetRowsMax;
  }
  Result<void> read();

private:
  Result<bool> open(const std::string& name, Document& document, std::string& text);
  Result<std::string> relation(const std::string& part, std::string_view id_or_type);
  Result<std::string> choose_sheet(const std::string& workbook_name);
  Result<void> read_strings(const std::string& name);
  Result<void> read_styles(const std::string& name);
  Result<void> read_sheet(const std::string& name);
  Result<void> read_cell(const Node& cell, std::uint32_t row, std::uint32_t column);
  std::string number(const Node& cell, std::string_view stored, std::uint32_t row, std::uint32_t column);

  SheetGrid& grid_;
  ZipReader zip_;
  const SpreadsheetOptions& options_;
  XmlOptions xml_;
  std::vector<std::string> strings_;
  std::vector<NumberFormat> formats_;
  bool since_1904_ = false;
};

/// Answers false when there is no such part.
Result<bool> XlsxReader::open(const std::string& name, Document& document, std::string& text) {
  for (const ZipEntry& entry : zip_.entries()) {
    if (entry.name != name) continue;
    TONGQU_CHECK(zip_.read_into(text, entry));
    auto read = parse_xml_into(document, text, xml_);
    if (!read) return Error(read.error().code()).at(name + " " + read.error().where()).with(read.error().detail());
    return true;
  }
  return false;
}

/// Target of a relation of a part, by its id or by the end of its type; empty when there is none.
Result<std::string> XlsxReader::relation(const std::string& part, std::string_view id_or_type) {
  const std::size_t slash = part.rfind('/') + 1;
  const std::string folder = part.substr(0, slash);
  Document document;
  std::string text;
  TONGQU_TRY(const bool there, open(folder + "_rels/" + part.substr(slash) + ".rels", document, text));
  if (!there) return std::string();
  for (Node one = document.root().first_child(); one; one = one.next()) {
    const Node id = one.attribute("Id"), type = one.attribute("Type"), target = one.attribute("Target"), mode = one.attribute("TargetMode");
    if (!id || !type || !target || (mode && mode.raw_text() == "External")) continue;
    const std::string_view kind = type.raw_text();
    const bool by_type = id_or_type.front() == '/' && kind.size() >= id_or_type.size() && kind.substr(kind.size() - id_or_type.size()) == id_or_type;
    if (by_type || id.raw_text() == id_or_type) return part_name(folder, target.raw_text());
  }
  return std::string();
}

Result<std::string> XlsxReader::choose_sheet(const std::string& workbook_name) {
  Document workbook;
  std::string text;
  TONGQU_TRY(const bool there, open(workbook_name, workbook, text));
  if (!there) return Error(Errc::wire_spreadsheet_invalid).with("no workbook");
  if (const Node properties = workbook.root().child("workbookPr")) {
    const Node flag = properties.attribute("date1904");
    since_1904_ = flag && (flag.raw_text() == "1" || flag.raw_text() == "true");
  }
  const Node sheets = workbook.root().child("sheets");
  for (Node sheet = sheets ? sheets.first_child() : Node(); sheet; sheet = sheet.next()) {
    const Node name = sheet.attribute("name"), state = sheet.attribute("state");
    const bool wanted = options_.sheet.empty() ? !state || state.raw_text() == "visible" : name && name.raw_text() == options_.sheet;
    if (!wanted) continue;
    for (Node one = sheet.first_attribute(); one; one = one.next()) {
      if (one.name() == "id" && one.ns() == kRelations) return relation(workbook_name, one.raw_text());
    }
  }
  return Error(Errc::wire_spreadsheet_sheet).with(options_.sheet);
}

Result<void> XlsxReader::read_strings(const std::string& name) {
  if (name.empty()) return {};
  Document document;
  std::string text;
  TONGQU_TRY(const bool there, open(name, document, text));
  for (Node one = there ? document.root().first_child() : Node(); one; one = one.next()) {
    if (one.name() == "si") strings_.push_back(escapes_read(joined_text(one)));
  }
  return {};
}

Result<void> XlsxReader::read_styles(const std::string& name) {
  if (name.empty()) return {};
  Document document;
  std::string text;
  TONGQU_TRY(const bool there, open(name, document, text));
  if (!there) return {};
  const auto id_of = [](const Node& node) {
    std::uint32_t id = 0;
    const Node attribute = node.attribute("numFmtId");
    if (attribute) (void)std::from_chars(attribute.raw_text().data(), attribute.raw_text().data() + attribute.raw_text().size(), id);
    return id;
  };
  std::map<std::uint32_t, std::string_view> codes;
  if (const Node list = document.root().child("numFmts")) {
    for (Node one = list.first_child(); one; one = one.next()) {
      if (const Node code = one.attribute("formatCode")) codes[id_of(one)] = code.raw_text();
    }
  }
  if (const Node list = document.root().child("cellXfs")) {
    for (Node one = list.first_child(); one; one = one.next()) {
      const auto code = codes.find(id_of(one));
      formats_.push_back(number_format(id_of(one), code == codes.end() ? std::string_view() : code->second));
    }
  }
  return {};
}

std::string XlsxReader::number(const Node& cell, std::string_view stored, std::uint32_t row, std::uint32_t column) {
  std::size_t style = 0;
  if (const Node attribute = cell.attribute("s")) (void)std::from_chars(attribute.raw_text().data(), attribute.raw_text().data() + attribute.raw_text().size(), style);
  const NumberFormat format = style < formats_.size() ? formats_[style] : NumberFormat();
  double value = 0;
  const auto [end, error] = std::from_chars(stored.data(), stored.data() + stored.size(), value);
  if ((format.date || format.time) && error == std::errc() && end == stored.data() + stored.size()) {
    if (auto text = serial_text(value, format, since_1904_)) return *text;
    grid_.note(Errc::wire_cell_date, Severity::warn, row, column);
    return std::string(stored);
  }
  bool lost = false, rounded = false;
  std::string text = number_text(stored, lost, rounded);
  if (lost || rounded) grid_.note(Errc::wire_cell_inexact, lost ? Severity::warn : Severity::info, row, column);
  return text;
}

Result<void> XlsxReader::read_cell(const Node& cell, std::uint32_t row, std::uint32_t column) {
  const Node kind_attribute = cell.attribute("t");
  const std::string_view kind = kind_attribute ? kind_attribute.raw_text() : std::string_view("n");
  if (kind == "inlineStr") {
    const Node inner = cell.child("is");
    return grid_.put(row, column, inner ? escapes_read(joined_text(inner)) : std::string());
  }
  const Node value = cell.child("v");
  if (!value) return {};
  const std::string_view stored = value.raw_text();
  if (kind == "s") {
    std::size_t index = strings_.size();
    const auto [end, error] = std::from_chars(stored.data(), stored.data() + stored.size(), index);
    if (error != std::errc() || end != stored.data() + stored.size() || index >= strings_.size()) return Error(Errc::wire_spreadsheet_invalid).at(std::to_string(row) + ":" + std::to_string(column)).with("shared string");
    return grid_.put(row, column, strings_[index]);
  }
  if (kind == "b") return grid_.put(row, column, stored == "1" ? "TRUE" : "FALSE");
  if (kind == "e") grid_.note(Errc::wire_cell_error, Severity::warn, row, column);
  if (kind == "n") return grid_.put(row, column, number(cell, stored, row, column));
  return grid_.put(row, column, kind == "str" ? escapes_read(std::string(stored)) : std::string(stored));
}

Result<void> XlsxReader::read_sheet(const std::string& name) {
  Document document;
  std::string text;
  TONGQU_TRY(const bool there, open(name, document, text));
  if (!there) return Error(Errc::wire_spreadsheet_invalid).with("no sheet");
  const Node data = document.root().child("sheetData");
  std::uint32_t row_number = 0;
  for (Node row = data ? data.first_child() : Node(); row; row = row.next()) {
    ++row_number;
    if (const Node at = row.attribute("r")) (void)std::from_chars(at.raw_text().data(), at.raw_text().data() + at.raw_text().size(), row_number);
    std::uint32_t column = 0;
    for (Node cell = row.first_child(); cell; cell = cell.next()) {
      if (cell.name() != "c") continue;
      ++column;
      if (const Node at = cell.attribute("r")) {
        const Reference reference = read_reference(at.raw_text());
        if (reference.row != row_number) return Error(Errc::wire_spreadsheet_invalid).at(std::to_string(row_number) + ":" + std::to_string(column)).with("cell reference");
        column = reference.column;
      }
      TONGQU_CHECK(read_cell(cell, row_number, column));
    }
  }
  const Node merges = document.root().child("mergeCells");
  for (Node merge = merges ? merges.first_child() : Node(); merge; merge = merge.next()) {
    const Node range = merge.attribute("ref");
    if (!range) continue;
    const std::size_t colon = std::min(range.raw_text().find(':'), range.raw_text().size());
    const Reference from = read_reference(range.raw_text().substr(0, colon));
    const Reference to = colon == range.raw_text().size() ? from : read_reference(range.raw_text().substr(colon + 1));
    if (to.row >= from.row && to.column >= from.column) grid_.merge(from.row, from.column, to.column - from.column + 1, to.row - from.row + 1);
  }
  return {};
}

Result<void> XlsxReader::read() {
  TONGQU_TRY(const std::string workbook, relation("", "/officeDocument"));
  if (workbook.empty()) return Error(Errc::wire_spreadsheet_invalid).with("no workbook");
  TONGQU_TRY(const std::string sheet, choose_sheet(workbook));
  TONGQU_TRY(const std::string strings, relation(workbook, "/sharedStrings"));
  TONGQU_TRY(const std::string styles, relation(workbook, "/styles"));
  TONGQU_CHECK(read_strings(strings));
  TONGQU_CHECK(read_styles(styles));
  return read_sheet(sheet);
}

} // namespace

Result<void> read_xlsx(SheetGrid& grid, Bytes bytes, const SpreadsheetOptions& options, const Limits& limits, Findings& findings) {
  TONGQU_TRY(ZipReader zip, ZipReader::open(bytes, {options.archive, Encoding::utf8}, findings));
  return XlsxReader(grid, std::move(zip), options, limits).read();
}

Result<void> read_xml2003(SheetGrid& grid, Bytes bytes, const SpreadsheetOptions& options, const Limits& limits) {
  XmlOptions xml;
  xml.limits = limits;
  TONGQU_TRY(const Document document, parse_xml(bytes, xml));
  const auto number_of = [](const Node& node, std::string_view name, std::uint32_t fallback) {
    std::uint32_t value = fallback;
    if (const Node attribute = node.attribute(name)) (void)std::from_chars(attribute.raw_text().data(), attribute.raw_text().data() + attribute.raw_text().size(), value);
    return value;
  };
  Node table;
  for (Node sheet = document.root().first_child(); sheet && !table; sheet = sheet.next()) {
    if (sheet.name() != "Worksheet") continue;
    const Node name = sheet.attribute("Name");
    if (options.sheet.empty() || (name && name.raw_text() == options.sheet)) table = sheet.child("Table");
  }
  if (!table) return Error(Errc::wire_spreadsheet_sheet).with(options.sheet);
  std::uint32_t row = 0;
  for (Node one = table.first_child(); one; one = one.next()) {
    if (one.name() != "Row") continue;
    row = number_of(one, "Index", row + 1);
    std::uint32_t column = 0;
    for (Node cell = one.first_child(); cell; cell = cell.next()) {
      if (cell.name() != "Cell") continue;
      column = number_of(cell, "Index", column + 1);
      const std::uint32_t across = number_of(cell, "MergeAcross", 0), down = number_of(cell, "MergeDown", 0);
      if (const Node data = cell.child("Data")) {
        std::string text = joined_text(data);
        const Node kind = data.attribute("Type");
        if (kind && kind.raw_text() == "DateTime" && text.size() >= 19 && text[10] == 'T') text = text.substr(11, 8) == "00:00:00" ? text.substr(0, 10) : text.substr(0, 10) + " " + text.substr(11, 8);
        if (kind && kind.raw_text() == "Error") grid.note(Errc::wire_cell_error, Severity::warn, row, column);
        if (kind && kind.raw_text() == "Number") {
          bool lost = false, rounded = false;
          text = number_text(text, lost, rounded);
          if (lost || rounded) grid.note(Errc::wire_cell_inexact, lost ? Severity::warn : Severity::info, row, column);
        }
        TONGQU_CHECK(grid.put(row, column, text));
        grid.merge(row, column, across + 1, down + 1);
      }
      column += across;
    }
  }
  return {};
}

} // namespace tongqu::wire::detail
