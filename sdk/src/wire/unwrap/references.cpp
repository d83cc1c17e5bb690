#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <unordered_set>

#include "tongqu/wire/document_builder.hpp"
#include "tongqu/wire/unwrap.hpp"

namespace tongqu::wire {
namespace {

constexpr std::string_view kEncoding11 = "http://schemas.xmlsoap.org/soap/encoding/";
constexpr std::string_view kEncoding12 = "http://www.w3.org/2003/05/soap-encoding";
constexpr std::string_view kEnvelope11 = "http://schemas.xmlsoap.org/soap/envelope/";
constexpr std::string_view kEnvelope12 = "http://www.w3.org/2003/05/soap-envelope";
constexpr int kReferencesQuirk = 7;
// Sharing can make a small document say much; one that grows more than this was made to.
constexpr std::size_t kGrowthMax = 10, kGrowthFree = 1000;

Node attribute_in(const Node& node, std::string_view ns, std::string_view local) {
  for (Node one = node.first_attribute(); one; one = one.next()) {
    if (one.name() == local && one.ns() == ns) return one;
  }
  return {};
}

class Resolver {
public:
  Resolver(Document& out, const Node& operation, const UnwrapContext& context)
      : source_(*operation.document()), operation_(operation), context_(context), out_(out), builder_(out, context.limits, context.names) {}
  Result<void> run();

private:
  Result<void> index();
  Result<void> expand(const Node& node, std::string_view name);
  Result<Node> follow(const Node& node);
  Result<void> content(const Node& node);
  Result<void> array(const Node& node);
  Result<std::size_t> declared_size(const Node& type) const;
  Node reference(const Node& node) const;
  void copy_attributes(const Node& node);
  void report_unreferenced();
  void note(Errc id, const Node& at);
  Error fault(Errc code, const Node& at, const char* what) const { return Error(code).at(at.position()).with(what); }

  const Document& source_;
  const Node operation_;
  const UnwrapContext& context_;
  Document& out_;
  DocumentBuilder builder_;
  std::unordered_map<std::string_view, Node> ids_;
  std::unordered_set<std::string_view> referenced_;
  std::vector<std::string_view> open_;
};

Node Resolver::reference(const Node& node) const {
  if (node.entry().attributes == 0) return {};
  const Node href = attribute_in(node, {}, "href");
  return href ? href : attribute_in(node, kEncoding12, "ref");
}

/// References of 1.1 are fragments ("#id0"), those of 1.2 plain ids.
std::string_view id_of(const Node& reference) {
  const std::string_view text = reference.raw_text();
  if (!reference.ns().empty()) return text;
  return text.substr(0, 1) == "#" ? text.substr(1) : std::string_view();
}

Result<void> Resolver::index() {
  for (std::uint32_t i = 0; i < source_.tape().size(); ++i) {
    if (source_.tape()[i].kind != NodeKind::element || source_.tape()[i].attributes == 0) continue;
    const Node node(&source_, i);
    Node id = attribute_in(node, {}, "id");
    if (!id) id = attribute_in(node, kEncoding12, "id");
    if (id && !ids_.emplace(id.raw_text(), node).second) return fault(Errc::wire_soap_reference, id, "id twice");
    if (const Node to = reference(node); to && !id_of(to).empty()) referenced_.insert(id_of(to));
  }
  return {};
}

/// The element that a reference means, through references that lead to references.
Result<Node> Resolver::follow(const Node& node) {
  const Node to = reference(node);
  if (!to) return node;
  if (to.raw_text().substr(0, 4) == "cid:") return node;
  if (id_of(to).empty()) return fault(Errc::wire_soap_reference, to, "outside");
  if (node.has_children() || node.entry().has_text) return fault(Errc::wire_soap_reference, to, "content beside a reference");
  const auto found = ids_.find(id_of(to));
  if (found == ids_.end()) return fault(Errc::wire_soap_reference, to, "nowhere");
  if (std::find(open_.begin(), open_.end(), found->first) != open_.end()) return fault(Errc::wire_soap_reference, to, "circular");
  return found->second;
}

/// Attributes of the encoding have done their work.
void Resolver::copy_attributes(const Node& node) {
  for (Node one = node.first_attribute(); one; one = one.next()) {
    const std::string_view ns = one.ns();
    if (ns == kEncoding11 || ns == kEncoding12 || ns == kEnvelope11 || ns == kEnvelope12) continue;
    if (ns.empty() && one.name() == "id" && referenced_.count(one.raw_text()) != 0) continue;
    builder_.attribute_like(one);
  }
}

Result<void> Resolver::expand(const Node& node, std::string_view name) {
  if (builder_.failed()) return {};
  if (out_.tape().size() > kGrowthMax * source_.tape().size() + kGrowthFree) return fault(Errc::wire_soap_reference, node, "too many");
  if (open_.size() > context_.limits.depth_max) return fault(Errc::wire_soap_reference, node, "too deep");
  TONGQU_TRY(const Node target, follow(node));
  const bool through = !(target == node);
  if (through) open_.push_back(id_of(reference(node)));
  if (through && reference(target)) {
    TONGQU_CHECK(expand(target, name));
  } else {
    builder_.open(target.kind(), name, node.offset());
    builder_.text(target.raw_text());
    copy_attributes(target);
    TONGQU_CHECK(content(target));
    builder_.close();
  }
  if (through) open_.pop_back();
  return {};
}

Result<void> Resolver::content(const Node& node) {
  if (attribute_in(node, kEncoding11, "arrayType") || attribute_in(node, kEncoding12, "arraySize")) return array(node);
  for (Node child = node.first_child(); child; child = child.next()) TONGQU_CHECK(expand(child, child.name()));
  return {};
}

/// "ns:T[3]", "ns:T[2,3]", "3 2": how many items are said to be there; 0 when it is left open.
Result<std::size_t> Resolver::declared_size(const Node& type) const {
  std::string_view text = type.raw_text();
  if (type.name() == "arrayType") {
    const std::size_t open = text.rfind('[');
    if (open == std::string_view::npos || text.empty() || text.back() != ']') return fault(Errc::wire_soap_array, type, "size");
    text = text.substr(open + 1, text.size() - open - 2);
  }
  if (text.empty()) return std::size_t{0};
  std::size_t product = 1;
  while (!text.empty()) {
    if (text.front() == '*') return std::size_t{0};
    std::uint32_t one = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), one);
    if (error != std::errc()) return fault(Errc::wire_soap_array, type, "size");
    product = std::min<std::size_t>(product * one, 0xFFFFFFFF);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) break;
    if (text.front() != ',' && text.front() != ' ') return fault(Errc::wire_soap_array, type, "size");
    text.remove_prefix(1);
  }
  return product;
}

/// What is there counts; a size that differs is said, and nothing is set aside for it.
Result<void> Resolver::array(const Node& node) {
  const Node old = attribute_in(node, kEncoding11, "arrayType");
  const Node type = old ? old : attribute_in(node, kEncoding12, "arraySize");
  TONGQU_TRY(const std::size_t declared, declared_size(type));
  std::size_t there = 0;
  for (Node item = node.first_child(); item; item = item.next()) {
    ++there;
    // Items that say where they stand leave holes in front of them; which ones, no list can show.
    if (attribute_in(item, kEncoding11, "position")) return fault(Errc::wire_soap_array, item, "position");
    TONGQU_TRY(const Node target, follow(item));
    if (target.is_nil()) note(Errc::wire_soap_hole, item);
    else TONGQU_CHECK(expand(item, item.name()));
  }
  if (attribute_in(node, kEncoding11, "offset")) return fault(Errc::wire_soap_array, node, "offset");
  if (declared != 0 && declared != there) note(Errc::wire_soap_array, node);
  return {};
}

void Resolver::note(Errc id, const Node& at) {
  Finding finding;
  finding.id = id;
  finding.severity = Severity::warn;
  finding.quirk = kReferencesQuirk;
  finding.source.path = at.path();
  finding.source.offset = at.offset();
  const std::string position = at.position();
  const auto colon = position.find(':');
  (void)std::from_chars(position.data(), position.data() + colon, finding.source.line);
  (void)std::from_chars(position.data() + colon + 1, position.data() + position.size(), finding.source.column);
  context_.findings.add(std::move(finding));
}

/// Elements beside the operation that nobody refers to would be lost in silence.
void Resolver::report_unreferenced() {
  for (Node other = operation_.next(); other; other = other.next()) {
    Node id = attribute_in(other, {}, "id");
    if (!id) id = attribute_in(other, kEncoding12, "id");
    if (!id || referenced_.count(id.raw_text()) == 0) note(Errc::wire_part_unreferenced, other);
  }
}

Result<void> Resolver::run() {
  builder_.source(source_.source());
  TONGQU_CHECK(index());
  TONGQU_CHECK(expand(operation_, operation_.name()));
  report_unreferenced();
  return builder_.finish();
}

} // namespace

Result<void> resolve_references(Document& out, const Node& operation, const UnwrapContext& context) { return Resolver(out, operation, context).run(); }

} // namespace tongqu::wire
