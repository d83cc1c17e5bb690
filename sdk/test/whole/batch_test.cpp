#include <gtest/gtest.h>

#include <cstdlib>

#include "sdk/test/whole/senders.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

/// Many cases in one delivery: each has its own verdict, all are stored together, and the same delivery again changes nothing.
namespace tongqu::whole {
namespace {

using journal::DeliveryState;

constexpr const char* kBatchAnswer =
    "  batch:\n"
    "    text: '<?xml version=\"1.0\" encoding=\"UTF-8\"?><result><code>0</code><total>{count}</total><ok>{accepted}</ok><hold>{held}</hold><bad>{refused}</bad>"
    "<same>{conflicts}</same>{records}</result>'\n"
    "    accepted: '<r n=\"{record}\"><lsh>{message_id}</lsh><sj>{accepted_at}</sj></r>'\n"
    "    held: '<r n=\"{record}\"><lsh>{message_id}</lsh><msg>{reason}</msg></r>'\n"
    "    refused: '<r n=\"{record}\"><err>{error_id}</err><wz>{where}</wz><msg>{reason}</msg></r>'\n"
    "    conflict: '<r n=\"{record}\"><err>{error_id}</err><lsh>{message_id}</lsh></r>'\n";

/// Makes Qinglan's pack take every <bj> of a document, with an answer of its own, and Linhu's every item of an array.
void take_many(const House& house) {
  const std::string qinglan = "packs/qinglan-spxt/mappings/banjian.yaml", linhu = "packs/linhu-onewin/mappings/push.yaml";
  house.edit(qinglan, "  - xml: {root: root/bj}\n", "  - xml: {root: root}\nrecords: {each: bj}\n");
  house.edit(qinglan, "  conflict: fault\n", std::string("  conflict: fault\n") + kBatchAnswer);
  house.edit(linhu, "  - json: {}\n  - string: {at: data}\n  - json: {}\n", "  - json: {}\nrecords: {each: item}\n");
  // How a message is written back says nothing here, and it would have to know of the other layers.
  for (const std::string& file : {qinglan, linhu}) {
    const std::string text = file_text(house.folder.file(file));
    const auto from = text.find("\nreverse:"), to = text.find("\nanswer:");
    if (from < to && to != std::string::npos) write_text(house.folder.file(file), text.substr(0, from) + text.substr(to));
  }
}

std::string one_of(const std::string& document) {
  const auto from = document.find("<bj>");
  return document.substr(from, document.find("</root>") - from);
}

std::string qinglan_batch(const std::vector<std::string>& documents) {
  std::string all = "<?xml version='1.0' encoding=\"gb2312\"?>\n<root>";
  for (const auto& one : documents) all += one_of(one);
  return envelope("<q:sendBj xmlns:q=\"http://qinglan.example.test/spxt\"><q:xmlStr><![CDATA[" + all + "</root>]]></q:xmlStr></q:sendBj>");
}

std::string linhu_batch(const std::vector<std::string>& documents) {
  std::string all = "[";
  for (const auto& one : documents) all += (all.size() == 1 ? "" : ",") + one;
  return all + "]";
}

/// Texts of every <name> in an answer that is a document in a string.
std::vector<std::string> texts(const Reply& reply, const std::string& name) {
  std::vector<std::string> all;
  const auto document = wire::parse_xml(reply.body);
  if (!document || !document->root().child("Body").first_child().child("return")) return {"no answer: " + reply.body};
  const std::string text(document->root().child("Body").first_child().child("return").raw_text());
  const std::string open = "<" + name + ">", close = "</" + name + ">";
  for (std::size_t at = text.find(open); at != std::string::npos; at = text.find(open, at)) {
    at += open.size();
    all.push_back(text.substr(at, text.find(close, at) - at));
  }
  return all;
}

std::string joined(const std::vector<std::string>& all) {
  std::string out;
  for (const auto& one : all) out += (out.empty() ? "" : ",") + one;
  return out;
}

/// "1 stored QL-1" … of Linhu's answer, which is the bridge's own list.
std::vector<std::string> list_of(const Reply& reply) {
  std::vector<std::string> all;
  const auto document = wire::parse_json(reply.body);
  if (!document || !document->root().child("records")) return {"no list: " + reply.body};
  for (wire::Node one = document->root().child("records").first_child(); one; one = one.next()) {
    const auto text = [&one](const char* name) { return one.child(name) ? std::string(one.child(name).raw_text()) : std::string(); };
    std::string line = text("record") + " " + text("state") + " " + text("case_no");
    if (one.child("error")) line += " " + std::string(one.child("error").child("id").raw_text());
    all.push_back(line);
  }
  return all;
}

TEST(Batch, of_a_soap_string_has_a_verdict_for_each_case_and_the_same_again_hears_the_same) {
  House house;
  take_many(house);
  house.open();
  const std::string body = qinglan_batch({
      qinglan_document("QB-1", "accept"),
      qinglan_document("QB-2", "accept", {{"zjlx", "09"}}),
      qinglan_document("QB-3", "accept", {{"zjhm", "100000209901010014"}}),
      qinglan_document("QB-1", "process"),
      qinglan_document("QB-1", "accept"),
      qinglan_document("QB-1", "accept", {{"sqrmc", "上官明月"}}),
  });
  const Told first = send_qinglan(house, body);
  ASSERT_EQ(first.reply.status, 200) << first.reply.body;
  EXPECT_EQ(joined(texts(first.reply, "total")), "6");
  EXPECT_EQ(joined(texts(first.reply, "ok")), "3") << "the acceptance, its step, and the acceptance a second time";
  EXPECT_EQ(joined(texts(first.reply, "hold")), "1");
  EXPECT_EQ(joined(texts(first.reply, "bad")), "1");
  EXPECT_EQ(joined(texts(first.reply, "same")), "1");
  EXPECT_EQ(joined(texts(first.reply, "err")), "model.id_check_digit,journal.conflict");
  const auto ids = texts(first.reply, "lsh");
  ASSERT_EQ(ids.size(), 5u);
  EXPECT_EQ(ids[0], ids[3]) << "known within the same delivery";
  EXPECT_EQ(ids[0], ids[4]) << "a conflict names the message that came first";
  EXPECT_EQ(house.counts().messages, 3);
  EXPECT_EQ(house.counts().refusals, 1);
  EXPECT_EQ(first.reply.body.find("上官明月"), std::string::npos);

  EXPECT_EQ(send_qinglan(house, body).reply.body, first.reply.body);
  EXPECT_EQ(house.counts().messages, 3);
  ASSERT_TRUE(wait_until([&] { return house.counts().by_state[static_cast<int>(DeliveryState::delivered)] == 4; }));
  EXPECT_EQ(send_qinglan(house, body).reply.body, first.reply.body) << "delivered meanwhile";
  house.close();
  house.open();
  EXPECT_EQ(send_qinglan(house, body).reply.body, first.reply.body) << "after a restart";

  // The case that waits is released from the bytes of the whole delivery.
  house.edit("packs/qinglan-spxt/tables/zjlx.csv", "04,uscc", "09,person_other,其他证件\n04,uscc");
  const std::string done = house.control(R"({"cmd":"hold_release","message_id":")" + ids[1] + R"(","reason":"code 09 confirmed"})");
  EXPECT_NE(done.find(R"("released":true)"), std::string::npos) << done;
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(3); }));
  for (const char* name : {"province", "nation"}) {
    const auto report = house.platform(name);
    EXPECT_EQ(report.effects, 3u);
    const auto& order = report.cases.at("qinglan-spxt/QB-1").messages;
    ASSERT_EQ(order.size(), 2u);
    EXPECT_EQ(report.messages[order[0]].stage, "accept");
  }
  EXPECT_TRUE(house.verify().ok());
}

TEST(Batch, of_a_json_array_is_answered_with_the_bridges_own_list) {
  House house;
  take_many(house);
  house.open();
  const auto bad = [](const std::string& case_no) {
    std::string text = linhu_document(case_no, "accept");
    return text.replace(text.find("100000209901010013"), 18, "100000209901010014");
  };
  const Told first = send_linhu(house, linhu_batch({linhu_document("LB-1", "accept"), bad("LB-2"), linhu_document("LB-3", "accept", {{"certType", "XX"}}), linhu_document("LB-1", "process")}));
  ASSERT_EQ(first.reply.status, 200) << first.reply.body;
  EXPECT_EQ(list_of(first.reply), (std::vector<std::string>{"1 stored LB-1", "2 refused LB-2 model.id_check_digit", "3 held LB-3 mapping.unknown_code", "4 stored LB-1"}));
  EXPECT_NE(first.reply.body.find(R"("count":4,"stored":2,"held":1,"refused":1,"conflict":0)"), std::string::npos) << first.reply.body;
  EXPECT_EQ(house.metric("tongqu_intake_total{outcome=\"stored\"}"), "2");

  // The office mends the one that was refused and sends the whole day again.
  const Told second = send_linhu(house, linhu_batch({linhu_document("LB-1", "accept"), linhu_document("LB-2", "accept"), linhu_document("LB-3", "accept", {{"certType", "XX"}}),
                                                     linhu_document("LB-1", "process", {{"sn", "2"}})}));
  EXPECT_EQ(list_of(second.reply), (std::vector<std::string>{"1 stored LB-1", "2 stored LB-2", "3 held LB-3 mapping.unknown_code", "4 conflict LB-1 journal.conflict"}));
  EXPECT_EQ(house.counts().messages, 4);
  EXPECT_TRUE(wait_until([&] { return house.counts().by_state[static_cast<int>(DeliveryState::delivered)] == 6; }));

  const Told none = send_linhu(house, linhu_batch({bad("LB-7"), bad("LB-8")}));
  EXPECT_EQ(none.reply.status, 200);
  EXPECT_EQ(list_of(none.reply), (std::vector<std::string>{"1 refused LB-7 model.id_check_digit", "2 refused LB-8 model.id_check_digit"}));
  EXPECT_EQ(house.counts().messages, 4);
  EXPECT_EQ(house.counts().refusals, 3);
}

TEST(Batch, a_retry_after_the_table_grew_is_still_the_same_delivery) {
  House house;
  take_many(house);
  house.open();
  const std::string body = linhu_batch({linhu_document("LB-1", "accept", {{"certType", "XX"}}), linhu_document("LB-2", "accept", {{"certType", "XX"}}), linhu_document("LB-3", "accept")});
  const Told first = send_linhu(house, body);
  ASSERT_EQ(list_of(first.reply).size(), 3u);
  const auto document = wire::parse_json(first.reply.body);
  const std::string id(document->root().child("records").first_child().child("id").raw_text());
  house.edit("packs/linhu-onewin/tables/cert.csv", "PP,passport", "XX,person_other,其他\nPP,passport");
  ASSERT_NE(house.control(R"({"cmd":"hold_release","message_id":")" + id + R"(","reason":"known now"})").find(R"("released":true)"), std::string::npos);
  const auto again = list_of(send_linhu(house, body).reply);
  ASSERT_EQ(again.size(), 3u);
  EXPECT_EQ(again[0].substr(0, 6), "1 held") << "as it was told first";
  EXPECT_EQ(again[1].substr(0, 6), "2 held") << "mapped again under the version that held it";
  EXPECT_EQ(again[2], "3 stored LB-3");
  EXPECT_EQ(house.counts().messages, 3);
}

TEST(Batch, beyond_the_bound_is_refused_whole) {
  HouseOptions options;
  House house(options);
  take_many(house);
  house.edit("bridge.yaml", "pack: linhu-onewin,", "pack: linhu-onewin, limits: {records_max: 3},");
  house.open();
  std::vector<std::string> documents;
  for (int i = 0; i < 4; ++i) documents.push_back(linhu_document("LB-" + std::to_string(i), "accept"));
  const Told told = send_linhu(house, linhu_batch(documents));
  EXPECT_EQ(told.error_id, "bridge.too_many_records");
  EXPECT_EQ(told.reply.status, 422);
  EXPECT_EQ(house.counts().messages, 0);
  documents.pop_back();
  EXPECT_EQ(list_of(send_linhu(house, linhu_batch(documents)).reply).size(), 3u);
}

/// Most memory that this process had since the last call, in MiB.
std::size_t peak_mib() {
  const std::string status = file_text("/proc/self/status");
  const auto at = status.find("VmHWM:");
  return at == std::string::npos ? 0 : static_cast<std::size_t>(std::stoul(status.substr(at + 6))) / 1024;
}

/// A request whose answer takes its time where every check of a debug build is on and others use the machine.
std::string send_slowly(const House& house, const std::string& body) {
  auto socket = net::test::RawSocket::connect(house.port("linhu"));
  socket.send("POST /api/push HTTP/1.1\r\nHost: bridge.test\r\nContent-Type: application/json\r\nAuthorization: Bearer " + house.token + "\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  std::string answer;
  for (int tries = 0; answer.empty() && tries < 20; ++tries) answer = socket.read_message();
  return answer;
}

/// A day of 15,000 cases where TONGQU_LONG_TESTS is set; else a tenth, because a debug build needs minutes for the whole.
TEST(Batch, of_a_whole_day_stays_within_its_memory) {
  HouseOptions options;
  options.platform_extra = ", pauses: [{from: \"2020-01-01T00:00:00+08:00\", until: \"2190-01-01T00:00:00+08:00\"}]";
  House house(options);
  take_many(house);
  house.edit("bridge.yaml", "pack: linhu-onewin,", "pack: linhu-onewin, limits: {message_bytes_max: 67108864, nodes_max: 10000000},");
  house.open();
  const int kCases = std::getenv("TONGQU_LONG_TESTS") != nullptr ? 15000 : 1500;
  const std::string all = std::to_string(kCases);
  std::string body = "[";
  for (int i = 0; i < kCases; ++i) body += (i == 0 ? "" : ",") + linhu_document("LB-" + std::to_string(i), "accept");
  body += "]";
  write_text("/proc/self/clear_refs", "5");
  const std::size_t before = peak_mib();
  const std::string told = send_slowly(house, body);
  const std::size_t grown = peak_mib() - before;
  EXPECT_NE(told.find("\"count\":" + all + ",\"stored\":" + all), std::string::npos) << told.substr(0, 300);
  EXPECT_EQ(house.counts().messages, kCases);
  RecordProperty("grown_mib", static_cast<int>(grown));
  EXPECT_LT(grown, kCases > 1500 ? 500u : 150u) << "of a body of " << body.size() / 1048576 << " MiB";
  EXPECT_EQ(send_slowly(house, body).substr(told.find("\r\n\r\n")), told.substr(told.find("\r\n\r\n")));
  EXPECT_EQ(house.counts().messages, kCases);
  EXPECT_EQ(house.counts().by_state[static_cast<int>(DeliveryState::ready)], 2 * kCases) << "nothing is sent in a pause";
}

} // namespace
} // namespace tongqu::whole
