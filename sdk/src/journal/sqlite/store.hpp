#pragma once
#include <array>
#include <optional>
#include <set>

#include "journal/audit_chain.hpp"
#include "journal/fair_order.hpp"
#include "journal/sealing.hpp"
#include "journal/sqlite/database.hpp"
#include "tongqu/journal/journal.hpp"

namespace tongqu::journal::detail {

/// A delivery's id is its message's row number times this plus its place among the targets, so that both directions need no index.
constexpr std::int64_t kTargetsMax = 64;
inline std::int64_t message_of(std::int64_t delivery) { return delivery / kTargetsMax; }

/// Sealed and ready to be written; what remains of an Intake.
struct PreparedIntake {
  Intake intake;       ///< `raw` is empty.
  std::string raw_box, canonical_box, acknowledgement_box;
};

/// The message that first used an identity.
struct StoredMessage {
  std::string message_id, digest, pack, pack_digest, key_id, acknowledgement_box;
};

struct DeliveryRow {
  std::int64_t id = 0;
  std::string target, case_key, after, error_id, reason;
  DeliveryState state = DeliveryState::waiting;
  std::int64_t not_before_ms = 0, fence = 0;
  std::int64_t due_ms = 0;                       ///< As the row has it; 0 when it has none.
  int attempts = 0;
};

/// Where a delivery goes and what is written with it.
struct Move {
  DeliveryState to = DeliveryState::ready;
  std::int64_t not_before_ms = 0;
  std::string_view error_id, reason, receipt_no, key_id, receipt_box;
};

struct MessageForClaim {
  std::string message_id, system, case_no, event, identity;
};

struct ReceiptBox {
  std::int64_t delivery = 0;
  std::string box, key_id;
};

/// Counters that live in one row, written once per group.
struct Counters {
  std::int64_t last_message = 0, messages = 0, refusals = 0, fence = 0;
  std::array<std::int64_t, 9> states{};
  bool operator==(const Counters& other) const {
    return last_message == other.last_message && messages == other.messages && refusals == other.refusals && fence == other.fence &&
           states == other.states;
  }
};

/// The rows, for the one writer thread. Every state change goes through `move`, which asserts that it is legal.
class Store {
public:
  /// Opens or creates, checks identity, durability, integrity and keys. @errors as Journal::open.
  static Result<std::unique_ptr<Store>> open(const JournalOptions& options, const Sealing& sealing);

  Result<void> begin();
  void mark();                 ///< Before an operation.
  bool forget_if_unwritten();  ///< Back to the mark, when no row was written since; false when one was.
  Result<void> save();         ///< Savepoint at the mark.
  Result<void> release();
  void undo();                 ///< Back to the savepoint.
  Result<void> commit();
  void rollback();
  bool in_transaction() const noexcept { return database_->in_transaction(); }

  /// Appends to the audit chain.
  Result<void> audit(std::string_view kind, std::string_view subject, std::string_view detail, std::string_view digest, std::int64_t now_ms);
  const AuditTip& tip() const noexcept { return live_.tip; }
  /// Chain value of an entry; nothing when it is not there.
  Result<std::optional<std::string>> chain_value(std::int64_t sequence);

  /// False when the identity is known already.
  Result<bool> insert_message(const PreparedIntake& prepared, const std::string& key_id, std::int64_t now_ms);
  Result<StoredMessage> stored(std::string_view identity);
  Result<bool> knows(std::string_view identity);
  Result<void> insert_deliveries(const Intake& intake, std::int64_t now_ms);
  Result<void> insert_refusal(const Refusal& refusal, std::int64_t now_ms);

  /// Deliveries that may be claimed: half of them those whose time has come, the others those due at once in the fair order; one kind
  /// takes the room that the other leaves.
  Result<std::vector<std::int64_t>> due(std::string_view target, std::int64_t schedule_ms, std::size_t max);
  Result<std::optional<DeliveryRow>> delivery(std::int64_t id);
  Result<MessageForClaim> message_for_claim(std::int64_t message);
  struct CanonicalBox { std::string box, key_id; };
  Result<CanonicalBox> canonical_box(std::int64_t message);
  /// Row number of the message stored last.
  std::int64_t last_message() const noexcept { return live_.counters.last_message; }
  /// Receipt of the delivery before this one in its lane, skipping those that were not delivered.
  Result<std::optional<ReceiptBox>> receipt_before(const DeliveryRow& row);
  /// ready -> sending, or an unknown one that is to be asked about; gives it the next fence.
  Result<void> claim(DeliveryRow& row, std::int64_t now_ms);
  /// Ends a claim, if any, and moves. Moving unknown to unknown only writes the new reason and time.
  Result<void> move(DeliveryRow& row, const Move& move, std::int64_t now_ms);

  Result<std::optional<std::int64_t>> message_row(std::string_view message_id);
  Result<std::vector<std::int64_t>> deliveries_of(std::int64_t message);
  /// Whether a later delivery of the lane was delivered.
  Result<bool> delivered_after(const DeliveryRow& row);
  /// Another delivery of the same message to the same target, ready; gives its number. There must be room among the targets.
  Result<std::int64_t> insert_again(const DeliveryRow& row, std::int64_t now_ms);
  struct Content { std::string_view canonical_box, key_id, digest, pack, pack_digest; };
  Result<std::string> replace_content(std::int64_t message, const Content& content); ///< Gives the old digest.
  /// Deliveries that a dead process left claimed.
  Result<std::vector<std::int64_t>> left_claimed();

  /// Targets that got work in this transaction; emptied by the call.
  std::set<std::string> take_ready();
  Result<void> tidy_log(); ///< Checkpoints when the log has grown.
  Result<void> close_log();

private:
  struct Live {
    Counters counters;
    AuditTip tip;
  };
  Store(std::unique_ptr<Database> database, const JournalOptions& options) : database_(std::move(database)), chain_(options.audit_key) {}
  Result<void> load();
  Result<void> check_keys(const Sealing& sealing);
  Result<void> write_counters();
  Result<void> update(const DeliveryRow& row, const Move& move, std::optional<std::int64_t> due_ms, std::int64_t now_ms);
  Result<bool> blocked(const DeliveryRow& row);
  /// What is written as due time for a delivery that may be claimed: its time, or a place in the fair order when that has come.
  std::int64_t due_of(const DeliveryRow& row);
  Result<void> add_due(Statement& statement, std::string_view target, std::size_t max, std::vector<std::int64_t>& found);
  Result<void> release_next(const DeliveryRow& finished);
  Result<void> release_followers(const DeliveryRow& finished, std::int64_t now_ms);

  std::unique_ptr<Database> database_;
  std::vector<Statement> statements_;
  AuditChain chain_;
  Live live_, saved_, begun_;
  std::int64_t marked_changes_ = 0;
  std::set<std::string> ready_;
  FairOrder order_;
};

} // namespace tongqu::journal::detail
