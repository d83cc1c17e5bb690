#include "conformance/sandbox/fault_plan.hpp"

#include "conformance/sandbox/checks.hpp"

namespace tongqu::sandbox {
namespace {

constexpr std::array<std::string_view, kFaultCount> kNames{
    "error_before_commit", "error_after_commit", "internal_after_commit", "hang_after_commit", "cut_answer", "wrong_id", "wrong_digest",
    "too_many", "secret_expired", "slow", "redirect", "login_page", "busy", "close_delimited"};
constexpr std::size_t kRulesMax = 64;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::optional<Fault> fault_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Fault>(i);
  }
  return std::nullopt;
}

std::chrono::milliseconds default_delay(Fault fault) noexcept {
  if (fault == Fault::hang_after_commit) return std::chrono::seconds(60);
  return fault == Fault::slow ? std::chrono::milliseconds(200) : std::chrono::milliseconds(0);
}

Result<FaultPlan::Rule> parse_rule(std::string_view spec) {
  const auto bad = [spec](std::string detail) { return Error(Errc::conform_fault_spec).at(std::string(spec)).with(std::move(detail)); };
  const auto parts = split(spec, ':');
  const auto fault = fault_of(parts.front());
  if (!fault) return bad("the name is not known");
  FaultPlan::Rule rule;
  rule.fault = *fault;
  rule.delay = default_delay(*fault);
  bool first_given = false;
  bool every_given = false;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto equals = parts[i].find('=');
    const auto number = equals == std::string_view::npos ? std::nullopt : read_number(parts[i].substr(equals + 1));
    const std::string_view key = parts[i].substr(0, equals);
    if (!number || *number > 86'400'000) return bad("an option is key=number: every, first, ms");
    if (key == "every" && *number > 0) {
      rule.every = static_cast<std::uint64_t>(*number);
      every_given = true;
    } else if (key == "first" && *number > 0) {
      rule.first = static_cast<std::uint64_t>(*number);
      first_given = true;
    } else if (key == "ms") {
      rule.delay = std::chrono::milliseconds(*number);
    } else {
      return bad("the options are every=N and first=N from 1, ms=M from 0");
    }
  }
  if (every_given && !first_given) rule.first.reset();
  return rule;
}

} // namespace

std::string_view fault_name(Fault fault) noexcept { return kNames[static_cast<std::size_t>(fault)]; }

Result<void> FaultPlan::replace(const std::vector<std::string>& specs) {
  if (specs.size() > kRulesMax) return Error(Errc::conform_fault_spec).with("at most 64 faults at a time");
  std::vector<Rule> rules;
  for (const std::string& spec : specs) {
    TONGQU_TRY(Rule rule, parse_rule(spec));
    rules.push_back(rule);
  }
  rules_ = std::move(rules);
  return {};
}

Draw FaultPlan::draw() noexcept {
  Draw drawn;
  for (Rule& rule : rules_) {
    ++rule.seen;
    if (rule.seen % rule.every != 0 || (rule.first && rule.fired >= *rule.first)) continue;
    ++rule.fired;
    drawn.add(rule.fault, rule.delay);
  }
  return drawn;
}

} // namespace tongqu::sandbox
