#include "tongqu/wire/document.hpp"

#include <gtest/gtest.h>

namespace tongqu::wire {
namespace {

TEST(NameSet, numbers_start_at_one_and_a_name_keeps_its_number) {
  NameSet names;
  EXPECT_EQ(names.add("SXBM"), 1u);
  EXPECT_EQ(names.add("PROJID"), 2u);
  EXPECT_EQ(names.add("SXBM"), 1u);
  names.freeze();
  EXPECT_EQ(names.find("SXBM"), 1u);
  EXPECT_EQ(names.find("PROJID"), 2u);
  EXPECT_EQ(names.find("projid"), 0u);
  EXPECT_EQ(names.find(""), 0u);
  EXPECT_EQ(names.name(2), "PROJID");
  EXPECT_EQ(names.size(), 2u);
}

TEST(NameSet, an_empty_set_finds_nothing) {
  NameSet names;
  EXPECT_EQ(names.find("a"), 0u);
  names.freeze();
  EXPECT_EQ(names.find("a"), 0u);
}

TEST(NameSet, names_of_every_length_that_differ_in_one_byte_are_told_apart) {
  NameSet names;
  std::vector<std::string> all;
  for (std::size_t length = 1; length <= 40; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      std::string name(length, 'a');
      name[at] = 'b';
      all.push_back(name);
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(names.add(all[i]), i + 1) << all[i];
  names.freeze();
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(names.find(all[i]), i + 1) << all[i];
  EXPECT_EQ(names.find(std::string(17, 'a')), 0u);
}

TEST(Arena, stored_text_stays_where_it_is_while_the_arena_grows) {
  Arena arena;
  std::vector<std::string_view> views;
  for (int i = 0; i < 5000; ++i) views.push_back(arena.store("text number " + std::to_string(i)));
  const std::string_view big = arena.store(std::string(3'000'000, 'x'));
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(views[static_cast<std::size_t>(i)], "text number " + std::to_string(i));
  EXPECT_EQ(big.size(), 3'000'000u);
  EXPECT_GT(arena.bytes_used(), 3'000'000u);
  arena.reset();
  EXPECT_EQ(arena.bytes_used(), 0u);
  EXPECT_EQ(arena.store("again"), "again");
}

TEST(Arena, one_that_was_moved_from_can_be_used_again) {
  Arena arena;
  const std::string_view kept = arena.store("kept");
  Arena other = std::move(arena);
  EXPECT_EQ(kept, "kept");
  EXPECT_EQ(arena.store("new"), "new");  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(other.store("more"), "more");
}

TEST(Document, positions_count_lines_and_bytes_from_one_for_every_kind_of_line_end) {
  Document document;
  document.set_source("ab\ncd\r\nef\rgh\n\nx");
  EXPECT_EQ(document.position(0), "1:1");
  EXPECT_EQ(document.position(2), "1:3");
  EXPECT_EQ(document.position(3), "2:1");
  EXPECT_EQ(document.position(6), "2:4");
  EXPECT_EQ(document.position(7), "3:1");
  EXPECT_EQ(document.position(10), "4:1");
  EXPECT_EQ(document.position(13), "5:1");
  EXPECT_EQ(document.position(14), "6:1");
  EXPECT_EQ(document.position(1000), "6:2");
}

TEST(Document, clear_forgets_nodes_and_source_but_keeps_capacity) {
  Document document;
  document.own_source("source");
  document.mutable_tape().resize(100);
  const std::size_t capacity = document.mutable_tape().capacity();
  document.clear();
  EXPECT_TRUE(document.empty());
  EXPECT_EQ(document.source(), "");
  EXPECT_EQ(document.mutable_tape().capacity(), capacity);
  EXPECT_FALSE(document.root());
}

/// {"rows":[{"a/b":"x"},null]} written by hand.
void make_json(Document& document) {
  auto& tape = document.mutable_tape();
  tape.assign(5, TapeEntry{});
  const auto name = [&](std::size_t i, const char* text, std::uint32_t size) { tape[i].name = text; tape[i].name_size = size; };
  for (std::uint32_t i = 0; i < 4; ++i) tape[i].has_child = i < 3;
  tape[0].kind = NodeKind::object;
  tape[1].kind = NodeKind::array;
  tape[1].parent = 0;
  name(1, "rows", 4);
  tape[2].kind = NodeKind::object;
  tape[2].parent = 1;
  tape[2].next = 4;
  tape[3].kind = NodeKind::string;
  tape[3].parent = 2;
  name(3, "a/b", 3);
  tape[3].text = "x";
  tape[3].text_size = 1;
  tape[4].kind = NodeKind::null;
  tape[4].parent = 1;
}

TEST(Node, paths_of_json_values_number_items_and_escape_slashes_in_keys) {
  Document document;
  make_json(document);
  const Node rows = document.root().child("rows");
  EXPECT_EQ(document.root().path(), "/");
  EXPECT_EQ(rows.path(), "/rows");
  EXPECT_EQ(rows.first_child().first_child().path(), "/rows/0/a~1b");
  EXPECT_EQ(rows.first_child().next().path(), "/rows/1");
  EXPECT_EQ(rows.child_count(), 2u);
}

TEST(Node, a_structure_is_not_a_leaf_and_json_null_is_nil) {
  Document document;
  make_json(document);
  const Node rows = document.root().child("rows");
  EXPECT_EQ(rows.leaf().error().id(), "wire.not_a_leaf");
  EXPECT_EQ(*rows.first_child().first_child().leaf(), "x");
  EXPECT_TRUE(rows.first_child().next().is_nil());
  EXPECT_FALSE(rows.is_nil());
  EXPECT_EQ(*rows.first_child().next().leaf(), "");
}

} // namespace
} // namespace tongqu::wire
