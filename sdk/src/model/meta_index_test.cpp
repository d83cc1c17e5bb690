#include "tongqu/model/meta_index.hpp"

#include <gtest/gtest.h>

namespace tongqu::model {
namespace {

ElementIndex element(std::size_t i) { return {static_cast<std::uint16_t>(i), 0}; }

TEST(MetaIndex, finds_and_adds_what_a_walk_through_the_table_finds) {
  Record by_index, by_walk;
  MetaIndex index(by_index.meta);
  std::uint32_t random = 20990101;
  for (int i = 0; i < 4000; ++i) {
    random = random * 1664525u + 1013904223u;
    const PathId path = 1 + random / 65536 % 5;
    const ElementIndex at = element(random / 16 % 60);
    index.at(path, at).source_ms = i;
    by_walk.meta_at(path, at).source_ms = i;
    const MetaEntry* found = index.find(path + 1, at);
    EXPECT_EQ(found == nullptr, by_walk.find_meta(path + 1, at) == nullptr);
  }
  ASSERT_EQ(by_index.meta.size(), by_walk.meta.size());
  for (std::size_t i = 0; i < by_walk.meta.size(); ++i) {
    EXPECT_EQ(by_index.meta[i].path, by_walk.meta[i].path);
    EXPECT_EQ(by_index.meta[i].index, by_walk.meta[i].index);
    EXPECT_EQ(by_index.meta[i].source_ms, by_walk.meta[i].source_ms);
  }
}

TEST(MetaIndex, entries_that_were_there_before_are_found) {
  Record record;
  for (std::size_t i = 0; i < 200; ++i) record.meta_at(7, element(i)).source_ms = static_cast<std::int64_t>(i);
  MetaIndex index(record.meta);
  EXPECT_EQ(index.at(7, element(150)).source_ms, 150);
  EXPECT_EQ(record.meta.size(), 200u);
}

/// Counted, not timed: twice the entries may cost about twice the looks, where a walk from the start costs four times.
TEST(MetaIndex, looks_grow_with_the_entries_and_not_with_their_square) {
  const auto looks = [](std::size_t entries) {
    Record record;
    MetaIndex index(record.meta);
    for (std::size_t i = 0; i < entries; ++i) index.at(3, element(i)).verdict = Verdict::passed;
    for (std::size_t i = 0; i < entries; ++i) index.at(3, element(i)).verdict = Verdict::failed;
    return index.looked_at();
  };
  EXPECT_LE(looks(20000), looks(10000) * 2 + 4000);
  EXPECT_LE(looks(20000), 20000u * 6);
}

} // namespace
} // namespace tongqu::model
