#include <gtest/gtest.h>

#include "mapping/step_test_support.hpp"

namespace tongqu::mapping::test {
namespace {

const std::string kNumber = "[{decimal: {numerals: chinese}}]";

// Python's decimal and an own writer of words say the same (testdata/make_vectors.py).
TEST(Values, numbers_agree_with_python) {
  const auto rows = vectors("numbers.tsv");
  ASSERT_GT(rows.size(), 500u);
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 3u);
    std::string via = "[amount]";
    if (row[0] == "amount" ) via = "[{amount: {bare: 元}}]";
    if (row[0] == "words") via = kNumber;
    if (row[0] == "plain") via = "[decimal]";
    if (row[0].rfind("scale", 0) == 0) via = "[decimal, {scale: \"" + row[0].substr(6) + "\"}]";
    const std::string expected = row[2] == "no" ? "malformed" : row[2];
    EXPECT_EQ(run_via(via, row[1]), expected) << row[0] << " " << row[1];
  }
}

// Python's datetime says the same.
TEST(Values, dates_agree_with_python) {
  const auto rows = vectors("dates.tsv");
  ASSERT_GT(rows.size(), 700u);
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 3u);
    std::string via = "[{date: \"" + row[0] + "\"}]";
    if (row[0].rfind("serial", 0) == 0) via = "[{serial_date: \"" + row[0].substr(7) + "\"}]";
    if (row[0].rfind("epoch", 0) == 0) via = "[{epoch: " + row[0].substr(6) + "}]";
    EXPECT_EQ(run_via(via, row[1]), row[2] == "no" ? "malformed" : row[2]) << row[0] << " " << row[1];
  }
}

TEST(Numbers, words_are_read_as_people_mean_them) {
  EXPECT_EQ(run_via(kNumber, "两千零五"), "2005");
  EXPECT_EQ(run_via(kNumber, "十五"), "15");
  EXPECT_EQ(run_via(kNumber, "一百十五"), "115");
  EXPECT_EQ(run_via(kNumber, "廿"), "malformed");
  EXPECT_EQ(run_via(kNumber, "3.5万"), "35000");
  EXPECT_EQ(run_via(kNumber, "三点五万"), "35000");
  EXPECT_EQ(run_via(kNumber, "1亿2000万"), "120000000");
  EXPECT_EQ(run_via(kNumber, "3万5000"), "35000");
  EXPECT_EQ(run_via(kNumber, "两万亿"), "2000000000000");
  EXPECT_EQ(run_via(kNumber, "１５"), "15");
  EXPECT_EQ(run_via(kNumber, "零"), "0");
  EXPECT_EQ(run_via(kNumber, "负三"), "-3");
  EXPECT_EQ(notes_of(kNumber, "十五"), "mapping.written_number");
  EXPECT_EQ(notes_of(kNumber, "15"), "");
}

TEST(Numbers, what_is_read_in_two_ways_is_refused) {
  for (const char* text : {"两千五", "三百五", "3万5", "3万500", "三万五", "一亿五", "一二三", "一百零", "零零五", "百", "万", "千万", "一千万亿万", "五十三十", "一百零五十", "1 234", "十五.5",
                           "3.5万2千5", "一点", "点五", "一点五点五", "--3", "负-3", "十五个", "", " "}) {
    EXPECT_EQ(run_via(kNumber, text), "malformed") << text;
  }
}

TEST(Numbers, other_forms_only_where_the_pack_names_them) {
  EXPECT_EQ(run_via("[decimal]", "(1.5)"), "malformed");
  EXPECT_EQ(run_via("[decimal]", "１"), "malformed");
  EXPECT_EQ(run_via("[decimal]", "十"), "malformed");
  EXPECT_EQ(run_via("[{decimal: {signs: accounting}}]", "(1.5)"), "-1.5");
  EXPECT_EQ(run_via("[{decimal: {signs: accounting}}]", "1.5-"), "-1.5");
  EXPECT_EQ(run_via("[{decimal: {signs: accounting}}]", "\xE2\x88\x92" "1.5"), "-1.5");
  EXPECT_EQ(run_via("[{decimal: {signs: accounting}}]", "(-1.5)"), "malformed");
  EXPECT_EQ(run_via("[{decimal: {signs: accounting}}]", "-1.5-"), "malformed");
  EXPECT_EQ(run_via("[{decimal: {grouping: \",\", signs: accounting}}]", "(1,234.50)"), "-1234.5");
  EXPECT_EQ(run_via("[{decimal: {signs: both}}]", "1"), "mistake");
  EXPECT_EQ(run_via("[{integer: {numerals: chinese}}]", "叁"), "3");
  EXPECT_EQ(run_via("[{integer: {numerals: chinese}}]", "三点五"), "malformed");
  EXPECT_EQ(run_via("[{integer: {numerals: chinese}}]", "12.0"), "malformed");
  EXPECT_EQ(run_via("[integer]", "叁"), "malformed");
}

TEST(Numbers, amounts_of_money) {
  EXPECT_EQ(run_via("[amount]", "壹仟贰佰叁拾肆元伍角整"), "1234.5");
  EXPECT_EQ(run_via("[amount]", "12元5角3分"), "12.53");
  EXPECT_EQ(run_via("[amount]", "壹元零伍分"), "1.05");
  EXPECT_EQ(run_via("[amount]", "伍角"), "0.5");
  EXPECT_EQ(run_via("[amount]", "3,050.75 万元"), "30507500");
  EXPECT_EQ(run_via("[amount]", "３,０５０.７５万元"), "30507500");
  EXPECT_EQ(run_via("[amount]", "￥100.00元"), "100");
  EXPECT_EQ(run_via("[amount]", "(100元)"), "-100");
  EXPECT_EQ(run_via("[amount]", "3.5万"), "35000");
  EXPECT_EQ(run_via("[amount]", "3050.75"), "malformed");
  EXPECT_EQ(run_via("[{amount: {bare: 万元}}]", "3050.75"), "30507500");
  EXPECT_EQ(run_via("[{amount: {bare: 万元}}]", "3050.75元"), "3050.75");
  EXPECT_EQ(run_via("[{amount: {bare: 万元}}]", "3.5万"), "35000");
  EXPECT_EQ(run_via("[{amount: {bare: 美元}}]", "1"), "mistake");
  // Finer than a fen: exact here, a fault of the money field later.
  EXPECT_EQ(run_via("[amount]", "0.001元"), "0.001");
  for (const char* text : {"元", "1元2元", "12.5元5角", "5分3角", "1元整整", "1元5分整", "3,05元", "100美元", "约100元", "100元左右", "¥", "一百五元"}) {
    EXPECT_EQ(run_via("[amount]", text), "malformed") << text;
  }
}

TEST(Numbers, quantities_carry_their_unit) {
  EXPECT_EQ(run_via("[quantity]", "5个工作日"), "5 working_day");
  EXPECT_EQ(run_via("[quantity]", "十五个工作日"), "15 working_day");
  EXPECT_EQ(run_via("[quantity]", "20自然日"), "20 calendar_day");
  EXPECT_EQ(run_via("[quantity]", "2小时"), "2 hour");
  EXPECT_EQ(run_via("[quantity]", "半年"), "0.5 year");
  EXPECT_EQ(run_via("[quantity]", "1.5 个月"), "1.5 month");
  EXPECT_EQ(run_via("[quantity]", "15天"), "malformed");
  EXPECT_EQ(run_via("[{quantity: {words: {天: working_day}}}]", "15天"), "15 working_day");
  EXPECT_EQ(run_via("[quantity]", "15"), "malformed");
  EXPECT_EQ(run_via("[{quantity: {bare: working_day}}]", "15"), "15 working_day");
  EXPECT_EQ(run_via("[{quantity: {bare: working_day}}]", "半"), "malformed");
  EXPECT_EQ(run_via("[quantity]", "5至10个工作日"), "malformed");
  EXPECT_EQ(run_via("[quantity]", "-5个工作日"), "malformed");
  EXPECT_EQ(run_via("[{quantity: {words: {天: days}}}]", "15天"), "mistake");
}

TEST(Numbers, ranges_compare_exactly) {
  const std::string range = "[decimal, {range: {from: \"-0.5\", to: \"9007199254740993\"}}]";
  EXPECT_EQ(run_via(range, "9007199254740993"), "9007199254740993");
  EXPECT_EQ(run_via(range, "9007199254740994"), "range");
  EXPECT_EQ(run_via(range, "-0.5"), "-0.5");
  EXPECT_EQ(run_via(range, "-0.51"), "range");
  EXPECT_EQ(run_via(range, "0"), "0");
  EXPECT_EQ(run_via("[integer, {range: {to: 10}}]", "0011"), "range");
  EXPECT_EQ(run_via("[{range: {from: a}}]", "1"), "mistake");
  EXPECT_EQ(run_via("[{range: {}}]", "1"), "mistake");
}

TEST(Numbers, are_written_with_the_places_that_a_platform_wants) {
  EXPECT_EQ(run_via("[decimal, {places: 2}]", "5"), "5.00");
  EXPECT_EQ(run_via("[decimal, {places: 2}]", "-0.10"), "-0.10");
  EXPECT_EQ(run_via("[decimal, {places: 2}]", "0.125"), "malformed");
  EXPECT_EQ(run_via("[decimal, {places: 0}]", "5"), "5");
  EXPECT_EQ(run_via("[decimal, {places: 0}]", "5.5"), "malformed");
  EXPECT_EQ(run_via("[decimal, {places: 13}]", "5"), "mistake");
  EXPECT_EQ(run_via("[{pad: {left: \"0\", to: 4}}]", "17"), "0017");
  EXPECT_EQ(run_via("[{pad: {left: 〇, to: 3}}]", "二"), "〇〇二");
  EXPECT_EQ(run_via("[{pad: {left: \"0\", to: 4}}]", "12345"), "12345");
  EXPECT_EQ(run_via("[{pad: {left: \"00\", to: 4}}]", "1"), "mistake");
  EXPECT_EQ(run_via("[{pad: {left: \"0\"}}]", "1"), "mistake");
}

TEST(Dates, chinese_numerals) {
  EXPECT_EQ(run_via("[{date: cy年cM月cd日}]", "二〇二一年三月五日"), "2021-03-05");
  EXPECT_EQ(run_via("[{date: cy年cM月cd日}]", "二零二一年十二月三十一日"), "2021-12-31");
  EXPECT_EQ(run_via("[{date: cy年cM月cd日}]", "二○二一年三月廿一日"), "2021-03-21");
  EXPECT_EQ(run_via("[{date: cy年cM月cd日}]", "贰零贰壹年零叁月零伍日"), "2021-03-05");
  EXPECT_EQ(run_via("[{date: cy年cM月cd日}]", "二〇二一年二月卅日"), "malformed");
  EXPECT_EQ(run_via("[{date: cy年cM月cd日}]", "2021年三月五日"), "malformed");
  EXPECT_EQ(run_via("[{date: \"cy年cM月cd日acH时[cm分]\"}]", "x"), "mistake");
  EXPECT_EQ(run_via("[{date: \"cy年cM月cd日ach时[cm分]\"}]", "二〇二一年三月五日下午两时零五分"), "2021-03-05T14:05:00+08:00");
  EXPECT_EQ(run_via("[{date: cycMcd}]", "x"), "mistake");
}

TEST(Dates, half_day_words) {
  EXPECT_EQ(run_via("[{date: \"yyyy-MM-dd h:mm a\"}]", "2021-03-05 12:30 AM"), "2021-03-05T00:30:00+08:00");
  EXPECT_EQ(run_via("[{date: \"yyyy-MM-dd h:mm a\"}]", "2021-03-05 12:30 pm"), "2021-03-05T12:30:00+08:00");
  EXPECT_EQ(run_via("[{date: \"yyyy-MM-dd h:mm a\"}]", "2021-03-05 0:30 PM"), "malformed");
  EXPECT_EQ(run_via("[{date: \"yyyy-MM-dd h:mm a\"}]", "2021-03-05 13:30 PM"), "malformed");
  EXPECT_EQ(run_via("[{date: \"yyyy-MM-dd ah:mm\"}]", "2021-03-05 早上7:30"), "2021-03-05T07:30:00+08:00");
  EXPECT_EQ(run_via("[{date: \"yyyy-MM-dd ah:mm\"}]", "2021-03-05 晚上12:00"), "2021-03-06T00:00:00+08:00");
}

TEST(Dates, two_digit_years_only_with_a_stated_century) {
  EXPECT_EQ(run_via("[{date: yy-MM-dd}]", "21-03-05"), "mistake");
  const std::string via = "[{date: {patterns: [yy-MM-dd], century_from: 1950}}]";
  EXPECT_EQ(run_via(via, "21-03-05"), "2021-03-05");
  EXPECT_EQ(run_via(via, "50-03-05"), "1950-03-05");
  EXPECT_EQ(run_via(via, "49-03-05"), "2049-03-05");
  EXPECT_EQ(notes_of(via, "21-03-05"), "mapping.century_assumed");
}

TEST(Dates, fractions_keep_what_the_model_can_keep_and_say_what_it_cannot) {
  EXPECT_EQ(run_via("[{date: \"yyyy-MM-dd HH:mm:ss.f\"}]", "2021-03-05 07:08:09.1230000"), "2021-03-05T07:08:09.123+08:00");
  EXPECT_EQ(notes_of("[{date: \"yyyy-MM-dd HH:mm:ss.f\"}]", "2021-03-05 07:08:09.1230000"), "");
  EXPECT_EQ(run_via("[{date: \"yyyy-MM-dd HH:mm:ss.SSSSSSS\"}]", "2021-03-05 07:08:09.1239999"), "2021-03-05T07:08:09.123+08:00");
  EXPECT_EQ(notes_of("[{date: \"yyyy-MM-dd HH:mm:ss.SSSSSSS\"}]", "2021-03-05 07:08:09.1239999"), "mapping.time_cut");
  EXPECT_EQ(run_via("[{date: \"yyyy-MM-dd HH:mm:ss.f\"}]", "2021-03-05 07:08:09.5"), "2021-03-05T07:08:09.500+08:00");
  EXPECT_EQ(run_via("[{date: \"yyyy-MM-dd HH:mm:ss.SSS\"}]", "2021-03-05 07:08:09.5"), "malformed");
}

TEST(Dates, weekdays_must_be_those_of_the_day) {
  EXPECT_EQ(run_via("[{date: yyyy-MM-dd EEEE}]", "2021-03-05 星期五"), "2021-03-05");
  EXPECT_EQ(run_via("[{date: yyyy-MM-dd EEEE}]", "2021-03-05 周五"), "2021-03-05");
  EXPECT_EQ(run_via("[{date: yyyy-MM-dd EEEE}]", "2021-03-05 星期六"), "malformed");
  EXPECT_EQ(run_via("[{date: yyyy-MM-dd EEEE}]", "2021-03-07 星期天"), "2021-03-07");
}

TEST(Dates, instants) {
  EXPECT_EQ(run_via("[{epoch: auto}]", "1614900000"), "2021-03-05T07:20:00+08:00");
  EXPECT_EQ(run_via("[{epoch: auto}]", "1614900000000"), "2021-03-05T07:20:00.000+08:00");
  EXPECT_EQ(run_via("[{epoch: auto}]", "16149000000"), "malformed");
  EXPECT_EQ(run_via("[{epoch: json}]", "/Date(1614900000000+0800)/"), "2021-03-05T07:20:00.000+08:00");
  EXPECT_EQ(run_via("[{epoch: json}]", "/Date(1614900000000-0130)/"), "2021-03-04T21:50:00.000-01:30");
  EXPECT_EQ(run_via("[{epoch: json}]", "\\/Date(1614900000000)\\/"), "2021-03-05T07:20:00.000+08:00");
  EXPECT_EQ(run_via("[{epoch: json, sentinels: {absent: [\"/Date(-62135596800000*\"]}}]", "/Date(-62135596800000)/"), "absent");
  for (const char* text : {"/Date()/", "/Date(a)/", "/Date(1614900000000+08:00)/", "Date(1614900000000)", "/Date(99999999999999999)/", "/Date(-62135596800000)/", "/Date(+)/"}) {
    EXPECT_EQ(run_via("[{epoch: json}]", text), "malformed") << text;
  }
  const std::string births = "[{epoch: {unit: s, from: 1900-01-01, to: 2150-01-01}}]";
  EXPECT_EQ(run_via(births, "-1"), "1970-01-01T07:59:59+08:00");
  EXPECT_EQ(run_via(births, "1614900000000"), "malformed");
  EXPECT_EQ(run_via("[{epoch: {unit: s, from: 1900-01-01}}]", "1"), "mistake");
  EXPECT_EQ(run_via("[{epoch: s}]", "-161490000"), "malformed");
}

TEST(Dates, spreadsheet_days) {
  EXPECT_EQ(run_via("[{serial_date: \"1900\"}]", "60"), "malformed");
  EXPECT_EQ(run_via("[{serial_date: \"1900\"}]", "59"), "1900-02-28");
  EXPECT_EQ(run_via("[{serial_date: \"1900\"}]", "61"), "1900-03-01");
  EXPECT_EQ(run_via("[{serial_date: \"1900\"}]", "1"), "1900-01-01");
  EXPECT_EQ(run_via("[{serial_date: \"1900\"}]", "0"), "malformed");
  EXPECT_EQ(run_via("[{serial_date: \"1904\"}]", "0"), "1904-01-01");
  EXPECT_EQ(run_via("[{serial_date: \"1900\"}]", "2958465"), "9999-12-31");
  EXPECT_EQ(run_via("[{serial_date: \"1900\"}]", "2958466"), "malformed");
  EXPECT_EQ(run_via("[{serial_date: \"1900\"}]", "44260.0"), "2021-03-05");
  EXPECT_EQ(run_via("[{serial_date: \"1900\"}]", "44260.29722"), "2021-03-05T07:08:00+08:00");
  EXPECT_EQ(run_via("[{serial_date: \"1900\"}]", "44260.3"), "2021-03-05T07:12:00+08:00");
  EXPECT_EQ(run_via("[{serial_date: \"1900\"}]", "44260.2973"), "malformed");
  EXPECT_EQ(run_via("[{serial_date: \"1900\"}]", "44260.9999999999"), "2021-03-06T00:00:00+08:00");
  for (const char* text : {"", "-1", "4426O", "44260.", ".5", "4.4E4", "99999999"}) EXPECT_EQ(run_via("[{serial_date: \"1900\"}]", text), "malformed") << text;
}

TEST(Dates, sentinels_with_wildcards) {
  const std::string via = "[{date: yyyy-MM-dd, sentinels: {absent: [\"0001-01-0?*\", \"*待定*\"], unlimited: [\"长期*\"]}}]";
  EXPECT_EQ(run_via(via, "0001-01-01T00:00:00"), "absent");
  EXPECT_EQ(run_via(via, "时间待定。"), "absent");
  EXPECT_EQ(run_via(via, "长期有效"), "unlimited");
  EXPECT_EQ(run_via(via, "2099-01-05"), "2099-01-05");
  EXPECT_EQ(run_via("[{date: yyyy-MM-dd, sentinels: {absent: [\"*\"]}}]", "a"), "mistake");
}

TEST(Dates, a_validity_without_end_is_written_in_words_when_the_platform_has_some) {
  const std::string read = "[{date: yyyy-MM-dd, sentinels: {unlimited: [长期]}}, ";
  EXPECT_EQ(run_via(read + "{date_format: yyyy-MM-dd}]", "长期"), "malformed");
  EXPECT_EQ(run_via(read + "{date_format: {pattern: yyyy-MM-dd, unlimited: \"9999-12-31\"}}]", "长期"), "9999-12-31");
  EXPECT_EQ(run_via(read + "{date_format: {pattern: yyyy-MM-dd, unlimited: \"9999-12-31\"}}]", "2099-01-05"), "2099-01-05");
  EXPECT_EQ(run_via(read + "{date_format: {unlimited: \"9999-12-31\"}}]", "长期"), "mistake");
}

TEST(Dates, written_forms) {
  EXPECT_EQ(run_via("[{date: yyyy-MM-dd}, {date_format: cy年cM月cd日}]", "2021-12-31"), "二〇二一年十二月三十一日");
  EXPECT_EQ(run_via("[{date: \"yyyy-MM-dd HH:mm\"}, {date_format: \"EEE MMM dd HH:mm:ss 'CST' yyyy\"}]", "2021-03-05 07:08"), "Fri Mar 05 07:08:00 CST 2021");
  EXPECT_EQ(run_via("[{date: \"yyyy-MM-dd HH:mm\"}, {date_format: \"yyyy-MM-ddTHH:mm:ssXX\"}]", "2021-03-05 07:08"), "2021-03-05T07:08:00+0800");
}

} // namespace
} // namespace tongqu::mapping::test
