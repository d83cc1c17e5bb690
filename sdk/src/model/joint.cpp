#include "tongqu/model/joint.hpp"

#include <algorithm>
#include <vector>

namespace tongqu::model {
namespace {

/// How far a child is, as far as the parent cares.
enum class Stage { draft, submitted, supplement, accepted, in_review, paused, refused, approved, closed };

struct StageRow {
  std::string_view state;
  Stage stage;
};
constexpr StageRow kStages[] = {
    {"draft", Stage::draft},
    {"submitted", Stage::submitted},
    {"pre_review", Stage::submitted},
    {"received", Stage::submitted},
    {"pre_review_returned", Stage::supplement},
    {"supplement_pending", Stage::supplement},
    {"accepted", Stage::accepted},
    {"in_review", Stage::in_review},
    {"extended", Stage::in_review},
    {"suspended", Stage::in_review},
    {"supplement_in_process", Stage::in_review},
    {"transferred", Stage::in_review},
    {"special_procedure", Stage::paused},
    {"not_required", Stage::refused},
    {"rejected_acceptance", Stage::refused},
    {"decided_refused", Stage::refused},
    {"withdrawn", Stage::refused},
    {"terminated", Stage::refused},
    {"voided", Stage::refused},
    {"revoked", Stage::refused},
    {"decided_approved", Stage::approved},
    {"decided_approved_conditional", Stage::approved},
    {"issued", Stage::approved},
    {"delivered", Stage::closed},
    {"closed", Stage::closed},
};

Stage stage_of(const JointChild& child) {
  const std::string_view state = child.state ? std::string_view(child.state->name) : std::string_view();
  const auto* row = std::find_if(std::begin(kStages), std::end(kStages), [&](const StageRow& r) { return r.state == state; });
  const Stage stage = row == std::end(kStages) ? Stage::draft : row->stage;
  if (stage == Stage::refused && child.has_alternative.value_or(false)) return Stage::in_review;
  if (stage == Stage::approved && child.result_delivered.value_or(false)) return Stage::closed;
  return stage;
}

std::vector<Stage> stages_that_count(const JointCase& joint) {
  std::vector<Stage> mandatory, all;
  for (std::size_t i = 0; joint.children && i < joint.children->size(); ++i) {
    const JointChild& child = (*joint.children)[i];
    all.push_back(stage_of(child));
    if (child.mandatory.value_or(true)) mandatory.push_back(all.back());
  }
  return mandatory.empty() ? all : mandatory;
}

} // namespace

JointState derive_joint_state(const JointCase& joint) {
  if (joint.withdrawn.value_or(false)) return {"withdrawn"};
  const std::vector<Stage> stages = stages_that_count(joint);
  const auto any = [&stages](auto... wanted) {
    return std::any_of(stages.begin(), stages.end(), [wanted...](Stage stage) { return ((stage == wanted) || ...); });
  };
  const auto all = [&stages](auto... wanted) {
    return std::all_of(stages.begin(), stages.end(), [wanted...](Stage stage) { return ((stage == wanted) || ...); });
  };
  const bool paused = any(Stage::paused);
  if (stages.empty() || all(Stage::draft)) return {"draft"};
  // A refusal that nothing can replace ends the whole, whatever the others still wait for.
  if (any(Stage::refused)) return {"decided_refused", paused};
  if (any(Stage::supplement)) return {"supplement_pending", paused};
  if (all(Stage::closed)) return {"closed"};
  if (all(Stage::approved, Stage::closed)) return {"decided_approved"};
  if (any(Stage::approved, Stage::closed)) return {"partly_decided", paused};
  if (all(Stage::accepted)) return {"accepted"};
  if (paused || all(Stage::accepted, Stage::in_review)) return {"in_review", paused};
  return {"submitted"};
}

void update_joint_state(JointCase& joint) {
  const JointState derived = derive_joint_state(joint);
  joint.state = Code{std::string(derived.state), {}, {}, {}};
  joint.paused_children = derived.paused_children;
}

} // namespace tongqu::model
