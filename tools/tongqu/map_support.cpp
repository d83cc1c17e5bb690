#include "tools/tongqu/map_support.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>

#include <CLI/CLI.hpp>

#include "tongqu/base/bytes.hpp"
#include "tongqu/mapping/functions.hpp"
#include "tongqu/wire/finding_json.hpp"
#include "tongqu/wire/yaml.hpp"

namespace tongqu::tool {
namespace {

namespace fs = std::filesystem;

/// Transport facts from a side file: a YAML mapping of texts.
Result<std::map<std::string, std::string, std::less<>>> read_facts(const std::string& file) {
  std::map<std::string, std::string, std::less<>> facts;
  TONGQU_TRY(const std::string text, read_file(file));
  TONGQU_TRY(const wire::YamlNode root, wire::parse_yaml(text));
  for (const auto& [key, value] : root.members) facts[key.text] = value.text;
  return facts;
}

std::string side_file(const std::string& in) {
  const auto at = in.rfind(".in.");
  if (at == std::string::npos) return {};
  const std::string meta = in.substr(0, at) + ".meta.yaml";
  return fs::exists(meta) ? meta : std::string();
}

/// Device and number of a file, which all its names share; nothing when there is none.
std::optional<std::pair<std::uint64_t, std::uint64_t>> identity_of(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return std::pair{static_cast<std::uint64_t>(found.st_dev), static_cast<std::uint64_t>(found.st_ino)};
}

bool ends_with(std::string_view text, std::string_view end) { return text.size() >= end.size() && text.substr(text.size() - end.size()) == end; }

/// One character: its bytes and its columns.
struct Glyph { std::size_t bytes, columns; };
Glyph glyph_at(std::string_view text, std::size_t at) {
  const auto byte = [&text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(at);
  if (first < 0x80) return {1, 1};
  if (first < 0xE0) return {2, 1};
  if (first >= 0xF0) return {4, 2};
  const unsigned code = (first & 0x0F) << 12 | (byte(at + 1) & 0x3F) << 6 | (byte(at + 2) & 0x3F);
  const bool wide = (code >= 0x2E80 && code < 0xD800) || (code >= 0xF900 && code < 0xFB00) || (code >= 0xFE30 && code < 0xFE50) || (code >= 0xFF01 && code <= 0xFF60) || (code >= 0xFFE0 && code <= 0xFFE6) || (code >= 0x1100 && code < 0x1160);
  return {3, wide ? 2U : 1U};
}

/// What NAME=VALUE stands for, put into a map.
template <class Map> void add_pairs(CLI::App* app, const std::string& name, const std::string& help, Map& into) {
  app->add_option_function<std::vector<std::string>>(name, [name, &into](const std::vector<std::string>& pairs) {
    for (const std::string& pair : pairs) {
      const auto equals = pair.find('=');
      if (equals == std::string::npos) throw CLI::ValidationError(name, "NAME=VALUE expected");
      into[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
  }, help);
}

} // namespace

void add_pack_options(CLI::App* app, const std::shared_ptr<MapOptions>& options) {
  app->add_option("PACK", options->pack, "Folder of the pack")->required();
  app->add_option("--today", options->today, "Reference date for \"not in the future\" (default 2150-01-01, for synthetic people)");
  add_pairs(app, "--param", "NAME=VALUE, overrides a parameter of the pack", options->params);
  add_pairs(app, "--catalogue", "NAME=FILE, a CSV file that lookup(NAME, ...) reads: item, organisation or division", options->catalogues);
}

void add_message_options(CLI::App* app, const std::shared_ptr<MapOptions>& options) {
  app->add_option("--in", options->in, "File with the message as received; - is standard input")->required();
  app->add_option("--meta", options->meta, "YAML file with transport facts (default: NN.meta.yaml beside NN.in.*)");
}

Result<mapping::Environment> map_environment(const MapOptions& options) {
  mapping::Environment env;
  TONGQU_TRY(env.reference_date, model::Time::parse(options.today));
  static const model::WorkingDays nation = model::Calendars::published().working_days("000000");
  env.working_days = &nation;
  if (options.catalogues.empty()) return env;
  std::map<std::string, std::string, std::less<>> texts;
  for (const auto& [catalogue, file] : options.catalogues) {
    TONGQU_TRY(texts[catalogue], read_file(file));
  }
  // Each must outlive its environment, and a command may make two.
  static std::vector<std::shared_ptr<const mapping::Lookup>> kept;
  TONGQU_TRY(auto lookup, mapping::make_table_lookup(texts));
  kept.push_back(std::move(lookup));
  env.lookup = kept.back().get();
  return env;
}

mapping::author::PackAt pack_at(const MapOptions& options) { return {options.pack, options.params}; }

Result<std::shared_ptr<const mapping::Pack>> load_pack(const MapOptions& options, const Console& console) {
  Findings mistakes;
  auto pack = mapping::Pack::load(options.pack, options.params, mistakes);
  Console to_err = console;
  to_err.json = true;  // Mistakes go to standard error here: standard output is for the record.
  to_err.list(mistakes);
  return pack;
}

Result<Loaded> load(const MapOptions& options, const Console& console) {
  TONGQU_TRY(auto pack, load_pack(options, console));
  TONGQU_TRY(auto environment, map_environment(options));
  return Loaded{std::move(pack), std::move(environment)};
}

int fail_load(const Error& error, const Console& console) {
  const int code = console.fail(error);
  return error.code() == Errc::mapping_pack_invalid ? kInputAtFault : code;
}

Result<wire::Delivery> read_message(const std::string& in, const std::string& meta) {
  wire::Delivery delivery;
  TONGQU_TRY(std::string bytes, read_file(in));
  const std::string side = meta.empty() ? side_file(in) : meta;
  if (!side.empty()) {
    TONGQU_TRY(delivery.facts, read_facts(side));
  }
  delivery.parts.push_back({"body", std::string(delivery.fact("content_type")), std::move(bytes), nullptr});
  return delivery;
}

void Inputs::add(const std::string& path) {
  std::error_code failed;
  if (const auto found = identity_of(path)) files_.insert(*found);
  if (!fs::is_directory(path, failed)) return;
  for (auto at = fs::recursive_directory_iterator(path, failed); !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
    if (const auto found = identity_of(at->path().string())) files_.insert(*found);
  }
}

void Inputs::except(const std::string& path) {
  if (const auto found = identity_of(path)) files_.erase(*found);
}

bool Inputs::holds(const std::string& path) const {
  const auto found = identity_of(path);
  return found && files_.count(*found) != 0;
}

Result<void> write_file(const std::string& path, std::string_view bytes, const Inputs& inputs) {
  if (inputs.holds(path)) return Error(Errc::base_file_unwritable).at(path).with("not over a file that is read");
  std::error_code failed;
  if (const fs::path folder = fs::path(path).parent_path(); !folder.empty()) fs::create_directories(folder, failed);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  return out ? Result<void>() : Result<void>(Error(Errc::base_file_unwritable).at(path));
}

void write_record(wire::JsonWriter& w, const mapping::MappedRecord& record) {
  w.begin_object();
  w.member("verdict", mapping::verdict_name(record.verdict));
  w.member("digest", to_hex(mapping::content_digest(record)));
  w.key("record");
  if (const auto document = wire::parse_json(record.canonical)) w.node(document->root());
  else w.null();
  wire::write_findings(w, record.findings);
  w.end_object();
}

Result<std::vector<std::string>> message_files(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code failed;
  if (fs::is_regular_file(folder, failed)) return std::vector<std::string>{folder};
  for (auto at = fs::recursive_directory_iterator(folder, failed); !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
    const std::string name = at->path().filename().string();
    const bool beside = ends_with(name, ".meta.yaml") || ends_with(name, ".case.json") || ends_with(name, ".record.json") || ends_with(name, ".out.json") || ends_with(name, ".findings.txt");
    if (at->is_regular_file(failed) && name.front() != '.' && !beside) files.push_back(at->path().string());
  }
  if (failed) return Error(Errc::base_file_unreadable).at(folder);
  std::sort(files.begin(), files.end());
  return files;
}

std::size_t columns_of(std::string_view utf8) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < utf8.size();) {
    const Glyph glyph = glyph_at(utf8, at);
    columns += glyph.columns;
    at += glyph.bytes;
  }
  return columns;
}

std::string cut_to(std::string_view utf8, std::size_t columns) {
  if (columns_of(utf8) <= columns) return std::string(utf8);
  std::string out;
  std::size_t used = 1;
  for (std::size_t at = 0; at < utf8.size();) {
    const Glyph glyph = glyph_at(utf8, at);
    used += glyph.columns;
    if (used > columns) break;
    out += utf8.substr(at, glyph.bytes);
    at += glyph.bytes;
  }
  return out + "…";
}

std::string padded(std::string_view utf8, std::size_t columns) {
  std::string out = cut_to(utf8, columns);
  out.append(columns - std::min(columns_of(out), columns), ' ');
  return out;
}

ProgressLine::ProgressLine(std::string what) : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void ProgressLine::show(std::size_t done, std::size_t total) {
  if (!terminal_) return;
  const std::string line = "\r" + what_ + " " + std::to_string(done) + "/" + std::to_string(total);
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
  shown_ = true;
}

} // namespace tongqu::tool
