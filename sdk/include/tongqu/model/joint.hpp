#pragma once
#include <string_view>

#include "tongqu/model/entities.hpp"

/// A joint case (一件事): several cases applied for as one. Its state is never set; it follows from its children.
namespace tongqu::model {

struct JointState {
  std::string_view state;        ///< A name of the code system `joint_state`.
  bool paused_children = false;  ///< A child is in a special procedure, so the whole cannot go on.
};

/// The state of a joint case from the states of its children and the flag `withdrawn`. Children that need not be handled
/// (`mandatory` is false) count only when none must be. A refused child with an alternative counts like one that is still running.
/// A child without a state is a draft. Pure; linear in the number of children.
JointState derive_joint_state(const JointCase& joint);

/// Writes the derived state into the case: `state` and `paused_children`.
void update_joint_state(JointCase& joint);

} // namespace tongqu::model
