#include "mapping/reverse/fill.hpp"
#include "mapping/reverse/reverse_run.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::mapping::detail {
namespace {

using Kind = Stage::Kind;

class Chain {
public:
  Chain(const ReversePlan& plan, std::vector<std::unique_ptr<OutNode>>& documents) : plan_(plan), documents_(documents) {}
  Result<void> run(const WriteStage& stage);
  std::string& flow() noexcept { return flow_; }

private:
  OutNode& document(const WriteStage& stage) {
    OutNode& found = *documents_[static_cast<std::size_t>(stage.scope)];
    found.arrange();
    return found;
  }
  /// The flow becomes the text of a place of the next document outwards.
  Result<void> carry(const WriteStage& stage) {
    const auto scope = static_cast<std::size_t>(stage.scope);
    if (plan_.xml[scope] && wire::xml_forbidden(flow_) != std::string_view::npos) return Error(Errc::mapping_reverse_character).at(stage.carrier->path());
    OutNode& place = Fill::place(*documents_[scope], *plan_.scope_shapes[scope], *stage.carrier);
    place.text = std::move(flow_);
    place.has_text = true;
    return {};
  }
  Result<void> to_bytes(const WriteStage& stage) {
    TONGQU_TRY(flow_, stage.charset.bytes(flow_));
    return {};
  }

  const ReversePlan& plan_;
  std::vector<std::unique_ptr<OutNode>>& documents_;
  std::string flow_;
};

Result<void> Chain::run(const WriteStage& stage) {
  switch (stage.kind) {
    case Kind::xml:
      flow_ = emit_xml(document(stage), stage.xml, stage.charset);
      return stage.to_bytes ? to_bytes(stage) : Result<void>();
    case Kind::json:
      flow_ = emit_json(document(stage), stage.json, stage.charset);
      return {};
    case Kind::soap:
      if (stage.carrier != nullptr) TONGQU_CHECK(carry(stage));
      flow_ = emit_soap(document(stage), stage.soap, stage.charset);
      return to_bytes(stage);
    case Kind::string: return carry(stage);
    case Kind::csv: {
      TONGQU_TRY(flow_, emit_csv(document(stage), stage.csv));
      return {};
    }
    case Kind::fixed: {
      TONGQU_TRY(flow_, emit_fixed(document(stage), stage.fixed, stage.charset));
      return {};
    }
    case Kind::form: {
      auto fields = stage.fields;
      fields.emplace_back(stage.field, flow_);
      TONGQU_TRY(flow_, emit_form(fields, stage.plus, stage.charset));
      return {};
    }
    case Kind::decode:
      for (unsigned i = 1; i < stage.layers; ++i) flow_ = escape_layer(flow_);
      return {};
    case Kind::charset: return to_bytes(stage);
    case Kind::base64: flow_ = to_base64(flow_); return {};
    default: return {};
  }
}

} // namespace

Result<std::string> write_stages(const ReversePlan& plan, std::vector<std::unique_ptr<OutNode>>& documents, const Limits& limits) {
  Chain chain(plan, documents);
  for (const WriteStage& stage : plan.stages) {
    TONGQU_CHECK(chain.run(stage));
    if (chain.flow().size() > limits.message_bytes_max) return Error(Errc::mapping_reverse_limit).at(std::string(stage_name(stage.kind))).with(std::to_string(limits.message_bytes_max));
  }
  return std::move(chain.flow());
}

} // namespace tongqu::mapping::detail
