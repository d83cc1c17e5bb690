#include "crypto/sm4/sm4_lanes.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <string>

#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::crypto {
namespace {

std::string bytes(std::string_view hex) { return *from_hex(hex); }

unsigned char* octets(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string lanes(std::string key, std::string counter, std::string in, int way) {
  std::string out(in.size(), '?');
  detail::sm4_ctr_lanes({octets(key), octets(counter), octets(in), in.size(), octets(out)}, way);
  return out;
}

/// OpenSSL's own SM4-CTR.
std::string engine(std::string key, std::string counter, std::string in) {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  std::string out(in.size() + 16, '?');
  int size = 0;
  EXPECT_EQ(EVP_EncryptInit_ex(context, EVP_sm4_ctr(), nullptr, octets(key), octets(counter)), 1);
  EXPECT_EQ(EVP_EncryptUpdate(context, octets(out), &size, octets(in), static_cast<int>(in.size())), 1);
  EVP_CIPHER_CTX_free(context);
  out.resize(static_cast<std::size_t>(size));
  return out;
}

/// With every way that there is.
class Sm4Lanes : public testing::TestWithParam<int> {
protected:
  void SetUp() override {
    if (GetParam() >= detail::sm4_ways()) GTEST_SKIP() << "this processor lacks the instructions: a slower way or the engine's cipher is used";
  }
  static std::string lanes(const std::string& key, const std::string& counter, const std::string& in) { return crypto::lanes(key, counter, in, GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(EveryWay, Sm4Lanes, testing::Values(0, 1));

/// A counter block that is the standard's plain text makes the key stream the standard's cipher text. @source GB/T 32907-2016 A.1
TEST_P(Sm4Lanes, give_the_example_of_the_standard) {
  const std::string block = bytes("0123456789abcdeffedcba9876543210");
  EXPECT_EQ(to_hex(lanes(block, block, std::string(16, '\0'))), "681edf34d206965e86b3e94f536e4246");
}

/// @source GB/T 32907-2016 A.2
TEST_P(Sm4Lanes, give_the_millionth_repetition_of_the_standard) {
  std::string key = bytes("0123456789abcdeffedcba9876543210"), block = key;
  std::string zero(16, '\0');
  for (int i = 0; i < 1'000'000; ++i) detail::sm4_ctr_lanes({octets(key), octets(block), octets(zero), zero.size(), octets(block)}, GetParam());
  EXPECT_EQ(to_hex(block), "595298c7c6fd271f0402f804c33d3f66");
}

TEST_P(Sm4Lanes, agree_with_the_engine_at_every_length_around_the_strides) {
  for (std::size_t size = 0; size <= 1100; ++size) {
    const std::string key = random_bytes(16), counter = random_bytes(16), text = random_bytes(size);
    ASSERT_EQ(to_hex(lanes(key, counter, text)), to_hex(engine(key, counter, text))) << size;
  }
}

TEST_P(Sm4Lanes, agree_with_the_engine_wherever_the_counter_carries) {
  const std::string key = random_bytes(16);
  for (const char* counter : {"ffffffffffffffffffffffffffffffff", "000000000000000000000000fffffffa", "0000000000000000fffffffffffffffb", "00000000fffffffffffffffffffffffc",
                              "00000000000000010000000000000000", "fffffffffffffffffffffffffffffff0"}) {
    const std::string text = random_bytes(700);
    EXPECT_EQ(to_hex(lanes(key, bytes(counter), text)), to_hex(engine(key, bytes(counter), text))) << counter;
  }
}

TEST_P(Sm4Lanes, work_in_place) {
  std::string key = random_bytes(16), counter = random_bytes(16), text = random_bytes(1000);
  const std::string apart = lanes(key, counter, text);
  detail::sm4_ctr_lanes({octets(key), octets(counter), octets(text), text.size(), octets(text)}, GetParam());
  EXPECT_EQ(text, apart);
}

TEST_P(Sm4Lanes, seal_what_the_engine_opens) {
  const std::string key = random_bytes(16), counter = random_bytes(16), text = random_bytes(4097);
  const std::string sealed = *sm4_ctr(Secret(key), counter, text);
  EXPECT_NE(sealed, text);
  EXPECT_EQ(engine(key, counter, sealed), text);
}

} // namespace
} // namespace tongqu::crypto
