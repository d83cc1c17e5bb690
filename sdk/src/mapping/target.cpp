#include <algorithm>
#include <map>
#include <set>

#include "mapping/date_pattern.hpp"
#include "mapping/reply.hpp"
#include "mapping/rule_compiler.hpp"
#include "mapping/rule_run.hpp"
#include "mapping/source_mapping.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::mapping {
namespace detail {
namespace {

constexpr std::size_t kMessageIdBytes = 16;

struct TargetMessage {
  std::string name;
  std::optional<Expression> when;
  std::vector<std::string> after;
  std::unique_ptr<Block> rules;
  bool each = false;                       ///< One message for each element of a list.
  std::uint16_t list = 0, scope = 0;
  std::vector<Expression> key;             ///< What tells the messages of the elements apart.
};

bool is_json_number(std::string_view text) {
  const auto parsed = wire::parse_json(text);
  return parsed && parsed->root().kind() == wire::NodeKind::number;
}

/// Writes what the rules of a target give as one JSON object. A group or list without members is left out.
class JsonBuilder {
public:
  struct Inputs { const Scopes& scopes; std::vector<Frame>& frames; Scope::Unused& unused; };
  JsonBuilder(Inputs inputs, RuleRun& run) : in_(inputs), run_(run) {}
  void object(const Block& block, std::string& out);

private:
  bool member(const Item& item, bool first, std::string& out);
  bool rule(const Rule& rule, std::string& out);
  bool value(const Rule& rule, std::string& out);
  bool list(const ListRule& list, std::string& out);

  Inputs in_;
  RuleRun& run_;
  Got got_;
};

void JsonBuilder::object(const Block& block, std::string& out) {
  out += '{';
  bool first = true;
  for (const Item& item : block.items) first = !member(item, first, out) && first;
  out += '}';
}

bool JsonBuilder::member(const Item& item, bool first, std::string& out) {
  if (item.group && item.group->when && !run_.holds(*item.group->when, item.group->name)) return false;
  const std::size_t size = out.size();
  if (!first) out += ',';
  wire::append_json_string(out, item.rule ? item.rule->name : item.list ? item.list->name : item.group->name);
  out += ':';
  bool written = false;
  if (item.rule) {
    written = rule(*item.rule, out);
  } else if (item.list) {
    written = list(*item.list, out);
  } else {
    const std::size_t before = out.size();
    const std::string outside = run_.list_prefix;
    run_.list_prefix += item.group->name + ".";
    object(*item.group, out);
    run_.list_prefix = outside;
    written = out.size() > before + 2;
  }
  if (!written) out.resize(size);
  return written;
}

bool JsonBuilder::rule(const Rule& rule, std::string& out) {
  run_.evaluate(rule, got_);
  if (got_.state != Got::State::value && got_.state != Got::State::raw) return false;
  if (got_.value.type != ValueType::text_list || got_.state == Got::State::raw) return value(rule, out);
  out += '[';
  for (std::size_t i = 0; i < got_.value.list.size(); ++i) {
    if (rule.table && got_.rows[i] == nullptr) continue;
    if (out.back() != '[') out += ',';
    wire::append_json_string(out, rule.table ? std::string_view(got_.rows[i]->name) : got_.value.list[i]);
  }
  out += ']';
  return true;
}

bool JsonBuilder::value(const Rule& rule, std::string& out) {
  const std::string_view text = got_.row != nullptr ? std::string_view(got_.row->name) : got_.value.text;
  if (rule.json == JsonForm::text) {
    wire::append_json_string(out, text);
    return true;
  }
  const bool good = rule.json == JsonForm::number ? is_json_number(text) : text == "true" || text == "false";
  if (good) {
    out += text;
    return true;
  }
  const Bilingual expected = rule.json == JsonForm::number ? Bilingual{"a number", "数值"} : Bilingual{"true or false", "true 或 false"};
  if (run_.fault(rule, {Fault::malformed, Errc::mapping_malformed, 0, expected, text, true}) == Policy::drop) run_.inform(rule, Errc::mapping_dropped, 0);
  return false;
}

bool JsonBuilder::list(const ListRule& list, std::string& out) {
  const Chosen chosen = choose_elements(list, run_);
  const std::string outside = run_.list_prefix;
  std::size_t made = 0;
  out += '[';
  for (const std::uint32_t node : chosen.nodes) {
    in_.scopes.all[list.scope]->walk(*chosen.document, node, nullptr, in_.frames[list.scope], in_.unused);
    if (list.when && !chosen.judged && !run_.holds(*list.when, list.name)) continue;
    const std::size_t size = out.size();
    if (made != 0) out += ',';
    run_.list_prefix = outside + list.name + "[" + std::to_string(made) + "].";
    bool written = true;
    if (list.element) written = rule(*list.element, out);
    else object(*list.block, out);
    if (written) ++made;
    else out.resize(size);
  }
  run_.list_prefix = outside;
  out += ']';
  return made != 0 || list.empty_is_none;
}

model::Identity identity_of(const wire::Node& root) {
  model::Identity identity;
  const wire::Node node = root.child("identity");
  if (!node) return identity;
  const auto text = [&node](std::string_view name) {
    const wire::Node member = node.child(name);
    return member ? std::string(member.raw_text()) : std::string();
  };
  identity.organisation = text("organisation");
  identity.item = text("item");
  identity.case_no = text("case");
  identity.event = text("event");
  identity.revision = text("revision");
  return identity;
}

class LoadedTarget final : public Target {
public:
  const std::string& id() const override { return id_; }
  const std::string& digest() const override { return digest_; }
  Result<Planned> plan(std::string_view canonical, const Environment& environment, Workspace& workspace) const override;
  Result<ReplyReading> read_reply(const ReplyInput& reply) const override;
  void read(const YamlNode& root, const Mistakes& mistakes, const std::string& folder, std::string_view bytes);

private:
  void read_message(const YamlNode& node, const Mistakes& mistakes, RuleCompiler& compiler);
  void read_each(const YamlNode& node, const Mistakes& mistakes, RuleCompiler& compiler, TargetMessage& message);
  std::string message_id(const model::Identity& identity, std::string_view name) const;
  /// One plan while it is made.
  struct Plan { const model::Identity& identity; RuleRun& run; JsonBuilder& builder; std::string& json; Planned& out; std::map<std::string, std::vector<std::string>, std::less<>> ids; };
  void add_message(const TargetMessage& message, const std::string& name, Plan& plan) const;
  void add_elements(const TargetMessage& message, std::vector<Frame>& frames, Scope::Unused& unused, Plan& plan) const;
  void make_digest(const std::string& folder, std::string_view bytes);

  std::string id_;
  std::string digest_;
  model::EntityId entity_ = model::EntityId::case_;
  wire::NameSet names_;
  Scopes scopes_;
  std::vector<TargetMessage> messages_;
  std::unique_ptr<ReplyReader> reply_;
  std::vector<std::string> files_;
};

void LoadedTarget::read(const YamlNode& root, const Mistakes& mistakes, const std::string& folder, std::string_view bytes) {
  if (!check_keys(root, {"target", "from", "zone", "types", "tables", "messages", "reply"}, "", mistakes)) return;
  id_ = member_text(root, "target", Need::required, "", mistakes).value_or("");
  const auto from = member_text(root, "from", Need::required, "", mistakes);
  const auto entity = model::entity_from_version(from.value_or("case@1"));
  if (!entity) mistakes.add(Errc::mapping_wrong_shape, *root.find("from"), "from", one_of(model::entity_versions()));
  entity_ = entity.value_or(entity_);
  scopes_.root = scopes_.add();
  std::optional<std::int16_t> zone_minutes;
  if (const YamlNode* zone = root.find("zone"); zone != nullptr) {
    zone_minutes = zone_minutes_of(zone->text);
    if (!zone_minutes) mistakes.add(Errc::mapping_wrong_shape, *zone, "zone", same("+08:00"));
  }
  RuleCompiler compiler({mistakes, Side::target, entity_, folder, {}, {}, zone_minutes, false, names_, scopes_, &files_});
  compiler.enter_root();
  compiler.read_types(root.find("types"));
  compiler.read_tables(root.find("tables"));
  const YamlNode* messages = root.find("messages");
  const bool only_reply = messages == nullptr && root.find("reply") != nullptr;  // For a system that is called: what it answers.
  if (!only_reply && (messages == nullptr || !messages->is_sequence() || messages->items.empty())) {
    mistakes.add(messages == nullptr ? Errc::mapping_missing_key : Errc::mapping_wrong_shape, messages == nullptr ? root : *messages, "messages");
    return;
  }
  for (std::size_t i = 0; !only_reply && i < messages->items.size(); ++i) read_message(messages->items[i], mistakes, compiler);
  if (const YamlNode* reply = root.find("reply"); reply != nullptr) reply_ = ReplyReader::compile(*reply, mistakes, folder);
  scopes_.share_reads(names_);
  names_.freeze();
  make_digest(folder, bytes);
}

void LoadedTarget::read_message(const YamlNode& node, const Mistakes& mistakes, RuleCompiler& compiler) {
  if (!check_keys(node, {"name", "when", "after", "each", "key", "rules"}, "messages", mistakes)) return;
  TargetMessage message;
  message.name = member_text(node, "name", Need::required, "messages", mistakes).value_or("");
  const auto named = [](std::string_view name) { return [name](const TargetMessage& other) { return other.name == name; }; };
  if (std::any_of(messages_.begin(), messages_.end(), named(message.name))) mistakes.add(Errc::mapping_duplicate_rule, node, "messages." + message.name);
  read_each(node, mistakes, compiler, message);
  if (const YamlNode* when = node.find("when"); when != nullptr) message.when = compiler.expression(*when, "messages." + message.name + ".when");
  if (const YamlNode* after = node.find("after"); after != nullptr) {
    message.after = texts(*after, "messages.after", mistakes);
    for (const std::string& name : message.after) {
      if (std::none_of(messages_.begin(), messages_.end(), named(name))) mistakes.add(Errc::mapping_wrong_shape, *after, "messages.after: " + name, {"a message that stands above", "位于其上方的报文"});
    }
  }
  compiler.next_message();
  if (const YamlNode* rules = node.find("rules"); rules != nullptr) message.rules = compiler.rules(*rules);
  else mistakes.add(Errc::mapping_missing_key, node, "messages." + message.name + ".rules");
  compiler.enter_root();
  messages_.push_back(std::move(message));
}

/// `each` and `key`: the rules, `when` and `key` start from one element then; `/name` is the record.
void LoadedTarget::read_each(const YamlNode& node, const Mistakes& mistakes, RuleCompiler& compiler, TargetMessage& message) {
  const std::string subject = "messages." + message.name;
  const YamlNode* each = node.find("each");
  const YamlNode* key = node.find("key");
  if (each == nullptr && key == nullptr) return;
  if (each == nullptr || key == nullptr) {
    mistakes.add(Errc::mapping_missing_key, node, subject + (each == nullptr ? ".each" : ".key"), {"each and key together", "each 与 key 须同用"});
    return;
  }
  std::vector<Path> paths;
  std::string problem;
  if (!each->is_scalar() || !parse_path(each->text, PathSyntax::dots, paths, problem) || paths.size() != 1 || paths[0].origin != Origin::here) {
    mistakes.add(Errc::mapping_path_invalid, *each, subject + ".each", {"one path to a list", "指向列表的单个路径"});
    return;
  }
  message.each = true;
  message.scope = scopes_.each(scopes_.root, paths[0].steps, names_, message.list);
  compiler.enter_scope(message.scope);
  message.key = compiler.key_expressions(*key, subject + ".key");
}

void LoadedTarget::make_digest(const std::string& folder, std::string_view bytes) {
  crypto::Hasher hasher(crypto::Hasher::Algorithm::sm3);
  hasher.update(std::to_string(bytes.size()) + ":");
  hasher.update(bytes);
  for (const std::string& name : files_) {
    const std::string content = read_file(folder + "/" + name).value_or("");
    hasher.update(name + ":" + std::to_string(content.size()) + ":");
    hasher.update(content);
  }
  digest_ = to_hex(hasher.finish());
}

std::string LoadedTarget::message_id(const model::Identity& identity, std::string_view name) const {
  std::string text = id_ + "\n" + identity.key() + "\n";
  text += name;
  return to_hex(crypto::sm3(text)).substr(0, 2 * kMessageIdBytes);
}

void LoadedTarget::add_message(const TargetMessage& message, const std::string& name, Plan& plan) const {
  OutMessage out;
  out.name = message.name;
  out.message_id = message_id(plan.identity, name);
  for (const std::string& before : message.after) {
    const auto found = plan.ids.find(before);
    if (found != plan.ids.end()) out.after.insert(out.after.end(), found->second.begin(), found->second.end());
  }
  // Written where there is room already, and kept in as many bytes as it takes.
  plan.json.clear();
  plan.builder.object(*message.rules, plan.json);
  out.body.assign(plan.json);
  plan.ids[message.name].push_back(out.message_id);
  plan.out.messages.push_back(std::move(out));
}

/// One message for each element. Its id hangs on the element's key, never on its place, which the next delivery may change.
void LoadedTarget::add_elements(const TargetMessage& message, std::vector<Frame>& frames, Scope::Unused& unused, Plan& plan) const {
  const Frame& record = frames[scopes_.root];
  const std::vector<std::uint32_t> nodes = message.list < record.lists.size() ? record.lists[message.list] : std::vector<std::uint32_t>();
  std::set<std::string> seen;
  for (std::size_t i = 0; i < nodes.size() && !plan.run.stopped(); ++i) {
    scopes_.all[message.scope]->walk(*record.document, nodes[i], nullptr, frames[message.scope], unused);
    if (message.when && !plan.run.holds(*message.when, message.name)) continue;
    const auto key = row_key(message.key, plan.run);
    if (key && seen.insert(*key).second) {
      add_message(message, message.name + "\n" + *key, plan);
      continue;
    }
    Finding finding;
    finding.id = key ? Errc::mapping_duplicate_key : Errc::mapping_missing;
    finding.path = message.name + "[" + std::to_string(i) + "].key";
    finding.rule = message.name;
    plan.out.findings.add(std::move(finding));
    plan.run.worsen(RecordVerdict::held);
  }
}

Result<ReplyReading> LoadedTarget::read_reply(const ReplyInput& reply) const {
  if (!reply_) return Error(Errc::mapping_reply_unknown).at(id_);
  return reply_->read(reply, Limits());
}

Result<Planned> LoadedTarget::plan(std::string_view canonical, const Environment& environment, Workspace& workspace) const {
  Workspace::State& state = workspace.state();
  wire::JsonOptions options;
  options.names = &names_;
  TONGQU_CHECK(wire::parse_json_into(state.canonical, canonical, options));
  state.arena.reset();
  state.frames.resize(std::max(state.frames.size(), scopes_.all.size()));
  const std::vector<std::string> part_names(scopes_.all.size(), "record");
  Planned planned;
  scopes_.all[scopes_.root]->walk(state.canonical, 0, nullptr, state.frames[scopes_.root], state.unused);
  Budget budget{environment.steps_max};
  RuleRun run({state.frames, part_names, nullptr, state.arena, planned.findings, nullptr, &scopes_, nullptr, &state.unused, &environment, &budget});
  JsonBuilder builder({scopes_, state.frames, state.unused}, run);
  const model::Identity identity = identity_of(state.canonical.root());
  Plan plan{identity, run, builder, state.json, planned, {}};
  for (const TargetMessage& message : messages_) {
    if (message.each) add_elements(message, state.frames, state.unused, plan);
    else if (!message.when || run.holds(*message.when, message.name)) add_message(message, message.name, plan);
  }
  state.unused.leaves.clear();
  if (planned.messages.empty() && run.verdict() == RecordVerdict::accepted) return Error(Errc::mapping_no_target_message).at(id_);
  // Nothing goes out when one message of the record could not be made: a platform must not see half a record.
  if (run.verdict() != RecordVerdict::accepted) {
    planned.verdict = RecordVerdict::held;
    planned.messages.clear();
  }
  return planned;
}

} // namespace
} // namespace detail

Result<std::shared_ptr<const Target>> Target::load(const std::string& file, Findings& mistakes) {
  const auto bytes = detail::read_file(file);
  if (!bytes) return Error(Errc::mapping_pack_missing).at(file);
  const std::size_t slash = file.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : file.substr(0, slash);
  const std::size_t before = mistakes.error_count();
  const detail::Mistakes collector(mistakes, slash == std::string::npos ? file : file.substr(slash + 1));
  auto target = std::make_shared<detail::LoadedTarget>();
  if (const auto root = wire::parse_yaml(*bytes); !root) collector.add_error(root.error(), file.substr(slash + 1));
  else target->read(*root, collector, folder, *bytes);
  if (mistakes.error_count() != before) return Error(Errc::mapping_pack_invalid).at(file).with(std::to_string(mistakes.error_count() - before));
  return std::shared_ptr<const Target>(std::move(target));
}

} // namespace tongqu::mapping
