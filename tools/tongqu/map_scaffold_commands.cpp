#include <algorithm>
#include <filesystem>
#include <fstream>

#include <CLI/CLI.hpp>

#include "tongqu/wire/json.hpp"
#include "tools/tongqu/map_support.hpp"

namespace tongqu::tool {
namespace {

namespace fs = std::filesystem;
using namespace mapping::author;

struct ScaffoldCommand { ScaffoldOptions what; std::string out; };
struct ProfileCommand : MapOptions { std::string folder, out; };

std::string draft_json(const DraftPack& draft) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.key("files");
  w.begin_array();
  for (const DraftFile& file : draft.files) w.string(file.name);
  w.end_array();
  w.key("fields");
  w.begin_array();
  for (const DraftField& field : draft.fields) {
    w.begin_object();
    w.member("mapping", field.mapping);
    w.member("source", field.source);
    if (!field.target.empty()) w.member("target", field.target);
    w.member("confidence", static_cast<std::int64_t>(field.confidence));
    w.member("count", static_cast<std::int64_t>(field.count));
    w.member("filled", static_cast<std::int64_t>(field.filled));
    if (!field.shape.empty()) w.member("shape", field.shape);
    w.end_object();
  }
  w.end_array();
  w.key("risks");
  w.begin_array();
  for (const Bilingual& risk : draft.risks) {
    w.begin_object();
    w.member("en", risk.en);
    w.member("zh", risk.zh);
    w.end_object();
  }
  w.end_array();
  w.end_object();
  return out;
}

void say_draft(const DraftPack& draft, const std::string& out, const Console& console) {
  std::string mapping;
  for (const DraftField& field : draft.fields) {
    if (field.mapping != mapping) console.say(field.mapping);
    mapping = field.mapping;
    const std::string rate = field.count == 0 ? "" : std::to_string(field.filled) + "/" + std::to_string(field.count);
    const std::string sure = field.confidence == 0 ? "" : std::to_string(field.confidence);
    console.say("  " + padded(field.source, 26) + " " + padded(rate, 7) + " " + padded(field.shape, 20) + " " + padded(sure, 3) + " " + field.target);
  }
  console.say(console.pick("not known yet", "尚不确定之处"));
  for (const Bilingual& risk : draft.risks) console.say("  - " + std::string(console.pick(risk.en, risk.zh)));
  const auto mapped = static_cast<std::size_t>(std::count_if(draft.fields.begin(), draft.fields.end(), [](const DraftField& field) { return !field.target.empty(); }));
  console.say(std::to_string(mapped) + " / " + std::to_string(draft.fields.size()) + std::string(console.pick(" fields have a proposal; the draft is in ", " 个字段有建议；草稿位于 ")) + out);
}

int run_scaffold(ScaffoldCommand options, const Console& console) {
  std::error_code ignored;
  if (fs::exists(options.out) && !fs::is_empty(options.out, ignored)) return console.fail(Error(Errc::base_file_unwritable).at(options.out));
  if (fs::is_directory(options.what.source, ignored)) {
    auto files = message_files(options.what.source);
    if (!files) return console.fail(files.error());
    options.what.messages = std::move(*files);
    if (options.what.messages.empty()) return console.fail(Error(Errc::mapping_records_none).at(options.what.source));
  }
  if (options.what.system.empty()) options.what.system = fs::path(options.out).lexically_normal().filename().string();
  const auto draft = scaffold(options.what);
  if (!draft) return console.fail(draft.error());
  for (const DraftFile& file : draft->files) {
    if (auto done = write_file(options.out + "/" + file.name, file.text, Inputs()); !done) return console.fail(done.error());
  }
  Findings mistakes;
  const auto pack = mapping::Pack::load(options.out, {}, mistakes);
  say_draft(*draft, options.out, console);
  console.list(mistakes);
  console.machine(draft_json(*draft));
  return pack ? kDone : kOwnFault;
}

int run_profile(const ProfileCommand& options, const Console& console) {
  const auto loaded = load(options, console);
  if (!loaded) return fail_load(loaded.error(), console);
  const auto files = message_files(options.folder);
  if (!files) return console.fail(files.error());
  const auto profile = [&] {
    ProgressLine line(std::string(console.pick("messages", "报文")));
    return take_profile(*loaded->pack, loaded->environment, *files, [](const std::string& file) { return read_message(file, {}); }, [&line](std::size_t done, std::size_t total) { line.show(done, total); });
  }();
  if (!profile) return console.fail(profile.error());
  const std::string json = profile_json(*profile);
  if (!options.out.empty()) {
    const auto document = wire::parse_json(json);
    Inputs inputs;
    inputs.add(options.pack);
    inputs.except(options.pack + "/profile.json");
    for (const std::string& file : *files) inputs.add(file);
    if (auto done = write_file(options.out, (document ? wire::pretty_json(*document) : json) + "\n", inputs); !done) return console.fail(done.error());
  }
  for (const ProfiledPath& path : profile->paths) {
    const auto common = std::max_element(path.shapes.begin(), path.shapes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    const std::string shape = common == path.shapes.end() ? "" : common->first + (path.shapes.size() > 1 ? " +" + std::to_string(path.shapes.size() - 1) : "");
    console.say(padded(path.path, 52) + " " + padded(std::to_string(path.filled) + "/" + std::to_string(path.count), 13) + " " + shape);
  }
  for (const auto& [id, times] : profile->refused) console.say(std::string(console.pick("refused: ", "被拒绝：")) + id + "  ×" + std::to_string(times));
  console.say(std::to_string(profile->messages) + std::string(console.pick(" messages", " 份报文")));
  console.machine(json);
  return kDone;
}

} // namespace

void add_map_scaffold_commands(CLI::App& map, Run& run) {
  auto draft = std::make_shared<ScaffoldCommand>();
  CLI::App* one = map.add_subcommand("scaffold", "Draft a pack from a WSDL, XSD, OpenAPI document, CREATE TABLE file or a folder of captured messages");
  one->add_option("SOURCE", draft->what.source, "File or folder")->required();
  one->add_option("--out", draft->out, "Folder for the draft; must be new or empty")->required();
  one->add_option("--system", draft->what.system, "Id of the pack (default: the name of the folder)");
  one->add_option("--only", draft->what.only, "One operation, element, path or table");
  one->callback([draft, &run] { run = [draft](const Console& console) { return run_scaffold(*draft, console); }; });

  auto profile = std::make_shared<ProfileCommand>();
  one = map.add_subcommand("profile", "Learn counts and shapes of real messages, never values of personal fields");
  add_pack_options(one, profile);
  one->add_option("--in", profile->folder, "Folder with messages")->required();
  one->add_option("--out", profile->out, "Write it there, too: profile.json in the pack is read by `map check`");
  one->callback([profile, &run] { run = [profile](const Console& console) { return run_profile(*profile, console); }; });
}

} // namespace tongqu::tool
