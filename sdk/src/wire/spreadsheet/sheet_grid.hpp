#pragma once
#include <map>
#include <string>
#include <string_view>

#include "tongqu/wire/document.hpp"
#include "tongqu/wire/spreadsheet.hpp"

namespace tongqu::wire::detail {

constexpr std::uint32_t kSheetColumnsMax = 1024;
constexpr std::uint32_t kSheetRowsMax = 1048576;

/// Gathers cells by row and column, both from 1, and lays them out when all are there.
class SheetGrid {
public:
  SheetGrid(Grid& grid, const Limits& limits, Findings& findings) : grid_(grid), limits_(limits), findings_(findings) {}
  /// @errors wire.table_limit, spreadsheet_invalid when the place is taken or out of order.
  Result<void> put(std::uint32_t row, std::uint32_t column, std::string_view text);
  void merge(std::uint32_t row, std::uint32_t column, std::uint32_t across, std::uint32_t down);
  void note(Errc id, Severity severity, std::uint32_t row, std::uint32_t column);
  /// Pads rows to one width and makes the source in which a position is row:column.
  Result<void> finish();

private:
  Grid& grid_;
  const Limits& limits_;
  Findings& findings_;
  std::size_t cells_ = 0;
};

/// How a number format shows a number.
struct NumberFormat { bool date = false, time = false; };
NumberFormat number_format(std::uint32_t id, std::string_view code);

/// A serial number as a date or time; nothing when it stands for no day (60 in the 1900 system, negative, after 9999).
std::optional<std::string> serial_text(double serial, const NumberFormat& format, bool since_1904);

/// A stored number as the program shows it. `lost` tells whether digits are gone for good (more than 15, or an exponent).
std::string number_text(std::string_view stored, bool& lost, bool& rounded);

/// All text below a node joined: runs of rich text.
std::string joined_text(const Node& node);

Result<void> read_xlsx(SheetGrid& grid, Bytes bytes, const SpreadsheetOptions& options, const Limits& limits, Findings& findings);
Result<void> read_xml2003(SheetGrid& grid, Bytes bytes, const SpreadsheetOptions& options, const Limits& limits);
Result<void> read_html(SheetGrid& grid, Bytes bytes, const SpreadsheetOptions& options, const Limits& limits, Findings& findings);

} // namespace tongqu::wire::detail
