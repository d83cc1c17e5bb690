#include "mapping/list_shape.hpp"

#include <algorithm>
#include <charconv>

#include "mapping/rule_run.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/wire/document_builder.hpp"

namespace tongqu::mapping::detail {
namespace {

using wire::TapeEntry;

constexpr std::size_t kOrphansReportedMax = 50;
constexpr std::size_t kZipRowsMax = 100000;
constexpr int kParallelQuirk = 34;
constexpr int kOrphanQuirk = 50;

void place_at(Finding& finding, const wire::Document& document, std::uint32_t index, wire::PlaceMemory& places) {
  const wire::Node node(&document, index);
  finding.source.path = node.path(places);
  finding.source.offset = node.offset();
  const std::string position = node.position(places);
  const auto colon = position.find(':');
  if (colon == std::string::npos) return;
  std::from_chars(position.data(), position.data() + colon, finding.source.line);
  std::from_chars(position.data() + colon + 1, position.data() + position.size(), finding.source.column);
}

/// One pass over the elements of a list with their names in scope.
class Rows {
public:
  struct Inputs { const wire::Document& document; std::uint16_t scope; const wire::NameSet* names; const std::string& name; };
  Rows(const Inputs& in, RuleRun& run) : in_(in), run_(run) { places_.watch(&in.document); }

  bool enter(std::uint32_t node) {
    const RuleRun::Inputs& run = run_.inputs();
    if (!run_.spend(in_.document.tape()[node].end - node)) return false;
    run.scopes->all[in_.scope]->walk(in_.document, node, in_.names, run.frames[in_.scope], unused_);
    unused_.leaves.clear();
    return true;
  }
  Finding finding(Errc id, Severity severity, std::uint32_t node) const {
    Finding made;
    made.id = id;
    made.severity = severity;
    made.path = run_.list_prefix + in_.name;
    made.rule = in_.name;
    made.source.part = run_.inputs().part_names[in_.scope];
    place_at(made, in_.document, node, places_);
    return made;
  }
  void tell(Errc id, Severity severity, std::uint32_t node) { run_.inputs().findings.add(finding(id, severity, node)); }
  void filter(const Expression* when, std::vector<std::uint32_t>& nodes);
  void tell_apart(const ListKey& key, std::vector<std::uint32_t>& nodes, std::map<std::uint32_t, Policy>& judged);
  void sort(const std::vector<ListOrder>& order, std::vector<std::uint32_t>& nodes);

private:
  struct Keyed { std::uint32_t node = 0; std::vector<ExprValue> by; bool lost = false; };
  bool before(const std::vector<ListOrder>& order, const Keyed& a, const Keyed& b) const;

  const Inputs in_;
  RuleRun& run_;
  Scope::Unused unused_;
  mutable wire::PlaceMemory places_;   ///< As many rows as there are may each need a place.
};

void Rows::filter(const Expression* when, std::vector<std::uint32_t>& nodes) {
  if (when == nullptr) return;
  std::vector<std::uint32_t> kept;
  for (const std::uint32_t node : nodes) {
    if (enter(node) && run_.holds(*when, in_.name)) kept.push_back(node);
  }
  nodes = std::move(kept);
}

void Rows::tell_apart(const ListKey& key, std::vector<std::uint32_t>& nodes, std::map<std::uint32_t, Policy>& judged) {
  std::unordered_map<std::string, std::size_t> seen;
  std::vector<bool> out(nodes.size(), false);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!enter(nodes[i])) continue;
    auto text = row_key(key.by, run_);
    // What has no key is nobody's double.
    if (!text) continue;
    const auto [found, fresh] = seen.emplace(std::move(*text), i);
    if (fresh) continue;
    const bool stops = key.duplicates == ListKey::Duplicates::hold || key.duplicates == ListKey::Duplicates::reject;
    std::size_t loser = i;
    if (key.duplicates == ListKey::Duplicates::last) std::swap(loser, found->second);
    if (stops) judged.emplace(nodes[loser], key.duplicates == ListKey::Duplicates::hold ? Policy::hold : Policy::reject);
    else tell(Errc::mapping_duplicate_key, Severity::warn, nodes[loser]);
    out[loser] = !stops && key.duplicates != ListKey::Duplicates::report;
  }
  std::vector<std::uint32_t> kept;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!out[i]) kept.push_back(nodes[i]);
  }
  nodes = std::move(kept);
}

bool Rows::before(const std::vector<ListOrder>& order, const Keyed& a, const Keyed& b) const {
  if (a.lost || b.lost) return !a.lost && b.lost;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const ExprValue& x = a.by[i];
    const ExprValue& y = b.by[i];
    int sign = 0;
    switch (order[i].by.type()) {
      case ExprType::number: sign = x.number.compare(y.number); break;
      case ExprType::time: sign = x.time.utc() < y.time.utc() ? -1 : y.time.utc() < x.time.utc() ? 1 : 0; break;
      case ExprType::boolean: sign = x.truth == y.truth ? 0 : x.truth ? 1 : -1; break;
      case ExprType::text: sign = x.text.compare(y.text); break;
    }
    if (sign != 0) return order[i].descending ? sign > 0 : sign < 0;
  }
  return false;
}

/// Stable, so that elements with equal keys keep the order of the document; those without a key stand last.
void Rows::sort(const std::vector<ListOrder>& order, std::vector<std::uint32_t>& nodes) {
  if (order.empty()) return;
  std::vector<Keyed> keyed;
  for (const std::uint32_t node : nodes) {
    Keyed row{node, {}, !enter(node)};
    for (const ListOrder& one : order) {
      ExprTrouble trouble;
      row.by.push_back(one.by.value(run_, trouble));
      row.lost = row.lost || row.by.back().absent;
    }
    if (row.lost) tell(Errc::mapping_order_key, Severity::warn, node);
    keyed.push_back(std::move(row));
  }
  std::stable_sort(keyed.begin(), keyed.end(), [&](const Keyed& a, const Keyed& b) { return before(order, a, b); });
  std::transform(keyed.begin(), keyed.end(), nodes.begin(), [](const Keyed& row) { return row.node; });
}

/// Rows of a join by their key, made once for each piece of a delivery.
ListMemory::Join& join_index(const ListRule& list, RuleRun& run) {
  const RuleRun::Inputs& in = run.inputs();
  ListMemory::Join& index = in.lists->joins[&list];
  if (index.document != nullptr) return index;
  const Frame& parent = in.frames[list.parent_scope];
  index.document = parent.document;
  if (list.list < parent.lists.size()) index.nodes = parent.lists[list.list];
  Rows rows({*index.document, list.scope, in.names, list.name}, run);
  rows.filter(list.when ? &*list.when : nullptr, index.nodes);
  index.claimed.assign(index.nodes.size(), false);
  for (std::uint32_t i = 0; i < index.nodes.size(); ++i) {
    if (!rows.enter(index.nodes[i])) continue;
    if (const auto key = row_key(list.shape->join->inner, run)) index.rows[*key].push_back(i);
  }
  return index;
}

std::vector<std::string_view> split_text(std::string_view text, const ListZip::Column& column, const std::string& escape, wire::Arena& arena) {
  std::vector<std::string_view> pieces;
  std::string piece;
  const auto finish = [&] {
    const std::size_t first = piece.find_first_not_of(" \t\r\n");
    const std::size_t last = piece.find_last_not_of(" \t\r\n");
    pieces.push_back(first == std::string::npos ? std::string_view() : arena.store(std::string_view(piece).substr(first, last - first + 1)));
    piece.clear();
  };
  for (std::size_t at = 0; at < text.size() && pieces.size() < kZipRowsMax;) {
    if (!escape.empty() && text.substr(at, escape.size()) == escape && at + escape.size() < text.size()) {
      at += escape.size();
      piece += text[at++];
      continue;
    }
    const auto here = [&](const std::string& separator) { return text.substr(at, separator.size()) == separator; };
    const auto found = std::find_if(column.separators.begin(), column.separators.end(), here);
    if (found == column.separators.end()) {
      piece += text[at++];
      continue;
    }
    finish();
    at += found->size();
  }
  // A separator at the end ends the last piece; it does not start another one.
  if (!piece.empty()) finish();
  return pieces;
}

/// One column as texts with their places.
struct ZipCells { std::vector<std::string_view> texts; std::vector<std::uint32_t> offsets; const wire::Document* document = nullptr; };

ZipCells cells_of(const ListZip::Column& column, const ListZip& zip, RuleRun& run) {
  const RuleRun::Inputs& in = run.inputs();
  ZipCells cells;
  if (column.separators.empty()) {
    const Frame& parent = in.frames[column.parent_scope];
    cells.document = parent.document;
    if (column.list >= parent.lists.size()) return cells;
    for (const std::uint32_t node : parent.lists[column.list]) {
      const TapeEntry& entry = parent.document->tape()[node];
      cells.texts.emplace_back(entry.text, entry.has_child ? 0 : entry.text_size);
      cells.offsets.push_back(entry.offset);
    }
    return cells;
  }
  for (const Ref& ref : column.refs) {
    const Frame& frame = in.frames[ref.scope];
    if (ref.kind != Ref::Kind::node || ref.slot >= frame.slots.size() || frame.slots[ref.slot].node == TapeEntry::kNone) continue;
    const TapeEntry& entry = frame.document->tape()[frame.slots[ref.slot].node];
    cells.document = frame.document;
    (void)run.spend(entry.text_size / 16);
    cells.texts = split_text({entry.text, entry.text_size}, column, zip.escape, in.arena);
    cells.offsets.assign(cells.texts.size(), entry.offset);
    break;
  }
  return cells;
}

Chosen zipped(const ListRule& list, RuleRun& run) {
  const RuleRun::Inputs& in = run.inputs();
  const ListZip& zip = *list.shape->zip;
  std::vector<ZipCells> columns;
  std::size_t rows = 0;
  bool even = true;
  for (const ListZip::Column& column : zip.columns) {
    columns.push_back(cells_of(column, zip, run));
    even = even && columns.back().texts.size() == columns.front().texts.size();
    rows = std::max(rows, columns.back().texts.size());
  }
  Chosen chosen;
  if (!even) {
    Finding made;
    made.id = Errc::mapping_lists_uneven;
    made.severity = zip.uneven == Policy::report ? Severity::warn : Severity::error;
    made.path = run.list_prefix + list.name;
    made.rule = list.name;
    made.quirk = kParallelQuirk;
    made.source.part = in.part_names[list.scope];
    for (std::size_t i = 0; i < columns.size(); ++i) made.value_class += (i == 0 ? "" : ", ") + zip.columns[i].name + " " + std::to_string(columns[i].texts.size());
    in.findings.add(std::move(made));
    if (zip.uneven != Policy::report) {
      run.worsen(zip.uneven == Policy::hold ? RecordVerdict::held : RecordVerdict::refused);
      return chosen;
    }
  }
  wire::Document& document = in.lists->fresh();
  wire::DocumentBuilder builder(document, in.environment->limits, in.own_names);
  const auto with_source = std::find_if(columns.begin(), columns.end(), [](const ZipCells& cells) { return cells.document != nullptr; });
  if (with_source != columns.end()) builder.source(with_source->document->source());
  builder.open(wire::NodeKind::element, "zip", 0);
  for (std::size_t row = 0; row < rows; ++row) {
    builder.open(wire::NodeKind::element, "row", columns.front().offsets.size() > row ? columns.front().offsets[row] : 0);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (row < columns[i].texts.size()) builder.leaf(zip.columns[i].name, columns[i].texts[row], columns[i].offsets[row]);
    }
    builder.close();
  }
  builder.close();
  if (!builder.finish()) {
    run.worsen(RecordVerdict::refused);
    return chosen;
  }
  chosen.document = &document;
  chosen.made = true;
  for (wire::Node row = document.root().first_child(); row; row = row.next()) chosen.nodes.push_back(row.index());
  return chosen;
}

Chosen joined(const ListRule& list, RuleRun& run) {
  ListMemory::Join& index = join_index(list, run);
  Chosen chosen;
  chosen.document = index.document;
  chosen.names = run.inputs().names;
  chosen.judged = true;
  ExprTrouble trouble;
  const auto key = row_key(list.shape->join->around, run, &trouble);
  // Without it nobody would know which rows belong here, and they would be called nobody's.
  if (trouble.id != Errc::none) run.tell_broken(list.name, std::move(trouble));
  const auto rows = key ? index.rows.find(*key) : index.rows.end();
  if (rows == index.rows.end()) {
    if (key && list.shape->join->unmatched) run.tell_unmatched(list.name, *list.shape->join->unmatched);
    return chosen;
  }
  for (const std::uint32_t row : rows->second) {
    index.claimed[row] = true;
    chosen.nodes.push_back(index.nodes[row]);
  }
  return chosen;
}

} // namespace

std::optional<std::string> row_key(const std::vector<Expression>& by, RuleRun& run, ExprTrouble* told) {
  std::string key;
  for (const Expression& one : by) {
    ExprTrouble trouble;
    const ExprValue value = one.value(run, trouble);
    if (told != nullptr && trouble.id != Errc::none) *told = trouble;
    if (value.absent) return std::nullopt;
    const std::string text = text_of(value, one.type());
    if (text.empty()) return std::nullopt;
    key += std::to_string(text.size()) + ":" + text;
  }
  return key;
}

std::vector<std::uint32_t> choose_rows(const RowChoice& choice, const wire::Document& document, std::vector<std::uint32_t> nodes, RuleRun& run,
                                       std::map<std::uint32_t, Policy>& judged) {
  Rows rows({document, choice.scope, run.inputs().names, choice.name}, run);
  // Order first: where the last of two counts, it is the last in order.
  rows.sort(choice.shape.order, nodes);
  if (choice.shape.key) rows.tell_apart(*choice.shape.key, nodes, judged);
  return nodes;
}

Chosen choose_elements(const ListRule& list, RuleRun& run) {
  const RuleRun::Inputs& in = run.inputs();
  const Frame& parent = in.frames[list.parent_scope];
  Chosen chosen;
  const ListShape* shape = list.shape.get();
  if (shape != nullptr && shape->zip) {
    chosen = zipped(list, run);
  } else if (shape != nullptr && shape->join) {
    chosen = joined(list, run);
  } else {
    chosen.document = parent.document;
    chosen.names = parent.names;
    if (shape != nullptr && shape->of_group) {
      if (in.group != nullptr) chosen.nodes = *in.group;
    } else if (list.list < parent.lists.size()) {
      chosen.nodes = parent.lists[list.list];
    }
  }
  if (shape == nullptr || chosen.nodes.empty() || (shape->order.empty() && !shape->key)) return chosen;
  Rows rows({*chosen.document, list.scope, chosen.names, list.name}, run);
  if (!chosen.judged) rows.filter(list.when ? &*list.when : nullptr, chosen.nodes);
  chosen.judged = true;
  rows.sort(shape->order, chosen.nodes);
  std::map<std::uint32_t, Policy> judged;
  if (shape->key) rows.tell_apart(*shape->key, chosen.nodes, judged);
  for (const auto& [node, policy] : judged) {
    rows.tell(Errc::mapping_duplicate_key, Severity::error, node);
    run.worsen(policy == Policy::hold ? RecordVerdict::held : RecordVerdict::refused);
  }
  return chosen;
}

bool report_orphans(const std::vector<const ListRule*>& joins, RuleRun& run) {
  std::size_t told = 0;
  bool refused = false;
  for (const ListRule* list : joins) {
    const ListMemory::Join& index = join_index(*list, run);
    wire::PlaceMemory places;
    places.watch(index.document);
    for (std::size_t i = 0; i < index.nodes.size(); ++i) {
      if (index.claimed[i]) continue;
      refused = refused || list->shape->join->orphans_refused;
      if (++told > kOrphansReportedMax) continue;
      Finding made;
      made.id = Errc::mapping_orphan;
      made.severity = list->shape->join->orphans_refused ? Severity::error : Severity::warn;
      made.path = list->name;
      made.rule = list->name;
      made.quirk = kOrphanQuirk;
      made.source.part = run.inputs().part_names[list->scope];
      place_at(made, *index.document, index.nodes[i], places);
      run.inputs().findings.add(std::move(made));
    }
  }
  return refused;
}

} // namespace tongqu::mapping::detail
