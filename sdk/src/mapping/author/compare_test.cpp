#include "mapping/test_support.hpp"
#include "tongqu/mapping/author.hpp"

namespace tongqu::mapping::author {
namespace {

using test::TempFolder;

constexpr const char* kPack = "pack: t\nsystem: t\nversion: \"1\"\nmappings:\n  - file: m.yaml\n";
std::string mapping(const std::string& rules) {
  return "mapping: t.m\nto: case@1\nzone: \"+08:00\"\nsource:\n  - xml: {root: bj}\ntypes:\n  moment: {trim: wide, date: [\"yyyy/M/d H:m\"]}\n"
         "tables:\n  st: {inline: {\"1\": immediate, \"2\": promised}, system: t.st, model: project_type, unknown: hold}\n"
         "identity: {organisation: {const: O}, item: {const: I}, case: {from: no, on_fail: reject}, event: {const: E}}\nevent: {const: accept}\nrules:\n"
         "  case_no: {from: no, on_fail: reject}\n" + rules;
}

Environment environment() {
  Environment env;
  env.reference_date = *model::Time::parse("2150-01-01");
  return env;
}

wire::Delivery delivery(const std::string& bytes) {
  wire::Delivery made;
  made.parts.push_back({"body", "", bytes, nullptr});
  return made;
}

std::shared_ptr<const Pack> load(const TempFolder& folder, const std::string& rules) {
  folder.write("pack.yaml", kPack);
  folder.write("m.yaml", mapping(rules));
  Findings mistakes;
  auto pack = Pack::load(folder.path(), {}, mistakes);
  EXPECT_TRUE(pack);
  return pack ? *pack : nullptr;
}

TEST(Compare, tells_each_field_that_would_be_another_and_hides_personal_ones) {
  const TempFolder a, b;
  const auto before = load(a, "  title: {maybe: bt}\n  remark: {maybe: bz}\n  applicant: {name: {maybe: xm}}\n");
  const auto after = load(b, "  title: {maybe: bt, via: [upper]}\n  task_name: {maybe: bz}\n  applicant: {name: {maybe: xm, via: [{suffix: 等}]}}\n");
  const auto changes = compare(*before, *after, delivery("<bj><no>C1</no><bt>ab</bt><bz>x</bz><xm>欧阳</xm></bj>"), environment(), false);
  ASSERT_TRUE(changes);
  std::string text;
  for (const FieldChange& one : *changes) text += std::to_string(one.record) + " " + one.path + ": " + one.before + " -> " + one.after + "\n";
  EXPECT_EQ(text, "1 applicant.name: <2 characters, non-ASCII> -> <3 characters, non-ASCII>\n1 remark: x -> \n1 title: ab -> AB\n1 meta.title.mark:  -> repaired\n1 task_name:  -> x\n");
  const auto shown = compare(*before, *after, delivery("<bj><no>C1</no><xm>欧阳</xm></bj>"), environment(), true);
  EXPECT_EQ(shown->front().after, "欧阳等");
  const auto same = compare(*before, *before, delivery("<bj><no>C1</no><xm>欧阳</xm></bj>"), environment(), true);
  EXPECT_TRUE(same->empty());
}

TEST(Compare, tells_verdicts_and_refused_deliveries) {
  const TempFolder a, b;
  const auto before = load(a, "  title: {from: bt, on_fail: hold}\n");
  const auto after = load(b, "  title: {from: bt, on_fail: drop}\n");
  const auto changes = compare(*before, *after, delivery("<bj><no>C1</no></bj>"), environment(), false);
  ASSERT_FALSE(changes->empty());
  EXPECT_EQ(changes->front().path, "(verdict)");
  EXPECT_EQ(changes->front().before + changes->front().after, "heldaccepted");
  EXPECT_TRUE(compare(*before, *after, delivery("<bj>"), environment(), false)->empty());
}

ExplainedField tried(const TempFolder& folder, std::string_view rule, const std::string& body) {
  const auto result = try_rule({folder.path(), {}}, rule, delivery(body), environment(), true);
  EXPECT_TRUE(result) << (result ? "" : describe(result.error()));
  if (!result || result->records.empty() || result->records[0].fields.empty()) return {};
  return result->records[0].fields[0];
}

TEST(TryRule, gives_texts_times_numbers_codes_and_truth) {
  const TempFolder folder;
  ASSERT_TRUE(load(folder, "  title: {maybe: bt}\n"));
  const std::string body = "<bj><no>C1</no><sj> 2149/3/5 7:8</sj><n>12</n><st>2</st><bt>x</bt></bj>";
  EXPECT_EQ(tried(folder, "{from: bt, via: [upper], on_fail: hold}", body).value, "X");
  EXPECT_EQ(tried(folder, "{from: sj, type: moment, on_fail: hold}", body).value, "2149-03-05T07:08:00+08:00");
  EXPECT_EQ(tried(folder, "{maybe: n, via: [integer], on_fail: hold}", body).value, "12");
  EXPECT_EQ(tried(folder, "{maybe: st, table: st, on_fail: hold}", body).value, "promised");
  EXPECT_EQ(tried(folder, "st == \"2\" and present(bt)", body).state, "value");
  EXPECT_EQ(tried(folder, "st == \"1\"", body).state, "absent");
  const auto wrong = try_rule({folder.path(), {}}, "{from: bt, via: [uper]}", delivery(body), environment(), true);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().id(), "mapping.unknown_step");
}

/// An overlay has no document to put the rule into: that is said, and not answered with nothing.
TEST(TryRule, is_done_on_the_pack_that_is_extended) {
  const TempFolder folder;
  const auto base = load(folder, "  title: {maybe: bt}\n");
  ASSERT_TRUE(base);
  const std::string name = folder.path().substr(folder.path().rfind('/') + 1);
  const TempFolder overlay;
  overlay.write("pack.yaml", "pack: o\nsystem: o\nversion: \"1\"\nextends: {pack: " + name + ", digest: \"" + base->info().digest + "\"}\n");
  const auto result = try_rule({overlay.path(), {}}, "{maybe: bt}", delivery("<bj><no>C1</no><bt>x</bt></bj>"), environment(), true);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().id(), "mapping.extends_invalid");
}

TEST(Profile, counts_shapes_and_never_keeps_what_is_personal) {
  const TempFolder folder;
  const auto pack = load(folder, "  applicant: {name: {maybe: xm}}\n  project_type: {maybe: st, table: st, on_fail: hold}\n");
  const std::map<std::string, std::string> messages = {{"1", "<bj><no>C1</no><xm>欧阳静怡</xm><st>2</st><zz>9</zz></bj>"}, {"2", "<bj><no>C22</no><xm>无</xm><st>14</st></bj>"}, {"3", "<bj>"}};
  const auto profile = take_profile(*pack, environment(), {"1", "2", "3"}, [&](const std::string& file) -> Result<wire::Delivery> { return delivery(messages.at(file)); }, {});
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->messages, 3u);
  EXPECT_EQ(profile->refused.at("wire.xml_not_wf"), 1u);
  const std::string json = profile_json(*profile);
  EXPECT_EQ(json.find("欧阳"), std::string::npos);
  EXPECT_NE(json.find("{\"path\":\"body /bj/xm\",\"count\":2,\"filled\":1,\"length_max\":4,\"shapes\":{\"汉{4}\":1},\"placeholders\":{\"无\":1}}"), std::string::npos) << json;
  EXPECT_NE(json.find("{\"path\":\"body /bj/st\",\"count\":2,\"filled\":2,\"length_max\":2,\"shapes\":{\"9\":1,\"9{2}\":1},\"codes\":{\"2\":1}}"), std::string::npos) << json;
  EXPECT_NE(json.find("\"body /bj/zz\""), std::string::npos);
}

/// A table says which codes there are; what the sender puts beside them may be anything, and a code of a person is his.
TEST(Profile, shows_codes_of_the_table_only_and_none_of_personal_fields) {
  const TempFolder folder;
  const auto pack = load(folder, "  applicant: {name: {maybe: xm}, id_no: {maybe: st2}}\n  project_type: {maybe: st, table: st, on_fail: hold}\n");
  const auto profile = take_profile(*pack, environment(), {"<bj><no>C1</no><st>张三</st></bj>", "<bj><no>C2</no><st>1</st><xm>ཚེ་རིང</xm></bj>"},
                                    [](const std::string& body) -> Result<wire::Delivery> { return delivery(body); }, {});
  ASSERT_TRUE(profile);
  const std::string json = profile_json(*profile);
  EXPECT_EQ(json.find("张三"), std::string::npos) << json;
  EXPECT_NE(json.find("\"codes\":{\"1\":1}"), std::string::npos) << json;
  EXPECT_NE(json.find("\"字{6}\":1"), std::string::npos) << json;
}

TEST(Try, shows_shapes_unless_it_is_asked_to_reveal) {
  const TempFolder folder;
  load(folder, "  title: {maybe: bt}\n");
  const auto explained = try_rule({folder.path(), {}}, "{from: xm, via: [{trim: wide}], on_fail: hold}", delivery("<bj><no>C1</no><xm> 欧阳静怡</xm><st>2</st></bj>"), environment(), false);
  ASSERT_TRUE(explained) << describe(explained.error());
  const ExplainedField& field = explained->records.at(0).fields.at(0);
  for (const std::string& text : {field.value, field.source, field.steps.at(0).value}) {
    EXPECT_EQ(text.find("欧阳"), std::string::npos);
    EXPECT_EQ(text.substr(0, 1), "<");
  }
  const auto coded = try_rule({folder.path(), {}}, "{maybe: st, table: st, on_fail: hold}", delivery("<bj><no>C1</no><st>2</st></bj>"), environment(), false);
  ASSERT_TRUE(coded);
  EXPECT_EQ(coded->records.at(0).fields.at(0).row, "<1 characters, digits> -> <8 characters, small letters>") << "whose field it will be, nobody knows yet";
}

TEST(RunFolder, gives_each_result_and_times_rules) {
  const TempFolder folder;
  const auto pack = load(folder, "  title: {maybe: bt}\n");
  std::vector<std::string> seen;
  const auto times = run_folder(*pack, environment(), {"<bj><no>C1</no></bj>", "<bj/>", "<x"}, [](const std::string& body) -> Result<wire::Delivery> { return delivery(body); }, Timing::by_rule,
                                [&seen](const FolderLine& line) { seen.push_back(line.refused ? std::string(line.refused->id()) : std::string(verdict_name(line.records.at(0).verdict))); });
  ASSERT_TRUE(times);
  EXPECT_EQ(seen, (std::vector<std::string>{"accepted", "refused", "wire.xml_not_wf"}));
  EXPECT_EQ(times->messages, 3u);
  EXPECT_EQ(times->records, 2u);
  EXPECT_EQ(times->refused, 1u);
  ASSERT_FALSE(times->rules.empty());
  for (const RuleTime& rule : times->rules) EXPECT_EQ(rule.runs, 2u) << rule.rule;
}

} // namespace
} // namespace tongqu::mapping::author
