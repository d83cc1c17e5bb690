#include "wire/xml/byte_runs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "tongqu/base/bytes.hpp"

namespace tongqu::wire::detail {
namespace {

template <Stops kStops>
void expect_equal_runs(const std::string& bytes) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const auto expected = ScalarRuns::plain<kStops>(begin, end) - begin;
  ASSERT_EQ(WordRuns::plain<kStops>(begin, end) - begin, expected) << bytes;
  ASSERT_EQ(Runs::plain<kStops>(begin, end) - begin, expected) << bytes;
  ASSERT_EQ(WordRuns::name(begin, end) - begin, ScalarRuns::name(begin, end) - begin) << bytes;
  ASSERT_EQ(Runs::name(begin, end) - begin, ScalarRuns::name(begin, end) - begin) << bytes;
}

/// Each byte at each place of the blocks, behind bytes that do and do not end a run.
TEST(XmlByteRuns, the_wide_ways_stop_where_the_narrow_way_stops) {
  for (const char filler : {'a', 'Z', '0', '.', ' ', '\t', '~'}) {
    for (std::size_t size = 1; size <= 40; ++size) {
      for (unsigned byte = 0; byte < 256; ++byte) {
        std::string bytes(size, filler);
        bytes[size - 1] = static_cast<char>(byte);
        bytes += "aa";
        expect_equal_runs<Stops{'<', '&', ']', true, false}>(bytes);
        expect_equal_runs<Stops{'"', '<', '&', false, false}>(bytes);
        expect_equal_runs<Stops{'-', '-', '-', true, true}>(bytes);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(XmlByteRuns, characters_are_as_long_as_the_reader_of_utf8_says) {
  for (unsigned word = 0; word < 0x1000000; word += 5) {
    // Leads from 0x80 on in front; the fourth byte follows from the others.
    const char bytes[] = {static_cast<char>(0x80 | (word >> 16 & 0x7F)), static_cast<char>(word >> 8 & 0xFF), static_cast<char>(word & 0xFF),
                          static_cast<char>(0x80 + word % 0x40)};
    const int length = multibyte_length(bytes, bytes + 4);
    const bool noncharacter = bytes[0] == '\xEF' && bytes[1] == '\xBF' && (bytes[2] == '\xBE' || bytes[2] == '\xBF');
    std::size_t bad = 0;
    const bool good = (is_utf8({bytes, 4}, &bad) || bad > 0) && !noncharacter;
    ASSERT_EQ(length > 0, good) << word;
    if (length > 0) {
      ASSERT_TRUE(is_utf8({bytes, static_cast<std::size_t>(length)})) << word;
    }
    if (const int common = common_length(bytes, bytes + 4); common != 0) {
      ASSERT_EQ(common, length) << word;
    }
  }
}

/// Characters of three bytes in any mixture with others, and any end of the text: the run is what one character at a time would give, up to
/// the bytes of a step.
TEST(XmlByteRuns, a_run_of_common_characters_ends_where_one_at_a_time_ends) {
  const char* const pieces[] = {"通", "衢", "一", "\xEC\xBF\xBF", "\xE1\x80\x80", "\xE0\xA4\x85", "\xED\x80\x80", "，", "a", "é", "😀", "\xE4\xBF", "\xE4", "\xBF", "\xE4\xC0\x80", "\xE4\x80\x7F", "\xFF"};
  std::uint32_t state = 20261130;
  const auto random = [&state](std::uint32_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
  };
#if defined(__SSE2__)
  constexpr std::size_t kStep = 12;
#else
  constexpr std::size_t kStep = 3;
#endif
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (std::uint32_t left = random(12); left > 0; --left) text += pieces[random(3) != 0 ? random(3) : random(std::size(pieces))];
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    std::size_t one_by_one = 0;
    while (const int length = common_length(begin + one_by_one, end)) one_by_one += static_cast<std::size_t>(length);
    const std::size_t run = common_run(begin, end);
    ASSERT_EQ(run % 3, 0u);
    ASSERT_EQ(run, std::min(one_by_one, text.size() >= 16 ? kStep : 3)) << text;
  }
}

TEST(XmlByteRuns, bytes_are_compared_to_their_last_and_no_further) {
  const std::string text = "abcdefghijklmnopqrstuvwx|abcdefghijklmnopqrstuvwX|abcde";
  const char* const end = text.data() + text.size();
  for (std::size_t size = 0; size <= 23; ++size) EXPECT_TRUE(same_bytes(text.data(), text.data() + 25, size, end)) << size;
  EXPECT_FALSE(same_bytes(text.data(), text.data() + 25, 24, end));
  EXPECT_TRUE(same_bytes(text.data(), text.data() + 50, 5, end));
  EXPECT_FALSE(same_bytes(text.data(), text.data() + 50, 6, end));
  for (std::size_t size = 1; size <= 16; ++size) EXPECT_FALSE(same_bytes(text.data(), text.data() + 1, size, end)) << size;
}

} // namespace
} // namespace tongqu::wire::detail
