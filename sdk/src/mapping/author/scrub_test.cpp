#include <gtest/gtest.h>

#include "mapping/author/characters.hpp"
#include "mapping/author/synthetic.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/mapping/author.hpp"
#include "tongqu/model/identifiers.hpp"
#include "tongqu/wire/encoding.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::mapping::author {
namespace {

const Synthesiser kMaker("seed");

TEST(Synthesiser, numbers_keep_their_form_and_their_verdict) {
  const std::string good = kMaker.value("zjhm", "100000209901010013");
  EXPECT_NE(good, "100000209901010013");
  EXPECT_EQ(good.substr(0, 8), "99000021");
  EXPECT_TRUE(model::check_resident_id(good)) << good;
  const std::string bad = kMaker.value("zjhm", "100000209901010010");
  EXPECT_EQ(bad.size(), 18u);
  EXPECT_FALSE(model::check_resident_id(bad)) << bad;
  EXPECT_TRUE(model::check_uscc(kMaker.value("xydm", "91990000MA0000007X")));
  EXPECT_FALSE(model::check_uscc(kMaker.value("xydm", "91990000MA00000071")));
  const std::string wide = kMaker.value("zjhm", "　１００００020990101001３ ");
  EXPECT_EQ(wide.substr(0, 3), "　");
  EXPECT_EQ(wide.back(), ' ');
  EXPECT_EQ(wide.find("９９００００"), std::string::npos);
  EXPECT_EQ(wide.substr(3, 18), "９９０００0" + wide.substr(19, 2)) << wide;
  EXPECT_EQ(kMaker.value("task", "91990000ma0000007x").find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), std::string::npos);
}

TEST(Synthesiser, the_same_value_becomes_the_same_and_words_of_offices_stay) {
  EXPECT_EQ(kMaker.value("sqrmc", "欧阳静怡"), kMaker.value("lxr", "欧阳静怡"));
  EXPECT_NE(kMaker.value("sqrmc", "欧阳静怡"), Synthesiser("other").value("sqrmc", "欧阳静怡"));
  EXPECT_EQ(kMaker.value("sqrmc", "欧阳静怡").size(), 12u);
  EXPECT_EQ(kMaker.value("sxmc", "食品经营许可"), "食品经营许可");
  EXPECT_EQ(kMaker.value("lx", "SL"), "SL");
  EXPECT_EQ(kMaker.value("bz", "无"), "无");
  EXPECT_EQ(kMaker.value("bz", "　 "), "　 ");
  const std::string office = kMaker.value("dwmc", "长河百味餐饮有限公司");
  EXPECT_EQ(office.substr(office.size() - 12), "有限公司");
  EXPECT_NE(office.substr(0, 18), "长河百味餐饮");
  EXPECT_EQ(kMaker.value("slsj", "2021/3/5 7:8"), "2149/3/5 7:8");
  EXPECT_EQ(kMaker.value("sj", "1900-01-01"), "1900-01-01");
  EXPECT_EQ(kMaker.value("sj", "9999-12-31"), "9999-12-31");
  EXPECT_NE(kMaker.value("password", "ab1"), "ab1");
}

TEST(Scrub, a_message_keeps_its_bytes_but_for_the_values) {
  const std::string inner = "<?xml version='1.0' encoding=\"gb2312\"?>\r\n<root><bj a=\"欧阳静怡\"><!-- 欧阳静怡 called --><xm>　欧阳&#x9759;怡 </xm><zt>1</zt><wh/></bj></root>";
  const std::string message = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><op><x><![CDATA[" + inner + "]]></x></op></e:Body></e:Envelope>";
  const auto made = scrub(message, "seed");
  ASSERT_TRUE(made) << describe(made.error());
  EXPECT_EQ(made->find("欧阳"), std::string::npos);
  EXPECT_EQ(made->find("静"), std::string::npos);
  const std::string name = kMaker.value("xm", "欧阳静怡");
  EXPECT_NE(made->find("<bj a=\"" + name + "\">"), std::string::npos) << *made;
  // The third character was written as a reference, and still is.
  const std::size_t at = made->find("<xm>　" + name.substr(0, 6) + "&#x");
  EXPECT_NE(at, std::string::npos) << *made;
  EXPECT_NE(made->find("<zt>1</zt><wh/></bj></root>]]></x>"), std::string::npos);
  EXPECT_EQ(made->substr(0, message.find("欧阳")), message.substr(0, message.find("欧阳")));
}

TEST(Scrub, encodings_layers_and_lengths_stay) {
  const std::string text = "<?xml version=\"1.0\" encoding=\"gb2312\"?><bj><xm>欧阳静怡𠮷</xm><n>12345678</n></bj>";
  const auto gb = wire::encode(text, wire::Encoding::gb18030);
  const auto made = scrub(*gb, "seed");
  ASSERT_TRUE(made) << describe(made.error());
  EXPECT_EQ(made->size(), gb->size());
  const auto read = wire::decode(*made, wire::Encoding::gb18030);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->find("欧阳"), std::string::npos);
  EXPECT_EQ(read->find("12345678"), std::string::npos);
  const std::string json = "{\"data\": \"{\\\"xm\\\": \\\"\\\\u6b27\\\\u9633\\\", \\\"n\\\": 98765432}\"}";
  const auto again = scrub(json, "seed");
  ASSERT_TRUE(again) << describe(again.error());
  EXPECT_EQ(again->size(), json.size());
  EXPECT_EQ(again->find("6b27"), std::string::npos);
  const auto outer = wire::parse_json(*again);
  ASSERT_TRUE(outer);
  EXPECT_TRUE(wire::parse_json(outer->root().child("data").raw_text()));
}

/// "suLK1A==" is base64.b64encode("测试".encode("gbk")) by Python (LQ23).
TEST(Scrub, base64_of_gbk_stays_base64_of_gbk) {
  const auto made = scrub("<r><NAME>suLK1A==</NAME></r>", "seed");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->substr(0, 9) + made->substr(15), "<r><NAME>==</NAME></r>");
  EXPECT_EQ(made->find("suLK1A"), std::string::npos);
}

/// Names are written in Han beyond GBK, Uyghur, Tibetan, Mongolian, and in private use characters of old systems: none of it may stay.
TEST(Synthesiser, every_letter_beyond_ascii_is_replaced_whatever_its_script) {
  for (const std::string name : {"㛃㑇㔀", "ئابدۇ", "ཚེ་རིང", "ᠪᠠᠲᠤ", "\uE000\uE815", "\U000F0000", "\U00020BB7田", "Ōé", "〇々", "ꀀꀁ", "ｱｲ", "김철수", "𖼀𖼁", "鿿龦", "\uFA0E"}) {
    const std::string made = kMaker.value("sqrmc", name);
    const std::vector<std::string> before = characters_of(name), after = characters_of(made);
    ASSERT_EQ(before.size(), after.size()) << name;
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_NE(before[i], after[i]) << name << " " << made;
      EXPECT_EQ(before[i].size(), after[i].size()) << name << " " << made;
      EXPECT_EQ(wire::encode(before[i], wire::Encoding::gb18030)->size(), wire::encode(after[i], wire::Encoding::gb18030)->size()) << name << " " << made;
    }
  }
  EXPECT_EQ(kMaker.value("sqrmc", "买买提·艾力").substr(9, 2), "·");
  EXPECT_NE(kMaker.value("sqrmc", "Li"), "Li");
  EXPECT_EQ(kMaker.value("zjlx", "01"), "01");
}

TEST(Scrub, names_of_every_script_go_wherever_they_stand) {
  const auto made = scrub("<r><NAME>ئابدۇ</NAME><bz a=\"㛃㑇\">\uE815 ཚེ</bz></r>", "seed");
  ASSERT_TRUE(made) << describe(made.error());
  for (const char* part : {"ئ", "ۇ", "㛃", "㑇", "\uE815", "ཚ"}) EXPECT_EQ(made->find(part), std::string::npos) << *made;
  const auto table = scrub("欧阳静怡,100000209901010013,1\n静怡欧阳,100000209901010014,2\n", "seed");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->find("欧阳"), std::string::npos) << "a table without a header names no columns";
  const auto headed = scrub("办件编号,申请人名称,zt\nC1,欧阳静怡,2\n", "seed");
  ASSERT_TRUE(headed);
  EXPECT_EQ(headed->substr(0, headed->find('\n')), "办件编号,申请人名称,zt");
  EXPECT_EQ(headed->find("欧阳"), std::string::npos);
}

/// The texts are Base64 by Python; what is in them must not be found in the Base64 that comes out.
TEST(Scrub, texts_in_base64_are_replaced_from_their_first_byte_and_files_keep_their_mark) {
  const auto unpacked = [](const std::string& name, std::string_view base64) {
    const auto made = scrub("<r><" + name + ">" + std::string(base64) + "</" + name + "></r>", "seed");
    EXPECT_TRUE(made);
    const std::size_t at = made->find('>', 3) + 1;
    const auto bytes = from_base64(std::string_view(*made).substr(at, made->find('<', at) - at));
    EXPECT_TRUE(bytes) << *made;
    return bytes ? *bytes : std::string();
  };
  const std::string person = "欧阳静怡 100000209901010013 长河市青岚路一号 电话 13912345678 说明文字若干";
  const std::string utf8 = unpacked("fj", to_base64(person));
  EXPECT_EQ(utf8.size(), person.size());
  EXPECT_EQ(utf8.find("欧阳"), std::string::npos);
  EXPECT_EQ(utf8.find("13912345678"), std::string::npos);
  EXPECT_TRUE(is_utf8(utf8));
  const std::string ascii = unpacked("fj", to_base64("zhang san, born 2099-01-01, phone 13912345678, lives in the east of the town"));
  EXPECT_EQ(ascii.find("zhang"), std::string::npos);
  EXPECT_EQ(ascii.find("13912345678"), std::string::npos);
  const std::string gbk = *wire::encode("镕喆" + person, wire::Encoding::gb18030);
  EXPECT_EQ(unpacked("fj", to_base64(gbk)).find(gbk.substr(0, 4)), std::string::npos);
  std::string utf16 = "\xFF\xFE";
  for (int i = 0; i < 40; ++i) utf16 += "\x27\x6B";
  EXPECT_EQ(unpacked("fj", to_base64(utf16)).find("\x27\x6B"), std::string::npos);
  const std::string pdf = "%PDF-1.7\n%\xE2\xE3\xCF\xD3\n" + std::string("\0\1", 2) + std::string(60, '\x91') + "zhang san";
  EXPECT_EQ(unpacked("fj", to_base64(pdf)).substr(0, 9), "%PDF-1.7\n");
  EXPECT_EQ(unpacked("fj", to_base64(pdf)).find("zhang"), std::string::npos);
}

TEST(Scrub, a_data_uri_keeps_its_head) {
  const auto made = scrub("<r><fj>data:text/plain;base64," + to_base64("欧阳静怡的材料说明") + "</fj></r>", "seed");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->find("<r><fj>data:text/plain;base64,"), 0u) << *made;
  EXPECT_EQ(made->find(to_base64("欧阳静怡").substr(0, 12)), std::string::npos);
}

TEST(Scrub, several_documents_in_one_string_are_each_done) {
  const auto made = scrub("<?xml version=\"1.0\"?><a><xm>欧阳</xm></a>\r\n<?xml version=\"1.0\"?><a><xm>静怡</xm></a>", "seed");
  ASSERT_TRUE(made) << describe(made.error());
  EXPECT_EQ(made->find("欧阳"), std::string::npos);
  EXPECT_EQ(made->find("静怡"), std::string::npos);
}

TEST(Scrub, what_cannot_be_read_is_not_given_back) {
  EXPECT_EQ(scrub("<bj><xm>欧阳</xm>", "s").error().id(), "wire.xml_not_wf");
  EXPECT_EQ(scrub("欧阳静怡", "s").error().id(), "mapping.root_missing");
  EXPECT_EQ(scrub("{\"a\":", "s").error().id(), "wire.json_syntax");
}

} // namespace
} // namespace tongqu::mapping::author
