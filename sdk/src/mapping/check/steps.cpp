#include <algorithm>
#include <set>

#include "mapping/check/checks.hpp"
#include "mapping/check/date_overlap.hpp"

namespace tongqu::mapping::detail {
namespace {

const Bilingual kEarlier = {"what stands before it always decides", "前面的内容已先行决定"};

/// One list of texts, each of which must be able to come and must not stand twice.
void check_texts(const DocumentOutline& document, const YamlNode& list, const std::vector<StepSite>& before, const std::string& subject, Report& report) {
  std::set<std::string> seen;
  std::vector<std::string> prefixes;
  for (const YamlNode& item : list.items) {
    if (!item.is_scalar() || item.text.empty()) continue;
    const bool prefix = item.text.size() > 1 && item.text.back() == '*';
    const auto starts = [&item](const std::string& other) { return item.text.compare(0, other.size(), other) == 0; };
    const bool twice = !seen.insert(item.text).second || std::any_of(prefixes.begin(), prefixes.end(), starts);
    const bool never = !twice && !prefix && !steps_can_give(before, item.text);
    if (twice) report.add(document.file, item, {Errc::mapping_check_shadowed, Severity::warn, subject + ": " + item.text, {}, kEarlier});
    if (never) report.add(document.file, item, {Errc::mapping_check_shadowed, Severity::warn, subject + ": " + item.text, {}, {"the steps before never give this text", "之前的步骤不会给出该文本"}});
    if (prefix) prefixes.push_back(item.text.substr(0, item.text.size() - 1));
  }
}

void check_overlaps(const DocumentOutline& document, const YamlNode& item, const std::vector<DatePattern>& before, const DatePattern& pattern, Report& report) {
  for (const DatePattern& earlier : before) {
    const DateOverlap::Result overlap = DateOverlap::of(earlier, pattern, document.zone_minutes.value_or(0));
    if (!overlap.found) continue;
    const std::string& example = overlap.example;
    const Bilingual both = example.empty() ? Bilingual{"each text has one reading only when they differ in a sign", "两者须有不同的符号，才能唯一解读"}
                                           : Bilingual{"both read " + example + ", as different times", "两者都能读取 " + example + "，但时间不同"};
    report.add(document.file, item, {Errc::mapping_date_ambiguous, Severity::error, "date: " + earlier.text() + " | " + pattern.text(), {}, both});
  }
}

void check_patterns(const DocumentOutline& document, const YamlNode& argument, Report& report) {
  std::vector<DatePattern> before;
  const YamlNode* inner = argument.find("patterns");
  const YamlNode& list = inner != nullptr ? *inner : argument;
  for (const YamlNode& item : list.items) {
    std::string problem;
    auto pattern = item.is_scalar() ? DatePattern::compile(item.text, problem) : std::nullopt;
    if (!pattern) continue;
    const auto covers = [&pattern](const DatePattern& earlier) { return DateOverlap::covers(earlier, *pattern); };
    const auto found = std::find_if(before.begin(), before.end(), covers);
    if (found != before.end()) {
      report.add(document.file, item, {Errc::mapping_check_shadowed, Severity::warn, "date: " + item.text, {},
                                       {found->text() + " reads all of it already", found->text() + " 已能读取其全部文本"}});
    }
    check_overlaps(document, item, before, *pattern, report);
    before.push_back(std::move(*pattern));
  }
}

void check_chain(const DocumentOutline& document, const std::vector<StepSite>& steps, Report& report) {
  std::vector<StepSite> before;
  for (const StepSite& site : steps) {
    if (site.key->text == "null_if") check_texts(document, *site.argument, before, "null_if", report);
    if (site.key->text == "date") check_patterns(document, *site.argument, report);
    if (site.key->text == "sentinels") {
      for (const auto& [key, list] : site.argument->members) check_texts(document, list, {}, "sentinels." + key.text, report);
    }
    before.push_back(site);
  }
}

void check_alternatives(const DocumentOutline& document, const RuleSite& rule, Report& report) {
  const YamlNode* at = rule.node->find(rule.required ? "from" : "maybe");
  if (at == nullptr) return;
  for (std::size_t i = 1; i < rule.reads.size(); ++i) {
    const auto decides = [&rule, i](const std::string& earlier) { return earlier == rule.reads[i] || earlier == "." || earlier.compare(0, 6, "param:") == 0; };
    const auto end = rule.reads.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::none_of(rule.reads.begin(), end, decides)) continue;
    report.add(document.file, *at, {Errc::mapping_check_shadowed, Severity::warn, rule.name + ": " + rule.reads[i], {}, kEarlier});
  }
}

void check_outline(const DocumentOutline& document, const RulesOutline& outline, Report& report) {
  for (const RuleSite& rule : outline.rules) {
    check_chain(document, rule.steps, report);
    check_alternatives(document, rule, report);
  }
}

} // namespace

void check_steps(const DocumentOutline& document, Report& report) {
  for (const TypeSite& type : document.types) check_chain(document, type.steps, report);
  check_outline(document, document.all, report);
  for (const DocumentOutline::Message& message : document.messages) check_outline(document, message.rules, report);
}

} // namespace tongqu::mapping::detail
