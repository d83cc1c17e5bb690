#include <gtest/gtest.h>

#include "mapping/test_support.hpp"

namespace tongqu::mapping {
namespace {

using test::ids;
using test::Loaded;
using test::map_one;
using test::PackText;

const model::Case& case_of(const MappedRecord& record) { return std::get<model::Case>(record.record.body); }

std::string names_of(const MappedRecord& record) {
  std::string names;
  if (!case_of(record).received_materials) return "-";
  for (const auto& material : *case_of(record).received_materials) names += (names.empty() ? "" : " ") + material.name.value_or("?");
  return names;
}

MappedRecord with_list(const std::string& list, const std::string& body) {
  PackText text;
  text.rules = "  received_materials:\n" + list;
  return map_one(text, "<bj><no>C1</no>" + body + "</bj>");
}

constexpr const char* kRows = "<cl><mc>b</mc><xh>10</xh></cl><cl><mc>a</mc><xh>9</xh></cl><cl><mc>c</mc></cl><cl><mc>d</mc><xh>9</xh></cl>";

TEST(Lists, are_put_in_order_by_an_expression_and_stay_stable) {
  const std::string rules = "    rules: {name: {maybe: mc}}\n";
  const MappedRecord numbers = with_list("    each: cl\n    order: {by: 'number(xh)'}\n" + rules, kRows);
  EXPECT_EQ(names_of(numbers), "a d b c");
  EXPECT_EQ(ids(numbers.findings), "mapping.order_key");   // The one without a number stands last and says so.
  EXPECT_EQ(names_of(with_list("    each: cl\n    order: {by: xh}\n" + rules, kRows)), "b a d c");
  EXPECT_EQ(names_of(with_list("    each: cl\n    order: {by: 'number(xh)', descending: yes}\n" + rules, kRows)), "b a d c");
  EXPECT_EQ(names_of(with_list("    each: cl\n    order: [{by: 'number(xh)'}, {by: mc, descending: yes}]\n" + rules, kRows)), "d a b c");
}

TEST(Lists, a_second_element_with_the_same_key_goes_by_policy) {
  const auto with = [](const std::string& policy) {
    return with_list("    each: cl\n    key: {by: xh, duplicates: " + policy + "}\n    rules: {name: {maybe: mc}}\n", kRows);
  };
  EXPECT_EQ(names_of(with("first")), "b a c");
  EXPECT_EQ(ids(with("first").findings), "mapping.duplicate_key");
  EXPECT_EQ(names_of(with("last")), "b c d");
  EXPECT_EQ(names_of(with("report")), "b a c d");
  EXPECT_EQ(with("report").verdict, RecordVerdict::accepted);
  EXPECT_EQ(with("hold").verdict, RecordVerdict::held);
  EXPECT_EQ(with("reject").verdict, RecordVerdict::refused);
  // Elements that `when` leaves out are nobody's double.
  EXPECT_EQ(names_of(with_list("    each: cl\n    when: 'mc != \"a\"'\n    key: {by: xh, duplicates: reject}\n    rules: {name: {maybe: mc}}\n", kRows)), "b c d");
}

TEST(Lists, a_value_that_is_several_is_not_taken_for_none) {
  PackText text;
  text.rules = "  remark: {from: bz, when: 'lx == \"1\"', on_fail: hold}\n";
  const auto of = [&text](const std::string& body) { return map_one(text, "<bj><no>C1</no><bz>x</bz>" + body + "</bj>"); };
  EXPECT_EQ(of("<lx>1</lx>").verdict, RecordVerdict::accepted);
  EXPECT_EQ(ids(of("<lx>1</lx><lx>1</lx>").findings), "mapping.condition_broken") << "the field would be left out on a guess";
  EXPECT_EQ(of("<lx>1</lx><lx>1</lx>").verdict, RecordVerdict::held);
  EXPECT_EQ(ids(of("<lx><a>1</a></lx>").findings), "mapping.condition_broken");
  EXPECT_EQ(of("").verdict, RecordVerdict::accepted) << "what is not there is nothing";
  text.rules = "  remark: {value: 'concat(lx, \"!\")', on_fail: hold}\n";
  EXPECT_EQ(ids(of("<lx>1</lx><lx>2</lx>").findings), "mapping.repeated") << "a value has its policy, here hold";
}

TEST(Lists, a_row_that_names_several_rows_of_another_table_is_held) {
  PackText text;
  text.head += "records: {each: row}\n";
  text.rules = "  received_materials:\n    each: cl\n    rules:\n      name: {maybe: mc}\n      files: {each: 'outer:f', join: {id: ref}, orphans: report, rules: {name: {from: n, on_fail: hold}}}\n";
  const auto of = [&text](const std::string& refs) {
    return map_one(text, "<bj><row><no>C1</no><cl><mc>a</mc>" + refs + "</cl></row><f><id>1</id><n>x</n></f><f><id>2</id><n>y</n></f></bj>");
  };
  EXPECT_EQ(of("<ref>1</ref>").verdict, RecordVerdict::accepted);
  EXPECT_EQ(of("<ref>1</ref><ref>2</ref>").verdict, RecordVerdict::held);
  EXPECT_NE(ids(of("<ref>1</ref><ref>2</ref>").findings).find("mapping.condition_broken"), std::string::npos);
}

TEST(Lists, a_reference_to_a_row_that_is_not_there_is_told_where_the_pack_asks) {
  const auto of = [](const std::string& unmatched, const std::string& ref) {
    PackText text;
    text.head += "records: {each: row}\n";
    text.rules = "  received_materials: {each: 'outer:cl', join: {id: ref}, orphans: report" + unmatched + ", rules: {name: {maybe: n}}}\n";
    const MappedRecord record = map_one(text, "<bj><row><no>C1</no>" + ref + "</row><cl><id>1</id><n>x</n></cl></bj>");
    return std::string(verdict_name(record.verdict)) + " " + ids(record.findings);
  };
  EXPECT_EQ(of("", "<ref>9</ref>"), "accepted mapping.orphan");
  EXPECT_EQ(of(", unmatched: report", "<ref>9</ref>"), "accepted mapping.orphan mapping.missing");
  EXPECT_EQ(of(", unmatched: hold", "<ref>9</ref>"), "held mapping.orphan mapping.missing");
  EXPECT_EQ(of(", unmatched: reject", "<ref>9</ref>"), "refused mapping.orphan mapping.missing");
  EXPECT_EQ(of(", unmatched: hold", ""), "accepted mapping.orphan") << "who names none misses none";
  EXPECT_EQ(of(", unmatched: hold", "<ref>1</ref>"), "accepted ");
  Loaded loaded;
  PackText wrong;
  wrong.rules = "  received_materials: {each: cl, unmatched: hold, rules: {name: {maybe: n}}}\n";
  loaded.load(wrong);
  EXPECT_NE(loaded.mistake_list().find("received_materials.unmatched (join beside it)"), std::string::npos) << loaded.mistake_list();
}

TEST(Lists, what_an_element_lacks_is_placed_at_the_element) {
  const MappedRecord record = with_list("    each: cl\n    rules: {name: {from: mc, on_fail: hold}}\n", "<cl><mc>a</mc></cl>\n<cl><xh>1</xh></cl>");
  for (const Finding& finding : record.findings) {
    if (finding.id != Errc::mapping_missing) continue;
    EXPECT_EQ(finding.source.path + " " + std::to_string(finding.source.line) + ":" + std::to_string(finding.source.column), "/bj/cl[2] 2:1");
  }
  EXPECT_EQ(ids(record.findings), "mapping.missing");
}

TEST(Lists, keys_of_several_parts_do_not_run_into_each_other) {
  EXPECT_EQ(with_list("    each: cl\n    key: {by: [mc, xh], duplicates: reject}\n    rules: {name: {maybe: mc}}\n", "<cl><mc>1</mc><xh>12</xh></cl><cl><mc>11</mc><xh>2</xh></cl>").verdict,
            RecordVerdict::accepted);
}

TEST(Lists, parallel_lists_become_rows) {
  const std::string zip = "    each: {zip: {mc: {from: mcs, split: [\"|\", \"、\"]}, fs: {from: fss, split: \"|\"}}, escape: \"\\\\\", uneven: ";
  const std::string rules = "}\n    rules: {name: {maybe: mc}, remote_id: {maybe: fs}}\n";
  const MappedRecord record = with_list(zip + "hold" + rules, "<mcs>甲| 乙、丙\\|丁|</mcs><fss>1||3</fss>");
  ASSERT_EQ(record.verdict, RecordVerdict::accepted) << record.reason.en;
  EXPECT_EQ(names_of(record), "甲 乙 丙|丁");
  EXPECT_EQ((*case_of(record).received_materials)[0].remote_id, "1");
  EXPECT_EQ((*case_of(record).received_materials)[1].remote_id, "");   // Empty, as an empty element is.
  EXPECT_EQ((*case_of(record).received_materials)[2].remote_id, "3");
  const MappedRecord uneven = with_list(zip + "hold" + rules, "<mcs>甲|乙</mcs><fss>1</fss>");
  EXPECT_EQ(uneven.verdict, RecordVerdict::held);
  EXPECT_EQ(ids(uneven.findings), "mapping.lists_uneven");
  EXPECT_EQ(uneven.findings.items().back().value_class, "mc 2, fs 1");
  EXPECT_EQ(names_of(with_list(zip + "report" + rules, "<mcs>甲|乙</mcs><fss>1</fss>")), "甲 乙");
  EXPECT_EQ(with_list(zip + "reject" + rules, "<mcs>甲|乙</mcs><fss>1</fss>").verdict, RecordVerdict::refused);
}

TEST(Lists, one_text_in_pieces_is_a_list_of_one_column) {
  const std::string rules = "    rules: {name: {from: cl, via: [{split: \":\"}, {part: 1}], on_fail: hold}, count: {from: cl, via: [{split: \":\"}, {part: 2}], on_fail: hold}}\n";
  const MappedRecord record = with_list("    each: {zip: {cl: {from: mcs, split: \";\"}}}\n" + rules, "<mcs>甲:2;乙:13</mcs>");
  ASSERT_EQ(record.verdict, RecordVerdict::accepted) << record.reason.en;
  EXPECT_EQ(names_of(record), "甲 乙");
  EXPECT_EQ((*case_of(record).received_materials)[1].count, 13);
}

TEST(Lists, the_longer_of_two_separators_is_meant_where_both_begin_alike) {
  const MappedRecord record = with_list("    each: {zip: {mc: {from: mcs, split: [\"|\", \"||\"]}, fs: {from: fss, split: \"|\"}}, uneven: reject}\n    rules: {name: {maybe: mc}, count: {maybe: fs, on_fail: drop}}\n",
                                        "<mcs>甲||乙</mcs><fss>1|3</fss>");
  EXPECT_EQ(names_of(record), "甲 乙");
}

TEST(Lists, a_list_of_the_document_around_reports_its_leaves_in_that_document) {
  PackText text;
  text.source = "  - xml: {root: d}\n  - string: {at: inner}\n  - xml: {root: bj}\n";
  text.rules = "  received_materials:\n    each: outer:cl\n    rules: {name: {maybe: mc}}\n";
  const MappedRecord record = map_one(text, "<d><inner>&lt;bj&gt;&lt;no&gt;C1&lt;/no&gt;&lt;/bj&gt;</inner><cl><mc>a</mc><left>1</left></cl></d>");
  EXPECT_EQ(names_of(record), "a");
  std::string unread;
  for (const Finding& finding : record.findings) {
    if (finding.id == Errc::mapping_unused_source) unread += finding.source.path + " ";
  }
  EXPECT_EQ(unread, "/d/cl/left ");
}

TEST(Lists, repeated_elements_are_zipped_too_and_keep_their_places) {
  const MappedRecord record = with_list("    each: {zip: {mc: n/mc, fs: n/fs}, uneven: reject}\n    rules: {name: {maybe: mc}, count: {maybe: fs, on_fail: drop}}\n",
                                        "<n><mc>甲</mc><mc>乙</mc><fs>1</fs><fs>x</fs></n>");
  EXPECT_EQ(names_of(record), "甲 乙");
  EXPECT_EQ((*case_of(record).received_materials)[0].count, 1);
  EXPECT_EQ(ids(record.findings, Severity::info), "mapping.malformed mapping.dropped");
  EXPECT_EQ(record.findings.items().front().source.column, 53u);   // Of the <fs>x in the message, counted by hand.
}

// ---- rows of several tables

constexpr const char* kTables =
    "<d><CASE><NO>C1</NO><NAME>one</NAME></CASE><CASE><NO>C2</NO><NAME>two</NAME></CASE>"
    "<MAT><CNO>C2</CNO><MC>x</MC><XH>2</XH></MAT><MAT><CNO>C1</CNO><MC>y</MC><XH>1</XH></MAT><MAT><CNO>C2</CNO><MC>z</MC><XH>1</XH></MAT>";

Result<MappedDelivery> joined(const std::string& orphans, const std::string& body) {
  PackText text;
  text.source = "  - xml: {root: d}\n";
  text.identity = "  organisation: {const: ORG1}\n  item: {const: ITEM1}\n  case: {from: NO}\n  event: {const: accept}\n";
  text.key = "  case_no: {from: NO, on_fail: reject}\n";
  text.rules = "  task_name: {maybe: NAME}\n  received_materials:\n    each: outer:MAT\n    join: {CNO: NO}\n    orphans: " + orphans +
               "\n    order: {by: 'number(XH)'}\n    rules: {name: {maybe: MC}}\n";
  text.tail = "records: {each: CASE}\nignore: [\"outer:MAT/XH\"]\n";
  Loaded loaded;
  loaded.load(text);
  EXPECT_TRUE(loaded.pack) << loaded.mistake_list();
  if (!loaded.pack) return Error(Errc::mapping_pack_invalid);
  Workspace workspace;
  return loaded.pack->run_delivery(test::delivery(body), test::environment(), workspace);
}

TEST(Rows, children_of_another_table_are_joined_to_their_record) {
  const auto made = joined("reject", std::string(kTables) + "</d>");
  ASSERT_TRUE(made) << describe(made.error());
  ASSERT_EQ(made->records.size(), 2u);
  EXPECT_EQ(names_of(made->records[0]), "y");
  EXPECT_EQ(names_of(made->records[1]), "z x");
  EXPECT_EQ(ids(made->findings, Severity::info), "");
}

TEST(Rows, an_orphan_is_never_lost_in_silence) {
  const std::string body = std::string(kTables) + "<MAT><CNO>C9</CNO><MC>w</MC><XH>1</XH></MAT></d>";
  const auto refused = joined("reject", body);
  ASSERT_TRUE(refused);
  ASSERT_EQ(refused->records.size(), 3u);
  EXPECT_EQ(refused->records[2].verdict, RecordVerdict::refused);
  EXPECT_EQ(ids(refused->records[2].findings), "mapping.orphan");
  EXPECT_EQ(refused->records[2].findings.items().front().source.path, "/d/MAT[4]");
  const auto told = joined("report", body);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->records.size(), 2u);
  EXPECT_EQ(ids(told->findings), "mapping.orphan");
}

Result<MappedDelivery> grouped(const std::string& records, const std::string& body, const std::string& tail = "") {
  PackText text;
  text.source = "  - xml: {root: d}\n";
  text.rules = "  task_name: {maybe: name}\n  received_materials:\n    each: group:.\n    order: {by: 'number(xh)'}\n    rules: {name: {maybe: mc}}\n  remark: {value: 'text(count(group:., filled(mc)))'}\n";
  text.tail = "records: {each: row, " + records + "}\n" + tail;
  Loaded loaded;
  loaded.load(text);
  EXPECT_TRUE(loaded.pack) << loaded.mistake_list();
  if (!loaded.pack) return Error(Errc::mapping_pack_invalid);
  Workspace workspace;
  return loaded.pack->run_delivery(test::delivery(body), test::environment(), workspace);
}

constexpr const char* kFlat =
    "<d><row><no>C1</no><name>one</name><mc>b</mc><xh>2</xh></row><row><no>C2</no><name>two</name><mc>x</mc><xh>1</xh></row>"
    "<row><no>C1</no><name>one</name><mc>a</mc><xh>1</xh></row></d>";

TEST(Rows, rows_with_one_key_become_one_record_with_children) {
  const auto made = grouped("group_by: no, differ: hold", kFlat);
  ASSERT_TRUE(made) << describe(made.error());
  ASSERT_EQ(made->records.size(), 2u);
  EXPECT_EQ(case_of(made->records[0]).case_no, "C1");
  EXPECT_EQ(names_of(made->records[0]), "a b");
  EXPECT_EQ(case_of(made->records[0]).remark, "2");
  EXPECT_EQ(names_of(made->records[1]), "x");
  EXPECT_EQ(ids(made->findings, Severity::info), "");
  EXPECT_EQ(ids(made->records[0].findings, Severity::info), "");
}

TEST(Rows, a_column_under_ignore_is_ignored_in_every_row_of_a_group) {
  const std::string body = "<d><row><no>C1</no><lx>8</lx><mc>b</mc><xh>2</xh></row><row><no>C1</no><lx>9</lx><mc>a</mc><xh>1</xh></row></d>";
  const auto told = grouped("group_by: no, differ: hold", body);
  ASSERT_TRUE(told);
  EXPECT_EQ(ids(told->findings, Severity::info), "mapping.unused_source");
  const auto silent = grouped("group_by: no, differ: hold", body, "ignore: [lx]\n");
  ASSERT_TRUE(silent);
  EXPECT_EQ(ids(silent->findings, Severity::info), "");
}

TEST(Rows, what_only_orders_the_rows_of_a_group_may_differ) {
  const auto made = grouped("group_by: no, differ: hold, order: {by: 'number(rank)'}", "<d><row><no>C1</no><mc>b</mc><xh>2</xh><rank>1</rank></row><row><no>C1</no><mc>a</mc><xh>1</xh><rank>2</rank></row></d>");
  ASSERT_TRUE(made) << describe(made.error());
  EXPECT_EQ(made->records[0].verdict, RecordVerdict::accepted);
  EXPECT_EQ(ids(made->records[0].findings), "");
}

TEST(Rows, rows_of_one_record_that_say_different_things_go_by_policy) {
  const std::string body = "<d><row><no>C1</no><name>one</name><xh>1</xh></row><row><no>C1</no><name>other</name><xh>2</xh></row></d>";
  const auto held = grouped("group_by: no, differ: hold", body);
  ASSERT_TRUE(held);
  EXPECT_EQ(held->records[0].verdict, RecordVerdict::held);
  EXPECT_EQ(ids(held->records[0].findings), "mapping.group_differs");
  EXPECT_EQ(held->records[0].findings.items().front().source.path, "/d/row[2]/name");
  const auto told = grouped("group_by: no, differ: report", body);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->records[0].verdict, RecordVerdict::accepted);
  EXPECT_EQ(grouped("group_by: no, differ: reject", body)->records[0].verdict, RecordVerdict::refused);
}

TEST(Rows, corrections_come_in_order_of_time_and_the_last_one_counts) {
  PackText text;
  text.source = "  - xml: {root: d}\n";
  text.head += "record: {from: yx, table: {inline: {\"1\": snapshot, \"0\": void}, unknown: reject}, on_fail: reject}\n";
  text.rules = "  record.reason: {maybe: yy}\n  task_name: {maybe: name}\n";
  text.tail = "records: {each: row, order: {by: 'date(sj, \"yyyy-MM-dd HH:mm\")'}, key: {by: [no, yx], duplicates: last}}\n";
  Loaded loaded;
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace;
  const auto made = loaded.pack->run_delivery(
      test::delivery("<d><row><no>C1</no><yx>1</yx><name>new</name><sj>2149-03-03 10:00</sj></row><row><no>C1</no><yx>1</yx><name>old</name><sj>2149-03-01 10:00</sj></row>"
                     "<row><no>C1</no><yx>0</yx><yy>填错</yy><sj>2149-03-02 10:00</sj></row></d>"),
      test::environment(), workspace);
  ASSERT_TRUE(made);
  ASSERT_EQ(made->records.size(), 2u);
  EXPECT_EQ(made->records[0].record.kind, model::RecordKind::voided);
  EXPECT_EQ(made->records[0].record.reason, "填错");
  EXPECT_EQ(case_of(made->records[1]).task_name, "new");
  EXPECT_EQ(ids(made->findings), "mapping.duplicate_key");
  EXPECT_EQ(made->findings.items().front().source.path, "/d/row[2]");
}

TEST(Rows, a_double_that_must_be_refused_is_a_refused_record) {
  PackText text;
  text.source = "  - xml: {root: d}\n";
  text.tail = "records: {each: row, key: {by: no, duplicates: reject}}\n";
  Loaded loaded;
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace;
  const auto made = loaded.pack->run_delivery(test::delivery("<d><row><no>C1</no></row><row><no>C1</no></row></d>"), test::environment(), workspace);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->records[0].verdict, RecordVerdict::accepted);
  EXPECT_EQ(made->records[1].verdict, RecordVerdict::refused);
  EXPECT_FALSE(made->records[1].reason.zh.empty());
}

TEST(Rows, mistakes_of_lists_are_all_told) {
  const auto mistakes = [](const std::string& list, const std::string& tail) {
    PackText text;
    text.rules = "  received_materials: {" + list + "rules: {name: {maybe: mc}}}\n";
    text.tail = tail;
    Loaded loaded;
    loaded.load(text);
    return ids(loaded.mistakes);
  };
  EXPECT_EQ(mistakes("each: cl, order: {}, key: {by: xh, duplicates: none}, ", ""), "mapping.missing_key mapping.policy_not_allowed");
  EXPECT_EQ(mistakes("each: cl, join: {a: b}, ", ""), "mapping.path_invalid");
  EXPECT_EQ(mistakes("each: 'group:.', ", ""), "mapping.path_invalid");
  EXPECT_EQ(mistakes("each: {zip: {a: b}, uneven: hold}, ", ""), "mapping.wrong_shape");
  EXPECT_EQ(mistakes("each: {zip: {a: b}}, ", ""), "");
  EXPECT_EQ(mistakes("each: {zip: {}, uneven: hold}, ", ""), "mapping.wrong_shape");
  EXPECT_EQ(mistakes("each: {zip: {a: b, c: {from: d}}}, ", ""), "mapping.missing_key mapping.missing_key");
  EXPECT_EQ(mistakes("each: cl, orphans: reject, ", ""), "mapping.unknown_key");
  EXPECT_EQ(mistakes("each: cl, ", "records: {each: ., group_by: no, differ: hold}\n"), "mapping.wrong_shape mapping.wrong_shape");
  EXPECT_EQ(mistakes("each: cl, ", "records: {each: row, group_by: no}\n"), "mapping.missing_key");
}

// ---- checks of the author

TEST(Checks, of_a_record_have_their_own_id_severity_and_words) {
  PackText text;
  text.rules = "  applied_at: {from: a, via: [{date: [\"yyyy-MM-dd\"]}], on_fail: hold}\n  result: {closed_at: {maybe: b, via: [{date: [\"yyyy-MM-dd\"]}], on_fail: hold}}\n";
  const std::string words = "text: {en: the end lies before the application, zh: 办结早于申请}";
  const auto with = [&text, &words](const std::string& rest, const std::string& body) {
    text.tail = "checks:\n  - {id: end_after_start, field: result.closed_at, when: 'present($result.closed_at)', that: '$result.closed_at >= $applied_at', " + words + ", " + rest + "}\n";
    return map_one(text, "<bj><no>C1</no><a>2149-03-05</a>" + body + "</bj>");
  };
  EXPECT_EQ(with("on_fail: hold", "<b>2149-03-06</b>").verdict, RecordVerdict::accepted);
  EXPECT_EQ(with("on_fail: hold", "").verdict, RecordVerdict::accepted);
  const MappedRecord held = with("on_fail: hold", "<b>2149-03-04</b>");
  EXPECT_EQ(held.verdict, RecordVerdict::held);
  const auto own = std::find_if(held.findings.begin(), held.findings.end(), [](const Finding& finding) { return finding.id == Errc::mapping_check_failed; });
  ASSERT_NE(own, held.findings.end());
  EXPECT_EQ(own->rule, "pack.test-system.end_after_start");
  EXPECT_EQ(describe(*own, Lang::zh), "result.closed_at：办结早于申请");
  EXPECT_EQ(describe(*own, Lang::en), "result.closed_at: the end lies before the application");
  EXPECT_EQ(with("on_fail: reject", "<b>2149-03-04</b>").verdict, RecordVerdict::refused);
  const MappedRecord told = with("on_fail: report, severity: info", "<b>2149-03-04</b>");
  EXPECT_EQ(ids(told.findings, Severity::info).find("mapping.check_failed") != std::string::npos, true);
}

TEST(Checks, of_a_field_see_the_value_before_it_is_stored) {
  PackText text;
  text.rules = "  received_materials:\n    each: cl\n    rules:\n      name: {maybe: mc}\n      count: {maybe: fen, on_fail: drop, checks: [{id: few, that: '$value <= 20', text: {en: too many, zh: 份数过多}, on_fail: drop}]}\n"
               "  applicant: {mobile: {maybe: sj, checks: [{id: eleven, that: 'length($value) == 11 and $value starts_with \"1\"', text: {en: not a mobile number, zh: 不是手机号}, on_fail: report}]}}\n";
  const MappedRecord record = map_one(text, "<bj><no>C1</no><cl><mc>a</mc><fen>2</fen></cl><cl><mc>b</mc><fen>200</fen></cl><sj>123</sj></bj>");
  EXPECT_EQ(record.verdict, RecordVerdict::accepted);
  EXPECT_EQ((*case_of(record).received_materials)[0].count, 2);
  EXPECT_FALSE((*case_of(record).received_materials)[1].count);
  EXPECT_EQ(case_of(record).applicant.mobile, "123");
  std::string rules;
  for (const Finding& finding : record.findings) {
    if (finding.id == Errc::mapping_check_failed) rules += finding.rule + " at " + finding.path + " " + std::string(severity_name(finding.severity)) + "; ";
  }
  EXPECT_EQ(rules, "pack.test-system.few at received_materials[1].count warn; pack.test-system.eleven at applicant.mobile warn; ");
}

/// Each of them is placed from where the one before stands, not from the start of the document.
TEST(Rows, a_thousand_doubles_are_each_placed_right) {
  PackText text;
  text.source = "  - xml: {root: d}\n";
  text.tail = "records: {each: row, key: {by: no, duplicates: first}}\n";
  Loaded loaded;
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  std::string body = "<d>\n";
  for (int i = 0; i < 1500; ++i) body += "  <row><no>C1</no></row>\n";
  Workspace workspace;
  const auto made = loaded.pack->run_delivery(test::delivery(body + "</d>"), test::environment(), workspace);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->records.size(), 1u);
  std::vector<const Finding*> doubles;
  for (const Finding& finding : made->findings) {
    if (finding.id == Errc::mapping_duplicate_key) doubles.push_back(&finding);
  }
  ASSERT_GE(doubles.size(), 900u);
  for (std::size_t i = 0; i < doubles.size(); ++i) {
    ASSERT_EQ(doubles[i]->source.path, "/d/row[" + std::to_string(i + 2) + "]");
    ASSERT_EQ(doubles[i]->source.line, i + 3);
    ASSERT_EQ(doubles[i]->source.column, 3u);
  }
}

TEST(Checks, of_a_delivery_compare_what_was_declared_with_what_came) {
  PackText text;
  text.source = "  - xml: {root: d}\n";
  text.tail = "records: {each: row}\nchecks:\n"
              "  - {id: total, level: delivery, that: 'number(head/total) == number(meta:records)', text: {en: not as many as declared, zh: 与声明的条数不符}, on_fail: hold}\n"
              "  - {id: digest, level: delivery, when: 'present(meta:digest)', that: 'lower(meta:digest) == part_digest(\"body\", \"sm3\")', text: {en: the digest differs, zh: 摘要不符}, on_fail: reject}\n"
              "  - {id: size, level: delivery, when: 'present(meta:size)', that: 'number(meta:size) == part_size(\"body\")', text: {en: the size differs, zh: 长度不符}, on_fail: reject}\n";
  Loaded loaded;
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace;
  const auto run = [&](const std::string& body, const std::map<std::string, std::string>& facts) {
    wire::Delivery delivery = test::delivery(body);
    delivery.facts.insert(facts.begin(), facts.end());
    auto made = loaded.pack->run_delivery(delivery, test::environment(), workspace);
    std::string all;
    for (const MappedRecord& record : made->records) all += std::string(verdict_name(record.verdict)) + " ";
    for (const Finding& finding : made->findings) {
      if (finding.severity != Severity::info) all += finding.rule + " ";
    }
    return all;
  };
  const std::string body = "<d><head><total>2</total></head><row><no>C1</no></row><row><no>C2</no></row></d>";
  EXPECT_EQ(run(body, {}), "accepted accepted ");
  EXPECT_EQ(run("<d><head><total>3</total></head><row><no>C1</no></row><row><no>C2</no></row></d>", {}), "held held pack.test-system.total ");
  EXPECT_EQ(run(body, {{"size", std::to_string(body.size())}}), "accepted accepted ");
  EXPECT_EQ(run(body, {{"size", "1"}}), "refused refused pack.test-system.size ");
  // openssl dgst -sm3 over the same bytes.
  EXPECT_EQ(run(body, {{"digest", "bf020e649947421931bc4901efea2dc28857ce1888c132faf942f36c08c2daa7"}}), "accepted accepted ");
  EXPECT_EQ(run(body, {{"digest", "00"}}), "refused refused pack.test-system.digest ");
}

TEST(Checks, one_that_cannot_be_judged_refuses_nobody_who_was_held_before) {
  PackText text;
  text.rules = "  task_name: {from: name, on_fail: hold}\n";
  text.tail = "checks:\n  - {id: few, that: 'number(n) <= 20', text: {en: too many, zh: 过多}, on_fail: reject}\n";
  const MappedRecord record = map_one(text, "<bj><no>C1</no><n>many</n></bj>");
  EXPECT_EQ(record.verdict, RecordVerdict::held);
  EXPECT_EQ(ids(record.findings), "mapping.missing mapping.condition_broken");
  EXPECT_EQ(map_one(text, "<bj><no>C1</no><n>21</n></bj>").verdict, RecordVerdict::refused);
}

TEST(Checks, mistakes_are_all_told) {
  PackText text;
  text.rules = "  task_name: {maybe: a, checks: [{id: A b, that: '$value > 1', text: {en: x}, on_fail: hide}]}\n";
  text.tail = "checks:\n  - {id: one, that: 'a == \"1\"', text: {en: x, zh: y}, on_fail: drop}\n  - {id: one, text: {en: x, zh: y}, on_fail: report, severity: error}\n  - {id: two, level: field, that: 'a == \"1\"', text: {en: x, zh: y}, on_fail: hold}\n";
  Loaded loaded;
  loaded.load(text);
  EXPECT_EQ(ids(loaded.mistakes), "mapping.wrong_shape mapping.expression mapping.missing_key mapping.policy_not_allowed mapping.policy_not_allowed mapping.duplicate_rule mapping.missing_key "
                                  "mapping.wrong_shape mapping.wrong_shape");
}

} // namespace
} // namespace tongqu::mapping
