#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/result.hpp"

/// The tables that people edit: UTF-8, one row a line, comma between cells, a cell with a comma in "quotes" ("" is a quote), lines that
/// begin with # are remarks, empty lines are skipped, blanks around a cell do not count.
namespace tongqu::model::detail {

struct CsvRow {
  std::size_t line = 0;                  ///< From 1.
  std::vector<std::string> cells;
};

/// All rows in order, those with a heading included. @errors `fault` with "file:line" in where() for an open quote or a stray character after one.
Result<std::vector<CsvRow>> read_csv(std::string_view text, std::string_view file, Errc fault);

/// "file:line" of a row.
std::string place_of(std::string_view file, const CsvRow& row);

/// The parts of a cell that holds several words joined by '|'; none for an empty cell.
std::vector<std::string_view> split_words(std::string_view cell, char between = '|');

} // namespace tongqu::model::detail
