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
  else if (tape_->size() + dropped_ >= limits.nodes_max) (void)refuse(Errc::wire_xml_limit, tag, "nodes");
  else if (!frames_.empty() && frames_.back().children >= limits.children_max) (void)refuse(Errc::wire_xml_limit, tag, "children");
  else (void)refuse(Errc::wire_xml_limit, tag, "name");
  return false;
}

/// An element without prefix and attributes that holds plain text and nothing else, as most do: it needs no frame, since nothing happens
/// between its tags. Null, and nothing done, for any other one and for what is beyond a limit; the general way reads or refuses it then.
const char* XmlScanner::scan_plain_leaf(const char* at) {
  const char* const name = at + 1;
  if (!is_class(name, kNameStartByte)) return nullptr;
  const char* const name_end = Runs::name(name, end_);
  if (name_end == end_ || *name_end != '>') return nullptr;
  const char* const text = name_end + 1;
  const char* const stop = text_run_end(text);
  const auto name_size = static_cast<std::size_t>(name_end - name);
  const auto text_size = static_cast<std::size_t>(stop - text);
  const bool ends = static_cast<std::size_t>(end_ - stop) >= name_size + 3 && stop[0] == '<' && stop[1] == '/' && stop[2 + name_size] == '>' &&
                    same_bytes(name, stop + 2, name_size, end_);
  if (!ends) return nullptr;
  const Limits& limits = options_->limits;
  const bool fits = frames_.size() < limits.depth_max && tape_->size() + dropped_ < limits.nodes_max && frames_.back().children < limits.children_max &&
                    name_size <= limits.name_bytes_max && text_size <= limits.text_bytes_max;
  if (!fits) return nullptr;
  TapeEntry& entry = add_element(at, {name, name_size}, scope_.default_index());
  if (text_size != 0) {
    entry.has_text = !is_blank(text, stop);
    entry.text = text;
    entry.text_size = static_cast<std::uint32_t>(text_size);
  }
  return stop + name_size + 3;
}

bool XmlScanner::open(const char* tag, const QName& name, std::uint32_t ns, std::uint32_t declarations_before) {
  const Limits& limits = options_->limits;
  const std::string_view local = name.local_name();
  const auto index = static_cast<std::uint32_t>(tape_->size());
  const bool fits = frames_.size() < limits.depth_max && index + dropped_ < limits.nodes_max && (frames_.empty() || frames_.back().children < limits.children_max) &&
                    local.size() <= limits.name_bytes_max;
  if (!fits) return refuse_element(tag);
  (void)add_element(tag, local, ns);
  if (!attributes_.empty() && !add_attributes(tag, index)) return false;
  Frame& frame = frames_.emplace_back();
  frame.index = index;
  frame.declarations = declarations_before;
  frame.name = name.begin;
  frame.name_size = static_cast<std::uint32_t>(name.end - name.begin);
  return true;
}

/// Puts an element on the tape as the next child of the open one.
TapeEntry& XmlScanner::add_element(const char* tag, std::string_view local, std::uint32_t ns) {
  const auto index = static_cast<std::uint32_t>(tape_->size());
  TapeEntry& entry = tape_->emplace_back();
  entry.symbol = options_->names == nullptr ? 0 : options_->names->find(local);
  entry.end = index + 1;
  entry.name = local.data();
  entry.name_size = static_cast<std::uint32_t>(local.size());
  entry.ns = ns;
  entry.offset = offset_of(tag);
  if (frames_.empty()) return entry;
  Frame& parent = frames_.back();
  if (parent.last_child == TapeEntry::kNone) (*tape_)[parent.index].has_child = true;
  else (*tape_)[parent.last_child].next = index;
  parent.last_child = index;
  ++parent.children;
  entry.parent = parent.index;
  // Indentation between children is not text; dropping it here saves copying it together.
  if (!parent.more_than_blanks) parent.text_size = parent.text_room = 0;
  return entry;
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
  const std::uint32_t index = frame.index;
  frames_.pop_back();
  if (frames_.size() == records_depth_) end_record(index);
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
