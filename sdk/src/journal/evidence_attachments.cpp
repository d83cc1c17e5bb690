#include "journal/evidence_attachments.hpp"

#include <charconv>
#include <utility>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/utf8.hpp"

namespace tongqu::journal::detail {
namespace {

constexpr int kDepthMax = 64;
constexpr std::string_view kScheme = "sm3:";

/// A walk over JSON text that remembers where values stand and builds nothing.
class JsonText {
public:
  explicit JsonText(std::string_view text) : text_(text) {}

  char peek() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }
  bool done() { return peek() == '\0' && at_ == text_.size(); }

  /// The text of the next value, quotes and all; nothing when it is none.
  std::optional<std::string_view> value(int depth = 0) {
    const char first = peek();
    const std::size_t begin = at_;
    if (depth > kDepthMax || !skip(first, depth)) return std::nullopt;
    return text_.substr(begin, at_ - begin);
  }

private:
  bool skip(char first, int depth) {
    if (first == '"') return skip_string();
    if (first == '{' || first == '[') return skip_many(first, depth);
    const std::size_t begin = at_;
    while (at_ < text_.size() && std::string_view(",]} \t\r\n").find(text_[at_]) == std::string_view::npos) ++at_;
    return at_ > begin;
  }
  bool skip_string() {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') ++at_;
      else if (text_[at_] == '"') { ++at_; return true; }
    }
    return false;
  }
  bool skip_many(char first, int depth) {
    const char last = first == '{' ? '}' : ']';
    ++at_;
    if (take(last)) return true;
    do {
      if (first == '{' && (peek() != '"' || !skip_string() || !take(':'))) return false;
      if (!value(depth + 1)) return false;
    } while (take(','));
    return take(last);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<unsigned> hex4(std::string_view text) {
  unsigned value = 0;
  if (text.size() < 4) return std::nullopt;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + 4, value, 16);
  return problem == std::errc() && end == text.data() + 4 ? std::optional<unsigned>(value) : std::nullopt;
}

/// What a string says; nothing when it is no string.
std::optional<std::string> said(std::string_view text) {
  if (text.size() < 2 || text.front() != '"') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') { out.push_back(text[i]); continue; }
    if (++i == text.size()) return std::nullopt;
    constexpr std::string_view kLetters = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    const auto letter = kLetters.find(text[i]);
    if (letter != std::string_view::npos) { out.push_back(kMeant[letter]); continue; }
    auto code = text[i] == 'u' ? hex4(text.substr(i + 1)) : std::nullopt;
    if (!code) return std::nullopt;
    i += 4;
    if (*code >= 0xd800 && *code < 0xdc00 && text.substr(i + 1, 2) == "\\u") {
      const auto low = hex4(text.substr(i + 3));
      if (!low || *low < 0xdc00 || *low > 0xdfff) return std::nullopt;
      *code = 0x10000U + ((*code - 0xd800U) << 10U) + (*low - 0xdc00U);
      i += 6;
    }
    append_utf8(out, *code);
  }
  return out;
}

class AttachmentWalk {
public:
  bool walk(std::string_view value, const std::string& path, int depth) {
    if (depth > kDepthMax) return false;
    if (value.front() == '[') return walk_list(value, path, depth);
    return value.front() != '{' || walk_object(value, path, depth);
  }
  std::vector<EvidenceReport::Attachment> found;

private:
  using Members = std::vector<std::pair<std::string, std::string_view>>;

  bool walk_list(std::string_view text, const std::string& path, int depth) {
    JsonText json(text);
    json.take('[');
    if (json.take(']')) return true;
    std::size_t index = 0;
    do {
      const auto value = json.value();
      if (!value || !walk(*value, path + "[" + std::to_string(index++) + "]", depth + 1)) return false;
    } while (json.take(','));
    return true;
  }

  bool walk_object(std::string_view text, const std::string& path, int depth) {
    JsonText json(text);
    json.take('{');
    if (json.take('}')) return true;
    Members members;
    do {
      const auto quoted = json.value();
      auto name = quoted ? said(*quoted) : std::nullopt;
      if (!name || !json.take(':')) return false;
      const auto value = json.value();
      if (!value) return false;
      members.emplace_back(*std::move(name), *value);
    } while (json.take(','));
    look_at(members, path);
    for (const auto& [name, value] : members) {
      if (name == "meta" || name == "unknown" || name == "ext") continue;
      if (!walk(value, path.empty() ? name : path + "." + name, depth + 1)) return false;
    }
    return true;
  }

  void look_at(const Members& members, const std::string& path) {
    const auto member = [&members](std::string_view name) -> std::optional<std::string_view> {
      for (const auto& [other, value] : members) {
        if (other == name) return value;
      }
      return std::nullopt;
    };
    const auto text = [&member](std::string_view name) {
      const auto value = member(name);
      return (value ? said(*value) : std::nullopt).value_or("");
    };
    const std::string digest = text("digest");
    if (digest.size() != kScheme.size() + 64 || digest.compare(0, kScheme.size(), kScheme) != 0 || member("uri")) return;
    const auto bytes = from_hex(std::string_view(digest).substr(kScheme.size()));
    if (!bytes) return;
    EvidenceReport::Attachment one;
    one.path = (path.empty() ? "" : path + ".") + "digest";
    one.sm3 = *bytes;
    // A material with a single file tells the name of the file beside its own.
    one.name = text("attachment");
    if (one.name.empty()) one.name = text("name");
    one.media_type = text("sniffed_type");
    if (one.media_type.empty()) one.media_type = text("declared_type");
    const auto size = member("size");
    std::int64_t count = -1;
    if (size && std::from_chars(size->data(), size->data() + size->size(), count).ptr == size->data() + size->size()) one.bytes = count;
    found.push_back(std::move(one));
  }
};

} // namespace

std::vector<EvidenceReport::Attachment> attachments_of_record(std::string_view record) {
  JsonText json(record);
  const auto root = json.value();
  AttachmentWalk walk;
  if (!root || !json.done() || !walk.walk(*root, {}, 0)) return {};
  return std::move(walk.found);
}

} // namespace tongqu::journal::detail
