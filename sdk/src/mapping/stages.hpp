#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mapping/rule.hpp"
#include "tongqu/base/limits.hpp"
#include "tongqu/wire/delivery.hpp"
#include "tongqu/wire/encoding.hpp"

namespace tongqu::mapping::detail {

/// One stage of `source:`.
struct Stage {
  enum class Kind : std::uint8_t { soap, decode, base64, charset, xml, json, string, form } kind = Kind::soap;
  std::string operation = "any";           ///< soap
  std::string part;                        ///< soap: child that carries text; string: last name of `at`.
  std::vector<PathStep> path;              ///< xml, json: root; string: at.
  unsigned layers = 1;                     ///< decode
  std::string label;                       ///< charset
  wire::Encoding encoding = wire::Encoding::utf8;   ///< charset, form
  std::string field;                       ///< form
  std::string ns;                          ///< xml; empty for any.
  bool declared_ignored = false;           ///< xml
  bool from_text = false;                  ///< xml, json: takes characters, not bytes.
  int scope = -1;                          ///< Stages that give a document.
};

/// Compiled stages: how a delivery becomes the document that rules read.
struct Stages {
  std::vector<Stage> list;
  std::vector<std::string> part_names;     ///< By scope of a document: "body", "body/xmlStr".
};

Stages compile_stages(const YamlNode* node, const Mistakes& mistakes, wire::NameSet& names, Scopes& scopes);

/// Memory of one run of the stages, reused.
struct StageMemory {
  struct Layer { wire::Document document; std::string text; };
  std::vector<Layer> layers;
};

/// Starting points of the walks: one per stage document.
struct StageResult {
  struct Start { const wire::Document* document = nullptr; std::uint32_t node = 0; bool foreign_names = false; };
  std::vector<Start> starts;               ///< By scope.
  std::string operation;                   ///< Local name of the SOAP operation.
  struct Lie { std::string part, label; };
  std::vector<Lie> lies;                   ///< Inner declarations that named another encoding.
};

struct StageInput {
  const wire::Delivery& delivery;
  const Limits& limits;
  const wire::NameSet& names;
};

/// Runs all stages. @errors what a reader refused, with "part line:column" in where(); mapping.root_missing, operation_mismatch.
Result<void> run_stages(const Stages& stages, const StageInput& input, StageMemory& memory, StageResult& result);

/// Operation element of a gated SOAP envelope; null handle when the document is none.
wire::Node soap_operation(const wire::Document& document);

} // namespace tongqu::mapping::detail
