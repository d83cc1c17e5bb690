#include <gtest/gtest.h>

#include <set>

#include "sdk/test/whole/senders.hpp"
#include "tongqu/net/http_server.hpp"
#include "tongqu/wire/json.hpp"

/// A platform that data alone describes: its rows, their order, what its answers mean; and what a site looks up.
namespace tongqu::whole {
namespace {

using Texts = std::vector<std::string>;

/// An office that takes rows by POST and answers what it is told to answer, by the stage of the row.
class Office final : public net::HttpHandler {
public:
  Office() {
    auto started = net::HttpServer::start({}, *this);
    if (!started) throw std::runtime_error("no server");
    server_ = *std::move(started);
  }
  void on_request(net::HttpRequest request, net::Responder respond) override {
    net::HttpResponse response;
    {
      const std::lock_guard lock(mutex_);
      const std::string stage(request.headers.get("X-Stage"));
      seen_.push_back(stage + " " + request.body);
      ids_.emplace_back(request.headers.get("Idempotency-Key"));
      Texts& answers = says_[stage];
      response.headers.add("Content-Type", "application/json");
      response.body = answers.empty() ? R"({"state":"ok","no":")" + stage + "-" + std::to_string(seen_.size()) + R"("})" : answers.front();
      if (!answers.empty()) answers.erase(answers.begin());
    }
    respond(std::move(response));
  }
  std::uint16_t port() const { return server_->port(); }
  void say(const std::string& stage, Texts answers) {
    const std::lock_guard lock(mutex_);
    says_[stage] = std::move(answers);
  }
  Texts seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  Texts ids() const {
    const std::lock_guard lock(mutex_);
    return ids_;
  }

private:
  mutable std::mutex mutex_;
  Texts seen_, ids_;
  std::map<std::string, Texts> says_;
  std::unique_ptr<net::HttpServer> server_;
};

constexpr const char* kTarget =
    "target: office.case\nfrom: case@1\nzone: \"+08:00\"\nmessages:\n"
    "  - name: base\n    when: 'envelope.event == \"accept\"'\n    rules:\n      no: {from: case_no, on_fail: reject}\n      title: {value: 'lookup(\"item\", task_code, \"name\")', on_fail: reject}\n"
    "  - name: material\n    when: 'present(/acceptance.accepted_at)'\n    each: received_materials\n    key: code\n    after: [base]\n    rules:\n      code: {from: code, on_fail: hold}\n"
    "reply:\n  format: json\n  success: 'state == \"ok\"'\n  receipt: no\n  code: state\n"
    "  classes:\n    - {when: 'state == \"known\"', is: duplicate}\n    - {when: 'state == \"busy\"', is: retry_later}\n  otherwise: fix_input\n";

HouseOptions to_office() {
  HouseOptions options;
  options.routes = "  - {system: \"*\", targets: [office]}\n";
  options.extra = "lookup: {item: items.csv}\n";
  return options;
}

void open_office(House& house, const Office& office, const std::string& settings = ", deduplicates: yes") {
  write_text(house.folder.file("office.yaml"), kTarget);
  write_text(house.folder.file("items.csv"), "code,name\n11990000000000000D4000199003000,餐饮服务许可（新办）\n");
  house.edit("bridge.yaml", "routes:\n", "  - {name: office, profile: plain_http, url: \"http://127.0.0.1:" + std::to_string(office.port()) +
                                             "\", pinned_host: 127.0.0.1, target: office.yaml, settings: {path: /rows, stage_header: X-Stage, receipt_member: parentNo" + settings + "}}\nroutes:\n");
  house.open();
}

std::string two_materials() { return linhu_body("OF-1", "accept", {{"copies", "1},{\"code\":\"M02\",\"name\":\"平面图\",\"copies\":2"}}); }

TEST(Office, gets_dependent_messages_after_the_receipt_of_the_one_before_and_with_its_number) {
  Office office;
  office.say("base", {R"({"state":"busy"})", R"({"state":"ok","no":"B-1"})"});
  House house(to_office());
  open_office(house, office);
  const Told told = send_linhu(house, two_materials());
  ASSERT_EQ(told.state, "stored") << told.reply.body;
  ASSERT_TRUE(wait_until([&] { return house.states(told.message_id) == "office=delivered"; })) << house.states(told.message_id);
  const Texts base = {R"(base {"no":"OF-1","title":"餐饮服务许可（新办）"})"};
  EXPECT_EQ(office.seen(), (Texts{base[0], base[0], R"(material {"parentNo":"B-1","code":"M01"})", R"(material {"parentNo":"B-1","code":"M02"})"}));
  const Texts ids = office.ids();
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 3u);
  const auto receipt = house.store()->message(told.message_id).value()->deliveries.at(0).receipt_no;
  EXPECT_EQ(receipt, "B-1 material-3 material-4");
}

TEST(Office, that_takes_a_later_message_only_at_the_second_time_hears_the_first_again_as_known) {
  Office office;
  office.say("base", {R"({"state":"ok","no":"B-1"})", R"({"state":"known","no":"B-1"})"});
  office.say("material", {R"({"state":"ok","no":"M-1"})", R"({"state":"busy"})", R"({"state":"known","no":"M-1"})", R"({"state":"ok","no":"M-2"})"});
  House house(to_office());
  open_office(house, office);
  const Told told = send_linhu(house, two_materials());
  ASSERT_TRUE(wait_until([&] { return house.states(told.message_id) == "office=delivered"; })) << house.states(told.message_id);
  EXPECT_EQ(house.store()->message(told.message_id).value()->deliveries.at(0).receipt_no, "B-1 M-1 M-2");
  EXPECT_EQ(office.seen().size(), 6u);
}

TEST(Office, whose_no_stops_what_depends_on_it) {
  Office office;
  office.say("base", {R"({"state":"bad"})"});
  House house(to_office());
  open_office(house, office);
  const Told told = send_linhu(house, two_materials());
  ASSERT_TRUE(wait_until([&] { return house.states(told.message_id) == "office=refused"; })) << house.states(told.message_id);
  EXPECT_EQ(office.seen().size(), 1u) << "no material of a case that is not there";
  EXPECT_EQ(house.store()->message(told.message_id).value()->deliveries.at(0).error_id, "platform.row_refused");
}

TEST(Office, whose_answer_cannot_be_read_is_asked_of_a_person_unless_it_knows_ids) {
  Office office;
  office.say("base", {"<html>login</html>"});
  House house(to_office());
  open_office(house, office, "");
  const Told told = send_linhu(house, two_materials());
  const auto only = [&] { return house.store()->message(told.message_id).value()->deliveries.at(0); };
  ASSERT_TRUE(wait_until([&] { return only().error_id == "bridge.outcome_needs_person"; })) << only().error_id;
  EXPECT_EQ(only().state, journal::DeliveryState::unknown);
  EXPECT_EQ(office.seen().size(), 1u);
}

TEST(SiteData, is_read_again_with_the_configuration_or_keeps_the_last_good) {
  Office office;
  House house(to_office());
  open_office(house, office);
  const auto reload = [&] { return house.control(R"({"cmd":"reload","reason":"catalogue"})"); };
  write_text(house.folder.file("items.csv"), "code,name\na,b,c\n");
  const std::string broken = reload();
  EXPECT_NE(broken.find("mapping.table_invalid"), std::string::npos) << broken;
  EXPECT_NE(broken.find("items.csv"), std::string::npos) << broken;
  EXPECT_NE(broken.find("\"line\":2"), std::string::npos) << broken;
  write_text(house.folder.file("items.csv"), "code,name\n11990000000000000D4000199003000,新名称\n");
  EXPECT_NE(reload().find(R"("reloaded":true)"), std::string::npos);
  const Told told = send_linhu(house, linhu_body("OF-2", "accept"));
  ASSERT_TRUE(wait_until([&] { return house.states(told.message_id) == "office=delivered"; })) << house.states(told.message_id);
  EXPECT_EQ(office.seen().at(0), R"(base {"no":"OF-2","title":"新名称"})");
}

} // namespace
} // namespace tongqu::whole
