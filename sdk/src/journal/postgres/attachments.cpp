#include "tongqu/journal/attachments.hpp"

#include <condition_variable>
#include <mutex>

#include "journal/attachment_file.hpp"
#include "journal/postgres/connection.hpp"
#include "journal/postgres/house.hpp"
#include "journal/postgres/postgres.hpp"
#include "journal/postgres/schema.hpp"
#include "tongqu/base/fault_point.hpp"

/// Attachments in the tables of the store, so that whichever bridge delivers has them and one backup holds all. The chunks of an upload go in by
/// small transactions of their own, beside the writer; only the last one gives the attachment its name. docs/reference/journal-postgres.md
namespace tongqu::journal::detail {
namespace {

/// Sessions of one bridge for all its uploads and readers together: each needs one for a moment only.
constexpr std::size_t kSessionsMax = 4;
/// Chunks that travel together.
constexpr std::size_t kTogether = 4;
constexpr int kPublishTriesMax = 8;
constexpr std::int64_t kErasePage = 256, kNamesPage = 200, kGonePage = 1000;

/// A few sessions that take turns. Safe from several threads.
class PgSessions {
public:
  PgSessions(PostgresOptions options, PgConnection::Use use) : options_(std::move(options)), use_(use) {}

  /// Does a piece of work on a session, and once more on another one when it was lost, as all that lay idle are after a restart of the
  /// server: so the work must be one that may be done twice.
  template <class Work> auto run(Work work) -> decltype(work(std::declval<PgConnection&>())) {
    for (std::size_t tries = 0;; ++tries) {
      TONGQU_TRY(auto session, take());
      auto done = work(*session);
      if (!done && session->in_transaction()) static_cast<void>(session->run("ROLLBACK"));
      const bool lost = session->lost(), no_room = session->sqlstate() == "53100";
      give_back(std::move(session));
      if (done || (!lost && !no_room)) return done;
      if (no_room) return Error(Errc::journal_disk_low);
      if (tries == kSessionsMax) return done;
    }
  }

private:
  Result<std::unique_ptr<PgConnection>> take() {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !idle_.empty() || out_ < kSessionsMax; });
      ++out_;
      if (!idle_.empty()) {
        auto session = std::move(idle_.back());
        idle_.pop_back();
        return session;
      }
    }
    auto session = PgConnection::open(options_, use_);
    if (!session) give_back(nullptr);
    return session;
  }

  void give_back(std::unique_ptr<PgConnection> session) {
    {
      const std::lock_guard lock(mutex_);
      --out_;
      if (session && !session->lost() && !session->in_transaction()) idle_.push_back(std::move(session));
    }
    wake_.notify_one();
  }

  const PostgresOptions options_;
  const PgConnection::Use use_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::unique_ptr<PgConnection>> idle_;
  std::size_t out_ = 0;
};

/// What the store, its uploads and its readers have in common.
struct PgShop {
  PgShop(const JournalOptions& options, std::shared_ptr<Clock> with_clock, Sealing with, Attachments::Access access)
      : sessions(*options.postgres, access == Attachments::Access::write ? PgConnection::Use::write : PgConnection::Use::read),
        sealing(std::move(with)), clock(std::move(with_clock)), bytes_max(options.attachment_bytes_max) {}
  std::string name_of(std::string_view digest) const { return to_hex(crypto::hmac(crypto::MacAlgorithm::hmac_sm3, names_key, digest)); }

  mutable PgSessions sessions;
  const Sealing sealing;
  const std::shared_ptr<Clock> clock;
  const std::int64_t bytes_max;
  Secret names_key;
  std::string bridge;            ///< Whose uploads are on their way; empty for who only reads.
  std::int64_t gate = 0;
  std::atomic<int> uploads{0};
};

/// A row of `attachment_files` with a name, not yet believed.
struct PgFileRow {
  std::int64_t id = 0, records = 0;
  std::string end_record, key_id, box;
};

Result<std::optional<PgFileRow>> find_row(const PgShop& shop, const std::string& name) {
  return shop.sessions.run([&name](PgConnection& session) -> Result<std::optional<PgFileRow>> {
    TONGQU_TRY(const auto rows, session.ask("SELECT id, records, end_record, key_id, box FROM attachment_files WHERE name = $1", PgParams().text(name)));
    if (rows.size() == 0) return std::optional<PgFileRow>();
    return std::optional<PgFileRow>({rows.number_at(0, 0), rows.number_at(0, 1), rows.string_at(0, 2), rows.string_at(0, 3), rows.string_at(0, 4)});
  });
}

/// What a row says when its key opens it and its end belongs to it.
struct PgFile {
  std::int64_t id = 0;
  std::uint64_t records = 0;
  Secret file_key;
  AttachmentFacts facts;
};

Result<PgFile> open_row(const PgFileRow& row, const Sealing& sealing, const std::string& name) {
  auto key = sealing.open(row.box, row.key_id, name, "attachment");
  if (!key || key->size() != 32) return broken_attachment(name, "key");
  PgFile file{row.id, static_cast<std::uint64_t>(row.records), Secret(*std::move(key)), {}};
  RecordCipher cipher(file.file_key);
  // Sealed with the number of records before it: a row that says another number does not open.
  TONGQU_TRY(const auto end, cipher.open('e', file.records, row.end_record));
  auto facts = end ? facts_of_end(*end, name) : std::nullopt;
  if (!facts) return broken_attachment(name, "end");
  file.facts = *std::move(facts);
  constexpr auto kChunk = static_cast<std::int64_t>(kAttachmentChunk);
  if (row.records != (file.facts.bytes + kChunk - 1) / kChunk) return broken_attachment(name, "length");
  return file;
}

class PgAttachmentReader final : public AttachmentReader {
public:
  PgAttachmentReader(std::shared_ptr<const PgShop> shop, PgFile file) : shop_(std::move(shop)), file_(std::move(file)), cipher_(file_.file_key) {}
  const AttachmentFacts& facts() const override { return file_.facts; }

  Result<Bytes> next() override {
    if (index_ == file_.records) return finish();
    if (!rows_ || at_ == rows_->size()) TONGQU_CHECK(fetch());
    if (rows_->size() == 0 || rows_->number_at(at_, 0) != static_cast<std::int64_t>(index_)) return missing();
    TONGQU_TRY(auto plain, cipher_.open('d', index_, rows_->bytes_at(at_, 1)));
    if (!plain) return broken_attachment(facts().name, "chunk");
    ++at_;
    ++index_;
    chunk_ = *std::move(plain);
    hasher_.update(chunk_);
    return Bytes(chunk_);
  }

private:
  Result<void> fetch() {
    rows_.reset();
    PgParams params;
    params.number(file_.id).number(static_cast<std::int64_t>(index_)).number(static_cast<std::int64_t>(index_ + kTogether));
    TONGQU_TRY(rows_, shop_->sessions.run([&params](PgConnection& session) {
      return session.ask("SELECT place, record FROM attachment_chunks WHERE file = $1 AND place >= $2 AND place < $3 ORDER BY place", params);
    }));
    at_ = 0;
    return {};
  }

  /// One that was taken away long ago is no broken one.
  Error missing() const {
    const auto there = shop_->sessions.run([this](PgConnection& session) {
      return session.ask("SELECT 1 FROM attachment_files WHERE id = $1 AND NOT going", PgParams().number(file_.id));
    });
    if (!there) return there.error();
    return there->size() == 0 ? Error(Errc::journal_attachment_unknown).at("attachment " + facts().name) : broken_attachment(facts().name, "chunk");
  }

  Result<Bytes> finish() {
    if (!finished_ && hasher_.finish() != facts().digest) return broken_attachment(facts().name, "digest");
    finished_ = true;
    return Bytes();
  }

  const std::shared_ptr<const PgShop> shop_;
  const PgFile file_;
  RecordCipher cipher_;
  crypto::Hasher hasher_{crypto::Hasher::Algorithm::sm3};
  std::optional<PgRows> rows_;
  int at_ = 0;
  std::string chunk_;
  std::uint64_t index_ = 0;
  bool finished_ = false;
};

/// Whether a row stands for a content, every chunk of it: only then may a sender be told that it is known. Reads all.
Result<bool> stands_whole(const std::shared_ptr<const PgShop>& shop, const PgFileRow& row, const AttachmentFacts& facts) {
  auto file = open_row(row, shop->sealing, facts.name);
  if (!file || file->facts.digest != facts.digest) return false;
  PgAttachmentReader reader(shop, *std::move(file));
  for (;;) {
    const auto chunk = reader.next();
    if (chunk && !chunk->empty()) continue;
    if (chunk) return true;
    const Errc why = chunk.error().code();
    if (why != Errc::journal_attachment_broken && why != Errc::journal_attachment_unknown) return chunk.error();
    return false;
  }
}

/// Takes the chunks of a row without a name off, in steps: nothing waits for a gigabyte to go.
Result<void> erase(const PgShop& shop, std::int64_t file) {
  return shop.sessions.run([file](PgConnection& session) -> Result<void> {
    TONGQU_TRY(const auto marked, session.ask("UPDATE attachment_files SET going = true WHERE id = $1 AND name IS NULL RETURNING id", PgParams().number(file)));
    if (marked.size() == 0) return {};
    for (;;) {
      TONGQU_TRY(const auto gone, session.ask("WITH gone AS (DELETE FROM attachment_chunks WHERE file = $1 AND place = ANY(ARRAY(SELECT place FROM attachment_chunks "
                                              "WHERE file = $1 ORDER BY place LIMIT $2)) RETURNING 1) SELECT count(*) FROM gone",
                                              PgParams().number(file).number(kErasePage)));
      if (gone.number_at(0, 0) < kErasePage) break;
    }
    TONGQU_CHECK(session.ask("DELETE FROM attachment_files WHERE id = $1 AND going", PgParams().number(file)));
    return {};
  });
}

class PgAttachmentWriter final : public AttachmentWriter {
public:
  PgAttachmentWriter(std::shared_ptr<PgShop> shop, Attachments::Announced announced, std::int64_t file, Secret file_key)
      : shop_(std::move(shop)), announced_(std::move(announced)), file_(file), file_key_(std::move(file_key)), cipher_(file_key_), feed_(shop_->bytes_max) {}
  ~PgAttachmentWriter() override {
    // What cannot be taken off now goes with a sweep, an hour later.
    if (!in_place_) static_cast<void>(erase(*shop_, file_));
    shop_->uploads.fetch_sub(1);
  }

  std::int64_t bytes() const override { return feed_.bytes(); }

  Result<void> write(Bytes piece) override {
    return feed_.take(piece, [this](Bytes chunk) { return put_chunk(chunk); });
  }

  Result<Stored> commit() override {
    Stored stored;
    TONGQU_TRY(stored.facts, feed_.end([this](Bytes chunk) { return put_chunk(chunk); }));
    if (!announced_.digest.empty() && announced_.digest != stored.facts.digest) return Error(Errc::journal_attachment_digest);
    stored.facts.name = shop_->name_of(stored.facts.digest);
    if (!waiting_.empty()) TONGQU_CHECK(send_waiting());
    TONGQU_CHECK(put_in_place(stored));
    FAULT_POINT("a5_attachment_durable");
    return stored;
  }

private:
  Result<void> put_chunk(Bytes chunk) {
    FAULT_POINT_TRY("a2_attachment_chunk");
    TONGQU_TRY(std::string record, cipher_.seal('d', index_, chunk));
    ++index_;
    waiting_.push_back(std::move(record));
    if (waiting_.size() < kTogether) return {};
    return send_waiting();
  }

  /// These commits wait for no disk: the one that gives the name does, and with it everything that was committed before it.
  Result<void> send_waiting() {
    const auto first = static_cast<std::int64_t>(index_ - waiting_.size());
    TONGQU_CHECK(shop_->sessions.run([this, first](PgConnection& session) -> Result<void> {
      session.queue("BEGIN");
      session.queue("SET LOCAL synchronous_commit = off");
      session.queue("UPDATE attachment_files SET touched_at = clock_timestamp() WHERE id = $1 AND name IS NULL AND NOT going RETURNING id", PgParams().number(file_));
      for (std::size_t i = 0; i < waiting_.size(); ++i) {
        session.queue("INSERT INTO attachment_chunks(file, place, record) VALUES($1, $2, $3) ON CONFLICT DO NOTHING",
                      PgParams().number(file_).number(first + static_cast<std::int64_t>(i)).text(waiting_[i]));
      }
      TONGQU_TRY(const auto answers, session.sync());
      // Nobody has heard of it for so long that a sweep took it away.
      if (answers.at(2).size() != 1) return Error(Errc::journal_write);
      return session.run("COMMIT");
    }));
    waiting_.clear();
    return {};
  }

  /// One that is broken must not stand in the way of the whole one. Two who send one content at once agree by the unique name: the second
  /// one looks again, and finds the first.
  Result<void> put_in_place(Stored& stored) {
    TONGQU_TRY(const std::string end_record, cipher_.seal('e', index_, end_text(stored.facts)));
    TONGQU_TRY(const std::string box, shop_->sealing.seal(file_key_.reveal(), stored.facts.name, "attachment"));
    FAULT_POINT_TRY("a3_attachment_written");
    for (int tries = 0; tries < kPublishTriesMax; ++tries) {
      TONGQU_TRY(const auto seen, find_row(*shop_, stored.facts.name));
      // The answer to our commit was lost, and it had happened.
      in_place_ = seen && seen->id == file_;
      if (in_place_) return {};
      if (seen) {
        TONGQU_TRY(stored.known, stands_whole(shop_, *seen, stored.facts));
      }
      TONGQU_TRY(const bool done, stored.known ? renew(seen->id, stored.facts.name) : publish(seen ? seen->id : 0, stored.facts.name, end_record, box));
      in_place_ = done && !stored.known;
      if (done) return {};
    }
    return Error(Errc::journal_attachment_busy);
  }

  Result<bool> renew(std::int64_t file, const std::string& name) {
    return shop_->sessions.run([this, file, &name](PgConnection& session) -> Result<bool> {
      TONGQU_TRY(const auto rows, session.ask("UPDATE attachment_files SET renewed_ms = $3 WHERE id = $1 AND name = $2 RETURNING id",
                                              PgParams().number(file).text(name).number(to_epoch_ms(shop_->clock->now_utc()))));
      return rows.size() == 1;
    });
  }

  /// False when somebody else has given this name meanwhile.
  Result<bool> publish(std::int64_t instead_of, const std::string& name, const std::string& end_record, const std::string& box) {
    return shop_->sessions.run([&](PgConnection& session) -> Result<bool> {
      session.queue("BEGIN");
      session.queue("SELECT current_setting('fsync') || current_setting('full_page_writes') || (current_setting('synchronous_commit') IN ('on', 'remote_apply'))::text");
      session.queue("UPDATE attachment_files SET name = NULL, touched_at = clock_timestamp() WHERE id = $1 AND name = $2", PgParams().number(instead_of).text(name));
      session.queue("UPDATE attachment_files SET name = $2, bridge = '', touched_at = clock_timestamp(), renewed_ms = $3, records = $4, end_record = $5, key_id = $6, "
                    "box = $7 WHERE id = $1 AND name IS NULL AND NOT going RETURNING id",
                    PgParams().number(file_).text(name).number(to_epoch_ms(shop_->clock->now_utc())).number(static_cast<std::int64_t>(index_)).text(end_record)
                        .text(shop_->sealing.key_id()).text(box));
      // Chunks whose commits waited for no disk are gone when the server crashed since.
      session.queue("SELECT count(*) FROM attachment_chunks WHERE file = $1", PgParams().number(file_));
      const auto answers = session.sync();
      if (!answers) {
        const bool taken = session.sqlstate() == "23505" || session.sqlstate() == "55P03";
        if (!taken) return answers.error();
        TONGQU_CHECK(session.run("ROLLBACK"));
        return false;
      }
      if (answers->at(1).bytes_at(0, 0) != "onontrue") return Error(Errc::journal_weak_durability).at("fsync, full_page_writes, synchronous_commit");
      const bool whole = answers->at(3).size() == 1 && answers->at(4).number_at(0, 0) == static_cast<std::int64_t>(index_);
      if (!whole) return Error(Errc::journal_write);
      TONGQU_CHECK(session.run("COMMIT"));
      return true;
    });
  }

  const std::shared_ptr<PgShop> shop_;
  const Attachments::Announced announced_;
  const std::int64_t file_;
  const Secret file_key_;
  RecordCipher cipher_;
  ChunkFeed feed_;
  std::vector<std::string> waiting_;   ///< Sealed records on their way.
  std::uint64_t index_ = 0;
  bool in_place_ = false;
};

class PgAttachments final : public Attachments {
public:
  explicit PgAttachments(std::shared_ptr<PgShop> shop) : shop_(std::move(shop)) {}

  Result<std::unique_ptr<AttachmentWriter>> begin(Announced announced) override {
    if (shop_->bridge.empty()) return Error(Errc::journal_read_only);
    TONGQU_CHECK(check_announced(announced, shop_->bytes_max));
    TONGQU_CHECK(enter_upload(shop_->uploads));
    const auto file = shop_->sessions.run([this](PgConnection& session) -> Result<std::int64_t> {
      TONGQU_TRY(const auto rows, session.ask("INSERT INTO attachment_files(bridge, touched_at, going, renewed_ms, records) VALUES($1, clock_timestamp(), false, 0, 0) RETURNING id",
                                              PgParams().text(shop_->bridge)));
      return rows.number_at(0, 0);
    });
    if (!file) {
      shop_->uploads.fetch_sub(1);
      return file.error();
    }
    FAULT_POINT("a1_attachment_begun");
    return std::unique_ptr<AttachmentWriter>(std::make_unique<PgAttachmentWriter>(shop_, std::move(announced), *file, Secret(crypto::random_bytes(32))));
  }

  Result<std::optional<AttachmentFacts>> find(std::string_view digest) const override {
    const std::string name = shop_->name_of(digest);
    TONGQU_TRY(const auto row, find_row(*shop_, name));
    if (!row) return std::optional<AttachmentFacts>();
    TONGQU_TRY(const PgFile file, open_row(*row, shop_->sealing, name));
    if (file.facts.digest != digest) return broken_attachment(name, "another content");
    return std::optional<AttachmentFacts>(file.facts);
  }

  Result<std::optional<AttachmentFacts>> renew(std::string_view digest) override {
    TONGQU_TRY(auto facts, find(digest));
    if (!facts) return facts;
    TONGQU_TRY(const auto rows, shop_->sessions.run([this, &facts](PgConnection& session) {
      return session.ask("UPDATE attachment_files SET renewed_ms = $2 WHERE name = $1 RETURNING id",
                         PgParams().text(facts->name).number(to_epoch_ms(shop_->clock->now_utc())));
    }));
    if (rows.size() == 0) facts.reset();
    return facts;
  }

  Result<std::unique_ptr<AttachmentReader>> read(std::string_view digest) const override {
    TONGQU_TRY(auto reader, read_name(shop_->name_of(digest)));
    if (reader->facts().digest != digest) return broken_attachment(reader->facts().name, "another content");
    return std::unique_ptr<AttachmentReader>(std::move(reader));
  }

  Result<std::string> name_of(std::string_view digest) override { return shop_->name_of(digest); }

  Result<bool> has(const std::string& name) const override {
    return shop_->sessions.run([&name](PgConnection& session) -> Result<bool> {
      TONGQU_TRY(const auto rows, session.ask("SELECT 1 FROM attachment_files WHERE name = $1", PgParams().text(name)));
      return rows.size() > 0;
    });
  }

  /// Most are needed, and whoever sweeps would ask for each of them while nobody else may write: they are left out here.
  Result<std::vector<std::string>> older_than(UtcMillis before) const override {
    return shop_->sessions.run([before](PgConnection& session) -> Result<std::vector<std::string>> {
      TONGQU_TRY(const auto rows, session.ask("SELECT name FROM attachment_files AS f WHERE name IS NOT NULL AND renewed_ms < $1 AND NOT EXISTS "
                                              "(SELECT 1 FROM attachments AS a WHERE a.name = f.name) ORDER BY name", PgParams().number(to_epoch_ms(before))));
      std::vector<std::string> found;
      for (int i = 0; i < rows.size(); ++i) found.push_back(rows.string_at(i, 0));
      return found;
    });
  }

  /// Behind the gate: a bridge that is about to name it is in front of it, or has looked and not found it.
  bool remove(const std::string& name, UtcMillis before) override {
    const auto went = shop_->sessions.run([this, &name, before](PgConnection& session) -> Result<bool> {
      session.queue("BEGIN");
      session.queue("SET LOCAL synchronous_commit = off");
      session.queue("SELECT pg_advisory_xact_lock($1::bigint)", PgParams().number(shop_->gate));
      TONGQU_CHECK(session.sync());
      TONGQU_TRY(const auto rows, session.ask("UPDATE attachment_files SET name = NULL, touched_at = clock_timestamp() WHERE name = $1 AND renewed_ms < $2 AND NOT EXISTS "
                                              "(SELECT 1 FROM attachments WHERE name = $1) RETURNING id", PgParams().text(name).number(to_epoch_ms(before))));
      TONGQU_CHECK(session.run("COMMIT"));
      return rows.size() == 1;
    });
    return went && *went; // One that could not be asked for is swept another time.
  }

  /// An hour after the last that was heard of them: a reader may still have one open, and an upload of another bridge be on its way.
  void forget_removed() override {
    const auto gone = shop_->sessions.run([](PgConnection& session) {
      return session.ask("SELECT id FROM attachment_files WHERE name IS NULL AND (going OR touched_at < clock_timestamp() - interval '1 hour') ORDER BY touched_at LIMIT $1",
                         PgParams().number(kGonePage));
    });
    if (!gone) return;
    for (int i = 0; i < gone->size(); ++i) {
      if (!erase(*shop_, gone->number_at(i, 0))) return;
    }
  }

  Result<Checked> check_all(const std::function<void(const Error&)>& broken) const override {
    Checked checked;
    for (std::string behind;;) {
      TONGQU_TRY(const auto rows, shop_->sessions.run([&behind](PgConnection& session) {
        return session.ask("SELECT name FROM attachment_files WHERE name > $1 ORDER BY name LIMIT $2", PgParams().text(behind).number(kNamesPage));
      }));
      for (int i = 0; i < rows.size(); ++i) {
        behind = rows.string_at(i, 0);
        const auto bytes = check_one(behind);
        if (!bytes && bytes.error().code() == Errc::journal_attachment_unknown) continue; // Purged meanwhile.
        if (!bytes && bytes.error().code() != Errc::journal_attachment_broken) return bytes.error();
        ++checked.count;
        if (bytes) checked.bytes += *bytes;
        else ++checked.broken;
        if (!bytes && broken) broken(bytes.error());
      }
      if (rows.size() < kNamesPage) return checked;
    }
  }

  Result<Resealed> reseal() override {
    Resealed resealed;
    for (std::int64_t behind = 0;;) {
      TONGQU_TRY(const auto rows, shop_->sessions.run([this, behind](PgConnection& session) {
        return session.ask("SELECT id, name, key_id, box FROM attachment_files WHERE id > $1 AND name IS NOT NULL AND key_id <> $2 ORDER BY id LIMIT $3",
                           PgParams().number(behind).text(shop_->sealing.key_id()).number(kNamesPage));
      }));
      for (int i = 0; i < rows.size(); ++i) {
        behind = rows.number_at(i, 0);
        TONGQU_TRY(const bool done, reseal_one({rows, i}));
        resealed.count += done ? 1 : 0;
        resealed.all = resealed.all && done;
      }
      if (rows.size() < kNamesPage) return resealed;
    }
  }

private:
  Result<std::unique_ptr<PgAttachmentReader>> read_name(const std::string& name) const {
    TONGQU_TRY(const auto row, find_row(*shop_, name));
    if (!row) return Error(Errc::journal_attachment_unknown).at("attachment " + name);
    TONGQU_TRY(PgFile file, open_row(*row, shop_->sealing, name));
    return std::make_unique<PgAttachmentReader>(shop_, std::move(file));
  }

  /// Length of the content.
  Result<std::int64_t> check_one(const std::string& name) const {
    TONGQU_TRY(const auto reader, read_name(name));
    if (shop_->name_of(reader->facts().digest) != name) return broken_attachment(name, "another content");
    for (;;) {
      TONGQU_TRY(const Bytes chunk, reader->next());
      if (chunk.empty()) return reader->facts().bytes;
    }
  }

  /// False when no key of ours opens it.
  Result<bool> reseal_one(const PgRow& row) {
    const std::string name = row.text(1), old = row.text(3);
    const auto key = shop_->sealing.open(old, row.text(2), name, "attachment");
    if (!key) return false;
    TONGQU_TRY(const std::string box, shop_->sealing.seal(*key, name, "attachment"));
    TONGQU_CHECK(shop_->sessions.run([&](PgConnection& session) {
      return session.ask("UPDATE attachment_files SET key_id = $1, box = $2 WHERE id = $3 AND box = $4",
                         PgParams().text(shop_->sealing.key_id()).text(box).number(row.number(0)).text(old));
    }));
    return true;
  }

  const std::shared_ptr<PgShop> shop_;
};

/// Keys of the store, made when it is new; and what a dead process of this bridge left half is given up.
Result<void> move_in(PgConnection& connection, PgShop& shop) {
  TONGQU_CHECK(connection.run("BEGIN; SET LOCAL lock_timeout = '30s'"));
  TONGQU_CHECK(connection.ask("SELECT pg_advisory_xact_lock($1::bigint)", PgParams().number(shop.gate)));
  TONGQU_CHECK(load_or_make_pg_keys(connection, shop.sealing));
  TONGQU_CHECK(connection.ask("UPDATE attachment_files SET going = true WHERE bridge = $1 AND name IS NULL", PgParams().text(shop.bridge)));
  return connection.run("COMMIT");
}

} // namespace

Result<std::unique_ptr<Attachments>> open_postgres_attachments(const JournalOptions& options, std::shared_ptr<Clock> clock, Attachments::Access access) {
  TONGQU_TRY(auto sealing, Sealing::create(options));
  auto shop = std::make_shared<PgShop>(options, std::move(clock), std::move(sealing), access);
  const bool writes = access == Attachments::Access::write;
  TONGQU_TRY(const auto connection, PgConnection::open(*options.postgres, writes ? PgConnection::Use::write : PgConnection::Use::read));
  TONGQU_CHECK(find_or_make_store(*connection, options.postgres->schema, writes && options.create ? Missing::create : Missing::refuse,
                                  writes ? Older::upgrade : Older::refuse));
  if (writes) {
    TONGQU_TRY(shop->bridge, name_of_bridge(options.path));
    TONGQU_TRY(shop->gate, gate_of(*connection, options.postgres->schema));
    TONGQU_CHECK(move_in(*connection, *shop));
  }
  TONGQU_TRY(shop->names_key, load_pg_names_key(*connection, shop->sealing));
  return std::unique_ptr<Attachments>(std::make_unique<PgAttachments>(std::move(shop)));
}

} // namespace tongqu::journal::detail
