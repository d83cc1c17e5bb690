#pragma once
#include "journal/sqlite/rows.hpp"

namespace tongqu::journal::detail {

// A delivery as people see it. The message belongs to it by its id, so that no index joins them; 64 is kTargetsMax.
#define TONGQU_VIEW                                                                                                                 \
  "SELECT d.id, d.target, d.case_key, d.state, d.not_before_ms, d.attempts, d.fence, d.created_ms, d.changed_ms, d.after, "         \
  "d.error_id, d.reason, d.row_check, d.due_ms, m.message_id, m.system, m.case_no, m.event, r.number, m.pack, m.pack_digest, "      \
  "r.delivery, r.number, r.key_id, r.receipt, r.row_check FROM deliveries AS d "
#define TONGQU_VIEW_JOIN " LEFT JOIN messages AS m ON m.id = d.id / 64 LEFT JOIN receipts AS r ON r.delivery = d.id "
constexpr int kViewPack = 19, kViewReceipt = 21;

DeliveryView read_view(const Statement& row, const RowChecks& checks);

} // namespace tongqu::journal::detail
