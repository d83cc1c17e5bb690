#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tongqu/mapping/author.hpp"
#include "tongqu/mapping/pack.hpp"
#include "tongqu/wire/json.hpp"
#include "tools/tongqu/commands.hpp"

/// What the commands of `map` share.
namespace tongqu::tool {

struct MapOptions {
  std::string pack, in, meta, today = "2150-01-01";
  std::map<std::string, std::string> params;
  std::map<std::string, std::string, std::less<>> catalogues;   ///< File of each catalogue that expressions look things up in.
};

/// PACK, --today, --param and --catalogue.
void add_pack_options(CLI::App* app, const std::shared_ptr<MapOptions>& options);
/// --in and --meta.
void add_message_options(CLI::App* app, const std::shared_ptr<MapOptions>& options);

/// Environment of the command line. Samples hold synthetic people born after 2099, so the reference date defaults to that of the packs.
Result<mapping::Environment> map_environment(const MapOptions& options);
mapping::author::PackAt pack_at(const MapOptions& options);
/// Loads a pack and lists its mistakes on standard error.
Result<std::shared_ptr<const mapping::Pack>> load_pack(const MapOptions& options, const Console& console);
struct Loaded { std::shared_ptr<const mapping::Pack> pack; mapping::Environment environment; };
/// The pack, its mistakes listed, and the environment of the command line: what every command that needs a good pack begins with.
Result<Loaded> load(const MapOptions& options, const Console& console);
/// As Console::fail; a pack with mistakes is what the command was given, and answers as `map check` does.
int fail_load(const Error& error, const Console& console);
/// One message with the facts beside it ("01-x.meta.yaml" beside "01-x.in.xml").
Result<wire::Delivery> read_message(const std::string& in, const std::string& meta);

/// Files below a folder that are messages: no facts (*.meta.yaml), no expected records (*.case.json), no hidden files. Sorted by name.
/// @errors base.file_unreadable.
Result<std::vector<std::string>> message_files(const std::string& folder);

/// Files that a command reads and therefore must not write, under whatever name and through whatever link.
class Inputs {
public:
  /// One file, or every file below a folder; what is not there is nothing.
  void add(const std::string& path);
  /// A file that may be written although it stands below a folder that was added.
  void except(const std::string& path);
  bool holds(const std::string& path) const;

private:
  std::set<std::pair<std::uint64_t, std::uint64_t>> files_;   ///< Device and number.
};

/// Writes a file, with the folders that it needs. @errors base.file_unwritable, also for one that the command reads.
Result<void> write_file(const std::string& path, std::string_view bytes, const Inputs& inputs);
/// {verdict, digest, record, findings} of one mapped record.
void write_record(wire::JsonWriter& writer, const mapping::MappedRecord& record);

/// Columns of a terminal that a text takes: Chinese characters and full-width signs take two.
std::size_t columns_of(std::string_view utf8);
/// The text filled up with blanks, or cut with "…" where it is wider.
std::string padded(std::string_view utf8, std::size_t columns);
std::string cut_to(std::string_view utf8, std::size_t columns);

/// "12 of 40" on one line of standard error that is rewritten; nothing unless standard error is a terminal.
class ProgressLine {
public:
  explicit ProgressLine(std::string what);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void show(std::size_t done, std::size_t total);

private:
  std::string what_;
  bool terminal_ = false;
  bool shown_ = false;
};

/// To the command `map`.
void add_map_test_commands(CLI::App& map, Run& run);
void add_map_explain_commands(CLI::App& map, Run& run);
void add_map_scaffold_commands(CLI::App& map, Run& run);
void add_map_folder_commands(CLI::App& map, Run& run);

} // namespace tongqu::tool
