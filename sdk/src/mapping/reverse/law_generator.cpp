#include "mapping/reverse/law_generator.hpp"

#include <algorithm>

#include "mapping/date_pattern.hpp"
#include "mapping/reverse/fill.hpp"
#include "mapping/reverse/inverse_written.hpp"
#include "mapping/reverse/law_samples.hpp"
#include "mapping/text_pattern.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/model/identifiers.hpp"
#include "tongqu/wire/document_builder.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::mapping::detail {
namespace {

using model::FieldKind;
using Precision = model::Time::Precision;

constexpr std::string_view kBase36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kUsccLetters = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Signs that some format, encoding or layer of escaping trips over.
constexpr std::string_view kPieces[] = {
    "a", "Z", "0", "0012", "9007199254740993", " ", "  ", "&", "&amp;", "&lt;b&gt;", "<", ">", "<!--", "-->", "]]>", "]]]]>", "<![CDATA[", "\"", "'", "\\", "\\n", "\\u0041", "/", "%20", "+",
    "{\"a\":1}", "[", ",", ";", "^", "|", "\n", "\r\n", "\t", "null", "true", "?", "#", "=", ":",
    "\xE6\x9D\x8E", "\xE5\xBC\xA0\xE4\xB8\x89", "\xE7\x8E\xA5", "\xE3\x90\x80", "\xE4\xB6\xAE", "\xF0\xA0\xAE\xB7", "\xF0\xAB\x98\x9D", "\xF0\x9F\x98\x80", "\xEF\xBC\x88", "\xEF\xBC\x91",
    "\xE3\x80\x80", "\xC2\xB7", "\xC2\xA0", "\xE2\x82\xAC", "e\xCC\x81", "\xE8\x91\x9B\xF3\xA0\x84\x80", "\xEF\xB8\x90", "\xE9\xBE\xB4", "\xEE\xA0\x96", "\xE2\x80\x94", "\xEF\xBF\xBD"};
/// Only formats with escapes for them can hold these.
constexpr std::string_view kControls[] = {"\x01", "\x1B", "\x7F"};

} // namespace

std::uint64_t Dice::next() noexcept {
  state_ += 0x9E3779B97F4A7C15ull;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

LawGenerator::LawGenerator(const ReversePlan& plan, const ReverseSubject& subject) : plan_(plan), subject_(subject) {
  for (const auto& rule : subject.identity) know(*rule);
  if (subject.kind_rule != nullptr) know(*subject.kind_rule);
  if (subject.event != nullptr) know(*subject.event);
  if (subject.rules != nullptr) know(*subject.rules);
}

void LawGenerator::know(const Block& block) {
  for (const Item& item : block.items) {
    if (item.rule) know(*item.rule);
    else if (item.group) know(*item.group);
    else if (item.list->block) know(*item.list->block);
    else if (item.list->element) know(*item.list->element);
  }
}

void LawGenerator::know(const Rule& rule) {
  by_field_.emplace(rule.name, &rule);
  const RuleBack* back = plan_.of(rule);
  if (back == nullptr) return;
  if (back->leaf != nullptr) readers_[back->leaf].push_back(&rule);
  else if (back->way == RuleBack::Way::fact) fact_rules_.push_back(&rule);
}

std::string LawGenerator::digits(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += static_cast<char>('0' + dice_.below(10));
  return text;
}

/// Later than the one before, mostly: cases are told in their order, and the model checks it.
model::Time LawGenerator::moment() {
  clock_ms_ += static_cast<std::int64_t>(dice_.below(90)) * 3600000 + static_cast<std::int64_t>(dice_.below(3600000));
  constexpr Precision kAll[] = {Precision::month, Precision::day, Precision::minute, Precision::second, Precision::millisecond};
  const Precision precision = kAll[dice_.below(5)];
  constexpr std::int16_t kZones[] = {0, 540, -210};
  const std::int16_t zone = dice_.chance(80) ? subject_.zone_minutes : kZones[dice_.below(3)];
  model::Time time = local_time(clock_ms_, zone, precision);
  if (precision < Precision::millisecond) time.millisecond = 0;
  if (precision < Precision::second) time.second = 0;
  if (precision < Precision::minute) time.hour = time.minute = 0;
  if (precision < Precision::minute) time.offset_minutes = 0;
  if (precision < Precision::day) time.day = 1;
  return time;
}

std::string LawGenerator::awkward(const Shape& shape, std::size_t scope) {
  const Charset& charset = plan_.charsets[scope];
  const bool any = charset.takes_all() || charset.unencodable == Charset::Unencodable::charref;
  std::string text;
  for (std::size_t count = 1 + dice_.below(9); count > 0; --count) {
    const bool control = !plan_.xml[scope] && subject_.stages.list.back().kind == Stage::Kind::json && dice_.chance(3);
    const std::string_view piece = control ? kControls[dice_.below(std::size(kControls))] : kPieces[dice_.below(std::size(kPieces))];
    if (any || charset.takes(piece)) text += piece;
  }
  // A limit that may not cut is a promise of the records, not of the message.
  while (shape.length && !shape.length->cut && 4 * utf8_length(text) > shape.length->most && !text.empty()) {
    do text.pop_back();
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0u) == 0x80u);
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0u) text.pop_back();
  }
  return text.empty() ? "x" : text;
}

/// A valid identifier, found by trying the check character where there is one. Synthetic: division 990000 or 100000, born after 2099.
std::string LawGenerator::identifier(std::string_view check) {
  const auto good = [check](const std::string& text) {
    const auto result = model::run_check(check, text);
    return result && *result;
  };
  std::vector<std::string> bodies;
  const std::string uscc = "1199" + std::string("0000") + "00000" + digits(4);
  const std::string day = std::to_string(2100 + dice_.below(49)) + "0" + std::to_string(1 + dice_.below(9)) + "1" + std::to_string(dice_.below(10));
  if (check == "resident_id") bodies = {"100000" + day + digits(3)};
  else if (check == "uscc") bodies = {"91990000MA00" + digits(5)};
  else if (check == "org_code") bodies = {digits(8)};
  else if (check == "division") return "990000";
  else if (check == "licence_id") bodies = {};
  for (const std::string& body : bodies) {
    for (const char c : kBase36) {
      if (good(body + c)) return body + c;
    }
    for (const char c : kBase36) {
      if (good(body + "-" + c)) return body + "-" + c;
    }
  }
  // Codes that hold a credit code: organisation, level, catalogue code.
  std::string org;
  for (const char c : kUsccLetters) {
    if (model::check_uscc(uscc + c)) org = uscc + c;
  }
  const std::string task = org + "4000199" + digits(3) + "000";
  for (const std::string& text : {task, task + "01", task + day + digits(4), "0001990" + digits(2) + "000", "C" + digits(9), digits(12)}) {
    if (good(text)) return text;
  }
  return "C" + digits(9);
}

/// A code that every table over the place knows.
std::string LawGenerator::code(const std::vector<const Rule*>& rules) {
  const Rule* first = nullptr;
  for (const Rule* rule : rules) first = first == nullptr && rule->table ? rule : first;
  std::vector<std::string> codes;
  for (const CodeTable::Row& row : first->table->rows()) {
    const bool known = std::all_of(rules.begin(), rules.end(), [&row](const Rule* rule) { return !rule->table || rule->table->find(row.code) != nullptr; });
    if (!known) continue;
    codes.push_back(row.code);
    if (first->table->match_label && !row.label.empty()) codes.push_back(row.label);
  }
  return codes.empty() ? "" : codes[dice_.below(codes.size())];
}

Back LawGenerator::value(const Rule& rule, const Shape& shape, std::size_t scope) {
  Back back;
  const FieldKind kind = rule.place.kind();
  const bool time_like = std::any_of(rule.steps.begin(), rule.steps.end(), [](const auto& step) { return step->gives == ValueType::time; });
  const bool list = std::any_of(rule.steps.begin(), rule.steps.end(), [](const auto& step) { return step->name == "split"; });
  if (time_like) {
    back.type = ValueType::time;
    back.time = moment();
    back.unlimited = kind == FieldKind::validity && dice_.chance(25);
  } else if (list) {
    back.type = ValueType::text_list;
    for (std::size_t count = 1 + dice_.below(3); count > 0; --count) back.list.push_back(rule.table ? code({&rule}) : "i" + digits(2));
  } else if (kind == FieldKind::integer) {
    back.type = ValueType::integer;
    back.text = std::to_string(dice_.next() % (dice_.chance(50) ? 100 : 999999999999999999ull));
  } else if (kind == FieldKind::quantity || kind == FieldKind::money) {
    back.type = ValueType::decimal;
    back.text = std::to_string(dice_.below(dice_.chance(50) ? 50 : 100000000)) + (dice_.chance(50) ? "." + digits(1) + std::to_string(1 + dice_.below(9)) : "");
    amount_of(rule, back);
  } else if (!rule.check.empty()) {
    back.text = identifier(rule.check);
  } else {
    back.text = awkward(shape, scope);
  }
  return back;
}

/// Units that the steps of the rule know, and numbers within their range.
void LawGenerator::amount_of(const Rule& rule, Back& back) {
  for (const auto& step : rule.steps) {
    if (!step->argument) continue;
    if (step->name == "unit") {
      back.type = ValueType::quantity;
      back.unit = model::unit_from_name(step->argument->text).value_or(back.unit);
    } else if (step->name == "quantity") {
      constexpr model::Quantity::Unit kUnits[] = {model::Quantity::Unit::minute, model::Quantity::Unit::hour, model::Quantity::Unit::working_day, model::Quantity::Unit::month, model::Quantity::Unit::year};
      const QuantityWords words = quantity_words(*step->argument);
      back.type = ValueType::quantity;
      back.unit = kUnits[dice_.below(std::size(kUnits))];
      if (words.bare && dice_.chance(40)) back.unit = *words.bare;
      else if (!words.extra.empty() && dice_.chance(40)) back.unit = words.extra[dice_.below(words.extra.size())].second;
    } else if (step->name == "range") {
      const YamlNode* from = step->argument->find("from");
      const YamlNode* to = step->argument->find("to");
      const unsigned least = small_number(from == nullptr ? "0" : from->text, 0, 1000000).value_or(0), most = small_number(to == nullptr ? "1000" : to->text, 0, 1000000).value_or(least);
      back.text = std::to_string(least + (most > least ? dice_.below(most - least + 1) : 0));
    }
  }
}

/// A text in the form that the first step with a form of its own asks for; nothing when no step does. Steps before it leave such a text alone.
std::optional<std::string> LawGenerator::formed(const Rule& rule) {
  for (const auto& step : rule.steps) {
    if (!step->argument) continue;
    const YamlNode& argument = *step->argument;
    const bool form = step->name == "form", match = step->name == "match";
    if (step->name == "one_of" && !argument.items.empty()) return argument.items[dice_.below(argument.items.size())].text;
    if (!form && (!match || argument.members.empty())) continue;
    std::string problem;
    const YamlNode* inside = argument.find("pattern");
    const auto pattern = form ? TextPattern::compile(inside == nullptr ? argument.text : inside->text, problem) : TextPattern::compile_small(argument.members[dice_.below(argument.members.size())].first.text, problem);
    std::string text = pattern ? pattern->sample([this](std::uint32_t below) { return static_cast<std::uint32_t>(dice_.below(below)); }) : std::string();
    if (!text.empty()) return text;
  }
  return std::nullopt;
}

std::string LawGenerator::text_for(const Shape& shape, const Rule& rule, std::size_t scope) {
  const RuleBack* back = plan_.of(rule);
  const auto learnt = rule.checks.empty() ? learnt_.end() : learnt_.find(leaf_key(plan_, &shape));
  if (learnt != learnt_.end() && dice_.chance(50)) return learnt->second[dice_.below(learnt->second.size())];
  if (auto text = formed(rule)) return *text;
  std::vector<Back> forms;
  // Not every precision has a form.
  for (int attempt = 0; attempt < 8 && forms.empty(); ++attempt) forms = back->steps.run(value(rule, shape, scope));
  if (forms.empty()) return awkward(shape, scope);
  std::string text = forms[dice_.below(forms.size())].text;
  // Numbers come with zeros in front, too.
  if (rule.place.kind() == FieldKind::integer && text.size() < 15 && dice_.chance(15)) text.insert(0, "00");
  return text;
}

void LawGenerator::leaf(OutNode& node, std::size_t scope, const OutNode& instance, const Shape& instance_shape) {
  const Shape& shape = *node.shape;
  node.has_text = true;
  if (shape.constant) {
    node.text = *shape.constant;
    return;
  }
  const auto found = readers_.find(&shape);
  if (found == readers_.end()) return;
  const std::vector<const Rule*>& rules = found->second;
  const Rule* chosen = rules.front();
  for (const Rule* rule : rules) {
    // The pickiest reader decides: a table over a date over an identifier over a plain text.
    const auto rank = [](const Rule& one) { return one.table ? 3 : one.check_by ? 2 : !one.check.empty() || one.place.kind() != FieldKind::text ? 1 : 0; };
    if (rank(*rule) > rank(*chosen)) chosen = rule;
  }
  const bool split = std::any_of(chosen->steps.begin(), chosen->steps.end(), [](const auto& step) { return step->gives == ValueType::text_list; });
  if (chosen->table && !split) {
    Back back;
    back.text = code(rules);
    const auto forms = plan_.of(*chosen)->steps.run(back);
    node.text = forms.empty() || forms.front().part ? back.text : forms.front().text;
    if (chosen->policies[static_cast<std::size_t>(Fault::unknown)] == Policy::raw && dice_.chance(10)) node.text = "zz" + digits(3);
  } else if (chosen->check_by) {
    deferred_.push_back({&node, chosen, &instance, &instance_shape});
  } else {
    // Parts of one code: each rule gives its own, in the order of the parts.
    const auto forms = plan_.of(*chosen)->steps.run(value(*chosen, shape, scope));
    if (!forms.empty() && forms.front().part) {
      for (const unsigned length : forms.front().part->lengths) node.text += digits(length);
    } else {
      node.text = text_for(shape, *chosen, scope);
    }
  }
}

void LawGenerator::fill(OutNode& node, std::size_t scope, const OutNode& instance, const Shape& instance_shape) {
  for (const auto& child : node.shape->children) {
    const auto found = readers_.find(child.get());
    const bool required = found != readers_.end() && std::any_of(found->second.begin(), found->second.end(), [](const Rule* rule) { return rule->required || rule->place.special != Special::none; });
    const std::size_t count = child->list ? dice_.below(4) : required || child->constant || child->step.ordinal != 0 || !child->leaf || dice_.chance(65) ? 1 : 0;
    for (std::size_t i = 0; i < count; ++i) {
      OutNode& made = node.append(*child);
      const OutNode& inside = child->list ? made : instance;
      const Shape& inside_shape = child->list ? *child : instance_shape;
      if (child->leaf) leaf(made, scope, inside, inside_shape);
      fill(made, scope, inside, inside_shape);
    }
  }
}

/// Identifiers whose check depends on a code beside them.
void LawGenerator::settle_deferred() {
  for (const Deferred& one : deferred_) {
    const auto by = by_field_.find(one.rule->check_by->name);
    const RuleBack* back = by == by_field_.end() ? nullptr : plan_.of(*by->second);
    std::string kind;
    if (back != nullptr && back->leaf != nullptr && by->second->table) {
      const auto text = Fill::text_of(*one.instance, *one.instance_shape, *back->leaf);
      wire::Arena arena;
      const auto read = text ? run_forwards(*by->second, *text, arena) : std::nullopt;
      const CodeTable::Row* row = read ? by->second->table->find(read->text) : nullptr;
      if (row != nullptr) kind = row->name;
    }
    one.node->text = kind == "resident_id" || kind == "uscc" || kind == "org_code" ? identifier(kind) : "P" + digits(8);
  }
  deferred_.clear();
}

void LawGenerator::build(std::size_t scope, const OutNode& start) {
  wire::Document& document = *documents_[scope];
  const std::string& ns = subject_.scopes.all[scope]->ns;
  Limits limits;
  if (ns.empty()) {
    wire::DocumentBuilder builder(document, limits, nullptr);
    const auto put = [&builder](const auto& self, const OutNode& node) -> void {
      builder.open(wire::NodeKind::element, node.shape->parent == nullptr ? std::string_view("start") : std::string_view(node.shape->step.name), 0);
      for (const auto& child : node.children) {
        if (child->shape->step.attribute) builder.attribute(child->shape->step.name, child->text, 0);
      }
      if (node.has_text) builder.text(node.text);
      for (const auto& child : node.children) {
        if (!child->shape->step.attribute) self(self, *child);
      }
      builder.close();
    };
    put(put, start);
    (void)builder.finish();
  } else {
    std::string& text = sources_[scope];
    text.clear();
    wire::XmlWriter writer(text);
    const auto put = [&writer, &ns](const auto& self, const OutNode& node) -> void {
      writer.open(node.shape->parent == nullptr ? std::string_view("start") : std::string_view(node.shape->step.name));
      if (node.shape->parent == nullptr) writer.attribute("xmlns", ns);
      for (const auto& child : node.children) {
        if (child->shape->step.attribute) writer.attribute(child->shape->step.name, child->text);
      }
      if (node.has_text) writer.text(node.text);
      for (const auto& child : node.children) {
        if (!child->shape->step.attribute) self(self, *child);
      }
      writer.close();
    };
    put(put, start);
    wire::XmlOptions options;
    (void)wire::parse_xml_into(document, text, options);
  }
  result_.starts[scope] = {&document, 0, true};
}

StageResult& LawGenerator::make(std::uint64_t seed) {
  dice_ = Dice(seed);
  // The first days of 2149, +08:00.
  clock_ms_ = 5648716800000 + static_cast<std::int64_t>(dice_.below(90)) * 86400000;
  trees_.clear();
  deferred_.clear();
  facts_.clear();
  const std::size_t scopes = subject_.stages.part_names.size();
  result_ = StageResult();
  result_.starts.resize(scopes);
  documents_.resize(scopes);
  sources_.resize(scopes);
  for (std::size_t scope = 0; scope < scopes; ++scope) {
    trees_.push_back(std::make_unique<OutNode>(*plan_.scope_shapes[scope]));
    fill(*trees_.back(), scope, *trees_.back(), *plan_.scope_shapes[scope]);
  }
  for (const Rule* rule : fact_rules_) facts_[plan_.of(*rule)->fact] = rule->table ? code({rule}) : "f" + digits(5);
  settle_deferred();
  for (std::size_t scope = 0; scope < scopes; ++scope) {
    if (!documents_[scope]) documents_[scope] = std::make_unique<wire::Document>();
    build(scope, *trees_[scope]);
  }
  return result_;
}

} // namespace tongqu::mapping::detail
