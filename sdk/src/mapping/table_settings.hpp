#pragma once
#include <memory>

#include "mapping/stages.hpp"

namespace tongqu::mapping::detail {

/// Reads the keys of the stages csv, fixed and frames.
std::shared_ptr<const TableSettings> compile_table(const Stage& stage, const YamlNode& node, const Mistakes& mistakes);

/// The keys that every table has: header_rows, columns, fill_down, skip, ragged.
void compile_shape(const YamlNode& node, std::string_view subject, const Mistakes& mistakes, wire::TableShape& shape);

} // namespace tongqu::mapping::detail
