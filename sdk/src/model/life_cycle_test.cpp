#include "tongqu/model/life_cycle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "csv_table.hpp"
#include "life_cycle_tables.hpp"
#include "tongqu/model/fields.hpp"

namespace tongqu::model {
namespace {

template <class Enum>
Enum nth(std::size_t i) { return static_cast<Enum>(i); }

struct Expected {
  std::string to, clocks;
};

std::map<std::pair<std::string, std::string>, Expected> expected_table() {
  const std::string path = std::string(TONGQU_SOURCE_DIR) + "/sdk/src/model/life_cycle/expected/transitions.csv";
  std::ifstream in(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto rows = detail::read_csv(text, path, Errc::base_internal);
  std::map<std::pair<std::string, std::string>, Expected> table;
  for (std::size_t i = 1; i < rows->size(); ++i) {
    const auto& cells = (*rows)[i].cells;
    EXPECT_TRUE(table.emplace(std::make_pair(cells[0], cells[1]), Expected{cells[2], cells[3]}).second) << cells[0] << " " << cells[1];
  }
  return table;
}

/// "A stops N starts", "all stop", "T starts?", as the expected table writes it.
std::string clocks_text(const std::vector<ClockAction>& actions) {
  constexpr std::array<std::string_view, 7> kVerbs{" starts", " stops", " restarts", " pauses", " resumes", " extended", " from receipt"};
  const auto stops = [](const ClockAction& action) { return action.verb == ClockVerb::stop; };
  if (actions.size() == kClockCount && std::all_of(actions.begin(), actions.end(), stops)) return "all stop";
  std::string text;
  for (const ClockAction& action : actions) {
    text += (text.empty() ? "" : " ") + std::string(1, clock_letter(action.clock)) + std::string(kVerbs.at(static_cast<std::size_t>(action.verb))) + (action.by_rule ? "?" : "");
  }
  return text;
}

/// A life in which every condition that the life cycle itself judges is met.
LifeCycle in_state(CaseState state, CaseEvent event) {
  LifeCycle life;
  life.state = state;
  if (event == CaseEvent::supplied_late || event == CaseEvent::supply_later_fails) life.decision = Decision::conditional;
  if (event == CaseEvent::new_application) life.decision = Decision::refused;
  return life;
}

TEST(LifeCycle, every_pair_of_state_and_event_is_as_the_hand_written_table_says) {
  const auto table = expected_table();
  std::size_t legal = 0;
  for (std::size_t s = 0; s < kCaseStateCount; ++s) {
    for (std::size_t e = 0; e < kCaseEventCount; ++e) {
      const auto state = nth<CaseState>(s);
      const auto event = nth<CaseEvent>(e);
      const auto found = table.find({std::string(state_name(state)), std::string(event_name(event))});
      const auto applied = apply(in_state(state, event), event);
      ASSERT_EQ(applied.has_value(), found != table.end()) << state_name(state) << " " << event_name(event);
      if (!applied) {
        EXPECT_EQ(applied.error().id(), "model.transition_illegal");
        continue;
      }
      ++legal;
      EXPECT_EQ(state_name(applied->life.state), found->second.to) << state_name(state) << " " << event_name(event);
      EXPECT_EQ(clocks_text(*applied->actions), found->second.clocks) << state_name(state) << " " << event_name(event);
    }
  }
  EXPECT_EQ(legal, table.size());
}

TEST(LifeCycle, the_table_has_the_thirty_six_rows_and_seven_ends) {
  std::vector<int> rows;
  for (const TransitionRow& row : transition_rows()) rows.push_back(row.row);
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  std::vector<int> all(36);
  for (int i = 0; i < 36; ++i) all[static_cast<std::size_t>(i)] = i + 1;
  EXPECT_EQ(rows, all);
  std::vector<std::string> ends;
  for (std::size_t s = 0; s < kCaseStateCount; ++s) {
    if (terminal(nth<CaseState>(s))) ends.emplace_back(state_name(nth<CaseState>(s)));
  }
  EXPECT_EQ(ends, (std::vector<std::string>{"not_required", "rejected_acceptance", "closed", "withdrawn", "terminated", "voided", "revoked"}));
}

TEST(LifeCycle, enumerators_stand_in_the_order_of_their_tables) {
  EXPECT_EQ(state_from_name("draft"), CaseState::draft);
  EXPECT_EQ(state_from_name("in_review"), CaseState::in_review);
  EXPECT_EQ(state_from_name("suspended"), CaseState::suspended);
  EXPECT_EQ(state_from_name("decided_refused"), CaseState::decided_refused);
  EXPECT_EQ(state_from_name("revoked"), CaseState::revoked);
  EXPECT_EQ(event_from_name("submit"), CaseEvent::submit);
  EXPECT_EQ(event_from_name("return"), CaseEvent::return_);
  EXPECT_EQ(event_from_name("acceptance_expires"), CaseEvent::acceptance_expires);
  EXPECT_EQ(event_from_name("extend"), CaseEvent::extend);
  EXPECT_EQ(event_from_name("upper_refuse"), CaseEvent::upper_refuse);
  EXPECT_EQ(event_from_name("issue"), CaseEvent::issue);
  EXPECT_EQ(event_from_name("void"), CaseEvent::void_);
  EXPECT_EQ(event_from_name("new_application"), CaseEvent::new_application);
  EXPECT_EQ(guard_from_name("item_in_use"), Guard::item_in_use);
  EXPECT_EQ(guard_from_name("first_notice"), Guard::first_notice);
  EXPECT_EQ(guard_from_name("acceptance_expired"), Guard::acceptance_expired);
  EXPECT_EQ(guard_from_name("not_on_the_spot"), Guard::not_on_the_spot);
  EXPECT_EQ(guard_from_name("not_extended"), Guard::not_extended);
  EXPECT_EQ(guard_from_name("approved_conditionally"), Guard::approved_conditionally);
  EXPECT_EQ(guard_from_name("decision_refused"), Guard::decision_refused);
  EXPECT_EQ(guard_from_name("linked_to_old_case"), Guard::linked_to_old_case);
  std::string letters;
  for (std::size_t i = 0; i < kClockCount; ++i) letters += clock_letter(nth<ClockId>(i));
  EXPECT_EQ(letters, "ALPSNHTDE");
  EXPECT_EQ(clock_name(ClockId::first_review), "first_review");
  EXPECT_EQ(state_from_name("extended"), std::nullopt);
}

TEST(LifeCycle, the_code_system_has_every_state_and_the_mark_extended) {
  std::size_t count = 0;
  const CodeRow* rows = code_system("case_state", count);
  ASSERT_EQ(count, kCaseStateCount + 1);
  for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(rows[i].name == "extended" || state_from_name(rows[i].name)) << rows[i].name;
  LifeCycle life;
  life.state = CaseState::in_review;
  life.extended = true;
  EXPECT_EQ(case_state_code(life), "extended");
  life.state = CaseState::issued;
  EXPECT_EQ(case_state_code(life), "issued");
}

TEST(LifeCycle, a_refusal_names_what_would_be_legal_in_both_languages) {
  LifeCycle life;
  life.state = CaseState::delivered;
  const auto applied = apply(life, CaseEvent::approve);
  ASSERT_FALSE(applied.has_value());
  EXPECT_EQ(applied.error().id(), "model.transition_illegal");
  EXPECT_EQ(applied.error().where(), "state");
  EXPECT_EQ(applied.error().detail(), "approve (准予) in delivered (送达); legal here: close (办结), end_by_law (终止), void (作废), revoke_decision (撤销决定)");
  const Finding finding = refusal_finding(life, CaseEvent::approve);
  EXPECT_EQ(finding.id, Errc::model_transition_illegal);
  EXPECT_EQ(finding.expected.en, "in state Delivered one of: Close, End by law, Void, Revoke the decision");
  EXPECT_EQ(finding.expected.zh, "在“送达”状态下允许：办结、终止、作废、撤销决定");
  life.state = CaseState::voided;
  EXPECT_EQ(refusal_finding(life, CaseEvent::accept).expected.en, "in state Voided one of: nothing");
}

TEST(LifeCycle, the_one_notice_the_one_extension_and_the_spot_are_guarded_by_the_life_itself) {
  LifeCycle life;
  life.state = CaseState::received;
  life.noticed = true;
  EXPECT_EQ(apply(life, CaseEvent::notify_supplement).error().id(), "model.guard_not_met");
  EXPECT_EQ(apply(life, CaseEvent::notify_supplement).error().detail(), "notify_supplement (补正告知): first_notice (首次补正告知)");
  EXPECT_EQ(apply(life, CaseEvent::notify_supplement, {}, OnGuard::report)->failed, std::vector<Guard>{Guard::first_notice});
  const auto legal = legal_events(life);
  EXPECT_EQ(std::count(legal.begin(), legal.end(), CaseEvent::notify_supplement), 0);

  life = {};
  life.state = CaseState::in_review;
  const auto extended = apply(life, CaseEvent::extend);
  ASSERT_TRUE(extended.has_value());
  EXPECT_TRUE(extended->life.extended);
  EXPECT_EQ(extended->life.state, CaseState::in_review);
  EXPECT_EQ(apply(extended->life, CaseEvent::extend).error().id(), "model.guard_not_met");

  life.on_the_spot = true;
  for (const CaseEvent event : {CaseEvent::start_special, CaseEvent::extend, CaseEvent::suspend}) {
    EXPECT_EQ(apply(life, event).error().id(), "model.guard_not_met") << event_name(event);
  }
}

TEST(LifeCycle, a_condition_that_nobody_vouches_for_is_reported_and_a_false_one_refuses) {
  LifeCycle life;
  life.state = CaseState::in_review;
  EXPECT_EQ(apply(life, CaseEvent::approve_conditional)->unchecked, (std::vector<Guard>{Guard::supply_later_allowed, Guard::supply_later_list}));
  Facts facts;
  facts.set(Guard::supply_later_allowed, true).set(Guard::supply_later_list, true);
  EXPECT_TRUE(apply(life, CaseEvent::approve_conditional, facts)->unchecked.empty());
  facts.set(Guard::supply_later_list, false);
  EXPECT_EQ(apply(life, CaseEvent::approve_conditional, facts).error().id(), "model.guard_not_met");
  EXPECT_EQ(refusal_finding(life, CaseEvent::approve_conditional, facts).expected.zh, "有容缺清单和补交期限");
}

TEST(LifeCycle, a_new_application_leaves_the_old_case_alone_and_needs_a_refusal) {
  LifeCycle life;
  life.state = CaseState::closed;
  life.decision = Decision::approved;
  EXPECT_EQ(apply(life, CaseEvent::new_application).error().id(), "model.guard_not_met");
  life.decision = Decision::refused;
  const auto applied = apply(life, CaseEvent::new_application);
  ASSERT_TRUE(applied.has_value());
  EXPECT_TRUE(applied->new_case);
  EXPECT_EQ(applied->life, life);
  life.decision = Decision::unknown;
  EXPECT_EQ(apply(life, CaseEvent::new_application)->unchecked.front(), Guard::decision_refused);
}

TEST(LifeCycle, acceptance_by_silence_is_remembered) {
  LifeCycle life;
  life.state = CaseState::submitted;
  EXPECT_TRUE(apply(life, CaseEvent::acceptance_expires)->life.deemed);
  EXPECT_FALSE(apply(life, CaseEvent::accept)->life.deemed);
}

TEST(LifeCycle, random_walks_never_leave_the_table) {
  const auto table = expected_table();
  std::mt19937 random(20260117);
  for (int walk = 0; walk < 2000; ++walk) {
    LifeCycle life;
    life.on_the_spot = random() % 4 == 0;
    for (int i = 0; i < 40; ++i) {
      const auto event = nth<CaseEvent>(random() % kCaseEventCount);
      Facts facts;
      for (std::size_t g = 0; g < kGuardCount; ++g) {
        if (random() % 3 == 0) facts.set(nth<Guard>(g), random() % 8 != 0);
      }
      const auto found = table.find({std::string(state_name(life.state)), std::string(event_name(event))});
      const auto applied = apply(life, event, facts);
      if (!applied) continue;
      ASSERT_NE(found, table.end()) << state_name(life.state) << " " << event_name(event) << " walk " << walk;
      ASSERT_EQ(state_name(applied->life.state), found->second.to);
      ASSERT_TRUE(applied->failed.empty());
      life = applied->life;
    }
  }
}

TEST(LifeCycle, legal_events_are_those_that_apply_takes) {
  for (std::size_t s = 0; s < kCaseStateCount; ++s) {
    LifeCycle life;
    life.state = nth<CaseState>(s);
    const auto legal = legal_events(life);
    for (std::size_t e = 0; e < kCaseEventCount; ++e) {
      const bool listed = std::find(legal.begin(), legal.end(), nth<CaseEvent>(e)) != legal.end();
      EXPECT_EQ(listed, apply(life, nth<CaseEvent>(e)).has_value()) << s << " " << e;
    }
  }
}

} // namespace
} // namespace tongqu::model
