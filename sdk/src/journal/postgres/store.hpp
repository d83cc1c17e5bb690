#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>

#include "journal/lane_rules.hpp"
#include "journal/postgres/connection.hpp"
#include "journal/postgres/house.hpp"
#include "journal/postgres/rows.hpp"
#include "journal/postgres/statements.hpp"
#include "journal/postgres/turns.hpp"
#include "tongqu/base/clock.hpp"

namespace tongqu::journal::detail {

/// The rows in PostgreSQL. A transaction has the store alone, from begin() on: it takes one advisory lock, so that no two bridges write at
/// once, the audit chain is one, and nothing that was read can change before it is written.
///
/// It makes two journeys to the server, whatever the group holds: one brings the lock, the counters and every row that the operations said
/// they would read, the other takes everything that they have written and the commit. In between the rows live here.
class PgStore final : public LaneRules {
public:
  PgStore(std::shared_ptr<PgHouse> house, std::unique_ptr<PgConnection> connection, const JournalOptions& options, const StoreKeys& keys, const Clock& clock);
  ~PgStore() override;
  /// Reads the counters and the end of the chain. @errors journal.corrupt, journal.open (where: audit_key).
  Result<void> load();

  void foresee(const Foresight& foresight) override;
  Result<void> begin() override;
  void mark() override;
  bool forget_if_unwritten() override;
  Result<void> save() override;
  Result<void> release() override;
  void undo() override;
  Result<void> commit() override;
  void rollback() override;
  bool in_transaction() const noexcept override { return open_ && !connection_->lost(); }
  bool found_no_room() const noexcept override { return connection_->sqlstate() == "53100"; }
  bool shared() const noexcept override { return true; }
  bool content_changed_elsewhere() override { return std::exchange(content_changed_, false); }
  bool refused_a_row() const noexcept override { return refuses_row(connection_->sqlstate()); }
  bool lost() const noexcept override { return connection_->lost(); }
  Fate reconnect(bool closing) override;

  Result<void> audit(std::string_view kind, std::string_view subject, std::string_view detail, std::string_view digest, std::int64_t now_ms) override;
  const AuditTip& tip() const noexcept override { return live_.tip; }
  Result<std::optional<std::string>> chain_value(std::int64_t sequence) override;
  Result<std::int64_t> last_head() override;
  Result<std::string> entry_digests(std::int64_t from, std::int64_t to) override;
  Result<void> insert_head(std::int64_t sequence, std::string_view body, std::string_view signature) override;

  Result<std::optional<MessageRow>> known(std::string_view identity) override;
  Result<std::optional<MessageRow>> message(std::int64_t row) override;
  Result<MessageRow> whole_message(std::int64_t row) override;
  Result<void> insert_message(const PreparedIntake& prepared, const std::string& key_id, std::int64_t now_ms) override;
  Result<void> insert_refusal(const Refusal& refusal, std::int64_t now_ms) override;

  Result<std::vector<DeliveryRow>> due(const std::string& target, std::int64_t schedule_ms, std::size_t max) override;
  void foresee_records(const std::vector<std::int64_t>& messages) override { wanted_records_ = messages; }
  Result<std::optional<DeliveryRow>> delivery(std::int64_t id) override;
  Result<std::string> box(const MessageRow& message, Body which) override;
  std::int64_t last_message() const noexcept override { return live_.counters.last_message; }
  Result<std::optional<ReceiptRow>> receipt_before(const DeliveryRow& row) override;
  Result<void> set_apart(std::int64_t delivery, std::int64_t now_ms) override;
  Result<void> note_damage(std::string_view place, std::int64_t now_ms) override;

  Result<std::optional<std::int64_t>> message_row(std::string_view message_id) override;
  Result<std::vector<std::int64_t>> deliveries_of(std::int64_t message) override;
  Result<std::string> replace_content(std::int64_t message, const Content& content) override;
  Result<std::vector<std::int64_t>> left_claimed() override;
  Result<std::vector<std::int64_t>> due_after(std::int64_t at_ms) override;
  Result<std::vector<std::int64_t>> asked_before(std::int64_t at_ms) override;
  Result<std::string> backup_mark() override;
  Result<void> mark_restored(const std::string& backup_at, std::int64_t now_ms) override;
  Result<std::vector<std::int64_t>> waiting(std::size_t max) override;

  Result<std::vector<MessageRow>> old_messages(std::string_view system, std::int64_t before_ms, std::int64_t behind, std::int64_t max) override;
  Result<void> purge_bodies(MessageRow& row, RawBox raw, std::int64_t now_ms) override;
  Result<std::vector<std::int64_t>> purge_receipts(std::int64_t message, bool act) override;
  Result<std::vector<std::int64_t>> old_refusals(std::string_view system, std::int64_t before_ms, std::int64_t behind, std::int64_t max) override;
  Result<void> purge_refusals(const std::vector<std::int64_t>& ids) override;
  Result<void> refer(const std::string& name, std::int64_t message) override;
  Result<bool> referred(const std::string& name) override;
  Result<void> forget_references(std::int64_t message) override;
  Result<std::vector<MessageRow>> messages_of_other_keys(std::string_view key_id, std::int64_t behind, std::int64_t max) override;
  Result<std::vector<ReceiptRow>> receipts_of_other_keys(std::string_view key_id, std::int64_t behind, std::int64_t max) override;
  Result<void> replace_boxes(MessageRow& row, const std::array<std::string, 3>& boxes) override;
  Result<void> replace_receipt(const ReceiptRow& row) override;
  Result<bool> forget_other_keys(std::string_view key_id) override;

  Result<void> tidy_log(Pressure) override { return {}; }
  Result<void> close_log() override { return {}; }

private:
  /// How far on one is looked for that another has passed.
  static constexpr int kFollowFar = 8;
  struct Live {
    Counters counters;
    AuditTip tip;
  };
  /// A delivery as this transaction has it.
  struct Held {
    DeliveryRow row;
    std::optional<std::int64_t> due;
    enum class State : std::uint8_t { clean, due_changed, changed, added } state = State::clean;
  };
  /// Neighbours in one lane, as far as they are known; 0: there is none.
  struct Lane {
    std::map<std::int64_t, std::int64_t> before, after;
    std::optional<std::int64_t> last;
  };
  struct Entry {
    std::int64_t sequence, at_ms;
    std::string kind, subject, detail, digest, mac;
  };
  struct Boxes { std::string acknowledgement, canonical, raw; };
  struct DueList { std::vector<std::int64_t> ids; };

  // store.cpp: transactions.
  Result<void> begin_once();
  Result<void> take_gate(const std::vector<PgRows>& answers, std::size_t first_foreseen);
  Result<bool> free_gate();
  Result<void> register_again();
  Result<void> load_turns();
  Result<Fate> fate_on(PgConnection& connection, bool committing) const;
  void reset();
  void queue_foreseen();
  Result<void> take_foreseen(const std::vector<PgRows>& answers, std::size_t first);
  void forget_rows();
  void forget_wishes();
  Result<void> write_back(); ///< Sends what was written so far, for a statement that must see it.
  Result<PgRows> ask(PgSql which, const PgParams& params) { return connection_->ask(static_cast<std::size_t>(which), params); }
  Result<PgRows> ask_fresh(PgSql which, const PgParams& params);
  Result<void> load_records();
  Result<PgRows> ask_fresh(const char* sql, const PgParams& params = {});
  Result<std::vector<std::int64_t>> ids_of(const char* sql, const PgParams& params = {});

  // flush.cpp: what a transaction has written, by the array.
  void queue(PgSql which, const PgParams& params) { connection_->queue(static_cast<std::size_t>(which), params); }
  void queue_written();
  void queue_messages();
  void queue_deliveries();
  void queue_audit();
  void queue_small();
  bool anything_written() const;
  void written();

  // store_lanes.cpp: the rows of a lane.
  Held& hold(PgDelivery found, Held::State state = Held::State::clean);
  Result<Held*> held(std::int64_t id);
  void remember_between(std::int64_t hash, std::int64_t before, std::int64_t after);
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
  Result<std::optional<std::int64_t>> neighbour(std::int64_t hash, std::int64_t from, bool forward);
  std::vector<DeliveryRow> pick(const DueList& list, std::int64_t schedule_ms, std::size_t max) const;
  void take_due(const PgRows& rows, DueList& into);
  void take_settled(const PgRows& rows);
  PgParams settled_params(const std::vector<std::int64_t>& messages) const;
  std::int64_t far_before() const { return event_places_.empty() ? 1 : kPassedFar; }
  std::int64_t far_after() const { return event_places_.empty() ? 1 : kFollowFar; }

  const std::shared_ptr<PgHouse> house_;
  std::unique_ptr<PgConnection> connection_;
  const Clock& clock_;
  AuditChain chain_;
  PgChecks checks_;
  Live live_, saved_, begun_;
  PgTurns turns_;
  std::int64_t turns_of_ = 0;        ///< Our instance when the turns here are those of the store; else 0.
  std::int64_t content_epoch_ = 0, group_no_ = 0;
  bool content_changed_ = false, content_written_ = false;
  bool open_ = false, committing_ = false;
  bool patient_ = true;              ///< The server was there when it was needed last: worth waiting for.
  std::uint64_t writes_ = 0, marked_writes_ = 0;

  // What will be read.
  std::vector<std::int64_t> wanted_identities_, wanted_lanes_, wanted_deliveries_, wanted_records_;
  std::vector<Foresight::Due> wanted_due_;

  // Rows as they are in this transaction.
  std::unordered_map<std::int64_t, MessageRow> messages_;
  std::unordered_map<std::int64_t, std::vector<std::int64_t>> identities_; ///< Rows under a hash; all of them.
  std::map<std::int64_t, Held> deliveries_;
  std::set<std::int64_t> whole_messages_;                                  ///< All deliveries of these are here.
  std::unordered_map<std::int64_t, Lane> lanes_;
  std::unordered_map<std::int64_t, std::optional<ReceiptRow>> receipts_;
  std::unordered_map<std::int64_t, std::optional<std::string>> records_;   ///< Sealed canonical records.
  std::map<std::string, DueList> due_;

  // What is to be written.
  std::vector<std::int64_t> new_messages_;
  std::map<std::int64_t, Boxes> new_boxes_;
  std::size_t new_bytes_ = 0;
  std::vector<Entry> new_entries_;
  std::map<std::int64_t, ReceiptRow> new_receipts_;
  struct NewRefusal { std::int64_t id, at_ms, size; std::string system, error_id, place, peer, digest; };
  std::vector<NewRefusal> new_refusals_;
  std::map<std::int64_t, std::int64_t> new_claims_; ///< Delivery to fence.
  std::set<std::int64_t> ended_claims_;
  std::vector<std::pair<std::string, std::int64_t>> new_references_; ///< Name of an attachment, message.
};

/// Chain digests of the entries between two. @errors journal.audit_gap.
Result<std::string> read_pg_entry_digests(PgConnection& connection, std::int64_t from, std::int64_t to);

} // namespace tongqu::journal::detail
