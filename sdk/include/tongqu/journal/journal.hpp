#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/call_context.hpp"
#include "tongqu/base/clock.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/base/secret.hpp"
#include "tongqu/journal/attachments.hpp"

/// The durable record: what was taken in, deduplicated, sent and answered, with its audit chain. One writer, group commit.
namespace tongqu::journal {

/// State of one delivery (one message to one target). Legal moves are in docs/reference/journal.md; anything else is a bug.
enum class DeliveryState : std::uint8_t {
  waiting,    ///< Committed; waits for a predecessor or a schedule.
  ready,      ///< May be claimed when it is the first unfinished one of its case and target.
  sending,    ///< Claim committed; a worker holds it under a fencing number.
  unknown,    ///< A byte may have left and no matched receipt came back.
  delivered,  ///< A matched receipt is stored.
  refused,    ///< The platform said no.
  held,       ///< Our side wants a person; nothing was sent.
  parked,     ///< Poison; blocks its own case until an operator acts.
  discarded,  ///< By an operator, with a reason.
};
std::string_view state_name(DeliveryState state) noexcept;
bool is_final(DeliveryState state) noexcept;                      ///< delivered, refused, discarded.
bool legal_move(DeliveryState from, DeliveryState to) noexcept;

/// One message as the bridge hands it in. Everything here is committed in one transaction or not at all.
struct Intake {
  std::string message_id;        ///< Ours, unique, at most 64 ASCII characters.
  std::string system;            ///< Source system.
  std::string identity;          ///< Business identity of the event: the dedup key, UTF-8, at most 1024 bytes.
  std::string digest;            ///< 32 bytes: SM3 of the canonical record, or of the raw bytes when held unmapped.
  std::string digest_input;      ///< In place of `digest`: the text whose SM3 it is. The journal takes it while it seals, for next to nothing.
  std::string case_key;          ///< Order key: organisation, item and case.
  std::string case_no;           ///< For people and status queries; sealed at rest is not needed, it names no person.
  std::string event;             ///< Name of the event, for people.
  std::string pack;              ///< "system@version".
  std::string pack_digest;       ///< Digest of pack content and tables, 64 hex.
  std::string raw;               ///< The delivery as received (sealed at rest).
  std::string canonical;         ///< Canonical JSON (sealed at rest); empty when held before a record existed.
  std::string acknowledgement;   ///< What the caller is told, stored and repeated byte for byte (sealed at rest).
  std::string findings;          ///< JSON array of findings, free of personal data.
  struct Target { std::string name; DeliveryState state = DeliveryState::ready; std::string after, reason, error_id{}; };
  std::vector<std::string> attachments{}; ///< SM3 of each attachment that the record names, 32 bytes; all must be stored unless every target is held.
  std::vector<Target> targets;   ///< One delivery each: ready, waiting (behind `after`), held or parked (with reason).
};

/// A refused intake: nothing is kept but this.
struct Refusal {
  std::string system;            ///< May be empty when not known.
  std::string error_id;
  std::string where;
  std::string peer;
  std::uint64_t size = 0;
  std::string digest;            ///< HMAC-SM3 of the bytes under the store's key, 32 bytes; computed by the journal when empty and `bytes` is given.
  std::string_view bytes;        ///< Not kept.
};

/// Messages of one delivery, in its order.
struct IntakeBatch {
  std::string raw;               ///< The delivery as received. Kept once, with the first message that is new; bodies() gives it for each.
  std::vector<Intake> intakes;   ///< Their own `raw` is empty.
  std::vector<Refusal> refusals; ///< Records of the delivery that were refused; without a digest they get that of `raw`.
};

enum class IntakeVerdict : std::uint8_t { stored, duplicate, conflict };

struct IntakeOutcome {
  IntakeVerdict verdict = IntakeVerdict::stored;
  std::string message_id;        ///< Of the stored message: ours, or the first one's.
  std::string acknowledgement;   ///< First acknowledgement, for stored and duplicate.
  std::string pack;              ///< Pack version that mapped the stored one, for conflict.
  std::string pack_digest;
};

/// A delivery handed to a worker.
struct Claim {
  std::int64_t delivery = 0;
  std::int64_t fence = 0;        ///< Must be given back; a settlement under another fence is refused.
  std::string message_id;
  std::string target;
  std::string system;
  std::string case_key;
  std::string case_no;
  std::string event;
  std::string identity;
  std::shared_ptr<const std::string> canonical;  ///< Never null. Shared: whoever has the plan of a message never looks at its record.
  std::string parent_receipt;    ///< Receipt of the message delivered just before it for the same case and target; may be empty.
  int attempt = 1;               ///< 1 for the first send; every claim counts, those that only ask too.
  bool query_first = false;      ///< It was unknown, and stays so while claimed: ask the platform; settle as ready when it knows nothing.
};

/// What became of a claim.
struct Settlement {
  std::int64_t delivery = 0;
  std::int64_t fence = 0;
  DeliveryState state = DeliveryState::delivered;  ///< delivered, refused, unknown, ready (only if no byte left), parked (the same); no other.
  std::string receipt;           ///< Platform's proof, as text (sealed at rest).
  std::string receipt_no;        ///< Its number, for people.
  std::string error_id;          ///< For refused, unknown, ready, parked.
  std::string reason;            ///< Bilingual JSON or platform code, free of personal data.
  UtcMillis not_before{};        ///< For ready and unknown: earliest next try.
};

/// What a person has sent again.
struct Redelivery {
  std::string message_id, target;
  bool overtake = false;         ///< Also when a later event of the case was delivered already.
  std::string canonical, digest, pack, pack_digest;  ///< A record mapped again; empty: the one that is stored.
};

struct DeliveryView {
  std::int64_t delivery = 0;
  std::string message_id, target, system, case_no, event, error_id, reason, receipt_no;
  DeliveryState state = DeliveryState::ready;
  int attempts = 0;
  UtcMillis created{}, changed{}, not_before{};
  bool damaged = false;           ///< The row does not fit its check value: what stands here is as it was read and proves nothing.
};

struct MessageView {
  std::string message_id, system, identity, case_no, event, pack, findings;
  UtcMillis created{};
  bool damaged = false;           ///< As above; deliveries have their own.
  std::vector<DeliveryView> deliveries;
};

struct Counts {
  std::int64_t messages = 0;
  std::int64_t by_state[9] = {};  ///< Deliveries, indexed by DeliveryState.
  std::int64_t refusals = 0;      ///< Refused intakes of which only a digest is kept.
  std::int64_t damaged = 0;       ///< Rows that were found damaged and set apart.
};

/// What the writer's thread has done since the journal was opened, and where its time went. Of a journal that is only read: nothing.
struct WriterWork {
  std::int64_t groups = 0;          ///< Transactions for waiting operations; each costs one sync.
  std::int64_t operations = 0;      ///< Intakes, claims, settlements, acts.
  std::chrono::nanoseconds queued{0};     ///< Sum over the operations, from being handed over to the begin of their group.
  std::chrono::nanoseconds applying{0};   ///< Inside transactions, before their commit.
  std::chrono::nanoseconds committing{0}; ///< With the sync.
  std::chrono::nanoseconds completing{0}; ///< Callbacks.
  std::chrono::nanoseconds tidying{0};    ///< Checkpoints of the log and heads of the audit chain.
};

/// A store in PostgreSQL that several bridges share. See docs/reference/journal-postgres.md.
struct PostgresOptions {
  Secret connection;             ///< What libpq takes: "host=… dbname=… user=… password=…" or a URI.
  std::string schema = "tongqu"; ///< Lower-case letters, digits and '_'. Everything of the store is in it.
  std::chrono::milliseconds outage{10000};       ///< Work waits so long for a server that is away, and then fails with journal.server_away.
  std::chrono::milliseconds clock_skew_max{5000}; ///< Between this host and the server, at opening. 0: not looked at.
};

struct JournalOptions {
  std::string path;              ///< Database file; "<path>.lock" is the instance lock. With `postgres`, only the name of the files beside it.
  std::optional<PostgresOptions> postgres; ///< The store is there instead of in a file.
  bool create = true;            ///< Create when missing.
  Secret seal_key;               ///< 32 bytes; key id in `key_id`.
  std::string key_id = "k1";
  struct EarlierKey { std::string key_id; Secret seal_key; };
  std::vector<EarlierKey> earlier_keys;   ///< Keys that only open: rows sealed before the key was changed name theirs.
  Secret audit_key;              ///< HMAC-SM3 key of the audit chain.
  std::string audit_head_file;   ///< Where the signed head is written, outside the store; empty: none.
  Secret audit_sign_key_pem;     ///< SM2 private key that signs heads; empty: heads are not signed.
  /// A head file that is gone or does not belong to the chain: noted in the chain, or opening is refused with
  /// journal.audit_head (with journal.audit_cut when the chain ends before it).
  enum class LostHead : std::uint8_t { noted, refused };
  LostHead lost_head = LostHead::noted;
  std::int64_t head_every_entries = 1000;
  std::chrono::milliseconds head_every{5000};
  std::size_t group_max = 512;            ///< Operations in one commit.
  std::size_t queue_max = 8192;           ///< Operations waiting; beyond it intake is refused with journal.busy.
  std::int64_t backlog_max = 0;           ///< Deliveries not at their end and not with a person; with so many intake is refused with journal.busy. 0: no bound.
  std::size_t keys_held_back = 49152;     ///< Keys (three for a message with one target) that are kept in memory and written in order.
  std::chrono::milliseconds waiting_limit{0}; ///< A delivery that waits longer for another target is held with journal.predecessor_late; 0: none.
  /// Places of events in the life of a case. An event to which a platform says platform.predecessor_missing lets those of its case pass
  /// that have a lower place, and is tried again as soon as one of them is delivered; past `waiting_limit` it is parked with
  /// journal.predecessor_late. One that is not named here neither passes nor is passed.
  std::map<std::string, int> event_places;
  std::int64_t low_water_bytes = 0;       ///< With less free room intake gets journal.disk_low; it comes back by itself. 0: never.
  std::int64_t ballast_bytes = 0;         ///< Size of "<path>.ballast", given up when a write finds no room. 0: none.
  std::chrono::milliseconds lease{60000}; ///< A claim older than this may be taken back to unknown.
  std::int64_t attachment_bytes_max = std::int64_t{1} << 30U;  ///< Of one attachment.
  std::chrono::hours attachment_unreferenced{24};              ///< An attachment that no message names is kept so long.
  std::chrono::milliseconds ask_after{0}; ///< A send that was taken back is asked about after this: its request may still be on its way.
};

/// The store. All members are safe from several threads; callbacks run on the journal's writer thread and must be short.
class Journal {
public:
  virtual ~Journal() = default;

  /// Opens or creates. Takes the instance lock, refuses anything but WAL with synchronous=FULL, checks schema version and integrity,
  /// turns claims left by a dead process into `unknown` (query first). A store in PostgreSQL is shared: see docs/reference/journal-postgres.md.
  /// @errors journal.locked, journal.open, journal.weak_durability, journal.schema, journal.corrupt (fix_setup).
  static Result<std::unique_ptr<Journal>> open(JournalOptions options, std::shared_ptr<Clock> clock);

  /// Stores a message: dedup key, digest, message, deliveries and audit entry in one transaction shared with its neighbours; the
  /// callback runs after the commit returned (fsync included). Seals on the calling thread.
  /// @errors in the callback: journal.busy, journal.disk_low, journal.write (retry_later), journal.row_damaged, journal.attachment_missing.
  virtual void accept(Intake intake, std::function<void(Result<IntakeOutcome>)> done) = 0;
  /// Several that are ready at the same time, each as `accept` would take it; sealed side by side, which costs each half as much.
  /// For want of memory some or all get journal.busy; nothing is thrown.
  struct Accepting { Intake intake; std::function<void(Result<IntakeOutcome>)> done; };
  virtual void accept_each(std::vector<Accepting> several);
  virtual Result<IntakeOutcome> accept_and_wait(Intake intake) = 0;
  /// Stores all messages of one delivery in one transaction, all or none, and gives an outcome for each in the same order: some may be
  /// new, others known. A message may repeat the identity of an earlier one of the batch. Memory is that of the sealed bodies.
  /// @errors in the callback: as accept; journal.intake_invalid names the record.
  virtual void accept_all(IntakeBatch batch, std::function<void(Result<std::vector<IntakeOutcome>>)> done) = 0;

  /// Looks a business identity up without writing: its stored digest and acknowledgement.
  struct Known { std::string message_id, digest, acknowledgement, pack, pack_digest; };
  virtual Result<std::optional<Known>> find(std::string_view identity) = 0;

  /// Records a refused intake (digest only) in the refusal ledger and the audit chain; grouped, not waited for.
  virtual void refuse(Refusal refusal) = 0;

  /// Claims up to `max` deliveries of a target that are ready, due and first of their case, oldest first; the callback gets them after
  /// the claim is committed. An empty answer means nothing is due.
  virtual void claim(std::string target, std::size_t max, std::function<void(Result<std::vector<Claim>>)> done) = 0;
  /// Settles claims, grouped; the callback runs after the commit. A stale fence is journal.stale_claim for that settlement and changes nothing.
  virtual void settle(Settlement settlement, std::function<void(Result<void>)> done) = 0;

  /// Earliest time at which something of a target may become due; nothing when nothing waits.
  virtual std::optional<UtcMillis> next_due(const std::string& target) = 0;
  /// Called on the writer thread when new work for a target may be ready.
  virtual void on_ready(std::function<void(const std::string& target)> listener) = 0;

  // Reading, for status, hold lists and people. Never blocks the writer for long.
  virtual Result<Counts> counts() = 0;
  virtual WriterWork writer_work() const { return {}; }
  virtual Result<std::optional<MessageView>> message(std::string_view message_id) = 0;
  virtual Result<std::vector<MessageView>> messages_of_case(std::string_view system, std::string_view case_no) = 0;
  virtual Result<std::vector<DeliveryView>> deliveries(DeliveryState state, std::size_t max) = 0;
  /// Raw bytes and canonical record of a message, opened. @errors journal.not_found, crypto.seal_broken.
  struct Bodies { std::string raw, canonical, acknowledgement; };
  virtual Result<Bodies> bodies(std::string_view message_id) = 0;
  virtual Result<std::string> receipt(std::int64_t delivery) = 0;

  // Acts of a person; each is audited with who and why.
  struct Act { std::string who; std::string reason; };
  /// held -> ready with a new canonical record (mapped again) whose digest is audited beside the old one.
  virtual Result<void> release(std::string_view message_id, std::string canonical, std::string digest, std::string pack, std::string pack_digest, const Act& act) = 0;
  /// held or parked -> discarded.
  virtual Result<void> discard(std::string_view message_id, const std::string& target, const Act& act) = 0;
  /// unknown -> delivered, or unknown -> ready (absent).
  enum class Resolution : std::uint8_t { delivered, absent };
  virtual Result<void> resolve(std::int64_t delivery, Resolution resolution, const Act& act) = 0;
  /// parked -> ready.
  virtual Result<void> unpark(std::int64_t delivery, const Act& act) = 0;
  /// Has a message sent to a target again: a parked delivery becomes ready; behind one that is refused, discarded or delivered comes a new
  /// delivery, which later events of the case wait for. Gives its number. With `preview`, only says whether it would.
  /// @errors journal.not_found, journal.illegal_move (it is on its way, or held), bridge.replay_overtaken.
  enum class Redo : std::uint8_t { act, preview };
  virtual Result<std::int64_t> redeliver(Redelivery what, const Act& act, Redo redo) = 0;
  /// Removes what is finished and older than its time, a page to a transaction, each with an audit entry that proves what went. The dedup
  /// key, the digest, the states, the acknowledgement and the audit chain stay. Gives how many; with `preview`, how many it would be.
  /// @errors journal.retention_floor (less than 180 days).
  struct Purge {
    enum class What : std::uint8_t { bodies, receipts, refusals } what = What::bodies;
    std::string system;            ///< Empty: of every system.
    std::chrono::hours older_than{180 * 24};
  };
  virtual Result<std::int64_t> purge(const Purge& what, const Act& act, Redo redo);
  /// Seals everything under the key in force that stands under an earlier one, a page to a transaction, while work goes on. Gives how many
  /// rows; afterwards, unless rows are left that do not open, the earlier keys are needed no more.
  virtual Result<std::int64_t> reseal(const Act& act);
  /// The attachments beside this store; null when it keeps none.
  virtual Attachments* attachments() noexcept { return nullptr; }
  /// Says that a message needs attachments, as a record that was mapped again names them. @errors journal.attachment_missing, not_found.
  virtual Result<void> refer(std::string_view message_id, const std::vector<std::string>& digests);
  /// Removes the attachments that no message needs and whose time is over, with an audit entry. Gives how many.
  virtual Result<std::int64_t> sweep_attachments();
  /// Adds an entry to the audit chain (configuration change, start, stop). `what` is free of personal data.
  virtual Result<void> note(std::string_view what, const Act& act) = 0;

  /// Drains the queue, writes the audit head, closes. Later calls fail with journal.closed.
  virtual void close() = 0;
};

/// Offline check of the audit chain, read-only; does not take the instance lock.
struct VerifyReport {
  std::int64_t entries = 0;
  std::int64_t first_broken = 0;      ///< Sequence of the first broken entry; 0 when whole.
  std::string problem;                ///< Error id: journal.audit_broken, journal.audit_gap, journal.audit_cut, journal.audit_head.
  std::int64_t head_sequence = 0;     ///< Of the signed head outside the store; 0 when none was given.
  bool ok() const noexcept { return first_broken == 0 && problem.empty(); }
};
struct VerifyOptions {
  std::string path;
  std::optional<PostgresOptions> postgres;
  Secret audit_key;
  std::string audit_head_file;        ///< May be empty.
  std::string audit_public_key_pem;   ///< Needed when the head is signed.
};
Result<VerifyReport> verify_audit(const VerifyOptions& options);

/// Read-only view of a store for commands beside a running bridge. Only the reading members work; the others give journal.read_only.
Result<std::unique_ptr<Journal>> open_read_only(JournalOptions options);

} // namespace tongqu::journal
