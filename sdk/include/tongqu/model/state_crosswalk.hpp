#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/finding.hpp"
#include "tongqu/model/life_cycle.hpp"

/// What the state codes of other systems mean. One code often covers several states, so the last process step and whether the case was
/// accepted are taken into account; where they do not tell, the answer names every state that it could be and chooses none.
/// The rows are sdk/src/model/life_cycle/state_crosswalk.csv.
namespace tongqu::model {

/// What a source system says about the state of a case.
struct SourceState {
  std::string_view system;               ///< epoint, beijing, shanghai, spgl, guangdong, shandong or evaluation.
  std::string_view code;                 ///< State code, message number or table as sent ("30", "02", "DONE").
  std::string_view qualifier = {};       ///< Guangdong's SLZTDM, YSLZTDM or BJJGDM; Shandong's NODERESULT, special kind or DONERESULT.
  std::string_view last_step = {};       ///< Canonical action of the last process step ("accept", "decide"); empty when not known.
  std::optional<bool> accepted = {};     ///< Whether an acceptance of the case is on record.
};

/// One state that a code can mean.
struct StateReading {
  CaseState state = CaseState::draft;
  PreReviewOutcome pre_review = PreReviewOutcome::none;
  std::optional<CaseEvent> event;        ///< The event that the code reports, where it reports one ("受理" is accept).
  Bilingual lost;                        ///< What the code cannot say, or says beyond the state; empty when nothing.
};

struct CrosswalkAnswer {
  std::vector<StateReading> readings;    ///< None: the code is unknown. Several: nothing told which.
  bool certain() const noexcept { return readings.size() == 1; }
};

CrosswalkAnswer read_state(const SourceState& source);

/// What has to be said about an answer: model.state_code_unknown (error), model.state_code_ambiguous (warn, with every state),
/// model.state_code_lossy (info, with what is lost). `path` is where the code stood.
void report_crosswalk(const SourceState& source, const CrosswalkAnswer& answer, std::string_view path, Findings& findings);

/// Systems of the crosswalk in order.
std::vector<std::string> crosswalk_systems();

/// One line of the table, for documentation.
struct CrosswalkRow {
  std::string system, code, qualifier, accepted;
  std::vector<std::string> last_steps;
  StateReading reading;
};
const std::vector<CrosswalkRow>& crosswalk_rows();

} // namespace tongqu::model
