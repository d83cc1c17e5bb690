#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

#include "tongqu/mapping/pack_tools.hpp"

namespace tongqu::mapping {
namespace {

std::string formatted(const std::string& text) {
  const auto result = format_pack_file(text);
  EXPECT_TRUE(result) << describe(result.error());
  if (!result) return {};
  const auto again = format_pack_file(*result);
  EXPECT_TRUE(again && *again == *result) << "formatting is not at rest:\n" << *result;
  return *result;
}

TEST(Format, indentation_blanks_and_line_ends) {
  EXPECT_EQ(formatted("a:\r\n    b:   1  \r\n\r\n\r\n    c:\r\n        - x\r\n        -   y\r\nd: 2"), "a:\n  b: 1\n\n  c:\n    - x\n    - y\nd: 2\n");
  EXPECT_EQ(formatted("a:\n- x\n- k: 1\n  l: 2\n-   - m\n    - n\n"), "a:\n  - x\n  - k: 1\n    l: 2\n  - - m\n    - n\n");
}

TEST(Format, flow_collections) {
  EXPECT_EQ(formatted("a: { b:  1,c: [x ,y],   \"d\" : { } }\n"), "a: {b: 1, c: [x, y], \"d\": {}}\n");
  EXPECT_EQ(formatted("a: {url: http://x/y, t: 'a: b, {c}', u: \"it\\\"s, #1\"}\n"), "a: {url: http://x/y, t: 'a: b, {c}', u: \"it\\\"s, #1\"}\n");
  EXPECT_EQ(formatted("t:\n    inline: {a: 1,\n      b: [2,\n  3],   # three\n   c: 4}\n"), "t:\n  inline: {a: 1,\n           b: [2,\n               3],  # three\n           c: 4}\n");
}

TEST(Format, neighbouring_rules_stand_in_columns) {
  EXPECT_EQ(formatted("r:\n  case_no: {from: a}\n  no:   {from: b}\n  x: 1\n  y: {from: c}\n  long_name: {from: d}\n"),
            "r:\n  case_no: {from: a}\n  no:      {from: b}\n  x: 1\n  y:         {from: c}\n  long_name: {from: d}\n");
  EXPECT_EQ(formatted("r:\n  a: {b: 1}\n\n  long: {b: 1}\n"), "r:\n  a: {b: 1}\n\n  long: {b: 1}\n") << "a blank line parts them";
}

TEST(Format, comments_stay_where_they_belong) {
  EXPECT_EQ(formatted("# head\na:   # of a\n      # of b\n      b: 1   # behind\n      # last of a\nc: 'x # no comment'\n# end\n"),
            "# head\na:  # of a\n  # of b\n  b: 1  # behind\n  # last of a\nc: 'x # no comment'\n# end\n");
}

TEST(Format, texts_over_several_lines) {
  EXPECT_EQ(formatted("a:\n     b: |\n         x\n           y\n\n         z\n     c: one\n       two\n     d: \"three\n  four\"\n"),
            "a:\n  b: |\n    x\n      y\n\n    z\n  c: one\n    two\n  d: \"three\n    four\"\n");
}

TEST(Format, keys_that_need_quotes_keep_them) {
  EXPECT_EQ(formatted("out:  {\"a[0].b\":  1}\n\"x: y\":   2\n"), "out: {\"a[0].b\": 1}\n\"x: y\": 2\n");
}

TEST(Format, a_file_that_is_no_pack_file_is_refused_with_its_place) {
  const auto result = format_pack_file("a: 1\na: 2\n");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().id(), "wire.yaml_duplicate_key");
}

TEST(Format, every_file_of_the_tree_can_be_formatted_and_rests_then) {
  std::size_t files = 0;
  for (const char* folder : {"connectors/packs", "connectors/platforms", "sdk/src/mapping/check/testdata"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::filesystem::path(TONGQU_SOURCE_DIR) / folder)) {
      if (entry.path().extension() != ".yaml") continue;
      std::ifstream in(entry.path(), std::ios::binary);
      SCOPED_TRACE(entry.path());
      formatted(std::string(std::istreambuf_iterator<char>(in), {}));
      ++files;
    }
  }
  EXPECT_GE(files, 20u);
}

/// Found by the fuzz target: a quote in the last line of a plain text grew by a line with each run.
TEST(Format, what_does_not_rest_is_not_given) {
  const std::string odd = "a b\n1,c\n,\n\"2\n";
  const auto made = format_pack_file(odd);
  if (made) {
    const auto again = format_pack_file(*made);
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *made);
  } else {
    EXPECT_EQ(made.error().id(), "mapping.format_unsafe");
  }
}

} // namespace
} // namespace tongqu::mapping
