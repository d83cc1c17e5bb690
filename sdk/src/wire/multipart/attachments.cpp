#include <unordered_map>
#include <unordered_set>

#include "tongqu/wire/document_builder.hpp"
#include "tongqu/wire/multipart.hpp"

namespace tongqu::wire {
namespace {

constexpr std::string_view kXop = "http://www.w3.org/2004/08/xop/include";
constexpr std::string_view kCid = "cid:";

/// The content id of a cid: URL; percent escapes undone. Empty when it is none.
std::string content_id(std::string_view url) {
  if (url.substr(0, kCid.size()) != kCid) return {};
  std::string id;
  for (std::size_t i = kCid.size(); i < url.size(); ++i) {
    const auto byte = url[i] == '%' ? from_hex(url.substr(i + 1, 2)) : Result<std::string>(Error(Errc::base_hex_invalid));
    if (byte && byte->size() == 1) {
      id += *byte;
      i += 2;
    } else {
      id += url[i];
    }
  }
  return id;
}

class AttachmentResolver {
public:
  AttachmentResolver(Document& out, const AttachmentContext& context) : context_(context), builder_(out, context.limits, context.names) {
    for (const Part* part : context.parts) parts_.emplace(part->name, part);
  }
  Result<void> run(const Node& root);

private:
  Result<void> walk(const Node& node);
  Result<void> put(const Node& node, const std::string& id);
  /// The reference that a node is or holds as its only content; null when it is none.
  Node reference(const Node& node) const;

  const AttachmentContext& context_;
  DocumentBuilder builder_;
  std::unordered_map<std::string_view, const Part*> parts_;
  std::unordered_set<const Part*> used_;
  std::size_t bytes_ = 0;
};

Node AttachmentResolver::reference(const Node& node) const {
  if (node.kind() != NodeKind::element) return {};
  const Node child = node.first_child();
  if (child && !child.next() && child.name() == "Include" && child.ns() == kXop) return child.attribute("href");
  if (node.has_children() || node.entry().has_text) return {};
  const Node href = node.attribute("href");
  return href && href.ns().empty() && href.raw_text().substr(0, kCid.size()) == kCid ? href : Node();
}

Result<void> AttachmentResolver::put(const Node& node, const std::string& id) {
  const auto found = parts_.find(id);
  if (found == parts_.end()) return Error(Errc::wire_part_missing).at(node.position());
  used_.insert(found->second);
  const std::string stored = found->second->sm3.empty() ? std::string() : "sm3:" + to_hex(found->second->sm3);
  bytes_ += found->second->bytes.size() / 3 * 4 + 4;
  if (bytes_ > 2 * context_.limits.message_bytes_max) return Error(Errc::wire_document_limit).at(node.position()).with("attachments");
  builder_.open(NodeKind::element, node.name(), node.offset());
  for (Node one = node.first_attribute(); one; one = one.next()) {
    if (one.name() != "href" || !one.ns().empty()) builder_.attribute_like(one);
  }
  builder_.text(builder_.keep(stored.empty() ? to_base64(found->second->bytes) : stored));
  builder_.close();
  return {};
}

Result<void> AttachmentResolver::walk(const Node& node) {
  if (builder_.failed()) return {};
  if (const Node href = reference(node)) {
    const std::string id = content_id(href.raw_text());
    // XOP allows no other kind of reference, and nothing is ever fetched.
    if (id.empty()) return Error(Errc::wire_part_missing).at(href.position());
    return put(node, id);
  }
  const bool leaf = node.kind() == NodeKind::element && !node.has_children();
  if (leaf && node.raw_text().substr(0, kCid.size()) == kCid) {
    const std::string id = content_id(node.raw_text());
    if (parts_.count(id) != 0) return put(node, id);
  }
  builder_.open_like(node);
  for (Node child = node.first_child(); child; child = child.next()) TONGQU_CHECK(walk(child));
  builder_.close();
  return {};
}

Result<void> AttachmentResolver::run(const Node& root) {
  builder_.source(root.document()->source());
  TONGQU_CHECK(walk(root));
  for (const Part* part : context_.parts) {
    if (used_.count(part) != 0) continue;
    Finding finding;
    finding.id = Errc::wire_part_unreferenced;
    finding.severity = Severity::warn;
    finding.source.part = part->name;
    finding.source.length = part->bytes.size();
    context_.findings.add(std::move(finding));
  }
  return builder_.finish();
}

} // namespace

Result<void> resolve_attachments(Document& out, const Node& root, const AttachmentContext& context) { return AttachmentResolver(out, context).run(root); }

} // namespace tongqu::wire
