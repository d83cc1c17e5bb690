#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "journal/entry_digests.hpp"
#include "journal/fair_order.hpp"
#include "journal/lane_rules.hpp"
#include "journal/sealing.hpp"
#include "journal/sqlite/checkpointer.hpp"
#include "journal/sqlite/database.hpp"
#include "journal/sqlite/keys.hpp"
#include "journal/sqlite/rows.hpp"
#include "tongqu/journal/journal.hpp"

namespace tongqu::journal::detail {

/// @errors journal.audit_gap.
Result<std::string> read_entry_digests(Database& database, std::int64_t from, std::int64_t to);

/// The rows, for the one writer thread. Every state change goes through `move`, which asserts that it is legal. Every row is checked
/// when it is read; a damaged one is never changed and never trusted, and stands in the way of its own case only.
class Store final : public LaneRules {
public:
  /// Opens or creates, checks identity, durability, integrity and keys; brings an older schema up. @errors as Journal::open.
  static Result<std::unique_ptr<Store>> open(const JournalOptions& options, const Sealing& sealing);

  Result<void> begin() override;
  void mark() override;  ///< Before an operation.
  bool forget_if_unwritten() override;  ///< Back to the mark, when no row was written since; false when one was.
  Result<void> save() override;  ///< Savepoint at the mark.
  Result<void> release() override;
  void undo() override;  ///< Back to the savepoint.
  Result<void> commit() override;
  void rollback() override;
  bool in_transaction() const noexcept override { return database_->in_transaction(); }
  /// The last failure was a disk without room.
  bool found_no_room() const noexcept override { return database_->found_no_room(); }

  /// Appends to the audit chain.
  Result<void> audit(std::string_view kind, std::string_view subject, std::string_view detail, std::string_view digest, std::int64_t now_ms) override;
  const AuditTip& tip() const noexcept override { return live_.tip; }
  /// Chain value of an entry; nothing when it is not there.
  Result<std::optional<std::string>> chain_value(std::int64_t sequence) override;

  /// Last entry that a stored head closes; 0 when there is none.
  Result<std::int64_t> last_head() override;
  /// Digests of the entries between two, in order.
  Result<std::string> entry_digests(std::int64_t from, std::int64_t to) override;
  Result<void> insert_head(std::int64_t sequence, std::string_view body, std::string_view signature) override;

  /// The message that first used an identity. @errors journal.row_damaged when a row that may be that one cannot be trusted.
  Result<std::optional<MessageRow>> known(std::string_view identity) override;
  Result<std::optional<MessageRow>> message(std::int64_t row) override;
  /// As above, but it must be there and whole. @errors journal.row_damaged.
  Result<MessageRow> whole_message(std::int64_t row) override;
  Result<void> insert_message(const PreparedIntake& prepared, const std::string& key_id, std::int64_t now_ms) override;
  Result<void> insert_refusal(const Refusal& refusal, std::int64_t now_ms) override;

  /// Deliveries that may be claimed: half of them those whose time has come, the others those due at once in the fair order; one kind
  /// takes the room that the other leaves.
  Result<std::vector<DeliveryRow>> due(const std::string& target, std::int64_t schedule_ms, std::size_t max) override;
  Result<std::optional<DeliveryRow>> delivery(std::int64_t id) override;
  /// Sealed bodies, in the order of MessageRow::box_bytes, with a size that fits the row. @errors journal.row_damaged.
  Result<std::string> box(const MessageRow& message, Body which) override;
  /// Row number of the message stored last.
  std::int64_t last_message() const noexcept override { return live_.counters.last_message; }
  /// Receipt of the delivery before this one in its lane, skipping those that were not delivered. @errors journal.row_damaged.
  Result<std::optional<ReceiptRow>> receipt_before(const DeliveryRow& row) override;
  /// Takes a damaged delivery out of the queue and notes it. The row itself stays as it is.
  Result<void> set_apart(std::int64_t delivery, std::int64_t now_ms) override;
  /// Notes a damaged row by name ("table id"), once, in its table and in the audit chain.
  Result<void> note_damage(std::string_view place, std::int64_t now_ms) override;

  Result<std::optional<std::int64_t>> message_row(std::string_view message_id) override;
  Result<std::vector<std::int64_t>> deliveries_of(std::int64_t message) override;
  Result<std::string> replace_content(std::int64_t message, const Content& content) override;  ///< Gives the old digest.
  /// Deliveries that a dead process left claimed.
  Result<std::vector<std::int64_t>> left_claimed() override;
  /// Deliveries that may be claimed only after a time.
  Result<std::vector<std::int64_t>> due_after(std::int64_t at_ms) override;
  /// Deliveries with an unknown outcome that may be asked about before a time.
  Result<std::vector<std::int64_t>> asked_before(std::int64_t at_ms) override;

  /// When this file was made as a backup; empty when it is a store in its place.
  Result<std::string> backup_mark() override;
  Result<void> mark_restored(const std::string& backup_at, std::int64_t now_ms) override;
  /// Deliveries that wait for another target, oldest first.
  Result<std::vector<std::int64_t>> waiting(std::size_t max) override;

  // What is old enough to go: purge.hpp.
  Result<std::vector<MessageRow>> old_messages(std::string_view system, std::int64_t before_ms, std::int64_t behind, std::int64_t max) override;
  Result<void> purge_bodies(MessageRow& row, RawBox raw, std::int64_t now_ms) override;
  Result<std::vector<std::int64_t>> purge_receipts(std::int64_t message, bool act) override;
  Result<std::vector<std::int64_t>> old_refusals(std::string_view system, std::int64_t before_ms, std::int64_t behind, std::int64_t max) override;
  Result<void> purge_refusals(const std::vector<std::int64_t>& ids) override;

  // Which messages need which attachments, by the names of their files: attachment_operations.hpp.
  Result<void> refer(const std::string& name, std::int64_t message) override;
  Result<bool> referred(const std::string& name) override;
  Result<void> forget_references(std::int64_t message) override;

  // What is sealed under another key than this one: reseal.hpp.
  Result<std::vector<MessageRow>> messages_of_other_keys(std::string_view key_id, std::int64_t behind, std::int64_t max) override;
  Result<std::vector<ReceiptRow>> receipts_of_other_keys(std::string_view key_id, std::int64_t behind, std::int64_t max) override;
  Result<void> replace_boxes(MessageRow& row, const std::array<std::string, 3>& boxes) override;
  Result<void> replace_receipt(const ReceiptRow& row) override;
  Result<bool> forget_other_keys(std::string_view key_id) override;  ///< False while something is left under one.

  Result<void> tidy_beside() override;
  Result<void> tidy_log(Pressure pressure) override;  ///< Checkpoints when the log has grown; under pressure much earlier.
  Result<void> close_log() override;  ///< Writes the keys that were held back and empties the log.
  std::shared_ptr<const RecentKeys> recent() const noexcept { return recent_; }

private:
  struct Live {
    Counters counters;
    AuditTip tip;
    std::size_t keys_added = 0;   ///< In this transaction.
    std::size_t keys_written = 0; ///< Of the old ones.
  };
  Store(std::unique_ptr<Database> database, const JournalOptions& options, const StoreKeys& keys)
      : LaneRules(options.event_places), database_(std::move(database)), filter_(database_->path()), keys_held_back_(options.keys_held_back), signs_heads_(!options.audit_sign_key_pem.empty()), chain_(options.audit_key), checks_(keys.rows),
        hash_(keys.index) {}
  Result<void> load();
  Result<void> load_tip();
  Result<void> write_counters();
  Result<void> write_key(const Key& key);
  Result<void> write_keys(std::size_t count);
  std::size_t lot() const;
  std::size_t indexed_keys() const;
  bool fold_is_due(int pages);
  void add_key(std::int64_t hash, std::int64_t id);
  void take_back_keys(std::size_t keep);
  Counters& counters() noexcept override { return live_.counters; }
  Result<std::optional<DeliveryRow>> nearest_in_lane(const DeliveryRow& row, std::int64_t from, bool forward) override;
  Result<std::vector<DeliveryRow>> followers(const DeliveryRow& finished) override;
  Result<void> insert_delivery(DeliveryRow& row, std::int64_t now_ms) override;
  Result<void> insert_between(DeliveryRow& row, std::int64_t now_ms) override;
  Result<void> write_claim(const DeliveryRow& row) override;
  Result<void> update(const DeliveryRow& row, std::optional<std::int64_t> due_ms) override;
  Result<void> set_due(std::int64_t delivery, std::optional<std::int64_t> due_ms) override;
  Result<void> put_receipt(ReceiptRow row) override;
  std::int64_t due_of(const DeliveryRow& row) override;
  void note_due(const std::string& target, std::int64_t due_ms, std::int64_t delivery) override;
  Result<std::optional<std::int64_t>> nearest_key(std::int64_t hash, std::int64_t from, bool forward);
  Result<void> add_fair(const std::string& target, std::size_t max, std::vector<DeliveryRow>& found);

  std::unique_ptr<Database> database_;
  KeyFilter filter_;
  std::vector<Statement> statements_;
  /// A lot of keys: at most two are in memory, and they are read from their rows after a crash.
  const std::size_t keys_held_back_;
  const bool signs_heads_;
  EntryDigests digests_;            ///< Of entries that no head closes yet.
  AuditChain chain_;
  RowChecks checks_;
  KeyHash hash_;
  std::shared_ptr<RecentKeys> recent_ = std::make_shared<RecentKeys>();
  std::optional<KeyTable> keys_;
  Live live_, saved_, begun_;
  std::vector<Key> added_;          ///< Keys of this transaction, to be taken back with it.
  std::int64_t old_upto_ = 0;       ///< Last message whose keys are among the old ones.
  std::int64_t marked_changes_ = 0;
  /// Newest deliveries that were the first of their lane when they were stored, each at the place that its message's number gives. They stay
  /// the first: what is stored later stands behind, and a second delivery of a message that stood before them would have had a first.
  std::vector<std::int64_t> firsts_ = std::vector<std::int64_t>(kFirsts);
  static constexpr std::size_t kFirsts = 16384;
  FairOrder order_;
  /// For each target the place (and id) in the fair order up to which all are handed out. Forgotten on every doubt.
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> handed_out_;
  std::unique_ptr<Checkpointer> beside_;
  int asked_at_pages_ = 0; ///< Pages in the log when it was asked last.
  int fold_at_pages_ = 0;  ///< Pages in the log with which the writer moves the rest.
};

} // namespace tongqu::journal::detail
