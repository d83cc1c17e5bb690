#include <gtest/gtest.h>

#include "conformance/test/sandbox_support.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

/// The daily digest below a prefix, and events, as docs/reference/case-exchange.md writes them.
namespace tongqu::sandbox::test {
namespace {

std::string sm3_of(const std::string& text) { return to_hex(crypto::sm3(text)); }

Answer ask(Scene& scene, const std::string& more) { return scene.call("GET", "/ebus/case-exchange/digest?date=2026-03-05" + more, scene.tif_headers()); }

TEST(DayDigest, of_few_lists_the_entries_and_of_nothing_none) {
  Scene scene;
  scene.submit(kId1, "accept", accept_row());
  scene.submit(kId2, "process", process_row());
  const std::string first = kId1 + std::string(" ") + sm3_of(json_of(accept_row())) + "\n", second = kId2 + std::string(" ") + sm3_of(json_of(process_row())) + "\n";
  const Answer whole = ask(scene, "");
  EXPECT_EQ(member(whole.body, "digest"), sm3_of(first + second));
  EXPECT_EQ(whole.body.find("entries"), std::string::npos) << "nobody asked";
  const Answer below = ask(scene, "&prefix=");
  EXPECT_EQ(member(below.body, "count"), "2");
  EXPECT_EQ(member(below.body, "digest"), sm3_of(first + second));
  EXPECT_NE(below.body.find(kId2), std::string::npos);
  const Answer one = ask(scene, "&prefix=" + std::string(kId1));
  EXPECT_EQ(member(one.body, "digest"), sm3_of(first));
  EXPECT_EQ(one.body.find(kId2), std::string::npos);
  const Answer none = ask(scene, "&prefix=ff");
  EXPECT_EQ(member(none.body, "count"), "0");
  EXPECT_EQ(member(none.body, "digest"), sm3_of(""));
  EXPECT_EQ(member(ask(scene, "&prefix=" + std::string(65, 'a')).body, "code"), "1001");
}

TEST(DayDigest, of_many_tells_the_parts_by_the_next_character) {
  Scene scene;
  std::map<std::string, std::string> lines;
  for (int i = 0; i < 80; ++i) {
    const std::string id = std::string(i % 2 == 0 ? "a" : "b") + "000000000000000" + std::to_string(100 + i);
    const Row row = accept_row("CASE-" + std::to_string(i));
    ASSERT_EQ(member(scene.submit(id, "accept", row).body, "code"), "0");
    lines[id.substr(0, 1)] += id + " " + sm3_of(json_of(row)) + "\n";
  }
  const Answer answer = ask(scene, "&prefix=");
  const auto document = wire::parse_json(answer.body);
  ASSERT_TRUE(document);
  const wire::Node parts = document->root().child("data").child("parts");
  ASSERT_TRUE(parts) << answer.body;
  std::vector<std::string> seen;
  for (wire::Node part = parts.first_child(); part; part = part.next()) {
    const std::string prefix(part.child("prefix").raw_text());
    seen.push_back(prefix);
    EXPECT_EQ(part.child("count").raw_text(), "40");
    EXPECT_EQ(part.child("digest").raw_text(), sm3_of(lines[prefix]));
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b"}));
}

std::string put(Scene& scene, const std::string& id) {
  return member(scene.call("POST", "/_sandbox/events", {}, R"({"eventId":")" + id + R"(","sourceSystem":"s","project_no":"C-1","kind":"supplement","at":"2026-03-05 07:08:09","data":"{\"n\":1}"})").body, "events_waiting");
}

TEST(SandboxEvents, stay_until_they_are_confirmed) {
  Scene scene;
  for (const char* id : {"ev-1", "ev-2", "ev-3"}) put(scene, id);
  const auto list = [&](const std::string& max) { return scene.call("GET", "/ebus/case-exchange/events?max=" + max, scene.tif_headers()).body; };
  EXPECT_EQ(list("2").find("ev-3"), std::string::npos);
  EXPECT_EQ(member(list("2"), "more"), "true");
  EXPECT_EQ(list("2"), list("2")) << "asking changes nothing";
  EXPECT_NE(list("200").find(sm3_of(R"({"n":1})")), std::string::npos);
  EXPECT_EQ(member(list("0"), "code"), "1001");
  const auto confirm = [&](const std::string& body) { return scene.call("POST", "/ebus/case-exchange/events-confirm", scene.tif_headers(), body).body; };
  EXPECT_EQ(member(confirm(R"({"eventIds":["ev-1","ev-3","none"]})"), "confirmed"), "2");
  EXPECT_EQ(member(confirm(R"({"eventIds":["ev-1"]})"), "confirmed"), "0");
  EXPECT_EQ(member(confirm(R"({"eventIds":[1]})"), "code"), "1001");
  EXPECT_NE(list("200").find("ev-2"), std::string::npos);
  EXPECT_EQ(list("200").find("ev-1"), std::string::npos);
}

} // namespace
} // namespace tongqu::sandbox::test
