#include "xml/xml_scanner.hpp"

namespace tongqu::wire::detail {
namespace {

constexpr Stops kDoubleQuoted{'"', '<', '&', false, false};
constexpr Stops kSingleQuoted{'\'', '<', '&', false, false};

} // namespace

const char* XmlScanner::skip_blanks(const char* at) const noexcept {
  while (at != end_ && is_class(at, kBlankByte)) ++at;
  return at;
}

/// `at` is a '<' with something behind it that only a start tag can be.
const char* XmlScanner::scan_start_tag(const char* at) {
  const char* const tag = at;
  attributes_.clear();
  QName name;
  if ((at = scan_qname(at + 1, tag, name)) == nullptr) return nullptr;
  if (at != end_ && is_class(at, kBlankByte)) {
    at = skip_blanks(at);
    if (at != end_ && *at != '>' && *at != '/' && (at = scan_attributes(at, tag)) == nullptr) return nullptr;
  }
  if (at == end_) return refuse_cut(tag);
  return *at == '>' || *at == '/' ? finish_start_tag(at, tag, name) : refuse_token(at);
}

/// From the first attribute's name to the '>' or '/' behind the last.
const char* XmlScanner::scan_attributes(const char* at, const char* tag) {
  for (;;) {
    if ((at = scan_attribute(at, tag)) == nullptr) return nullptr;
    if (at == end_) return refuse_cut(tag);
    if (*at == '>' || *at == '/') return at;
    if (!is_class(at, kBlankByte)) return refuse_token(at);
    at = skip_blanks(at);
    if (at == end_) return refuse_cut(tag);
    if (*at == '>' || *at == '/') return at;
  }
}

const char* XmlScanner::scan_attribute(const char* at, const char* tag) {
  Attribute attribute;
  if ((at = scan_qname(at, tag, attribute.name)) == nullptr) return nullptr;
  at = skip_blanks(at);
  if (at == end_) return refuse_cut(tag);
  if (*at != '=') return refuse_token(at);
  at = skip_blanks(at + 1);
  if (at == end_) return refuse_cut(tag);
  if (*at != '"' && *at != '\'') return refuse_token(at);
  if ((at = scan_value(at, tag, attribute)) == nullptr) return nullptr;
  attributes_.push_back(attribute);
  return at;
}

/// From the opening quote to behind the closing one.
const char* XmlScanner::scan_value(const char* at, const char* tag, Attribute& attribute) {
  const char quote = *at;
  const char* const value = ++at;
  for (;;) {
    at = quote == '"' ? Runs::plain<kDoubleQuoted>(at, end_) : Runs::plain<kSingleQuoted>(at, end_);
    if (at == end_) return refuse_cut(tag);
    if (*at == quote) break;
    if (is_multibyte(at)) {
      at = pass_multibyte(at, tag);
    } else if (*at == '&') {
      attribute.plain = false;
      at = scan_reference(at, tag);
    } else if (is_class(at, kBlankByte)) {
      attribute.plain = false;
      ++at;
    } else {
      return refuse_token(at);
    }
    if (at == nullptr) return nullptr;
  }
  attribute.value = {value, static_cast<std::size_t>(at - value)};
  return at + 1;
}

/// `at` is the '>' or the '/' of a tag whose form is good up to there.
const char* XmlScanner::finish_start_tag(const char* at, const char* tag, const QName& name) {
  const bool empty = *at == '/';
  if (empty) {
    if (++at == end_) return refuse_cut(tag);
    if (*at != '>') return refuse_token(at);
  }
  const std::uint32_t declarations_before = scope_.count();
  if (!attributes_.empty() && !settle_attributes(tag)) return nullptr;
  std::uint32_t ns = 0;
  if (name.local == name.begin) {
    ns = scope_.default_index();
  } else {
    const std::uint32_t binding = scope_.binding_of(name.prefix());
    if (binding == NamespaceScope::kUnbound) return refuse(Errc::wire_xml_namespace, tag);
    ns = scope_.index_of(binding);
  }
  if (!open(tag, name, ns, declarations_before)) return nullptr;
  if (empty) close();
  return at + 1;
}

bool XmlScanner::refuse_element(const char* tag) {
  const Limits& limits = options_->limits;
  if (frames_.size() >= limits.depth_max) (void)refuse(Errc::wire_xml_depth, tag);
  else if (tape_->size() >= limits.nodes_max) (void)refuse(Errc::wire_xml_limit, tag, "nodes");
  else if (!frames_.empty() && frames_.back().children >= limits.children_max) (void)refuse(Errc::wire_xml_limit, tag, "children");
  else (void)refuse(Errc::wire_xml_limit, tag, "name");
  return false;
}

bool XmlScanner::open(const char* tag, const QName& name, std::uint32_t ns, std::uint32_t declarations_before) {
  const Limits& limits = options_->limits;
  const std::string_view local = name.local_name();
  const auto index = static_cast<std::uint32_t>(tape_->size());
  Frame* const parent = frames_.empty() ? nullptr : &frames_.back();
  const bool fits = frames_.size() < limits.depth_max && index < limits.nodes_max && (parent == nullptr || parent->children < limits.children_max) &&
                    local.size() <= limits.name_bytes_max;
  if (!fits) return refuse_element(tag);
  TapeEntry& entry = tape_->emplace_back();
  entry.symbol = options_->names == nullptr ? 0 : options_->names->find(local);
  entry.end = index + 1;
  entry.name = local.data();
  entry.name_size = static_cast<std::uint32_t>(local.size());
  entry.ns = ns;
  entry.offset = offset_of(tag);
  if (parent != nullptr) {
    if (parent->last_child == TapeEntry::kNone) (*tape_)[parent->index].has_child = true;
    else (*tape_)[parent->last_child].next = index;
    parent->last_child = index;
    ++parent->children;
    entry.parent = parent->index;
    // Indentation between children is not text; dropping it here saves copying it together.
    if (!parent->more_than_blanks) parent->text_size = parent->text_room = 0;
  }
  if (!attributes_.empty() && !add_attributes(tag, index)) return false;
  Frame& frame = frames_.emplace_back();
  frame.index = index;
  frame.declarations = declarations_before;
  frame.name = name.begin;
  frame.name_size = static_cast<std::uint32_t>(name.end - name.begin);
  return true;
}

void XmlScanner::close() {
  const Frame& frame = frames_.back();
  TapeEntry& entry = (*tape_)[frame.index];
  entry.end = static_cast<std::uint32_t>(tape_->size());
  if (frame.text_size != 0) {
    entry.has_text = frame.more_than_blanks;
    if (entry.has_text || !entry.has_child) {
      entry.text = frame.text;
      entry.text_size = frame.text_size;
    }
  }
  scope_.leave(frame.declarations);
  frames_.pop_back();
}

/// `at` is "</".
const char* XmlScanner::scan_end_tag(const char* at) {
  const Frame& frame = frames_.back();
  const char* const name = at + 2;
  const bool expected = static_cast<std::size_t>(end_ - name) > frame.name_size && name[frame.name_size] == '>' &&
                        same_bytes(frame.name, name, frame.name_size, end_);
  if (!expected) return scan_odd_end_tag(at);
  const char* const behind = name + frame.name_size + 1;
  close();
  return behind;
}

/// One with white space in it, or one that is wrong.
const char* XmlScanner::scan_odd_end_tag(const char* at) {
  const char* const tag = at;
  const char* const name = at + 2;
  at = scan_ncname(name, tag);
  while (at != nullptr && at != end_ && *at == ':') at = scan_name_rest(at + 1, tag);
  if (at == nullptr) return nullptr;
  const std::string_view written(name, static_cast<std::size_t>(at - name));
  at = skip_blanks(at);
  if (at == end_) return refuse_cut(tag);
  if (*at != '>') return refuse_token(at);
  const Frame& frame = frames_.back();
  if (written != std::string_view(frame.name, frame.name_size)) return refuse(Errc::wire_xml_not_wf, name);
  close();
  return at + 1;
}

} // namespace tongqu::wire::detail
