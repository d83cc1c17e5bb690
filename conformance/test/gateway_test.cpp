#include <gtest/gtest.h>

#include "conformance/test/sandbox_support.hpp"
#include "conformance/sandbox/nonce_store.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::sandbox::test {
namespace {

Fields changed(Fields fields, const std::string& name, const std::string& value) {
  for (auto& [field, text] : fields) {
    if (field == name) text = value;
  }
  return fields;
}

Fields dropped(Fields fields, const std::string& name) {
  std::erase_if(fields, [&name](const auto& field) { return field.first == name; });
  return fields;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

/// HTTP status and errcode of a submit with these headers.
std::string outcome(const Scene& scene, const Fields& headers) {
  Fields all = headers;
  all.emplace_back("Content-Type", "application/json");
  const Answer answer = scene.call("POST", "/ebus/case-exchange/submit", all, envelope({kId1, "accept", json_of(accept_row()), {}}));
  const std::string code = member(answer.body, "errcode");
  return std::to_string(answer.status) + " " + (code == "(absent)" ? member(answer.body, "code") : code);
}

TEST(TifGateway, right_request_passes) {
  Scene scene;
  EXPECT_EQ(outcome(scene, scene.tif_headers()), "200 0");
}

TEST(TifGateway, second_prefix_of_the_product_passes) {
  Scene scene;
  Fields headers = scene.tif_headers();
  for (auto& [name, value] : headers) name.replace(2, 3, "rio");
  EXPECT_EQ(outcome(scene, headers), "200 0");
}

TEST(TifGateway, each_missing_or_double_header_is_refused) {
  Scene scene;
  for (const char* name : {"x-tif-paasid", "x-tif-timestamp", "x-tif-nonce", "x-tif-signature"}) {
    EXPECT_EQ(outcome(scene, dropped(scene.tif_headers(), name)), "401 400000400") << name;
    Fields twice = scene.tif_headers();
    twice.emplace_back(name, "x");
    EXPECT_EQ(outcome(scene, twice), "401 400000400") << name;
  }
}

TEST(TifGateway, unknown_sender_is_refused) {
  Scene scene;
  EXPECT_EQ(outcome(scene, changed(scene.tif_headers(), "x-tif-paasid", "undefined")), "401 400000400");
}

TEST(TifGateway, clock_may_differ_by_the_window_and_not_by_a_second_more) {
  Scene scene;
  const std::int64_t now = scene.clock.ms / 1000;
  EXPECT_EQ(outcome(scene, scene.tif_headers(std::to_string(now - 181), "nonce-0001")), "401 400000400");
  EXPECT_EQ(outcome(scene, scene.tif_headers(std::to_string(now + 181), "nonce-0002")), "401 400000400");
  EXPECT_EQ(outcome(scene, scene.tif_headers(std::to_string(now - 180), "nonce-0003")), "200 0");
  EXPECT_EQ(outcome(scene, scene.tif_headers(std::to_string(now + 180), "nonce-0004")), "200 0");
}

TEST(TifGateway, milliseconds_and_signs_are_no_timestamps) {
  Scene scene;
  EXPECT_EQ(outcome(scene, scene.tif_headers(std::to_string(scene.clock.ms), "nonce-0001")), "401 400000400");
  EXPECT_EQ(outcome(scene, scene.tif_headers("+" + std::to_string(scene.clock.ms / 1000), "nonce-0002")), "401 400000400");
}

TEST(TifGateway, nonce_has_10_to_36_characters) {
  Scene scene;
  const std::string now = std::to_string(scene.clock.ms / 1000);
  EXPECT_EQ(outcome(scene, scene.tif_headers(now, std::string(9, 'a'))), "401 400000400");
  EXPECT_EQ(outcome(scene, scene.tif_headers(now, std::string(37, 'a'))), "401 400000400");
  EXPECT_EQ(outcome(scene, scene.tif_headers(now, std::string(10, 'a'))), "200 0");
  EXPECT_EQ(outcome(scene, scene.tif_headers(now, std::string(36, 'a'))), "200 0");
}

TEST(TifGateway, nonce_works_once_even_with_another_timestamp) {
  Scene scene;
  const std::int64_t now = scene.clock.ms / 1000;
  EXPECT_EQ(outcome(scene, scene.tif_headers(std::to_string(now), "nonce-0001")), "200 0");
  EXPECT_EQ(outcome(scene, scene.tif_headers(std::to_string(now), "nonce-0001")), "401 400000400");
  EXPECT_EQ(outcome(scene, scene.tif_headers(std::to_string(now + 1), "nonce-0001")), "401 400000400");
}

TEST(TifGateway, nonce_of_a_badly_signed_request_is_not_used_up) {
  Scene scene;
  const std::string now = std::to_string(scene.clock.ms / 1000);
  EXPECT_EQ(outcome(scene, changed(scene.tif_headers(now, "nonce-0001"), "x-tif-signature", std::string(64, '0'))), "401 400000401");
  EXPECT_EQ(outcome(scene, scene.tif_headers(now, "nonce-0001")), "200 0");
}

TEST(TifGateway, full_replay_store_refuses_until_nonces_grow_old) {
  Options options;
  options.nonces_max = 2;
  Scene scene(std::move(options));
  EXPECT_EQ(outcome(scene, scene.tif_headers()), "200 0");
  EXPECT_EQ(outcome(scene, scene.tif_headers()), "200 0");
  EXPECT_EQ(outcome(scene, scene.tif_headers()), "429 400000429");
  scene.clock.ms += 181'000;
  EXPECT_EQ(outcome(scene, scene.tif_headers()), "200 0");
}

TEST(TifGateway, replay_is_refused_to_the_end_of_its_own_window) {
  NonceStore store(10);
  EXPECT_EQ(store.take("nonce-0001", 1180, 1000), NonceStore::Verdict::fresh);
  EXPECT_EQ(store.take("nonce-0001", 1180, 1180), NonceStore::Verdict::seen);
  EXPECT_EQ(store.size(), 1U);
  EXPECT_EQ(store.take("nonce-0002", 1361, 1181), NonceStore::Verdict::fresh);
  EXPECT_EQ(store.size(), 1U);
}

TEST(TifGateway, wrong_signatures_are_refused) {
  Scene scene;
  const std::string now = std::to_string(scene.clock.ms / 1000);
  const auto sign = [&](const std::string& text, const std::string& nonce) {
    return outcome(scene, changed(scene.tif_headers(now, nonce), "x-tif-signature", to_hex(crypto::sha256(text))));
  };
  EXPECT_EQ(sign(now + "otherToken" + "nonce-0001" + now, "nonce-0001"), "401 400000401");
  EXPECT_EQ(sign(now + kToken + "nonce-0001", "nonce-0001"), "401 400000401");
  EXPECT_EQ(sign(now + kToken + "nonce-0002" + now, "nonce-0001"), "401 400000401");
  EXPECT_EQ(outcome(scene, changed(scene.tif_headers(), "x-tif-signature", "")), "401 400000401");
}

TEST(TifGateway, case_of_hex_counts_only_when_strict) {
  Scene lenient;
  Fields headers = lenient.tif_headers();
  EXPECT_EQ(outcome(lenient, changed(headers, "x-tif-signature", upper(headers.back().second))), "200 0");
  Options options;
  options.strict_hex = true;
  Scene strict(std::move(options));
  headers = strict.tif_headers();
  EXPECT_EQ(outcome(strict, changed(headers, "x-tif-signature", upper(headers.back().second))), "401 400000401");
  EXPECT_EQ(outcome(strict, strict.tif_headers()), "200 0");
}

TEST(TifGateway, unknown_addresses_and_methods_are_not_found) {
  Scene scene;
  EXPECT_EQ(scene.call("GET", "/ebus/case-exchange/submit", scene.tif_headers()).status, 404);
  EXPECT_EQ(scene.call("POST", "/ebus/case-exchange/query", scene.tif_headers()).status, 404);
  const Answer other = scene.call("GET", "/ebus/other/query", scene.tif_headers());
  EXPECT_EQ(other.status, 404);
  EXPECT_EQ(member(other.body, "errcode"), "400000404");
}

TEST(TifGateway, refusals_leave_a_line_and_no_effect) {
  Scene scene;
  EXPECT_EQ(outcome(scene, changed(scene.tif_headers(), "x-tif-signature", std::string(64, '0'))), "401 400000401");
  EXPECT_EQ(member(scene.state(), "effects"), "0");
  EXPECT_EQ(member(scene.state(), "400000401"), "1");
}

Options nation() {
  Options options;
  options.profile = Profile::gjgxjhpt;
  return options;
}

constexpr const char* kSubmitSid = "s_990000000000_1";

/// Opens the secret of a refresh answer by the recipe, with the SDK's engine only.
std::string refresh(const Scene& scene) {
  const Answer answer = scene.call("POST", "/sysapi/auth/refreshappsecret", {{"Content-Type", "application/json"}},
                                   json_of(scene.national_headers("s_sys_service001", kAppKey)));
  const auto sealed = from_base64(member(answer.body, "secret"));
  if (!sealed) return "";
  const auto key = from_hex("2d703e10a32f30251a2370355793e786");  // PRNG16 of kAppKey, as the vector has it.
  const auto secret = crypto::aes128_ecb_decrypt(Secret(*key), *sealed);
  return secret ? *secret : "";
}

Answer submit(const Scene& scene, const Fields& identity, const std::string& id = kId1) {
  Fields headers = identity;
  headers.emplace_back("Content-Type", "application/json");
  return scene.call("POST", "/httpproxy", headers, envelope({id, "accept", json_of(accept_row()), {}}));
}

std::string code(const Answer& answer) { return std::to_string(answer.status) + " " + member(answer.body, "code"); }

TEST(NationalGateway, two_stage_secret_opens_the_service) {
  Scene scene(nation());
  const std::string secret = refresh(scene);
  EXPECT_EQ(secret.size(), 32U);
  const Answer answer = submit(scene, scene.national_headers(kSubmitSid, secret));
  EXPECT_EQ(code(answer), "200 0");
  EXPECT_EQ(member(answer.body, "receiptNo"), "GJ-000001");
  const Answer query = scene.call("GET", std::string("/httpproxy?messageId=") + kId1, scene.national_headers("s_990000000000_2", secret));
  EXPECT_EQ(member(query.body, "found"), "true");
}

TEST(NationalGateway, app_key_does_not_sign_business_calls) {
  Scene scene(nation());
  static_cast<void>(refresh(scene));
  const Answer answer = submit(scene, scene.national_headers(kSubmitSid, kAppKey));
  EXPECT_EQ(code(answer), "200 -1");
  EXPECT_EQ(answer.body.find("secret expired"), std::string::npos);
}

TEST(NationalGateway, secret_of_a_former_refresh_is_expired) {
  Scene scene(nation());
  const std::string first = refresh(scene);
  const std::string second = refresh(scene);
  EXPECT_NE(first, second);
  const Answer answer = submit(scene, scene.national_headers(kSubmitSid, first));
  EXPECT_EQ(code(answer), "200 -1");
  EXPECT_NE(answer.body.find("secret expired"), std::string::npos);
  EXPECT_EQ(code(submit(scene, scene.national_headers(kSubmitSid, second))), "200 0");
}

TEST(NationalGateway, secret_ends_with_its_life) {
  Options options = nation();
  options.secret_life = std::chrono::seconds(60);
  Scene scene(std::move(options));
  const std::string secret = refresh(scene);
  scene.clock.ms += 59'999;
  EXPECT_EQ(code(submit(scene, scene.national_headers(kSubmitSid, secret))), "200 0");
  scene.clock.ms += 1;
  EXPECT_NE(submit(scene, scene.national_headers(kSubmitSid, secret)).body.find("secret expired"), std::string::npos);
}

TEST(NationalGateway, requester_without_a_secret_is_told_to_refresh) {
  Scene scene(nation());
  EXPECT_NE(submit(scene, scene.national_headers(kSubmitSid, "0000")).body.find("secret expired"), std::string::npos);
}

TEST(NationalGateway, rtime_may_be_30_minutes_old_and_may_be_used_again) {
  Scene scene(nation());
  const std::string secret = refresh(scene);
  const Fields identity = scene.national_headers(kSubmitSid, secret);
  scene.clock.ms += 1'800'000;
  EXPECT_EQ(code(submit(scene, identity)), "200 0");
  EXPECT_EQ(code(submit(scene, identity)), "200 0");
  scene.clock.ms += 1;
  EXPECT_EQ(code(submit(scene, identity)), "200 -1");
}

TEST(NationalGateway, unknown_requester_service_and_missing_values_are_refused) {
  Scene scene(nation());
  const std::string secret = refresh(scene);
  const Fields right = scene.national_headers(kSubmitSid, secret);
  EXPECT_EQ(code(submit(scene, changed(right, "gjgxjhpt_rid", "somebody"))), "200 -1");
  EXPECT_EQ(code(submit(scene, scene.national_headers("s_990000000000_9", secret))), "200 E-106");
  for (const char* name : {"gjgxjhpt_sid", "gjgxjhpt_rid", "gjgxjhpt_rtime", "gjgxjhpt_sign"}) {
    EXPECT_EQ(code(submit(scene, dropped(right, name))), "200 -1") << name;
  }
  EXPECT_EQ(member(scene.state(), "effects"), "0");
}

TEST(NationalGateway, badly_signed_refresh_gives_no_secret) {
  Scene scene(nation());
  const Answer answer = scene.call("POST", "/sysapi/auth/refreshappsecret", {{"Content-Type", "application/json"}},
                                   json_of(scene.national_headers("s_sys_service001", "another key")));
  EXPECT_EQ(code(answer), "200 -1");
  EXPECT_EQ(member(answer.body, "secret"), "(absent)");
}

TEST(NationalGateway, planted_expiry_asks_for_one_refresh) {
  Scene scene(nation());
  const std::string secret = refresh(scene);
  scene.plant("secret_expired");
  EXPECT_NE(submit(scene, scene.national_headers(kSubmitSid, secret)).body.find("secret expired"), std::string::npos);
  EXPECT_NE(submit(scene, scene.national_headers(kSubmitSid, secret)).body.find("secret expired"), std::string::npos);
  EXPECT_EQ(code(submit(scene, scene.national_headers(kSubmitSid, refresh(scene)))), "200 0");
}

} // namespace
} // namespace tongqu::sandbox::test
