#include <algorithm>

#include "mapping/step_compilers.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/archive.hpp"
#include "tongqu/wire/encoding.hpp"

/// Steps to bytes, from bytes, and over the content of attachments.
namespace tongqu::mapping::detail {
namespace {

class Base64 final : public Step {
public:
  explicit Base64(wire::Base64Tolerance tolerance) : tolerance_(tolerance) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    wire::Base64Used used;
    auto bytes = wire::read_base64(value.text, tolerance_, used);
    if (!bytes) return StepOutcome::malformed;
    value.repaired = value.repaired || used.padding || used.url || used.data_uri;
    value.text = arena.store(*bytes);
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"Base64", "Base64 编码"}; }

private:
  wire::Base64Tolerance tolerance_;
};

/// Bytes as text; `cut: drop` leaves out half a character at the end, as a column of fixed width makes it.
class Decode final : public Step {
public:
  Decode(wire::Encoding encoding, bool drop_half) : encoding_(encoding), drop_half_(drop_half) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    auto text = wire::decode(value.text, encoding_);
    if (!text && half_at_end(value.text)) {
      if (!drop_half_) {
        value.fault = Errc::mapping_half_character;
        return StepOutcome::malformed;
      }
      text = wire::decode(value.text.substr(0, value.text.size() - half_at_end(value.text)), encoding_);
      value.note(Note::half_character);
    }
    if (!text) return StepOutcome::malformed;
    value.text = arena.store(*text);
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return encoding_ == wire::Encoding::utf8 ? same("UTF-8") : Bilingual{"GB18030 bytes", "GB18030 编码的字节"}; }

private:
  /// Bytes of a character that is not whole at the end, when everything before it can be read; 0 otherwise.
  std::size_t half_at_end(std::string_view bytes) const {
    for (std::size_t half = 1; half <= 3 && half <= bytes.size(); ++half) {
      const std::string_view tail = bytes.substr(bytes.size() - half);
      if (begins_character(tail) && wire::decode(bytes.substr(0, bytes.size() - half), encoding_)) return half;
    }
    return 0;
  }
  bool begins_character(std::string_view tail) const {
    const auto at = [&tail](std::size_t i) { return static_cast<unsigned char>(tail[i]); };
    if (encoding_ == wire::Encoding::utf8) {
      const std::size_t length = at(0) >= 0xF0 && at(0) <= 0xF4 ? 4 : at(0) >= 0xE0 ? 3 : at(0) >= 0xC2 ? 2 : 1;
      if (length <= tail.size() || at(0) > 0xF4) return false;
      return std::all_of(tail.begin() + 1, tail.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) == 0x80; });
    }
    const auto digit = [&at](std::size_t i) { return at(i) >= 0x30 && at(i) <= 0x39; };
    if (at(0) < 0x81 || at(0) == 0xFF) return false;
    if (tail.size() == 1) return true;
    if (tail.size() == 2) return digit(1);
    return digit(1) && at(2) >= 0x81 && at(2) != 0xFF;
  }
  wire::Encoding encoding_;
  bool drop_half_;
};

struct Kind { std::string_view name, media; };
constexpr Kind kKinds[] = {
    {"pdf", "application/pdf"}, {"jpeg", "image/jpeg"}, {"png", "image/png"}, {"gif", "image/gif"}, {"bmp", "image/bmp"}, {"tiff", "image/tiff"}, {"webp", "image/webp"},
    {"ofd", "application/ofd"}, {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}, {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"doc", "application/msword"}, {"xls", "application/vnd.ms-excel"}, {"ppt", "application/vnd.ms-powerpoint"}, {"ole", "application/x-ole-storage"}, {"zip", "application/zip"},
    {"rar", "application/vnd.rar"}, {"7z", "application/x-7z-compressed"}, {"gzip", "application/gzip"}, {"mp4", "video/mp4"}, {"xml", "application/xml"}, {"html", "text/html"},
    {"rtf", "application/rtf"}, {"text", "text/plain"}, {"empty", "application/x-empty"}, {"unknown", "application/octet-stream"}};

bool starts(std::string_view bytes, std::string_view with, std::size_t at = 0) { return bytes.size() >= at + with.size() && bytes.substr(at, with.size()) == with; }
bool holds(std::string_view bytes, std::string_view what) { return bytes.find(what) != std::string_view::npos; }
std::string wide(std::string_view ascii) {
  std::string out;
  for (const char c : ascii) out.append(1, c).append(1, '\0');
  return out;
}

/// Packages are told by the names of their entries, which stand plain in local headers and directory.
std::string_view zip_kind(std::string_view bytes) {
  if (holds(bytes, "OFD.xml")) return "ofd";
  if (holds(bytes, "[Content_Types].xml")) {
    if (holds(bytes, "word/document.xml")) return "docx";
    if (holds(bytes, "xl/workbook.xml")) return "xlsx";
    if (holds(bytes, "ppt/presentation.xml")) return "pptx";
  }
  return "zip";
}

/// Compound files are told by the names of their streams.
std::string_view ole_kind(std::string_view bytes) {
  if (holds(bytes, wide("WordDocument"))) return "doc";
  if (holds(bytes, wide("PowerPoint Document"))) return "ppt";
  if (holds(bytes, wide("Workbook")) || holds(bytes, wide("Book"))) return "xls";
  return "ole";
}

std::string_view text_kind(std::string_view bytes) {
  constexpr std::size_t kHead = 4096;
  std::string_view head = bytes.substr(0, kHead);
  if (starts(head, "\xEF\xBB\xBF")) head.remove_prefix(3);
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f'; };
  if (std::any_of(head.begin(), head.end(), control)) return "unknown";
  const bool text = is_utf8(bytes) || wire::decode(bytes, wire::Encoding::gb18030).has_value();
  if (!text) return "unknown";
  while (!head.empty() && (head[0] == ' ' || head[0] == '\n' || head[0] == '\r' || head[0] == '\t')) head.remove_prefix(1);
  std::string lower(head.substr(0, 256));
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (starts(lower, "<?xml")) return holds(lower, "<html") ? "html" : "xml";
  if (starts(lower, "<!doctype html") || starts(lower, "<html")) return "html";
  return "text";
}

} // namespace

std::string_view content_kind(std::string_view bytes) {
  struct Magic { std::string_view bytes, kind; std::size_t at = 0; };
  constexpr std::string_view kOle("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8);
  static constexpr Magic kMagic[] = {
      {"\xFF\xD8\xFF", "jpeg"}, {"\x89PNG\r\n\x1A\n", "png"}, {"GIF87a", "gif"}, {"GIF89a", "gif"}, {{"II*\0", 4}, "tiff"}, {{"MM\0*", 4}, "tiff"},
      {"Rar!\x1A\x07", "rar"}, {"7z\xBC\xAF\x27\x1C", "7z"}, {"\x1F\x8B\x08", "gzip"}, {"ftyp", "mp4", 4}, {"{\\rtf", "rtf"}};
  if (bytes.empty()) return "empty";
  for (const Magic& magic : kMagic) {
    if (starts(bytes, magic.bytes, magic.at)) return magic.kind;
  }
  if (starts(bytes, "RIFF") && starts(bytes, "WEBP", 8)) return "webp";
  if (starts(bytes, "PK\x03\x04")) return zip_kind(bytes);
  if (starts(bytes, kOle)) return ole_kind(bytes);
  if (holds(bytes.substr(0, 1024), "%PDF-")) return "pdf";
  if (starts(bytes, "BM") && bytes.size() > 26 && bytes.substr(6, 4) == std::string_view("\0\0\0\0", 4)) return "bmp";
  return text_kind(bytes);
}

namespace {

std::string_view media_of(std::string_view kind) {
  const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds), [kind](const Kind& row) { return row.name == kind; });
  return found->media;
}

class Sniff final : public Step {
public:
  StepOutcome run(Value& value, wire::Arena&) const override {
    value.text = media_of(content_kind(value.text));
    return StepOutcome::ok;
  }
};

class ContentKind final : public Step {
public:
  explicit ContentKind(std::vector<std::string> kinds) : kinds_(std::move(kinds)) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    if (std::find(kinds_.begin(), kinds_.end(), content_kind(value.text)) != kinds_.end()) return StepOutcome::ok;
    value.fault = Errc::mapping_content_kind;
    return StepOutcome::malformed;
  }
  Bilingual expected() const override {
    std::vector<std::string_view> views(kinds_.begin(), kinds_.end());
    return one_of(views);
  }

private:
  std::vector<std::string> kinds_;
};

class Digest final : public Step {
public:
  explicit Digest(crypto::Hasher::Algorithm algorithm) : algorithm_(algorithm) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    value.text = arena.store(to_hex(algorithm_ == crypto::Hasher::Algorithm::sm3 ? crypto::sm3(value.text) : crypto::sha256(value.text)));
    return StepOutcome::ok;
  }

private:
  crypto::Hasher::Algorithm algorithm_;
};

class Size final : public Step {
public:
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    value.text = arena.store(std::to_string(value.text.size()));
    return StepOutcome::ok;
  }
};

StepPtr compile_decode(const YamlNode& argument, const StepBuild& build, wire::Encoding encoding) {
  if (!argument.is_mapping()) return no_argument(argument, build) ? std::make_unique<Decode>(encoding, false) : nullptr;
  const YamlNode* cut = argument.find("cut");
  if (!check_keys(argument, {"cut"}, build.subject, build.mistakes)) return nullptr;
  if (cut == nullptr || cut->text != "drop") return wrong(argument, build, same("{cut: drop}"));
  return std::make_unique<Decode>(encoding, true);
}

} // namespace

StepPtr compile_base64(const YamlNode& argument, StepBuild& build) {
  wire::Base64Tolerance tolerance;
  tolerance.breaks = true;
  if (!argument.is_mapping()) return no_argument(argument, build) ? std::make_unique<Base64>(tolerance) : nullptr;
  if (!check_keys(argument, {"padding", "alphabet", "data_uri"}, build.subject, build.mistakes)) return nullptr;
  const auto word = [&](const char* key, std::string_view only) {
    const YamlNode* node = argument.find(key);
    if (node != nullptr && node->text != only) (void)wrong(*node, build, one_of({only}));
    return node != nullptr;
  };
  tolerance.padding = word("padding", "optional");
  tolerance.url = word("alphabet", "url");
  tolerance.data_uri = word("data_uri", "allowed");
  return std::make_unique<Base64>(tolerance);
}

StepPtr compile_gbk(const YamlNode& argument, StepBuild& build) { return compile_decode(argument, build, wire::Encoding::gb18030); }
StepPtr compile_utf8(const YamlNode& argument, StepBuild& build) { return compile_decode(argument, build, wire::Encoding::utf8); }
StepPtr compile_sniff(const YamlNode& argument, StepBuild& build) { return no_argument(argument, build) ? std::make_unique<Sniff>() : nullptr; }
StepPtr compile_size(const YamlNode& argument, StepBuild& build) { return no_argument(argument, build) ? std::make_unique<Size>() : nullptr; }

StepPtr compile_content(const YamlNode& argument, StepBuild& build) {
  std::vector<std::string> kinds = texts(argument, build.subject, build.mistakes);
  std::vector<std::string_view> known;
  for (const Kind& kind : kKinds) known.push_back(kind.name);
  for (const std::string& kind : kinds) {
    if (std::find(known.begin(), known.end(), kind) == known.end()) build.mistakes.add(Errc::mapping_wrong_shape, argument, build.subject, one_of(known), did_you_mean(kind, known));
  }
  return std::make_unique<ContentKind>(std::move(kinds));
}

StepPtr compile_digest(const YamlNode& argument, StepBuild& build) {
  const bool known = argument.is_scalar() && (argument.text == "sm3" || argument.text == "sha256");
  if (!known) return wrong(argument, build, one_of({"sm3", "sha256"}));
  return std::make_unique<Digest>(argument.text == "sm3" ? crypto::Hasher::Algorithm::sm3 : crypto::Hasher::Algorithm::sha256);
}

} // namespace tongqu::mapping::detail
