#include "journal/sqlite/key_filter.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <random>

#include "journal/journal_test_support.hpp"

namespace tongqu::journal::detail {
namespace {

std::vector<std::int64_t> hashes(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<std::int64_t> out(count);
  for (std::int64_t& hash : out) hash = static_cast<std::int64_t>(random());
  return out;
}

double share_of_perhaps(const HashBits& bits, const std::vector<std::int64_t>& others) {
  std::size_t perhaps = 0;
  for (const std::int64_t hash : others) perhaps += bits.perhaps(hash) ? 1 : 0;
  return static_cast<double>(perhaps) / static_cast<double>(others.size());
}

TEST(HashBits, never_says_no_of_what_it_holds_and_seldom_perhaps_of_others) {
  HashBits bits(300000);
  const auto held = hashes(1, bits.room());
  for (const std::int64_t hash : held) bits.add(hash);
  for (const std::int64_t hash : held) ASSERT_TRUE(bits.perhaps(hash));
  EXPECT_LT(share_of_perhaps(bits, hashes(2, 100000)), 0.012);
  EXPECT_GE(bits.room(), 300000U);
}

TEST(HashBits, says_perhaps_more_often_but_never_no_when_it_holds_too_many) {
  HashBits bits(1);
  const auto held = hashes(3, 4 * bits.room());
  for (const std::int64_t hash : held) bits.add(hash);
  for (const std::int64_t hash : held) ASSERT_TRUE(bits.perhaps(hash));
  EXPECT_LT(share_of_perhaps(bits, hashes(4, 100000)), 0.7);
}

class KeyFilterTest : public ::testing::Test {
protected:
  void SetUp() override {
    auto opened = Database::open(path_, Access::create);
    ASSERT_TRUE(opened);
    database_ = *std::move(opened);
    ASSERT_TRUE(database_->run("PRAGMA journal_mode = WAL; CREATE TABLE keys(hash INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY(hash, id)) STRICT, WITHOUT ROWID"));
  }

  void store(const std::vector<std::int64_t>& keys, std::int64_t first_id = 1) {
    ASSERT_TRUE(database_->run("BEGIN"));
    auto insert = Statement::prepare(*database_, "INSERT INTO keys VALUES(?, ?)");
    ASSERT_TRUE(insert);
    for (const std::int64_t hash : keys) {
      Use use(*insert);
      use->number(1, hash);
      use->number(2, first_id++);
      ASSERT_TRUE(use->step());
    }
    ASSERT_TRUE(database_->run("COMMIT"));
  }

  static void wait_until_whole(KeyFilter& filter) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!filter.whole() && std::chrono::steady_clock::now() < until) filter.tend();
    ASSERT_TRUE(filter.whole());
  }

  static void expect_all(const KeyFilter& filter, const std::vector<std::int64_t>& keys) {
    for (const std::int64_t hash : keys) ASSERT_FALSE(filter.rules_out(hash)) << hash;
  }

  static std::size_t ruled_out(const KeyFilter& filter, const std::vector<std::int64_t>& others) {
    std::size_t count = 0;
    for (const std::int64_t hash : others) count += filter.rules_out(hash) ? 1 : 0;
    return count;
  }

  test::Folder folder_;
  std::string path_ = folder_.file("keys.db");
  std::unique_ptr<Database> database_;
};

// One hash fills more than two reads, so that the next read must begin behind it; the least number there is has nothing in front of it.
TEST_F(KeyFilterTest, holds_every_hash_of_the_table_and_what_was_added_meanwhile) {
  auto keys = hashes(5, 70000);
  keys.insert(keys.end(), 45000, -77);
  keys.push_back(std::numeric_limits<std::int64_t>::min());
  keys.push_back(std::numeric_limits<std::int64_t>::max());
  store(keys);
  KeyFilter filter(path_);
  EXPECT_EQ(ruled_out(filter, hashes(6, 1000)), 0U) << "nothing is known yet";
  filter.begin(keys.size());
  const auto later = hashes(7, 20000);
  for (std::size_t at = 0; at < later.size(); at += 1000) {
    const std::vector<std::int64_t> some(later.begin() + static_cast<std::ptrdiff_t>(at), later.begin() + static_cast<std::ptrdiff_t>(at + 1000));
    for (const std::int64_t hash : some) filter.add(hash);
    store(some, static_cast<std::int64_t>(keys.size() + at + 1));
    filter.tend();
  }
  wait_until_whole(filter);
  expect_all(filter, keys);
  expect_all(filter, later);
  EXPECT_GT(ruled_out(filter, hashes(8, 10000)), 9800U);
}

TEST_F(KeyFilterTest, grows_with_the_table) {
  KeyFilter filter(path_);
  ASSERT_TRUE(filter.fill(*database_, 0));
  const auto keys = hashes(9, 600000);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    filter.add(keys[i]);
    if (i % 50000 == 49999) {
      store({keys.begin() + static_cast<std::ptrdiff_t>(i - 49999), keys.begin() + static_cast<std::ptrdiff_t>(i + 1)}, static_cast<std::int64_t>(i));
      filter.tend();
    }
  }
  expect_all(filter, keys);
  const auto others = hashes(10, 10000);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (ruled_out(filter, others) < 9800 && std::chrono::steady_clock::now() < until) filter.tend();
  EXPECT_GE(ruled_out(filter, others), 9800U) << "the first one would be full four times over";
  expect_all(filter, keys);
}

TEST_F(KeyFilterTest, rules_nothing_out_when_the_table_cannot_be_read) {
  ASSERT_TRUE(database_->run("DROP TABLE keys"));
  KeyFilter filter(path_);
  EXPECT_FALSE(filter.fill(*database_, 10));
  filter.begin(10);
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  while (std::chrono::steady_clock::now() < until) filter.tend();
  EXPECT_FALSE(filter.whole());
  EXPECT_EQ(ruled_out(filter, hashes(11, 1000)), 0U);
}

TEST_F(KeyFilterTest, ends_in_the_middle_of_filling) {
  store(hashes(12, 100000));
  KeyFilter filter(path_);
  filter.begin(100000);
}

} // namespace
} // namespace tongqu::journal::detail
