#include <gtest/gtest.h>

#include "sdk/test/whole/senders.hpp"
#include "tongqu/net/http_server.hpp"
#include "tongqu/wire/json.hpp"

/// The way back: what a platform has to tell is stored once, confirmed after that, and given to the source system until it says it has it.
namespace tongqu::whole {
namespace {

using journal::DeliveryState;

HouseOptions polling() {
  HouseOptions options;
  options.platform_extra = ", events: {poll_ms: 20, max: 5}";
  return options;
}

struct Page {
  int status = 0;
  std::vector<std::string> events;   ///< "case data-n"
  std::vector<std::string> ids;
  bool more = false;
  std::string error;
};

Page pull(const House& house, const std::string& query = "") {
  const Reply reply = connector::test::call(house.port("linhu"), "GET", "/api/push/events" + query, {{"Authorization", "Bearer " + house.token}}, "");
  Page page;
  page.status = reply.status;
  const auto document = wire::parse_json(reply.body);
  if (!document) return page;
  if (document->root().child("id")) page.error = document->root().child("id").raw_text();
  if (!document->root().child("events")) return page;
  for (wire::Node one = document->root().child("events").first_child(); one; one = one.next()) {
    page.ids.emplace_back(one.child("id").raw_text());
    const wire::Node event = one.child("event");
    page.events.push_back(std::string(event.child("case_no").raw_text()) + " " + std::string(event.child("data").child("n").raw_text()));
  }
  page.more = document->root().child("more").raw_text() == "true";
  return page;
}

void tell(const House& house, int n, const std::string& case_no, const std::string& system = "linhu-onewin") {
  house.tell("province", "ev-" + std::to_string(n), system, case_no, "{\"n\":\"" + std::to_string(n) + "\"}");
}

using Texts = std::vector<std::string>;

TEST(EventsFromAbove, are_confirmed_after_they_are_stored_and_given_until_they_are_confirmed_here) {
  House house(polling());
  house.open();
  for (int n = 1; n <= 3; ++n) tell(house, n, "EV-" + std::to_string(n));
  ASSERT_TRUE(wait_until([&] { return house.state_of("province", "events_confirmed") == "3"; }));
  EXPECT_EQ(house.counts().messages, 3);
  const Page first = pull(house);
  ASSERT_EQ(first.events, (Texts{"EV-1 1", "EV-2 2", "EV-3 3"}));
  EXPECT_EQ(pull(house).events, first.events) << "not confirmed: the same again";
  const Page rest = pull(house, "?after=" + first.ids[1]);
  EXPECT_EQ(rest.events, (Texts{"EV-3 3"}));
  EXPECT_EQ(pull(house, "?after=" + first.ids[1]).events, rest.events) << "said twice";
  EXPECT_TRUE(pull(house, "?after=" + first.ids[2]).events.empty());
  EXPECT_TRUE(house.all_delivered(3));
  EXPECT_EQ(pull(house, "?after=" + first.ids[2]).status, 200);
  const Page wrong = pull(house, "?after=NOSUCHID");
  EXPECT_EQ(wrong.status, 409);
  EXPECT_EQ(wrong.error, "bridge.events_cursor");
  for (const char* query : {"?max=0", "?max=x", "?max=201", "?after=", "?other=1"}) EXPECT_EQ(pull(house, query).status, 400) << query;
  EXPECT_TRUE(house.verify().ok());
}

TEST(EventsFromAbove, of_one_case_come_one_after_the_other) {
  House house(polling());
  house.open();
  for (int n = 1; n <= 3; ++n) tell(house, n, "EV-1");
  tell(house, 4, "EV-2");
  ASSERT_TRUE(wait_until([&] { return house.state_of("province", "events_confirmed") == "4"; }));
  Page page = pull(house);
  EXPECT_EQ(page.events, (Texts{"EV-1 1", "EV-2 4"}));
  page = pull(house, "?after=" + page.ids[0]);
  EXPECT_EQ(page.events, (Texts{"EV-2 4", "EV-1 2"}));
  page = pull(house, "?after=" + page.ids[1]);
  EXPECT_EQ(page.events, (Texts{"EV-1 3"}));
}

TEST(EventsFromAbove, that_come_again_are_stored_once_and_those_that_change_are_not_confirmed) {
  House house(polling());
  house.open();
  tell(house, 1, "EV-1");
  ASSERT_TRUE(wait_until([&] { return house.state_of("province", "events_confirmed") == "1"; }));
  tell(house, 1, "EV-1");
  ASSERT_TRUE(wait_until([&] { return house.state_of("province", "events_confirmed") == "2"; }));
  EXPECT_EQ(house.counts().messages, 1);
  house.tell("province", "ev-1", "linhu-onewin", "EV-1", R"({"n":"other"})");
  ASSERT_TRUE(wait_until([&] { return house.metric("tongqu_events_total{target=\"province\",outcome=\"conflict\"}") != ""; }));
  EXPECT_EQ(house.state_of("province", "events_waiting"), "1") << "it is not on our disk";
  EXPECT_EQ(pull(house).events, (Texts{"EV-1 1"}));
  EXPECT_NE(house.log().find("bridge.event_conflict"), std::string::npos);
  const auto entries = house.verify().entries;
  // More conflicts than a page holds: what comes behind them gets through all the same.
  for (int n = 2; n <= 8; ++n) tell(house, n, "EV-" + std::to_string(n));
  ASSERT_TRUE(wait_until([&] { return house.state_of("province", "events_confirmed") == "9"; }));
  for (int n = 2; n <= 8; ++n) house.tell("province", "ev-" + std::to_string(n), "linhu-onewin", "EV-" + std::to_string(n), R"({"n":"other"})");
  tell(house, 9, "EV-9");
  EXPECT_TRUE(wait_until([&] { return house.state_of("province", "events_confirmed") == "10"; })) << house.state_of("province", "events_confirmed");
  const auto after = house.verify().entries;
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(house.verify().entries, after) << "ten polls later: a conflict is journaled once";
  EXPECT_LT(after - entries, 8 + 8 + 8 * 2 + 8) << "intake and head of each, and each conflict once";
}

TEST(EventsFromAbove, for_a_system_that_nobody_serves_stay_with_the_platform) {
  House house(polling());
  house.open();
  tell(house, 1, "EV-1", "no-such-system");
  tell(house, 2, "EV-2");
  ASSERT_TRUE(wait_until([&] { return house.state_of("province", "events_confirmed") == "1"; }));
  EXPECT_EQ(house.state_of("province", "events_waiting"), "1");
  EXPECT_NE(house.log().find("bridge.event_no_system"), std::string::npos);
  EXPECT_EQ(pull(house).events, (Texts{"EV-2 2"}));
}

TEST(EventsFromAbove, survive_a_restart_between_giving_and_confirming) {
  House house(polling());
  house.open();
  for (int n = 1; n <= 2; ++n) tell(house, n, "EV-" + std::to_string(n));
  ASSERT_TRUE(wait_until([&] { return house.state_of("province", "events_confirmed") == "2"; }));
  const Page given = pull(house);
  ASSERT_EQ(given.events.size(), 2u);
  house.close();
  house.open();
  Page after;
  ASSERT_TRUE(wait_until([&] { return (after = pull(house, "?after=" + given.ids[0])).status == 200; })) << after.status << after.error;
  EXPECT_TRUE(wait_until([&] { return (after = pull(house)).events == Texts{"EV-2 2"}; })) << ::testing::PrintToString(after.events);
  EXPECT_TRUE(pull(house, "?after=" + given.ids[1]).events.empty());
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(2); }));
}

/// A county's own server that takes events.
class County final : public net::HttpHandler {
public:
  County() {
    auto started = net::HttpServer::start({}, *this);
    if (!started) throw std::runtime_error("no server");
    server_ = *std::move(started);
  }
  void on_request(net::HttpRequest request, net::Responder respond) override {
    net::HttpResponse response;
    {
      const std::lock_guard lock(mutex_);
      authorised_ = request.headers.get("Authorization") == "Bearer county-token";
      keys_.emplace_back(request.headers.get("Idempotency-Key"));
      bodies_.push_back(request.body);
      types_.emplace_back(request.headers.get("Content-Type"));
      response.status = refuse_ > 0 ? 503 : 200;
      if (refuse_ > 0) --refuse_;
      if (!says_.empty()) {
        response.headers.add("Content-Type", "application/json");
        response.body = says_.front();
        if (says_.size() > 1) says_.erase(says_.begin());
      }
    }
    respond(std::move(response));
  }
  std::uint16_t port() const { return server_->port(); }
  void refuse(int times) { refuse_ = times; }
  /// Bodies of its answers in turn; the last one for ever.
  void say(Texts bodies) {
    const std::lock_guard lock(mutex_);
    says_ = std::move(bodies);
  }
  Texts types() const {
    const std::lock_guard lock(mutex_);
    return types_;
  }
  Texts bodies() const {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }
  Texts keys() const {
    const std::lock_guard lock(mutex_);
    return keys_;
  }
  bool authorised() const { return authorised_; }

private:
  mutable std::mutex mutex_;
  Texts bodies_, keys_, types_, says_;
  std::atomic<bool> authorised_{false};
  std::atomic<int> refuse_{0};
  std::unique_ptr<net::HttpServer> server_;
};

TEST(EventsFromAbove, are_brought_to_a_system_that_wants_to_be_called) {
  County county;
  county.refuse(2);
  House house(polling());
  write_text(house.folder.file("keys/county.token"), "county-token", true);
  house.edit("bridge.yaml", "{path: packs/linhu-onewin}",
             "{path: packs/linhu-onewin, call_back: {url: \"http://127.0.0.1:" + std::to_string(county.port()) + "\", pinned_host: 127.0.0.1, path: /events, token: {file: keys/county.token}}}");
  house.open();
  tell(house, 1, "EV-1");
  tell(house, 2, "EV-1");
  ASSERT_TRUE(wait_until([&] { return house.counts().by_state[static_cast<int>(DeliveryState::delivered)] == 2; }));
  EXPECT_TRUE(county.authorised());
  const Texts bodies = county.bodies(), keys = county.keys();
  ASSERT_EQ(bodies.size(), 4u) << "refused twice, then taken";
  EXPECT_EQ(bodies[0], bodies[2]);
  EXPECT_EQ(keys[0], keys[2]) << "the same event under the same key";
  EXPECT_NE(keys[2], keys[3]);
  EXPECT_NE(bodies[3].find(R"("n":"2")"), std::string::npos) << "in order";
  EXPECT_EQ(pull(house).status, 404) << "who is called does not ask";
}

/// A house whose Linhu is called in its own form and answers in its own convention.
HouseOptions polling_for_own_form() {
  HouseOptions options;
  options.platform_extra = ", events: {poll_ms: 20, max: 5, pack: \"" TONGQU_SOURCE_DIR "/connectors/platforms/case_exchange/events\"}";
  return options;
}

void call_linhu(const House& house, const County& county) {
  house.edit("bridge.yaml", "{path: packs/linhu-onewin}",
             "{path: packs/linhu-onewin, call_back: {url: \"http://127.0.0.1:" + std::to_string(county.port()) + "\", pinned_host: 127.0.0.1, path: /events, form: own, reply: reply.yaml}}");
  write_text(house.folder.file("reply.yaml"),
             "target: linhu.call_back\nfrom: case@1\nreply:\n  format: json\n  success: 'code == \"0\"'\n  receipt: no\n  code: code\n"
             "  classes:\n    - {when: 'code == \"9\"', is: retry_later}\n  otherwise: fix_input\n");
}

constexpr const char* kSupplement = R"({"materials":[{"material_name":"营业执照","reason":"不清晰"},{"material_name":"租赁合同","reason":"缺页"}],"limit_date":"2150-01-12 17:00:00"})";

/// The province tells of ev-1, of case EV-1, something of any kind.
void tell_kind(const House& house, const std::string& kind, const std::string& data) {
  const std::string config = file_text(house.folder.file("bridge.yaml")), url = "name: province, profile: tif_rio, url: \"http://127.0.0.1:";
  const auto port = static_cast<std::uint16_t>(std::stoi(config.substr(config.find(url) + url.size())));
  std::string body;
  wire::JsonWriter w(body);
  w.begin_object();
  for (const auto& [name, value] : {std::pair{"eventId", std::string("ev-1")}, std::pair{"sourceSystem", std::string("linhu-onewin")}, std::pair{"project_no", std::string("EV-1")},
                                    std::pair{"kind", kind}, std::pair{"at", std::string("2150-01-05 07:08:09")}, std::pair{"data", data}}) {
    w.member(name, value);
  }
  w.end_object();
  ASSERT_EQ(connector::test::call(port, "POST", "/_sandbox/events", {}, body).status, 200);
}

std::string back_state(const House& house, const std::string& error_id = "") {
  for (const auto state : {DeliveryState::ready, DeliveryState::sending, DeliveryState::unknown, DeliveryState::delivered, DeliveryState::refused, DeliveryState::parked}) {
    const auto all = house.store()->deliveries(state, 50);
    if (!all) continue;
    for (const auto& one : *all) {
      if (one.target == "back:linhu-onewin" && (error_id.empty() || one.error_id == error_id)) return std::string(journal::state_name(state)) + " " + one.receipt_no;
    }
  }
  return "none";
}

TEST(EventsFromAbove, are_written_in_the_systems_own_form_and_its_own_answer_counts) {
  County county;
  county.say({R"({"code":"9"})", R"({"code":"0","no":"C-1"})"});
  House house(polling_for_own_form());
  call_linhu(house, county);
  house.open();
  ASSERT_EQ(send_linhu(house, linhu_body("EV-1", "accept")).state, "stored");
  house.tell("province", "ev-1", "linhu-onewin", "EV-1", kSupplement);
  ASSERT_TRUE(wait_until([&] { return back_state(house) == "delivered C-1"; })) << back_state(house);
  const Texts bodies = county.bodies();
  ASSERT_EQ(bodies.size(), 2u) << "HTTP 200 with code 9 says: later";
  EXPECT_EQ(bodies[0], bodies[1]);
  EXPECT_EQ(county.types()[0], "application/json");
  EXPECT_EQ(county.keys()[0], county.keys()[1]);
  // Made by hand from the page of the platform's events and Linhu's own notice.
  EXPECT_EQ(bodies[0], R"({"appId": "linhu-01", "data": "{\"bizType\": \"CORRECT\", \"eventId\": \"ev-1\", \"case\": {\"caseNo\": \"EV-1\", \"itemCode\": )"
                       R"(\"11990000000000000D4000199003000\", \"itemName\": \"餐饮服务许可\"}, \"corrections\": [{\"sn\": 1, \"reason\": \"营业执照：不清晰；租赁合同：缺页\", )"
                       R"(\"time\": \"2150-01-05 07:08:09\", \"deadline\": \"2150-01-12 17:00:00\", \"materials\": [{\"name\": \"营业执照\", \"note\": \"不清晰\"}, )"
                       R"({\"name\": \"租赁合同\", \"note\": \"缺页\"}]}]}"})");
  EXPECT_TRUE(house.verify().ok());
}

TEST(EventsFromAbove, of_the_applicants_marks_are_stored_and_written_in_the_systems_own_form) {
  County county;
  county.say({R"({"code":"9"})", R"({"code":"0","no":"E-1"})"});
  House house(polling_for_own_form());
  call_linhu(house, county);
  house.open();
  ASSERT_EQ(send_linhu(house, linhu_body("EV-1", "accept")).state, "stored");
  tell_kind(house, "evaluation", R"({"satisfaction":"5","evaluate_time":"2150-01-06 09:00:00","content":"满意"})");
  ASSERT_TRUE(wait_until([&] { return back_state(house) == "delivered E-1"; })) << back_state(house);
  const Texts bodies = county.bodies();
  ASSERT_EQ(bodies.size(), 2u) << "later, says the first answer";
  EXPECT_EQ(county.keys()[0], county.keys()[1]);
  // Made by hand from the page of the platform's events and Linhu's own form.
  EXPECT_EQ(bodies[1], R"({"appId": "linhu-01", "data": "{\"bizType\": \"EVALUATED\", \"eventId\": \"ev-1\", \"case\": {\"caseNo\": \"EV-1\", \"itemCode\": )"
                       R"(\"11990000000000000D4000199003000\", \"itemName\": \"餐饮服务许可\"}, \"evaluation\": {\"level\": \"A\", \"words\": \"满意\", )"
                       R"(\"time\": \"2150-01-06 09:00:00\"}}"})");
  EXPECT_TRUE(house.verify().ok());
}

TEST(EventsFromAbove, of_a_kind_that_the_event_pack_does_not_read_wait_for_a_person) {
  County county;
  county.say({R"({"code":"0","no":"C-1"})"});
  House house(polling_for_own_form());
  call_linhu(house, county);
  house.open();
  ASSERT_EQ(send_linhu(house, linhu_body("EV-1", "accept")).state, "stored");
  tell_kind(house, "notice", "{}");
  ASSERT_TRUE(wait_until([&] { return back_state(house) == "parked "; })) << back_state(house);
  EXPECT_TRUE(county.bodies().empty());
}

TEST(EventsFromAbove, that_the_pack_cannot_write_wait_for_a_person_and_say_why) {
  County county;
  county.say({R"({"code":"0","no":"C-1"})"});
  House house(polling_for_own_form());
  call_linhu(house, county);
  house.open();
  house.tell("province", "ev-1", "linhu-onewin", "EV-1", kSupplement);
  ASSERT_TRUE(wait_until([&] { return back_state(house) == "parked "; })) << "nobody knows of what item the case is";
  const auto parked = house.store()->deliveries(DeliveryState::parked, 9).value();
  EXPECT_EQ(parked.at(0).error_id, "bridge.target_unreadable");
  EXPECT_NE(parked.at(0).reason.find("identity.organisation"), std::string::npos) << parked.at(0).reason;
  EXPECT_NE(parked.at(0).reason.find("\"zh\""), std::string::npos);
  EXPECT_TRUE(county.bodies().empty());
  ASSERT_EQ(send_linhu(house, linhu_body("EV-1", "accept")).state, "stored");
  house.control("{\"cmd\":\"replay\",\"delivery\":" + std::to_string(parked.at(0).delivery) + ",\"reason\":\"the case is known now\"}");
  EXPECT_TRUE(wait_until([&] { return back_state(house) == "delivered C-1"; })) << back_state(house);
}

TEST(EventsFromAbove, that_the_system_refuses_are_refused) {
  County county;
  county.say({R"({"code":"7"})"});
  House house(polling_for_own_form());
  call_linhu(house, county);
  house.open();
  ASSERT_EQ(send_linhu(house, linhu_body("EV-1", "accept")).state, "stored");
  house.tell("province", "ev-1", "linhu-onewin", "EV-1", kSupplement);
  EXPECT_TRUE(wait_until([&] { return back_state(house, "platform.row_refused") == "refused "; })) << back_state(house);
  EXPECT_EQ(county.bodies().size(), 1u);
}

} // namespace
} // namespace tongqu::whole
