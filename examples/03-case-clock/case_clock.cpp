#include <fstream>
#include <iostream>
#include <iterator>

#include "tongqu/model/case_clock.hpp"
#include "tongqu/model/case_history.hpp"
#include "tongqu/model/record.hpp"

namespace model = tongqu::model;
using model::CaseEvent;

namespace {

model::Time at(const char* text) { return *model::Time::parse(text); }  // The example's own times are right.

void print(const tongqu::Findings& findings) {
  for (const auto& finding : findings) {
    std::cout << "  " << tongqu::severity_name(finding.severity) << ": " << describe(finding, tongqu::Lang::en) << '\n'
              << "    " << describe(finding, tongqu::Lang::zh) << '\n';
  }
}

model::Record new_case() {
  model::Record record;
  auto& body = std::get<model::Case>(record.body);
  body.case_no = "11990000000000019A4000199001000214903030007";
  body.task_code = "11990000000000019A4000199001000";
  body.division_code = "990102";
  body.applied_at = at("2149-03-03T09:00:00+08:00");
  body.acceptance.accepted_at = at("2149-03-02T09:00:00+08:00");  // A slip: accepted before it was applied for.
  body.promised_limit = model::Quantity{"10", model::Quantity::Unit::working_day};
  return record;
}

void print_clocks(const model::CaseClocks& state, model::Day now, const model::ClockSetting& setting) {
  std::cout << now.text() << "  " << model::state_name(state.life.state) << ' ' << model::label(state.life.state, tongqu::Lang::zh) << '\n';
  for (std::size_t i = 0; i < model::kClockCount; ++i) {
    const auto id = static_cast<model::ClockId>(i);
    const model::Clock* clock = state.clock(id);
    if (clock == nullptr || clock->stopped) continue;
    const auto reading = model::read_clock(*clock, now, setting.days, setting.rules.thresholds);
    std::cout << "  " << model::clock_letter(id) << ' ' << model::label(id, tongqu::Lang::zh) << ": used " << reading.used << ", due "
              << (reading.due.known() ? reading.due.day.text() : reading.due.error().message()) << (reading.paused ? ", paused" : "") << ", "
              << model::alert_name(reading.alert) << '\n';
  }
}

/// Lets one event happen and prints what becomes of the case.
void happen(model::CaseClocks& state, CaseEvent event, const char* time, const model::ClockSetting& setting,
            std::optional<model::DayLimit> stated = {}) {
  const auto applied = advance(state, {event, at(time), {}, stated, false}, setting);
  if (!applied) std::cout << time << "  refused: " << applied.error().message() << '\n';
  else print_clocks(state, *model::Day::of(at(time)), setting);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 4;  // a calendar file
  std::ifstream in(argv[1], std::ios::binary);
  const std::string csv((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  model::Calendars calendars = model::Calendars::published();
  if (const auto added = calendars.add_file(csv, argv[1]); !added) return std::cerr << describe(added.error()) << '\n', 1;

  std::cout << "checks\n";
  model::Record record = new_case();
  tongqu::Findings findings;
  validate(record, at("2150-01-01"), findings);
  print(findings);

  const auto& body = std::get<model::Case>(record.body);
  model::ClockRules rules;
  if (const auto promise = model::day_limit(*body.promised_limit)) rules.promise = *promise;
  const model::WorkingDays days = calendars.working_days(*body.division_code);
  const model::ClockSetting setting{days, rules};
  const model::DayLimit week{5, model::Quantity::Unit::working_day};

  std::cout << "course\n";
  model::CaseClocks state;
  happen(state, CaseEvent::submit, "2149-03-03", setting);
  happen(state, CaseEvent::accept, "2149-03-05", setting);
  happen(state, CaseEvent::deliver, "2149-03-06", setting);
  happen(state, CaseEvent::begin, "2149-03-06", setting);
  happen(state, CaseEvent::start_special, "2149-03-10", setting, week);
  happen(state, CaseEvent::end_special, "2149-03-14", setting);
  print_clocks(state, *model::Day::of(at("2149-03-24")), setting);
  happen(state, CaseEvent::approve, "2149-03-25", setting);
  happen(state, CaseEvent::issue, "2149-03-26", setting);
  happen(state, CaseEvent::deliver, "2149-03-28", setting);

  std::cout << "silence\n";
  model::CaseClocks silent;
  happen(silent, CaseEvent::submit, "2149-12-22", setting);
  for (const auto& expiry : expired(silent, *model::Day::of(at("2149-12-30")), setting)) {
    std::cout << "  " << model::label(expiry.clock, tongqu::Lang::en) << " passed on " << expiry.due.text() << '\n';
    if (expiry.event) happen(silent, *expiry.event, "2149-12-30", setting);
  }
  tongqu::Findings clocks;
  report_clocks(silent, *model::Day::of(at("2149-12-31")), setting, clocks);
  print(clocks);
}
