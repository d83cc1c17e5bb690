#pragma once
#include <string>
#include <vector>

#include "mapping/author/pack_files.hpp"

namespace tongqu::mapping::author {

/// A mutant with the text of the one file that it changes.
struct MutantText { Mutant mutant; std::string text; };

/// Every mutant of one document of a pack.
std::vector<MutantText> mutants_of(const PackDocument& document);
/// Every mutant of a table in CSV.
std::vector<MutantText> mutants_of_table(const std::string& file, std::string_view bytes);
/// Files of the tables that a mapping names, in order.
std::vector<std::string> table_files(const wire::YamlNode& mapping);

} // namespace tongqu::mapping::author
