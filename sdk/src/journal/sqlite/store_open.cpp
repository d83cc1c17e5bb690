#include "journal/sqlite/schema.hpp"
#include "journal/sqlite/store.hpp"
#include "journal/sqlite/store_sql.hpp"
#include "journal/sqlite/upgrade.hpp"

namespace tongqu::journal::detail {
namespace {

/// Log pages after which a commit is followed by a checkpoint, and those after which readers are waited for to empty the log.
constexpr int kLogPagesTidy = 500;
/// Log pages after which the writer moves what the thread beside it has left, so that the log begins anew.
constexpr int kLogPagesFold = 4000;
constexpr int kLogPagesMax = 40000;
/// On a disk without room the log stays short, so that it lives in the room that it has.
constexpr int kLogPagesPressed = 16;

/// Messages in the table of keys with which the filter is filled while the store opens (some milliseconds), not beside the work.
constexpr std::int64_t kFilteredAtOnce = 20000;

} // namespace

Result<std::unique_ptr<Store>> Store::open(const JournalOptions& options, const Sealing& sealing) {
  TONGQU_TRY(auto database, Database::open_for_groups(options.path, options.create ? Access::create : Access::write));
  TONGQU_TRY(const auto version, check_identity(*database));
  // Page size counts in an empty file only. Our rows carry 4 to 8 KB of bodies: larger pages mean fewer overflow pages.
  TONGQU_CHECK(database->run("PRAGMA page_size = 8192"));
  // A refusal to switch (another connection, a file system without shared memory) leaves the old mode, which check_durability names.
  static_cast<void>(database->run("PRAGMA busy_timeout = 200; PRAGMA journal_mode = WAL"));
  TONGQU_CHECK(database->run("PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA locking_mode = NORMAL; PRAGMA cache_size = -8192; "
                             "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 67108864"));
  TONGQU_CHECK(check_durability(*database));
  database->gather_log();
  TONGQU_CHECK(create_when_empty(*database));
  TONGQU_CHECK(check_integrity(*database, options.path));
  if (version != 0 && version != kSchemaVersion) TONGQU_CHECK(upgrade(*database, version, sealing));
  TONGQU_TRY(const auto keys, load_or_make_store_keys(*database, sealing));
  std::unique_ptr<Store> store(new Store(std::move(database), options, keys));
  TONGQU_CHECK(store->load());
  return store;
}

Result<void> Store::load() {
  TONGQU_TRY(const auto rows, database_->number_of("SELECT count(*) FROM counters"));
  if (rows == 0) {
    TONGQU_TRY(const auto messages, database_->number_of("SELECT count(*) FROM messages"));
    if (messages != 0) return Error(Errc::journal_corrupt).at("counters");
    TONGQU_CHECK(insert_counters(*database_, {}, checks_));
  }
  TONGQU_TRY(statements_, prepare_all(*database_, store_sql()));
  {
    Use query(at(statements_, Sql::read_counters));
    TONGQU_TRY(const bool row, query->step());
    if (!row) return Error(Errc::journal_corrupt).at("counters");
    TONGQU_TRY(live_.counters, read_counters(at(statements_, Sql::read_counters), checks_));
  }
  TONGQU_TRY(const auto last, load_recent(*database_, hash_, live_.counters.indexed, *recent_));
  if (last != live_.counters.last_message) return Error(Errc::journal_corrupt).at("counters");
  TONGQU_TRY(keys_, KeyTable::open(*database_, hash_, *recent_, &filter_));
  // What cannot be read here is said where it is needed.
  if (live_.counters.indexed <= kFilteredAtOnce) static_cast<void>(filter_.fill(*database_, indexed_keys()));
  return load_tip();
}

/// About as many as the table holds: three for a message with one target.
std::size_t Store::indexed_keys() const { return 3 * static_cast<std::size_t>(live_.counters.indexed); }

Result<void> Store::load_tip() {
  Use query(at(statements_, Sql::last_audit));
  TONGQU_TRY(const bool row, query->step());
  if (!row) return {};
  live_.tip = {query->number_at(0), query->number_at(1), query->string_at(2)};
  const AuditEntry last = {live_.tip.sequence, live_.tip.at_ms, query->bytes_at(3), query->bytes_at(4), query->bytes_at(5), query->bytes_at(6)};
  std::string previous(32, '\0');
  if (last.sequence > 1) {
    TONGQU_TRY(auto before, chain_value(last.sequence - 1));
    if (!before) return Error(Errc::journal_corrupt).at("audit");
    previous = *std::move(before);
  }
  // With another key the chain would go on and never verify again.
  if (!equal_constant_time(chain_.link(previous, last), live_.tip.mac)) return Error(Errc::journal_open).at("audit_key");
  return {};
}

Result<void> Store::tidy_beside() {
  TONGQU_TRY(beside_, Checkpointer::start(database_->path()));
  if (!filter_.whole()) filter_.begin(indexed_keys());
  fold_at_pages_ = kLogPagesFold;
  return {};
}

// SQLite's own checkpoint hides its errors. A sync that failed there must stop us like any other, because trying it again proves nothing.
Result<void> Store::tidy_log(Pressure pressure) {
  if (beside_) TONGQU_CHECK(beside_->outcome());
  const int pages = database_->wal_pages();
  if (pages < asked_at_pages_) { // The log has begun anew.
    asked_at_pages_ = 0;
    fold_at_pages_ = kLogPagesFold;
  }
  const bool pressed = pressure == Pressure::high, much = pages > kLogPagesMax;
  if (pages < (pressed ? kLogPagesPressed : kLogPagesTidy)) return {};
  if (beside_) {
    if (pressed || much) beside_->wait();
    else if (!fold_is_due(pages)) return {};
    TONGQU_CHECK(beside_->outcome());
  }
  return database_->checkpoint(much ? Database::Checkpoint::truncate : Database::Checkpoint::passive);
}

/// Asks for a round beside the writer when there is enough for one. True when so little is left to move that the writer should do it.
bool Store::fold_is_due(int pages) {
  if (pages >= fold_at_pages_ + kLogPagesFold) { // The writer outruns the thread beside it, which would never be found at rest.
    beside_->wait();
    fold_at_pages_ = pages + kLogPagesFold;
    return true;
  }
  if (pages - asked_at_pages_ >= kLogPagesTidy) {
    if (beside_->ask()) asked_at_pages_ = pages;
    return false;
  }
  if (pages < fold_at_pages_ || beside_->busy()) return false;
  fold_at_pages_ = pages + kLogPagesFold; // A reader may stand in the way of beginning anew.
  return true;
}

} // namespace tongqu::journal::detail
