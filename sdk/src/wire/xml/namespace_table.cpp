#include "xml/namespace_table.hpp"

#include <algorithm>

namespace tongqu::wire::detail {
namespace {

constexpr std::size_t kSearched = 8;

} // namespace

void NamespaceTable::start(Document& document) {
  document_ = &document;
  document.mutable_namespaces().push_back({});
  many_.clear();
  last_ = 0;
}

std::uint32_t NamespaceTable::index_of(std::string_view name) {
  auto& known = document_->mutable_namespaces();
  if (known[last_] == name) return last_;
  const std::size_t searched = std::min(known.size(), kSearched);
  for (std::size_t i = 0; i < searched; ++i) {
    if (known[i] == name) return last_ = static_cast<std::uint32_t>(i);
  }
  if (known.size() > kSearched) {
    if (const auto found = many_.find(name); found != many_.end()) return last_ = found->second;
  }
  last_ = static_cast<std::uint32_t>(known.size());
  known.push_back(document_->arena().store(name));
  if (known.size() > kSearched) many_.emplace(known.back(), last_);
  return last_;
}

} // namespace tongqu::wire::detail
