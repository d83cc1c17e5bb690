#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "mapping/author/mutants.hpp"
#include "mapping/author/yaml_text.hpp"
#include "mapping/test_support.hpp"
#include "tongqu/mapping/author.hpp"

namespace tongqu::mapping::author {
namespace {

using test::TempFolder;

Environment environment() {
  Environment env;
  env.reference_date = *model::Time::parse("2150-01-01");
  return env;
}

constexpr const char* kPack = "pack: t\nsystem: t\nversion: \"1\"\nmappings:\n  - file: mappings/m.yaml\n";
constexpr const char* kMapping = R"(mapping: t.m
to: case@1
source:
  - xml: {root: bj}
types:
  blank: {trim: wide, null_if: ["", 无]}
tables:
  st: {file: tables/st.csv, system: t.st, model: project_type, unknown: hold}
identity:
  organisation: {const: ORG}
  item: {const: ITEM}
  case: {from: no, on_fail: reject}
  event: {const: E}
event: {const: accept}
rules:
  case_no: {from: no, on_fail: reject}
  task_name: {from: name, type: blank, on_fail: hold}
  title: {maybe: bt, type: blank}
  project_type: {maybe: lx, table: st, when: 'present(bt)', on_fail: drop}
)";
constexpr const char* kTable = "code,name,label\n1,immediate,即办\n2,promised,承诺\n";

std::vector<std::string> ids(const std::vector<MutantText>& mutants) {
  std::vector<std::string> out;
  for (const MutantText& one : mutants) out.push_back(one.mutant.id() + (one.mutant.change.empty() ? "" : " (" + one.mutant.change + ")") + " :" + std::to_string(one.mutant.line));
  return out;
}

void fill(const TempFolder& folder, const std::string& tests) {
  folder.write("t/pack.yaml", kPack);
  folder.write("t/mappings/m.yaml", kMapping + tests);
  folder.write("t/tables/st.csv", kTable);
}

/// The list was written by hand from the pack above.
TEST(Mutation, the_mutants_of_a_mapping_are_a_fixed_list_with_places) {
  const auto root = wire::parse_yaml(std::string_view(kMapping));
  ASSERT_TRUE(root);
  const std::vector<std::string> wanted = {
      "drop_setting source.xml.root :4",
      "drop_step types.blank.trim :6",
      "drop_step types.blank.null_if :6",
      "drop_entry types.blank.null_if[] :6",
      "drop_entry types.blank.null_if[无] :6",
      "weaken_policy tables.st.unknown (hold -> drop) :8",
      "drop_rule identity.organisation :10",
      "change_const identity.organisation.const (ORG -> ORGx) :10",
      "drop_rule identity.item :11",
      "change_const identity.item.const (ITEM -> ITEMx) :11",
      "drop_rule identity.case :12",
      "weaken_policy identity.case.on_fail (reject -> hold) :12",
      "drop_rule identity.event :13",
      "change_const identity.event.const (E -> Ex) :13",
      "change_const event.const (accept -> acceptx) :14",
      "swap_source rules.case_no (no -> name) :16",
      "swap_source rules.task_name (name -> bt) :17",
      "swap_source rules.title (bt -> lx) :18",
      "swap_source rules.project_type (lx -> no) :19",
      "drop_rule rules.case_no :16",
      "weaken_policy rules.case_no.on_fail (reject -> hold) :16",
      "drop_rule rules.task_name :17",
      "drop_type rules.task_name.type :17",
      "weaken_policy rules.task_name.on_fail (hold -> drop) :17",
      "drop_rule rules.title :18",
      "drop_type rules.title.type :18",
      "drop_rule rules.project_type :19",
      "drop_when rules.project_type.when :19",
      "change_policy rules.project_type.on_fail (drop -> hold) :19",
  };
  EXPECT_EQ(ids(mutants_of({"mappings/m.yaml", *root})), wanted);
  const std::vector<std::string> rows = {"drop_row tables/st.csv[1] :2", "change_row tables/st.csv[1] (immediate -> promised) :2", "drop_row tables/st.csv[2] :3",
                                         "change_row tables/st.csv[2] (promised -> immediate) :3"};
  const auto of_table = mutants_of_table({"tables/st.csv"}, kTable);
  EXPECT_EQ(ids(of_table), rows);
  EXPECT_EQ(of_table[0].text, "code,name,label\n2,promised,承诺\n");
  EXPECT_EQ(of_table[1].text, "code,name,label\n1,promised,即办\n2,promised,承诺\n");
}

/// Columns under names of the office, and a code of two of them.
TEST(Mutation, rows_are_known_by_all_columns_of_their_code) {
  const auto tables = table_files(*wire::parse_yaml(std::string_view("tables: {r: {file: r.csv, columns: {code: [大类, 小类], name: 规范名}, unknown: hold}}\n")));
  ASSERT_EQ(tables.size(), 1u);
  const std::vector<std::string> wanted = {"drop_row r.csv[1|01] :2", "change_row r.csv[1|01] (immediate -> promised) :2", "drop_row r.csv[1|02] :3", "change_row r.csv[1|02] (promised -> immediate) :3"};
  EXPECT_EQ(ids(mutants_of_table(tables[0], "大类,小类,规范名\n1,01,immediate\n1,02,promised\n")), wanted);
}

TEST(Mutation, a_mutant_is_the_document_but_for_one_change) {
  const auto root = wire::parse_yaml(std::string_view(kMapping));
  const auto mutants = mutants_of({"mappings/m.yaml", *root});
  const auto at = std::find_if(mutants.begin(), mutants.end(), [](const MutantText& one) { return one.mutant.id() == "drop_type rules.title.type"; });
  ASSERT_NE(at, mutants.end());
  const auto changed = wire::parse_yaml(at->text);
  ASSERT_TRUE(changed) << describe(changed.error());
  EXPECT_EQ(changed->find("rules")->find("title")->members.size(), 1u);
  EXPECT_EQ(changed->find("rules")->find("task_name")->members.size(), 3u);
  EXPECT_EQ(changed->members.size(), root->members.size());
}

TEST(Mutation, what_no_test_sees_survives_and_what_a_test_sees_does_not) {
  const TempFolder folder;
  fill(folder, "tests:\n  - in: samples/1.in.xml\n    out: {case_no: C1, task_name: 甲, title: 乙}\n");
  folder.write("t/samples/1.in.xml", "<bj><no>C1</no><name>　甲</name><bt>乙</bt><lx>1</lx></bj>");
  const auto report = run_mutations({folder.path() + "/t", {}}, environment(), {});
  ASSERT_TRUE(report) << describe(report.error());
  std::map<std::string, MutantFate> fates;
  for (const JudgedMutant& one : report->mutants) fates[one.mutant.id()] = one.fate;
  EXPECT_EQ(fates.at("drop_rule rules.title"), MutantFate::noticed);
  EXPECT_EQ(fates.at("swap_source rules.task_name"), MutantFate::noticed);
  EXPECT_EQ(fates.at("drop_step types.blank.trim"), MutantFate::noticed);
  EXPECT_EQ(fates.at("drop_rule identity.case"), MutantFate::refused);
  EXPECT_EQ(fates.at("drop_rule rules.project_type"), MutantFate::survived);
  EXPECT_EQ(fates.at("change_row tables/st.csv[1]"), MutantFate::survived);
  EXPECT_EQ(fates.at("drop_entry types.blank.null_if[无]"), MutantFate::survived);
  EXPECT_FALSE(report->green());
  // The pack itself is left alone.
  Findings mistakes;
  EXPECT_TRUE(Pack::load(folder.path() + "/t", {}, mistakes));
}

TEST(Mutation, an_excuse_covers_a_survivor_and_a_stale_one_is_said) {
  const TempFolder folder;
  fill(folder, "tests:\n  - in: samples/1.in.xml\n    out: {case_no: C1, task_name: 甲, title: 乙}\n");
  folder.write("t/samples/1.in.xml", "<bj><no>C1</no><name>　甲</name><bt>乙</bt><lx>1</lx></bj>");
  folder.write("t/excuses.yaml", "excuses:\n  - {mutant: drop_rule rules.project_type, reason: not yet}\n  - {mutant: drop_rule rules.title, reason: wrong}\n  - {mutant: \"change_row tables/*\", reason: one day}\n");
  const auto report = run_mutations({folder.path() + "/t", {}}, environment(), {});
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_EQ(report->count(MutantFate::excused), 3u);
  ASSERT_EQ(report->stale.size(), 1u);
  EXPECT_EQ(report->stale[0].mutant, "drop_rule rules.title");
  EXPECT_EQ(report->stale[0].line, 3u);
}

TEST(Mutation, a_pack_whose_tests_fail_is_not_mutated) {
  const TempFolder folder;
  fill(folder, "tests:\n  - in: samples/1.in.xml\n    out: {case_no: C2}\n");
  folder.write("t/samples/1.in.xml", "<bj><no>C1</no><name>甲</name></bj>");
  const auto report = run_mutations({folder.path() + "/t", {}}, environment(), {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().id(), "mapping.test_failed");
  folder.write("t/mappings/m.yaml", std::string(kMapping) + "tests:\n  - in: samples/1.in.xml\n    out: {case_no: C1}\n");
  folder.write("t/excuses.yaml", "excuses:\n  - {mutant: x}\n");
  const auto shaped = run_mutations({folder.path() + "/t", {}}, environment(), {});
  ASSERT_FALSE(shaped);
  EXPECT_EQ(shaped.error().id(), "mapping.wrong_shape");
  EXPECT_EQ(shaped.error().where(), "excuses.yaml:2:5");
}

/// What an overlay changes is mutated where it stands; what it leaves alone is its base's business.
TEST(Mutation, an_overlay_is_mutated_by_what_it_changes) {
  const char* const kOverlay = R"(pack: o
system: o
version: "1"
extends: {pack: t, digest: "00"}
params: {office: ORG2}
changes:
  t.m:
    tables: {st: {rows: {"3": immediate, "2": none}, unknown: reject}}
    rules:
      title: none
      task_name: {from: mc, via: [upper], on_fail: hold}
    types: {blank: {trim: ascii}}
    zone: "+09:00"
    checks: [{id: c, that: 'present(task_name)', text: {en: e, zh: z}, on_fail: hold}]
)";
  const auto root = wire::parse_yaml(std::string_view(kOverlay));
  ASSERT_TRUE(root);
  const std::vector<std::string> wanted = {
      "change_const params.office (ORG2 -> ORG2x) :5",
      "drop_row changes.t.m.tables.st[3] :8",
      "change_row changes.t.m.tables.st[3] (immediate -> none) :8",
      "drop_row changes.t.m.tables.st[2] :8",
      "change_row changes.t.m.tables.st[2] (none -> immediate) :8",
      "weaken_policy changes.t.m.tables.st.unknown (reject -> hold) :8",
      "drop_rule changes.t.m.rules.title :10",
      "drop_rule changes.t.m.rules.task_name :11",
      "drop_step changes.t.m.rules.task_name.via[upper] :11",
      "weaken_policy changes.t.m.rules.task_name.on_fail (hold -> drop) :11",
      "drop_step changes.t.m.types.blank.trim :12",
      "change_zone changes.t.m.zone (+09:00 -> +00:00) :13",
      "drop_part changes.t.m.checks[c] :14",
  };
  EXPECT_EQ(ids(mutants_of({"pack.yaml", *root})), wanted);
}

/// A pack `o` beside the pack `t`, which extends it by these changes of its mapping and is tested with one sample.
void overlay(const TempFolder& folder, const std::string& changes) {
  fill(folder, "");
  Findings mistakes;
  const auto base = Pack::load(folder.path() + "/t", {}, mistakes);
  ASSERT_TRUE(base);
  folder.write("o/pack.yaml", "pack: o\nsystem: o\nversion: \"1\"\nextends: {pack: t, digest: \"" + (*base)->info().digest + "\"}\nchanges:\n  t.m:\n" + changes +
                                  "tests:\n  - {in: samples/1.in.xml, out: {task_name: A}}\n");
}

TEST(Mutation, the_tests_of_an_overlay_judge_its_mutants) {
  const TempFolder folder;
  overlay(folder, "    rules:\n      title: {maybe: tt}\n      task_name: {from: mc, via: [upper], on_fail: hold}\n");
  folder.write("o/samples/1.in.xml", "<bj><no>C1</no><name>x</name><mc>a</mc><tt>b</tt></bj>");
  const auto report = run_mutations({folder.path() + "/o", {}}, environment(), {});
  ASSERT_TRUE(report) << describe(report.error());
  std::map<std::string, MutantFate> fates;
  for (const JudgedMutant& one : report->mutants) fates[one.mutant.id()] = one.fate;
  EXPECT_EQ(fates.at("drop_rule changes.t.m.rules.task_name"), MutantFate::noticed);
  EXPECT_EQ(fates.at("drop_step changes.t.m.rules.task_name.via[upper]"), MutantFate::noticed);
  EXPECT_EQ(fates.at("drop_rule changes.t.m.rules.title"), MutantFate::survived);
}

/// A bare `none` takes away, a quoted one is a text. Written anew with quotes, every mutant beside it would be refused for that alone.
TEST(Mutation, a_document_with_none_is_written_anew_as_it_was) {
  const TempFolder folder;
  overlay(folder, "    tables: {st: {rows: {\"2\": none, \"3\": other}}}\n    rules:\n      title: none\n      task_name: {from: mc, via: [upper], on_fail: hold}\n");
  folder.write("o/samples/1.in.xml", "<bj><no>C1</no><name>x</name><mc>a</mc></bj>");
  const auto report = run_mutations({folder.path() + "/o", {}}, environment(), {});
  ASSERT_TRUE(report) << describe(report.error());
  std::map<std::string, JudgedMutant> judged;
  for (const JudgedMutant& one : report->mutants) judged[one.mutant.id()] = one;
  EXPECT_EQ(judged.at("drop_step changes.t.m.rules.task_name.via[upper]").fate, MutantFate::noticed);
  EXPECT_EQ(judged.at("drop_row changes.t.m.tables.st[3]").fate, MutantFate::survived);
  EXPECT_EQ(judged.at("drop_row changes.t.m.tables.st[2]").fate, MutantFate::survived);
}

TEST(Mutation, a_refused_mutant_says_the_first_mistake) {
  const TempFolder folder;
  fill(folder, "tests:\n  - in: samples/1.in.xml\n    out: {case_no: C1}\n");
  folder.write("t/samples/1.in.xml", "<bj><no>C1</no><name>甲</name></bj>");
  const auto report = run_mutations({folder.path() + "/t", {}}, environment(), {});
  ASSERT_TRUE(report) << describe(report.error());
  const auto at = std::find_if(report->mutants.begin(), report->mutants.end(), [](const JudgedMutant& one) { return one.mutant.id() == "drop_rule identity.case"; });
  ASSERT_NE(at, report->mutants.end());
  EXPECT_EQ(at->fate, MutantFate::refused);
  EXPECT_EQ(at->reason, "mapping.missing_key identity.case");
}

/// Every document of every pack, written anew without a change, is judged as it stands: a mutant differs by its change alone.
TEST(Mutation, the_packs_written_anew_pass_their_tests) {
  std::size_t documents_seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(TONGQU_SOURCE_DIR) / "connectors/packs")) {
    if (!entry.is_directory()) continue;
    const std::string folder = entry.path().string();
    const auto documents = read_documents(folder);
    ASSERT_TRUE(documents) << folder;
    const auto copy = PackCopy::make(folder);
    ASSERT_TRUE(copy) << folder;
    for (const PackDocument& document : *documents) ASSERT_TRUE(copy->replace(document.file, yaml_line(document.root)));
    Findings mistakes;
    const auto pack = Pack::load(copy->folder(), {}, mistakes);
    ASSERT_TRUE(pack) << folder << (mistakes.empty() ? std::string() : describe(*mistakes.begin(), Lang::en));
    const auto report = (*pack)->run_tests(environment());
    EXPECT_TRUE(report.failures.empty()) << folder << ": " << report.failures.front();
    documents_seen += documents->size();
  }
  EXPECT_GE(documents_seen, 26u);
}

TEST(PackTests, findings_may_say_place_and_severity) {
  const char* const kInput = "<bj><no>C1</no></bj>";
  const auto failures = [&](const std::string& findings) {
    const TempFolder folder;
    fill(folder, "tests:\n  - in: samples/1.in.xml\n    verdict: held\n    findings: [" + findings + "]\n");
    folder.write("t/samples/1.in.xml", kInput);
    Findings mistakes;
    const auto pack = Pack::load(folder.path() + "/t", {}, mistakes);
    return (*pack)->run_tests(environment()).failures.size();
  };
  EXPECT_EQ(failures("mapping.missing"), 0u);
  EXPECT_EQ(failures("mapping.missing task_name"), 0u);
  EXPECT_EQ(failures("mapping.missing task_name error"), 0u);
  EXPECT_EQ(failures("mapping.missing task_name warn"), 1u);
  EXPECT_EQ(failures("mapping.missing title"), 1u);
  EXPECT_EQ(failures("mapping.missing, mapping.missing"), 1u);
}

} // namespace
} // namespace tongqu::mapping::author
