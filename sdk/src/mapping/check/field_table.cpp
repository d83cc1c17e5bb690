#include <algorithm>
#include <array>

#include "mapping/check/outline.hpp"
#include "mapping/check/page.hpp"
#include "tongqu/mapping/pack.hpp"
#include "tongqu/mapping/pack_tools.hpp"

namespace tongqu::mapping {
namespace detail {
namespace {

struct PolicyWords { Policy policy; std::string_view words; };
constexpr std::array<PolicyWords, 5> kPolicies = {{{Policy::reject, "拒收 reject"}, {Policy::hold, "暂存待人工 hold"}, {Policy::drop, "舍弃 drop"}, {Policy::raw, "原样保留 raw"}, {Policy::report, "仅提示 report"}}};
struct FaultWords { std::string_view fault, words; };
constexpr std::array<FaultWords, 7> kFaults = {{{"missing", "缺失 missing"}, {"placeholder", "占位 placeholder"}, {"malformed", "格式不符 malformed"}, {"check", "校验未过 check"},
                                                {"unknown", "未知代码 unknown"}, {"range", "超出范围 range"}, {"default", "其他 other"}}};

std::string policy_words(std::string_view name) {
  Policy policy = Policy::none;
  policy_from_name(name, policy);
  for (const PolicyWords& row : kPolicies) {
    if (row.policy == policy) return std::string(row.words);
  }
  return std::string(name);
}

std::string fault_words(std::string_view name) {
  for (const FaultWords& row : kFaults) {
    if (row.fault == name) return std::string(row.words);
  }
  return std::string(name);
}

void add_line(std::string& text, std::string_view line) {
  if (line.empty()) return;
  if (!text.empty()) text += "\n";
  text += line;
}

/// "trim: wide", "null_if: [无, /]": an argument as its author wrote it.
std::string argument_text(const YamlNode& node) {
  if (node.is_scalar()) return node.text;
  std::string text;
  for (const YamlNode& item : node.items) text += (text.empty() ? "" : "、") + (item.text.empty() && item.is_scalar() ? "“”" : argument_text(item));
  for (const auto& [key, value] : node.members) text += (text.empty() ? "" : "；") + key.text + " " + argument_text(value);
  return text;
}

std::string step_words(const StepSite& site) {
  const std::string argument = site.argument == nullptr ? std::string() : argument_text(*site.argument);
  std::string words = site.key->text + (argument.empty() || argument == "yes" || argument == "true" ? "" : " " + argument);
  for (const StepRow& row : step_registry()) {
    if (row.name == site.key->text) words += "：" + std::string(row.doc.zh) + " " + std::string(row.doc.en);
  }
  return words;
}

std::string member_text_of(const YamlNode& node, std::string_view key) {
  const YamlNode* value = node.find(key);
  return value != nullptr && value->is_scalar() ? value->text : std::string();
}

std::string source_words(const RuleSite& rule) {
  const YamlNode& node = *rule.node;
  if (const std::string text = member_text_of(node, "const"); !text.empty()) return "固定值 constant：" + text;
  if (const std::string name = member_text_of(node, "param"); !name.empty()) return "参数 parameter：" + name;
  if (const std::string value = member_text_of(node, "value"); !value.empty()) return "计算 computed：" + value;
  std::string text;
  for (const std::string& path : rule.reads) text += (text.empty() ? "" : "\n或 or ") + path;
  if (rule.is_list) return "逐项 each " + text;
  if (!rule.required && !rule.reads.empty()) text += "\n（可无 optional）";
  if (const std::string value = member_text_of(node, "default"); !value.empty()) text += "\n缺省 default：" + value;
  return text;
}

std::string change_words(const RuleSite& rule) {
  std::string text;
  if (const std::string type = member_text_of(*rule.node, "type"); !type.empty()) add_line(text, "类型 type " + type);
  const YamlNode* via = rule.node->find("via");
  const std::size_t own = via == nullptr ? 0 : via->items.size();
  for (std::size_t i = rule.steps.size() - std::min(own, rule.steps.size()); i < rule.steps.size(); ++i) add_line(text, step_words(rule.steps[i]));
  if (const YamlNode* check = rule.node->find("check"); check != nullptr) add_line(text, "校验 check " + argument_text(*check));
  if (rule.table != nullptr) add_line(text, "代码表 table " + rule.table->name);
  return text;
}

std::string failure_words(const RuleSite& rule) {
  const YamlNode* at = rule.node->find("on_fail");
  std::string text;
  if (at != nullptr && at->is_scalar()) text = policy_words(at->text);
  if (at != nullptr) {
    for (const auto& [fault, policy] : at->members) add_line(text, fault_words(fault.text) + "：" + policy_words(policy.text));
  }
  const bool table_says = rule.table != nullptr && (at == nullptr || at->find("unknown") == nullptr);
  if (table_says) {
    for (const PolicyWords& row : kPolicies) {
      if (row.policy == rule.table->unknown) add_line(text, "未知代码 unknown：" + std::string(row.words));
    }
  }
  return text;
}

/// Chinese and English term of a field, with those of the records around it.
std::string field_words(const DocumentOutline& document, const std::string& name) {
  // What is no field of the entity: an office signs for these lines, too.
  struct Row { std::string_view name, words; };
  static constexpr Row rows[] = {{"identity.organisation", "标识 / 机构\nIdentity: organisation"}, {"identity.item", "标识 / 事项\nIdentity: item"}, {"identity.case", "标识 / 办件\nIdentity: case"},
                                 {"identity.event", "标识 / 事件\nIdentity: event"}, {"identity.revision", "标识 / 修订号\nIdentity: revision"}, {"event", "业务环节\nEvent: what happened"},
                                 {"record", "记录类别\nKind of the record"}, {"record.reason", "作废或更正原因\nReason of a void or a correction"}};
  for (const Row& row : rows) {
    if (row.name == name) return std::string(row.words);
  }
  Place place;
  if (!document.entity || !find_place(*document.entity, name, place) || !place.in_entity() || place.slot.depth == 0) return {};
  std::string zh;
  for (std::uint8_t i = 0; i < place.slot.depth; ++i) zh += (i == 0 ? "" : " / ") + std::string(place.slot.steps[i]->zh);
  return zh + "\n" + std::string(place.slot.field().en);
}

void conditions(const DocumentOutline& document, const RuleSite& rule, std::string& text) {
  for (const GroupSite& group : document.all.groups) {
    const bool around = rule.name.size() > group.name.size() && rule.name.compare(0, group.name.size(), group.name) == 0 && rule.name[group.name.size()] == '.';
    if (around) add_line(text, group.when_node->text);
  }
  if (rule.when_node != nullptr) add_line(text, rule.when_node->text);
}

void fields(const DocumentOutline& document, Page& page) {
  std::vector<PageRow> rows;
  for (const RuleSite& rule : document.all.rules) {
    std::string when;
    conditions(document, rule, when);
    rows.push_back({std::to_string(rows.size() + 1), rule.name, field_words(document, rule.name), source_words(rule), change_words(rule), when, failure_words(rule)});
  }
  page.heading("映射 Mapping " + document.id + "（" + document.file + "）");
  page.table({"序号 No.", "标准字段 Field", "名称 Name", "来源 Source", "转换 Conversion", "条件 Condition", "不符时 On failure"}, rows);
}

void types(const DocumentOutline& document, Page& page) {
  if (document.types.empty()) return;
  std::vector<PageRow> rows;
  for (const TypeSite& type : document.types) {
    std::string words;
    for (const StepSite& step : type.steps) add_line(words, step_words(step));
    rows.push_back({type.name, words});
  }
  page.heading("类型 Types");
  page.table({"类型 Type", "步骤 Steps"}, rows);
}

std::string name_words(const std::string& system, const std::string& name) {
  std::size_t count = 0;
  const model::CodeRow* rows = system.empty() ? nullptr : model::code_system(system, count);
  for (std::size_t i = 0; rows != nullptr && i < count; ++i) {
    if (rows[i].name == name) return std::string(rows[i].zh) + " " + std::string(rows[i].en);
  }
  return {};
}

void tables(const DocumentOutline& document, Page& page) {
  for (const auto& table : document.tables) {
    const std::string model = member_text_of(*table->node, "model");
    std::vector<PageRow> rows;
    for (const TableRowSite& row : table->rows) rows.push_back({row.row.code, row.row.label, row.row.name, name_words(model, row.row.name)});
    page.heading("代码表 Table " + table->name);
    page.paragraph("来源代码 source codes：" + member_text_of(*table->node, "system") + "；标准代码 model codes：" + model + "；未知代码 unknown：" + policy_words(member_text_of(*table->node, "unknown")));
    page.table({"来源代码 Code", "来源名称 Label", "标准代码 Name", "含义 Meaning"}, rows);
  }
}

} // namespace
} // namespace detail

Result<std::string> field_table(const std::string& folder, const std::map<std::string, std::string>& site_params, TableForm form) {
  Findings mistakes;
  TONGQU_TRY(const auto pack, Pack::load(folder, site_params, mistakes));
  const PackInfo& info = pack->info();
  const auto outline = detail::read_pack_outline(folder);
  const std::string title = (info.title.zh.empty() ? info.id : info.title.zh) + " 字段对照表" + (info.title.en.empty() ? "" : " — Field table of " + info.title.en);
  detail::Page page(form == TableForm::html ? detail::Page::Form::html : detail::Page::Form::markdown, title);
  page.table({"映射包 Pack", "版本 Version", "来源系统 System", "摘要 Digest (SM3)"}, {{info.id, info.version, info.system, info.digest}});
  if (!info.never_sent.empty()) {
    std::string never;
    for (const std::string& field : info.never_sent) never += (never.empty() ? "" : "、") + field;
    page.paragraph("来源系统不提供 never sent：" + never);
  }
  for (const auto& document : outline->mappings) {
    detail::fields(*document, page);
    detail::types(*document, page);
    detail::tables(*document, page);
  }
  page.heading("签署 Signatures");
  page.paragraph("以上字段对照适用于摘要所示的映射包；文件有任何改动，摘要即随之改变。 This table holds for the pack of this digest; any change of its files changes the digest.");
  page.signatures({"业务单位 Office", "系统供应商 Vendor", "平台方 Platform"});
  return page.finish();
}

} // namespace tongqu::mapping
