#include "net/response_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "net/text.hpp"

namespace tongqu::net::detail {
namespace {

std::string_view reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 507: return "Insufficient Storage";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
  }
}

bool is_ours(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kOurs = {"content-length", "connection", "date", "server", "transfer-encoding"};
  return std::any_of(kOurs.begin(), kOurs.end(), [name](std::string_view one) { return equal_no_case(one, name); });
}

void put_number(std::uint64_t number, std::string& out) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

} // namespace

bool is_bodiless(int status) { return status < 200 || status == 204 || status == 304; }

bool write_response_head(const HttpResponse& response, const AnswerFrame& frame, std::string& out) {
  out.assign("HTTP/1.1 ");
  put_number(static_cast<std::uint64_t>(std::clamp(response.status, 200, 599)), out);
  out.append(" ").append(reason(response.status)).append("\r\n");
  for (const Headers::Field& field : response.headers.fields()) {
    if (!is_token(field.first) || !is_field_value(field.second)) return false;
    if (is_ours(field.first)) continue;
    out.append(field.first).append(": ").append(field.second).append("\r\n");
  }
  if (!is_bodiless(response.status) && !response.close_delimited) {
    out.append("Content-Length: ");
    put_number(response.body.size(), out);
    out.append("\r\n");
  }
  if (frame.close) out.append("Connection: close\r\n");
  else if (frame.minor_version == 0) out.append("Connection: keep-alive\r\n");
  if (!frame.server_name.empty()) out.append("Server: ").append(frame.server_name).append("\r\n");
  out.append("Date: ").append(frame.date).append("\r\n\r\n");
  return true;
}

} // namespace tongqu::net::detail
