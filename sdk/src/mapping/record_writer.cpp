#include "mapping/record_writer.hpp"

#include <charconv>
#include <limits>

#include "tongqu/base/assert.hpp"

namespace tongqu::mapping::detail {
namespace {

using model::FieldKind;

template <class T>
std::optional<T>& slot_of(void* member) { return *static_cast<std::optional<T>*>(member); }

/// Text with LF line ends: XML readers give that already, JSON texts may not have it.
std::string with_line_feeds(std::string_view text) {
  if (text.find('\r') == std::string_view::npos) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') out += text[i];
    else if (i + 1 == text.size() || text[i + 1] != '\n') out += '\n';
  }
  return out;
}

/// Straight into the field: most values have no carriage return and are stored as they are.
void set_text(std::optional<std::string>& field, std::string_view text) {
  if (text.find('\r') == std::string_view::npos) field.emplace(text);
  else field = with_line_feeds(text);
}

std::int64_t integer_of(std::string_view digits) {
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

void fill(model::Code& code, const CodeTable& table, const CodeTable::Row& row, std::string_view sent) {
  code.name = row.name;
  code.text = row.label;
  code.system = table.system;
  code.code = sent;
}

} // namespace

void RecordWriter::block(const Block& block, std::size_t depth) {
  for (const Item& item : block.items) {
    if (item.rule) (void)rule(*item.rule);
    else if (item.list) list(*item.list, depth);
    else if (!item.group->when || run_.holds(*item.group->when, item.group->name)) this->block(*item.group, depth);
  }
}

void RecordWriter::list(const ListRule& list, std::size_t depth) {
  const Chosen chosen = choose_elements(list, run_);
  std::size_t made = 0;
  for (const std::uint32_t node : chosen.nodes) {
    if (run_.stopped()) return;
    in_.scopes.all[list.scope]->walk(*chosen.document, node, chosen.names, in_.frames[list.scope], chosen.made ? nowhere_ : in_.unused);
    nowhere_.leaves.clear();
    if (list.when && !chosen.judged && !run_.holds(*list.when, list.name)) continue;
    TONGQU_ASSERT(made < std::numeric_limits<std::uint16_t>::max(), "children_max bounds the lists of a document");
    if (list.element) {
      plain_item(list);
    } else {
      elements_[depth + 1] = list.place.slot.field().type()->list_append(member_of(list.place));
      run_.index[depth] = static_cast<std::uint16_t>(made);
      block(*list.block, depth + 1);
      run_.index[depth] = 0;
    }
    ++made;
    if (made == std::numeric_limits<std::uint16_t>::max()) break;
  }
  if (made != 0 || !list.empty_is_none) return;
  void* member = member_of(list.place);
  switch (list.place.kind()) {
    case FieldKind::text_list: slot_of<std::vector<std::string>>(member).emplace(); break;
    case FieldKind::code_list: slot_of<std::vector<model::Code>>(member).emplace(); break;
    default: list.place.slot.field().type()->list_engage(member);
  }
}

void RecordWriter::plain_item(const ListRule& list) {
  run_.evaluate(*list.element, got_);
  if (got_.state != Got::State::value && got_.state != Got::State::raw) return;
  void* member = member_of(list.place);
  if (list.place.kind() == FieldKind::text_list) {
    auto& values = slot_of<std::vector<std::string>>(member);
    if (!values) values.emplace();
    values->push_back(with_line_feeds(got_.value.text));
  } else if (got_.row != nullptr) {
    auto& values = slot_of<std::vector<model::Code>>(member);
    if (!values) values.emplace();
    fill(values->emplace_back(), *list.element->table, *got_.row, got_.value.text);
  }
}

bool RecordWriter::rule(const Rule& rule) {
  if (const auto sent = run_.as_sent(rule.as_sent)) {
    void* const member = static_cast<char*>(elements_[rule.as_sent.lists]) + rule.as_sent.offset;
    if (sent->row != nullptr) fill(slot_of<model::Code>(member).emplace(), *rule.as_sent.table, *sent->row, sent->text);
    else set_text(slot_of<std::string>(member), sent->text);
    return true;
  }
  run_.evaluate(rule, got_);
  switch (got_.state) {
    case Got::State::absent: return false;
    case Got::State::cleared:
      if (rule.place.in_entity()) meta_.at(rule.place.slot.id, run_.index).cleared = run_.any_cleared = true;
      return false;
    default: break;
  }
  store(rule, got_);
  return true;
}

void RecordWriter::store(const Rule& rule, const Got& got) {
  if (rule.place.is_ext) {
    in_.record.ext.push_back({rule.place.ext_ns, rule.place.ext_name, with_line_feeds(got.value.text)});
    return;
  }
  if (rule.place.special != Special::none) {
    store_special(rule, got);
    return;
  }
  store_field(rule, got, member_of(rule.place));
  mark(rule, got);
}

void RecordWriter::store_special(const Rule& rule, const Got& got) {
  const std::string_view text = got.row != nullptr ? std::string_view(got.row->name) : got.value.text;
  if (std::string* member = special_text(in_.record, rule.place.special); member != nullptr) *member = with_line_feeds(text);
  else if (rule.place.special == Special::sequence_in_case) in_.record.envelope.sequence_in_case = integer_of(text);
  else if (rule.place.special == Special::occurred_at) in_.record.envelope.occurred_at = got.value.time;
  else if (rule.place.special == Special::reported_at) in_.record.envelope.reported_at = got.value.time;
  else if (rule.place.special == Special::kind) in_.record.kind = model::record_kind_from_name(text).value_or(in_.record.kind);
}

void RecordWriter::store_code(const Rule& rule, const Got& got, void* member) const {
  model::Code& code = slot_of<model::Code>(member).emplace();
  if (got.state == Got::State::raw) {
    code.code = got.value.text;
    if (rule.table) code.system = rule.table->system;
  } else if (got.row == nullptr) {
    code.name = got.value.text;
  } else if (got.from_default || rule.constant || rule.value) {
    // Nobody sent this code, so only the name stands.
    code.name = got.row->name;
  } else {
    fill(code, *rule.table, *got.row, got.value.text);
  }
}

void RecordWriter::store_money(const Rule& rule, const Got& got, void* member) {
  auto money = model::money_from(got.value.text);
  if (money) {
    slot_of<model::Money>(member) = *money;
    return;
  }
  const bool negative = money.error().code() == Errc::model_money_negative;
  const Policy policy = run_.fault(rule, {negative ? Fault::range : Fault::malformed, money.error().code(), 33, {}, got.value.text, true});
  if (policy == Policy::drop) run_.inform(rule, Errc::mapping_dropped, 0);
}

void RecordWriter::store_validity(const Rule& rule, const Got& got, void* member) {
  if (rule.place.kind() == FieldKind::validity) {
    model::Validity validity;
    validity.kind = got.value.unlimited ? model::Validity::Kind::unlimited : model::Validity::Kind::until;
    if (!got.value.unlimited) validity.until = got.value.time;
    slot_of<model::Validity>(member) = validity;
  } else if (!got.value.unlimited) {
    slot_of<model::Time>(member) = got.value.time;
  } else if (run_.fault(rule, {Fault::malformed, Errc::mapping_malformed, 29, {"a date; this field cannot be unlimited", "日期；该字段不能为长期"}, {}, false}) == Policy::drop) {
    run_.inform(rule, Errc::mapping_dropped, 0);
  }
}

void RecordWriter::store_field(const Rule& rule, const Got& got, void* member) {
  const std::string_view text = got.value.text;
  switch (rule.place.kind()) {
    case FieldKind::text:
    case FieldKind::identifier: set_text(slot_of<std::string>(member), got.row != nullptr ? std::string_view(got.row->name) : text); break;
    case FieldKind::code: store_code(rule, got, member); break;
    case FieldKind::time:
    case FieldKind::validity: store_validity(rule, got, member); break;
    case FieldKind::quantity: slot_of<model::Quantity>(member).emplace(model::Quantity{std::string(text), got.value.unit}); break;
    case FieldKind::money: store_money(rule, got, member); break;
    case FieldKind::integer: slot_of<std::int64_t>(member) = integer_of(text); break;
    case FieldKind::boolean: slot_of<bool>(member) = (got.row != nullptr ? std::string_view(got.row->name) : text) == "true"; break;
    case FieldKind::text_list: {
      auto& values = slot_of<std::vector<std::string>>(member).emplace();
      for (std::size_t i = 0; i < got.value.list.size(); ++i) {
        if (!rule.table) values.push_back(with_line_feeds(got.value.list[i]));
        else if (got.rows[i] != nullptr) values.push_back(got.rows[i]->name);
      }
      break;
    }
    case FieldKind::code_list: {
      auto& values = slot_of<std::vector<model::Code>>(member).emplace();
      for (std::size_t i = 0; i < got.rows.size(); ++i) {
        if (got.rows[i] == nullptr) continue;
        if (got.from_default) values.emplace_back().name = got.rows[i]->name;
        else fill(values.emplace_back(), *rule.table, *got.rows[i], got.value.list[i]);
      }
      break;
    }
    case FieldKind::record:
    case FieldKind::record_list: break;
  }
}

void RecordWriter::mark(const Rule& rule, const Got& got) {
  const bool minute = got.value.type == ValueType::time && !got.value.unlimited && got.value.time.precision == model::Time::Precision::minute;
  const bool derived = rule.derived || rule.value || got.from_default;
  const bool plain = !derived && !rule.constant && !got.value.changed();
  if (plain && !minute && got.verdict == model::Verdict::unchecked) return;
  model::MetaEntry& entry = meta_.at(rule.place.slot.id, run_.index);
  if (!plain) entry.mark = derived ? model::Mark::derived : rule.constant ? model::Mark::constant : model::Mark::repaired;
  if (minute) entry.minute_precision = true;
  if (got.verdict != model::Verdict::unchecked) entry.verdict = got.verdict;
}

} // namespace tongqu::mapping::detail
