#include "tongqu/wire/yaml.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace tongqu::wire {
namespace {

YamlNode parsed(std::string_view text) {
  auto node = parse_yaml(text);
  EXPECT_TRUE(node) << text << ": " << (node ? "" : describe(node.error()));
  return node ? *std::move(node) : YamlNode();
}

std::string outcome(std::string_view text) {
  const auto node = parse_yaml(text);
  return node ? "accepted" : std::string(node.error().id()) + " " + node.error().where();
}

/// A short form for comparing trees: quoted scalars in double quotes, plain ones bare, absent as nothing.
std::string shown(const YamlNode& node) {
  if (node.is_scalar()) return node.quoted ? '"' + node.text + '"' : node.text;
  std::string out = node.is_sequence() ? "[" : "{";
  for (const YamlNode& item : node.items) out += shown(item) + ";";
  for (const auto& [key, value] : node.members) out += shown(key) + "=" + shown(value) + ";";
  return out + (node.is_sequence() ? "]" : "}");
}

TEST(Yaml, every_scalar_is_text_as_written) {
  const YamlNode node = parsed("code: 01\nflag: no\nnumber: 1.10\ndate: 2101-01-01\nhex: 0x1F\nword: true\nchinese: 受理\n");
  EXPECT_EQ(shown(node), "{code=01;flag=no;number=1.10;date=2101-01-01;hex=0x1F;word=true;chinese=受理;}");
  EXPECT_FALSE(node.find("code")->quoted);
}

TEST(Yaml, null_words_are_text_and_only_nothing_is_absent) {
  EXPECT_EQ(shown(parsed("a: null\nb: ~\nc:\nd: ''\ne: NULL\nf: Null\nnull: x\n~: y\n")), "{a=null;b=~;c=;d=\"\";e=NULL;f=Null;null=x;~=y;}");
  EXPECT_EQ(shown(parsed("a:\nnull: x")), "{a=;null=x;}");
  EXPECT_EQ(shown(parsed("o:\n  a:\n~: x")), "{o={a=;};~=x;}");
  EXPECT_EQ(shown(parsed("a:\n-\nnull: x")), "{a=[;];null=x;}");
  EXPECT_EQ(shown(parsed("a:\n  null\n")), "{a=null;}");
  EXPECT_EQ(shown(parsed("[null, ~, a]")), "[null;~;a;]");
  EXPECT_EQ(shown(parsed("{a: , b, c: null}")), "{a=;b=;c=null;}");
  EXPECT_EQ(shown(parsed("- \n- b\n-")), "[;b;;]");
  EXPECT_EQ(shown(parsed("null")), "null");
}

TEST(Yaml, block_and_flow_collections_and_block_texts_are_read) {
  EXPECT_EQ(shown(parsed("a:\n  - x: 1\n    y: [2, 'three', \"f\\nour\"]\n  - {p: q, r: {s: t}}\nb: |\n  one\n  two\nc: >-\n  three\n  four\n")),
            "{a=[{x=1;y=[2;\"three\";\"f\nour\";];};{p=q;r={s=t;};};];b=\"one\ntwo\n\";c=\"three four\";}");
  EXPECT_EQ(shown(parsed("---\n# comment\na: b # more\n...\n")), "{a=b;}");
  EXPECT_EQ(shown(parsed("a: b\r\nc:\r\n  - d\r\n")), "{a=b;c=[d;];}");
  EXPECT_EQ(shown(parsed("\xEF\xBB\xBF" "a: b")), "{a=b;}");
  EXPECT_EQ(shown(parsed("url: http://host:80/x?y=1\nq: why?\n'quoted key': 1\n")), "{url=http://host:80/x?y=1;q=why?;\"quoted key\"=1;}");
}

TEST(Yaml, keys_and_values_know_their_line_and_column_in_bytes) {
  const YamlNode node = parsed("# first\na: x\n受理:\n  - one\n  -  'two'\nempty:\nflow: {k: v}\n");
  EXPECT_EQ(node.position(), "2:1");
  EXPECT_EQ(node.members[0].first.position(), "2:1");
  EXPECT_EQ(node.members[0].second.position(), "2:4");
  EXPECT_EQ(node.members[1].first.position(), "3:1");
  EXPECT_EQ(node.members[1].second.items[0].position(), "4:5");
  EXPECT_EQ(node.members[1].second.items[1].position(), "5:6");
  EXPECT_EQ(node.find("empty")->position(), "6:1");
  EXPECT_EQ(node.find("flow")->members[0].first.position(), "7:8");
  EXPECT_EQ(node.find("flow")->members[0].second.position(), "7:11");
  EXPECT_EQ(node.find("absent"), nullptr);
}

TEST(Yaml, duplicate_keys_are_refused_at_the_second) {
  EXPECT_EQ(outcome("a: 1\nb: 2\na: 3\n"), "wire.yaml_duplicate_key 3:1");
  EXPECT_EQ(outcome("a: 1\n'a': 3\n"), "wire.yaml_duplicate_key 2:1");
  EXPECT_EQ(outcome("x:\n  - {a: 1, \"\\x61\": 2}\n"), "wire.yaml_duplicate_key 2:12");
  EXPECT_EQ(outcome("a: {a: 1}\nb: {a: 1}\n"), "accepted");
}

TEST(Yaml, features_outside_the_subset_are_refused_where_they_stand) {
  EXPECT_EQ(outcome("a: !!str x"), "wire.yaml_feature 1:4");
  EXPECT_EQ(outcome("a: ! x"), "wire.yaml_feature 1:4");
  EXPECT_EQ(outcome("a: !x {b: c}"), "wire.yaml_feature 1:4");
  EXPECT_EQ(outcome("a:\n- !x\n"), "wire.yaml_feature 2:3");
  EXPECT_EQ(outcome("a: &x 1"), "wire.yaml_feature 1:4");
  EXPECT_EQ(outcome("a: &x\n"), "wire.yaml_feature 1:4");
  EXPECT_EQ(outcome("a: 1\nb: *x"), "wire.yaml_feature 2:4");
  EXPECT_EQ(outcome("<<: x"), "wire.yaml_feature 1:1");
  EXPECT_EQ(outcome("'<<': x"), "accepted");
  EXPECT_EQ(outcome("? [a]\n: b"), "wire.yaml_feature 1:3");
  EXPECT_EQ(outcome("[a]: b"), "wire.yaml_feature 1:1");
  EXPECT_EQ(outcome("{{a: b}: c}"), "wire.yaml_feature 1:2");
  EXPECT_EQ(outcome("? a\n: b"), "wire.yaml_feature 1:3");
  EXPECT_EQ(outcome("x: y\n?  a\n: b"), "wire.yaml_feature 2:4");
  EXPECT_EQ(outcome("{x: y, ? a : b}"), "wire.yaml_feature 1:10");
  EXPECT_EQ(outcome("? |\n  a\n: b"), "wire.yaml_feature 1:3");
  EXPECT_EQ(outcome(": b"), "wire.yaml_feature 1:1");
  EXPECT_EQ(outcome("a: b\n---\nc: d"), "wire.yaml_feature 2:1");
  EXPECT_EQ(outcome("a: b\n...\nc: d"), "wire.yaml_feature 3:1");
  EXPECT_EQ(outcome("{a: b} c"), "wire.yaml_feature 1:8");
  EXPECT_EQ(outcome("%YAML 1.2\n---\na: b"), "wire.yaml_feature 1:1");
  EXPECT_EQ(outcome("a: b\n%FOO bar"), "wire.yaml_feature 2:1");
}

TEST(Yaml, tabs_as_indentation_are_refused_and_tabs_elsewhere_are_not) {
  EXPECT_EQ(outcome("a:\n\tb: c"), "wire.yaml_feature 2:2");
  EXPECT_EQ(outcome("a:\n\tb"), "wire.yaml_feature 2:2");
  EXPECT_EQ(outcome("a:\n  - b\n\t- c"), "wire.yaml_feature 3:1");
  EXPECT_EQ(outcome("-\ta"), "wire.yaml_feature 1:3");
  EXPECT_EQ(outcome("a: {\n\tb: c}"), "wire.yaml_feature 2:2");
  EXPECT_EQ(outcome("a:\tb\t# c\nd: 'x\ty'\ne: |\n  \tz\n"), "accepted");
}

TEST(Yaml, broken_documents_are_refused_with_their_place) {
  EXPECT_EQ(outcome("a: b: c"), "wire.yaml_syntax 1:5");
  EXPECT_EQ(outcome("a: 1\n b: 2"), "wire.yaml_syntax 2:3");
  EXPECT_EQ(outcome("a: [1, 2"), "wire.yaml_syntax 1:8");
  EXPECT_EQ(outcome("x: 1\na: {b: c,\n"), "wire.yaml_syntax 2:4");
  EXPECT_EQ(outcome("a: [b]]"), "wire.yaml_syntax 1:7");
  EXPECT_EQ(outcome("a: 'x\n"), "wire.yaml_syntax 1:4");
  EXPECT_EQ(outcome("a: 'it''s"), "wire.yaml_syntax 1:10");
  EXPECT_EQ(outcome("a: \"x\\\""), "wire.yaml_syntax 1:8");
  EXPECT_EQ(outcome("a: \"b\"c"), "wire.yaml_syntax 1:7");
  EXPECT_EQ(outcome("@a: b"), "wire.yaml_syntax 1:1");
  EXPECT_EQ(outcome("a: - b"), "wire.yaml_syntax 1:4");
  EXPECT_EQ(outcome("[a: b]"), "wire.yaml_syntax 1:2");
  EXPECT_EQ(outcome("a: \"\\u0000\""), "wire.yaml_syntax 1:4");
  EXPECT_EQ(outcome(""), "wire.yaml_syntax 1:1");
  EXPECT_EQ(outcome("# only\n"), "wire.yaml_syntax 1:1");
  EXPECT_EQ(outcome("---\n"), "wire.yaml_syntax 1:1");
  EXPECT_EQ(outcome("a: 'it''s'\nb: \"x\\\"y\"\n"), "accepted");
}

TEST(Yaml, bytes_that_are_no_text_are_refused_before_the_parser_sees_them) {
  EXPECT_EQ(outcome("a: \xFF"), "wire.encoding_invalid 1:4");
  EXPECT_EQ(outcome("a: b\nc: \xCD\xA8\xB5\xC0"), "wire.encoding_invalid 2:6");
  EXPECT_EQ(outcome("a: b\x04\nc: d"), "wire.yaml_syntax 1:5");
  EXPECT_EQ(outcome(std::string_view("a: \0b", 5)), "wire.yaml_syntax 1:4");
  EXPECT_EQ(outcome(std::string_view("\0a\0:\0 ", 6)), "wire.yaml_syntax 1:1");
  EXPECT_EQ(outcome("a: b\rc: d"), "wire.yaml_syntax 1:5");
  EXPECT_EQ(outcome("a: \x7F"), "wire.yaml_syntax 1:4");
  EXPECT_EQ(outcome("a: \xC2\x84"), "wire.yaml_syntax 1:4");
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(Yaml, size_depth_and_count_are_bounded) {
  EXPECT_EQ(outcome(nested(64)), "accepted");
  EXPECT_EQ(outcome(nested(65)), "wire.yaml_limit 1:65");
  std::string deep;
  for (std::size_t i = 0; i < 65; ++i) deep += std::string(i, ' ') + "a:\n";
  EXPECT_EQ(outcome(deep + std::string(65, ' ') + "b"), "wire.yaml_limit 65:65");
  EXPECT_EQ(outcome("a: " + std::string(4 * 1024 * 1024 - 3, 'x')), "accepted");
  EXPECT_EQ(outcome("a: " + std::string(4 * 1024 * 1024 - 2, 'x')), "wire.yaml_limit 1:1");
  EXPECT_EQ(outcome(std::string(2000000, '[')), "wire.yaml_limit 1:100001");
  std::string items;
  for (int i = 0; i < 262144; ++i) items += "- a\n";
  EXPECT_EQ(outcome(items), "wire.yaml_limit 262144:3");
}

TEST(Yaml, hostile_texts_neither_crash_nor_stall) {
  const auto start = std::chrono::steady_clock::now();
  for (const char* unit : {"[", "{", "- ", "? ", "a: ", "[a,", "\n", "-\n", "\"", "!", "&", "&a ", "*a ", ": ", "{a: ", "# ", "'", "|", "[]", "{? ", "%", "}", "]", ",",
                           "[ \n", "[[a]: ", "\\", "---\n", "!<", "a#", "?\n", "- - ", "a:\n ", ">", "`", "@", "!!", "\"\\", ",\n", "\t", "  \t", "...\n"}) {
    std::string text;
    while (text.size() < 20000) text += unit;
    (void)outcome(text);
    (void)outcome("a: " + text);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST(Yaml, random_changes_of_a_good_document_never_crash) {
  const std::string good = "a:\n  - x: 1\n    y: [2, 'three', \"f\\nour\"]\n  - {p: q, r: {s: t}}\nb: |\n  one\n  two\nc: >-\n  three\n  four\n? d\n: &e !f *g\n";
  const std::string alphabet = "[]{},:?-&*!|>'\"%@`#~ \n\tab0<\\.";
  std::mt19937 random(20260101);
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    const auto edits = 1 + random() % 6;
    for (std::uint32_t i = 0; i < edits; ++i) {
      const std::size_t at = random() % text.size();
      const char c = alphabet[random() % alphabet.size()];
      switch (random() % 3) {
        case 0: text[at] = c; break;
        case 1: text.insert(at, 1 + random() % 3, c); break;
        default: text.erase(at, 1 + random() % 8); break;
      }
      if (text.empty()) text = "a";
    }
    const auto node = parse_yaml(text);
    if (!node) {
      ASSERT_FALSE(node.error().where().empty()) << text;
    }
  }
}

TEST(Yaml, errors_never_repeat_the_document) {
  for (const char* text : {"a: *secret", "a: \"\\secret\"", "secret: 1\nsecret: 2", "a: !secret x", "%YAML secret\n---\n", "a: [secret", "@secret"}) {
    const auto node = parse_yaml(text);
    ASSERT_FALSE(node) << text;
    EXPECT_EQ(describe(node.error()).find("secret"), std::string::npos) << text;
    EXPECT_EQ(describe(node.error()).find("yaml-cpp"), std::string::npos) << text;
  }
}

} // namespace
} // namespace tongqu::wire
