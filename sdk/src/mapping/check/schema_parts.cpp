#include "mapping/check/schema_parts.hpp"

#include <algorithm>
#include <set>

#include "mapping/stages.hpp"
#include "mapping/steps.hpp"
#include "tongqu/model/fields.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::mapping::detail {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  wire::append_json_string(out, text);
  return out;
}

struct Named { std::string_view name, schema; };

/// Arguments of steps. A step that does not stand here takes anything.
constexpr Named kStepArguments[] = {
    {"trim", R"({"enum": ["ascii", "wide"]})"},
    {"strip", R"({"anyOf": [{"$ref": "#/$defs/text"}, {"type": "object"}]})"},
    {"fold", R"({"$ref": "#/$defs/foldings"})"},
    {"null_if", R"({"$ref": "#/$defs/texts"})"},
    {"upper", R"({"$ref": "#/$defs/yes"})"},
    {"lower", R"({"$ref": "#/$defs/yes"})"},
    {"join_lines", R"({"$ref": "#/$defs/yes"})"},
    {"prefix", R"({"$ref": "#/$defs/text"})"},
    {"suffix", R"({"$ref": "#/$defs/text"})"},
    {"date", R"({"anyOf": [{"$ref": "#/$defs/texts"}, {"type": "object", "required": ["patterns"]}]})"},
    {"epoch", R"({"anyOf": [{"enum": ["s", "ms", "auto", "json"]}, {"type": "object"}]})"},
    {"date_format", R"({"type": "string"})"},
    {"strip_unit", R"({"$ref": "#/$defs/texts"})"},
    {"unit", R"({"enum": ["minute", "hour", "working_day", "calendar_day", "week", "month", "year"]})"},
    {"integer", R"({"$ref": "#/$defs/anything"})"},
    {"split", R"({"anyOf": [{"$ref": "#/$defs/texts"}, {"type": "object"}]})"},
    {"split_code", R"({"type": "array", "minItems": 1})"},
    {"part", R"({"anyOf": [{"$ref": "#/$defs/number"}, {"type": "object"}]})"},
    {"substring", R"({"type": "array", "minItems": 2, "maxItems": 2, "items": {"$ref": "#/$defs/number"}})"},
    {"scale", R"({"anyOf": [{"type": "integer", "minimum": -12, "maximum": 12}, {"type": "string", "pattern": "^-?[0-9]+$"}]})"},
    {"upgrade_id15", R"({"$ref": "#/$defs/yes"})"},
    {"base64", R"({"anyOf": [{"$ref": "#/$defs/yes"}, {"type": "object"}]})"},
    {"gbk", R"({"anyOf": [{"$ref": "#/$defs/yes"}, {"type": "object"}]})"},
};

/// Keys of stages; `STAGE.KEY` goes before `KEY`. A key that does not stand here takes a text.
constexpr Named kStageKeys[] = {
    {"declared", R"({"const": "ignore"})"},
    {"layers", R"({"enum": [1, 2, 3, "1", "2", "3"]})"},
    {"breaks", R"({"const": "skip"})"},
    {"padding", R"({"const": "optional"})"},
    {"alphabet", R"({"const": "url"})"},
    {"data_uri", R"({"const": "allowed"})"},
    {"ratio", R"({"$ref": "#/$defs/number"})"},
    {"zip.many", R"({"$ref": "#/$defs/yes"})"},
    {"documents", R"({"const": "many"})"},
    {"as", R"({"enum": ["json", "xml"]})"},
    {"header_rows", R"({"anyOf": [{"$ref": "#/$defs/number"}, {"type": "array", "items": {"$ref": "#/$defs/number"}}]})"},
    {"columns", R"({"$ref": "#/$defs/texts"})"},
    {"fill_down", R"({"$ref": "#/$defs/texts"})"},
    {"skip", R"({"$ref": "#/$defs/texts"})"},
    {"ragged", R"({"const": "report"})"},
    {"csv.quotes", R"({"const": "loose"})"},
    {"quotes", R"({"const": "single"})"},
    {"first", R"({"enum": ["header", "declaration"]})"},
    {"repeated", R"({"enum": ["first", "last"]})"},
    {"mark", R"({"const": "skip"})"},
    {"comments", R"({"const": "skip"})"},
    {"commas", R"({"const": "trailing"})"},
    {"nan", R"({"const": "null"})"},
    {"callback", R"({"const": "unwrap"})"},
    {"fields", R"({"type": "object", "additionalProperties": {"$ref": "#/$defs/number"}})"},
    {"kinds", R"({"type": "object", "minProperties": 1, "additionalProperties": {"type": "object", "additionalProperties": false, "required": ["begins", "fields"], "properties": {"begins": {"$ref": "#/$defs/text"}, "fields": {"type": "object", "additionalProperties": {"$ref": "#/$defs/number"}}}}})"},
    {"keys", R"({"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/text"}})"},
    {"fixed.records", R"({"enum": ["lines", "joined"]})"},
    {"short", R"({"const": "allowed"})"},
    {"cut", R"({"const": "drop"})"},
    {"length", R"({"enum": ["u32be", "u32le", "u16be", "u16le", "digits"]})"},
    {"width", R"({"$ref": "#/$defs/number"})"},
    {"counts", R"({"const": "frame"})"},
};

template <std::size_t N>
std::string_view find(const Named (&list)[N], std::string_view name) {
  for (const Named& one : list) {
    if (one.name == name) return one.schema;
  }
  return {};
}

std::string stage_key(std::string_view stage, std::string_view key) {
  std::string_view schema = find(kStageKeys, std::string(stage) + "." + std::string(key));
  if (schema.empty()) schema = find(kStageKeys, key);
  return std::string(schema.empty() ? std::string_view(R"({"$ref": "#/$defs/anything"})") : schema);
}

std::string field_schema(const model::FieldInfo& field) {
  std::string out = "{\"description\": " + quoted(std::string(field.zh) + " " + std::string(field.en)) + ", ";
  switch (field.kind) {
    case model::FieldKind::record: return out + "\"anyOf\": [{\"$ref\": \"#/$defs/rule\"}, {\"$ref\": \"#/$defs/" + std::string(field.type()->name) + "\"}]}";
    case model::FieldKind::record_list: return out + "\"allOf\": [{\"$ref\": \"#/$defs/list\"}, {\"properties\": {\"rules\": {\"$ref\": \"#/$defs/" + std::string(field.type()->name) + "\"}}}]}";
    case model::FieldKind::text_list:
    case model::FieldKind::code_list: return out + "\"anyOf\": [{\"$ref\": \"#/$defs/rule\"}, {\"$ref\": \"#/$defs/list\"}]}";
    default: return out + "\"$ref\": \"#/$defs/rule\"}";
  }
}

void collect_types(const model::RecordType& type, std::set<const model::RecordType*>& seen, std::vector<const model::RecordType*>& order) {
  if (!seen.insert(&type).second) return;
  order.push_back(&type);
  for (std::size_t i = 0; i < type.count; ++i) {
    if (type.fields[i].type != nullptr) collect_types(*type.fields[i].type(), seen, order);
  }
}

} // namespace

std::string step_members() {
  std::string out;
  for (const StepRow& row : step_registry()) {
    const std::string_view schema = find(kStepArguments, row.name);
    out += (out.empty() ? "" : ", ") + quoted(row.name) + ": " + std::string(schema.empty() ? std::string_view(R"({"$ref": "#/$defs/anything"})") : schema);
  }
  return out;
}

std::string step_words() {
  std::string out;
  for (const StepRow& row : step_registry()) out += (out.empty() ? "" : ", ") + quoted(row.name);
  return out;
}

std::string stage_items() {
  std::string names, objects;
  for (const StageShape& shape : stage_shapes()) {
    names += (names.empty() ? "" : ", ") + quoted(shape.name);
    std::string keys;
    for (const std::string_view key : shape.keys) keys += (keys.empty() ? "" : ", ") + quoted(key) + ": " + stage_key(shape.name, key);
    objects += ", " + quoted(shape.name) + ": {\"anyOf\": [{\"type\": [\"object\", \"null\"], \"additionalProperties\": false, \"properties\": {" + keys + "}}, {\"const\": \"\"}]}";
  }
  return "{\"enum\": [" + names + "]}, {\"type\": \"object\", \"minProperties\": 1, \"maxProperties\": 1, \"additionalProperties\": false, \"properties\": {" + objects.substr(2) + "}}";
}

std::string record_parts() {
  std::set<const model::RecordType*> seen;
  std::vector<const model::RecordType*> types;
  for (const model::EntityId entity : model::all_entities()) collect_types(model::entity_type(entity), seen, types);
  std::string out;
  for (const model::RecordType* type : types) {
    std::string fields;
    for (std::size_t i = 0; i < type->count; ++i) fields += ", " + quoted(type->fields[i].name) + ": " + field_schema(type->fields[i]);
    out += (out.empty() ? "" : ",\n    ") + quoted(type->name) + ": {\"type\": \"object\", \"description\": " + quoted(std::string(type->zh) + " " + std::string(type->en)) +
           ", \"properties\": {\"when\": {\"type\": \"string\"}" + fields +
           ", \"ext\": {\"$ref\": \"#/$defs/ext_fields\"}, \"envelope\": {\"$ref\": \"#/$defs/group\"}, \"record\": {\"$ref\": \"#/$defs/group\"}}" +
           ", \"patternProperties\": {\"[.]\": {\"$ref\": \"#/$defs/group_or_rule\"}}, \"additionalProperties\": false}";
  }
  return out;
}

std::string entity_choices(std::string_view key) {
  std::string out;
  for (const model::EntityId entity : model::all_entities()) {
    out += (out.empty() ? "" : ",\n    ") + std::string("{\"if\": {\"properties\": {") + quoted(key) + ": {\"const\": " + quoted(model::entity_version(entity)) +
           "}}}, \"then\": {\"properties\": {\"rules\": {\"$ref\": \"#/$defs/" + std::string(model::entity_type(entity).name) + "\"}}}}";
  }
  return out;
}

std::string_view shared_schema_parts() {
  return R"("text": {"description": "Every scalar is read as text; editors may show it as a number or a truth.", "type": ["string", "number", "boolean", "null"]},
    "anything": {"type": ["string", "number", "boolean", "object", "array", "null"]},
    "texts": {"anyOf": [{"$ref": "#/$defs/text"}, {"type": "array", "items": {"$ref": "#/$defs/text"}}]},
    "number": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]+$"}]},
    "yes": {"enum": ["yes", "true", "", true, null]},
    "foldings": {"anyOf": [{"$ref": "#/$defs/folding"}, {"type": "array", "items": {"$ref": "#/$defs/folding"}}]},
    "folding": {"enum": ["digits", "latin", "punct", "space"]},
    "policy": {"enum": ["reject", "hold", "drop", "raw", "report"]},
    "on_fail": {"anyOf": [{"$ref": "#/$defs/policy"}, {"type": "object", "additionalProperties": false, "properties": {"missing": {"$ref": "#/$defs/policy"}, "placeholder": {"$ref": "#/$defs/policy"}, "malformed": {"$ref": "#/$defs/policy"}, "check": {"$ref": "#/$defs/policy"}, "unknown": {"$ref": "#/$defs/policy"}, "range": {"$ref": "#/$defs/policy"}, "default": {"$ref": "#/$defs/policy"}}}]},
    "table_or_name": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/table"}]},
    "table": {"type": "object", "additionalProperties": false, "oneOf": [{"required": ["file"]}, {"required": ["inline"]}], "required": ["unknown"], "properties": {"file": {"type": "string"}, "inline": {"type": "object", "additionalProperties": {"$ref": "#/$defs/text"}}, "system": {"type": "string"}, "version": {"$ref": "#/$defs/text"}, "model": {"type": "string"}, "unknown": {"enum": ["reject", "hold", "drop", "raw"]}, "match": {"$ref": "#/$defs/texts"}, "columns": {"type": "object", "additionalProperties": false, "properties": {"code": {"$ref": "#/$defs/texts"}, "name": {"type": "string"}, "label": {"type": "string"}}}, "source_list": {"type": "string"}, "prefer": {"type": "object", "additionalProperties": {"$ref": "#/$defs/text"}}, "rows": {"type": "object", "additionalProperties": {"$ref": "#/$defs/text"}}}},
    "tables": {"type": "object", "additionalProperties": {"$ref": "#/$defs/table"}},
    "types": {"type": "object", "additionalProperties": {"$ref": "#/$defs/type"}},
    "via": {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/step_name"}, {"$ref": "#/$defs/step"}]}},
    "check": {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": false, "required": ["by"], "properties": {"by": {"type": "string"}}}]},
    "sentinels": {"type": "object", "additionalProperties": false, "properties": {"absent": {"$ref": "#/$defs/texts"}, "unlimited": {"$ref": "#/$defs/texts"}}},
    "rule": {"type": "object", "additionalProperties": false, "oneOf": [{"required": ["from"]}, {"required": ["maybe"]}, {"required": ["const"]}, {"required": ["param"]}, {"required": ["value"]}], "properties": {"value": {"$ref": "#/$defs/text"}, "checks": {"$ref": "#/$defs/checks"}, "from": {"$ref": "#/$defs/text"}, "maybe": {"$ref": "#/$defs/text"}, "const": {"$ref": "#/$defs/text"}, "param": {"type": "string"}, "type": {"type": "string"}, "via": {"$ref": "#/$defs/via"}, "table": {"$ref": "#/$defs/table_or_name"}, "check": {"$ref": "#/$defs/check"}, "default": {"$ref": "#/$defs/text"}, "when": {"type": "string"}, "mark": {"const": "derived"}, "on_fail": {"$ref": "#/$defs/on_fail"}, "nil": {"const": "clear"}, "as": {"enum": ["number", "boolean", "string"]}}},
    "list": {"type": "object", "additionalProperties": false, "required": ["each"], "properties": {"each": {"anyOf": [{"$ref": "#/$defs/text"}, {"$ref": "#/$defs/zip"}]}, "order": {"$ref": "#/$defs/order"}, "key": {"$ref": "#/$defs/key"}, "join": {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/text"}}, "orphans": {"enum": ["reject", "report"]}, "unmatched": {"enum": ["report", "hold", "reject"]}, "when": {"type": "string"}, "empty": {"const": "none"}, "rules": {"type": "object"}, "type": {"type": "string"}, "via": {"$ref": "#/$defs/via"}, "table": {"$ref": "#/$defs/table_or_name"}, "check": {"$ref": "#/$defs/check"}, "on_fail": {"$ref": "#/$defs/on_fail"}, "as": {"enum": ["number", "boolean", "string"]}}},
    "order": {"anyOf": [{"$ref": "#/$defs/order_by"}, {"type": "array", "items": {"$ref": "#/$defs/order_by"}}]},
    "order_by": {"type": "object", "additionalProperties": false, "required": ["by"], "properties": {"by": {"$ref": "#/$defs/text"}, "descending": {"enum": ["yes", "no", true, false]}}},
    "key": {"type": "object", "additionalProperties": false, "required": ["by", "duplicates"], "properties": {"by": {"$ref": "#/$defs/texts"}, "duplicates": {"enum": ["first", "last", "report", "hold", "reject"]}}},
    "zip": {"type": "object", "additionalProperties": false, "required": ["zip"], "properties": {"zip": {"type": "object", "minProperties": 1, "additionalProperties": {"anyOf": [{"$ref": "#/$defs/text"}, {"type": "object", "additionalProperties": false, "required": ["from", "split"], "properties": {"from": {"$ref": "#/$defs/text"}, "split": {"$ref": "#/$defs/texts"}}}]}}, "escape": {"type": "string"}, "uneven": {"enum": ["reject", "hold", "report"]}}},
    "words": {"type": "object", "additionalProperties": false, "required": ["en", "zh"], "properties": {"en": {"type": "string"}, "zh": {"type": "string"}}},
    "checks": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["id", "that", "text", "on_fail"], "properties": {"id": {"type": "string", "pattern": "^[a-z0-9_]+$"}, "level": {"enum": ["record", "delivery"]}, "field": {"type": "string"}, "when": {"type": "string"}, "that": {"type": "string"}, "text": {"$ref": "#/$defs/words"}, "severity": {"enum": ["info", "warn", "error"]}, "on_fail": {"enum": ["reject", "hold", "drop", "report"]}}}},
    "group": {"type": "object", "not": {"anyOf": [{"required": ["from"]}, {"required": ["value"], "properties": {"value": {"type": "string"}}}, {"required": ["maybe"]}, {"required": ["const"]}, {"required": ["each"]}]}, "properties": {"when": {"type": "string"}}, "additionalProperties": {"$ref": "#/$defs/group_or_rule"}},
    "group_or_rule": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/rule"}, {"$ref": "#/$defs/list"}, {"$ref": "#/$defs/group"}]},
    "ext_fields": {"type": "object", "additionalProperties": {"$ref": "#/$defs/group_or_rule"}})";
}

std::string_view source_schema_parts() {
  return R"("identity": {"type": "object", "additionalProperties": false, "required": ["organisation", "item", "case", "event"], "properties": {"organisation": {"$ref": "#/$defs/rule"}, "item": {"$ref": "#/$defs/rule"}, "case": {"$ref": "#/$defs/rule"}, "event": {"$ref": "#/$defs/rule"}, "revision": {"$ref": "#/$defs/rule"}}},
    "records": {"type": "object", "additionalProperties": false, "required": ["each"], "properties": {"each": {"type": "string"}, "when": {"type": "string"}, "order": {"$ref": "#/$defs/order"}, "key": {"$ref": "#/$defs/key"}, "group_by": {"$ref": "#/$defs/texts"}, "differ": {"enum": ["reject", "hold", "report"]}}},
    "answer": {"type": "object", "additionalProperties": false, "required": ["format"], "properties": {"format": {"enum": ["xml", "json", "text"]}, "charset": {"type": "string"}, "declared": {"type": "string"}, "lang": {"enum": ["zh", "en"]}, "soap": {"type": "object", "additionalProperties": false, "properties": {"element": {"type": "string"}, "part": {"type": "string"}, "as": {"enum": ["escaped", "cdata", "elements"]}}}, "accepted": {"$ref": "#/$defs/text"}, "held": {"$ref": "#/$defs/text"}, "refused": {"$ref": "#/$defs/text"}, "conflict": {"$ref": "#/$defs/text"}}},
    "tests": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["in"], "properties": {"in": {"type": "string"}, "out": {"type": "object", "additionalProperties": {"$ref": "#/$defs/text"}}, "absent": {"$ref": "#/$defs/texts"}, "findings": {"$ref": "#/$defs/texts"}, "verdict": {"enum": ["accepted", "held", "refused"]}, "count": {"$ref": "#/$defs/number"}, "record": {"$ref": "#/$defs/number"}}}})";
}

} // namespace tongqu::mapping::detail
