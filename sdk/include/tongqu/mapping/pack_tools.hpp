#pragma once
#include <map>
#include <string>
#include <string_view>

#include "tongqu/base/result.hpp"

/// What helps the author of a pack beside the compiler: canonical form of its files, a schema for editors, the table of steps, and the
/// table of fields that an office signs.
namespace tongqu::mapping {

/// A file of a pack in canonical form: two blanks of indentation, one blank after commas and colons, groups of one-line rules aligned,
/// at most one blank line between entries; comments, order, quotes and the author's line breaks stay.
/// @errors  As wire::parse_yaml; mapping.format_unsafe when the result would not say the same (it is never given then).
Result<std::string> format_pack_file(std::string_view yaml);

enum class SchemaKind : std::uint8_t { pack, source, target };
/// JSON Schema (draft 2020-12) of pack.yaml, of a source mapping or of a target: every key of the language, for completion in editors.
std::string pack_schema(SchemaKind kind);

/// The step registry: name, types, faults, findings, inverse, one example each.
std::string steps_text();
std::string steps_markdown();

enum class TableForm : std::uint8_t { markdown, html };
/// Every canonical field that the pack fills, with its source, steps in words, table and policy, in both languages, and lines to sign.
/// @errors  mapping.pack_missing, mapping.pack_invalid.
Result<std::string> field_table(const std::string& folder, const std::map<std::string, std::string>& site_params, TableForm form);

} // namespace tongqu::mapping
