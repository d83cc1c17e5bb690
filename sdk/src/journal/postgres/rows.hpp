#pragma once
#include <optional>

#include "journal/postgres/connection.hpp"
#include "journal/rows.hpp"

namespace tongqu::journal::detail {

#define TONGQU_PG_MESSAGE(m)                                                                                                        \
  m "id, " m "message_id, " m "identity, " m "digest, " m "system, " m "case_no, " m "event, " m "pack, " m "pack_digest, " m       \
  "created_ms, " m "key_id, " m "findings, " m "purged_ms, " m "acknowledgement_bytes, " m "canonical_bytes, " m "raw_bytes, " m    \
  "row_check, " m "identity_hash, " m "case_hash"
#define TONGQU_PG_DELIVERY(d)                                                                                                       \
  d "id, " d "target, " d "case_key, " d "state, " d "not_before_ms, " d "attempts, " d "fence, " d "created_ms, " d "changed_ms, " \
  d "after, " d "error_id, " d "reason, " d "row_check, " d "due_ms, " d "lane_hash"
#define TONGQU_PG_COUNTERS                                                                                                          \
  "last_message, messages, refusals, fence, indexed, waiting, ready, sending, unknown, delivered, refused, held, parked, "          \
  "discarded, row_check"
#define TONGQU_PG_RECEIPT(r) r "delivery, " r "number, " r "key_id, " r "receipt, " r "row_check"
constexpr int kPgMessageColumns = 19, kPgDeliveryColumns = 15, kPgReceiptColumns = 5, kPgCounterColumns = 15;

/// What proves a row: its check value, and that it stands under the hashes of its own texts.
struct PgChecks {
  RowChecks rows;
  KeyHash hash;
  explicit PgChecks(const StoreKeys& keys) : rows(keys.rows), hash(keys.index) {}
};

struct PgDelivery {
  DeliveryRow row;
  std::optional<std::int64_t> due; ///< May be claimed, and when.
};

// Each reads from a column on; the columns stand in the order above.
MessageRow read_pg_message(const PgRow& from, const PgChecks& checks, int first = 0);
PgDelivery read_pg_delivery(const PgRow& from, const PgChecks& checks, int first = 0);
ReceiptRow read_pg_receipt(const PgRow& from, const PgChecks& checks, int first = 0);
/// @errors journal.corrupt.
Result<Counters> read_pg_counters(const PgRow& from, const PgChecks& checks, int first = 0);

} // namespace tongqu::journal::detail
