#pragma once
#include <cstddef>
#include <cstdint>

namespace tongqu {

/// Bounds on work and memory for one message. Everything that reads input takes one; the defaults are the product's.
struct Limits {
  std::size_t message_bytes_max = std::size_t{8} * 1024 * 1024; ///< One body, and one inner document.
  std::uint32_t depth_max = 64;                ///< XML: elements, the root being 1. JSON: containers, the outermost being 1.
  std::uint32_t attributes_max = 256;          ///< Attributes of one element, namespace declarations included.
  std::uint32_t name_bytes_max = 1024;         ///< One element, attribute or member name.
  std::uint32_t children_max = 100000;         ///< Child elements of one element; members or elements of one JSON container.
  std::uint32_t nodes_max = 1000000;           ///< Elements, or JSON values, of one document.
  std::uint32_t text_bytes_max = 8u * 1024 * 1024; ///< One attribute value, comment, PI or text.
  std::uint32_t layers_max = 3;                ///< Documents carried in strings inside documents.
};

} // namespace tongqu
