#include <algorithm>
#include <iterator>

#include "tongqu/model/fields.hpp"

namespace tongqu::model {
namespace {

struct System {
  std::string_view name;
  const CodeRow* rows;
  std::size_t count;
};

#define TONGQU_CODES(system, zh, en) constexpr CodeRow kRows_##system[] = {
#define TONGQU_CODE(name, code, zh, en) {#name, code, zh, en},
#define TONGQU_CODES_END };
#include "code_systems.def"
#undef TONGQU_CODES
#undef TONGQU_CODE
#undef TONGQU_CODES_END

#define TONGQU_CODES(system, zh, en) {#system, kRows_##system, std::size(kRows_##system)},
#define TONGQU_CODE(name, code, zh, en)
#define TONGQU_CODES_END
constexpr System kSystems[] = {
#include "code_systems.def"
};
#undef TONGQU_CODES
#undef TONGQU_CODE
#undef TONGQU_CODES_END

constexpr bool sorted_by_name() {
  for (std::size_t i = 1; i < std::size(kSystems); ++i) {
    if (!(kSystems[i - 1].name < kSystems[i].name)) return false;
  }
  return true;
}
static_assert(sorted_by_name(), "systems are found by binary search");

} // namespace

const CodeRow* code_system(std::string_view system, std::size_t& count) noexcept {
  const auto* found = std::lower_bound(std::begin(kSystems), std::end(kSystems), system,
                                       [](const System& row, std::string_view name) { return row.name < name; });
  if (found == std::end(kSystems) || found->name != system) {
    count = 0;
    return nullptr;
  }
  count = found->count;
  return found->rows;
}

bool is_code_name(std::string_view system, std::string_view name) noexcept {
  std::size_t count = 0;
  const CodeRow* rows = code_system(system, count);
  return std::any_of(rows, rows + count, [&](const CodeRow& row) { return row.name == name; });
}

std::vector<std::string_view> code_system_names() {
  std::vector<std::string_view> names;
  for (const System& system : kSystems) names.push_back(system.name);
  return names;
}

} // namespace tongqu::model
