#include "mapping/rule_run.hpp"

#include <charconv>

#include "tongqu/model/identifiers.hpp"

namespace tongqu::mapping::detail {
namespace {

using wire::NodeKind;
using wire::TapeEntry;

constexpr int kPlaceholderQuirk = 30;
constexpr int kSentinelQuirk = 29;
constexpr int kUnknownQuirk = 32;
constexpr int kCheckQuirk = 36;
constexpr int kRepairQuirk = 25;
constexpr int kNumberQuirk = 33;

/// The check that goes with a kind of certificate; empty for kinds that have none.
std::string_view check_of_kind(std::string_view kind) {
  return kind == "resident_id" || kind == "uscc" || kind == "org_code" ? kind : std::string_view();
}

/// A leaf with a text and nothing about it that must be looked at: no children, no comment inside, not null, no attribute that could say nil.
bool is_plain_leaf(const TapeEntry& entry) {
  const bool text = entry.kind != NodeKind::object && entry.kind != NodeKind::array && entry.kind != NodeKind::null;
  return text && !entry.has_child && !entry.mixed && entry.attributes == 0;
}

void read_position(const std::string& position, SourcePlace& place) {
  const auto colon = position.find(':');
  if (colon == std::string::npos) return;
  std::from_chars(position.data(), position.data() + colon, place.line);
  std::from_chars(position.data() + colon + 1, position.data() + position.size(), place.column);
}

} // namespace

RuleRun::Sought RuleRun::leaf(const Frame& frame, const Frame::Found& found) const {
  const TapeEntry& entry = frame.document->tape()[found.node];
  if (!found.repeated && is_plain_leaf(entry)) return {Sought::State::text, {entry.text, entry.text_size}, Errc::none, entry.kind == NodeKind::number};
  Sought sought;
  sought.state = Sought::State::text;
  if (found.repeated) sought.broken = Errc::mapping_repeated;
  else if (entry.kind == NodeKind::object || entry.kind == NodeKind::array || entry.has_child) sought.broken = Errc::wire_not_a_leaf;
  else if (entry.kind == NodeKind::element && entry.mixed) sought.broken = Errc::wire_xml_mixed;
  if (sought.broken != Errc::none) sought.state = Sought::State::broken;
  else if (entry.kind == NodeKind::null || (entry.attributes != 0 && wire::Node(frame.document, found.node).is_nil())) sought.state = Sought::State::nil;
  else sought.text = {entry.text, entry.text_size};
  sought.number = entry.kind == NodeKind::number;
  return sought;
}

RuleRun::Sought RuleRun::seek(const std::vector<Ref>& refs) const {
  for (const Ref& ref : refs) {
    if (ref.kind == Ref::Kind::node) {
      const Frame& frame = in_.frames[ref.scope];
      if (ref.slot < frame.slots.size() && frame.slots[ref.slot].node != TapeEntry::kNone) return leaf(frame, frame.slots[ref.slot]);
      continue;
    }
    if (ref.kind == Ref::Kind::meta && in_.facts != nullptr) {
      if (const auto fact = in_.facts->find(ref.text); fact != in_.facts->end()) return {Sought::State::text, fact->second, Errc::none, false};
    }
    const std::string_view text = ref.kind == Ref::Kind::param ? std::string_view(ref.text) : in_.delivery->fact(ref.text);
    if (ref.kind == Ref::Kind::param || !text.empty()) return {Sought::State::text, text, Errc::none, false};
  }
  return {};
}

LeafState RuleRun::source_leaf(const std::vector<Ref>& refs, std::string_view& text) const {
  const Sought sought = seek(refs);
  switch (sought.state) {
    case Sought::State::absent: return LeafState::absent;
    case Sought::State::nil: return LeafState::nil;
    case Sought::State::broken: return LeafState::structured;
    case Sought::State::text: break;
  }
  text = sought.text;
  return text.empty() ? LeafState::empty : LeafState::text;
}

LeafState RuleRun::field_state(const Place& place) const {
  if (in_.record == nullptr) return LeafState::absent;
  if (place.special == Special::event) return in_.record->envelope.event.empty() ? LeafState::absent : LeafState::text;
  if (!model::present(in_.record->object(), place.slot, index)) {
    // Asked of every element of a list; a look through the table for each would cost their square.
    if (!any_cleared) return LeafState::absent;
    const model::MetaEntry* meta = clearings != nullptr ? clearings->find(place.slot.id, index) : in_.record->find_meta(place.slot.id, index);
    return meta != nullptr && meta->cleared ? LeafState::nil : LeafState::absent;
  }
  switch (place.kind()) {
    case model::FieldKind::record:
    case model::FieldKind::record_list:
    case model::FieldKind::code_list:
    case model::FieldKind::text_list: return LeafState::structured;
    default: return LeafState::text;
  }
}

ExprValue RuleRun::field_value(const Place& place, ExprType type) {
  ExprValue value;
  if (field_state(place) != LeafState::text) return value;
  value.absent = false;
  if (place.special == Special::event) {
    value.text = in_.record->envelope.event;
    return value;
  }
  const void* at = model::member_at(static_cast<const void*>(in_.record->object()), place.slot, index);
  switch (place.kind()) {
    case model::FieldKind::text:
    case model::FieldKind::identifier: value.text = **static_cast<const std::optional<std::string>*>(at); break;
    case model::FieldKind::code: value.text = (*static_cast<const std::optional<model::Code>*>(at))->name; break;
    case model::FieldKind::time: value.time = **static_cast<const std::optional<model::Time>*>(at); break;
    case model::FieldKind::boolean: value.truth = **static_cast<const std::optional<bool>*>(at); break;
    default: {
      const std::string text = field_text(place).value_or("");
      if (type == ExprType::number) {
        const auto number = ExactNumber::parse(text);
        value.absent = !number;
        value.number = number.value_or(ExactNumber());
      } else {
        value.text = in_.arena.store(text);
      }
    }
  }
  return value;
}

std::size_t RuleRun::list_size(const ExprList& list) {
  outside_.push_back(index);
  if (list.group) return in_.group == nullptr ? 0 : in_.group->size();
  if (!list.field) {
    const Frame& parent = in_.frames[list.parent_scope];
    return list.list < parent.lists.size() ? parent.lists[list.list].size() : 0;
  }
  if (in_.record == nullptr || !model::present(in_.record->object(), list.place.slot, index)) return 0;
  return list.place.slot.field().type()->list_size(model::member_at(in_.record->object(), list.place.slot, index));
}

bool RuleRun::must_visit(const ExprList& list) const {
  return !list.field && !list.group && in_.scopes != nullptr && list.scope < in_.scopes->reports.size() && in_.scopes->reports[list.scope];
}

void RuleRun::at_element(const ExprList& list, std::size_t i) {
  if (list.field) {
    index[list.level] = static_cast<std::uint16_t>(i);
    return;
  }
  const Frame& parent = in_.frames[list.parent_scope];
  const std::uint32_t node = list.group ? (*in_.group)[i] : parent.lists[list.list][i];
  const TapeEntry& entry = parent.document->tape()[node];
  Scope::Unused& unused = must_visit(list) && in_.unused != nullptr ? *in_.unused : unheard_;
  if (spend(entry.end - node)) in_.scopes->all[list.scope]->walk(*parent.document, node, parent.names, in_.frames[list.scope], unused);
  unheard_.leaves.clear();
}

std::optional<std::string_view> RuleRun::part_bytes(std::string_view name) const {
  if (in_.delivery == nullptr) return std::nullopt;
  for (const wire::Part& part : in_.delivery->parts) {
    if (part.name == name) return part.bytes;
  }
  return std::nullopt;
}

void RuleRun::after_list(const ExprList&) {
  index = outside_.back();
  outside_.pop_back();
}

bool RuleRun::spend(std::uint64_t steps) {
  if (in_.budget == nullptr) return true;
  if (in_.budget->steps_left < steps) {
    in_.budget->steps_left = 0;
    return false;
  }
  in_.budget->steps_left -= steps;
  return true;
}

void RuleRun::stop() {
  if (stopped_) return;
  stopped_ = true;
  Finding made;
  made.id = Errc::mapping_step_budget;
  made.severity = Severity::error;
  if (in_.environment != nullptr) made.expected = {"at most " + std::to_string(in_.environment->steps_max) + " steps", "不超过 " + std::to_string(in_.environment->steps_max) + " 步"};
  in_.findings.add(std::move(made));
  worsen(RecordVerdict::refused);
}

bool RuleRun::holds(const Expression& condition, std::string_view about, bool* judged) {
  ExprTrouble trouble;
  const bool truth = condition.holds(*this, trouble);
  if (judged != nullptr) *judged = trouble.id == Errc::none;
  if (trouble.id == Errc::none) return truth;
  tell_broken(about, std::move(trouble));
  return false;
}

void RuleRun::tell_broken(std::string_view about, ExprTrouble trouble) {
  if (trouble.id == Errc::mapping_step_budget) return stop();
  Finding made;
  made.id = Errc::mapping_condition_broken;
  made.severity = Severity::error;
  made.path = list_prefix + std::string(about);
  made.rule = made.path;
  made.expected = std::move(trouble.expected);
  made.suggestion = {std::string(errc_row(trouble.id).en), std::string(errc_row(trouble.id).zh)};
  in_.findings.add(std::move(made));
  worsen(RecordVerdict::held);
}

void RuleRun::tell_unmatched(std::string_view about, Policy policy) {
  Finding made;
  made.id = Errc::mapping_missing;
  made.severity = policy == Policy::report ? Severity::warn : Severity::error;
  made.path = list_prefix + std::string(about);
  made.rule = made.path;
  made.expected = {"a row that has the key named here", "具有此处所指键值的行"};
  in_.findings.add(std::move(made));
  if (policy != Policy::report) worsen(policy == Policy::hold ? RecordVerdict::held : RecordVerdict::refused);
}

std::optional<std::string> RuleRun::field_text(const Place& place) const {
  return in_.record == nullptr ? std::nullopt : detail::field_text(*in_.record, place, index);
}

Finding RuleRun::finding(const Rule& rule, Errc id, Severity severity) const {
  Finding finding;
  finding.id = id;
  finding.severity = severity;
  finding.rule = rule.name;
  finding.path = rule.place.in_entity() && rule.place.slot.depth != 0 ? model::slot_path(rule.place.slot, index) : list_prefix + rule.name;
  for (const Ref& ref : rule.refs) {
    if (ref.kind != Ref::Kind::node) {
      finding.source.part = ref.kind == Ref::Kind::meta ? "meta:" + ref.text : "param";
      continue;
    }
    finding.source.part = in_.part_names[ref.scope];
    const Frame& frame = in_.frames[ref.scope];
    if (ref.slot >= frame.slots.size() || frame.document == nullptr) continue;
    const bool there = frame.slots[ref.slot].node != TapeEntry::kNone;
    // What is missing has no place; the row or the element that lacks it has one.
    if (!there && (frame.start == 0 || !finding.source.path.empty())) continue;
    const wire::Node node(frame.document, there ? frame.slots[ref.slot].node : frame.start);
    finding.source.path = in_.places != nullptr ? node.path(*in_.places) : node.path();
    finding.source.offset = node.offset();
    read_position(in_.places != nullptr ? node.position(*in_.places) : node.position(), finding.source);
    if (there) break;
  }
  return finding;
}

void RuleRun::inform(const Rule& rule, Errc id, int quirk, std::string_view value) {
  Finding made = finding(rule, id, Severity::info);
  made.quirk = quirk;
  if (!value.empty()) made.value_class = value_class_of(value);
  in_.findings.add(std::move(made));
}

Policy RuleRun::fault(const Rule& rule, Trouble trouble) {
  const Policy policy = rule.policies[static_cast<std::size_t>(trouble.fault)];
  const bool stops = policy == Policy::reject || policy == Policy::hold || policy == Policy::none;
  Finding made = finding(rule, trouble.id, stops ? Severity::error : Severity::warn);
  made.quirk = trouble.quirk;
  made.expected = std::move(trouble.expected);
  if (trouble.has_value) made.value_class = value_class_of(trouble.value);
  in_.findings.add(std::move(made));
  if (in_.observer != nullptr) in_.observer->fault(rule, trouble.fault, policy);
  if (policy == Policy::hold) worsen(RecordVerdict::held);
  else if (stops) worsen(RecordVerdict::refused);
  return policy;
}

/// After a fault on a value that was there: drop and raw each say so, everything else leaves the field absent.
void RuleRun::keep_or_leave(const Rule& rule, Policy policy, std::string_view text, Got& got) {
  got.state = Got::State::absent;
  if (policy == Policy::drop) inform(rule, Errc::mapping_dropped, 0);
  if (policy != Policy::raw) return;
  got.state = Got::State::raw;
  got.value.type = ValueType::text;
  got.value.text = text;
  got.row = nullptr;
  got.rows.clear();
  inform(rule, Errc::mapping_kept_raw, 0, text);
}

void RuleRun::fall_back(const Rule& rule, Got& got) {
  if (!rule.fallback) return;
  got.state = Got::State::value;
  got.from_default = true;
  got.row = rule.fallback_row;
  got.value.start(*rule.fallback);
  const model::FieldKind kind = rule.place.kind();
  if (rule.fallback_row != nullptr && (kind == model::FieldKind::code_list || kind == model::FieldKind::text_list)) {
    got.value.type = ValueType::text_list;
    got.value.list = {*rule.fallback};
    got.rows = {rule.fallback_row};
  }
  if (!rule.fallback_through_steps) return;
  // Tried when the mapping was compiled, so that no step can fail here.
  for (const auto& step : rule.steps) {
    (void)step->run(got.value, in_.arena);
    if (!step->keeps_type) got.value.type = step->gives;
  }
}

/// Answers true when the value went through every step.
bool RuleRun::run_steps(const Rule& rule, std::string_view text, Got& got) {
  Value& value = got.value;
  const bool may_idle = in_.observer == nullptr && value.type == ValueType::text;
  for (std::size_t i = may_idle ? rule.as_sent.idle.count(rule.steps, value.text) : 0; i < rule.steps.size(); ++i) {
    const Step* const step = rule.steps[i].get();
    StepOutcome outcome = StepOutcome::ok;
    if (value.type == ValueType::text_list && step->takes == ValueType::text) {
      std::vector<std::string_view> kept;
      for (const std::string_view item : value.list) {
        value.text = item;
        const StepOutcome one = step->run(value, in_.arena);
        const bool fault = one == StepOutcome::malformed || one == StepOutcome::range;
        if (one == StepOutcome::ok || fault) kept.push_back(value.text);
        else if (!item.empty()) inform(rule, one == StepOutcome::absent ? Errc::mapping_sentinel : Errc::mapping_placeholder, kPlaceholderQuirk, item);
        if (fault) outcome = one;
      }
      value.list = std::move(kept);
    } else {
      outcome = step->run(value, in_.arena);
      if (outcome == StepOutcome::ok && !step->keeps_type) value.type = step->gives;
    }
    if (in_.observer != nullptr) in_.observer->step(*step, value, outcome);
    switch (outcome) {
      case StepOutcome::ok: break;
      case StepOutcome::absent:
        inform(rule, value.fault == Errc::none ? Errc::mapping_sentinel : value.fault, value.fault == Errc::none ? kSentinelQuirk : step->quirk, text);
        return false;
      case StepOutcome::placeholder:
        if (rule.required) {
          keep_or_leave(rule, fault(rule, {Fault::placeholder, Errc::mapping_placeholder, kPlaceholderQuirk, step->expected(), text, true}), text, got);
        } else {
          if (!text.empty()) inform(rule, Errc::mapping_placeholder, kPlaceholderQuirk, text);
          fall_back(rule, got);
        }
        return false;
      case StepOutcome::malformed:
      case StepOutcome::range: {
        const bool range = outcome == StepOutcome::range;
        const Errc id = range ? Errc::mapping_out_of_range : value.fault == Errc::none ? Errc::mapping_malformed : value.fault;
        const Policy policy = fault(rule, {range ? Fault::range : Fault::malformed, id, step->quirk, step->expected(), text, true});
        if (policy == Policy::report) break;
        keep_or_leave(rule, policy, text, got);
        return false;
      }
    }
  }
  if (value.unlimited) inform(rule, Errc::mapping_sentinel, kSentinelQuirk, text);
  if (value.repaired) inform(rule, Errc::mapping_repaired, kRepairQuirk, text);
  if (value.notes != 0) tell_notes(rule, value, text);
  return true;
}

void RuleRun::tell_notes(const Rule& rule, const Value& value, std::string_view text) {
  for (std::size_t i = 0; i < kNoteCount; ++i) {
    const auto note = static_cast<Note>(i);
    if (!value.has(note)) continue;
    const NoteRow& row = note_row(note);
    Finding made = finding(rule, row.id, row.severity);
    made.quirk = row.quirk;
    made.value_class = value_class_of(text);
    const std::string count = std::to_string(value.removed);
    if (note == Note::invisible_removed) made.suggestion = {count + " of them", "共 " + count + " 个"};
    in_.findings.add(std::move(made));
  }
}

void RuleRun::run_check(const Rule& rule, std::string_view text, Got& got) {
  std::string by;
  std::string_view check = rule.check;
  if (rule.check_by) {
    by = field_text(*rule.check_by).value_or("");
    check = check_of_kind(by);
  }
  if (check == kAutomaticCheck) check = check_for_form(text);
  const bool damaged = rule.identifies && looks_like_damaged_number(text, got.value.number_token);
  if (check.empty() && !damaged) return;
  const auto result = damaged ? std::optional(Result<void>(Error(Errc::mapping_identifier_damaged))) : model::run_check(check, text);
  if (!result) return;
  got.verdict = *result ? model::Verdict::passed : model::Verdict::failed;
  if (*result) return;
  const Errc id = result->error().code();
  const Policy policy = fault(rule, {Fault::check, id, kCheckQuirk, {}, text, true});
  // The value stays so that whoever looks at a held record sees it; only drop takes it away.
  if (policy == Policy::drop) keep_or_leave(rule, policy, text, got);
  if (policy == Policy::raw) {
    got.verdict = model::Verdict::unchecked;
    inform(rule, Errc::mapping_kept_raw, 0, text);
  }
}

void RuleRun::run_table(const Rule& rule, std::string_view text, Got& got) {
  const auto unknown = [&rule, this](std::string_view code) {
    const std::string name = rule.table->id.empty() || rule.table->id == rule.name ? "" : " " + rule.table->id;
    return fault(rule, {Fault::unknown, Errc::mapping_unknown_code, kUnknownQuirk, {"a code of the table" + name, "代码表" + name + (name.empty() ? "" : " ") + "中的代码"}, code, true});
  };
  if (got.value.type != ValueType::text_list) {
    got.row = rule.table->find(got.value.text);
    if (got.row == nullptr) keep_or_leave(rule, unknown(got.value.text), text, got);
    return;
  }
  for (const std::string_view item : got.value.list) {
    const CodeTable::Row* row = rule.table->find(item);
    got.rows.push_back(row);
    if (row == nullptr && unknown(item) == Policy::drop) inform(rule, Errc::mapping_dropped, 0);
  }
}

std::optional<RuleRun::Sent> RuleRun::as_sent(const AsSent& rule) {
  // Who watches is shown every step.
  if (!rule.possible || in_.observer != nullptr) return std::nullopt;
  const Frame& frame = in_.frames[rule.scope];
  if (rule.slot >= frame.slots.size()) return std::nullopt;
  const Frame::Found found = frame.slots[rule.slot];
  if (found.node == TapeEntry::kNone || found.repeated) return std::nullopt;
  const TapeEntry& entry = frame.document->tape()[found.node];
  if (!is_plain_leaf(entry)) return std::nullopt;
  Sent sent{{entry.text, entry.text_size}};
  if (rule.identifies && (entry.kind == NodeKind::number || looks_like_damaged_number(sent.text, false))) return std::nullopt;
  if (!rule.idle.passes(sent.text)) return std::nullopt;
  if (rule.table != nullptr && (sent.row = rule.table->find(sent.text)) == nullptr) return std::nullopt;
  // With nothing left to spend, the long way says so.
  if (in_.budget != nullptr && in_.budget->steps_left == 0) return std::nullopt;
  (void)spend(1);
  return sent;
}

void RuleRun::evaluate(const Rule& rule, Got& got) {
  if (in_.observer != nullptr) observe(rule);
  apply(rule, got);
  if (in_.observer != nullptr) in_.observer->result(rule, got);
}

/// Says what the rule is going to read.
void RuleRun::observe(const Rule& rule) {
  RuleInput input{rule, index};
  ExprTrouble trouble;
  input.selected = !rule.when || rule.when->holds(*this, trouble);
  input.text = rule.constant ? std::string_view(rule.literal) : std::string_view();
  for (const Ref& ref : rule.refs) {
    if (rule.constant || input.ref != nullptr) break;
    if (ref.kind == Ref::Kind::node) {
      const Frame& frame = in_.frames[ref.scope];
      if (ref.slot >= frame.slots.size() || frame.slots[ref.slot].node == TapeEntry::kNone) continue;
      input.document = frame.document;
      input.node = frame.slots[ref.slot].node;
      const Sought sought = leaf(frame, frame.slots[ref.slot]);
      input.text = sought.text;
      input.ref = &ref;
    } else if (const Sought sought = seek({ref}); sought.state == Sought::State::text) {
      input.text = sought.text;
      input.ref = &ref;
    }
  }
  in_.observer->rule(input);
}

void RuleRun::apply(const Rule& rule, Got& got) {
  got.state = Got::State::absent;
  got.row = nullptr;
  got.rows.clear();
  got.from_default = false;
  got.verdict = model::Verdict::unchecked;
  got.value.start({});
  if (!spend(1)) return stop();
  if (rule.when && !holds(*rule.when, rule.name)) return;
  if (rule.value) {
    if (compute(rule, got)) finish_value(rule, got.value.type == ValueType::time ? std::string_view() : got.value.text, got);
    return;
  }
  const Sought sought = rule.constant ? Sought{Sought::State::text, rule.literal, Errc::none, false} : seek(rule.refs);
  switch (sought.state) {
    case Sought::State::nil:
      if (rule.nil_clears && is_part) {
        got.state = Got::State::cleared;
        return;
      }
      [[fallthrough]];
    case Sought::State::absent:
      if (rule.required) {
        if (fault(rule, {Fault::missing, Errc::mapping_missing, 0, {}, {}, false}) == Policy::drop) inform(rule, Errc::mapping_dropped, 0);
      } else {
        fall_back(rule, got);
      }
      return;
    case Sought::State::broken:
      keep_or_leave(rule, fault(rule, {Fault::malformed, sought.broken, 0, {"one plain value", "单个取值"}, {}, false}), {}, got);
      if (got.state == Got::State::raw) got.state = Got::State::absent;
      return;
    case Sought::State::text: break;
  }
  got.value.text = sought.text;
  got.value.number_token = sought.number;
  finish_value(rule, sought.text, got);
}

/// Everything after the source: steps, check and table.
void RuleRun::finish_value(const Rule& rule, std::string_view text, Got& got) {
  const bool as_number = got.value.number_token;
  if (!run_steps(rule, text, got)) return;
  const bool checked = !rule.check.empty() || rule.check_by;
  if (rule.identifies && !checked && looks_like_damaged_number(got.value.text, as_number)) {
    const Bilingual expected{"an identifier with every character, sent as text", "完整的标识，以文本形式传送"};
    keep_or_leave(rule, fault(rule, {Fault::malformed, Errc::mapping_identifier_damaged, kNumberQuirk, expected, text, true}), text, got);
    return;
  }
  if (rule.identifies && as_number && !got.value.has(Note::identifier_as_number)) inform(rule, Errc::mapping_identifier_as_number, kNumberQuirk, text);
  got.state = Got::State::value;
  if (checked) run_check(rule, got.value.text, got);
  if (rule.table && got.state == Got::State::value) run_table(rule, text, got);
  if (!rule.checks.empty() && got.state == Got::State::value) run_own_checks(rule, text, got);
}

void RuleRun::run_own_checks(const Rule& rule, std::string_view text, Got& got) {
  for (const PackCheck& check : rule.checks) {
    checked_ = &rule;
    checked_value_ = &got;
    const bool good = passes(check, &rule);
    checked_ = nullptr;
    if (good || check.policy != Policy::drop) continue;
    keep_or_leave(rule, Policy::drop, text, got);
    return;
  }
}

ExprValue RuleRun::own_value() const {
  ExprValue value;
  if (checked_ == nullptr || checked_value_->value.unlimited) return value;
  const Value& got = checked_value_->value;
  value.absent = false;
  value.text = checked_value_->row != nullptr ? std::string_view(checked_value_->row->name) : got.text;
  value.time = got.time;
  // Whatever is no number was found by the step before; a text field has no number and asks for none.
  value.number = ExactNumber::parse(got.text).value_or(ExactNumber());
  return value;
}

bool RuleRun::passes(const PackCheck& check, const Rule* about) {
  if (check.when && !holds(*check.when, check.id)) return true;
  bool judged = true;
  if (!check.that || holds(*check.that, check.id, &judged) || !judged) return true;
  Finding made = about != nullptr ? finding(*about, Errc::mapping_check_failed, check.severity) : Finding();
  made.id = Errc::mapping_check_failed;
  made.severity = check.severity;
  made.rule = check.id;
  if (about == nullptr) made.path = check.field;
  made.expected = check.text;
  in_.findings.add(std::move(made));
  if (check.policy == Policy::hold) worsen(RecordVerdict::held);
  if (check.policy == Policy::reject) worsen(RecordVerdict::refused);
  return false;
}

/// Answers true when the expression of a rule gave something.
bool RuleRun::compute(const Rule& rule, Got& got) {
  ExprTrouble trouble;
  const ExprValue made = rule.value->value(*this, trouble);
  if (trouble.id == Errc::mapping_step_budget) {
    stop();
    return false;
  }
  if (trouble.id != Errc::none) {
    const bool range = trouble.id == Errc::mapping_out_of_range;
    keep_or_leave(rule, fault(rule, {range ? Fault::range : Fault::malformed, trouble.id, 0, std::move(trouble.expected), {}, false}), {}, got);
    got.state = Got::State::absent;
    return false;
  }
  if (made.absent || (rule.value->type() == ExprType::text && made.text.empty())) {
    fall_back(rule, got);
    return false;
  }
  Value& value = got.value;
  switch (rule.value->type()) {
    case ExprType::text: value.text = made.text; break;
    case ExprType::boolean: value.text = made.truth ? "true" : "false"; break;
    case ExprType::number:
      value.text = in_.arena.store(made.number.text());
      value.type = ValueType::decimal;
      break;
    case ExprType::time:
      value.time = made.time;
      value.type = ValueType::time;
      break;
  }
  return true;
}

} // namespace tongqu::mapping::detail
