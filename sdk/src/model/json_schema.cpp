#include <set>
#include <string>

#include "tongqu/model/code_systems.hpp"
#include "tongqu/model/record.hpp"
#include "tongqu/model/schema.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::model {
namespace {

constexpr std::string_view kMonth = "^[0-9]{4}-(0[1-9]|1[0-2])$";
constexpr std::string_view kDay = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$";
constexpr std::string_view kInstant =
    "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{3})?(Z|[+-][0-9]{2}:[0-5][0-9])$";
constexpr std::string_view kDecimal = "^[+-]?[0-9]+(\\.[0-9]+)?$";
constexpr std::string_view kMoney = "^(0|[1-9][0-9]*)(\\.([0-9]?[1-9]))?$";
constexpr std::string_view kPath = "^[a-z][a-z0-9_]*(\\[[0-9]+\\])?(\\.[a-z][a-z0-9_]*(\\[[0-9]+\\])?){0,3}$";

/// Which of the two families of definitions: a part may say null.
enum class Family { whole, part };

std::string def_of(const RecordType& type, Family family) {
  return "#/$defs/" + std::string(type.name) + (family == Family::part ? ".part" : "");
}

class SchemaWriter {
public:
  explicit SchemaWriter(EntityId entity) : entity_(entity), json_(text_) {}

  std::string write() {
    collect(entity_type(entity_));
    json_.begin_object();
    json_.member("$schema", "https://json-schema.org/draft/2020-12/schema");
    json_.member("$id", "urn:tongqu:model:" + std::string(entity_version(entity_)));
    describe(entity_type(entity_).zh, entity_type(entity_).en);
    json_.member("type", "object");
    strings("required", {"record", "kind"});
    object("if", [&] {
      object("properties", [&] { object("kind", [&] { json_.member("const", "part"); }); });
      strings("required", {"kind"});
    });
    object("then", [&] { json_.member("$ref", "#/$defs/a_part"); });
    object("else", [&] { json_.member("$ref", "#/$defs/a_whole"); });
    object("$defs", [&] { definitions(); });
    json_.end_object();
    return std::move(text_);
  }

private:
  template <class F>
  void object(std::string_view name, F fill) {
    json_.key(name);
    json_.begin_object();
    fill();
    json_.end_object();
  }
  void strings(std::string_view name, std::initializer_list<std::string_view> values) {
    json_.key(name);
    json_.begin_array();
    for (const std::string_view value : values) json_.string(value);
    json_.end_array();
  }
  void closed() {
    json_.key("additionalProperties");
    json_.boolean(false);
  }
  void describe(std::string_view zh, std::string_view en) {
    json_.member("title", zh);
    json_.member("description", en);
  }
  void reference(std::string_view name, const std::string& target, std::string_view zh, std::string_view en) {
    object(name, [&] {
      describe(zh, en);
      json_.member("$ref", target);
    });
  }

  void collect(const RecordType& type) {
    for (std::size_t i = 0; i < type.count; ++i) {
      const FieldInfo& field = type.fields[i];
      if (!field.system.empty()) systems_.insert(field.system);
      if (field.type != nullptr && seen_.insert(field.type()->name).second) {
        types_.push_back(field.type());
        collect(*field.type());
      }
    }
  }

  void definitions() {
    object("a_whole", [&] { root(Family::whole); });
    object("a_part", [&] { root(Family::part); });
    head_definitions();
    value_definitions();
    for (const std::string_view system : systems_) object("code." + std::string(system), [&] { code(system); });
    for (const RecordType* type : types_) {
      for (const Family family : {Family::whole, Family::part}) {
        object(def_of(*type, family).substr(8), [&] {
          describe(type->zh, type->en);
          json_.member("type", "object");
          object("properties", [&] { properties(*type, family); });
          closed();
        });
      }
    }
  }

  void root(Family family) {
    object("properties", [&] {
      object("record", [&] {
        describe("记录类型", "Entity and major version of the model");
        json_.member("const", entity_version(entity_));
      });
      object("kind", [&] {
        describe("记录种类", "snapshot the whole, part only what it names, void taken back, replace in place of another, delete gone");
        if (family == Family::part) json_.member("const", "part");
        else strings("enum", {"snapshot", "void", "replace", "delete"});
      });
      reference("identity", "#/$defs/head.identity", "事件身份", "Who and what the event is, as the source has it");
      reference("envelope", "#/$defs/head.envelope", "信封", "Where the record came from and when");
      reference("reason", "#/$defs/value.text", "作废原因", "Of a void: why");
      reference("replaces", "#/$defs/value.text", "被替换记录", "Of a replace: key of the record that it replaces");
      reference("deleted_version", "#/$defs/value.text", "被删除版本", "Of a delete: version that goes");
      properties(entity_type(entity_), family);
      reference("ext", "#/$defs/head.ext", "扩展字段", "Declared fields of a province or vendor, by namespace");
      reference("unknown", "#/$defs/head.unknown", "未知成员", "Members that the model does not know, by path, word for word");
      reference("meta", "#/$defs/head.meta", "元数据", "What is said about fields beside their values, by path; outside the digest");
    });
    closed();
  }

  void head_definitions() {
    object("head.identity", [&] {
      json_.member("type", "object");
      object("properties", [&] {
#define TONGQU_IDENTITY(member, name, initial, zh, en) reference(#name, "#/$defs/value.text", zh, en);
#include "tongqu/model/defs/envelope.def"
#undef TONGQU_IDENTITY
      });
      closed();
    });
    object("head.envelope", [&] {
      json_.member("type", "object");
      object("properties", [&] {
#define TONGQU_ENVELOPE(kind, member, zh, en) reference(#member, "#/$defs/value." #kind, zh, en);
#include "tongqu/model/defs/envelope.def"
#undef TONGQU_ENVELOPE
      });
      closed();
    });
    object("head.ext", [&] {
      json_.member("type", "object");
      object("additionalProperties", [&] {
        json_.member("type", "object");
        object("additionalProperties", [&] { json_.member("type", "string"); });
      });
    });
    object("head.unknown", [&] { json_.member("type", "object"); });
    object("head.meta", [&] {
      json_.member("type", "object");
      object("propertyNames", [&] { json_.member("pattern", kPath); });
      object("additionalProperties", [&] { json_.member("$ref", "#/$defs/head.meta_entry"); });
    });
    object("head.meta_entry", [&] { meta_entry(); });
  }

  void meta_entry() {
    json_.member("type", "object");
    object("properties", [&] {
      object("mark", [&] {
        describe("来源标记", "How the value came to be there");
        strings("enum", {"sent", "derived", "constant", "repaired", "by_person"});
      });
      object("verdict", [&] {
        describe("校验结论", "Verdict on an identifier");
        strings("enum", {"passed", "failed"});
      });
      object("precision", [&] {
        describe("时间精度", "The seconds of the time were not sent");
        json_.member("const", "minute");
      });
      object("cleared", [&] {
        describe("已清空", "The value, or the list before it was filled again, was taken away");
        json_.member("type", "boolean");
      });
      reference("source_ms", "#/$defs/value.integer", "来源时间", "Source time of the value in milliseconds since 1970, set when records are merged");
    });
    closed();
  }

  void value_definitions() {
    object("value.text", [&] { json_.member("type", "string"); });
    object("value.integer", [&] {
      json_.member("type", "integer");
      json_.key("minimum");
      json_.number_text("-9223372036854775808");
      json_.key("maximum");
      json_.number_text("9223372036854775807");
    });
    object("value.boolean", [&] { json_.member("type", "boolean"); });
    object("value.time", [&] { any_time({}); });
    object("value.validity", [&] { any_time({"unlimited", "unknown"}); });
    object("value.money", [&] {
      json_.member("type", "string");
      json_.member("pattern", kMoney);
    });
    object("value.quantity", [&] {
      json_.member("type", "object");
      object("properties", [&] {
        object("value", [&] {
          describe("数值", "Exact decimal");
          json_.member("type", "string");
          json_.member("pattern", kDecimal);
        });
        object("unit", [&] {
          describe("单位", "Unit, absent when none was sent");
          strings("enum", {"minute", "hour", "working_day", "calendar_day", "week", "month", "year"});
        });
      });
      strings("required", {"value"});
      closed();
    });
    object("code.", [&] { code(""); });
  }

  void any_time(std::initializer_list<std::string_view> words) {
    json_.member("type", "string");
    json_.key("anyOf");
    json_.begin_array();
    form("date-time", kInstant);
    form("date", kDay);
    form("", kMonth);
    for (const std::string_view word : words) {
      json_.begin_object();
      json_.member("const", word);
      json_.end_object();
    }
    json_.end_array();
  }
  void form(std::string_view format, std::string_view pattern) {
    json_.begin_object();
    if (!format.empty()) json_.member("format", format);
    json_.member("pattern", pattern);
    json_.end_object();
  }

  void code(std::string_view system) {
    if (const CodeSystem* found = find_code_system(system)) describe(found->zh, found->en);
    json_.member("type", "object");
    object("properties", [&] {
      object("name", [&] {
        describe("规范名称", "Canonical name");
        names(system);
      });
      reference("system", "#/$defs/value.text", "来源代码表", "Code system of the code that was sent");
      reference("code", "#/$defs/value.text", "原代码", "Code as sent");
      reference("text", "#/$defs/value.text", "说明", "Free text beside other, or the label of the source");
    });
    closed();
  }

  void names(std::string_view system) {
    std::size_t count = 0;
    const CodeRow* rows = code_system(system, count);
    json_.member("type", "string");
    if (count == 0) return;
    json_.key("oneOf");
    json_.begin_array();
    for (std::size_t i = 0; i < count; ++i) {
      json_.begin_object();
      json_.member("const", rows[i].name);
      describe(rows[i].zh, rows[i].en);
      if (!rows[i].code.empty()) json_.member("x-code", rows[i].code);
      json_.end_object();
    }
    json_.end_array();
  }

  void properties(const RecordType& type, Family family) {
    for (std::size_t i = 0; i < type.count; ++i) {
      const FieldInfo& field = type.fields[i];
      object(field.name, [&] {
        describe(field.zh, field.en);
        if (family == Family::whole) {
          value(field, family);
          remarks(field);
          return;
        }
        json_.key("anyOf");
        json_.begin_array();
        json_.begin_object();
        json_.member("type", "null");
        json_.end_object();
        json_.begin_object();
        value(field, family);
        json_.end_object();
        json_.end_array();
      });
    }
  }

  void value(const FieldInfo& field, Family family) {
    switch (field.kind) {
      case FieldKind::text:
      case FieldKind::identifier: return json_.member("type", "string");
      case FieldKind::code: return json_.member("$ref", "#/$defs/code." + std::string(field.system));
      case FieldKind::time: return json_.member("$ref", "#/$defs/value.time");
      case FieldKind::quantity: return json_.member("$ref", "#/$defs/value.quantity");
      case FieldKind::money: return json_.member("$ref", "#/$defs/value.money");
      case FieldKind::validity: return json_.member("$ref", "#/$defs/value.validity");
      case FieldKind::integer: return json_.member("$ref", "#/$defs/value.integer");
      case FieldKind::boolean: return json_.member("type", "boolean");
      case FieldKind::record: return json_.member("$ref", def_of(*field.type(), family));
      case FieldKind::text_list: return list("#/$defs/value.text");
      case FieldKind::code_list: return list("#/$defs/code." + std::string(field.system));
      case FieldKind::record_list: return list(def_of(*field.type(), family));
    }
  }
  void list(const std::string& target) {
    json_.member("type", "array");
    object("items", [&] { json_.member("$ref", target); });
  }

  void remarks(const FieldInfo& field) {
    object("x-tongqu", [&] {
      json_.member("id", static_cast<std::int64_t>(field.id));
      json_.member("kind", kind_text(field));
      if (field.personal) flag("personal");
      if (field.key) flag("key");
      if (field.future) flag("future");
      if (!field.check.empty()) json_.member("check", field.check);
      json_.member("source", field.source->en);
      json_.member("confidence", confidence_name(field.source->confidence));
    });
  }
  void flag(std::string_view name) {
    json_.key(name);
    json_.boolean(true);
  }

  EntityId entity_;
  std::string text_;
  wire::JsonWriter json_;
  std::set<std::string_view> seen_, systems_;
  std::vector<const RecordType*> types_;
};

void list_into(std::vector<FieldListing>& out, const RecordType& type, const FieldListing& outer, unsigned depth) {
  for (std::size_t i = 0; i < type.count; ++i) {
    const FieldInfo& field = type.fields[i];
    FieldListing row;
    row.path = (outer.path.empty() ? "" : outer.path + ".") + std::string(field.name);
    row.id = outer.id | static_cast<PathId>(field.id) << (8 * depth);
    row.field = &field;
    const bool is_list = field.kind == FieldKind::record_list || field.kind == FieldKind::text_list || field.kind == FieldKind::code_list;
    row.in_list = outer.in_list || is_list;
    out.push_back(row);
    if (field.type != nullptr) list_into(out, *field.type(), row, depth + 1);
  }
}

} // namespace

std::string json_schema(EntityId entity) { return SchemaWriter(entity).write(); }

std::vector<FieldListing> list_fields(EntityId entity) {
  std::vector<FieldListing> fields;
  list_into(fields, entity_type(entity), {}, 0);
  return fields;
}

std::string kind_text(const FieldInfo& field) {
  constexpr std::string_view kKinds[] = {"text",    "identifier", "code",   "time",         "quantity",     "money",       "validity",
                                         "integer", "boolean",    "record", "list of text", "list of code", "list of"};
  std::string text(kKinds[static_cast<std::size_t>(field.kind)]);
  if (field.type != nullptr) text += " " + std::string(field.type()->name);
  return text;
}

} // namespace tongqu::model
