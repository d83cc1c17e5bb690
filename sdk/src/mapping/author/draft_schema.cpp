#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "mapping/author/draft_sources.hpp"
#include "mapping/yaml_reader.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::mapping::author {
namespace {

using wire::Node;
constexpr std::size_t kDepthMax = 12;
constexpr std::size_t kFilesMax = 200;

std::string local(std::string_view qualified) {
  const std::size_t colon = qualified.rfind(':');
  return std::string(colon == std::string_view::npos ? qualified : qualified.substr(colon + 1));
}
std::string attribute(const Node& node, std::string_view name) {
  const Node found = node.attribute(name);
  return found ? std::string(found.raw_text()) : std::string();
}
void all_text(const Node& node, std::string& out) {
  if (!node.has_children()) out += node.raw_text();
  for (Node child = node.first_child(); child; child = child.next()) all_text(child, out);
}
std::string documentation(const Node& node) {
  std::string out;
  if (const Node annotation = node.child("annotation")) all_text(annotation, out);
  return std::string(trimmed(out));
}

std::string simple_kind(const std::string& type) {
  static const std::map<std::string, std::string> kKinds = {{"int", "integer"}, {"integer", "integer"}, {"long", "integer"}, {"short", "integer"}, {"nonNegativeInteger", "integer"}, {"positiveInteger", "integer"},
      {"decimal", "decimal"}, {"double", "decimal"}, {"float", "decimal"}, {"boolean", "boolean"}, {"date", "date"}, {"dateTime", "time"}};
  const auto at = kKinds.find(type);
  return at == kKinds.end() ? "string" : at->second;
}

/// All schemas that a description names, by local name: what stands in two namespaces under one name is said.
class Schemas {
public:
  void read(const Node& schema, const std::string& folder, std::vector<Bilingual>& risks);
  bool include(const std::string& location, const std::string& folder, std::vector<Bilingual>& risks, std::vector<Node>* definitions);
  const Node* element(const std::string& name) const { return find(elements_, name); }
  const Node* type(const std::string& name) const { return find(types_, name); }
  const Node* group(const std::string& name) const { return find(groups_, name); }
  const std::vector<std::pair<std::string, Node>>& elements() const { return order_; }

  /// Fields of an element's content below `path`.
  void content(const Node& element, const std::string& path, MessageKind& kind, std::size_t depth = 0) const;

private:
  using Named = std::map<std::string, Node>;
  static const Node* find(const Named& named, const std::string& name) {
    const auto at = named.find(name);
    return at == named.end() ? nullptr : &at->second;
  }
  void particles(const Node& node, const std::string& path, bool optional, MessageKind& kind, std::size_t depth) const;
  void member(const Node& element, const std::string& path, bool optional, MessageKind& kind, std::size_t depth) const;
  void complex(const Node& type, const std::string& path, MessageKind& kind, std::size_t depth) const;
  void simple(const Node& type, SeenField& field, std::size_t depth) const;
  const Node* complex_of(const Node& element) const;

  Named elements_, types_, groups_;
  std::vector<std::pair<std::string, Node>> order_;
  std::vector<std::unique_ptr<std::string>> texts_;
  std::vector<std::unique_ptr<wire::Document>> documents_;
  std::set<std::string> files_;
};

bool Schemas::include(const std::string& location, const std::string& folder, std::vector<Bilingual>& risks, std::vector<Node>* definitions) {
  if (location.empty()) return false;
  if (location.find("://") != std::string::npos || files_.size() >= kFilesMax) {
    risks.push_back({"not fetched: " + location + "; put it beside the file and name it by its path", "未下载 " + location + "；请将其放在同一目录并用相对路径引用"});
    return false;
  }
  const std::string file = (std::filesystem::path(folder) / location).lexically_normal().string();
  if (!files_.insert(file).second) return true;
  auto bytes = detail::read_file(file);
  if (bytes) texts_.push_back(std::make_unique<std::string>(std::move(*bytes)));
  auto document = bytes ? wire::parse_xml(*texts_.back()) : Result<wire::Document>(Error(Errc::base_file_unreadable));
  if (!document) {
    risks.push_back({"an imported file cannot be read: " + location, "引用的文件无法读取：" + location});
    return false;
  }
  documents_.push_back(std::make_unique<wire::Document>(std::move(*document)));
  const Node root = documents_.back()->root();
  const std::string beside = std::filesystem::path(file).parent_path().string();
  if (root.name() == "schema") read(root, beside, risks);
  else if (definitions != nullptr) definitions->push_back(root);
  return true;
}

void Schemas::read(const Node& schema, const std::string& folder, std::vector<Bilingual>& risks) {
  for (Node child = schema.first_child(); child; child = child.next()) {
    const std::string name = attribute(child, "name");
    if (child.name() == "include" || child.name() == "import" || child.name() == "redefine") {
      (void)include(attribute(child, "schemaLocation"), folder, risks, nullptr);
      continue;
    }
    Named* named = child.name() == "element" ? &elements_ : child.name() == "complexType" || child.name() == "simpleType" ? &types_ : child.name() == "group" || child.name() == "attributeGroup" ? &groups_ : nullptr;
    if (named == nullptr || name.empty()) continue;
    if (!named->emplace(name, child).second) risks.push_back({"two definitions are called " + name + "; the first is used", "有两个定义同名 " + name + "，采用第一个"});
    else if (named == &elements_) order_.emplace_back(name, child);
  }
}

const Node* Schemas::complex_of(const Node& element) const {
  const Node* named = type(local(attribute(element, "type")));
  return named != nullptr && named->name() == "complexType" ? named : nullptr;
}

void Schemas::simple(const Node& given, SeenField& field, std::size_t depth) const {
  const Node restriction = given.child("restriction");
  if (!restriction || depth > kDepthMax) return;
  const std::string base = local(attribute(restriction, "base"));
  if (const Node* named = type(base); named != nullptr) simple(*named, field, depth + 1);
  else field.type = simple_kind(base);
  for (Node facet = restriction.first_child(); facet; facet = facet.next()) {
    const std::string value = attribute(facet, "value");
    if (facet.name() == "enumeration") field.codes.emplace_back(value, documentation(facet));
    if ((facet.name() == "maxLength" || facet.name() == "length") && !value.empty()) field.length_max = detail::small_number(value, 0, 1000000).value_or(0);
  }
}

void Schemas::complex(const Node& given, const std::string& path, MessageKind& kind, std::size_t depth) const {
  for (Node child = given.first_child(); child; child = child.next()) {
    if (child.name() == "complexContent" || child.name() == "simpleContent") {
      for (Node derived = child.first_child(); derived; derived = derived.next()) {
        const Node* base = type(local(attribute(derived, "base")));
        if (base != nullptr && derived.name() == "extension" && depth < kDepthMax) complex(*base, path, kind, depth + 1);
        complex(derived, path, kind, depth + 1);
      }
    } else if (child.name() == "attribute" && !attribute(child, "name").empty()) {
      SeenField& field = kind.field((path.empty() ? "" : path + "/") + "@" + attribute(child, "name"));
      field.label = documentation(child);
      field.type = simple_kind(local(attribute(child, "type")));
    }
  }
  particles(given, path, false, kind, depth);
}

void Schemas::particles(const Node& node, const std::string& path, bool optional, MessageKind& kind, std::size_t depth) const {
  if (depth > kDepthMax) return;
  for (Node child = node.first_child(); child; child = child.next()) {
    const bool may_miss = optional || attribute(child, "minOccurs") == "0";
    if (child.name() == "sequence" || child.name() == "all") particles(child, path, may_miss, kind, depth + 1);
    else if (child.name() == "choice") particles(child, path, true, kind, depth + 1);
    else if (child.name() == "group") {
      if (const Node* named = group(local(attribute(child, "ref"))); named != nullptr) particles(*named, path, may_miss, kind, depth + 1);
    } else if (child.name() == "any") {
      kind.risks.push_back({"anything may stand at " + (path.empty() ? std::string("the root") : path) + " (xs:any): only messages tell", (path.empty() ? std::string("根元素") : path) + " 处允许任意内容（xs:any），须以实际报文为准"});
    } else if (child.name() == "element") member(child, path, may_miss, kind, depth + 1);
  }
}

void Schemas::member(const Node& given, const std::string& path, bool optional, MessageKind& kind, std::size_t depth) const {
  const std::string ref = local(attribute(given, "ref"));
  const Node* referred = ref.empty() ? nullptr : element(ref);
  const Node& node = referred != nullptr ? *referred : given;
  const std::string name = ref.empty() ? attribute(given, "name") : ref;
  const std::string inner = path.empty() ? name : path + "/" + name;
  const std::string most = attribute(given, "maxOccurs");
  if (!most.empty() && most != "0" && most != "1") kind.list(inner);
  const bool has_children = node.child("complexType") || complex_of(node) != nullptr;
  if (has_children && depth < kDepthMax) {
    kind.containers[inner];
    content(node, inner, kind, depth);
    return;
  }
  SeenField& field = kind.field(inner);
  field.label = documentation(given).empty() ? documentation(node) : documentation(given);
  field.required = !optional;
  const Node* named = type(local(attribute(node, "type")));
  if (const Node own = node.child("simpleType")) simple(own, field, depth);
  else if (named != nullptr) simple(*named, field, depth);
  else field.type = simple_kind(local(attribute(node, "type")));
  if (has_children) kind.risks.push_back({"nested deeper than " + std::to_string(kDepthMax) + " at " + inner, inner + " 处嵌套过深"});
}

void Schemas::content(const Node& given, const std::string& path, MessageKind& kind, std::size_t depth) const {
  if (const Node own = given.child("complexType")) complex(own, path, kind, depth + 1);
  else if (const Node* named = complex_of(given); named != nullptr) complex(*named, path, kind, depth + 1);
}

/// A document in a string: nothing but messages tells what is in it.
void string_parameter(const std::string& operation, const std::string& part, MessageKind& kind) {
  kind.stages = {"soap: {operation: " + operation + ", part: " + part + "}", "xml: {namespaces: any}"};
  kind.fields.clear();
  kind.risks.push_back({"parameter " + part + " is a text, most likely a document in it; capture messages and run `map scaffold` on them",
                        "参数 " + part + " 为字符串，其中多半是一份文档；请采集报文后对报文目录运行 map scaffold"});
}

void soap_kind(const std::string& operation, const std::string& element_name, MessageKind& kind) {
  kind.name = operation;
  kind.soap = true;
  kind.match = {{"operation", element_name}};
  std::vector<const SeenField*> texts;
  for (const SeenField& field : kind.fields) {
    if (field.path.find('/') == std::string::npos && field.type == "string" && field.codes.empty()) texts.push_back(&field);
  }
  static constexpr std::string_view kDocumentNames[] = {"xml", "str", "data", "json", "content", "body", "in0", "arg0", "param", "msg"};
  const auto looks = [](const SeenField* field) {
    std::string lower = field->path;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return std::any_of(std::begin(kDocumentNames), std::end(kDocumentNames), [&lower](std::string_view word) { return lower.find(word) != std::string::npos; });
  };
  const auto named = std::find_if(texts.begin(), texts.end(), looks);
  const bool only = kind.fields.size() == 1 && texts.size() == 1;
  const bool few = kind.fields.size() <= 5 && kind.fields.size() == texts.size() && named != texts.end();
  if (only || few) {
    const std::string part = only ? texts.front()->path : (*named)->path;
    string_parameter(element_name, part, kind);
    return;
  }
  kind.stages = {"soap: {operation: " + element_name + "}"};
}

const Node named_child(const std::vector<Node>& definitions, std::string_view what, const std::string& name) {
  for (const Node& one : definitions) {
    for (Node child = one.first_child(); child; child = child.next()) {
      if (child.name() == what && attribute(child, "name") == name) return child;
    }
  }
  return {};
}

void message_fields(const Schemas& schemas, const Node& message, const std::string& operation, MessageKind& kind, std::string& element_name) {
  for (Node part = message.first_child(); part; part = part.next()) {
    if (part.name() != "part") continue;
    const std::string by_element = local(attribute(part, "element"));
    if (const Node* element = schemas.element(by_element); !by_element.empty()) {
      element_name = by_element;
      if (element != nullptr) schemas.content(*element, "", kind);
      continue;
    }
    // rpc: the operation's name is the element, the parts are its children.
    element_name = operation;
    SeenField& field = kind.field(attribute(part, "name"));
    field.type = simple_kind(local(attribute(part, "type")));
    if (field.type == "string" && schemas.type(local(attribute(part, "type"))) != nullptr) kind.risks.push_back({"part " + field.path + " is of a complex type in rpc style: only messages tell", "rpc 风格的参数 " + field.path + " 为复杂类型，须以实际报文为准"});
  }
}

} // namespace

Result<std::vector<MessageKind>> kinds_of_wsdl(const wire::Document& wsdl, const std::string& folder) {
  Schemas schemas;
  std::vector<Bilingual> risks;
  std::vector<Node> definitions = {wsdl.root()};
  for (std::size_t i = 0; i < definitions.size(); ++i) {
    const Node one = definitions[i];
    for (Node child = one.first_child(); child; child = child.next()) {
      if (child.name() == "import") (void)schemas.include(attribute(child, "location"), folder, risks, &definitions);
      for (Node schema = child.name() == "types" ? child.first_child() : Node(); schema; schema = schema.next()) schemas.read(schema, folder, risks);
    }
  }
  std::vector<MessageKind> kinds;
  std::set<std::string> seen;
  for (const Node& one : definitions) {
    for (Node port = one.first_child(); port; port = port.next()) {
      for (Node operation = port.name() == "portType" ? port.first_child() : Node(); operation; operation = operation.next()) {
        const std::string name = attribute(operation, "name");
        const Node input = operation.child("input");
        if (operation.name() != "operation" || !input || !seen.insert(name).second) continue;
        MessageKind kind;
        if (kinds.empty()) kind.risks = risks;
        std::string element_name = name;
        if (const Node message = named_child(definitions, "message", local(attribute(input, "message")))) message_fields(schemas, message, name, kind, element_name);
        else kind.risks.push_back({"the message of operation " + name + " is not in the files", "文件中没有操作 " + name + " 的消息定义"});
        soap_kind(name, element_name, kind);
        kinds.push_back(std::move(kind));
      }
    }
  }
  return kinds;
}

Result<std::vector<MessageKind>> kinds_of_xsd(const wire::Document& xsd, const std::string& folder) {
  Schemas schemas;
  std::vector<Bilingual> risks;
  schemas.read(xsd.root(), folder, risks);
  std::vector<MessageKind> kinds;
  for (const auto& [name, element] : schemas.elements()) {
    MessageKind kind;
    kind.name = name;
    kind.risks = risks;
    kind.stages = {"xml: {root: " + name + ", namespaces: any}"};
    kind.match = {{"root", name}};
    schemas.content(element, "", kind);
    if (!kind.fields.empty()) kinds.push_back(std::move(kind));
  }
  // The element that holds the most is the message; the others are its parts.
  std::stable_sort(kinds.begin(), kinds.end(), [](const MessageKind& a, const MessageKind& b) { return a.fields.size() > b.fields.size(); });
  if (kinds.size() > 1) {
    std::string others;
    for (std::size_t i = 1; i < kinds.size() && i < 6; ++i) others += (i == 1 ? "" : ", ") + kinds[i].name;
    kinds.front().risks.push_back({"the schema has other global elements, taken for parts of it: " + others, "该模式另有全局元素，视为其组成部分：" + others});
    kinds.resize(1);
  }
  return kinds;
}

} // namespace tongqu::mapping::author
