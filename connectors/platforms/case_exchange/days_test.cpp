#include "connectors/platforms/case_exchange/days.hpp"

#include <gtest/gtest.h>

namespace tongqu::platform::case_exchange {
namespace {

const UtcMillis kNow = from_epoch_ms(4070908800000);
const std::string kSum(64, 'c');

std::optional<GatewayRefusal> read_gate(const wire::Node& root) {
  if (root.kind() != wire::NodeKind::object || !root.child("gate")) return std::nullopt;
  return GatewayRefusal{Errc::platform_api_missing, "G4", true};
}

GatewayDialect gate() {
  GatewayDialect dialect;
  dialect.read = &read_gate;
  return dialect;
}

net::HttpOutcome answered(const std::string& body, int status = 200) {
  net::HttpOutcome outcome;
  outcome.exchange = std::make_unique<net::HttpExchange>();
  outcome.exchange->response.status = status;
  outcome.exchange->response.body = body;
  return outcome;
}

std::string coded(const std::string& data) { return R"({"code":"0","data":)" + data + "}"; }

DayOutcome day(const std::string& body, const std::string& prefix = "0f") { return read_day(answered(body), "2149-03-05", prefix, gate(), kNow); }
std::string why(const DayOutcome& outcome) { return outcome.error ? std::string(outcome.error->id()) + " " + outcome.error->where() : "none"; }

std::string head(const std::string& rest, const std::string& prefix = "0f") { return coded(R"({"date":"2149-03-05","prefix":")" + prefix + R"(","count":70,"digest":")" + kSum + "\"" + rest + "}"); }

TEST(Day, the_question_names_day_and_prefix_and_nothing_else_gets_in) {
  EXPECT_EQ(day_request("2149-03-05", "", "/digest")->target, "/digest?date=2149-03-05&prefix=");
  EXPECT_EQ(day_request("2149-03-05", "0f-a", "/digest")->target, "/digest?date=2149-03-05&prefix=0f-a");
  for (const char* wrong : {"", "2149-3-5", "2149-03-05&x=1", "2149/03/05"}) EXPECT_FALSE(day_request(wrong, "", "/d")) << wrong;
  for (const char* wrong : {"0F", "a&b", "a b", "é"}) EXPECT_FALSE(day_request("2149-03-05", wrong, "/d")) << wrong;
  EXPECT_FALSE(day_request("2149-03-05", std::string(65, 'a'), "/d"));
}

TEST(Day, parts_and_entries_are_read) {
  const DayOutcome parts = day(head(R"(,"parts":[{"prefix":"0f1","count":69,"digest":")" + kSum + R"("},{"prefix":"0f-","count":1,"digest":")" + kSum + R"("}])"));
  ASSERT_EQ(parts.state, QueryState::found) << why(parts);
  EXPECT_EQ(parts.count, 70u);
  EXPECT_EQ(parts.digest, kSum);
  ASSERT_EQ(parts.parts.size(), 2u);
  EXPECT_EQ(parts.parts[0].count, 69u);
  EXPECT_EQ(parts.parts[1].prefix, "0f-");
  const DayOutcome entries = day(head(R"(,"entries":[{"messageId":"0f1e2d3c4b5a69788796","digest":")" + kSum + R"("}])"));
  ASSERT_EQ(entries.entries.size(), 1u);
  EXPECT_EQ(entries.entries[0].message_id, "0f1e2d3c4b5a69788796");
}

TEST(Day, what_does_not_fit_the_question_is_not_believed) {
  EXPECT_EQ(why(day(head(R"(,"parts":[{"prefix":"1f1","count":1,"digest":")" + kSum + R"("}])"))), "platform.answer_unreadable /data/parts");
  EXPECT_EQ(why(day(head(R"(,"parts":[{"prefix":"0f12","count":1,"digest":")" + kSum + R"("}])"))), "platform.answer_unreadable /data/parts");
  EXPECT_EQ(why(day(head(R"(,"parts":[{"prefix":"0f1","count":-1,"digest":")" + kSum + R"("}])"))), "platform.answer_unreadable /data/parts");
  EXPECT_EQ(why(day(head(R"(,"parts":["0f1"])"))), "platform.answer_unreadable /data/parts");
  EXPECT_EQ(why(day(head(R"(,"entries":[{"messageId":"1f1e2d3c4b5a69788796","digest":")" + kSum + R"("}])"))), "platform.answer_unreadable /data/entries");
  EXPECT_EQ(why(day(coded(R"({"date":"2149-03-06","prefix":"0f","count":1,"digest":")" + kSum + "\"}"))), "platform.answer_unreadable /data/date");
  EXPECT_EQ(why(day(coded(R"({"date":"2149-03-05","count":1,"digest":")" + kSum + "\"}"))), "platform.digest_not_offered /data/prefix") << "an older service answers for the whole day";
  EXPECT_EQ(why(day(coded(R"({"date":"2149-03-05","prefix":"0f","count":1.5,"digest":")" + kSum + "\"}"))), "platform.answer_unreadable /data/count");
  EXPECT_EQ(why(day(coded(R"({"date":"2149-03-05","prefix":"0f","count":1,"digest":"x"})"))), "platform.answer_unreadable /data/digest");
  EXPECT_EQ(why(day(coded("[]"))), "platform.answer_unreadable /data/count");
  EXPECT_EQ(why(day(R"({"code":"1001"})")), "platform.envelope_refused ");
  EXPECT_EQ(day(R"({"gate":1})").state, QueryState::not_offered);
}

std::string event(const std::string& id, const std::string& data, const std::string& digest = "") {
  std::string quoted;
  for (const char c : data) quoted += c == '"' ? "\\\"" : std::string(1, c);
  return R"({"eventId":")" + id + R"(","sourceSystem":"s","project_no":"C-1","kind":"supplement","at":"2149-03-05 07:08:09","digest":")" + (digest.empty() ? row_digest(data) : digest) +
         R"(","data":")" + quoted + "\"}";
}

EventsOutcome events(const std::string& body) { return read_events(answered(body), gate(), kNow); }
std::string why(const EventsOutcome& outcome) { return outcome.error ? std::string(outcome.error->id()) + " " + outcome.error->where() : "none"; }

TEST(Events, are_read_whole_in_their_order) {
  const auto read = events(coded(R"({"events":[)" + event("ev-1", R"({"a":1})") + "," + event("ev_2", "{}") + R"(],"more":true})"));
  ASSERT_EQ(read.state, QueryState::found) << why(read);
  ASSERT_EQ(read.events.size(), 2u);
  EXPECT_EQ(read.events[0].data, R"({"a":1})");
  EXPECT_EQ(read.events[0].case_no, "C-1");
  EXPECT_EQ(read.events[1].event_id, "ev_2");
  EXPECT_TRUE(read.more);
  const auto none = events(coded(R"({"events":[]})"));
  EXPECT_EQ(none.state, QueryState::found);
  EXPECT_FALSE(none.more);
  EXPECT_EQ(events(R"({"gate":1})").state, QueryState::not_offered);
}

TEST(Events, one_that_cannot_be_kept_makes_the_answer_unreadable) {
  const auto of = [](const std::string& one) { return why(events(coded(R"({"events":[)" + event("ev-1", "{}") + "," + one + "]}"))); };
  EXPECT_EQ(of(event("ev 2", "{}")), "platform.events_unreadable /data/events/eventId");
  EXPECT_EQ(of(event("", "{}")), "platform.events_unreadable /data/events/eventId");
  EXPECT_EQ(of(event("ev-2", "{}", kSum)), "platform.events_unreadable /data/events/digest");
  EXPECT_EQ(of(event("ev-2", "[]")), "platform.events_unreadable /data/events/data");
  EXPECT_EQ(of(event("ev-2", "{")), "platform.events_unreadable /data/events/data");
  EXPECT_EQ(of("7"), "platform.events_unreadable /data/events/eventId");
  EXPECT_EQ(why(events(coded(R"({"events":{}})"))), "platform.events_unreadable /data/events");
}

TEST(Events, are_confirmed_by_their_ids) {
  const auto request = confirm_request({"ev-1", "ev-2"}, "/c");
  EXPECT_EQ(request.body, R"({"eventIds":["ev-1","ev-2"]})");
  EXPECT_FALSE(read_confirmation(answered(coded(R"({"confirmed":2})")), gate(), kNow));
  EXPECT_TRUE(read_confirmation(answered(R"({"code":"9999"})"), gate(), kNow));
  EXPECT_TRUE(read_confirmation(answered("", 500), gate(), kNow));
}

TEST(Receipts, of_a_stored_delivery_are_read_line_by_line) {
  const auto line = [](const std::string& id, const std::string& at) {
    return coded(R"({"messageId":")" + id + R"(","receiptNo":"SP-1","receivedAt":")" + at + R"(","digest":")" + kSum + "\"}");
  };
  const auto facts = read_receipts(line("0f1e2d3c4b5a69788796", "2149-03-05 07:08:09") + "\n" + line("1f1e2d3c4b5a69788796", "2149-03-06 00:00:00") + "\nnot JSON\n" + line("short", "2149-03-06 00:00:00"));
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_EQ(facts[0].message_id, "0f1e2d3c4b5a69788796");
  EXPECT_EQ(facts[0].day, "2149-03-05");
  EXPECT_EQ(facts[1].day, "2149-03-06");
  EXPECT_EQ(facts[1].digest, kSum);
  EXPECT_TRUE(read_receipts("").empty());
}

} // namespace
} // namespace tongqu::platform::case_exchange
