#include "mapping/test_support.hpp"

#include <algorithm>
#include <utility>

namespace tongqu::mapping::test {
namespace {

/// Ids of the mistakes that one rule makes under `rules:`.
std::string mistakes_of(const std::string& rule, const std::string& tail = "") {
  Loaded loaded;
  PackText text;
  text.rules = "  " + rule + "\n";
  text.tail = tail;
  loaded.load(text);
  EXPECT_EQ(loaded.pack == nullptr, loaded.mistakes.has_errors());
  return ids(loaded.mistakes);
}

TEST(Compile, a_missing_folder_is_said_so) {
  Findings mistakes;
  const auto pack = Pack::load("/nonexistent", {}, mistakes);
  ASSERT_FALSE(pack);
  EXPECT_EQ(pack.error().id(), "mapping.pack_missing");
}

TEST(Compile, all_mistakes_come_at_once_with_file_line_and_column) {
  Loaded loaded;
  PackText text;
  text.rules = "  task_nam: {maybe: name}\n  task_name: {maybe: name, via: [trimm]}\n  remark: {from: bz}\n";
  loaded.load(text);
  ASSERT_FALSE(loaded.pack);
  ASSERT_EQ(ids(loaded.mistakes), "mapping.unknown_target_field mapping.unknown_step mapping.no_policy");
  const Finding& first = loaded.mistakes.items()[0];
  EXPECT_EQ(first.source.part, "mappings/case.yaml");
  EXPECT_EQ(first.source.line, 13u);
  EXPECT_EQ(first.source.column, 3u);
  EXPECT_EQ(first.suggestion.en, "did you mean task_name?");
  EXPECT_EQ(first.suggestion.zh, "是否为 task_name？");
  EXPECT_EQ(loaded.mistakes.items()[1].suggestion.en, "did you mean trim?");
  EXPECT_EQ(loaded.mistakes.items()[2].source.line, 15u);
}

TEST(Compile, broken_yaml_keeps_its_place) {
  Loaded loaded;
  loaded.folder.write("pack.yaml", "pack: a\n  system: b\n");
  EXPECT_FALSE(Pack::load(loaded.folder.path(), {}, loaded.mistakes));
  EXPECT_EQ(ids(loaded.mistakes), "wire.yaml_syntax");
  EXPECT_EQ(loaded.mistakes.items()[0].source.line, 2u);
}

TEST(Compile, unknown_keys_are_refused_at_every_level) {
  EXPECT_EQ(mistakes_of("task_name: {maybe: name, on_fial: drop}"), "mapping.unknown_key");
  EXPECT_EQ(mistakes_of("task_name: {maybe: name}", "answers: {}\n"), "mapping.unknown_key");
  Loaded loaded;
  PackText text;
  text.pack_tail = "extra: 1\n";
  loaded.load(text);
  EXPECT_EQ(ids(loaded.mistakes), "mapping.unknown_key");
  EXPECT_EQ(loaded.mistakes.items()[0].source.part, "pack.yaml");
}

TEST(Compile, a_rule_that_can_fault_needs_a_policy_for_each_fault) {
  EXPECT_EQ(mistakes_of("task_name: {from: name}"), "mapping.no_policy");
  EXPECT_EQ(mistakes_of("task_name: {maybe: name, via: [{length_max: {chars: 3}}]}"), "mapping.no_policy");
  EXPECT_EQ(mistakes_of("applied_at: {maybe: at, via: [{date: [yyyy-MM-dd]}]}"), "mapping.no_policy");
  EXPECT_EQ(mistakes_of("task_version: {maybe: v}"), "mapping.no_policy");
  EXPECT_EQ(mistakes_of("task_name: {from: name, via: [{null_if: [无]}], on_fail: {missing: hold}}"), "mapping.no_policy");
  EXPECT_EQ(mistakes_of("task_name: {from: name, via: [{null_if: [无]}], on_fail: {missing: hold, default: drop}}"), "");
  EXPECT_EQ(mistakes_of("case_no: {maybe: no, check: case_no}"), "mapping.no_policy");
  EXPECT_EQ(mistakes_of("task_name: {maybe: name}"), "");
}

TEST(Compile, policies_stand_only_where_they_make_sense) {
  EXPECT_EQ(mistakes_of("task_name: {from: name, on_fail: report}"), "mapping.policy_not_allowed");
  EXPECT_EQ(mistakes_of("task_name: {from: name, on_fail: raw}"), "mapping.policy_not_allowed");
  EXPECT_EQ(mistakes_of("task_version: {maybe: v, on_fail: raw}"), "mapping.policy_not_allowed");
  EXPECT_EQ(mistakes_of("task_name: {from: name, on_fail: holdd}"), "mapping.policy_not_allowed");
  EXPECT_EQ(mistakes_of("case_no: {maybe: no, check: case_no, on_fail: report}"), "");
  EXPECT_EQ(mistakes_of("task_name: {maybe: name, nil: clear}"), "mapping.policy_not_allowed");
}

TEST(Compile, kinds_of_fields_ask_for_their_last_step) {
  EXPECT_EQ(mistakes_of("applied_at: {maybe: at}"), "mapping.kind_mismatch");
  EXPECT_EQ(mistakes_of("channel: {maybe: ly}"), "mapping.kind_mismatch");
  EXPECT_EQ(mistakes_of("channel: {const: window}"), "");
  EXPECT_EQ(mistakes_of("channel: {const: windwo}"), "mapping.kind_mismatch");
  EXPECT_EQ(mistakes_of("fee: {charged: {maybe: sf}}"), "mapping.kind_mismatch");
  EXPECT_EQ(mistakes_of("fee: {charged: {maybe: sf, table: {inline: {是: yes}, unknown: drop}}}"), "mapping.kind_mismatch");
  EXPECT_EQ(mistakes_of("task_name: {maybe: at, via: [{date: [yyyy-MM-dd]}], on_fail: drop}"), "mapping.kind_mismatch");
  EXPECT_EQ(mistakes_of("applicant: {maybe: at}"), "mapping.kind_mismatch");
  EXPECT_EQ(mistakes_of("received_materials: {name: {maybe: mc}}"), "mapping.kind_mismatch");
  EXPECT_EQ(mistakes_of("applicant: {each: sqr, rules: {name: {maybe: mc}}}"), "mapping.kind_mismatch");
}

TEST(Compile, steps_must_fit_together) {
  EXPECT_EQ(mistakes_of("task_name: {maybe: a, via: [{part: 1}], on_fail: drop}"), "mapping.step_type");
  EXPECT_EQ(mistakes_of("applied_at: {maybe: a, via: [{date: [yyyy-MM-dd]}, upper], on_fail: drop}"), "mapping.step_type mapping.kind_mismatch");
  EXPECT_EQ(mistakes_of("task_name: {maybe: a, via: [{split_code: [31, 2]}, {part: 1}], on_fail: drop}"), "");
  EXPECT_EQ(mistakes_of("task_name: {maybe: a, via: [base64, gbk], on_fail: drop}"), "");
  EXPECT_EQ(mistakes_of("task_name: {maybe: a, via: [gbk], on_fail: drop}"), "mapping.step_type");
}

TEST(Compile, dates_need_a_zone_and_patterns_that_do_not_quarrel) {
  EXPECT_EQ(mistakes_of("applied_at: {maybe: a, via: [{date: [yyyy/M/d, yyyy/d/M]}], on_fail: drop}"), "mapping.date_ambiguous");
  EXPECT_EQ(mistakes_of("applied_at: {maybe: a, via: [{date: [yyyy-QQ]}], on_fail: drop}"), "mapping.date_pattern");
  Loaded loaded;
  PackText text;
  text.head = "to: case@1\n";
  text.rules = "  applied_at: {maybe: a, via: [{date: [\"yyyy-MM-dd HH:mm\"]}], on_fail: drop}\n  received_at: {maybe: b, via: [{date: [yyyy-MM-dd]}], on_fail: drop}\n";
  loaded.load(text);
  EXPECT_EQ(ids(loaded.mistakes), "mapping.missing_key");
  EXPECT_EQ(loaded.mistakes.items()[0].path, "zone");
}

TEST(Compile, names_that_do_not_exist) {
  EXPECT_EQ(mistakes_of("task_name: {maybe: a, type: blnk}"), "mapping.unknown_type");
  EXPECT_EQ(mistakes_of("channel: {maybe: a, table: nope, on_fail: hold}"), "mapping.unknown_table");
  EXPECT_EQ(mistakes_of("task_name: {param: nope}"), "mapping.unknown_param");
  EXPECT_EQ(mistakes_of("task_name: {maybe: \"param:nope\"}"), "mapping.unknown_param");
  EXPECT_EQ(mistakes_of("case_no: {maybe: a, check: nope, on_fail: drop}"), "mapping.unknown_check");
  EXPECT_EQ(mistakes_of("task_name: {maybe: a}", "outside_digest: [nope]\n"), "mapping.unknown_target_field");
}

TEST(Compile, paths_and_expressions_are_read_whole) {
  EXPECT_EQ(mistakes_of("task_name: {maybe: a//b}"), "mapping.path_invalid");
  EXPECT_EQ(mistakes_of("task_name: {maybe: \"a[0]\"}"), "mapping.path_invalid");
  EXPECT_EQ(mistakes_of("task_name: {maybe: \"@x/y\"}"), "mapping.path_invalid");
  EXPECT_EQ(mistakes_of("task_name: {maybe: \"outer:a\"}"), "mapping.path_invalid");
  EXPECT_EQ(mistakes_of("task_name: {maybe: a, when: 'b == '}"), "mapping.expression");
  EXPECT_EQ(mistakes_of("task_name: {maybe: a, when: 'b'}"), "mapping.expression");
  EXPECT_EQ(mistakes_of("task_name: {maybe: a, when: 'b == \"1\" and'}"), "mapping.expression");
  EXPECT_EQ(mistakes_of("task_name: {maybe: a, when: '(b == \"1\"'}"), "mapping.expression");
  EXPECT_EQ(mistakes_of("task_name: {maybe: a, when: 'b = \"1\"'}"), "mapping.expression");
  EXPECT_EQ(mistakes_of("task_name: {maybe: a, when: '$nope == \"1\"'}"), "mapping.expression");
}

TEST(Compile, two_rules_for_one_field) {
  EXPECT_EQ(mistakes_of("fee: {basis: {maybe: a}}\n  fee.basis: {maybe: b}"), "mapping.duplicate_rule");
}

TEST(Compile, identity_rejects_and_reads_no_table) {
  Loaded loaded;
  PackText text;
  text.identity = "  organisation: {const: O}\n  item: {from: i, on_fail: hold}\n  case: {from: c, table: {inline: {a: b}, unknown: hold}}\n";
  loaded.load(text);
  EXPECT_EQ(ids(loaded.mistakes), "mapping.identity_policy mapping.identity_policy mapping.missing_key");
}

TEST(Compile, tables_are_total_unique_and_of_the_model) {
  const auto table = [](const std::string& body) { return mistakes_of("channel: {maybe: a, table: t}", "tables:\n  t: " + body + "\n"); };
  EXPECT_EQ(table("{inline: {\"1\": window}}"), "mapping.table_not_total");
  EXPECT_EQ(table("{inline: {\"1\": window}, model: channel, unknown: hold}"), "");
  EXPECT_EQ(table("{inline: {\"1\": windo}, model: channel, unknown: hold}"), "mapping.table_invalid");
  EXPECT_EQ(table("{inline: {\"1\": window}, model: chanel, unknown: hold}"), "mapping.table_invalid");
  EXPECT_EQ(table("{inline: {\"1\": window}, unknown: report}"), "mapping.policy_not_allowed");
  EXPECT_EQ(table("{inline: {\"1\": resident_id}, model: id_type, unknown: hold}"), "mapping.kind_mismatch");
  EXPECT_EQ(table("{file: tables/none.csv, unknown: hold}"), "mapping.file_missing");
  EXPECT_EQ(table("{unknown: hold}"), "mapping.missing_key");
}

TEST(Compile, csv_mistakes_have_the_line_of_the_table) {
  const auto csv = [](const std::string& content) {
    Loaded loaded;
    PackText text;
    text.tables = "  t: {file: tables/t.csv, model: channel, unknown: hold}\n";
    text.rules = "  channel: {maybe: a, table: t}\n";
    loaded.folder.write("tables/t.csv", content);
    loaded.load(text);
    std::string all;
    for (const Finding& finding : loaded.mistakes) all += finding.source.part + ":" + std::to_string(finding.source.line) + " ";
    return all;
  };
  EXPECT_EQ(csv("code,name,label\n0,window,窗口\n1,web,\"网,上\"\n"), "");
  EXPECT_EQ(csv("code,name\r\n0,window\r\n"), "");
  EXPECT_EQ(csv("code,name\n0,window\n0,web\n"), "tables/t.csv:3 ");
  // Said where the name stands, and not once more for the rule that has the table.
  EXPECT_EQ(csv("code,name\n0,windwo\n"), "tables/t.csv:2 ");
  EXPECT_EQ(csv("code,name\n0\n"), "tables/t.csv:2 ");
  EXPECT_EQ(csv("name,code\n0,window\n"), "tables/t.csv:1 ");
  EXPECT_EQ(csv("code,name\n0,\"window\n"), "tables/t.csv:2 ");
  EXPECT_EQ(csv("\xEF\xBB\xBF"  "code,name\n0,window\n"), "tables/t.csv:1 ");
  EXPECT_EQ(csv("code,name\n\xB4\xB0,window\n"), "tables/t.csv:1 ");
}

TEST(Compile, stages_take_what_the_stage_before_gives) {
  const auto stages = [](const std::string& source) {
    Loaded loaded;
    PackText text;
    text.source = source;
    loaded.load(text);
    return ids(loaded.mistakes);
  };
  EXPECT_EQ(stages("  - soap: {operation: a, part: b}\n  - decode: {layers: 2}\n  - xml: {root: x}\n"), "");
  EXPECT_EQ(stages("  - xml: {root: x}\n  - soap: {}\n"), "mapping.stage_order");
  EXPECT_EQ(stages("  - decode: {layers: 2}\n  - xml: {root: x}\n"), "mapping.stage_order");
  EXPECT_EQ(stages("  - soap: {part: b}\n"), "mapping.stage_order");
  EXPECT_EQ(stages("  - soap: {part: b}\n  - decode: {layers: 4}\n  - xml: {}\n"), "mapping.wrong_shape");
  EXPECT_EQ(stages("  - charset: {is: big5}\n  - xml: {}\n"), "mapping.wrong_shape");
  EXPECT_EQ(stages("  - xlm: {}\n"), "mapping.unknown_key");
}

TEST(Compile, secrets_are_not_written_into_packs) {
  EXPECT_EQ(mistakes_of("task_name: {const: 3f9a1c7be25d804f6a13c9e8d7b2450f}"), "mapping.secret_literal");
  EXPECT_EQ(mistakes_of("task_name: {maybe: a, default: \"kR8vQz1xLw7PbT3nYc5HsD2gJ9mF4aEu\"}"), "mapping.secret_literal");
  EXPECT_EQ(mistakes_of("task_name: {const: 11990000000000019A4000112001000}"), "");
  EXPECT_EQ(mistakes_of("task_name: {const: 11990000000000019A4000199001000209901050007}"), "");
}

TEST(Compile, params_are_overridden_by_known_names_only) {
  Loaded loaded;
  PackText text;
  text.pack_tail = "params: {org: A}\n";
  text.rules = "  task_name: {param: org}\n";
  loaded.load(text, {{"orgg", "B"}});
  EXPECT_EQ(ids(loaded.mistakes), "mapping.unknown_param");
  Loaded first, second;
  first.load(text);
  second.load(text, {{"org", "B"}});
  ASSERT_TRUE(first.pack && second.pack);
  EXPECT_NE(first.pack->info().digest, second.pack->info().digest);
  EXPECT_EQ(first.pack->info().name(), "test-pack@1");
  EXPECT_EQ(first.pack->info().mappings.at(0).id, "test.case");
}

TEST(Compile, never_sent_names_fields_without_rules) {
  Loaded loaded;
  PackText text;
  text.pack_tail = "never_sent: [task_name, fee.amoun]\n";
  loaded.load(text);
  EXPECT_EQ(ids(loaded.mistakes), "mapping.duplicate_rule mapping.unknown_target_field");
}

TEST(Compile, defaults_must_be_readable) {
  EXPECT_EQ(mistakes_of("task_version: {maybe: a, default: x, on_fail: drop}"), "mapping.malformed");
  EXPECT_EQ(mistakes_of("task_version: {maybe: a, default: \"1\", on_fail: drop}"), "");
  EXPECT_EQ(mistakes_of("task_name: {from: a, default: x, on_fail: drop}"), "mapping.wrong_shape");
  EXPECT_EQ(mistakes_of("channel: {maybe: a, default: window, table: {inline: {\"0\": window}, unknown: hold}}"), "mapping.table_invalid");
}

TEST(Compile, answers_are_checked) {
  const auto answer = [](const std::string& text) { return mistakes_of("task_name: {maybe: a}", "answer: " + text + "\n"); };
  EXPECT_EQ(answer("{format: xml, accepted: '<a>{message_id}</a>'}"), "");
  EXPECT_EQ(answer("{format: xml, accepted: '<a>{message}</a>'}"), "mapping.placeholder_unknown");
  EXPECT_EQ(answer("{format: xml, accepted: '<a>{message_id}</b>'}"), "mapping.answer_invalid");
  EXPECT_EQ(answer("{format: json, accepted: '{{\"a\":\"{message_id}\"}}'}"), "");
  EXPECT_EQ(answer("{format: json, accepted: '{{\"a\":{message_id}}}'}"), "mapping.answer_invalid");
  EXPECT_EQ(answer("{format: yaml}"), "mapping.wrong_shape");
  EXPECT_EQ(answer("{format: xml, charset: latin1}"), "mapping.wrong_shape");
}

TEST(Compile, types_extend_what_stands_above) {
  const auto types = [](const std::string& body) {
    Loaded loaded;
    PackText text;
    text.types = body;
    text.rules = "  task_name: {maybe: name, type: a}\n";
    loaded.load(text);
    return ids(loaded.mistakes);
  };
  EXPECT_EQ(types("  b: {trim: wide}\n  a: {extends: b, fold: [digits]}\n"), "");
  EXPECT_EQ(types("  a: {extends: b, fold: [digits]}\n  b: {trim: wide}\n"), "mapping.unknown_type");
  EXPECT_EQ(types("  a: {trimm: wide}\n"), "mapping.unknown_key mapping.unknown_step");
  EXPECT_EQ(types("  a: {sentinels: {absent: [x]}}\n"), "mapping.missing_key mapping.missing_key");
}

/// What an author sees of one slip: one line, at the slip, with what would be right.
TEST(Compile, one_slip_is_one_mistake_with_a_hint) {
  const auto said = [](const std::string& rule) {
    PackText text;
    text.types = "  blank: {trim: wide, null_if: [无]}\n";
    text.rules = "  " + rule + "\n";
    Loaded loaded;
    loaded.load(text);
    return loaded.mistake_list();
  };
  const auto lines = [](const std::string& list) { return std::count(list.begin(), list.end(), '\n'); };
  const std::vector<std::pair<std::string, std::string>> slips = {
      {"task_name: {mabye: name, via: [upper], on_fail: hold}", "mapping.missing_key mappings/case.yaml:15:15 task_name (one of: from, maybe, const, param, value, each) (did you mean maybe?)"},
      {"task_name: {from: name, onfail: hold}", "did you mean on_fail?"},
      {"task_name: {from: name, on_fail: {mising: hold}}", "did you mean missing?"},
      {"task_name: {from: name, type: blank}", "mapping.no_policy mappings/case.yaml:15:14 task_name (on_fail for missing, placeholder) ()"},
      {"applied_at: {from: at, via: [{date: [yyyy-MM-dd]}], on_fail: raw}", "(one of: reject, hold, drop)"},
      {"applied_at: {from: at, via: [{date: [YYYY-MM-dd]}], on_fail: hold}", "YYYY means nothing here"},
      {"task_name: {from: //name, on_fail: hold}", "(a/b, a[2]/b, @x, ."},
      {"applicant: {each: r, rules: {name: {maybe: n}}, nothing: x}", "a list field for each"},
      {"channel: {maybe: c, table: {inline: {\"1\": desk}, model: channel, unknown: hold}, on_fail: hold}", "(a name of channel, one of: "},
  };
  for (const auto& [rule, hint] : slips) {
    const std::string list = said(rule);
    EXPECT_EQ(lines(list), 1) << rule << "\n" << list;
    EXPECT_NE(list.find(hint), std::string::npos) << rule << "\n" << list;
  }
}

TEST(Compile, a_slip_in_a_type_is_said_where_it_stands_and_not_for_each_rule) {
  PackText text;
  text.types = "  blank: {trim: wider}\n";
  text.rules = "  task_name: {maybe: name, type: blank}\n  remark: {maybe: bz, type: blank}\n  title: {maybe: bt, type: blank}\n";
  Loaded loaded;
  loaded.load(text);
  ASSERT_EQ(ids(loaded.mistakes), "mapping.wrong_shape");
  EXPECT_EQ(loaded.mistakes.begin()->path, "types.blank");
}

TEST(Compile, what_the_reader_of_yaml_says_is_said_in_both_languages) {
  for (const char* slip : {"  task_name: {maybe: name\n", "\ttask_name: {maybe: name}\n", "  task_name: &a {maybe: name}\n", "  task_name: {maybe: 'name}\n"}) {
    PackText text;
    text.rules = slip;
    Loaded loaded;
    loaded.load(text);
    ASSERT_EQ(loaded.mistakes.size(), 1u) << slip;
    const Finding& finding = *loaded.mistakes.begin();
    EXPECT_NE(finding.suggestion.en, finding.suggestion.zh) << slip;
    EXPECT_FALSE(finding.suggestion.zh.empty()) << slip;
  }
}

} // namespace
} // namespace tongqu::mapping::test
