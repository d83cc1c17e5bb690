#include "conformance/sandbox/rows.hpp"

#include <algorithm>
#include <array>

#include "conformance/sandbox/checks.hpp"
#include "tongqu/base/bytes.hpp"

namespace tongqu::sandbox {
namespace {

enum class Form : std::uint8_t { text, length, up_to, code, time };

struct FieldRule {
  std::string_view name;
  bool mandatory;
  Form form = Form::text;
  std::string_view codes = {};  ///< Allowed values, one blank between them.
  std::size_t length = 0;       ///< Characters, exactly or at most.
};

constexpr std::string_view kPapers = "111 114 414 511 516 554 uscc org 999";

constexpr std::array kAccept{
    FieldRule{"project_no", true, Form::up_to, {}, 50}, FieldRule{"task_code", true}, FieldRule{"task_name", true},
    FieldRule{"project_name", true}, FieldRule{"applyer_name", true}, FieldRule{"applyer_type", true, Form::code, "1 2 3 4 5 6 9"},
    FieldRule{"applyer_page_type", true, Form::code, kPapers}, FieldRule{"applyer_page_code", true},
    FieldRule{"apply_date", true, Form::time}, FieldRule{"accept_date", true, Form::time}, FieldRule{"org_name", true},
    FieldRule{"org_code", true, Form::length, {}, 18}, FieldRule{"handle_user_name", true},
    FieldRule{"project_type", true, Form::code, "1 2 9"}, FieldRule{"catalog_code", false, Form::length, {}, 12},
    FieldRule{"task_handle_item", false, Form::length, {}, 33}, FieldRule{"task_version", false}, FieldRule{"legal", false},
    FieldRule{"contact_name", false}, FieldRule{"contact_type", false}, FieldRule{"contact_code", false},
    FieldRule{"contact_mobile", false}, FieldRule{"address", false}, FieldRule{"apply_type", false, Form::code, "1 2 3 4 9"},
    FieldRule{"accept_doc_no", false}, FieldRule{"promise_date", false, Form::time}};
constexpr std::array kProcess{
    FieldRule{"project_no", true, Form::up_to, {}, 50}, FieldRule{"order_num", true}, FieldRule{"process_name", true},
    FieldRule{"event_name", true, Form::code, "1 2 3"}, FieldRule{"handle_user_name", true},
    FieldRule{"event_start_time", true, Form::time}, FieldRule{"event_end_time", false, Form::time},
    FieldRule{"handle_explain", false}, FieldRule{"org_name", false}};
constexpr std::array kSpecial{
    FieldRule{"project_no", true, Form::up_to, {}, 50}, FieldRule{"special_type", true, Form::code, "1 2"},
    FieldRule{"special_name", true}, FieldRule{"special_time", true, Form::time}, FieldRule{"end_time", false, Form::time},
    FieldRule{"result", false}, FieldRule{"special_reason", false}, FieldRule{"applyer_user_name", false}};
constexpr std::array kResult{
    FieldRule{"project_no", true, Form::up_to, {}, 50}, FieldRule{"result_date", true, Form::time},
    FieldRule{"result_type", true, Form::code, "0 1 2 3 4 5 6"}, FieldRule{"handle_user_name", true},
    FieldRule{"result_explain", false}, FieldRule{"result_cetr_name", false}, FieldRule{"result_cetr_no", false},
    FieldRule{"is_delivery_results", false}, FieldRule{"org_name", false}};
constexpr std::array kMaterial{FieldRule{"material_name", true}, FieldRule{"get_type", false}, FieldRule{"get_num", false}};

struct RuleTable {
  const FieldRule* begin;
  std::size_t size;
};

template <std::size_t N> constexpr RuleTable table(const std::array<FieldRule, N>& rules) { return {rules.data(), N}; }

RuleTable rules_of(Stage stage) {
  switch (stage) {
    case Stage::accept: return table(kAccept);
    case Stage::process: return table(kProcess);
    case Stage::special: return table(kSpecial);
    case Stage::result: return table(kResult);
  }
  return table(kResult);
}

bool is_one_of(std::string_view value, std::string_view codes) {
  while (!codes.empty()) {
    const std::string_view one = codes.substr(0, codes.find(' '));
    if (one == value) return true;
    codes.remove_prefix(one.size() == codes.size() ? one.size() : one.size() + 1);
  }
  return false;
}

Reason missing(std::string field) { return {std::move(field), {"is missing or empty", "缺失或为空"}}; }

/// What is wrong with a value that is there.
std::optional<Bilingual> form_fault(const FieldRule& rule, std::string_view value) {
  const std::string length = std::to_string(rule.length);
  switch (rule.form) {
    case Form::text: return std::nullopt;
    case Form::length:
      if (utf8_length(value) == rule.length) return std::nullopt;
      return Bilingual{"must have " + length + " characters", "长度必须为 " + length + " 个字符"};
    case Form::up_to:
      if (utf8_length(value) <= rule.length) return std::nullopt;
      return Bilingual{"must have at most " + length + " characters", "长度不得超过 " + length + " 个字符"};
    case Form::code:
      if (is_one_of(value, rule.codes)) return std::nullopt;
      return Bilingual{"is not one of the codes " + std::string(rule.codes), "不在代码 " + std::string(rule.codes) + " 之中"};
    case Form::time:
      if (read_time(value)) return std::nullopt;
      return Bilingual{"is not a time that exists, written yyyy-MM-dd HH:mm:ss", "不是存在的时间，格式应为 yyyy-MM-dd HH:mm:ss"};
  }
  return std::nullopt;
}

void check_fields(const wire::Node& row, RuleTable rules, const std::string& prefix, std::vector<Reason>& out) {
  std::array<bool, 32> there{};
  for (wire::Node member = row.first_child(); member; member = member.next()) {
    if (prefix.empty() && member.name() == "materials" && rules.begin == kAccept.data()) continue;
    std::size_t i = 0;
    while (i < rules.size && rules.begin[i].name != member.name()) ++i;
    if (out.size() >= kReasonsMax) return;
    const std::string field = prefix + safe_field(member.name());
    if (i == rules.size) {
      out.push_back({field, {"is not a field of this stage", "不是该环节的字段"}});
      continue;
    }
    const bool is_text = member.kind() == wire::NodeKind::string;
    there[i] = !is_text || !member.raw_text().empty();
    if (!is_text) out.push_back({field, {"must be a JSON string", "必须是 JSON 字符串"}});
    else if (!member.raw_text().empty()) {
      if (auto fault = form_fault(rules.begin[i], member.raw_text())) out.push_back({field, std::move(*fault)});
    }
  }
  for (std::size_t i = 0; i < rules.size; ++i) {
    if (rules.begin[i].mandatory && !there[i]) out.push_back(missing(prefix + std::string(rules.begin[i].name)));
  }
}

void check_materials(const wire::Node& row, std::vector<Reason>& out) {
  const wire::Node list = row.child("materials");
  if (!list) return;
  if (list.kind() != wire::NodeKind::array) {
    out.push_back({"materials", {"must be a JSON array", "必须是 JSON 数组"}});
    return;
  }
  std::size_t index = 0;
  for (wire::Node item = list.first_child(); item && out.size() < kReasonsMax; item = item.next(), ++index) {
    const std::string at = "materials[" + std::to_string(index) + "]";
    if (item.kind() != wire::NodeKind::object) out.push_back({at, {"must be a JSON object", "必须是 JSON 对象"}});
    else check_fields(item, table(kMaterial), at + ".", out);
  }
}

/// Members that one kind of result needs.
void check_result(const wire::Node& row, std::vector<Reason>& out) {
  const std::string_view type = text_of(row, "result_type");
  const auto need = [&row, &out](std::string_view field) {
    if (text_of(row, field).empty()) out.push_back(missing(std::string(field)));
  };
  if (type >= "1" && type <= "5" && type.size() == 1) need("result_explain");
  if (type == "0") {
    need("result_cetr_name");
    need("result_cetr_no");
  }
}

Bilingual item_reason(ItemFault fault) {
  switch (fault) {
    case ItemFault::length: return {"must have 31 characters", "长度必须为 31 个字符"};
    case ItemFault::body: return {"the credit code in it does not pass its check", "其中的统一社会信用代码未通过校验"};
    case ItemFault::level: return {"the level (character 19) must be 1 to 7", "行使层级（第 19 位）应为 1 至 7"};
    case ItemFault::catalog: return {"the catalogue code in it is malformed", "其中的基本编码格式不正确"};
    case ItemFault::parent: return {"is a parent item (00Y), which cannot have cases", "是主项（00Y），不得办件"};
  }
  return {};
}

} // namespace

std::string safe_field(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  const bool safe = !name.empty() && name.size() <= 40 && std::all_of(name.begin(), name.end(), plain);
  return safe ? std::string(name) : "?";
}

std::string_view stage_name(Stage stage) noexcept {
  constexpr std::array<std::string_view, 4> kStages{"accept", "process", "special", "result"};
  return kStages[static_cast<std::size_t>(stage)];
}

std::optional<Stage> stage_of(std::string_view name) noexcept {
  for (Stage stage : {Stage::accept, Stage::process, Stage::special, Stage::result}) {
    if (stage_name(stage) == name) return stage;
  }
  return std::nullopt;
}

std::string_view time_field(Stage stage) noexcept {
  constexpr std::array<std::string_view, 4> kFields{"accept_date", "event_start_time", "special_time", "result_date"};
  return kFields[static_cast<std::size_t>(stage)];
}

std::string_view text_of(const wire::Node& row, std::string_view name) {
  const wire::Node member = row.child(name);
  return member && member.kind() == wire::NodeKind::string ? member.raw_text() : std::string_view();
}

std::vector<Reason> check_row(Stage stage, const wire::Node& row) {
  std::vector<Reason> out;
  check_fields(row, rules_of(stage), {}, out);
  if (stage == Stage::accept) check_materials(row, out);
  if (stage == Stage::result) check_result(row, out);
  return out;
}

NumberFaults check_numbers(const wire::Node& row) {
  NumberFaults out;
  if (const auto fault = item_code_fault(text_of(row, "task_code"))) out.item.push_back({"task_code", item_reason(*fault)});
  const auto check_paper = [&row, &out](std::string_view type_field, std::string_view code_field) {
    const std::string_view type = text_of(row, type_field), code = text_of(row, code_field);
    if (type == "111" && !code.empty() && !resident_id_passes(code)) {
      out.other.push_back({std::string(code_field), {"the resident id does not pass its check", "公民身份号码未通过校验"}});
    }
    if (type == "uscc" && !code.empty() && !credit_code_passes(code)) {
      out.other.push_back({std::string(code_field), {"the credit code does not pass its check", "统一社会信用代码未通过校验"}});
    }
  };
  check_paper("applyer_page_type", "applyer_page_code");
  check_paper("contact_type", "contact_code");
  if (!credit_code_passes(text_of(row, "org_code"))) {
    out.other.push_back({"org_code", {"the credit code does not pass its check", "统一社会信用代码未通过校验"}});
  }
  return out;
}

} // namespace tongqu::sandbox
