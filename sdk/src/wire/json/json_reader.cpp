#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tongqu/base/utf8.hpp"
#include "tongqu/wire/json_tolerance.hpp"
#include "wire/json/json_keys.hpp"
#include "wire/json/json_scan.hpp"
#include "wire/xml/byte_runs.hpp"

namespace tongqu::wire {
namespace {

using detail::KeyTable;

/// Name, told by its address, of an entry that will be taken off the tape.
constexpr char kDropped[] = "";
constexpr std::uint32_t kLinearKeys = 8;  // Up to here comparing with the keys before is cheaper than hashing.

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// White space of RFC 8259.
bool is_space(char c) noexcept { return detail::is_class(&c, detail::kBlankByte); }

/// What may stand between two tokens: white space, or the beginning of a comment.
constexpr std::array<bool, 256> kBetween = [] {
  std::array<bool, 256> table{};
  for (const char c : {' ', '\n', '\r', '\t', '/'}) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

/// Where plain ASCII ends in a string.
constexpr detail::Stops kStringStops{'"', '\\', '\\', false, false};

/// One pass over the bytes with an explicit stack of open containers, so that no input can exhaust the machine's stack. What reads
/// something is told where it begins and answers where it ends, or null when the text is refused.
class JsonReader {
public:
  JsonReader(Document& document, Bytes bytes, const JsonOptions& options, const JsonTolerance& tolerance, JsonUses& uses)
      : document_(document), tape_(document.mutable_tape()), names_(options.names), name_count_(names_ == nullptr ? 0 : names_->size()), limits_(options.limits), tolerance_(tolerance), uses_(uses), begin_(bytes.data()), end_(begin_ + bytes.size()) {}

  bool read();
  Error take_error() { return std::move(*error_); }

private:
  struct Frame {
    std::uint32_t container = 0;
    std::uint32_t last_child = TapeEntry::kNone;
    std::uint32_t count = 0;
    bool object = false;
    bool hashed = false;   ///< Keys that are not in the set of names stand in the table of this depth.
  };
  struct Key {
    std::string_view name;
    std::uint32_t offset = 0;
    std::uint32_t symbol = 0;   ///< In the set of names; 0 when it is not there, or there is no set.
  };

  const char* read_child(const char* at);
  const char* read_key(const char* at, Key& key);
  bool check_known(Key& key);
  bool check_unknown(Key& key);
  bool stands_twice(std::uint32_t before, Key& key);
  const char* read_value(const char* at, const Key& key);
  const char* read_other_value(const char* at, const Key& key);
  const char* read_number(const char* at, const Key& key);
  const char* read_word(const char* at, const Key& key, NodeKind kind, std::string_view word);
  const char* open(const char* at, const Key& key, NodeKind kind);
  const char* close(const char* at);
  bool add_entry(const Key& key, NodeKind kind, std::string_view text);

  const char* read_string(const char* at, std::string_view& text);
  const char* read_odd_string(const char* at, const char* start, std::string_view& text);
  const char* read_plain_run(const char* at);
  const char* read_single_run(const char* at);
  const char* read_escape(const char* at);
  const char* read_unicode_escape(const char* at);
  const char* read_hex4(const char* at, std::uint32_t& code);

  const char* skip_space(const char* at) {
    // Between most tokens stands nothing.
    return at != end_ && kBetween[static_cast<unsigned char>(*at)] ? skip_blanks(at) : at;
  }
  const char* skip_blanks(const char* at) {
    while (at != end_ && is_space(*at)) ++at;
    return tolerance_.comments && at != end_ && *at == '/' ? skip_comments(at) : at;
  }
  bool is_dropped(std::uint32_t index) const { return tape_[index].name == kDropped; }
  void drop_entries();
  const char* skip_comments(const char* at);
  bool opens_string(const char* at) const { return at != end_ && (*at == '"' || (*at == '\'' && tolerance_.single_quotes)); }
  const char* skip_callback_head(const char* at);
  bool read_end(const char* at);
  const char* read_no_number(const char* at, const Key& key);
  void use(JsonUses::Kind kind, const char* at) { uses_.note(kind, offset_of(at)); }
  std::uint32_t offset_of(const char* at) const { return static_cast<std::uint32_t>(at - begin_); }
  const char* fail(Errc code, const char* at, std::string detail);
  const char* unexpected(const char* at, const char* expected);

  Document& document_;
  std::vector<TapeEntry>& tape_;
  const NameSet* const names_;
  const std::size_t name_count_;
  const Limits limits_;
  const JsonTolerance tolerance_;
  JsonUses& uses_;
  const char* const begin_;
  const char* const end_;
  std::vector<Frame> frames_;
  std::vector<std::uint32_t> last_;   ///< By depth and number of a name: the entry that had it last.
  std::vector<KeyTable> key_tables_;  ///< By depth; made for objects of more than kLinearKeys members only, of keys that have no number.
  std::string decoded_;
  char quote_ = '"';                  ///< That the string being read was opened with.
  bool called_ = false;               ///< The value stands in the call of a function.
  bool any_dropped_ = false;          ///< Entries of keys that stand twice and do not count are called kDropped, and taken off the tape at the end.
  std::optional<Error> error_;
};

const char* JsonReader::fail(Errc code, const char* at, std::string detail) {
  error_ = Error(code).at(document_.position(offset_of(at))).with(std::move(detail));
  return nullptr;
}

/// Bytes that are not even UTF-8 are told apart, so that a file in another encoding is named as such.
const char* JsonReader::unexpected(const char* at, const char* expected) {
  if (at != end_ && static_cast<unsigned char>(*at) >= 0x80 && detail::utf8_sequence(at, end_) == 0) {
    return fail(Errc::wire_encoding_invalid, at, "UTF-8");
  }
  return fail(Errc::wire_json_syntax, at, std::string("expected ") + expected);
}

bool JsonReader::read() {
  const auto size = static_cast<std::size_t>(end_ - begin_);
  if (size > limits_.message_bytes_max || size >= std::numeric_limits<std::uint32_t>::max()) {
    return fail(Errc::wire_json_limit, begin_, "message bytes") != nullptr;
  }
  const char* at = begin_;
  if (std::string_view(begin_, size).substr(0, 3) == "\xEF\xBB\xBF") {
    if (!tolerance_.mark) return fail(Errc::wire_json_syntax, at, "byte-order mark") != nullptr;
    use(JsonUses::mark, at);
    at += 3;
  }
  frames_.reserve(8);
  at = skip_space(at);
  if (tolerance_.callback) at = skip_callback_head(at);
  at = read_value(at, {{}, offset_of(at)});
  while (at != nullptr && !frames_.empty()) at = read_child(at);
  if (at == nullptr || !read_end(at)) return false;
  if (any_dropped_) drop_entries();
  return true;
}

/// Closes the tape over the entries that do not count, with all that is in them.
void JsonReader::drop_entries() {
  const auto size = static_cast<std::uint32_t>(tape_.size());
  std::vector<std::uint32_t> moved(std::size_t{size} + 1);
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < size;) {
    const std::uint32_t end = is_dropped(i) ? tape_[i].end : i + 1;
    const std::uint32_t at = kept;
    kept += is_dropped(i) ? 0 : 1;
    for (; i < end; ++i) moved[i] = at;
  }
  moved[size] = kept;
  for (std::uint32_t i = 0; i < size;) {
    if (is_dropped(i)) {
      i = tape_[i].end;
      continue;
    }
    TapeEntry entry = tape_[i];
    while (entry.next != TapeEntry::kNone && is_dropped(entry.next)) entry.next = tape_[entry.next].next;
    if (entry.next != TapeEntry::kNone) entry.next = moved[entry.next];
    if (entry.parent != TapeEntry::kNone) entry.parent = moved[entry.parent];
    entry.end = moved[entry.end];
    tape_[moved[i]] = entry;
    ++i;
  }
  tape_.resize(kept);
}

bool JsonReader::read_end(const char* at) {
  at = skip_space(at);
  if (called_) {
    if (at == end_ || *at != ')') return unexpected(at, "the end of the call") != nullptr;
    at = skip_space(at + 1);
    if (at != end_ && *at == ';') ++at;
    at = skip_space(at);
  }
  return at == end_ || unexpected(at, "the end of the text") != nullptr;
}

/// Comments and the blanks between them. One that is not closed stays, and is no JSON.
const char* JsonReader::skip_comments(const char* at) {
  while (end_ - at >= 2 && at[0] == '/' && (at[1] == '*' || at[1] == '/')) {
    const std::string_view rest(at, static_cast<std::size_t>(end_ - at));
    const bool line = at[1] == '/';
    const std::size_t close = line ? std::min(rest.find_first_of("\r\n"), rest.size()) : rest.find("*/", 2);
    if (close == std::string_view::npos) return at;
    // Where the comment ends must not depend on who reads the bytes, so it is text too.
    const char* const end = at + close + (line ? 0 : 2);
    for (const char* inside = at; inside != end;) {
      const std::size_t length = static_cast<unsigned char>(*inside) < 0x80 ? 1 : detail::utf8_sequence(inside, end_);
      if (length == 0) return at;
      inside += length;
    }
    use(JsonUses::comment, at);
    at = end;
    while (at != end_ && is_space(*at)) ++at;
  }
  return at;
}

/// `name(` or `a.b.name(` in front of the value; nothing of it is evaluated.
const char* JsonReader::skip_callback_head(const char* const start) {
  constexpr std::ptrdiff_t kLongest = 128;
  const char* at = start;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$'; };
  while (at != end_ && at - start < kLongest && (letter(*at) || (at != start && (*at == '.' || (*at >= '0' && *at <= '9'))))) ++at;
  while (at != end_ && is_space(*at)) ++at;
  if (at == start || at == end_ || *at != '(') return start;
  use(JsonUses::callback, start);
  called_ = true;
  return skip_space(at + 1);
}

/// Reads what follows in the innermost container: its end, or a comma and one more child.
const char* JsonReader::read_child(const char* at) {
  const bool object = frames_.back().object;
  const char closing = object ? '}' : ']';
  at = skip_space(at);
  if (at != end_ && *at == closing) return close(at);
  if (frames_.back().count != 0) {
    if (at == end_ || *at != ',') return unexpected(at, object ? "a comma or the end of the object" : "a comma or the end of the array");
    const char* const comma = at;
    at = skip_space(at + 1);
    if (tolerance_.trailing_commas && at != end_ && *at == closing) {
      use(JsonUses::trailing_comma, comma);
      return close(at);
    }
  }
  Key key{{}, offset_of(at)};
  if (object && (at = read_key(at, key)) == nullptr) return nullptr;
  return read_value(at, key);
}

const char* JsonReader::read_key(const char* const start, Key& key) {
  if (!opens_string(start)) return unexpected(start, "a key in double quotes");
  const char* at = read_string(start, key.name);
  if (at == nullptr) return nullptr;
  if (key.name.size() > limits_.name_bytes_max) return fail(Errc::wire_json_limit, start, "key bytes");
  if (names_ != nullptr) key.symbol = names_->find(key.name);
  if (!(key.symbol != 0 ? check_known(key) : check_unknown(key))) return nullptr;
  at = skip_space(at);
  if (at == end_ || *at != ':') return unexpected(at, "a colon after the key");
  return skip_space(at + 1);
}

/// The value of the key that does not count is read like any other, and taken off the tape at the end.
bool JsonReader::stands_twice(std::uint32_t before, Key& key) {
  if (tolerance_.keys == JsonTolerance::Keys::refuse) return fail(Errc::wire_json_duplicate_key, begin_ + key.offset, {}) != nullptr;
  use(JsonUses::key, begin_ + key.offset);
  any_dropped_ = true;
  if (tolerance_.keys == JsonTolerance::Keys::last) {
    tape_[before].name = kDropped;
  } else {
    key.name = {kDropped, 0};
    key.symbol = 0;
  }
  return true;
}

/// A key with a number stands twice when the last entry of this depth that had the number is in the same object. The entry of the key is
/// the next one on the tape; it is added by read_value right after.
bool JsonReader::check_known(Key& key) {
  const auto next_index = static_cast<std::uint32_t>(tape_.size());
  std::uint32_t& last = last_[(frames_.size() - 1) * name_count_ + key.symbol - 1];
  if (last == TapeEntry::kNone || tape_[last].parent != frames_.back().container) {
    last = next_index;
    return true;
  }
  const std::uint32_t before = last;
  if (tolerance_.keys == JsonTolerance::Keys::last) last = next_index;
  return stands_twice(before, key);
}

bool JsonReader::check_unknown(Key& key) {
  Frame& frame = frames_.back();
  if (frame.count < kLinearKeys) {
    std::uint32_t index = frame.container + 1;
    for (std::uint32_t i = 0; i < frame.count; ++i) {
      const TapeEntry& other = tape_[index];
      // Keys of one length mostly differ in their first byte already.
      if (other.name_size == key.name.size() && (key.name.empty() || *other.name == key.name.front()) && !is_dropped(index) && std::string_view(other.name, other.name_size) == key.name) return stands_twice(index, key);
      index = other.next;
    }
    return true;
  }
  if (key_tables_.size() < frames_.size()) key_tables_.resize(frames_.size());
  KeyTable& table = key_tables_[frames_.size() - 1];
  if (!frame.hashed) {
    frame.hashed = true;
    table.begin();
    std::uint32_t index = frame.container + 1;
    for (std::uint32_t i = 0; i < frame.count; ++i) {
      const TapeEntry& other = tape_[index];
      if (other.symbol == 0 && !is_dropped(index)) (void)table.put(tape_, {other.name, other.name_size}, index);
      index = other.next;
    }
  }
  const auto next_index = static_cast<std::uint32_t>(tape_.size());
  std::uint32_t* const found = table.put(tape_, key.name, next_index);
  if (found == nullptr) return true;
  const std::uint32_t before = *found;
  if (tolerance_.keys == JsonTolerance::Keys::last) *found = next_index;
  return stands_twice(before, key);
}

const char* JsonReader::read_value(const char* at, const Key& key) {
  if (!opens_string(at)) return read_other_value(at, key);
  std::string_view text;
  at = read_string(at, text);
  return at != nullptr && add_entry(key, NodeKind::string, text) ? at : nullptr;
}

const char* JsonReader::read_other_value(const char* at, const Key& key) {
  if (at == end_) return unexpected(at, "a value");
  switch (*at) {
    case '{': return open(at, key, NodeKind::object);
    case '[': return open(at, key, NodeKind::array);
    case 't': return read_word(at, key, NodeKind::boolean, "true");
    case 'f': return read_word(at, key, NodeKind::boolean, "false");
    case 'n': return read_word(at, key, NodeKind::null, "null");
    default: break;
  }
  if (tolerance_.not_a_number && (*at == 'N' || *at == 'I' || (*at == '-' && end_ - at > 1 && at[1] == 'I'))) return read_no_number(at, key);
  if (*at == '-' || (*at >= '0' && *at <= '9')) return read_number(at, key);
  return unexpected(at, "a value");
}

/// NaN and the infinities are no JSON, and no value that a case can have: null.
const char* JsonReader::read_no_number(const char* at, const Key& key) {
  for (const std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
    if (std::string_view(at, static_cast<std::size_t>(end_ - at)).substr(0, word.size()) != word) continue;
    use(JsonUses::not_a_number, at);
    return add_entry(key, NodeKind::null, {}) ? at + word.size() : nullptr;
  }
  return unexpected(at, "a value");
}

const char* JsonReader::read_number(const char* at, const Key& key) {
  const detail::NumberScan scan = detail::scan_number(at, end_);
  const std::string_view text(at, static_cast<std::size_t>(scan.end - at));
  if (scan.verdict == detail::NumberVerdict::out_of_range) return fail(Errc::wire_json_number, at, {});
  if (scan.verdict == detail::NumberVerdict::not_a_number) return unexpected(scan.end, "a number by RFC 8259");
  return add_entry(key, NodeKind::number, text) ? scan.end : nullptr;
}

const char* JsonReader::read_word(const char* const start, const Key& key, NodeKind kind, std::string_view word) {
  const char* at = start;
  for (const char c : word) {
    if (at == end_ || *at != c) return unexpected(at, "true, false or null");
    ++at;
  }
  return add_entry(key, kind, kind == NodeKind::null ? std::string_view() : std::string_view(start, word.size())) ? at : nullptr;
}

const char* JsonReader::open(const char* at, const Key& key, NodeKind kind) {
  if (frames_.size() >= limits_.depth_max) return fail(Errc::wire_json_depth, at, "depth " + std::to_string(limits_.depth_max));
  const auto index = static_cast<std::uint32_t>(tape_.size());
  if (!add_entry(key, kind, {})) return nullptr;
  frames_.push_back({index, TapeEntry::kNone, 0, kind == NodeKind::object});
  if (const std::size_t places = frames_.size() * name_count_; kind == NodeKind::object && last_.size() < places) last_.resize(places, TapeEntry::kNone);
  return at + 1;
}

/// At the closing bracket.
const char* JsonReader::close(const char* at) {
  tape_[frames_.back().container].end = static_cast<std::uint32_t>(tape_.size());
  frames_.pop_back();
  return at + 1;
}

bool JsonReader::add_entry(const Key& key, NodeKind kind, std::string_view text) {
  const auto index = static_cast<std::uint32_t>(tape_.size());
  const auto too_many = [&](const char* what) { return fail(Errc::wire_json_limit, begin_ + key.offset, what) != nullptr; };
  if (index >= limits_.nodes_max) return too_many("values");
  if (text.size() > limits_.text_bytes_max) return too_many("text bytes");
  TapeEntry& entry = tape_.emplace_back();
  entry.kind = kind;
  entry.end = index + 1;
  entry.text = text.data();
  entry.text_size = static_cast<std::uint32_t>(text.size());
  entry.offset = key.offset;
  if (frames_.empty()) return true;

  Frame& frame = frames_.back();
  if (frame.count >= limits_.children_max) return too_many("members or elements");
  if (frame.object) {
    entry.name = key.name.data();
    entry.name_size = static_cast<std::uint32_t>(key.name.size());
    entry.symbol = key.symbol;
  }
  entry.parent = frame.container;
  if (frame.count == 0) tape_[frame.container].has_child = true;
  else tape_[frame.last_child].next = index;
  frame.last_child = index;
  ++frame.count;
  return true;
}

/// The same as read_plain_run inside single quotes, where a double quote is a character like others.
const char* JsonReader::read_single_run(const char* at) {
  while (at != end_ && *at != '\'' && *at != '\\') {
    const auto c = static_cast<unsigned char>(*at);
    if (c < 0x20) return fail(Errc::wire_json_syntax, at, "control character in a string");
    const std::size_t length = c < 0x80 ? 1 : detail::utf8_sequence(at, end_);
    if (length == 0) return fail(Errc::wire_encoding_invalid, at, "UTF-8");
    at += length;
  }
  return at != end_ ? at : unexpected(at, "the end of the string");
}

/// Moves over characters that stand for themselves, checking UTF-8; stops at a quote, a backslash, or fails.
const char* JsonReader::read_plain_run(const char* at) {
  if (quote_ != '"') return read_single_run(at);
  for (;;) {
    at = detail::Runs::plain<kStringStops>(at, end_);
    while (at != end_ && static_cast<unsigned char>(*at) >= 0x80) {
      std::size_t length = detail::common_run(at, end_);
      if (length == 0) length = detail::utf8_sequence(at, end_);
      if (length == 0) return fail(Errc::wire_encoding_invalid, at, "UTF-8");
      at += length;
    }
    if (at == end_) return unexpected(at, "the end of the string");
    if (*at == '"' || *at == '\\') return at;
    if (static_cast<unsigned char>(*at) < 0x20) return fail(Errc::wire_json_syntax, at, "control character in a string");
  }
}

/// At an opening quote. Text without escapes points into the source, other text into the arena.
const char* JsonReader::read_string(const char* at, std::string_view& text) {
  const char* const start = at + 1;
  if (*at != '"') return read_odd_string(at, start, text);
  // Keys and most values are ASCII, with nothing to decode.
  at = detail::Runs::plain<kStringStops>(start, end_);
  if (at == end_ || *at != '"') return read_odd_string(at, start, text);
  text = {start, static_cast<std::size_t>(at - start)};
  return at + 1;
}

/// The rest of a string, from a byte that is not ASCII, an escape or a byte that must not be there; or all of one in single quotes.
const char* JsonReader::read_odd_string(const char* at, const char* start, std::string_view& text) {
  quote_ = start[-1];
  if (quote_ != '"') {
    use(JsonUses::single_quote, at);
    at = start;
  }
  at = read_plain_run(at);
  if (at == nullptr) return nullptr;
  if (*at != '\\') {
    text = {start, static_cast<std::size_t>(at - start)};
    return at + 1;
  }
  decoded_.assign(start, at);
  while (*at != quote_) {
    const char* const run = read_escape(at);
    if (run == nullptr) return nullptr;
    at = read_plain_run(run);
    if (at == nullptr) return nullptr;
    decoded_.append(run, at);
  }
  text = document_.arena().store(decoded_);
  return at + 1;
}

const char* JsonReader::read_escape(const char* const start) {
  const char* const at = start + 1;
  if (at == end_) return unexpected(at, "an escape");
  switch (*at) {
    case '"': case '\\': case '/': decoded_ += *at; break;
    case '\'':
      if (quote_ != '\'') return unexpected(at, "an escape by RFC 8259");
      decoded_ += *at;
      break;
    case 'b': decoded_ += '\b'; break;
    case 'f': decoded_ += '\f'; break;
    case 'n': decoded_ += '\n'; break;
    case 'r': decoded_ += '\r'; break;
    case 't': decoded_ += '\t'; break;
    case 'u': return read_unicode_escape(start);
    default: return unexpected(at, "an escape by RFC 8259");
  }
  return at + 1;
}

const char* JsonReader::read_unicode_escape(const char* const start) {
  std::uint32_t code = 0;
  const char* at = read_hex4(start, code);
  if (at == nullptr) return nullptr;
  if (code == 0) return fail(Errc::wire_json_character, start, "NUL");
  if (code >= 0xDC00 && code <= 0xDFFF) return fail(Errc::wire_json_character, start, "lone surrogate");
  if (code >= 0xD800 && code <= 0xDBFF) {
    if (end_ - at < 2 || at[0] != '\\' || at[1] != 'u') return fail(Errc::wire_json_character, start, "lone surrogate");
    std::uint32_t low = 0;
    at = read_hex4(at, low);
    if (at == nullptr) return nullptr;
    if (low < 0xDC00 || low > 0xDFFF) return fail(Errc::wire_json_character, start, "lone surrogate");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  append_utf8(decoded_, code);
  return at;
}

/// At `\uXXXX`.
const char* JsonReader::read_hex4(const char* at, std::uint32_t& code) {
  at += 2;
  for (int i = 0; i < 4; ++i) {
    const int digit = at == end_ ? -1 : hex_digit(*at);
    if (digit < 0) return unexpected(at, "four hexadecimal digits");
    code = code << 4 | static_cast<std::uint32_t>(digit);
    ++at;
  }
  return at;
}

} // namespace

Result<void> parse_json_into(Document& document, Bytes bytes, const JsonOptions& options) {
  JsonUses none;
  return parse_json_into(document, bytes, options, {}, none);
}

Result<void> parse_json_into(Document& document, Bytes bytes, const JsonOptions& options, const JsonTolerance& tolerance, JsonUses& uses) {
  document.clear();
  document.set_source(bytes);
  JsonReader reader(document, bytes, options, tolerance, uses);
  if (reader.read()) return {};
  document.clear();
  return reader.take_error();
}

Result<Document> parse_json(Bytes bytes, const JsonOptions& options) {
  Document document;
  TONGQU_CHECK(parse_json_into(document, bytes, options));
  return document;
}

} // namespace tongqu::wire
