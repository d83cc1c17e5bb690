#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/stages.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::mapping::detail {

/// What flows between the stages.
struct Flow {
  enum class Kind : std::uint8_t { bytes, text, document } kind = Kind::bytes;
  std::string_view text;                   ///< bytes, text
  wire::Node node;                         ///< document
  std::string part = "body";
  bool fresh = true;                       ///< Still the body as it came.
};

/// Puts the name of the part in front of an error's place.
Error placed(Error error, const std::string& part);
/// The child that a step names; the items of a JSON array count as repeated children with its name.
wire::Node child_at(const wire::Node& node, const PathStep& step);
/// The node at a path, or none. @errors mapping.repeated.
Result<wire::Node> descend(wire::Node node, const std::vector<PathStep>& steps, std::size_t from);
/// Label of the declaration at the start of a document in a string, empty when there is none.
std::string_view declared_label(std::string_view text);

/// One run over one delivery. The stages stand in several files by what they read.
class StageRun {
public:
  StageRun(const Stages& stages, const StageInput& input, StageMemory& memory, StageResult& result, PieceSink& sink)
      : stages_(stages), input_(input), memory_(memory), result_(result), sink_(sink) {
    for (std::size_t i = 1; i < input.delivery.parts.size(); ++i) others_.push_back(&input.delivery.parts[i]);
  }
  /// Runs the stages from `from` on and hands what they give to the sink.
  Result<void> go(std::size_t from, Flow flow);

  /// Parts of the delivery that no stage was made to look at must not go in silence.
  void report_other_parts();

private:
  using Layer = StageMemory::Layer;
  Result<void> run(const Stage& stage, Layer& layer, Flow& flow);
  /// Runs the rest of the stages for each piece of a stage.
  Result<void> fan_out(std::size_t number, Flow flow);
  void piece(std::size_t number, Flow flow);
  void tell_findings();
  Result<void> give(const Stage& stage, std::size_t number, Flow flow);

  // stages.cpp
  Result<void> soap(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> soap_part(const Stage& stage, const wire::Node& operation, Flow& flow);
  Result<void> decode(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> charset(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> xml(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> json(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> string(const Stage& stage, Flow& flow);
  Result<void> form(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> enter(const Stage& stage, const wire::Document& document, Flow& flow);
  wire::XmlOptions xml_options(bool characters, bool fresh) const;
  Result<wire::Encoding> told_encoding(const Stage& stage, const Flow& flow);
  void tell_uses(const wire::JsonUses& uses, const wire::Document* document, const std::string& part);

  // packed_stages.cpp
  Result<void> base64(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> gzip(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> open(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> multipart(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> attachments(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> zip(const Stage& stage, std::size_t number, const Flow& flow);
  wire::ArchiveLimits archive_limits(const Stage& stage) const;

  // document_stages.cpp
  Result<void> nested(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> unwrap(const Stage& stage, Layer& layer, Flow& flow);

  // table_stages.cpp
  Result<void> csv(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> fixed(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> spreadsheet(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> rows(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> shape(const Stage& stage, Layer& layer, Flow& flow);
  Result<void> frames(const Stage& stage, std::size_t number, const Flow& flow);
  Result<void> documents(const Stage& stage, std::size_t number, const Flow& flow);
  /// Takes over findings of a reader, with the name of the part.
  void take_findings(Findings& findings, const std::string& part);
  /// A document that a stage made becomes the one that rules read.
  void enter_made(const Stage& stage, const wire::Document& document, Flow& flow);

  void start(const Stage& stage, const wire::Node& node, bool foreign, const Flow& flow);
  void note(Errc id, Severity severity, const std::string& part, int quirk, Bilingual expected = {});

  const Stages& stages_;
  const StageInput& input_;
  StageMemory& memory_;
  StageResult& result_;
  PieceSink& sink_;
  std::vector<const wire::Part*> others_;  ///< Parts beside the one that flows.
};

} // namespace tongqu::mapping::detail
