#pragma once
#include <string>

#include "tongqu/base/error.hpp"
#include "tongqu/base/finding.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::wire {

/// Writes one finding as an object: id, severity, message {en, zh}, and where known record, path, source {part, path, line, column}, value_class,
/// expected, suggestion, quirk ("LQ27"), rule. Free of personal data because findings are.
void write_finding(JsonWriter& writer, const Finding& finding);

/// The member "findings": the array of all of them.
void write_findings(JsonWriter& writer, const Findings& findings);

/// The array of all findings.
std::string findings_json(const Findings& findings);

/// The refusal object of REST and of the command line: {id, action, message {en, zh}, where, trace, findings}.
std::string refusal_json(const Error& error, const std::string& trace_id, const Findings& findings);

/// {"en": …, "zh": …}
std::string bilingual_json(const Bilingual& text);

} // namespace tongqu::wire
