#include "tongqu/bridge/reconcile.hpp"

#include <gtest/gtest.h>

#include <map>

#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::bridge {
namespace {

using Kind = DayDifference::Kind;
using Listed = std::map<std::string, std::string>;  // id -> digest

std::string id_of(int i) { return to_hex(crypto::sm3("message " + std::to_string(i))).substr(0, 32); }
std::string digest_of(const std::string& content) { return to_hex(crypto::sm3(content)); }

/// A platform written from the page, plainly: no sharing with the code under test but SM3.
struct Platform {
  Listed listed;
  std::size_t requests = 0;

  static std::string sum(const Listed& all, const std::string& prefix) {
    std::string text;
    for (auto at = all.lower_bound(prefix); at != all.end() && at->first.rfind(prefix, 0) == 0; ++at) text += at->first + " " + at->second + "\n";
    return to_hex(crypto::sm3(text));
  }
  Result<platform::DayOutcome> answer(const std::string& prefix) {
    ++requests;
    platform::DayOutcome out;
    out.state = platform::QueryState::found;
    Listed below;
    for (auto at = listed.lower_bound(prefix); at != listed.end() && at->first.rfind(prefix, 0) == 0; ++at) below.insert(*at);
    out.count = below.size();
    out.digest = sum(below, prefix);
    std::map<char, std::uint64_t> next;
    for (const auto& [id, digest] : below) {
      if (below.size() <= 64 || id == prefix) out.entries.push_back({id, digest});
      else ++next[id[prefix.size()]];
    }
    for (const auto& [c, count] : next) out.parts.push_back({prefix + c, count, sum(below, prefix + c)});
    return out;
  }
};

DayBook book_of(const Listed& all) {
  DayBook book;
  std::int64_t delivery = 1;
  for (auto at = all.rbegin(); at != all.rend(); ++at) book.add(at->first, at->second, delivery++);
  book.sort();
  return book;
}

Listed many(int count) {
  Listed all;
  for (int i = 0; i < count; ++i) all[id_of(i)] = digest_of("content " + std::to_string(i));
  return all;
}

/// "missing ID", … as found.
std::vector<std::string> differences(const Listed& ours, Platform& platform, std::size_t most = 1000) {
  const auto compared = compare_day(book_of(ours), [&platform](const std::string& prefix) { return platform.answer(prefix); }, most);
  if (!compared) return {std::string(compared.error().id())};
  std::vector<std::string> out;
  for (const auto& one : compared->differences) out.push_back((one.kind == Kind::missing ? "missing " : one.kind == Kind::unknown ? "unknown " : "different ") + one.message_id);
  if (!compared->complete) out.push_back("more");
  EXPECT_EQ(compared->requests, platform.requests);
  EXPECT_EQ(compared->ours, ours.size());
  EXPECT_EQ(compared->theirs, platform.listed.size());
  return out;
}

TEST(Reconcile, days_that_agree_cost_one_request) {
  Platform platform{many(500)};
  EXPECT_TRUE(differences(platform.listed, platform).empty());
  EXPECT_EQ(platform.requests, 1u);
  Platform none;
  EXPECT_TRUE(differences({}, none).empty());
}

TEST(Reconcile, one_among_ten_thousand_is_found_in_a_request_for_each_character) {
  const Listed ours = many(10000);
  for (const int gone : {77, 9999}) {
    Platform platform{ours};
    platform.listed.erase(id_of(gone));
    EXPECT_EQ(differences(ours, platform), std::vector<std::string>{"missing " + id_of(gone)});
    EXPECT_LE(platform.requests, 4u) << "10,000 / 16^2 is below 64";
  }
  Platform more{ours};
  more.listed[id_of(10001)] = digest_of("x");
  EXPECT_EQ(differences(ours, more), std::vector<std::string>{"unknown " + id_of(10001)});
  Platform other{ours};
  other.listed[id_of(5)] = digest_of("altered");
  EXPECT_EQ(differences(ours, other), std::vector<std::string>{"different " + id_of(5)});
}

TEST(Reconcile, a_lost_range_and_an_empty_side_need_no_further_questions) {
  const Listed ours = many(600);
  Platform none;
  const auto all = differences(ours, none, 5000);
  EXPECT_EQ(all.size(), 600u);
  EXPECT_EQ(none.requests, 1u);
  Platform part{ours};
  std::size_t lost = 0;
  for (auto at = part.listed.begin(); at != part.listed.end();) at = at->first[0] == 'a' || at->first[0] == '0' ? (++lost, part.listed.erase(at)) : std::next(at);
  EXPECT_EQ(differences(ours, part).size(), lost) << "at the front and in the middle";
  EXPECT_EQ(part.requests, 1u);
  Platform all_theirs{ours};
  EXPECT_EQ(differences({}, all_theirs, 5000).size(), 600u);
}

TEST(Reconcile, agrees_with_a_plain_comparison_whatever_differs) {
  std::uint32_t random = 20490101;
  const auto draw = [&random](std::uint32_t below) {
    random = random * 1664525u + 1013904223u;
    return (random >> 8) % below;
  };
  for (int round = 0; round < 12; ++round) {
    Listed ours = many(1 + static_cast<int>(draw(600))), theirs = ours;
    std::vector<std::string> expected;
    for (std::uint32_t i = 0; i < draw(40); ++i) {
      const std::string id = id_of(static_cast<int>(draw(600)));
      if (theirs.count(id) == 0) continue;
      if (draw(2) == 0) theirs.erase(id);
      else theirs[id] = digest_of("altered");
    }
    for (std::uint32_t i = 0; i < draw(10); ++i) theirs["zz-" + id_of(static_cast<int>(i))] = digest_of("x");
    Listed ids = ours;
    ids.insert(theirs.begin(), theirs.end());
    for (const auto& [id, unused] : ids) {
      if (theirs.count(id) == 0) expected.push_back("missing " + id);
      else if (ours.count(id) == 0) expected.push_back("unknown " + id);
      else if (ours.at(id) != theirs.at(id)) expected.push_back("different " + id);
    }
    Platform platform{theirs};
    EXPECT_EQ(differences(ours, platform), expected) << "round " << round;
  }
}

TEST(Reconcile, ids_of_different_lengths_are_told_apart) {
  Listed ours;
  const std::string base(16, 'a');
  for (int i = 0; i < 100; ++i) ours[base + std::to_string(i)] = digest_of(std::to_string(i));
  ours[base] = digest_of("base");
  Platform platform{ours};
  platform.listed.erase(base);
  EXPECT_EQ(differences(ours, platform), std::vector<std::string>{"missing " + base});
  Platform extra{ours};
  ours.erase(base);
  EXPECT_EQ(differences(ours, extra), std::vector<std::string>{"unknown " + base});
}

TEST(Reconcile, stops_at_its_bound_and_says_so) {
  Platform none;
  const auto some = differences(many(500), none, 10);
  ASSERT_EQ(some.size(), 11u);
  EXPECT_EQ(some.back(), "more");
}

TEST(Reconcile, a_question_that_fails_is_told) {
  const auto compared = compare_day(book_of(many(3)), [](const std::string&) { return Result<platform::DayOutcome>(Error(Errc::platform_busy)); });
  EXPECT_EQ(compared.error().id(), "platform.busy");
}

TEST(DayBook, a_message_with_two_receipts_is_one_line) {
  DayBook book;
  book.add(id_of(1), digest_of("a"), 1);
  book.add(id_of(1), digest_of("a"), 2);
  book.add(id_of(2), "not a digest", 3);
  book.sort();
  EXPECT_EQ(book.size(), 1u);
  // printf '%s %s\n' ID DIGEST | openssl dgst -sm3, by hand from the page: the line ends with a line feed.
  EXPECT_EQ(book.digest(book.below("")), to_hex(crypto::sm3(id_of(1) + " " + digest_of("a") + "\n")));
}

} // namespace
} // namespace tongqu::bridge
