#include "mapping/check/page.hpp"

namespace tongqu::mapping::detail {
namespace {

constexpr std::string_view kStyle = R"(
@page { size: A4 landscape; margin: 12mm; }
body { font-family: "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif; font-size: 9pt; color: #000; }
h1 { font-size: 15pt; } h2 { font-size: 11pt; margin-top: 1.4em; }
table { border-collapse: collapse; width: 100%; }
thead { display: table-header-group; } tr { page-break-inside: avoid; }
th, td { border: 0.5pt solid #444; padding: 2pt 4pt; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #eee; }
.sign { display: flex; gap: 8mm; margin-top: 10mm; page-break-inside: avoid; }
.sign div { flex: 1; border: 0.5pt solid #444; padding: 3mm; height: 32mm; }
)";

} // namespace

Page::Page(Form form, const std::string& title) : form_(form) {
  if (form_ == Form::markdown) {
    out_ = "# " + escaped(title) + "\n";
    return;
  }
  out_ = "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n<title>" + escaped(title) + "</title>\n<style>" + std::string(kStyle) +
         "</style>\n</head>\n<body>\n<h1>" + escaped(title) + "</h1>\n";
}

std::string Page::escaped(std::string_view text) const {
  std::string out;
  for (const char c : text) {
    if (form_ == Form::html) {
      if (c == '&') out += "&amp;";
      else if (c == '<') out += "&lt;";
      else if (c == '>') out += "&gt;";
      else if (c == '"') out += "&quot;";
      else if (c == '\n') out += "<br>";
      else out += c;
    } else if (c == '\n') {
      out += "<br>";
    } else {
      // A text of a pack must not become a heading, a link or a tag.
      if (std::string_view("\\`*_[]<>|#").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

void Page::heading(const std::string& text) { out_ += form_ == Form::html ? "<h2>" + escaped(text) + "</h2>\n" : "\n## " + escaped(text) + "\n"; }

void Page::paragraph(const std::string& text) { out_ += form_ == Form::html ? "<p>" + escaped(text) + "</p>\n" : "\n" + escaped(text) + "\n"; }

void Page::table(const PageRow& head, const std::vector<PageRow>& rows) {
  const auto line = [this](const PageRow& row, std::string_view cell) {
    const bool html = form_ == Form::html;
    out_ += html ? "<tr>" : "|";
    for (const std::string& text : row) {
      if (html) out_ += "<" + std::string(cell) + ">" + escaped(text) + "</" + std::string(cell) + ">";
      else out_ += " " + escaped(text) + " |";
    }
    out_ += html ? "</tr>\n" : "\n";
  };
  out_ += form_ == Form::html ? "<table>\n<thead>\n" : "\n";
  line(head, "th");
  if (form_ == Form::html) {
    out_ += "</thead>\n<tbody>\n";
  } else {
    out_ += "|";
    for (std::size_t i = 0; i < head.size(); ++i) out_ += "---|";
    out_ += "\n";
  }
  for (const PageRow& row : rows) line(row, "td");
  if (form_ == Form::html) out_ += "</tbody>\n</table>\n";
}

void Page::signatures(const std::vector<std::string>& parties) {
  static constexpr std::string_view kName = "姓名 Name：", kDate = "日期 Date：", kSeal = "（盖章 Seal）";
  if (form_ == Form::html) {
    out_ += "<div class=\"sign\">\n";
    for (const std::string& party : parties) out_ += "<div><b>" + escaped(party) + "</b><br><br>" + std::string(kName) + "<br><br>" + std::string(kDate) + "<br><br>" + std::string(kSeal) + "</div>\n";
    out_ += "</div>\n";
    return;
  }
  std::vector<PageRow> rows;
  for (const std::string& party : parties) rows.push_back({party, "", "", ""});
  table({"", std::string(kName), std::string(kDate), std::string(kSeal)}, rows);
}

std::string Page::finish() {
  if (form_ == Form::html) out_ += "</body>\n</html>\n";
  return std::move(out_);
}

} // namespace tongqu::mapping::detail
