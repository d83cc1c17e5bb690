#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/limits.hpp"
#include "tongqu/base/result.hpp"

/// Cutting one string into the documents or frames it is made of.
namespace tongqu::wire {

struct Piece { std::string_view text; std::size_t offset = 0; };

/// Documents glued together, cut where the document element ends; declarations, comments and instructions go with the document behind
/// them, what follows the last one with it. Only the cuts are found here: each piece is still to pass the gate. What never ends is one last piece.
/// @errors wire.documents_junk, documents_limit, table of where(): line:column in `text`.
Result<std::vector<Piece>> split_xml_documents(std::string_view text, const Limits& limits);
/// Values with blanks, or nothing, between them. @errors as above.
Result<std::vector<Piece>> split_json_documents(std::string_view text, const Limits& limits);

struct FrameOptions {
  enum class Length : std::uint8_t { u16be, u16le, u32be, u32le, digits } length = Length::u32be;
  std::uint32_t digits = 8;          ///< Decimal digits, zero-padded, of `digits`.
  bool counts_itself = false;        ///< The length counts its own bytes too.
};
struct Frames {
  std::vector<Piece> pieces;
  std::optional<Piece> tail;         ///< The beginning of a frame whose rest is not here.
};
/// @errors wire.frame_length with "offset N"; documents_limit.
Result<Frames> split_frames(Bytes bytes, const FrameOptions& options, const Limits& limits);

} // namespace tongqu::wire
