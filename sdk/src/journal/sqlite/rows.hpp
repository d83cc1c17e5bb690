#pragma once
#include <array>
#include <optional>
#include <string>

#include "journal/sealing.hpp"
#include "journal/siphash.hpp"
#include "journal/sqlite/database.hpp"
#include "tongqu/journal/journal.hpp"

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

#define TONGQU_MESSAGE_COLUMNS                                                                                                     \
  "id, message_id, identity, digest, system, case_no, event, pack, pack_digest, created_ms, key_id, findings, purged_ms, "         \
  "acknowledgement_bytes, canonical_bytes, raw_bytes, row_check"
#define TONGQU_DELIVERY_COLUMNS                                                                                                    \
  "id, target, case_key, state, not_before_ms, attempts, fence, created_ms, changed_ms, after, error_id, reason, row_check, due_ms"
/// What the index of open deliveries holds: waiting, unknown, held, parked. Written out, because SQLite makes a table of its own for a
/// list of IN whenever it asks whether a row belongs into the index, and it asks five times for a message.
#define TONGQU_OPEN_STATES(state) "(" state " = 0 OR " state " = 3 OR " state " = 6 OR " state " = 7)"
#define TONGQU_COUNTER_COLUMNS                                                                                                     \
  "last_message, messages, refusals, fence, indexed, waiting, ready, sending, unknown, delivered, refused, held, parked, "         \
  "discarded, row_check"

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

/// Reads a row whose columns stand in the order above. A damaged one says so and is otherwise as it stands.
MessageRow read_message(const Statement& row, const RowChecks& checks);
DeliveryRow read_delivery(const Statement& row, const RowChecks& checks);
/// Columns: delivery, number, key_id, receipt, row_check.
ReceiptRow read_receipt(const Statement& row, const RowChecks& checks, int first = 0);
/// @errors journal.corrupt.
Result<Counters> read_counters(const Statement& row, const RowChecks& checks);
/// Binds the columns in the order above, from the first.
void bind_message(Statement& statement, const MessageRow& row, const RowChecks& checks);

/// The one row of a store that has none yet.
Result<void> insert_counters(Database& database, const Counters& counters, const RowChecks& checks);

Error damaged_row(std::string_view table, std::int64_t id);

/// @errors journal.open (where: seal_key) when none of the keys given opens them.
Result<StoreKeys> load_store_keys(Database& database, const Sealing& sealing);
/// As above; makes them in a new store, and seals them under the key in force when that is a new one.
Result<StoreKeys> load_or_make_store_keys(Database& database, const Sealing& sealing);

} // namespace tongqu::journal::detail
