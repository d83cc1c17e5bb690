#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "tongqu/wire/json.hpp"

// Judge: JSONTestSuite. The table below is the one of docs/reference/json-decisions.md.
namespace tongqu::wire {
namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::string>& decisions() {
  static const std::map<std::string, std::string> table = {
    {"y_object_duplicated_key", "wire.json_duplicate_key"},
    {"y_object_duplicated_key_and_value", "wire.json_duplicate_key"},
    {"y_object_escaped_null_in_key", "wire.json_character"},
    {"y_string_null_escape", "wire.json_character"},
    {"i_number_double_huge_neg_exp", "wire.json_number"},
    {"i_number_huge_exp", "wire.json_number"},
    {"i_number_neg_int_huge_exp", "wire.json_number"},
    {"i_number_pos_double_huge_exp", "wire.json_number"},
    {"i_number_real_neg_overflow", "wire.json_number"},
    {"i_number_real_pos_overflow", "wire.json_number"},
    {"i_number_real_underflow", "wire.json_number"},
    {"i_number_too_big_neg_int", "accepted"},
    {"i_number_too_big_pos_int", "accepted"},
    {"i_number_very_big_negative_int", "accepted"},
    {"i_object_key_lone_2nd_surrogate", "wire.json_character"},
    {"i_string_1st_surrogate_but_2nd_missing", "wire.json_character"},
    {"i_string_1st_valid_surrogate_2nd_invalid", "wire.json_character"},
    {"i_string_UTF-16LE_with_BOM", "wire.encoding_invalid"},
    {"i_string_UTF-8_invalid_sequence", "wire.encoding_invalid"},
    {"i_string_UTF8_surrogate_U+D800", "wire.encoding_invalid"},
    {"i_string_incomplete_surrogate_and_escape_valid", "wire.json_character"},
    {"i_string_incomplete_surrogate_pair", "wire.json_character"},
    {"i_string_incomplete_surrogates_escape_valid", "wire.json_character"},
    {"i_string_invalid_lonely_surrogate", "wire.json_character"},
    {"i_string_invalid_surrogate", "wire.json_character"},
    {"i_string_invalid_utf-8", "wire.encoding_invalid"},
    {"i_string_inverted_surrogates_U+1D11E", "wire.json_character"},
    {"i_string_iso_latin_1", "wire.encoding_invalid"},
    {"i_string_lone_second_surrogate", "wire.json_character"},
    {"i_string_lone_utf8_continuation_byte", "wire.encoding_invalid"},
    {"i_string_not_in_unicode_range", "wire.encoding_invalid"},
    {"i_string_overlong_sequence_2_bytes", "wire.encoding_invalid"},
    {"i_string_overlong_sequence_6_bytes", "wire.encoding_invalid"},
    {"i_string_overlong_sequence_6_bytes_null", "wire.encoding_invalid"},
    {"i_string_truncated-utf-8", "wire.encoding_invalid"},
    {"i_string_utf16BE_no_BOM", "wire.json_syntax"},
    {"i_string_utf16LE_no_BOM", "wire.json_syntax"},
    {"i_structure_500_nested_arrays", "wire.json_depth"},
    {"i_structure_UTF-8_BOM_empty_object", "wire.json_syntax"},
  };
  return table;
}

std::string outcome_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto document = parse_json(text);
  return document ? "accepted" : std::string(document.error().id());
}

TEST(JsonCorpus, every_file_of_the_json_test_suite_gets_its_decided_outcome) {
  const fs::path folder = fs::path(TONGQU_SOURCE_DIR) / "../shared/corpora/json/test_parsing";
  if (!fs::exists(folder)) GTEST_SKIP() << "corpora not present";
  std::map<char, int> seen;
  int accepted_y = 0;
  for (const auto& file : fs::directory_iterator(folder)) {
    const std::string name = file.path().stem().string();
    const std::string outcome = outcome_of(file.path());
    ++seen[name[0]];
    const auto decided = decisions().find(name);
    if (decided != decisions().end()) {
      EXPECT_EQ(outcome, decided->second) << name;
    } else if (name[0] == 'y') {
      EXPECT_EQ(outcome, "accepted") << name;
      ++accepted_y;
    } else {
      EXPECT_EQ(name[0], 'n') << name << " has no decision";
      EXPECT_NE(outcome, "accepted") << name;
    }
  }
  EXPECT_EQ(seen['n'], 188);
  EXPECT_EQ(seen['y'], 95);
  EXPECT_EQ(seen['i'], 35);
  EXPECT_EQ(accepted_y, 91);
}

TEST(JsonCorpus, the_written_table_of_decisions_is_the_one_tested) {
  std::ifstream in(fs::path(TONGQU_SOURCE_DIR) / "docs/reference/json-decisions.md");
  ASSERT_TRUE(in);
  std::map<std::string, std::string> written;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("| `", 0) != 0) continue;
    const auto name_end = line.find('`', 3);
    const auto second = line.find("| ", name_end) + 2;
    written[line.substr(3, name_end - 3)] = line.substr(second, line.find(" |", second) - second);
  }
  EXPECT_EQ(written, decisions());
}

} // namespace
} // namespace tongqu::wire
