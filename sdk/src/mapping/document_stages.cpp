#include "mapping/stage_run.hpp"

#include <algorithm>

#include "tongqu/wire/document_builder.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/pieces.hpp"
#include "tongqu/wire/unwrap.hpp"

namespace tongqu::mapping::detail {
namespace {

using wire::Node;
using wire::NodeKind;

/// Puts documents in the place of the texts that carry them, wherever a path leads.
class Nesting {
public:
  struct Inputs { const Stage& stage; const StageInput& run; StageMemory::Layer& layer; std::string part; wire::XmlOptions xml; };
  explicit Nesting(Inputs in) : in_(std::move(in)), builder_(in_.layer.document, in_.run.limits(), &in_.run.names) {}
  Result<void> run(const Node& root);
  const wire::JsonUses& uses() const { return uses_; }

private:
  Result<void> walk(const Node& node, std::size_t step);
  Result<void> expand(const Node& node);
  Result<void> put_json(const Node& node, std::string_view text);
  Result<void> put_xml(const Node& node, std::string_view text);
  wire::Document& fresh();

  const Inputs in_;
  wire::DocumentBuilder builder_;
  wire::JsonUses uses_;
  std::size_t used_ = 0;
};

wire::Document& Nesting::fresh() {
  if (used_ == in_.layer.inner.size()) in_.layer.inner.push_back(std::make_unique<wire::Document>());
  return *in_.layer.inner[used_++];
}

Result<void> Nesting::put_json(const Node& node, std::string_view text) {
  wire::JsonOptions options;
  options.limits = in_.run.limits();
  wire::Document& document = fresh();
  TONGQU_CHECK(wire::parse_json_into(document, text, options, in_.stage.json, uses_));
  const Node root = document.root();
  // In an XML document a list stands as repeated elements, as it does for paths.
  if (root.kind() == NodeKind::array && node.kind() == NodeKind::element) {
    for (Node item = root.first_child(); item; item = item.next()) builder_.copy(item, node.name());
  } else {
    builder_.copy(root, node.name());
  }
  return {};
}

Result<void> Nesting::put_xml(const Node& node, std::string_view text) {
  std::vector<wire::Piece> pieces{{text, 0}};
  if (in_.stage.documents_many) {
    TONGQU_TRY(pieces, wire::split_xml_documents(text, in_.run.limits()));
  }
  builder_.open(NodeKind::element, node.name(), node.offset());
  for (const wire::Piece& piece : pieces) {
    std::string_view one = piece.text;
    one.remove_prefix(std::min(one.find_first_not_of(" \t\r\n"), one.size()));
    wire::Document& document = fresh();
    TONGQU_CHECK(wire::parse_xml_into(document, one, in_.xml));
    builder_.copy(document.root());
  }
  builder_.close();
  return {};
}

Result<void> Nesting::expand(const Node& node) {
  const std::string part = in_.part + node.path();
  auto text = node.is_nil() ? Result<std::string_view>(std::string_view()) : node.leaf();
  if (!text) return placed(std::move(text).error(), part);
  if (text->find_first_not_of(" \t\r\n") == std::string_view::npos) {
    builder_.copy(node);
    return {};
  }
  // What is put in was read in a text of its own; it stands where that text stands.
  builder_.stand_at(node.offset());
  auto put = in_.stage.nested_xml ? put_xml(node, *text) : put_json(node, *text);
  builder_.stand_at(std::nullopt);
  if (!put) return placed(std::move(put).error(), part);
  return {};
}

Result<void> Nesting::walk(const Node& node, std::size_t step) {
  if (builder_.failed()) return {};
  const bool item_list = node.kind() == NodeKind::array;
  if (step == in_.stage.path.size() && !item_list) return expand(node);
  builder_.open_like(node);
  for (Node child = node.first_child(); child; child = child.next()) {
    if (item_list) TONGQU_CHECK(walk(child, step));
    else if (child.name() == in_.stage.path[step].name) TONGQU_CHECK(walk(child, step + 1));
    else builder_.copy(child);
  }
  builder_.close();
  return {};
}

Result<void> Nesting::run(const Node& root) {
  builder_.source(root.document()->source());
  TONGQU_CHECK(walk(root, 0));
  auto done = builder_.finish();
  if (!done) return placed(std::move(done).error(), in_.part);
  return {};
}

} // namespace

Result<void> StageRun::nested(const Stage& stage, Layer& layer, Flow& flow) {
  wire::XmlOptions options = xml_options(true, false);
  options.names = nullptr;
  Nesting nesting({stage, input_, layer, flow.part, options});
  TONGQU_CHECK(nesting.run(flow.node));
  tell_uses(nesting.uses(), nullptr, flow.part);
  enter_made(stage, layer.document, flow);
  return {};
}

Result<void> StageRun::unwrap(const Stage& stage, Layer& layer, Flow& flow) {
  Findings findings;
  const wire::UnwrapContext context{input_.limits(), &input_.names, findings};
  auto done = stage.kind == Stage::Kind::multiref ? wire::resolve_references(layer.document, flow.node, context) : wire::read_dataset(layer.document, flow.node, context);
  take_findings(findings, flow.part);
  if (!done) return placed(std::move(done).error(), flow.part);
  enter_made(stage, layer.document, flow);
  return {};
}

} // namespace tongqu::mapping::detail
