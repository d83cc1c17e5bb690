#include "tongqu/model/state_crosswalk.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tongqu/model/fields.hpp"

namespace tongqu::model {
namespace {

/// "accepted|in_review", sorted; "pre_review+passed" with the outcome; "" when unknown.
std::string states(const SourceState& source) {
  std::set<std::string> names;
  for (const StateReading& reading : read_state(source).readings) {
    names.insert(std::string(state_name(reading.state)) + (reading.pre_review == PreReviewOutcome::passed ? "+passed" : ""));
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "|") + name;
  return text;
}

/// One cell of the model's table 2.9 at a time: what a code means when nothing else is known. Written from that table by hand.
TEST(Crosswalk, a_code_alone_names_every_state_that_the_table_gives_it) {
  struct Row {
    std::string_view system, code, qualifier, expected;
  };
  const Row rows[] = {
      {"epoint", "8", "", "draft"}, {"epoint", "10", "", "draft"}, {"epoint", "20", "", "draft"}, {"epoint", "12", "", "submitted"},
      {"epoint", "14", "", "pre_review_returned"}, {"epoint", "16", "", "pre_review+passed"}, {"epoint", "22", "", "received"},
      {"epoint", "24", "", "received"}, {"epoint", "26", "", "received"}, {"epoint", "28", "", "supplement_pending"},
      {"epoint", "97", "", "rejected_acceptance"}, {"epoint", "30", "", "accepted|in_review"}, {"epoint", "37", "", "supplement_in_process"},
      {"epoint", "40", "", "decided_refused"}, {"epoint", "50", "", "decided_approved"}, {"epoint", "90", "", "closed"},
      {"epoint", "98", "", "withdrawn"}, {"epoint", "99", "", "terminated"},
      {"beijing", "11", "", "draft"}, {"beijing", "12", "", "submitted"}, {"beijing", "15", "", "pre_review_returned"}, {"beijing", "20", "", "accepted"},
      {"beijing", "21", "", "in_review"}, {"beijing", "45", "", "closed|decided_approved"},
      {"shanghai", "02", "", "received|submitted"}, {"shanghai", "06", "", "supplement_in_process|supplement_pending"},
      {"shanghai", "07", "", "rejected_acceptance"}, {"shanghai", "05", "", "accepted"}, {"shanghai", "12", "", "in_review"},
      {"shanghai", "11", "", "special_procedure"}, {"shanghai", "10", "", "closed|decided_approved"},
      {"shanghai", "13", "", "decided_refused|pre_review_returned|withdrawn"},
      {"spgl", "1", "", "received|submitted"}, {"spgl", "2", "", "withdrawn"}, {"spgl", "3", "", "accepted"}, {"spgl", "4", "", "not_required"},
      {"spgl", "5", "", "rejected_acceptance"}, {"spgl", "6", "", "supplement_in_process|supplement_pending"}, {"spgl", "7", "", "in_review|received"},
      {"spgl", "8", "", "in_review"}, {"spgl", "9", "", "special_procedure"}, {"spgl", "10", "", "in_review"}, {"spgl", "11", "", "closed|decided_approved"},
      {"spgl", "12", "", "closed|decided_approved_conditional"}, {"spgl", "13", "", "closed|decided_refused"}, {"spgl", "14", "", "withdrawn"},
      {"spgl", "15", "", "revoked|withdrawn"},
      {"guangdong", "0", "", "submitted"}, {"guangdong", "1", "1", "pre_review+passed"}, {"guangdong", "1", "2", "pre_review_returned"},
      {"guangdong", "1", "3", "pre_review_returned"}, {"guangdong", "2", "1", "accepted"}, {"guangdong", "2", "2", "not_required|rejected_acceptance"},
      {"guangdong", "3", "", "in_review"}, {"guangdong", "5", "", "special_procedure"}, {"guangdong", "6", "", "in_review"},
      {"guangdong", "7", "", "supplement_in_process|supplement_pending"}, {"guangdong", "8", "", "in_review|received"},
      {"guangdong", "4", "0", "closed|decided_approved"}, {"guangdong", "4", "1", "decided_refused|withdrawn"}, {"guangdong", "4", "2", "voided"},
      {"guangdong", "4", "3", "voided"}, {"guangdong", "4", "4", "transferred"}, {"guangdong", "4", "5", "terminated"},
      {"guangdong", "4", "6", "closed|decided_refused"}, {"guangdong", "9", "", "closed"},
      {"shandong", "PRE_APASINFO", "", "submitted"}, {"shandong", "BASICINFO", "", "received"},
      {"shandong", "PROC", "5", "supplement_in_process|supplement_pending"}, {"shandong", "PROC", "3", "rejected_acceptance"},
      {"shandong", "PROC", "2", "not_required"}, {"shandong", "PROC", "4", "accepted"}, {"shandong", "PROC", "", "in_review"},
      {"shandong", "PROC", "6", "special_procedure"}, {"shandong", "SPECIALNODE", "1", "supplement_in_process|supplement_pending"},
      {"shandong", "SPECIALNODE", "3", "special_procedure"}, {"shandong", "SPECIALNODE", "5", "special_procedure|suspended"},
      {"shandong", "SPECIALNODE", "6", "pre_review_returned"}, {"shandong", "DONE", "0", "closed|decided_approved"},
      {"shandong", "DONE", "1", "decided_refused|withdrawn"}, {"shandong", "DONE", "2", "voided"}, {"shandong", "DONE", "4", "transferred"},
      {"shandong", "DONE", "5", "terminated"}, {"shandong", "DONE", "6", "closed|decided_refused"},
      {"evaluation", "1", "", "pre_review|pre_review_returned|received|submitted|supplement_pending"},
      {"evaluation", "2", "", "accepted|in_review|special_procedure|supplement_in_process"},
      {"evaluation", "3", "", "closed|decided_approved|decided_approved_conditional|decided_refused"},
  };
  for (const Row& row : rows) EXPECT_EQ(states({row.system, row.code, row.qualifier}), row.expected) << row.system << " " << row.code << " " << row.qualifier;
}

TEST(Crosswalk, the_last_step_and_the_acceptance_tell_what_the_code_does_not) {
  EXPECT_EQ(states({"epoint", "30", "", "accept"}), "accepted");
  EXPECT_EQ(states({"epoint", "30", "", "agree"}), "in_review");
  EXPECT_EQ(states({"beijing", "45", "", "deliver"}), "closed");
  EXPECT_EQ(states({"shanghai", "06", "", "", true}), "supplement_in_process");
  EXPECT_EQ(states({"shanghai", "06", "", "", false}), "supplement_pending");
  EXPECT_EQ(states({"shanghai", "13", "", "withdraw", true}), "withdrawn");
  EXPECT_EQ(states({"shanghai", "13", "", "return", false}), "pre_review_returned");
  EXPECT_EQ(states({"shanghai", "13", "", "return"}), "decided_refused|pre_review_returned");
  EXPECT_EQ(states({"spgl", "15", "", "decide", true}), "revoked");
  EXPECT_EQ(states({"guangdong", "2", "2", "not_required"}), "not_required");
  EXPECT_EQ(states({"guangdong", "4", "1", "withdraw"}), "withdrawn");
  EXPECT_EQ(states({"evaluation", "2", "", "accept"}), "accepted");
  EXPECT_EQ(states({"evaluation", "1", "", "supplement"}), "supplement_pending");
  EXPECT_EQ(states({"epoint", "30", "", "deliver"}), "accepted|in_review") << "a step that the table does not know tells nothing";
}

TEST(Crosswalk, what_is_not_there_is_unknown_and_says_so_without_the_value) {
  for (const SourceState& source : {SourceState{"epoint", "31"}, SourceState{"guangdong", "2", "9"}, SourceState{"guangdong", "2"}, SourceState{"nowhere", "1"}}) {
    const CrosswalkAnswer answer = read_state(source);
    EXPECT_TRUE(answer.readings.empty()) << source.code;
    Findings findings;
    report_crosswalk(source, answer, "state", findings);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings.items()[0].id, Errc::model_state_code_unknown);
    EXPECT_EQ(findings.items()[0].severity, Severity::error);
  }
}

TEST(Crosswalk, ambiguity_and_loss_are_reported_and_a_faithful_code_is_not) {
  const auto report = [](const SourceState& source) {
    Findings findings;
    report_crosswalk(source, read_state(source), "state", findings);
    return findings.empty() ? Finding{} : findings.items()[0];
  };
  const Finding ambiguous = report({"epoint", "30"});
  EXPECT_EQ(ambiguous.id, Errc::model_state_code_ambiguous);
  EXPECT_EQ(ambiguous.severity, Severity::warn);
  EXPECT_EQ(ambiguous.expected.en, "something that tells between accepted, in_review");
  EXPECT_EQ(ambiguous.expected.zh, "需要能区分的信息：已受理、审查");
  const Finding lossy = report({"shanghai", "11"});
  EXPECT_EQ(lossy.id, Errc::model_state_code_lossy);
  EXPECT_EQ(lossy.severity, Severity::info);
  EXPECT_NE(lossy.expected.zh.find("挂起"), std::string::npos);
  EXPECT_EQ(report({"epoint", "12"}).id, Errc::none);
}

TEST(Crosswalk, every_row_is_sound) {
  EXPECT_EQ(crosswalk_systems(), (std::vector<std::string>{"epoint", "beijing", "shanghai", "spgl", "guangdong", "shandong", "evaluation"}));
  for (const CrosswalkRow& row : crosswalk_rows()) {
    EXPECT_EQ(row.reading.lost.en.empty(), row.reading.lost.zh.empty()) << row.system << row.code;
    EXPECT_TRUE(row.accepted.empty() || row.accepted == "yes" || row.accepted == "no") << row.system << row.code;
    for (const std::string& step : row.last_steps) EXPECT_TRUE(is_code_name("action", step)) << step;
    if (!row.reading.event) continue;
    // The event that a code reports leads to the state that it means, from somewhere.
    const auto& rows = transition_rows();
    EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [&](const TransitionRow& one) { return one.event == *row.reading.event && one.to == row.reading.state; }))
        << row.system << " " << row.code;
  }
}

} // namespace
} // namespace tongqu::model
