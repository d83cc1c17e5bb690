#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>

#include "spreadsheet/sheet_grid.hpp"
#include "tongqu/base/utf8.hpp"

namespace tongqu::wire::detail {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f";
constexpr std::size_t kTagBytesMax = 16384;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

/// A small reader of the tables that spreadsheet programs and report servers save as HTML: rows, cells, spans, line breaks, references.
/// It does not lay out, does not run anything and knows no other element. What browsers would mend is read as they do, and said once.
class HtmlReader {
public:
  HtmlReader(SheetGrid& grid, std::string_view text, Findings& findings) : grid_(grid), text_(text), findings_(findings) {}
  Result<void> read();

private:
  struct Tag { std::string name; bool closes = false; std::string attributes; };
  Result<void> tag(const Tag& tag);
  Result<Tag> read_tag();
  void skip_element(std::string_view name);
  void reference();
  void character(char c);
  Result<void> end_cell();
  void begin_cell(const Tag& tag);
  std::uint32_t span(const Tag& tag, std::string_view name);
  void repaired() { repaired_ = true; }
  Error fault(const char* what) const { return Error(Errc::wire_spreadsheet_invalid).at("offset " + std::to_string(at_)).with(what); }

  SheetGrid& grid_;
  std::string_view text_;
  Findings& findings_;
  std::size_t at_ = 0;
  bool in_table_ = false, done_ = false, in_row_ = false, in_cell_ = false, repaired_ = false, pending_blank_ = false;
  std::uint32_t row_ = 0, column_ = 0, across_ = 1, down_ = 1;
  std::string cell_;
  std::map<std::uint32_t, std::uint32_t> covered_;   ///< Column to the last row that a cell above covers.
};

Result<HtmlReader::Tag> HtmlReader::read_tag() {
  Tag tag;
  std::size_t i = at_ + 1;
  tag.closes = i < text_.size() && text_[i] == '/';
  if (tag.closes) ++i;
  const std::size_t name = i;
  while (i < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[i])) != 0 || text_[i] == ':' || text_[i] == '-')) ++i;
  tag.name = lower(text_.substr(name, i - name));
  const std::size_t rest = i;
  for (char quote = 0; i < text_.size(); ++i) {
    if (i - at_ > kTagBytesMax) return fault("tag too long");
    const char c = text_[i];
    if (quote != 0) quote = c == quote ? '\0' : quote;
    else if ((c == '"' || c == '\'') && text_[i - 1] == '=') quote = c;
    else if (c == '>') break;
  }
  if (i >= text_.size()) return fault("tag not closed");
  tag.attributes = std::string(text_.substr(rest, i - rest));
  at_ = i + 1;
  return tag;
}

/// Script and style hold no text of a cell.
void HtmlReader::skip_element(std::string_view name) {
  const std::string end = "</" + std::string(name);
  for (; at_ < text_.size(); ++at_) {
    if (text_[at_] == '<' && lower(text_.substr(at_, end.size())) == end) return;
  }
}

void HtmlReader::reference() {
  struct Entity { std::string_view name, meant; };
  static constexpr Entity kEntities[] = {{"lt", "<"}, {"gt", ">"}, {"amp", "&"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", "\xC2\xA0"}, {"middot", "\xC2\xB7"},
                                         {"times", "\xC3\x97"}, {"mdash", "\xE2\x80\x94"}, {"ldquo", "\xE2\x80\x9C"}, {"rdquo", "\xE2\x80\x9D"}, {"hellip", "\xE2\x80\xA6"}};
  const std::size_t end = text_.substr(at_, 12).find(';');
  if (end != std::string_view::npos && end > 1) {
    const std::string_view name = text_.substr(at_ + 1, end - 1);
    for (const Entity& entity : kEntities) {
      if (entity.name != name) continue;
      for (const char c : entity.meant) character(c);
      at_ += end + 1;
      return;
    }
    if (name.front() == '#' && name.size() > 1) {
      const bool hex = name[1] == 'x' || name[1] == 'X';
      const std::string_view digits = name.substr(hex ? 2 : 1);
      std::uint32_t code = 0;
      const auto [last, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
      const bool good = error == std::errc() && last == digits.data() + digits.size() && code >= 0x20 && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
      if (good) {
        std::string meant;
        append_utf8(meant, code);
        for (const char c : meant) character(c);
        at_ += end + 1;
        return;
      }
    }
  }
  repaired();
  character('&');
  ++at_;
}

/// Blanks run together, as they are shown; line ends come from <br> only.
void HtmlReader::character(char c) {
  if (!in_cell_) return;
  if (kBlanks.find(c) != std::string_view::npos) {
    pending_blank_ = !cell_.empty() && cell_.back() != '\n';
    return;
  }
  if (pending_blank_) cell_ += ' ';
  pending_blank_ = false;
  cell_ += c;
}

std::uint32_t HtmlReader::span(const Tag& tag, std::string_view name) {
  const std::string attributes = lower(tag.attributes);
  for (std::size_t at = attributes.find(name); at != std::string::npos; at = attributes.find(name, at + 1)) {
    if (at != 0 && kBlanks.find(attributes[at - 1]) == std::string_view::npos) continue;
    std::size_t value = attributes.find_first_not_of(kBlanks, at + name.size());
    if (value == std::string::npos || attributes[value] != '=') continue;
    value = attributes.find_first_not_of(" \t\r\n\"'", value + 1);
    if (value == std::string::npos) break;
    std::uint32_t number = 1;
    const auto read = std::from_chars(attributes.data() + value, attributes.data() + attributes.size(), number);
    if (read.ec == std::errc() && number >= 1 && number <= kSheetColumnsMax) return number;
    repaired();
    break;
  }
  return 1;
}

void HtmlReader::begin_cell(const Tag& tag) {
  if (!in_row_) {
    repaired();
    in_row_ = true;
    ++row_;
    column_ = 0;
  }
  ++column_;
  for (auto above = covered_.find(column_); above != covered_.end() && above->second >= row_; above = covered_.find(column_)) ++column_;
  in_cell_ = true;
  pending_blank_ = false;
  cell_.clear();
  across_ = span(tag, "colspan");
  down_ = span(tag, "rowspan");
}

Result<void> HtmlReader::end_cell() {
  if (!in_cell_) return {};
  in_cell_ = false;
  while (!cell_.empty() && cell_.back() == '\n') cell_.pop_back();
  TONGQU_CHECK(grid_.put(row_, column_, cell_));
  grid_.merge(row_, column_, across_, down_);
  for (std::uint32_t i = 0; i < across_ && down_ > 1; ++i) covered_[column_ + i] = row_ + down_ - 1;
  column_ += across_ - 1;
  return {};
}

Result<void> HtmlReader::tag(const Tag& tag) {
  const bool opens = !tag.closes;
  if (tag.name == "script" || tag.name == "style") {
    if (opens) skip_element(tag.name);
  } else if (tag.name == "table") {
    if (opens && in_table_) return fault("table inside a table");
    if (opens && done_) return Error(Errc::wire_spreadsheet_sheet).at("offset " + std::to_string(at_)).with("two tables");
    if (!opens) TONGQU_CHECK(end_cell());
    if (!opens && in_table_ && row_ != 0) done_ = true;
    in_table_ = opens;
    in_row_ = false;
  } else if (in_table_ && tag.name == "tr") {
    if (in_cell_) repaired();
    TONGQU_CHECK(end_cell());
    if (opens && in_row_) repaired();
    in_row_ = opens;
    if (opens) {
      ++row_;
      column_ = 0;
    }
  } else if (in_table_ && (tag.name == "td" || tag.name == "th")) {
    if (opens == in_cell_) repaired();
    TONGQU_CHECK(end_cell());
    if (opens) begin_cell(tag);
  } else if (in_cell_ && tag.name == "br") {
    pending_blank_ = false;
    cell_ += '\n';
  }
  return {};
}

Result<void> HtmlReader::read() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\0') return fault("NUL");
    if (c == '&') {
      reference();
    } else if (c != '<') {
      character(c);
      ++at_;
    } else if (text_.compare(at_, 4, "<!--") == 0) {
      const std::size_t end = text_.find("-->", at_ + 4);
      if (end == std::string_view::npos) return fault("comment not closed");
      at_ = end + 3;
    } else if (at_ + 1 < text_.size() && (std::isalpha(static_cast<unsigned char>(text_[at_ + 1])) != 0 || text_[at_ + 1] == '/')) {
      TONGQU_TRY(const Tag one, read_tag());
      TONGQU_CHECK(tag(one));
    } else if (at_ + 1 < text_.size() && (text_[at_ + 1] == '!' || text_[at_ + 1] == '?')) {
      at_ = std::min(text_.find('>', at_), text_.size() - 1) + 1;
    } else {
      repaired();
      character('<');
      ++at_;
    }
  }
  if (in_table_) return fault("table not closed");
  if (row_ == 0) return Error(Errc::wire_spreadsheet_sheet).with("no table");
  if (!repaired_) return {};
  Finding finding;
  finding.id = Errc::wire_html_repaired;
  finding.severity = Severity::warn;
  findings_.add(std::move(finding));
  return {};
}

} // namespace

Result<void> read_html(SheetGrid& grid, Bytes bytes, const SpreadsheetOptions& options, const Limits& limits, Findings& findings) {
  if (bytes.size() > limits.message_bytes_max) return Error(Errc::wire_table_limit).with("bytes");
  const auto mark = byte_order_mark(bytes);
  TONGQU_TRY(const std::string text, decode(mark ? bytes.substr(mark->bytes) : bytes, mark ? mark->encoding : options.html));
  return HtmlReader(grid, text, findings).read();
}

} // namespace tongqu::wire::detail
