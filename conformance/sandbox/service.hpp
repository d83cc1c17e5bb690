#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "conformance/sandbox/days.hpp"
#include "conformance/sandbox/ledger.hpp"
#include "conformance/sandbox/options.hpp"
#include "conformance/sandbox/rows.hpp"
#include "tongqu/base/clock.hpp"
#include "tongqu/net/http.hpp"

namespace tongqu::sandbox {

/// What the service says to one submit.
struct Verdict {
  std::string code;              ///< "0" or an error code of the service.
  LedgerLine line;               ///< What the ledger keeps of it.
  std::vector<Reason> errors;
  std::int64_t received_ms = 0;  ///< Of the receipt; of the first one for a repeat.
};

/// The case exchange service: judges submits in the order of the reference and remembers what it took. Used on one thread.
class CaseService {
public:
  CaseService(const Options& options, const Clock& clock);

  /// Takes over one line of an earlier run.
  void remember(const LedgerLine& line);

  /// Judges a submit and, when it is right, takes it. @param requester  Who signed.
  Verdict submit(const net::HttpRequest& request, std::string_view requester);

  struct Known {
    std::string receipt_no;
    std::string digest;
    std::int64_t received_ms = 0;
  };
  std::optional<Known> find(std::string_view message_id) const;

  /// What was taken on a day, sorted by id. Valid until the next submit. @param day  Days since 1970 in Beijing.
  const std::vector<DayLine>& of_day(std::int64_t day);

  struct Counters {
    std::uint64_t taken = 0;       ///< Distinct message ids.
    std::uint64_t effects = 0;
    std::uint64_t duplicates = 0;  ///< Repeats answered without an effect.
    std::uint64_t doubled = 0;     ///< Ids with more than one effect.
    std::map<std::string, std::uint64_t> refused_by_code;
  };
  const Counters& counters() const noexcept { return counters_; }
  std::size_t case_count() const noexcept { return cases_.size(); }
  void count_refusal(const std::string& code) { ++counters_.refused_by_code[code]; }

private:
  struct Message {
    std::array<char, 32> digest{};
    std::uint64_t receipt = 0;
    std::int64_t received_ms = 0;
    std::uint32_t effects = 0;
  };
  struct Case {
    std::int64_t accepted_at = 0;  ///< Seconds of accept_date.
    bool accepted = false;
    bool finished = false;
  };
  struct Submission;

  bool read_envelope(const net::HttpRequest& request, Submission& in, Verdict& out);
  bool read_row(Submission& in, Verdict& out);
  bool judge_repeat(const Submission& in, Verdict& out);
  bool judge_life_cycle(const Submission& in, Verdict& out) const;
  void take(const Submission& in, Verdict& out);
  std::string receipt_text(std::uint64_t receipt) const;

  Character character_;
  std::string_view receipt_prefix_;
  std::size_t messages_max_;
  const Clock& clock_;
  std::unordered_map<std::string, Message> messages_;
  std::unordered_map<std::string, Case> cases_;
  Counters counters_;
  std::uint64_t receipts_ = 0;
  /// The day asked for last: a comparison asks many times, and sorting a million ids takes its time.
  std::vector<DayLine> day_lines_;
  std::int64_t day_ = -1;
  std::uint64_t day_taken_ = 0;
  wire::Document envelope_;
  wire::Document row_;
};

/// The answer to a submit. @param durable  False when the ledger could not be written: what happened is not known.
std::string submit_answer(const Verdict& verdict, bool durable);
/// An answer of the service without data.
std::string plain_answer(std::string_view code);

} // namespace tongqu::sandbox
