#pragma once
#include <string>
#include <vector>

#include "mapping/author/pack_files.hpp"

namespace tongqu::mapping::author {

/// A mutant with the text of the one file that it changes.
struct MutantText { Mutant mutant; std::string text; };

/// Every mutant of one document of a pack.
std::vector<MutantText> mutants_of(const PackDocument& document);
/// A table in CSV, and which of its columns a mapping takes for what.
struct TableFile { std::string file; std::vector<std::string> code{"code"}; std::string name = "name"; };
/// The file and the columns that a table of a mapping says.
TableFile table_file(const wire::YamlNode& table);
/// The code of a row as the compiled table has it: several columns joined by |.
std::string row_code(const std::vector<std::string>& header, const std::vector<std::string>& row, const TableFile& table);

/// Every mutant of a table in CSV.
std::vector<MutantText> mutants_of_table(const TableFile& table, std::string_view bytes);
/// Files of the tables that a mapping names, in order.
std::vector<TableFile> table_files(const wire::YamlNode& mapping);

} // namespace tongqu::mapping::author
