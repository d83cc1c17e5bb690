#pragma once
#include <string>
#include <utility>

#include "mapping/yaml_reader.hpp"

namespace tongqu::mapping::detail {

/// What one check has to say about one place of a pack.
struct Remark {
  Errc id = Errc::none;
  Severity severity = Severity::warn;
  std::string subject;      ///< Rule or key that it is about ("rules.applicant.id_no").
  Bilingual expected;
  Bilingual suggestion;
};

/// Collects what the checks say. The same remark about the same place is kept once.
class Report {
public:
  explicit Report(Findings& out) : out_(out) {}
  void add(const std::string& file, const YamlNode& at, Remark remark);
  void add_line(const std::string& file, std::uint32_t line, std::uint32_t column, Remark remark);
  Findings& findings() const noexcept { return out_; }

private:
  Findings& out_;
};

/// "a, b, c" of at most `most` words, then "…".
std::string listed(const std::vector<std::string>& words, std::size_t most = 8);

} // namespace tongqu::mapping::detail
