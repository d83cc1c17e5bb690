#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "tongqu/model/fields.hpp"

// docs/reference/model.md holds tables made from the rows; run with TONGQU_UPDATE_DOCS=1 to write them anew.
namespace tongqu::model {
namespace {

constexpr std::string_view kKinds[] = {"text", "identifier", "code", "time", "quantity", "money", "validity", "integer", "boolean", "record", "list of text", "list of code", "list"};
constexpr std::string_view kBegin = "<!-- tables: made from the rows of model/defs/*.def and code_systems.def -->\n";

std::string flags_of(const FieldInfo& field) {
  std::string text;
  const auto add = [&](bool wanted, std::string_view word) {
    if (!wanted) return;
    if (!text.empty()) text += ", ";
    text += word;
  };
  add(field.key, "key");
  add(field.personal, "personal");
  add(field.future, "future");
  return text;
}

void record_table(std::string& out, const RecordType& type, std::set<std::string_view>& seen) {
  if (!seen.insert(type.name).second) return;
  out += "\n### " + std::string(type.name) + " " + std::string(type.zh) + "\n\n" + std::string(type.en) + ".\n\n";
  out += "| id | field | kind | rule | flags | 中文 | meaning |\n|---|---|---|---|---|---|---|\n";
  for (std::size_t i = 0; i < type.count; ++i) {
    const FieldInfo& field = type.fields[i];
    std::string kind(kKinds[static_cast<std::size_t>(field.kind)]);
    if (field.type != nullptr) kind += " `" + std::string(field.type()->name) + "`";
    const std::string_view rule = field.system.empty() ? field.check : field.system;
    out += "| " + std::to_string(field.id) + " | `" + std::string(field.name) + "` | " + kind + " | " + std::string(rule) + " | " + flags_of(field) + " | " +
           std::string(field.zh) + " | " + std::string(field.en) + " |\n";
  }
  for (std::size_t i = 0; i < type.count; ++i) {
    if (type.fields[i].type != nullptr) record_table(out, *type.fields[i].type(), seen);
  }
}

std::string tables() {
  std::string out = "\n## Records\n";
  std::set<std::string_view> seen;
  for (const EntityId entity : all_entities()) record_table(out, entity_type(entity), seen);
  out += "\n## Code systems\n";
  for (const std::string_view system : code_system_names()) {
    out += "\n### " + std::string(system) + "\n\n| name | national code | 中文 | English |\n|---|---|---|---|\n";
    std::size_t count = 0;
    const CodeRow* rows = code_system(system, count);
    for (std::size_t i = 0; i < count; ++i) {
      out += "| `" + std::string(rows[i].name) + "` | " + std::string(rows[i].code) + " | " + std::string(rows[i].zh) + " | " + std::string(rows[i].en) + " |\n";
    }
  }
  return out;
}

TEST(Reference, tables_of_the_page_are_those_of_the_rows) {
  const std::string path = std::string(TONGQU_SOURCE_DIR) + "/docs/reference/model.md";
  std::ifstream in(path, std::ios::binary);
  const std::string page((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::size_t at = page.find(kBegin);
  ASSERT_NE(at, std::string::npos);
  const std::size_t start = at + kBegin.size();
  if (std::getenv("TONGQU_UPDATE_DOCS") != nullptr) {
    std::ofstream(path, std::ios::binary) << page.substr(0, start) << tables();
    GTEST_SKIP() << "tables written";
  }
  EXPECT_EQ(page.substr(start), tables()) << "run model_test with TONGQU_UPDATE_DOCS=1";
}

} // namespace
} // namespace tongqu::model
