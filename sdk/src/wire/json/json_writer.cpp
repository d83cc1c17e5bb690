#include <charconv>
#include <cstdint>
#include <cstring>
#include <vector>

#include "tongqu/wire/json.hpp"
#include "wire/json/json_scan.hpp"
#include "wire/xml/byte_runs.hpp"

namespace tongqu::wire {
namespace {

bool is_container(const TapeEntry& entry) noexcept { return entry.kind == NodeKind::object || entry.kind == NodeKind::array; }

std::string_view scalar_word(const TapeEntry& entry) {
  return entry.kind == NodeKind::null ? std::string_view("null") : std::string_view(entry.text, entry.text_size);
}

bool is_json(NodeKind kind) noexcept { return kind != NodeKind::element && kind != NodeKind::attribute; }

class PrettyPrinter {
public:
  PrettyPrinter(std::string& out, const std::vector<TapeEntry>& tape) : out_(out), tape_(tape) {}

  void print() {
    for (std::uint32_t index = 0; index < tape_.size(); ++index) {
      close_before(index);
      print_entry(index);
    }
    close_before(static_cast<std::uint32_t>(tape_.size()));
  }

private:
  void line() {
    out_ += '\n';
    out_.append(open_.size() * 2, ' ');
  }

  void close_before(std::uint32_t index) {
    while (!open_.empty() && tape_[open_.back()].end <= index) {
      const TapeEntry& entry = tape_[open_.back()];
      open_.pop_back();
      if (entry.has_child) line();
      out_ += entry.kind == NodeKind::object ? '}' : ']';
    }
  }

  void print_entry(std::uint32_t index) {
    const TapeEntry& entry = tape_[index];
    TONGQU_ASSERT(is_json(entry.kind), "only documents read from JSON are printed as JSON");
    if (!open_.empty()) {
      if (index != open_.back() + 1) out_ += ',';
      line();
      if (tape_[open_.back()].kind == NodeKind::object) {
        append_json_string(out_, {entry.name, entry.name_size});
        out_ += ": ";
      }
    }
    if (is_container(entry)) {
      out_ += entry.kind == NodeKind::object ? '{' : '[';
      open_.push_back(index);
    } else if (entry.kind == NodeKind::string) {
      append_json_string(out_, {entry.text, entry.text_size});
    } else {
      out_ += scalar_word(entry);
    }
  }

  std::string& out_;
  const std::vector<TapeEntry>& tape_;
  std::vector<std::uint32_t> open_;
};

} // namespace

namespace {

#if defined(__SSE2__)
/// Copies the first and the last word of a text; answers whether a byte of them is held only as an escape.
template <class Word>
std::uint64_t copy_ends(char* to, const char* from, std::size_t size) noexcept {
  const std::uint64_t first = detail::load_word<Word>(from);
  const std::uint64_t last = detail::load_word<Word>(from + size - sizeof(Word));
  std::memcpy(to, from, sizeof(Word));
  std::memcpy(to + size - sizeof(Word), from + size - sizeof(Word), sizeof(Word));
  if constexpr (sizeof(Word) == 4) return detail::escaped_bytes(first | last << 32);
  else return detail::escaped_bytes(first) | detail::escaped_bytes(last);
}

/// The same for a few bytes, up to the first that is held only as an escape; answers how many there are in front of it.
std::size_t copy_bytes(char* to, const char* from, std::size_t size) noexcept {
  std::size_t done = 0;
  for (; done < size; ++done) {
    const char c = from[done];
    if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') break;
    to[done] = c;
  }
  return done;
}

/// Copies the characters that stand for themselves, up to the first that does not; answers how many. What stands behind them in the room
/// of `size` bytes is overwritten with anything.
std::size_t copy_plain(char* to, const char* from, std::size_t size) noexcept {
  std::size_t done = 0;
  for (; size - done >= 16; done += 16) {
    if (const std::size_t plain = detail::copy_json_block(to + done, from + done); plain != 16) return done + plain;
  }
  if (done == size) return size;
  // The rest is looked at together with bytes that were found plain.
  if (size >= 16) return size - 16 + detail::copy_json_block(to + size - 16, from + size - 16);
  // A short text is two words that may overlap.
  std::uint64_t odd = 0;
  if (size >= 8) odd = copy_ends<std::uint64_t>(to, from, size);
  else if (size >= 4) odd = copy_ends<std::uint32_t>(to, from, size);
  else return copy_bytes(to, from, size);
  return odd == 0 ? size : static_cast<std::size_t>(detail::skip_unescaped(from, from + size) - from);
}
#else
std::size_t copy_plain(char* to, const char* from, std::size_t size) noexcept {
  const std::size_t plain = static_cast<std::size_t>(detail::skip_unescaped(from, from + size) - from);
  std::memcpy(to, from, plain);
  return plain;
}
#endif

/// Room for a text as write_json_string writes it: what it takes, but for control characters that have an escape of two bytes.
std::size_t room_of_string(std::string_view utf8) noexcept {
  std::size_t room = utf8.size() + 2;
  std::string_view rest = utf8;
  for (; rest.size() >= 8; rest.remove_prefix(8)) room += detail::escape_bytes_max(detail::load_word<std::uint64_t>(rest.data()));
  std::uint64_t last = detail::every_byte(' ');
  std::memcpy(&last, rest.data(), rest.size());
  return room + detail::escape_bytes_max(last);
}

} // namespace

char* write_json_string(char* at, std::string_view utf8) noexcept {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto put = [&at](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  *at++ = '"';
  const char* p = utf8.data();
  const char* const end = p + utf8.size();
  for (;;) {
    const std::size_t plain = copy_plain(at, p, static_cast<std::size_t>(end - p));
    at += plain;
    p += plain;
    if (p == end) {
      *at = '"';
      return at + 1;
    }
    const char c = *p++;
    switch (c) {
      case '"': put("\\\""); break;
      case '\\': put("\\\\"); break;
      case '\b': put("\\b"); break;
      case '\f': put("\\f"); break;
      case '\n': put("\\n"); break;
      case '\r': put("\\r"); break;
      case '\t': put("\\t"); break;
      default:
        put("\\u00");
        *at++ = kHex[static_cast<unsigned char>(c) >> 4];
        *at++ = kHex[static_cast<unsigned char>(c) & 15];
    }
  }
}

void append_json_string(std::string& out, std::string_view utf8) {
  // Most texts hold nothing to escape; then the string grows by the text alone.
  if (detail::skip_unescaped(utf8.data(), utf8.data() + utf8.size()) == utf8.data() + utf8.size()) {
    const std::size_t before = out.size();
    out.resize(before + utf8.size() + 2);
    out[before] = '"';
    std::memcpy(out.data() + before + 1, utf8.data(), utf8.size());
    out.back() = '"';
    return;
  }
  const std::size_t before = out.size();
  out.resize(before + room_of_string(utf8));
  out.resize(static_cast<std::size_t>(write_json_string(out.data() + before, utf8) - out.data()));
}

void JsonWriter::separate() {
  if (need_comma_) out_ += ',';
  need_comma_ = true;
}

void JsonWriter::begin_object() {
  separate();
  out_ += '{';
  need_comma_ = false;
}

void JsonWriter::end_object() {
  out_ += '}';
  need_comma_ = true;
}

void JsonWriter::begin_array() {
  separate();
  out_ += '[';
  need_comma_ = false;
}

void JsonWriter::end_array() {
  out_ += ']';
  need_comma_ = true;
}

void JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_ += ':';
  need_comma_ = false;
}

void JsonWriter::string(std::string_view utf8) {
  separate();
  append_json_string(out_, utf8);
}

void JsonWriter::number(std::int64_t value) {
  char digits[24];
  const auto written = std::to_chars(digits, digits + sizeof digits, value);
  number_text({digits, static_cast<std::size_t>(written.ptr - digits)});
}

void JsonWriter::number_text(std::string_view text) {
  separate();
  out_ += text;
}

void JsonWriter::boolean(bool value) { number_text(value ? "true" : "false"); }

void JsonWriter::null() { number_text("null"); }

/// Walks the tape instead of calling itself, so that depth costs no stack.
void JsonWriter::node(const Node& node) {
  TONGQU_ASSERT(node, "a node to copy exists");
  const std::vector<TapeEntry>& tape = node.document()->tape();
  const std::uint32_t first = node.index();
  const std::uint32_t last = tape[first].end;
  std::vector<std::uint32_t> open;
  const auto close_before = [&](std::uint32_t index) {
    while (!open.empty() && tape[open.back()].end <= index) {
      tape[open.back()].kind == NodeKind::object ? end_object() : end_array();
      open.pop_back();
    }
  };
  for (std::uint32_t index = first; index < last; ++index) {
    close_before(index);
    const TapeEntry& entry = tape[index];
    TONGQU_ASSERT(is_json(entry.kind), "only nodes read from JSON are copied as JSON");
    if (!open.empty() && tape[open.back()].kind == NodeKind::object) key({entry.name, entry.name_size});
    if (is_container(entry)) {
      entry.kind == NodeKind::object ? begin_object() : begin_array();
      open.push_back(index);
    } else if (entry.kind == NodeKind::string) {
      string({entry.text, entry.text_size});
    } else {
      number_text(scalar_word(entry));
    }
  }
  close_before(last);
}

std::string pretty_json(const Document& document) {
  std::string out;
  PrettyPrinter(out, document.tape()).print();
  return out;
}

} // namespace tongqu::wire
