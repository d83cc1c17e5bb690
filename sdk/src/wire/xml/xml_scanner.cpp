#include "xml/xml_scanner.hpp"

#include <algorithm>
#include <cstring>

#include "xml/bad_token.hpp"

namespace tongqu::wire::detail {
namespace {

constexpr Stops kTextStops{'<', '&', ']', true, false};
constexpr Stops kCdataStops{']', ']', ']', true, false};
constexpr std::string_view kCdataOpen = "CDATA[";
/// What a large document leaves behind in the scanner is given back.
constexpr std::size_t kAttributesKept = 1024;
/// Entries that a new tape has room for before it grows; about one for each 32 bytes.
constexpr std::size_t kEntriesMax = 4096;

constexpr std::size_t kSampleBytes = std::size_t{64} * 1024;

/// Entries to make room for. A large document is judged by its beginning: a tape that doubles up to its size holds three times as much at
/// its last step. Room that is not needed is not touched.
std::size_t entries_expected(std::string_view source, std::size_t nodes_max) {
  if (source.size() < 4 * kSampleBytes) return std::min(kEntriesMax, source.size() / 32 + 8);
  std::size_t tags = 0;
  for (std::size_t i = 0; i < kSampleBytes; ++i) tags += source[i] == '<' && source[i + 1] != '/' ? 1 : 0;
  const std::size_t expected = tags * (source.size() / kSampleBytes + 1);
  return std::min(expected + expected / 16, nodes_max);
}

/// The five names, as the text of a message writes most of its references; a reference that is not one of them is read with care.
struct Shortcut { char byte = 0; std::uint8_t size = 0; };
Shortcut shortcut(const char* at, const char* end) noexcept {
  if (end - at < 6) return {};
  const auto is = [at](std::string_view name) { return std::memcmp(at + 1, name.data(), name.size()) == 0; };
  switch (at[1]) {
    case 'l': return is("lt;") ? Shortcut{'<', 4} : Shortcut{};
    case 'g': return is("gt;") ? Shortcut{'>', 4} : Shortcut{};
    case 'q': return is("quot;") ? Shortcut{'"', 6} : Shortcut{};
    case 'a': return is("amp;") ? Shortcut{'&', 5} : is("apos;") ? Shortcut{'\'', 6} : Shortcut{};
    default: return {};
  }
}

/// As multibyte_length; of several characters at once where they are common ones.
int characters_length(const char* at, const char* end) noexcept {
  const std::size_t common = common_run(at, end);
  return common != 0 ? static_cast<int>(common) : multibyte_length(at, end);
}

} // namespace

Result<void> XmlScanner::run(Document& document, const XmlOptions& options, const Records& records) {
  records_ = &records;
  records_depth_ = records.path.size() - 1;
  auto done = run(document, options);
  records_ = nullptr;
  records_depth_ = kNoRecords;
  return done;
}

Result<void> XmlScanner::run(Document& document, const XmlOptions& options) {
  document_ = &document;
  options_ = &options;
  tape_ = &document.mutable_tape();
  const std::string_view source = document.source();
  begin_ = source.data();
  end_ = source.data() + source.size();
  dropped_ = 0;
  const std::size_t expected = records_ != nullptr ? kEntriesMax : entries_expected(source, options.limits.nodes_max);
  if (tape_->capacity() == 0 || expected > kEntriesMax) tape_->reserve(expected);
  frames_.clear();
  scope_.start(document);
  refused_ = false;
  (void)scan_document(begin_);
  if (attributes_.capacity() > kAttributesKept) {
    attributes_ = {};
    order_ = {};
  }
  if (refused_) return Error(code_).at(document.position(offset_of(refused_at_))).with(what_);
  return {};
}

const char* XmlScanner::refuse(Errc code, const char* at, const char* what) {
  if (!refused_) {
    refused_ = true;
    code_ = code;
    refused_at_ = at;
    what_ = what;
  }
  return nullptr;
}

const char* XmlScanner::refuse_token(const char* at) {
  return refuse(errc_of_bad_token({at, static_cast<std::size_t>(end_ - at)}), at);
}

const char* XmlScanner::scan_document(const char* at) {
  at = scan_prolog(at);
  if (at != nullptr) at = scan_start_tag(at);
  if (at != nullptr) at = scan_content(at);
  return at == nullptr ? nullptr : scan_epilog(at);
}

/// From behind the root's start tag to behind its end tag.
const char* XmlScanner::scan_content(const char* at) {
  while (!frames_.empty()) {
    if (at != end_ && *at != '<') {
      if ((at = scan_text(at)) == nullptr) return nullptr;
    }
    if (end_ - at < 2) return refuse_cut(at);
    if (at[1] == '/') at = scan_end_tag(at);
    else if (at[1] == '!') at = scan_exclamation(at);
    else if (at[1] == '?') at = scan_instruction(at, Spot::within);
    else if (frames_.size() == records_depth_) at = scan_record(at);
    else if (const char* const behind = scan_plain_leaf(at); behind != nullptr) at = behind;
    else at = scan_start_tag(at);
    if (at == nullptr) return nullptr;
  }
  return at;
}

/// `at` is "<!".
const char* XmlScanner::scan_exclamation(const char* at) {
  if (end_ - at < 3) return refuse_cut(at);
  if (at[2] == '-') return scan_comment(at + 3, at);
  return at[2] == '[' ? scan_cdata(at) : refuse_token(at + 2);
}

/// The first byte that ends a run of text taken from the source as it is: markup, a reference, a carriage return, a bracket that is not
/// just a character, or a byte that is no text.
const char* XmlScanner::text_run_end(const char* at) const noexcept {
  for (;;) {
    at = Runs::plain<kTextStops>(at, end_);
    if (at == end_) return at;
    if (is_multibyte(at)) {
      do {
        const int length = characters_length(at, end_);
        if (length <= 0) return at;
        at += length;
      } while (at != end_ && is_multibyte(at));
      continue;
    }
    if (*at != ']' || end_ - at < 2) return at;
    if (at[1] == ']' && (end_ - at < 3 || at[2] == '>')) return at;
    ++at;
  }
}

const char* XmlScanner::scan_text(const char* at) {
  while (at != nullptr && at != end_) {
    const char* const stop = text_run_end(at);
    if (stop != end_ && *stop == ']') return refuse_brackets(at, stop);
    if (stop != at && !add_text(at, stop)) return nullptr;
    if (stop == end_ || *stop == '<') return stop;
    if (*stop == '&') at = scan_text_reference(stop);
    else if (*stop == '\r') at = scan_carriage_return(stop);
    else return refuse_character(stop);
  }
  return at;
}

const char* XmlScanner::scan_text_reference(const char* at) {
  if (const Shortcut known = shortcut(at, end_); known.size != 0) return add_copied({&known.byte, 1}, at) ? at + known.size : nullptr;
  const char* const end = scan_reference(at, at);
  if (end == nullptr) return nullptr;
  const Resolved value = resolve_reference({at + 1, static_cast<std::size_t>(end - at - 2)});
  if (value.size == 0) return refuse(value.code, at);
  return add_copied(value.utf8(), at) ? end : nullptr;
}

/// A carriage return, alone or before a line feed, is one line feed.
const char* XmlScanner::scan_carriage_return(const char* at) {
  if (!add_copied("\n", at)) return nullptr;
  if (at + 1 == end_) return refuse_cut(at);
  return at[1] == '\n' ? at + 2 : at + 1;
}

/// A control character, or bytes that are not UTF-8, where text stands.
const char* XmlScanner::refuse_character(const char* at) {
  const bool cut = is_multibyte(at) && multibyte_length(at, end_) == kCutCharacter;
  return cut ? refuse(Errc::wire_encoding_invalid, at) : refuse_token(at);
}

/// "]]>" in text, or brackets that the end of the document follows. The text before, back to its line, has not been reported then.
const char* XmlScanner::refuse_brackets(const char* run, const char* at) {
  if (end_ - at >= 3) {
    const char* line = at;
    while (line != run && line[-1] != '\n') --line;
    return add_text(run, line) ? refuse_token(at + 2) : nullptr;
  }
  if (!add_text(run, at) || !add_text(at, end_)) return nullptr;
  return refuse_cut(end_);
}

const char* XmlScanner::scan_cdata(const char* at) {
  const char* const name = at + 3;
  if (static_cast<std::size_t>(end_ - name) < kCdataOpen.size()) return refuse_cut(at);
  for (std::size_t i = 0; i < kCdataOpen.size(); ++i) {
    if (name[i] != kCdataOpen[i]) return refuse_token(name + i);
  }
  const char* run = name + kCdataOpen.size();
  for (at = run;;) {
    at = Runs::plain<kCdataStops>(at, end_);
    if (at != end_ && is_multibyte(at)) {
      const int length = characters_length(at, end_);
      if (length > 0) {
        at += length;
        continue;
      }
    }
    // A bracket goes with the text unless it closes the section or stands at the document's end.
    const bool bracket = at != end_ && *at == ']';
    const bool last = bracket && (end_ - at < 2 || (at[1] == ']' && end_ - at < 3));
    const bool closes = bracket && !last && at[1] == ']' && at[2] == '>';
    if (bracket && !last && !closes) {
      ++at;
      continue;
    }
    if (at != run && !add_text(run, at, Pieces::of_cdata)) return nullptr;
    if (closes) return at + 3;
    if (at == end_ || last) return refuse_cut(at);
    if (*at != '\r') return refuse_character(at);
    if (at + 1 == end_) return refuse_cut(at);
    if ((at = scan_carriage_return(at)) == nullptr) return nullptr;
    run = at;
  }
}

bool XmlScanner::add_text(const char* begin, const char* end, Pieces pieces) {
  Frame& frame = frames_.back();
  const auto size = static_cast<std::size_t>(end - begin);
  if (size > options_->limits.text_bytes_max - frame.text_size) {
    refuse_long_text(begin, end, pieces);
    return false;
  }
  if (!frame.more_than_blanks) frame.more_than_blanks = !is_blank(begin, end);
  if (frame.text_size == 0) {
    frame.text = begin;
    frame.text_room = 0;
    frame.text_size = static_cast<std::uint32_t>(size);
  } else if (frame.text_room == 0 && frame.text + frame.text_size == begin) {
    frame.text_size += static_cast<std::uint32_t>(size);
  } else {
    append_copied(frame, {begin, size});
  }
  return true;
}

/// Text that does not stand in the source as it is.
bool XmlScanner::add_copied(std::string_view text, const char* place) {
  Frame& frame = frames_.back();
  if (text.size() > options_->limits.text_bytes_max - frame.text_size) return refuse(Errc::wire_xml_limit, place, "text") != nullptr;
  if (!frame.more_than_blanks) frame.more_than_blanks = !is_blank(text.data(), text.data() + text.size());
  append_copied(frame, text);
  return true;
}

void XmlScanner::append_copied(Frame& frame, std::string_view text) {
  const std::size_t needed = frame.text_size + text.size();
  if (needed > frame.text_room) make_room(frame, needed);
  // Memory of ours since text_room is not zero; the member is const for text in the source.
  char* const out = const_cast<char*>(frame.text) + frame.text_size;  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  if (text.size() == 1) *out = text.front();
  else std::memcpy(out, text.data(), text.size());
  frame.text_size = static_cast<std::uint32_t>(needed);
}

/// Doubling keeps the joining of many pieces linear.
void XmlScanner::make_room(Frame& frame, std::size_t needed) {
  const std::size_t room = std::max<std::size_t>(64, needed * 2);
  char* const memory = document_->arena().allocate(room);
  if (frame.text_size != 0) std::memcpy(memory, frame.text, frame.text_size);
  frame.text = memory;
  frame.text_room = static_cast<std::uint32_t>(room);
}

/// The place is that of the piece that goes beyond the limit: a line feed is one, what stands between two is one, and in CDATA a
/// bracket starts one.
void XmlScanner::refuse_long_text(const char* begin, const char* end, Pieces pieces) {
  std::size_t room = options_->limits.text_bytes_max - frames_.back().text_size;
  for (const char* piece = begin; piece != end;) {
    const char* next = piece + 1;
    if (*piece != '\n') {
      while (next != end && *next != '\n' && !(pieces == Pieces::of_cdata && *next == ']')) ++next;
    }
    const auto size = static_cast<std::size_t>(next - piece);
    if (size > room) {
      (void)refuse(Errc::wire_xml_limit, piece, "text");
      return;
    }
    room -= size;
    piece = next;
  }
}

} // namespace tongqu::wire::detail
