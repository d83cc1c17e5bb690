#include "tongqu/net/framing.hpp"

#include <gtest/gtest.h>

#include "net/test_support.hpp"

namespace tongqu::net {
namespace {

const std::string kHost = "Host: bridge.test\r\n";

std::string post(const std::string& fields) { return "POST /soap HTTP/1.1\r\n" + kHost + fields + "\r\n"; }

std::string id_of(const Result<Framing>& result) { return result ? "" : std::string(result.error().id()); }

TEST(FramingGuard, every_bad_script_is_refused_with_its_id) {
  const auto scripts = test::bad_scripts();
  ASSERT_GE(scripts.size(), 90U);
  for (const test::BadScript& script : scripts) {
    if (script.judge != "guard") continue;
    const test::GuardVerdict verdict = test::run_guard(script.bytes, test::script_limits());
    EXPECT_EQ(verdict.error_id, script.error_id) << script.file;
    EXPECT_EQ(verdict.status, script.status) << script.file;
    EXPECT_EQ(verdict.passed, script.served) << script.file;
  }
}

TEST(FramingGuard, a_bad_script_gives_the_same_id_when_it_comes_byte_by_byte) {
  for (const test::BadScript& script : test::bad_scripts()) {
    if (script.judge != "guard" || script.bytes.size() > 2000 || script.served != 0) continue;
    std::string seen;
    for (std::size_t n = 1; n <= script.bytes.size() && seen.empty(); ++n) {
      seen = test::run_guard(script.bytes.substr(0, n), test::script_limits()).error_id;
    }
    EXPECT_EQ(seen, script.error_id) << script.file;
  }
}

TEST(FramingGuard, head_end_is_found_only_when_the_empty_line_is_whole) {
  const std::string head = post("Content-Length: 0\r\n");
  for (std::size_t n = 0; n < head.size(); ++n) {
    const auto end = find_head_end(head.substr(0, n), FramingLimits());
    ASSERT_TRUE(end) << n;
    EXPECT_EQ(*end, 0U) << n;
  }
  EXPECT_EQ(*find_head_end(head + "body", FramingLimits()), head.size());
}

TEST(FramingGuard, head_size_is_judged_at_its_limit) {
  FramingLimits limits;
  const std::string head = post("X-A: b\r\n");
  limits.head_bytes_max = head.size();
  EXPECT_EQ(*find_head_end(head, limits), head.size());
  limits.head_bytes_max = head.size() - 1;
  EXPECT_EQ(find_head_end(head, limits).error().id(), "net.head_too_large");
}

TEST(FramingGuard, error_names_line_and_column) {
  EXPECT_EQ(check_request_head(post("X-A: b\r\nX-B: c\x01\r\n"), {}).error().where(), "4:7");
  EXPECT_EQ(find_head_end("GET / HTTP/1.1\nHost: a\r\n", {}).error().where(), "1:15");
}

TEST(FramingGuard, content_length_gives_the_body) {
  const auto framing = check_request_head(post("Content-Length: 42\r\n"), {});
  ASSERT_TRUE(framing);
  EXPECT_EQ(framing->body, Framing::Body::length);
  EXPECT_EQ(framing->length, 42U);
  EXPECT_TRUE(framing->keep_alive);
}

TEST(FramingGuard, chunked_gives_the_body) {
  const auto framing = check_request_head(post("transfer-encoding:chunked\r\n"), {});
  ASSERT_TRUE(framing);
  EXPECT_EQ(framing->body, Framing::Body::chunked);
}

TEST(FramingGuard, no_length_means_no_body) {
  EXPECT_EQ(check_request_head(post(""), {})->body, Framing::Body::none);
  EXPECT_EQ(check_request_head(post("Content-Length: 0\r\n"), {})->body, Framing::Body::none);
}

TEST(FramingGuard, body_limit_is_judged_at_its_limit) {
  FramingLimits limits;
  limits.body_bytes_max = 10;
  EXPECT_TRUE(check_request_head(post("Content-Length: 10\r\n"), limits));
  EXPECT_EQ(id_of(check_request_head(post("Content-Length: 11\r\n"), limits)), "net.body_too_large");
}

TEST(FramingGuard, field_count_and_size_are_judged_at_their_limits) {
  FramingLimits limits;
  limits.fields_max = 2;
  EXPECT_TRUE(check_request_head(post("X-A: b\r\n"), limits));
  EXPECT_EQ(id_of(check_request_head(post("X-A: b\r\nX-B: c\r\n"), limits)), "net.head_too_large");
  limits.fields_max = 100;
  limits.field_bytes_max = kHost.size() - 2;
  EXPECT_TRUE(check_request_head(post("X-A: 78901234567\r\n"), limits));
  EXPECT_EQ(id_of(check_request_head(post("X-A: 7890123456789\r\n"), limits)), "net.head_too_large");
}

TEST(FramingGuard, target_size_is_judged_at_its_limit) {
  FramingLimits limits;
  limits.target_bytes_max = 5;
  EXPECT_TRUE(check_request_head("GET /2345 HTTP/1.1\r\n" + kHost + "\r\n", limits));
  EXPECT_EQ(id_of(check_request_head("GET /23456 HTTP/1.1\r\n" + kHost + "\r\n", limits)), "net.target_too_long");
}

TEST(FramingGuard, ordinary_targets_pass) {
  for (const char* target : {"/", "/soap", "/a/b/", "/a?wsdl", "/a?x=http://b//c/../d", "/~u/a-b_c.d", "/a...b", "/...", "/%E4%B8%AD%E6%96%87",
                             "/a?x=%D6%D0;y={z}", "/a?%0d%0a", "/a:b@c,d!$&'()*+="}) {
    EXPECT_EQ(id_of(check_request_head("GET " + std::string(target) + " HTTP/1.1\r\n" + kHost + "\r\n", {})), "") << target;
  }
}

TEST(FramingGuard, heads_of_common_clients_pass) {
  for (const char* fields : {
           "SOAPAction: \"urn:submit\"\r\nContent-Type: text/xml; charset=gb2312\r\n", "SOAPAction:\r\n", "X-Name: \xd6\xd0\xce\xc4\r\n",
           "X-A:\tb\t\r\n", "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQBAAAAAAIAAAAA\r\nUpgrade: h2c\r\n",
           "Expect: 100-Continue\r\n", "X_Y: z\r\n"}) {
    EXPECT_EQ(id_of(check_request_head(post(fields), {})), "") << fields;
  }
}

TEST(FramingGuard, host_forms_pass) {
  for (const char* host : {"bridge.test", "bridge.test:8080", "127.0.0.1:1", "[::1]:8080", "[::1]", "my_host"}) {
    EXPECT_TRUE(check_request_head("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n", {})) << host;
  }
  for (const char* host : {"[::1", "[]", "[g::1]", ":80", "a:", "a:123456"}) {
    EXPECT_EQ(id_of(check_request_head("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n", {})), "net.host") << host;
  }
}

TEST(FramingGuard, keep_alive_follows_version_and_connection) {
  const auto keeps = [](const std::string& version, const std::string& fields) {
    return check_request_head("GET / HTTP/" + version + "\r\n" + kHost + fields + "\r\n", {})->keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: te, close\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: Keep-Alive\r\n"));
}

TEST(FramingGuard, expectation_counts_on_http11_only) {
  EXPECT_TRUE(check_request_head(post("Expect: 100-continue\r\n"), {})->expect_continue);
  EXPECT_FALSE(check_request_head("POST / HTTP/1.0\r\n" + kHost + "Expect: 100-continue\r\n\r\n", {})->expect_continue);
}

TEST(ResponseGuard, good_heads_give_their_body) {
  const auto body = [](const std::string& head) { return check_response_head(head, {})->body; };
  EXPECT_EQ(body("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), Framing::Body::length);
  EXPECT_EQ(body("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), Framing::Body::chunked);
  EXPECT_EQ(body("HTTP/1.1 200 OK\r\n\r\n"), Framing::Body::until_close);
  EXPECT_EQ(body("HTTP/1.0 200\r\n\r\n"), Framing::Body::until_close);
  EXPECT_EQ(body("HTTP/1.1 204 No Content\r\n\r\n"), Framing::Body::none);
  EXPECT_EQ(body("HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n"), Framing::Body::none);
  EXPECT_EQ(body("HTTP/1.1 100 Continue\r\n\r\n"), Framing::Body::none);
  EXPECT_EQ(check_response_head("HTTP/1.1 503 \xb7\xb1\xc3\xa6\r\n\r\n", {})->status, 503);
}

TEST(ResponseGuard, bad_heads_are_refused_with_their_id) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\n", "net.framing"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", "net.framing"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "net.framing"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "net.framing"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "net.framing"},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "net.framing"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n", "net.framing"},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", "net.framing"},
      {"HTTP/2 200\r\n\r\n", "net.version"},
      {"ICY 200 OK\r\n\r\n", "net.version"},
      {"HTTP/1.1 20 OK\r\n\r\n", "net.header"},
      {"HTTP/1.1 2000 OK\r\n\r\n", "net.header"},
      {"HTTP/1.1 099 OK\r\n\r\n", "net.header"},
      {"HTTP/1.1  200 OK\r\n\r\n", "net.header"},
      {"HTTP/1.1 200 O\x01K\r\n\r\n", "net.header"},
      {"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\n\r\n", "net.header"},
      {"HTTP/1.1 200 OK\r\nX-A : b\r\n\r\n", "net.header"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n", "net.body_too_large"},
  };
  for (const auto& [head, id] : cases) EXPECT_EQ(id_of(check_response_head(head, {})), id) << head;
}

TEST(HttpStatus, every_error_has_its_status) {
  EXPECT_EQ(http_status_of(Error(Errc::net_framing)), 400);
  EXPECT_EQ(http_status_of(Error(Errc::net_method)), 405);
  EXPECT_EQ(http_status_of(Error(Errc::net_request_timeout)), 408);
  EXPECT_EQ(http_status_of(Error(Errc::net_body_too_large)), 413);
  EXPECT_EQ(http_status_of(Error(Errc::net_target_too_long)), 414);
  EXPECT_EQ(http_status_of(Error(Errc::net_content_coding)), 415);
  EXPECT_EQ(http_status_of(Error(Errc::net_expect)), 417);
  EXPECT_EQ(http_status_of(Error(Errc::net_head_too_large)), 431);
  EXPECT_EQ(http_status_of(Error(Errc::net_version)), 505);
  EXPECT_EQ(http_status_of(Error(Errc::base_internal)), 400);
}

struct Decoded {
  std::string body, error_id;
  std::size_t used = 0;
  bool done = false;
};

Decoded decode(const std::string& bytes, std::size_t step, std::size_t body_bytes_max = 1024) {
  ChunkDecoder decoder(body_bytes_max);
  Decoded out;
  for (std::size_t at = 0; at < bytes.size() && !decoder.done(); at += step) {
    const auto used = decoder.feed(std::string_view(bytes).substr(at, step), out.body);
    if (!used) {
      out.error_id = used.error().id();
      return out;
    }
    out.used += *used;
  }
  out.done = decoder.done();
  return out;
}

TEST(ChunkDecoder, gives_the_same_body_in_any_pieces_and_leaves_what_follows) {
  // RFC 9112 section 7.1, with an extension and a trailer.
  const std::string wire = "4\r\nWiki\r\n5;name=value\r\npedia\r\nE\r\n in\r\n\r\nchunks.\r\n0\r\nX-Sum: 1\r\n\r\n";
  for (std::size_t step = 1; step <= wire.size(); ++step) {
    const Decoded out = decode(wire + "GET /", step);
    EXPECT_EQ(out.body, "Wikipedia in\r\n\r\nchunks.") << step;
    EXPECT_TRUE(out.done);
    EXPECT_EQ(out.used, wire.size());
  }
}

TEST(ChunkDecoder, limits_are_judged_at_their_values) {
  EXPECT_TRUE(decode("5\r\nhello\r\n0\r\n\r\n", 3, 5).done);
  EXPECT_EQ(decode("6\r\nhello!\r\n0\r\n\r\n", 3, 5).error_id, "net.body_too_large");
  EXPECT_EQ(decode("3\r\nhel\r\n3\r\nlo!\r\n0\r\n\r\n", 3, 5).error_id, "net.body_too_large");
  EXPECT_TRUE(decode("00000005\r\nhello\r\n0\r\n\r\n", 3).done);
  EXPECT_TRUE(decode("5;" + std::string(63, 'x') + "\r\nhello\r\n0\r\n\r\n", 3).done);
  EXPECT_EQ(decode("5;" + std::string(64, 'x') + "\r\nhello\r\n0\r\n\r\n", 3).error_id, "net.chunk");
}

TEST(ChunkDecoder, empty_body_is_a_body) {
  const Decoded out = decode("0\r\n\r\n", 1);
  EXPECT_TRUE(out.done);
  EXPECT_EQ(out.body, "");
}

} // namespace
} // namespace tongqu::net
