#include "bridge/stored_delivery.hpp"

#include <charconv>
#include <optional>

namespace tongqu::bridge::detail {
namespace {

constexpr std::string_view kMagic = "TQD1";

/// Length in decimal, a colon, the bytes: readable in a dump and safe for every byte.
void put(std::string& out, std::string_view bytes) {
  out += std::to_string(bytes.size());
  out += ':';
  out += bytes;
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

std::string store_delivery(const wire::Delivery& delivery) {
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
  }
  if (!cursor.done()) return broken;
  return delivery;
}

} // namespace tongqu::bridge::detail
