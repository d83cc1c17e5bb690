#include "bridge/intake.hpp"
#include "bridge/plan_cache.hpp"

#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <set>

#include "bridge/test_support.hpp"
#include "tongqu/base/bytes.hpp"

namespace tongqu::bridge::detail {
namespace {

using journal::DeliveryState;
using test::TempFolder;

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Takes everything, or says what it is told to say. Only what intake uses does anything.
class FakeJournal : public journal::Journal {
public:
  Result<journal::IntakeOutcome> (*says)(const journal::Intake&) = [](const journal::Intake& in) {
    journal::IntakeOutcome outcome;
    outcome.message_id = in.message_id;
    outcome.acknowledgement = in.acknowledgement;
    return Result<journal::IntakeOutcome>(outcome);
  };
  std::vector<journal::Intake> taken;
  std::vector<std::string> refused;

  void accept(journal::Intake in, std::function<void(Result<journal::IntakeOutcome>)> done) override {
    taken.push_back(in);
    done(says(in));
  }
  void accept_all(journal::IntakeBatch batch, std::function<void(Result<std::vector<journal::IntakeOutcome>>)> done) override {
    std::vector<journal::IntakeOutcome> outcomes;
    for (auto& in : batch.intakes) {
      outcomes.push_back(*says(in));
      taken.push_back(std::move(in));
    }
    for (const auto& one : batch.refusals) refused.push_back(one.error_id);
    done(std::move(outcomes));
  }
  Result<journal::IntakeOutcome> accept_and_wait(journal::Intake in) override { return says(in); }
  Result<std::optional<Known>> find(std::string_view) override { return std::optional<Known>(); }
  void refuse(journal::Refusal refusal) override { refused.push_back(refusal.error_id); }
  void claim(std::string, std::size_t, std::function<void(Result<std::vector<journal::Claim>>)> done) override { done(std::vector<journal::Claim>()); }
  void settle(journal::Settlement, std::function<void(Result<void>)> done) override { done(Result<void>()); }
  std::optional<UtcMillis> next_due(const std::string&) override { return std::nullopt; }
  void on_ready(std::function<void(const std::string&)>) override {}
  Result<journal::Counts> counts() override { return journal::Counts(); }
  Result<std::optional<journal::MessageView>> message(std::string_view) override { return std::optional<journal::MessageView>(); }
  Result<std::vector<journal::MessageView>> messages_of_case(std::string_view, std::string_view) override { return std::vector<journal::MessageView>(); }
  Result<std::vector<journal::DeliveryView>> deliveries(DeliveryState, std::size_t) override { return std::vector<journal::DeliveryView>(); }
  Result<Bodies> bodies(std::string_view) override { return Error(Errc::journal_not_found); }
  Result<std::string> receipt(std::int64_t) override { return Error(Errc::journal_not_found); }
  Result<void> release(std::string_view, std::string, std::string, std::string, std::string, const Act&) override { return {}; }
  Result<void> discard(std::string_view, const std::string&, const Act&) override { return {}; }
  Result<void> resolve(std::int64_t, Resolution, const Act&) override { return {}; }
  Result<void> unpark(std::int64_t, const Act&) override { return {}; }
  Result<std::int64_t> redeliver(journal::Redelivery, const Act&, Redo) override { return std::int64_t{0}; }
  Result<void> note(std::string_view, const Act&) override { return {}; }
  void close() override {}
};

constexpr const char* kPacks = TONGQU_SOURCE_DIR "/connectors/packs/";

/// A road with the real pack of Linhu and small targets: "all" takes everything, "only_accept" one event, "strict" asks for what Linhu lacks.
class Intake : public testing::Test {
protected:
  Intake() {
    Findings mistakes;
    config_.reference_date.year = 2150;
    config_.listen.push_back({"linhu", "rest", "127.0.0.1", "/api/push", "", "linhu-onewin", 0, {}, {}, {}, {}});
    pack_ = test::good(load_pack({kPacks + std::string("linhu-onewin"), {}, {}, {}, {}}, mistakes));
    const std::string rule = "    rules:\n      project_no: {from: case_no, on_fail: hold}\n";
    target("all", "'envelope.event in [\"accept\", \"step\", \"result\"]'", rule);
    target("only_accept", "'envelope.event == \"accept\"'", rule);
    target("strict", "'envelope.event == \"accept\"'", rule + "      catalog_code: {from: catalog_code, on_fail: hold}\n");
  }
  void target(const std::string& name, const std::string& when, const std::string& rules) {
    Findings mistakes;
    const auto loaded = mapping::Target::load(folder_.write(name + ".yaml", "target: t." + name + "\nfrom: case@1\nzone: \"+08:00\"\nmessages:\n  - name: one\n    when: " + when + "\n    after: []\n" + rules), mistakes);
    if (!loaded) throw std::runtime_error(mistakes.empty() ? "target" : describe(*mistakes.begin(), Lang::en));
    targets_[name] = *loaded;
  }
  void route(const std::string& system, const std::string& event, std::vector<RouteSettings::To> to) { config_.routes.push_back({system, event, std::move(to)}); }

  connector::Answer send(const std::string& sample = "01-accept.in.json") {
    return send_text(file_text(kPacks + std::string("linhu-onewin/samples/") + sample));
  }
  connector::Answer send_text(std::string body) {
    make_road(&pool_);
    std::promise<connector::Answer> told;
    give(std::move(body), [&told](connector::Answer answer) { told.set_value(std::move(answer)); });
    return told.get_future().get();
  }
  void make_road(WorkerPool* pool) {
    auto setup = std::make_shared<detail::Setup>();
    setup->config = config_;
    setup->packs = {{"linhu-onewin", pack_}};
    setup->targets = targets_;
    setups_.put(std::move(setup));
    if (!road_) road_ = std::make_unique<IntakeRoad>(IntakeParts{&setups_, &journal_, &plans_, pool, nullptr, std::make_shared<SystemClock>(), {}, &metrics_, [this] { ++fatal_; }});
  }
  void give(std::string body, connector::AnswerFn answer) {
    connector::Inbound inbound;
    inbound.route = "linhu";
    inbound.trace_id = "trace";
    inbound.delivery.facts = {{"family", "rest"}, {"peer", "p"}};
    inbound.delivery.parts.push_back({"body", "application/json", std::move(body), nullptr});
    road_->on_delivery(std::move(inbound), std::move(answer));
  }
  /// "name=state(after)" of what was planned for the last message.
  std::string planned() const {
    std::string all;
    for (const auto& one : journal_.taken.back().targets) {
      all += (all.empty() ? "" : " ") + one.name + "=" + std::string(journal::state_name(one.state)) + (one.after.empty() ? "" : "(" + one.after + ")");
    }
    return all;
  }

  TempFolder folder_;
  Config config_;
  FakeJournal journal_;
  SetupShelf setups_;
  PackInForcePtr pack_;
  std::map<std::string, TargetPtr> targets_;
  obs::Metrics metrics_;
  std::atomic<int> fatal_{0};
  std::unique_ptr<IntakeRoad> road_;
  PlanCache plans_;
  WorkerPool pool_{1, 16, [] {}};
};

TEST_F(Intake, the_closest_route_is_taken) {
  route("*", "", {{"all", ""}});
  route("*", "accept", {{"only_accept", ""}});
  route("linhu-onewin", "", {{"strict", ""}, {"all", ""}});
  route("linhu-onewin", "step", {{"all", ""}});
  route("other-system", "accept", {{"all", ""}});
  ASSERT_EQ(send().outcome, connector::Outcome::stored);
  EXPECT_EQ(planned(), "strict=held all=ready") << "a route of the system comes before one of the event";
  ASSERT_EQ(send("02-step.in.json").outcome, connector::Outcome::stored);
  EXPECT_EQ(planned(), "all=ready");
}

TEST_F(Intake, a_route_for_every_system_takes_the_rest) {
  route("other-system", "", {{"all", ""}});
  route("*", "accept", {{"only_accept", ""}});
  send();
  EXPECT_EQ(planned(), "only_accept=ready");
  const auto none = send("02-step.in.json");
  EXPECT_EQ(none.outcome, connector::Outcome::refused);
  EXPECT_EQ(none.error->id(), "bridge.no_route");
  EXPECT_EQ(journal_.taken.size(), 1u);
  EXPECT_EQ(journal_.refused, std::vector<std::string>{"bridge.no_route"});
}

TEST_F(Intake, a_target_behind_another_waits_and_one_behind_nobody_does_not) {
  route("*", "", {{"only_accept", ""}, {"all", "only_accept"}});
  send();
  EXPECT_EQ(planned(), "only_accept=ready all=waiting(only_accept)");
  send("02-step.in.json");
  EXPECT_EQ(planned(), "all=ready") << "the predecessor has nothing to say about a step";
}

TEST_F(Intake, what_a_platform_asks_for_and_the_record_lacks_is_held_with_its_reason) {
  route("*", "", {{"strict", ""}, {"all", ""}});
  const auto answer = send();
  EXPECT_EQ(answer.outcome, connector::Outcome::stored);
  EXPECT_EQ(planned(), "strict=held all=ready");
  const auto& held = journal_.taken.back().targets.front();
  EXPECT_NE(held.reason.find("\"en\":\"catalog_code"), std::string::npos) << held.reason;
  EXPECT_NE(held.reason.find("\"zh\":"), std::string::npos);
  EXPECT_NE(journal_.taken.back().findings.find("catalog_code"), std::string::npos);
}

TEST_F(Intake, a_held_record_holds_every_target) {
  route("*", "", {{"all", ""}, {"only_accept", "all"}});
  std::string body = file_text(kPacks + std::string("linhu-onewin/samples/02-step.in.json"));
  const auto at = body.find("PASS");
  ASSERT_NE(at, std::string::npos);
  const auto answer = send_text(body.replace(at, 4, "NOSE"));
  EXPECT_EQ(answer.outcome, connector::Outcome::held);
  EXPECT_EQ(planned(), "all=held only_accept=held(all)");
  EXPECT_NE(answer.payload.find("\"202\""), std::string::npos) << answer.payload;
}

TEST_F(Intake, the_identity_names_the_system_and_the_raw_bytes_are_kept) {
  route("*", "", {{"all", ""}});
  send();
  const auto& in = journal_.taken.back();
  EXPECT_EQ(in.system, "linhu-onewin");
  EXPECT_EQ(in.identity.substr(0, 13), "linhu-onewin/");
  EXPECT_EQ(in.case_key.substr(0, 13), "linhu-onewin/");
  EXPECT_EQ(in.identity.substr(0, in.case_key.size()), in.case_key);
  EXPECT_FALSE(in.digest_input.empty()) << "the journal takes the digest while it seals";
  EXPECT_EQ(in.pack, "linhu-onewin@2");
  EXPECT_NE(in.raw.find(file_text(kPacks + std::string("linhu-onewin/samples/01-accept.in.json"))), std::string::npos);
}

TEST_F(Intake, a_journal_that_is_busy_or_lost_is_told_and_only_the_lost_one_ends_the_bridge) {
  route("*", "", {{"all", ""}});
  journal_.says = [](const journal::Intake&) { return Result<journal::IntakeOutcome>(Error(Errc::journal_busy)); };
  const auto busy = send();
  EXPECT_EQ(busy.outcome, connector::Outcome::busy);
  EXPECT_GT(busy.retry_after_s, 0);
  EXPECT_EQ(fatal_, 0);
  journal_.says = [](const journal::Intake&) { return Result<journal::IntakeOutcome>(Error(Errc::journal_sync_failed)); };
  const auto lost = send();
  EXPECT_EQ(lost.outcome, connector::Outcome::busy);
  ASSERT_TRUE(lost.error);
  EXPECT_EQ(lost.error->id(), "bridge.stopping");
  EXPECT_GT(lost.retry_after_s, 0);
  EXPECT_EQ(lost.message_id, "");
  EXPECT_EQ(fatal_, 1);
}

TEST_F(Intake, a_message_that_finds_no_memory_is_told_to_come_again) {
  route("*", "", {{"all", ""}});
  journal_.says = [](const journal::Intake&) -> Result<journal::IntakeOutcome> { throw std::bad_alloc(); };
  const auto answer = send();
  EXPECT_EQ(answer.outcome, connector::Outcome::busy);
  ASSERT_TRUE(answer.error);
  EXPECT_EQ(answer.error->id(), "journal.busy");
  EXPECT_GT(answer.retry_after_s, 0);
}

/// Notes how many came together.
class CountingJournal final : public FakeJournal {
public:
  void accept_each(std::vector<Accepting> several) override {
    const std::lock_guard lock(mutex_);  // Each worker hands over its own.
    together.push_back(several.size());
    Journal::accept_each(std::move(several));
  }
  std::vector<std::size_t> together;

private:
  std::mutex mutex_;
};

class Gathered : public testing::Test {
protected:
  /// A job that has a message ready, and one that has not.
  WorkerPool::Job message() {
    return [this](Worker& worker) { worker.gathered.add(journal_, journal::Intake(), [this](Result<journal::IntakeOutcome>) { ++done_; }); };
  }
  static WorkerPool::Job other() {
    return [](Worker&) {};
  }
  CountingJournal journal_;
  std::atomic<int> done_{0};
};

TEST_F(Gathered, a_message_behind_which_nothing_waits_goes_at_once) {
  Worker worker;
  WorkerPool pool(0, 10, [] {});
  pool.post(message());
  EXPECT_TRUE(pool.run_next(worker));
  EXPECT_EQ(done_, 0);
  EXPECT_TRUE(pool.run_next(worker)) << "handing over is a step of its own";
  EXPECT_EQ(done_, 1);
  EXPECT_FALSE(pool.run_next(worker));
}

TEST_F(Gathered, messages_that_wait_go_by_four) {
  Worker worker;
  WorkerPool pool(0, 20, [] {});
  for (int i = 0; i < 10; ++i) pool.post(message());
  while (pool.run_next(worker)) continue;
  EXPECT_EQ(journal_.together, (std::vector<std::size_t>{4, 4, 2}));
  EXPECT_EQ(done_, 10);
}

TEST_F(Gathered, a_message_waits_for_a_few_other_jobs_at_most) {
  Worker worker;
  WorkerPool pool(0, 40, [] {});
  pool.post(message());
  for (int i = 0; i < 30; ++i) pool.post(other());
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(pool.run_next(worker));
  EXPECT_EQ(done_, 1);
}

TEST_F(Gathered, a_pool_that_stops_hands_over_what_it_has) {
  {
    WorkerPool pool(2, 1000, [] {});
    for (int i = 0; i < 403; ++i) pool.post(message());
  }
  EXPECT_EQ(done_, 403);
}

TEST_F(Intake, a_message_does_not_wait_for_a_large_one_behind_it) {
  route("*", "", {{"all", ""}});
  WorkerPool pool(0, 10, [] {});
  Worker worker;
  make_road(&pool);
  const std::string small = file_text(kPacks + std::string("linhu-onewin/samples/01-accept.in.json"));
  for (const std::string& body : {small, small, std::string(100000, ' ') + small}) give(body, [](connector::Answer) {});
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(pool.run_next(worker));
  EXPECT_TRUE(journal_.taken.empty()) << "they go together";
  EXPECT_TRUE(pool.run_next(worker));
  EXPECT_EQ(journal_.taken.size(), 2U) << "before the large one, which waits for more now";
  while (pool.run_next(worker)) continue;
  EXPECT_EQ(journal_.taken.size(), 3U);
  road_.reset();
}

TEST_F(Intake, a_bridge_that_stops_answers_busy) {
  route("*", "", {{"all", ""}});
  send();
  road_->stop_taking();
  const auto answer = send();
  EXPECT_EQ(answer.outcome, connector::Outcome::busy);
  EXPECT_EQ(answer.error->id(), "bridge.stopping");
  EXPECT_EQ(journal_.taken.size(), 1u);
}

class Shelf : public testing::Test {
protected:
  Shelf() { std::filesystem::copy(kPacks + std::string("linhu-onewin"), folder_.file("p"), std::filesystem::copy_options::recursive); }
  void edit(const std::string& file, const std::string& from, const std::string& to) const {
    std::string text = file_text(folder_.file(file));
    folder_.write(file, text.replace(text.find(from), from.size(), to));
  }
  TempFolder folder_;
  PackSettings settings(std::map<std::string, std::string> params = {}) const { return {folder_.file("p"), std::move(params), {}, {}, {}}; }
  PackInForcePtr put(const PackSettings& settings) {
    auto setup = std::make_shared<detail::Setup>();
    const PackInForcePtr pack = test::good(load_pack(settings, mistakes_));
    setup->packs = {{"linhu-onewin", pack}};
    shelf_.put(std::move(setup));
    return pack;
  }
  SetupShelf shelf_;
  Findings mistakes_;
};

TEST_F(Shelf, a_reload_puts_the_new_version_in_force_and_keeps_the_old_one_for_retries) {
  const PackInForcePtr old = put(settings());
  const SetupPtr before = shelf_.current();
  EXPECT_EQ(before->pack_of_system("linhu-onewin"), old);
  EXPECT_EQ(before->pack("other"), nullptr);
  EXPECT_EQ(before->pack_of_system("other"), nullptr);
  edit("p/tables/cert.csv", "PP,passport", "QQ,passport");
  const auto reloaded = shelf_.reload_pack("linhu-onewin", mistakes_);
  ASSERT_TRUE(reloaded);
  const std::string old_digest = old->pack->info().digest, new_digest = (*reloaded)->pack->info().digest;
  EXPECT_NE(new_digest, old_digest);
  EXPECT_EQ(shelf_.current()->pack("linhu-onewin"), *reloaded);
  EXPECT_EQ(before->pack("linhu-onewin"), old) << "whoever works under the old setup keeps it";
  EXPECT_EQ(shelf_.version(old_digest), old);
  EXPECT_EQ(shelf_.version(new_digest), *reloaded);
  EXPECT_EQ(shelf_.version("none"), nullptr);
}

TEST_F(Shelf, a_broken_reload_leaves_the_last_good_one_in_force) {
  const PackInForcePtr old = put(settings({{"organisation_name", "某局"}}));
  edit("p/mappings/push.yaml", "zone:", "zoen:");
  const auto reloaded = shelf_.reload_pack("linhu-onewin", mistakes_);
  EXPECT_EQ(reloaded.error().id(), "mapping.pack_invalid");
  EXPECT_TRUE(mistakes_.has_errors());
  EXPECT_EQ(shelf_.current()->pack("linhu-onewin"), old);
  EXPECT_EQ(shelf_.reload_pack("other", mistakes_).error().id(), "bridge.config_reference");
  edit("p/mappings/push.yaml", "zoen:", "zone:");
  const auto mended = shelf_.reload_pack("linhu-onewin", mistakes_);
  ASSERT_TRUE(mended);
  EXPECT_EQ((*mended)->pack->info().digest, old->pack->info().digest) << "the site's parameters are still there";
}

class SetupFile : public Shelf {
protected:
  Config config() const {
    Config config;
    config.file = "bridge.yaml";
    return config;
  }
  std::set<std::string> ids() const {
    std::set<std::string> all;
    for (const Finding& one : mistakes_) all.insert(std::string(errc_row(one.id).id));
    return all;
  }
};

TEST_F(SetupFile, every_broken_pack_is_named) {
  Config in = config();
  in.packs = {{folder_.file("none"), {}, {}, {}, {}}, settings(), settings({{"no_such", "x"}})};
  EXPECT_EQ(load_setup(in, mistakes_).error().id(), "bridge.config_invalid");
  EXPECT_EQ(ids().count("mapping.pack_missing"), 1u);
  EXPECT_EQ(ids().count("mapping.unknown_param"), 1u);
}

TEST_F(SetupFile, one_pack_serves_two_counties_under_two_names) {
  Config in = config();
  in.packs = {settings({{"organisation_name", "甲局"}}), settings({{"organisation_name", "乙局"}})};
  EXPECT_FALSE(load_setup(in, mistakes_));
  EXPECT_EQ(ids(), std::set<std::string>{"bridge.config_value"});
  in.packs[1].name = "second";
  in.listen.push_back({});
  in.listen.back().pack = "second";
  const auto setup = load_setup(in, mistakes_);
  ASSERT_TRUE(setup);
  EXPECT_NE((*setup)->pack("second")->pack->info().digest, (*setup)->pack("linhu-onewin")->pack->info().digest);
}

TEST_F(SetupFile, keys_are_read_in_three_forms_and_a_wrong_one_is_named_without_its_value) {
  Config in = config();
  in.packs = {settings()};
  const auto key = [&](const char* name, const char* text, PackKey::Form form) {
    in.packs[0].keys[name] = {{SecretRef::From::file, folder_.write(std::string("keys/") + name, text)}, form};
  };
  key("hex", "30313233343536373839616263646566", PackKey::Form::hex);
  key("base64", "MDEyMzQ1Njc4OWFiY2RlZg==", PackKey::Form::base64);
  key("text", "0123456789abcdef", PackKey::Form::text);
  const auto setup = load_setup(in, mistakes_);
  ASSERT_TRUE(setup) << describe(setup.error());
  const auto& opener = (*setup)->pack("linhu-onewin")->opener;
  ASSERT_NE(opener, nullptr);
  // printf 'tongqu' | openssl enc -aes-128-ecb -K 30313233343536373839616263646566 | xxd -p
  const std::string sealed = *from_hex("18b27103504be2ce2b6699fd8fb83b3a");
  for (const char* name : {"hex", "base64", "text"}) {
    const auto opened = opener->open({"aes-ecb", name, sealed});
    ASSERT_TRUE(opened) << name;
    EXPECT_EQ(*opened, "tongqu");
  }
  EXPECT_EQ(opener->open({"aes-ecb", "other", sealed}).error().id(), "mapping.opener_missing");

  key("short", "0123", PackKey::Form::text);
  key("digits", "xyz", PackKey::Form::hex);
  in.packs[0].keys["absent"] = {{SecretRef::From::file, folder_.file("keys/none")}, PackKey::Form::hex};
  EXPECT_FALSE(load_setup(in, mistakes_));
  std::set<std::string> paths;
  for (const Finding& one : mistakes_) {
    paths.insert(one.path);
    EXPECT_EQ(describe(one, Lang::en).find("0123"), std::string::npos);
  }
  EXPECT_EQ(paths, (std::set<std::string>{"packs.keys.absent", "packs.keys.digits", "packs.keys.short"}));
}

} // namespace
} // namespace tongqu::bridge::detail
