#include "mapping/check/schema_parts.hpp"
#include "tongqu/mapping/pack_tools.hpp"

namespace tongqu::mapping {
namespace {

std::string head(std::string_view name, std::string_view title) {
  return "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"$id\": \"urn:tongqu:schema:" + std::string(name) + "\",\n  \"title\": \"" + std::string(title) +
         "\",\n  \"type\": \"object\",\n  \"additionalProperties\": false,\n  ";
}

/// `$defs` of steps: each by name, all in one type, one as an item of `via`.
std::string step_parts() {
  const std::string members = detail::step_members();
  return "\"step\": {\"type\": \"object\", \"minProperties\": 1, \"maxProperties\": 2, \"additionalProperties\": false, \"properties\": {\"sentinels\": {\"$ref\": \"#/$defs/sentinels\"}, " +
         members + "}},\n    \"type\": {\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\"extends\": {\"type\": \"string\"}, \"sentinels\": {\"$ref\": \"#/$defs/sentinels\"}, " +
         members + "}},\n    \"step_name\": {\"enum\": [" + detail::step_words() + "]}";
}

std::string pack_document() {
  return head("pack", "Tongqu pack.yaml") + R"("required": ["pack", "version"],
  "oneOf": [{"required": ["system", "mappings"]}, {"required": ["extends"]}],
  "properties": {
    "pack": {"type": "string", "pattern": "^[a-z0-9-]+$"},
    "system": {"type": "string"},
    "version": {"$ref": "#/$defs/text"},
    "title": {"type": "object", "additionalProperties": false, "properties": {"en": {"type": "string"}, "zh": {"type": "string"}}},
    "params": {"type": "object", "additionalProperties": {"$ref": "#/$defs/text"}},
    "never_sent": {"$ref": "#/$defs/texts"},
    "connector": {"type": "object", "additionalProperties": false, "properties": {"family": {"enum": ["soap", "rest"]}, "wsdl": {"type": "string"}, "namespace": {"type": "string"}}},
    "extends": {"type": "object", "additionalProperties": false, "required": ["pack", "digest"], "properties": {"pack": {"type": "string"}, "digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}},
    "changes": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": false, "properties": {"rules": {"type": "object"}, "tables": {"type": "object"}, "types": {"type": "object"}, "identity": {"type": "object"}, "event": {"type": "object"}, "answer": {"type": "object"}, "zone": {"type": "string"}, "ignore": {"$ref": "#/$defs/texts"}, "checks": {"type": "array"}, "reverse": {"type": "object"}}}},
    "tests": {"type": "array", "items": {"type": "object"}},
    "mappings": {"type": "array", "minItems": 1, "items": {"type": "object", "additionalProperties": false, "required": ["file"], "properties": {
      "file": {"type": "string"},
      "match": {"anyOf": [{"enum": ["none"]}, {"type": "object", "additionalProperties": false, "properties": {"family": {"type": "string"}, "operation": {"type": "string"}, "path": {"type": "string"}, "content_type": {"type": "string"}, "root": {"type": "string"}}}]}}}}
  },
  "$defs": {
    "text": {"type": ["string", "number", "boolean"]},
    "texts": {"anyOf": [{"$ref": "#/$defs/text"}, {"type": "array", "items": {"$ref": "#/$defs/text"}}]}
  }
})";
}

std::string source_document() {
  return head("source", "Tongqu source mapping") + R"("required": ["mapping", "to", "source", "identity", "event", "rules"],
  "properties": {
    "mapping": {"type": "string"},
    "to": {"type": "string", "pattern": "^[a-z_]+@[0-9]+$"},
    "record": {"anyOf": [{"enum": ["snapshot", "part"]}, {"$ref": "#/$defs/rule"}]},
    "zone": {"type": "string", "pattern": "^(Z|[+-][0-9]{2}:[0-9]{2})$"},
    "source": {"type": "array", "minItems": 1, "items": {"anyOf": [)" + detail::stage_items() + R"(]}},
    "types": {"$ref": "#/$defs/types"},
    "tables": {"$ref": "#/$defs/tables"},
    "records": {"$ref": "#/$defs/records"},
    "identity": {"$ref": "#/$defs/identity"},
    "event": {"$ref": "#/$defs/rule"},
    "rules": {"type": "object"},
    "checks": {"$ref": "#/$defs/checks"},
    "ignore": {"$ref": "#/$defs/texts"},
    "outside_digest": {"$ref": "#/$defs/texts"},
    "answer": {"$ref": "#/$defs/answer"},
    "reverse": {"type": "object", "additionalProperties": false, "properties": {
      "events": {"$ref": "#/$defs/texts"}, "rest": {"enum": ["hold", "report"]}, "line_ends": {"enum": ["lf", "crlf"]}, "content_type": {"type": "string"},
      "one_way": {"type": "object", "additionalProperties": {"type": "string"}}, "dates": {"type": "object", "additionalProperties": {"$ref": "#/$defs/texts"}},
      "lengths": {"type": "object", "additionalProperties": {"type": "object"}}, "constants": {"type": "object"},
      "order": {"$ref": "#/$defs/texts"}, "empty": {"$ref": "#/$defs/texts"}, "nil": {"$ref": "#/$defs/texts"}, "numbers": {"$ref": "#/$defs/texts"},
      "booleans": {"$ref": "#/$defs/texts"}, "arrays": {"$ref": "#/$defs/texts"}, "cdata": {"$ref": "#/$defs/texts"}, "samples": {"$ref": "#/$defs/texts"}, "equivalent": {"$ref": "#/$defs/texts"},
      "write": {"type": "array"}}},
    "tests": {"$ref": "#/$defs/tests"}
  },
  "allOf": [
    )" + detail::entity_choices("to") + R"(
  ],
  "$defs": {
    )" + std::string(detail::shared_schema_parts()) + ",\n    " + step_parts() + ",\n    " + std::string(detail::source_schema_parts()) + ",\n    " + detail::record_parts() + "\n  }\n}";
}

std::string target_document() {
  return head("target", "Tongqu target mapping") + R"("required": ["target", "from", "messages"],
  "properties": {
    "target": {"type": "string"},
    "from": {"type": "string", "pattern": "^[a-z_]+@[0-9]+$"},
    "zone": {"type": "string", "pattern": "^(Z|[+-][0-9]{2}:[0-9]{2})$"},
    "types": {"$ref": "#/$defs/types"},
    "tables": {"$ref": "#/$defs/tables"},
    "messages": {"type": "array", "minItems": 1, "items": {"type": "object", "additionalProperties": false, "required": ["name", "rules"], "properties": {
      "name": {"type": "string"}, "when": {"type": "string"}, "each": {"type": "string"}, "key": {"$ref": "#/$defs/texts"}, "after": {"$ref": "#/$defs/texts"},
      "rules": {"type": "object", "additionalProperties": {"$ref": "#/$defs/group_or_rule"}}}}},
    "reply": {"type": "object", "additionalProperties": false, "required": ["format", "success", "otherwise"], "properties": {
      "format": {"enum": ["json", "xml"]}, "success": {"type": "string"}, "receipt": {"type": "string"}, "code": {"type": "string"}, "text": {"type": "string"},
      "otherwise": {"enum": ["duplicate", "fix_input", "fix_setup", "retry_later", "give_up"]},
      "classes": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["when", "is"], "properties": {"when": {"type": "string"}, "is": {"enum": ["duplicate", "fix_input", "fix_setup", "retry_later", "give_up"]}}}}}}
  },
  "$defs": {
    )" + std::string(detail::shared_schema_parts()) + ",\n    " + step_parts() + "\n  }\n}";
}

} // namespace

std::string pack_schema(SchemaKind kind) {
  switch (kind) {
    case SchemaKind::pack: return pack_document() + "\n";
    case SchemaKind::source: return source_document() + "\n";
    case SchemaKind::target: return target_document() + "\n";
  }
  return {};
}

} // namespace tongqu::mapping
