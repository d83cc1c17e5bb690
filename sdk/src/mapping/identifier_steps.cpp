#include <algorithm>

#include "mapping/step_compilers.hpp"
#include "tongqu/model/identifiers.hpp"

/// Steps over identifiers: numbers sent for them, their kind, the short form of a citizen number.
namespace tongqu::mapping::detail {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

/// 12E5 as a text: digits and letters, no number.
bool is_short_exponent(std::string_view text) { return text.find_first_of("+-.") == std::string_view::npos; }

class Identifier final : public Step {
public:
  StepOutcome run(Value& value, wire::Arena&) const override {
    if (looks_like_damaged_number(value.text, true) && (value.number_token || !is_short_exponent(value.text))) {
      value.fault = Errc::mapping_identifier_damaged;
      return StepOutcome::malformed;
    }
    if (value.number_token) value.note(Note::identifier_as_number);
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"an identifier with every character, sent as text", "完整的标识，以文本形式传送"}; }
};

/// The kind that form and check character tell. Kinds without a check character are never guessed.
std::string_view kind_of(std::string_view id) {
  if (id.size() == 18 && id[0] == '9' && model::check_permanent_residence(id)) {
    // A credit code may begin with 9 too; two that fit are no answer.
    return model::check_uscc(id) ? std::string_view() : "permanent_residence";
  }
  std::string_view found;
  const auto fits = [&found, id](std::string_view name, Result<void> (*check)(std::string_view)) {
    if (!check(id)) return false;
    if (!found.empty()) return true;
    found = name;
    return false;
  };
  const bool permit = id.size() == 18 && (id.substr(0, 2) == "81" || id.substr(0, 2) == "82" || id.substr(0, 2) == "83");
  if (fits(permit ? "residence_permit_hmt" : "resident_id", permit ? model::check_residence_permit : model::check_resident_id)) return {};
  if (fits("uscc", model::check_uscc) || fits("org_code", model::check_org_code)) return {};
  return found;
}

class IdKind final : public Step {
public:
  StepOutcome run(Value& value, wire::Arena&) const override {
    if (value.text.size() == 15) return StepOutcome::malformed;   // The old form has no check character.
    const std::string_view kind = kind_of(value.text);
    if (kind.empty()) return StepOutcome::malformed;
    value.text = kind;
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"a number whose check character tells one kind", "可由校验位确定唯一类型的号码"}; }
};

class UpgradeId final : public Step {
public:
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    if (value.text.size() != 15) return StepOutcome::ok;
    auto longer = model::upgrade_resident_id(value.text);
    if (!longer) return StepOutcome::malformed;
    value.text = arena.store(*longer);
    value.repaired = true;
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"a valid number of 15 or 18 characters", "有效的 15 位或 18 位号码"}; }
};

template <class T>
StepPtr plain(const YamlNode& argument, const StepBuild& build) {
  if (argument.is_scalar() && (argument.text.empty() || argument.text == "yes" || argument.text == "true")) return std::make_unique<T>();
  build.mistakes.add(Errc::mapping_wrong_shape, argument, build.subject, {"no argument", "不带参数"});
  return nullptr;
}

} // namespace

bool looks_like_damaged_number(std::string_view text, bool number_token) noexcept {
  std::size_t at = !text.empty() && (text[0] == '+' || text[0] == '-') ? 1 : 0;
  const bool sign = at == 1;
  const std::size_t start = at;
  while (at < text.size() && digit(text[at])) ++at;
  if (at == start) return false;
  const bool point = at < text.size() && text[at] == '.';
  if (point) {
    const std::size_t fraction = ++at;
    while (at < text.size() && digit(text[at])) ++at;
    if (at == fraction) return false;
  }
  if (at == text.size()) return number_token && (sign || point);
  if (text[at] != 'E' && text[at] != 'e') return false;
  const bool exponent_sign = at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-');
  const std::size_t digits = at + 1 + (exponent_sign ? 1 : 0);
  // 2E5 as a text may be an identifier; with a point, a sign or without quotes it is a number.
  const bool exponent = digits < text.size() && std::all_of(text.begin() + static_cast<std::ptrdiff_t>(digits), text.end(), digit);
  return exponent && (point || exponent_sign || number_token);
}

std::string_view check_for_form(std::string_view id) noexcept {
  const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto digits = static_cast<std::size_t>(std::count_if(id.begin(), id.end(), digit));
  const bool plain = digits + static_cast<std::size_t>(std::count_if(id.begin(), id.end(), capital)) == id.size();
  if (id.size() == 15 && digits == 15) return "resident_id";
  const bool citizen = id.size() == 18 && (digits == 18 || (digits == 17 && (id[17] == 'X' || id[17] == 'x')));
  if (citizen) {
    if (model::check_uscc(id)) return "uscc";
    return "resident_id";
  }
  if (id.size() == 18 && plain) return "uscc";
  const bool short_code = (id.size() == 9 && plain && digit(id[1])) || (id.size() == 10 && id[8] == '-');
  // Passports have nine characters too, but no digit or X at the end of eight that fit: only a right one is called an organisation code.
  return short_code && model::check_org_code(id) ? "org_code" : std::string_view();
}

StepPtr compile_identifier(const YamlNode& argument, StepBuild& build) { return plain<Identifier>(argument, build); }
StepPtr compile_id_kind(const YamlNode& argument, StepBuild& build) { return plain<IdKind>(argument, build); }
StepPtr compile_upgrade_id15(const YamlNode& argument, StepBuild& build) { return plain<UpgradeId>(argument, build); }

} // namespace tongqu::mapping::detail
