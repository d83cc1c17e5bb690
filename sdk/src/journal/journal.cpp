#include "tongqu/journal/journal.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <set>

#include "journal/accept_all.hpp"
#include "journal/attachment_operations.hpp"
#include "journal/audit_head.hpp"
#include "journal/disk_watch.hpp"
#include "journal/files.hpp"
#include "journal/instance_lock.hpp"
#include "journal/operations.hpp"
#include "journal/or_busy.hpp"
#include "journal/prepare.hpp"
#include "journal/purge.hpp"
#include "journal/redeliver.hpp"
#include "journal/reseal.hpp"
#include "journal/postgres/postgres.hpp"
#include "journal/sqlite/reader.hpp"
#include "journal/sqlite/store.hpp"
#include "journal/stepped.hpp"
#include "journal/writer.hpp"

namespace tongqu::journal {
namespace {

using detail::Desk;
using detail::Move;

Error invalid(const char* where) { return Error(Errc::journal_intake_invalid).at(where); }

std::string act_text(const Journal::Act& act) { return " who=" + act.who + " why=" + act.reason; }

/// Moves those deliveries of a message that are in one of two states; at least one must be.
Result<void> move_all(Desk& desk, std::int64_t message, const std::string& target, std::set<DeliveryState> from, const Move& move) {
  TONGQU_TRY(const auto ids, desk.store.deliveries_of(message));
  bool moved = false;
  for (const std::int64_t id : ids) {
    TONGQU_TRY(auto row, desk.store.delivery(id));
    if (!row || (!target.empty() && row->target != target)) continue;
    if (row->damaged) {
      if (move.to != DeliveryState::discarded) return detail::damaged_row("deliveries", id);
      TONGQU_CHECK(desk.store.discard_damaged(*row, move.reason, desk.now_ms()));
      moved = true;
      continue;
    }
    if (from.count(row->state) == 0) continue;
    TONGQU_CHECK(desk.store.move(*row, move, desk.now_ms()));
    moved = true;
  }
  if (!moved) return Error(Errc::journal_illegal_move);
  return {};
}

class StoredJournal final : public Journal {
public:
  StoredJournal(JournalOptions options, std::shared_ptr<Clock> clock, detail::Sealing sealing, detail::InstanceLock lock)
      : options_(std::move(options)), clock_(std::move(clock)), sealing_(std::move(sealing)), lock_(std::move(lock)) {}
  ~StoredJournal() override { close(); }

  Result<void> start(detail::Drive drive) {
    std::optional<crypto::Sm2PrivateKey> signing_key;
    if (!options_.audit_sign_key_pem.empty()) {
      TONGQU_TRY(signing_key, crypto::Sm2PrivateKey::from_pem(options_.audit_sign_key_pem));
    }
    if (options_.postgres) return start_shared(drive, std::move(signing_key));
    detail::DiskWatch(options_.path, options_.low_water_bytes, options_.ballast_bytes).before_opening();
    TONGQU_TRY(auto store, detail::Store::open(options_, sealing_));
    auto recent = store->recent();
    if (!detail::sync_folder_of(options_.path)) return Error(Errc::journal_open).at(options_.path);
    TONGQU_TRY(attachments_, Attachments::open(options_, clock_, Attachments::Access::write));
    writer_ = std::make_unique<detail::Writer>(options_, std::move(store), sealing_, *clock_, std::move(signing_key));
    writer_->use(*attachments_);
    TONGQU_CHECK(writer_->start(drive));
    TONGQU_TRY(reader_, detail::Reader::open(options_.path, sealing_, std::move(recent)));
    return {};
  }

  /// In PostgreSQL, with other bridges beside this one.
  Result<void> start_shared(detail::Drive drive, std::optional<crypto::Sm2PrivateKey> signing_key) {
    TONGQU_TRY(auto opened, detail::open_postgres(options_, sealing_, *clock_));
    peers_ = std::move(opened.peers);
    reader_ = std::move(opened.views);
    TONGQU_TRY(attachments_, Attachments::open(options_, clock_, Attachments::Access::write));
    writer_ = std::make_unique<detail::Writer>(options_, std::move(opened.ledger), sealing_, *clock_, std::move(signing_key));
    writer_->use(*attachments_);
    TONGQU_CHECK(writer_->start(drive));
    peers_->start([this](const std::string& target) { writer_->nudge(target); }, [this] { take_over(); });
    return {};
  }

  /// A bridge beside this one is gone: what it held is asked about.
  void take_over() {
    auto operation = std::make_unique<detail::ActOperation>([](Desk& desk) -> Result<void> {
      TONGQU_TRY(const auto left, desk.store.left_claimed());
      for (const std::int64_t delivery : left) TONGQU_CHECK(detail::take_back(desk, delivery, "take_over"));
      return {};
    });
    static_cast<void>(writer_->submit(std::move(operation), detail::Admission::always)); // Refused when closing; then another one does it.
  }

  bool turn() { return writer_->turn(); }

  void accept(Intake intake, std::function<void(Result<IntakeOutcome>)> done) override {
    std::vector<Accepting> one;
    one.push_back({std::move(intake), std::move(done)});
    accept_each(std::move(one));
  }

  void accept_each(std::vector<Accepting> several) override {
    std::vector<Result<detail::PreparedIntake>> prepared;
    const auto sealed = detail::or_busy([&]() -> Result<void> {
      std::vector<Intake> intakes;
      intakes.reserve(several.size());
      for (Accepting& one : several) intakes.push_back(std::move(one.intake));
      prepared = detail::prepare_intakes(std::move(intakes), sealing_);
      return {};
    });
    for (std::size_t i = 0; i < several.size(); ++i) {
      const auto taken = detail::or_busy([&]() -> Result<void> {
        TONGQU_CHECK(sealed);
        if (!prepared[i]) return std::move(prepared[i]).error();
        return writer_->submit(std::make_unique<detail::AcceptOperation>(*std::move(prepared[i]), several[i].done), detail::Admission::intake);
      });
      if (!taken) several[i].done(taken.error());
    }
  }

  void accept_all(IntakeBatch batch, std::function<void(Result<std::vector<IntakeOutcome>>)> done) override {
    auto operation = detail::AcceptAllOperation::prepare(std::move(batch), sealing_, done);
    if (!operation) return done(std::move(operation).error());
    auto taken = writer_->submit(*std::move(operation), detail::Admission::intake);
    if (!taken) done(std::move(taken).error());
  }

  Result<IntakeOutcome> accept_and_wait(Intake intake) override {
    std::promise<Result<IntakeOutcome>> outcome;
    accept(std::move(intake), [&outcome](Result<IntakeOutcome> result) { outcome.set_value(std::move(result)); });
    return outcome.get_future().get();
  }

  Result<std::optional<Known>> find(std::string_view identity) override {
    TONGQU_CHECK(check_open());
    return reader_->find(identity);
  }

  void refuse(Refusal refusal) override {
    if (refusal.digest.empty() && !refusal.bytes.empty()) {
      refusal.digest = sealing_.fingerprint(refusal.bytes);
      if (refusal.size == 0) refusal.size = refusal.bytes.size();
    }
    refusal.bytes = {};
    // A ledger that cannot keep up is counted by the writer; there is nobody here to tell.
    static_cast<void>(writer_->submit(std::make_unique<detail::RefuseOperation>(std::move(refusal)), detail::Admission::ledger));
  }

  void claim(std::string target, std::size_t max, std::function<void(Result<std::vector<Claim>>)> done) override {
    auto taken = writer_->submit(std::make_unique<detail::ClaimOperation>(std::move(target), max, done), detail::Admission::always);
    if (!taken) done(std::move(taken).error());
  }

  void settle(Settlement settlement, std::function<void(Result<void>)> done) override {
    detail::PreparedSettlement prepared;
    if (!settlement.receipt.empty()) {
      auto proof = sealing_.seal_proof(settlement.receipt, detail::receipt_owner(settlement.delivery), "receipt");
      if (!proof) return done(std::move(proof).error());
      prepared.receipt_box = std::move(proof->box);
      prepared.receipt_digest = std::move(proof->digest);
      prepared.key_id = sealing_.key_id();
      std::string().swap(settlement.receipt);
    }
    prepared.not_before_ms = writer_->schedule().from_wall(settlement.not_before);
    prepared.settlement = std::move(settlement);
    auto taken = writer_->submit(std::make_unique<detail::SettleOperation>(std::move(prepared), done), detail::Admission::always);
    if (!taken) done(std::move(taken).error());
  }

  std::optional<UtcMillis> next_due(const std::string& target) override {
    if (!check_open()) return std::nullopt;
    const auto due = reader_->next_due(target);
    if (!due) return clock_->now_utc(); // Whoever claims now hears the error.
    if (!due->has_value()) return std::nullopt;
    return writer_->schedule().to_wall(**due);
  }

  void on_ready(std::function<void(const std::string& target)> listener) override { writer_->on_ready(std::move(listener)); }

  WriterWork writer_work() const override { return writer_->work(); }
  Result<Counts> counts() override { TONGQU_CHECK(check_open()); return reader_->counts(); }
  Result<std::optional<MessageView>> message(std::string_view message_id) override {
    TONGQU_CHECK(check_open());
    return reader_->message(message_id);
  }
  Result<std::vector<MessageView>> messages_of_case(std::string_view system, std::string_view case_no) override {
    TONGQU_CHECK(check_open());
    return reader_->messages_of_case(system, case_no);
  }
  Result<std::vector<DeliveryView>> deliveries(DeliveryState state, std::size_t max) override {
    TONGQU_CHECK(check_open());
    return reader_->deliveries(state, max);
  }
  Result<Bodies> bodies(std::string_view message_id) override { TONGQU_CHECK(check_open()); return reader_->bodies(message_id); }
  Result<std::string> receipt(std::int64_t delivery) override { TONGQU_CHECK(check_open()); return reader_->receipt(delivery); }

  Result<void> release(std::string_view message_id, std::string canonical, std::string digest, std::string pack, std::string pack_digest,
                       const Act& act) override {
    if (digest.size() != 32) return invalid("digest");
    TONGQU_TRY(const auto box, sealing_.seal(canonical, message_id, "canonical"));
    return writer_->perform([&](Desk& desk) -> Result<void> {
      TONGQU_TRY(const auto message, desk.store.message_row(message_id));
      if (!message) return Error(Errc::journal_not_found);
      TONGQU_CHECK(detail::reseal_message(desk, *message));
      TONGQU_TRY(const auto old_digest, desk.store.replace_content(*message, {box, sealing_.key_id(), digest, pack, pack_digest}));
      desk.fresh.forget(*message);
      TONGQU_CHECK(move_all(desk, *message, {}, {DeliveryState::held}, Move{}));
      const std::string detail = "old=" + to_hex(old_digest) + " new=" + to_hex(digest) + " pack=" + pack + " pack_digest=" + pack_digest;
      return desk.store.audit("release", message_id, detail + act_text(act), digest, desk.now_ms());
    });
  }

  Result<void> discard(std::string_view message_id, const std::string& target, const Act& act) override {
    return writer_->perform([&](Desk& desk) -> Result<void> {
      TONGQU_TRY(const auto message, desk.store.message_row(message_id));
      if (!message) return Error(Errc::journal_not_found);
      Move move;
      move.to = DeliveryState::discarded;
      move.reason = act.reason;
      TONGQU_CHECK(move_all(desk, *message, target, {DeliveryState::held, DeliveryState::parked}, move));
      return desk.store.audit("discard", message_id, "target=" + target + act_text(act), {}, desk.now_ms());
    });
  }

  Result<void> resolve(std::int64_t delivery, Resolution resolution, const Act& act) override {
    Move move;
    move.to = resolution == Resolution::delivered ? DeliveryState::delivered : DeliveryState::ready;
    move.reason = act.reason;
    return act_on(delivery, DeliveryState::unknown, move, "resolve", act);
  }

  Result<void> unpark(std::int64_t delivery, const Act& act) override { return act_on(delivery, DeliveryState::parked, Move{}, "unpark", act); }

  Result<std::int64_t> redeliver(Redelivery what, const Act& act, Redo redo) override {
    std::string box;
    if (!what.canonical.empty()) {
      if (what.digest.size() != 32) return invalid("digest");
      TONGQU_TRY(box, sealing_.seal(what.canonical, what.message_id, "canonical"));
    }
    std::int64_t delivery = 0;
    const auto done = writer_->perform([&](Desk& desk) -> Result<void> {
      if (redo == Redo::act) {
        TONGQU_TRY(delivery, detail::redeliver(desk, what, box, act));
        return {};
      }
      TONGQU_TRY(const auto message, desk.store.message_row(what.message_id));
      if (!message) return Error(Errc::journal_not_found).at(what.message_id);
      TONGQU_TRY(const auto row, detail::redeliverable(desk, *message, what));
      static_cast<void>(row);
      return {};
    });
    if (!done) return done.error();
    return delivery;
  }

  Result<std::int64_t> purge(const Purge& what, const Act& act, Redo redo) override {
    if (what.older_than < detail::kKeepLeast) return Error(Errc::journal_retention_floor);
    const std::int64_t before_ms = to_epoch_ms(clock_->now_utc() - what.older_than);
    std::int64_t purged = 0;
    detail::PurgePage page;
    do {
      TONGQU_CHECK(writer_->perform([&](Desk& desk) -> Result<void> {
        TONGQU_TRY(page, detail::purge_page(desk, what, before_ms, page.looked_upto, act, redo));
        return {};
      }));
      purged += page.purged;
    } while (page.more);
    return purged;
  }

  Result<std::int64_t> reseal(const Act& act) override {
    detail::ResealPage page;
    while (page.more) {
      TONGQU_CHECK(writer_->perform([&page](Desk& desk) { return detail::reseal_page(desk, page); }));
    }
    TONGQU_TRY(const Attachments::Resealed files, attachments_->reseal());
    TONGQU_CHECK(writer_->perform([&page, &act, &files](Desk& desk) -> Result<void> {
      TONGQU_TRY(const bool rows, desk.store.forget_other_keys(desk.sealing.key_id()));
      const bool all = rows && files.all;
      const std::string detail = "rows=" + std::to_string(page.resealed) + (files.count == 0 ? "" : " attachments=" + std::to_string(files.count)) + " key_id=" + desk.sealing.key_id() + " earlier_keys_needed=" + (all ? "no" : "yes");
      return desk.store.audit("reseal", "journal", detail + act_text(act), {}, desk.now_ms());
    }));
    return page.resealed;
  }

  Attachments* attachments() noexcept override { return attachments_.get(); }

  Result<void> refer(std::string_view message_id, const std::vector<std::string>& digests) override {
    return writer_->perform([&](Desk& desk) -> Result<void> {
      TONGQU_TRY(const auto message, desk.store.message_row(message_id));
      if (!message) return Error(Errc::journal_not_found).at(std::string(message_id));
      return detail::refer_to_attachments(desk, *message, digests, detail::Presence::needed);
    });
  }

  Result<std::int64_t> sweep_attachments() override {
    constexpr std::size_t kPage = 100;
    const UtcMillis before = clock_->now_utc() - options_.attachment_unreferenced;
    TONGQU_TRY(const std::vector<std::string> old, attachments_->older_than(before));
    std::int64_t removed = 0;
    for (std::size_t at = 0; at < old.size(); at += kPage) {
      const auto end = std::min(old.size(), at + kPage);
      auto operation = std::make_unique<detail::SweepOperation>(std::vector<std::string>(old.begin() + static_cast<std::ptrdiff_t>(at), old.begin() + static_cast<std::ptrdiff_t>(end)), before);
      auto outcome = operation->outcome();
      TONGQU_CHECK(writer_->wait_for(std::move(operation), outcome));
      TONGQU_TRY(const std::int64_t page, outcome.get());
      removed += page;
    }
    attachments_->forget_removed();
    return removed;
  }

  Result<void> note(std::string_view what, const Act& act) override {
    return writer_->perform([&](Desk& desk) { return desk.store.audit("note", what, act_text(act), {}, desk.now_ms()); });
  }

  void close() override {
    closed_ = true;
    if (peers_) peers_->stop();
    if (writer_) writer_->stop();
    if (peers_) peers_->leave();
  }

private:
  Result<void> check_open() const {
    if (closed_) return Error(Errc::journal_closed);
    return {};
  }

  Result<void> act_on(std::int64_t delivery, DeliveryState from, const Move& move, std::string_view kind, const Act& act) {
    return writer_->perform([&](Desk& desk) -> Result<void> {
      TONGQU_TRY(auto row, desk.store.delivery(delivery));
      if (!row) return Error(Errc::journal_not_found);
      if (row->damaged) return detail::damaged_row("deliveries", delivery);
      if (row->state != from) return Error(Errc::journal_illegal_move).with(std::string(state_name(row->state)));
      TONGQU_TRY(const auto subject, detail::subject_of(desk, delivery));
      TONGQU_CHECK(desk.store.move(*row, move, desk.now_ms()));
      const std::string detail = "delivery=" + std::to_string(delivery) + " target=" + row->target + " state=" + std::string(state_name(move.to));
      return desk.store.audit(kind, subject, detail + act_text(act), {}, desk.now_ms());
    });
  }

  const JournalOptions options_;
  const std::shared_ptr<Clock> clock_;
  const detail::Sealing sealing_;
  const detail::InstanceLock lock_;
  std::unique_ptr<detail::Peers> peers_;
  std::unique_ptr<Attachments> attachments_;
  std::unique_ptr<detail::Writer> writer_;
  std::unique_ptr<detail::Views> reader_;
  std::atomic<bool> closed_{false};
};

bool head_tells_of_a_store(const JournalOptions& options) {
  if (options.audit_head_file.empty()) return false;
  const auto head = detail::read_head(options.audit_head_file);
  return !head || (*head && (*head)->tip.sequence > 0);
}

/// An empty store in the place of one that is missing would forget every message and every key: it is made only where nothing tells of one.
Result<void> check_not_missing(const JournalOptions& options) {
  if (detail::size_of_file(options.path) > 0) return {};
  if (detail::size_of_file(options.path + "-wal") > 0) return Error(Errc::journal_open).at(options.path).with("missing, though its log is there");
  if (head_tells_of_a_store(options)) return Error(Errc::journal_open).at(options.path).with("missing, though its audit head is there");
  return {};
}

Result<std::unique_ptr<StoredJournal>> open_driven(JournalOptions options, std::shared_ptr<Clock> clock, detail::Drive drive) {
  TONGQU_TRY(auto sealing, detail::Sealing::create(options));
  if (options.audit_key.empty()) return Error(Errc::crypto_key_size).at("audit_key");
  if (options.postgres) options.low_water_bytes = options.ballast_bytes = 0; // The room is the server's.
  if (!options.postgres && !options.create && detail::size_of_file(options.path) < 0) return Error(Errc::journal_open).at(options.path);
  TONGQU_TRY(auto lock, detail::InstanceLock::take(options.path + ".lock"));
  if (options.postgres && head_tells_of_a_store(options)) options.create = false;
  // A journal that is stepped stands on a disk of its own making, of which the file system knows nothing.
  if (!options.postgres && drive == detail::Drive::thread) TONGQU_CHECK(check_not_missing(options));
  auto journal = std::make_unique<StoredJournal>(std::move(options), std::move(clock), std::move(sealing), std::move(lock));
  TONGQU_CHECK(journal->start(drive));
  return journal;
}

} // namespace

Result<std::unique_ptr<Journal>> Journal::open(JournalOptions options, std::shared_ptr<Clock> clock) {
  TONGQU_TRY(auto journal, open_driven(std::move(options), std::move(clock), detail::Drive::thread));
  return std::unique_ptr<Journal>(std::move(journal));
}

Result<detail::Stepped> detail::open_stepped(JournalOptions options, std::shared_ptr<Clock> clock) {
  TONGQU_TRY(auto journal, open_driven(std::move(options), std::move(clock), Drive::stepped));
  StoredJournal* const it = journal.get();
  return Stepped{std::move(journal), [it] { return it->turn(); }};
}

} // namespace tongqu::journal
