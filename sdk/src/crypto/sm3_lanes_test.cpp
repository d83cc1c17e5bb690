#include "crypto/sm3/sm3_lanes.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tongqu/crypto/crypto.hpp"

namespace tongqu::crypto {
namespace {

std::string padded(const std::string& text) {
  std::string out = text + '\x80';
  while (out.size() % 64 != 56) out += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(static_cast<std::uint64_t>(text.size()) * 8 >> shift & 0xFF);
  return out;
}

std::string bytes_of(const detail::Sm3State& state) {
  std::string out;
  for (const std::uint32_t word : state) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(word >> shift & 0xFF);
  }
  return out;
}

// Expected values from OpenSSL's SM3 (and GB/T 32905-2016 annex A for the first): every way of this processor, lanes of every length.
TEST(Sm3Lanes, every_way_gives_what_one_message_alone_gives) {
  std::mt19937 random(7);
  for (int way = 0; way < detail::sm3_ways(); ++way) {
    for (int round = 0; round < 200; ++round) {
      std::array<std::string, detail::kSm3Lanes> texts, blocks;
      std::array<detail::Sm3Lane, detail::kSm3Lanes> lanes;
      for (std::size_t i = 0; i < texts.size(); ++i) {
        texts[i] = round == 0 ? "abc" : std::string(random() % 400, '\0');
        if (round != 0) for (char& c : texts[i]) c = static_cast<char>(random());
        blocks[i] = padded(texts[i]);
        lanes[i].blocks = reinterpret_cast<const unsigned char*>(blocks[i].data());
        lanes[i].count = blocks[i].size() / 64;
      }
      detail::sm3_compress(lanes, way);
      for (std::size_t i = 0; i < texts.size(); ++i) ASSERT_EQ(bytes_of(lanes[i].state), sm3(texts[i])) << way << " " << texts[i].size();
      if (round == 0) { EXPECT_EQ(to_hex(bytes_of(lanes[3].state)), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"); }
    }
  }
}

TEST(Sm3Lanes, digests_of_many_are_those_of_each) {
  std::mt19937 random(9);
  for (std::size_t count = 0; count < 30; ++count) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i) texts.emplace_back(random() % 300, static_cast<char>(random()));
    std::string expected;
    for (const std::string& text : texts) expected += sm3(text);
    EXPECT_EQ(sm3_of_each({texts.begin(), texts.end()}), expected) << count;
  }
}

TEST(Sealer, boxes_sealed_together_are_the_boxes_sealed_alone) {
  const Sealer sealer = *Sealer::create(Secret(std::string(32, 'k')));
  std::mt19937 random(8);
  for (int round = 0; round < 200; ++round) {
    std::array<std::string, 3> plain, associated;
    std::vector<Sealer::Item> items;
    for (std::size_t i = 0; i < random() % 4; ++i) {
      plain[i] = std::string(random() % 5000, static_cast<char>(random()));
      associated[i] = std::string(random() % 90, 'a');
      items.push_back({plain[i], associated[i]});
    }
    const std::string also(random() % 3000, 'd'), third(random() % 200, 'e');
    const auto together = sealer.seal_together(items, {also, third});
    ASSERT_TRUE(together);
    EXPECT_EQ(together->digests, (std::vector<std::string>{sm3(also), sm3(third)}));
    ASSERT_EQ(together->boxes.size(), items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto opened = sealer.open(together->boxes[i], associated[i]);
      ASSERT_TRUE(opened) << "opened by the road that seals one alone";
      EXPECT_EQ(*opened, plain[i]);
      EXPECT_FALSE(sealer.open(together->boxes[i], associated[i] + "x"));
    }
  }
}

} // namespace
} // namespace tongqu::crypto
