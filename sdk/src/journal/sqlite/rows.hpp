#pragma once
#include "journal/rows.hpp"
#include "journal/sealing.hpp"
#include "journal/sqlite/database.hpp"

namespace tongqu::journal::detail {

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

/// @errors journal.open (where: seal_key) when none of the keys given opens them.
Result<StoreKeys> load_store_keys(Database& database, const Sealing& sealing);
/// As above; makes them in a new store, and seals them under the key in force when that is a new one.
Result<StoreKeys> load_or_make_store_keys(Database& database, const Sealing& sealing);

} // namespace tongqu::journal::detail
