#include "mapping/reply.hpp"

#include <algorithm>

#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::mapping {
namespace {

struct ClassName { std::string_view name; ReplyClass value; };
constexpr ClassName kClasses[] = {{"accepted", ReplyClass::accepted},       {"duplicate", ReplyClass::duplicate},     {"fix_input", ReplyClass::fix_input},
                                  {"fix_setup", ReplyClass::fix_setup},     {"retry_later", ReplyClass::retry_later}, {"give_up", ReplyClass::give_up}};
const std::vector<std::string_view> kRefusals = {"duplicate", "fix_input", "fix_setup", "retry_later", "give_up"};

} // namespace

std::string_view reply_class_name(ReplyClass is) noexcept {
  for (const ClassName& row : kClasses) {
    if (row.value == is) return row.name;
  }
  return "give_up";
}

namespace detail {
namespace {

std::optional<ReplyClass> refusal_named(std::string_view name) {
  const auto* row = std::find_if(std::begin(kClasses), std::end(kClasses), [name](const ClassName& r) { return r.name == name; });
  if (row == std::end(kClasses) || row->value == ReplyClass::accepted) return std::nullopt;
  return row->value;
}

std::string text_of(const std::optional<Expression>& expression, RuleRun& run) {
  if (!expression) return {};
  ExprTrouble trouble;
  const ExprValue value = expression->value(run, trouble);
  return value.absent ? std::string() : std::string(value.text);
}

} // namespace

std::unique_ptr<ReplyReader> ReplyReader::compile(const YamlNode& node, const Mistakes& mistakes, const std::string& folder) {
  auto made = std::make_unique<ReplyReader>();
  if (!check_keys(node, {"format", "success", "classes", "otherwise", "receipt", "code", "text"}, "reply", mistakes)) return made;
  const std::string format = member_text(node, "format", Need::required, "reply", mistakes).value_or("json");
  made->xml_ = format == "xml";
  if (format != "xml" && format != "json") mistakes.add(Errc::mapping_wrong_shape, *node.find("format"), "reply.format", one_of({"json", "xml"}));
  made->scopes_.root = made->scopes_.add();
  RuleCompiler compiler({mistakes, Side::source, model::EntityId::case_, folder, {}, {}, std::nullopt, false, made->names_, made->scopes_});
  compiler.enter_root();
  if (const YamlNode* success = node.find("success"); success != nullptr) made->success_ = compiler.expression(*success, "reply.success");
  else mistakes.add(Errc::mapping_missing_key, node, "reply.success");
  made->read_rows(node, mistakes, compiler);
  const auto text = [&](const char* key) {
    const YamlNode* at = node.find(key);
    auto expression = at == nullptr ? std::nullopt : compiler.value_expression(*at, "reply." + std::string(key));
    if (expression && expression->type() != ExprType::text) mistakes.add(Errc::mapping_expression, *at, "reply." + std::string(key), same("text"));
    return expression;
  };
  made->receipt_ = text("receipt");
  made->code_ = text("code");
  made->text_ = text("text");
  made->scopes_.share_reads(made->names_);
  made->names_.freeze();
  return made;
}

void ReplyReader::read_rows(const YamlNode& node, const Mistakes& mistakes, RuleCompiler& compiler) {
  const auto otherwise = member_text(node, "otherwise", Need::required, "reply", mistakes);
  if (otherwise && !refusal_named(*otherwise)) mistakes.add(Errc::mapping_wrong_shape, *node.find("otherwise"), "reply.otherwise", one_of(kRefusals), did_you_mean(*otherwise, kRefusals));
  otherwise_ = refusal_named(otherwise.value_or("give_up")).value_or(ReplyClass::give_up);
  const YamlNode* classes = node.find("classes");
  if (classes == nullptr) return;
  if (!classes->is_sequence()) return mistakes.add(Errc::mapping_wrong_shape, *classes, "reply.classes");
  for (const YamlNode& item : classes->items) {
    if (!check_keys(item, {"when", "is"}, "reply.classes", mistakes)) continue;
    const YamlNode* when = item.find("when");
    if (when == nullptr) mistakes.add(Errc::mapping_missing_key, item, "reply.classes.when");
    auto condition = when == nullptr ? std::nullopt : compiler.expression(*when, "reply.classes.when");
    const auto is = member_text(item, "is", Need::required, "reply.classes", mistakes);
    if (is && !refusal_named(*is)) mistakes.add(Errc::mapping_wrong_shape, *item.find("is"), "reply.classes.is", one_of(kRefusals), did_you_mean(*is, kRefusals));
    if (condition && is && refusal_named(*is)) rows_.push_back({std::move(*condition), *refusal_named(*is)});
  }
}

Result<wire::Document> ReplyReader::parse(const ReplyInput& reply, const Limits& limits) const {
  if (!xml_) {
    wire::JsonOptions options;
    options.limits = limits;
    options.names = &names_;
    return wire::parse_json(reply.body, options);
  }
  wire::XmlOptions options;
  options.limits = limits;
  options.names = &names_;
  return wire::parse_xml(reply.body, options);
}

Result<ReplyReading> ReplyReader::read(const ReplyInput& reply, const Limits& limits) const {
  auto document = parse(reply, limits);
  if (!document) {
    std::string where(document.error().where());
    return Error(Errc::mapping_reply_unreadable).at(std::move(where)).with(std::string(document.error().id()));
  }
  // The views of a reading live here; a reply is read once in a while.
  wire::Arena arena;
  std::vector<Frame> frames(scopes_.all.size());
  const std::vector<std::string> part_names(scopes_.all.size(), "reply");
  Scope::Unused unused;
  Findings findings;
  Environment environment;
  wire::Delivery facts;
  facts.facts["status"] = std::to_string(reply.http_status);
  scopes_.all[scopes_.root]->walk(*document, 0, nullptr, frames[scopes_.root], unused);
  Budget budget{environment.steps_max};
  RuleRun run({frames, part_names, &facts, arena, findings, nullptr, &scopes_, nullptr, &unused, &environment, &budget});
  ReplyReading reading;
  reading.receipt = text_of(receipt_, run);
  reading.code = text_of(code_, run);
  reading.text = text_of(text_, run);
  reading.is = otherwise_;
  if (run.holds(*success_, "reply.success")) {
    reading.is = ReplyClass::accepted;
  } else {
    const auto row = std::find_if(rows_.begin(), rows_.end(), [&run](const Row& one) { return run.holds(one.when, "reply.classes"); });
    if (row != rows_.end()) reading.is = row->is;
  }
  // A reply that one of the conditions could not judge is not believed either way.
  if (run.verdict() != RecordVerdict::accepted) return Error(Errc::mapping_reply_unreadable).with(std::string(errc_row(findings.items().front().id).id));
  return reading;
}

} // namespace detail
} // namespace tongqu::mapping
