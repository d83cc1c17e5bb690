#include "mapping/stage_run.hpp"

#include <algorithm>
#include <array>

#include "tongqu/base/assert.hpp"
#include "tongqu/base/utf8.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::mapping::detail {
namespace {

constexpr int kInnerDeclarationQuirk = 3;
constexpr int kLabelsQuirk = 19;
constexpr int kNoJsonQuirk = 42;
constexpr std::string_view kSoap11 = "http://schemas.xmlsoap.org/soap/envelope/";
constexpr std::string_view kSoap12 = "http://www.w3.org/2003/05/soap-envelope";

} // namespace

Error placed(Error error, const std::string& part) {
  std::string where = part;
  if (!error.where().empty()) where += " " + error.where();
  return std::move(error).at(std::move(where));
}

/// The child that a step names; the items of a JSON array count as repeated children with its name.
wire::Node child_at(const wire::Node& node, const PathStep& step) {
  if (step.attribute) return node.attribute(step.name);
  unsigned left = step.ordinal == 0 ? 1 : step.ordinal;
  for (wire::Node child = node.first_child(); child; child = child.next()) {
    if (child.name() != step.name) continue;
    if (child.kind() != wire::NodeKind::array) {
      if (--left == 0) return child;
      continue;
    }
    for (wire::Node item = child.first_child(); item; item = item.next()) {
      if (--left == 0) return item;
    }
  }
  return {};
}

/// The node at a path, or none. A step without an ordinal names one node: a second one beside it would be lost without a word.
Result<wire::Node> descend(wire::Node node, const std::vector<PathStep>& steps, std::size_t from) {
  for (std::size_t i = from; node && i < steps.size(); ++i) {
    if (steps[i].ordinal == 0 && !steps[i].attribute) {
      PathStep second = steps[i];
      second.ordinal = 2;
      if (const wire::Node other = child_at(node, second)) return Error(Errc::mapping_repeated).at(other.position()).with(steps[i].name);
    }
    node = child_at(node, steps[i]);
  }
  return node;
}

namespace {

/// One reference after '&', up to its ';'. Appends what it stands for; answers the number of characters used, 0 when it is none.
std::size_t append_reference(std::string_view text, std::string& out) {
  struct Entity { std::string_view name; char character; };
  static constexpr Entity kEntities[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
  for (const Entity& entity : kEntities) {
    if (text.substr(0, entity.name.size()) != entity.name) continue;
    out += entity.character;
    return entity.name.size();
  }
  const std::size_t end = text.find(';');
  if (text.substr(0, 2) != "&#" || end == std::string_view::npos || end < 3 || end > 10) return 0;
  const bool hex = text[2] == 'x';
  std::uint32_t code = 0;
  for (const char c : text.substr(hex ? 3 : 2, end - (hex ? 3 : 2))) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : hex && c >= 'a' && c <= 'f' ? c - 'a' + 10 : hex && c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return 0;
    code = code * (hex ? 16 : 10) + static_cast<std::uint32_t>(digit);
  }
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return 0;
  append_utf8(out, code);
  return end + 1;
}

Result<std::string> unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = std::min(text.find('&', at), text.size());
    out += text.substr(at, next - at);
    if (next == text.size()) break;
    const std::size_t used = append_reference(text.substr(next), out);
    if (used == 0) return Error(Errc::mapping_escape_invalid).at("offset " + std::to_string(next));
    at = next + used;
  }
  return out;
}

} // namespace

/// Label of the declaration at the start of a document in a string, empty when there is none.
std::string_view declared_label(std::string_view text) {
  if (text.substr(0, 5) != "<?xml") return {};
  text = text.substr(0, text.find("?>"));
  const std::size_t at = text.find("encoding");
  const std::size_t quote = at == std::string_view::npos ? at : text.find_first_of("\"'", at);
  if (quote == std::string_view::npos) return {};
  const std::size_t end = text.find(text[quote], quote + 1);
  return end == std::string_view::npos ? std::string_view() : text.substr(quote + 1, end - quote - 1);
}

void StageRun::start(const Stage& stage, const wire::Node& node, bool foreign, const Flow& flow) {
  const auto scope = static_cast<std::size_t>(stage.scope);
  result_.starts[scope] = {node.document(), node.index(), foreign};
  if (stages_.many) result_.parts[scope] = flow.part;
}

void StageRun::note(Errc id, Severity severity, const std::string& part, int quirk, Bilingual expected) {
  Finding finding;
  finding.id = id;
  finding.severity = severity;
  finding.source.part = part;
  finding.quirk = quirk;
  finding.expected = std::move(expected);
  result_.findings.add(std::move(finding));
}

/// What the transport said is about the body as it came, not about what was packed in it.
wire::XmlOptions StageRun::xml_options(bool characters, bool fresh) const {
  wire::XmlOptions options;
  options.limits = input_.limits();
  options.names = &input_.names;
  options.declared_encoding_ignored = characters;
  if (!characters && fresh) options.transport = wire::encoding_from_label(input_.delivery.fact("charset"));
  return options;
}

Result<void> StageRun::soap(const Stage& stage, Layer& layer, Flow& flow) {
  const wire::Part& body = input_.delivery.parts.front();
  const wire::Document* document = flow.fresh ? body.document.get() : nullptr;
  const bool foreign = document != nullptr;
  if (document == nullptr) {
    if (auto parsed = wire::parse_xml_into(layer.document, flow.text, xml_options(flow.kind == Flow::Kind::text, flow.fresh)); !parsed) return placed(std::move(parsed).error(), flow.part);
    document = &layer.document;
  }
  const wire::Node operation = soap_operation(*document);
  if (!operation) return Error(Errc::mapping_root_missing).at(flow.part).with("soap:Body");
  result_.operation = operation.name();
  if (stage.operation != "any" && operation.name() != stage.operation) return Error(Errc::mapping_operation_mismatch).at(flow.part + " " + operation.position()).with(stage.operation);
  // What operations refer to stands beside them with an id; a second operation would go unheard.
  for (wire::Node other = operation.next(); other; other = other.next()) {
    if (!other.attribute("id")) return Error(Errc::mapping_repeated).at(flow.part + " " + other.position()).with("a second operation");
  }
  start(stage, operation, foreign, flow);
  flow.kind = Flow::Kind::document;
  flow.node = operation;
  flow.fresh = false;
  return stage.part.empty() ? Result<void>() : soap_part(stage, operation, flow);
}

Result<void> StageRun::soap_part(const Stage& stage, const wire::Node& operation, Flow& flow) {
  const wire::Node part = operation.child(stage.part);
  if (!part || part.is_nil()) return Error(Errc::mapping_root_missing).at(flow.part + " " + operation.position()).with(stage.part);
  for (wire::Node other = part.next(); other; other = other.next()) {
    if (other.name() == stage.part) return Error(Errc::mapping_repeated).at(flow.part + " " + other.position()).with(stage.part);
  }
  auto text = part.leaf();
  if (!text) return placed(std::move(text).error(), flow.part);
  flow.kind = Flow::Kind::text;
  flow.text = *text;
  flow.part += "/" + stage.part;
  return {};
}

Result<void> StageRun::decode(const Stage& stage, Layer& layer, Flow& flow) {
  for (unsigned i = 1; i < stage.layers; ++i) {
    auto text = unescape(flow.text);
    if (!text) return placed(std::move(text).error(), flow.part);
    layer.text = std::move(*text);
    flow.text = layer.text;
  }
  return {};
}

namespace {

std::string_view name_of(wire::Encoding encoding) {
  switch (encoding) {
    case wire::Encoding::utf8: return "utf-8";
    case wire::Encoding::utf16le:
    case wire::Encoding::utf16be: return "utf-16";
    case wire::Encoding::gb18030: return "gb18030";
  }
  return "utf-8";
}

} // namespace

/// What the bytes are called by those who speak of them: a byte-order mark, then the header and the declaration in the order of the pack.
/// The first label counts; that another one says something else is a finding, and that nobody says anything leaves UTF-8 (LQ19).
Result<wire::Encoding> StageRun::told_encoding(const Stage& stage, const Flow& flow) {
  const auto mark = wire::byte_order_mark(flow.text);
  const std::string_view declaration = declared_label(mark ? flow.text.substr(mark->bytes) : flow.text);
  const std::string_view header = flow.fresh ? input_.delivery.fact("charset") : std::string_view();
  std::array<std::string_view, 2> labels = {header, declaration};
  if (stage.told == Stage::Told::declaration) std::swap(labels[0], labels[1]);
  std::optional<wire::Encoding> counts = mark ? std::optional(mark->encoding) : std::nullopt;
  bool overruled = false, unknown = false;
  for (const std::string_view label : labels) {
    if (label.empty()) continue;
    const auto encoding = wire::encoding_from_label(label);
    const bool utf16 = counts && (*counts == wire::Encoding::utf16le || *counts == wire::Encoding::utf16be) && encoding == wire::Encoding::utf16le;
    overruled = overruled || (counts && encoding != counts && !utf16) || !encoding;
    unknown = unknown || !encoding;
    if (!counts) counts = encoding;
  }
  if (!counts && unknown) return Error(Errc::wire_encoding_unknown).at(flow.part);
  const wire::Encoding made = counts.value_or(wire::Encoding::utf8);
  if (overruled) note(Errc::mapping_declared_encoding_ignored, Severity::warn, flow.part, kLabelsQuirk, same(std::string(name_of(made))));
  return made;
}

Result<void> StageRun::charset(const Stage& stage, Layer& layer, Flow& flow) {
  std::string_view bytes = flow.text;
  wire::Encoding encoding = stage.encoding;
  if (stage.told != Stage::Told::nothing) {
    TONGQU_TRY(encoding, told_encoding(stage, flow));
  }
  if (const auto mark = wire::byte_order_mark(bytes); mark && mark->encoding == encoding) bytes.remove_prefix(mark->bytes);
  auto text = stage.edition ? wire::decode_gb18030(bytes, *stage.edition) : wire::decode(bytes, encoding);
  if (!text) return placed(std::move(text).error(), flow.part);
  layer.text = std::move(*text);
  flow.text = layer.text;
  flow.kind = Flow::Kind::text;
  flow.fresh = false;
  return {};
}

Result<void> StageRun::xml(const Stage& stage, Layer& layer, Flow& flow) {
  const bool characters = flow.kind == Flow::Kind::text || stage.declared_ignored;
  if (characters) {
    if (flow.text.substr(0, 3) == "\xEF\xBB\xBF") flow.text.remove_prefix(3);
    flow.text.remove_prefix(std::min(flow.text.find_first_not_of(" \t\r\n"), flow.text.size()));
    const std::string_view label = declared_label(flow.text);
    if (!label.empty() && wire::encoding_from_label(label) != wire::Encoding::utf8) note(Errc::mapping_declared_encoding_ignored, Severity::info, flow.part, kInnerDeclarationQuirk);
  }
  const wire::Part& body = input_.delivery.parts.front();
  const wire::Document* document = flow.fresh ? body.document.get() : nullptr;
  if (document == nullptr) {
    const wire::XmlOptions options = xml_options(characters, flow.fresh);
    const bool thin = input_.one_by_one && input_.observer == nullptr && !stage.records.empty() && wire::reads_records_apart(options);
    auto parsed = thin ? wire::parse_xml_thin_into(layer.document, flow.text, options, stage.records) : wire::parse_xml_into(layer.document, flow.text, options);
    if (!parsed) return placed(std::move(parsed).error(), flow.part);
    document = &layer.document;
    if (thin) result_.thin = StageResult::Thin{&layer.document, options, &stage.records};
  }
  return enter(stage, *document, flow);
}

Result<void> StageRun::json(const Stage& stage, Layer& layer, Flow& flow) {
  const wire::Part& body = input_.delivery.parts.front();
  const wire::Document* document = flow.fresh ? body.document.get() : nullptr;
  if (document == nullptr) {
    wire::JsonOptions options;
    options.limits = input_.limits();
    options.names = &input_.names;
    wire::JsonUses uses;
    if (auto parsed = wire::parse_json_into(layer.document, flow.text, options, stage.json, uses); !parsed) return placed(std::move(parsed).error(), flow.part);
    document = &layer.document;
    tell_uses(uses, document, flow.part);
  }
  return enter(stage, *document, flow);
}

/// What a reader of JSON tolerated, each kind once, with its first place where that is in one document.
void StageRun::tell_uses(const wire::JsonUses& uses, const wire::Document* document, const std::string& part) {
  struct Row { Errc id; Severity severity; std::string_view en, zh; };
  // The fault that would have refused the text, as what it is under its switch. A value that no longer counts is lost; the rest is a way of writing.
  static constexpr Row kRows[] = {{Errc::wire_json_duplicate_key, Severity::warn, "one value counts", "只取其一"},
                                  {Errc::wire_json_syntax, Severity::info, "a byte-order mark was skipped", "已跳过字节顺序标记"},
                                  {Errc::wire_json_syntax, Severity::info, "a comment was skipped", "已跳过注释"},
                                  {Errc::wire_json_syntax, Severity::info, "single quotes were read as double ones", "单引号已按双引号读取"},
                                  {Errc::wire_json_syntax, Severity::info, "a comma before the end was skipped", "已跳过末尾多余的逗号"},
                                  {Errc::wire_json_number, Severity::warn, "NaN or an infinity was read as null", "NaN 或无穷大已按 null 读取"},
                                  {Errc::wire_json_syntax, Severity::info, "the call of a function was taken off", "已去除外层的函数调用"}};
  static_assert(std::size(kRows) == wire::JsonUses::kKinds);
  for (std::size_t kind = 0; kind < wire::JsonUses::kKinds; ++kind) {
    const wire::JsonUses::Use& use = uses.uses[kind];
    if (use.count == 0) continue;
    const Row& row = kRows[kind];
    const std::string times = std::to_string(use.count);
    const std::string place = document == nullptr ? std::string() : document->position(use.offset);
    note(row.id, row.severity, part, kNoJsonQuirk,
         {std::string(row.en) + ", " + times + " times" + (place.empty() ? "" : ", the first at " + place), std::string(row.zh) + "，" + times + " 次" + (place.empty() ? "" : "，首次位于 " + place)});
  }
}

/// Goes to the element that rules (or the next stage) start from.
Result<void> StageRun::enter(const Stage& stage, const wire::Document& document, Flow& flow) {
  const bool is_xml = stage.kind == Stage::Kind::xml;
  wire::Node node = document.root();
  const bool named = stage.path.empty() || !is_xml || node.name() == stage.path.front().name;
  auto found = named ? descend(node, stage.path, is_xml && !stage.path.empty() ? 1 : 0) : Result<wire::Node>(wire::Node());
  if (!found) return placed(std::move(found).error(), flow.part);
  node = *found;
  if (!node) return Error(Errc::mapping_root_missing).at(flow.part).with(stage.path.back().name);
  start(stage, node, flow.fresh && input_.delivery.parts.front().document != nullptr, flow);
  flow.kind = Flow::Kind::document;
  flow.node = node;
  flow.fresh = false;
  return {};
}

Result<void> StageRun::string(const Stage& stage, Flow& flow) {
  auto leaf = descend(flow.node, stage.path, 0);
  if (!leaf) return placed(std::move(leaf).error(), flow.part);
  if (!*leaf || leaf->is_nil()) return Error(Errc::mapping_root_missing).at(flow.part).with(stage.part);
  auto text = leaf->leaf();
  if (!text) return placed(std::move(text).error(), flow.part);
  flow.kind = Flow::Kind::text;
  flow.text = *text;
  flow.part += "/" + stage.part;
  return {};
}

namespace {

/// Percent-decodes one piece of a form; answers nothing when an escape is broken.
std::optional<std::string> form_bytes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    auto byte = i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : Result<std::string>(Error(Errc::base_hex_invalid));
    if (!byte) return std::nullopt;
    out += *byte;
    i += 2;
  }
  return out;
}

} // namespace

Result<void> StageRun::form(const Stage& stage, Layer& layer, Flow& flow) {
  std::string_view rest = flow.text;
  bool found = false;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = form_bytes(pair.substr(0, equals));
    if (!name || *name != stage.field) continue;
    if (found) return Error(Errc::mapping_repeated).at(flow.part).with(stage.field);
    found = true;
    const auto bytes = form_bytes(pair.substr(std::min(equals + 1, pair.size())));
    if (!bytes) return Error(Errc::mapping_escape_invalid).at(flow.part + "/" + stage.field);
    auto text = wire::decode(*bytes, stage.encoding);
    if (!text) return placed(std::move(text).error(), flow.part + "/" + stage.field);
    layer.text = std::move(*text);
  }
  if (!found) return Error(Errc::mapping_root_missing).at(flow.part).with(stage.field);
  flow.kind = Flow::Kind::text;
  flow.text = layer.text;
  flow.part += "/" + stage.field;
  flow.fresh = false;
  return {};
}

Result<void> StageRun::run(const Stage& stage, Layer& layer, Flow& flow) {
  switch (stage.kind) {
    case Stage::Kind::soap: return soap(stage, layer, flow);
    case Stage::Kind::decode: return decode(stage, layer, flow);
    case Stage::Kind::base64: return base64(stage, layer, flow);
    case Stage::Kind::gzip: return gzip(stage, layer, flow);
    case Stage::Kind::charset: return charset(stage, layer, flow);
    case Stage::Kind::xml: return xml(stage, layer, flow);
    case Stage::Kind::json: return json(stage, layer, flow);
    case Stage::Kind::string: return string(stage, flow);
    case Stage::Kind::form: return form(stage, layer, flow);
    case Stage::Kind::csv: return csv(stage, layer, flow);
    case Stage::Kind::fixed: return fixed(stage, layer, flow);
    case Stage::Kind::nested: return nested(stage, layer, flow);
    case Stage::Kind::dataset:
    case Stage::Kind::multiref: return unwrap(stage, layer, flow);
    case Stage::Kind::multipart: return multipart(stage, layer, flow);
    case Stage::Kind::attachments: return attachments(stage, layer, flow);
    case Stage::Kind::spreadsheet: return spreadsheet(stage, layer, flow);
    case Stage::Kind::rows: return rows(stage, layer, flow);
    case Stage::Kind::open: return open(stage, layer, flow);
    case Stage::Kind::zip:
    case Stage::Kind::frames: break;
  }
  TONGQU_ASSERT(false, "stages that give pieces are run by fan_out");
  return {};
}

Result<void> StageRun::fan_out(std::size_t number, Flow flow) {
  const Stage& stage = stages_.list[number];
  if (stage.kind == Stage::Kind::zip) return zip(stage, number, flow);
  if (stage.kind == Stage::Kind::frames) return frames(stage, number, flow);
  return documents(stage, number, flow);
}

/// Findings from before the cut are about the delivery, not about its first piece.
void StageRun::tell_findings() {
  sink_.tell(std::move(result_.findings));
  result_.findings = Findings();
}

/// One of several documents: read by the stage that cut them apart, then by the rest.
Result<void> StageRun::give(const Stage& stage, std::size_t number, Flow flow) {
  TONGQU_CHECK(run(stage, memory_.layers[number], flow));
  return go(number + 1, std::move(flow));
}

/// The rest of the stages for one piece of several: what is refused is refused alone.
void StageRun::piece(std::size_t number, Flow flow) {
  const std::string part = flow.part;
  if (auto done = go(number, std::move(flow)); !done) sink_.refuse(done.error(), part);
}

Result<void> StageRun::go(std::size_t from, Flow flow) {
  for (std::size_t i = from; i < stages_.list.size(); ++i) {
    const Stage& stage = stages_.list[i];
    if (input_.observer != nullptr) input_.observer->stage(i, flow, result_);
    if (stage.many || stage.kind == Stage::Kind::zip) return fan_out(i, std::move(flow));
    TONGQU_CHECK(run(stage, memory_.layers[i], flow));
  }
  if (input_.observer != nullptr) input_.observer->stage(stages_.list.size(), flow, result_);
  sink_.take(result_);
  return {};
}

wire::Node soap_operation(const wire::Document& document) {
  const wire::Node root = document.root();
  if (!root || root.kind() != wire::NodeKind::element || root.name() != "Envelope" || (root.ns() != kSoap11 && root.ns() != kSoap12)) return {};
  const wire::Node body = root.child(root.ns(), "Body");
  return body ? body.first_child() : wire::Node();
}

Result<void> run_stages(const Stages& stages, const StageInput& input, StageMemory& memory, StageResult& result, PieceSink& sink) {
  result.starts.assign(stages.part_names.size(), {});
  if (stages.many) result.parts = stages.part_names;
  result.findings.clear();
  result.operation.clear();
  result.waiting.reset();
  result.thin.reset();
  if (input.delivery.parts.empty()) return Error(Errc::mapping_root_missing).with("body");
  if (memory.layers.size() < stages.list.size()) memory.layers.resize(stages.list.size());
  Flow flow;
  flow.text = input.delivery.parts.front().bytes;
  StageRun run(stages, input, memory, result, sink);
  TONGQU_CHECK(run.go(0, std::move(flow)));
  run.report_other_parts();
  return {};
}

} // namespace tongqu::mapping::detail
