#include "tongqu/model/case_history.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tongqu::model {
namespace {

Observation seen(CaseState state) {
  Observation one;
  one.state = state;
  return one;
}
Observation seen(CaseEvent event) {
  Observation one;
  one.event = event;
  return one;
}

/// "submit [accept] begin": inferred steps in brackets; courses apart by " / ".
std::string text(const Explanation& explanation) {
  std::string out;
  for (const Course& course : explanation.courses()) {
    if (!out.empty()) out += " / ";
    for (std::size_t i = 0; i < course.steps.size(); ++i) {
      const bool inferred = std::holds_alternative<InferredStep>(course.steps[i]);
      const auto name = std::string(event_name(std::visit([](const auto& step) { return step.event; }, course.steps[i])));
      out += (i == 0 ? "" : " ") + (inferred ? "[" + name + "]" : name);
    }
  }
  return out;
}

std::string explained(const std::vector<Observation>& history, const Facts& facts = {}) {
  const auto explanation = explain(history, {}, facts);
  return explanation ? text(*explanation) : std::string(explanation.error().id()) + " " + explanation.error().where();
}

const Facts kNoSilence = Facts().set(Guard::acceptance_expired, false);

TEST(History, a_whole_history_needs_nothing_inferred) {
  const auto explanation = explain({seen(CaseEvent::submit), seen(CaseEvent::receive), seen(CaseEvent::accept), seen(CaseEvent::begin), seen(CaseEvent::step),
                                    seen(CaseEvent::approve), seen(CaseEvent::issue), seen(CaseEvent::deliver), seen(CaseEvent::close)});
  ASSERT_TRUE(explanation.has_value());
  EXPECT_TRUE(explanation->certain());
  EXPECT_TRUE(explanation->inferred().empty());
  EXPECT_EQ(explanation->observed().size(), 9u);
  Findings findings;
  explanation->report(findings);
  EXPECT_TRUE(findings.empty());
}

TEST(History, holes_are_filled_by_the_shortest_legal_course) {
  EXPECT_EQ(explained({seen(CaseEvent::accept)}), "[submit] accept");
  EXPECT_EQ(explained({seen(CaseEvent::submit), seen(CaseEvent::accept), seen(CaseEvent::approve), seen(CaseState::issued)}),
            "submit accept [begin] approve issue");
  EXPECT_EQ(explained({seen(CaseEvent::accept), seen(CaseEvent::end_special)}), "[submit] accept [begin] [start_special] end_special");
  EXPECT_EQ(explained({seen(CaseEvent::accept), seen(CaseEvent::refuse), seen(CaseState::closed)}), "[submit] accept [begin] refuse [deliver] close");
  EXPECT_EQ(explained({seen(CaseState::supplement_pending), seen(CaseEvent::accept)}), "[submit] notify_supplement [supplement] accept");
  EXPECT_EQ(explained({seen(CaseState::draft), seen(CaseState::submitted), seen(CaseState::submitted)}), "submit");
}

TEST(History, more_than_one_shortest_course_is_reported_and_none_is_chosen) {
  const auto explanation = explain({seen(CaseState::submitted), seen(CaseState::accepted)});
  ASSERT_TRUE(explanation.has_value());
  EXPECT_FALSE(explanation->certain());
  EXPECT_EQ(text(*explanation), "submit accept / submit acceptance_expires");
  ASSERT_EQ(explanation->observed().size(), 1u) << "only what is the same in every course may be sent on";
  EXPECT_EQ(explanation->observed()[0].event, CaseEvent::submit);
  Findings findings;
  explanation->report(findings);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings.items()[0].id, Errc::model_history_ambiguous);
  EXPECT_EQ(findings.items()[0].severity, Severity::warn);
  EXPECT_EQ(findings.items()[0].expected.en, "a report that tells between submit, accept / submit, acceptance_expires");
  EXPECT_EQ(findings.items()[0].expected.zh, "需要能区分的信息：提交、受理 / 提交、逾期视为受理");
  EXPECT_EQ(explained({seen(CaseState::submitted), seen(CaseState::accepted)}, kNoSilence), "submit accept");
}

TEST(History, a_decision_that_nobody_reported_is_never_taken_for_granted) {
  EXPECT_EQ(explained({seen(CaseEvent::accept), seen(CaseState::in_review), seen(CaseState::delivered)}),
            "[submit] accept begin [refuse] deliver / [submit] accept begin [approve] [issue] deliver / [submit] accept begin [approve_conditional] [issue] deliver");
  Observation closed = seen(CaseState::closed);
  closed.decision = Decision::refused;
  EXPECT_EQ(explained({seen(CaseEvent::accept), closed}), "[submit] accept [begin] [refuse] [deliver] close");
  closed.decision = Decision::approved;
  EXPECT_EQ(explained({seen(CaseEvent::accept), closed}), "[submit] accept [begin] [approve] [issue] [deliver] close");
  EXPECT_EQ(explained({seen(CaseEvent::accept), seen(CaseState::issued)}, Facts().set(Guard::supply_later_allowed, false)),
            "[submit] accept [begin] [approve] issue");
}

TEST(History, a_passed_pre_review_is_a_pre_review_with_an_outcome) {
  Observation passed = seen(CaseState::pre_review);
  passed.pre_review = PreReviewOutcome::passed;
  const auto explanation = explain({passed, seen(CaseEvent::accept)});
  ASSERT_TRUE(explanation.has_value());
  EXPECT_EQ(text(*explanation), "[submit] start_pre_review accept");
  EXPECT_EQ(explanation->courses().front().life.pre_review, PreReviewOutcome::passed);
  EXPECT_EQ(explanation->courses().front().life.state, CaseState::accepted);
}

TEST(History, grave_events_are_never_inferred) {
  EXPECT_EQ(explained({seen(CaseEvent::close), seen(CaseState::voided)}), "model.history_unexplained observation 1") << "no court between";
  EXPECT_EQ(explained({seen(CaseEvent::accept), seen(CaseEvent::resume)}), "model.history_unexplained observation 1") << "no suspension made up";
  EXPECT_EQ(explained({seen(CaseState::suspended), seen(CaseState::in_review)}, kNoSilence), "[submit] [accept] [begin] suspend resume");
  EXPECT_EQ(explained({seen(CaseState::withdrawn)}), "withdraw");
}

TEST(History, what_no_course_reaches_is_refused_with_its_place) {
  Observation late = seen(CaseEvent::submit);
  late.path = "applied_at";
  EXPECT_EQ(explained({seen(CaseEvent::accept), late}), "model.history_unexplained applied_at");
  EXPECT_EQ(explained(std::vector<Observation>(513, seen(CaseState::draft))), "base.limit_exceeded ");
}

TEST(History, what_happened_against_a_condition_still_happened_and_is_reported) {
  const auto explanation = explain({seen(CaseEvent::submit), seen(CaseEvent::notify_supplement), seen(CaseEvent::supplement), seen(CaseEvent::notify_supplement)});
  ASSERT_TRUE(explanation.has_value());
  Findings findings;
  explanation->report(findings);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings.items()[0].id, Errc::model_guard_not_met);
  EXPECT_EQ(findings.items()[0].expected.zh, "首次补正告知");
}

TEST(History, inferred_steps_are_said_to_be_inferred) {
  const auto explanation = explain({seen(CaseEvent::accept), seen(CaseEvent::approve)});
  ASSERT_TRUE(explanation.has_value());
  EXPECT_EQ(explanation->inferred().size(), 2u);
  Findings findings;
  explanation->report(findings);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings.items()[0].id, Errc::model_history_inferred);
  EXPECT_EQ(findings.items()[0].expected.en, "[submit], accept, [begin], approve");
  const ProcessStep step = process_step(explanation->observed()[1]);
  EXPECT_EQ(step.action->name, "decide");
  EXPECT_EQ(step.step_name, "准予");
}

TEST(History, ambiguities_multiply_and_are_all_named) {
  std::vector<Observation> history{seen(CaseEvent::accept), seen(CaseState::in_review)};
  const auto explanation = explain(history);
  ASSERT_TRUE(explanation.has_value());
  EXPECT_TRUE(explanation->certain());
  // 2 ways to be accepted times 3 to be decided.
  const auto open = explain({seen(CaseState::submitted), seen(CaseState::accepted), seen(CaseState::delivered)});
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->courses().size(), 6u);
  EXPECT_TRUE(open->complete());
}

/// A random legal history with random holes is explained, and each course is a walk that apply() takes and that meets what was seen.
TEST(History, every_explanation_is_legal_and_meets_every_observation) {
  std::mt19937 random(20260120);
  int explained_count = 0;
  for (int i = 0; i < 500; ++i) {
    LifeCycle life;
    std::vector<Observation> history;
    std::vector<CaseEvent> truth;
    for (int k = 0; k < 14; ++k) {
      const auto legal = legal_events(life);
      if (legal.empty()) break;
      const CaseEvent event = legal[random() % legal.size()];
      life = apply(life, event)->life;
      truth.push_back(event);
      const unsigned hole = random() % 4;
      if (hole == 0) history.push_back(seen(event));
      if (hole == 1) history.push_back(seen(life.state));
      if (terminal(life.state)) break;
    }
    const auto explanation = explain(history);
    if (!explanation) continue;   // Holes may hide what is never inferred (a suspension).
    ++explained_count;
    for (const Course& course : explanation->courses()) {
      LifeCycle walk;
      std::size_t at = 0;
      const auto take_in = [&](const std::optional<CaseEvent>& event) {
        if (at == history.size()) return false;
        if (event && history[at].event == event) return ++at, true;
        if (history[at].state == walk.state) return ++at, true;
        return false;
      };
      while (take_in(std::nullopt)) {}
      for (const CourseStep& step : course.steps) {
        const CaseEvent event = std::visit([](const auto& one) { return one.event; }, step);
        const bool inferred = std::holds_alternative<InferredStep>(step);
        const auto applied = apply(walk, event, {}, OnGuard::report);
        ASSERT_TRUE(applied.has_value()) << i << " " << text(*explanation);
        ASSERT_TRUE(!inferred || applied->failed.empty());
        walk = applied->life;
        ASSERT_TRUE(inferred || take_in(event)) << i << " " << text(*explanation);
        while (take_in(std::nullopt)) {}
      }
      ASSERT_EQ(at, history.size()) << i << " " << text(*explanation);
      ASSERT_LE(course.steps.size(), truth.size() + 1) << "no longer than what happened";
    }
  }
  EXPECT_GT(explained_count, 330);
}

Time at(std::string_view text) { return *Time::parse(text); }

Code code(std::string_view name) {
  Code value;
  value.name = name;
  return value;
}

TEST(Observe, a_case_tells_its_course_in_order_of_time) {
  Case body;
  body.applied_at = at("2149-03-03");
  body.acceptance.accepted_at = at("2149-03-05T10:00:00+08:00");
  body.process_steps.emplace(2);
  body.process_steps->at(0).started_at = at("2149-03-06");
  body.process_steps->at(0).action = code("agree");
  body.process_steps->at(1).started_at = at("2149-03-17");
  body.process_steps->at(1).action = code("agree");
  body.special_procedures.emplace(1);
  body.special_procedures->at(0).kind = code("hearing");
  body.special_procedures->at(0).started_at = at("2149-03-10");
  body.special_procedures->at(0).ended_at = at("2149-03-14");
  body.result.decision = code("granted");
  body.result.closed_at = at("2149-03-20");
  body.result.pickup.at = at("2149-03-24");
  body.state = code("delivered");
  const auto explanation = explain(observe(body));
  ASSERT_TRUE(explanation.has_value());
  EXPECT_EQ(text(*explanation), "submit accept begin start_special end_special step approve [issue] deliver");
  ASSERT_EQ(explanation->observed().size(), 8u);
  EXPECT_EQ(explanation->observed()[3].at->text(), "2149-03-10");
}

TEST(Observe, a_supplement_is_read_before_or_after_acceptance) {
  Case body;
  body.applied_at = at("2149-03-03");
  body.supplements.emplace(2);
  body.supplements->at(0).notice.at = at("2149-03-04");
  body.supplements->at(0).receipt.at = at("2149-03-06");
  body.supplements->at(1).notice.at = at("2149-03-12");
  body.acceptance.accepted_at = at("2149-03-07");
  body.state = code("supplement_in_process");
  const auto explanation = explain(observe(body));
  ASSERT_TRUE(explanation.has_value());
  EXPECT_EQ(text(*explanation), "submit notify_supplement supplement accept [begin] ask_more");
}

TEST(Observe, refusals_silence_voids_and_overdue_supplements_are_read) {
  Case body;
  body.applied_at = at("2149-03-03");
  body.acceptance.accepted_at = at("2149-03-05");
  body.acceptance.acceptance_result = code("refused");
  body.state = code("rejected_acceptance");
  EXPECT_EQ(text(*explain(observe(body))), "submit refuse_acceptance");
  body.acceptance.acceptance_result.reset();
  body.acceptance.deemed = true;
  body.state = code("accepted");
  EXPECT_EQ(text(*explain(observe(body))), "submit acceptance_expires");
  body = {};
  body.applied_at = at("2149-03-03");
  body.result.result_type = code("supplement_overdue");
  body.result.closed_at = at("2149-04-03");
  EXPECT_EQ(text(*explain(observe(body))), "submit [notify_supplement] supplement_expires");
}

} // namespace
} // namespace tongqu::model
