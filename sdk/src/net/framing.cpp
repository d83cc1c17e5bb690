#include "tongqu/net/framing.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "tongqu/base/bytes.hpp"
#include "net/text.hpp"

namespace tongqu::net {
namespace {

using detail::equal_no_case;
using detail::is_digit;
using detail::is_token;

// "POST " and " HTTP/1.1" with room for the longest method: a first line longer than target and this cannot be right.
constexpr std::size_t kFirstLineExtra = 32;
constexpr std::size_t kExtensionMax = 64;
constexpr std::size_t kTrailersMax = 16;
constexpr std::size_t kTrailerBytesMax = 1024;

std::string position(std::size_t line, std::size_t column) { return std::to_string(line) + ":" + std::to_string(column); }

Error bad(Errc code, std::size_t line, std::size_t column) { return Error(code).at(position(line, column)); }

bool has(std::string_view text, char byte) { return !text.empty() && std::memchr(text.data(), byte, text.size()) != nullptr; }

bool is_control(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u < 0x20 || u == 0x7f;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// What the fields say, gathered line by line.
struct Fields {
  int length_count = 0;
  int coding_count = 0;
  int host_count = 0;
  int expect_count = 0;
  std::uint64_t length = 0;
  bool close = false;
  bool keep_alive = false;
  bool expect_continue = false;
};

struct Line {
  std::string_view name;
  std::string_view raw;    ///< Everything after the colon.
  std::string_view value;  ///< Without blanks around it.
  std::size_t number = 0;
};

Result<Line> split_field(std::string_view text, std::size_t number) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return bad(Errc::net_header, number, 1);
  Line line;
  line.number = number;
  line.name = text.substr(0, colon);
  if (!is_token(line.name)) return bad(Errc::net_header, number, 1);
  line.raw = text.substr(colon + 1);
  for (std::size_t i = 0; i < line.raw.size(); ++i) {
    if (is_control(line.raw[i]) && line.raw[i] != '\t') return bad(Errc::net_header, number, colon + 2 + i);
  }
  line.value = detail::trim(line.raw);
  return line;
}

/// The value of a framing field: one blank after the colon at most, none after the value, or nothing when it is not so.
std::string_view strict_value(const Line& line) {
  const std::string_view raw = line.raw.substr(0, 1) == " " ? line.raw.substr(1) : line.raw;
  return raw == line.value ? raw : std::string_view();
}

Result<void> take_length(const Line& line, Fields& fields) {
  const std::string_view value = strict_value(line);
  if (++fields.length_count > 1 || fields.coding_count != 0 || value.empty() || value.size() > 10) {
    return bad(Errc::net_framing, line.number, 1);
  }
  std::uint64_t length = 0;
  for (const char c : value) {
    if (!is_digit(c)) return bad(Errc::net_framing, line.number, 1);
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  fields.length = length;
  return {};
}

Result<void> take_coding(const Line& line, Fields& fields) {
  if (++fields.coding_count > 1 || fields.length_count != 0 || strict_value(line) != "chunked") {
    return bad(Errc::net_framing, line.number, 1);
  }
  return {};
}

bool is_host(std::string_view value) {
  std::string_view port;
  std::string_view name = value;
  if (value.substr(0, 1) == "[") {
    const auto end = value.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    name = value.substr(1, end - 1);
    port = value.substr(end + 1);
    if (!std::all_of(name.begin(), name.end(), [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; })) return false;
  } else {
    const auto colon = value.find(':');
    name = value.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : value.substr(colon);
    const auto good = [](char c) { return detail::is_alnum(c) || c == '.' || c == '-' || c == '_'; };
    if (name.empty() || !std::all_of(name.begin(), name.end(), good)) return false;
  }
  if (port.empty()) return true;
  return port[0] == ':' && port.size() >= 2 && port.size() <= 6 && std::all_of(port.begin() + 1, port.end(), is_digit);
}

void take_connection(std::string_view value, Fields& fields) {
  while (!value.empty()) {
    const auto comma = value.find(',');
    const std::string_view token = detail::trim(value.substr(0, comma));
    if (equal_no_case(token, "close")) fields.close = true;
    if (equal_no_case(token, "keep-alive")) fields.keep_alive = true;
    value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
  }
}

Result<void> take_request_field(const Line& line, Fields& fields) {
  if (equal_no_case(line.name, "host")) {
    if (++fields.host_count > 1 || !is_host(line.value)) return bad(Errc::net_host, line.number, 1);
  } else if (equal_no_case(line.name, "expect")) {
    if (++fields.expect_count > 1 || !equal_no_case(line.value, "100-continue")) return bad(Errc::net_expect, line.number, 1);
    fields.expect_continue = true;
  } else if (equal_no_case(line.name, "upgrade")) {
    // Java's HttpClient offers h2c with every plain request; a server may ignore the offer. Nothing else is offered here.
    if (!equal_no_case(line.value, "h2c")) return bad(Errc::net_header, line.number, 1);
  }
  return {};
}

enum class Side { request, response };

Result<void> take_field(std::string_view text, std::size_t number, Side side, Fields& fields) {
  TONGQU_TRY(const Line line, split_field(text, number));
  switch (line.name.size()) {
    case 14: if (equal_no_case(line.name, "content-length")) return take_length(line, fields); break;
    case 17: if (equal_no_case(line.name, "transfer-encoding")) return take_coding(line, fields); break;
    case 10: if (equal_no_case(line.name, "connection")) take_connection(line.value, fields); break;
    default: break;
  }
  return side == Side::request ? take_request_field(line, fields) : Result<void>();
}

/// Checks every field line of a complete head; `at` is where the first one starts.
Result<Fields> take_fields(Bytes head, std::size_t at, const FramingLimits& limits, Side side) {
  Fields fields;
  for (std::size_t number = 2;; ++number) {
    const auto end = head.find("\r\n", at);
    if (end == std::string_view::npos) return bad(Errc::net_header, number, 1);
    if (end == at) break;
    if (number - 1 > limits.fields_max || end - at > limits.field_bytes_max) return bad(Errc::net_head_too_large, number, 1);
    TONGQU_CHECK(take_field(head.substr(at, end - at), number, side, fields));
    at = end + 2;
  }
  return fields;
}

bool is_method(std::string_view method) {
  constexpr std::array<std::string_view, 7> kMethods = {"POST", "GET", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

/// "." and ".." as one path segment, already decoded.
bool is_dots(std::string_view segment) { return segment == "." || segment == ".."; }

/// The byte at `at`, percent-decoded; -1 when the escape is broken. `at` moves behind it.
int next_byte(std::string_view text, std::size_t& at) {
  if (text[at] != '%') return static_cast<unsigned char>(text[at++]);
  if (at + 2 >= text.size()) return -1;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  at += 3;
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

Result<void> check_path(std::string_view path, std::size_t column) {
  std::string segment;
  for (std::size_t at = 1; at < path.size();) {
    const std::size_t from = at;
    const char raw = path[at];
    const int byte = next_byte(path, at);
    const bool encoded = raw == '%';
    const char c = static_cast<char>(byte);
    if (byte < 0 || is_control(c) || (encoded && (c == '/' || c == '\\' || c == '%'))) return bad(Errc::net_target, 1, column + from);
    if (!encoded && std::strchr("\"#;<>\\^`{|}", c) != nullptr) return bad(Errc::net_target, 1, column + from);
    if (!encoded && c == '/') {
      if (segment.empty() || is_dots(segment)) return bad(Errc::net_target, 1, column + from);
      segment.clear();
      continue;
    }
    segment += c;
    if (at >= path.size() || path[at] == '/') {
      if (!is_utf8(segment)) return bad(Errc::net_target, 1, column + from);
    }
  }
  return is_dots(segment) ? Result<void>(bad(Errc::net_target, 1, column)) : Result<void>();
}

Result<void> check_target(std::string_view target, std::size_t column, const FramingLimits& limits) {
  if (target.size() > limits.target_bytes_max) return bad(Errc::net_target_too_long, 1, column);
  if (target.empty() || target[0] != '/') return bad(Errc::net_target, 1, column);
  for (std::size_t i = 0; i < target.size(); ++i) {
    const auto u = static_cast<unsigned char>(target[i]);
    if (u <= 0x20 || u >= 0x7f) return bad(Errc::net_target, 1, column + i);
  }
  const auto mark = target.find('?');
  TONGQU_CHECK(check_path(target.substr(0, mark), column));
  if (mark == std::string_view::npos) return {};
  for (std::size_t at = mark + 1; at < target.size();) {
    const std::size_t from = at;
    if (target[at] == '#' || next_byte(target, at) <= 0) return bad(Errc::net_target, 1, column + from);
  }
  return {};
}

int minor_version_of(std::string_view version) {
  if (version == "HTTP/1.1") return 1;
  return version == "HTTP/1.0" ? 0 : -1;
}

Result<Framing> check_request_line(std::string_view line, const FramingLimits& limits) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (is_control(line[i]) && (first == std::string_view::npos || i < first)) return bad(Errc::net_header, 1, i + 1);
  }
  if (line.empty() || line[0] == ' ') return bad(Errc::net_header, 1, 1);
  if (first == last) return bad(Errc::net_version, 1, line.size());
  Framing framing;
  framing.minor_version = minor_version_of(line.substr(last + 1));
  if (framing.minor_version < 0) return bad(Errc::net_version, 1, last + 2);
  if (!is_method(line.substr(0, first))) return bad(Errc::net_method, 1, 1);
  TONGQU_CHECK(check_target(line.substr(first + 1, last - first - 1), first + 2, limits));
  return framing;
}

/// "HTTP/1.1 200 OK"; the blank before an empty reason may be missing, as several servers leave it out.
Result<Framing> check_status_line(std::string_view line) {
  Framing framing;
  framing.minor_version = minor_version_of(line.substr(0, 8));
  if (framing.minor_version < 0) return bad(Errc::net_version, 1, 1);
  if (line.size() < 12 || line[8] != ' ' || (line.size() > 12 && line[12] != ' ')) return bad(Errc::net_header, 1, 9);
  for (std::size_t i = 9; i < 12; ++i) {
    if (!is_digit(line[i])) return bad(Errc::net_header, 1, i + 1);
    framing.status = framing.status * 10 + (line[i] - '0');
  }
  if (framing.status < 100 || framing.status > 599) return bad(Errc::net_header, 1, 10);
  for (std::size_t i = 12; i < line.size(); ++i) {
    if (is_control(line[i]) && line[i] != '\t') return bad(Errc::net_header, 1, i + 1);
  }
  return framing;
}

/// Common end of both guards: which body follows.
Result<void> decide_body(const Fields& fields, const FramingLimits& limits, Framing& framing) {
  if (fields.coding_count != 0 && framing.minor_version == 0) return bad(Errc::net_framing, 1, 1);
  framing.keep_alive = framing.minor_version == 1 ? !fields.close : fields.keep_alive && !fields.close;
  if (fields.length_count != 0 && fields.length > limits.body_bytes_max) return bad(Errc::net_body_too_large, 1, 1);
  if (fields.coding_count != 0) framing.body = Framing::Body::chunked;
  if (fields.length_count != 0) framing.body = fields.length == 0 ? Framing::Body::none : Framing::Body::length;
  framing.length = fields.length;
  return {};
}

} // namespace

Result<std::size_t> find_head_end(Bytes received, const FramingLimits& limits) {
  const Bytes window = received.substr(0, limits.head_bytes_max);
  std::size_t start = 0;
  for (std::size_t number = 1;; ++number) {
    const auto end = window.find('\n', start);
    const bool whole = end != Bytes::npos;
    Bytes line = window.substr(start, whole ? end - start : Bytes::npos);
    if (number == 1 && line.size() > limits.target_bytes_max + kFirstLineExtra) return bad(Errc::net_target_too_long, 1, 1);
    if (has(line, '\0')) return bad(Errc::net_header, number, line.find('\0') + 1);
    // The last byte may be the CR of a line end; any other CR is bare.
    const bool ends_with_cr = !line.empty() && line.back() == '\r';
    if (whole && !ends_with_cr) return bad(Errc::net_header, number, line.size() + 1);
    if (ends_with_cr) line.remove_suffix(1);
    if (has(line, '\r')) return bad(Errc::net_header, number, line.find('\r') + 1);
    if (!whole) break;
    start = end + 1;
    if (line.empty()) return start;
  }
  if (received.size() >= limits.head_bytes_max) return bad(Errc::net_head_too_large, 1, 1);
  return std::size_t{0};
}

Result<Framing> check_request_head(Bytes head, const FramingLimits& limits) {
  const auto end = head.find("\r\n");
  if (end == Bytes::npos) return bad(Errc::net_header, 1, 1);
  TONGQU_TRY(Framing framing, check_request_line(head.substr(0, end), limits));
  TONGQU_TRY(const Fields fields, take_fields(head, end + 2, limits, Side::request));
  if (fields.host_count == 0) return bad(Errc::net_host, 1, 1);
  TONGQU_CHECK(decide_body(fields, limits, framing));
  framing.expect_continue = fields.expect_continue && framing.minor_version == 1;
  return framing;
}

Result<Framing> check_response_head(Bytes head, const FramingLimits& limits) {
  const auto end = head.find("\r\n");
  if (end == Bytes::npos) return bad(Errc::net_header, 1, 1);
  TONGQU_TRY(Framing framing, check_status_line(head.substr(0, end)));
  TONGQU_TRY(const Fields fields, take_fields(head, end + 2, limits, Side::response));
  TONGQU_CHECK(decide_body(fields, limits, framing));
  const bool bodiless = framing.status < 200 || framing.status == 204 || framing.status == 304;
  if (bodiless) framing.body = Framing::Body::none;
  else if (fields.length_count == 0 && fields.coding_count == 0) framing.body = Framing::Body::until_close;
  return framing;
}

int http_status_of(const Error& error) noexcept {
  switch (error.code()) {
    case Errc::net_method: return 405;
    case Errc::net_request_timeout: return 408;
    case Errc::net_body_too_large: return 413;
    case Errc::net_target_too_long: return 414;
    case Errc::net_content_coding: return 415;
    case Errc::net_expect: return 417;
    case Errc::net_head_too_large: return 431;
    case Errc::net_version: return 505;
    default: return 400;
  }
}

namespace {

/// A size line without its CRLF: 1 to 8 hex digits, then nothing or an extension.
Result<std::uint64_t> chunk_size(std::string_view line) {
  std::uint64_t size = 0;
  std::size_t digits = 0;
  for (; digits < line.size() && hex_value(line[digits]) >= 0; ++digits) {
    if (digits == 8) return Error(Errc::net_chunk);
    size = size * 16 + static_cast<std::uint64_t>(hex_value(line[digits]));
  }
  if (digits == 0) return Error(Errc::net_chunk);
  const std::string_view extension = line.substr(digits);
  if (!extension.empty() && extension[0] != ';') return Error(Errc::net_chunk);
  if (extension.size() > kExtensionMax || std::any_of(extension.begin(), extension.end(), is_control)) return Error(Errc::net_chunk);
  return size;
}

bool is_good_trailer(std::string_view line) {
  const auto field = split_field(line, 1);
  if (!field) return false;
  return !equal_no_case(field->name, "content-length") && !equal_no_case(field->name, "transfer-encoding") &&
         !equal_no_case(field->name, "host");
}

/// Moves bytes into `line` up to and with LF. @return bytes consumed. The line is complete when it ends with LF.
Result<std::size_t> take_line(Bytes received, std::size_t line_bytes_max, std::string& line) {
  const auto end = received.find('\n');
  const std::size_t take = end == Bytes::npos ? received.size() : end + 1;
  if (line.size() + take > line_bytes_max) return Error(Errc::net_chunk);
  line.append(received.data(), take);
  return take;
}

/// Cuts the CRLF off a complete line.
Result<std::string_view> line_text(const std::string& line) {
  std::string_view text = line;
  text.remove_suffix(1);
  if (text.empty() || text.back() != '\r') return Error(Errc::net_chunk);
  text.remove_suffix(1);
  if (has(text, '\r')) return Error(Errc::net_chunk);
  return text;
}

} // namespace

Result<std::size_t> ChunkDecoder::feed(Bytes received, std::string& body) {
  std::size_t used = 0;
  while (used < received.size() && state_ != State::done) {
    const Bytes rest = received.substr(used);
    if (state_ == State::data) {
      const std::size_t take = std::min(rest.size(), static_cast<std::size_t>(left_));
      body.append(rest.data(), take);
      left_ -= take;
      used += take;
      if (left_ == 0) state_ = State::data_end;
      continue;
    }
    const std::size_t line_max = state_ == State::data_end ? 2 : state_ == State::size ? 8 + kExtensionMax + 2 : kTrailerBytesMax;
    TONGQU_TRY(const std::size_t took, take_line(rest, line_max, line_));
    used += took;
    if (line_.back() != '\n') {
      // A byte that cannot start the CRLF after data is refused at once, so that an overlong chunk needs no second packet.
      if (state_ == State::data_end && line_ != "\r") return Error(Errc::net_chunk);
      break;
    }
    TONGQU_TRY(const std::string_view text, line_text(line_));
    if (state_ == State::size) {
      TONGQU_TRY(left_, chunk_size(text));
      if (left_ > body_bytes_max_ || body.size() + left_ > body_bytes_max_) return Error(Errc::net_body_too_large);
      state_ = left_ == 0 ? State::trailer : State::data;
    } else if (state_ == State::data_end) {
      if (!text.empty()) return Error(Errc::net_chunk);
      state_ = State::size;
    } else if (text.empty()) {
      state_ = State::done;
    } else if (++trailers_ > kTrailersMax || !is_good_trailer(text)) {
      return Error(Errc::net_chunk);
    }
    line_.clear();
  }
  return used;
}

} // namespace tongqu::net
