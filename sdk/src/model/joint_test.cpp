#include "tongqu/model/joint.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tongqu/model/code_systems.hpp"

namespace tongqu::model {
namespace {

/// "accepted", "accepted?" need not be handled, "decided_refused*" with an alternative, "issued+" handed over.
JointCase joint_of(std::vector<std::string> states) {
  JointCase joint;
  joint.children.emplace();
  for (std::string& state : states) {
    JointChild& child = joint.children->emplace_back();
    if (state.back() == '?') child.mandatory = false;
    if (state.back() == '*') child.has_alternative = true;
    if (state.back() == '+') child.result_delivered = true;
    if (std::string("?*+").find(state.back()) != std::string::npos) state.pop_back();
    child.state = Code{state, {}, {}, {}};
  }
  return joint;
}

TEST(Joint, the_state_follows_from_the_children) {
  struct Row { std::vector<std::string> children; std::string_view state; bool paused; };
  const Row rows[] = {
      {{}, "draft", false},
      {{"draft", "draft"}, "draft", false},
      {{"submitted", "draft"}, "submitted", false},
      {{"received", "pre_review"}, "submitted", false},
      {{"accepted", "submitted"}, "submitted", false},
      {{"accepted", "supplement_pending"}, "supplement_pending", false},
      {{"pre_review_returned", "submitted"}, "supplement_pending", false},
      {{"supplement_pending", "special_procedure"}, "supplement_pending", true},
      {{"accepted", "accepted"}, "accepted", false},
      {{"accepted", "in_review"}, "in_review", false},
      {{"special_procedure", "accepted"}, "in_review", true},
      {{"decided_approved", "in_review"}, "partly_decided", false},
      {{"issued", "special_procedure"}, "partly_decided", true},
      {{"decided_refused", "in_review"}, "decided_refused", false},
      {{"decided_refused*", "in_review"}, "in_review", false},
      {{"rejected_acceptance", "decided_approved"}, "decided_refused", false},
      {{"decided_approved", "decided_approved_conditional"}, "decided_approved", false},
      {{"issued", "delivered"}, "decided_approved", false},
      {{"issued+", "delivered"}, "closed", false},
      {{"closed", "delivered"}, "closed", false},
      {{"decided_approved", "draft?"}, "decided_approved", false},
      {{"decided_refused?", "closed"}, "closed", false},
      {{"accepted?", "accepted?"}, "accepted", false},
  };
  for (const Row& row : rows) {
    std::string said;
    for (const std::string& child : row.children) said += child + " ";
    const JointState derived = derive_joint_state(joint_of(row.children));
    EXPECT_EQ(derived.state, row.state) << said;
    EXPECT_EQ(derived.paused_children, row.paused) << said;
    EXPECT_TRUE(is_code_name("joint_state", derived.state)) << said;
    std::vector<std::string> reversed = row.children;
    std::reverse(reversed.begin(), reversed.end());
    EXPECT_EQ(derive_joint_state(joint_of(reversed)).state, row.state) << said << "in another order";
  }
}

TEST(Joint, every_state_of_a_case_has_a_place) {
  std::size_t count = 0;
  const CodeRow* rows = code_system("case_state", count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name(rows[i].name);
    if (name == "draft") continue;
    EXPECT_NE(derive_joint_state(joint_of({name})).state, "draft") << name;
  }
}

TEST(Joint, taking_the_whole_back_comes_before_everything) {
  JointCase joint = joint_of({"closed"});
  joint.withdrawn = true;
  update_joint_state(joint);
  EXPECT_EQ(joint.state->name, "withdrawn");
  EXPECT_EQ(joint.paused_children, false);
}

} // namespace
} // namespace tongqu::model
