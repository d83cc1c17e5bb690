#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "judge.hpp"

/// What rules of several entities share.
namespace tongqu::model::detail {

struct ItemCodes {
  const std::optional<std::string>& catalog;
  const std::optional<std::string>& task;
  const std::optional<std::string>& handle;
};

/// The shorter codes stand inside the longer ones. Codes of other lengths are local forms and are not compared.
void codes_belong_together(Judge& judge, const ItemCodes& codes);
/// The first two digits of a national catalogue code are 00 or the province's.
void province_agrees(Judge& judge, const std::optional<std::string>& catalog, std::string_view province);

/// Whether a state of a case is one that nothing leaves but a revocation.
bool is_terminal(std::string_view state);
/// Whether a step lies after the end of a case that is over: that is a rule of its own, and no reason to doubt the end.
bool step_follows_the_end(const Case& body, const ProcessStep& step);

} // namespace tongqu::model::detail
