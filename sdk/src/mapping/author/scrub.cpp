#include <algorithm>
#include <optional>

#include "mapping/author/alias_dictionary.hpp"
#include "mapping/author/byte_map.hpp"
#include "mapping/author/characters.hpp"
#include "mapping/author/source_shape.hpp"
#include "mapping/author/synthetic.hpp"
#include "mapping/reverse/charset.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/mapping/author.hpp"
#include "tongqu/wire/encoding.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

/// A captured message made synthetic in place: each character of a value is replaced where it stands, in the way in which it was written.
namespace tongqu::mapping::author {
namespace {

constexpr std::size_t kLayersMax = 6;
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool starts(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

std::string hex(std::uint32_t value, std::size_t width, bool capitals) {
  const std::string_view digits = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string out;
  for (; value != 0 || out.size() < width; value >>= 4) out.insert(out.begin(), digits[value & 15]);
  return out;
}

/// A character written as the one before it was: as itself, as a reference of XML or an escape of JSON, or percent-encoded.
std::string written_like(std::string_view raw, std::string_view before, std::string_view after) {
  if (raw == before || before == after) return before == after ? std::string(raw) : std::string(after);
  const bool capitals = raw.find_first_of("ABCDEF") != std::string_view::npos;
  if (starts(raw, "&#x")) return "&#x" + hex(detail::utf8_point(after, 0), 1, capitals) + ";";
  if (starts(raw, "&#")) return "&#" + std::to_string(detail::utf8_point(after, 0)) + ";";
  if (starts(raw, "\\u")) {
    const std::uint32_t code = detail::utf8_point(after, 0);
    if (code < 0x10000) return "\\u" + hex(code, 4, capitals);
    return "\\u" + hex(0xD800 + ((code - 0x10000) >> 10), 4, capitals) + "\\u" + hex(0xDC00 + ((code - 0x10000) & 0x3FF), 4, capitals);
  }
  if (starts(raw, "%")) {
    std::string out;
    for (const char c : after) out += "%" + hex(static_cast<unsigned char>(c), 2, capitals);
    return out;
  }
  return std::string(after);
}

/// Puts `after` where the text of a map stands, character by character. Both texts have as many characters.
std::string spliced(std::string_view raw, const ByteMap& map, std::string_view after, bool by_byte) {
  std::string out;
  std::size_t at = 0, next = 0;
  const auto length = [by_byte](std::string_view text, std::size_t i) {
    return by_byte ? 1 : detail::utf8_bytes(text, i);
  };
  for (std::size_t i = 0; i < map.text.size() && next < after.size();) {
    const std::size_t bytes = length(map.text, i), others = length(after, next);
    const ByteRange range = map.of({i, i + bytes}, at);
    out += raw.substr(at, range.begin - at);
    out += written_like(raw.substr(range.begin, range.end - range.begin), std::string_view(map.text).substr(i, bytes), after.substr(next, others));
    at = range.end;
    i += bytes;
    next += others;
  }
  out += raw.substr(at);
  return out;
}

/// Past "data:image/png;base64,".
std::size_t base64_begin(std::string_view text) { return starts(text, "data:") ? std::min(text.find(',') + 1, text.size()) : 0; }

std::string base64_like(std::string_view before, std::string_view bytes) {
  std::string packed;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k <= left; ++k) packed += kBase64[group >> (18 - 6 * k) & 63];
  }
  // Line ends, padding and the alphabet stay as they were.
  std::string out;
  std::size_t next = 0;
  const std::size_t data = base64_begin(before);
  out = before.substr(0, data);
  const bool url = before.find_first_of("-_", data) != std::string_view::npos;
  for (const char c : before.substr(data)) {
    const bool sign = kBase64.find(c == '-' ? '+' : c == '_' ? '/' : c) != std::string_view::npos;
    char made = sign && next < packed.size() ? packed[next++] : c;
    if (url && made == '+') made = '-';
    if (url && made == '/') made = '_';
    out += made;
  }
  return out;
}

class Scrubber {
public:
  explicit Scrubber(const Synthesiser& synthesiser) : synthesiser_(synthesiser) {}
  Result<std::string> bytes(std::string_view bytes, std::size_t depth) const;

private:
  /// A text that is a document, or carries one; nothing when it is neither.
  std::optional<Result<std::string>> document(std::string_view text, std::size_t depth) const;
  Result<std::string> tree(const wire::Document& document, std::size_t depth) const;
  std::string leaf(const std::string& path, std::string_view text, std::size_t depth) const;
  std::optional<std::string> packed(const std::string& path, std::string_view base64, const std::string& bytes) const;
  std::optional<std::string> form(std::string_view text, std::size_t depth) const;
  std::string table(std::string_view text) const;
  const Synthesiser& synthesiser_;
};

std::string path_of(const wire::Node& leaf) {
  std::string path;
  for (wire::Node at = leaf; at; at = at.parent()) {
    if (!at.name().empty()) path = std::string(at.name()) + (path.empty() ? "" : "/") + path;
  }
  return path;
}

/// Base64 of common Chinese characters in a GB encoding, and no number or code that happens to decode: both cases of letters stand in it, and all
/// that is not ASCII is of the plane of GB2312.
bool holds_chinese(std::string_view base64, std::string_view bytes) {
  const auto any = [&base64](char from, char to) { return std::any_of(base64.begin(), base64.end(), [from, to](char c) { return c >= from && c <= to; }); };
  if (!any('a', 'z') || !any('A', 'Z')) return false;
  std::size_t han = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto first = static_cast<unsigned char>(bytes[i]);
    if (first < 0x20 || first == 0x7F) return false;
    if (first < 0x80) continue;
    const auto second = i + 1 < bytes.size() ? static_cast<unsigned char>(bytes[i + 1]) : 0U;
    if (first < 0xA1 || first > 0xF7 || second < 0xA1) return false;
    han += first >= 0xB0 ? 1 : 0;
    ++i;
  }
  return han != 0;
}

/// A text of UTF-8 in Base64, and no number or code that happens to decode to one.
bool holds_utf8(std::string_view bytes) {
  const auto control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F; };
  if (!is_utf8(bytes) || std::any_of(bytes.begin(), bytes.end(), control)) return false;
  const std::vector<std::string> signs = characters_of(bytes);
  constexpr std::size_t kAsciiMin = 12;
  return bytes.size() >= kAsciiMin || std::any_of(signs.begin(), signs.end(), is_letter_beyond_ascii);
}

/// The bytes that Base64 stood for, replaced; nothing when it is no Base64 of a text or a file.
std::optional<std::string> Scrubber::packed(const std::string& path, std::string_view base64, const std::string& bytes) const {
  constexpr std::size_t kFile = 48, kKept = 16;
  const bool chinese = holds_chinese(base64, bytes);
  if (chinese || holds_utf8(bytes)) {
    const auto text = chinese ? wire::decode(bytes, wire::Encoding::gb18030) : Result<std::string>(bytes);
    const auto again = !text ? text : chinese ? wire::encode(synthesiser_.value(path, *text), wire::Encoding::gb18030) : Result<std::string>(synthesiser_.value(path, *text));
    if (!again || again->size() != bytes.size()) return std::nullopt;
    return *again;
  }
  if (bytes.size() < kFile) return std::nullopt;
  // The first bytes of a file say what it is; those of anything else may say whose it is.
  const std::size_t kept = known_file(bytes).empty() ? 0 : kKept;
  std::string made = bytes;
  for (std::size_t i = kept; i < made.size(); ++i) made[i] = static_cast<char>('A' + i % 23);
  return made;
}

std::string Scrubber::leaf(const std::string& path, std::string_view text, std::size_t depth) const {
  if (depth < kLayersMax) {
    if (auto inner = document(text, depth + 1)) return *inner ? std::move(**inner) : synthesiser_.value(path, text);
  }
  constexpr std::size_t kPackedMin = 8;
  const std::string_view core = trimmed(text);
  const std::size_t signs = core.size() - base64_begin(core);
  const auto bytes = signs < kPackedMin || signs % 4 != 0 ? std::nullopt : map_base64(core);
  const auto replaced = bytes ? packed(path, core, bytes->text) : std::nullopt;
  if (!replaced) return synthesiser_.value(path, text);
  const auto before = static_cast<std::size_t>(core.data() - text.data());
  return std::string(text.substr(0, before)) + base64_like(core, *replaced) + std::string(text.substr(before + core.size()));
}

/// Every leaf of a document replaced inside its source; comments are blanked out.
Result<std::string> Scrubber::tree(const wire::Document& document, std::size_t depth) const {
  struct Change { ByteRange range; std::string text; };
  const std::string_view source = document.source();
  std::vector<Change> changes;
  for (std::uint32_t i = 0; i < document.tape().size(); ++i) {
    const wire::Node node(&document, i);
    if (node.has_children() || node.raw_text().empty() || node.kind() == wire::NodeKind::boolean || node.kind() == wire::NodeKind::null) continue;
    if (node.kind() == wire::NodeKind::attribute && !node.ns().empty()) continue;
    if (node.kind() == wire::NodeKind::element && !node.entry().has_text) continue;
    const auto map = map_leaf(node);
    if (!map) return Error(Errc::wire_xml_mixed).at(node.position());
    const std::string after = leaf(path_of(node), map->text, depth);
    if (after == map->text) continue;
    const ByteRange range = map->of({0, map->text.size()}, 0);
    ByteMap here = *map;
    for (std::size_t k = 0; k < here.start.size(); ++k) {
      here.start[k] -= static_cast<std::uint32_t>(range.begin);
      here.stop[k] -= static_cast<std::uint32_t>(range.begin);
    }
    if (utf8_length(after) != utf8_length(map->text)) return Error(Errc::base_internal).at(node.position());
    changes.push_back({range, spliced(source.substr(range.begin, range.end - range.begin), here, after, false)});
  }
  const bool xml = document.root().kind() == wire::NodeKind::element;
  for (std::size_t at = xml ? source.find("<!--") : std::string_view::npos; at != std::string_view::npos; at = source.find("<!--", at + 4)) {
    const std::size_t end = source.find("-->", at);
    const bool inside = std::any_of(changes.begin(), changes.end(), [at](const Change& one) { return at >= one.range.begin && at < one.range.end; });
    if (end == std::string_view::npos || inside) continue;
    std::string blank;
    for (const char c : source.substr(at + 4, end - at - 4)) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0xC0) blank += "某";
      else if (byte < 0x80) blank += c == '\n' || c == '\r' || c == ' ' ? c : 'x';
    }
    changes.push_back({{at + 4, end}, std::move(blank)});
  }
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.range.begin < b.range.begin; });
  std::string out;
  std::size_t at = 0;
  for (const Change& change : changes) {
    out += source.substr(at, change.range.begin - at);
    out += change.text;
    at = change.range.end;
  }
  out += source.substr(at);
  return out;
}

std::optional<Result<std::string>> Scrubber::document(std::string_view text, std::size_t depth) const {
  const std::string_view core = trimmed(text);
  const auto around = [&](Result<std::string> inner) -> Result<std::string> {
    if (!inner) return inner;
    return std::string(text.substr(0, static_cast<std::size_t>(core.data() - text.data()))) + *inner + std::string(text.substr(static_cast<std::size_t>(core.data() - text.data()) + core.size()));
  };
  if (starts(core, "<")) {
    wire::XmlOptions options;
    options.declared_encoding_ignored = true;
    const auto parsed = wire::parse_xml(core, options);
    if (parsed) return around(tree(*parsed, depth));
    // Several documents in one string: each by itself.
    if (const std::size_t second = core.find("<?xml", 5); second != std::string_view::npos) {
      auto first = document(core.substr(0, second), depth);
      auto rest = document(core.substr(second), depth);
      if (!first || !rest || !*first || !*rest) return first ? std::move(first) : std::move(rest);
      return around(**first + **rest);
    }
    return std::nullopt;
  }
  if (starts(core, "{") || starts(core, "[")) {
    const auto parsed = wire::parse_json(core);
    if (!parsed) return std::nullopt;
    return around(tree(*parsed, depth));
  }
  if (starts(core, "&lt;")) {
    const auto inner = map_unescaped(core);
    auto made = inner ? document(inner->text, depth + 1) : std::nullopt;
    if (!made || !*made) return made;
    return around(spliced(core, *inner, **made, false));
  }
  const auto packed = core.size() >= 32 ? map_base64(core) : std::nullopt;
  if (!packed || (!starts(trimmed(packed->text), "<") && !starts(trimmed(packed->text), "{"))) return std::nullopt;
  auto made = bytes(packed->text, depth + 1);
  if (!made || made->size() != packed->text.size()) return std::nullopt;
  return around(base64_like(core, *made));
}

std::optional<std::string> Scrubber::form(std::string_view text, std::size_t depth) const {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('&', at), text.size());
    const std::size_t equals = text.find('=', at);
    if (equals == std::string_view::npos || equals > end) return std::nullopt;
    const std::string name(text.substr(at, equals - at));
    const std::string_view raw = text.substr(equals + 1, end - equals - 1);
    const auto value = map_form_field("v=" + std::string(raw), "v");
    if (!value) return std::nullopt;
    const bool utf8 = is_utf8(value->text);
    const auto decoded = utf8 ? Result<std::string>(value->text) : wire::decode(value->text, wire::Encoding::gb18030);
    if (!decoded) return std::nullopt;
    const std::string made = leaf(name, *decoded, depth);
    const auto encoded = utf8 ? Result<std::string>(made) : wire::encode(made, wire::Encoding::gb18030);
    if (!encoded || encoded->size() != value->text.size()) return std::nullopt;
    ByteMap here = *value;
    for (std::size_t k = 0; k < here.start.size(); ++k) here.start[k] -= 2, here.stop[k] -= 2;
    out += name + "=" + spliced(raw, here, *encoded, true) + std::string(text.substr(end, end < text.size() ? 1 : 0));
    at = end + 1;
  }
  return out;
}

/// Whether a line names columns: some of its cells are names that systems use, and none looks like a value.
bool names_columns(std::string_view line) {
  std::size_t known = 0;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = std::min(line.find_first_of(",\t;|", at), line.size());
    std::string_view cell = trimmed(line.substr(at, end - at));
    while (!cell.empty() && cell.front() == '"') cell.remove_prefix(1);
    while (!cell.empty() && cell.back() == '"') cell.remove_suffix(1);
    if (std::count_if(cell.begin(), cell.end(), [](char c) { return c >= '0' && c <= '9'; }) > 3) return false;
    known += !cell.empty() && !proposals(cell, "").empty() ? 1 : 0;
    at = end + 1;
  }
  return known >= 2;
}

/// Cells between separators; a first line that names them stays.
std::string Scrubber::table(std::string_view text) const {
  const std::size_t first = std::min(text.find('\n'), text.size());
  const std::size_t head = names_columns(text.substr(0, first)) ? first : 0;
  std::string out(text.substr(0, head)), cell;
  const auto flush = [&] {
    out += synthesiser_.value("", cell);
    cell.clear();
  };
  for (const char c : text.substr(head)) {
    if (c != ',' && c != '\t' && c != ';' && c != '|' && c != '\n' && c != '\r' && c != '"') {
      cell += c;
      continue;
    }
    flush();
    out += c;
  }
  flush();
  return out;
}

Result<std::string> Scrubber::bytes(std::string_view given, std::size_t depth) const {
  const auto bom = wire::byte_order_mark(given);
  const std::size_t skipped = bom ? bom->bytes : 0;
  const wire::Encoding encoding = bom ? bom->encoding : is_utf8(given) ? wire::Encoding::utf8 : wire::Encoding::gb18030;
  TONGQU_TRY(const std::string text, wire::decode(given.substr(skipped), encoding));
  std::string made;
  if (auto inner = document(text, depth)) {
    TONGQU_TRY(made, std::move(*inner));
  } else if (starts(trimmed(text), "<")) {
    wire::XmlOptions options;
    options.declared_encoding_ignored = true;
    if (auto parsed = wire::parse_xml(trimmed(text), options); !parsed) return std::move(parsed).error();
    return Error(Errc::mapping_root_missing).with("a document that can be read");
  } else if (starts(trimmed(text), "{") || starts(trimmed(text), "[")) {
    if (auto parsed = wire::parse_json(trimmed(text)); !parsed) return std::move(parsed).error();
    return Error(Errc::mapping_root_missing).with("a document that can be read");
  } else if (auto fields = form(text, depth)) {
    made = std::move(*fields);
  } else if (text.find('\n') != std::string::npos && text.find_first_of(",\t;|") != std::string::npos) {
    made = table(text);
  } else {
    return Error(Errc::mapping_root_missing).with("XML, JSON, a form or a table");
  }
  TONGQU_TRY(std::string again, wire::encode(made, encoding));
  return std::string(given.substr(0, skipped)) + again;
}

} // namespace

Result<std::string> scrub(std::string_view message, const std::string& seed) {
  const Synthesiser synthesiser(seed);
  return Scrubber(synthesiser).bytes(message, 0);
}

} // namespace tongqu::mapping::author
