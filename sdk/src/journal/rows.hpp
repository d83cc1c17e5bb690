#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "journal/siphash.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/journal/journal.hpp"

/// What stands in the rows of a store of any kind, and what proves that they were not changed.
namespace tongqu::journal::detail {

/// A delivery's id is its message's row number times this plus its place among the targets, so that both directions need no index.
constexpr std::int64_t kTargetsMax = 64;
inline std::int64_t message_of(std::int64_t delivery) { return delivery / kTargetsMax; }

/// What a message is, without its bodies.
struct MessageRow {
  std::int64_t id = 0;
  std::string message_id, identity, digest, system, case_no, event, pack, pack_digest;
  std::int64_t created_ms = 0;
  std::string key_id, findings;
  std::int64_t purged_ms = 0;                 ///< When its bodies were removed; 0 while they are there.
  std::array<std::int64_t, 3> box_bytes{};    ///< Sizes of the sealed acknowledgement, canonical record and raw bytes.
  bool damaged = false;                       ///< Read with a check value that does not belong to it.
};

struct DeliveryRow {
  std::int64_t id = 0;
  std::string target, case_key;
  DeliveryState state = DeliveryState::waiting;
  std::int64_t not_before_ms = 0;
  int attempts = 0;
  std::int64_t fence = 0, created_ms = 0, changed_ms = 0;
  std::string after, error_id, reason;
  std::int64_t due_ms = 0;                    ///< As the row has it; 0 when it has none. Not covered by the check value.
  bool damaged = false;
};

struct ReceiptRow {
  std::int64_t delivery = 0;
  std::string number, key_id, box;
  bool damaged = false;
};

/// Counters that live in one row, written once per group.
struct Counters {
  std::int64_t last_message = 0, messages = 0, refusals = 0, fence = 0;
  std::int64_t indexed = 0;                   ///< Messages up to this one have all their keys in the table `keys`.
  std::array<std::int64_t, 9> states{};
  bool operator==(const Counters& other) const {
    return last_message == other.last_message && messages == other.messages && refusals == other.refusals && fence == other.fence &&
           indexed == other.indexed && states == other.states;
  }
};

/// Two keys of the store itself. They stand in `meta`, sealed under every seal key the store has known, and outlive those.
struct StoreKeys {
  SipKey index; ///< Of the hashes in the table `keys`.
  SipKey rows;  ///< Of the check value of every row.
};

/// The check value covers every column but `due_ms`, which follows from the others, and the sealed ones, which carry their own.
class RowChecks {
public:
  explicit RowChecks(const SipKey& key) : key_(key) {}
  std::int64_t of(const MessageRow& row) const;
  std::int64_t of(const DeliveryRow& row) const;
  std::int64_t of(const ReceiptRow& row) const;
  std::int64_t of(const Counters& row) const;

private:
  SipKey key_;
};

/// Of the secret that a store keeps in `meta`: 32 bytes.
constexpr std::size_t kStoreSecretBytes = 32;
StoreKeys store_keys_from(std::string_view secret);
/// Owner and name of its box under a seal key.
constexpr std::string_view kStoreSecretOwner = "store";
std::string store_secret_name(std::string_view key_id);

/// Hashes under which rows are found: identities, cases and lanes. A hash only proposes a row; whoever finds one compares its text.
class KeyHash {
public:
  explicit KeyHash(const SipKey& key) : key_(key) {}
  std::int64_t of_identity(std::string_view identity) const { return of('i', identity, {}); }
  std::int64_t of_case(std::string_view system, std::string_view case_no) const { return of('c', system, case_no); }
  std::int64_t of_lane(std::string_view case_key, std::string_view target) const { return of('l', case_key, target); }

private:
  std::int64_t of(char kind, std::string_view first, std::string_view second) const;
  SipKey key_;
};

/// Its platform misses an earlier event of its case, which may therefore pass.
bool waits_for_earlier(const DeliveryRow& row);

/// The order key of a message; one without a case stands in a lane of its own.
std::string lane_of(const Intake& intake);

/// What a row says of itself to people; its message is added by whoever has read it.
DeliveryView view_from(DeliveryRow row);

Error damaged_row(std::string_view table, std::int64_t id);

} // namespace tongqu::journal::detail
