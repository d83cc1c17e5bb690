#include "tongqu/wire/table.hpp"

namespace tongqu::wire {
namespace {

constexpr std::size_t kColumnsMax = 1024;

class CsvReader {
public:
  CsvReader(Grid& grid, std::string_view text, const CsvOptions& options, const Limits& limits) : grid_(grid), text_(text), options_(options), limits_(limits) {}
  Result<void> read();

private:
  Result<void> cell();
  Result<void> quoted(Cell& cell);
  Result<void> plain(Cell& cell);
  bool at_line_end() const { return at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r'); }
  void end_line();
  Error fault(Errc code, std::size_t offset, const char* what = "") const;

  Grid& grid_;
  std::string_view text_;
  const CsvOptions& options_;
  const Limits& limits_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
};

Error CsvReader::fault(Errc code, std::size_t offset, const char* what) const {
  Document document;
  document.set_source(text_);
  return Error(code).at(document.position(offset)).with(what);
}

void CsvReader::end_line() {
  at_ += text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n' ? 2 : 1;
  ++line_;
}

/// From the opening quote to the character behind the closing one.
Result<void> CsvReader::quoted(Cell& cell) {
  const std::size_t open = at_++;
  std::size_t start = at_;
  std::string joined;
  bool copied = false;
  for (;; ++at_) {
    if (at_ >= text_.size()) return fault(Errc::wire_table_syntax, open, "quote not closed");
    if (text_[at_] == '\0') return fault(Errc::wire_table_syntax, at_, "NUL");
    if (text_[at_] == '\n' || (text_[at_] == '\r' && (at_ + 1 >= text_.size() || text_[at_ + 1] != '\n'))) ++line_;
    if (text_[at_] != options_.quote) continue;
    if (at_ + 1 >= text_.size() || text_[at_ + 1] != options_.quote) break;
    joined.append(text_, start, at_ + 1 - start);
    copied = true;
    start = ++at_ + 1;
  }
  if (copied) {
    joined.append(text_, start, at_ - start);
    cell.text = grid_.arena.store(joined);
  } else {
    cell.text = text_.substr(start, at_ - start);
  }
  ++at_;
  if (at_ < text_.size() && text_[at_] != options_.separator && !at_line_end()) return fault(Errc::wire_table_syntax, at_, "text behind a quote");
  return {};
}

Result<void> CsvReader::plain(Cell& cell) {
  const std::size_t start = at_;
  for (; at_ < text_.size() && text_[at_] != options_.separator && !at_line_end(); ++at_) {
    if (text_[at_] == '\0') return fault(Errc::wire_table_syntax, at_, "NUL");
    if (options_.quote != 0 && text_[at_] == options_.quote && !options_.quotes_loose) return fault(Errc::wire_table_syntax, at_, "quote inside a cell");
  }
  cell.text = text_.substr(start, at_ - start);
  return {};
}

Result<void> CsvReader::cell() {
  auto& row = grid_.rows.back();
  if (row.size() >= kColumnsMax) return fault(Errc::wire_table_limit, at_, "columns");
  Cell made;
  made.there = true;
  made.offset = static_cast<std::uint32_t>(at_);
  const bool opens = options_.quote != 0 && at_ < text_.size() && text_[at_] == options_.quote;
  TONGQU_CHECK(opens ? quoted(made) : plain(made));
  if (made.text.size() > limits_.text_bytes_max) return fault(Errc::wire_table_limit, made.offset, "cell");
  row.push_back(made);
  return {};
}

Result<void> CsvReader::read() {
  if (text_.size() > limits_.message_bytes_max) return fault(Errc::wire_table_limit, limits_.message_bytes_max, "bytes");
  while (at_ < text_.size()) {
    if (grid_.rows.size() >= limits_.children_max) return fault(Errc::wire_table_limit, at_, "rows");
    grid_.rows.emplace_back();
    grid_.numbers.push_back(line_);
    for (;;) {
      TONGQU_CHECK(cell());
      if (at_ >= text_.size() || text_[at_] != options_.separator) break;
      ++at_;
    }
    if (at_ < text_.size()) end_line();
  }
  return {};
}

} // namespace

Result<void> read_csv(Grid& grid, std::string_view text, const CsvOptions& options, const Limits& limits) {
  grid.rows.clear();
  grid.numbers.clear();
  grid.arena.reset();
  grid.source.clear();
  grid.text = text;
  return CsvReader(grid, text, options, limits).read();
}

} // namespace tongqu::wire
