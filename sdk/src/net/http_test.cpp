#include "tongqu/net/http.hpp"

#include <gtest/gtest.h>

#include "net/response_head.hpp"

namespace tongqu::net {
namespace {

TEST(Headers, names_compare_without_case_and_keep_their_spelling) {
  Headers headers;
  headers.add("Content-Type", "text/xml");
  headers.add("X-A", "1");
  headers.add("x-a", "2");
  EXPECT_EQ(headers.get("content-TYPE"), "text/xml");
  EXPECT_EQ(headers.get("x-a"), "1");
  EXPECT_EQ(headers.count("X-a"), 2U);
  EXPECT_FALSE(headers.has("X"));
  EXPECT_EQ(headers.get("X"), "");
  EXPECT_EQ(headers.fields()[2].first, "x-a");
}

TEST(HttpRequest, target_is_split_at_the_first_question_mark) {
  HttpRequest request;
  request.target = "/a/b?c=d?e";
  EXPECT_EQ(request.path(), "/a/b");
  EXPECT_EQ(request.query(), "c=d?e");
  request.target = "/a";
  EXPECT_EQ(request.path(), "/a");
  EXPECT_EQ(request.query(), "");
}

TEST(MediaType, type_and_parameters_are_read) {
  const char* value = " Text/XML ; charset=\"gb2312\"; boundary=\"a;b\\\"c\" ;x";
  EXPECT_EQ(media_type(value), "text/xml");
  EXPECT_EQ(media_parameter(value, "CHARSET"), "gb2312");
  EXPECT_EQ(media_parameter(value, "boundary"), "a;b\"c");
  EXPECT_EQ(media_parameter(value, "action"), "");
  EXPECT_EQ(media_parameter("text/xml;charset=utf-8", "charset"), "utf-8");
  EXPECT_EQ(media_type(""), "");
  EXPECT_EQ(media_parameter("text/xml;charset=\"", "charset"), "\"");
  EXPECT_EQ(media_parameter_count("text/xml; charset=utf-8; a=\";charset=x\"; CharSet=gbk", "charset"), 2U);
  EXPECT_EQ(media_parameter_count("text/xml; charset", "charset"), 0U);
}

TEST(ResponseHead, fields_of_the_server_are_not_doubled) {
  HttpResponse response;
  response.headers.add("content-length", "99");
  response.headers.add("Connection", "upgrade");
  response.headers.add("Content-Type", "text/plain");
  response.body = "abc";
  std::string out;
  ASSERT_TRUE(detail::write_response_head(response, {"tq", "Thu, 01 Jan 1970 00:00:00 GMT", true, 1}, out));
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\nServer: tq\r\n"
                 "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n");
}

TEST(ResponseHead, field_that_would_split_the_head_is_refused) {
  for (const char* value : {"a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\x01"}) {
    HttpResponse response;
    response.headers.add("X-A", value);
    std::string out;
    EXPECT_FALSE(detail::write_response_head(response, {}, out)) << value;
  }
  HttpResponse response;
  response.headers.add("X-A: b\r\nX-C", "d");
  std::string out;
  EXPECT_FALSE(detail::write_response_head(response, {}, out));
}

} // namespace
} // namespace tongqu::net
