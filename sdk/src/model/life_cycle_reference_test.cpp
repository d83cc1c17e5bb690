#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "life_cycle_tables.hpp"
#include "tongqu/model/calendar.hpp"
#include "tongqu/model/state_crosswalk.hpp"

namespace tongqu::model {
namespace {

constexpr std::string_view kBegin = "<!-- tables: made from sdk/src/model/life_cycle/*.csv and calendars/*.csv -->\n";

template <class Rows, class Text>
std::string joined(const Rows& rows, std::string_view between, Text text) {
  std::string out;
  for (const auto& row : rows) out += (out.empty() ? "" : std::string(between)) + std::string(text(row));
  return out;
}

std::string states_table() {
  std::string out = "\n## States\n\n| state | 中文 | English | ends the case | clocks running | paused | remark |\n|---|---|---|---|---|---|---|\n";
  for (std::size_t i = 0; i < kCaseStateCount; ++i) {
    const auto state = static_cast<CaseState>(i);
    const detail::StateInfo& info = detail::life_cycle_tables().states[i];
    out += "| `" + info.name + "` | " + std::string(label(state, Lang::zh)) + " | " + std::string(label(state, Lang::en)) + " | " + (info.terminal ? "yes" : "") + " | " +
           info.running + " | " + info.paused + " | " + info.remark + " |\n";
  }
  return out;
}

std::string transitions_table() {
  constexpr std::array<std::string_view, 7> kVerbs{"start", "stop", "restart", "pause", "resume", "extend", "start at receipt"};
  std::string out = "\n## Transitions\n\n| row | from | event | 中文 | to | conditions | clocks | rows upward |\n|---|---|---|---|---|---|---|---|\n";
  for (const TransitionRow& row : transition_rows()) {
    const auto action = [&](const ClockAction& one) {
      return std::string(kVerbs[static_cast<std::size_t>(one.verb)]) + " " + clock_letter(one.clock) + (one.by_rule ? "?" : "");
    };
    const bool all = row.actions.size() == kClockCount;
    out += "| " + std::to_string(row.row) + " | `" + std::string(state_name(row.from)) + "` | `" + std::string(event_name(row.event)) + "` | " +
           std::string(label(row.event, Lang::zh)) + " | `" + std::string(state_name(row.to)) + "` | " +
           joined(row.guards, ", ", [](Guard guard) { return "`" + std::string(guard_name(guard)) + "`"; }) + " | " +
           (all ? "stop all" : joined(row.actions, ", ", action)) + " | " + row.row_upward + " |\n";
  }
  return out;
}

std::string small_tables() {
  constexpr std::array<std::string_view, 4> kJudges{"life cycle", "clocks", "rules", "caller"};
  const detail::LifeCycleTables& tables = detail::life_cycle_tables();
  std::string out = "\n## Events\n\n| event | 中文 | English | may be inferred |\n|---|---|---|---|\n";
  for (const auto& event : tables.events) out += "| `" + event.name + "` | " + event.zh + " | " + event.en + " | " + (event.inferred ? "yes" : "as an outcome only") + " |\n";
  out += "\n## Conditions\n\n| condition | 中文 | English | judged by |\n|---|---|---|---|\n";
  for (const auto& guard : tables.guards) {
    out += "| `" + guard.name + "` | " + guard.zh + " | " + guard.en + " | " + std::string(kJudges[static_cast<std::size_t>(guard.judge)]) + " |\n";
  }
  out += "\n## Clocks\n\n| clock | 中文 | English | default limit | ground |\n|---|---|---|---|---|\n";
  for (const auto& clock : tables.clocks) {
    out += "| " + std::string(1, clock.letter) + " `" + clock.name + "` | " + clock.zh + " | " + clock.en + " | " + clock.limit + " | " + clock.ground + " |\n";
  }
  return out;
}

std::string crosswalk_table() {
  std::string out = "\n## State codes of other systems\n\n| system | code | second code | accepted before | last step | state | event | what is lost | 丢失的信息 |\n"
                    "|---|---|---|---|---|---|---|---|---|\n";
  for (const CrosswalkRow& row : crosswalk_rows()) {
    const StateReading& one = row.reading;
    out += "| " + row.system + " | " + row.code + " | " + row.qualifier + " | " + row.accepted + " | " + joined(row.last_steps, ", ", [](const auto& step) { return step; }) + " | `" +
           std::string(state_name(one.state)) + "`" + (one.pre_review == PreReviewOutcome::passed ? " (passed)" : "") + " | " + (one.event ? std::string(event_name(*one.event)) : "") +
           " | " + one.lost.en + " | " + one.lost.zh + " |\n";
  }
  return out;
}

std::string calendars_table() {
  std::string out = "\n## Calendars built in\n\n| division | year | notice | working days |\n|---|---|---|---|\n";
  for (const CalendarYear& year : Calendars::published().all()) {
    const WorkingDays days = Calendars::published().working_days(year.division);
    const DayCount count = days.count(*Day::of(year.year - 1, 12, 31), *Day::of(year.year, 12, 31));
    out += "| " + year.division + " | " + std::to_string(year.year) + " | " + year.notice + " | " + std::to_string(count.days) + " |\n";
  }
  return out;
}

std::string tables() { return states_table() + transitions_table() + small_tables() + crosswalk_table() + calendars_table(); }

TEST(LifeCycleReference, tables_of_the_page_are_those_of_the_files) {
  const std::string path = std::string(TONGQU_SOURCE_DIR) + "/docs/reference/life-cycle.md";
  std::ifstream in(path, std::ios::binary);
  const std::string page((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::size_t at = page.find(kBegin);
  ASSERT_NE(at, std::string::npos);
  const std::size_t start = at + kBegin.size();
  if (std::getenv("TONGQU_UPDATE_DOCS") != nullptr) {
    std::ofstream(path, std::ios::binary) << page.substr(0, start) << tables();
    GTEST_SKIP() << "tables written";
  }
  EXPECT_EQ(page.substr(start), tables()) << "run model_test with TONGQU_UPDATE_DOCS=1";
}

TEST(LifeCycleReference, the_limits_of_clocks_csv_are_the_defaults_of_the_rules) {
  const detail::LifeCycleTables& tables = detail::life_cycle_tables();
  const auto limit = [&](ClockId id) { return tables.clocks[static_cast<std::size_t>(id)].limit; };
  EXPECT_EQ(limit(ClockId::acceptance), "5 working_day");
  EXPECT_EQ(limit(ClockId::legal), "20 working_day");
  EXPECT_EQ(limit(ClockId::hearing), "20 working_day");
  EXPECT_EQ(limit(ClockId::first_review), "20 working_day");
  EXPECT_EQ(limit(ClockId::delivery), "10 working_day");
  for (const ClockId open : {ClockId::promise, ClockId::special, ClockId::supplement, ClockId::evaluation}) EXPECT_EQ(limit(open), "");
}

} // namespace
} // namespace tongqu::model
