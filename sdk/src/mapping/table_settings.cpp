#include "mapping/table_settings.hpp"

#include <algorithm>

namespace tongqu::mapping::detail {
namespace {

/// One of the words, by its place; reports another one and answers 0.
std::size_t choice(const YamlNode& node, const char* key, const std::vector<std::string_view>& words, std::string_view subject, const Mistakes& mistakes) {
  const YamlNode* at = node.find(key);
  if (at == nullptr) return 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == at->text) return i;
  }
  mistakes.add(Errc::mapping_wrong_shape, *at, std::string(subject) + "." + key, one_of(words));
  return 0;
}

void compile_csv(const YamlNode& node, const Mistakes& mistakes, wire::CsvOptions& csv) {
  if (const YamlNode* separator = node.find("separator"); separator != nullptr) {
    const bool tab = separator->text == "tab";
    const bool good = tab || (separator->text.size() == 1 && static_cast<unsigned char>(separator->text[0]) > ' ' && separator->text[0] != '"');
    if (!good) mistakes.add(Errc::mapping_wrong_shape, *separator, "source.csv.separator", {"one ASCII sign, or tab", "一个 ASCII 符号，或 tab"});
    else csv.separator = tab ? '\t' : separator->text[0];
  }
  if (const YamlNode* quote = node.find("quote"); quote != nullptr) {
    const bool none = quote->text == "none";
    const bool good = none || (quote->text.size() == 1 && static_cast<unsigned char>(quote->text[0]) > ' ' && quote->text[0] != csv.separator);
    if (!good) mistakes.add(Errc::mapping_wrong_shape, *quote, "source.csv.quote", {"one ASCII sign, or none", "一个 ASCII 符号，或 none"});
    else csv.quote = none ? '\0' : quote->text[0];
  }
  csv.quotes_loose = choice(node, "quotes", {"strict", "loose"}, "source.csv", mistakes) == 1;
}

std::vector<wire::FixedOptions::Field> compile_fields(const YamlNode& fields, const std::string& subject, const Mistakes& mistakes, std::vector<std::string>& columns) {
  std::vector<wire::FixedOptions::Field> made;
  for (const auto& [name, width] : fields.members) {
    const auto bytes = small_number(width.text, 1, 100000);
    if (!bytes) mistakes.add(Errc::mapping_wrong_shape, width, subject + "." + name.text, {"a number of bytes", "字节数"});
    made.push_back({name.text, bytes.value_or(1)});
    columns.push_back(name.text);
  }
  return made;
}

/// Records of several kinds in one file: header, cases, their materials, trailer.
void compile_kinds(const YamlNode& node, const Mistakes& mistakes, TableSettings& settings) {
  const YamlNode& kinds = *node.find("kinds");
  settings.shape.header_rows.clear();
  for (const char* key : {"fields", "fill_down", "skip"}) {
    if (node.find(key) != nullptr) mistakes.add(Errc::mapping_wrong_shape, *node.find(key), std::string("source.fixed.") + key, {"not with kinds", "不可与 kinds 同用"});
  }
  if (!kinds.is_mapping() || kinds.members.empty()) mistakes.add(Errc::mapping_wrong_shape, kinds, "source.fixed.kinds", {"KIND: {begins: TEXT, fields: {NAME: bytes}}", "种类: {begins: 文本, fields: {名称: 字节数}}"});
  std::vector<std::string> begun;
  for (const auto& [name, kind] : kinds.members) {
    const std::string subject = "source.fixed.kinds." + name.text;
    if (!check_keys(kind, {"begins", "fields"}, subject, mistakes)) continue;
    const std::string begins = member_text(kind, "begins", Need::required, subject, mistakes).value_or("");
    const bool ascii = std::all_of(begins.begin(), begins.end(), [](char c) { return c > ' ' && c <= '~'; });
    // What an earlier kind takes never comes to a later one.
    const auto taken = std::find_if(begun.begin(), begun.end(), [&begins](const std::string& one) { return begins.compare(0, one.size(), one) == 0; });
    if (begins.empty() || !ascii || taken != begun.end()) mistakes.add(Errc::mapping_wrong_shape, kind, subject + ".begins", {"ASCII signs with which no kind before it begins", "ASCII 字符，且前面的种类不以其开头"});
    begun.push_back(begins);
    const YamlNode* fields = kind.find("fields");
    if (fields == nullptr || !fields->is_mapping() || fields->members.empty()) {
      mistakes.add(fields == nullptr ? Errc::mapping_missing_key : Errc::mapping_wrong_shape, fields == nullptr ? kind : *fields, subject + ".fields", {"name: bytes, in order", "按顺序写 名称: 字节数"});
      continue;
    }
    wire::TableShape::Kind shape{name.text, {}};
    settings.fixed.kinds.push_back({begins, compile_fields(*fields, subject + ".fields", mistakes, shape.columns)});
    settings.shape.kinds.push_back(std::move(shape));
  }
}

void compile_fixed(const Stage& stage, const YamlNode& node, const Mistakes& mistakes, TableSettings& settings) {
  wire::FixedOptions& fixed = settings.fixed;
  fixed.encoding = stage.encoding;
  fixed.lines = choice(node, "records", {"lines", "joined"}, "source.fixed", mistakes) == 0;
  fixed.short_allowed = choice(node, "short", {"refuse", "allowed"}, "source.fixed", mistakes) == 1;
  fixed.cut_dropped = choice(node, "cut", {"refuse", "drop"}, "source.fixed", mistakes) == 1;
  if (node.find("kinds") != nullptr) return compile_kinds(node, mistakes, settings);
  const YamlNode* fields = node.find("fields");
  if (fields == nullptr || !fields->is_mapping() || fields->members.empty()) {
    mistakes.add(fields == nullptr ? Errc::mapping_missing_key : Errc::mapping_wrong_shape, fields == nullptr ? node : *fields, "source.fixed.fields", {"name: bytes, in order", "按顺序写 名称: 字节数"});
    return;
  }
  settings.shape.header_rows.clear();
  fixed.fields = compile_fields(*fields, "source.fixed.fields", mistakes, settings.shape.columns);
}

void compile_frames(const YamlNode& node, const Mistakes& mistakes, wire::FrameOptions& frames) {
  using Length = wire::FrameOptions::Length;
  if (node.find("length") == nullptr) mistakes.add(Errc::mapping_missing_key, node, "source.frames.length");
  constexpr Length kLengths[] = {Length::u32be, Length::u32le, Length::u16be, Length::u16le, Length::digits};
  frames.length = kLengths[choice(node, "length", {"u32be", "u32le", "u16be", "u16le", "digits"}, "source.frames", mistakes)];
  frames.counts_itself = choice(node, "counts", {"body", "frame"}, "source.frames", mistakes) == 1;
  const YamlNode* width = node.find("width");
  if ((width != nullptr) != (frames.length == Length::digits)) mistakes.add(Errc::mapping_wrong_shape, width == nullptr ? node : *width, "source.frames.width", {"with length: digits, and only there", "仅与 length: digits 同用"});
  if (width == nullptr) return;
  const auto digits = small_number(width->text, 1, 12);
  if (!digits) mistakes.add(Errc::mapping_wrong_shape, *width, "source.frames.width", {"1 to 12", "1 至 12"});
  frames.digits = digits.value_or(8);
}

/// Which column says in places which row is meant.
void compile_rows(const YamlNode& node, const Mistakes& mistakes, wire::RowsOptions& rows) {
  const YamlNode* keys = node.find("keys");
  if (keys == nullptr) return;
  const auto is_name = [](const YamlNode& value) { return value.is_scalar() && !value.text.empty(); };
  const bool good = keys->is_mapping() && !keys->members.empty() && std::all_of(keys->members.begin(), keys->members.end(), [&is_name](const auto& one) { return is_name(one.second); });
  if (!good) return mistakes.add(Errc::mapping_wrong_shape, *keys, "source.rows.keys", {"TABLE: COLUMN", "表名: 列名"});
  for (const auto& [table, column] : keys->members) rows.keys[table.text] = column.text;
}

} // namespace

void compile_shape(const YamlNode& node, std::string_view subject, const Mistakes& mistakes, wire::TableShape& shape) {
  const std::string at(subject);
  if (const YamlNode* columns = node.find("columns"); columns != nullptr) {
    shape.columns = texts(*columns, at + ".columns", mistakes);
    shape.header_rows.clear();
  }
  if (const YamlNode* header = node.find("header_rows"); header != nullptr) {
    if (!shape.columns.empty()) mistakes.add(Errc::mapping_wrong_shape, *header, at + ".header_rows", {"either columns or header_rows", "columns 与 header_rows 二选一"});
    shape.header_rows.clear();
    for (const std::string& text : texts(*header, at + ".header_rows", mistakes)) {
      const auto row = small_number(text, 1, 1000);
      const bool ascending = row && (shape.header_rows.empty() || *row > shape.header_rows.back());
      if (!ascending) mistakes.add(Errc::mapping_wrong_shape, *header, at + ".header_rows", {"row numbers from 1, ascending", "从 1 起递增的行号"});
      else shape.header_rows.push_back(*row);
    }
  }
  if (const YamlNode* fill = node.find("fill_down"); fill != nullptr) shape.fill_down = texts(*fill, at + ".fill_down", mistakes);
  if (const YamlNode* skip = node.find("skip"); skip != nullptr) shape.skip_first = texts(*skip, at + ".skip", mistakes);
  shape.ragged = choice(node, "ragged", {"refuse", "report"}, subject, mistakes) == 1 ? wire::TableShape::Ragged::report : wire::TableShape::Ragged::refuse;
}

std::shared_ptr<const TableSettings> compile_table(const Stage& stage, const YamlNode& node, const Mistakes& mistakes) {
  auto settings = std::make_shared<TableSettings>();
  if (stage.kind == Stage::Kind::csv) compile_csv(node, mistakes, settings->csv);
  if (stage.kind == Stage::Kind::csv) compile_shape(node, "source.csv", mistakes, settings->shape);
  if (stage.kind == Stage::Kind::spreadsheet) {
    compile_shape(node, "source.spreadsheet", mistakes, settings->shape);
    settings->sheet = member_text(node, "sheet", Need::optional, "source.spreadsheet", mistakes).value_or("");
  }
  if (stage.kind == Stage::Kind::fixed) compile_shape(node, "source.fixed", mistakes, settings->shape);
  if (stage.kind == Stage::Kind::fixed) compile_fixed(stage, node, mistakes, *settings);
  if (stage.kind == Stage::Kind::rows) compile_rows(node, mistakes, settings->rows);
  if (stage.kind == Stage::Kind::frames) compile_frames(node, mistakes, settings->frames);
  return settings;
}

} // namespace tongqu::mapping::detail
