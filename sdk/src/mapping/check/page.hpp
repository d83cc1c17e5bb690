#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace tongqu::mapping::detail {

using PageRow = std::vector<std::string>;

/// A page of headings, paragraphs and tables, written as Markdown or as one HTML file that prints well. Texts are escaped.
class Page {
public:
  enum class Form : std::uint8_t { markdown, html };
  Page(Form form, const std::string& title);
  void heading(const std::string& text);
  void paragraph(const std::string& text);
  void table(const PageRow& head, const std::vector<PageRow>& rows);
  /// Lines to sign: one box for each party.
  void signatures(const std::vector<std::string>& parties);
  std::string finish();

private:
  std::string escaped(std::string_view text) const;
  Form form_;
  std::string out_;
};

} // namespace tongqu::mapping::detail
