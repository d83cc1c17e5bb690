#include "mapping/stage_run.hpp"

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

/// Every entry that the pattern names is a piece, in the order of the directory; without `many` there must be exactly one.
Result<void> StageRun::zip(const Stage& stage, std::size_t number, const Flow& flow) {
  auto archive = wire::ZipReader::open(flow.text, {archive_limits(stage), stage.encoding}, result_.findings);
  if (!archive) return placed(std::move(archive).error(), flow.part);
  std::vector<const wire::ZipEntry*> chosen;
  for (const wire::ZipEntry& entry : archive->entries()) {
    if (wire::name_matches(entry.name, stage.entry)) chosen.push_back(&entry);
    else note(Errc::wire_zip_entry_skipped, Severity::info, flow.part + "/" + entry.name, kFilesQuirk);
  }
  if (chosen.empty()) return Error(Errc::mapping_root_missing).at(flow.part).with(stage.entry);
  if (!stage.many && chosen.size() > 1) return Error(Errc::mapping_repeated).at(flow.part).with(stage.entry);
  if (stage.many) tell_findings();
  for (const wire::ZipEntry* entry : chosen) {
    Flow inner;
    inner.part = flow.part + "/" + entry->name;
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
