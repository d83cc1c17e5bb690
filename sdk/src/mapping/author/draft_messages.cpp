#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "mapping/author/byte_map.hpp"
#include "mapping/author/draft_sources.hpp"
#include "mapping/stages.hpp"
#include "tongqu/wire/archive.hpp"
#include "tongqu/wire/encoding.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/table.hpp"
#include "tongqu/wire/unwrap.hpp"
#include "tongqu/wire/xml.hpp"

/// What a folder of captured messages shows: the layers around the document, and the fields in it.
namespace tongqu::mapping::author {
namespace {

using wire::Node;
using wire::NodeKind;
constexpr std::size_t kLayersMax = 6;

/// Layers taken off one message, each kept alive by the next.
struct Peeled {
  std::vector<std::string> stages;
  std::vector<std::pair<std::string, std::string>> match;
  std::string name;
  Node root;                               ///< The innermost document, or the operation of an envelope.
  Node around;                             ///< The document whose text held the innermost one; none when nothing did.
  std::string carried;                     ///< Where in it.
  bool soap = false;
  std::vector<Bilingual> notes;
  std::vector<std::unique_ptr<std::string>> texts;
  std::vector<std::unique_ptr<wire::Document>> documents;
  std::vector<std::unique_ptr<wire::Grid>> grids;
  std::string records;
  const std::string& keep(std::string text) {
    texts.push_back(std::make_unique<std::string>(std::move(text)));
    return *texts.back();
  }
};

bool starts(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }
std::string_view without_bom(std::string_view text) { return starts(text, "\xEF\xBB\xBF") ? text.substr(3) : text; }

bool looks_base64(std::string_view text) {
  constexpr std::size_t kShortest = 32;
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n";
  return text.size() >= kShortest && text.find_first_not_of(kAlphabet) == std::string_view::npos;
}

/// Whether a text is likely a document carried in a string.
bool looks_document(std::string_view given) {
  const std::string_view text = trimmed(given);
  if (starts(text, "<") || starts(text, "&lt;")) return text.find('>') != std::string_view::npos || starts(text, "&lt;");
  if ((starts(text, "{") || starts(text, "[")) && text.size() > 8) return wire::parse_json(text).has_value();
  if (!looks_base64(text)) return false;
  const auto bytes = map_base64(text);
  if (!bytes) return false;
  const std::string_view inner = trimmed(bytes->text);
  return starts(inner, "<") || starts(inner, "{") || starts(bytes->text, "\x1F\x8B");
}

class Peeler {
public:
  explicit Peeler(Peeled& out) : out_(out) {}
  bool bytes(std::string_view bytes, std::size_t depth);
  bool text(std::string_view text, std::size_t depth);

private:
  bool xml(Result<wire::Document> parsed, bool in_string, std::size_t depth);
  bool json(std::string_view text, std::size_t depth);
  bool form(std::string_view text, std::size_t depth);
  bool table(std::string_view text);
  bool inside(const Node& root, bool json, std::size_t depth);
  bool envelope(const Node& operation, std::size_t depth);
  bool dataset(const Node& root);
  Peeled& out_;
};

struct Carried { std::string path; std::string_view text; };
void find_carried(const Node& node, const std::string& path, std::vector<Carried>& out) {
  for (Node child = node.first_child(); child; child = child.next()) {
    const std::string inner = child.name().empty() ? path : path.empty() ? std::string(child.name()) : path + "/" + std::string(child.name());
    if (child.has_children()) find_carried(child, inner, out);
    else if (looks_document(child.raw_text())) out.push_back({inner, child.raw_text()});
  }
}

/// One text of the document holds the next one.
bool Peeler::inside(const Node& root, bool json, std::size_t depth) {
  std::vector<Carried> carried;
  find_carried(root, "", carried);
  if (carried.empty() || depth > kLayersMax) return false;
  std::string list;
  for (const Carried& one : carried) list += (list.empty() ? "" : ", ") + one.path;
  if (carried.size() > 1) {
    out_.notes.push_back({"several texts hold documents: " + list + "; the draft opens the first (see the stage `nested`)", "多处文本内嵌文档：" + list + "；草稿只展开第一处（参见 nested 阶段）"});
  }
  out_.stages.push_back(json ? "json: {}" : "xml: {namespaces: any}");
  out_.stages.push_back("string: {at: " + carried.front().path + "}");
  out_.around = root;
  out_.carried = carried.front().path;
  return text(carried.front().text, depth + 1);
}

/// A diffgram of .NET: rows named by their table. Those of the first table are the records.
bool Peeler::dataset(const Node& root) {
  const auto& tape = root.document()->tape();
  const bool has = std::any_of(tape.begin() + root.index(), tape.begin() + root.entry().end, [](const wire::TapeEntry& entry) { return entry.kind == NodeKind::element && std::string_view(entry.name, entry.name_size) == "diffgram"; });
  if (!has) return false;
  out_.documents.push_back(std::make_unique<wire::Document>());
  Findings ignored;
  const Limits limits;
  if (!wire::read_dataset(*out_.documents.back(), root, {limits, nullptr, ignored})) return false;
  const Node made = out_.documents.back()->root();
  const Node first = made.first_child();
  if (!first || first.name() == "before") return false;
  std::string others;
  for (Node row = first.next(); row; row = row.next()) {
    const std::string name(row.name());
    const bool fresh = name != first.name() && (", " + others + ",").find(", " + name + ",") == std::string::npos;
    if (fresh) others += (others.empty() ? "" : ", ") + name;
  }
  const std::string record(first.name());
  if (!others.empty()) out_.notes.push_back({"rows of " + record + " are taken for the records; those of " + others + " are in no draft: see `join` for the rows that belong to one", "以 " + record + " 的行作为记录；" + others + " 的行未写入草稿，从属行请参见 join"});
  out_.stages.push_back("dataset");
  out_.records = record;
  out_.root = made;
  return true;
}

bool Peeler::envelope(const Node& operation, std::size_t depth) {
  out_.soap = true;
  out_.name = operation.name();
  out_.match = {{"operation", out_.name}};
  const std::string head = "soap: {operation: " + out_.name;
  for (Node part = operation.first_child(); part && depth < kLayersMax; part = part.next()) {
    if (part.has_children() || !looks_document(part.raw_text())) continue;
    out_.stages.push_back(head + ", part: " + std::string(part.name()) + "}");
    out_.around = operation;
    out_.carried = part.name();
    return text(part.raw_text(), depth + 1);
  }
  out_.stages.push_back(head + "}");
  if (dataset(operation)) return true;
  out_.root = operation;
  return true;
}

bool Peeler::xml(Result<wire::Document> parsed, bool in_string, std::size_t depth) {
  if (!parsed) {
    out_.notes.push_back({"the strict gate refuses it: " + std::string(parsed.error().id()) + " at " + parsed.error().where(), "严格解析拒绝该报文：" + std::string(parsed.error().id()) + "，位置 " + parsed.error().where()});
    return false;
  }
  out_.documents.push_back(std::make_unique<wire::Document>(std::move(*parsed)));
  const Node root = out_.documents.back()->root();
  if (!in_string) {
    if (const Node operation = detail::soap_operation(*out_.documents.back())) return envelope(operation, depth);
  }
  if (out_.name.empty()) {
    out_.name = root.name();
    out_.match = {{"root", out_.name}};
  }
  if (inside(root, false, depth)) return true;
  out_.stages.push_back("xml");
  out_.root = root;
  return true;
}

bool Peeler::json(std::string_view text, std::size_t depth) {
  auto parsed = wire::parse_json(text);
  if (!parsed) {
    out_.notes.push_back({"the strict gate refuses it: " + std::string(parsed.error().id()) + " at " + parsed.error().where(), "严格解析拒绝该报文：" + std::string(parsed.error().id()) + "，位置 " + parsed.error().where()});
    return false;
  }
  out_.documents.push_back(std::make_unique<wire::Document>(std::move(*parsed)));
  const Node root = out_.documents.back()->root();
  if (out_.name.empty()) out_.name = "json";
  if (inside(root, true, depth)) return true;
  out_.stages.push_back("json");
  out_.root = root;
  return true;
}

/// Characters: what a string carried, or decoded bytes.
bool Peeler::text(std::string_view given, std::size_t depth) {
  const std::string_view text = trimmed(given);
  if (starts(text, "&lt;")) {
    auto inner = map_unescaped(text);
    if (!inner) return false;
    out_.stages.push_back("decode: {layers: 2}");
    return this->text(out_.keep(std::move(inner->text)), depth + 1);
  }
  if (starts(text, "<")) {
    // Several documents glued together: the first one shows the fields.
    const std::size_t second = text.find("<?xml", 5);
    wire::XmlOptions options;
    options.declared_encoding_ignored = true;
    auto whole = wire::parse_xml(text, options);
    if (!whole && second != std::string_view::npos && starts(text, "<?xml")) {
      const bool found = xml(wire::parse_xml(trimmed(text.substr(0, second)), options), true, depth);
      if (found && out_.stages.back() == "xml") out_.stages.back() = "xml-many";
      if (found) out_.records = ".";
      return found;
    }
    return xml(std::move(whole), true, depth);
  }
  if (starts(text, "{") || starts(text, "[")) return json(text, depth);
  if (!looks_base64(text)) return false;
  auto bytes = map_base64(text);
  if (!bytes) return false;
  out_.stages.push_back(text.find_first_of("\r\n") == std::string_view::npos ? "base64: {}" : "base64: {breaks: skip}");
  return this->bytes(out_.keep(std::move(bytes->text)), depth + 1);
}

bool Peeler::form(std::string_view given, std::size_t depth) {
  for (std::size_t at = 0; at < given.size();) {
    const std::size_t end = std::min(given.find('&', at), given.size());
    const std::size_t equals = given.find('=', at);
    if (equals == std::string_view::npos || equals > end) return false;
    const std::string field(given.substr(at, equals - at));
    at = end + 1;
    const auto value = map_form_field(given, field);
    if (!value) continue;
    const bool utf8 = is_utf8(value->text);
    auto text = utf8 ? Result<std::string>(value->text) : wire::decode(value->text, wire::Encoding::gb18030);
    if (!text || !looks_document(*text)) continue;
    out_.stages.push_back("form: {field: " + field + ", charset: " + (utf8 ? "utf-8" : "gb18030") + "}");
    out_.name = field;
    return this->text(out_.keep(std::move(*text)), depth + 1);
  }
  return false;
}

/// Lines of the same number of cells.
bool Peeler::table(std::string_view text) {
  const std::string_view first = text.substr(0, text.find_first_of("\r\n"));
  static constexpr std::string_view kSeparators = ",\t;|";
  char best = 0;
  std::size_t most = 1;
  for (const char c : kSeparators) {
    const auto cells = static_cast<std::size_t>(std::count(first.begin(), first.end(), c));
    if (cells > most) most = cells, best = c;
  }
  if (best == 0 || first.size() == text.size()) return false;
  wire::CsvOptions options;
  options.separator = best;
  out_.grids.push_back(std::make_unique<wire::Grid>());
  wire::Grid& grid = *out_.grids.back();
  if (!wire::read_csv(grid, text, options, Limits{})) return false;
  out_.documents.push_back(std::make_unique<wire::Document>());
  Findings ignored;
  wire::TableShape shape;
  shape.ragged = wire::TableShape::Ragged::report;
  if (!wire::shape_table(*out_.documents.back(), grid, shape, Limits{}, nullptr, ignored)) return false;
  const std::string name = best == '\t' ? "tab" : std::string("\"") + best + "\"";
  out_.stages.push_back("csv: {separator: " + name + (ignored.empty() ? "" : ", ragged: report") + "}");
  out_.name = "csv";
  out_.records = "row";
  out_.root = out_.documents.back()->root();
  return true;
}

bool Peeler::bytes(std::string_view given, std::size_t depth) {
  if (starts(given, "\x1F\x8B")) {
    std::string unpacked;
    if (!wire::gunzip_into(unpacked, given, {})) return false;
    out_.stages.push_back("gzip: {}");
    return bytes(out_.keep(std::move(unpacked)), depth + 1);
  }
  if (starts(given, "PK\x03\x04")) {
    out_.notes.push_back({"a zip file: write the stage `zip` by hand, unpack the entries and scaffold on them", "这是 zip 文件：请手工编写 zip 阶段，解包后再对其中的文件生成草稿"});
    return false;
  }
  const std::string_view text = trimmed(without_bom(given));
  if (starts(text, "<")) {
    auto parsed = wire::parse_xml(given);
    if (!parsed) {
      wire::XmlOptions options;
      options.transport = wire::Encoding::gb18030;
      if (auto again = wire::parse_xml(given, options)) return xml(std::move(again), false, depth);
    }
    return xml(std::move(parsed), false, depth);
  }
  const bool utf8 = is_utf8(given);
  if (!utf8) {
    auto decoded = wire::decode(given, wire::Encoding::gb18030);
    if (!decoded) return false;
    const std::string& kept = out_.keep(std::move(*decoded));
    out_.stages.push_back("charset: {is: gb18030}");
    if (this->text(kept, depth + 1) || table(kept)) return true;
    out_.stages.pop_back();
    return false;
  }
  if (starts(text, "{") || starts(text, "[")) return json(text, depth);
  if (form(text, depth)) return true;
  out_.stages.push_back("charset: {is: utf-8}");
  if (this->text(text, depth + 1) || table(text)) return true;
  out_.stages.pop_back();
  return false;
}

/// Names in front of the first element that holds anything but one other element.
std::vector<std::string> way_in(Node node, bool xml) {
  std::vector<std::string> names;
  if (xml) names.emplace_back(node.name());
  while (true) {
    const Node child = node.first_child();
    const bool alone = child && !child.next() && child.has_children() && child.kind() != NodeKind::array && !child.first_attribute();
    if (!alone || child.name().empty()) return names;
    names.emplace_back(child.name());
    node = child;
  }
}

Node at_names(Node node, const std::vector<std::string>& names, bool xml) {
  for (std::size_t i = xml ? 1 : 0; node && i < names.size(); ++i) node = node.child(names[i]);
  return node;
}

bool path_can_hold(std::string_view name) {
  return !name.empty() && name.find_first_of("/|[]@:.*\"' \t{},#&!%") == std::string_view::npos;
}

class Collector {
public:
  explicit Collector(MessageKind& kind) : kind_(kind) {}
  void node(const Node& node, const std::string& path);

private:
  void one(const Node& child, const std::string& path);
  MessageKind& kind_;
};

void Collector::one(const Node& child, const std::string& path) {
  for (Node attribute = child.first_attribute(); attribute; attribute = attribute.next()) {
    if (attribute.ns().empty() && path_can_hold(attribute.name())) kind_.field((path.empty() ? "" : path + "/") + "@" + std::string(attribute.name())).take(attribute.raw_text());
  }
  if (child.has_children()) {
    ++kind_.containers[path];
    node(child, path);
  } else if (child.kind() != NodeKind::object && child.kind() != NodeKind::array) {
    kind_.field(path).take(child.raw_text());
  }
}

void Collector::node(const Node& parent, const std::string& path) {
  std::map<std::string_view, std::size_t> times;
  for (Node child = parent.first_child(); child; child = child.next()) {
    if (!path_can_hold(child.name())) {
      kind_.risks.push_back({"a name under " + (path.empty() ? std::string("the root") : path) + " cannot stand in a path; it is not in the draft", (path.empty() ? std::string("根") : path) + " 下有名称无法写入路径，草稿未包含"});
      continue;
    }
    const std::string inner = path.empty() ? std::string(child.name()) : path + "/" + std::string(child.name());
    if (++times[child.name()] > 1) kind_.list(inner);
    if (child.kind() != NodeKind::array) {
      one(child, inner);
      continue;
    }
    kind_.list(inner);
    for (Node item = child.first_child(); item; item = item.next()) one(item, inner);
  }
}

std::string joined(const std::vector<std::string>& names, std::string_view between) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? std::string() : std::string(between)) + name;
  return out;
}

/// Rows beside nothing else are records: <list><bj/><bj/></list>.
Node first_record(const Node& start, std::string& each) {
  const Node child = start.first_child();
  if (!child) return {};
  if (child.kind() == NodeKind::array && !child.next()) {
    each = child.name();
    return child.first_child();
  }
  const Node second = child.next();
  if (!second || child.name() != second.name() || !child.has_children()) return {};
  for (Node other = second; other; other = other.next()) {
    if (other.name() != child.name()) return {};
  }
  each = child.name();
  return child;
}

MessageKind kind_of(const std::vector<std::unique_ptr<Peeled>>& same) {
  const Peeled& model = *same.front();
  MessageKind kind;
  kind.name = model.name;
  kind.messages = same.size();
  kind.match = model.match;
  kind.soap = model.soap;
  kind.stages = model.stages;
  kind.records = model.records;
  const std::string last = kind.stages.back();
  const bool document = last == "xml" || last == "json" || last == "xml-many";
  const bool xml = model.root.kind() == NodeKind::element;
  std::vector<std::string> names = document ? way_in(model.root, xml) : std::vector<std::string>();
  for (const auto& one : same) {
    const std::vector<std::string> way = document ? way_in(one->root, xml) : std::vector<std::string>();
    const auto differ = std::mismatch(names.begin(), names.end(), way.begin(), way.end());
    names.erase(differ.first, names.end());
  }
  if (document) {
    const std::string root = names.empty() ? "" : "root: " + joined(names, "/");
    kind.stages.back() = last == "json" ? "json: {" + root + "}" : "xml: {" + root + (root.empty() ? "" : ", ") + "namespaces: any" + (last == "xml-many" ? ", documents: many" : "") + "}";
  }
  for (const auto& one : same) {
    const Node start = document ? at_names(one->root, names, xml) : one->root;
    std::string each;
    if (start && kind.records.empty() && first_record(start, each)) kind.records = each;
  }
  Collector collector(kind);
  for (const auto& one : same) {
    const Node start = document ? at_names(one->root, names, xml) : one->root;
    if (!start) continue;
    if (kind.records.empty() || kind.records == ".") {
      collector.node(start, "");
      continue;
    }
    for (Node child = start.first_child(); child; child = child.next()) {
      if (child.name() != kind.records) continue;
      for (Node item = child.kind() == NodeKind::array ? child.first_child() : child; item; item = child.kind() == NodeKind::array ? item.next() : Node()) collector.node(item, "");
    }
  }
  // What stands around the document that held this one: often the event, the sender, a token. Where rows are records, `outer:` means the document of the rows.
  if (!kind.records.empty()) return kind;
  MessageKind outside;
  for (const auto& one : same) {
    if (one->around) Collector(outside).node(one->around, "");
  }
  for (SeenField& seen : outside.fields) {
    const bool carried = seen.path == model.carried || outside.is_list(seen.path);
    if (carried) continue;
    seen.path = "outer:" + seen.path;
    kind.fields.push_back(std::move(seen));
  }
  return kind;
}

} // namespace

std::vector<MessageKind> kinds_of_messages(const std::vector<Capture>& captures) {
  std::vector<std::pair<std::string, std::vector<std::unique_ptr<Peeled>>>> groups;
  std::vector<Bilingual> refused;
  for (const Capture& capture : captures) {
    auto peeled = std::make_unique<Peeled>();
    if (!Peeler(*peeled).bytes(capture.bytes, 0) || !peeled->root) {
      const Bilingual why = peeled->notes.empty() ? Bilingual{"no layer of it was recognised", "未能识别任何层"} : peeled->notes.back();
      refused.push_back({capture.file + ": " + why.en, capture.file + "：" + why.zh});
      continue;
    }
    const std::string key = joined(peeled->stages, "; ") + "; " + peeled->name;
    auto at = std::find_if(groups.begin(), groups.end(), [&key](const auto& group) { return group.first == key; });
    if (at == groups.end()) at = groups.insert(groups.end(), {key, std::vector<std::unique_ptr<Peeled>>()});
    at->second.push_back(std::move(peeled));
  }
  std::vector<MessageKind> kinds;
  for (const auto& group : groups) {
    kinds.push_back(kind_of(group.second));
    for (const Bilingual& note : group.second.front()->notes) kinds.back().risks.push_back(note);
  }
  std::stable_sort(kinds.begin(), kinds.end(), [](const MessageKind& a, const MessageKind& b) { return a.messages > b.messages; });
  if (!kinds.empty()) kinds.front().risks.insert(kinds.front().risks.end(), refused.begin(), refused.end());
  return kinds;
}

} // namespace tongqu::mapping::author
