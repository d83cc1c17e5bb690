#include "tongqu/mapping/pack.hpp"

#include <algorithm>
#include <filesystem>

#include "mapping/overlay.hpp"
#include "mapping/pack_tests.hpp"
#include "mapping/reverse/reverse_mapping.hpp"
#include "mapping/source_mapping.hpp"
#include "mapping/stage_run.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::mapping {
namespace detail {
namespace {

/// What must hold for a mapping to take a delivery. Empty: not asked.
struct Match {
  std::string family, operation, path, content_type, root;
  bool none = false;           ///< `match: none`: the mapping only writes.
  bool asks_operation() const noexcept { return !operation.empty(); }
};

struct Entry {
  Match match;
  std::unique_ptr<SourceMapping> mapping;
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string media_type(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  return lower(type);
}

/// Local name of the document element, read without a gate: it only routes, the stages judge.
std::string_view root_name(const wire::Part& body) {
  if (body.document) return body.document->root() ? body.document->root().name() : std::string_view();
  std::string_view text = std::string_view(body.bytes).substr(0, 4096);
  for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    if (text.substr(at, 4) == "<!--") at = text.find("-->", at);
    if (at == std::string_view::npos) return {};
    if (at + 1 >= text.size() || text[at] != '<' || text[at + 1] == '?' || text[at + 1] == '!') continue;
    std::string_view name = text.substr(at + 1, text.find_first_of(" \t\r\n/>", at) - at - 1);
    if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
    return name;
  }
  return {};
}

class LoadedPack final : public Pack {
public:
  const PackInfo& info() const override { return info_; }
  Result<MappedDelivery> run_delivery(const wire::Delivery& delivery, const Environment& environment, Workspace& workspace) const override;
  Result<MappedDelivery> run_each(const wire::Delivery& delivery, const Environment& environment, Workspace& workspace, RecordSink& sink) const;
  Result<std::vector<MappedRecord>> run(const wire::Delivery& delivery, const Environment& environment, Workspace& workspace) const override;
  AnswerText answer(const wire::Delivery& delivery, AnswerKind kind, const AnswerFacts& facts) const override;
  const BatchAnswer* batch_answer(const wire::Delivery& delivery) const override;
  TestReport run_tests(const Environment& environment) const override;
  Result<Reversed> reverse(std::string_view canonical, std::string_view mapping, const Environment& environment, Workspace& workspace) const override {
    return reverse_with(mappings(), canonical, mapping, {environment, info_, names_, workspace.state()});
  }
  Result<std::vector<LawReport>> check_laws(const LawOptions& options, const Environment& site, Workspace& workspace) const override;

  void read(const YamlNode& root, const Mistakes& mistakes, const std::map<std::string, std::string>& site_params);

private:
  std::vector<const SourceMapping*> mappings() const {
    std::vector<const SourceMapping*> all;
    for (const Entry& entry : entries_) all.push_back(entry.mapping.get());
    return all;
  }
  void read_own(const YamlNode& root, const Mistakes& mistakes, const std::map<std::string, std::string>& site_params);
  void extend(YamlNode root, const Mistakes& mistakes, const std::map<std::string, std::string>& site_params);
  void read_head(const YamlNode& root, const Mistakes& mistakes);
  void read_params(const YamlNode& root, const Mistakes& mistakes, const std::map<std::string, std::string>& site_params);
  void read_connector(const YamlNode& root, const Mistakes& mistakes);
  void read_mapping(const YamlNode& node, const Mistakes& mistakes);
  void check_never_sent(const YamlNode& root, const Mistakes& mistakes);
  void make_digest();
  Result<const Entry*> choose(const wire::Delivery& delivery) const;
  bool takes(const Entry& entry, const wire::Delivery& delivery, std::string_view operation) const;
  Result<std::string> operation_of(const wire::Delivery& delivery) const;

  PackInfo info_;
  std::map<std::string, std::string> params_;
  wire::NameSet names_;
  std::vector<Entry> entries_;
  std::vector<std::string> files_;
  std::optional<Overlay> overlay_;
  std::vector<MappingTest> tests_;               ///< Of an overlay, instead of those of its base.
  const Functions* functions_ = nullptr;   ///< While it is compiled.
  friend class tongqu::mapping::Pack;
};

void LoadedPack::read(const YamlNode& root, const Mistakes& mistakes, const std::map<std::string, std::string>& site_params) {
  if (root.find("extends") != nullptr) extend(root, mistakes, site_params);
  else read_own(root, mistakes, site_params);
}

void LoadedPack::extend(YamlNode root, const Mistakes& mistakes, const std::map<std::string, std::string>& site_params) {
  shift_lines(root);
  overlay_ = read_overlay(root, info_.folder, mistakes, functions_);
  if (!overlay_) return;
  read_own(overlay_->head, mistakes.for_file("../" + root.find("extends")->find("pack")->text + "/pack.yaml"), site_params);
  if (const YamlNode* tests = root.find("tests"); tests != nullptr) tests_ = compile_tests(*tests, mistakes);
  for (const auto& [id, body] : overlay_->changes) {
    const auto has_id = [&id = id](const Entry& entry) { return entry.mapping->id() == id; };
    if (std::none_of(entries_.begin(), entries_.end(), has_id)) mistakes.add(Errc::mapping_extends_invalid, *body, "changes." + id, {"a mapping of the pack that is extended", "被扩展映射包中的映射"});
  }
  overlay_->changes.clear();
}

void LoadedPack::read_own(const YamlNode& root, const Mistakes& mistakes, const std::map<std::string, std::string>& site_params) {
  if (!check_keys(root, {"pack", "system", "version", "title", "params", "never_sent", "connector", "mappings"}, "", mistakes)) return;
  read_head(root, mistakes);
  read_params(root, mistakes, site_params);
  read_connector(root, mistakes);
  if (const YamlNode* never = root.find("never_sent"); never != nullptr) info_.never_sent = texts(*never, "never_sent", mistakes);
  const YamlNode* mappings = root.find("mappings");
  if (mappings == nullptr || !mappings->is_sequence() || mappings->items.empty()) {
    mistakes.add(mappings == nullptr ? Errc::mapping_missing_key : Errc::mapping_wrong_shape, mappings == nullptr ? root : *mappings, "mappings");
    return;
  }
  for (const YamlNode& node : mappings->items) read_mapping(node, mistakes);
  check_never_sent(root, mistakes);
  names_.freeze();
  make_digest();
}

void LoadedPack::read_head(const YamlNode& root, const Mistakes& mistakes) {
  info_.id = member_text(root, "pack", Need::required, "", mistakes).value_or("");
  const bool good = std::all_of(info_.id.begin(), info_.id.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  if (!good) mistakes.add(Errc::mapping_wrong_shape, *root.find("pack"), "pack", {"a-z, 0-9 and -", "仅 a-z、0-9 与 -"});
  info_.system = member_text(root, "system", Need::required, "", mistakes).value_or("");
  info_.version = member_text(root, "version", Need::required, "", mistakes).value_or("");
  if (const YamlNode* title = root.find("title"); title != nullptr && check_keys(*title, {"en", "zh"}, "title", mistakes)) {
    info_.title.en = member_text(*title, "en", Need::optional, "title", mistakes).value_or("");
    info_.title.zh = member_text(*title, "zh", Need::optional, "title", mistakes).value_or("");
  }
}

void LoadedPack::read_params(const YamlNode& root, const Mistakes& mistakes, const std::map<std::string, std::string>& site_params) {
  if (const YamlNode* params = root.find("params"); params != nullptr && params->is_mapping()) {
    for (const auto& [key, value] : params->members) {
      refuse_secret(value, "params." + key.text, mistakes);
      if (auto text = scalar(value, "params." + key.text, mistakes)) params_[key.text] = std::move(*text);
    }
  } else if (params != nullptr) {
    mistakes.add(Errc::mapping_wrong_shape, *params, "params");
  }
  for (const auto& [name, value] : site_params) {
    const auto known = params_.find(name);
    if (known == params_.end()) mistakes.add(Errc::mapping_unknown_param, root, name);
    else known->second = value;
  }
}

void LoadedPack::read_connector(const YamlNode& root, const Mistakes& mistakes) {
  const YamlNode* node = root.find("connector");
  if (node == nullptr || !check_keys(*node, {"family", "wsdl", "namespace"}, "connector", mistakes)) return;
  info_.connector.family = member_text(*node, "family", Need::optional, "connector", mistakes).value_or("");
  info_.connector.wsdl = member_text(*node, "wsdl", Need::optional, "connector", mistakes).value_or("");
  info_.connector.ns = member_text(*node, "namespace", Need::optional, "connector", mistakes).value_or("");
  if (!info_.connector.family.empty() && info_.connector.family != "soap" && info_.connector.family != "rest") {
    mistakes.add(Errc::mapping_wrong_shape, *node->find("family"), "connector.family", one_of({"soap", "rest"}));
  }
  if (info_.connector.wsdl.empty()) return;
  // The base's file, unless the overlay has one of its own.
  if (overlay_ && !Mistakes::of_overlay(*node->find("wsdl"))) {
    info_.connector.wsdl = mistakes.file().substr(0, mistakes.file().rfind('/') + 1) + info_.connector.wsdl;
    return;
  }
  if (!read_file(info_.folder + "/" + info_.connector.wsdl)) mistakes.add(Errc::mapping_file_missing, *node->find("wsdl"), info_.connector.wsdl);
  else files_.push_back(info_.connector.wsdl);
}

void LoadedPack::read_mapping(const YamlNode& node, const Mistakes& mistakes) {
  if (!check_keys(node, {"file", "match"}, "mappings", mistakes)) return;
  const auto file = member_text(node, "file", Need::required, "mappings", mistakes);
  if (!file) return;
  Entry entry;
  if (const YamlNode* match = node.find("match"); match != nullptr && match->is_scalar() && match->text == "none") {
    entry.match.none = true;
  } else if (match != nullptr && check_keys(*match, {"family", "operation", "path", "content_type", "root"}, "mappings.match", mistakes)) {
    const auto text = [match, &mistakes](std::string_view key) { return member_text(*match, key, Need::optional, "mappings.match", mistakes).value_or(""); };
    entry.match = {text("family"), text("operation"), text("path"), media_type(text("content_type")), text("root")};
  }
  const auto bytes = read_file((overlay_ ? overlay_->base_folder : info_.folder) + "/" + *file);
  if (!bytes || file->find("..") != std::string::npos) {
    mistakes.add(Errc::mapping_file_missing, *node.find("file"), *file);
    return;
  }
  if (!overlay_) files_.push_back(*file);
  const Mistakes inside = mistakes.for_file(overlay_ ? mistakes.file().substr(0, mistakes.file().rfind('/') + 1) + *file : *file);
  auto parsed = wire::parse_yaml(*bytes);
  if (!parsed) {
    inside.add_error(parsed.error(), *file);
    return;
  }
  if (overlay_) {
    const YamlNode* id = parsed->find("mapping");
    const auto changes = id == nullptr ? overlay_->changes.end() : overlay_->changes.find(id->text);
    if (changes != overlay_->changes.end()) apply_changes(*parsed, *changes->second, "changes." + id->text, inside);
  }
  entry.mapping = SourceMapping::compile(*parsed, {inside, overlay_ ? overlay_->base_folder : info_.folder, overlay_ ? info_.folder : std::string(), params_, names_, files_, info_.never_sent, info_.system, functions_});
  info_.mappings.push_back({entry.mapping->id(), inside.file()});
  entries_.push_back(std::move(entry));
}

void LoadedPack::check_never_sent(const YamlNode& root, const Mistakes& mistakes) {
  for (const std::string& name : info_.never_sent) {
    Place place;
    const std::vector<model::EntityId> entities = model::all_entities();
    const bool known = std::any_of(entities.begin(), entities.end(), [&](model::EntityId entity) { return find_place(entity, name, place); });
    if (!known) mistakes.add(Errc::mapping_unknown_target_field, *root.find("never_sent"), name, {}, same(nearest_field(model::EntityId::case_, name)));
  }
}

void LoadedPack::make_digest() {
  std::vector<std::string> names = files_;
  names.push_back("pack.yaml");
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  crypto::Hasher hasher(crypto::Hasher::Algorithm::sm3);
  const auto add = [&hasher](std::string_view text) {
    hasher.update(std::to_string(text.size()) + ":");
    hasher.update(text);
  };
  if (overlay_) add(overlay_->base_digest);
  for (const std::string& name : names) {
    add(name);
    add(read_file(info_.folder + "/" + name).value_or(""));
  }
  for (const auto& [name, value] : params_) {
    add(name);
    add(value);
  }
  info_.digest = to_hex(hasher.finish());
}

bool LoadedPack::takes(const Entry& entry, const wire::Delivery& delivery, std::string_view operation) const {
  const Match& match = entry.match;
  if (match.none) return false;
  if (!match.family.empty() && !delivery.fact("family").empty() && match.family != delivery.fact("family")) return false;
  if (!match.operation.empty() && match.operation != "any" && match.operation != operation) return false;
  if (!match.path.empty() && match.path != delivery.fact("path")) return false;
  if (!match.content_type.empty() && match.content_type != media_type(delivery.fact("content_type"))) return false;
  return match.root.empty() || (!delivery.parts.empty() && match.root == root_name(delivery.parts.front()));
}

/// The operation fact, or the operation of the envelope when nobody told it.
Result<std::string> LoadedPack::operation_of(const wire::Delivery& delivery) const {
  if (const std::string_view fact = delivery.fact("operation"); !fact.empty()) return std::string(fact);
  const bool asked = std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.match.asks_operation(); });
  if (!asked || delivery.parts.empty()) return std::string();
  const wire::Part& body = delivery.parts.front();
  if (body.document) {
    const wire::Node operation = soap_operation(*body.document);
    return operation ? std::string(operation.name()) : std::string();
  }
  wire::XmlOptions options;
  options.transport = wire::encoding_from_label(delivery.fact("charset"));
  const auto document = wire::parse_xml(body.bytes, options);
  if (!document) return Error(document.error());
  const wire::Node operation = soap_operation(*document);
  return operation ? std::string(operation.name()) : std::string();
}

Result<const Entry*> LoadedPack::choose(const wire::Delivery& delivery) const {
  const auto operation = operation_of(delivery);
  const Entry* chosen = nullptr;
  for (const Entry& entry : entries_) {
    if (!takes(entry, delivery, operation ? std::string_view(*operation) : std::string_view())) continue;
    if (chosen != nullptr) return Error(Errc::mapping_ambiguous_match).with(chosen->mapping->id() + ", " + entry.mapping->id());
    chosen = &entry;
  }
  // What cannot be read has no operation; that is what its sender must hear, and where.
  if (chosen == nullptr && !operation) return placed(operation.error(), "body");
  if (chosen == nullptr) return Error(Errc::mapping_no_match).with(*operation);
  return chosen;
}

Result<MappedDelivery> LoadedPack::run_delivery(const wire::Delivery& delivery, const Environment& environment, Workspace& workspace) const {
  TONGQU_TRY(const Entry* entry, choose(delivery));
  return entry->mapping->run(delivery, {environment, info_, names_, workspace.state()});
}

Result<MappedDelivery> LoadedPack::run_each(const wire::Delivery& delivery, const Environment& environment, Workspace& workspace, RecordSink& sink) const {
  TONGQU_TRY(const Entry* entry, choose(delivery));
  return entry->mapping->run_each(delivery, {environment, info_, names_, workspace.state()}, sink);
}

Result<std::vector<MappedRecord>> LoadedPack::run(const wire::Delivery& delivery, const Environment& environment, Workspace& workspace) const {
  TONGQU_TRY(MappedDelivery mapped, run_delivery(delivery, environment, workspace));
  if (mapped.waiting) return Error(Errc::wire_frame_incomplete).at(mapped.waiting->part + " offset " + std::to_string(mapped.waiting->offset));
  if (!mapped.findings.empty()) {
    mapped.findings.append(std::move(mapped.records.front().findings));
    mapped.records.front().findings = std::move(mapped.findings);
  }
  return std::move(mapped.records);
}

AnswerText LoadedPack::answer(const wire::Delivery& delivery, AnswerKind kind, const AnswerFacts& facts) const {
  AnswerText none;
  none.fault = true;
  const auto entry = choose(delivery);
  if (!entry || (*entry)->mapping->answer() == nullptr) return none;
  return (*entry)->mapping->answer()->make(kind, facts);
}

const BatchAnswer* LoadedPack::batch_answer(const wire::Delivery& delivery) const {
  const auto entry = choose(delivery);
  if (!entry || (*entry)->mapping->answer() == nullptr) return nullptr;
  return (*entry)->mapping->answer()->batch();
}

Result<std::vector<LawReport>> LoadedPack::check_laws(const LawOptions& options, const Environment& site, Workspace& workspace) const {
  Environment environment = site;
  std::shared_ptr<const Lookup> samples;
  if (environment.lookup == nullptr) {
    TONGQU_TRY(samples, sample_lookup(info_.folder));
    environment.lookup = samples.get();
  }
  LawOptions own = options;
  if (overlay_) {
    own.samples.emplace();
    for (const MappingTest& test : tests_) {
      wire::Delivery delivery;
      if (test.verdict != RecordVerdict::accepted || !read_sample(info_, test.in, delivery).empty()) continue;
      if (const auto entry = choose(delivery)) (*own.samples)[(*entry)->mapping->id()].push_back(test.in);
    }
  }
  return check_laws_of(mappings(), own, {environment, info_, names_, workspace.state()});
}

Pack::TestReport LoadedPack::run_tests(const Environment& site) const {
  TestReport report;
  Environment environment = site;
  const auto samples = sample_lookup(info_.folder);
  if (!samples) report.failures.push_back("samples/lookup/" + describe(samples.error()));
  else if (environment.lookup == nullptr) environment.lookup = samples->get();
  Workspace workspace;
  // What the base promises under its own parameters is the base's business.
  for (const MappingTest& test : tests_) run_test(*this, test, environment, workspace, report);
  if (overlay_) return report;
  for (const Entry& entry : entries_) {
    for (const MappingTest& test : entry.mapping->tests()) run_test(*this, test, environment, workspace, report);
  }
  return report;
}

} // namespace
} // namespace detail

Result<MappedDelivery> run_each(const Pack& pack, const wire::Delivery& delivery, const Environment& environment, Workspace& workspace, RecordSink& sink) {
  const auto* const loaded = dynamic_cast<const detail::LoadedPack*>(&pack);
  TONGQU_ASSERT(loaded != nullptr, "packs are made by Pack::load");
  return loaded->run_each(delivery, environment, workspace, sink);
}

Result<std::shared_ptr<const Pack>> Pack::load(const std::string& folder, const std::map<std::string, std::string>& site_params, Findings& mistakes, const Functions* functions) {
  const auto bytes = detail::read_file(folder + "/pack.yaml");
  if (!bytes) return Error(Errc::mapping_pack_missing).at(folder);
  const std::size_t before = mistakes.error_count();
  const detail::Mistakes collector(mistakes, "pack.yaml", "pack.yaml");
  auto pack = std::make_shared<detail::LoadedPack>();
  pack->info_.folder = folder;
  pack->functions_ = functions;
  if (const auto root = wire::parse_yaml(*bytes); !root) collector.add_error(root.error(), "pack.yaml");
  else pack->read(*root, collector, site_params);
  if (mistakes.error_count() != before) return Error(Errc::mapping_pack_invalid).at(folder).with(std::to_string(mistakes.error_count() - before));
  return std::shared_ptr<const Pack>(std::move(pack));
}

} // namespace tongqu::mapping
