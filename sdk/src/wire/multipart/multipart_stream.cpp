#include "tongqu/wire/multipart_stream.hpp"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "tongqu/wire/archive.hpp"
#include "wire/multipart/part_head.hpp"

namespace tongqu::wire {
namespace {

/// Blanks behind a boundary and what stands on its line.
constexpr std::size_t kDelimiterLineMax = 1000;
constexpr std::size_t kBase64Block = 4096;  // A multiple of four.

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// The transfer encoding of one part, undone piece by piece.
class PartDecoder {
public:
  explicit PartDecoder(detail::TransferEncoding encoding) : encoding_(encoding) {}
  /// Null when it is not what it says.
  std::optional<std::string> take(Bytes bytes);
  std::optional<std::string> finish();

private:
  std::optional<std::string> base64(std::string_view text) const;
  const detail::TransferEncoding encoding_;
  std::string held_;  ///< What the next bytes decide.
  bool padded_ = false;
};

std::optional<std::string> PartDecoder::base64(std::string_view text) const {
  Base64Used used;
  auto decoded = read_base64(text, {}, used);
  return decoded ? std::optional<std::string>(*std::move(decoded)) : std::nullopt;
}

std::optional<std::string> PartDecoder::take(Bytes bytes) {
  if (encoding_ == detail::TransferEncoding::none) return std::string(bytes);
  std::string out;
  if (encoding_ == detail::TransferEncoding::base64) {
    for (const char c : bytes) {
      if (c == '\r' || c == '\n' || is_blank(c)) continue;
      held_ += c;
      padded_ = padded_ || c == '=';
      // What is behind padding is wrong whatever it is; the end tells.
      if (held_.size() < 2 * kBase64Block || padded_) continue;
      const auto decoded = base64(std::string_view(held_).substr(0, kBase64Block));
      if (!decoded) return std::nullopt;
      out += *decoded;
      held_.erase(0, kBase64Block);
    }
    return held_.size() > 4 * kBase64Block ? std::nullopt : std::optional<std::string>(std::move(out));
  }
  held_.append(bytes);
  std::size_t i = 0;
  while (i < held_.size()) {
    if (held_[i] != '=') {
      out += held_[i++];
      continue;
    }
    if (i + 2 >= held_.size()) break;
    const std::string_view code = std::string_view(held_).substr(i + 1, 2);
    i += 3;
    if (code == "\r\n") continue;
    const auto byte = from_hex(code);
    if (!byte || byte->size() != 1) return std::nullopt;
    out += *byte;
  }
  held_.erase(0, i);
  return out;
}

std::optional<std::string> PartDecoder::finish() {
  if (encoding_ == detail::TransferEncoding::base64) return base64(held_);
  return held_.empty() ? std::optional<std::string>(std::string()) : std::nullopt;
}

} // namespace

struct MultipartStream::State {
  enum class At : std::uint8_t { preamble, line, headers, content, epilogue };

  std::string delimiter, root;
  MultipartStreamLimits limits;
  At at = At::preamble;
  std::string store;                  ///< What was not decided yet, and the piece in hand behind it.
  std::string_view held;              ///< What is left of the store: always its end.
  std::uint64_t offset = 0;           ///< Of held, in the body.
  std::uint64_t content_from = 0;     ///< Offset of the content of the part in hand.
  bool line_start = true;             ///< held begins a line.
  std::string headers;
  std::size_t parts = 0;
  std::unordered_set<std::string> names;
  std::optional<PartDecoder> decoder;

  Error fault(Errc code, const char* what) const { return Error(code).at("offset " + std::to_string(offset)).with(what); }
  void drop(std::size_t bytes) {
    if (bytes == 0) return;
    line_start = held[bytes - 1] == '\n';
    held.remove_prefix(bytes);
    offset += bytes;
  }

  /// Whether a delimiter stands at the beginning of a line.
  enum class Found : std::uint8_t { no, yes, last, undecided };
  Found delimiter_at(std::size_t from) const {
    const std::string_view rest = std::string_view(held).substr(from);
    const std::size_t common = std::min(rest.size(), delimiter.size());
    if (rest.substr(0, common) != std::string_view(delimiter).substr(0, common)) return Found::no;
    const std::string_view behind = rest.substr(common);
    if (common < delimiter.size() || behind.empty() || behind == "-") return Found::undecided;
    if (behind.substr(0, 2) == "--") return Found::last;
    const std::size_t blanks = std::min(behind.find_first_not_of(" \t"), behind.size());
    if (blanks == behind.size()) return Found::undecided;
    return behind[blanks] == '\r' || behind[blanks] == '\n' ? Found::yes : Found::no;
  }

  Result<void> step(PartTaker& taker);
  Result<void> content(PartTaker& taker);
  Result<void> give(Bytes bytes, PartTaker& taker);
  Result<void> end_part(PartTaker& taker);
  Result<void> headers_line(PartTaker& taker);
  Result<void> begin_part(PartTaker& taker);
  bool stuck = false;                 ///< Nothing more can be done without the next piece.
};

Result<void> MultipartStream::State::give(Bytes bytes, PartTaker& taker) {
  if (at == At::preamble || bytes.empty()) return {};
  const auto decoded = decoder->take(bytes);
  if (!decoded) return fault(Errc::wire_multipart_invalid, "transfer encoding");
  return decoded->empty() ? Result<void>() : taker.data(*decoded);
}

Result<void> MultipartStream::State::end_part(PartTaker& taker) {
  if (at == At::preamble) return {};
  const auto rest = decoder->finish();
  if (!rest) return fault(Errc::wire_multipart_invalid, "transfer encoding");
  if (!rest->empty()) TONGQU_CHECK(taker.data(*rest));
  return taker.end();
}

/// Preamble and content of a part: everything up to the next delimiter that begins a line. The line end in front of it belongs to it.
Result<void> MultipartStream::State::content(PartTaker& taker) {
  std::size_t line = line_start ? 0 : held.find('\n');
  if (!line_start && line != std::string::npos) ++line;
  for (; line != std::string::npos; line = held.find('\n', line), line = line == std::string::npos ? line : line + 1) {
    const Found found = line == held.size() ? Found::undecided : delimiter_at(line);
    if (found == Found::no) continue;
    std::size_t end = line;
    if (end > 0) --end;
    if (end > 0 && held[end - 1] == '\r') --end;
    if (found == Found::undecided) {
      if (held.size() - line > delimiter.size() + kDelimiterLineMax) return fault(Errc::wire_multipart_limit, "blanks behind a boundary");
      TONGQU_CHECK(give(std::string_view(held).substr(0, end), taker));
      drop(end);
      stuck = true;
      return {};
    }
    // The line end of the headers' end is no line end of the content too.
    if (at == At::content && offset + line == content_from) return fault(Errc::wire_multipart_invalid, "headers not ended");
    TONGQU_CHECK(give(std::string_view(held).substr(0, end), taker));
    TONGQU_CHECK(end_part(taker));
    drop(line + delimiter.size());
    at = found == Found::last ? At::epilogue : At::line;
    return {};
  }
  // A line end at the end of what is there may be the one in front of a delimiter.
  std::size_t safe = held.size();
  if (safe > 0 && held[safe - 1] == '\r') --safe;
  TONGQU_CHECK(give(std::string_view(held).substr(0, safe), taker));
  drop(safe);
  stuck = true;
  return {};
}

Result<void> MultipartStream::State::begin_part(PartTaker& taker) {
  detail::PartHead head = detail::read_part_head(headers, ++parts);
  if (parts > limits.parts_max) return fault(Errc::wire_multipart_limit, "parts");
  if (!head.encoding) return fault(Errc::wire_multipart_invalid, "transfer encoding");
  if (!names.insert(head.name).second) return fault(Errc::wire_multipart_invalid, "two parts of one name");
  decoder.emplace(*head.encoding);
  headers.clear();
  content_from = offset;
  at = At::content;
  return taker.begin({std::move(head.name), std::move(head.content_type)});
}

Result<void> MultipartStream::State::headers_line(PartTaker& taker) {
  const std::size_t end = held.find('\n');
  if (headers.size() + (end == std::string::npos ? held.size() : end) > limits.header_bytes_max) return fault(Errc::wire_multipart_limit, "headers");
  if (end == std::string::npos) {
    stuck = true;
    return {};
  }
  const std::string_view line = held.substr(0, end + 1);
  if (const Found found = delimiter_at(0); found == Found::yes || found == Found::last) return fault(Errc::wire_multipart_invalid, "headers not ended");
  drop(end + 1);
  if (line == "\n" || line == "\r\n") return begin_part(taker);
  headers += line;
  return {};
}

Result<void> MultipartStream::State::step(PartTaker& taker) {
  switch (at) {
    case At::preamble:
    case At::content: return content(taker);
    case At::headers: return headers_line(taker);
    case At::line: {
      const std::size_t end = held.find('\n');
      if (std::min(end, held.size()) > kDelimiterLineMax) return fault(Errc::wire_multipart_limit, "boundary line");
      stuck = end == std::string::npos;
      if (stuck) return {};
      drop(end + 1);
      at = At::headers;
      return {};
    }
    case At::epilogue: break;
  }
  drop(held.size());
  stuck = true;
  return {};
}

MultipartStream::MultipartStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
MultipartStream::~MultipartStream() = default;
MultipartStream::MultipartStream(MultipartStream&&) noexcept = default;
MultipartStream& MultipartStream::operator=(MultipartStream&&) noexcept = default;

Result<MultipartStream> MultipartStream::create(std::string_view content_type, const MultipartStreamLimits& limits) {
  TONGQU_TRY(const std::string boundary, detail::boundary_of(content_type));
  auto state = std::make_unique<State>();
  state->delimiter = "--" + boundary;
  state->root = detail::start_of(content_type);
  state->limits = limits;
  return MultipartStream(std::move(state));
}

Result<void> MultipartStream::feed(Bytes piece, PartTaker& taker) {
  state_->store.erase(0, state_->store.size() - state_->held.size());
  state_->store.append(piece);
  state_->held = state_->store;
  for (state_->stuck = false; !state_->stuck && !state_->held.empty();) TONGQU_CHECK(state_->step(taker));
  return {};
}

Result<void> MultipartStream::finish() {
  if (state_->at != State::At::epilogue) return state_->fault(Errc::wire_multipart_invalid, "last boundary missing");
  if (state_->parts == 0) return state_->fault(Errc::wire_multipart_invalid, "no parts");
  return {};
}

const std::string& MultipartStream::root() const noexcept { return state_->root; }

} // namespace tongqu::wire
