#include <algorithm>

#include "mapping/reverse/plan.hpp"

namespace tongqu::mapping::detail {
namespace {

using Kind = Stage::Kind;

struct StageName { Kind kind; std::string_view name; };
constexpr StageName kNames[] = {{Kind::soap, "soap"}, {Kind::decode, "decode"}, {Kind::base64, "base64"}, {Kind::gzip, "gzip"}, {Kind::zip, "zip"},
                                {Kind::charset, "charset"}, {Kind::xml, "xml"}, {Kind::json, "json"}, {Kind::string, "string"}, {Kind::form, "form"},
                                {Kind::csv, "csv"}, {Kind::fixed, "fixed"}, {Kind::frames, "frames"}, {Kind::nested, "nested"}, {Kind::dataset, "dataset"}, {Kind::rows, "rows"},
                                {Kind::multiref, "multiref"}, {Kind::multipart, "multipart"}, {Kind::attachments, "attachments"},
                                {Kind::spreadsheet, "spreadsheet"}, {Kind::open, "open"}};

bool can_write(Kind kind) {
  constexpr Kind kKnown[] = {Kind::soap, Kind::decode, Kind::base64, Kind::charset, Kind::xml, Kind::json, Kind::string, Kind::form, Kind::csv, Kind::fixed, Kind::nested};
  return std::find(std::begin(kKnown), std::end(kKnown), kind) != std::end(kKnown);
}

bool gives_text(Kind kind) { return kind == Kind::decode || kind == Kind::charset || kind == Kind::string || kind == Kind::form; }

class WriteCompiler {
public:
  WriteCompiler(const YamlNode& node, const ReverseSubject& subject, const Mistakes& mistakes, ReversePlan& plan)
      : node_(node), subject_(subject), mistakes_(mistakes), plan_(plan) {}
  void run();

private:
  void stage(std::size_t number, const YamlNode& arguments);
  void xml(std::size_t number, const YamlNode& node, WriteStage& out);
  void json(std::size_t number, const YamlNode& node, WriteStage& out);
  void soap(const Stage& stage, const YamlNode& node, WriteStage& out);
  void csv(const Stage& stage, const YamlNode& node, WriteStage& out);
  void fixed(const Stage& stage, const YamlNode& node, WriteStage& out);
  void form(const Stage& stage, const YamlNode& node, WriteStage& out);
  void look(const YamlNode& node, std::string_view subject, XmlLayout& out);
  void charsets();
  Charset charset_of(std::size_t number) const;
  std::string text(const YamlNode& node, const char* key, std::string_view subject) { return member_text(node, key, Need::optional, subject, mistakes_).value_or(""); }
  bool choice(const YamlNode& node, const char* key, std::string_view subject, std::string_view on, std::string_view off);
  /// The text that flows into a stage, on the way in: characters, so that the document on the way out stays characters.
  bool takes_text(std::size_t number) const;
  Shape& shape(int scope) { return *const_cast<Shape*>(plan_.scope_shapes[static_cast<std::size_t>(scope)]); }

  const YamlNode& node_;
  const ReverseSubject& subject_;
  const Mistakes& mistakes_;
  ReversePlan& plan_;
  std::vector<WriteStage> made_;             ///< By number of the source stage.
};

bool WriteCompiler::choice(const YamlNode& node, const char* key, std::string_view subject, std::string_view on, std::string_view off) {
  const YamlNode* at = node.find(key);
  if (at == nullptr) return false;
  if (at->text != on && at->text != off) mistakes_.add(Errc::mapping_wrong_shape, *at, std::string(subject) + "." + key, one_of({off, on}));
  return at->text == on;
}

bool WriteCompiler::takes_text(std::size_t number) const {
  if (number == 0) return false;
  const Stage& before = subject_.stages.list[number - 1];
  return gives_text(before.kind) || (before.kind == Kind::soap && !before.part.empty());
}

void WriteCompiler::look(const YamlNode& node, std::string_view subject, XmlLayout& out) {
  const std::string at(subject);
  out.single_quotes = choice(node, "quotes", at, "single", "double");
  out.line_after_declaration = choice(node, "after_declaration", at, "line", "nothing");
  out.pairs = choice(node, "empty_elements", at, "pair", "short");
  out.xsi_at_root = choice(node, "xsi", at, "root", "element");
}

void WriteCompiler::xml(std::size_t number, const YamlNode& node, WriteStage& out) {
  constexpr const char* kSubject = "reverse.write.xml";
  const Stage& stage = subject_.stages.list[number];
  check_keys(node, {"root", "declaration", "declared", "quotes", "after_declaration", "empty_elements", "xsi", "namespace", "prefix", "charset", "unencodable", "replacement", "edition", "mark"}, kSubject, mistakes_);
  out.to_bytes = !takes_text(number);
  out.charset = compile_charset(node, "", kSubject, mistakes_);
  for (const char* key : {"charset", "unencodable", "replacement", "edition", "mark"}) {
    const YamlNode* at = node.find(key);
    if (at != nullptr && !out.to_bytes) mistakes_.add(Errc::mapping_wrong_shape, *at, std::string(kSubject) + "." + key, {"at the stage that gives bytes", "写在给出字节的阶段"});
  }
  for (const PathStep& step : stage.path) {
    if (step.ordinal > 1 || step.attribute) mistakes_.add(Errc::mapping_reverse_stage, node_, "source.xml.root", {"names only", "只写名称"});
    out.xml.root.push_back(step.name);
  }
  if (const std::string root = text(node, "root", kSubject); !root.empty()) out.xml.root = {root};
  if (out.xml.root.empty()) {
    mistakes_.add(Errc::mapping_missing_key, node_, "reverse.write.xml.root", {"the name of the document element", "文档根元素的名称"});
    out.xml.root = {"root"};
  }
  if (!stage.path.empty() && node.find("root") != nullptr) mistakes_.add(Errc::mapping_wrong_shape, *node.find("root"), "reverse.write.xml.root", {"nothing: source says it", "无需填写：source 已给出"});
  look(node, kSubject, out.xml);
  out.xml.declared = out.charset.told();
  const std::string declaration = text(node, "declaration", kSubject);
  out.xml.declaration = declaration.empty() ? out.to_bytes || node.find("declared") != nullptr : declaration == "yes";
  if (!declaration.empty() && declaration != "yes" && declaration != "no") mistakes_.add(Errc::mapping_wrong_shape, *node.find("declaration"), "reverse.write.xml.declaration", one_of({"yes", "no"}));
  out.xml.ns = node.find("namespace") != nullptr ? text(node, "namespace", kSubject) : stage.ns;
  out.xml.prefix = text(node, "prefix", kSubject);
  out.xml.raw_line_ends = plan_.crlf;
}

void WriteCompiler::json(std::size_t number, const YamlNode& node, WriteStage& out) {
  constexpr const char* kSubject = "reverse.write.json";
  const Stage& stage = subject_.stages.list[number];
  check_keys(node, {"escape", "spaces"}, kSubject, mistakes_);
  out.to_bytes = !takes_text(number);
  out.json.ascii = choice(node, "escape", kSubject, "ascii", "needed");
  out.json.spaced = choice(node, "spaces", kSubject, "after", "none");
  for (const PathStep& step : stage.path) {
    if (step.ordinal != 0 || step.attribute) mistakes_.add(Errc::mapping_reverse_stage, node_, "source.json.root", {"names only", "只写名称"});
    out.json.root.push_back(step.name);
  }
}

void WriteCompiler::soap(const Stage& stage, const YamlNode& node, WriteStage& out) {
  constexpr const char* kSubject = "reverse.write.soap";
  check_keys(node, {"version", "operation", "namespace", "prefix", "envelope", "declare", "children", "as", "action", "declaration", "declared", "quotes", "after_declaration",
                    "empty_elements", "xsi", "charset", "unencodable", "replacement", "edition", "mark"}, kSubject, mistakes_);
  out.to_bytes = true;
  out.charset = compile_charset(node, "", kSubject, mistakes_);
  SoapLayout& soap = out.soap;
  soap.version12 = choice(node, "version", kSubject, "1.2", "1.1");
  soap.operation = stage.operation != "any" ? stage.operation : text(node, "operation", kSubject);
  if (soap.operation.empty()) mistakes_.add(Errc::mapping_missing_key, node_, "reverse.write.soap.operation", {"the operation that is called", "要调用的操作"});
  if (stage.operation != "any" && node.find("operation") != nullptr) mistakes_.add(Errc::mapping_wrong_shape, *node.find("operation"), "reverse.write.soap.operation", {"nothing: source says it", "无需填写：source 已给出"});
  soap.ns = text(node, "namespace", kSubject);
  soap.prefix = text(node, "prefix", kSubject);
  if (!soap.prefix.empty() && soap.ns.empty()) mistakes_.add(Errc::mapping_missing_key, node_, "reverse.write.soap.namespace", {"the namespace of the prefix", "前缀对应的命名空间"});
  if (node.find("envelope") != nullptr) soap.envelope = text(node, "envelope", kSubject);
  soap.declared_at_envelope = choice(node, "declare", kSubject, "envelope", "operation");
  soap.qualified = !choice(node, "children", kSubject, "unqualified", "qualified");
  soap.action = text(node, "action", kSubject);
  look(node, kSubject, soap.xml);
  soap.xml.declaration = !choice(node, "declaration", kSubject, "no", "yes");
  soap.xml.declared = out.charset.told();
  soap.xml.raw_line_ends = plan_.crlf;
  if (stage.part.empty()) {
    if (node.find("as") != nullptr) mistakes_.add(Errc::mapping_wrong_shape, *node.find("as"), "reverse.write.soap.as", {"with a part in source", "source 中有 part 时才用"});
    return;
  }
  Shape& carrier = shape(stage.scope).at({{stage.part, false, 0}});
  carrier.leaf = true;
  carrier.cdata = choice(node, "as", kSubject, "cdata", "escaped");
  out.carrier = &carrier;
}

void WriteCompiler::csv(const Stage& stage, const YamlNode& node, WriteStage& out) {
  constexpr const char* kSubject = "reverse.write.csv";
  check_keys(node, {"columns", "quotes", "line_ends"}, kSubject, mistakes_);
  out.csv.csv = stage.table->csv;
  out.csv.header = stage.table->shape.columns.empty();
  out.csv.columns = stage.table->shape.columns;
  if (const YamlNode* columns = node.find("columns"); columns != nullptr) out.csv.columns = texts(*columns, "reverse.write.csv.columns", mistakes_);
  if (out.csv.columns.empty()) mistakes_.add(Errc::mapping_missing_key, node_, "reverse.write.csv.columns", {"the columns in order", "按顺序列出各列"});
  if (out.csv.header && stage.table->shape.header_rows != std::vector<std::uint32_t>{1}) mistakes_.add(Errc::mapping_reverse_stage, node_, "source.csv.header_rows", same("[1]"));
  out.csv.quotes_always = choice(node, "quotes", kSubject, "always", "needed");
  out.csv.crlf = !choice(node, "line_ends", kSubject, "lf", "crlf");
}

void WriteCompiler::fixed(const Stage& stage, const YamlNode& node, WriteStage& out) {
  check_keys(node, {"declared", "unencodable", "replacement", "edition"}, "reverse.write.fixed", mistakes_);
  out.fixed = stage.table->fixed;
  if (!out.fixed.kinds.empty()) mistakes_.add(Errc::mapping_reverse_stage, node_, "source.fixed.kinds");
  out.charset = compile_charset(node, stage.label, "reverse.write.fixed", mistakes_);
}

void WriteCompiler::form(const Stage& stage, const YamlNode& node, WriteStage& out) {
  constexpr const char* kSubject = "reverse.write.form";
  check_keys(node, {"fields", "blank", "declared", "unencodable", "replacement", "edition"}, kSubject, mistakes_);
  out.field = stage.field;
  out.charset = compile_charset(node, stage.label, kSubject, mistakes_);
  out.plus = !choice(node, "blank", kSubject, "percent", "plus");
  const YamlNode* fields = node.find("fields");
  if (fields == nullptr) return;
  for (const auto& [name, value] : fields->members) {
    refuse_secret(value, "reverse.write.form.fields." + name.text, mistakes_);
    out.fields.emplace_back(name.text, value.text);
  }
}

void WriteCompiler::stage(std::size_t number, const YamlNode& arguments) {
  const Stage& stage = subject_.stages.list[number];
  WriteStage& out = made_[number];
  out.kind = stage.kind;
  out.scope = stage.scope;
  switch (stage.kind) {
    case Kind::xml: xml(number, arguments, out); break;
    case Kind::json: json(number, arguments, out); break;
    case Kind::soap: soap(stage, arguments, out); break;
    case Kind::csv: csv(stage, arguments, out); break;
    case Kind::fixed: fixed(stage, arguments, out); break;
    case Kind::form: form(stage, arguments, out); break;
    case Kind::charset:
      check_keys(arguments, {"declared", "unencodable", "replacement", "edition", "mark"}, "reverse.write.charset", mistakes_);
      out.charset = compile_charset(arguments, stage.label, "reverse.write.charset", mistakes_);
      if (!out.charset.edition) out.charset.edition = stage.edition;
      break;
    case Kind::decode:
      check_keys(arguments, {}, "reverse.write.decode", mistakes_);
      out.layers = stage.layers;
      break;
    case Kind::string: {
      check_keys(arguments, {"as"}, "reverse.write.string", mistakes_);
      // The document that carries the text belongs to the stage of a document before this one.
      int outer = -1;
      for (std::size_t i = 0; i < number; ++i) {
        if (subject_.stages.list[i].scope >= 0) outer = subject_.stages.list[i].scope;
      }
      if (outer < 0 || stage.path.empty()) break;
      Shape& carrier = shape(outer).at(stage.path);
      carrier.leaf = true;
      carrier.cdata = choice(arguments, "as", "reverse.write.string", "cdata", "escaped");
      out.carrier = &carrier;
      out.scope = outer;
      break;
    }
    case Kind::nested:
      check_keys(arguments, {}, "reverse.write.nested", mistakes_);
      if (stage.scope >= 0 && !stage.path.empty()) shape(stage.scope).at(stage.path).nested = stage.nested_xml ? Shape::Nested::xml : Shape::Nested::json;
      break;
    default: break;
  }
}

/// The character set that the values of a stage's document end up in.
Charset WriteCompiler::charset_of(std::size_t number) const {
  const WriteStage& at = made_[number];
  if (at.to_bytes || at.kind == Kind::charset || at.kind == Kind::form || at.kind == Kind::fixed) {
    Charset found = at.charset;
    return found;
  }
  return number == 0 ? Charset() : charset_of(number - 1);
}

void WriteCompiler::charsets() {
  for (std::size_t i = 0; i < made_.size(); ++i) {
    WriteStage& stage = made_[i];
    if (stage.kind == Kind::string || stage.kind == Kind::nested || stage.scope < 0) continue;
    const Charset charset = charset_of(i);
    stage.charset = charset;
    const auto scope = static_cast<std::size_t>(stage.scope);
    plan_.charsets[scope] = charset;
    plan_.xml[scope] = stage.kind == Kind::xml || stage.kind == Kind::soap;
    const bool references = stage.kind == Kind::xml || stage.kind == Kind::soap || stage.kind == Kind::json;
    if (!references && charset.unencodable == Charset::Unencodable::charref) {
      mistakes_.add(Errc::mapping_wrong_shape, node_, "reverse.write: unencodable", {"charref with xml, soap or json", "charref 仅用于 xml、soap 或 json"});
    }
  }
  // Elements of lists are of the set of their document.
  for (const Scopes::Child& child : subject_.scopes.children) {
    plan_.charsets[child.scope] = plan_.charsets[child.parent];
    plan_.xml[child.scope] = plan_.xml[child.parent];
  }
}

void WriteCompiler::run() {
  const std::vector<Stage>& sources = subject_.stages.list;
  made_.resize(sources.size());
  static const YamlNode kNone = [] {
    YamlNode none;
    none.kind = YamlNode::Kind::mapping;
    return none;
  }();
  const YamlNode* write = node_.find("write");
  if (write != nullptr && !write->is_sequence()) mistakes_.add(Errc::mapping_wrong_shape, *write, "reverse.write", {"a list of stages, the innermost first", "阶段列表，最内层在前"});
  std::size_t next = 0;
  for (std::size_t i = sources.size(); i-- > 0;) {
    const Stage& source = sources[i];
    if (!can_write(source.kind) || source.many || source.documents_many) {
      mistakes_.add(Errc::mapping_reverse_stage, write == nullptr ? node_ : *write, "source." + std::string(stage_name(source.kind)), {"a stage that can be written", "可回写的阶段"});
      continue;
    }
    const YamlNode* arguments = &kNone;
    if (write != nullptr && next < write->items.size()) {
      const YamlNode& item = write->items[next];
      const YamlNode& key = item.is_mapping() && item.members.size() == 1 ? item.members[0].first : item;
      if (key.text == stage_name(source.kind)) {
        if (item.is_mapping() && item.members[0].second.is_mapping()) arguments = &item.members[0].second;
        ++next;
      }
    }
    stage(i, *arguments);
  }
  if (write != nullptr && next < write->items.size()) {
    std::string order;
    for (std::size_t i = sources.size(); i-- > 0;) order += (order.empty() ? "" : ", ") + std::string(stage_name(sources[i].kind));
    mistakes_.add(Errc::mapping_reverse_stage, write->items[next], "reverse.write", same(order));
  }
  charsets();
  plan_.stages.assign(made_.rbegin(), made_.rend());
}

} // namespace

std::string_view stage_name(Stage::Kind kind) noexcept {
  for (const StageName& row : kNames) {
    if (row.kind == kind) return row.name;
  }
  return "stage";
}

void compile_write(const YamlNode& node, const ReverseSubject& subject, const Mistakes& mistakes, ReversePlan& plan) { WriteCompiler(node, subject, mistakes, plan).run(); }

} // namespace tongqu::mapping::detail
