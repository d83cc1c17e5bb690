#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tongqu/model/rules.hpp"

// docs/reference/rules.md is made from the registry; run with TONGQU_UPDATE_DOCS=1 to write it anew. The index of standards must name every source.
namespace tongqu::model {
namespace {

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
}

constexpr std::string_view kHead = R"(# Rules

Made from the registry in `sdk/src/model/rules/` by `TONGQU_UPDATE_DOCS=1 build/dev/bin/model_test --gtest_filter='RulesPage.*'`; do not edit by hand. The
same list: `tongqu model rules [--entity E] [--json]`. How to add one: [add-a-rule](../guide/add-a-rule.md).

A finding of a rule has the `id` of its row in the [catalogue](errors.md), the `rule` number, the canonical path, what is expected and a suggestion, in English and
Chinese; never the value of a field. All rules are judged, none ends the pass.

- **origin**: `national` (a standard, the licensing law, the national platform), `local` (one city's or province's rule set, which a platform may leave
  aside), `model` (ours). **confidence** as in the field tables: what was only recalled is no rule.
- **records**: `whole` rules judge what is missing and look at snapshots and replacements only; the others look at parts too. Void and deleted records are
  not judged.
- **needs**: what the caller must pass in `RuleContext`. A rule whose need is not met says nothing.
)";

std::string page() {
  std::string out(kHead);
  std::size_t count = 0;
  const Rule* rows = rules(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Rule& rule = rows[i];
    const auto text = [](std::string_view view) { return std::string(view); };
    if (i == 0 || rows[i - 1].entity != rule.entity) out += "\n## " + text(entity_name(rule.entity)) + "\n";
    const ErrcRow& row = errc_row(rule.id);
    out += "\n### " + text(rule.number) + " " + text(row.id.substr(row.id.find('.') + 1)) + "\n\n" + text(row.en) + ". " + text(row.zh) + "。\n\n";
    out += "| | |\n|---|---|\n";
    out += "| finding | `" + text(row.id) + "`, " + text(severity_name(rule.severity)) + " |\n";
    out += "| at | `" + text(rule.paths) + "` |\n";
    out += "| expected | " + text(rule.expected.en) + " · " + text(rule.expected.zh) + " |\n";
    out += "| suggestion | " + text(rule.suggestion.en) + " · " + text(rule.suggestion.zh) + " |\n";
    out += "| source | " + text(rule.source) + "; " + text(rule_origin_name(rule.origin)) + ", " + text(confidence_name(rule.confidence)) + " |\n";
    out += "| records | " + text(rule.whole ? "whole" : "whole and parts") + "; needs: " + text(rule_needs_name(rule.needs)) + " |\n";
    out += "| test | `" + rule_test(rule) + "` |\n";
  }
  return out;
}

TEST(RulesPage, is_that_of_the_registry) {
  const std::string path = std::string(TONGQU_SOURCE_DIR) + "/docs/reference/rules.md";
  if (std::getenv("TONGQU_UPDATE_DOCS") != nullptr) {
    std::ofstream(path, std::ios::binary) << page();
    GTEST_SKIP() << "page written";
  }
  EXPECT_EQ(file_text(path), page()) << "run model_test with TONGQU_UPDATE_DOCS=1";
}

TEST(RulesPage, the_index_of_standards_names_every_source) {
  const std::string index = file_text(std::string(TONGQU_SOURCE_DIR) + "/docs/standards/index.md");
  std::size_t count = 0;
  const Rule* rows = rules(count);
  for (std::size_t i = 0; i < count; ++i) EXPECT_NE(index.find("`" + rule_name(rows[i]) + "`"), std::string::npos) << rule_name(rows[i]) << ": " << rows[i].source;
}

} // namespace
} // namespace tongqu::model
