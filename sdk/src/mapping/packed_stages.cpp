#include "mapping/stage_run.hpp"
#include "tongqu/wire/multipart.hpp"

namespace tongqu::mapping::detail {
namespace {

constexpr int kPackedQuirk = 26;
constexpr int kFilesQuirk = 52;

} // namespace

wire::ArchiveLimits StageRun::archive_limits(const Stage& stage) const {
  wire::ArchiveLimits limits;
  limits.bytes_max = input_.limits().message_bytes_max;
  if (stage.ratio != 0) limits.ratio_max = stage.ratio;
  return limits;
}

Result<void> StageRun::base64(const Stage& stage, Layer& layer, Flow& flow) {
  wire::Base64Used used;
  auto bytes = wire::read_base64(flow.text, stage.tolerance, used);
  if (!bytes) return placed(std::move(bytes).error(), flow.part);
  struct Row { bool used; std::string_view name; };
  for (const Row& row : {Row{used.breaks, "breaks"}, Row{used.padding, "padding"}, Row{used.url, "alphabet"}, Row{used.data_uri, "data_uri"}}) {
    if (row.used) note(Errc::wire_base64_tolerated, Severity::info, flow.part, kPackedQuirk, same(std::string(row.name)));
  }
  layer.text = std::move(*bytes);
  flow.text = layer.text;
  flow.kind = Flow::Kind::bytes;
  flow.fresh = false;
  return {};
}

Result<void> StageRun::gzip(const Stage& stage, Layer& layer, Flow& flow) {
  if (auto done = wire::gunzip_into(layer.text, flow.text, archive_limits(stage)); !done) return placed(std::move(done).error(), flow.part);
  flow.text = layer.text;
  flow.kind = Flow::Kind::bytes;
  flow.fresh = false;
  return {};
}

Result<void> StageRun::open(const Stage& stage, Layer& layer, Flow& flow) {
  const Opener* opener = input_.environment.opener;
  if (opener == nullptr) return Error(Errc::mapping_opener_missing).at(flow.part).with(stage.key);
  auto plain = opener->open({stage.cipher, stage.key, flow.text});
  if (!plain) return placed(std::move(plain).error(), flow.part);
  layer.text = std::move(*plain);
  flow.text = layer.text;
  flow.kind = Flow::Kind::bytes;
  flow.fresh = false;
  return {};
}

/// The root part flows on; the connector may have cut the body already.
Result<void> StageRun::multipart(const Stage& stage, Layer& layer, Flow& flow) {
  const std::vector<wire::Part>* parts = &input_.delivery.parts;
  if (parts->size() == 1 && input_.delivery.fact("multipart") != "cut") {
    const wire::Part& body = parts->front();
    const std::string_view type = body.content_type.empty() ? input_.delivery.fact("content_type") : std::string_view(body.content_type);
    wire::MultipartLimits limits;
    limits.bytes_max = input_.limits().message_bytes_max;
    auto cut = wire::parse_multipart(flow.text, type, limits);
    if (!cut) return placed(std::move(cut).error(), flow.part);
    layer.parts = *std::move(cut);
    parts = &layer.parts;
  }
  const wire::Part* chosen = stage.part.empty() ? &parts->front() : nullptr;
  others_.clear();
  for (const wire::Part& part : *parts) {
    if (chosen == nullptr && part.name == stage.part) chosen = &part;
  }
  if (chosen == nullptr) return Error(Errc::mapping_root_missing).at(flow.part).with(stage.part);
  for (const wire::Part& part : *parts) {
    if (&part != chosen) others_.push_back(&part);
  }
  flow.text = chosen->bytes;
  flow.fresh = false;
  if (!stage.part.empty()) flow.part += "/" + stage.part;
  return {};
}

Result<void> StageRun::attachments(const Stage& stage, Layer& layer, Flow& flow) {
  Findings findings;
  auto done = wire::resolve_attachments(layer.document, flow.node, {others_, input_.limits(), &input_.names, findings});
  result_.findings.append(std::move(findings));
  if (!done) return placed(std::move(done).error(), flow.part);
  enter_made(stage, layer.document, flow);
  return {};
}

void StageRun::report_other_parts() {
  if (stages_.attachments) return;
  for (const wire::Part* part : others_) note(Errc::wire_part_unreferenced, Severity::warn, part->name, 0);
}

/// Every entry that the pattern names is a piece, in the order of the directory; without `many` there must be exactly one.
Result<void> StageRun::zip(const Stage& stage, std::size_t number, const Flow& flow) {
  auto archive = wire::ZipReader::open(flow.text, {archive_limits(stage), stage.encoding}, result_.findings);
  if (!archive) return placed(std::move(archive).error(), flow.part);
  // A part is called by its place: offices name files after people, and findings must not.
  const auto called = [&](const wire::ZipEntry& entry) { return flow.part + "/entry[" + std::to_string(&entry - archive->entries().data() + 1) + "]"; };
  std::vector<const wire::ZipEntry*> chosen;
  for (const wire::ZipEntry& entry : archive->entries()) {
    if (wire::name_matches(entry.name, stage.entry)) chosen.push_back(&entry);
    else note(Errc::wire_zip_entry_skipped, Severity::info, called(entry), kFilesQuirk);
  }
  if (chosen.empty()) return Error(Errc::mapping_root_missing).at(flow.part).with(stage.entry);
  if (!stage.many && chosen.size() > 1) return Error(Errc::mapping_repeated).at(flow.part).with(stage.entry);
  if (stage.many) tell_findings();
  for (const wire::ZipEntry* entry : chosen) {
    Flow inner;
    inner.part = called(*entry);
    inner.fresh = false;
    Layer& layer = memory_.layers[number];
    auto read = archive->read_into(layer.text, *entry);
    inner.text = layer.text;
    if (!stage.many) {
      if (!read) return placed(std::move(read).error(), inner.part);
      return go(number + 1, std::move(inner));
    }
    if (!read) sink_.refuse(placed(std::move(read).error(), inner.part), inner.part);
    else piece(number + 1, std::move(inner));
  }
  return {};
}

} // namespace tongqu::mapping::detail
