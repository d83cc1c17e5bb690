#include "mapping/test_support.hpp"

namespace tongqu::mapping::test {
namespace {

constexpr const char* kHead = "target: demo.case\nfrom: case@1\nzone: \"+08:00\"\n";
const std::string kRecord =
    R"({"record":"case@1","kind":"snapshot","identity":{"organisation":"O","item":"I","case":"C","event":"E","revision":"1"},)"
    R"("envelope":{"event":"accept"},"case_no":"C-1","task_version":3,"applicant":{"name":"甲\"乙","id_type":{"name":"resident_id"}},)"
    R"("fee":{"charged":true,"amount":"12.5"},"acceptance":{"accepted_at":"2149-03-05T07:08:00+08:00"},"applied_at":"2149-03-04",)"
    R"("received_materials":[{"name":"身份证","files":[{"name":"a.pdf"},{"name":"b.pdf"}]},{"name":"户口本"}]})";

struct Plan {
  TempFolder folder;
  Findings mistakes;
  std::shared_ptr<const Target> target;
  Workspace workspace;
  explicit Plan(const std::string& text) {
    folder.write("case.yaml", kHead + text);
    auto loaded = Target::load(folder.path() + "/case.yaml", mistakes);
    if (loaded) target = *loaded;
  }
  Planned of(const std::string& record = kRecord) {
    EXPECT_TRUE(target) << ids(mistakes);
    if (!target) return {};
    auto planned = target->plan(record, workspace);
    EXPECT_TRUE(planned) << describe(planned.error());
    return planned ? *planned : Planned();
  }
};

TEST(Target, writes_texts_tables_numbers_groups_and_lists) {
  Plan plan(R"(tables:
  id_type: {inline: {resident_id: "111"}, unknown: reject}
messages:
  - name: accept
    rules:
      projectNo: {from: case_no, on_fail: reject}
      head:
        name: {from: applicant.name, on_fail: hold}
        none: {maybe: remark}
      page: {from: applicant.id_type.name, table: id_type, on_fail: reject}
      version: {maybe: task_version, as: number, on_fail: drop}
      paid: {maybe: fee.charged, as: boolean, on_fail: drop}
      at: {from: acceptance.accepted_at, via: [{date_format: "yyyy-MM-dd HH:mm:ss"}], on_fail: reject}
      first: {from: "received_materials[0].name", on_fail: hold}
      stuffs: {each: received_materials, rules: {stuffName: {from: name, on_fail: reject}, files: {each: files, rules: {n: {from: name, on_fail: drop}}}}}
      names: {each: received_materials, rules: {n: {maybe: nothing}}}
      steps: {each: process_steps, rules: {n: {maybe: step_name}}}
      fixed: {const: "1"}
)");
  const Planned planned = plan.of();
  EXPECT_EQ(planned.verdict, RecordVerdict::accepted);
  ASSERT_EQ(planned.messages.size(), 1u);
  EXPECT_EQ(planned.messages[0].body,
            R"({"projectNo":"C-1","head":{"name":"甲\"乙"},"page":"111","version":3,"paid":true,"at":"2149-03-05 07:08:00","first":"身份证",)"
            R"("stuffs":[{"stuffName":"身份证","files":[{"n":"a.pdf"},{"n":"b.pdf"}]},{"stuffName":"户口本"}],"names":[{},{}],"fixed":"1"})");
}

TEST(Target, sends_messages_in_order_and_only_those_whose_condition_holds) {
  Plan plan(R"(messages:
  - {name: a, rules: {x: {const: "1"}}}
  - {name: b, when: 'envelope.event == "result"', after: [a], rules: {x: {const: "2"}}}
  - {name: c, when: 'envelope.event in ["apply", "accept"]', after: [a], rules: {x: {const: "3"}}}
)");
  const Planned planned = plan.of();
  ASSERT_EQ(planned.messages.size(), 2u);
  EXPECT_EQ(planned.messages[0].name, "a");
  EXPECT_EQ(planned.messages[1].name, "c");
  EXPECT_EQ(planned.messages[1].message_id.size(), 32u);
  EXPECT_NE(planned.messages[0].message_id, planned.messages[1].message_id);
}

TEST(Target, message_ids_depend_on_identity_and_name_only) {
  const std::string rules = "messages:\n  - {name: a, rules: {x: {maybe: case_no}}}\n";
  Plan plan(rules), other(rules);
  const std::string id = plan.of().messages.at(0).message_id;
  std::string changed = kRecord;
  changed.replace(changed.find("C-1"), 3, "C-2");
  EXPECT_EQ(other.of(changed).messages.at(0).message_id, id);
  changed.replace(changed.find("\"event\":\"E\""), 11, "\"event\":\"F\"");
  EXPECT_NE(other.of(changed).messages.at(0).message_id, id);
}

TEST(Target, holds_the_whole_delivery_when_something_required_is_missing) {
  Plan plan(R"(messages:
  - {name: a, rules: {x: {const: "1"}}}
  - {name: b, rules: {y: {from: remark, on_fail: reject}}}
)");
  const Planned planned = plan.of();
  EXPECT_EQ(planned.verdict, RecordVerdict::held);
  EXPECT_TRUE(planned.messages.empty());
  EXPECT_EQ(ids(planned.findings), "mapping.missing");
  EXPECT_EQ(planned.findings.items()[0].path, "y");
}

TEST(Target, names_the_list_element_of_a_fault) {
  Plan plan(R"(messages:
  - {name: a, rules: {list: {each: received_materials, rules: {f: {from: "files[1].name", on_fail: hold}}}}}
)");
  const Planned planned = plan.of();
  ASSERT_EQ(planned.findings.size(), 1u);
  EXPECT_EQ(planned.findings.items()[0].path, "list[1].f");
}

TEST(Target, a_date_never_becomes_a_midnight) {
  Plan plan(R"(messages:
  - {name: a, rules: {at: {from: applied_at, via: [{date_format: "yyyy-MM-dd HH:mm:ss"}], on_fail: hold}}}
)");
  EXPECT_EQ(ids(plan.of().findings), "mapping.malformed");
}

TEST(Target, a_code_without_a_row_follows_the_table) {
  Plan plan(R"(messages:
  - {name: a, rules: {t: {from: applicant.id_type.name, table: {inline: {uscc: "1"}, unknown: drop}, on_fail: hold}, x: {const: "1"}}}
)");
  const Planned planned = plan.of();
  EXPECT_EQ(planned.verdict, RecordVerdict::accepted);
  EXPECT_EQ(planned.messages.at(0).body, R"({"x":"1"})");
  EXPECT_EQ(ids(planned.findings), "mapping.unknown_code");
}

TEST(Target, a_record_that_no_message_takes_is_an_error) {
  Plan plan("messages:\n  - {name: a, when: 'envelope.event == \"void\"', rules: {x: {const: \"1\"}}}\n");
  ASSERT_TRUE(plan.target);
  const auto planned = plan.target->plan(kRecord, plan.workspace);
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().id(), "mapping.no_target_message");
}

TEST(Target, a_time_under_another_offset_is_written_in_the_zone_of_the_platform) {
  Plan plan("messages:\n  - {name: a, rules: {t: {from: acceptance.accepted_at, via: [{date_format: \"yyyy-MM-dd HH:mm:ss\"}], on_fail: hold}}}\n");
  std::string record = kRecord;
  record.replace(record.find("2149-03-05T07:08:00+08:00"), 25, "2149-03-05T22:08:00-03:00");
  EXPECT_EQ(plan.of(record).messages.at(0).body, R"({"t":"2149-03-06 09:08:00"})");
}

TEST(Target, mistakes_are_reported_with_their_place) {
  Plan plan(R"(messages:
  - name: a
    after: [b]
    rules:
      x: {from: case_no}
      y: {maybe: case_no, tabel: z}
      z: {maybe: case_no, table: z}
      v: {param: p}
)");
  EXPECT_FALSE(plan.target);
  EXPECT_EQ(ids(plan.mistakes), "mapping.wrong_shape mapping.no_policy mapping.unknown_key mapping.unknown_table mapping.unknown_param");
  EXPECT_EQ(plan.mistakes.items()[2].source.line, 9u);
  EXPECT_EQ(plan.mistakes.items()[2].suggestion.en, "did you mean table?");
}

TEST(Target, digest_follows_the_text) {
  Plan a("messages:\n  - {name: a, rules: {x: {const: \"1\"}}}\n"), b("messages:\n  - {name: a, rules: {x: {const: \"2\"}}}\n");
  EXPECT_EQ(a.target->id(), "demo.case");
  EXPECT_EQ(a.target->digest().size(), 64u);
  EXPECT_NE(a.target->digest(), b.target->digest());
}

TEST(Target, a_missing_file_is_said_so) {
  Findings mistakes;
  const auto target = Target::load("/nonexistent/x.yaml", mistakes);
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().id(), "mapping.pack_missing");
}

} // namespace
} // namespace tongqu::mapping::test
