#include <gtest/gtest.h>

#include "mapping/test_support.hpp"

namespace tongqu::mapping::test {
namespace {

constexpr const char* kHead = "target: demo.case\nfrom: case@1\n";

std::string record_with(const std::string& materials) {
  return R"({"record":"case@1","kind":"snapshot","identity":{"organisation":"O","item":"I","case":"C","event":"E","revision":"1"},"envelope":{"event":"accept"},"case_no":"C-1","received_materials":[)" +
         materials + "]}";
}

struct Made {
  TempFolder folder;
  Findings mistakes;
  std::shared_ptr<const Target> target;
  Workspace workspace;
  explicit Made(const std::string& text) {
    folder.write("case.yaml", kHead + text);
    auto loaded = Target::load(folder.path() + "/case.yaml", mistakes);
    if (loaded) target = *loaded;
  }
  Planned of(const std::string& record) {
    EXPECT_TRUE(target) << ids(mistakes);
    auto planned = target->plan(record, workspace);
    EXPECT_TRUE(planned) << describe(planned.error());
    return planned ? *planned : Planned();
  }
};

constexpr const char* kMessages = R"(messages:
  - {name: base, rules: {no: {from: case_no, on_fail: hold}, id: {value: 'derived_id(case_no, "base")', on_fail: hold}}}
  - name: material
    each: received_materials
    key: code
    after: [base]
    when: 'filled(name)'
    rules: {no: {from: /case_no, on_fail: hold}, mc: {from: name, on_fail: hold}}
  - {name: end, after: [material], rules: {n: {value: 'count(received_materials)', as: number}}}
)";

TEST(TargetMessages, one_for_each_element_with_an_id_from_its_key) {
  Made made(kMessages);
  const Planned one = made.of(record_with(R"({"code":"A","name":"甲"},{"code":"B","name":"乙"},{"code":"X"})"));
  ASSERT_EQ(one.messages.size(), 4u);
  EXPECT_EQ(one.messages[1].body, R"({"no":"C-1","mc":"甲"})");
  EXPECT_EQ(one.messages[2].body, R"({"no":"C-1","mc":"乙"})");
  EXPECT_EQ(one.messages[3].body, R"({"n":3})");
  EXPECT_EQ(one.messages[1].after, std::vector<std::string>{one.messages[0].message_id});
  EXPECT_EQ(one.messages[3].after, (std::vector<std::string>{one.messages[1].message_id, one.messages[2].message_id}));
  // The same materials in another order are the same messages.
  const Planned two = made.of(record_with(R"({"code":"B","name":"乙"},{"code":"A","name":"甲"})"));
  ASSERT_EQ(two.messages.size(), 4u);
  EXPECT_EQ(two.messages[1].message_id, one.messages[2].message_id);
  EXPECT_EQ(two.messages[2].message_id, one.messages[1].message_id);
  EXPECT_NE(one.messages[1].message_id, one.messages[2].message_id);
}

TEST(TargetMessages, elements_without_a_key_or_with_the_same_hold_the_delivery) {
  Made made(kMessages);
  const Planned twice = made.of(record_with(R"({"code":"A","name":"甲"},{"code":"A","name":"乙"})"));
  EXPECT_EQ(twice.verdict, RecordVerdict::held);
  EXPECT_TRUE(twice.messages.empty());
  EXPECT_EQ(ids(twice.findings), "mapping.duplicate_key");
  EXPECT_EQ(ids(made.of(record_with(R"({"name":"甲"})")).findings), "mapping.missing");
}

TEST(TargetMessages, lists_inside_are_put_in_order_too) {
  Made made("messages:\n  - {name: a, rules: {m: {each: received_materials, order: {by: 'number(order)', descending: yes}, rules: {n: {maybe: name}}}}}\n");
  EXPECT_EQ(made.of(record_with(R"({"order":2,"name":"a"},{"order":10,"name":"b"})")).messages[0].body, R"({"m":[{"n":"b"},{"n":"a"}]})");
}

constexpr const char* kReply = R"(messages:
  - {name: a, rules: {x: {const: "1"}}}
reply:
  format: json
  success: 'code in ["200", "0"] and meta:status == "200"'
  receipt: data/no
  code: code
  text: msg
  classes:
    - {when: 'msg contains "重复"', is: duplicate}
    - {when: 'code in ["-9", "99"] or meta:status starts_with "5"', is: retry_later}
    - {when: 'code == "401"', is: fix_setup}
    - {when: 'code starts_with "4"', is: fix_input}
  otherwise: give_up
)";

TEST(Replies, are_read_into_our_classes) {
  Made made(kReply);
  ASSERT_TRUE(made.target) << ids(made.mistakes);
  const auto is = [&made](const std::string& body, int status = 200) {
    const auto reading = made.target->read_reply({body, status});
    return reading ? std::string(reply_class_name(reading->is)) : std::string(reading.error().id());
  };
  const auto good = made.target->read_reply({R"({"code":200,"msg":"ok","data":{"no":"R-1"}})", 200});
  ASSERT_TRUE(good);
  EXPECT_EQ(good->is, ReplyClass::accepted);
  EXPECT_EQ(good->receipt, "R-1");
  EXPECT_EQ(good->code, "200");
  EXPECT_EQ(good->text, "ok");
  EXPECT_EQ(is(R"({"code":"0"})"), "accepted");
  EXPECT_EQ(is(R"({"code":"0"})", 500), "retry_later");      // HTTP and body must both say so.
  EXPECT_EQ(is(R"({"code":"1","msg":"数据重复"})"), "duplicate");
  EXPECT_EQ(is(R"({"code":"401","msg":"重复"})"), "duplicate");  // The first row that holds.
  EXPECT_EQ(is(R"({"code":"401"})"), "fix_setup");
  EXPECT_EQ(is(R"({"code":"422"})"), "fix_input");
  EXPECT_EQ(is(R"({"code":"-9"})"), "retry_later");
  EXPECT_EQ(is(R"({"code":"7"})"), "give_up");
  EXPECT_EQ(is("{}"), "give_up");
  EXPECT_EQ(is("<html>"), "mapping.reply_unreadable");
  EXPECT_EQ(is(""), "mapping.reply_unreadable");
}

TEST(Replies, in_xml_are_read_too) {
  Made made("messages:\n  - {name: a, rules: {x: {const: \"1\"}}}\nreply: {format: xml, success: 'RESULT == \"0\"', receipt: lsh, otherwise: fix_input}\n");
  ASSERT_TRUE(made.target) << ids(made.mistakes);
  EXPECT_EQ(made.target->read_reply({"<r><RESULT>0</RESULT><lsh>9</lsh></r>", 200})->receipt, "9");
  EXPECT_EQ(made.target->read_reply({"<r><RESULT>1</RESULT></r>", 200})->is, ReplyClass::fix_input);
}

TEST(Replies, that_no_condition_can_judge_are_not_believed) {
  Made made("messages:\n  - {name: a, rules: {x: {const: \"1\"}}}\nreply: {format: json, success: 'number(code) < 300', otherwise: fix_input}\n");
  ASSERT_TRUE(made.target) << ids(made.mistakes);
  EXPECT_EQ(made.target->read_reply({R"({"code":"abc"})", 200}).error().id(), "mapping.reply_unreadable");
  Made silent("messages:\n  - {name: a, rules: {x: {const: \"1\"}}}\n");
  EXPECT_EQ(silent.target->read_reply({"{}", 200}).error().id(), "mapping.reply_unknown");
}

TEST(Replies, mistakes_are_all_told) {
  Made made("messages:\n  - {name: a, each: received_materials, rules: {x: {const: \"1\"}}}\nreply: {format: jsn, classes: [{when: 'a', is: later}], receipt: 'number(a)'}\n");
  EXPECT_EQ(ids(made.mistakes), "mapping.missing_key mapping.wrong_shape mapping.missing_key mapping.missing_key mapping.expression mapping.wrong_shape mapping.expression");
}

} // namespace
} // namespace tongqu::mapping::test
