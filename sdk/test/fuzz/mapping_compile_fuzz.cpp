// Takes arbitrary bytes as a file of a pack (pack.yaml, a source mapping, a table, or a target) and lets the compiler, the checks and the formatter look at
// it. Nothing may be thrown; what does not compile says why and where, and what the formatter wrote is at rest.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tongqu/mapping/check.hpp"
#include "tongqu/mapping/pack_tools.hpp"

namespace {

using namespace tongqu;
namespace fs = std::filesystem;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr std::string_view kPack = "pack: f\nsystem: f\nversion: \"1\"\nmappings:\n  - file: m.yaml\n";
constexpr std::string_view kMapping =
    "mapping: f.m\nto: case@1\nzone: \"+08:00\"\nsource:\n  - xml: {root: bj}\ntables: {t: {file: t.csv, system: f.t, model: id_type, unknown: hold}}\n"
    "identity: {organisation: {const: O}, item: {const: I}, case: {from: no, on_fail: reject}, event: {const: E}}\nevent: {const: accept}\n"
    "rules: {case_no: {from: no, on_fail: reject}, applicant: {id_type: {maybe: k, table: t, on_fail: hold}}}\n";
constexpr std::string_view kTable = "code,name\n1,resident_id\n";

class Folder {
public:
  Folder() : path_((fs::temp_directory_path() / ("tongqu-compile-fuzz-" + std::to_string(::getpid()))).string()) { fs::create_directories(path_); }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string write(const char* name, std::string_view text) const {
    std::ofstream out(path_ + "/" + name, std::ios::binary | std::ios::trunc);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    return path_ + "/" + name;
  }
  const std::string& path() const { return path_; }

private:
  std::string path_;
};

bool begins(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with || text.find("\n" + std::string(with)) != std::string_view::npos; }

void check_target(const Folder& folder, std::string_view text) {
  Findings mistakes;
  const auto target = mapping::Target::load(folder.write("target.yaml", text), mistakes);
  require(target.has_value() || mistakes.has_errors() || !target.error().where().empty());
}

/// Says that a file which came out of the formatter is at rest: formatting it again changes nothing.
void check_format(std::string_view text) {
  const auto formatted = mapping::format_pack_file(text);
  if (!formatted) return;
  const auto again = mapping::format_pack_file(*formatted);
  require(again.has_value() && *again == *formatted);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (begins(text, "target:")) {
    check_target(folder, text);
    check_format(text);
    return 0;
  }
  const bool pack = begins(text, "pack:"), table = begins(text, "code,");
  folder.write("pack.yaml", pack ? text : kPack);
  folder.write("m.yaml", pack || table ? kMapping : text);
  folder.write("t.csv", table ? text : kTable);
  mapping::CheckOptions options;
  options.environment.reference_date.year = 2150;
  const auto report = mapping::check_pack(folder.path(), options);
  require(report.has_value());
  require(report->pack.has_value() || report->errors() != 0);
  for (const Finding& finding : report->findings) {
    require(!finding.source.part.empty());
    require(finding.expected.en.empty() == finding.expected.zh.empty() && finding.suggestion.en.empty() == finding.suggestion.zh.empty());
  }
  require(!mapping::sarif_json(*report).empty() && !mapping::check_json(*report).empty());
  (void)mapping::field_table(folder.path(), {}, mapping::TableForm::markdown);
  if (!table) check_format(text);
  return 0;
}
