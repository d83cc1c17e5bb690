#include "mapping/stages.hpp"

#include <algorithm>

#include "mapping/table_settings.hpp"

namespace tongqu::mapping::detail {
namespace {

enum class Flows : std::uint8_t { body, bytes, text, document };

struct StageRow { std::string_view name; Stage::Kind kind; std::vector<std::string_view> keys; };
const std::vector<StageRow>& stage_rows() {
  static const std::vector<StageRow> rows = {
      {"soap", Stage::Kind::soap, {"operation", "part"}},
      {"decode", Stage::Kind::decode, {"layers", "declared"}},
      {"base64", Stage::Kind::base64, {"breaks", "padding", "alphabet", "data_uri"}},
      {"gzip", Stage::Kind::gzip, {"ratio"}},
      {"zip", Stage::Kind::zip, {"entry", "names", "many", "ratio"}},
      {"charset", Stage::Kind::charset, {"is", "first", "edition"}},
      {"xml", Stage::Kind::xml, {"root", "namespaces", "declared", "documents"}},
      {"json", Stage::Kind::json, {"root", "documents", "repeated", "mark", "comments", "quotes", "commas", "nan", "callback"}},
      {"string", Stage::Kind::string, {"at"}},
      {"form", Stage::Kind::form, {"field", "charset"}},
      {"csv", Stage::Kind::csv, {"separator", "quote", "quotes", "header_rows", "columns", "fill_down", "skip", "ragged"}},
      {"fixed", Stage::Kind::fixed, {"charset", "fields", "kinds", "records", "short", "cut", "fill_down", "skip"}},
      {"nested", Stage::Kind::nested, {"at", "as", "documents", "repeated", "comments", "quotes", "commas", "nan"}},
      {"dataset", Stage::Kind::dataset, {}},
      {"multiref", Stage::Kind::multiref, {}},
      {"multipart", Stage::Kind::multipart, {"part"}},
      {"attachments", Stage::Kind::attachments, {}},
      {"spreadsheet", Stage::Kind::spreadsheet, {"sheet", "charset", "header_rows", "columns", "fill_down", "skip", "ragged", "ratio"}},
      {"open", Stage::Kind::open, {"cipher", "key"}},
      {"rows", Stage::Kind::rows, {"keys"}},
      {"frames", Stage::Kind::frames, {"length", "width", "counts"}},
  };
  return rows;
}

class StageCompiler {
public:
  StageCompiler(const Mistakes& mistakes, wire::NameSet& names, Scopes& scopes) : mistakes_(mistakes), names_(names), scopes_(scopes) {}
  void add(const YamlNode& item, Stages& out);
  void finish(const YamlNode& at, Stages& out);

private:
  void arguments(const YamlNode& node, Stage& stage);
  void open(const YamlNode& node, Stage& stage);
  void nested(const YamlNode& node, Stage& stage);
  void charset(const YamlNode& node, Stage& stage);
  void json_switches(const YamlNode& node, Stage& stage);
  std::vector<PathStep> path(const YamlNode& node, const char* key, Need need);
  bool flag(const YamlNode& node, const char* key, std::string_view on);
  unsigned ratio(const YamlNode& node);
  wire::Encoding encoding(const YamlNode& node, const char* key, Stage& stage);
  void flow(const YamlNode& at, Stage& stage, Stages& out);
  bool takes(const YamlNode& at, std::initializer_list<Flows> allowed);
  void document(Stage& stage, Stages& out);

  const Mistakes& mistakes_;
  wire::NameSet& names_;
  Scopes& scopes_;
  Flows flows_ = Flows::body;
  std::string part_ = "body";
  int documents_ = 0;
  bool unknown_ = false;                   ///< A stage before is none.
  int layers_ = 0;                         ///< Documents put into documents.
};

std::vector<PathStep> StageCompiler::path(const YamlNode& node, const char* key, Need need) {
  const auto text = member_text(node, key, need, "source", mistakes_);
  std::vector<Path> paths;
  std::string problem;
  if (!text) return {};
  const bool good = parse_path(*text, PathSyntax::slashes, paths, problem) && paths.size() == 1 && paths[0].origin == Origin::here;
  if (!good) mistakes_.add(Errc::mapping_path_invalid, *node.find(key), std::string("source.") + key, {}, same(*text));
  return good ? paths[0].steps : std::vector<PathStep>();
}

wire::Encoding StageCompiler::encoding(const YamlNode& node, const char* key, Stage& stage) {
  const YamlNode* at = node.find(key);
  if (at == nullptr) return wire::Encoding::utf8;
  stage.label = at->text;
  const auto found = wire::encoding_from_label(at->text);
  if (!found) mistakes_.add(Errc::mapping_wrong_shape, *at, std::string("source.") + key, one_of({"utf-8", "gb18030", "gbk", "gb2312"}));
  return found.value_or(wire::Encoding::utf8);
}

/// A switch that has one word for "on" and is off when it is not there.
bool StageCompiler::flag(const YamlNode& node, const char* key, std::string_view on) {
  const YamlNode* at = node.find(key);
  if (at == nullptr) return false;
  if (at->text != on) mistakes_.add(Errc::mapping_wrong_shape, *at, std::string("source.") + key, one_of({on}));
  return true;
}

unsigned StageCompiler::ratio(const YamlNode& node) {
  const YamlNode* at = node.find("ratio");
  if (at == nullptr) return 0;
  const auto number = small_number(at->text, 1, 1000);
  if (!number) mistakes_.add(Errc::mapping_wrong_shape, *at, "source.ratio", {"1 to 1000", "1 至 1000"});
  return number.value_or(1);
}

void StageCompiler::nested(const YamlNode& node, Stage& stage) {
  stage.path = path(node, "at", Need::required);
  for (const PathStep& step : stage.path) {
    if (step.attribute || step.ordinal != 0) mistakes_.add(Errc::mapping_path_invalid, *node.find("at"), "source.nested.at", {"names only; every place that they lead to is read", "只写名称；所指各处都会解读"});
  }
  const std::string as = member_text(node, "as", Need::required, "source.nested", mistakes_).value_or("json");
  if (as != "json" && as != "xml") mistakes_.add(Errc::mapping_wrong_shape, *node.find("as"), "source.nested.as", one_of({"json", "xml"}));
  stage.nested_xml = as == "xml";
  stage.documents_many = flag(node, "documents", "many");
  if (stage.documents_many && !stage.nested_xml) mistakes_.add(Errc::mapping_wrong_shape, *node.find("documents"), "source.nested.documents", {"with as: xml", "仅与 as: xml 同用"});
  json_switches(node, stage);
  for (const char* key : {"repeated", "comments", "quotes", "commas", "nan"}) {
    if (stage.nested_xml && node.find(key) != nullptr) mistakes_.add(Errc::mapping_wrong_shape, *node.find(key), std::string("source.nested.") + key, {"with as: json", "仅与 as: json 同用"});
  }
  ++layers_;
}

/// What is allowed beyond strict JSON, each by a word of its own (LQ42).
void StageCompiler::json_switches(const YamlNode& node, Stage& stage) {
  wire::JsonTolerance& json = stage.json;
  if (const YamlNode* repeated = node.find("repeated"); repeated != nullptr) {
    json.keys = repeated->text == "first" ? wire::JsonTolerance::Keys::first : wire::JsonTolerance::Keys::last;
    if (repeated->text != "first" && repeated->text != "last") mistakes_.add(Errc::mapping_wrong_shape, *repeated, "source.repeated", one_of({"first", "last"}));
  }
  json.mark = flag(node, "mark", "skip");
  json.comments = flag(node, "comments", "skip");
  json.single_quotes = flag(node, "quotes", "single");
  json.trailing_commas = flag(node, "commas", "trailing");
  json.not_a_number = flag(node, "nan", "null");
  json.callback = flag(node, "callback", "unwrap");
}

void StageCompiler::charset(const YamlNode& node, Stage& stage) {
  const YamlNode* is = node.find("is");
  const YamlNode* first = node.find("first");
  const bool told = is != nullptr && is->text == "told";
  if (is == nullptr) mistakes_.add(Errc::mapping_missing_key, node, "source.charset.is");
  if (told && first == nullptr) mistakes_.add(Errc::mapping_missing_key, node, "source.charset.first", one_of({"header", "declaration"}));
  if (first != nullptr && (!told || (first->text != "header" && first->text != "declaration"))) {
    mistakes_.add(Errc::mapping_wrong_shape, *first, "source.charset.first", {"header or declaration, with is: told", "header 或 declaration，与 is: told 同用"});
  }
  if (told) stage.told = first != nullptr && first->text == "declaration" ? Stage::Told::declaration : Stage::Told::header;
  else stage.encoding = encoding(node, "is", stage);
  const YamlNode* edition = node.find("edition");
  if (edition == nullptr) return;
  stage.edition = wire::gb_edition_from_name(edition->text);
  const bool good = stage.edition && !told && stage.encoding == wire::Encoding::gb18030;
  if (!good) mistakes_.add(Errc::mapping_wrong_shape, *edition, "source.charset.edition", {"2005 or 2022, of gb18030", "2005 或 2022，仅用于 gb18030"});
}

void StageCompiler::open(const YamlNode& node, Stage& stage) {
  stage.cipher = member_text(node, "cipher", Need::required, "source.open", mistakes_).value_or("sm4-cbc");
  stage.key = member_text(node, "key", Need::required, "source.open", mistakes_).value_or("");
  if (const YamlNode* key = node.find("key"); key != nullptr) refuse_secret(*key, "source.open.key", mistakes_);
  const auto& known = cipher_names();
  if (std::find(known.begin(), known.end(), stage.cipher) == known.end()) mistakes_.add(Errc::mapping_wrong_shape, *node.find("cipher"), "source.open.cipher", one_of(known), did_you_mean(stage.cipher, known));
}

void StageCompiler::arguments(const YamlNode& node, Stage& stage) {
  if (const YamlNode* declared = node.find("declared"); declared != nullptr) {
    stage.declared_ignored = declared->text == "ignore";
    if (!stage.declared_ignored) mistakes_.add(Errc::mapping_wrong_shape, *declared, "source.declared", one_of({"ignore"}));
  }
  switch (stage.kind) {
    case Stage::Kind::soap:
      stage.operation = member_text(node, "operation", Need::optional, "source.soap", mistakes_).value_or("any");
      stage.part = member_text(node, "part", Need::optional, "source.soap", mistakes_).value_or("");
      break;
    case Stage::Kind::decode: {
      const auto text = member_text(node, "layers", Need::required, "source.decode", mistakes_);
      const auto layers = small_number(text.value_or("1"), 1, 3);
      if (!layers) mistakes_.add(Errc::mapping_wrong_shape, *node.find("layers"), "source.decode.layers", {"1 to 3", "1 至 3"});
      stage.layers = layers.value_or(1);
      break;
    }
    case Stage::Kind::base64:
      stage.tolerance = {flag(node, "breaks", "skip"), flag(node, "padding", "optional"), flag(node, "alphabet", "url"), flag(node, "data_uri", "allowed")};
      break;
    case Stage::Kind::gzip: stage.ratio = ratio(node); break;
    case Stage::Kind::zip:
      stage.entry = member_text(node, "entry", Need::required, "source.zip", mistakes_).value_or("");
      stage.encoding = encoding(node, "names", stage);
      stage.many = flag(node, "many", "yes");
      stage.ratio = ratio(node);
      break;
    case Stage::Kind::charset: charset(node, stage); break;
    case Stage::Kind::xml: {
      stage.path = path(node, "root", Need::optional);
      const std::string ns = member_text(node, "namespaces", Need::optional, "source.xml", mistakes_).value_or("any");
      if (ns != "any") stage.ns = ns;
      stage.many = flag(node, "documents", "many");
      break;
    }
    case Stage::Kind::json:
      stage.path = path(node, "root", Need::optional);
      stage.many = flag(node, "documents", "many");
      json_switches(node, stage);
      for (const char* key : {"mark", "comments", "quotes", "callback"}) {
        // Where one document ends is told by strict JSON.
        if (stage.many && node.find(key) != nullptr) mistakes_.add(Errc::mapping_wrong_shape, *node.find(key), std::string("source.json.") + key, {"not with documents: many", "不可与 documents: many 同用"});
      }
      break;
    case Stage::Kind::nested: nested(node, stage); break;
    case Stage::Kind::dataset:
    case Stage::Kind::multiref:
    case Stage::Kind::attachments: break;
    case Stage::Kind::multipart: stage.part = member_text(node, "part", Need::optional, "source.multipart", mistakes_).value_or(""); break;
    case Stage::Kind::open: open(node, stage); break;
    case Stage::Kind::spreadsheet:
      stage.ratio = ratio(node);
      stage.encoding = encoding(node, "charset", stage);
      stage.table = compile_table(stage, node, mistakes_);
      break;
    case Stage::Kind::rows: stage.table = compile_table(stage, node, mistakes_); break;
    case Stage::Kind::csv:
    case Stage::Kind::fixed:
    case Stage::Kind::frames:
      stage.many = stage.kind == Stage::Kind::frames;
      if (stage.kind == Stage::Kind::fixed && node.find("charset") == nullptr) mistakes_.add(Errc::mapping_missing_key, node, "source.fixed.charset");
      stage.encoding = encoding(node, "charset", stage);
      stage.table = compile_table(stage, node, mistakes_);
      break;
    case Stage::Kind::string:
      stage.path = path(node, "at", Need::required);
      stage.part = stage.path.empty() ? "" : stage.path.back().name;
      break;
    case Stage::Kind::form:
      stage.field = member_text(node, "field", Need::required, "source.form", mistakes_).value_or("");
      stage.encoding = encoding(node, "charset", stage);
      break;
  }
}

bool StageCompiler::takes(const YamlNode& at, std::initializer_list<Flows> allowed) {
  for (const Flows one : allowed) {
    if (one == flows_) return true;
  }
  // Nobody knows what a stage gives that does not exist.
  if (unknown_) return true;
  static constexpr std::string_view kNames[] = {"the body", "bytes", "text", "a document"};
  static constexpr std::string_view kNamesZh[] = {"报文体", "字节", "文本", "文档"};
  const auto index = static_cast<std::size_t>(flows_);
  mistakes_.add(Errc::mapping_stage_order, at, "source", {}, {"the stage before gives " + std::string(kNames[index]), "上一阶段给出" + std::string(kNamesZh[index])});
  return false;
}

void StageCompiler::document(Stage& stage, Stages& out) {
  stage.scope = scopes_.add();
  scopes_.outer = documents_ == 0 ? -1 : scopes_.root;
  scopes_.root = static_cast<std::uint16_t>(stage.scope);
  scopes_.all[scopes_.root]->ns = stage.ns;
  out.part_names.push_back(part_);
  ++documents_;
}

void StageCompiler::flow(const YamlNode& at, Stage& stage, Stages& out) {
  switch (stage.kind) {
    case Stage::Kind::soap:
      takes(at, {Flows::body, Flows::bytes, Flows::text});
      document(stage, out);
      flows_ = stage.part.empty() ? Flows::document : Flows::text;
      if (!stage.part.empty()) {
        part_ += "/" + stage.part;
        scopes_.ignore(scopes_.root, {{stage.part, false, 0}}, names_);
      }
      break;
    case Stage::Kind::decode: takes(at, {Flows::text}); break;
    case Stage::Kind::base64:
      takes(at, {Flows::text});
      flows_ = Flows::bytes;
      break;
    case Stage::Kind::gzip:
      takes(at, {Flows::body, Flows::bytes});
      flows_ = Flows::bytes;
      break;
    case Stage::Kind::zip:
      takes(at, {Flows::body, Flows::bytes});
      part_ += "/" + stage.entry;
      flows_ = Flows::bytes;
      break;
    case Stage::Kind::charset:
      takes(at, {Flows::body, Flows::bytes});
      flows_ = Flows::text;
      break;
    case Stage::Kind::csv:
      takes(at, {Flows::text});
      document(stage, out);
      flows_ = Flows::document;
      break;
    case Stage::Kind::multipart:
      takes(at, {Flows::body});
      if (!stage.part.empty()) part_ += "/" + stage.part;
      flows_ = Flows::bytes;
      break;
    case Stage::Kind::open:
      takes(at, {Flows::body, Flows::bytes});
      flows_ = Flows::bytes;
      break;
    case Stage::Kind::spreadsheet:
    case Stage::Kind::fixed:
      takes(at, {Flows::body, Flows::bytes});
      document(stage, out);
      flows_ = Flows::document;
      break;
    case Stage::Kind::rows:
      takes(at, {Flows::body, Flows::bytes, Flows::text});
      document(stage, out);
      flows_ = Flows::document;
      break;
    case Stage::Kind::nested:
    case Stage::Kind::dataset:
    case Stage::Kind::multiref:
    case Stage::Kind::attachments:
      // The document changes; rules read it from the scope of the one that it is made of.
      if (takes(at, {Flows::document}) && documents_ > 0) stage.scope = scopes_.root;
      break;
    case Stage::Kind::frames:
      takes(at, {Flows::body, Flows::bytes});
      part_ += "[]";
      flows_ = Flows::bytes;
      break;
    case Stage::Kind::xml:
    case Stage::Kind::json:
      // Cutting documents apart works on characters: in GBK a byte of a character can look like a sign.
      if (stage.many) takes(at, {Flows::text});
      else takes(at, {Flows::body, Flows::bytes, Flows::text});
      document(stage, out);
      flows_ = Flows::document;
      break;
    case Stage::Kind::string:
      takes(at, {Flows::document});
      if (documents_ > 0 && !stage.path.empty()) scopes_.ignore(scopes_.root, stage.path, names_);
      part_ += "/" + stage.part;
      flows_ = Flows::text;
      break;
    case Stage::Kind::form:
      takes(at, {Flows::body});
      part_ += "/" + stage.field;
      flows_ = Flows::text;
      break;
  }
}

void StageCompiler::add(const YamlNode& item, Stages& out) {
  static const YamlNode kNoArguments = [] {
    YamlNode node;
    node.kind = YamlNode::Kind::mapping;
    return node;
  }();
  const bool named = item.is_scalar() || (item.is_mapping() && item.members.size() == 1);
  const YamlNode& key = item.is_mapping() && named ? item.members[0].first : item;
  std::vector<std::string_view> known;
  for (const StageRow& row : stage_rows()) known.push_back(row.name);
  for (const StageRow& row : stage_rows()) {
    if (!named || row.name != key.text) continue;
    const bool bare = item.is_scalar() || (item.members[0].second.is_scalar() && item.members[0].second.text.empty());
    const YamlNode& arguments_node = bare ? kNoArguments : item.members[0].second;
    Stage stage;
    stage.kind = row.kind;
    if (check_keys(arguments_node, row.keys, "source." + key.text, mistakes_)) arguments(arguments_node, stage);
    flow(key, stage, out);
    out.many = out.many || stage.many;
    out.attachments = out.attachments || stage.kind == Stage::Kind::attachments;
    out.list.push_back(std::move(stage));
    return;
  }
  mistakes_.add(Errc::mapping_unknown_key, key, "source." + key.text, one_of(known), did_you_mean(key.text, known));
  unknown_ = true;
}

void StageCompiler::finish(const YamlNode& at, Stages& out) {
  if (flows_ != Flows::document && !unknown_) mistakes_.add(Errc::mapping_stage_order, at, "source", {"a last stage that gives a document", "最后一个阶段须给出文档"});
  if (documents_ + layers_ > 4) mistakes_.add(Errc::mapping_stage_order, at, "source", {"at most three inner documents", "至多三层内嵌文档"});
  if (documents_ > 0) return;
  Stage none;
  document(none, out);
}

} // namespace

std::vector<StageShape> stage_shapes() {
  std::vector<StageShape> shapes;
  for (const StageRow& row : stage_rows()) shapes.push_back({row.name, row.keys});
  return shapes;
}

Stages compile_stages(const YamlNode* node, const Mistakes& mistakes, wire::NameSet& names, Scopes& scopes) {
  Stages stages;
  StageCompiler compiler(mistakes, names, scopes);
  static const YamlNode kNowhere;
  if (node != nullptr && node->is_sequence()) {
    for (const YamlNode& item : node->items) compiler.add(item, stages);
  } else {
    mistakes.add(Errc::mapping_wrong_shape, node == nullptr ? kNowhere : *node, "source", {"a list of stages", "阶段列表"});
  }
  compiler.finish(node == nullptr ? kNowhere : *node, stages);
  return stages;
}

} // namespace tongqu::mapping::detail
