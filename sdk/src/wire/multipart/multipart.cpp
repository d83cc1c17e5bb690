#include "tongqu/wire/multipart.hpp"

#include <algorithm>
#include <optional>

#include "tongqu/wire/archive.hpp"
#include "wire/multipart/part_head.hpp"

namespace tongqu::wire {
namespace {

constexpr std::size_t kBoundaryBytesMax = 70;

Error fault(Errc code, std::size_t offset, const char* what) { return Error(code).at("offset " + std::to_string(offset)).with(what); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}
std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// Value of one header of a part; folded lines are joined by a blank. Empty when it is not there.
std::string header(std::string_view headers, std::string_view name) {
  std::string value;
  bool inside = false;
  while (!headers.empty()) {
    const std::size_t end = std::min(headers.find('\n'), headers.size());
    std::string_view line = headers.substr(0, end);
    headers.remove_prefix(std::min(end + 1, headers.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.empty() && (line.front() == ' ' || line.front() == '\t')) {
      if (inside) value += " " + std::string(trimmed(line));
      continue;
    }
    const std::size_t colon = line.find(':');
    inside = colon != std::string_view::npos && same_word(trimmed(line.substr(0, colon)), name);
    if (inside) value = trimmed(line.substr(colon + 1));
  }
  return value;
}

std::optional<std::string> quoted_printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      out += text[i];
      continue;
    }
    if (text.substr(i + 1, 2) == "\r\n") {
      i += 2;
      continue;
    }
    const auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    out += *byte;
    i += 2;
  }
  return out;
}

std::string without_brackets(std::string id) {
  return id.size() >= 2 && id.front() == '<' && id.back() == '>' ? id.substr(1, id.size() - 2) : id;
}

class MultipartReader {
public:
  MultipartReader(Bytes body, const MultipartLimits& limits) : body_(body), limits_(limits) {}
  Result<std::vector<Part>> read(std::string_view content_type);

private:
  Result<Part> part(std::size_t at, std::size_t end);
  std::size_t next_delimiter(std::size_t from) const;

  Bytes body_;
  const MultipartLimits& limits_;
  std::string delimiter_;
  std::size_t decoded_ = 0, count_ = 0;
};

/// Offset of the next delimiter that begins a line, or npos.
std::size_t MultipartReader::next_delimiter(std::size_t from) const {
  for (std::size_t at = body_.find(delimiter_, from); at != std::string_view::npos; at = body_.find(delimiter_, at + 1)) {
    const std::string_view behind = body_.substr(at + delimiter_.size());
    const std::size_t blanks = std::min(behind.find_first_not_of(" \t"), behind.size());
    const bool ends = behind.substr(0, 2) == "--" || blanks == behind.size() || behind[blanks] == '\r' || behind[blanks] == '\n';
    if (ends && (at == 0 || body_[at - 1] == '\n')) return at;
  }
  return std::string_view::npos;
}

Result<Part> MultipartReader::part(std::size_t at, std::size_t end) {
  std::string_view whole = body_.substr(at, end - at);
  // An empty line ends the headers; it comes at once when there are none.
  std::size_t headers_end = 0, content = 0;
  if (whole.substr(0, 2) == "\r\n") content = 2;
  else if (whole.substr(0, 1) == "\n") content = 1;
  else if (const std::size_t crlf = whole.find("\r\n\r\n"); crlf != std::string_view::npos) headers_end = crlf + 2, content = crlf + 4;
  else if (const std::size_t lf = whole.find("\n\n"); lf != std::string_view::npos) headers_end = lf + 1, content = lf + 2;
  else return fault(Errc::wire_multipart_invalid, at, "headers not ended");
  if (headers_end > limits_.header_bytes_max) return fault(Errc::wire_multipart_limit, at, "headers");
  const std::string_view headers = whole.substr(0, headers_end);
  std::string_view bytes = whole.substr(content);
  detail::PartHead head = detail::read_part_head(headers, count_);
  if (!head.encoding) return fault(Errc::wire_multipart_invalid, at, "transfer encoding");
  Part made;
  made.content_type = std::move(head.content_type);
  made.name = std::move(head.name);
  if (head.encoding == detail::TransferEncoding::base64) {
    Base64Used used;
    Base64Tolerance breaks;
    breaks.breaks = true;
    auto decoded = read_base64(bytes, breaks, used);
    if (!decoded) return fault(Errc::wire_multipart_invalid, at + content, "base64");
    made.bytes = *std::move(decoded);
  } else if (head.encoding == detail::TransferEncoding::quoted_printable) {
    auto decoded = quoted_printable(bytes);
    if (!decoded) return fault(Errc::wire_multipart_invalid, at + content, "quoted-printable");
    made.bytes = *std::move(decoded);
  } else {
    made.bytes = bytes;
  }
  decoded_ += made.bytes.size();
  if (decoded_ > limits_.bytes_max) return fault(Errc::wire_multipart_limit, at, "bytes");
  return made;
}

Result<std::vector<Part>> MultipartReader::read(std::string_view content_type) {
  TONGQU_TRY(const std::string boundary, detail::boundary_of(content_type));
  if (body_.size() > limits_.bytes_max) return fault(Errc::wire_multipart_limit, limits_.bytes_max, "bytes");
  delimiter_ = "--" + boundary;
  std::vector<Part> parts;
  for (std::size_t at = next_delimiter(0); ;) {
    if (at == std::string_view::npos) return fault(Errc::wire_multipart_invalid, body_.size(), "last boundary missing");
    std::size_t start = at + delimiter_.size();
    if (body_.substr(start, 2) == "--") break;
    start = std::min(body_.find('\n', start), body_.size() - 1) + 1;
    const std::size_t next = next_delimiter(start);
    if (next == std::string_view::npos) return fault(Errc::wire_multipart_invalid, body_.size(), "last boundary missing");
    // The line end in front of a delimiter belongs to it.
    std::size_t end = next;
    if (end > start) --end;
    if (end > start && body_[end - 1] == '\r') --end;
    if (++count_ > limits_.parts_max) return fault(Errc::wire_multipart_limit, at, "parts");
    TONGQU_TRY(Part one, part(start, end));
    const bool twice = std::any_of(parts.begin(), parts.end(), [&one](const Part& other) { return other.name == one.name; });
    if (twice) return fault(Errc::wire_multipart_invalid, start, "two parts of one name");
    parts.push_back(std::move(one));
    at = next;
  }
  if (parts.empty()) return fault(Errc::wire_multipart_invalid, 0, "no parts");
  const std::string root = detail::start_of(content_type);
  if (root.empty()) return parts;
  const auto found = std::find_if(parts.begin(), parts.end(), [&root](const Part& one) { return one.name == root; });
  if (found == parts.end()) return fault(Errc::wire_multipart_invalid, 0, "root part missing");
  std::rotate(parts.begin(), found, found + 1);
  return parts;
}

} // namespace

detail::PartHead detail::read_part_head(std::string_view headers, std::size_t number) {
  PartHead head;
  head.content_type = header(headers, "Content-Type");
  head.name = without_brackets(header(headers, "Content-ID"));
  if (head.name.empty()) head.name = header_parameter(header(headers, "Content-Disposition"), "name");
  if (head.name.empty()) head.name = "part" + std::to_string(number);
  const std::string encoding = header(headers, "Content-Transfer-Encoding");
  if (same_word(encoding, "base64")) head.encoding = TransferEncoding::base64;
  else if (same_word(encoding, "quoted-printable")) head.encoding = TransferEncoding::quoted_printable;
  else if (encoding.empty() || same_word(encoding, "binary") || same_word(encoding, "8bit") || same_word(encoding, "7bit")) head.encoding = TransferEncoding::none;
  return head;
}

Result<std::string> detail::boundary_of(std::string_view content_type) {
  std::string boundary = header_parameter(content_type, "boundary");
  if (!same_word(content_type.substr(0, 10), "multipart/") || boundary.empty()) return fault(Errc::wire_multipart_invalid, 0, "no boundary");
  if (boundary.size() > kBoundaryBytesMax) return fault(Errc::wire_multipart_limit, 0, "boundary");
  return boundary;
}

std::string detail::start_of(std::string_view content_type) { return without_brackets(header_parameter(content_type, "start")); }

std::string header_parameter(std::string_view value, std::string_view name) {
  for (std::size_t at = value.find(';'); at != std::string_view::npos;) {
    std::string_view rest = value.substr(at + 1);
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return {};
    const bool wanted = same_word(trimmed(rest.substr(0, equals)), name);
    std::size_t i = equals + 1;
    while (i < rest.size() && (rest[i] == ' ' || rest[i] == '\t')) ++i;
    std::string text;
    if (i < rest.size() && rest[i] == '"') {
      for (++i; i < rest.size() && rest[i] != '"'; ++i) {
        if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
        text += rest[i];
      }
    } else {
      const std::size_t end = std::min(rest.find(';', i), rest.size());
      text = trimmed(rest.substr(i, end - i));
      i = end;
    }
    if (wanted) return text;
    const std::size_t next = rest.find(';', i);
    at = next == std::string_view::npos ? next : at + 1 + next;
  }
  return {};
}

Result<std::vector<Part>> parse_multipart(Bytes body, std::string_view content_type, const MultipartLimits& limits) { return MultipartReader(body, limits).read(content_type); }

} // namespace tongqu::wire
