#include "xml/namespace_scope.hpp"

#include <algorithm>

namespace tongqu::wire::detail {
namespace {

constexpr std::string_view kXmlName = "http://www.w3.org/XML/1998/namespace";
constexpr std::string_view kXmlnsName = "http://www.w3.org/2000/xmlns/";
constexpr std::size_t kPrefixesSearched = 16;

/// Namespaces in XML 1.0 section 3: `xml` and its name belong together, `xmlns` and its name are declared by nobody, and only the
/// default can be taken back.
bool allowed(std::string_view prefix, std::string_view name) noexcept {
  if (!prefix.empty() && name.empty()) return false;
  if (prefix == "xmlns" || name == kXmlnsName) return false;
  return (prefix == "xml") == (name == kXmlName);
}

} // namespace

void NamespaceScope::start(Document& document) {
  table_.start(document);
  prefixes_.assign(1, Prefix{});
  bindings_.clear();
  many_prefixes_.clear();
  (void)declare("xml", kXmlName);
}

std::uint32_t NamespaceScope::slot_of(std::string_view prefix) const noexcept {
  const std::size_t searched = std::min(prefixes_.size(), kPrefixesSearched);
  for (std::size_t i = 0; i < searched; ++i) {
    if (prefixes_[i].text == prefix) return static_cast<std::uint32_t>(i);
  }
  if (prefixes_.size() <= kPrefixesSearched) return kUnbound;
  const auto found = many_prefixes_.find(prefix);
  return found == many_prefixes_.end() ? kUnbound : found->second;
}

std::uint32_t NamespaceScope::add_slot(std::string_view prefix) {
  const auto slot = static_cast<std::uint32_t>(prefixes_.size());
  prefixes_.push_back({prefix, kUnbound});
  if (slot >= kPrefixesSearched) many_prefixes_.emplace(prefix, slot);
  return slot;
}

bool NamespaceScope::declare(std::string_view prefix, std::string_view name) {
  if (!allowed(prefix, name)) return false;
  std::uint32_t slot = slot_of(prefix);
  if (slot == kUnbound) slot = add_slot(prefix);
  const std::uint32_t binding = count();
  bindings_.push_back({name, slot, prefixes_[slot].binding, kUnbound});
  prefixes_[slot].binding = name.empty() ? kUnbound : binding;
  return true;
}

void NamespaceScope::end_declarations(std::uint32_t count) {
  while (bindings_.size() > count) {
    prefixes_[bindings_.back().prefix].binding = bindings_.back().before;
    bindings_.pop_back();
  }
}

std::uint32_t NamespaceScope::binding_of(std::string_view prefix) const noexcept {
  const std::uint32_t slot = slot_of(prefix);
  return slot == kUnbound ? kUnbound : prefixes_[slot].binding;
}

} // namespace tongqu::wire::detail
