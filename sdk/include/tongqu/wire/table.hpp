#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/finding.hpp"
#include "tongqu/base/limits.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/wire/document.hpp"
#include "tongqu/wire/encoding.hpp"

/// Tables: separated text, fixed-width records, and the grids that spreadsheets are read into. All of them become one document: the root
/// `rows`, a child `row` for each record, and in it an element for each cell named by its column.
namespace tongqu::wire {

/// One cell before the table has a shape. `text` lives as long as the grid's memory.
struct Cell {
  std::string_view text;
  std::uint32_t offset = 0;          ///< In Grid::source.
  std::uint16_t across = 1;          ///< Columns that a merged cell covers.
  std::uint16_t down = 1;            ///< Rows that a merged cell covers.
  bool there = false;                ///< A cell stands here, empty or not.
};

/// Rows of cells as they stand, before anybody knows which row is the header.
struct Grid {
  std::vector<std::vector<Cell>> rows;
  std::vector<std::uint32_t> numbers;  ///< Line or sheet row of each, from 1.
  std::vector<std::uint16_t> kinds;    ///< Of fixed records of several kinds: which one each row is.
  std::string source;                  ///< Owned text for positions; empty when `text` is the source.
  std::string_view text;               ///< The input that offsets point into, when it has lines of its own.
  Arena arena;                         ///< Texts that are not part of the input.
};

/// What the rows mean.
struct TableShape {
  std::vector<std::uint32_t> header_rows = {1};  ///< Numbers from 1, ascending; several give "upper.lower". Rows before the last are no records.
  struct Kind { std::string name; std::vector<std::string> columns; };
  std::vector<Kind> kinds;             ///< Rows of several kinds, as Grid::kinds tells them apart: each is called by its kind and has columns of its own.
  std::vector<std::string> columns;    ///< Names given by the pack when there is no header; header_rows is empty then.
  std::vector<std::string> fill_down;  ///< Columns whose empty cells take the value above.
  bool skip_blank = true;              ///< Rows without any text.
  std::vector<std::string> skip_first; ///< Rows whose first cell with text is this; a final * is a wildcard.
  enum class Ragged : std::uint8_t { refuse, report } ragged = Ragged::refuse;  ///< Rows shorter or longer than the header.
};

/// Turns a grid into the document. Cells beyond the header become `column<N>`. Blanks and line ends inside header names are removed, and
/// signs that paths cannot hold become "_".
/// @param grid      Must outlive the document.
/// @param findings  table_row_skipped, table_filled_down, table_ragged: one each for a row, with line in place; part is left empty.
/// @errors wire.table_header, table_ragged, document_limit; where() is "line:column".
Result<void> shape_table(Document& document, Grid& grid, const TableShape& shape, const Limits& limits, const NameSet* names, Findings& findings);

struct CsvOptions {
  char separator = ',';
  char quote = '"';                    ///< 0 for none.
  bool quotes_loose = false;           ///< A quote inside a cell that does not begin with one is a character like any other.
};
/// Reads separated text (UTF-8 characters) into a grid. Lines end with LF, CR LF or CR; quoted cells may hold line ends and doubled quotes.
/// @errors wire.table_syntax, table_limit; where() is line:column.
/// @source RFC 4180
Result<void> read_csv(Grid& grid, std::string_view text, const CsvOptions& options, const Limits& limits);

struct FixedOptions {
  struct Field { std::string name; std::uint32_t bytes = 0; };
  std::vector<Field> fields;           ///< In order; widths in bytes of the encoding.
  struct Kind { std::string begins; std::vector<Field> fields; };
  std::vector<Kind> kinds;             ///< Instead of `fields`: the first bytes of a record say which fields it has. The first kind that fits counts.
  Encoding encoding = Encoding::gb18030;
  bool lines = true;                   ///< Records end with LF or CR LF; else they follow each other without anything between.
  bool short_allowed = false;          ///< A last record may end early (trailing blanks cut by an editor).
  bool cut_dropped = false;            ///< Half a character at the end of a field is left out, with a finding.
};
/// Reads records of fixed width; trailing blanks (also U+3000) of each field are padding.
/// @errors wire.table_syntax (record too short or long, or of no kind), encoding_invalid, table_limit; where() is line:column of the decoded text, or "offset N".
Result<void> read_fixed(Grid& grid, Bytes bytes, const FixedOptions& options, const Limits& limits, Findings& findings);

} // namespace tongqu::wire
