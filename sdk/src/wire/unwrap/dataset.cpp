#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "table/path_name.hpp"
#include "tongqu/base/utf8.hpp"
#include "tongqu/wire/document_builder.hpp"
#include "tongqu/wire/unwrap.hpp"

namespace tongqu::wire {
namespace {

constexpr std::string_view kDiffgram = "urn:schemas-microsoft-com:xml-diffgram-v1";
constexpr std::string_view kMsdata = "urn:schemas-microsoft-com:xml-msdata";
constexpr std::string_view kSchema = "http://www.w3.org/2001/XMLSchema";

std::string_view attribute_text(const Node& node, std::string_view ns, std::string_view local) {
  for (Node one = node.first_attribute(); one; one = one.next()) {
    if (one.name() == local && one.ns() == ns) return one.raw_text();
  }
  return {};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// The code of "_xHHHH_" at the start, or a negative number.
int escape_at(std::string_view text) {
  if (text.size() < 7 || text[0] != '_' || (text[1] != 'x' && text[1] != 'X') || text[6] != '_') return -1;
  int code = 0;
  for (std::size_t i = 2; i < 6; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return -1;
    code = code * 16 + digit;
  }
  return code;
}

class DatasetReader {
public:
  DatasetReader(Document& out, const Node& root, const UnwrapContext& context) : root_(root), builder_(out, context.limits, context.names) {}
  Result<void> run();

private:
  struct Row { Node node; std::size_t table = 0; std::uint64_t order = 0; };
  Result<void> find();
  Result<void> rows(const Node& parent, bool before);
  Result<std::vector<Row>> sorted(const Node& parent) const;
  void row(const Node& node, bool before);
  void content(const Node& node);
  std::string_view name_of(const Node& node);

  const Node root_;
  DocumentBuilder builder_;
  Node data_, before_, errors_;
  std::unordered_set<std::string_view> current_;   ///< diffgr:id of the rows that are there.
};

Node find_diffgram(const Node& root) {
  const auto& tape = root.document()->tape();
  for (std::uint32_t i = root.index(); i < root.entry().end; ++i) {
    if (tape[i].kind != NodeKind::element) continue;
    const Node node(root.document(), i);
    if (node.name() == "diffgram" && node.ns() == kDiffgram) return node;
  }
  return {};
}

Result<void> DatasetReader::find() {
  const Node diffgram = find_diffgram(root_);
  if (!diffgram) {
    data_ = root_;
    return {};
  }
  for (Node child = diffgram.first_child(); child; child = child.next()) {
    Node& place = child.ns() == kDiffgram ? (child.name() == "before" ? before_ : errors_) : data_;
    if (place) return Error(Errc::wire_dataset_invalid).at(child.position()).with("two of one kind");
    place = child;
  }
  return {};
}

std::string_view DatasetReader::name_of(const Node& node) {
  if (node.name().find("_x") == std::string_view::npos && node.name().find("_X") == std::string_view::npos) return node.name();
  return builder_.keep(detail::path_name(decode_dotnet_name(node.name())));
}

Result<std::vector<DatasetReader::Row>> DatasetReader::sorted(const Node& parent) const {
  std::vector<Row> rows;
  std::vector<std::string_view> tables;
  for (Node child = parent.first_child(); child; child = child.next()) {
    if (child.ns() == kSchema && child.name() == "schema") continue;
    if (!child.has_children() && child.entry().has_text) return Error(Errc::wire_dataset_invalid).at(child.position()).with("text instead of a row");
    Row row{child, 0, rows.size()};
    const auto known = std::find(tables.begin(), tables.end(), child.name());
    row.table = static_cast<std::size_t>(known - tables.begin());
    if (known == tables.end()) {
      if (tables.size() >= 1000) return Error(Errc::wire_dataset_invalid).at(child.position()).with("tables");
      tables.push_back(child.name());
    }
    if (const std::string_view order = attribute_text(child, kMsdata, "rowOrder"); !order.empty()) {
      const auto [end, error] = std::from_chars(order.data(), order.data() + order.size(), row.order);
      if (error != std::errc() || end != order.data() + order.size()) return Error(Errc::wire_dataset_invalid).at(child.position()).with("rowOrder");
    }
    rows.push_back(row);
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.table != b.table ? a.table < b.table : a.order < b.order; });
  return rows;
}

void DatasetReader::content(const Node& node) {
  builder_.text_like(node);
  for (Node one = node.first_attribute(); one; one = one.next()) {
    if (one.ns() != kDiffgram && one.ns() != kMsdata) builder_.attribute_like(one);
  }
}

/// A row, or a value of one; rows of a child table may be nested in their parent.
void DatasetReader::row(const Node& node, bool before) {
  builder_.open(NodeKind::element, name_of(node), node.offset());
  content(node);
  const std::string_view id = attribute_text(node, kDiffgram, "id");
  const std::string_view changes = attribute_text(node, kDiffgram, "hasChanges");
  if (before && !id.empty()) {
    builder_.attribute("id", id, node.offset());
    builder_.attribute("change", current_.count(id) != 0 ? "modified" : "deleted", node.offset());
  } else if (changes == "inserted" || changes == "modified") {
    builder_.attribute("id", id, node.offset());
    builder_.attribute("change", changes, node.offset());
  }
  for (Node child = node.first_child(); child; child = child.next()) row(child, before);
  builder_.close();
}

Result<void> DatasetReader::rows(const Node& parent, bool before) {
  if (parent.entry().has_text) return Error(Errc::wire_dataset_invalid).at(parent.position()).with("text instead of a row");
  TONGQU_TRY(const std::vector<Row> all, sorted(parent));
  for (const Row& one : all) row(one.node, before);
  return {};
}

Result<void> DatasetReader::run() {
  builder_.source(root_.document()->source());
  TONGQU_CHECK(find());
  if (data_) {
    const auto& tape = data_.document()->tape();
    for (std::uint32_t i = data_.index(); i < data_.entry().end; ++i) {
      if (tape[i].kind != NodeKind::element || tape[i].attributes == 0) continue;
      const std::string_view id = attribute_text(Node(data_.document(), i), kDiffgram, "id");
      if (!id.empty() && !current_.insert(id).second) return Error(Errc::wire_dataset_invalid).at(data_.document()->position(tape[i].offset)).with("id twice");
    }
  }
  builder_.open(NodeKind::element, "dataset", root_.offset());
  if (data_) TONGQU_CHECK(rows(data_, false));
  if (before_) {
    builder_.open(NodeKind::element, "before", before_.offset());
    TONGQU_CHECK(rows(before_, true));
    builder_.close();
  }
  if (errors_) builder_.copy(errors_);
  builder_.close();
  return builder_.finish();
}

} // namespace

std::string decode_dotnet_name(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size();) {
    const int code = escape_at(name.substr(i));
    if (code < 0x20 || (code >= 0xD800 && code < 0xE000)) {
      out += name[i++];
      continue;
    }
    append_utf8(out, static_cast<std::uint32_t>(code));
    i += 7;
  }
  return out;
}

Result<void> read_dataset(Document& out, const Node& root, const UnwrapContext& context) { return DatasetReader(out, root, context).run(); }

} // namespace tongqu::wire
