#include <gtest/gtest.h>
#include <random>

#include "mapping/step_test_support.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/wire/encoding.hpp"

namespace tongqu::mapping::test {
namespace {

std::string base64_of(std::string_view bytes) { return to_base64(bytes); }

TEST(Strip, classes_and_what_is_invisible) {
  EXPECT_EQ(run_via("[{strip: {class: [invisible]}}]", "138\xE2\x80\x8B" "0\xEF\xBB\xBF" "0"), "13800");
  const StepRun counted = run_steps("[{strip: {class: [invisible]}}]", "138\xE2\x80\x8B" "0\xEF\xBB\xBF" "0");
  EXPECT_EQ(counted.notes, "mapping.invisible_removed");
  EXPECT_EQ(counted.value.removed, 2u);
  EXPECT_FALSE(counted.value.repaired);
  EXPECT_TRUE(counted.value.changed());
  // A selector of variants (U+E0100) tells one form of a name from another and stays.
  EXPECT_EQ(run_via("[{strip: {class: [invisible, control, blank]}}]", "葛\xF3\xA0\x84\x80"), "葛\xF3\xA0\x84\x80");
  EXPECT_EQ(run_via("[{strip: {class: [blank, punct]}}]", "（青 岚）\xE3\x80\x80·、,"), "青岚");
  EXPECT_EQ(run_via("[{keep: {class: [digits], chars: x}}]", "编号 12-x"), "12x");
  EXPECT_EQ(run_via("[{keep: {class: [han]}}]", "a青1岚!"), "青岚");
  EXPECT_EQ(run_via("[{strip: {class: [greek]}}]", "a"), "mistake");
  EXPECT_EQ(run_via("[{strip: {}}]", "a"), "mistake");
}

TEST(Trim, wide_takes_every_blank_and_invisible_character_at_the_ends) {
  EXPECT_EQ(run_via("[{trim: wide}]", "\xE2\x80\x83\xEF\xBB\xBF" "青 岚\xE2\x80\x8F\xC2\xAD"), "青 岚");
  EXPECT_EQ(run_via("[{trim: wide}]", "岚"), "岚");
  EXPECT_EQ(run_via("[{fold: [space]}]", "a\xC2\xA0" "b\xE2\x80\x83" "c"), "a b c");
}

TEST(Replace, one_pass_and_the_first_that_fits) {
  EXPECT_EQ(run_via("[{replace: {ab: x, a: y}}]", "abaa"), "xyy");
  EXPECT_EQ(run_via("[{replace: {a: aa}}]", "aa"), "aaaa");
  EXPECT_EQ(run_via("[{replace: {a: \"\"}}]", "aa"), "");
  EXPECT_EQ(run_via("[{replace: {\"\": x}}]", "a"), "mistake");
}

TEST(Match, gives_results_with_captured_parts) {
  const std::string via = "[{match: {\"即办*\": \"0\", \"{n:digits}个{kind}日\": \"{kind}:{n}\", \"{a}-{b}\": \"{{{b}\"}}]";
  EXPECT_EQ(run_via(via, "即办件"), "0");
  EXPECT_EQ(run_via(via, "15个工作日"), "工作:15");
  EXPECT_EQ(run_via(via, "x-y"), "{y");
  EXPECT_EQ(run_via(via, "15天"), "malformed");
  EXPECT_EQ(run_via("[{match: {\"{n}\": \"{m}\"}}]", "a"), "mistake");
  EXPECT_EQ(run_via("[{match: {\"*\": a, \"b\": c}}]", "a"), "mistake");
  EXPECT_EQ(run_via("[{match: {}}]", "a"), "mistake");
  EXPECT_EQ(run_via("[{match: {\"{n}个工作日\": \"{n}个工作日\", 即办: 0个工作日}}, quantity]", "即办"), "0 working_day");
}

TEST(Classify, overloaded_returns_by_whole_patterns) {
  const std::string via = "[{classify: {\"[0-9]{2}\": error, \"ERR:.*\": error, \"[0-9A-Z]{10,30}\": licence, \"\": none}}]";
  EXPECT_EQ(run_via(via, "23"), "error");
  EXPECT_EQ(run_via(via, "2"), "malformed");
  EXPECT_EQ(run_via(via, ",2"), "malformed");
  EXPECT_EQ(run_via(via, "ERR: 重复"), "error");
  EXPECT_EQ(run_via(via, "9900002099XK000001"), "licence");
  EXPECT_EQ(run_via(via, ""), "none");
  EXPECT_EQ(run_via("[{classify: {\"(a\": b}}]", "a"), "mistake");
}

TEST(Forms, whole_or_absent) {
  EXPECT_EQ(run_via("[{form: \"[0-9]{16}\"}]", "9999012103050009"), "9999012103050009");
  EXPECT_EQ(run_via("[{form: \"[0-9]{16}\"}]", "99990121030500091"), "malformed");
  EXPECT_EQ(run_via("[{form: {pattern: \"[0-9]+\", else: absent}}]", "无"), "absent");
  EXPECT_EQ(run_via("[{form: {pattern: \"[0-9]+\", else: drop}}]", "无"), "mistake");
  EXPECT_EQ(run_via("[{form: {else: absent}}]", "无"), "mistake");
  EXPECT_EQ(run_via("[{form: \"a(?=b)\"}]", "a"), "mistake");
  EXPECT_EQ(run_via("[{extract: \"（(.+)）$\"}]", "施工许可（变更）"), "变更");
  EXPECT_EQ(run_via("[{extract: {pattern: \"(?<y>\\\\d{4})年(?<n>\\\\d+)号\", group: n}}]", "青岚2099年12号"), "12");
  EXPECT_EQ(run_via("[{extract: {pattern: \"（(.+)）\", else: absent}}]", "施工许可"), "absent");
  EXPECT_EQ(run_via("[{extract: \"[0-9]+\"}]", "a12b34"), "12");
  EXPECT_EQ(run_via("[{extract: {pattern: \"(?<y>a)\", group: z}}]", "a"), "mistake");
  EXPECT_EQ(run_via("[{one_of: [Y, N]}]", "y"), "malformed");
}

TEST(Mojibake, is_found_and_only_a_sure_repair_is_made) {
  // Expected texts: python3 '档案'.encode('utf-8').decode('cp1252'), '中国'.encode('gbk').decode('latin-1'), '行政许可'.encode('utf-8').decode('gbk').
  for (const char* text : {"锟斤拷", "青岚锟斤拷县", "\xEF\xBF\xBD", "??", "青????", "æ¡£æ¡ˆ", "ÖÐ¹ú", "琛屾斂璁稿彲"}) {
    EXPECT_EQ(run_via("[{mojibake: refuse}]", text), "malformed mapping.mojibake") << text;
    EXPECT_EQ(notes_of("[{mojibake: report}]", text), "mapping.mojibake") << text;
  }
  for (const char* text : {"青岚县政务服务中心", "联通", "José Núñez", "Müller", "Äpfel Öl", "什么?", "真的吗???", "ａｂ", "·", "", "行政许可（变更）", "℃", "𫘝"}) {
    EXPECT_EQ(run_via("[{mojibake: refuse}]", text), text);
  }
  EXPECT_EQ(run_via("[{mojibake: {repair: utf8_as_latin1}}]", "æ¡£æ¡ˆ 1号"), "malformed mapping.mojibake");   // 号 is real: two wrongs in one text.
  EXPECT_EQ(run_via("[{mojibake: {repair: utf8_as_latin1}}]", "æ¡£æ¡ˆ-1"), "档案-1");
  EXPECT_EQ(notes_of("[{mojibake: {repair: utf8_as_latin1}}]", "æ¡£æ¡ˆ-1"), "mapping.mojibake_repaired");
  EXPECT_EQ(run_via("[{mojibake: {repair: gbk_as_latin1}}]", "ÖÐ¹ú"), "中国");
  EXPECT_EQ(run_via("[{mojibake: {repair: utf8_as_gbk}}]", "琛屾斂璁稿彲"), "行政许可");
  EXPECT_EQ(run_via("[{mojibake: {repair: utf8_as_latin1}}]", "青岚"), "青岚");
  EXPECT_EQ(notes_of("[{mojibake: {repair: utf8_as_latin1}}]", "青岚"), "");
  EXPECT_EQ(run_via("[{mojibake: {repair: utf8_as_latin1, else: report}}]", "锟斤拷"), "锟斤拷");
  EXPECT_EQ(run_via("[{mojibake: {repair: koi8}}]", "a"), "mistake");
  EXPECT_EQ(run_via("[{mojibake: yes}]", "a"), "mistake");
}

TEST(Html, becomes_text) {
  EXPECT_EQ(run_via("[html_text]", "<p>一、申请表；</p><p>二、身份证<br/>原件</p>"), "一、申请表；\n二、身份证\n原件");
  EXPECT_EQ(run_via("[html_text]", "a &lt; b &amp;&amp; c&#x4E2D;&#22269;&unknown; &copy;"), "a < b && c中国&unknown; ©");
  EXPECT_EQ(run_via("[html_text]", "<script>alert('<b>')</script>正文<style>p{}</style><!-- 注 -->"), "正文");
  EXPECT_EQ(run_via("[html_text]", "<td title=\"a>b\">甲</td><td>乙</td>"), "甲 乙");
  EXPECT_EQ(run_via("[html_text]", "3<5 且 5>3"), "3<5 且 5>3");
  EXPECT_EQ(run_via("[html_text]", "无标记  两格"), "无标记  两格");
  EXPECT_EQ(run_via("[html_text]", "&#0;&#xD800;&#1114112;<b"), "&#0;&#xD800;&#1114112;<b");
  EXPECT_EQ(run_via("[html_text]", "&lt;b&gt;"), "<b>");
  EXPECT_EQ(run_via("[html_text]", "<!-- 未完"), "");
}

TEST(Lengths, never_cut_a_character) {
  EXPECT_EQ(run_via("[{cut: {gbk: 5}}]", "青岚县"), "青岚");
  EXPECT_EQ(run_via("[{cut: {gbk: 4}}]", "青a岚"), "青a");
  EXPECT_EQ(run_via("[{cut: {utf8: 5}}]", "青岚县"), "青");
  EXPECT_EQ(run_via("[{cut: {chars: 2}}]", "青岚县"), "青岚");
  EXPECT_EQ(run_via("[{cut: {chars: 3}}]", "青岚县"), "青岚县");
  EXPECT_EQ(notes_of("[{cut: {chars: 3}}]", "青岚县"), "");
  EXPECT_EQ(notes_of("[{cut: {chars: 2}}]", "青岚县"), "mapping.text_cut");
  // Four bytes of GB18030, and a selector that belongs to the character before it.
  EXPECT_EQ(run_via("[{cut: {gbk: 5}}]", "青𫘝"), "青");
  EXPECT_EQ(run_via("[{cut: {gbk: 6}}]", "青𫘝"), "青𫘝");
  EXPECT_EQ(run_via("[{cut: {chars: 2}}]", "青葛\xF3\xA0\x84\x80"), "青");
  EXPECT_EQ(run_via("[{length_min: {chars: 2}}]", "青"), "range");
  EXPECT_EQ(run_via("[{length_min: {gbk: 4}}]", "青岚"), "青岚");
  EXPECT_EQ(run_via("[{length_max: {gbk: 3}}]", "青岚"), "range");
}

TEST(Lists, separators_escapes_and_ends) {
  EXPECT_EQ(run_via("[{split: [、, ;, ，]}]", "甲、乙;丙，丁"), "<甲><乙><丙><丁>");
  EXPECT_EQ(run_via("[{split: {by: \"|\", escape: \"\\\\\"}}]", "a\\|b|c\\\\|\\d"), "<a|b><c\\><d>");
  EXPECT_EQ(run_via("[{split: {by: \"|\", empty: keep}}]", "a||b|"), "<a><><b><>");
  EXPECT_EQ(run_via("[{split: [a, aa]}]", "1aa2"), "<1><2>");
  EXPECT_EQ(run_via("[{split: {escape: x}}]", "a"), "mistake");
  EXPECT_EQ(run_via("[{split: [\"\"]}]", "a"), "mistake");
  EXPECT_EQ(run_via("[{split: \"^\"}, first]", "3^5"), "3");
  EXPECT_EQ(notes_of("[{split: \"^\"}, first]", "3^5"), "mapping.values_left_out");
  EXPECT_EQ(notes_of("[{split: \"^\"}, last]", "3"), "");
  EXPECT_EQ(run_via("[{split: \"^\"}, last]", "^"), "malformed");
  EXPECT_EQ(run_via("[{split: \"^\"}, unique, {join: \",\"}]", "3^5^3"), "3,5");
  EXPECT_EQ(run_via("[{split: \"^\"}, count, {range: {from: 1}}]", "^"), "range");
  EXPECT_EQ(run_via("[first]", "a"), "type");
}

TEST(Codes, are_split_by_one_of_several_lengths) {
  const std::string via = "[{split_code: [[3, 2], [3]]}, {part: {n: 2, else: absent}}]";
  EXPECT_EQ(run_via(via, "12345"), "45");
  EXPECT_EQ(run_via(via, "123"), "absent");
  EXPECT_EQ(run_via(via, "1234"), "malformed");
  EXPECT_EQ(run_via("[{split_code: [[3, 2], [3]]}, {part: 2}]", "123"), "malformed");
  EXPECT_EQ(run_via("[{split_code: [[3, 2], [4, 1]]}]", "12345"), "mistake");
  EXPECT_EQ(run_via("[{split_code: []}]", "12345"), "mistake");
}

TEST(Identifiers, made_numbers_are_refused_and_whole_ones_reported) {
  for (const char* text : {"4.40112E+17", "4.40112e+017", "12.0", "+5", "-5", "1E+5", "440112.00"}) {
    EXPECT_EQ(run_via("[identifier]", text), "malformed mapping.identifier_damaged") << text;
  }
  for (const char* text : {"9007199254740993", "12E5", "1.2.3", "E+5", "11010119000101001X", "0012", "", ".", "5-", "1.5号"}) EXPECT_EQ(run_via("[identifier]", text), text);
  EXPECT_EQ(run_steps("[identifier]", "9007199254740993", true).notes, "mapping.identifier_as_number");
  EXPECT_EQ(run_steps("[identifier]", "9007199254740993").notes, "");
}

TEST(Identifiers, kinds_are_told_by_check_characters) {
  // Check characters computed by hand-written Python after GB 11643, GB 32100 and GB 11714.
  EXPECT_EQ(run_via("[id_kind]", "100000209901010013"), "resident_id");
  EXPECT_EQ(run_via("[id_kind]", "810000209901010010"), "residence_permit_hmt");
  EXPECT_EQ(run_via("[id_kind]", "990000209901010019"), "permanent_residence");
  EXPECT_EQ(run_via("[id_kind]", "MA0000007"), "org_code");
  EXPECT_EQ(run_via("[id_kind]", "91990000MA00000008"), "uscc");
  EXPECT_EQ(run_via("[id_kind]", "11990000000000019A"), "uscc");
  // Both check characters are 2: a permanent resident and a credit code. No guess.
  EXPECT_EQ(run_via("[id_kind]", "990000199901010012"), "malformed");
  EXPECT_EQ(run_via("[id_kind]", "100000209901010014"), "malformed");
  EXPECT_EQ(run_via("[id_kind]", "990000990101001"), "malformed");
  EXPECT_EQ(run_via("[id_kind]", "E12345678"), "malformed");
  EXPECT_EQ(run_via("[id_kind]", ""), "malformed");
}

TEST(Content, is_known_by_its_bytes) {
  using std::string_view_literals::operator""sv;
  const auto kind = [](std::string_view bytes) { return run_via("[base64, sniff]", base64_of(bytes)); };
  EXPECT_EQ(kind("\xFF\xD8\xFF\xE0"sv), "image/jpeg");
  EXPECT_EQ(kind("\x89PNG\r\n\x1A\n"sv), "image/png");
  EXPECT_EQ(kind("PK\x03\x04....[Content_Types].xml....word/document.xml"sv), "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
  EXPECT_EQ(kind("PK\x03\x04....OFD.xml...."sv), "application/ofd");
  EXPECT_EQ(kind("PK\x03\x04....a.txt"sv), "application/zip");
  EXPECT_EQ(kind("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1...W\0o\0r\0d\0D\0o\0c\0u\0m\0e\0n\0t\0"sv), "application/msword");
  EXPECT_EQ(kind("II*\0...."sv), "image/tiff");
  EXPECT_EQ(kind("<?xml version=\"1.0\"?><a/>"sv), "application/xml");
  EXPECT_EQ(kind("<!DOCTYPE html><p>"sv), "text/html");
  EXPECT_EQ(kind("\xC5\xB7\xD1\xF4"sv), "text/plain");
  EXPECT_EQ(kind("\x01\x02\x03"sv), "application/octet-stream");
  EXPECT_EQ(kind(""sv), "application/x-empty");
  EXPECT_EQ(run_via("[base64, {content: [pdf, jpeg]}]", base64_of("%PDF-1.4")), "255044462d312e34");
  EXPECT_EQ(run_via("[base64, {content: [pdf, jpeg]}]", base64_of("\x89PNG\r\n\x1A\n")), "malformed mapping.content_kind");
  EXPECT_EQ(run_via("[base64, {content: [pdff]}]", ""), "mistake");
  EXPECT_EQ(run_via("[base64, {digest: sha256}]", base64_of("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(run_via("[base64, {digest: md5}]", ""), "mistake");
}

TEST(Base64Leaves, tolerate_what_is_switched_on_only) {
  EXPECT_EQ(run_via("[base64, size]", "data:image/png;base64,YWJj"), "malformed");
  EXPECT_EQ(run_via("[{base64: {data_uri: allowed}}, size]", "data:image/png;base64,YWJj"), "3");
  EXPECT_EQ(run_via("[base64, size]", "YWI"), "malformed");
  EXPECT_EQ(run_via("[{base64: {padding: optional}}, size]", "YWI"), "2");
  EXPECT_EQ(run_via("[{base64: {padding: any}}]", "YWI"), "mistake");
}

TEST(HalfCharacters, are_a_fault_of_their_own) {
  EXPECT_EQ(run_via("[base64, gbk]", base64_of("\xC5\xB7\xD1")), "malformed mapping.half_character");
  EXPECT_EQ(run_via("[base64, {gbk: {cut: drop}}]", base64_of("\xC5\xB7\xD1")), "欧");
  EXPECT_EQ(notes_of("[base64, {gbk: {cut: drop}}]", base64_of("\xC5\xB7\xD1")), "mapping.half_character");
  EXPECT_EQ(run_via("[base64, {gbk: {cut: drop}}]", base64_of("\xD1\xFF\xC5\xB7")), "malformed");
  EXPECT_EQ(run_via("[base64, {utf8: {cut: drop}}]", base64_of("青\xE5\xB2")), "青");
  EXPECT_EQ(run_via("[base64, {utf8: {cut: drop}}]", base64_of("青\xB2")), "malformed");
  EXPECT_EQ(run_via("[base64, utf8]", base64_of("青\xF0\x9F\x98")), "malformed mapping.half_character");
  EXPECT_EQ(run_via("[base64, {gbk: {cut: keep}}]", ""), "mistake");
}

/// Texts made of pieces that steps look for, and of random characters.
std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> pieces = {
      "",     " ",  "　", "\xE2\x80\x8B", "１２", "12",    "3.5", "万",   "元",   "角", "零",  "十",   "年",         "2099-01-05", "上午", "/Date(", ")/",          "E+17", "<p>", "</",
      "&#x",  ";",  "&",  "\"",           "'",    "锟斤拷", "Ö",   "æ",    "?",    "^",  "|",   "\\",   "-",          "(",          ")",    "青岚",   "\xF0\xAB\x98\x9D", "YWJj", "=",   "data:",
      "\xCC\x81", "个工作日", "半", "点", "亿", ",", "0", "9", "99999999999999999999", "<script", "-->", "<!--", "\n", "\t", "￥", "负", "二〇二一", "月", "日"};
  std::string text;
  const std::size_t count = random() % 12;
  for (std::size_t i = 0; i < count; ++i) text += pieces[random() % pieces.size()];
  return text;
}

// No step may throw, hang or give out text that is not UTF-8, whatever it is given.
TEST(Steps, give_utf8_or_an_outcome_whatever_they_get) {
  std::vector<std::string> vias;
  for (const auto& row : detail::step_registry()) vias.emplace_back(row.doc.example);
  for (const char* more : {"[{date: [\"yyyy年M月d日[ ]ah时[m分]\", \"cy年cM月cd日\", \"yyyy-MM-dd[ HH:mm[:ss[.f]]]\", \"yyyyMMdd\"], sentinels: {absent: [\"*待定*\"]}}]", "[{epoch: json}]",
                           "[{serial_date: \"1904\"}]", "[{decimal: {numerals: chinese, signs: accounting, grouping: \",\"}}]", "[{amount: {bare: 万元}}]",
                           "[{quantity: {bare: hour, words: {天: calendar_day}}}]", "[{mojibake: {repair: gbk_as_latin1, else: report}}]", "[{mojibake: {repair: utf8_as_gbk, else: report}}]",
                           "[{mojibake: {repair: utf8_as_latin1, else: report}}]", "[{split: {by: [\"|\", \"^\"], escape: \"\\\\\", empty: keep}}]", "[{cut: {chars: 3}}]", "[{cut: {utf8: 7}}]",
                           "[{extract: \"(.)\\\\s*(.)\"}]", "[{match: {\"{a}{b}\": \"{b}{a}\"}}]", "[{keep: {class: [han, punct]}}]", "[{substring: [2, 2]}]", "[{split_code: [[1, 1], [2, 3]]}]",
                           "[{base64: {padding: optional, alphabet: url, data_uri: allowed}}, {gbk: {cut: drop}}]", "[{base64: {padding: optional}}, {utf8: {cut: drop}}]"}) {
    vias.emplace_back(more);
  }
  std::mt19937 random(20261129);
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i) texts.push_back(random_text(random));
  for (const std::string& via : vias) {
    for (const std::string& text : texts) {
      const StepRun result = run_steps(via, text, random() % 2 == 0);
      ASSERT_NE(result.shown, "mistake") << via;
      ASSERT_TRUE(is_utf8(result.shown)) << via << " on " << text;
    }
  }
}

} // namespace
} // namespace tongqu::mapping::test
