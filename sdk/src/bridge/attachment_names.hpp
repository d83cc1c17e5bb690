#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/wire/document.hpp"

namespace tongqu::bridge::detail {

/// A file that a record says it has with us.
struct NamedAttachment {
  std::string digest;  ///< SM3, 32 bytes.
  std::string path;    ///< Canonical path of the digest, "received_materials[0].files[1].digest".
};

/// The attachments that a canonical record names: every `digest` of the form `sm3:HEX` whose object has no `uri`, since with one the
/// bytes are said to be elsewhere. Each digest once, in the order of the record; what stands in `meta`, `unknown` and `ext` names nothing.
/// @errors wire.json_* when the record cannot be read.
Result<std::vector<NamedAttachment>> named_attachments(std::string_view canonical);

/// Calls `take` with the bytes of each text of a document that is Base64, with or without a data URI in front, also inside documents that
/// are carried in texts. Ends when it answers false.
Result<void> each_inline_file(const wire::Node& root, const std::function<Result<bool>(Bytes)>& take);

} // namespace tongqu::bridge::detail
