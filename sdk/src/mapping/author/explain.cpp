#include <algorithm>

#include "mapping/author/characters.hpp"
#include "mapping/author/mapping_view.hpp"
#include "mapping/author/pack_files.hpp"
#include "mapping/author/provenance.hpp"
#include "mapping/observer.hpp"
#include "mapping/rule_run.hpp"
#include "tongqu/mapping/author.hpp"

namespace tongqu::mapping::author {
namespace {

using detail::Got;
using detail::StepOutcome;
using detail::Value;
using detail::ValueType;

std::string text_of(const Value& value) {
  if (value.type == ValueType::time) return value.unlimited ? "unlimited" : value.time.text();
  if (value.type == ValueType::bytes) return std::to_string(value.text.size()) + " bytes";
  if (value.type != ValueType::text_list) return std::string(value.text);
  std::string out;
  for (const std::string_view item : value.list) out += (out.empty() ? "" : " | ") + std::string(item);
  return out;
}

std::string_view outcome_name(StepOutcome outcome) {
  switch (outcome) {
    case StepOutcome::ok: return "";
    case StepOutcome::absent: return "absent";
    case StepOutcome::placeholder: return "placeholder";
    case StepOutcome::malformed: return "malformed";
    case StepOutcome::range: return "range";
  }
  return "";
}

bool is_below(std::string_view path, std::string_view field) {
  if (field.empty() || path == field) return true;
  return path.substr(0, field.size()) == field && path.size() > field.size() && (path[field.size()] == '.' || path[field.size()] == '[');
}

class Explainer final : public detail::RunObserver {
public:
  Explainer(const Pack& pack, const wire::Delivery& delivery, const ExplainOptions& options, Explained& out) : pack_(pack), delivery_(delivery), options_(options), out_(out) {}

  void mapping(const detail::SourceMapping& mapping, const detail::StageInput&) override;
  void stage(std::size_t number, const detail::Flow& flow, const detail::StageResult& result) override { provenance_.stage(number, flow, result); }
  void record(const std::vector<detail::Frame>&, const std::vector<std::string>&) override { out_.records.emplace_back(); }
  void record_ends(const MappedRecord& mapped) override { out_.records.back().verdict = verdict_name(mapped.verdict); }
  void rule(const detail::RuleInput& input) override;
  void step(const detail::Step& step, const Value& value, StepOutcome outcome) override;
  void fault(const detail::Rule& rule, detail::Fault fault, detail::Policy policy) override;
  void result(const detail::Rule& rule, const Got& got) override;
  void unused(const wire::Document& document, std::uint32_t leaf, const std::string& part) override;

private:
  std::string shown(std::string_view text) const { return field_.personal && !options_.reveal ? "<" + value_class_of(text) + ">" : std::string(text); }
  void finish(const detail::Rule& rule, const Got& got);

  const Pack& pack_;
  const wire::Delivery& delivery_;
  const ExplainOptions& options_;
  Explained& out_;
  Provenance provenance_;
  std::vector<PackDocument> documents_;
  std::vector<RuleSite> sites_;
  std::string file_;
  ExplainedField field_;
  std::string before_;                     ///< Value before the next step, unmasked.
  bool selected_ = true, found_ = false;
};

void Explainer::mapping(const detail::SourceMapping& mapping, const detail::StageInput&) {
  out_.mapping = mapping.id();
  provenance_.begin(delivery_);
  auto documents = read_documents(pack_.info().folder);
  if (!documents) return;
  documents_ = std::move(*documents);
  for (const PackDocument& document : documents_) {
    const wire::YamlNode* id = document.root.find("mapping");
    if (id == nullptr || id->text != mapping.id()) continue;
    file_ = document.file;
    sites_ = rule_sites(document.root);
  }
}

void Explainer::rule(const detail::RuleInput& input) {
  const detail::Rule& rule = input.rule;
  field_ = ExplainedField();
  field_.rule = rule.name;
  field_.path = rule.place.in_entity() && rule.place.slot.depth != 0 ? model::slot_path(rule.place.slot, input.index) : rule.name;
  field_.personal = options_.all_personal || is_personal(rule.place);
  for (const RuleSite& site : sites_) {
    if (site.name != rule.name) continue;
    field_.file = file_;
    field_.line = site.line;
  }
  selected_ = input.selected;
  found_ = input.ref != nullptr || rule.constant;
  if (!selected_) return;
  if (input.document != nullptr && input.node != wire::TapeEntry::kNone) field_.hops = provenance_.hops(*input.document, input.node);
  else if (input.ref != nullptr && input.ref->kind == detail::Ref::Kind::meta) field_.hops = Provenance::fact(input.ref->text);
  before_ = input.text;
  if (found_) field_.source = shown(input.text);
}

void Explainer::step(const detail::Step& step, const Value& value, StepOutcome outcome) {
  std::string after = outcome == StepOutcome::ok ? text_of(value) : before_;
  field_.steps.push_back({std::string(step.name), std::string(outcome_name(outcome)), shown(after), after != before_});
  before_ = std::move(after);
}

void Explainer::fault(const detail::Rule&, detail::Fault fault, detail::Policy policy) {
  const std::string_view name = policy == detail::Policy::none ? "reject" : detail::policy_name(policy);
  field_.faults.push_back(std::string(detail::fault_name(fault)) + ": " + std::string(name));
}

void Explainer::finish(const detail::Rule& rule, const Got& got) {
  switch (got.state) {
    case Got::State::absent: field_.state = "absent"; break;
    case Got::State::cleared: field_.state = "cleared"; break;
    case Got::State::raw: field_.state = "raw"; break;
    case Got::State::value: field_.state = "value"; break;
  }
  if (got.state == Got::State::absent) {
    if (!selected_) field_.why = "when";
    else if (!found_) field_.why = "no source";
    else if (!field_.steps.empty() && !field_.steps.back().outcome.empty()) field_.why = field_.steps.back().outcome;
    else field_.why = field_.faults.empty() ? "nil" : field_.faults.back().substr(0, field_.faults.back().find(':'));
    return;
  }
  if (got.state == Got::State::cleared) return;
  field_.mark = rule.constant ? "constant" : got.from_default || rule.derived ? "derived" : got.value.repaired ? "repaired" : "sent";
  field_.value = shown(got.row != nullptr ? std::string_view(got.row->name) : std::string_view(text_of(got.value)));
  if (got.value.type == ValueType::quantity && got.row == nullptr) field_.value = shown(got.value.text);
}

void Explainer::result(const detail::Rule& rule, const Got& got) {
  finish(rule, got);
  if (rule.table && selected_ && (found_ || got.from_default)) {
    field_.table = rule.table->id;
    field_.table_system = rule.table->system;
    for (const PackDocument& document : documents_) {
      const wire::YamlNode* tables = document.file == file_ ? document.root.find("tables") : nullptr;
      const wire::YamlNode* table = tables == nullptr ? nullptr : tables->find(rule.table->id);
      if (table != nullptr && table->find("file") != nullptr) field_.table_file = table->find("file")->text;
    }
    // The words of a table are its author's; which of them fits a person is not.
    const auto word = [this, &rule](const std::string& text) { return is_personal(rule.place) ? shown(text) : text; };
    if (got.row != nullptr) field_.row = word(got.row->code) + " -> " + word(got.row->name);
    for (const auto* row : got.rows) {
      if (row != nullptr) field_.row += (field_.row.empty() ? "" : ", ") + word(row->code) + " -> " + word(row->name);
    }
  }
  const bool checks = !rule.check.empty() || rule.check_by;
  if (checks && got.state != Got::State::absent) field_.check = got.verdict == model::Verdict::passed ? "passed" : got.verdict == model::Verdict::failed ? "failed" : "unchecked";
  if (!out_.records.empty() && is_below(field_.path, options_.field)) out_.records.back().fields.push_back(field_);
}

void Explainer::unused(const wire::Document& document, std::uint32_t leaf, const std::string&) {
  out_.unused.push_back({provenance_.hops(document, leaf), value_class_of(wire::Node(&document, leaf).raw_text())});
}

/// Rules of a block as the compiler left them.
class Planner {
public:
  Planner(const std::string& file, std::vector<RuleSite> sites, std::vector<PlannedRule>& out) : file_(file), sites_(std::move(sites)), out_(out) {}
  void rule(const detail::Rule& rule);
  void block(const detail::Block& block);

private:
  PlannedRule begin(const std::string& name);
  const std::string& file_;
  std::vector<RuleSite> sites_;
  std::vector<PlannedRule>& out_;
  const wire::YamlNode* node_ = nullptr;
};

std::string_view kind_name(model::FieldKind kind) {
  static constexpr std::string_view kNames[] = {"text", "identifier", "code", "time", "quantity", "money", "validity", "integer", "boolean", "record", "text list", "code list", "record list"};
  return kNames[static_cast<std::size_t>(kind)];
}

/// Whether the fault can happen at all; the compiler keeps a policy for each.
bool can_fault(const detail::Rule& rule, detail::Fault fault) {
  switch (fault) {
    case detail::Fault::missing: return rule.required;
    case detail::Fault::placeholder: return rule.required && rule.has_null_if;
    case detail::Fault::malformed: return !rule.constant;
    case detail::Fault::check: return !rule.check.empty() || rule.check_by.has_value();
    case detail::Fault::unknown: return rule.table != nullptr;
    case detail::Fault::range: return std::any_of(rule.steps.begin(), rule.steps.end(), [](const auto& step) { return step->can_exceed; });
  }
  return true;
}

PlannedRule Planner::begin(const std::string& name) {
  PlannedRule planned;
  planned.name = name;
  node_ = nullptr;
  for (const RuleSite& site : sites_) {
    if (site.name != name) continue;
    planned.file = file_;
    planned.line = site.line;
    node_ = site.node;
  }
  for (const char* key : {"from", "maybe", "each"}) {
    const wire::YamlNode* path = node_ == nullptr ? nullptr : node_->find(key);
    if (path != nullptr) planned.reads = (key == std::string_view("each") ? "each " : "") + path->text + (key == std::string_view("from") ? " (must be there)" : "");
  }
  if (const wire::YamlNode* when = node_ == nullptr ? nullptr : node_->find("when"); when != nullptr) planned.when = when->text;
  return planned;
}

void Planner::rule(const detail::Rule& rule) {
  PlannedRule planned = begin(rule.name);
  if (rule.constant) planned.reads = "constant";
  for (const auto& step : rule.steps) planned.steps.push_back(std::string(step->name) + ": " + std::string(detail::value_type_name(step->takes)) + " to " + std::string(detail::value_type_name(step->gives)));
  if (rule.table) planned.table = rule.table->id + ", " + std::to_string(rule.table->rows().size()) + " rows" + (rule.table->model.empty() ? "" : ", model " + rule.table->model);
  planned.check = rule.check_by ? "by " + rule.check_by->name : rule.check;
  planned.kind = rule.place.special == detail::Special::none || rule.place.kind() != model::FieldKind::text ? std::string(kind_name(rule.place.kind())) : "text";
  for (std::size_t i = 0; i < detail::kFaultCount; ++i) {
    if (rule.policies[i] == detail::Policy::none || !can_fault(rule, static_cast<detail::Fault>(i))) continue;
    planned.faults.push_back(std::string(detail::fault_name(static_cast<detail::Fault>(i))) + ": " + std::string(detail::policy_name(rule.policies[i])));
  }
  out_.push_back(std::move(planned));
}

void Planner::block(const detail::Block& block) {
  for (const detail::Item& item : block.items) {
    if (item.rule) rule(*item.rule);
    if (item.group) this->block(*item.group);
    if (!item.list) continue;
    if (item.list->element) {
      rule(*item.list->element);
      continue;
    }
    PlannedRule planned = begin(item.list->name);
    planned.kind = "record list";
    out_.push_back(std::move(planned));
    if (item.list->block) this->block(*item.list->block);
  }
}

/// Reads the plan of the mapping that takes a delivery.
class PlanReader final : public detail::RunObserver {
public:
  PlanReader(const std::vector<PackDocument>& documents, std::vector<PlannedRule>& out) : documents_(documents), out_(out) {}
  void mapping(const detail::SourceMapping& mapping, const detail::StageInput&) override {
    for (const PackDocument& document : documents_) {
      const wire::YamlNode* id = document.root.find("mapping");
      if (id == nullptr || id->text != mapping.id()) continue;
      Planner planner(document.file, rule_sites(document.root), out_);
      for (const auto& rule : detail::MappingView::identity(mapping)) planner.rule(*rule);
      if (const detail::Rule* kind = detail::MappingView::kind(mapping); kind != nullptr) planner.rule(*kind);
      if (const detail::Rule* event = detail::MappingView::event(mapping); event != nullptr) planner.rule(*event);
      if (const detail::Block* rules = detail::MappingView::rules(mapping); rules != nullptr) planner.block(*rules);
    }
  }

private:
  const std::vector<PackDocument>& documents_;
  std::vector<PlannedRule>& out_;
};

} // namespace

Result<std::vector<PlannedRule>> plan(const Pack& pack, const wire::Delivery& delivery, const Environment& environment) {
  TONGQU_TRY(const std::vector<PackDocument> documents, read_documents(pack.info().folder));
  std::vector<PlannedRule> out;
  PlanReader reader(documents, out);
  Workspace workspace;
  workspace.state().observer = &reader;
  if (auto mapped = pack.run_delivery(delivery, environment, workspace); !mapped && out.empty()) return std::move(mapped).error();
  return out;
}

Result<Explained> explain(const Pack& pack, const wire::Delivery& delivery, const Environment& environment, const ExplainOptions& options) {
  Explained out;
  out.pack = pack.info().name();
  out.digest = pack.info().digest;
  Explainer explainer(pack, delivery, options, out);
  Workspace workspace;
  workspace.state().observer = &explainer;
  TONGQU_TRY(MappedDelivery mapped, pack.run_delivery(delivery, environment, workspace));
  out.findings = std::move(mapped.findings);
  return out;
}

} // namespace tongqu::mapping::author
