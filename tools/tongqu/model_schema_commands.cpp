#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "tongqu/model/code_systems.hpp"
#include "tongqu/model/schema.hpp"
#include "tongqu/wire/json.hpp"
#include "tools/tongqu/commands.hpp"

// tongqu model schema, fields and codes: what the model says about itself, for mappings, consoles and other programs.
namespace tongqu::tool {
namespace {

std::string names_of_entities() {
  std::string names;
  for (const model::EntityId entity : model::all_entities()) names += std::string(names.empty() ? "" : " ") + std::string(model::entity_name(entity));
  return names;
}

/// An entity by its name, or with its version.
model::EntityId entity_of(const std::string& name) {
  const auto entity = model::entity_from_name(name);
  return entity ? *entity : *model::entity_from_version(name);
}

bool is_entity(const std::string& name) { return model::entity_from_name(name) || model::entity_from_version(name); }

/// The schema is data for machines: indented to standard output, or on one line with --json.
int print_schema(const std::string& name, const Console& console) {
  const std::string schema = model::json_schema(entity_of(name));
  if (console.json) {
    console.machine(schema);
    return kDone;
  }
  const auto document = wire::parse_json(schema);
  if (!document) return console.fail(document.error());
  console.say(wire::pretty_json(*document));
  return kDone;
}

void field_json(wire::JsonWriter& json, model::EntityId entity, const model::FieldListing& row) {
  const model::FieldInfo& field = *row.field;
  const auto flag = [&json](std::string_view name, bool value) {
    json.key(name);
    json.boolean(value);
  };
  json.begin_object();
  json.member("path", row.path);
  json.member("id", static_cast<std::int64_t>(row.id));
  json.member("kind", model::kind_text(field));
  flag("list", row.in_list);
  flag("personal", field.personal);
  flag("key", field.key);
  flag("future", field.future);
  if (!field.system.empty()) json.member("code_system", field.system);
  if (!field.check.empty()) json.member("check", field.check);
  json.member("zh", field.zh);
  json.member("en", field.en);
  json.member("source", field.source->en);
  json.member("confidence", model::confidence_name(field.source->confidence));
  json.key("aliases");
  json.begin_array();
  for (const model::FieldAlias* alias : model::aliases_of(entity, row.path)) {
    json.begin_object();
    json.member("profile", alias->profile);
    json.member("wire", alias->wire);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

int print_fields(const std::string& name, const Console& console) {
  const model::EntityId entity = entity_of(name);
  std::string text;
  wire::JsonWriter json(text);
  json.begin_array();
  for (const model::FieldListing& row : model::list_fields(entity)) {
    const model::FieldInfo& field = *row.field;
    if (console.json) {
      field_json(json, entity, row);
      continue;
    }
    const std::string_view rule = field.system.empty() ? field.check : field.system;
    console.say(row.path + "  " + model::kind_text(field) + (rule.empty() ? "" : " (" + std::string(rule) + ")") + (field.personal ? "  personal" : "") +
                (field.key ? "  key" : "") + "  " + std::string(console.pick(field.en, field.zh)));
  }
  json.end_array();
  console.machine(text);
  return kDone;
}

void system_json(wire::JsonWriter& json, const model::CodeSystem& system) {
  json.begin_object();
  json.member("system", system.name);
  json.member("version", system.version);
  json.member("source", system.source);
  json.member("confidence", model::confidence_name(system.confidence));
  json.key("canonical");
  json.boolean(system.canonical);
  json.member("zh", system.zh);
  json.member("en", system.en);
  json.key("rows");
  json.begin_array();
  for (std::size_t i = 0; i < system.count; ++i) {
    const model::CodeRow& row = system.rows[i];
    json.begin_object();
    for (const auto& [name, value] : {std::pair{"code", row.code}, {"name", row.name}, {"zh", row.zh}, {"en", row.en}, {"valid_from", row.valid_from},
                                      {"valid_to", row.valid_to}, {"note", row.note}}) {
      if (!value.empty()) json.member(name, value);
    }
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

/// One system with its rows and the crosswalks that start or end there; without a name, every system.
int print_codes(const std::string& name, const Console& console) {
  std::string text;
  wire::JsonWriter json(text);
  json.begin_array();
  for (const model::CodeSystem* system : model::all_code_systems()) {
    if (!name.empty() && system->name != name) continue;
    if (console.json) system_json(json, *system);
    console.say(std::string(system->name) + "  " + std::string(console.pick(system->en, system->zh)) + (system->canonical ? "" : "  [" + std::string(system->source) + "]"));
    for (std::size_t i = 0; !name.empty() && i < system->count; ++i) {
      const model::CodeRow& row = system->rows[i];
      console.say("  " + std::string(row.code.empty() ? "-" : row.code) + "  " + std::string(row.name) + "  " + std::string(console.pick(row.en, row.zh)));
    }
  }
  json.end_array();
  for (const model::Crosswalk* crosswalk : model::all_crosswalks()) {
    if (name.empty() || (crosswalk->from != name && crosswalk->to != name)) continue;
    console.say(std::string(crosswalk->from) + " -> " + std::string(crosswalk->to) + (crosswalk->total ? "  total" : "  partial"));
    for (std::size_t i = 0; i < crosswalk->count; ++i) {
      const model::CrosswalkRow& row = crosswalk->rows[i];
      console.say("  " + std::string(row.from) + "  " + std::string(row.to.empty() ? "(not covered)" : row.to) + (row.note.empty() ? "" : "  " + std::string(row.note)));
    }
  }
  console.machine(text);
  return kDone;
}

} // namespace

void add_model_schema_commands(CLI::App& model, Run& run) {
  auto name = std::make_shared<std::string>();
  const CLI::Validator entity([](std::string& text) { return is_entity(text) ? std::string() : "no such entity: " + text + " (" + names_of_entities() + ")"; }, "ENTITY");
  CLI::App* schema = model.add_subcommand("schema", "JSON Schema 2020-12 of an entity");
  schema->add_option("ENTITY", *name, names_of_entities())->required()->check(entity);
  schema->callback([name, &run] { run = [name](const Console& console) { return print_schema(*name, console); }; });
  CLI::App* fields = model.add_subcommand("fields", "Fields of an entity: path, kind, code system or check, meaning; with --json also source and wire names");
  fields->add_option("ENTITY", *name, names_of_entities())->required()->check(entity);
  fields->callback([name, &run] { run = [name](const Console& console) { return print_fields(*name, console); }; });
  CLI::App* codes = model.add_subcommand("codes", "Code systems, or one with its rows and crosswalks");
  codes->add_option("SYSTEM", *name, "Such as id_type or evaluation.satisfaction; none: every system")
      ->check(CLI::Validator([](std::string& text) { return model::find_code_system(text) != nullptr ? std::string() : "no such code system: " + text; }, "SYSTEM"));
  codes->callback([name, &run] { run = [name](const Console& console) { return print_codes(*name, console); }; });
}

} // namespace tongqu::tool
