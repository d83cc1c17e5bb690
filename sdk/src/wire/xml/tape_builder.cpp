#include "xml/tape_builder.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tongqu::wire::detail {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool is_blank(std::string_view text) noexcept { return text.find_first_not_of(kBlanks) == std::string_view::npos; }

bool is_declaration(std::string_view raw_name) noexcept { return raw_name == "xmlns" || raw_name.substr(0, 6) == "xmlns:"; }

} // namespace

void TapeBuilder::start(Document& document, const XmlOptions& options) {
  document_ = &document;
  options_ = &options;
  namespaces_.start(document);
  frames_.clear();
  declarations_ = 0;
  refused_ = false;
}

void TapeBuilder::refuse(Errc code, std::size_t offset, const char* what) {
  if (refused_) return;
  refused_ = true;
  code_ = code;
  refused_at_ = offset;
  what_ = what;
}

Error TapeBuilder::error() const { return Error(code_).at(document_->position(refused_at_)).with(what_); }

std::uint32_t TapeBuilder::add_entry(NodeKind kind, std::string_view qualified, std::size_t offset) {
  auto& tape = document_->mutable_tape();
  const auto index = static_cast<std::uint32_t>(tape.size());
  const std::size_t separator = qualified.find(kNamespaceSeparator);
  std::string_view local = qualified;
  std::uint32_t ns = 0;
  if (separator != std::string_view::npos) {
    ns = namespaces_.index_of(qualified.substr(0, separator));
    local.remove_prefix(separator + 1);
  }
  if (local.size() > options_->limits.name_bytes_max) refuse(Errc::wire_xml_limit, offset, "name");
  local = document_->arena().store(local);
  TapeEntry& entry = tape.emplace_back();
  entry.kind = kind;
  entry.symbol = options_->names == nullptr ? 0 : options_->names->find(local);
  entry.end = index + 1;
  entry.name = local.data();
  entry.name_size = static_cast<std::uint32_t>(local.size());
  entry.ns = ns;
  entry.offset = static_cast<std::uint32_t>(offset);
  return index;
}

bool TapeBuilder::within_limits(std::size_t offset) {
  const Limits& limits = options_->limits;
  if (frames_.size() >= limits.depth_max) refuse(Errc::wire_xml_depth, offset);
  else if (document_->tape().size() >= limits.nodes_max) refuse(Errc::wire_xml_limit, offset, "nodes");
  else if (!frames_.empty() && frames_.back().children >= limits.children_max) refuse(Errc::wire_xml_limit, offset, "children");
  return !refused_;
}

void TapeBuilder::open(const char* name, const char* const* attributes, Place place) {
  if (refused_ || !within_limits(place.offset)) return;
  const std::uint32_t index = add_entry(NodeKind::element, name, place.offset);
  auto& tape = document_->mutable_tape();
  if (!frames_.empty()) {
    Frame& parent = frames_.back();
    if (parent.last_child == TapeEntry::kNone) tape[parent.index].has_child = true;
    else tape[parent.last_child].next = index;
    parent.last_child = index;
    ++parent.children;
    tape[index].parent = parent.index;
    // Indentation between children is not text; dropping it here saves copying it together.
    if (!parent.more_than_blanks) parent.text_size = parent.text_room = 0;
  }
  if (attributes[0] != nullptr || declarations_ != 0) add_attributes(index, attributes, place);
  frames_.emplace_back().index = index;
}

void TapeBuilder::add_attributes(std::uint32_t element, const char* const* attributes, Place place) {
  std::uint32_t count = 0;
  while (attributes[count * std::size_t{2}] != nullptr) ++count;
  const std::uint32_t declared = std::exchange(declarations_, 0u);
  if (std::size_t{count} + declared > options_->limits.attributes_max) return refuse(Errc::wire_xml_limit, place.offset, "attributes");
  if (count == 0) return;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string_view value = attributes[i * std::size_t{2} + 1];
    if (value.size() > options_->limits.text_bytes_max) return refuse(Errc::wire_xml_limit, place.offset, "attribute value");
    const std::uint32_t index = add_entry(NodeKind::attribute, attributes[i * std::size_t{2}], place.offset);
    const std::string_view kept = document_->arena().store(value);
    TapeEntry& entry = document_->mutable_tape()[index];
    entry.text = kept.data();
    entry.text_size = static_cast<std::uint32_t>(kept.size());
    entry.parent = element;
    if (i + 1 < count) entry.next = index + 1;
  }
  document_->mutable_tape()[element].attributes = count;
  place_attributes(element + 1, count, place);
}

/// The parser does not say where an attribute stands; its order is that of the start tag, which is known to be well formed here.
void TapeBuilder::place_attributes(std::uint32_t first, std::uint32_t count, Place place) {
  auto& tape = document_->mutable_tape();
  const std::string_view tag = document_->source().substr(place.offset, place.bytes);
  std::size_t at = tag.find_first_of(kBlanks);
  for (std::uint32_t i = first; i < first + count && at < tag.size();) {
    at = tag.find_first_not_of(kBlanks, at);
    const std::size_t name_end = tag.find_first_of("= \t\r\n", at);
    const std::size_t open_quote = tag.find_first_of("\"'", name_end);
    if (open_quote == std::string_view::npos) return;
    if (!is_declaration(tag.substr(at, name_end - at))) tape[i++].offset = static_cast<std::uint32_t>(place.offset + at);
    at = tag.find(tag[open_quote], open_quote + 1) + 1;
  }
}

void TapeBuilder::close() {
  if (refused_) return;
  const Frame& frame = frames_.back();
  auto& tape = document_->mutable_tape();
  TapeEntry& entry = tape[frame.index];
  entry.end = static_cast<std::uint32_t>(tape.size());
  if (frame.text_size != 0) {
    entry.has_text = frame.more_than_blanks;
    if (entry.has_text || !entry.has_child) {
      entry.text = frame.text;
      entry.text_size = frame.text_size;
    }
  }
  frames_.pop_back();
}

void TapeBuilder::text(std::string_view data, std::size_t offset) {
  if (refused_ || frames_.empty()) return;
  Frame& frame = frames_.back();
  if (frame.text_size + data.size() > options_->limits.text_bytes_max) return refuse(Errc::wire_xml_limit, offset, "text");
  // Noted piece by piece: asked of the whole again at each child, it would cost the square of the text.
  if (!frame.more_than_blanks) frame.more_than_blanks = !is_blank(data);
  // What stands in the source as it is, is used from there; references and line ends with a CR are not.
  const std::string_view source = document_->source();
  if (source.compare(offset, data.size(), data) != 0) return append_copied(frame, data);
  const char* const at = source.data() + offset;
  if (frame.text_size == 0) {
    frame.text = at;
    frame.text_room = 0;
    frame.text_size = static_cast<std::uint32_t>(data.size());
  } else if (frame.text_room == 0 && frame.text + frame.text_size == at) {
    frame.text_size += static_cast<std::uint32_t>(data.size());
  } else {
    append_copied(frame, data);
  }
}

/// Doubling keeps the joining of many pieces linear.
void TapeBuilder::append_copied(Frame& frame, std::string_view data) {
  const std::size_t needed = frame.text_size + data.size();
  if (needed > frame.text_room) {
    const std::size_t room = std::max<std::size_t>(64, needed * 2);
    char* memory = document_->arena().allocate(room);
    if (frame.text_size != 0) std::memcpy(memory, frame.text, frame.text_size);
    frame.text = memory;
    frame.text_room = static_cast<std::uint32_t>(room);
  }
  // Memory of ours since text_room is not zero; the member is const for text in the source.
  std::memcpy(const_cast<char*>(frame.text) + frame.text_size, data.data(), data.size());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  frame.text_size = static_cast<std::uint32_t>(needed);
}

void TapeBuilder::comment(std::string_view data, std::size_t offset) {
  if (refused_) return;
  if (data.size() > options_->limits.text_bytes_max) return refuse(Errc::wire_xml_limit, offset, "comment");
  if (!frames_.empty()) document_->mutable_tape()[frames_.back().index].mixed = true;
}

void TapeBuilder::instruction(std::string_view target, std::string_view data, std::size_t offset) {
  if (refused_) return;
  if (target.size() > options_->limits.name_bytes_max) return refuse(Errc::wire_xml_limit, offset, "name");
  comment(data, offset);
}

} // namespace tongqu::wire::detail
