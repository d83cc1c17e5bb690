#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tongqu/base/finding.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/model/entities.hpp"
#include "tongqu/model/life_cycle.hpp"

/// The course of a case whose history came with holes: the shortest legal course that explains what was reported. What nobody reported
/// is inferred, is of a type of its own, and cannot become a process step of a record; where several courses explain the reports,
/// all are named and none is chosen.
namespace tongqu::model {

/// Something that a source said about the course of a case. At least one of `state` and `event` is there.
struct Observation {
  std::optional<CaseState> state;
  std::optional<CaseEvent> event;
  PreReviewOutcome pre_review = PreReviewOutcome::none;    ///< The outcome of the pre-review, where the source says it.
  Decision decision = Decision::unknown;     ///< The decision known by then; unknown: not said.
  std::optional<Time> at;
  std::string path;                          ///< Canonical path that it was read from ("process_steps[2]"); may be empty.
};

/// An event that a source reported, or whose direct outcome it reported.
struct ObservedStep {
  std::size_t observation = 0;               ///< Index of the observation.
  CaseEvent event = CaseEvent::submit;
  CaseState from = CaseState::draft, to = CaseState::draft;
  std::optional<Time> at;
  bool operator==(const ObservedStep& o) const { return observation == o.observation && event == o.event && from == o.from && to == o.to && at == o.at; }
};

/// An event that nobody reported. It has neither time nor official, and no function makes a record's step of it.
struct InferredStep {
  CaseEvent event = CaseEvent::submit;
  CaseState from = CaseState::draft, to = CaseState::draft;
  bool operator==(const InferredStep& o) const { return event == o.event && from == o.from && to == o.to; }
};

using CourseStep = std::variant<ObservedStep, InferredStep>;

/// One way in which it can have been, from the draft on.
struct Course {
  std::vector<CourseStep> steps;
  LifeCycle life;                            ///< At its end.
  std::vector<Guard> failed;                 ///< Conditions that an observed step broke (a second notice, say).
};

/// Every shortest course. At least one.
class Explanation {
public:
  explicit Explanation(std::vector<Course> courses, bool complete = true);
  bool certain() const noexcept { return courses_.size() == 1 && complete_; }
  const std::vector<Course>& courses() const noexcept { return courses_; }
  /// False when there are more courses than are named.
  bool complete() const noexcept { return complete_; }
  /// What is the same in every course: the steps that were reported. This is all that may ever be sent on.
  std::vector<ObservedStep> observed() const;
  /// Steps that every course infers.
  std::vector<InferredStep> inferred() const;
  /// model.history_inferred (info, with the steps), model.history_ambiguous (warn, with the courses), model.guard_not_met (warn).
  void report(Findings& findings) const;

private:
  std::vector<Course> courses_;
  bool complete_;
};

/// The courses that a history can have taken.
/// @param facts  What is known about conditions: a fact that is false keeps an inferred step from being legal (Guard::acceptance_expired
///               false: nothing was accepted by silence; Guard::supply_later_allowed false: nothing was granted with material to follow).
/// @errors model.history_unexplained with the index and path of the first observation that no course reaches; base.limit_exceeded for
///         more than 512 observations.
Result<Explanation> explain(const std::vector<Observation>& observations, const LifeCycle& start = {}, const Facts& facts = {});

/// What the fields of a case say about its course, in order of time: application, reception, acceptance, steps, special procedures,
/// supplements, decision, delivery, and last the state itself.
std::vector<Observation> observe(const Case& body);

/// A process step of a record from a step that was reported.
ProcessStep process_step(const ObservedStep& step);
/// What was inferred is never exported.
ProcessStep process_step(const InferredStep& step) = delete;

} // namespace tongqu::model
