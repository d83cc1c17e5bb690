#include "mapping/check/report.hpp"

#include <algorithm>

namespace tongqu::mapping::detail {

void Report::add(const std::string& file, const YamlNode& at, Remark remark) {
  // Nodes of an overlay stand among those of the pack that it extends.
  if (Mistakes::of_overlay(at)) add_line("pack.yaml", at.line - Mistakes::kOverlayLines, at.column, std::move(remark));
  else add_line(file, at.line, at.column, std::move(remark));
}

void Report::add_line(const std::string& file, std::uint32_t line, std::uint32_t column, Remark remark) {
  const auto same = [&](const Finding& other) {
    return other.id == remark.id && other.source.line == line && other.source.column == column && other.source.part == file && other.path == remark.subject && other.expected == remark.expected;
  };
  if (std::any_of(out_.begin(), out_.end(), same)) return;
  Finding finding;
  finding.id = remark.id;
  finding.severity = remark.severity;
  finding.rule = remark.subject;
  finding.path = std::move(remark.subject);
  finding.source.part = file;
  finding.source.line = line;
  finding.source.column = column;
  finding.expected = std::move(remark.expected);
  finding.suggestion = std::move(remark.suggestion);
  out_.add(std::move(finding));
}

std::string listed(const std::vector<std::string>& words, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < words.size() && i < most; ++i) text += (i == 0 ? "" : ", ") + words[i];
  return words.size() > most ? text + ", …" : text;
}

} // namespace tongqu::mapping::detail
