#include "tongqu/wire/archive.hpp"

#include <gtest/gtest.h>

#include "wire/archive/test_archives.hpp"

namespace tongqu::wire::test {
namespace {

std::string bytes_of(std::string_view base64) { return *from_base64(base64); }

std::string gunzipped(const std::string& packed, const ArchiveLimits& limits = {}) {
  std::string out;
  const auto done = gunzip_into(out, packed, limits);
  return done ? out : std::string(done.error().id()) + " " + done.error().detail();
}

/// Names and contents, or the id of what went wrong.
std::string listed(const std::string& bytes, const ZipOptions& options = {}) {
  Findings findings;
  auto archive = ZipReader::open(bytes, options, findings);
  if (!archive) return std::string(archive.error().id()) + " " + archive.error().detail();
  std::string all, content;
  for (const ZipEntry& entry : archive->entries()) {
    const auto read = archive->read_into(content, entry);
    all += entry.name + "=" + (read ? content : std::string(read.error().id())) + ";";
  }
  for (const Finding& finding : findings) all += std::string(errc_row(finding.id).id);
  return all;
}

TEST(Gzip, members_are_joined_and_proved) {
  EXPECT_EQ(gunzipped(bytes_of(kGzip)), "<bj><no>C1</no></bj>");
  EXPECT_EQ(gunzipped(bytes_of(kGzipTwoMembers)), "<bj><no>C1</no></bj>");
}

TEST(Gzip, cut_broken_and_trailing_bytes_are_refused) {
  const std::string good = bytes_of(kGzip);
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_EQ(gunzipped(good.substr(0, size)), "wire.gzip_invalid ") << size;
  std::string bad = good;
  bad[bad.size() - 6] ^= 1;
  EXPECT_EQ(gunzipped(bad), "wire.archive_checksum ");
  bad = good;
  bad[bad.size() - 2] ^= 1;
  EXPECT_EQ(gunzipped(bad), "wire.archive_checksum ");
  EXPECT_EQ(gunzipped(good + "x"), "wire.gzip_invalid ");
  EXPECT_EQ(gunzipped("<bj/>"), "wire.gzip_invalid ");
}

TEST(Gzip, a_bomb_stops_at_the_limit) {
  const std::string bomb = bytes_of(kBombGzip);
  EXPECT_EQ(gunzipped(bomb), "wire.archive_limit ratio");
  ArchiveLimits loose;
  loose.ratio_max = 2000;
  loose.bytes_max = 999999;
  EXPECT_EQ(gunzipped(bomb, loose), "wire.archive_limit bytes");
  loose.bytes_max = 1000000;
  EXPECT_EQ(gunzipped(bomb, loose).size(), 1000000u);
}

TEST(Zip, reads_stored_and_deflated_files) {
  EXPECT_EQ(listed(bytes_of(kZip)), "a.xml=<bj><no>C1</no></bj>;b/c.xml=<bj><no>C2</no></bj>;readme.txt=x;");
  EXPECT_EQ(listed(bytes_of(kStoredZip)), "a.xml=<bj><no>C1</no></bj>;");
}

TEST(Zip, names_are_utf8_by_flag_or_as_declared) {
  EXPECT_EQ(listed(bytes_of(kUtf8Zip)), "案件.xml=<bj><no>C3</no></bj>;");
  ZipOptions gbk;
  gbk.names = Encoding::gb18030;
  EXPECT_EQ(listed(bytes_of(kGbkZip), gbk), "案件.xml=<bj><no>C3</no></bj>;wire.zip_name_legacy");
  EXPECT_EQ(listed(bytes_of(kUtf8Zip), gbk), "案件.xml=<bj><no>C3</no></bj>;");
  EXPECT_EQ(listed(bytes_of(kGbkZip)), "wire.zip_name encoding");
  EXPECT_EQ(listed(bytes_of(kBackslashZip)), "d1/a.xml=1;");
}

TEST(Zip, names_that_climb_or_double_and_links_are_refused) {
  EXPECT_EQ(listed(bytes_of(kClimbingZip)), "wire.zip_name ");
  EXPECT_EQ(listed(bytes_of(kAbsoluteZip)), "wire.zip_name ");
  EXPECT_EQ(listed(bytes_of(kTwiceZip)), "wire.zip_name twice");
  EXPECT_EQ(listed(bytes_of(kLinkZip)), "wire.zip_feature link");
}

TEST(Zip, bombs_stop_at_ratio_bytes_and_entries) {
  EXPECT_EQ(listed(bytes_of(kBombZip)), "a.xml=wire.archive_limit;");
  ZipOptions options;
  options.limits.ratio_max = 2000;
  EXPECT_EQ(listed(bytes_of(kBombZip), options).size(), 1000007u);
  options.limits.bytes_max = 999999;
  EXPECT_EQ(listed(bytes_of(kBombZip), options), "a.xml=wire.archive_limit;");
  options.limits.entries_max = 2;
  EXPECT_EQ(listed(bytes_of(kZip), options), "wire.archive_limit entries");
}

TEST(Zip, all_files_together_stay_under_the_limit) {
  ZipOptions options;
  options.limits.bytes_max = 39;
  EXPECT_EQ(listed(bytes_of(kZip), options), "a.xml=<bj><no>C1</no></bj>;b/c.xml=wire.archive_limit;readme.txt=x;");
}

TEST(Zip, every_changed_byte_is_noticed_or_harmless) {
  const std::string good = bytes_of(kStoredZip);
  const std::string whole = listed(good);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x41);
    const std::string got = listed(bad);
    // Nothing but the name and times may change without a refusal; the content never.
    const bool refused = got.find("wire.") != std::string::npos;
    EXPECT_TRUE(refused || got.find("=<bj><no>C1</no></bj>;") != std::string::npos) << i;
  }
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_NE(listed(good.substr(0, size)).find("wire.zip"), std::string::npos) << size;
  EXPECT_EQ(listed(good), whole);
}

TEST(Zip, checksum_encryption_and_overlap_are_refused) {
  std::string bad = bytes_of(kStoredZip);
  bad[36] ^= 1;   // First byte of the stored file.
  EXPECT_EQ(listed(bad), "a.xml=wire.archive_checksum;");
  std::string sealed = bytes_of(kStoredZip);
  sealed[sealed.find("PK\x01\x02") + 8] |= 1;
  EXPECT_EQ(listed(sealed), "wire.zip_feature encrypted");
  EXPECT_EQ(listed(bytes_of(kOverlapZip)), "wire.zip_invalid overlap");
  std::string crossed = bytes_of(kZip);
  const std::size_t second = crossed.find("PK\x01\x02", crossed.find("PK\x01\x02") + 4);
  for (std::size_t k = 0; k < 4; ++k) crossed[second + 42 + k] = 0;   // The second file points at the first.
  EXPECT_EQ(listed(crossed), "wire.zip_invalid local name");
}

TEST(Names, patterns_match_whole_characters) {
  EXPECT_TRUE(name_matches("a.xml", "*.xml"));
  EXPECT_TRUE(name_matches("b/c.xml", "*.xml"));
  EXPECT_TRUE(name_matches("b/c.xml", "b/*"));
  EXPECT_FALSE(name_matches("b/c.xml", "a/*"));
  EXPECT_TRUE(name_matches("案件1.xml", "案?1.*"));
  EXPECT_FALSE(name_matches("案件1.xml", "案1.*"));
  EXPECT_TRUE(name_matches("aXbXc", "a*b*c"));
  EXPECT_FALSE(name_matches("a.xml.ok", "*.xml"));
}

TEST(Base64, each_tolerance_is_its_own_switch) {
  const auto read = [](std::string_view text, Base64Tolerance tolerance) {
    Base64Used used;
    const auto bytes = read_base64(text, tolerance, used);
    if (!bytes) return std::string(bytes.error().id()) + " " + bytes.error().where();
    return *bytes + (used.breaks ? " breaks" : "") + (used.padding ? " padding" : "") + (used.url ? " url" : "") + (used.data_uri ? " data" : "");
  };
  Base64Tolerance breaks, padding, url, data;
  breaks.breaks = padding.padding = url.url = data.data_uri = true;
  EXPECT_EQ(read("aGVsbG8=", {}), "hello");
  EXPECT_EQ(read("aGVsbG8=", breaks), "hello");
  EXPECT_EQ(read("aGVs\r\n bG8=", {}), "base.base64_invalid offset 4");
  EXPECT_EQ(read("aGVs\r\n bG8=\n", breaks), "hello breaks");
  EXPECT_EQ(read("aGVs\r\n bG!=", breaks), "base.base64_invalid offset 9");
  EXPECT_EQ(read("aGVsbG8", {}), "base.base64_invalid offset 7");
  EXPECT_EQ(read("aGVsbG8", padding), "hello padding");
  EXPECT_EQ(read("aGVsbG8==", padding), "hello padding");
  EXPECT_EQ(read("aGVsb", padding), "base.base64_invalid offset 5");
  EXPECT_EQ(read("_-8=", {}), "base.base64_invalid offset 0");
  EXPECT_EQ(read("_-8=", url), "\xFF\xEF url");
  EXPECT_EQ(read("/+8=", url), "\xFF\xEF");
  EXPECT_EQ(read("data:image/png;base64,aGk=", {}), "base.base64_invalid offset 4");
  EXPECT_EQ(read("data:image/png;base64,aGk=", data), "hi data");
  EXPECT_EQ(read("data:image/png;base64,aG!=", data), "base.base64_invalid offset 24");
}

} // namespace
} // namespace tongqu::wire::test
