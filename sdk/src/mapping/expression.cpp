#include "mapping/expression.hpp"

#include <algorithm>
#include <limits>

#include "mapping/text_steps.hpp"
#include "mapping/yaml_reader.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/mapping/pack.hpp"

namespace tongqu::mapping::detail {
namespace {

constexpr std::size_t kTextBytesMax = std::size_t{1} << 20;
constexpr std::size_t kDerivedIdBytes = 16;
constexpr std::int64_t kDaysMax = 3'700'000;   ///< More than the calendar has.

char ascii_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// As exact as the coarser of the two: a day is compared with an instant by the day that the instant is in.
int compare_times(const model::Time& a, const model::Time& b) {
  const auto sign = [](auto x, auto y) { return x < y ? -1 : x > y ? 1 : 0; };
  if (a.has_clock() && b.has_clock()) return sign(a.utc(), b.utc());
  const bool months = a.precision == model::Time::Precision::month || b.precision == model::Time::Precision::month;
  const auto day_of = [](const model::Time& time) {
    const auto day = time.has_clock() ? model::Day::of(time) : Result<model::Day>(model::Day());
    return day && time.has_clock() ? day->time() : time;
  };
  const model::Time left = day_of(a), right = day_of(b);
  const auto number = [months](const model::Time& t) { return (t.year * 12 + t.month) * 32 + (months ? 0 : t.day); };
  return sign(number(left), number(right));
}

} // namespace

std::string text_of(const ExprValue& value, ExprType type) {
  if (value.absent) return {};
  switch (type) {
    case ExprType::boolean: return value.truth ? "true" : "false";
    case ExprType::number: return value.number.text();
    case ExprType::time: return value.time.text();
    case ExprType::text: break;
  }
  return std::string(value.text);
}

/// One evaluation. Everything that goes wrong is told once, in `trouble`; what depends on it is absent.
class ExpressionRun {
public:
  ExpressionRun(const Expression& expression, NameValues& values, ExprTrouble& trouble) : expression_(expression), values_(values), trouble_(trouble) {}
  bool truth(std::uint32_t index);
  ExprValue value(std::uint32_t index);

private:
  using Op = Expression::Op;
  using Part = Expression::Part;
  const Part& part(std::uint32_t index) const { return expression_.parts_[index]; }

  std::optional<std::string_view> text(std::uint32_t index);
  std::optional<ExactNumber> number(std::uint32_t index);
  std::optional<model::Time> time(std::uint32_t index);
  bool state(const Part& test);
  bool equal(std::uint32_t left, std::uint32_t right, bool& known);
  bool order(const Part& test);
  bool text_test(const Part& test);
  bool member(const Part& test);
  ExprValue arithmetic(const Part& at);
  ExprValue text_function(const Part& at);
  ExprValue number_function(const Part& at);
  ExprValue time_function(const Part& at);
  ExprValue site_function(const Part& at);
  ExprValue aggregate(const Part& at);
  bool list_truth(const Part& at);
  ExprValue substring(const Part& at);
  ExprValue joined(const Part& at);
  std::optional<std::string> canonical_text(std::uint32_t index);

  ExprValue broken(Errc id, Bilingual expected = {});
  ExprValue given(std::string_view made);
  ExprValue given(std::optional<ExactNumber> made);
  static ExprValue given_view(std::string_view made) { ExprValue v; v.absent = false; v.text = made; return v; }

  const Expression& expression_;
  NameValues& values_;
  ExprTrouble& trouble_;
};

ExprValue ExpressionRun::broken(Errc id, Bilingual expected) {
  if (trouble_.id == Errc::none) trouble_ = {id, std::move(expected)};
  return {};
}

/// A text made here lives in the arena of the message; its bytes count as work, so that output is bounded like time.
ExprValue ExpressionRun::given(std::string_view made) {
  if (made.size() > kTextBytesMax) return broken(Errc::mapping_out_of_range, {"at most 1 MiB of text", "文本不超过 1 MiB"});
  if (!values_.spend(made.size() / 16)) return broken(Errc::mapping_step_budget);
  return given_view(values_.arena().store(made));
}

ExprValue ExpressionRun::given(std::optional<ExactNumber> made) {
  if (!made) return broken(Errc::mapping_out_of_range, {"a number of at most 36 digits, 18 behind the point, and no division by zero", "不超过 36 位（小数 18 位）的数值，且除数不为零"});
  ExprValue value;
  value.absent = false;
  value.number = *made;
  return value;
}

std::optional<std::string_view> ExpressionRun::text(std::uint32_t index) {
  const Part& at = part(index);
  if (at.op == Op::source) {
    std::string_view found;
    const LeafState state = values_.source_leaf(at.refs, found);
    // A code that was padded with U+3000 is the same code, and a condition on it must not fail for that.
    if (state == LeafState::text) return trim_wide(found);
    if (state == LeafState::empty) return std::string_view();
    // Several values, or a structure: to go on as if nothing stood here would choose a branch on a guess.
    if (state == LeafState::structured) (void)broken(Errc::mapping_repeated, {"one plain value", "单个取值"});
    return std::nullopt;
  }
  if (at.op == Op::literal) return at.texts.front();
  const ExprValue made = value(index);
  if (made.absent) return std::nullopt;
  return made.text;
}

std::optional<ExactNumber> ExpressionRun::number(std::uint32_t index) {
  const ExprValue made = value(index);
  if (made.absent) return std::nullopt;
  return made.number;
}

std::optional<model::Time> ExpressionRun::time(std::uint32_t index) {
  const ExprValue made = value(index);
  if (made.absent) return std::nullopt;
  return made.time;
}

bool ExpressionRun::state(const Part& test) {
  const Part& operand = part(test.args.front());
  LeafState found = LeafState::absent;
  std::string_view leaf;
  if (operand.op == Op::field) {
    found = values_.field_state(*operand.place);
  } else if (operand.op == Op::own) {
    found = values_.own_value().absent ? LeafState::absent : LeafState::text;
  } else {
    found = values_.source_leaf(operand.refs, leaf);
    if (found == LeafState::text && trim_wide(leaf).empty()) found = LeafState::empty;
  }
  switch (test.op) {
    case Op::is_present: return found != LeafState::absent && found != LeafState::nil;
    case Op::is_absent: return found == LeafState::absent;
    case Op::is_nil: return found == LeafState::nil;
    case Op::is_empty: return found == LeafState::empty;
    default: return found == LeafState::text || found == LeafState::structured;
  }
}

bool ExpressionRun::equal(std::uint32_t left, std::uint32_t right, bool& known) {
  known = true;
  switch (part(left).type) {
    case ExprType::text: {
      const auto a = text(left), b = text(right);
      known = a && b;
      return known && *a == *b;
    }
    case ExprType::number: {
      const auto a = number(left), b = number(right);
      known = a && b;
      return known && a->compare(*b) == 0;
    }
    case ExprType::time: {
      const auto a = time(left), b = time(right);
      known = a && b;
      return known && compare_times(*a, *b) == 0;
    }
    case ExprType::boolean: {
      const ExprValue a = value(left), b = value(right);
      known = !a.absent && !b.absent;
      return known && a.truth == b.truth;
    }
  }
  return false;
}

bool ExpressionRun::order(const Part& test) {
  std::optional<int> sign;
  if (part(test.args[0]).type == ExprType::number) {
    const auto a = number(test.args[0]), b = number(test.args[1]);
    if (a && b) sign = a->compare(*b);
  } else {
    const auto a = time(test.args[0]), b = time(test.args[1]);
    if (a && b) sign = compare_times(*a, *b);
  }
  if (!sign) return false;
  switch (test.op) {
    case Op::less: return *sign < 0;
    case Op::less_equal: return *sign <= 0;
    case Op::greater: return *sign > 0;
    default: return *sign >= 0;
  }
}

bool ExpressionRun::text_test(const Part& test) {
  const auto a = text(test.args[0]), b = text(test.args[1]);
  if (!a || !b) return false;
  if (!values_.spend(a->size() / 64)) return false;
  if (test.op == Op::starts_with) return a->substr(0, b->size()) == *b;
  if (test.op == Op::ends_with) return a->size() >= b->size() && a->substr(a->size() - b->size()) == *b;
  return a->find(*b) != std::string_view::npos;
}

bool ExpressionRun::member(const Part& test) {
  if (part(test.args.front()).type == ExprType::text) {
    const auto sought = text(test.args.front());
    return sought && std::any_of(test.args.begin() + 1, test.args.end(), [&](std::uint32_t item) { return part(item).texts.front() == *sought; });
  }
  bool known = false;
  return std::any_of(test.args.begin() + 1, test.args.end(), [&](std::uint32_t item) { return equal(test.args.front(), item, known); });
}

bool ExpressionRun::truth(std::uint32_t index) {
  const Part& at = part(index);
  if (!values_.spend(1)) {
    (void)broken(Errc::mapping_step_budget);
    return false;
  }
  bool known = false;
  switch (at.op) {
    case Op::either: return truth(at.args[0]) || truth(at.args[1]);
    case Op::both: return truth(at.args[0]) && truth(at.args[1]);
    case Op::negation: return !truth(at.args[0]);
    case Op::equal: return equal(at.args[0], at.args[1], known);
    // An absent value equals nothing, so that it is different from everything.
    case Op::not_equal: return !equal(at.args[0], at.args[1], known);
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal: return order(at);
    case Op::in: return member(at);
    case Op::starts_with:
    case Op::ends_with:
    case Op::contains: return text_test(at);
    case Op::is_present:
    case Op::is_absent:
    case Op::is_empty:
    case Op::is_nil:
    case Op::is_filled: return state(at);
    case Op::any:
    case Op::all: return list_truth(at);
    default: {
      const ExprValue made = value(index);
      return !made.absent && made.truth;
    }
  }
}

ExprValue ExpressionRun::value(std::uint32_t index) {
  const Part& at = part(index);
  if (!values_.spend(1)) return broken(Errc::mapping_step_budget);
  switch (at.op) {
    case Op::literal: return at.type == ExprType::text ? given_view(at.texts.front()) : at.literal;
    case Op::source: {
      const auto found = text(index);
      return found ? given_view(*found) : ExprValue();
    }
    case Op::field: return values_.field_value(*at.place, at.type);
    case Op::own: return values_.own_value();
    case Op::choice:
      if (truth(at.args[0])) return value(at.args[1]);
      return at.args.size() > 2 ? value(at.args[2]) : ExprValue();
    case Op::coalesce:
      for (const std::uint32_t arg : at.args) {
        ExprValue made = value(arg);
        const bool blank = at.type == ExprType::text && trim_wide(made.text).empty();
        if (!made.absent && !blank) return made;
      }
      return {};
    case Op::plus:
    case Op::minus:
    case Op::times: return arithmetic(at);
    case Op::substring: return substring(at);
    case Op::upper:
    case Op::lower:
    case Op::concat:
    case Op::to_text:
    case Op::format:
    case Op::derived_id: return text_function(at);
    case Op::length:
    case Op::to_number:
    case Op::round:
    case Op::divide:
    case Op::days:
    case Op::working_days: return number_function(at);
    case Op::to_date:
    case Op::add_days:
    case Op::add_working_days: return time_function(at);
    case Op::part_size:
    case Op::part_digest: {
      const auto bytes = values_.part_bytes(at.texts[0]);
      if (!bytes) return {};
      if (at.op == Op::part_size) return given(ExactNumber::of(static_cast<std::int64_t>(bytes->size())));
      if (!values_.spend(bytes->size() / 16)) return broken(Errc::mapping_step_budget);
      return given(to_hex(at.texts[1] == "sm3" ? crypto::sm3(*bytes) : crypto::sha256(*bytes)));
    }
    case Op::lookup:
    case Op::call: return site_function(at);
    case Op::count:
    case Op::sum:
    case Op::first:
    case Op::last:
    case Op::least:
    case Op::most: return aggregate(at);
    case Op::join: return joined(at);
    default: {
      ExprValue made;
      made.absent = false;
      made.truth = truth(index);
      return made;
    }
  }
}

ExprValue ExpressionRun::arithmetic(const Part& at) {
  const auto a = number(at.args[0]), b = number(at.args[1]);
  if (!a || !b) return {};
  return given(at.op == Op::plus ? a->plus(*b) : at.op == Op::minus ? a->minus(*b) : a->times(*b));
}

ExprValue ExpressionRun::substring(const Part& at) {
  const auto whole = text(at.args[0]);
  const auto start = number(at.args[1]);
  const auto wanted = at.args.size() > 2 ? number(at.args[2]) : std::optional<ExactNumber>(ExactNumber::of(std::numeric_limits<std::int32_t>::max()));
  if (!whole || !start || !wanted) return {};
  const auto from = start->whole(), length = wanted->whole();
  if (!from || !length || *from < 1 || *length < 0) return broken(Errc::mapping_out_of_range, {"a start from 1 and a length from 0", "起始位从 1 起，长度从 0 起"});
  if (!values_.spend(whole->size() / 16)) return broken(Errc::mapping_step_budget);
  std::int64_t seen = 0;
  std::size_t first = whole->size(), end = whole->size();
  for (std::size_t i = 0; i < whole->size(); ++i) {
    if ((static_cast<unsigned char>((*whole)[i]) & 0xC0) == 0x80) continue;
    ++seen;
    if (seen == *from) first = i;
    if (seen - *from == *length && seen >= *from) {
      end = i;
      break;
    }
  }
  if (first >= end) return {};
  return given_view(whole->substr(first, end - first));
}

/// Canonical text of a value of any type.
std::optional<std::string> ExpressionRun::canonical_text(std::uint32_t index) {
  const ExprValue made = value(index);
  return made.absent ? std::nullopt : std::optional(text_of(made, part(index).type));
}

ExprValue ExpressionRun::text_function(const Part& at) {
  if (at.op == Op::concat || at.op == Op::derived_id) {
    std::string made;
    bool any = false;
    for (const std::uint32_t arg : at.args) {
      const auto piece = text(arg);
      any = any || piece.has_value();
      // An id is a function of all its members; one that lacks a member would be another case's.
      if (at.op == Op::derived_id && (!piece || piece->empty())) return {};
      if (at.op == Op::derived_id) made += std::to_string(piece->size()) + ":";
      if (piece) made += *piece;
      if (made.size() > kTextBytesMax) return given(made);
    }
    if (!any) return {};
    return given(at.op == Op::concat ? made : to_hex(crypto::sm3(made)).substr(0, 2 * kDerivedIdBytes));
  }
  if (at.op == Op::to_text) {
    const auto made = canonical_text(at.args[0]);
    return made ? given(*made) : ExprValue();
  }
  if (at.op == Op::format) {
    const auto moment = time(at.args[0]);
    if (!moment) return {};
    std::string made;
    model::Time there = *moment;
    if (there.has_clock() && there.offset_minutes != at.zone_minutes && !at.patterns.front().always_has_offset()) there = local_time(to_epoch_ms(there.utc()), at.zone_minutes, there.precision);
    if (!at.patterns.front().write(there, made)) return broken(Errc::mapping_malformed, same(at.patterns.front().text()));
    return given(made);
  }
  const auto whole = text(at.args[0]);
  if (!whole) return {};
  std::string made(*whole);
  std::transform(made.begin(), made.end(), made.begin(), at.op == Op::upper ? ascii_upper : ascii_lower);
  return given(made);
}

ExprValue ExpressionRun::number_function(const Part& at) {
  if (at.op == Op::length || at.op == Op::to_number) {
    const auto whole = text(at.args[0]);
    if (!whole || (at.op == Op::to_number && trim_wide(*whole).empty())) return {};
    if (!values_.spend(whole->size() / 16)) return broken(Errc::mapping_step_budget);
    if (at.op == Op::length) return given(ExactNumber::of(static_cast<std::int64_t>(utf8_length(*whole))));
    const auto made = ExactNumber::parse(trim_wide(*whole));
    if (!made) return broken(Errc::mapping_malformed, {"a decimal number", "十进制数"});
    return given(made);
  }
  if (at.op == Op::days || at.op == Op::working_days) {
    const auto a = time(at.args[0]), b = time(at.args[1]);
    if (!a || !b) return {};
    const auto from = model::Day::of(*a), to = model::Day::of(*b);
    if (!from || !to) return broken(Errc::mapping_malformed, {"times with a day", "精确到日的时间"});
    if (at.op == Op::days) return given(ExactNumber::of(*to - *from));
    const Environment* site = values_.environment();
    if (site == nullptr || site->working_days == nullptr) return broken(Errc::mapping_lookup_missing, {"a calendar of working days", "工作日历"});
    const model::DayCount count = site->working_days->count(*from, *to);
    if (!count.known()) return broken(Errc::model_calendar_missing, same(std::to_string(count.missing_year)));
    return given(ExactNumber::of(count.days));
  }
  const auto a = number(at.args[0]);
  const auto b = at.args.size() > 1 ? number(at.args[1]) : std::optional<ExactNumber>(ExactNumber::of(0));
  const auto c = at.args.size() > 2 ? number(at.args[2]) : b;
  if (!a || !b || !c) return {};
  const auto places = c->whole();
  if (!places || *places < 0 || *places > 18) return broken(Errc::mapping_out_of_range, {"0 to 18 places", "0 至 18 位小数"});
  if (at.op == Op::round) return given(a->rounded(static_cast<unsigned>(*places)));
  return given(a->divided(*b, static_cast<unsigned>(*places)));
}

ExprValue ExpressionRun::time_function(const Part& at) {
  ExprValue made;
  made.absent = false;
  if (at.op == Op::to_date) {
    const auto whole = text(at.args[0]);
    if (!whole || trim_wide(*whole).empty()) return {};
    if (at.patterns.empty()) {
      const auto read = model::Time::parse(trim_wide(*whole));
      if (!read) return broken(Errc::mapping_malformed, {"a canonical time", "规范时间格式"});
      made.time = *read;
      return made;
    }
    for (const DatePattern& pattern : at.patterns) {
      if (const auto read = pattern.read(trim_wide(*whole), at.zone_minutes)) {
        made.time = *read;
        return made;
      }
    }
    return broken(Errc::mapping_malformed, same(at.patterns.front().text()));
  }
  const auto from = time(at.args[0]);
  const auto count = number(at.args[1]);
  if (!from || !count) return {};
  const auto day = model::Day::of(*from);
  const auto days = count->whole();
  if (!day || !days || *days > kDaysMax || *days < -kDaysMax) return broken(Errc::mapping_out_of_range, {"a time with a day, and a whole number of days", "精确到日的时间与整数天数"});
  if (at.op == Op::add_days) {
    const model::Day moved = *day + static_cast<std::int32_t>(*days);
    if (moved < model::Day::of(1, 1, 1).value() || moved > model::Day::of(9999, 12, 31).value()) return broken(Errc::mapping_out_of_range, {"a day of the years 1 to 9999", "公元 1 至 9999 年内的日期"});
    made.time = moved.time();
    return made;
  }
  const Environment* site = values_.environment();
  if (site == nullptr || site->working_days == nullptr) return broken(Errc::mapping_lookup_missing, {"a calendar of working days", "工作日历"});
  if (*days < 0) return broken(Errc::mapping_out_of_range, {"working days from 0", "工作日数从 0 起"});
  const model::DueDate due = site->working_days->due(*day, static_cast<std::int32_t>(*days));
  if (!due.known()) return broken(Errc::model_calendar_missing, same(std::to_string(due.missing_year)));
  made.time = due.day.time();
  return made;
}

ExprValue ExpressionRun::site_function(const Part& at) {
  Result<std::optional<std::string>> answer{std::optional<std::string>()};
  if (at.op == Op::lookup) {
    const auto key = text(at.args[0]);
    if (!key || key->empty()) return {};
    const Environment* site = values_.environment();
    if (site == nullptr || site->lookup == nullptr) return broken(Errc::mapping_lookup_missing, same(at.texts[0]));
    answer = site->lookup->find(at.texts[0], *key, at.texts[1]);
  } else {
    std::vector<std::string> owned;
    for (const std::uint32_t arg : at.args) {
      auto one = canonical_text(arg);
      if (!one) return {};
      owned.push_back(std::move(*one));
    }
    answer = at.function->run({owned.begin(), owned.end()});
  }
  if (!answer) return broken(answer.error().code(), same(at.op == Op::lookup ? at.texts[0] : at.function->name));
  if (!*answer) return {};
  const std::string& made = **answer;
  ExprValue value;
  value.absent = false;
  switch (at.type) {
    case ExprType::text: return given(made);
    case ExprType::number: {
      const auto number = ExactNumber::parse(made);
      return number ? given(number) : broken(Errc::mapping_malformed, {"a decimal number", "十进制数"});
    }
    case ExprType::time: {
      const auto time = model::Time::parse(made);
      if (!time) return broken(Errc::mapping_malformed, {"a canonical time", "规范时间格式"});
      value.time = *time;
      return value;
    }
    case ExprType::boolean: value.truth = made == "true"; return value;
  }
  return {};
}

bool ExpressionRun::list_truth(const Part& at) {
  const std::size_t size = values_.list_size(*at.list);
  bool found = false;
  // `any` looks for an element that holds, `all` for one that does not.
  for (std::size_t i = 0; i < size && !found && trouble_.id == Errc::none; ++i) {
    values_.at_element(*at.list, i);
    found = truth(at.args[0]) == (at.op == Op::any);
  }
  values_.after_list(*at.list);
  return (at.op == Op::any) == found;
}

ExprValue ExpressionRun::aggregate(const Part& at) {
  const std::size_t size = values_.list_size(*at.list);
  if (at.op == Op::count && at.args.empty()) {
    for (std::size_t n = 0; n < size && values_.must_visit(*at.list); ++n) values_.at_element(*at.list, n);
    values_.after_list(*at.list);
    return given(ExactNumber::of(static_cast<std::int64_t>(size)));
  }
  ExprValue best;
  std::int64_t count = 0;
  std::optional<ExactNumber> total = ExactNumber();
  for (std::size_t n = 0; n < size && trouble_.id == Errc::none; ++n) {
    values_.at_element(*at.list, at.op == Op::last ? size - 1 - n : n);
    if (at.op == Op::count) {
      count += truth(at.args[0]) ? 1 : 0;
      continue;
    }
    const ExprValue one = value(at.args[0]);
    if (one.absent) continue;
    if (at.op == Op::sum) {
      total = total ? total->plus(one.number) : total;
      best.absent = false;
      continue;
    }
    const bool numbers = at.type == ExprType::number;
    const int sign = best.absent || at.op == Op::first || at.op == Op::last ? 0 : numbers ? one.number.compare(best.number) : compare_times(one.time, best.time);
    if (best.absent || (at.op == Op::least && sign < 0) || (at.op == Op::most && sign > 0)) best = one;
    if (at.op == Op::first || at.op == Op::last) break;
  }
  values_.after_list(*at.list);
  if (trouble_.id != Errc::none) return {};
  if (at.op == Op::count) return given(ExactNumber::of(count));
  return at.op == Op::sum && !best.absent ? given(total) : best;
}

ExprValue ExpressionRun::joined(const Part& at) {
  const std::size_t size = values_.list_size(*at.list);
  std::string made;
  bool any = false;
  for (std::size_t i = 0; i < size && trouble_.id == Errc::none && made.size() <= kTextBytesMax; ++i) {
    values_.at_element(*at.list, i);
    const auto one = text(at.args[0]);
    if (!one || one->empty()) continue;
    if (any) made += at.texts.front();
    made += *one;
    any = true;
  }
  values_.after_list(*at.list);
  return any && trouble_.id == Errc::none ? given(made) : ExprValue();
}

bool Expression::holds(NameValues& values, ExprTrouble& trouble) const {
  const bool truth = ExpressionRun(*this, values, trouble).truth(root_);
  return truth && trouble.id == Errc::none;
}

ExprValue Expression::value(NameValues& values, ExprTrouble& trouble) const {
  ExprValue made = ExpressionRun(*this, values, trouble).value(root_);
  if (trouble.id != Errc::none) made.absent = true;
  return made;
}

} // namespace tongqu::mapping::detail
