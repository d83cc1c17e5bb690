#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "mapping/reverse/law_generator.hpp"
#include "mapping/test_support.hpp"
#include "mapping/yaml_reader.hpp"
#include "tongqu/mapping/reverse.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::mapping::test {
namespace {

namespace fs = std::filesystem;
const fs::path kPacks = fs::path(TONGQU_SOURCE_DIR) / "connectors/packs";

std::shared_ptr<const Pack> load_pack(const std::string& name) {
  Findings mistakes;
  auto pack = Pack::load((kPacks / name).string(), {}, mistakes);
  for (const Finding& finding : mistakes) {
    if (finding.severity == Severity::error) ADD_FAILURE() << name << " " << finding.source.part << ":" << finding.source.line << " " << describe(finding, Lang::en);
  }
  return pack ? *pack : nullptr;
}

std::string bytes_of(const fs::path& file) { return detail::read_file(file.string()).value_or(""); }

/// Every record that stands beside a message, in every pack.
std::vector<fs::path> records() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(kPacks)) {
    if (entry.path().string().find(".record.json") != std::string::npos) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

fs::path message_of(const fs::path& record) {
  std::string stem = record.string();
  stem.resize(stem.size() - std::string(".record.json").size());
  for (const char* end : {".in.xml", ".in.json", ".in.txt"}) {
    if (fs::exists(stem + end)) return stem + end;
  }
  return {};
}

std::string mapping_of(const fs::path& record) { return record.filename().string().find("result-notice") == std::string::npos ? "" : record.string().find("qinglan") != std::string::npos ? "qinglan.notice" : "yunxi.notice"; }

TEST(ReversePacks, records_become_the_messages_that_were_written_by_hand) {
  std::size_t compared = 0;
  for (const fs::path& record : records()) {
    const auto pack = load_pack(record.parent_path().parent_path().filename().string());
    ASSERT_TRUE(pack);
    Workspace workspace;
    const auto made = pack->reverse(bytes_of(record), mapping_of(record), environment(), workspace);
    ASSERT_TRUE(made) << record << describe(made.error());
    EXPECT_EQ(made->verdict, RecordVerdict::accepted) << record << " " << ids(made->findings);
    EXPECT_EQ(made->bytes, bytes_of(message_of(record))) << record;
    ++compared;
  }
  EXPECT_GE(compared, 5u);
}

/// 500 records for each mapping here; scripts and the command run 10,000.
TEST(ReversePacks, the_laws_hold) {
  const char* more = std::getenv("TONGQU_LAW_RECORDS");
  LawOptions options;
  options.records = more == nullptr ? 500 : static_cast<std::size_t>(std::strtoul(more, nullptr, 10));
  options.seed = 20261129;
  for (const char* name : {"qinglan-spxt", "yunxi-zwfw", "linhu-onewin", "shuangxi-zwfw"}) {
    const auto pack = load_pack(name);
    ASSERT_TRUE(pack);
    Workspace workspace;
    const auto reports = pack->check_laws(options, environment(), workspace);
    ASSERT_TRUE(reports) << name;
    std::size_t samples = 0;
    for (const LawReport& report : *reports) {
      std::string all;
      for (const std::string& failure : report.failures) all += failure + "\n";
      for (const std::string& field : report.never) all += "never " + field + "\n";
      EXPECT_EQ(all, "") << report.mapping;
      EXPECT_EQ(report.records, options.records);
      samples += report.samples;
      // The samples of a pack that is extended are judged with it.
      EXPECT_TRUE(report.samples != 0 || name == std::string("shuangxi-zwfw")) << report.mapping;
    }
    EXPECT_GT(samples, 0u) << name;
  }
}

/// Whatever stands in a record: an answer, and when it is a message, one that the pack reads as that record.
TEST(ReversePacks, broken_records_are_answered_and_never_become_another_message) {
  static constexpr std::string_view kPieces[] = {"\"", "\\u0000", "\\uD800", "]]>", "&", "<", "null", "[]", "{}", "9999999999999999999", "-1", "\xFF", "\\r\\n", "\xF0\xA0\xAE\xB7", "\xEE\x9E\x8D", "", ","};
  detail::Dice dice(7);
  std::size_t messages = 0, held = 0, refused = 0;
  for (const fs::path& record : records()) {
    const auto pack = load_pack(record.parent_path().parent_path().filename().string());
    ASSERT_TRUE(pack);
    const std::string good = bytes_of(record);
    Workspace workspace;
    for (int i = 0; i < 300; ++i) {
      std::string text = good;
      for (std::size_t edits = 1 + dice.below(2); edits > 0; --edits) {
        const std::size_t at = dice.below(text.size());
        text.replace(at, dice.below(4), kPieces[dice.below(std::size(kPieces))]);
      }
      const auto made = pack->reverse(text, mapping_of(record), environment(), workspace);
      if (!made) {
        ++refused;
        EXPECT_FALSE(std::string(made.error().id()).empty());
        continue;
      }
      if (made->verdict != RecordVerdict::accepted) {
        ++held;
        EXPECT_TRUE(made->bytes.empty());
        EXPECT_TRUE(made->findings.has_errors());
        continue;
      }
      ++messages;
      // Whatever was changed, the message is one that the peer's own format allows: its outer layer is read by the gates.
      const bool json = made->content_type == "application/json";
      const bool reads = json ? wire::parse_json(made->bytes).has_value() : wire::parse_xml(made->bytes).has_value();
      EXPECT_TRUE(reads) << record;
    }
  }
  EXPECT_GT(messages, 20u);
  EXPECT_GT(held, 50u);
  EXPECT_GT(refused, 50u);
}

} // namespace
} // namespace tongqu::mapping::test
