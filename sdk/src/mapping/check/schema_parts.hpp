#pragma once
#include <string>
#include <string_view>

namespace tongqu::mapping::detail {

/// Members of `$defs` that all schemas share, without braces: texts, policies, rules, tables.
std::string_view shared_schema_parts();
/// Members of `$defs` that only sources have: answer, tests, records.
std::string_view source_schema_parts();

/// `"NAME": {…}, …`: one member for each step of the registry, with the schema of its argument.
std::string step_members();
/// `"NAME", …`
std::string step_words();
/// Schemas of the items of `source`, as list for `anyOf`.
std::string stage_items();
/// `"case": {…}, …` for `$defs`: a group of rules for each record type of the model.
std::string record_parts();
/// `{"if": …, "then": …}` items that pick the fields by the value of `key`.
std::string entity_choices(std::string_view key);

} // namespace tongqu::mapping::detail
