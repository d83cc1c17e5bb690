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

bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// One pass over the bytes with an explicit stack of open containers, so that no input can exhaust the machine's stack.
class JsonReader {
public:
  JsonReader(Document& document, Bytes bytes, const JsonOptions& options, const JsonTolerance& tolerance, JsonUses& uses)
      : document_(document), tape_(document.mutable_tape()), options_(options), tolerance_(tolerance), uses_(uses), begin_(bytes.data()), p_(begin_), end_(begin_ + bytes.size()) {}

  bool read();
  Error take_error() { return std::move(*error_); }

private:
  struct Frame {
    std::uint32_t container = 0;
    std::uint32_t last_child = TapeEntry::kNone;
    std::uint32_t count = 0;
    bool object = false;
  };
  struct Key {
    std::string_view name;
    std::uint32_t offset = 0;
  };

  bool read_child();
  bool read_key(Key& key);
  bool check_duplicate(const Frame& frame, Key& key);
  bool read_value(const Key& key);
  bool read_string_value(const Key& key);
  bool read_number(const Key& key);
  bool read_word(const Key& key, NodeKind kind, std::string_view word);
  bool open(const Key& key, NodeKind kind);
  void close();
  bool add_entry(const Key& key, NodeKind kind, std::string_view text);

  bool read_string(std::string_view& text);
  bool read_escaped_string(const char* start, std::string_view& text);
  bool read_plain_run();
  bool read_escape();
  bool read_unicode_escape();
  bool read_hex4(std::uint32_t& code);

  void skip_space() {
    while (p_ != end_ && is_space(*p_)) ++p_;
    if (tolerance_.comments && p_ != end_ && *p_ == '/') skip_comments();
  }
  bool is_dropped(std::uint32_t index) const { return tape_[index].name == kDropped; }
  void drop_entries();
  bool read_single_run();
  void skip_comments();
  bool opens_string() const { return p_ != end_ && (*p_ == '"' || (*p_ == '\'' && tolerance_.single_quotes)); }
  bool skip_callback_head();
  bool read_end();
  bool read_no_number(const Key& key);
  void use(JsonUses::Kind kind, const char* at) { uses_.note(kind, offset_of(at)); }
  std::uint32_t offset_of(const char* p) const { return static_cast<std::uint32_t>(p - begin_); }
  bool fail(Errc code, const char* at, std::string detail);
  bool unexpected(const char* expected);

  Document& document_;
  std::vector<TapeEntry>& tape_;
  const JsonOptions& options_;
  const JsonTolerance& tolerance_;
  JsonUses& uses_;
  const char* begin_;
  const char* p_;
  const char* end_;
  std::vector<Frame> frames_;
  std::vector<KeyTable> key_tables_;  ///< By depth; made for objects of more than kLinearKeys members only.
  std::string decoded_;
  char quote_ = '"';                  ///< That the string being read was opened with.
  bool called_ = false;               ///< The value stands in the call of a function.
  bool any_dropped_ = false;          ///< Entries of keys that stand twice and do not count are called kDropped, and taken off the tape at the end.
  std::optional<Error> error_;
};

bool JsonReader::fail(Errc code, const char* at, std::string detail) {
  error_ = Error(code).at(document_.position(offset_of(at))).with(std::move(detail));
  return false;
}

/// Bytes that are not even UTF-8 are told apart, so that a file in another encoding is named as such.
bool JsonReader::unexpected(const char* expected) {
  if (p_ != end_ && static_cast<unsigned char>(*p_) >= 0x80 && detail::utf8_sequence(p_, end_) == 0) {
    return fail(Errc::wire_encoding_invalid, p_, "UTF-8");
  }
  return fail(Errc::wire_json_syntax, p_, std::string("expected ") + expected);
}

bool JsonReader::read() {
  const auto size = static_cast<std::size_t>(end_ - begin_);
  if (size > options_.limits.message_bytes_max || size >= std::numeric_limits<std::uint32_t>::max()) {
    return fail(Errc::wire_json_limit, begin_, "message bytes");
  }
  if (std::string_view(begin_, size).substr(0, 3) == "\xEF\xBB\xBF") {
    if (!tolerance_.mark) return fail(Errc::wire_json_syntax, p_, "byte-order mark");
    use(JsonUses::mark, p_);
    p_ += 3;
  }
  frames_.reserve(8);
  skip_space();
  if (tolerance_.callback && !skip_callback_head()) return false;
  if (!read_value({{}, offset_of(p_)})) return false;
  while (!frames_.empty()) {
    if (!read_child()) return false;
  }
  if (!read_end()) return false;
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

bool JsonReader::read_end() {
  skip_space();
  if (called_) {
    if (p_ == end_ || *p_ != ')') return unexpected("the end of the call");
    ++p_;
    skip_space();
    if (p_ != end_ && *p_ == ';') ++p_;
    skip_space();
  }
  return p_ == end_ || unexpected("the end of the text");
}

/// Comments and the blanks between them. One that is not closed stays, and is no JSON.
void JsonReader::skip_comments() {
  while (end_ - p_ >= 2 && p_[0] == '/' && (p_[1] == '*' || p_[1] == '/')) {
    const std::string_view rest(p_, static_cast<std::size_t>(end_ - p_));
    const bool line = p_[1] == '/';
    const std::size_t close = line ? std::min(rest.find_first_of("\r\n"), rest.size()) : rest.find("*/", 2);
    if (close == std::string_view::npos) return;
    const char* const start = p_;
    // Where the comment ends must not depend on who reads the bytes, so it is text too.
    const char* const end = p_ + close + (line ? 0 : 2);
    for (const char* at = p_; at != end;) {
      const std::size_t length = static_cast<unsigned char>(*at) < 0x80 ? 1 : detail::utf8_sequence(at, end_);
      if (length == 0) return;
      at += length;
    }
    use(JsonUses::comment, start);
    p_ = end;
    while (p_ != end_ && is_space(*p_)) ++p_;
  }
}

/// `name(` or `a.b.name(` in front of the value; nothing of it is evaluated.
bool JsonReader::skip_callback_head() {
  constexpr std::ptrdiff_t kLongest = 128;
  const char* at = p_;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$'; };
  while (at != end_ && at - p_ < kLongest && (letter(*at) || (at != p_ && (*at == '.' || (*at >= '0' && *at <= '9'))))) ++at;
  while (at != end_ && is_space(*at)) ++at;
  if (at == p_ || at == end_ || *at != '(') return true;
  use(JsonUses::callback, p_);
  p_ = at + 1;
  called_ = true;
  skip_space();
  return true;
}

/// Reads what follows in the innermost container: its end, or a comma and one more child.
bool JsonReader::read_child() {
  const bool object = frames_.back().object;
  const bool first = frames_.back().count == 0;
  const char closing = object ? '}' : ']';
  skip_space();
  if (p_ != end_ && *p_ == closing) {
    ++p_;
    close();
    return true;
  }
  if (!first) {
    if (p_ == end_ || *p_ != ',') return unexpected(object ? "a comma or the end of the object" : "a comma or the end of the array");
    const char* const comma = p_++;
    skip_space();
    if (tolerance_.trailing_commas && p_ != end_ && *p_ == closing) {
      use(JsonUses::trailing_comma, comma);
      ++p_;
      close();
      return true;
    }
  }
  Key key{{}, offset_of(p_)};
  if (object && !read_key(key)) return false;
  if (!object) key.offset = offset_of(p_);
  return read_value(key);
}

bool JsonReader::read_key(Key& key) {
  if (!opens_string()) return unexpected("a key in double quotes");
  const char* const start = p_;
  if (!read_string(key.name)) return false;
  if (key.name.size() > options_.limits.name_bytes_max) return fail(Errc::wire_json_limit, start, "key bytes");
  if (!check_duplicate(frames_.back(), key)) return false;
  skip_space();
  if (p_ == end_ || *p_ != ':') return unexpected("a colon after the key");
  ++p_;
  skip_space();
  return true;
}

/// The entry of the key is the next one on the tape; it is added by read_value right after.
bool JsonReader::check_duplicate(const Frame& frame, Key& key) {
  const auto next_index = static_cast<std::uint32_t>(tape_.size());
  // The value of the key that does not count is read like any other, and taken off the tape at the end.
  const auto again = [&](std::uint32_t before) {
    if (tolerance_.keys == JsonTolerance::Keys::refuse) return fail(Errc::wire_json_duplicate_key, begin_ + key.offset, {});
    use(JsonUses::key, begin_ + key.offset);
    any_dropped_ = true;
    if (tolerance_.keys == JsonTolerance::Keys::first) key.name = {kDropped, 0};
    else tape_[before].name = kDropped;
    return true;
  };
  if (frame.count < kLinearKeys) {
    std::uint32_t index = frame.container + 1;
    for (std::uint32_t i = 0; i < frame.count; ++i) {
      const TapeEntry& other = tape_[index];
      // Keys of one length mostly differ in their first byte already.
      if (other.name_size == key.name.size() && (key.name.empty() || *other.name == key.name.front()) && !is_dropped(index) && std::string_view(other.name, other.name_size) == key.name) return again(index);
      index = other.next;
    }
    return true;
  }
  if (key_tables_.size() < frames_.size()) key_tables_.resize(frames_.size());
  KeyTable& table = key_tables_[frames_.size() - 1];
  if (frame.count == kLinearKeys) {
    table.begin();
    std::uint32_t index = frame.container + 1;
    for (std::uint32_t i = 0; i < frame.count; ++i) {
      if (!is_dropped(index)) (void)table.put(tape_, {tape_[index].name, tape_[index].name_size}, index);
      index = tape_[index].next;
    }
  }
  std::uint32_t* const found = table.put(tape_, key.name, next_index);
  if (found == nullptr) return true;
  const std::uint32_t before = *found;
  if (tolerance_.keys == JsonTolerance::Keys::last) *found = next_index;
  return again(before);
}

bool JsonReader::read_value(const Key& key) {
  if (p_ == end_) return unexpected("a value");
  if (opens_string()) return read_string_value(key);
  switch (*p_) {
    case '{': return open(key, NodeKind::object);
    case '[': return open(key, NodeKind::array);
    case 't': return read_word(key, NodeKind::boolean, "true");
    case 'f': return read_word(key, NodeKind::boolean, "false");
    case 'n': return read_word(key, NodeKind::null, "null");
    default: break;
  }
  if (tolerance_.not_a_number && (*p_ == 'N' || *p_ == 'I' || (*p_ == '-' && end_ - p_ > 1 && p_[1] == 'I'))) return read_no_number(key);
  if (*p_ == '-' || (*p_ >= '0' && *p_ <= '9')) return read_number(key);
  return unexpected("a value");
}

/// NaN and the infinities are no JSON, and no value that a case can have: null.
bool JsonReader::read_no_number(const Key& key) {
  for (const std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
    if (std::string_view(p_, static_cast<std::size_t>(end_ - p_)).substr(0, word.size()) != word) continue;
    use(JsonUses::not_a_number, p_);
    p_ += word.size();
    return add_entry(key, NodeKind::null, {});
  }
  return unexpected("a value");
}

bool JsonReader::read_string_value(const Key& key) {
  std::string_view text;
  return read_string(text) && add_entry(key, NodeKind::string, text);
}

bool JsonReader::read_number(const Key& key) {
  const detail::NumberScan scan = detail::scan_number(p_, end_);
  const std::string_view text(p_, static_cast<std::size_t>(scan.end - p_));
  if (scan.verdict == detail::NumberVerdict::out_of_range) return fail(Errc::wire_json_number, p_, {});
  p_ = scan.end;
  if (scan.verdict == detail::NumberVerdict::not_a_number) return unexpected("a number by RFC 8259");
  return add_entry(key, NodeKind::number, text);
}

bool JsonReader::read_word(const Key& key, NodeKind kind, std::string_view word) {
  const char* const start = p_;
  for (const char c : word) {
    if (p_ == end_ || *p_ != c) return unexpected("true, false or null");
    ++p_;
  }
  return add_entry(key, kind, kind == NodeKind::null ? std::string_view() : std::string_view(start, word.size()));
}

bool JsonReader::open(const Key& key, NodeKind kind) {
  if (frames_.size() >= options_.limits.depth_max) return fail(Errc::wire_json_depth, p_, "depth " + std::to_string(options_.limits.depth_max));
  const auto index = static_cast<std::uint32_t>(tape_.size());
  if (!add_entry(key, kind, {})) return false;
  ++p_;
  frames_.push_back({index, TapeEntry::kNone, 0, kind == NodeKind::object});
  return true;
}

void JsonReader::close() {
  tape_[frames_.back().container].end = static_cast<std::uint32_t>(tape_.size());
  frames_.pop_back();
}

bool JsonReader::add_entry(const Key& key, NodeKind kind, std::string_view text) {
  const auto index = static_cast<std::uint32_t>(tape_.size());
  const char* const at = begin_ + key.offset;
  if (index >= options_.limits.nodes_max) return fail(Errc::wire_json_limit, at, "values");
  if (text.size() > options_.limits.text_bytes_max) return fail(Errc::wire_json_limit, at, "text bytes");
  TapeEntry& entry = tape_.emplace_back();
  entry.kind = kind;
  entry.end = index + 1;
  entry.text = text.data();
  entry.text_size = static_cast<std::uint32_t>(text.size());
  entry.offset = key.offset;
  if (frames_.empty()) return true;

  Frame& frame = frames_.back();
  if (frame.count >= options_.limits.children_max) return fail(Errc::wire_json_limit, at, "members or elements");
  if (frame.object) {
    entry.name = key.name.data();
    entry.name_size = static_cast<std::uint32_t>(key.name.size());
    if (options_.names != nullptr) entry.symbol = options_.names->find(key.name);
  }
  entry.parent = frame.container;
  if (frame.count == 0) tape_[frame.container].has_child = true;
  else tape_[frame.last_child].next = index;
  frame.last_child = index;
  ++frame.count;
  return true;
}

/// The same inside single quotes, where a double quote is a character like others.
bool JsonReader::read_single_run() {
  for (; p_ != end_ && *p_ != '\'' && *p_ != '\\'; ++p_) {
    const auto c = static_cast<unsigned char>(*p_);
    if (c < 0x20) return fail(Errc::wire_json_syntax, p_, "control character in a string");
    const std::size_t length = c < 0x80 ? 1 : detail::utf8_sequence(p_, end_);
    if (length == 0) return fail(Errc::wire_encoding_invalid, p_, "UTF-8");
    p_ += length - 1;
  }
  return p_ != end_ || unexpected("the end of the string");
}

/// Moves over characters that stand for themselves, checking UTF-8; stops at a quote, a backslash, or fails.
bool JsonReader::read_plain_run() {
  if (quote_ != '"') return read_single_run();
  for (;;) {
    p_ = detail::skip_plain_ascii(p_, end_);
    while (p_ != end_ && static_cast<unsigned char>(*p_) >= 0x80) {
      while (const int common = detail::common_length(p_, end_)) p_ += common;
      if (p_ == end_ || static_cast<unsigned char>(*p_) < 0x80) break;
      const std::size_t length = detail::utf8_sequence(p_, end_);
      if (length == 0) return fail(Errc::wire_encoding_invalid, p_, "UTF-8");
      p_ += length;
    }
    if (p_ == end_) return unexpected("the end of the string");
    const char c = *p_;
    if (c == '"' || c == '\\') return true;
    if (static_cast<unsigned char>(c) < 0x20) return fail(Errc::wire_json_syntax, p_, "control character in a string");
  }
}

/// At an opening quote. Text without escapes points into the source, other text into the arena.
bool JsonReader::read_string(std::string_view& text) {
  quote_ = *p_;
  if (quote_ != '"') use(JsonUses::single_quote, p_);
  const char* const start = ++p_;
  if (!read_plain_run()) return false;
  if (*p_ == '\\') return read_escaped_string(start, text);
  text = {start, static_cast<std::size_t>(p_ - start)};
  ++p_;
  return true;
}

bool JsonReader::read_escaped_string(const char* start, std::string_view& text) {
  decoded_.assign(start, p_);
  while (*p_ != quote_) {
    if (!read_escape()) return false;
    const char* const run = p_;
    if (!read_plain_run()) return false;
    decoded_.append(run, p_);
  }
  ++p_;
  text = document_.arena().store(decoded_);
  return true;
}

bool JsonReader::read_escape() {
  const char* const start = p_++;
  if (p_ == end_) return unexpected("an escape");
  switch (*p_) {
    case '"': case '\\': case '/': decoded_ += *p_; break;
    case '\'':
      if (quote_ != '\'') return unexpected("an escape by RFC 8259");
      decoded_ += *p_;
      break;
    case 'b': decoded_ += '\b'; break;
    case 'f': decoded_ += '\f'; break;
    case 'n': decoded_ += '\n'; break;
    case 'r': decoded_ += '\r'; break;
    case 't': decoded_ += '\t'; break;
    case 'u': p_ = start; return read_unicode_escape();
    default: return unexpected("an escape by RFC 8259");
  }
  ++p_;
  return true;
}

bool JsonReader::read_unicode_escape() {
  const char* const start = p_;
  std::uint32_t code = 0;
  if (!read_hex4(code)) return false;
  if (code == 0) return fail(Errc::wire_json_character, start, "NUL");
  if (code >= 0xDC00 && code <= 0xDFFF) return fail(Errc::wire_json_character, start, "lone surrogate");
  if (code >= 0xD800 && code <= 0xDBFF) {
    if (end_ - p_ < 2 || p_[0] != '\\' || p_[1] != 'u') return fail(Errc::wire_json_character, start, "lone surrogate");
    std::uint32_t low = 0;
    if (!read_hex4(low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return fail(Errc::wire_json_character, start, "lone surrogate");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  append_utf8(decoded_, code);
  return true;
}

/// At `\uXXXX`.
bool JsonReader::read_hex4(std::uint32_t& code) {
  p_ += 2;
  for (int i = 0; i < 4; ++i) {
    const int digit = p_ == end_ ? -1 : hex_digit(*p_);
    if (digit < 0) return unexpected("four hexadecimal digits");
    code = code << 4 | static_cast<std::uint32_t>(digit);
    ++p_;
  }
  return true;
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
