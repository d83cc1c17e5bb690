#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "tongqu/base/result.hpp"

namespace tongqu::wire::detail {

enum class TransferEncoding : std::uint8_t { none, base64, quoted_printable };

/// What the headers of a part say.
struct PartHead {
  std::string name, content_type;
  std::optional<TransferEncoding> encoding;  ///< Nothing when it is one that nobody knows.
};
/// @param number  Of the part, from 1: its name when it has none.
PartHead read_part_head(std::string_view headers, std::size_t number);
/// The boundary of a content type. @errors wire.multipart_invalid, multipart_limit.
Result<std::string> boundary_of(std::string_view content_type);
/// The `start` of a content type without brackets; empty when it has none.
std::string start_of(std::string_view content_type);

} // namespace tongqu::wire::detail
