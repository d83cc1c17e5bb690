#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "xml_compare.hpp"
#include "xml_mutator.hpp"

namespace tongqu::test {
namespace {

using namespace std::string_view_literals;
namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Compares every file below a folder, whole and cut after each byte of the small ones; gives how many files there were.
int compare_files(XmlComparison& comparison, const fs::path& folder) {
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = read_file(entry.path());
    EXPECT_EQ(comparison.difference(bytes, {}), "") << entry.path();
    for (std::size_t cut = 0; bytes.size() <= 600 && cut < bytes.size(); ++cut) {
      EXPECT_EQ(comparison.difference(Bytes(bytes).substr(0, cut), {}), "") << entry.path() << " cut after " << cut;
    }
    ++files;
  }
  return files;
}

TEST(XmlDifferential, every_file_of_the_w3c_suite_is_read_alike) {
  const fs::path folder = fs::path(TONGQU_SOURCE_DIR) / "../shared/corpora/xml/files";
  if (!fs::exists(folder)) GTEST_SKIP() << "corpora not present";
  XmlComparison comparison;
  EXPECT_GE(compare_files(comparison, folder), 2571);
}

TEST(XmlDifferential, every_sample_and_bad_input_of_the_repository_is_read_alike) {
  XmlComparison comparison;
  for (const char* folder : {"connectors", "sdk/test/badinput", "sdk/test/bench/packs", "sdk/test/fuzz/inputs"}) {
    EXPECT_GT(compare_files(comparison, fs::path(TONGQU_SOURCE_DIR) / folder), 0) << folder;
  }
  EXPECT_GT(comparison.accepted(), 10u);
}

TEST(XmlDifferential, inputs_made_from_a_seed_are_read_alike) {
  for (const std::uint64_t seed : {20261124u, 4u}) {
    XmlMutator mutator(seed);
    XmlComparison comparison;
    int disagreements = 0;
    for (int i = 0; i < 30000 && disagreements < 5; ++i) {
      const XmlInput& input = mutator.next();
      const std::string difference = comparison.difference(input.bytes, input.options);
      EXPECT_EQ(difference, "") << "seed " << seed << " input " << i << ": " << printable(input.bytes);
      disagreements += difference.empty() ? 0 : 1;
    }
    // Neither side of the comparison may starve.
    EXPECT_GT(comparison.accepted(), 5000u);
    EXPECT_GT(comparison.refused(), 5000u);
  }
}

void append_code(std::string& out, unsigned code) {
  const auto add = [&out](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return add(code);
  if (code < 0x800) add(0xC0 | code >> 6);
  else if (code < 0x10000) add(0xE0 | code >> 12);
  else add(0xF0 | code >> 18);
  if (code >= 0x10000) add(0x80 | (code >> 12 & 0x3F));
  if (code >= 0x800) add(0x80 | (code >> 6 & 0x3F));
  add(0x80 | (code & 0x3F));
}

/// Surrogates and what is no character among them.
TEST(XmlDifferential, every_code_point_is_taken_alike_in_names_text_and_values) {
  XmlComparison comparison;
  std::size_t names = 0;
  for (unsigned code = 0; code < 0x11000; ++code) {
    std::string character;
    append_code(character, code);
    const std::size_t before = comparison.accepted();
    for (const std::string& xml : {"<" + character + "/>", "<a" + character + "/>"}) ASSERT_EQ(comparison.difference(xml, {}), "") << code;
    names += comparison.accepted() - before;
    for (const std::string& xml : {"<a b='" + character + "'>" + character + "</a>", "<a><!--" + character + "--><?p " + character + "?></a>",
                                   "<a>&#" + std::to_string(code) + ";</a>"}) {
      ASSERT_EQ(comparison.difference(xml, {}), "") << code;
    }
  }
  EXPECT_GT(names, 60000u);
}

/// All short texts of the bytes that matter, at every kind of place.
TEST(XmlDifferential, all_triples_of_telling_bytes_are_read_alike_everywhere) {
  constexpr std::string_view kAlphabet = "<>&;'\"=/!?-[]#x: \r\na1%\x01\xE4\xB8\x80\xFF";
  struct Place { std::string_view before; std::string_view after; };
  constexpr Place kPlaces[] = {{"", "<a/>"},     {"<a/>", ""},      {"<a>", "</a>"},          {"<a>x", ""},
                               {"<a ", "/>"},    {"<a b='", "'/>"}, {"<a b", "='1'/>"},       {"<a>x</", ">"},
                               {"<a><!--", "--></a>"}, {"<a><![CDATA[", "]]></a>"}, {"<a><?p", "?></a>"}, {"<?xml version='1.0'", "?><a/>"},
                               {"<a>&", ";</a>"}, {"<a><!", "></a>"}, {"<", ""}};
  constexpr std::size_t kBytes = kAlphabet.size();
  XmlComparison comparison;
  for (const Place& place : kPlaces) {
    for (std::size_t i = 0; i < kBytes * kBytes * kBytes; ++i) {
      std::string xml(place.before);
      for (const std::size_t digit : {i % kBytes, i / kBytes % kBytes, i / kBytes / kBytes}) xml += kAlphabet[digit];
      xml += place.after;
      ASSERT_EQ(comparison.difference(xml, {}), "") << printable(xml);
    }
  }
}

TEST(XmlDifferential, many_prefixes_and_attributes_are_told_apart_alike) {
  XmlComparison comparison;
  std::string declarations, attributes, uses;
  for (int i = 0; i < 60; ++i) {
    const std::string number = std::to_string(i);
    declarations += " xmlns:p" + number + "='urn:" + std::to_string(i % 50) + "'";
    attributes += " a" + number + "='" + number + "'";
    if (i < 50) uses += " p" + number + ":n='" + number + "'";
  }
  const std::string good = "<r" + declarations + "><a" + attributes + uses + "/><p59:a xmlns:p59='urn:x'/><p59:a/></r>";
  EXPECT_EQ(comparison.difference(good, {}), "");
  EXPECT_EQ(comparison.accepted(), 1u);
  for (const std::string& bad : {"<r" + declarations + "><a" + attributes + uses + " p55:n=''/></r>",
                                 "<r" + declarations + "><a" + attributes + " a7=''/></r>",
                                 "<r" + declarations + "><p60:a/></r>", "<r" + declarations + " xmlns:p3='x'/>"}) {
    EXPECT_EQ(comparison.difference(bad, {}), "");
  }
  EXPECT_EQ(comparison.refused(), 4u);
}

/// The first NULs of UTF-16 without a mark, behind a mark, and in a document carried in a string: Expat would read on in UTF-16.
TEST(XmlDifferential, a_nul_at_the_start_lets_no_utf16_in) {
  wire::XmlOptions options;
  for (const wire::XmlEngine engine : {wire::XmlEngine::expat, wire::XmlEngine::scanner}) {
    options.engine = engine;
    options.declared_encoding_ignored = false;
    for (const std::string_view bytes : {"\n\0<\0a\0/\0>\0"sv, "\0\n\0<\0a\0/\0>"sv, " \0<a/>"sv}) {
      const auto refused = wire::parse_xml(bytes, options);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().id(), "wire.xml_encoding");
      EXPECT_EQ(refused.error().where(), "1:1");
    }
    options.declared_encoding_ignored = true;
    const auto inner = wire::parse_xml("<\0a\0/\0>\0"sv, options);
    ASSERT_FALSE(inner);
    EXPECT_EQ(inner.error().id(), "wire.xml_character");
    EXPECT_EQ(inner.error().where(), "1:2");
  }
}

} // namespace
} // namespace tongqu::test
