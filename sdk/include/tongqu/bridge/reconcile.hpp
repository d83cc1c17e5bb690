#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/result.hpp"
#include "tongqu/journal/journal.hpp"
#include "tongqu/platform/platform.hpp"

/// Whether a platform and this store agree on what was delivered on a day.
namespace tongqu::bridge {

/// What this store has receipts for on one day, to be compared range by range of the platform's ids.
class DayBook {
public:
  /// One receipt. A message that was delivered twice with one id and digest is one line, as it is for the platform.
  void add(std::string_view message_id, std::string_view digest_hex, std::int64_t delivery);
  /// After the last add().
  void sort();

  struct Line { std::string_view message_id; std::string digest; std::int64_t delivery = 0; };
  std::size_t size() const noexcept { return rows_.size(); }
  Line at(std::size_t i) const;
  struct Range { std::size_t first = 0, last = 0; std::size_t count() const noexcept { return last - first; } };
  Range below(std::string_view prefix) const;
  /// As docs/reference/case-exchange.md, Daily digest.
  std::string digest(Range range) const;

private:
  struct Row {
    std::uint64_t id_at = 0;
    std::int64_t delivery = 0;
    std::uint8_t id_size = 0;
    char digest[32] = {};
  };
  std::string_view id_of(const Row& row) const noexcept { return std::string_view(ids_).substr(row.id_at, row.id_size); }
  std::string ids_;                                ///< All ids behind one another: a million of them cost no million allocations.
  std::vector<Row> rows_;
};

struct DayDifference {
  enum class Kind : std::uint8_t { missing, unknown, different } kind = Kind::missing;
  std::string message_id;                          ///< The platform's id of the message.
  std::int64_t delivery = 0;                       ///< Ours; 0 for unknown.
};

struct DayComparison {
  std::uint64_t ours = 0, theirs = 0;
  std::size_t requests = 0;
  std::vector<DayDifference> differences;          ///< By id.
  bool complete = true;                            ///< False when there are more than `differences_max`.
};

/// Compares top down: a range whose count and digest agree is done; one that does not is asked for in parts until ids are listed. A single
/// difference among a million costs as many questions as the ids have characters before they are few, plus one.
/// @param ask  The platform's answer for a prefix. @errors what `ask` gives.
Result<DayComparison> compare_day(const DayBook& ours, const std::function<Result<platform::DayOutcome>(const std::string& prefix)>& ask, std::size_t differences_max = 10000);

/// Reads the receipts of a target for one day (yyyy-MM-dd of the platform's clock) out of a store.
/// @param read_receipts  Of the platform's profile.
Result<DayBook> read_day_book(const journal::JournalOptions& store, const std::string& target, const std::string& day,
                              std::vector<platform::ReceiptFacts> (*read_receipts)(std::string_view));

/// The answer of a running bridge to {"cmd":"platform_day"}, which asks with the bridge's own credentials.
/// @errors bridge.control_unreachable, bridge.control_request, platform.*.
Result<platform::DayOutcome> ask_running_bridge(const std::string& socket_path, const std::string& target, const std::string& day, const std::string& prefix);

} // namespace tongqu::bridge
