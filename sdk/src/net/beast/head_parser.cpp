#include "net/beast/head_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <limits>

namespace tongqu::net::detail {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

std::string text(string_view view) { return std::string(view.data(), view.size()); }

/// Fills our request from Beast's callbacks, without Beast's own field container.
class HeadParser final : public http::basic_parser<true> {
public:
  explicit HeadParser(HttpRequest& out) : out_(out) {}

private:
  void on_request_impl(http::verb, string_view method, string_view target, int version, error_code&) override {
    out_.method = text(method);
    out_.target = text(target);
    out_.minor_version = version % 10;
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
    out_.headers.add(text(name), text(value));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override { return body.size(); }
  void on_finish_impl(error_code&) override {}

  HttpRequest& out_;
};

} // namespace

Result<void> parse_head(Bytes head, const FramingLimits& limits, HttpRequest& out) {
  HeadParser parser(out);
  parser.header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(limits.head_bytes_max, std::numeric_limits<std::uint32_t>::max())));
  parser.body_limit(boost::none);
  error_code failed;
  const std::size_t used = parser.put(boost::asio::buffer(head.data(), head.size()), failed);
  if (failed || used != head.size() || !parser.is_header_done()) return Error(Errc::net_header);
  return {};
}

} // namespace tongqu::net::detail
