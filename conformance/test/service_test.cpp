#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "conformance/test/sandbox_support.hpp"

namespace tongqu::sandbox::test {
namespace {

std::string code(const Answer& answer) { return member(answer.body, "code"); }
/// Code and first field at fault.
std::string fault(const Answer& answer) { return code(answer) + " " + member(answer.body, "field"); }

std::string text_of_file(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

TEST(CaseService, whole_case_is_taken_and_each_receipt_echoes_id_and_digest) {
  Scene scene;
  const Answer accept = scene.submit(kId1, "accept", accept_row());
  EXPECT_EQ(accept.status, 200);
  EXPECT_EQ(code(accept), "0");
  EXPECT_EQ(member(accept.body, "messageId"), kId1);
  EXPECT_EQ(member(accept.body, "receiptNo"), "SP-000001");
  EXPECT_EQ(member(accept.body, "receivedAt"), "2026-03-05 07:08:09");
  EXPECT_EQ(member(accept.body, "duplicate"), "false");
  EXPECT_EQ(code(scene.submit(kId2, "process", process_row())), "0");
  EXPECT_EQ(code(scene.submit(kId3, "special", special_row())), "0");
  EXPECT_EQ(code(scene.submit("0f1e2d3c4b5a6978-4", "result", result_row())), "0");
}

TEST(CaseService, digest_of_the_published_vector_is_the_one_that_is_checked) {
  Scene scene;
  // GB/T 32905 annex A: SM3("abc"). The envelope passes, the row does not: "abc" is no JSON.
  const std::string abc = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
  EXPECT_EQ(fault(scene.submit({kId1, "accept", "abc", abc})), "1003 data");
  EXPECT_EQ(fault(scene.submit({kId1, "accept", "abd", abc})), "1002 digest");
}

TEST(CaseService, each_envelope_member_must_be_there_in_its_form) {
  Scene scene;
  const Message right{kId1, "accept", json_of(accept_row()), {}};
  EXPECT_EQ(fault(scene.submit({"short", "accept", right.data, {}})), "1001 messageId");
  EXPECT_EQ(fault(scene.submit({"0F1E2D3C4B5A69788796", "accept", right.data, {}})), "1001 messageId");
  EXPECT_EQ(fault(scene.submit({std::string(65, 'a'), "accept", right.data, {}})), "1001 messageId");
  EXPECT_EQ(fault(scene.submit({kId1, "accept", right.data, {}, ""})), "1001 sourceSystem");
  EXPECT_EQ(fault(scene.submit({kId1, "accept", right.data, {}, std::string(65, 's')})), "1001 sourceSystem");
  EXPECT_EQ(fault(scene.submit({kId1, "finish", right.data, {}})), "1001 stage");
  EXPECT_EQ(fault(scene.submit({kId1, "accept", right.data, std::string(64, 'A')})), "1001 digest");
  EXPECT_EQ(fault(scene.submit({kId1, "accept", "", {}})), "1001 data");
  EXPECT_EQ(fault(scene.submit_body("[]")), "1001 body");
  EXPECT_EQ(fault(scene.submit_body("{\"messageId\":1}")), "1001 messageId");
  std::string more = envelope(right);
  more.insert(1, "\"other\":\"x\",");
  EXPECT_EQ(fault(scene.submit_body(more)), "1001 other");
  EXPECT_EQ(member(scene.state(), "effects"), "0");
}

TEST(CaseService, wrong_charset_or_media_type_is_refused) {
  Scene scene;
  const std::string body = envelope({kId1, "accept", json_of(accept_row()), {}});
  EXPECT_EQ(fault(scene.submit_body(body, "application/json; charset=GBK")), "1001 Content-Type");
  EXPECT_EQ(fault(scene.submit_body(body, "text/xml")), "1001 Content-Type");
  std::string broken = body;
  broken.replace(broken.find("qinglan"), 2, "\xC4\xE3");
  EXPECT_EQ(fault(scene.submit_body(broken)), "1001 body");
  EXPECT_EQ(code(scene.submit_body(body, "application/json; charset=UTF-8")), "0");
}

TEST(CaseService, duplicate_keys_are_refused_outside_and_inside) {
  Scene scene;
  std::string body = envelope({kId1, "accept", json_of(accept_row()), {}});
  body.insert(1, "\"stage\":\"accept\",");
  const Answer outside = scene.submit_body(body);
  EXPECT_EQ(fault(outside), "1001 body");
  EXPECT_NE(outside.body.find("wire.json_duplicate_key"), std::string::npos);
  std::string row = json_of(accept_row());
  row.insert(1, "\"project_no\":\"CASE-2\",");
  EXPECT_EQ(fault(scene.submit({kId1, "accept", row, {}})), "1003 data");
}

TEST(CaseService, each_missing_or_empty_field_is_named) {
  const std::vector<std::pair<std::string, Row>> stages{
      {"accept", accept_row("CASE-2")}, {"process", process_row()}, {"special", special_row()}, {"result", result_row()}};
  Scene scene;
  ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  for (const auto& [stage, row] : stages) {
    for (const auto& [field, value] : row) {
      EXPECT_EQ(fault(scene.submit(kId2, stage, without(row, field))), "1003 " + field) << stage;
      EXPECT_EQ(fault(scene.submit(kId2, stage, with(row, field, ""))), "1003 " + field) << stage;
    }
  }
  EXPECT_EQ(member(scene.state(), "effects"), "1");
}

TEST(CaseService, all_missing_fields_are_told_at_once_in_both_languages) {
  Scene scene;
  const Answer answer = scene.submit(kId1, "accept", without(without(accept_row(), "task_name"), "org_name"));
  EXPECT_NE(answer.body.find(R"({"field":"task_name","reason":{"en":"is missing or empty","zh":"缺失或为空"}})"), std::string::npos);
  EXPECT_NE(answer.body.find(R"("field":"org_name")"), std::string::npos);
}

TEST(CaseService, codes_lengths_and_times_are_checked) {
  Scene scene;
  const auto tried = [&scene](const std::string& field, const std::string& value) {
    return fault(scene.submit(kId1, "accept", with(accept_row(), field, value)));
  };
  EXPECT_EQ(tried("project_no", std::string(51, 'a')), "1003 project_no");
  EXPECT_EQ(tried("applyer_type", "7"), "1003 applyer_type");
  EXPECT_EQ(tried("applyer_page_type", "112"), "1003 applyer_page_type");
  EXPECT_EQ(tried("project_type", "3"), "1003 project_type");
  EXPECT_EQ(tried("apply_type", "5"), "1003 apply_type");
  EXPECT_EQ(tried("accept_date", "2100-02-29 00:00:00"), "1003 accept_date");
  EXPECT_EQ(tried("apply_date", "2100/3/5 7:8"), "1003 apply_date");
  EXPECT_EQ(tried("promise_date", "2100-03-32 00:00:00"), "1003 promise_date");
  EXPECT_EQ(tried("catalog_code", "00019900100"), "1003 catalog_code");
  EXPECT_EQ(tried("task_handle_item", "1"), "1003 task_handle_item");
  EXPECT_EQ(tried("aply_type", "1"), "1003 aply_type");
  EXPECT_EQ(tried("contact_name", ""), "0 (absent)");
}

TEST(CaseService, values_must_be_strings_and_materials_named) {
  Scene scene;
  const auto with_tail = [&scene](const std::string& tail) {
    std::string data = json_of(accept_row());
    data.insert(data.size() - 1, "," + tail);
    return fault(scene.submit({kId1, "accept", data, {}}));
  };
  EXPECT_EQ(with_tail("\"legal\":1"), "1003 legal");
  EXPECT_EQ(with_tail("\"legal\":null"), "1003 legal");
  EXPECT_EQ(with_tail("\"materials\":{}"), "1003 materials");
  EXPECT_EQ(with_tail("\"materials\":[1]"), "1003 materials[0]");
  EXPECT_EQ(with_tail("\"materials\":[{\"material_name\":\"a\"},{\"get_num\":\"1\"}]"), "1003 materials[1].material_name");
  EXPECT_EQ(with_tail("\"materials\":[{\"material_name\":\"a\",\"get_type\":\"1\",\"get_num\":\"1\"}]"), "0 (absent)");
}

TEST(CaseService, kinds_of_result_need_their_own_fields) {
  Scene scene;
  ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  const Row bare = without(without(result_row(), "result_cetr_name"), "result_cetr_no");
  EXPECT_EQ(fault(scene.submit(kId2, "result", without(result_row(), "result_cetr_no"))), "1003 result_cetr_no");
  for (const char* type : {"1", "2", "3", "4", "5"}) {
    EXPECT_EQ(fault(scene.submit(kId2, "result", with(bare, "result_type", type))), "1003 result_explain") << type;
  }
  EXPECT_EQ(fault(scene.submit(kId2, "result", with(bare, "result_type", "7"))), "1003 result_type");
  EXPECT_EQ(code(scene.submit(kId2, "result", with(bare, "result_type", "6"))), "0");
}

TEST(CaseService, item_codes_are_refused_with_their_own_code) {
  Scene scene;
  for (const char* wrong : {"11990000000000018A4000199001000", "11990000000000019A9000199001000", "11990000000000019A400019900100Y",
                            "11990000000000019A400019900100"}) {
    EXPECT_EQ(fault(scene.submit(kId1, "accept", with(accept_row(), "task_code", wrong))), "1004 task_code") << wrong;
  }
  EXPECT_NE(scene.submit(kId1, "accept", with(accept_row(), "task_code", "11990000000000019A400019900100Y")).body.find("00Y"), std::string::npos);
}

TEST(CaseService, numbers_must_pass_their_check_and_are_never_repeated) {
  Scene scene;
  const Answer person = scene.submit(kId1, "accept", with(accept_row(), "applyer_page_code", "100000209901010010"));
  EXPECT_EQ(fault(person), "1003 applyer_page_code");
  EXPECT_EQ(person.body.find("100000209901010010"), std::string::npos);
  const Row body = with(with(accept_row(), "applyer_page_type", "uscc"), "applyer_page_code", "91990000MA0000008X");
  EXPECT_EQ(fault(scene.submit(kId1, "accept", body)), "1003 applyer_page_code");
  EXPECT_EQ(fault(scene.submit(kId1, "accept", with(accept_row(), "org_code", "119900000000000001"))), "1003 org_code");
  const Row contact = with(with(accept_row(), "contact_type", "111"), "contact_code", "10000020990101001");
  EXPECT_EQ(fault(scene.submit(kId1, "accept", contact)), "1003 contact_code");
  EXPECT_EQ(text_of_file(scene.options.ledger).find("100000209901010010"), std::string::npos);
  EXPECT_EQ(code(scene.submit(kId1, "accept", with(body, "applyer_page_code", "91990000MA0000007X"))), "0");
}

TEST(CaseService, rows_before_the_acceptance_wait) {
  Scene scene;
  EXPECT_EQ(code(scene.submit(kId1, "process", process_row())), "1005");
  EXPECT_EQ(code(scene.submit(kId1, "special", special_row())), "1005");
  EXPECT_EQ(code(scene.submit(kId1, "result", result_row())), "1005");
  ASSERT_EQ(code(scene.submit(kId2, "accept", accept_row())), "0");
  EXPECT_EQ(code(scene.submit(kId1, "process", process_row())), "0");
}

TEST(CaseService, case_is_of_one_source_system) {
  Scene scene;
  ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  EXPECT_EQ(code(scene.submit({kId2, "process", json_of(process_row()), {}, "another-spxt"})), "1005");
}

TEST(CaseService, second_acceptance_and_rows_after_the_result_are_refused) {
  Scene scene;
  ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  EXPECT_EQ(code(scene.submit(kId2, "accept", accept_row())), "1007");
  ASSERT_EQ(code(scene.submit(kId3, "result", result_row())), "0");
  EXPECT_EQ(code(scene.submit(kId2, "process", process_row())), "1007");
  EXPECT_EQ(code(scene.submit(kId2, "special", special_row())), "1007");
  EXPECT_EQ(code(scene.submit(kId2, "result", result_row())), "1007");
}

TEST(CaseService, times_do_not_go_back_before_the_acceptance) {
  Scene scene;
  ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  EXPECT_EQ(fault(scene.submit(kId2, "process", with(process_row(), "event_start_time", "2100-03-05 07:08:08"))), "1007 event_start_time");
  EXPECT_EQ(fault(scene.submit(kId2, "result", with(result_row(), "result_date", "2100-03-05 07:08:08"))), "1007 result_date");
  EXPECT_EQ(code(scene.submit(kId2, "process", with(process_row(), "event_start_time", "2100-03-05 07:08:09"))), "0");
}

TEST(CaseService, same_id_again_gets_the_first_receipt_without_an_effect) {
  Scene scene;
  ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  scene.clock.ms += 60'000;
  const Answer again = scene.submit(kId1, "accept", accept_row());
  EXPECT_EQ(code(again), "0");
  EXPECT_EQ(member(again.body, "duplicate"), "true");
  EXPECT_EQ(member(again.body, "receiptNo"), "SP-000001");
  EXPECT_EQ(member(again.body, "receivedAt"), "2026-03-05 07:08:09");
  EXPECT_EQ(member(scene.state(), "effects"), "1");
}

TEST(CaseService, same_id_with_another_digest_is_refused_in_every_character) {
  for (Character character : {Character::dedup, Character::queryable, Character::neither}) {
    Options options;
    options.character = character;
    Scene scene(std::move(options));
    ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
    EXPECT_EQ(code(scene.submit(kId1, "accept", accept_row("CASE-2"))), "1006") << character_name(character);
  }
}

TEST(CaseService, refused_id_may_come_again_corrected) {
  Scene scene;
  EXPECT_EQ(code(scene.submit(kId1, "accept", without(accept_row(), "org_name"))), "1003");
  EXPECT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
}

TEST(CaseService, services_without_memory_do_the_work_twice) {
  for (Character character : {Character::queryable, Character::neither}) {
    Options options;
    options.character = character;
    Scene scene(std::move(options));
    ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
    const Answer again = scene.submit(kId1, "accept", accept_row());
    EXPECT_EQ(code(again), "0");
    EXPECT_EQ(member(again.body, "duplicate"), "false");
    EXPECT_EQ(member(scene.state(), "effects"), "2");
    EXPECT_EQ(member(scene.state(), "doubled"), "1");
  }
}

TEST(CaseService, query_tells_what_was_taken_and_what_was_not) {
  Scene scene;
  ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  const Answer known = scene.query(kId1);
  EXPECT_EQ(member(known.body, "found"), "true");
  EXPECT_EQ(member(known.body, "receiptNo"), "SP-000001");
  EXPECT_EQ(member(known.body, "digest").size(), 64U);
  EXPECT_EQ(member(known.body, "receivedAt"), "2026-03-05 07:08:09");
  const Answer unknown = scene.query(kId2);
  EXPECT_EQ(member(unknown.body, "found"), "false");
  EXPECT_EQ(member(unknown.body, "receiptNo"), "(absent)");
}

TEST(CaseService, service_without_query_says_not_found) {
  Options options;
  options.character = Character::neither;
  Scene scene(std::move(options));
  const Answer answer = scene.query(kId1);
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(member(answer.body, "errcode"), "400000404");
}

TEST(CaseService, full_memory_takes_nothing) {
  Options options;
  options.messages_max = 1;
  Scene scene(std::move(options));
  EXPECT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  EXPECT_EQ(code(scene.submit(kId2, "accept", accept_row("CASE-2"))), "2001");
  EXPECT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
}

} // namespace
} // namespace tongqu::sandbox::test
