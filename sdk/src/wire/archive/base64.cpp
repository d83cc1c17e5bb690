#include "tongqu/wire/archive.hpp"

#include <algorithm>
#include <charconv>

namespace tongqu::wire {
namespace {

constexpr std::size_t kDataUriHeadMax = 128;

bool is_blank(char c) { return c == '\r' || c == '\n' || c == ' ' || c == '\t'; }

/// Length of "data:<type>;base64," in front, 0 when there is none.
std::size_t data_uri_head(std::string_view text) {
  if (text.substr(0, 5) != "data:") return 0;
  const std::size_t comma = text.substr(0, kDataUriHeadMax).find(',');
  constexpr std::string_view kMark = ";base64";
  if (comma == std::string_view::npos || comma < 5 + kMark.size() || text.substr(comma - kMark.size(), kMark.size()) != kMark) return 0;
  return comma + 1;
}

/// Where the character stands that the strict reader counted, once blanks are counted again.
std::size_t place_of(std::string_view text, std::size_t head, std::string_view where, bool blanks_skipped) {
  std::size_t left = 0;
  where.remove_prefix(std::min(where.find(' ') + 1, where.size()));
  (void)std::from_chars(where.data(), where.data() + where.size(), left);
  std::size_t at = head;
  for (; at < text.size(); ++at) {
    if (blanks_skipped && is_blank(text[at])) continue;
    if (left-- == 0) break;
  }
  return at;
}

} // namespace

Result<std::string> read_base64(std::string_view text, const Base64Tolerance& tolerance, Base64Used& used) {
  const std::size_t head = tolerance.data_uri ? data_uri_head(text) : 0;
  used.data_uri = used.data_uri || head != 0;
  std::string strict;
  strict.reserve(text.size());
  for (char c : text.substr(head)) {
    if (tolerance.breaks && is_blank(c)) {
      used.breaks = true;
      continue;
    }
    if (tolerance.url && (c == '-' || c == '_')) {
      used.url = true;
      c = c == '-' ? '+' : '/';
    }
    strict += c;
  }
  if (tolerance.padding) {
    const std::size_t last = strict.find_last_not_of('=');
    const std::size_t body = last == std::string::npos ? 0 : last + 1;
    const std::size_t wanted = body % 4 == 2 ? 2 : body % 4 == 3 ? 1 : 0;
    if (strict.size() - body != wanted) {
      used.padding = true;
      strict.resize(body);
      strict.append(wanted, '=');
    }
  }
  auto bytes = from_base64(strict);
  if (bytes) return bytes;
  return Error(Errc::base_base64_invalid).at("offset " + std::to_string(place_of(text, head, bytes.error().where(), tolerance.breaks)));
}

} // namespace tongqu::wire
