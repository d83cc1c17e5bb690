#include "connectors/platforms/case_exchange/reasons.hpp"

#include <algorithm>
#include <optional>

#include "connectors/platforms/case_exchange/answers.hpp"
#include "tongqu/base/bytes.hpp"

namespace tongqu::platform::case_exchange {
namespace {

constexpr std::size_t kFieldBytesMax = 64;

/// C0, DEL and C1 (which UTF-8 writes as C2 80 to C2 9F).
std::string without_controls(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte == 0x7F) continue;
    if (byte == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0) {
      ++at;
      continue;
    }
    clean += text[at];
  }
  return clean;
}

std::optional<std::string> usable(const wire::Node& reason, std::string_view language) {
  const wire::Node node = reason.child(language);
  if (!node || node.kind() != wire::NodeKind::string) return std::nullopt;
  std::string text = without_controls(node.raw_text());
  if (text.empty() || utf8_length(text) > kReasonCharactersMax) return std::nullopt;
  return text;
}

bool is_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kFieldBytesMax && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '[' || c == ']' || c == '/';
  });
}

std::string field_of(const wire::Node& item) {
  const wire::Node field = item.child("field");
  return field && field.kind() == wire::NodeKind::string && is_name(field.raw_text()) ? std::string(field.raw_text()) : std::string();
}

std::optional<Bilingual> reason_of_item(const wire::Node& item, const std::string& field) {
  const wire::Node reason = item.child("reason");
  if (!reason || reason.kind() != wire::NodeKind::object) return std::nullopt;
  auto en = usable(reason, "en");
  auto zh = usable(reason, "zh");
  if (!en || !zh) return std::nullopt;
  if (field.empty()) return Bilingual{*std::move(en), *std::move(zh)};
  return Bilingual{field + ": " + *en, field + "：" + *zh};
}

/// Adds a reason when both texts stay within the bound, the very first one always.
bool append(Bilingual& text, const Bilingual& more) {
  if (text.en.empty()) {
    text = more;
    return true;
  }
  if (utf8_length(text.en) + utf8_length(more.en) + 2 > kReasonCharactersMax) return false;
  if (utf8_length(text.zh) + utf8_length(more.zh) + 1 > kReasonCharactersMax) return false;
  text.en += "; " + more.en;
  text.zh += "；" + more.zh;
  return true;
}

} // namespace

PlatformReasons platform_reasons(const wire::Node& data) {
  PlatformReasons reasons;
  if (!data || data.kind() != wire::NodeKind::object) return reasons;
  const wire::Node errors = data.child("errors");
  if (!errors || errors.kind() != wire::NodeKind::array) return reasons;
  for (wire::Node item = errors.first_child(); item; item = item.next()) {
    if (item.kind() != wire::NodeKind::object) continue;
    const std::string field = field_of(item);
    if (reasons.first_field.empty()) reasons.first_field = field;
    const auto reason = reason_of_item(item, field);
    if (!reason) continue;
    if (!append(reasons.text, *reason)) break;
  }
  return reasons;
}

} // namespace tongqu::platform::case_exchange
