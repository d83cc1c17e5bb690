#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "tongqu/model/code_systems.hpp"
#include "tongqu/model/schema.hpp"

// The pages in docs/reference/model/ and the table of entities in model.md are made from the rows and the data files; run with
// TONGQU_UPDATE_DOCS=1 to write them anew.
namespace tongqu::model {
namespace {

constexpr std::string_view kBegin = "<!-- tables: made from the rows of model/defs/*.def -->\n";
constexpr std::string_view kMade = "\n<!-- Made from sdk/include/tongqu/model/defs/*.def and sdk/src/model/data by model_test with TONGQU_UPDATE_DOCS=1. -->\n";

void cell(std::string& out, std::string_view text, bool code = false) {
  out += ' ';
  if (!text.empty()) out += code ? "`" + std::string(text) + "`" : std::string(text);
  if (!text.empty()) out += ' ';
  out += '|';
}

/// "task_code or local_task_code".
std::string keys_text(EntityId entity) {
  std::string keys(entity_keys(entity));
  for (std::size_t at = keys.find('|'); at != std::string::npos; at = keys.find('|')) keys.replace(at, 1, " or ");
  return keys;
}

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

void record_table(std::string& out, const RecordType& type, std::set<std::string_view>& seen, std::map<std::string_view, const FieldSource*>& sources) {
  if (!seen.insert(type.name).second) return;
  out += "\n## " + std::string(type.name) + " " + std::string(type.zh) + "\n\n" + std::string(type.en) + ".\n\n";
  out += "| id | field | kind | rule | flags | 中文 | meaning | source |\n|---|---|---|---|---|---|---|---|\n";
  for (std::size_t i = 0; i < type.count; ++i) {
    const FieldInfo& field = type.fields[i];
    sources[field.source->name] = field.source;
    out += '|';
    cell(out, std::to_string(field.id));
    cell(out, field.name, true);
    cell(out, kind_text(field));
    cell(out, field.system.empty() ? field.check : field.system);
    cell(out, flags_of(field));
    cell(out, field.zh);
    cell(out, field.en);
    cell(out, field.source->name);
    out += '\n';
  }
  for (std::size_t i = 0; i < type.count; ++i) {
    if (type.fields[i].type != nullptr) record_table(out, *type.fields[i].type(), seen, sources);
  }
}

void wire_table(std::string& out, EntityId entity) {
  std::string rows;
  for (const FieldListing& field : list_fields(entity)) {
    for (const FieldAlias* alias : aliases_of(entity, field.path)) {
      rows += '|';
      cell(rows, field.path, true);
      cell(rows, alias->profile);
      cell(rows, alias->wire, true);
      cell(rows, alias->note);
      rows += '\n';
    }
  }
  if (rows.empty()) return;
  out += "\n## Names on the wire 线上字段名\n\nAs seen in the field, by family of interfaces; case and underscores vary within a family.\n\n";
  out += "| field | family | name | note |\n|---|---|---|---|\n" + rows;
}

std::string entity_page(EntityId entity) {
  const RecordType& type = entity_type(entity);
  std::string out = "# " + std::string(type.zh) + " · `" + std::string(entity_version(entity)) + "`\n" + std::string(kMade) + "\n";
  out += std::string(type.en) + ". Named by `" + keys_text(entity) + "`. How records are written and merged: [model.md](../model.md); ";
  out += "code systems: [codes.md](codes.md). `tongqu model schema " + std::string(type.name) + "` gives the JSON Schema, `tongqu model fields " +
         std::string(type.name) + " --json` this page for programs.\n";
  std::set<std::string_view> seen;
  std::map<std::string_view, const FieldSource*> sources;
  record_table(out, type, seen, sources);
  wire_table(out, entity);
  out += "\n## Sources 来源\n\n";
  out += "Confidence: *high* the text of a standard or two independent public implementations, *medium* one implementation or local rule, "
         "*low* recalled and not verified, *own* an addition of this model.\n\n| source | confidence | from | 出处 |\n|---|---|---|---|\n";
  for (const auto& [name, source] : sources) {
    out += '|';
    cell(out, name);
    cell(out, confidence_name(source->confidence));
    cell(out, source->en);
    cell(out, source->zh);
    out += '\n';
  }
  return out;
}

void system_section(std::string& out, const CodeSystem& system) {
  out += "\n### " + std::string(system.name) + " " + std::string(system.zh) + "\n\n" + std::string(system.en) + ". Version " + std::string(system.version) +
         "; " + std::string(system.source) + "; confidence " + std::string(confidence_name(system.confidence)) + ".\n\n";
  out += "| code | name | 中文 | English | from | to | note |\n|---|---|---|---|---|---|---|\n";
  for (std::size_t i = 0; i < system.count; ++i) {
    const CodeRow& row = system.rows[i];
    out += '|';
    cell(out, row.code);
    cell(out, row.name, true);
    for (const std::string_view text : {row.zh, row.en, row.valid_from, row.valid_to, row.note}) cell(out, text);
    out += '\n';
  }
}

void crosswalk_section(std::string& out, const Crosswalk& crosswalk) {
  out += "\n### " + std::string(crosswalk.from) + " to " + std::string(crosswalk.to) + "\n\n" + (crosswalk.total ? "Total" : "Partial") + "; " +
         std::string(crosswalk.source) + "; confidence " + std::string(confidence_name(crosswalk.confidence)) + ".\n\n| code | name | way back | note |\n|---|---|---|---|\n";
  for (std::size_t i = 0; i < crosswalk.count; ++i) {
    const CrosswalkRow& row = crosswalk.rows[i];
    const auto back = crosswalk.back(row.to);
    out += '|';
    cell(out, row.from);
    if (row.to.empty()) cell(out, "*not covered*");
    else cell(out, row.to, true);
    cell(out, row.to.empty() ? "" : row.reverse == Reverse::only ? "only" : back == row.from ? "yes" : "no");
    cell(out, row.note);
    out += '\n';
  }
}

std::string codes_page() {
  std::string out = "# Code systems and crosswalks 代码表与对照\n" + std::string(kMade) +
                    "\nA code is never read without its system: the same number means opposite things in two interfaces. The model keeps a name and, beside it, "
                    "the code and system as sent.\n\n## Names of the model 规范名称\n";
  for (const CodeSystem* system : all_code_systems()) {
    if (system->canonical) system_section(out, *system);
  }
  out += "\n## Codes of interfaces 接口代码\n";
  for (const CodeSystem* system : all_code_systems()) {
    if (!system->canonical) system_section(out, *system);
  }
  out += "\n## Crosswalks 对照\n";
  for (const Crosswalk* crosswalk : all_crosswalks()) crosswalk_section(out, *crosswalk);
  return out;
}

std::string entity_table() {
  std::string out = "\n## Entities 实体\n\n| record | 中文 | what | named by |\n|---|---|---|---|\n";
  for (const EntityId entity : all_entities()) {
    const RecordType& type = entity_type(entity);
    out += "| [`" + std::string(entity_version(entity)) + "`](model/" + std::string(type.name) + ".md) |";
    cell(out, type.zh);
    cell(out, type.en);
    cell(out, keys_text(entity));
    out += '\n';
  }
  return out;
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
}

/// Holds a page against what it should be, or writes it.
void check_page(const std::string& path, const std::string& expected) {
  if (std::getenv("TONGQU_UPDATE_DOCS") != nullptr) {
    std::ofstream(path, std::ios::binary) << expected;
    return;
  }
  EXPECT_TRUE(read(path) == expected) << path << " is not what the rows say; run model_test with TONGQU_UPDATE_DOCS=1";
}

const std::string kFolder = std::string(TONGQU_SOURCE_DIR) + "/docs/reference/";

TEST(Reference, every_entity_has_the_page_that_its_rows_make) {
  for (const EntityId entity : all_entities()) check_page(kFolder + "model/" + std::string(entity_name(entity)) + ".md", entity_page(entity));
}

TEST(Reference, the_page_of_codes_is_made_of_the_data_files) { check_page(kFolder + "model/codes.md", codes_page()); }

TEST(Reference, the_table_of_entities_is_made_of_the_rows) {
  const std::string page = read(kFolder + "model.md");
  const std::size_t at = page.find(kBegin);
  ASSERT_NE(at, std::string::npos);
  check_page(kFolder + "model.md", page.substr(0, at + kBegin.size()) + entity_table());
}

} // namespace
} // namespace tongqu::model
