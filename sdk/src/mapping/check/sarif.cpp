#include <algorithm>
#include <filesystem>
#include <map>

#include "mapping/yaml_reader.hpp"
#include "tongqu/base/errc.hpp"
#include "tongqu/mapping/check.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::mapping {
namespace {

std::string_view level_name(Severity severity) {
  switch (severity) {
    case Severity::info: return "note";
    case Severity::warn: return "warning";
    case Severity::error: return "error";
  }
  return "error";
}

/// A path as a URI reference: all but letters, digits and a few signs is escaped byte by byte.
std::string uri_of(std::string_view path) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("-._~/").find(c) != std::string_view::npos;
    if (plain) {
      uri += c;
    } else {
      uri += '%';
      uri += kHex[static_cast<unsigned char>(c) >> 4];
      uri += kHex[static_cast<unsigned char>(c) & 15];
    }
  }
  return uri;
}

/// Files of the pack, and of the pack that it extends, are relative to its folder; a target has its own path.
std::string path_of(const CheckReport& report, const std::string& part) {
  if (std::find(report.targets.begin(), report.targets.end(), part) != report.targets.end()) return part;
  return (std::filesystem::path(report.folder) / part).lexically_normal().string();
}

/// Column of a byte as SARIF counts it, in UTF-16 units.
class Columns {
public:
  explicit Columns(const CheckReport& report) : report_(report) {}
  std::uint32_t of(const SourcePlace& place) {
    const auto found = files_.find(place.part);
    if (found == files_.end()) files_[place.part] = detail::read_file(path_of(report_, place.part)).value_or("");
    std::string_view text = files_[place.part];
    for (std::uint32_t line = 1; line < place.line; ++line) {
      const std::size_t end = text.find('\n');
      if (end == std::string_view::npos) return place.column;
      text.remove_prefix(end + 1);
    }
    std::uint32_t units = 1;
    for (const char c : text.substr(0, place.column - 1)) {
      const auto byte = static_cast<unsigned char>(c);
      // One unit for the first byte of a character, one more for those beyond the basic plane.
      if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
    }
    return units;
  }

private:
  const CheckReport& report_;
  std::map<std::string, std::string> files_;
};

void text_member(wire::JsonWriter& w, std::string_view name, std::string_view text) {
  w.key(name);
  w.begin_object();
  w.member("text", text);
  w.end_object();
}

void rule(wire::JsonWriter& w, Errc id) {
  const ErrcRow& row = errc_row(id);
  w.begin_object();
  w.member("id", row.id);
  text_member(w, "shortDescription", row.en);
  text_member(w, "fullDescription", std::string(row.en) + " / " + std::string(row.zh));
  w.end_object();
}

void location(wire::JsonWriter& w, const CheckReport& report, const Finding& finding, Columns& columns) {
  w.begin_object();
  w.key("physicalLocation");
  w.begin_object();
  w.key("artifactLocation");
  w.begin_object();
  w.member("uri", uri_of(path_of(report, finding.source.part)));
  w.end_object();
  if (finding.source.line != 0) {
    w.key("region");
    w.begin_object();
    w.member("startLine", static_cast<std::int64_t>(finding.source.line));
    if (finding.source.column != 0) w.member("startColumn", static_cast<std::int64_t>(columns.of(finding.source)));
    w.end_object();
  }
  w.end_object();
  if (!finding.path.empty()) {
    w.key("logicalLocations");
    w.begin_array();
    w.begin_object();
    w.member("fullyQualifiedName", finding.path);
    w.end_object();
    w.end_array();
  }
  w.end_object();
}

void result(wire::JsonWriter& w, const CheckReport& report, const Finding& finding, std::size_t index, Columns& columns) {
  w.begin_object();
  w.member("ruleId", errc_row(finding.id).id);
  w.member("ruleIndex", static_cast<std::int64_t>(index));
  w.member("level", level_name(finding.severity));
  text_member(w, "message", describe(finding, Lang::en) + " / " + describe(finding, Lang::zh));
  w.key("locations");
  w.begin_array();
  location(w, report, finding, columns);
  w.end_array();
  w.key("properties");
  w.begin_object();
  w.member("en", describe(finding, Lang::en));
  w.member("zh", describe(finding, Lang::zh));
  w.end_object();
  w.end_object();
}

} // namespace

std::string sarif_json(const CheckReport& report) {
  std::vector<Errc> ids;
  Columns columns(report);
  for (const Finding& finding : report.findings) {
    if (std::find(ids.begin(), ids.end(), finding.id) == ids.end()) ids.push_back(finding.id);
  }
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
  w.member("version", "2.1.0");
  w.key("runs");
  w.begin_array();
  w.begin_object();
  w.key("tool");
  w.begin_object();
  w.key("driver");
  w.begin_object();
  w.member("name", "tongqu map check");
  w.key("rules");
  w.begin_array();
  for (const Errc id : ids) rule(w, id);
  w.end_array();
  w.end_object();
  w.end_object();
  w.member("columnKind", "utf16CodeUnits");
  w.key("results");
  w.begin_array();
  for (const Finding& finding : report.findings) {
    result(w, report, finding, static_cast<std::size_t>(std::find(ids.begin(), ids.end(), finding.id) - ids.begin()), columns);
  }
  w.end_array();
  w.end_object();
  w.end_array();
  w.end_object();
  return out;
}

} // namespace tongqu::mapping
