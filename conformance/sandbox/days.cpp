#include "conformance/sandbox/days.hpp"

#include <algorithm>

#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::sandbox {
namespace {

constexpr std::ptrdiff_t kEntriesMax = 64;

std::string hex_of(const DayLine& line) { return to_hex({line.digest->data(), line.digest->size()}); }

void put_parts(wire::JsonWriter& json, std::size_t depth, const DayLine* first, const DayLine* last) {
  json.key("parts");
  json.begin_array();
  while (first != last) {
    const char next = first->message_id[depth];
    const DayLine* end = std::find_if(first, last, [depth, next](const DayLine& line) { return line.message_id[depth] != next; });
    json.begin_object();
    json.member("prefix", first->message_id.substr(0, depth + 1));
    json.member("count", static_cast<std::int64_t>(end - first));
    json.member("digest", digest_of_lines(first, end));
    json.end_object();
    first = end;
  }
  json.end_array();
}

void put_entries(wire::JsonWriter& json, const DayLine* first, const DayLine* last) {
  json.key("entries");
  json.begin_array();
  for (; first != last; ++first) {
    json.begin_object();
    json.member("messageId", first->message_id);
    json.member("digest", hex_of(*first));
    json.end_object();
  }
  json.end_array();
}

void put_head(wire::JsonWriter& json, std::string_view date, const DayLine* first, const DayLine* last) {
  json.member("date", date);
  json.member("count", static_cast<std::int64_t>(last - first));
  json.member("digest", digest_of_lines(first, last));
}

} // namespace

std::string digest_of_lines(const DayLine* first, const DayLine* last) {
  crypto::Hasher hasher(crypto::Hasher::Algorithm::sm3);
  std::string line;
  for (; first != last; ++first) {
    line.assign(first->message_id).append(1, ' ').append(hex_of(*first)).append(1, '\n');
    hasher.update(line);
  }
  return to_hex(hasher.finish());
}

std::string day_answer(std::string_view date, const std::vector<DayLine>& lines) {
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.member("code", "0");
  json.key("data");
  json.begin_object();
  put_head(json, date, lines.data(), lines.data() + lines.size());
  json.end_object();
  json.end_object();
  return body;
}

std::string day_answer(std::string_view date, std::string_view prefix, const std::vector<DayLine>& lines) {
  const auto below = std::partition_point(lines.begin(), lines.end(), [prefix](const DayLine& line) { return line.message_id < prefix; });
  const auto behind = std::partition_point(below, lines.end(), [prefix](const DayLine& line) { return line.message_id.substr(0, prefix.size()) == prefix; });
  const DayLine* first = lines.data() + (below - lines.begin());
  const DayLine* last = lines.data() + (behind - lines.begin());
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.member("code", "0");
  json.key("data");
  json.begin_object();
  json.member("prefix", prefix);
  put_head(json, date, first, last);
  if (last - first <= kEntriesMax) {
    put_entries(json, first, last);
  } else {
    // The id that is the prefix itself sorts before all that go on, and goes no further.
    const DayLine* longer = std::find_if(first, last, [prefix](const DayLine& line) { return line.message_id.size() > prefix.size(); });
    if (longer != first) put_entries(json, first, longer);
    put_parts(json, prefix.size(), longer, last);
  }
  json.end_object();
  json.end_object();
  return body;
}

} // namespace tongqu::sandbox
