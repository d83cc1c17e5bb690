#include "tongqu/net/http_server.hpp"

#include <array>

namespace tongqu::net {
namespace {

/// This module may not use wire, so it has the one JSON text it needs itself.
void put_text(std::string& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (u < 0x20) {
      out += "\\u00";
      out += kHex[u >> 4U];
      out += kHex[u & 0xfU];
    } else {
      out += c;
    }
  }
  out += '"';
}

} // namespace

BodyPlan HttpHandler::plan_body(const HttpRequest&, const Framing&) { return {}; }

HttpResponse HttpHandler::on_refused(const Error& error, const HttpRequest& as_far_as_known) {
  static_cast<void>(as_far_as_known);
  HttpResponse response;
  response.status = http_status_of(error);
  response.headers.add("Content-Type", "application/json; charset=utf-8");
  if (error.code() == Errc::net_method) response.headers.add("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH");
  const std::string en = error.message(Lang::en);
  const std::string zh = error.message(Lang::zh);
  const std::array<std::pair<std::string_view, std::string_view>, 6> parts = {{
      {"{\"id\":", error.id()},
      {",\"action\":", action_name(error.action())},
      {",\"message\":{\"en\":", en},
      {",\"zh\":", zh},
      {"},\"where\":", error.where()},
      {",\"trace\":", ""},
  }};
  for (const auto& [name, text] : parts) {
    response.body += name;
    put_text(response.body, text);
  }
  response.body += ",\"findings\":[]}";
  return response;
}

} // namespace tongqu::net
