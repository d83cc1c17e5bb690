#include "journal/entry_digests.hpp"

#include <gtest/gtest.h>

#include "tongqu/crypto/crypto.hpp"

namespace tongqu::journal::detail {
namespace {

std::string expected(int from, int to, const std::string& prefix = "entry ") {
  std::string all;
  for (int i = from; i <= to; ++i) all += crypto::sm3(prefix + std::to_string(i));
  return all;
}

void add(EntryDigests& digests, int from, int to, const std::string& prefix = "entry ") {
  for (int i = from; i <= to; ++i) digests.add(i, prefix + std::to_string(i));
}

TEST(EntryDigests, give_what_each_entry_alone_gives) {
  EntryDigests digests;
  add(digests, 7, 300);
  EXPECT_EQ(digests.between(6, 300), std::nullopt);
  EXPECT_EQ(digests.between(7, 301), std::nullopt);
  EXPECT_EQ(digests.between(7, 300), expected(7, 300));
  EXPECT_EQ(digests.between(150, 200), expected(150, 200));
  EXPECT_EQ(digests.between(149, 200), std::nullopt) << "those in front were forgotten";
  add(digests, 301, 310);
  EXPECT_EQ(digests.between(290, 310), expected(290, 310));
}

TEST(EntryDigests, forget_what_was_rolled_back) {
  for (const int last : {10, 64, 100, 129, 200}) {
    EntryDigests digests;
    add(digests, 1, last);
    const int again = last / 2;
    add(digests, again, last + 3, "other ");
    EXPECT_EQ(digests.between(1, last + 3), expected(1, again - 1) + expected(again, last + 3, "other ")) << last;
    add(digests, 1, 2, "third ");
    EXPECT_EQ(digests.between(1, 2), expected(1, 2, "third ")) << last;
    EXPECT_EQ(digests.between(1, 3), std::nullopt) << last;
  }
}

TEST(EntryDigests, begin_anew_behind_a_gap) {
  EntryDigests digests;
  add(digests, 1, 5);
  add(digests, 9, 12);
  EXPECT_EQ(digests.between(4, 12), std::nullopt);
  EXPECT_EQ(digests.between(9, 12), expected(9, 12));
}

TEST(EntryDigests, keep_the_newest_where_no_head_is_ever_signed) {
  EntryDigests digests;
  add(digests, 1, 130000);
  EXPECT_EQ(digests.between(1, 130000), std::nullopt);
  EXPECT_EQ(digests.between(80001, 130000), expected(80001, 130000));
}

} // namespace
} // namespace tongqu::journal::detail
