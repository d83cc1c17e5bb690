#pragma once
#include <string>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/finding.hpp"
#include "tongqu/base/limits.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/wire/archive.hpp"
#include "tongqu/wire/encoding.hpp"
#include "tongqu/wire/table.hpp"

namespace tongqu::wire {

/// How a spreadsheet file was written; told by its first bytes, never by its name.
enum class SpreadsheetForm : std::uint8_t { unknown, xlsx, xml2003, html, binary };
SpreadsheetForm spreadsheet_form(Bytes bytes) noexcept;

struct SpreadsheetOptions {
  std::string sheet;                       ///< Name of the sheet; empty for the first that is not hidden.
  Encoding html = Encoding::utf8;          ///< Encoding of a table saved as HTML.
  ArchiveLimits archive;                   ///< Of an .xlsx file.
};

/// Reads one sheet into a grid; positions are "row:column" of the sheet. Cells are text as the sheet means it: dates as yyyy-MM-dd or
/// yyyy-MM-dd HH:mm:ss by their number format, in the 1900 or 1904 system; numbers as stored, decimals rounded to the 15 digits that the program
/// shows; truth values as TRUE and FALSE. Formulas count by their stored result. Macros, links and pictures are not looked at.
/// @param findings  cell_date, cell_error, cell_inexact, html_repaired; part is left empty.
/// @errors wire.spreadsheet_binary, spreadsheet_invalid, spreadsheet_sheet, table_limit, and those of the zip and XML readers.
/// @source ECMA-376 part 1 sections 18.2 to 18.8, 18.17.4
Result<void> read_spreadsheet(Grid& grid, Bytes bytes, const SpreadsheetOptions& options, const Limits& limits, Findings& findings);

} // namespace tongqu::wire
