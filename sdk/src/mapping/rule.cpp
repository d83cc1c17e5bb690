#include "mapping/rule.hpp"

namespace tongqu::mapping::detail {

using model::FieldKind;

void Rule::settle() {
  as_sent.idle = IdleSteps(steps);
  const bool one_leaf = !constant && !value && refs.size() == 1 && refs.front().kind == Ref::Kind::node;
  const bool judged = when || !check.empty() || check_by || !checks.empty();
  if (!one_leaf || judged || derived || as_sent.idle.most() != steps.size() || !place.in_entity() || place.slot.depth == 0) return;
  const FieldKind kind = place.kind();
  const bool text = (kind == FieldKind::text || kind == FieldKind::identifier) && !table;
  if (!text && !(kind == FieldKind::code && table)) return;
  as_sent.possible = true;
  as_sent.identifies = identifies;
  as_sent.scope = refs.front().scope;
  as_sent.slot = refs.front().slot;
  as_sent.offset = place.offset;
  as_sent.lists = place.lists;
  as_sent.table = table.get();
}

} // namespace tongqu::mapping::detail
