#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tongqu/model/fields.hpp"
#include "tongqu/wire/yaml.hpp"

/// The target mappings of both profiles against the model and against the rows that docs/reference/case-exchange.md demands.
namespace tongqu::platform::case_exchange {
namespace {

/// Mandatory members by stage, as the contract lists them.
const std::map<std::string, std::vector<std::string>> kMandatory = {
    {"accept", {"project_no", "task_code", "task_name", "project_name", "applyer_name", "applyer_type", "applyer_page_type", "applyer_page_code",
                "apply_date", "accept_date", "org_name", "org_code", "handle_user_name", "project_type"}},
    {"process", {"project_no", "order_num", "process_name", "event_name", "handle_user_name", "event_start_time"}},
    {"special", {"project_no", "special_type", "special_name", "special_time"}},
    {"result", {"project_no", "result_date", "result_type", "handle_user_name"}},
};

/// Codes that the contract knows, by member.
const std::map<std::string, std::set<std::string>> kCodes = {
    {"applyer_type", {"1", "2", "3", "4", "5", "6", "9"}},
    {"applyer_page_type", {"111", "114", "414", "511", "516", "554", "uscc", "org", "999"}},
    {"contact_type", {"111", "114", "414", "511", "516", "554", "uscc", "org", "999"}},
    {"project_type", {"1", "2", "9"}},
    {"apply_type", {"1", "2", "3", "4", "9"}},
    {"event_name", {"1", "2", "3"}},
    {"special_type", {"1", "2"}},
    {"result_type", {"0", "1", "2", "3", "4", "5", "6"}},
    {"is_delivery_results", {"0", "1"}},
};

wire::YamlNode target_of(const std::string& profile) {
  std::ifstream file(std::string(TONGQU_SOURCE_DIR) + "/connectors/platforms/" + profile + "/targets/case.yaml");
  std::stringstream text;
  text << file.rdbuf();
  auto node = wire::parse_yaml(text.str());
  EXPECT_TRUE(node) << profile << " " << (node ? "" : node.error().where());
  return node ? *std::move(node) : wire::YamlNode();
}

std::string without_index(std::string path) {
  while (path.find('[') != std::string::npos) path.erase(path.find('['), path.find(']') - path.find('[') + 1);
  return path;
}

/// The field that a path names, its code part removed; nothing when the model has none.
const model::FieldInfo* field_of(const std::string& list, const std::string& path) {
  std::string plain = (list.empty() ? "" : list + ".") + without_index(path);
  auto slot = model::find_slot(model::EntityId::case_, plain);
  if (!slot && plain.size() > 5 && plain.substr(plain.size() - 5) == ".name") {
    slot = model::find_slot(model::EntityId::case_, plain.substr(0, plain.size() - 5));
    if (slot && slot->field().kind != model::FieldKind::code) return nullptr;
  }
  return slot ? &slot->field() : nullptr;
}

/// A table must have a row for each name of the model's code system and give only codes of the contract.
void expect_total(const wire::YamlNode& table, const model::FieldInfo& field, const std::string& member) {
  const wire::YamlNode* rows = table.find("inline");
  ASSERT_NE(rows, nullptr) << member;
  ASSERT_NE(table.find("unknown"), nullptr) << member;
  std::size_t count = 0;
  const model::CodeRow* names = model::code_system(field.system, count);
  for (std::size_t i = 0; i < count; ++i) EXPECT_NE(rows->find(names[i].name), nullptr) << member << " lacks " << names[i].name;
  for (const auto& [key, value] : rows->members) {
    EXPECT_TRUE(field.kind == model::FieldKind::boolean || model::is_code_name(field.system, key.text)) << member << " " << key.text;
    EXPECT_EQ(kCodes.at(member).count(value.text), 1U) << member << " " << value.text;
  }
}

void expect_rule(const wire::YamlNode& root, const std::string& list, const std::string& member, const wire::YamlNode& rule) {
  const wire::YamlNode* path = rule.find("from") != nullptr ? rule.find("from") : rule.find("maybe");
  ASSERT_NE(path, nullptr) << member;
  std::istringstream alternatives(path->text);
  for (std::string one; std::getline(alternatives, one, '|');) {
    const model::FieldInfo* field = field_of(list, one);
    ASSERT_NE(field, nullptr) << member << " reads " << one;
    const wire::YamlNode* table = rule.find("table");
    EXPECT_EQ(table != nullptr, field->kind == model::FieldKind::code || field->kind == model::FieldKind::boolean) << member;
    EXPECT_EQ(rule.find("type") != nullptr, field->kind == model::FieldKind::time) << member;
    if (table != nullptr) expect_total(*root.find("tables")->find(table->text), *field, member);
  }
}

class TargetFiles : public ::testing::TestWithParam<const char*> {};

TEST_P(TargetFiles, read_fields_of_the_model_through_total_tables) {
  const wire::YamlNode root = target_of(GetParam());
  ASSERT_NE(root.find("messages"), nullptr);
  EXPECT_EQ(root.find("target")->text, std::string(GetParam()) + ".case");
  for (const wire::YamlNode& message : root.find("messages")->items) {
    for (const auto& [key, rule] : message.find("rules")->members) {
      if (const wire::YamlNode* each = rule.find("each")) {
        for (const auto& [inner, inner_rule] : rule.find("rules")->members) expect_rule(root, each->text, inner.text, inner_rule);
      } else {
        expect_rule(root, "", key.text, rule);
      }
    }
  }
}

TEST_P(TargetFiles, hold_what_the_platform_demands_and_the_record_lacks) {
  const wire::YamlNode root = target_of(GetParam());
  ASSERT_EQ(root.find("messages")->items.size(), kMandatory.size());
  for (const wire::YamlNode& message : root.find("messages")->items) {
    const std::string stage = message.find("name")->text;
    ASSERT_EQ(kMandatory.count(stage), 1U) << stage;
    for (const std::string& member : kMandatory.at(stage)) {
      const wire::YamlNode* rule = message.find("rules")->find(member);
      ASSERT_NE(rule, nullptr) << stage << " " << member;
      EXPECT_NE(rule->find("from"), nullptr) << stage << " " << member;
      EXPECT_EQ(rule->find("when"), nullptr) << stage << " " << member;
      ASSERT_NE(rule->find("on_fail"), nullptr) << stage << " " << member;
      EXPECT_EQ(rule->find("on_fail")->text, "hold") << stage << " " << member;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Profiles, TargetFiles, ::testing::Values("tif_rio", "gjgxjhpt"));

} // namespace
} // namespace tongqu::platform::case_exchange
