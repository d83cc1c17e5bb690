#include "tongqu/model/state_crosswalk.hpp"

#include <algorithm>

#include "csv_table.hpp"
#include "embedded_file.hpp"

namespace tongqu::model {
namespace {

constexpr std::string_view kFile = "life_cycle/state_crosswalk.csv";

CrosswalkRow row_from(const std::vector<std::string>& cells) {
  TONGQU_ASSERT(cells.size() == 10, "every row is as wide as its heading");
  CrosswalkRow row{cells[0], cells[1], cells[2], cells[3], {}, {}};
  for (const std::string_view step : detail::split_words(cells[4])) row.last_steps.emplace_back(step);
  const auto state = state_from_name(cells[5]);
  TONGQU_ASSERT(state.has_value(), "a row names a state");
  row.reading.state = *state;
  TONGQU_ASSERT(cells[6].empty() || cells[6] == "passed", "pre_review is empty or passed");
  if (cells[6] == "passed") row.reading.pre_review = PreReviewOutcome::passed;
  row.reading.event = event_from_name(cells[7]);
  TONGQU_ASSERT(cells[7].empty() || row.reading.event.has_value(), "a row names an event or none");
  row.reading.lost = {cells[8], cells[9]};
  return row;
}

std::vector<CrosswalkRow> read_rows() {
  const auto table = detail::read_csv(detail::embedded_file(kFile), kFile, Errc::base_internal);
  TONGQU_ASSERT(table.has_value() && !table->empty(), "the tables that are built in are right; the tests read them");
  std::vector<CrosswalkRow> rows;
  for (std::size_t i = 1; i < table->size(); ++i) rows.push_back(row_from((*table)[i].cells));
  return rows;
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

using Rows = std::vector<const CrosswalkRow*>;

Rows rows_of(const SourceState& source) {
  Rows rows;
  for (const CrosswalkRow& row : crosswalk_rows()) {
    if (row.system != source.system || row.code != source.code || row.qualifier != source.qualifier) continue;
    if (source.accepted && !row.accepted.empty() && (row.accepted == "yes") != *source.accepted) continue;
    rows.push_back(&row);
  }
  return rows;
}

/// Rows that name the last step; where none does, those that hold for any; where there is none either, all: the step says nothing.
Rows narrowed(const Rows& rows, std::string_view last_step) {
  if (last_step.empty()) return rows;
  Rows named, open;
  for (const CrosswalkRow* row : rows) {
    if (contains(row->last_steps, last_step)) named.push_back(row);
    else if (row->last_steps.empty()) open.push_back(row);
  }
  if (!named.empty()) return named;
  return open.empty() ? rows : open;
}

} // namespace

const std::vector<CrosswalkRow>& crosswalk_rows() {
  static const std::vector<CrosswalkRow> rows = read_rows();
  return rows;
}

std::vector<std::string> crosswalk_systems() {
  std::vector<std::string> systems;
  for (const CrosswalkRow& row : crosswalk_rows()) {
    if (!contains(systems, row.system)) systems.push_back(row.system);
  }
  return systems;
}

CrosswalkAnswer read_state(const SourceState& source) {
  CrosswalkAnswer answer;
  for (const CrosswalkRow* row : narrowed(rows_of(source), source.last_step)) {
    const auto same = [row](const StateReading& one) { return one.state == row->reading.state && one.pre_review == row->reading.pre_review; };
    if (std::none_of(answer.readings.begin(), answer.readings.end(), same)) answer.readings.push_back(row->reading);
  }
  return answer;
}

void report_crosswalk(const SourceState& source, const CrosswalkAnswer& answer, std::string_view path, Findings& findings) {
  Finding finding;
  finding.record = "case";
  finding.path = path;
  finding.rule = source.system;
  if (answer.readings.empty()) {
    finding.id = Errc::model_state_code_unknown;
    finding.value_class = value_class_of(source.code);
    findings.add(std::move(finding));
    return;
  }
  if (!answer.certain()) {
    finding.id = Errc::model_state_code_ambiguous;
    finding.severity = Severity::warn;
    finding.expected = {"something that tells between ", "需要能区分的信息："};
    for (const StateReading& reading : answer.readings) {
      const bool first = &reading == &answer.readings.front();
      finding.expected.en += (first ? "" : ", ") + std::string(state_name(reading.state));
      finding.expected.zh += (first ? "" : "、") + std::string(label(reading.state, Lang::zh));
    }
    finding.suggestion = {"send the last process step and whether the case was accepted", "请同时报送最后一个办理环节以及是否已受理"};
    findings.add(std::move(finding));
    return;
  }
  const Bilingual& lost = answer.readings.front().lost;
  if (lost.en.empty()) return;
  finding.id = Errc::model_state_code_lossy;
  finding.severity = Severity::info;
  finding.expected = lost;
  findings.add(std::move(finding));
}

} // namespace tongqu::model
