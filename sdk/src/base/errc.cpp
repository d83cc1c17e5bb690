#include "tongqu/base/errc.hpp"

#include <algorithm>
#include <array>

namespace tongqu {
namespace {

constexpr auto make_rows() {
  std::array rows{
#define TONGQU_ERROR(number, module, name, action, en, zh) ErrcRow{Errc::module##_##name, #module "." #name, Action::action, en, zh},
#include "tongqu/base/errc.inc"
#undef TONGQU_ERROR
  };
  std::sort(rows.begin(), rows.end(), [](const ErrcRow& a, const ErrcRow& b) { return a.code < b.code; });
  return rows;
}

constexpr auto kRows = make_rows();

} // namespace

const ErrcRow* errc_catalogue(std::size_t& count) noexcept {
  count = kRows.size();
  return kRows.data();
}

const ErrcRow& errc_row(Errc code) noexcept {
  const auto at = std::lower_bound(kRows.begin(), kRows.end(), code, [](const ErrcRow& row, Errc c) { return row.code < c; });
  if (at != kRows.end() && at->code == code) return *at;
  return errc_row(Errc::base_internal);
}

std::optional<Errc> errc_from_id(std::string_view id) noexcept {
  const auto at = std::find_if(kRows.begin(), kRows.end(), [id](const ErrcRow& row) { return row.id == id; });
  if (at == kRows.end()) return std::nullopt;
  return at->code;
}

std::string_view action_name(Action action) noexcept {
  switch (action) {
    case Action::fix_input: return "fix_input";
    case Action::fix_setup: return "fix_setup";
    case Action::retry_later: return "retry_later";
    case Action::give_up: return "give_up";
  }
  return "give_up";
}

} // namespace tongqu
