#include "bridge/stored_delivery.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "tongqu/base/bytes.hpp"

namespace tongqu::bridge::detail {
namespace {

constexpr std::string_view kMagic = "TQD1";

/// Length in decimal, a colon, the bytes: readable in a dump and safe for every byte.
void put(std::string& out, std::string_view bytes) {
  out += std::to_string(bytes.size());
  out += ':';
  out += bytes;
}

constexpr std::string_view kStoredPart = "stored_part.";

/// Gives a part back what its fact says of it; false when that does not read.
bool take_stored(wire::Delivery& delivery, std::size_t part) {
  const auto fact = delivery.facts.find(std::string(kStoredPart) + std::to_string(part));
  if (fact == delivery.facts.end()) return true;
  const std::string text = std::move(fact->second);
  delivery.facts.erase(fact);
  const auto blank = text.find(' ');
  auto digest = blank == 64 ? from_hex(std::string_view(text).substr(0, blank)) : Result<std::string>(Error(Errc::bridge_stored_delivery));
  if (!digest) return false;
  delivery.parts[part].sm3 = *std::move(digest);
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data() + blank + 1, end, delivery.parts[part].stored_bytes);
  return problem == std::errc() && at == end;
}

class Cursor {
public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  std::optional<std::string_view> take() {
    const auto colon = rest_.find(':');
    std::size_t size = 0;
    if (colon == std::string_view::npos || colon > 12) return std::nullopt;
    const auto [at, ec] = std::from_chars(rest_.data(), rest_.data() + colon, size);
    if (ec != std::errc() || at != rest_.data() + colon || size > rest_.size() - colon - 1) return std::nullopt;
    const std::string_view bytes = rest_.substr(colon + 1, size);
    rest_.remove_prefix(colon + 1 + size);
    return bytes;
  }

  std::optional<std::size_t> take_count() {
    const auto text = take();
    std::size_t n = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), n).ec != std::errc()) return std::nullopt;
    return n;
  }

  bool done() const { return rest_.empty(); }

private:
  std::string_view rest_;
};

} // namespace

std::string store_delivery(const wire::Delivery& given) {
  // The bytes of these parts are in the store of attachments; what is written here names them.
  wire::Delivery with_names;
  const bool names = std::any_of(given.parts.begin(), given.parts.end(), [](const wire::Part& part) { return !part.sm3.empty(); });
  if (names) {
    with_names = given;
    for (std::size_t i = 0; i < given.parts.size(); ++i) {
      const wire::Part& part = given.parts[i];
      if (!part.sm3.empty()) with_names.facts[std::string(kStoredPart) + std::to_string(i)] = to_hex(part.sm3) + " " + std::to_string(part.stored_bytes);
    }
  }
  const wire::Delivery& delivery = names ? with_names : given;
  std::size_t size = 256;
  for (const wire::Part& part : delivery.parts) size += part.bytes.size() + part.name.size() + part.content_type.size() + 64;
  std::string out;
  out.reserve(size);
  out += kMagic;
  put(out, std::to_string(delivery.facts.size()));
  for (const auto& [name, value] : delivery.facts) {
    put(out, name);
    put(out, value);
  }
  put(out, std::to_string(delivery.parts.size()));
  for (const wire::Part& part : delivery.parts) {
    put(out, part.name);
    put(out, part.content_type);
    put(out, part.bytes);
  }
  return out;
}

Result<wire::Delivery> load_delivery(std::string_view stored) {
  const Error broken(Errc::bridge_stored_delivery);
  if (stored.substr(0, kMagic.size()) != kMagic) return broken;
  Cursor cursor(stored.substr(kMagic.size()));
  wire::Delivery delivery;
  const auto facts = cursor.take_count();
  if (!facts) return broken;
  for (std::size_t i = 0; i < *facts; ++i) {
    const auto name = cursor.take();
    const auto value = name ? cursor.take() : std::nullopt;
    if (!value) return broken;
    delivery.facts.emplace(std::string(*name), std::string(*value));
  }
  const auto parts = cursor.take_count();
  if (!parts) return broken;
  for (std::size_t i = 0; i < *parts; ++i) {
    const auto name = cursor.take();
    const auto type = name ? cursor.take() : std::nullopt;
    const auto bytes = type ? cursor.take() : std::nullopt;
    if (!bytes) return broken;
    delivery.parts.push_back({std::string(*name), std::string(*type), std::string(*bytes), nullptr});
    if (!take_stored(delivery, i)) return broken;
  }
  if (!cursor.done()) return broken;
  return delivery;
}

} // namespace tongqu::bridge::detail
