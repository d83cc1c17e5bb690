#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "tongqu/wire/xml.hpp"

namespace tongqu::wire {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(TONGQU_SOURCE_DIR) / "../shared/corpora/xml";

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The W3C suite: no document that is not well formed, has a DOCTYPE or says XML 1.1 gets in; the others do.
TEST(XmlCorpus, every_file_of_the_w3c_suite_is_judged_as_its_list_says) {
  std::ifstream list(kFolder / "cases.tsv");
  if (!list) GTEST_SKIP() << "corpora not present";
  std::map<std::string, int> judged;
  std::string line;
  while (std::getline(list, line)) {
    std::istringstream columns(line);
    std::string verdict, kind, path;
    ASSERT_TRUE(std::getline(columns, verdict, '\t') && std::getline(columns, kind, '\t') && std::getline(columns, path));
    ASSERT_TRUE(fs::exists(kFolder / "files" / path)) << path;
    const std::string bytes = read_file(kFolder / "files" / path);
    for (const XmlEngine engine : {XmlEngine::expat, XmlEngine::scanner}) {
      XmlOptions options;
      options.engine = engine;
      const Result<Document> document = parse_xml(bytes, options);
      EXPECT_EQ(document.has_value() ? "accept" : "refuse", verdict) << path << (document ? "" : " " + describe(document.error()));
      if (document) continue;
      EXPECT_EQ(document.error().id().substr(0, 5), "wire.") << path;
      EXPECT_NE(document.error().where(), "") << path;
    }
    ++judged[verdict];
  }
  EXPECT_EQ(judged["refuse"], 2508);
  EXPECT_EQ(judged["accept"], 63);
}

} // namespace
} // namespace tongqu::wire
