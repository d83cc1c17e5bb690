#include <gtest/gtest.h>

#include "conformance/sandbox/fault_plan.hpp"
#include "conformance/test/sandbox_support.hpp"

namespace tongqu::sandbox::test {
namespace {

std::string code(const Answer& answer) { return member(answer.body, "code"); }
std::string effects(const Scene& scene) { return member(scene.state(), "effects"); }
Answer accept(Scene& scene) { return scene.submit(kId1, "accept", accept_row()); }

/// After the fault the next try must find the world as the fault's name says.
void expect_taken_before(Scene& scene) {
  const Answer again = accept(scene);
  EXPECT_EQ(code(again), "0");
  EXPECT_EQ(member(again.body, "duplicate"), "true");
  EXPECT_EQ(effects(scene), "1");
}
void expect_not_taken_before(Scene& scene) {
  EXPECT_EQ(effects(scene), "0");
  const Answer again = accept(scene);
  EXPECT_EQ(code(again), "0");
  EXPECT_EQ(member(again.body, "duplicate"), "false");
}

TEST(Faults, error_before_commit_takes_nothing) {
  Scene scene;
  scene.plant("error_before_commit");
  const Answer answer = accept(scene);
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(member(answer.body, "errcode"), "400000529");
  expect_not_taken_before(scene);
}

TEST(Faults, error_after_commit_has_taken) {
  Scene scene;
  scene.plant("error_after_commit");
  EXPECT_EQ(accept(scene).status, 500);
  expect_taken_before(scene);
}

TEST(Faults, internal_after_commit_has_taken) {
  Scene scene;
  scene.plant("internal_after_commit");
  EXPECT_EQ(code(accept(scene)), "9999");
  expect_taken_before(scene);
}

TEST(Faults, hang_after_commit_answers_nothing_and_has_taken) {
  Scene scene;
  scene.plant("hang_after_commit:ms=0");
  Fields headers = scene.tif_headers();
  const std::string body = envelope({kId1, "accept", json_of(accept_row()), {}});
  std::string text = "POST /ebus/case-exchange/submit HTTP/1.1\r\nHost: sandbox\r\nContent-Type: application/json\r\n";
  for (const auto& [name, value] : headers) text.append(name).append(": ").append(value).append("\r\n");
  const Connection hung(scene.sandbox->port());
  hung.send(text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  while (effects(scene) == "0") {}
  expect_taken_before(scene);
  EXPECT_EQ(hung.read(100).status, 0);
}

TEST(Faults, cut_answer_ends_before_its_stated_length) {
  Scene scene;
  scene.plant("cut_answer");
  const Answer answer = accept(scene);
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.whole);
  EXPECT_NE(answer.head.find("Content-Length: "), std::string::npos);
  EXPECT_FALSE(answer.body.empty());
  expect_taken_before(scene);
}

TEST(Faults, wrong_id_and_wrong_digest_are_no_proof) {
  Scene scene;
  const std::string right = member(accept(scene).body, "digest");
  scene.plant("wrong_id");
  const Answer other_id = accept(scene);
  EXPECT_EQ(code(other_id), "0");
  EXPECT_NE(member(other_id.body, "messageId"), kId1);
  EXPECT_EQ(member(other_id.body, "digest"), right);
  scene.plant("wrong_digest");
  const Answer other_digest = accept(scene);
  EXPECT_EQ(member(other_digest.body, "messageId"), kId1);
  EXPECT_NE(member(other_digest.body, "digest"), right);
}

TEST(Faults, too_many_says_when_to_come_back) {
  Scene scene;
  scene.plant("too_many");
  const Answer answer = accept(scene);
  EXPECT_EQ(answer.status, 429);
  EXPECT_NE(answer.head.find("Retry-After: 1\r\n"), std::string::npos);
  expect_not_taken_before(scene);
}

TEST(Faults, redirect_leads_elsewhere) {
  Scene scene;
  scene.plant("redirect");
  const Answer answer = accept(scene);
  EXPECT_EQ(answer.status, 302);
  EXPECT_NE(answer.head.find("Location: http://elsewhere.invalid/"), std::string::npos);
  expect_not_taken_before(scene);
}

TEST(Faults, login_page_is_html_with_200) {
  Scene scene;
  scene.plant("login_page");
  const Answer answer = accept(scene);
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.head.find("text/html"), std::string::npos);
  expect_not_taken_before(scene);
}

TEST(Faults, busy_takes_nothing) {
  Scene scene;
  scene.plant("busy");
  EXPECT_EQ(code(accept(scene)), "2001");
  expect_not_taken_before(scene);
}

TEST(Faults, close_delimited_answer_has_no_length) {
  Scene scene;
  scene.plant("close_delimited");
  const Answer answer = accept(scene);
  EXPECT_EQ(answer.head.find("Content-Length"), std::string::npos);
  EXPECT_EQ(code(answer), "0");
  expect_taken_before(scene);
}

TEST(Faults, slow_answer_comes_after_its_time_and_the_row_is_taken_before) {
  Scene scene;
  scene.plant("slow:ms=60");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(code(accept(scene)), "0");
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(60));
  expect_taken_before(scene);
}

TEST(Faults, plan_is_replaced_while_running_and_an_empty_one_is_normal) {
  Scene scene;
  scene.plant("busy:every=1\r\nslow:every=1:ms=1\n");
  EXPECT_EQ(code(accept(scene)), "2001");
  EXPECT_EQ(code(accept(scene)), "2001");
  scene.plant("");
  EXPECT_EQ(code(accept(scene)), "0");
}

TEST(Faults, bad_plan_is_refused_and_changes_nothing) {
  Scene scene;
  scene.plant("busy:every=1");
  const Answer answer = scene.call("POST", "/_sandbox/faults", {}, "slow\nnone_such");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(member(answer.body, "id"), "conform.fault_spec");
  EXPECT_EQ(code(accept(scene)), "2001");
}

TEST(FaultPlan, fires_at_the_next_request_only_unless_told_otherwise) {
  FaultPlan plan;
  ASSERT_TRUE(plan.replace({"busy", "slow:every=3", "wrong_id:first=2", "cut_answer:every=2:first=1"}));
  std::string seen;
  for (int i = 0; i < 6; ++i) {
    const Draw draw = plan.draw();
    seen += draw.has(Fault::busy) ? 'b' : '.';
    seen += draw.has(Fault::slow) ? 's' : '.';
    seen += draw.has(Fault::wrong_id) ? 'w' : '.';
    seen += draw.has(Fault::cut_answer) ? 'c' : '.';
    seen += ' ';
  }
  EXPECT_EQ(seen, "b.w. ..wc .s.. .... .... .s.. ");
}

TEST(FaultPlan, options_that_are_not_understood_are_refused) {
  FaultPlan plan;
  for (const char* spec : {"", "nothing", "slow:ms", "slow:ms=x", "slow:every=0", "slow:first=0", "slow:last=1", "slow:", "slow:ms=-1"}) {
    const auto replaced = plan.replace({spec});
    ASSERT_FALSE(replaced) << spec;
    EXPECT_EQ(replaced.error().id(), "conform.fault_spec");
    EXPECT_EQ(replaced.error().where(), spec);
  }
}

} // namespace
} // namespace tongqu::sandbox::test
