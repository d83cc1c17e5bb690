#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "mapping/reverse/emit.hpp"
#include "mapping/reverse/inverse.hpp"
#include "mapping/stages.hpp"

namespace tongqu::mapping::detail {

/// What the way back needs to know of the mapping that it turns round. Everything outlives the plan.
struct ReverseSubject {
  model::EntityId entity;
  model::RecordKind kind;
  const Rule* kind_rule = nullptr;
  const std::vector<std::unique_ptr<Rule>>& identity;
  const Rule* event = nullptr;
  const Block* rules = nullptr;
  const Stages& stages;
  const Scopes& scopes;
  int records_scope = -1;                    ///< Scope of the one element when the mapping makes a record of each, else -1.
  std::int16_t zone_minutes = 0;
  const std::map<std::string, std::string>& params;
  const YamlNode& root;                      ///< The document, while it is compiled.
};

/// How one rule is written back.
struct RuleBack {
  enum class Way : std::uint8_t { written, one_way, constant, fact } way = Way::written;
  InverseSteps steps;
  const Shape* leaf = nullptr;
  std::uint16_t scope = 0;
  std::string fact;                          ///< fact: a transport fact carries it.
  std::string literal;                       ///< constant: nothing is written; the record must say the same.
  bool date_named = false;                   ///< The mapping says which form of date is written.
};

/// One stage on the way back.
struct WriteStage {
  Stage::Kind kind = Stage::Kind::xml;
  int scope = -1;                            ///< Stages of documents.
  bool to_bytes = false;                     ///< xml, json: what it gives is bytes.
  const Shape* carrier = nullptr;            ///< soap with a part, string: the place that carries the text.
  unsigned layers = 1;                       ///< decode
  Charset charset;                           ///< Stages that give bytes; of the document's characters for the others.
  XmlLayout xml;
  SoapLayout soap;
  JsonLayout json;
  CsvLayout csv;
  wire::FixedOptions fixed;
  std::string field;                         ///< form
  std::vector<std::pair<std::string, std::string>> fields;   ///< form: before it.
  bool plus = true;                          ///< form: a blank is '+'.
};

/// The compiled `reverse:` of a mapping. Immutable; safe from several threads.
struct ReversePlan {
  std::set<std::string> events;              ///< That choose this mapping by themselves; empty: every one that it can write.
  bool rest_reported = false;                ///< What the message has no place for is reported and left out, not held.
  bool crlf = false;                         ///< Line ends of values.
  std::string content_type;
  std::map<std::string, std::string> one_way;                              ///< Field to reason.
  std::map<std::string, std::vector<std::string>> dates;                   ///< By field; "default" for the others.
  std::vector<std::string> samples;          ///< Messages for law 2 beside those of the tests.
  std::set<std::string> equivalent;          ///< Differences that a message may show after the way there and back.

  std::unordered_map<const Rule*, RuleBack> rules;
  std::vector<std::unique_ptr<Shape>> starts;                              ///< By scope: where rules of a document start; null for elements of lists.
  std::vector<const Shape*> scope_shapes;                                  ///< By scope.
  std::vector<std::vector<const Shape*>> leaves;                           ///< By scope and slot; null where nothing is written.
  std::vector<Charset> charsets;                                           ///< By scope of a document: of its values.
  std::vector<bool> xml;                                                   ///< By scope of a document: its values must be characters of XML.
  std::vector<WriteStage> stages;            ///< In the order of writing, the innermost first.

  /// Whether a field, or the list or group around it, is listed under `one_way`.
  bool is_one_way(const std::string& field) const {
    for (std::size_t end = field.size(); end != std::string::npos && end != 0; end = field.rfind('.', end - 1)) {
      if (one_way.count(field.substr(0, end)) != 0) return true;
    }
    return false;
  }
  const RuleBack* of(const Rule& rule) const {
    const auto found = rules.find(&rule);
    return found == rules.end() ? nullptr : &found->second;
  }
};

/// Compiles `reverse:`, collecting every mistake.
std::unique_ptr<ReversePlan> compile_reverse(const YamlNode& node, const ReverseSubject& subject, const Mistakes& mistakes);

/// Second part of it: the stages of `write`.
void compile_write(const YamlNode& node, const ReverseSubject& subject, const Mistakes& mistakes, ReversePlan& plan);

/// Name of a stage in a pack.
std::string_view stage_name(Stage::Kind kind) noexcept;

} // namespace tongqu::mapping::detail
