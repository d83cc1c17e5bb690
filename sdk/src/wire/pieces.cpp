#include "tongqu/wire/pieces.hpp"

#include <algorithm>

#include "tongqu/wire/document.hpp"

namespace tongqu::wire {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kMark = "\xEF\xBB\xBF";

Error at(Errc code, std::string_view text, std::size_t offset) {
  Document document;
  document.set_source(text);
  return Error(code).at(document.position(offset));
}

std::size_t skip_blanks(std::string_view text, std::size_t from) { return std::min(text.find_first_not_of(kBlanks, from), text.size()); }

/// One past `end`, or the end of the text.
std::size_t behind(std::string_view text, std::size_t from, std::string_view end) {
  const std::size_t found = text.find(end, from);
  return found == std::string_view::npos ? text.size() : found + end.size();
}

/// One past the tag that begins at `from`; quoted values may hold ">".
std::size_t behind_tag(std::string_view text, std::size_t from) {
  for (std::size_t i = from + 1; i < text.size(); ++i) {
    if (text[i] == '>') return i + 1;
    if (text[i] != '"' && text[i] != '\'') continue;
    i = text.find(text[i], i + 1);
    if (i == std::string_view::npos) break;
  }
  return text.size();
}

/// One past the document element that begins with the tag at `from`.
std::size_t behind_element(std::string_view text, std::size_t from) {
  std::size_t depth = 0;
  for (std::size_t i = from; i < text.size();) {
    if (text.compare(i, 4, "<!--") == 0) {
      i = behind(text, i + 4, "-->");
    } else if (text.compare(i, 9, "<![CDATA[") == 0) {
      i = behind(text, i + 9, "]]>");
    } else if (text.compare(i, 2, "<?") == 0) {
      i = behind(text, i + 2, "?>");
    } else {
      const bool closes = i + 1 < text.size() && text[i + 1] == '/';
      const std::size_t end = behind_tag(text, i);
      const bool empty = end >= 2 && text[end - 1] == '>' && text[end - 2] == '/';
      if (closes && depth > 0) --depth;
      else if (!empty) ++depth;
      i = end;
      if (depth == 0) return i;
    }
    i = std::min(text.find('<', i), text.size());
  }
  return text.size();
}

/// One past the JSON value at `from`.
std::size_t behind_value(std::string_view text, std::size_t from) {
  std::size_t depth = 0;
  for (std::size_t i = from; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] == '\\') ++i;
      }
      if (depth == 0) return std::min(i + 1, text.size());
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth <= 1) return i + 1;
      --depth;
    } else if (depth == 0 && (i + 1 == text.size() || kBlanks.find(text[i + 1]) != std::string_view::npos || text[i + 1] == '{' || text[i + 1] == '[' || text[i + 1] == '"')) {
      return i + 1;
    }
  }
  return text.size();
}

std::uint64_t read_length(Bytes bytes, const FrameOptions& options, bool& good) {
  std::uint64_t value = 0;
  const bool little = options.length == FrameOptions::Length::u16le || options.length == FrameOptions::Length::u32le;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[little ? bytes.size() - 1 - i : i]);
    if (options.length != FrameOptions::Length::digits) {
      value = value << 8 | byte;
      continue;
    }
    good = good && byte >= '0' && byte <= '9';
    value = value * 10 + (byte - '0');
  }
  return value;
}

} // namespace

Result<std::vector<Piece>> split_xml_documents(std::string_view text, const Limits& limits) {
  std::vector<Piece> pieces;
  for (std::size_t start = 0;;) {
    start = skip_blanks(text, start);
    if (text.compare(start, kMark.size(), kMark) == 0) start += kMark.size();
    if (start == text.size()) break;
    // The prolog: instructions and comments before the document element.
    std::size_t i = start;
    while (text.compare(i, 2, "<?") == 0 || text.compare(i, 4, "<!--") == 0) i = skip_blanks(text, text[i + 1] == '?' ? behind(text, i + 2, "?>") : behind(text, i + 4, "-->"));
    if (i == text.size() && !pieces.empty()) {
      Piece& last = pieces.back();
      last.text = text.substr(last.offset);
      break;
    }
    if (i < text.size() && text[i] != '<') return at(Errc::wire_documents_junk, text, i);
    if (pieces.size() >= limits.children_max) return at(Errc::wire_documents_limit, text, start);
    const std::size_t end = behind_element(text, i);
    pieces.push_back({text.substr(start, end - start), start});
    start = end;
  }
  return pieces;
}

Result<std::vector<Piece>> split_json_documents(std::string_view text, const Limits& limits) {
  std::vector<Piece> pieces;
  for (std::size_t start = skip_blanks(text, 0); start < text.size(); start = skip_blanks(text, start)) {
    if (!pieces.empty() && std::string_view("{[\"-0123456789tfn").find(text[start]) == std::string_view::npos) return at(Errc::wire_documents_junk, text, start);
    if (pieces.size() >= limits.children_max) return at(Errc::wire_documents_limit, text, start);
    const std::size_t end = behind_value(text, start);
    pieces.push_back({text.substr(start, end - start), start});
    start = end;
  }
  return pieces;
}

Result<Frames> split_frames(Bytes bytes, const FrameOptions& options, const Limits& limits) {
  using Length = FrameOptions::Length;
  const bool two = options.length == Length::u16be || options.length == Length::u16le;
  const std::size_t head = options.length == Length::digits ? options.digits : two ? 2 : 4;
  Frames frames;
  for (std::size_t at_byte = 0; at_byte < bytes.size();) {
    const auto wrong = [at_byte](Errc code) { return Error(code).at("offset " + std::to_string(at_byte)); };
    bool good = true;
    // A cut length of digits is judged as far as it is there.
    const Bytes number = bytes.substr(at_byte, head);
    std::uint64_t size = read_length(number, options, good);
    if (!good) return wrong(Errc::wire_frame_length);
    if (number.size() == head) {
      if (options.counts_itself && size < head) return wrong(Errc::wire_frame_length);
      if (options.counts_itself) size -= head;
      if (size == 0 || size > limits.message_bytes_max) return wrong(Errc::wire_frame_length);
    }
    if (number.size() < head || size > bytes.size() - at_byte - head) {
      frames.tail = Piece{bytes.substr(at_byte), at_byte};
      break;
    }
    if (frames.pieces.size() >= limits.children_max) return wrong(Errc::wire_documents_limit);
    frames.pieces.push_back({bytes.substr(at_byte + head, static_cast<std::size_t>(size)), at_byte + head});
    at_byte += head + static_cast<std::size_t>(size);
  }
  return frames;
}

} // namespace tongqu::wire
