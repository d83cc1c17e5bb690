#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mapping/observer.hpp"
#include "mapping/rule.hpp"
#include "tongqu/base/limits.hpp"
#include "tongqu/mapping/pack.hpp"
#include "tongqu/wire/archive.hpp"
#include "tongqu/wire/delivery.hpp"
#include "tongqu/wire/encoding.hpp"
#include "tongqu/wire/gb18030_edition.hpp"
#include "tongqu/wire/json_tolerance.hpp"
#include "tongqu/wire/pieces.hpp"
#include "tongqu/wire/rows.hpp"
#include "tongqu/wire/table.hpp"
#include "tongqu/wire/xml_records.hpp"

namespace tongqu::mapping::detail {

/// Settings of the stages that read tables and frames.
struct TableSettings {
  wire::TableShape shape;
  wire::CsvOptions csv;
  wire::FixedOptions fixed;
  wire::FrameOptions frames;
  std::string sheet;                       ///< spreadsheet; empty for the first.
  wire::RowsOptions rows;
};

/// One stage of `source:`.
struct Stage {
  enum class Kind : std::uint8_t { soap, decode, base64, gzip, zip, charset, xml, json, string, form, csv, fixed, frames, nested, dataset, multiref, multipart, attachments, spreadsheet, open, rows } kind = Kind::soap;
  std::string operation = "any";           ///< soap
  std::string part;                        ///< soap: child that carries text; string: last name of `at`.
  std::vector<PathStep> path;              ///< xml, json: root; string: at.
  unsigned layers = 1;                     ///< decode
  std::string label;                       ///< charset
  wire::Encoding encoding = wire::Encoding::utf8;   ///< charset, form; zip: of names.
  std::optional<wire::GbEdition> edition;  ///< charset: of GB 18030, when the pack insists on one.
  enum class Told : std::uint8_t { nothing, header, declaration };
  Told told = Told::nothing;               ///< charset `is: told`: what counts first after a byte-order mark.
  wire::JsonTolerance json;                ///< json; nested as json.
  std::string field;                       ///< form
  std::string ns;                          ///< xml; empty for any.
  bool declared_ignored = false;           ///< xml
  bool from_text = false;                  ///< xml, json: takes characters, not bytes.
  bool many = false;                       ///< The rest of the stages runs once for each piece that this one gives.
  wire::Base64Tolerance tolerance;         ///< base64
  unsigned ratio = 0;                      ///< gzip, zip; 0 for the default.
  std::string entry;                       ///< zip: pattern.
  bool nested_xml = false;                 ///< nested
  bool documents_many = false;             ///< nested: several documents in one text, all put in.
  std::shared_ptr<const TableSettings> table;   ///< csv, fixed, frames, spreadsheet, rows
  std::string cipher, key;                 ///< open: the key by name; never the key.
  wire::RecordPath records;                ///< xml: may be read with the records apart, since nobody looks into one from outside; empty when not.
  int scope = -1;                          ///< Stages that give a document, and those that change the document before.
};

/// Compiled stages: how a delivery becomes the document that rules read.
struct Stages {
  std::vector<Stage> list;
  std::vector<std::string> part_names;     ///< By scope of a document: "body", "body/xmlStr".
  bool many = false;                       ///< One of them gives several pieces.
  bool attachments = false;                ///< One of them looks at the other parts of the delivery.
};

/// Names and keys of all stages, for the schema and the reference.
struct StageShape { std::string_view name; std::vector<std::string_view> keys; };
std::vector<StageShape> stage_shapes();

Stages compile_stages(const YamlNode* node, const Mistakes& mistakes, wire::NameSet& names, Scopes& scopes);

/// Memory of one run of the stages, reused.
struct StageMemory {
  struct Layer { wire::Document document; std::string text; wire::Grid grid; std::vector<std::unique_ptr<wire::Document>> inner; std::vector<wire::Part> parts; };
  std::vector<Layer> layers;
};

/// Starting points of the walks: one per stage document.
struct StageResult {
  struct Start { const wire::Document* document = nullptr; std::uint32_t node = 0; bool foreign_names = false; };
  std::vector<Start> starts;               ///< By scope.
  std::vector<std::string> parts;          ///< By scope, as they are called in this delivery: "body/a.xml". Filled where stages give pieces.
  std::string operation;                   ///< Local name of the SOAP operation.
  Findings findings;                       ///< What the stages tolerated, skipped or changed; whoever takes them empties them.
  std::optional<Waiting> waiting;
  /// The document has stubs for its records; they are read from its text one by one.
  struct Thin { wire::Document* document; wire::XmlOptions options; const wire::RecordPath* records; };
  std::optional<Thin> thin;
};

struct StageInput {
  const wire::Delivery& delivery;
  const Environment& environment;
  const wire::NameSet& names;
  RunObserver* observer = nullptr;
  bool one_by_one = false;                 ///< Records are handed over as they are made, so that no document need be held whole.
  const Limits& limits() const { return environment.limits; }
};

/// Takes what the stages give: one document chain, or one for each piece.
class PieceSink {
public:
  virtual ~PieceSink() = default;
  /// What was found before the delivery was cut into pieces.
  virtual void tell(Findings&& findings) = 0;
  virtual void take(StageResult& result) = 0;
  /// One piece of several that a stage refused; the others go on.
  virtual void refuse(const Error& error, const std::string& part) = 0;
};

/// Runs all stages. @errors what a reader refused before the delivery was cut into pieces, with "part line:column" in where();
/// mapping.root_missing, operation_mismatch.
Result<void> run_stages(const Stages& stages, const StageInput& input, StageMemory& memory, StageResult& result, PieceSink& sink);

/// Operation element of a gated SOAP envelope; null handle when the document is none.
wire::Node soap_operation(const wire::Document& document);

} // namespace tongqu::mapping::detail
