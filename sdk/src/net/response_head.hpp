#pragma once
#include <string>
#include <string_view>

#include "tongqu/net/http.hpp"

namespace tongqu::net::detail {

/// What the server adds to the handler's answer.
struct AnswerFrame {
  std::string_view server_name;
  std::string_view date;
  bool close = false;
  int minor_version = 1; ///< Of the request; an HTTP/1.0 client that keeps the connection must be told so.
};

/// True for 1xx, 204 and 304.
bool is_bodiless(int status);

/// Writes status line and fields into `out` (cleared first). Content-Length, Connection, Date, Server and Transfer-Encoding of the
/// handler are left out: they are the server's. @return false when a field holds a byte that would split the head.
bool write_response_head(const HttpResponse& response, const AnswerFrame& frame, std::string& out);

} // namespace tongqu::net::detail
