#include "tongqu/wire/document_builder.hpp"

#include <algorithm>

#include "tongqu/base/assert.hpp"

namespace tongqu::wire {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

} // namespace

DocumentBuilder::DocumentBuilder(Document& document, const Limits& limits, const NameSet* names) : document_(document), limits_(limits), names_(names) {
  document_.clear();
  document_.mutable_namespaces().push_back({});  // Index 0: no namespace.
}

void DocumentBuilder::fail(const char* what, std::size_t offset) {
  if (!failure_) failure_ = Error(Errc::wire_document_limit).at(document_.position(offset)).with(what);
}

std::uint32_t DocumentBuilder::namespace_index(std::string_view name) {
  if (name.empty()) return 0;
  auto& known = document_.mutable_namespaces();
  const auto [at, fresh] = namespaces_.emplace(name, static_cast<std::uint32_t>(known.size()));
  if (fresh) known.push_back(name);
  return at->second;
}

TapeEntry* DocumentBuilder::add(NodeKind kind, std::string_view name, std::size_t offset) {
  auto& tape = document_.mutable_tape();
  if (failure_) return nullptr;
  if (tape.size() >= limits_.nodes_max) {
    fail("nodes", offset);
    return nullptr;
  }
  TONGQU_ASSERT(!frames_.empty() || tape.empty(), "a document has one root");
  TapeEntry entry;
  entry.kind = kind;
  entry.symbol = names_ == nullptr ? 0 : names_->find(name);
  entry.parent = frames_.empty() ? TapeEntry::kNone : frames_.back().index;
  entry.name = name.data();
  entry.name_size = static_cast<std::uint32_t>(name.size());
  entry.offset = static_cast<std::uint32_t>(stand_at_.value_or(offset));
  entry.end = static_cast<std::uint32_t>(tape.size() + 1);
  tape.push_back(entry);
  return &tape.back();
}

void DocumentBuilder::open(NodeKind kind, std::string_view name, std::size_t offset) {
  if (failure_) return;
  if (frames_.size() >= limits_.depth_max) return fail("depth", offset);
  if (!frames_.empty() && frames_.back().children >= limits_.children_max) return fail("children", offset);
  if (add(kind, name, offset) == nullptr) return;
  auto& tape = document_.mutable_tape();
  const auto index = static_cast<std::uint32_t>(tape.size() - 1);
  if (!frames_.empty()) {
    Frame& parent = frames_.back();
    ++parent.children;
    tape[parent.index].has_child = true;
    if (parent.last_child != TapeEntry::kNone) tape[parent.last_child].next = index;
    parent.last_child = index;
  }
  Frame frame;
  frame.index = index;
  frames_.push_back(frame);
}

void DocumentBuilder::attribute(std::string_view name, std::string_view value, std::size_t offset) {
  if (failure_) return;
  TONGQU_ASSERT(!frames_.empty() && frames_.back().children == 0, "attributes come before children");
  TapeEntry* made = add(NodeKind::attribute, name, offset);
  if (made == nullptr) return;
  made->text = value.data();
  made->text_size = static_cast<std::uint32_t>(value.size());
  auto& tape = document_.mutable_tape();
  const auto index = static_cast<std::uint32_t>(tape.size() - 1);
  Frame& frame = frames_.back();
  if (frame.last_attribute != TapeEntry::kNone) tape[frame.last_attribute].next = index;
  frame.last_attribute = index;
  ++tape[frame.index].attributes;
}

void DocumentBuilder::attribute_like(const Node& node) {
  attribute(node.name(), node.raw_text(), node.offset());
  if (!failure_) document_.mutable_tape().back().ns = namespace_index(node.ns());
}

void DocumentBuilder::open_like(const Node& node, std::string_view name) {
  open(node.kind(), name.empty() ? node.name() : name, node.offset());
  if (failure_) return;
  const TapeEntry& from = node.entry();
  TapeEntry& made = document_.mutable_tape()[frames_.back().index];
  made.ns = namespace_index(node.ns());
  made.has_text = from.has_text;
  made.mixed = from.mixed;
  made.text = from.text;
  made.text_size = from.text_size;
  for (Node one = node.first_attribute(); one; one = one.next()) attribute_like(one);
}

void DocumentBuilder::text(std::string_view value) {
  if (failure_) return;
  TONGQU_ASSERT(!frames_.empty(), "text stands in a node");
  TapeEntry& entry = document_.mutable_tape()[frames_.back().index];
  entry.text = value.data();
  entry.text_size = static_cast<std::uint32_t>(value.size());
  entry.has_text = value.find_first_not_of(kBlanks) != std::string_view::npos;
}

void DocumentBuilder::text_like(const Node& node) {
  text(node.raw_text());
  if (!failure_) document_.mutable_tape()[frames_.back().index].mixed = node.entry().mixed;
}

void DocumentBuilder::close() {
  if (failure_) return;
  TONGQU_ASSERT(!frames_.empty(), "only an open node is closed");
  auto& tape = document_.mutable_tape();
  tape[frames_.back().index].end = static_cast<std::uint32_t>(tape.size());
  frames_.pop_back();
}

void DocumentBuilder::leaf(std::string_view name, std::string_view value, std::size_t offset) {
  open(NodeKind::element, name, offset);
  text(value);
  close();
}

/// Recursion is bounded: what is copied came through a gate that bounds its depth.
void DocumentBuilder::copy(const Node& node, std::string_view name) {
  open_like(node, name);
  for (Node child = node.first_child(); child && !failure_; child = child.next()) copy(child);
  close();
}

Result<void> DocumentBuilder::finish() {
  if (failure_) return *failure_;
  TONGQU_ASSERT(frames_.empty(), "every node is closed before the end");
  return {};
}

} // namespace tongqu::wire
