#include <algorithm>
#include <array>

#include "mapping/check/checks.hpp"

namespace tongqu::mapping::detail {
namespace {

constexpr std::array<std::string_view, 5> kFacts = {"family", "operation", "path", "content_type", "root"};

struct MatchSite {
  const YamlNode* node = nullptr;
  std::string file;
  std::array<std::string, kFacts.size()> asked;   ///< Empty: not asked.
};

std::string as_compared(std::string_view fact, const std::string& text) {
  if (fact == "operation" && text == "any") return {};
  if (fact != "content_type") return text;
  std::string type = text.substr(0, text.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return type;
}

std::vector<MatchSite> matches_of(const PackOutline& pack) {
  std::vector<MatchSite> sites;
  const YamlNode* mappings = pack.root.find("mappings");
  if (mappings == nullptr) return sites;
  for (const YamlNode& item : mappings->items) {
    if (!item.is_mapping()) continue;
    MatchSite site;
    site.node = &item;
    if (const YamlNode* file = item.find("file"); file != nullptr) site.file = file->text;
    const YamlNode* match = item.find("match");
    if (match != nullptr && match->is_scalar() && match->text == "none") continue;   // Only written, never read.
    // Only written: it takes no delivery.
    if (match != nullptr && match->is_scalar() && match->text == "none") continue;
    for (std::size_t i = 0; match != nullptr && match->is_mapping() && i < kFacts.size(); ++i) {
      if (const YamlNode* value = match->find(kFacts[i]); value != nullptr) site.asked[i] = as_compared(kFacts[i], value->text);
    }
    if (match != nullptr) site.node = match;
    sites.push_back(std::move(site));
  }
  return sites;
}

/// No delivery is taken by both: they ask the same fact to be two things.
bool apart(const MatchSite& a, const MatchSite& b) {
  for (std::size_t i = 0; i < kFacts.size(); ++i) {
    // A delivery that does not tell its family is taken whatever family a mapping asks for, so families alone keep nobody apart.
    if (kFacts[i] != "family" && !a.asked[i].empty() && !b.asked[i].empty() && a.asked[i] != b.asked[i]) return true;
  }
  return false;
}

/// Every delivery that `narrow` takes is taken by `wide` too.
bool inside(const MatchSite& narrow, const MatchSite& wide) {
  for (std::size_t i = 0; i < kFacts.size(); ++i) {
    if (!wide.asked[i].empty() && wide.asked[i] != narrow.asked[i]) return false;
  }
  return true;
}

} // namespace

void check_matches(const PackOutline& pack, Report& report) {
  const std::vector<MatchSite> sites = matches_of(pack);
  for (std::size_t i = 0; i < sites.size(); ++i) {
    for (std::size_t j = i + 1; j < sites.size(); ++j) {
      const MatchSite& a = sites[i];
      const MatchSite& b = sites[j];
      if (apart(a, b)) continue;
      const bool families = !a.asked[0].empty() && !b.asked[0].empty() && a.asked[0] != b.asked[0];
      const bool certain = inside(a, b) || inside(b, a);
      const Bilingual hint = families ? Bilingual{"a delivery that does not tell its family is taken by both: ask for another fact too", "未说明来源类型的报文会被两者同时匹配，请再加一个条件"}
                                      : Bilingual{"ask for a fact that only one of them has", "请增加只有其中一个满足的条件"};
      report.add("pack.yaml", *b.node, {Errc::mapping_check_match_overlap, certain ? Severity::error : Severity::warn, a.file + ", " + b.file, {}, hint});
    }
  }
}

} // namespace tongqu::mapping::detail
