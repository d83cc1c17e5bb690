#include "tongqu/crypto/crypto.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>

namespace tongqu::crypto {
namespace {

std::string bytes(std::string_view hex) {
  auto decoded = from_hex(hex);
  EXPECT_TRUE(decoded) << hex;
  return decoded ? *std::move(decoded) : std::string();
}

Secret key_of(std::string_view hex) { return Secret(bytes(hex)); }

// GB/T 32905-2016 annex A.
constexpr const char* kSm3Abc = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
constexpr const char* kSm3Abcd16 = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732";

std::string abcd16() {
  std::string text;
  for (int i = 0; i < 16; ++i) text += "abcd";
  return text;
}

TEST(Digest, sm3_gives_the_two_values_of_the_standard) {
  EXPECT_EQ(to_hex(sm3("abc")), kSm3Abc);
  EXPECT_EQ(to_hex(sm3(abcd16())), kSm3Abcd16);
}

TEST(Digest, sha1_and_sha256_give_the_values_of_fips_180) {
  EXPECT_EQ(to_hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Hasher, pieces_give_the_digest_of_the_whole) {
  const std::string text = abcd16();
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Hasher hasher(Hasher::Algorithm::sm3);
    hasher.update(Bytes(text).substr(0, cut));
    hasher.update(Bytes(text).substr(cut));
    ASSERT_EQ(to_hex(hasher.finish()), kSm3Abcd16) << cut;
  }
  Hasher sha(Hasher::Algorithm::sha256);
  sha.update("abc");
  EXPECT_EQ(sha.finish(), sha256("abc"));
}

TEST(Hasher, use_after_finish_is_a_bug) {
  Hasher hasher(Hasher::Algorithm::sha256);
  (void)hasher.finish();
  EXPECT_THROW((void)hasher.finish(), ContractViolation);
  EXPECT_THROW(hasher.update("x"), ContractViolation);
}

struct HmacVector {
  std::string key;
  std::string message;
  std::string tag;
};

// RFC 4231 sections 4.2 to 4.8; the fifth is truncated to 128 bits.
std::vector<HmacVector> rfc4231() {
  std::string counting;
  for (char c = 1; c <= 25; ++c) counting += c;
  return {
    {std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {std::string(20, '\xaa'), std::string(50, '\xdd'), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {counting, std::string(50, '\xcd'), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {std::string(20, '\x0c'), "Test With Truncation", "a3b6167473100ee06e0c796c2955552b"},
    {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First", "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {std::string(131, '\xaa'),
     "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
}

TEST(Hmac, sha256_gives_the_values_of_rfc_4231) {
  for (const HmacVector& vector : rfc4231()) {
    const std::string tag = to_hex(hmac(MacAlgorithm::hmac_sha256, Secret(vector.key), vector.message));
    EXPECT_EQ(tag.substr(0, vector.tag.size()), vector.tag) << vector.message;
  }
}

TEST(Hmac, one_keyed_mac_serves_many_messages_and_pieces) {
  const auto vectors = rfc4231();
  Mac mac(MacAlgorithm::hmac_sha256, Secret(vectors[1].key));
  for (int round = 0; round < 3; ++round) EXPECT_EQ(to_hex(mac.compute(vectors[1].message)), vectors[1].tag);
  mac.begin();
  mac.update("left over from a message that was given up");
  mac.begin();
  mac.update("what do ya want ");
  mac.update("for nothing?");
  EXPECT_EQ(to_hex(mac.finish()), vectors[1].tag);
  Mac moved = std::move(mac);
  EXPECT_EQ(to_hex(moved.compute(vectors[1].message)), vectors[1].tag);
}

TEST(Hmac, an_empty_key_is_a_key) {
  EXPECT_EQ(to_hex(hmac(MacAlgorithm::hmac_sha256, Secret(), "")), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Aes, ecb_opens_and_makes_the_wrapped_secret_of_the_national_platform) {
  const Secret key = key_of("2d703e10a32f30251a2370355793e786");
  const std::string plain = "fedcba9876543210fedcba9876543210";
  const std::string wrapped = "LDh6LJzNCB09fXMknMzXpiw4eiyczQgdPX1zJJzM16ZUfuRMyoXTthzV/Enp8P/V";
  const auto sealed = aes128_ecb_encrypt(key, plain);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(to_base64(*sealed), wrapped);
  const auto opened = aes128_ecb_decrypt(key, *sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, plain);
}

TEST(Aes, a_wrong_length_and_a_wrong_padding_look_the_same) {
  const Secret key = key_of("2d703e10a32f30251a2370355793e786");
  const std::string iv(16, '\0');
  const std::string sealed = *aes128_cbc_encrypt(key, iv, "0123456789");
  for (const std::string& bad : {sealed.substr(0, 15), sealed + "x", std::string(), std::string(16, 'x')}) {
    const auto ecb = aes128_ecb_decrypt(key, bad);
    const auto cbc = aes128_cbc_decrypt(key, iv, bad);
    ASSERT_FALSE(ecb);
    ASSERT_FALSE(cbc);
    EXPECT_EQ(describe(ecb.error()), describe(Error(Errc::crypto_decrypt_failed)));
    EXPECT_EQ(describe(cbc.error()), describe(Error(Errc::crypto_decrypt_failed)));
  }
}

TEST(Ciphers, keys_and_vectors_of_a_wrong_length_are_refused) {
  const std::string iv(16, 'i');
  for (const std::size_t size : {0u, 15u, 17u, 24u, 32u}) {
    const Secret key(std::string(size, 'k'));
    EXPECT_EQ(aes128_ecb_encrypt(key, "x").error().id(), "crypto.key_size") << size;
    EXPECT_EQ(aes128_ecb_decrypt(key, iv).error().id(), "crypto.key_size") << size;
    EXPECT_EQ(aes128_cbc_encrypt(key, iv, "x").error().id(), "crypto.key_size") << size;
    EXPECT_EQ(aes128_cbc_decrypt(key, iv, iv).error().id(), "crypto.key_size") << size;
    EXPECT_EQ(sm4_ctr(key, iv, "x").error().id(), "crypto.key_size") << size;
    const std::string bad_iv(size, 'i');
    const Secret good(std::string(16, 'k'));
    EXPECT_EQ(aes128_cbc_encrypt(good, bad_iv, "x").error().id(), "crypto.iv_size") << size;
    EXPECT_EQ(aes128_cbc_decrypt(good, bad_iv, iv).error().id(), "crypto.iv_size") << size;
    EXPECT_EQ(sm4_ctr(good, bad_iv, "x").error().id(), "crypto.iv_size") << size;
  }
}

// GB/T 32907-2016 annex A.1: one block. In CTR the IV is the first block that is enciphered, so zeros come out as its cipher text.
TEST(Sm4, ctr_enciphers_the_counter_block_of_the_standard) {
  const std::string block = "0123456789abcdeffedcba9876543210";
  const auto out = sm4_ctr(key_of(block), bytes(block), std::string(16, '\0'));
  ASSERT_TRUE(out);
  EXPECT_EQ(to_hex(*out), "681edf34d206965e86b3e94f536e4246");
}

TEST(Sm4, ctr_counts_upwards_from_the_last_byte_with_carry_and_keeps_the_length) {
  const Secret key = key_of("0123456789abcdeffedcba9876543210");
  const std::string two = *sm4_ctr(key, bytes("0123456789abcdeffedcba987654320f"), std::string(32, '\0'));
  EXPECT_EQ(to_hex(two.substr(16)), "681edf34d206965e86b3e94f536e4246");
  const std::string wrapped = *sm4_ctr(key, std::string(16, '\xff'), std::string(32, '\0'));
  EXPECT_EQ(wrapped.substr(16), *sm4_ctr(key, std::string(16, '\0'), std::string(16, '\0')));
  for (const std::size_t size : {0u, 1u, 15u, 16u, 17u, 1000u}) {
    const std::string plain(size, 'p');
    const std::string sealed = *sm4_ctr(key, std::string(16, 'i'), plain);
    EXPECT_EQ(sealed.size(), size);
    EXPECT_EQ(*sm4_ctr(key, std::string(16, 'i'), sealed), plain);
  }
}

Sealer sealer_of(char fill) {
  auto sealer = Sealer::create(Secret(std::string(32, fill)));
  EXPECT_TRUE(sealer);
  return *std::move(sealer);
}

// One block of GB/T 32907-2016 appendix A.1, followed by its padding block as OpenSSL's command line writes it.
TEST(Cipher, sm4_opens_padded_blocks) {
  const Secret key(*from_hex("0123456789abcdeffedcba9876543210"));
  const std::string sealed = *from_hex("681edf34d206965e86b3e94f536e4246002a8a4efa863ccad024ac0300bb40d2");
  EXPECT_EQ(to_hex(*sm4_ecb_decrypt(key, sealed)), "0123456789abcdeffedcba9876543210");
  const std::string iv = *from_hex("000102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(*sm4_cbc_decrypt(key, iv, *from_base64("qFvf21PQbNAbISHZdedpdkz1t7lD087WWm0hUxCHMlI=")), "<bj><no>C1</no></bj>");
  EXPECT_EQ(sm4_ecb_decrypt(key, sealed.substr(0, 16)).error().id(), "crypto.decrypt_failed");
  EXPECT_EQ(sm4_cbc_decrypt(key, iv, sealed.substr(0, 15)).error().id(), "crypto.decrypt_failed");
  EXPECT_EQ(sm4_cbc_decrypt(key, "short", sealed).error().id(), "crypto.iv_size");
  EXPECT_EQ(sm4_ecb_decrypt(Secret("short"), sealed).error().id(), "crypto.key_size");
}

TEST(Sealer, opens_what_it_sealed_and_nothing_else_can) {
  const Sealer sealer = sealer_of('k');
  for (const std::size_t size : {0u, 1u, 16u, 5000u}) {
    const std::string plain(size, 'p');
    const std::string box = *sealer.seal(plain, "row 7");
    EXPECT_EQ(box.size(), size + 49);
    EXPECT_EQ(*sealer.open(box, "row 7"), plain);
    EXPECT_EQ(sealer_of('K').open(box, "row 7").error().id(), "crypto.seal_broken");
  }
}

TEST(Sealer, every_single_bit_that_flips_is_noticed) {
  const Sealer sealer = sealer_of('k');
  const std::string associated = "row 7, key 1";
  const std::string box = *sealer.seal("a short body", associated);
  for (std::size_t bit = 0; bit < box.size() * 8; ++bit) {
    std::string bad = box;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    const auto opened = sealer.open(bad, associated);
    ASSERT_FALSE(opened) << bit;
    EXPECT_EQ(opened.error().id(), "crypto.seal_broken");
  }
  for (std::size_t bit = 0; bit < associated.size() * 8; ++bit) {
    std::string bad = associated;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_FALSE(sealer.open(box, bad)) << bit;
  }
}

TEST(Sealer, cut_and_extended_boxes_are_refused) {
  const Sealer sealer = sealer_of('k');
  const std::string box = *sealer.seal("body", "row");
  for (std::size_t size = 0; size < box.size(); ++size) ASSERT_FALSE(sealer.open(Bytes(box).substr(0, size), "row")) << size;
  EXPECT_FALSE(sealer.open(box + '\0', "row"));
}

TEST(Sealer, no_byte_moves_between_associated_data_and_box) {
  const Sealer sealer = sealer_of('k');
  const std::string box = *sealer.seal("body", "row");
  EXPECT_FALSE(sealer.open(Bytes(box).substr(1), std::string("row") + box[0]));
  EXPECT_FALSE(sealer.open(box, ""));
  EXPECT_FALSE(sealer.open(box, std::string("row\0", 4)));
}

TEST(Sealer, two_seals_of_one_text_differ_everywhere) {
  const Sealer sealer = sealer_of('k');
  const std::string plain(64, 'p');
  std::set<std::string> vectors;
  std::set<std::string> ciphers;
  for (int i = 0; i < 100; ++i) {
    const std::string box = *sealer.seal(plain, "");
    vectors.insert(box.substr(1, 16));
    ciphers.insert(box.substr(17, 64));
  }
  EXPECT_EQ(vectors.size(), 100u);
  EXPECT_EQ(ciphers.size(), 100u);
}

// The layout on disk, taken apart with the primitives alone, so that a store written today is read by any later build.
TEST(Sealer, the_box_is_version_vector_cipher_text_and_mac_under_two_derived_keys) {
  const Secret key(std::string(32, 'k'));
  const std::string box = *sealer_of('k').seal("body", "row");
  EXPECT_EQ(box[0], '\x01');
  const Secret cipher_key(hmac(MacAlgorithm::hmac_sm3, key, "tongqu seal 1 cipher").substr(0, 16));
  const Secret mac_key(hmac(MacAlgorithm::hmac_sm3, key, "tongqu seal 1 mac"));
  EXPECT_EQ(*sm4_ctr(cipher_key, box.substr(1, 16), box.substr(17, 4)), "body");
  const std::string covered = std::string("\0\0\0\0\0\0\0\x03row", 11) + box.substr(0, 21);
  EXPECT_EQ(hmac(MacAlgorithm::hmac_sm3, mac_key, covered), box.substr(21));
}

TEST(Sealer, takes_a_key_of_32_bytes_only) {
  for (const std::size_t size : {0u, 16u, 31u, 33u}) EXPECT_EQ(Sealer::create(Secret(std::string(size, 'k'))).error().id(), "crypto.key_size") << size;
}

TEST(Random, bytes_have_the_asked_length_and_do_not_repeat) {
  EXPECT_TRUE(random_bytes(0).empty());
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) seen.insert(random_bytes(16));
  EXPECT_EQ(seen.size(), 200u);
}

// What one process has drawn in advance, its child must not hand out as well.
TEST(Random, a_forked_child_and_its_parent_go_on_with_different_bytes) {
  static_cast<void>(random_bytes(16));
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string bytes = random_bytes(16) + random_bytes(16);
    ::_exit(::write(ends[1], bytes.data(), bytes.size()) == 32 ? 0 : 1);
  }
  const std::string ours = random_bytes(16) + random_bytes(16);
  std::string theirs(32, '\0');
  ASSERT_EQ(::read(ends[0], theirs.data(), theirs.size()), 32);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_NE(ours, theirs);
  std::set<std::string> pieces;
  for (const std::string& bytes : {ours, theirs}) { pieces.insert(bytes.substr(0, 16)); pieces.insert(bytes.substr(16)); }
  EXPECT_EQ(pieces.size(), 4u);
}

TEST(Random, threads_do_not_share_what_was_drawn) {
  std::vector<std::set<std::string>> seen(4);
  std::vector<std::thread> threads;
  for (auto& own : seen) threads.emplace_back([&own] { for (int i = 0; i < 1000; ++i) own.insert(random_bytes(8)); });
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& own : seen) all.insert(own.begin(), own.end());
  EXPECT_EQ(all.size(), 4000u);
}

TEST(Threads, digests_macs_and_seals_agree_from_several_threads) {
  const Sealer sealer = sealer_of('k');
  std::vector<std::thread> threads;
  std::vector<int> good(4, 0);
  for (std::size_t t = 0; t < good.size(); ++t) {
    threads.emplace_back([&sealer, &good, t] {
      for (int i = 0; i < 200; ++i) {
        const bool same = to_hex(sm3("abc")) == kSm3Abc && *sealer.open(*sealer.seal("x", "y"), "y") == "x";
        good[t] += same ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, (std::vector<int>{200, 200, 200, 200}));
}

} // namespace
} // namespace tongqu::crypto
