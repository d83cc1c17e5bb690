#include "life_cycle_tables.hpp"

#include "csv_table.hpp"
#include "embedded_file.hpp"

namespace tongqu::model::detail {
namespace {

using Rows = std::vector<CsvRow>;

/// The rows of a built-in table below its heading, each with as many cells as the heading.
Rows table(std::string_view name) {
  auto read = read_csv(embedded_file(name), name, Errc::base_internal);
  TONGQU_ASSERT(read.has_value() && !read->empty(), "the tables that are built in are right; the tests read them");
  Rows rows = *std::move(read);
  const std::size_t width = rows.front().cells.size();
  rows.erase(rows.begin());
  for (const CsvRow& row : rows) TONGQU_ASSERT(row.cells.size() == width, "every row is as wide as its heading");
  return rows;
}

/// Fills one entry per enumerator from a table of just as many rows.
template <class Info, std::size_t N, class Fill>
void fill(std::array<Info, N>& infos, std::string_view name, Fill fill_one) {
  const Rows rows = table(name);
  TONGQU_ASSERT(rows.size() == N, "a table has one row per enumerator");
  for (std::size_t i = 0; i < N; ++i) fill_one(infos[i], rows[i].cells);
}

template <class Enum, class Info, std::size_t N>
Enum named(const std::array<Info, N>& infos, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (infos[i].name == name) return static_cast<Enum>(i);
  }
  TONGQU_ASSERT(false, "a transition names what the other tables have");
  return {};
}

Judge judge_named(std::string_view name) {
  if (name == "life") return Judge::life;
  if (name == "clock") return Judge::clock;
  if (name == "rules") return Judge::rules;
  TONGQU_ASSERT(name == "caller", "a guard is judged by life, clock, rules or caller");
  return Judge::caller;
}

ClockVerb verb_named(std::string_view name) {
  constexpr std::array<std::string_view, 7> kVerbs{"start", "stop", "restart", "pause", "resume", "extend", "start_at_receipt"};
  for (std::size_t i = 0; i < kVerbs.size(); ++i) {
    if (kVerbs[i] == name) return static_cast<ClockVerb>(i);
  }
  TONGQU_ASSERT(false, "an action is one of the seven");
  return {};
}

/// "start:T?" or "stop:all".
void add_actions(std::vector<ClockAction>& actions, std::string_view word, const LifeCycleTables& tables) {
  const std::size_t colon = word.find(':');
  TONGQU_ASSERT(colon != std::string_view::npos, "an action is VERB:CLOCK");
  const ClockVerb verb = verb_named(word.substr(0, colon));
  std::string_view clock = word.substr(colon + 1);
  const bool by_rule = !clock.empty() && clock.back() == '?';
  if (by_rule) clock.remove_suffix(1);
  const bool all = clock == "all";
  std::size_t found = 0;
  for (std::size_t i = 0; i < kClockCount; ++i) {
    if (!all && clock != std::string_view(&tables.clocks[i].letter, 1)) continue;
    actions.push_back({verb, static_cast<ClockId>(i), by_rule});
    ++found;
  }
  TONGQU_ASSERT(found != 0, "an action names a clock by its letter");
}

std::uint8_t number(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    TONGQU_ASSERT(c >= '0' && c <= '9' && value < 100, "a row is numbered");
    value = value * 10 + (c - '0');
  }
  return static_cast<std::uint8_t>(value);
}

void add_transition(LifeCycleTables& tables, const std::vector<std::string>& cells) {
  TransitionRow row;
  row.row = number(cells[0]);
  row.event = named<CaseEvent>(tables.events, cells[2]);
  for (const std::string_view guard : split_words(cells[4])) row.guards.push_back(named<Guard>(tables.guards, guard));
  for (const std::string_view action : split_words(cells[5])) add_actions(row.actions, action, tables);
  for (const std::string_view word : split_words(cells[6])) row.sets.emplace_back(word);
  row.row_upward = cells[7];
  for (const std::string_view from : split_words(cells[1])) {
    row.from = named<CaseState>(tables.states, from);
    row.to = cells[3] == "=" ? row.from : named<CaseState>(tables.states, cells[3]);
    tables.rows.push_back(row);
    auto& entry = tables.index[static_cast<std::size_t>(row.from)][static_cast<std::size_t>(row.event)];
    TONGQU_ASSERT(entry == 0, "a state and an event have one transition");
    entry = static_cast<std::uint16_t>(tables.rows.size());
  }
}

LifeCycleTables read_tables() {
  using Cells = std::vector<std::string>;
  LifeCycleTables tables;
  fill(tables.states, "life_cycle/states.csv", [](StateInfo& info, const Cells& cells) {
    info = {cells[0], cells[1] == "yes", cells[2], cells[3], cells[4]};
  });
  fill(tables.events, "life_cycle/events.csv", [](EventInfo& info, const Cells& cells) {
    info = {cells[0], cells[1], cells[2], cells[3] == "yes", number(cells[4])};
  });
  fill(tables.guards, "life_cycle/guards.csv", [](GuardInfo& info, const Cells& cells) {
    info = {cells[0], cells[2], cells[3], judge_named(cells[1])};
  });
  fill(tables.clocks, "life_cycle/clocks.csv", [](ClockInfo& info, const Cells& cells) {
    info = {cells[0].front(), cells[1], cells[2], cells[3], cells[4], cells[5]};
  });
  for (const CsvRow& row : table("life_cycle/transitions.csv")) add_transition(tables, row.cells);
  return tables;
}

} // namespace

const LifeCycleTables& life_cycle_tables() {
  static const LifeCycleTables tables = read_tables();
  return tables;
}

} // namespace tongqu::model::detail
