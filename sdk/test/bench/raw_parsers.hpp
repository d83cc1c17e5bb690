#pragma once
#include <cstddef>
#include <memory>
#include <string_view>

/// The bare engines that the translation is compared with, without any of our work around them.
namespace tongqu::bench {

/// pugixml parses a copy of the text in place; returns the number of the root's children. Throws std::runtime_error when it refuses.
std::size_t pugixml_parse(std::string_view xml);

/// Expat with namespaces and handlers that only count, one parser kept and reset between documents.
class BareExpat {
public:
  BareExpat();
  ~BareExpat();
  BareExpat(const BareExpat&) = delete;
  BareExpat& operator=(const BareExpat&) = delete;
  /// Number of elements and pieces of text. Throws std::runtime_error when it refuses.
  std::size_t parse(std::string_view xml);

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace tongqu::bench
