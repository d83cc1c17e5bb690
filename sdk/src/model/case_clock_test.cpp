#include "tongqu/model/case_clock.hpp"

#include <gtest/gtest.h>

#include <random>

#include "test_calendars.hpp"

namespace tongqu::model {
namespace {

using test::day_at;
using Unit = Quantity::Unit;

constexpr DayLimit kTenDays{10, Unit::working_day};

WorkingDays days_of(std::string_view csv) {
  Calendars calendars;
  EXPECT_TRUE(calendars.add_file(csv, "test").has_value());
  return calendars.working_days("990000");
}

// The worked example of the model's section 2.10: 1 January 2099 is a holiday, Saturday the 10th is worked.
constexpr std::string_view kVector = "division,990000\nyear,2099\nnotice,invented\n2099-01-01,holiday,a\n2099-01-10,working,a\n";

TEST(CaseClock, the_worked_example_gives_its_due_dates) {
  const WorkingDays days = days_of(kVector);
  Clock clock{day_at("2099-01-06"), kTenDays, 0, {}, {}};
  EXPECT_EQ(read_clock(clock, day_at("2099-01-06"), days).due.day.text(), "2099-01-19");
  clock.pauses.push_back({day_at("2099-01-12"), day_at("2099-01-16")});
  const ClockReading reading = read_clock(clock, day_at("2099-01-23"), days);
  EXPECT_EQ(reading.paused_days, 4);
  EXPECT_EQ(reading.due.day.text(), "2099-01-23");
  EXPECT_EQ(reading.used, 10);
  EXPECT_EQ(reading.left, 0);
}

TEST(CaseClock, its_wrong_twin_that_ignores_the_make_up_day_is_one_day_late) {
  const WorkingDays weekends_only = days_of("division,990000\nyear,2099\nnotice,invented\n2099-01-01,holiday,a\n");
  const Clock clock{day_at("2099-01-06"), kTenDays, 0, {}, {}};
  EXPECT_EQ(read_clock(clock, day_at("2099-01-06"), weekends_only).due.day.text(), "2099-01-20");
  EXPECT_NE(read_clock(clock, day_at("2099-01-06"), days_of(kVector)).due.day.text(), "2099-01-20");
}

TEST(CaseClock, alerts_go_from_normal_to_red) {
  const WorkingDays days = days_of(kVector);
  const Clock clock{day_at("2099-01-06"), kTenDays, 0, {}, {}};
  const AlertThresholds thresholds{3, 1};
  const auto alert = [&](std::string_view day) { return alert_name(read_clock(clock, day_at(day), days, thresholds).alert); };
  EXPECT_EQ(alert("2099-01-06"), "normal");
  EXPECT_EQ(alert("2099-01-13"), "normal");   // 4 left
  EXPECT_EQ(alert("2099-01-14"), "warning");  // 3 left
  EXPECT_EQ(alert("2099-01-15"), "warning");
  EXPECT_EQ(alert("2099-01-16"), "yellow");   // 1 left
  EXPECT_EQ(alert("2099-01-19"), "yellow");   // the last day
  EXPECT_EQ(alert("2099-01-20"), "red");
  EXPECT_EQ(read_clock(clock, day_at("2099-01-20"), days).left, -1);
  EXPECT_EQ(read_clock(clock, day_at("2099-01-20"), days).used, 11);
}

TEST(CaseClock, without_a_calendar_or_a_limit_the_due_date_is_unknown_with_its_reason) {
  const WorkingDays days = days_of(kVector);
  Clock clock{day_at("2099-12-28"), kTenDays, 0, {}, {}};
  ClockReading reading = read_clock(clock, day_at("2099-12-30"), days);
  EXPECT_EQ(reading.due.why, UnknownDue::no_calendar);
  EXPECT_EQ(reading.due.missing_year, 2100);
  EXPECT_EQ(reading.alert, Alert::unknown);
  EXPECT_EQ(reading.used, 2);
  clock.limit = std::nullopt;
  reading = read_clock(clock, day_at("2099-12-30"), days);
  EXPECT_EQ(reading.due.why, UnknownDue::no_limit);
  EXPECT_EQ(reading.due.error().id(), "model.limit_unknown");
  EXPECT_EQ(reading.used, 2);
  // A due date in a known year is passed for certain, whatever calendar today lacks.
  clock = {day_at("2099-06-01"), kTenDays, 0, {}, {}};
  reading = read_clock(clock, day_at("2100-03-01"), days);
  EXPECT_EQ(reading.alert, Alert::red);
  EXPECT_FALSE(reading.days_known);
  // A pause that runs into a year without a calendar makes the due date unknown.
  clock.pauses.push_back({day_at("2099-06-05"), std::nullopt});
  reading = read_clock(clock, day_at("2100-03-01"), days);
  EXPECT_EQ(reading.due.missing_year, 2100);
  EXPECT_EQ(reading.alert, Alert::unknown);
}

TEST(CaseClock, a_stopped_clock_is_read_on_the_day_it_stopped) {
  const WorkingDays days = days_of(kVector);
  const Clock clock{day_at("2099-01-06"), kTenDays, 0, {}, day_at("2099-01-08")};
  const ClockReading reading = read_clock(clock, day_at("2099-03-01"), days);
  EXPECT_EQ(reading.used, 2);
  EXPECT_EQ(reading.alert, Alert::normal);
  EXPECT_FALSE(reading.running);
}

TEST(CaseClock, calendar_days_are_paused_in_calendar_days) {
  const WorkingDays days = days_of(kVector);
  Clock clock{day_at("2099-03-02"), DayLimit{30, Unit::calendar_day}, 0, {}, {}};
  EXPECT_EQ(read_clock(clock, day_at("2099-03-02"), days).due.day.text(), "2099-04-01");
  clock.pauses.push_back({day_at("2099-03-06"), day_at("2099-03-09")});
  const ClockReading reading = read_clock(clock, day_at("2099-03-10"), days);
  EXPECT_EQ(reading.paused_days, 3);
  EXPECT_EQ(reading.used, 5);
  EXPECT_EQ(reading.due.day.text(), "2099-04-06") << "Saturday the 4th moves to Monday";
}

/// A county of the synthetic province with a promise of ten days.
struct County {
  WorkingDays days = test::calendars().working_days("990102");
  ClockRules rules;
  CaseClocks state;
  County() { rules.promise = kTenDays; }
  ClockSetting setting() const { return {days, rules}; }
  Result<Applied> on(std::string_view at, CaseEvent event, std::optional<DayLimit> stated = {}, Facts facts = {}, bool hearing = false) {
    return advance(state, {event, *Time::parse(at), facts, stated, hearing}, setting());
  }
  std::string due(ClockId id, std::string_view now) const {
    const Clock* clock = state.clock(id);
    if (clock == nullptr) return "none";
    const ClockReading reading = read_clock(*clock, day_at(now), days);
    return reading.due.known() ? reading.due.day.text() : reading.due.why == UnknownDue::no_limit ? "no limit" : "no calendar";
  }
  bool runs(ClockId id) const { return state.clock(id) != nullptr && !state.clock(id)->stopped; }
  /// Letters of the running clocks, paused ones small.
  std::string running() const {
    std::string text;
    for (std::size_t i = 0; i < kClockCount; ++i) {
      const Clock* clock = state.clock(static_cast<ClockId>(i));
      if (clock == nullptr || clock->stopped) continue;
      const char letter = clock_letter(static_cast<ClockId>(i));
      text += clock->paused() ? static_cast<char>(letter + ('a' - 'A')) : letter;
    }
    return text;
  }
};

TEST(CaseClocks, a_case_goes_from_submission_to_delivery_by_its_clocks) {
  County county;
  ASSERT_TRUE(county.on("2149-03-03", CaseEvent::submit));   // Monday
  EXPECT_EQ(county.running(), "A");
  EXPECT_EQ(county.due(ClockId::acceptance, "2149-03-03"), "2149-03-10");
  ASSERT_TRUE(county.on("2149-03-05", CaseEvent::accept));
  EXPECT_EQ(county.running(), "LP");
  EXPECT_EQ(county.due(ClockId::promise, "2149-03-05"), "2149-03-19");
  EXPECT_EQ(county.due(ClockId::legal, "2149-03-05"), "2149-04-02");
  ASSERT_TRUE(county.on("2149-03-06", CaseEvent::begin));
  ASSERT_TRUE(county.on("2149-03-10", CaseEvent::start_special, DayLimit{5, Unit::working_day}));
  EXPECT_EQ(county.running(), "lpS");
  EXPECT_EQ(county.due(ClockId::special, "2149-03-10"), "2149-03-17");
  ASSERT_TRUE(county.on("2149-03-14", CaseEvent::end_special));
  EXPECT_EQ(county.running(), "LP");
  EXPECT_EQ(county.due(ClockId::promise, "2149-03-14"), "2149-03-25") << "four working days later";
  EXPECT_EQ(county.due(ClockId::legal, "2149-03-14"), "2149-04-08");
  ASSERT_TRUE(county.on("2149-03-20", CaseEvent::approve));
  EXPECT_EQ(county.running(), "D");
  ASSERT_TRUE(county.on("2149-03-21", CaseEvent::issue));
  ASSERT_TRUE(county.on("2149-03-24", CaseEvent::deliver));
  EXPECT_EQ(county.running(), "E");
  EXPECT_EQ(county.due(ClockId::evaluation, "2149-03-24"), "no limit");
  ASSERT_TRUE(county.on("2149-03-25", CaseEvent::close));
  EXPECT_EQ(county.state.life.state, CaseState::closed);
}

TEST(CaseClocks, silence_accepts_from_the_day_of_receipt) {
  County county;
  ASSERT_TRUE(county.on("2149-03-03", CaseEvent::submit));
  EXPECT_TRUE(expired(county.state, day_at("2149-03-10"), county.setting()).empty()) << "the fifth day is still in time";
  EXPECT_EQ(county.on("2149-03-10", CaseEvent::acceptance_expires).error().id(), "model.guard_not_met");
  EXPECT_EQ(county.state.life.state, CaseState::submitted);
  const auto over = expired(county.state, day_at("2149-03-11"), county.setting());
  ASSERT_EQ(over.size(), 1u);
  EXPECT_EQ(over[0].event, CaseEvent::acceptance_expires);
  EXPECT_EQ(over[0].due.text(), "2149-03-10");
  ASSERT_TRUE(county.on("2149-03-11", CaseEvent::acceptance_expires));
  EXPECT_TRUE(county.state.life.deemed);
  EXPECT_EQ(county.running(), "LP");
  EXPECT_EQ(county.due(ClockId::promise, "2149-03-11"), "2149-03-17") << "ten days from the 3rd, not from the 11th";
  Findings findings;
  report_clocks(county.state, day_at("2149-03-18"), county.setting(), findings);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings.items()[0].id, Errc::model_limit_passed);
  EXPECT_EQ(findings.items()[0].path, "promise_due_at");
  EXPECT_EQ(findings.items()[0].expected.zh, "承诺时限：2149-03-17 前");
  EXPECT_EQ(findings.items()[1].id, Errc::model_deemed_accepted);
}

TEST(CaseClocks, a_notice_stops_acceptance_and_the_supplement_starts_it_anew) {
  County county;
  county.rules.supplement = DayLimit{15, Unit::working_day};
  ASSERT_TRUE(county.on("2149-03-03", CaseEvent::submit));
  ASSERT_TRUE(county.on("2149-03-06", CaseEvent::notify_supplement));
  EXPECT_EQ(county.running(), "N");
  EXPECT_EQ(county.due(ClockId::supplement, "2149-03-06"), "2149-03-27");
  ASSERT_TRUE(county.on("2149-03-17", CaseEvent::supplement));
  EXPECT_EQ(county.running(), "A");
  EXPECT_EQ(county.due(ClockId::acceptance, "2149-03-17"), "2149-03-24");
  ASSERT_EQ(county.state.earlier.size(), 1u);
  EXPECT_EQ(county.on("2149-03-18", CaseEvent::notify_supplement).error().id(), "model.guard_not_met") << "one notice only";
  ASSERT_TRUE(county.on("2149-03-25", CaseEvent::acceptance_expires));
  EXPECT_EQ(county.state.clock(ClockId::legal)->start.text(), "2149-03-17");
}

TEST(CaseClocks, a_notice_after_the_five_days_comes_too_late) {
  County county;
  ASSERT_TRUE(county.on("2149-03-03", CaseEvent::submit));
  EXPECT_EQ(county.on("2149-03-11", CaseEvent::notify_supplement).error().id(), "model.guard_not_met");
  const auto imported = advance(county.state, {CaseEvent::notify_supplement, *Time::parse("2149-03-11"), {}, {}, false}, county.setting(), OnGuard::report);
  ASSERT_TRUE(imported.has_value());
  EXPECT_EQ(imported->failed, std::vector<Guard>{Guard::within_acceptance_limit});
}

TEST(CaseClocks, an_applicant_who_does_not_answer_ends_the_case_only_where_the_rules_say_so) {
  County county;
  county.rules.supplement = DayLimit{5, Unit::working_day};
  ASSERT_TRUE(county.on("2149-03-03", CaseEvent::submit));
  ASSERT_TRUE(county.on("2149-03-04", CaseEvent::notify_supplement));
  EXPECT_EQ(expired(county.state, day_at("2149-03-12"), county.setting()).at(0).event, std::nullopt);
  EXPECT_EQ(county.on("2149-03-12", CaseEvent::supplement_expires).error().id(), "model.guard_not_met");
  county.rules.supplement_expiry_terminates = true;
  EXPECT_EQ(expired(county.state, day_at("2149-03-12"), county.setting()).at(0).event, CaseEvent::supplement_expires);
  ASSERT_TRUE(county.on("2149-03-12", CaseEvent::supplement_expires));
  EXPECT_EQ(county.running(), "");
}

TEST(CaseClocks, extension_hearing_first_review_and_joint_handling_are_parameters) {
  County county;
  county.rules.joint = true;
  county.rules.lower_level_first = true;
  ASSERT_TRUE(county.on("2149-03-03", CaseEvent::submit));
  ASSERT_TRUE(county.on("2149-03-03", CaseEvent::accept));
  EXPECT_EQ(county.running(), "LPT");
  EXPECT_EQ(read_clock(*county.state.clock(ClockId::legal), day_at("2149-03-03"), county.days).left, 45);
  ASSERT_TRUE(county.on("2149-03-04", CaseEvent::begin));
  ASSERT_TRUE(county.on("2149-03-05", CaseEvent::extend));
  EXPECT_EQ(read_clock(*county.state.clock(ClockId::legal), day_at("2149-03-03"), county.days).left, 60);
  EXPECT_EQ(county.on("2149-03-06", CaseEvent::extend).error().id(), "model.guard_not_met");
  ASSERT_TRUE(county.on("2149-03-06", CaseEvent::start_special, DayLimit{20, Unit::working_day}, {}, true));
  EXPECT_EQ(county.running(), "lpSHT");
  ASSERT_TRUE(county.on("2149-03-10", CaseEvent::end_special));
  EXPECT_EQ(county.running(), "LPT");
  ASSERT_TRUE(county.on("2149-03-11", CaseEvent::transfer_up));
  EXPECT_EQ(county.running(), "LP");
  ASSERT_TRUE(county.on("2149-03-20", CaseEvent::upper_refuse));
  EXPECT_EQ(county.running(), "D");
}

TEST(CaseClocks, a_supplement_after_acceptance_pauses_only_where_the_rules_say_so) {
  for (const bool pauses : {false, true}) {
    County county;
    county.rules.supplement_pauses = pauses;
    ASSERT_TRUE(county.on("2149-03-03", CaseEvent::submit));
    ASSERT_TRUE(county.on("2149-03-03", CaseEvent::accept));
    ASSERT_TRUE(county.on("2149-03-04", CaseEvent::begin));
    EXPECT_EQ(county.on("2149-03-05", CaseEvent::ask_more).error().id(), "model.guard_not_met");
    county.rules.supplement_allowed = true;
    ASSERT_TRUE(county.on("2149-03-05", CaseEvent::ask_more));
    EXPECT_EQ(county.running(), pauses ? "lpN" : "LPN");
    ASSERT_TRUE(county.on("2149-03-10", CaseEvent::supplement));
    EXPECT_EQ(county.running(), "LP");
    EXPECT_EQ(county.due(ClockId::promise, "2149-03-10"), pauses ? "2149-03-20" : "2149-03-17");
    EXPECT_EQ(county.due(ClockId::promise, "2149-03-17"), pauses ? "2149-03-20" : "2149-03-17") << "the pause ended on the 10th";
  }
}

TEST(CaseClocks, a_suspension_without_ground_stops_no_clock_and_is_reported) {
  County county;
  ASSERT_TRUE(county.on("2149-03-03", CaseEvent::submit));
  ASSERT_TRUE(county.on("2149-03-03", CaseEvent::accept));
  ASSERT_TRUE(county.on("2149-03-04", CaseEvent::begin));
  EXPECT_EQ(county.on("2149-03-05", CaseEvent::suspend, {}, Facts().set(Guard::imported, false)).error().id(), "model.guard_not_met");
  ASSERT_TRUE(county.on("2149-03-05", CaseEvent::suspend, {}, Facts().set(Guard::imported, true)));
  EXPECT_EQ(county.running(), "LP");
  Findings findings;
  report_clocks(county.state, day_at("2149-03-06"), county.setting(), findings);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings.items()[0].id, Errc::model_suspension_without_ground);
}

TEST(CaseClocks, handling_on_the_spot_has_acceptance_and_a_promise_of_one_day_only) {
  County county;
  county.rules.promise = std::nullopt;
  county.state.life.on_the_spot = true;
  ASSERT_TRUE(county.on("2149-03-03", CaseEvent::submit));
  ASSERT_TRUE(county.on("2149-03-03", CaseEvent::accept));
  EXPECT_EQ(county.running(), "P");
  EXPECT_EQ(county.due(ClockId::promise, "2149-03-03"), "2149-03-04");
  ASSERT_TRUE(county.on("2149-03-03", CaseEvent::begin));
  EXPECT_EQ(county.on("2149-03-03", CaseEvent::start_special, kTenDays).error().id(), "model.guard_not_met");
}

TEST(CaseClocks, what_arrives_after_office_hours_counts_from_that_day_unless_the_rules_say_otherwise) {
  County county;
  ASSERT_TRUE(county.on("2149-03-07T20:00:00+08:00", CaseEvent::submit));   // Friday
  EXPECT_EQ(county.state.clock(ClockId::acceptance)->start.text(), "2149-03-07");
  County strict;
  strict.rules.after_hours = AfterHours::next_working_day;
  ASSERT_TRUE(strict.on("2149-03-07T20:00:00+08:00", CaseEvent::submit));
  EXPECT_EQ(strict.state.clock(ClockId::acceptance)->start.text(), "2149-03-10");
  County early;
  early.rules.after_hours = AfterHours::next_working_day;
  ASSERT_TRUE(early.on("2149-03-07T09:29:00Z", CaseEvent::submit));
  EXPECT_EQ(early.state.clock(ClockId::acceptance)->start.text(), "2149-03-07");
  County late;
  late.rules.after_hours = AfterHours::next_working_day;
  EXPECT_EQ(late.on("2150-12-31T20:00:00+08:00", CaseEvent::submit).error().id(), "model.calendar_missing");
  EXPECT_EQ(late.state.life.state, CaseState::draft);
  EXPECT_FALSE(late.state.last.has_value());
}

TEST(CaseClocks, an_event_before_the_last_and_a_month_are_refused_and_change_nothing) {
  County county;
  ASSERT_TRUE(county.on("2149-03-05", CaseEvent::submit));
  EXPECT_EQ(county.on("2149-03-04", CaseEvent::accept).error().id(), "model.event_before_last");
  EXPECT_EQ(county.on("2149-04", CaseEvent::accept).error().id(), "model.time_without_day");
  EXPECT_EQ(county.on("2149-03-06", CaseEvent::close).error().id(), "model.transition_illegal");
  EXPECT_EQ(county.state.life.state, CaseState::submitted);
  EXPECT_EQ(county.running(), "A");
}

TEST(CaseClocks, which_clocks_run_in_which_state_is_as_the_table_of_states_says) {
  County county;
  ASSERT_TRUE(county.on("2149-03-03", CaseEvent::submit));
  ASSERT_TRUE(county.on("2149-03-03", CaseEvent::start_pre_review));
  EXPECT_EQ(county.running(), "A");
  ASSERT_TRUE(county.on("2149-03-04", CaseEvent::return_));
  EXPECT_EQ(county.running(), "N");
  ASSERT_TRUE(county.on("2149-03-05", CaseEvent::resubmit));
  EXPECT_EQ(county.running(), "A");
  ASSERT_TRUE(county.on("2149-03-05", CaseEvent::receive));
  EXPECT_EQ(county.running(), "A");
  EXPECT_EQ(county.state.clock(ClockId::acceptance)->start.text(), "2149-03-05");
  CaseClocks before = county.state;
  ASSERT_TRUE(county.on("2149-03-06", CaseEvent::refuse_acceptance));
  EXPECT_EQ(county.running(), "");
  county.state = before;
  ASSERT_TRUE(county.on("2149-03-06", CaseEvent::withdraw));
  EXPECT_EQ(county.running(), "");
}

TEST(Clock, pausing_and_resuming_keeps_the_used_time_and_moves_the_due_date_by_the_pause) {
  const WorkingDays days = test::calendars().working_days("990102");
  std::mt19937 random(20260119);
  for (int i = 0; i < 2000; ++i) {
    const Day start = day_at("2149-01-01") + static_cast<std::int32_t>(random() % 200);
    const DayLimit limit{static_cast<std::int32_t>(1 + random() % 30), random() % 2 == 0 ? Unit::working_day : Unit::calendar_day};
    Clock clock{start, limit, 0, {}, {}};
    Day at = start;
    std::int32_t used = 0, shifts = 0;
    for (int p = 0; p < 3; ++p) {
      at = at + static_cast<std::int32_t>(random() % 6);
      used = read_clock(clock, at, days).used;
      clock.pauses.push_back({at, std::nullopt});
      const Day resumed = at + static_cast<std::int32_t>(random() % 12);
      ASSERT_EQ(read_clock(clock, resumed, days).used, used) << "no time is used in a pause";
      ASSERT_TRUE(read_clock(clock, resumed, days).paused);
      clock.pauses.back().to = resumed;
      shifts += limit.unit == Unit::working_day ? days.count(at, resumed).days : resumed - at;
      const ClockReading reading = read_clock(clock, resumed, days);
      ASSERT_EQ(reading.used, used);
      ASSERT_EQ(reading.paused_days, shifts);
      at = resumed;
    }
    const ClockReading reading = read_clock(clock, at, days, {}, EndOnRest::stays);
    ASSERT_TRUE(reading.due.known());
    ASSERT_EQ(reading.used + reading.left, limit.count);
    const Day expected = limit.unit == Unit::working_day ? days.due(start, limit.count + shifts).day : start + limit.count + shifts;
    ASSERT_EQ(reading.due.day.text(), expected.text());
    const Clock later{start + 1, limit, 0, {}, {}};
    const Clock unpaused{start, limit, 0, {}, {}};
    ASSERT_LE(read_clock(unpaused, start, days).due.day.number(), read_clock(later, start + 1, days).due.day.number());
    ASSERT_LE(read_clock(unpaused, start, days, {}, EndOnRest::stays).due.day.number(), reading.due.day.number()) << "a pause never brings the due date forward";
  }
}

} // namespace
} // namespace tongqu::model
