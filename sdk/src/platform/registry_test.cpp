#include <memory>

#include "tongqu/platform/platform.hpp"
#include "tongqu/platform/settings.hpp"

namespace tongqu::platform {
namespace {

class IdleClient final : public PlatformClient {
public:
  Guarantee guarantee() const override { return {true, false}; }
  void submit(Submission, std::function<void(SubmitOutcome)> done) override { done({}); }
  void query(std::string, std::string, std::function<void(QueryOutcome)> done) override { done({}); }
};

Registry idle_registry() {
  Registry registry;
  registry.add({"idle", "targets/case.yaml", {"paas_id"}, {"token"}},
               [](const PlatformConfig&, std::shared_ptr<Clock>) -> Result<std::unique_ptr<PlatformClient>> {
                 return std::unique_ptr<PlatformClient>(std::make_unique<IdleClient>());
               });
  return registry;
}

PlatformConfig idle_config() {
  PlatformConfig config;
  config.name = "province";
  config.profile = "idle";
  config.settings["paas_id"] = "demo";
  config.credentials["token"] = Secret("t");
  return config;
}

TEST(PlatformRegistry, finds_and_makes_a_registered_profile) {
  const Registry registry = idle_registry();
  ASSERT_NE(registry.find("idle"), nullptr);
  EXPECT_EQ(registry.find("idle")->target_file, "targets/case.yaml");
  EXPECT_EQ(registry.ids(), std::vector<std::string>{"idle"});
  auto client = registry.create(idle_config(), std::make_shared<SystemClock>());
  ASSERT_TRUE(client);
  EXPECT_TRUE((*client)->guarantee().deduplicates);
}

TEST(PlatformRegistry, refuses_an_unknown_profile_with_its_place) {
  PlatformConfig config = idle_config();
  config.profile = "nobody";
  auto client = idle_registry().create(config, std::make_shared<SystemClock>());
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().id(), "platform.unknown_profile");
  EXPECT_EQ(client.error().where(), "province.profile");
}

TEST(PlatformRegistry, refuses_a_setting_or_credential_that_the_profile_does_not_know) {
  PlatformConfig config = idle_config();
  config.settings["pass_id"] = "demo";
  auto client = idle_registry().create(config, std::make_shared<SystemClock>());
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().id(), "platform.setting");
  EXPECT_EQ(client.error().where(), "province.settings.pass_id");

  config = idle_config();
  config.credentials["tokn"] = Secret("t");
  client = idle_registry().create(config, std::make_shared<SystemClock>());
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().where(), "province.credentials.tokn");
}

TEST(PlatformRegistry, refuses_a_profile_registered_twice) {
  Registry registry = idle_registry();
  EXPECT_THROW(registry.add({"idle", "", {}, {}}, [](const PlatformConfig&, std::shared_ptr<Clock>) -> Result<std::unique_ptr<PlatformClient>> {
                 return Error(Errc::platform_setting);
               }),
               ContractViolation);
}

TEST(PlatformSettings, names_what_is_missing_or_wrong_and_never_its_value) {
  PlatformConfig config = idle_config();
  config.settings["queryable"] = "maybe-hush";
  const auto yes_no = yes_no_setting(config, "queryable", YesNo::yes);
  ASSERT_FALSE(yes_no);
  EXPECT_EQ(yes_no.error().where(), "province.settings.queryable");
  EXPECT_EQ(describe(yes_no.error()).find("hush"), std::string::npos);
  EXPECT_EQ(*yes_no_setting(config, "deduplicates", YesNo::yes), YesNo::yes);

  const auto setting = required_setting(config, "rid");
  ASSERT_FALSE(setting);
  EXPECT_EQ(setting.error().id(), "platform.setting");
  EXPECT_EQ(setting.error().where(), "province.settings.rid");
  config.credentials["token"] = Secret("");
  const auto credential = required_credential(config, "token");
  ASSERT_FALSE(credential);
  EXPECT_EQ(credential.error().where(), "province.credentials.token");
}

TEST(PlatformSettings, header_tokens_are_printable_and_bounded) {
  EXPECT_TRUE(is_header_token("a@b-01", 6));
  EXPECT_FALSE(is_header_token("a@b-01", 5));
  EXPECT_FALSE(is_header_token("", 5));
  EXPECT_FALSE(is_header_token("a b", 5));
  EXPECT_FALSE(is_header_token("a\r\nb", 5));
  EXPECT_FALSE(is_header_token("\xC3\xA9", 5));
}

} // namespace
} // namespace tongqu::platform
