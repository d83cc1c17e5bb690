#include "mapping/stage_run.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/rows.hpp"
#include "tongqu/wire/spreadsheet.hpp"

namespace tongqu::mapping::detail {

void StageRun::take_findings(Findings& findings, const std::string& part) {
  for (Finding finding : findings) {
    finding.source.part = part;
    result_.findings.add(std::move(finding));
  }
}

void StageRun::enter_made(const Stage& stage, const wire::Document& document, Flow& flow) {
  const wire::Node root = document.root();
  start(stage, root, false, flow);
  flow.kind = Flow::Kind::document;
  flow.node = root;
  flow.fresh = false;
}

Result<void> StageRun::shape(const Stage& stage, Layer& layer, Flow& flow) {
  Findings findings;
  auto shaped = wire::shape_table(layer.document, layer.grid, stage.table->shape, input_.limits(), &input_.names, findings);
  take_findings(findings, flow.part);
  if (!shaped) return placed(std::move(shaped).error(), flow.part);
  enter_made(stage, layer.document, flow);
  return {};
}

Result<void> StageRun::csv(const Stage& stage, Layer& layer, Flow& flow) {
  std::string_view text = flow.text;
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  if (auto read = wire::read_csv(layer.grid, text, stage.table->csv, input_.limits()); !read) return placed(std::move(read).error(), flow.part);
  return shape(stage, layer, flow);
}

Result<void> StageRun::fixed(const Stage& stage, Layer& layer, Flow& flow) {
  Findings findings;
  auto read = wire::read_fixed(layer.grid, flow.text, stage.table->fixed, input_.limits(), findings);
  take_findings(findings, flow.part);
  if (!read) return placed(std::move(read).error(), flow.part);
  return shape(stage, layer, flow);
}

Result<void> StageRun::spreadsheet(const Stage& stage, Layer& layer, Flow& flow) {
  Findings findings;
  wire::SpreadsheetOptions options;
  options.sheet = stage.table->sheet;
  options.html = stage.encoding;
  options.archive = archive_limits(stage);
  auto read = wire::read_spreadsheet(layer.grid, flow.text, options, input_.limits(), findings);
  take_findings(findings, flow.part);
  if (!read) return placed(std::move(read).error(), flow.part);
  return shape(stage, layer, flow);
}

/// The types of the columns stand in the delivery, so that what a database knows of a value is not guessed from its text.
Result<void> StageRun::rows(const Stage& stage, Layer& layer, Flow& flow) {
  if (layer.inner.empty()) layer.inner.push_back(std::make_unique<wire::Document>());
  wire::JsonOptions options;
  options.limits = input_.limits();
  if (auto read = wire::parse_json_into(*layer.inner[0], flow.text, options); !read) return placed(std::move(read).error(), flow.part);
  Findings findings;
  auto read = wire::read_rows(layer.document, layer.inner[0]->root(), stage.table->rows, input_.limits(), &input_.names, findings);
  take_findings(findings, flow.part);
  if (!read) return placed(std::move(read).error(), flow.part);
  enter_made(stage, layer.document, flow);
  return {};
}

/// Framing is judged as a whole before the first frame is mapped: where it is in doubt, nothing behind it can be trusted.
Result<void> StageRun::frames(const Stage& stage, std::size_t number, const Flow& flow) {
  auto cut = wire::split_frames(flow.text, stage.table->frames, input_.limits());
  if (!cut) return placed(std::move(cut).error(), flow.part);
  if (cut->tail) {
    result_.waiting = Waiting{flow.part, cut->tail->offset, cut->tail->text.size()};
    note(Errc::wire_frame_incomplete, Severity::warn, flow.part, 52);
  }
  tell_findings();
  for (std::size_t i = 0; i < cut->pieces.size(); ++i) {
    Flow inner;
    inner.text = cut->pieces[i].text;
    inner.part = flow.part + "[" + std::to_string(i + 1) + "]";
    inner.fresh = false;
    piece(number + 1, std::move(inner));
  }
  return {};
}

Result<void> StageRun::documents(const Stage& stage, std::size_t number, const Flow& flow) {
  auto cut = stage.kind == Stage::Kind::xml ? wire::split_xml_documents(flow.text, input_.limits()) : wire::split_json_documents(flow.text, input_.limits());
  if (!cut) return placed(std::move(cut).error(), flow.part);
  tell_findings();
  for (std::size_t i = 0; i < cut->size(); ++i) {
    Flow inner;
    inner.kind = Flow::Kind::text;
    inner.text = (*cut)[i].text;
    inner.part = flow.part + "[" + std::to_string(i + 1) + "]";
    inner.fresh = false;
    const std::string part = inner.part;
    if (auto done = give(stage, number, std::move(inner)); !done) sink_.refuse(done.error(), part);
  }
  return {};
}

} // namespace tongqu::mapping::detail
