#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <thread>

#include "bridge/acknowledgement.hpp"
#include "bridge/naming.hpp"
#include "bridge/stored_delivery.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

/// What is written into the journal and read again years later: deliveries, acknowledgements, names.
namespace tongqu::bridge::detail {
namespace {

using Form = mapping::AnswerText::SoapForm;

wire::Delivery sample() {
  wire::Delivery delivery;
  delivery.facts = {{"peer", "127.0.0.1:1"}, {"content_type", "text/xml; charset=gb2312"}, {"", "empty name"}, {"empty", ""}};
  std::string every;
  for (int i = 0; i < 256; ++i) every += static_cast<char>(i);
  delivery.parts.push_back({"body", "text/xml", every, nullptr});
  delivery.parts.push_back({"12:attachment", "", "", nullptr});
  return delivery;
}

TEST(StoredDelivery, comes_back_byte_for_byte) {
  const wire::Delivery before = sample();
  const auto after = load_delivery(store_delivery(before));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->facts, before.facts);
  ASSERT_EQ(after->parts.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(after->parts[i].name, before.parts[i].name);
    EXPECT_EQ(after->parts[i].content_type, before.parts[i].content_type);
    EXPECT_EQ(after->parts[i].bytes, before.parts[i].bytes);
    EXPECT_EQ(after->parts[i].document, nullptr);
  }
  EXPECT_TRUE(load_delivery(store_delivery({})));
}

TEST(StoredDelivery, that_is_cut_or_continued_is_refused) {
  const std::string whole = store_delivery(sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = load_delivery(whole.substr(0, size));
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().id(), "bridge.stored_delivery");
  }
  EXPECT_FALSE(load_delivery(whole + "x"));
  EXPECT_FALSE(load_delivery("TQD2" + whole.substr(4)));
}

TEST(StoredDelivery, with_lengths_that_lie_is_refused) {
  for (const char* text : {"TQD1", "TQD1:", "TQD11:0", "TQD11:x1:0", "TQD11:01:", "TQD1-1:01:0", "TQD199999999999999999999:0", "TQD11:18446744073709551615:a", "TQD11:1999999999999:a",
                           "TQD11:01:9", "TQD1 1:01:0", "TQD120:18446744073709551615"}) {
    EXPECT_FALSE(load_delivery(text)) << text;
  }
  const auto none = load_delivery("TQD11:01:0");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->parts.empty());
}

TEST(Acknowledgement, comes_back_as_it_was_told) {
  for (const Form form : {Form::escaped, Form::cdata, Form::elements}) {
    mapping::AnswerText text;
    text.payload = "<a>\"慕容\" \\ \n\t& 𠮷</a>";
    text.format = "xml";
    text.charset = "gb18030";
    text.declared = "gb2312";
    text.soap_element = "sendBjResponse";
    text.soap_part = "return";
    text.soap_form = form;
    text.fault = form == Form::cdata;
    const auto loaded = load_acknowledgement(store_acknowledgement(text, form == Form::elements));
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->text.payload, text.payload);
    EXPECT_EQ(loaded->text.format, "xml");
    EXPECT_EQ(loaded->text.charset, "gb18030");
    EXPECT_EQ(loaded->text.declared, "gb2312");
    EXPECT_EQ(loaded->text.soap_element, "sendBjResponse");
    EXPECT_EQ(loaded->text.soap_part, "return");
    EXPECT_EQ(loaded->text.soap_form, form);
    EXPECT_EQ(loaded->text.fault, form == Form::cdata);
    EXPECT_EQ(loaded->held, form == Form::elements);
  }
}

TEST(Acknowledgement, that_cannot_be_read_is_refused) {
  for (const char* text : {"", "{", "[]", "null", "{\"payload\":"}) EXPECT_EQ(load_acknowledgement(text).error().id(), "bridge.stored_delivery") << text;
}

TEST(Acknowledgement, of_a_pack_without_answer_tells_id_state_and_time) {
  mapping::AnswerFacts facts;
  facts.message_id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  facts.state = "held";
  facts.accepted_at = "2149-03-05T07:08:09.123+08:00";
  const auto soap = default_acknowledgement("soap", facts);
  EXPECT_EQ(soap.soap_form, Form::elements);
  const std::string around = "<r>" + soap.payload + "</r>";
  const auto xml = wire::parse_xml(around);
  ASSERT_TRUE(xml);
  EXPECT_EQ(xml->root().child("id").raw_text(), facts.message_id);
  EXPECT_EQ(xml->root().child("state").raw_text(), "held");
  EXPECT_EQ(xml->root().child("time").raw_text(), facts.accepted_at);
  const auto rest = default_acknowledgement("rest", facts);
  EXPECT_EQ(rest.format, "json");
  EXPECT_EQ(rest.payload, R"({"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","state":"held","time":"2149-03-05T07:08:09.123+08:00"})");
}

TEST(Acknowledgement, is_handed_to_the_connector_whole) {
  mapping::AnswerText text;
  text.payload = "p";
  text.format = "json";
  text.charset = "gbk";
  text.declared = "gb2312";
  text.soap_element = "e";
  text.soap_part = "q";
  text.soap_form = Form::cdata;
  text.fault = true;
  const connector::Answer answer = to_answer(text);
  EXPECT_EQ(answer.payload + answer.format + answer.charset + answer.declared + answer.soap_element + answer.soap_part, "pjsongbkgb2312eq");
  EXPECT_EQ(answer.soap_form, connector::Answer::SoapForm::cdata);
  EXPECT_TRUE(answer.fault);
}

TEST(MessageIds, sort_by_time_and_never_repeat) {
  MessageIds ids;
  std::set<std::string> seen;
  const UtcMillis now = from_epoch_ms(1'772'665'689'000);
  for (int i = 0; i < 5000; ++i) {
    const std::string id = ids.next(now);
    ASSERT_EQ(id.size(), 26u);
    ASSERT_EQ(id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ"), std::string::npos) << id;
    ASSERT_TRUE(seen.insert(id).second);
  }
  EXPECT_EQ(seen.begin()->substr(0, 10), seen.rbegin()->substr(0, 10)) << "48 bits of the same millisecond";
  EXPECT_LT(*seen.rbegin(), ids.next(now + std::chrono::milliseconds(1)));
  // 1469918176385 ms is the example of the ULID text, 01ARYZ6S41.
  EXPECT_EQ(ids.next(from_epoch_ms(1'469'918'176'385)).substr(0, 10), "01ARYZ6S41");
}

TEST(MessageIds, from_many_threads_never_repeat) {
  MessageIds ids;
  std::vector<std::vector<std::string>> got(4);
  std::vector<std::thread> threads;
  for (auto& mine : got) threads.emplace_back([&ids, &mine] { for (int i = 0; i < 1000; ++i) mine.push_back(ids.next(from_epoch_ms(1))); });
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : got) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 4000u);
}

TEST(OfficeTime, is_the_wall_clock_of_china_with_milliseconds) {
  EXPECT_EQ(office_time(from_epoch_ms(0)), "1970-01-01T08:00:00.000+08:00");
  EXPECT_EQ(office_time(from_epoch_ms(1'772'665'689'123)), "2026-03-05T07:08:09.123+08:00");
  EXPECT_EQ(office_time(from_epoch_ms(951'839'999'999)), "2000-02-29T23:59:59.999+08:00");
  EXPECT_EQ(office_time(from_epoch_ms(253'402'300'799'000 - 8 * 3'600'000)), "9999-12-31T23:59:59.000+08:00");
}

} // namespace
} // namespace tongqu::bridge::detail
