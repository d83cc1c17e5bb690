#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tongqu/crypto/crypto.hpp"

namespace tongqu::crypto {
namespace {

namespace fs = std::filesystem;

std::string bytes(std::string_view hex) {
  auto decoded = from_hex(hex);
  EXPECT_TRUE(decoded) << hex;
  return decoded ? *std::move(decoded) : std::string();
}

std::string pem(const std::string& label, const std::string& der) {
  std::string out = "-----BEGIN " + label + "-----\n";
  const std::string base64 = to_base64(der);
  for (std::size_t i = 0; i < base64.size(); i += 64) out += base64.substr(i, 64) + "\n";
  return out + "-----END " + label + "-----\n";
}

// GM/T 0003.5-2012 annex A.2: the example key and signature on the recommended curve.
const std::string kX = "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020";
const std::string kY = "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
const std::string kR = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3";
const std::string kS = "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa";
const std::string kD = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
const std::string kOrder = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";
constexpr const char* kMessage = "message digest";

// SubjectPublicKeyInfo up to the point: id-ecPublicKey, SM2 curve.
std::string spki(const std::string& point_hex, bool compressed = false) {
  return pem("PUBLIC KEY", bytes((compressed ? "3039301306072a8648ce3d020106082a811ccf5501822d032200" : "3059301306072a8648ce3d020106082a811ccf5501822d034200") + point_hex));
}

// SEC 1 ECPrivateKey with the named curve and no public key.
std::string sec1(const std::string& d_hex) { return pem("EC PRIVATE KEY", bytes("30310201010420" + d_hex + "a00a06082a811ccf5501822d")); }

std::string integer(std::string value) {
  while (value.size() > 1 && value[0] == '\0' && static_cast<unsigned char>(value[1]) < 0x80) value.erase(0, 1);
  if (static_cast<unsigned char>(value[0]) >= 0x80) value.insert(value.begin(), '\0');
  return std::string("\x02") + static_cast<char>(value.size()) + value;
}

std::string sequence(const std::string& content) { return std::string("\x30") + static_cast<char>(content.size()) + content; }
std::string der(const std::string& r_hex, const std::string& s_hex) { return sequence(integer(bytes(r_hex)) + integer(bytes(s_hex))); }

Sm2PublicKey standard_key() {
  auto key = Sm2PublicKey::from_pem(spki("04" + kX + kY));
  EXPECT_TRUE(key);
  return *std::move(key);
}

TEST(Sm2, accepts_the_signature_of_the_standard_and_no_other_id_or_message) {
  const Sm2PublicKey key = standard_key();
  EXPECT_TRUE(key.verify(kMessage, der(kR, kS)));
  EXPECT_TRUE(key.verify(kMessage, der(kR, kS), "1234567812345678"));
  EXPECT_FALSE(key.verify(kMessage, der(kR, kS), "1234567812345679"));
  EXPECT_FALSE(key.verify(kMessage, der(kR, kS), ""));
  EXPECT_FALSE(key.verify("message digesT", der(kR, kS)));
}

TEST(Sm2, every_form_of_signature_but_strict_der_in_range_is_refused) {
  const Sm2PublicKey key = standard_key();
  const std::string good = der(kR, kS);
  const std::string zero(64, '0');
  EXPECT_FALSE(key.verify(kMessage, der(zero, kS)));
  EXPECT_FALSE(key.verify(kMessage, der(kR, zero)));
  EXPECT_FALSE(key.verify(kMessage, der(kOrder, kS)));
  EXPECT_FALSE(key.verify(kMessage, der(kR, kOrder)));
  // s + n and r + n are the same numbers modulo n.
  EXPECT_FALSE(key.verify(kMessage, der(kR, "01b1b6aa28df212fd8763182bc0d421ca12d941868414547ffd7c75dcdbf9102cd")));
  EXPECT_FALSE(key.verify(kMessage, der("01f5a03b0548d2c4630eeac513e1bb81a0cb48b9a3499bbc6c976872b628bc61d6", kS)));
  EXPECT_FALSE(key.verify(kMessage, der(kR, "4e4955d520ded02789ce7d43f2bde35db673a66e0246c256cfb08a44b4197f79")));  // n - s
  EXPECT_FALSE(key.verify(kMessage, bytes(kR + kS)));                                                    // r and s without DER.
  EXPECT_FALSE(key.verify(kMessage, good + '\0'));
  EXPECT_FALSE(key.verify(kMessage, sequence(good.substr(2) + std::string("\x05\0", 2))));                // One more element inside.
  EXPECT_FALSE(key.verify(kMessage, std::string("\x30\x81") + good[1] + good.substr(2)));                  // Long form of the length.
  EXPECT_FALSE(key.verify(kMessage, sequence(std::string("\x02\x20") + bytes(kR) + integer(bytes(kS)))));  // A negative r.
  EXPECT_FALSE(key.verify(kMessage, sequence(std::string("\x02\x22\0\0", 4) + bytes(kR) + integer(bytes(kS)))));
  EXPECT_FALSE(key.verify(kMessage, ""));
  for (std::size_t size = 0; size < good.size(); ++size) ASSERT_FALSE(key.verify(kMessage, Bytes(good).substr(0, size))) << size;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_FALSE(key.verify(kMessage, bad)) << bit;
  }
}

TEST(Sm2, signs_so_that_its_public_key_verifies_and_never_twice_alike) {
  const auto key = Sm2PrivateKey::generate();
  ASSERT_TRUE(key);
  const auto other = Sm2PrivateKey::generate();
  const auto public_key = Sm2PublicKey::from_pem(key->public_pem());
  ASSERT_TRUE(public_key);
  const auto first = key->sign("head 1");
  const auto second = key->sign("head 1");
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
  EXPECT_TRUE(public_key->verify("head 1", *first));
  EXPECT_TRUE(public_key->verify("head 1", *second));
  EXPECT_FALSE(public_key->verify("head 2", *first));
  EXPECT_FALSE(Sm2PublicKey::from_pem(other->public_pem())->verify("head 1", *first));
  EXPECT_TRUE(public_key->verify("", *key->sign("", "another id"), "another id"));
  EXPECT_FALSE(public_key->verify("", *key->sign("", "another id")));
}

TEST(Sm2, private_key_of_the_standard_has_its_public_key_and_survives_its_pem) {
  const auto key = Sm2PrivateKey::from_pem(Secret(sec1(kD)));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->public_pem(), spki("04" + kX + kY));
  const auto again = Sm2PrivateKey::from_pem(key->private_pem());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_pem(), key->public_pem());
  EXPECT_TRUE(standard_key().verify("x", *again->sign("x")));
}

TEST(Sm2, private_keys_outside_one_to_n_minus_two_are_refused) {
  const std::string start = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d541";
  EXPECT_TRUE(Sm2PrivateKey::from_pem(Secret(sec1(start + "21"))));  // n - 2
  EXPECT_TRUE(Sm2PrivateKey::from_pem(Secret(sec1(std::string(63, '0') + "1"))));
  for (const std::string& bad : {start + "22", start + "23", start + "24", std::string(64, '0'), std::string(64, 'f')}) {
    const auto key = Sm2PrivateKey::from_pem(Secret(sec1(bad)));
    ASSERT_FALSE(key) << bad;
    EXPECT_EQ(key.error().id(), "crypto.key_invalid");
  }
}

TEST(Sm2, public_keys_that_are_no_full_point_of_the_curve_are_refused) {
  const std::string p256 = "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                           "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
  const std::vector<std::string> bad = {
    spki("04" + kX + kX),                     // Not on the curve.
    spki("04" + std::string(128, '0')),
    spki("03" + kX, true),                    // Compressed; the last digit of Y is odd.
    spki("07" + kX + kY),                     // Hybrid.
    pem("PUBLIC KEY", bytes("3018301306072a8648ce3d020106082a811ccf5501822d03010000")),
    pem("PUBLIC KEY", bytes(p256)),
    sec1(kD), "", "junk", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
  };
  for (const std::string& text : bad) {
    const auto key = Sm2PublicKey::from_pem(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().id(), "crypto.key_invalid");
  }
}

TEST(Sm2, a_key_protected_by_a_passphrase_is_refused_without_asking) {
  const std::string protected_key =
    "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,000102030405060708090A0B0C0D0E0F\n\n"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n-----END EC PRIVATE KEY-----\n";
  EXPECT_EQ(Sm2PrivateKey::from_pem(Secret(protected_key)).error().id(), "crypto.key_invalid");
}

class OpenSslJudge : public ::testing::Test {
protected:
  void SetUp() override {
    if (std::system("openssl version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no openssl program";
    std::string pattern = (fs::temp_directory_path() / "tongqu-sm2-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }
  void write(const char* name, std::string_view content) const { std::ofstream(folder_ / name, std::ios::binary) << content; }
  std::string read(const char* name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  bool run(const std::string& arguments) const {
    return std::system(("cd '" + folder_.string() + "' && openssl " + arguments + " >/dev/null 2>&1").c_str()) == 0;
  }
  fs::path folder_;
};

constexpr const char* kJudgeOptions = " -rawin -digest sm3 -pkeyopt distid:1234567812345678";

TEST_F(OpenSslJudge, the_openssl_program_verifies_what_we_sign) {
  const auto key = Sm2PrivateKey::generate();
  write("key.pub", key->public_pem());
  write("message", "a signed head");
  write("other", "another head");
  write("signature", *key->sign("a signed head"));
  const std::string verify = std::string("pkeyutl -verify -pubin -inkey key.pub -sigfile signature") + kJudgeOptions;
  EXPECT_TRUE(run(verify + " -in message"));
  EXPECT_FALSE(run(verify + " -in other"));
}

TEST_F(OpenSslJudge, we_verify_what_the_openssl_program_signs_with_its_own_key) {
  ASSERT_TRUE(run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2 -out key.pem"));
  ASSERT_TRUE(run("pkey -in key.pem -pubout -out key.pub"));
  write("message", "a signed head");
  ASSERT_TRUE(run(std::string("pkeyutl -sign -inkey key.pem -in message -out signature") + kJudgeOptions));
  const auto key = Sm2PublicKey::from_pem(read("key.pub"));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->verify("a signed head", read("signature")));
  EXPECT_FALSE(key->verify("another head", read("signature")));
  const auto private_key = Sm2PrivateKey::from_pem(Secret(read("key.pem")));
  ASSERT_TRUE(private_key);
  EXPECT_EQ(private_key->public_pem(), read("key.pub"));
}

} // namespace
} // namespace tongqu::crypto
