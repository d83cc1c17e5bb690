#pragma once
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "journal/audit_chain.hpp"
#include "journal/rows.hpp"

namespace tongqu::journal::detail {

/// Sealed and ready to be written; what remains of an Intake.
struct PreparedIntake {
  Intake intake;       ///< `raw` is empty.
  std::string raw_box, canonical_box, acknowledgement_box;
  std::string raw_digest; ///< SM3 of the raw bytes.
};

/// Where a delivery goes and what is written with it.
struct Move {
  DeliveryState to = DeliveryState::ready;
  std::int64_t not_before_ms = 0;
  std::string_view error_id, reason, receipt_no, key_id, receipt_box;
};

/// What the operations of a group are going to read, for a store that is far away and would rather be asked once.
struct Foresight {
  std::vector<const Intake*> intakes;
  std::vector<std::int64_t> deliveries;
  struct Due { std::string target; std::int64_t schedule_ms = 0; std::size_t max = 0; };
  std::vector<Due> due;        ///< One for each target.
};

/// The rows of a store, for the one writer thread of a process. Every state change goes through `move`, which asserts that it is legal.
/// Every row is checked when it is read; a damaged one is never changed and never trusted, and stands in the way of its own case only.
class Ledger {
public:
  virtual ~Ledger() = default;

  // A transaction. Several processes may write into one store: then each has it alone from begin() to its end.
  virtual void foresee(const Foresight&) {}        ///< Before begin(): what will be read.
  virtual Result<void> begin() = 0;
  virtual void mark() = 0;                         ///< Before an operation.
  virtual bool forget_if_unwritten() = 0;          ///< Back to the mark, when no row was written since; false when one was.
  virtual Result<void> save() = 0;                 ///< Savepoint at the mark.
  virtual Result<void> release() = 0;
  virtual void undo() = 0;                         ///< Back to the savepoint.
  virtual Result<void> commit() = 0;
  virtual void rollback() = 0;
  virtual bool in_transaction() const noexcept = 0;
  virtual bool found_no_room() const noexcept = 0; ///< The last failure was a disk without room.

  /// Deliveries that are neither at their end nor with a person, as of the last transaction.
  virtual std::int64_t under_way() noexcept = 0;

  // What only a store that others write into as well has to tell.
  virtual bool shared() const noexcept { return false; }
  /// Since our last transaction another process has replaced the content of a message. Cleared by the call.
  virtual bool content_changed_elsewhere() { return false; }
  /// After a failed commit: one row was refused for what it is, so that its operation alone has to go.
  virtual bool refused_a_row() const noexcept { return false; }
  /// The store went away under the transaction. `reconnect` waits for it, for a while, and tells what became of the transaction.
  virtual bool lost() const noexcept { return false; }
  enum class Fate : std::uint8_t { stored, undone, not_known };
  virtual Fate reconnect(bool) { return Fate::not_known; }

  /// Appends to the audit chain.
  virtual Result<void> audit(std::string_view kind, std::string_view subject, std::string_view detail, std::string_view digest, std::int64_t now_ms) = 0;
  virtual const AuditTip& tip() const noexcept = 0;
  /// Chain value of an entry; nothing when it is not there.
  virtual Result<std::optional<std::string>> chain_value(std::int64_t sequence) = 0;

  /// Last entry that a stored head closes; 0 when there is none.
  virtual Result<std::int64_t> last_head() = 0;
  /// Digests of the entries between two, in order.
  virtual Result<std::string> entry_digests(std::int64_t from, std::int64_t to) = 0;
  virtual Result<void> insert_head(std::int64_t sequence, std::string_view body, std::string_view signature) = 0;

  /// The message that first used an identity. @errors journal.row_damaged when a row that may be that one cannot be trusted.
  virtual Result<std::optional<MessageRow>> known(std::string_view identity) = 0;
  virtual Result<std::optional<MessageRow>> message(std::int64_t row) = 0;
  /// As above, but it must be there and whole. @errors journal.row_damaged.
  virtual Result<MessageRow> whole_message(std::int64_t row) = 0;
  virtual Result<void> insert_message(const PreparedIntake& prepared, const std::string& key_id, std::int64_t now_ms) = 0;
  virtual Result<void> insert_deliveries(const Intake& intake, std::int64_t now_ms) = 0;
  virtual Result<void> insert_refusal(const Refusal& refusal, std::int64_t now_ms) = 0;

  /// Deliveries that may be claimed: half of them those whose time has come, the others those due at once in the fair order; one kind
  /// takes the room that the other leaves.
  virtual Result<std::vector<DeliveryRow>> due(const std::string& target, std::int64_t schedule_ms, std::size_t max) = 0;
  /// The records of these messages will be read next.
  virtual void foresee_records(const std::vector<std::int64_t>&) {}
  virtual Result<std::optional<DeliveryRow>> delivery(std::int64_t id) = 0;
  /// Sealed bodies, in the order of MessageRow::box_bytes, with a size that fits the row. @errors journal.row_damaged.
  enum class Body : std::uint8_t { acknowledgement, canonical, raw };
  virtual Result<std::string> box(const MessageRow& message, Body which) = 0;
  /// Row number of the message stored last.
  virtual std::int64_t last_message() const noexcept = 0;
  /// Receipt of the delivery before this one in its lane, skipping those that were not delivered. @errors journal.row_damaged.
  virtual Result<std::optional<ReceiptRow>> receipt_before(const DeliveryRow& row) = 0;
  /// ready -> sending, or an unknown one that is to be asked about; gives it the next fence.
  virtual Result<void> claim(DeliveryRow& row, std::int64_t now_ms) = 0;
  /// Ends a claim, if any, and moves. Moving unknown to unknown only writes the new reason and time.
  virtual Result<void> move(DeliveryRow& row, const Move& move, std::int64_t now_ms) = 0;
  /// Takes a damaged delivery out of the queue and notes it. The row itself stays as it is.
  virtual Result<void> set_apart(std::int64_t delivery, std::int64_t now_ms) = 0;
  /// Makes due what stands behind one that waits for an earlier event of its case and may pass it.
  virtual Result<void> release_earlier(const DeliveryRow& row) = 0;
  /// Notes a damaged row by name ("table id"), once, in its table and in the audit chain.
  virtual Result<void> note_damage(std::string_view place, std::int64_t now_ms) = 0;
  /// A person gives a damaged delivery up: what is left of the row is written as discarded.
  virtual Result<void> discard_damaged(DeliveryRow& row, std::string_view reason, std::int64_t now_ms) = 0;

  virtual Result<std::optional<std::int64_t>> message_row(std::string_view message_id) = 0;
  virtual Result<std::vector<std::int64_t>> deliveries_of(std::int64_t message) = 0;
  /// Whether a later delivery of the lane was delivered.
  virtual Result<bool> delivered_after(const DeliveryRow& row) = 0;
  /// Another delivery of the same message to the same target, ready; gives its number. There must be room among the targets.
  virtual Result<std::int64_t> insert_again(const DeliveryRow& row, std::int64_t now_ms) = 0;
  struct Content { std::string_view canonical_box, key_id, digest, pack, pack_digest; };
  virtual Result<std::string> replace_content(std::int64_t message, const Content& content) = 0; ///< Gives the old digest.
  /// Deliveries whose claims nobody holds any more: a dead process left them.
  virtual Result<std::vector<std::int64_t>> left_claimed() = 0;
  /// Deliveries that may be claimed only after a time.
  virtual Result<std::vector<std::int64_t>> due_after(std::int64_t at_ms) = 0;
  /// Another time for a delivery that may be claimed; nothing else changes.
  virtual Result<void> reschedule(DeliveryRow& row, std::int64_t not_before_ms) = 0;
  /// Deliveries with an unknown outcome that may be asked about before a time.
  virtual Result<std::vector<std::int64_t>> asked_before(std::int64_t at_ms) = 0;

  /// When this store was made out of a backup; empty when it is a store in its place.
  virtual Result<std::string> backup_mark() = 0;
  virtual Result<void> mark_restored(const std::string& backup_at, std::int64_t now_ms) = 0;
  /// Deliveries that wait for another target, oldest first.
  virtual Result<std::vector<std::int64_t>> waiting(std::size_t max) = 0;

  // What is old enough to go: purge.hpp.
  virtual Result<std::vector<MessageRow>> old_messages(std::string_view system, std::int64_t before_ms, std::int64_t behind, std::int64_t max) = 0;
  /// A reference to the message that has the raw bytes stays where it is: it tells whose batch this was.
  enum class RawBox : std::uint8_t { goes, stays };
  virtual Result<void> purge_bodies(MessageRow& row, RawBox raw, std::int64_t now_ms) = 0;
  virtual Result<std::vector<std::int64_t>> purge_receipts(std::int64_t message, bool act) = 0;
  virtual Result<std::vector<std::int64_t>> old_refusals(std::string_view system, std::int64_t before_ms, std::int64_t behind, std::int64_t max) = 0;
  virtual Result<void> purge_refusals(const std::vector<std::int64_t>& ids) = 0;

  // Which messages need which attachments, by the names of their files: attachment_operations.hpp.
  virtual Result<void> refer(const std::string& name, std::int64_t message) = 0;
  virtual Result<bool> referred(const std::string& name) = 0;
  virtual Result<void> forget_references(std::int64_t message) = 0;

  // What is sealed under another key than this one: reseal.hpp.
  virtual Result<std::vector<MessageRow>> messages_of_other_keys(std::string_view key_id, std::int64_t behind, std::int64_t max) = 0;
  virtual Result<std::vector<ReceiptRow>> receipts_of_other_keys(std::string_view key_id, std::int64_t behind, std::int64_t max) = 0;
  virtual Result<void> replace_boxes(MessageRow& row, const std::array<std::string, 3>& boxes) = 0;
  virtual Result<void> replace_receipt(const ReceiptRow& row) = 0;
  virtual Result<bool> forget_other_keys(std::string_view key_id) = 0; ///< False while something is left under one.

  /// Targets that got work in this transaction; emptied by the call.
  virtual std::set<std::string> take_ready() = 0;
  enum class Pressure : std::uint8_t { none, high };
  /// From now on the log is tidied on a thread of its own, as far as that goes.
  virtual Result<void> tidy_beside() { return {}; }
  virtual Result<void> tidy_log(Pressure pressure) = 0; ///< Checkpoints when the log has grown; under pressure much earlier.
  virtual Result<void> close_log() = 0; ///< The end: what was held back is written.
};

/// Reading beside the writer. Safe from several threads.
class Views {
public:
  virtual ~Views() = default;
  virtual Result<std::optional<Journal::Known>> find(std::string_view identity) = 0;
  virtual Result<Counts> counts() = 0;
  virtual Result<std::optional<MessageView>> message(std::string_view message_id) = 0;
  virtual Result<std::vector<MessageView>> messages_of_case(std::string_view system, std::string_view case_no) = 0;
  virtual Result<std::vector<DeliveryView>> deliveries(DeliveryState state, std::size_t max) = 0;
  virtual Result<Journal::Bodies> bodies(std::string_view message_id) = 0;
  virtual Result<std::string> receipt(std::int64_t delivery) = 0;
  /// Schedule time, 0 for at once.
  virtual Result<std::optional<std::int64_t>> next_due(std::string_view target) = 0;
};

} // namespace tongqu::journal::detail
