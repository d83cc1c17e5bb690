#include "bridge/attachment_names.hpp"

#include <algorithm>
#include <set>

#include "tongqu/base/bytes.hpp"
#include "tongqu/wire/archive.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::bridge::detail {
namespace {

constexpr std::string_view kScheme = "sm3:";
constexpr std::size_t kHexDigits = 64;

class NameReader {
public:
  void walk(const wire::Node& node, const std::string& path) {
    const bool is_object = node.kind() == wire::NodeKind::object;
    if (!is_object && node.kind() != wire::NodeKind::array) return;
    const bool elsewhere = is_object && node.child("uri");
    std::size_t index = 0;
    for (wire::Node child = node.first_child(); child; child = child.next(), ++index) {
      if (is_object && (child.name() == "meta" || child.name() == "unknown" || child.name() == "ext")) continue;
      const std::string at = is_object ? (path.empty() ? "" : path + ".") + std::string(child.name()) : path + "[" + std::to_string(index) + "]";
      if (child.kind() == wire::NodeKind::string && is_object && !elsewhere && child.name() == "digest") take(child.raw_text(), at);
      else walk(child, at);
    }
  }
  std::vector<NamedAttachment> found;

private:
  void take(std::string_view text, const std::string& path) {
    if (text.size() != kScheme.size() + kHexDigits || text.substr(0, kScheme.size()) != kScheme) return;
    auto digest = from_hex(text.substr(kScheme.size()));
    if (digest && seen_.insert(*digest).second) found.push_back({*std::move(digest), path});
  }
  std::set<std::string> seen_;
};

/// Documents inside documents, as deep as the gate allows them to be layered.
constexpr int kLayersMax = 3;
constexpr std::size_t kBase64Least = 4;

class InlineReader {
public:
  explicit InlineReader(const std::function<Result<bool>(Bytes)>& take) : take_(take) {}
  Result<bool> walk(const wire::Node& node, int layer);

private:
  Result<bool> text(std::string_view text, int layer);
  const std::function<Result<bool>(Bytes)>& take_;
};

Result<bool> InlineReader::text(std::string_view text, int layer) {
  if (text.size() < kBase64Least) return true;
  const char first = text[std::min(text.find_first_not_of(" \t\r\n"), text.size() - 1)];
  if ((first == '<' || first == '{' || first == '[') && layer < kLayersMax) {
    const auto inner = first == '<' ? wire::parse_xml(text) : wire::parse_json(text);
    return inner ? walk(inner->root(), layer + 1) : Result<bool>(true);
  }
  wire::Base64Used used;
  const auto bytes = wire::read_base64(text, {true, true, true, true}, used);
  return bytes ? take_(*bytes) : Result<bool>(true);
}

Result<bool> InlineReader::walk(const wire::Node& node, int layer) {
  if (!node.first_child()) {
    const bool has_text = node.kind() == wire::NodeKind::string || node.kind() == wire::NodeKind::element;
    return has_text ? text(node.raw_text(), layer) : Result<bool>(true);
  }
  for (wire::Node child = node.first_child(); child; child = child.next()) {
    TONGQU_TRY(const bool more, walk(child, layer));
    if (!more) return false;
  }
  return true;
}

} // namespace

Result<void> each_inline_file(const wire::Node& root, const std::function<Result<bool>(Bytes)>& take) {
  TONGQU_CHECK(InlineReader(take).walk(root, 1));
  return {};
}

Result<std::vector<NamedAttachment>> named_attachments(std::string_view canonical) {
  // Most records name none, and reading one again costs as much as gating it.
  if (canonical.find("\"sm3:") == std::string_view::npos) return std::vector<NamedAttachment>();
  wire::JsonOptions options;
  options.limits.message_bytes_max = canonical.size();
  options.limits.text_bytes_max = static_cast<std::uint32_t>(std::min<std::size_t>(canonical.size(), UINT32_MAX));
  options.limits.children_max = options.limits.nodes_max = UINT32_MAX;
  TONGQU_TRY(const wire::Document document, wire::parse_json(canonical, options));
  NameReader reader;
  reader.walk(document.root(), {});
  return std::move(reader.found);
}

} // namespace tongqu::bridge::detail
