#include "mapping/test_support.hpp"

#include "tongqu/wire/xml.hpp"

namespace tongqu::mapping::test {
namespace {

const model::Case& case_of(const MappedRecord& record) { return std::get<model::Case>(record.record.body); }

MappedRecord map_rules(const std::string& rules, const std::string& body, const std::string& tail = "") {
  PackText text;
  text.rules = rules;
  text.tail = tail;
  return map_one(text, "<bj><no>C1</no>" + body + "</bj>");
}

std::string mark_of(const MappedRecord& record, std::string_view path) {
  const auto slot = model::find_slot(model::EntityId::case_, path);
  const model::MetaEntry* entry = record.record.find_meta(slot->id, {});
  return entry == nullptr ? "none" : std::string(model::mark_name(entry->mark));
}

TEST(SourceMapping, fills_identity_envelope_and_a_field) {
  const MappedRecord record = map_one({}, "<bj><no>C1</no><name>某事项</name></bj>");
  EXPECT_EQ(record.verdict, RecordVerdict::accepted);
  EXPECT_EQ(record.record.identity.key(), (model::Identity{"ORG1", "ITEM1", "C1", "accept", "1"}.key()));
  EXPECT_EQ(record.record.envelope.source_system, "test-system");
  EXPECT_EQ(record.record.envelope.pack, "test-pack@1");
  EXPECT_EQ(record.record.envelope.event, "accept");
  EXPECT_EQ(case_of(record).task_name, "某事项");
  EXPECT_EQ(content_digest(record).size(), 32u);
}

TEST(SourceMapping, tells_empty_nil_and_absent_apart) {
  const std::string rule = "  task_name: {from: name, on_fail: hold}\n";
  EXPECT_EQ(case_of(map_rules(rule, "<name/>")).task_name, "");
  EXPECT_EQ(ids(map_rules(rule, "").findings), "mapping.missing");
  EXPECT_EQ(ids(map_rules(rule, "<name xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/>").findings), "mapping.missing");
  const std::string blank = "  task_name: {from: name, via: [{null_if: [无]}], on_fail: hold}\n";
  EXPECT_EQ(ids(map_rules(blank, "<name/>").findings), "mapping.placeholder");
  EXPECT_EQ(ids(map_rules(blank, "<name>无</name>").findings), "mapping.placeholder");
}

TEST(SourceMapping, a_placeholder_under_maybe_leaves_the_field_out_and_says_so) {
  const MappedRecord record = map_rules("  task_name: {maybe: name, via: [{null_if: [无]}]}\n", "<name>无</name>");
  EXPECT_FALSE(case_of(record).task_name);
  EXPECT_EQ(ids(record.findings, Severity::info), "mapping.placeholder");
  EXPECT_EQ(record.findings.items()[0].quirk, 30);
}

TEST(SourceMapping, nil_clears_only_in_a_part_that_asks_for_it) {
  PackText text;
  text.head = "to: case@1\nrecord: part\n";
  text.rules = "  task_name: {maybe: name, nil: clear}\n  remark: {maybe: bz}\n";
  const std::string nil = " xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='1'/>";
  const MappedRecord record = map_one(text, "<bj><no>C1</no><name" + nil + "<bz" + nil + "</bj>");
  EXPECT_NE(record.canonical.find("\"task_name\":null"), std::string::npos) << record.canonical;
  EXPECT_EQ(record.canonical.find("\"remark\""), std::string::npos);
}

TEST(SourceMapping, const_param_default_and_derived_are_marked) {
  PackText text;
  text.pack_tail = "params: {p: 参数}\n";
  text.rules = "  task_name: {const: 常量}\n  title: {param: p}\n  remark: {maybe: none, default: 默认}\n  opinion: {maybe: yj, mark: derived}\n  division_name: {maybe: yj}\n";
  const MappedRecord record = map_one(text, "<bj><no>C1</no><yj>同意</yj></bj>");
  EXPECT_EQ(case_of(record).task_name, "常量");
  EXPECT_EQ(case_of(record).title, "参数");
  EXPECT_EQ(case_of(record).remark, "默认");
  EXPECT_EQ(mark_of(record, "task_name"), "constant");
  EXPECT_EQ(mark_of(record, "title"), "constant");
  EXPECT_EQ(mark_of(record, "remark"), "derived");
  EXPECT_EQ(mark_of(record, "opinion"), "derived");
  EXPECT_EQ(mark_of(record, "division_name"), "none");
}

TEST(SourceMapping, a_repaired_value_is_marked_and_reported) {
  const MappedRecord record = map_rules("  task_name: {maybe: name, via: [{fold: [digits]}]}\n", "<name>１号</name>");
  EXPECT_EQ(case_of(record).task_name, "1号");
  EXPECT_EQ(mark_of(record, "task_name"), "repaired");
  EXPECT_EQ(ids(record.findings, Severity::info), "mapping.repaired");
  EXPECT_EQ(record.findings.items()[0].quirk, 25);
}

TEST(SourceMapping, a_finding_says_where_and_never_what) {
  const MappedRecord record = map_rules("  applicant: {birth_date: {maybe: csrq, via: [{date: [yyyy-MM-dd]}], on_fail: hold}}\n", "\n <csrq>2099/01/05</csrq>");
  ASSERT_EQ(record.findings.size(), 1u);
  const Finding& finding = record.findings.items()[0];
  EXPECT_EQ(errc_row(finding.id).id, "mapping.malformed");
  EXPECT_EQ(finding.path, "applicant.birth_date");
  EXPECT_EQ(finding.rule, "applicant.birth_date");
  EXPECT_EQ(finding.source.part, "body");
  EXPECT_EQ(finding.source.path, "/bj/csrq");
  EXPECT_EQ(finding.source.line, 2u);
  EXPECT_EQ(finding.source.column, 2u);
  EXPECT_EQ(finding.value_class, "10 characters, digits, signs");
  EXPECT_EQ(finding.quirk, 27);
  EXPECT_NE(finding.expected.zh.find("yyyy-MM-dd"), std::string::npos);
  EXPECT_EQ(record.reason.en.find("2099/01/05"), std::string::npos);
  EXPECT_FALSE(record.reason.zh.empty());
}

TEST(Policies, each_does_what_it_says) {
  const auto with = [](const std::string& policy) {
    return map_rules("  task_name: {maybe: name, via: [{length_max: {chars: 2}}], on_fail: " + policy + "}\n", "<name>abc</name>");
  };
  EXPECT_EQ(with("reject").verdict, RecordVerdict::refused);
  EXPECT_TRUE(with("reject").canonical.empty());
  EXPECT_EQ(with("hold").verdict, RecordVerdict::held);
  EXPECT_FALSE(case_of(with("hold")).task_name);
  EXPECT_EQ(with("drop").verdict, RecordVerdict::accepted);
  EXPECT_FALSE(case_of(with("drop")).task_name);
  EXPECT_EQ(ids(with("drop").findings, Severity::info), "mapping.out_of_range mapping.dropped");
  EXPECT_EQ(case_of(with("raw")).task_name, "abc");
  EXPECT_EQ(ids(with("raw").findings, Severity::info), "mapping.out_of_range mapping.kept_raw");
  EXPECT_EQ(case_of(with("report")).task_name, "abc");
  EXPECT_EQ(ids(with("report").findings), "mapping.out_of_range");
  EXPECT_EQ(with("report").findings.items()[0].severity, Severity::warn);
  EXPECT_EQ(with("hold").findings.items()[0].severity, Severity::error);
}

TEST(Policies, a_value_that_stands_twice_or_is_split_refuses_the_record) {
  const std::string rule = "  task_name: {maybe: name}\n";
  const MappedRecord twice = map_rules(rule, "<name>a</name><name>b</name>");
  EXPECT_EQ(twice.verdict, RecordVerdict::refused);
  EXPECT_EQ(ids(twice.findings), "mapping.repeated");
  EXPECT_EQ(ids(map_rules(rule, "<name>a<!-- x -->b</name>").findings), "wire.xml_mixed");
  EXPECT_EQ(ids(map_rules(rule, "<name><x>b</x></name>").findings), "wire.not_a_leaf");
  const MappedRecord told = map_rules("  task_name: {maybe: name, on_fail: {malformed: hold}}\n", "<name>a</name><name>b</name>");
  EXPECT_EQ(told.verdict, RecordVerdict::held);
}

TEST(Checks, a_failed_check_follows_its_policy_and_stands_in_the_meta) {
  const std::string rules = "  applicant:\n    id_type: {const: resident_id}\n    id_no: {maybe: id, check: {by: applicant.id_type}, on_fail: ";
  const std::string good = "<id>100000209901010013</id>", bad = "<id>100000209901010014</id>";
  EXPECT_EQ(ids(map_rules(rules + "reject}\n", good).findings), "");
  EXPECT_EQ(map_rules(rules + "reject}\n", bad).verdict, RecordVerdict::refused);
  const MappedRecord held = map_rules(rules + "hold}\n", bad);
  EXPECT_EQ(held.verdict, RecordVerdict::held);
  EXPECT_EQ(ids(held.findings), "model.id_check_digit");
  EXPECT_EQ(held.findings.items()[0].quirk, 36);
  EXPECT_EQ(case_of(held).applicant.id_no, "100000209901010014");
  const MappedRecord reported = map_rules(rules + "report}\n", bad);
  EXPECT_EQ(reported.verdict, RecordVerdict::accepted);
  EXPECT_EQ(ids(reported.findings), "model.id_check_digit");
  const auto slot = model::find_slot(model::EntityId::case_, "applicant.id_no");
  EXPECT_EQ(reported.record.find_meta(slot->id, {})->verdict, model::Verdict::failed);
  EXPECT_FALSE(case_of(map_rules(rules + "drop}\n", bad)).applicant.id_no);
}

TEST(Tables, a_code_keeps_what_was_sent_beside_its_name) {
  const std::string rule = "  channel: {maybe: ly, table: t, default: \"1\"}\n";
  const std::string tables = "tables:\n  t: {inline: {\"0\": window, \"1\": web}, system: test.ly, model: channel, unknown: hold}\n";
  const MappedRecord sent = map_rules(rule, "<ly>0</ly>", tables);
  EXPECT_EQ(case_of(sent).channel, (model::Code{"window", "test.ly", "0", ""}));
  const MappedRecord fallen = map_rules(rule, "", tables);
  EXPECT_EQ(case_of(fallen).channel, (model::Code{"web", "", "", ""}));
  const MappedRecord unknown = map_rules(rule, "<ly>9</ly>", tables);
  EXPECT_EQ(unknown.verdict, RecordVerdict::held);
  EXPECT_EQ(ids(unknown.findings), "mapping.unknown_code");
  EXPECT_EQ(unknown.findings.items()[0].quirk, 32);
  const MappedRecord raw = map_rules("  channel: {maybe: ly, table: t, on_fail: {unknown: raw}}\n", "<ly>9</ly>", tables);
  EXPECT_EQ(case_of(raw).channel, (model::Code{"", "test.ly", "9", ""}));
}

TEST(Tables, labels_match_when_asked_and_csv_quotes_are_read) {
  PackText text;
  text.tables = "  t: {file: t.csv, model: channel, unknown: hold, match: [code, label]}\n";
  text.rules = "  channel: {maybe: ly, table: t}\n";
  Loaded loaded;
  loaded.folder.write("t.csv", "code,name,label\n0,window,\"窗口, \"\"甲\"\"\"\n1,web,网上\n");
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace;
  const auto by_label = loaded.pack->run(delivery("<bj><no>C1</no><ly>窗口, \"甲\"</ly></bj>"), environment(), workspace);
  EXPECT_EQ(case_of(by_label->front()).channel->name, "window");
  const auto by_code = loaded.pack->run(delivery("<bj><no>C1</no><ly>1</ly></bj>"), environment(), workspace);
  EXPECT_EQ(case_of(by_code->front()).channel->text, "网上");
}

TEST(Kinds, every_kind_of_field_is_filled) {
  const MappedRecord record = map_rules(
      "  applied_at: {maybe: a, via: [{date: [\"yyyy/M/d H:m\"]}], on_fail: drop}\n"
      "  legal_limit: {maybe: b, via: [{strip_unit: [个工作日]}, decimal, {unit: working_day}], on_fail: drop}\n"
      "  fee:\n    amount: {maybe: c, via: [{strip_unit: [万元]}, {decimal: {grouping: \",\"}}, {scale: 4}], on_fail: drop}\n"
      "    charged: {maybe: d, table: {inline: {是: \"true\", 否: \"false\"}, unknown: drop}}\n"
      "  task_version: {maybe: e, on_fail: drop}\n"
      "  result:\n    valid_to: {maybe: f, via: [{date: [yyyy-MM-dd], sentinels: {unlimited: [长期]}}], on_fail: drop}\n"
      "  ext: {county: {note: {maybe: g}}}\n"
      "  envelope: {sequence_in_case: {maybe: e, on_fail: drop}, reported_at: {maybe: a, via: [{date: [\"yyyy/M/d H:m\"]}], on_fail: drop}}\n",
      "<a>2149/3/5 7:8</a><b>15个工作日</b><c>3,050.75万元</c><d>是</d><e>7</e><f>长期</f><g>注</g>");
  EXPECT_EQ(ids(record.findings), "");
  const model::Case& c = case_of(record);
  EXPECT_EQ(c.applied_at->text(), "2149-03-05T07:08:00+08:00");
  EXPECT_EQ(c.applied_at->precision, model::Time::Precision::minute);
  EXPECT_EQ(c.legal_limit->value, "15");
  EXPECT_EQ(c.legal_limit->unit, model::Quantity::Unit::working_day);
  EXPECT_EQ(c.fee.amount->yuan, "30507500");
  EXPECT_EQ(c.fee.charged, true);
  EXPECT_EQ(c.task_version, 7);
  EXPECT_EQ(c.result.valid_to->kind, model::Validity::Kind::unlimited);
  EXPECT_EQ(record.record.ext.at(0).value, "注");
  EXPECT_EQ(record.record.envelope.sequence_in_case, 7);
  EXPECT_EQ(record.record.envelope.reported_at->text(), "2149-03-05T07:08:00+08:00");
}

TEST(Kinds, money_finer_than_a_fen_is_a_fault) {
  const MappedRecord record = map_rules("  fee: {amount: {maybe: c, on_fail: hold}}\n", "<c>1.005</c>");
  EXPECT_EQ(record.verdict, RecordVerdict::held);
  EXPECT_EQ(ids(record.findings), "model.money_too_fine");
}

TEST(Kinds, unlimited_does_not_fit_a_time) {
  const MappedRecord record = map_rules("  applied_at: {maybe: f, via: [{date: [yyyy-MM-dd], sentinels: {unlimited: [长期]}}], on_fail: drop}\n", "<f>长期</f>");
  EXPECT_EQ(ids(record.findings), "mapping.malformed");
  EXPECT_FALSE(case_of(record).applied_at);
}

TEST(Lists, records_nest_once_and_filters_keep_the_order) {
  const MappedRecord record = map_rules(
      "  received_materials:\n    each: list/cl\n    when: 'sc != \"1\"'\n    rules:\n      name: {from: mc, on_fail: hold}\n      remote_id: {maybe: \"@id\"}\n"
      "      reused_from_case: {maybe: /no}\n      files: {each: wj, rules: {name: {from: ., on_fail: drop}}}\n",
      "<list><cl id='7'><mc>甲</mc><wj>1.pdf</wj><wj>2.pdf</wj></cl><cl><mc>乙</mc><sc>1</sc></cl><cl><mc>丙</mc></cl></list>");
  const auto& list = *case_of(record).received_materials;
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].name, "甲");
  EXPECT_EQ(list[0].remote_id, "7");
  EXPECT_EQ(list[0].reused_from_case, "C1");
  ASSERT_EQ(list[0].files->size(), 2u);
  EXPECT_EQ(list[0].files->at(1).name, "2.pdf");
  EXPECT_EQ(list[1].name, "丙");
  EXPECT_FALSE(list[1].files);
}

TEST(Lists, a_fault_names_its_element) {
  const MappedRecord record = map_rules("  received_materials: {each: cl, rules: {name: {from: mc, on_fail: hold}}}\n", "<cl><mc>甲</mc></cl><cl/>");
  ASSERT_EQ(record.findings.size(), 1u);
  EXPECT_EQ(record.findings.items()[0].path, "received_materials[1].name");
}

TEST(Lists, none_is_absent_unless_it_is_known_to_be_none) {
  EXPECT_FALSE(case_of(map_rules("  received_materials: {each: cl, rules: {name: {maybe: mc}}}\n", "")).received_materials);
  const MappedRecord none = map_rules("  received_materials: {each: cl, empty: none, rules: {name: {maybe: mc}}}\n", "");
  EXPECT_NE(none.canonical.find("\"received_materials\":[]"), std::string::npos);
}

TEST(Lists, two_lists_may_share_one_repeated_element) {
  const MappedRecord record = map_rules(
      "  received_materials: {each: x, when: 't == \"m\"', rules: {name: {maybe: n}}}\n  process_steps: {each: x, when: 't == \"s\"', rules: {step_name: {maybe: n}}}\n",
      "<x><t>m</t><n>甲</n></x><x><t>s</t><n>乙</n></x>");
  EXPECT_EQ(case_of(record).received_materials->at(0).name, "甲");
  EXPECT_EQ(case_of(record).process_steps->at(0).step_name, "乙");
}

TEST(Lists, plain_values_come_from_split_or_each) {
  PackText text;
  text.head = "to: service_item@1\n";
  text.identity = "  organisation: {const: O}\n  item: {from: no}\n  case: {const: \"-\"}\n  event: {const: item}\n";
  text.tables = "  t: {inline: {\"3\": natural_person, \"5\": enterprise}, unknown: hold}\n";
  const std::string field = "service_objects";
  if (!model::find_slot(model::EntityId::service_item, field)) GTEST_SKIP() << "the model has no such list";
  text.rules = "  service_objects: {maybe: fwdx, via: [{split: \"^\"}], table: t}\n";
  const MappedRecord split = map_one(text, "<bj><no>I1</no><fwdx>3^5</fwdx></bj>");
  EXPECT_EQ(std::get<model::ServiceItem>(split.record.body).service_objects->at(1).name, "enterprise");
  text.rules = "  service_objects: {maybe: fwdx, via: [{split: \"^\"}], table: t, default: \"5\"}\n";
  const MappedRecord fallen = map_one(text, "<bj><no>I1</no></bj>");
  const auto& objects = std::get<model::ServiceItem>(fallen.record.body).service_objects;
  ASSERT_TRUE(objects);
  ASSERT_EQ(objects->size(), 1u);
  EXPECT_EQ(objects->at(0).name, "enterprise");
  EXPECT_EQ(objects->at(0).code, "") << "nobody sent it";
  text.rules = "  service_objects: {each: fw/dx, table: t}\n";
  const MappedRecord each = map_one(text, "<bj><no>I1</no><fw><dx>3</dx><dx>5</dx></fw></bj>");
  EXPECT_EQ(std::get<model::ServiceItem>(each.record.body).service_objects->at(0).code, "3");
}

TEST(SourceMapping, a_check_of_the_pack_that_failed_stays_failed_where_the_check_of_the_field_is_content) {
  PackText text;
  text.rules = "  case_no: {from: no, check: case_no_43, on_fail: {check: report, default: reject}}\n";
  const MappedRecord record = map_one(text, "<bj><no>C1</no></bj>");
  EXPECT_EQ(record.verdict, RecordVerdict::accepted);
  EXPECT_NE(record.canonical.find(R"("case_no":{"verdict":"failed"})"), std::string::npos) << record.canonical;
}

TEST(SourceMapping, every_entity_can_be_mapped) {
  for (const model::EntityId entity : model::all_entities()) {
    const std::string_view keys = model::entity_keys(entity);
    const std::string key(keys.substr(0, keys.find('|')));
    PackText text;
    text.head = "to: " + std::string(model::entity_version(entity)) + "\n";
    text.rules = "  " + key + ": {from: no, on_fail: hold}\n  envelope.message_id: {from: id, on_fail: hold}\n";
    const MappedRecord record = map_one(text, "<bj><no>C1</no><id>M7</id></bj>");
    EXPECT_EQ(record.record.entity, entity) << key;
    EXPECT_NE(record.canonical.find("{\"record\":\"" + std::string(model::entity_version(entity)) + "\""), std::string::npos) << record.canonical;
    EXPECT_NE(record.canonical.find("\"" + key + "\":\"C1\""), std::string::npos) << record.canonical;
    EXPECT_NE(record.canonical.find("\"message_id\":\"M7\""), std::string::npos) << record.canonical;
    Findings findings;
    const auto again = model::read_canonical_json(record.canonical, findings);
    ASSERT_TRUE(again.has_value()) << record.canonical;
    EXPECT_TRUE(again->body == record.record.body) << key;
  }
}

TEST(Paths, ordinals_alternatives_attributes_and_facts) {
  PackText text;
  text.rules = "  task_name: {maybe: \"a[2]/b\"}\n  title: {maybe: x|y|z}\n  remark: {maybe: \"a/@k\"}\n  opinion: {maybe: \"meta:peer\"}\n  division_name: {maybe: \"a[1]/b\"}\n";
  wire::Delivery made = delivery("<bj><no>C1</no><a k='v'><b>1</b></a><a><b>2</b></a><y>Y</y><z>Z</z></bj>");
  made.facts["peer"] = "10.0.0.1";
  const MappedRecord record = map_one(text, "", &made);
  EXPECT_EQ(case_of(record).task_name, "2");
  EXPECT_EQ(case_of(record).division_name, "1");
  EXPECT_EQ(case_of(record).title, "Y");
  EXPECT_EQ(case_of(record).remark, "v");
  EXPECT_EQ(case_of(record).opinion, "10.0.0.1");
}

TEST(Paths, namespaces_are_ignored_unless_named) {
  PackText text;
  EXPECT_EQ(case_of(map_one(text, "<bj xmlns='urn:a'><no>C1</no><name>x</name></bj>")).task_name, "x");
  text.source = "  - xml: {root: bj, namespaces: \"urn:a\"}\n";
  EXPECT_EQ(case_of(map_one(text, "<bj xmlns='urn:a'><no>C1</no><name>x</name></bj>")).task_name, "x");
  EXPECT_EQ(map_one(text, "<bj><no>C1</no></bj>").verdict, RecordVerdict::refused);
}

TEST(Paths, unused_leaves_are_reported_once_each_and_ignored_when_listed) {
  const std::string rules = "  received_materials: {each: list/cl, rules: {name: {maybe: mc}}}\n";
  const std::string body = "<zz>1</zz><q><w e='5'>2</w></q><list><cl><mc>甲</mc><u>3</u></cl><cl><u>4</u></cl></list><empty/>";
  const MappedRecord record = map_rules(rules, body);
  std::string paths;
  for (const Finding& finding : record.findings) paths += finding.source.path + " ";
  EXPECT_EQ(paths, "/bj/zz /bj/q/w /bj/q/w/@e /bj/list/cl/u ");
  EXPECT_EQ(record.findings.items()[0].severity, Severity::info);
  EXPECT_TRUE(map_rules(rules, body, "ignore: [zz, q, list/cl/u]\n").findings.empty());
}

TEST(Expressions, compare_sources_and_filled_fields) {
  const auto runs = [](const std::string& when) {
    PackText text;
    text.rules = "  channel: {const: web}\n  task_name: {const: x, when: '" + when + "'}\n";
    return case_of(map_one(text, "<bj><no>C1</no><a> 1 </a><b>two words</b><e/></bj>")).task_name.has_value();
  };
  EXPECT_TRUE(runs("a == \"1\""));
  EXPECT_FALSE(runs("a != \"1\""));
  EXPECT_TRUE(runs("none != \"1\""));
  EXPECT_FALSE(runs("none == \"\""));
  EXPECT_TRUE(runs("a in [\"0\", \"1\"]"));
  EXPECT_TRUE(runs("b starts_with \"two\" and b contains \" w\""));
  EXPECT_TRUE(runs("present(e) and not present(none)"));
  EXPECT_TRUE(runs("a == \"2\" or (a == \"1\" and not b == \"x\")"));
  EXPECT_FALSE(runs("a == \"1\" and a == \"2\" or a == \"3\""));
  EXPECT_TRUE(runs("$channel == \"web\" and $event == \"accept\""));
  EXPECT_FALSE(runs("present($remark)"));
}

TEST(Groups, a_condition_covers_the_whole_group) {
  const std::string rules = "  fee:\n    when: 'lx == \"1\"'\n    basis: {from: yj, on_fail: reject}\n";
  EXPECT_EQ(map_rules(rules, "<lx>2</lx>").verdict, RecordVerdict::accepted);
  EXPECT_EQ(map_rules(rules, "<lx>1</lx>").verdict, RecordVerdict::refused);
  EXPECT_EQ(case_of(map_rules(rules, "<lx>1</lx><yj>法</yj>")).fee.basis, "法");
}

// ---- stages

constexpr const char* kSoapOpen = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>";
constexpr const char* kSoapClose = "</s:Body></s:Envelope>";

MappedRecord through(const std::string& source, const std::string& body) {
  PackText text;
  text.source = source;
  return map_one(text, body);
}
std::string stage_error(const std::string& source, const wire::Delivery& message) {
  Loaded loaded;
  PackText text;
  text.source = source;
  loaded.load(text);
  EXPECT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace;
  const auto records = loaded.pack->run(message, environment(), workspace);
  return records ? "accepted" : std::string(records.error().id()) + " at " + records.error().where();
}

TEST(Stages, a_document_in_cdata_with_a_lying_declaration) {
  const std::string body = std::string(kSoapOpen) +
      "<o:send xmlns:o='urn:o'><xmlStr><![CDATA[ <?xml version='1.0' encoding=\"gb2312\"?><bj><no>C1</no>]]><![CDATA[<name>玥</name></bj>]]></xmlStr></o:send>" + kSoapClose;
  const MappedRecord record = through("  - soap: {operation: send, part: xmlStr}\n  - decode: {layers: 1, declared: ignore}\n  - xml: {root: bj}\n", body);
  EXPECT_EQ(case_of(record).task_name, "玥");
  EXPECT_EQ(ids(record.findings, Severity::info), "mapping.declared_encoding_ignored");
  EXPECT_EQ(record.findings.items()[0].source.part, "body/xmlStr");
  EXPECT_EQ(record.findings.items()[0].quirk, 3);
}

TEST(Stages, escaped_once_and_twice_and_never_guessed) {
  const std::string once = std::string(kSoapOpen) + "<send><in0>&lt;bj&gt;&lt;no&gt;C1&lt;/no&gt;&lt;name&gt;A &amp;amp; B&lt;/name&gt;&lt;/bj&gt;</in0></send>" + kSoapClose;
  EXPECT_EQ(case_of(through("  - soap: {part: in0}\n  - xml: {root: bj}\n", once)).task_name, "A & B");
  const std::string twice = std::string(kSoapOpen) +
      "<send><in0>&amp;lt;bj&amp;gt;&amp;lt;no&amp;gt;C1&amp;lt;/no&amp;gt;&amp;lt;name&amp;gt;&amp;#x4E00;&amp;lt;/name&amp;gt;&amp;lt;/bj&amp;gt;</in0></send>" + kSoapClose;
  EXPECT_EQ(case_of(through("  - soap: {part: in0}\n  - decode: {layers: 2}\n  - xml: {root: bj}\n", twice)).task_name, "一");
  EXPECT_EQ(stage_error("  - soap: {part: in0}\n  - xml: {root: bj}\n", delivery(twice)).substr(0, 15), "wire.xml_not_wf");
  EXPECT_EQ(stage_error("  - soap: {part: in0}\n  - decode: {layers: 2}\n  - xml: {}\n", delivery(std::string(kSoapOpen) + "<send><in0>a &amp;b</in0></send>" + kSoapClose)),
            "mapping.escape_invalid at body/in0 offset 2");
}

TEST(Stages, an_error_inside_names_part_and_place) {
  const std::string body = std::string(kSoapOpen) + "<send><in0><![CDATA[<bj>\n<a></b></bj>]]></in0></send>" + kSoapClose;
  const std::string error = stage_error("  - soap: {part: in0}\n  - xml: {root: bj}\n", delivery(body));
  EXPECT_EQ(error.substr(0, 29), "wire.xml_not_wf at body/in0 2");
  EXPECT_EQ(stage_error("  - soap: {part: in0}\n  - xml: {root: bj}\n", delivery(std::string(kSoapOpen) + "<send><x/></send>" + kSoapClose)).substr(0, 25), "mapping.root_missing at b");
  EXPECT_EQ(stage_error("  - soap: {operation: other}\n", delivery(std::string(kSoapOpen) + "<send/>" + kSoapClose)).substr(0, 26), "mapping.operation_mismatch");
  EXPECT_EQ(stage_error("  - xml: {root: other}\n", delivery("<bj/>")), "mapping.root_missing at body");
  // A second record would be lost without a word.
  EXPECT_EQ(stage_error("  - xml: {root: r/bj}\n", delivery("<r><bj><no>1</no></bj><x/><bj/></r>")), "mapping.repeated at body 1:27");
  EXPECT_EQ(stage_error("  - json: {root: bj}\n", delivery(R"({"bj":[{"no":"1"},{"no":"2"}]})")).substr(0, 25), "mapping.repeated at body ");
  EXPECT_EQ(stage_error("  - json: {}\n  - string: {at: data}\n  - json: {}\n", delivery(R"({"data":["{}","{}"]})")).substr(0, 25), "mapping.repeated at body ");
  EXPECT_EQ(stage_error("  - xml: {root: bj}\n", delivery("<!DOCTYPE bj><bj/>")).substr(0, 16), "wire.xml_doctype");
}

TEST(Stages, a_second_operation_is_not_passed_over) {
  EXPECT_EQ(stage_error("  - soap: {}\n", delivery(std::string(kSoapOpen) + "<send><no>C1</no></send><send/>" + kSoapClose)).substr(0, 25), "mapping.repeated at body ");
  PackText text;
  text.source = "  - soap: {}\n  - multiref\n";
  const std::string referred = std::string(kSoapOpen) + "<send><no href='#a'/></send><multiRef id='a'>C1</multiRef>" + kSoapClose;
  EXPECT_EQ(map_one(text, referred).verdict, RecordVerdict::accepted) << "what it refers to stands beside it";
}

TEST(Stages, what_says_how_a_value_is_written_is_no_source_field) {
  PackText text;
  text.source = "  - soap: {}\n";
  const auto infos = [&text](const std::string& send) { return ids(map_one(text, std::string(kSoapOpen) + send + kSoapClose).findings, Severity::info); };
  EXPECT_EQ(infos("<send s:encodingStyle='http://schemas.xmlsoap.org/soap/encoding/' xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><no>C1</no></send>"), "");
  EXPECT_EQ(infos("<send style='x'><no>C1</no></send>"), "mapping.unused_source");
  EXPECT_EQ(infos("<send>stray<no>C1</no></send>"), "mapping.unused_source") << "text beside elements is read by no rule";
}

TEST(Stages, fields_in_the_body_and_the_outer_document) {
  PackText text;
  text.source = "  - soap: {}\n";
  const std::string body = std::string(kSoapOpen) + "<send><no>C1</no><name>x</name></send>" + kSoapClose;
  EXPECT_EQ(case_of(map_one(text, body)).task_name, "x");
  text.source = "  - soap: {part: s}\n  - xml: {root: bj}\n";
  text.rules = "  task_name: {maybe: \"outer:who\"}\n";
  const MappedRecord outer = map_one(text, std::string(kSoapOpen) + "<send><s>&lt;bj&gt;&lt;no&gt;C1&lt;/no&gt;&lt;/bj&gt;</s><who>w</who><pw>p</pw></send>" + kSoapClose);
  EXPECT_EQ(case_of(outer).task_name, "w");
  ASSERT_EQ(outer.findings.size(), 1u);
  EXPECT_EQ(outer.findings.items()[0].source.path, "/Envelope/Body/send/pw");
}

TEST(Stages, a_gated_envelope_is_used_whatever_names_it_was_read_with) {
  PackText text;
  text.source = "  - soap: {}\n";
  const std::string body = std::string(kSoapOpen) + "<send><no>C1</no><name>x</name></send>" + kSoapClose;
  wire::NameSet others;
  others.add("zzz");
  others.add("name");
  others.add("no");
  others.freeze();
  wire::XmlOptions options;
  options.names = &others;
  wire::Delivery made = delivery("<not read/>");
  auto parsed = wire::parse_xml(body, options);
  ASSERT_TRUE(parsed);
  made.parts[0].document = std::make_shared<const wire::Document>(std::move(*parsed));
  const MappedRecord record = map_one(text, "", &made);
  EXPECT_EQ(case_of(record).task_name, "x");
  EXPECT_EQ(record.record.identity.case_no, "C1");
}

TEST(Stages, json_in_json_and_arrays) {
  PackText text;
  text.source = "  - json: {}\n  - string: {at: data}\n  - json: {root: rows}\n";
  text.rules = "  task_name: {maybe: name}\n  task_version: {maybe: v, on_fail: drop}\n  received_materials: {each: cl, rules: {name: {maybe: mc}, files: {each: wj, rules: {name: {maybe: .}}}}}\n";
  const MappedRecord record = map_one(text, R"({"data":"{\"rows\":{\"no\":\"C1\",\"name\":[\"x\"],\"v\":7,\"cl\":[{\"mc\":\"甲\",\"wj\":[\"a\",\"b\"]},{\"mc\":null}]}}"})");
  EXPECT_EQ(case_of(record).task_name, "x");
  EXPECT_EQ(case_of(record).task_version, 7);
  ASSERT_EQ(case_of(record).received_materials->size(), 2u);
  EXPECT_EQ(case_of(record).received_materials->at(0).files->at(1).name, "b");
  EXPECT_FALSE(case_of(record).received_materials->at(1).name);
  EXPECT_EQ(ids(map_one(text, R"({"data":"{\"rows\":{\"no\":\"C1\",\"name\":[\"x\",\"y\"]}}"})").findings), "mapping.repeated");
}

TEST(Stages, base64_of_gb18030_and_forms) {
  // <bj><no>C1</no><name>玥</name></bj> with 玥 as the GBK bytes AB 68.
  const std::string source = "  - soap: {part: s}\n  - base64: {breaks: skip}\n  - charset: {is: gb2312}\n  - xml: {root: bj}\n";
  const std::string packed = to_base64("<?xml version=\"1.0\" encoding=\"gb2312\"?><bj><no>C1</no><name>\xAB\x68</name></bj>");
  EXPECT_EQ(case_of(through(source, std::string(kSoapOpen) + "<send><s>" + packed + "</s></send>" + kSoapClose)).task_name, "玥");
  const std::string form = "  - form: {field: params, charset: gbk}\n  - json: {}\n";
  EXPECT_EQ(case_of(through(form, "x=1&params=%7B%22no%22:%22C1%22,%22name%22:%22%ab%68+z%22%7D")).task_name, "玥 z");
  EXPECT_EQ(stage_error(form, delivery("x=1")), "mapping.root_missing at body");
  EXPECT_EQ(stage_error(form, delivery("params=%7")), "mapping.escape_invalid at body/params");
}

TEST(Stages, the_transport_charset_decides_for_the_body) {
  wire::Delivery made = delivery("<bj><no>C1</no><name>\xAB\x68</name></bj>");
  made.facts["charset"] = "gbk";
  EXPECT_EQ(case_of(map_one({}, "", &made)).task_name, "玥");
}

TEST(Leaves, base64_of_gbk) {
  const MappedRecord record = map_rules("  task_name: {maybe: name, via: [base64, gbk], on_fail: hold}\n", "<name>xbfR9A==</name>");
  EXPECT_EQ(case_of(record).task_name, "欧阳");
}

TEST(Rules, periods_are_judged_where_a_calendar_is_given) {
  PackText text;
  text.types = "  moment: {date: [\"yyyy-MM-dd\"]}\n";
  text.rules = "  received_at: {from: got, type: moment, on_fail: hold}\n  acceptance:\n    accepted_at: {from: at, type: moment, on_fail: hold}\n";
  Loaded loaded;
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  const model::WorkingDays nation = model::Calendars::published().working_days("000000");
  Environment with = environment();
  with.working_days = &nation;
  Workspace workspace;
  const auto warnings = [&](const Environment& environment, const std::string& accepted) {
    const auto records = loaded.pack->run(delivery("<bj><no>C1</no><got>2025-09-29</got><at>" + accepted + "</at></bj>"), environment, workspace);
    return records ? ids(records->front().findings) : std::string(records.error().id());
  };
  // The holiday of October 2025 takes eight days, and the Saturday behind it is worked: the fifth working day is the 13th.
  EXPECT_EQ(warnings(with, "2025-10-13"), "");
  EXPECT_EQ(warnings(with, "2025-10-14"), "model.acceptance_late");
  EXPECT_EQ(warnings(environment(), "2025-10-14"), "");
}

// ---- identity, digest, matching, answers

TEST(Identity, a_missing_empty_or_placeholder_member_refuses_the_record) {
  PackText text;
  text.types = "  blank: {trim: wide, null_if: [无]}\n";
  text.identity = "  organisation: {const: O}\n  item: {const: I}\n  case: {from: no, type: blank}\n  event: {const: e}\n  revision: {maybe: v}\n";
  EXPECT_EQ(map_one(text, "<bj/>").verdict, RecordVerdict::refused);
  EXPECT_EQ(ids(map_one(text, "<bj><no>无</no></bj>").findings), "mapping.placeholder");
  EXPECT_EQ(map_one(text, "<bj><no> </no></bj>").verdict, RecordVerdict::refused);
  EXPECT_EQ(map_one(text, "<bj><no>C</no><v>3</v></bj>").record.identity.revision, "3");
  text.identity = "  organisation: {const: O}\n  item: {const: I}\n  case: {from: no}\n  event: {const: e}\n";
  EXPECT_EQ(ids(map_one(text, "<bj><no></no></bj>").findings), "mapping.missing");
}

TEST(Identity, no_two_identities_share_a_key) {
  PackText text;
  text.identity = "  organisation: {from: a}\n  item: {from: b}\n  case: {from: c}\n  event: {const: e}\n";
  const auto key = [&text](const std::string& a, const std::string& b, const std::string& c) {
    return map_one(text, "<bj><a>" + a + "</a><b>" + b + "</b><c>" + c + "</c></bj>").record.identity.key();
  };
  EXPECT_NE(key("x/y", "z", "1"), key("x", "y/z", "1"));
  EXPECT_NE(key("x%2Fy", "z", "1"), key("x/y", "z", "1"));
}

TEST(Digest, does_not_see_source_order_or_members_outside) {
  PackText text;
  text.rules = "  task_name: {maybe: name}\n  detail_url: {maybe: url}\n  envelope: {reported_at: {maybe: at, via: [{date: [yyyy-MM-dd]}], on_fail: drop}}\n";
  text.tail = "outside_digest: [envelope.reported_at, detail_url]\n";
  const std::string a = content_digest(map_one(text, "<bj><no>C1</no><name>x</name><url>u1</url><at>2149-01-01</at></bj>"));
  EXPECT_EQ(content_digest(map_one(text, "<bj><at>2149-01-02</at><url>u2</url><name>x</name><no>C1</no></bj>")), a);
  EXPECT_NE(content_digest(map_one(text, "<bj><no>C1</no><name>y</name><url>u1</url><at>2149-01-01</at></bj>")), a);
  EXPECT_EQ(content_digest(map_one(text, "<bj><no>C1</no><name><![CDATA[x]]></name></bj>")), a);
}

TEST(Match, routes_by_operation_and_refuses_two_matches) {
  Loaded loaded;
  PackText text;
  text.source = "  - soap: {}\n";
  loaded.folder.write("pack.yaml", "pack: p\nsystem: s\nversion: \"1\"\nmappings:\n  - {file: a.yaml, match: {operation: sendA}}\n  - {file: b.yaml, match: {operation: sendB}}\n  - {file: c.yaml, match: {operation: sendB, path: /two}}\n");
  for (const char* file : {"a.yaml", "b.yaml", "c.yaml"}) loaded.folder.write(file, text.mapping());
  auto pack = Pack::load(loaded.folder.path(), {}, loaded.mistakes);
  ASSERT_TRUE(pack) << loaded.mistake_list();
  Workspace workspace;
  const auto soap = [](const std::string& operation) { return delivery(std::string(kSoapOpen) + "<" + operation + "><no>C1</no></" + operation + ">" + kSoapClose); };
  EXPECT_TRUE((*pack)->run(soap("sendA"), environment(), workspace));
  EXPECT_EQ((*pack)->run(soap("sendC"), environment(), workspace).error().id(), "mapping.no_match");
  // A body that cannot be read has no operation: its sender hears what is wrong with it, not that nobody wants it.
  const auto unreadable = (*pack)->run(delivery("<a>\n<b></a>"), environment(), workspace);
  EXPECT_EQ(std::string(unreadable.error().id()) + " " + unreadable.error().where().substr(0, 6), "wire.xml_not_wf body 2");
  wire::Delivery two = soap("sendB");
  EXPECT_TRUE((*pack)->run(two, environment(), workspace));
  two.facts["path"] = "/two";
  EXPECT_EQ((*pack)->run(two, environment(), workspace).error().id(), "mapping.ambiguous_match");
  EXPECT_TRUE((*pack)->answer(two, AnswerKind::accepted, {}).fault);
}

TEST(Match, root_family_and_content_type_must_all_hold) {
  const auto match = [](const std::string& condition, const wire::Delivery& message) {
    Loaded loaded;
    PackText text;
    text.match = condition;
    loaded.load(text);
    Workspace workspace;
    return static_cast<bool>(loaded.pack->run(message, environment(), workspace));
  };
  wire::Delivery message = delivery("<?xml version='1.0'?><!-- <x> --><p:bj xmlns:p='u'><no>1</no></p:bj>");
  message.facts["family"] = "rest";
  message.facts["content_type"] = "Text/XML; charset=utf-8";
  EXPECT_TRUE(match("{root: bj, family: rest, content_type: text/xml}", message));
  EXPECT_FALSE(match("{root: x}", message));
  EXPECT_FALSE(match("{family: soap}", message));
  EXPECT_FALSE(match("{content_type: application/xml}", message));
}

AnswerText answer_of(const std::string& answer, AnswerKind kind, const AnswerFacts& facts) {
  Loaded loaded;
  PackText text;
  text.tail = "answer:\n" + answer;
  loaded.load(text);
  EXPECT_TRUE(loaded.pack) << loaded.mistake_list();
  return loaded.pack ? loaded.pack->answer(delivery("<bj/>"), kind, facts) : AnswerText();
}

TEST(Answers, values_are_escaped_for_xml) {
  AnswerFacts facts;
  facts.case_no = "1</b><c>&\"\x01";
  facts.reason = {"wrong", "错<误>"};
  const AnswerText answer = answer_of("  format: xml\n  charset: gbk\n  declared: gb2312\n  lang: zh\n  soap: {element: r, part: p, as: cdata}\n  accepted: '<a><b>{case_no}</b>{reason}|{reason_en}|{{x}}</a>'\n",
                                      AnswerKind::accepted, facts);
  EXPECT_EQ(answer.payload, "<a><b>1&lt;/b&gt;&lt;c&gt;&amp;&quot;?</b>错&lt;误&gt;|wrong|{x}</a>");
  EXPECT_EQ(answer.charset, "gbk");
  EXPECT_EQ(answer.declared, "gb2312");
  EXPECT_EQ(answer.soap_element, "r");
  EXPECT_EQ(answer.soap_part, "p");
  EXPECT_EQ(answer.soap_form, AnswerText::SoapForm::cdata);
  EXPECT_FALSE(answer.fault);
}

TEST(Answers, values_are_escaped_for_json_and_flattened_for_text) {
  AnswerFacts facts;
  facts.case_no = "1\",\"code\":\"0\n\\";
  EXPECT_EQ(answer_of("  format: json\n  refused: '{{\"no\":\"{case_no}\"}}'\n", AnswerKind::refused, facts).payload, "{\"no\":\"1\\\",\\\"code\\\":\\\"0\\n\\\\\"}");
  EXPECT_EQ(answer_of("  format: text\n  refused: 'no {case_no}'\n", AnswerKind::refused, facts).payload, "no 1\",\"code\":\"0 \\");
  EXPECT_TRUE(answer_of("  format: text\n  refused: fault\n", AnswerKind::refused, facts).fault);
  EXPECT_TRUE(answer_of("  format: text\n  refused: fault\n", AnswerKind::held, facts).fault);
}

TEST(PackTests, say_what_differs_without_values) {
  Loaded loaded;
  PackText text;
  text.tail = "tests:\n  - {in: samples/1.in.xml, out: {task_name: x}, absent: [remark]}\n  - {in: samples/1.in.xml, out: {task_name: y, title: z}, absent: [task_name], findings: [mapping.missing], verdict: held}\n"
              "  - {in: samples/2.in.xml, verdict: refused, findings: [wire.xml_not_wf]}\n  - {in: samples/3.in.xml}\n";
  loaded.folder.write("samples/1.in.xml", "<bj><no>C1</no><name>x</name></bj>");
  loaded.folder.write("samples/2.in.xml", "<bj>");
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  const auto report = loaded.pack->run_tests(environment());
  EXPECT_EQ(report.passed, 2u);
  ASSERT_EQ(report.failures.size(), 6u);
  EXPECT_EQ(report.failures[0], "samples/1.in.xml: the verdict is accepted");
  EXPECT_EQ(report.failures[2], "samples/1.in.xml: task_name has another value (1 characters, small letters)");
  EXPECT_EQ(report.failures[3], "samples/1.in.xml: title is absent");
  EXPECT_EQ(report.failures[4], "samples/1.in.xml: task_name is there");
  EXPECT_EQ(report.failures[5], "samples/3.in.xml: the file is missing");
}

TEST(PackTests, the_whole_record_must_equal_the_one_beside_it) {
  Loaded loaded;
  PackText text;
  text.tail = "tests: [{in: samples/1.in.xml}]\n";
  loaded.folder.write("samples/1.in.xml", "<bj><no>C1</no><name>x</name></bj>");
  loaded.load(text);
  ASSERT_TRUE(loaded.pack);
  loaded.folder.write("samples/1.case.json", R"({"record":"case@1","kind":"snapshot","task_name":"x"})");
  const auto report = loaded.pack->run_tests(environment());
  ASSERT_EQ(report.failures.size(), 4u);
  EXPECT_EQ(report.failures[0], "samples/1.in.xml: samples/1.case.json lacks identity");
  EXPECT_EQ(report.failures[2], "samples/1.in.xml: samples/1.case.json lacks case_no");
}

TEST(PackTests, each_record_of_several_has_a_file_of_its_own) {
  Loaded loaded;
  PackText text;
  text.tail = "tests: [{in: samples/1.in.xml}]\n";
  loaded.folder.write("samples/1.in.xml", "<bj><no>C1</no><name>x</name></bj>");
  loaded.load(text);
  ASSERT_TRUE(loaded.pack);
  loaded.folder.write("samples/1.1.case.json", R"({"record":"case@1"})");
  loaded.folder.write("samples/1.2.case.json", R"({"record":"case@1"})");  // There is no second record; the count of the test says so.
  const auto report = loaded.pack->run_tests(environment());
  ASSERT_FALSE(report.failures.empty());
  EXPECT_EQ(report.failures[0], "samples/1.in.xml: samples/1.1.case.json lacks kind");
}

TEST(PackTests, a_difference_is_told_by_its_place_and_the_file_without_a_number_is_the_first_record_s) {
  Loaded loaded;
  PackText text;
  text.source = "  - xml: {root: d}\n";
  text.tail = "records: {each: bj}\ntests: [{in: samples/1.in.xml}, {in: samples/1.in.xml, record: 2, out: {case_no: C3}, findings: [mapping.missing task_name error]}]\n";
  loaded.folder.write("samples/1.in.xml", "<d><bj><no>C1</no><name>x</name></bj><bj><no>C2</no><name>y</name></bj></d>");
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  loaded.folder.write("samples/1.case.json", R"({"record":"case@1","kind":"snapshot","identity":{"organisation":"ORG","case":"C9"},"envelope":{},"case_no":"C1","task_name":"x","title":"t","meta":{}})");
  const auto report = loaded.pack->run_tests(environment());
  std::string all;
  for (const std::string& failure : report.failures) all += failure + "\n";
  EXPECT_NE(all.find("samples/1.in.xml: differs from samples/1.case.json at identity.case\n"), std::string::npos) << all;
  EXPECT_NE(all.find("samples/1.in.xml: the record lacks title of samples/1.case.json\n"), std::string::npos) << all;
  EXPECT_NE(all.find("samples/1.in.xml record 2: case_no has another value"), std::string::npos) << all;
  EXPECT_EQ(all.find("record 2: differs"), std::string::npos) << all;
}

TEST(PackTests, an_unknown_id_of_a_finding_brings_the_nearest) {
  Loaded loaded;
  PackText text;
  text.tail = "tests: [{in: samples/1.in.xml, findings: [mapping.missing, mapping.mising]}]\n";
  loaded.load(text);
  EXPECT_FALSE(loaded.pack);
  EXPECT_NE(loaded.mistake_list().find("mapping.wrong_shape"), std::string::npos);
  ASSERT_EQ(loaded.mistakes.size(), 1u);
  EXPECT_EQ(loaded.mistakes.begin()->suggestion.en, "did you mean mapping.missing?");
}

TEST(Workspace, one_serves_message_after_message) {
  Loaded loaded;
  loaded.load({});
  ASSERT_TRUE(loaded.pack);
  Workspace workspace;
  const auto first = loaded.pack->run(delivery("<bj><no>C1</no><name>x</name></bj>"), environment(), workspace);
  EXPECT_FALSE(loaded.pack->run(delivery("<bj"), environment(), workspace));
  const auto second = loaded.pack->run(delivery("<bj><no>C2</no></bj>"), environment(), workspace);
  ASSERT_TRUE(second);
  EXPECT_FALSE(case_of(second->front()).task_name);
  const auto again = loaded.pack->run(delivery("<bj><no>C1</no><name>x</name></bj>"), environment(), workspace);
  EXPECT_EQ(again->front().canonical, first->front().canonical);
  EXPECT_EQ(content_digest(again->front()), content_digest(first->front()));
}

} // namespace
} // namespace tongqu::mapping::test
