#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/journal/journal.hpp"

/// Walking over many deliveries of a store, beside its writer.
namespace tongqu::journal {

/// Which deliveries are wanted; what is left empty does not choose.
struct ScanFilter {
  std::string target, system;
  UtcMillis taken_from{}, taken_until{};           ///< When the message was taken in: from, and before. Epoch: no bound.
  UtcMillis changed_since{};                       ///< When the delivery changed last.
  std::vector<DeliveryState> states;
  bool latest_only = false;                        ///< Of several deliveries of a message to one target, the last one.
  bool with_receipts = false;
};

struct ScannedDelivery {
  DeliveryView view;
  std::string pack, pack_digest;
  std::string receipt;                             ///< With receipts only.
  std::string problem;                             ///< Error id when the receipt does not open.
};

/// Calls `take` for each, oldest message first, until it says false. Reads a page at a time on a connection of its own, so that the
/// writer's log does not grow behind one long transaction; what is stored meanwhile may or may not be seen.
/// @errors journal.open, journal.schema, journal.read.
Result<void> scan_deliveries(const JournalOptions& options, const ScanFilter& filter, const std::function<bool(const ScannedDelivery&)>& take);

/// The message that a delivery belongs to. @errors journal.not_found.
Result<std::string> message_of_delivery(const JournalOptions& options, std::int64_t delivery);

} // namespace tongqu::journal
