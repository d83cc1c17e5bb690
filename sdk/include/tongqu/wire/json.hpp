#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/limits.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/wire/document.hpp"

namespace tongqu::wire {

struct JsonOptions {
  Limits limits;
  const NameSet* names = nullptr;  ///< Names to number on the tape; must outlive the call.
};

/// Reads untrusted JSON strictly: RFC 8259, UTF-8 without a byte-order mark, one value, no duplicate key (also through escapes),
/// depth within limits, no NUL character, no lone surrogate. Numbers stay text (Node::raw_text); an exponent beyond +-400 is refused.
/// @param bytes  Must outlive the document.
/// @errors wire.json_syntax, json_duplicate_key, json_number, json_character, json_limit, json_depth, encoding_invalid; where() is line:column.
/// @source RFC 8259
Result<Document> parse_json(Bytes bytes, const JsonOptions& options = {});
Result<void> parse_json_into(Document& document, Bytes bytes, const JsonOptions& options);

/// Writes compact JSON in the order of the calls. Control characters, quotes and backslashes escaped; everything else as UTF-8.
class JsonWriter {
public:
  explicit JsonWriter(std::string& out) : out_(out) {}
  void begin_object();
  void end_object();
  void begin_array();
  void end_array();
  void key(std::string_view name);
  void string(std::string_view utf8);
  void number(std::int64_t value);
  /// A number given as text, already known to be a JSON number.
  void number_text(std::string_view text);
  void boolean(bool value);
  void null();
  /// key + string.
  void member(std::string_view name, std::string_view value) { key(name); string(value); }
  void member(std::string_view name, std::int64_t value) { key(name); number(value); }
  /// Copies a parsed value (any JSON node) unchanged in meaning.
  void node(const Node& node);

private:
  void separate();
  std::string& out_;
  bool need_comma_ = false;
};

/// Appends `"…"` with the escapes of RFC 8259.
void append_json_string(std::string& out, std::string_view utf8);
/// Writes `"…"` at `at`, which must have room for json_string_bytes_max(utf8.size()) bytes. Answers one past the last byte.
char* write_json_string(char* at, std::string_view utf8) noexcept;
/// Two quotes, and six bytes for each byte that could be a control character.
constexpr std::size_t json_string_bytes_max(std::size_t bytes) noexcept { return 6 * bytes + 2; }

/// Two-space indented form of a parsed document, for people.
std::string pretty_json(const Document& document);

} // namespace tongqu::wire
