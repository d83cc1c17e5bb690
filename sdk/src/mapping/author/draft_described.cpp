#include <algorithm>
#include <map>

#include "mapping/author/draft_sources.hpp"
#include "mapping/yaml_reader.hpp"

/// Descriptions that are not XML: OpenAPI documents and table definitions in SQL.
namespace tongqu::mapping::author {
namespace {

using wire::YamlNode;
constexpr std::size_t kDepthMax = 12;

std::string text_at(const YamlNode& node, std::string_view key) {
  const YamlNode* found = node.find(key);
  return found != nullptr && found->is_scalar() ? found->text : std::string();
}

class OpenApi {
public:
  explicit OpenApi(const YamlNode& root) : root_(root) {}
  void schema(const YamlNode& given, const std::string& path, bool required, MessageKind& kind, std::size_t depth) const;
  const YamlNode& resolved(const YamlNode& node) const;

private:
  void properties(const YamlNode& schema, const std::string& path, MessageKind& kind, std::size_t depth) const;
  const YamlNode& root_;
};

/// "#/components/schemas/Case"; what leads nowhere stays.
const YamlNode& OpenApi::resolved(const YamlNode& node) const {
  const YamlNode* at = &node;
  for (std::size_t turn = 0; turn < kDepthMax; ++turn) {
    const std::string ref = text_at(*at, "$ref");
    if (ref.substr(0, 2) != "#/") return *at;
    const YamlNode* found = &root_;
    for (std::size_t begin = 2; found != nullptr && begin <= ref.size();) {
      const std::size_t end = std::min(ref.find('/', begin), ref.size());
      found = found->find(ref.substr(begin, end - begin));
      begin = end + 1;
    }
    if (found == nullptr) return *at;
    at = found;
  }
  return *at;
}

void OpenApi::properties(const YamlNode& schema, const std::string& path, MessageKind& kind, std::size_t depth) const {
  const YamlNode* required = schema.find("required");
  const YamlNode* members = schema.find("properties");
  for (std::size_t i = 0; members != nullptr && i < members->members.size(); ++i) {
    const auto& [key, value] = members->members[i];
    const bool needed = required != nullptr && std::any_of(required->items.begin(), required->items.end(), [&key = key](const YamlNode& one) { return one.text == key.text; });
    this->schema(value, path.empty() ? key.text : path + "/" + key.text, needed, kind, depth + 1);
  }
}

void OpenApi::schema(const YamlNode& given, const std::string& path, bool required, MessageKind& kind, std::size_t depth) const {
  const YamlNode& node = resolved(given);
  if (depth > kDepthMax) return;
  for (const char* several : {"oneOf", "anyOf"}) {
    if (node.find(several) != nullptr) kind.risks.push_back({std::string(several) + " at " + (path.empty() ? "the root" : path) + ": only the first form is drafted", (path.empty() ? "根" : path) + " 处有多种形式（" + several + "），仅按第一种生成"});
    if (const YamlNode* forms = node.find(several); forms != nullptr && !forms->items.empty()) schema(forms->items.front(), path, required, kind, depth + 1);
  }
  if (const YamlNode* all = node.find("allOf"); all != nullptr) {
    for (const YamlNode& part : all->items) schema(part, path, required, kind, depth + 1);
  }
  const std::string type = text_at(node, "type");
  if (const YamlNode* items = node.find("items"); items != nullptr || type == "array") {
    kind.list(path);
    if (items != nullptr) schema(*items, path, required, kind, depth + 1);
    return;
  }
  if (node.find("properties") != nullptr || type == "object") {
    if (!path.empty()) kind.containers[path];
    properties(node, path, kind, depth);
    return;
  }
  if (path.empty() || type.empty()) return;
  SeenField& field = kind.field(path);
  field.required = required;
  field.label = text_at(node, "title").empty() ? text_at(node, "description") : text_at(node, "title");
  const std::string format = text_at(node, "format");
  field.type = format == "date" ? "date" : format == "date-time" ? "time" : type == "number" ? "decimal" : type == "integer" || type == "boolean" ? type : "string";
  field.length_max = detail::small_number(text_at(node, "maxLength"), 0, 1000000).value_or(0);
  if (const YamlNode* codes = node.find("enum"); codes != nullptr) {
    for (const YamlNode& code : codes->items) field.codes.emplace_back(code.text, "");
  }
}

/// Words of SQL: names (quotes taken off), numbers, texts with a leading ', signs.
class SqlWords {
public:
  explicit SqlWords(std::string_view text);
  std::vector<std::string> words;
  std::map<std::size_t, std::string> remarks;      ///< `-- …` after the word of this number.

private:
  std::size_t quoted(std::string_view text, std::size_t at, char close);
};

std::size_t SqlWords::quoted(std::string_view text, std::size_t at, char close) {
  std::string word = close == '\'' ? "'" : "";
  for (++at; at < text.size(); ++at) {
    if (text[at] != close) word += text[at];
    else if (at + 1 < text.size() && text[at + 1] == close) word += text[at++];
    else break;
  }
  words.push_back(std::move(word));
  return at + 1;
}

SqlWords::SqlWords(std::string_view text) {
  const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || c == '#' || static_cast<unsigned char>(c) >= 0x80; };
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (text.substr(at, 2) == "--") {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      remarks[words.size()] = std::string(trimmed(text.substr(at + 2, end - at - 2)));
      at = end;
    } else if (text.substr(at, 2) == "/*") {
      at = std::min(text.find("*/", at), text.size() - 2) + 2;
    } else if (c == '\'' || c == '"' || c == '`') {
      at = quoted(text, at, c);
    } else if (c == '[') {
      at = quoted(text, at, ']');
    } else if (is_word(c)) {
      const std::size_t begin = at;
      while (at < text.size() && is_word(text[at])) ++at;
      words.emplace_back(text.substr(begin, at - begin));
    } else {
      if (c != ' ' && c != '\t' && c != '\r' && c != '\n') words.emplace_back(1, c);
      ++at;
    }
  }
}

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

std::string sql_kind(const std::string& type) {
  static const std::map<std::string, std::string> kKinds = {{"INT", "integer"}, {"INTEGER", "integer"}, {"BIGINT", "integer"}, {"SMALLINT", "integer"}, {"TINYINT", "integer"}, {"DECIMAL", "decimal"}, {"NUMERIC", "decimal"}, {"MONEY", "decimal"},
      {"FLOAT", "decimal"}, {"DOUBLE", "decimal"}, {"DATE", "date"}, {"DATETIME", "time"}, {"DATETIME2", "time"}, {"TIMESTAMP", "time"}, {"BIT", "boolean"}, {"BOOLEAN", "boolean"}};
  const auto at = kKinds.find(type);
  return at == kKinds.end() ? "string" : at->second;
}

class SqlReader {
public:
  SqlReader(std::string_view text, std::vector<MessageKind>& out) : sql_(text), w_(sql_.words), out_(out) {}
  void read();

private:
  bool is(std::size_t at, std::string_view word) const { return at < w_.size() && upper(w_[at]) == word; }
  std::size_t table(std::size_t at);
  std::size_t column(std::size_t at, MessageKind& kind);
  void comment(std::size_t at);
  /// "dbo . T" -> the last name; moves `at` past it.
  std::string name(std::size_t& at) const {
    std::string found = at < w_.size() ? w_[at++] : std::string();
    while (at + 1 < w_.size() && w_[at] == ".") {
      found = w_[at + 1];
      at += 2;
    }
    return found;
  }
  SqlWords sql_;
  const std::vector<std::string>& w_;
  std::vector<MessageKind>& out_;
};

std::size_t SqlReader::column(std::size_t at, MessageKind& kind) {
  static constexpr std::string_view kNoColumn[] = {"PRIMARY", "CONSTRAINT", "UNIQUE", "FOREIGN", "KEY", "INDEX", "CHECK", "FULLTEXT"};
  const bool is_column = std::find(std::begin(kNoColumn), std::end(kNoColumn), upper(w_[at])) == std::end(kNoColumn);
  const std::string path = w_[at];
  const std::string type = at + 1 < w_.size() ? upper(w_[at + 1]) : std::string();
  SeenField made;
  made.path = path;
  made.type = sql_kind(type);
  int depth = 0;
  for (++at; at < w_.size(); ++at) {
    if (w_[at] == "(") ++depth;
    else if (w_[at] == ")" && --depth < 0) break;
    else if (w_[at] == "," && depth == 0) break;
    if (depth == 1 && w_[at - 1] == "(" && made.length_max == 0 && made.type == "string") made.length_max = detail::small_number(w_[at], 0, 1000000).value_or(0);
    if (is(at, "NULL") && is(at - 1, "NOT")) made.required = true;
    if (is(at, "COMMENT") && at + 1 < w_.size() && w_[at + 1][0] == '\'') made.label = w_[at + 1].substr(1);
  }
  // A remark stands before the comma or after it, on the same line.
  for (const std::size_t here : {at, at + 1}) {
    if (const auto remark = sql_.remarks.find(here); remark != sql_.remarks.end() && made.label.empty()) made.label = remark->second;
  }
  if (type == "NUMBER") made.type = "decimal";
  if (is_column && kind.fields.end() == std::find_if(kind.fields.begin(), kind.fields.end(), [&](const SeenField& one) { return one.path == path; })) kind.fields.push_back(std::move(made));
  return at;
}

std::size_t SqlReader::table(std::size_t at) {
  while (is(at, "IF") || is(at, "NOT") || is(at, "EXISTS")) ++at;
  MessageKind kind;
  kind.name = name(at);
  if (at >= w_.size() || w_[at] != "(") return at;
  for (++at; at < w_.size() && w_[at] != ")";) {
    at = column(at, kind);
    if (at < w_.size() && w_[at] == ",") ++at;
  }
  kind.stages = {"json: {}"};
  kind.match = {{"operation", kind.name}};
  kind.risks.push_back({"a row is taken to come as one JSON object whose members are the columns", "假定每行以一个 JSON 对象传入，成员名即列名"});
  if (!kind.fields.empty()) out_.push_back(std::move(kind));
  return at;
}

/// COMMENT ON COLUMN t.c IS '…'
void SqlReader::comment(std::size_t at) {
  std::vector<std::string> names;
  for (; at < w_.size() && !is(at, "IS") && w_[at] != ";"; ++at) {
    if (w_[at] != ".") names.push_back(w_[at]);
  }
  if (!is(at, "IS") || names.size() < 2 || at + 1 >= w_.size() || w_[at + 1][0] != '\'') return;
  for (MessageKind& kind : out_) {
    if (upper(kind.name) != upper(names[names.size() - 2])) continue;
    for (SeenField& field : kind.fields) {
      if (upper(field.path) == upper(names.back())) field.label = w_[at + 1].substr(1);
    }
  }
}

void SqlReader::read() {
  for (std::size_t at = 0; at + 2 < w_.size(); ++at) {
    if (is(at, "CREATE") && is(at + 1, "TABLE")) at = table(at + 2);
    else if (is(at, "CREATE") && is(at + 2, "TABLE")) at = table(at + 3);
    else if (is(at, "COMMENT") && is(at + 1, "ON") && is(at + 2, "COLUMN")) comment(at + 3);
  }
}

} // namespace

Result<std::vector<MessageKind>> kinds_of_openapi(const YamlNode& root) {
  const OpenApi api(root);
  std::vector<MessageKind> kinds;
  const YamlNode* paths = root.find("paths");
  for (std::size_t i = 0; paths != nullptr && i < paths->members.size(); ++i) {
    const auto& [path, item] = paths->members[i];
    for (const auto& [method, operation] : item.members) {
      if (method.text != "post" && method.text != "put" && method.text != "patch") continue;
      MessageKind kind;
      kind.name = text_at(operation, "operationId").empty() ? method.text + path.text : text_at(operation, "operationId");
      kind.match = {{"path", path.text}};
      const YamlNode* body = operation.find("requestBody");
      const YamlNode* content = body == nullptr ? nullptr : api.resolved(*body).find("content");
      const YamlNode* schema = nullptr;
      bool xml = false;
      for (std::size_t k = 0; content != nullptr && k < content->members.size() && schema == nullptr; ++k) {
        const auto& [type, media] = content->members[k];
        xml = type.text.find("xml") != std::string::npos;
        schema = media.find("schema");
      }
      // Swagger 2: the body is a parameter.
      const YamlNode* parameters = operation.find("parameters");
      for (std::size_t k = 0; parameters != nullptr && k < parameters->items.size() && schema == nullptr; ++k) {
        const YamlNode& parameter = api.resolved(parameters->items[k]);
        if (text_at(parameter, "in") == "body") schema = parameter.find("schema");
      }
      if (schema == nullptr) continue;
      kind.stages = {xml ? "xml: {namespaces: any}" : "json: {}"};
      api.schema(*schema, "", false, kind, 0);
      if (!kind.fields.empty()) kinds.push_back(std::move(kind));
    }
  }
  return kinds;
}

std::vector<MessageKind> kinds_of_sql(std::string_view text) {
  std::vector<MessageKind> kinds;
  SqlReader(text, kinds).read();
  return kinds;
}

} // namespace tongqu::mapping::author
