#include <cstdio>
#include <cstring>
#include <string>

#include "sdk/test/bench/measure.hpp"
#include "tongqu/model/case_clock.hpp"

/// What the clocks cost: a due date, a clock with pauses read over a year, and a case from submission to delivery.
/// usage: clock_bench [--once]; prints one JSON object. Exit 1 when an answer is wrong.
namespace {

using namespace tongqu::model;

WorkingDays published_days() { return Calendars::published().working_days("110105"); }

Day day(int year, int month, int number) { return *Day::of(year, month, number); }

/// A legal limit over most of the year 2025, with four pauses.
Clock year_long_clock() {
  Clock clock{day(2025, 1, 6), DayLimit{200, Quantity::Unit::working_day}, 10, {}, std::nullopt};
  for (const int month : {3, 5, 8, 11}) clock.pauses.push_back({day(2025, month, 10), day(2025, month, 21)});
  return clock;
}

/// Submission to delivery; the number of clocks that run at the end.
std::size_t walk(const ClockSetting& setting) {
  const std::pair<CaseEvent, Day> course[] = {{CaseEvent::submit, day(2025, 3, 3)},        {CaseEvent::accept, day(2025, 3, 5)},
                                              {CaseEvent::begin, day(2025, 3, 6)},         {CaseEvent::start_special, day(2025, 3, 10)},
                                              {CaseEvent::end_special, day(2025, 3, 14)},  {CaseEvent::approve, day(2025, 3, 20)},
                                              {CaseEvent::issue, day(2025, 3, 21)},        {CaseEvent::deliver, day(2025, 3, 24)}};
  CaseClocks state;
  for (const auto& [event, when] : course) {
    if (!advance(state, {event, when.time(), {}, std::nullopt, false}, setting)) return 0;
  }
  std::size_t running = 0;
  for (const auto& clock : state.clocks) running += clock && !clock->stopped ? 1 : 0;
  return running;
}

} // namespace

int main(int argc, char** argv) {
  const bool once = argc == 2 && std::strcmp(argv[1], "--once") == 0;
  const tongqu::bench::Effort effort = once ? tongqu::bench::Effort{1, 0.01} : tongqu::bench::Effort{};
  const WorkingDays days = published_days();
  const Clock clock = year_long_clock();
  ClockRules rules;
  rules.promise = DayLimit{10, Quantity::Unit::working_day};
  const ClockSetting setting{days, rules};
  const Day first = day(2025, 1, 6);

  std::int64_t sum = 0;
  const auto due = tongqu::bench::measure(effort, [&](std::size_t i) { sum += days.due(first + static_cast<std::int32_t>(i % 200), 20).day.number(); });
  const auto read = tongqu::bench::measure(effort, [&](std::size_t i) { sum += read_clock(clock, first + static_cast<std::int32_t>(i % 350), days).left; });
  std::size_t wrong = walk(setting) == 1 ? 0 : 1;
  const auto course = tongqu::bench::measure(effort, [&](std::size_t) { wrong += walk(setting) == 1 ? 0 : 1; });
  // A year has 248 working days; the due date of 210 of them and the pauses is in the next.
  if (read_clock(clock, day(2025, 12, 31), days).due.day != days.due(first, 210 + read_clock(clock, day(2025, 12, 31), days).paused_days).day || sum == 0) ++wrong;

  std::printf("{\"due_date\":{\"cpu_ns\":%.1f},\"clock_over_a_year\":{\"cpu_ns\":%.1f},\"case_to_delivery\":{\"cpu_ns\":%.1f}}\n", due.cpu_us * 1000, read.cpu_us * 1000,
              course.cpu_us * 1000);
  return wrong == 0 ? 0 : 1;
}
