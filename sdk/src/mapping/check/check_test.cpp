#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <random>

#include "mapping/test_support.hpp"
#include "tongqu/mapping/check.hpp"

namespace tongqu::mapping {
namespace {

namespace fs = std::filesystem;

const fs::path kCases = fs::path(TONGQU_SOURCE_DIR) / "sdk/src/mapping/check/testdata";

/// Checks one pack as strictly as can be; a target.yaml beside it, or in the folder above, is what the pack is for.
CheckReport check(const fs::path& folder) {
  CheckOptions options;
  options.environment.reference_date.year = 2150;
  for (const fs::path& file : {folder / "target.yaml", folder.parent_path() / "target.yaml"}) {
    if (fs::exists(file)) options.targets.push_back({file.string(), true});
  }
  auto report = check_pack(folder.string(), options);
  EXPECT_TRUE(report) << folder;
  return report ? std::move(*report) : CheckReport();
}

std::string line_of(const Finding& finding) {
  return std::string(severity_name(finding.severity)) + " " + std::string(errc_row(finding.id).id) + " " + finding.source.part + ":" +
         std::to_string(finding.source.line) + ":" + std::to_string(finding.source.column) + " " + finding.path;
}

std::vector<std::string> lines_of(const CheckReport& report) {
  std::vector<std::string> lines;
  for (const Finding& finding : report.findings) lines.push_back(line_of(finding));
  return lines;
}

std::vector<std::string> wanted_lines(const fs::path& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::vector<fs::path> cases() {
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator(kCases)) all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  return all;
}

TEST(Check, each_broken_pack_says_what_the_file_beside_it_says) {
  ASSERT_GE(cases().size(), 15u);
  for (const fs::path& one : cases()) {
    EXPECT_EQ(joined(lines_of(check(one / "bad"))), joined(wanted_lines(one / "expected.txt"))) << one.filename();
  }
}

TEST(Check, each_good_twin_is_silent) {
  for (const fs::path& one : cases()) EXPECT_EQ(joined(lines_of(check(one / "good"))), "") << one.filename();
}

TEST(Check, everything_has_a_place_and_both_languages) {
  for (const fs::path& one : cases()) {
    for (const Finding& finding : check(one / "bad").findings) {
      EXPECT_NE(finding.source.line, 0u) << line_of(finding);
      EXPECT_NE(finding.source.column, 0u) << line_of(finding);
      EXPECT_FALSE(finding.rule.empty()) << line_of(finding);
      EXPECT_EQ(finding.expected.en.empty(), finding.expected.zh.empty()) << line_of(finding);
      EXPECT_EQ(finding.suggestion.en.empty(), finding.suggestion.zh.empty()) << line_of(finding);
    }
  }
}

/// Every platform of the tree as `tongqu map check` takes them when none is named.
std::vector<CheckTarget> platforms() {
  std::vector<CheckTarget> targets;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(TONGQU_SOURCE_DIR) / "connectors/platforms")) {
    if (entry.path().parent_path().filename() == "targets" && entry.path().extension() == ".yaml") targets.push_back({entry.path().string(), false});
  }
  return targets;
}

TEST(Check, every_pack_of_the_tree_is_clean_for_every_platform) {
  CheckOptions options;
  options.environment.reference_date.year = 2150;
  options.targets = platforms();
  ASSERT_GE(options.targets.size(), 2u);
  std::size_t packs = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(TONGQU_SOURCE_DIR) / "connectors/packs")) {
    const auto report = check_pack(entry.path().string(), options);
    ASSERT_TRUE(report) << entry.path();
    for (const Finding& finding : report->findings) {
      if (finding.severity >= Severity::warn) ADD_FAILURE() << entry.path().filename() << ": " << line_of(finding) << "\n  " << describe(finding, Lang::en);
    }
    ++packs;
  }
  EXPECT_GE(packs, 13u);
}

/// Breaks one file of a pack: a piece goes, stands twice, or changes places with the sign beside it.
std::string broken(std::string text, std::mt19937& random) {
  if (text.size() < 8) return text;
  const std::size_t at = random() % (text.size() - 4);
  const std::size_t size = 1 + random() % 4;
  switch (random() % 3) {
    case 0: text.erase(at, size); break;
    case 1: text.insert(at, text.substr(at, size)); break;
    default: std::swap(text[at], text[at + 1]); break;
  }
  return text;
}

TEST(Check, a_pack_that_is_broken_anywhere_is_reported_and_never_breaks_the_checker) {
  constexpr unsigned kSeed = 20990105;
  std::mt19937 random(kSeed);
  const test::TempFolder folder;
  for (const fs::path& one : cases()) {
    fs::copy(one / "bad", folder.path(), fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    for (const char* name : {"m.yaml", "pack.yaml"}) {
      std::ifstream in(one / "bad" / name, std::ios::binary);
      const std::string text(std::istreambuf_iterator<char>(in), {});
      for (int i = 0; i < 30; ++i) {
        folder.write(name, broken(text, random));
        const CheckReport report = check(folder.path());
        EXPECT_TRUE(report.pack || report.errors() != 0) << one.filename() << " seed " << kSeed;
        EXPECT_FALSE(sarif_json(report).empty());
      }
      folder.write(name, text);
    }
  }
}

TEST(Check, a_folder_without_a_pack) {
  const auto report = check_pack((kCases / "nothing").string(), {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().id(), "mapping.pack_missing");
}

} // namespace
} // namespace tongqu::mapping
