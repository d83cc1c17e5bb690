#include "journal/redeliver.hpp"

#include <algorithm>

#include "journal/reseal.hpp"

#include "tongqu/base/bytes.hpp"

namespace tongqu::journal::detail {
namespace {

/// The last delivery of a message to a target, and how many the message has.
struct Last {
  DeliveryRow row;
  std::int64_t next_id = 0;
};

Result<Last> last_of(Desk& desk, std::int64_t message, const std::string& target) {
  TONGQU_TRY(const auto ids, desk.store.deliveries_of(message));
  Last last;
  for (const std::int64_t id : ids) {
    last.next_id = id + 1;
    TONGQU_TRY(auto row, desk.store.delivery(id));
    if (row && row->target == target) last.row = *std::move(row);
  }
  if (last.row.id == 0) return Error(Errc::journal_not_found).at(target);
  return last;
}

} // namespace

Result<DeliveryRow> redeliverable(Desk& desk, std::int64_t message, const Redelivery& what) {
  TONGQU_TRY(const auto stored, desk.store.whole_message(message));
  if (stored.purged_ms != 0) return Error(Errc::journal_purged).at(what.message_id);
  TONGQU_TRY(Last last, last_of(desk, message, what.target));
  if (last.row.damaged) return damaged_row("deliveries", last.row.id);
  const DeliveryState state = last.row.state;
  if (state != DeliveryState::parked && !is_final(state)) return Error(Errc::journal_illegal_move).with(std::string(state_name(state)));
  if (state == DeliveryState::parked) return last.row;
  if (last.next_id >= (message + 1) * kTargetsMax) return Error(Errc::journal_intake_invalid).at("targets");
  TONGQU_TRY(const bool overtaken, desk.store.delivered_after(last.row));
  if (overtaken && !what.overtake) return Error(Errc::bridge_replay_overtaken).at(what.message_id);
  return last.row;
}

Result<std::int64_t> redeliver(Desk& desk, const Redelivery& what, const std::string& canonical_box, const Journal::Act& act) {
  TONGQU_TRY(const auto message, desk.store.message_row(what.message_id));
  if (!message) return Error(Errc::journal_not_found).at(what.message_id);
  TONGQU_TRY(DeliveryRow row, redeliverable(desk, *message, what));
  const std::int64_t old = row.id;
  std::string detail = "target=" + what.target + " from=" + std::string(state_name(row.state));
  if (!canonical_box.empty()) {
    TONGQU_CHECK(reseal_message(desk, *message));
    TONGQU_TRY(const auto old_digest, desk.store.replace_content(*message, {canonical_box, desk.sealing.key_id(), what.digest, what.pack, what.pack_digest}));
    desk.fresh.forget(*message);
    detail += " old=" + to_hex(old_digest) + " new=" + to_hex(what.digest) + " pack=" + what.pack + " pack_digest=" + what.pack_digest;
  }
  if (row.state == DeliveryState::parked) {
    TONGQU_CHECK(desk.store.move(row, Move{}, desk.now_ms()));
  } else {
    TONGQU_TRY(row.id, desk.store.insert_again(row, desk.now_ms()));
  }
  detail += " delivery=" + std::to_string(row.id) + " after=" + std::to_string(old) + " who=" + act.who + " why=" + act.reason;
  TONGQU_CHECK(desk.store.audit("redeliver", what.message_id, detail, what.digest, desk.now_ms()));
  return row.id;
}

} // namespace tongqu::journal::detail
