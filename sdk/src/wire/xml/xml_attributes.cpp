#include <algorithm>
#include <numeric>

#include "xml/xml_scanner.hpp"

namespace tongqu::wire::detail {
namespace {

/// Up to so many attributes are compared each with each; more are sorted, so that a tag full of them costs no square of time.
constexpr std::size_t kCompared = 12;

} // namespace

/// Attribute by attribute: a name that came before, the value, and a namespace declaration; then the prefixes of the others.
bool XmlScanner::settle_attributes(const char* tag) {
  declared_ = prefixed_ = 0;
  mark_repeated();
  for (Attribute& attribute : attributes_) {
    if (!settle_attribute(attribute, tag)) return false;
  }
  return prefixed_ == 0 || bind_prefixes(tag);
}

void XmlScanner::mark_repeated() {
  const std::size_t count = attributes_.size();
  if (count <= kCompared) {
    for (std::size_t i = 1; i < count; ++i) {
      const std::string_view name = attributes_[i].name.whole();
      for (std::size_t j = 0; j < i && !attributes_[i].repeated; ++j) attributes_[i].repeated = attributes_[j].name.whole() == name;
    }
    return;
  }
  order_.resize(count);
  std::iota(order_.begin(), order_.end(), 0u);
  const auto name_of = [this](std::uint32_t i) { return attributes_[i].name.whole(); };
  std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    const int order = name_of(a).compare(name_of(b));
    return order != 0 ? order < 0 : a < b;
  });
  for (std::size_t i = 1; i < count; ++i) {
    if (name_of(order_[i]) == name_of(order_[i - 1])) attributes_[order_[i]].repeated = true;
  }
}

bool XmlScanner::settle_attribute(Attribute& attribute, const char* tag) {
  if (attribute.repeated) return refuse(Errc::wire_xml_namespace, attribute.name.begin) != nullptr;
  if (!attribute.plain && !unfold_value(attribute, tag)) return false;
  const std::string_view prefix = attribute.name.prefix();
  const bool is_default = prefix.empty() && attribute.name.local_name() == "xmlns";
  if (is_default || prefix == "xmlns") {
    attribute.declaration = true;
    ++declared_;
    const std::string_view declared = is_default ? std::string_view() : attribute.name.local_name();
    return scope_.declare(declared, attribute.value) || refuse(Errc::wire_xml_namespace, tag) != nullptr;
  }
  if (!prefix.empty()) ++prefixed_;
  return true;
}

/// The value with references replaced and each line end and tab a space; never longer than what is written.
bool XmlScanner::unfold_value(Attribute& attribute, const char* tag) {
  const std::string_view raw = attribute.value;
  char* const memory = document_->arena().allocate(raw.size());
  char* out = memory;
  for (std::size_t i = 0; i < raw.size();) {
    if (raw[i] == '&') {
      const std::size_t end = raw.find(';', i);
      const Resolved value = resolve_reference(raw.substr(i + 1, end - i - 1));
      if (value.size == 0) return refuse(value.code, value.code == Errc::wire_xml_character ? raw.data() + i : tag) != nullptr;
      out = std::copy_n(value.bytes, value.size, out);
      i = end + 1;
    } else if (is_class(raw.data() + i, kBlankByte)) {
      *out++ = ' ';
      i += raw[i] == '\r' && i + 1 < raw.size() && raw[i + 1] == '\n' ? 2 : 1;
    } else {
      *out++ = raw[i++];
    }
  }
  attribute.value = {memory, static_cast<std::size_t>(out - memory)};
  return true;
}

bool XmlScanner::bind_prefixes(const char* tag) {
  for (Attribute& attribute : attributes_) {
    const std::string_view prefix = attribute.name.prefix();
    if (prefix.empty() || attribute.declaration) continue;
    attribute.binding = scope_.binding_of(prefix);
    if (attribute.binding == NamespaceScope::kUnbound) return refuse(Errc::wire_xml_namespace, tag) != nullptr;
  }
  return prefixed_ < 2 || !expanded_names_repeat() || refuse(Errc::wire_xml_namespace, tag) != nullptr;
}

/// Two prefixes of one namespace before one local name.
bool XmlScanner::expanded_names_repeat() {
  order_.clear();
  for (std::uint32_t i = 0; i < attributes_.size(); ++i) {
    if (attributes_[i].binding != NamespaceScope::kUnbound) order_.push_back(i);
  }
  const auto compare = [this](std::uint32_t a, std::uint32_t b) {
    const Attribute& one = attributes_[a];
    const Attribute& other = attributes_[b];
    const int local = one.name.local_name().compare(other.name.local_name());
    if (local != 0 || one.binding == other.binding) return local;
    return scope_.name_of(one.binding).compare(scope_.name_of(other.binding));
  };
  std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) { return compare(a, b) < 0; });
  return std::adjacent_find(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) { return compare(a, b) == 0; }) != order_.end();
}

bool XmlScanner::add_attributes(const char* tag, std::uint32_t element) {
  const Limits& limits = options_->limits;
  if (attributes_.size() > limits.attributes_max) return refuse(Errc::wire_xml_limit, tag, "attributes") != nullptr;
  const auto count = static_cast<std::uint32_t>(attributes_.size()) - declared_;
  (*tape_)[element].attributes = count;
  std::uint32_t left = count;
  for (const Attribute& attribute : attributes_) {
    if (attribute.declaration) continue;
    if (attribute.value.size() > limits.text_bytes_max) return refuse(Errc::wire_xml_limit, tag, "attribute value") != nullptr;
    const std::string_view local = attribute.name.local_name();
    if (local.size() > limits.name_bytes_max) return refuse(Errc::wire_xml_limit, tag, "name") != nullptr;
    const auto index = static_cast<std::uint32_t>(tape_->size());
    TapeEntry& entry = tape_->emplace_back();
    entry.kind = NodeKind::attribute;
    entry.symbol = options_->names == nullptr ? 0 : options_->names->find(local);
    entry.parent = element;
    entry.next = --left == 0 ? TapeEntry::kNone : index + 1;
    entry.end = index + 1;
    entry.name = local.data();
    entry.name_size = static_cast<std::uint32_t>(local.size());
    entry.ns = attribute.binding == NamespaceScope::kUnbound ? 0 : scope_.index_of(attribute.binding);
    entry.text = attribute.value.data();
    entry.text_size = static_cast<std::uint32_t>(attribute.value.size());
    entry.offset = offset_of(attribute.name.begin);
  }
  return true;
}

} // namespace tongqu::wire::detail
