#pragma once
#include <cstdint>
#include <map>
#include <string_view>

#include "tongqu/wire/document.hpp"

namespace tongqu::wire::detail {

/// Numbers the namespace names of one document in the order of first use and keeps them in the document. Reused between documents.
/// Many names cost a comparison tree and no hash, so nobody can prepare names that collide.
class NamespaceTable {
public:
  /// Gives `document` its entry 0, "no namespace".
  void start(Document& document);
  std::uint32_t index_of(std::string_view name);

private:
  Document* document_ = nullptr;
  std::map<std::string_view, std::uint32_t> many_;  ///< Used beyond a handful.
  std::uint32_t last_ = 0;
};

} // namespace tongqu::wire::detail
