#pragma once
#include <cstddef>
#include <map>
#include <string>

#include "tongqu/base/finding.hpp"
#include "tongqu/base/limits.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/wire/document.hpp"

/// Rows of a database, with the types that their columns have. A connector writes them as JSON:
///
///     {"tables": {"T_BJ": {"columns": {"LSH": "integer", "SQR": "text", "SLSJ": "time"}, "rows": [[17, "…", "2149-06-01 09:00:00"]]}}}
///
/// What NULL is, and what an empty text, a number, a day, an instant or bytes are, is so said by the database and never guessed.
namespace tongqu::wire {

/// Types of columns: `text`, `integer`, `decimal`, `boolean`, `date`, `time`, `bytes` (Base64), and `any` for a column that has none.
struct RowsOptions {
  std::map<std::string, std::string> keys;         ///< By table: the column whose value names a row in places. Never one about a person.
  std::size_t tables_max = 100;
  std::size_t columns_max = 1000;                  ///< Of one table.
  std::size_t rows_max = 100000;                   ///< Of all tables.
  std::size_t cell_bytes_max = std::size_t{8} * 1024 * 1024;   ///< One value; of bytes the Base64 text.
};

/// Turns the JSON form into the document that rules walk: an object of tables, each a list of rows, each an object of its columns. NULL is null,
/// an empty text stays empty. Instants come as `yyyy-MM-dd HH:mm:ss` with what the database knows beyond it (fraction without zeros at its end,
/// offset), days as `yyyy-MM-dd`, 0 and 1 of a boolean column as false and true. Signs that paths cannot hold are `_` in names. Paths say the row by
/// its key: "/T_BJ[LSH=17]/SQR"; by its number from 1 where there is no key, or where its value looks like a number of a person.
/// @param root      Root of a parsed JSON document, which must outlive `document`.
/// @param findings  wire.rows_type (warn) for a value that does not have the type of its column and goes on as it stands; part is left empty.
/// @errors wire.rows_invalid, rows_limit, document_limit, encoding_invalid (a text that was no text in the charset of the database); where() is
///         the table, row and column, or line:column where there is none yet.
Result<void> read_rows(Document& document, const Node& root, const RowsOptions& options, const Limits& limits, const NameSet* names, Findings& findings);

/// Whether a text may stand in a place as the key of a row: short, of letters and digits, and not in the form of an identity or mobile number.
bool is_plain_row_key(std::string_view text);

} // namespace tongqu::wire
