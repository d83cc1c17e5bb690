#include "bridge/setup.hpp"

#include <gtest/gtest.h>

#include "bridge/back_target.hpp"
#include "bridge/test_support.hpp"

namespace tongqu::bridge::detail {
namespace {

class SiteFiles : public testing::Test {
protected:
  /// "id file:line path" of each mistake.
  std::string mistakes_of(const Config& config) {
    Findings mistakes;
    const auto loaded = load_site_data(config, mistakes);
    EXPECT_FALSE(loaded);
    std::string all;
    for (const Finding& one : mistakes) {
      all += std::string(errc_row(one.id).id) + " " + one.source.part.substr(one.source.part.rfind('/') + 1) + ":" + std::to_string(one.source.line) + " " + one.path + "\n";
    }
    return all;
  }
  SiteDataPtr good(const Config& config) {
    Findings mistakes;
    return test::good(load_site_data(config, mistakes));
  }
  test::TempFolder folder_;
};

TEST_F(SiteFiles, are_what_packs_look_up) {
  Config config;
  config.catalogues = {{"item", folder_.write("items.csv", "code,name\nA-1,甲\n")}, {"organisation", folder_.write("o.csv", "code,name\nO-1,机关\n")}};
  config.calendar.division = "990000";
  config.calendar.files = {folder_.write("c.csv", "division,990000\nyear,2151\nnotice,synthetic\n2151-01-01,holiday,a\n")};
  const SiteDataPtr site = good(config);
  EXPECT_EQ(site->lookup->find("item", "A-1", "name").value(), "甲");
  EXPECT_EQ(site->lookup->find("organisation", "O-1", "name").value(), "机关");
  EXPECT_EQ(site->lookup->find("division", "1", "name").error().id(), "mapping.lookup_missing");
  const auto day = [](int month, int number) { return model::Day::of(2151, month, number).value(); };
  EXPECT_FALSE(site->working_days.works(day(1, 1)).value());
  // 2151-01-04 is a Monday (cal 1 2151).
  EXPECT_TRUE(site->working_days.works(day(1, 4)).value());
  EXPECT_FALSE(SiteData::published()->working_days.works(day(1, 4)).has_value()) << "nobody has published that year";
  Config other = config;
  other.calendar.division = "990100";
  EXPECT_NE(good(other)->digest, site->digest);
  EXPECT_EQ(good(config)->digest, site->digest);
}

TEST_F(SiteFiles, tell_all_their_mistakes_at_once) {
  Config config;
  config.catalogues = {{"item", folder_.write("items.csv", "code,name\na,b,c\n")}, {"organisation", folder_.file("none.csv")}};
  config.calendar.files = {folder_.write("c.csv", "division,990000\nyear,2151\nnotice,s\n2151-13-01,holiday,a\n"), folder_.file("none2.csv")};
  EXPECT_EQ(mistakes_of(config), "mapping.table_invalid items.csv:2 lookup.item\nbase.file_unreadable none.csv:0 lookup.organisation\n"
                                 "model.calendar_invalid c.csv:4 calendar.files\nbase.file_unreadable none2.csv:0 calendar.files\n");
}

TEST_F(SiteFiles, are_not_needed) {
  EXPECT_EQ(good(Config()), SiteData::published());
  EXPECT_EQ(SiteData::published()->lookup, nullptr);
}

TEST(CallBackText, gives_back_what_was_put_in) {
  const CallBackMessage message{true, "text/xml; charset=gb2312", {{"SOAPAction", "\"a: b\""}, {"x-case", ""}}, "first\nown\n\0 last"};
  const auto back = unpack_call_back(pack_call_back(message));
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->own);
  EXPECT_EQ(back->content_type, message.content_type);
  EXPECT_EQ(back->headers, message.headers);
  EXPECT_EQ(back->bytes, message.bytes);
  for (const char* bad : {"", "own", "own\ntext/xml\n", "own\ntext/xml\nx\nbody", "own\ntext/xml\n1\nbody", "theirs\ntext/xml\n0\nbody"}) EXPECT_FALSE(unpack_call_back(bad)) << bad;
}

} // namespace
} // namespace tongqu::bridge::detail
