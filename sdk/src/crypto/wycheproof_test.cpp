#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

// Judge: C2SP/wycheproof, testvectors_v1.
namespace tongqu::crypto {
namespace {

namespace fs = std::filesystem;

class Wycheproof : public ::testing::Test {
protected:
  void load(const char* file) {
    const fs::path path = fs::path(TONGQU_SOURCE_DIR) / "../shared/corpora/wycheproof" / file;
    if (!fs::exists(path)) GTEST_SKIP() << "corpora not present";
    std::ifstream in(path, std::ios::binary);
    text_.assign(std::istreambuf_iterator<char>(in), {});
    auto document = wire::parse_json(text_);
    ASSERT_TRUE(document) << describe(document.error());
    document_ = *std::move(document);
    expected_count_ = std::stoi(std::string(document_.root().child("numberOfTests").raw_text()));
  }

  wire::Node first_group() const { return document_.root().child("testGroups").first_child(); }

  static std::string member(const wire::Node& test, const char* name) {
    auto decoded = from_hex(test.child(name).raw_text());
    EXPECT_TRUE(decoded) << name;
    return decoded ? *std::move(decoded) : std::string();
  }

  static bool is_valid(const wire::Node& test) { return test.child("result").raw_text() == "valid"; }

  void check_hmac(MacAlgorithm algorithm) {
    int count = 0;
    for (wire::Node group = first_group(); group; group = group.next()) {
      const auto tag_bytes = static_cast<std::size_t>(std::stoi(std::string(group.child("tagSize").raw_text()))) / 8;
      for (wire::Node test = group.child("tests").first_child(); test; test = test.next()) {
        const std::string tag = hmac(algorithm, Secret(member(test, "key")), member(test, "msg")).substr(0, tag_bytes);
        EXPECT_EQ(equal_constant_time(tag, member(test, "tag")), is_valid(test)) << test.child("tcId").raw_text();
        ++count;
      }
    }
    EXPECT_EQ(count, expected_count_);
  }

  std::string text_;
  wire::Document document_;
  int expected_count_ = 0;
};

TEST_F(Wycheproof, hmac_sha256_agrees_in_every_case) {
  ASSERT_NO_FATAL_FAILURE(load("hmac_sha256_test.json"));
  if (IsSkipped()) return;
  EXPECT_EQ(expected_count_, 174);
  check_hmac(MacAlgorithm::hmac_sha256);
}

TEST_F(Wycheproof, hmac_sm3_agrees_in_every_case) {
  ASSERT_NO_FATAL_FAILURE(load("hmac_sm3_test.json"));
  if (IsSkipped()) return;
  EXPECT_EQ(expected_count_, 174);
  check_hmac(MacAlgorithm::hmac_sm3);
}

TEST_F(Wycheproof, aes_cbc_agrees_in_every_case_with_a_128_bit_key_and_refuses_longer_keys) {
  ASSERT_NO_FATAL_FAILURE(load("aes_cbc_pkcs5_test.json"));
  if (IsSkipped()) return;
  int judged = 0;
  int longer = 0;
  for (wire::Node group = first_group(); group; group = group.next()) {
    for (wire::Node test = group.child("tests").first_child(); test; test = test.next()) {
      const Secret key(member(test, "key"));
      const std::string iv = member(test, "iv");
      const auto opened = aes128_cbc_decrypt(key, iv, member(test, "ct"));
      if (key.reveal().size() != 16) {
        EXPECT_EQ(opened.error().id(), "crypto.key_size");
        ++longer;
        continue;
      }
      ++judged;
      ASSERT_EQ(opened.has_value(), is_valid(test)) << test.child("tcId").raw_text();
      if (!opened) continue;
      EXPECT_EQ(*opened, member(test, "msg")) << test.child("tcId").raw_text();
      EXPECT_EQ(*aes128_cbc_encrypt(key, iv, *opened), member(test, "ct")) << test.child("tcId").raw_text();
    }
  }
  EXPECT_EQ(judged, 72);
  EXPECT_EQ(judged + longer, expected_count_);
}

} // namespace
} // namespace tongqu::crypto
