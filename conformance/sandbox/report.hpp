#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "conformance/sandbox/ledger.hpp"
#include "tongqu/base/errc.hpp"

namespace tongqu::sandbox {

/// What a ledger says, put together again from its lines alone.
struct Report {
  struct Message {
    std::string message_id, source_system, project_no, stage, digest, receipt_no;
    std::int64_t received_ms = 0;
    std::uint64_t effects = 0;
    std::uint64_t duplicates = 0;
  };
  struct Case {
    std::string source_system, project_no;
    std::string applicant;                 ///< Masked.
    std::vector<std::size_t> messages;     ///< Indexes into `messages`, in the order they were taken.
  };

  std::vector<Message> messages;           ///< One per message id taken, in order.
  std::map<std::string, Case> cases;       ///< Key "sourceSystem/project_no".
  std::map<std::string, std::uint64_t> refused_by_code;
  std::map<std::string, std::uint64_t> faults;
  std::uint64_t effects = 0;
  std::uint64_t duplicates = 0;
  std::set<std::string> doubled;           ///< Ids with several effects, and ids whose row of the same case and stage another id brought before.

  static Result<Report> load(const std::string& ledger);

private:
  void add(const LedgerLine& line);
  std::map<std::string, std::size_t> by_id_;
  std::map<std::string, std::string> by_content_;
};

/// First character of a name and an asterisk for each other one.
std::string masked(std::string_view name);

/// {taken, effects, duplicates, doubled, cases, stages, refused_by_code, faults, by_case}.
std::string report_json(const Report& report);
/// A table for people; personal values masked.
std::string report_text(const Report& report, Lang lang);

/// Compares with a list of `sourceSystem<TAB>project_no<TAB>stage` lines ('#' begins a comment; a line that stands n times expects n
/// messages).
struct Comparison {
  std::vector<std::string> missing;     ///< Lines without an effect.
  std::vector<std::string> doubled;     ///< Lines with more effects than expected.
  std::vector<std::string> unexpected;  ///< Effects that no line names.
  bool agrees() const noexcept { return missing.empty() && doubled.empty() && unexpected.empty(); }
};
/// @errors base.file_unreadable, conform.expectation with "FILE:line".
Result<Comparison> compare(const Report& report, const std::string& expect_file);
std::string comparison_json(const Comparison& comparison);
std::string comparison_text(const Comparison& comparison, Lang lang);

} // namespace tongqu::sandbox
