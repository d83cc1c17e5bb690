#pragma once
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "xml/namespace_table.hpp"

namespace tongqu::wire::detail {

/// The declarations in force at a place of one document: which prefix stands for which namespace name. Reused between documents.
class NamespaceScope {
public:
  static constexpr std::uint32_t kUnbound = 0xFFFFFFFF;

  void start(Document& document);
  /// Puts a declaration in force; `prefix` is empty for the default namespace. Both must outlive the document's reading.
  /// @return false when Namespaces in XML 1.0 forbids it.
  bool declare(std::string_view prefix, std::string_view name);
  /// How many declarations are in force; `leave` ends those beyond `count`.
  std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(bindings_.size()); }
  void leave(std::uint32_t count) {
    if (bindings_.size() != count) end_declarations(count);
  }
  /// The declaration in force for a prefix that is not empty.
  std::uint32_t binding_of(std::string_view prefix) const noexcept;
  /// Index into Document::namespaces() of what an element without a prefix is in.
  std::uint32_t default_index() {
    const std::uint32_t binding = prefixes_.front().binding;
    return binding == kUnbound ? 0 : index_of(binding);
  }
  std::uint32_t index_of(std::uint32_t binding) {
    Binding& one = bindings_[binding];
    if (one.index == kUnbound) one.index = table_.index_of(one.name);
    return one.index;
  }
  std::string_view name_of(std::uint32_t binding) const noexcept { return bindings_[binding].name; }

private:
  struct Prefix { std::string_view text; std::uint32_t binding = kUnbound; };
  struct Binding {
    std::string_view name;
    std::uint32_t prefix = 0;
    std::uint32_t before = kUnbound;  ///< The declaration of the same prefix that this one hides.
    std::uint32_t index = kUnbound;   ///< In the table, once it was used.
  };

  std::uint32_t slot_of(std::string_view prefix) const noexcept;
  std::uint32_t add_slot(std::string_view prefix);
  void end_declarations(std::uint32_t count);

  NamespaceTable table_;
  std::vector<Prefix> prefixes_;  ///< The default first; each prefix once, in force or not.
  std::vector<Binding> bindings_;
  std::map<std::string_view, std::uint32_t> many_prefixes_;  ///< Slots, once there are more than a handful.
};

} // namespace tongqu::wire::detail
