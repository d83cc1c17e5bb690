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
/// When a case that is over was closed; null while it goes on. A step after it is a rule of its own, and no reason to doubt the end.
inline const Time* end_of(const Case& body) {
  return body.result.closed_at && body.state && is_terminal(body.state->name) ? &*body.result.closed_at : nullptr;
}
/// When a step was over, as far as that is known.
inline const std::optional<Time>& end_of(const ProcessStep& step) { return step.ended_at ? step.ended_at : step.started_at; }

} // namespace tongqu::model::detail
