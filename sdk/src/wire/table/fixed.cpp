#include <algorithm>

#include "tongqu/wire/table.hpp"

namespace tongqu::wire {
namespace {

constexpr std::string_view kWideBlank = "\xE3\x80\x80";
constexpr int kCutQuirk = 38;

std::string_view without_padding(std::string_view text) {
  for (;;) {
    if (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
    else if (text.size() >= kWideBlank.size() && text.substr(text.size() - kWideBlank.size()) == kWideBlank) text.remove_suffix(kWideBlank.size());
    else return text;
  }
}

class FixedReader {
public:
  FixedReader(Grid& grid, Bytes bytes, const FixedOptions& options, const Limits& limits, Findings& findings)
      : grid_(grid), bytes_(bytes), options_(options), limits_(limits), findings_(findings) {}
  Result<void> read();

private:
  /// What a record is made of.
  struct Layout {
    std::string_view begins;
    const std::vector<FixedOptions::Field>* fields;
    std::size_t width = 0;
  };
  void add_layout(std::string_view begins, const std::vector<FixedOptions::Field>& fields);
  /// That of the record which begins here; null when no kind begins so.
  const Layout* layout_at(std::size_t at) const;
  Result<void> record(std::size_t at, Bytes record, const Layout* layout);
  Result<std::string> field(Bytes piece, std::size_t at, const std::string& name);
  Error fault(std::size_t at, const std::string& what) const;

  Grid& grid_;
  Bytes bytes_;
  const FixedOptions& options_;
  const Limits& limits_;
  Findings& findings_;
  std::vector<Layout> layouts_;        ///< Of each kind, in their order; one when there are no kinds.
};

/// Places count records and bytes: who looks for the fault has a record in front of him, not text.
Error FixedReader::fault(std::size_t at, const std::string& what) const {
  return Error(Errc::wire_table_syntax).at(std::to_string(grid_.rows.size()) + ":" + std::to_string(at + 1)).with(what);
}

Result<std::string> FixedReader::field(Bytes piece, std::size_t at, const std::string& name) {
  auto text = decode(piece, options_.encoding);
  if (text) return text;
  if (options_.cut_dropped) {
    // Writers that cut a column by bytes leave the first byte, or three of four, of a character at its end.
    for (std::size_t cut = 1; cut <= std::min<std::size_t>(3, piece.size()); ++cut) {
      auto shorter = decode(piece.substr(0, piece.size() - cut), options_.encoding);
      if (!shorter) continue;
      Finding finding;
      finding.id = Errc::wire_table_cut_character;
      finding.severity = Severity::warn;
      finding.source.line = static_cast<std::uint32_t>(grid_.rows.size());
      finding.source.column = static_cast<std::uint32_t>(at + 1);
      finding.source.path = "/rows/row/" + name;
      finding.quirk = kCutQuirk;
      findings_.add(std::move(finding));
      return shorter;
    }
  }
  return Error(Errc::wire_encoding_invalid).at(std::to_string(grid_.rows.size()) + ":" + std::to_string(at + 1)).with(name);
}

const FixedReader::Layout* FixedReader::layout_at(std::size_t at) const {
  if (options_.kinds.empty()) return &layouts_.front();
  for (const Layout& one : layouts_) {
    if (bytes_.substr(at, one.begins.size()) == one.begins) return &one;
  }
  return nullptr;
}

Result<void> FixedReader::record(std::size_t at, Bytes record, const Layout* layout) {
  if (grid_.rows.size() >= limits_.children_max) return Error(Errc::wire_table_limit).at("offset " + std::to_string(at)).with("rows");
  grid_.rows.emplace_back();
  grid_.numbers.push_back(static_cast<std::uint32_t>(grid_.rows.size()));
  if (layout == nullptr) return fault(0, "no such kind of record");
  if (!options_.kinds.empty()) grid_.kinds.push_back(static_cast<std::uint16_t>(layout - layouts_.data()));
  if (record.size() > layout->width) return fault(layout->width, "record too long");
  if (record.size() < layout->width && !options_.short_allowed) return fault(record.size(), "record too short");
  std::size_t from = 0;
  for (const FixedOptions::Field& one : *layout->fields) {
    const Bytes piece = from < record.size() ? record.substr(from, one.bytes) : Bytes();
    TONGQU_TRY(const std::string text, field(piece, from, one.name));
    if (text.find('\0') != std::string::npos && without_padding(text).find('\0') != std::string_view::npos) return fault(from, "NUL");
    Cell cell;
    cell.text = grid_.arena.store(without_padding(text));
    cell.there = true;
    cell.offset = static_cast<std::uint32_t>(grid_.source.size() + from);
    grid_.rows.back().push_back(cell);
    from += one.bytes;
  }
  // Positions are record and byte: the source is as wide as the records.
  grid_.source.append(layout->width, ' ');
  grid_.source += '\n';
  return {};
}

void FixedReader::add_layout(std::string_view begins, const std::vector<FixedOptions::Field>& fields) {
  Layout made{begins, &fields};
  for (const FixedOptions::Field& one : fields) made.width += one.bytes;
  layouts_.push_back(made);
}

Result<void> FixedReader::read() {
  for (const FixedOptions::Kind& kind : options_.kinds) add_layout(kind.begins, kind.fields);
  if (options_.kinds.empty()) add_layout({}, options_.fields);
  if (bytes_.size() > limits_.message_bytes_max) return Error(Errc::wire_table_limit).at("offset " + std::to_string(limits_.message_bytes_max)).with("bytes");
  for (std::size_t at = 0; at < bytes_.size();) {
    const Layout* const layout = layout_at(at);
    // What is of no kind is told by its record.
    std::size_t size = std::min(layout == nullptr ? std::size_t{1} : layout->width, bytes_.size() - at), next = at + size;
    if (options_.lines) {
      // A line end inside the record's width can be no byte of a character: trail bytes of GB18030 are 30 and above.
      const std::size_t end = std::min(bytes_.find('\n', at), bytes_.size());
      next = std::min(end + 1, bytes_.size());
      size = end - at;
      if (size > 0 && bytes_[at + size - 1] == '\r') --size;
      if (size == 0) {
        at = next;
        continue;
      }
    }
    TONGQU_CHECK(record(at, bytes_.substr(at, size), layout));
    at = next;
  }
  return {};
}

} // namespace

Result<void> read_fixed(Grid& grid, Bytes bytes, const FixedOptions& options, const Limits& limits, Findings& findings) {
  grid.rows.clear();
  grid.numbers.clear();
  grid.kinds.clear();
  grid.arena.reset();
  grid.source.clear();
  grid.text = {};
  return FixedReader(grid, bytes, options, limits, findings).read();
}

} // namespace tongqu::wire
