#include "crypto/sm3/sm3_lanes.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tongqu/crypto/crypto.hpp"

namespace tongqu::crypto {
namespace {

std::string bytes_of(const detail::Sm3State& state) {
  std::string out;
  for (const std::uint32_t word : state) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(word >> shift & 0xFF);
  }
  return out;
}

// Expected values from OpenSSL's SM3 (and GB/T 32905-2016 annex A for the first): every way of this processor, chains of every length, more
// and fewer of them than lanes.
TEST(Sm3Lanes, every_way_gives_what_one_message_alone_gives) {
  std::mt19937 random(7);
  for (int way = 0; way < detail::sm3_ways(); ++way) {
    for (int round = 0; round < 300; ++round) {
      std::vector<std::string> texts(round == 0 ? 20 : random() % 50, "abc");
      std::vector<detail::Sm3Text> padded;
      std::vector<detail::Sm3Chain> chains;
      for (std::string& text : texts) {
        if (round != 0) text = std::string(random() % (random() % 8 == 0 ? 5000 : 200), '\0');
        if (round != 0) for (char& c : text) c = static_cast<char>(random());
        const std::size_t front = random() % (text.size() + 1);
        padded.emplace_back(detail::kSm3Start, 0, std::string_view(text).substr(0, front), std::string_view(text).substr(front));
      }
      for (const auto& text : padded) chains.push_back(text.chain());
      detail::sm3_compress(chains, way);
      for (std::size_t i = 0; i < texts.size(); ++i) ASSERT_EQ(bytes_of(chains[i].state), sm3(texts[i])) << way << " " << texts[i].size();
      if (round == 0) { EXPECT_EQ(to_hex(bytes_of(chains[3].state)), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"); }
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
    std::array<std::string, 30> plain, associated;
    std::vector<Sealer::Item> items;
    const std::size_t count = random() % 30;
    for (std::size_t i = 0; i < count; ++i) {
      plain[i] = std::string(random() % (i % 3 == 0 ? 5000 : 100), static_cast<char>(random()));
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
