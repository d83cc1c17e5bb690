#include "mapping/author/pack_files.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "mapping/yaml_reader.hpp"

namespace tongqu::mapping::author {
namespace {

namespace fs = std::filesystem;
using wire::YamlNode;

Result<YamlNode> read_yaml(const std::string& folder, const std::string& file) {
  const auto bytes = detail::read_file(folder + "/" + file);
  if (!bytes) return Error(Errc::base_file_unreadable).at(file);
  auto root = wire::parse_yaml(*bytes);
  if (!root) return Error(root.error().code()).at(file + ":" + root.error().where());
  return root;
}

void add_sites(const YamlNode& node, const std::string& name, const std::string& path, std::vector<RuleSite>& out) {
  for (const auto& [key, value] : node.members) {
    if (!value.is_mapping() || (key.text == "table" && !name.empty())) continue;
    const std::string inner = name.empty() ? key.text : name + "." + key.text;
    const std::string inner_path = path + "." + key.text;
    if (!is_rule_node(value)) {
      add_sites(value, inner, inner_path, out);
      continue;
    }
    const YamlNode* rules = value.find("rules");
    out.push_back({inner, inner_path, &value, key.line, rules != nullptr});
    if (rules != nullptr) add_sites(*rules, inner, inner_path, out);
  }
}

} // namespace

bool is_rule_node(const YamlNode& node) {
  static constexpr std::string_view kKeys[] = {"from", "maybe", "const", "param", "value", "each"};
  return node.is_mapping() && std::any_of(std::begin(kKeys), std::end(kKeys), [&node](std::string_view key) { return node.find(key) != nullptr; });
}

Result<std::vector<PackDocument>> read_documents(const std::string& folder) {
  std::vector<PackDocument> out;
  TONGQU_TRY(YamlNode pack, read_yaml(folder, "pack.yaml"));
  std::vector<std::string> files;
  if (const YamlNode* mappings = pack.find("mappings"); mappings != nullptr) {
    for (const YamlNode& item : mappings->items) {
      if (const YamlNode* file = item.find("file"); file != nullptr) files.push_back(file->text);
    }
  }
  out.push_back({"pack.yaml", std::move(pack)});
  for (const std::string& file : files) {
    TONGQU_TRY(YamlNode root, read_yaml(folder, file));
    out.push_back({file, std::move(root)});
  }
  return out;
}

std::vector<RuleSite> rule_sites(const YamlNode& mapping) {
  std::vector<RuleSite> out;
  if (const YamlNode* identity = mapping.find("identity"); identity != nullptr) add_sites(*identity, "identity", "identity", out);
  for (const char* key : {"record", "event"}) {
    const YamlNode* node = mapping.find(key);
    if (node != nullptr && is_rule_node(*node)) out.push_back({key, key, node, node->line, false});
  }
  if (const YamlNode* rules = mapping.find("rules"); rules != nullptr) add_sites(*rules, "", "rules", out);
  return out;
}

Result<PackCopy> PackCopy::make(const std::string& folder) {
  PackCopy copy;
  std::error_code failed;
  const fs::path source = fs::canonical(folder, failed);
  if (failed) return Error(Errc::mapping_pack_missing).at(folder);
  std::string pattern = (fs::temp_directory_path(failed) / "tongqu-pack-XXXXXX").string();
  if (failed || ::mkdtemp(pattern.data()) == nullptr) return Error(Errc::base_file_unwritable).at("the temporary folder");
  copy.top_ = pattern;
  copy.source_ = source.string();
  copy.folder_ = (fs::path(pattern) / source.filename()).string();
  // Packs may name files beside them (a vendor's pack that this one extends), so the neighbours are linked too.
  for (const auto& entry : fs::directory_iterator(source.parent_path(), fs::directory_options::skip_permission_denied, failed)) {
    if (entry.path() != source) fs::create_symlink(entry.path(), fs::path(pattern) / entry.path().filename(), failed);
  }
  fs::create_directory(copy.folder_, failed);
  for (const auto& entry : fs::recursive_directory_iterator(source, failed)) {
    const fs::path to = fs::path(copy.folder_) / fs::relative(entry.path(), source, failed);
    if (entry.is_directory(failed)) fs::create_directory(to, failed);
    else fs::create_symlink(entry.path(), to, failed);
    if (failed) return Error(Errc::base_file_unwritable).at("the temporary folder");
  }
  return copy;
}

PackCopy::~PackCopy() {
  std::error_code ignored;
  if (!top_.empty()) fs::remove_all(top_, ignored);
}

Result<void> PackCopy::replace(const std::string& file, std::string_view text) const {
  std::error_code ignored;
  const std::string at = folder_ + "/" + file;
  fs::remove(at, ignored);
  std::ofstream out(at, std::ios::binary);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  return out ? Result<void>() : Result<void>(Error(Errc::base_file_unwritable).at("the temporary folder"));
}

Result<void> PackCopy::restore(const std::string& file) const {
  std::error_code failed;
  fs::remove(folder_ + "/" + file, failed);
  fs::create_symlink(source_ + "/" + file, folder_ + "/" + file, failed);
  return failed ? Result<void>(Error(Errc::base_file_unwritable).at("the temporary folder")) : Result<void>();
}

} // namespace tongqu::mapping::author
