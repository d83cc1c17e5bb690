#include "journal/sqlite/schema.hpp"
#include "journal/sqlite/store.hpp"
#include "journal/sqlite/store_sql.hpp"

namespace tongqu::journal::detail {
namespace {

constexpr std::string_view kKeyCheckText = "tongqu-key-check-1";
constexpr std::string_view kKeyCheckOwner = "store";
/// Log pages after which a commit is followed by a checkpoint, and those after which readers are waited for to empty the log.
constexpr int kLogPagesTidy = 2000;
constexpr int kLogPagesMax = 40000;

Statement& at(std::vector<Statement>& statements, Sql which) { return statements[static_cast<std::size_t>(which)]; }

} // namespace

Result<std::unique_ptr<Store>> Store::open(const JournalOptions& options, const Sealing& sealing) {
  TONGQU_TRY(auto database, Database::open(options.path, options.create ? Access::create : Access::write));
  TONGQU_CHECK(check_identity(*database));
  // Page size counts in an empty file only. Our rows carry 4 to 8 KB of bodies: larger pages mean fewer overflow pages.
  TONGQU_CHECK(database->run("PRAGMA page_size = 8192"));
  // A refusal to switch (another connection, a file system without shared memory) leaves the old mode, which check_durability names.
  static_cast<void>(database->run("PRAGMA busy_timeout = 200; PRAGMA journal_mode = WAL"));
  TONGQU_CHECK(database->run("PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA locking_mode = NORMAL; PRAGMA cache_size = -8192; "
                             "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864"));
  TONGQU_CHECK(check_durability(*database));
  TONGQU_CHECK(create_when_empty(*database));
  TONGQU_CHECK(check_integrity(*database, options.path));
  std::unique_ptr<Store> store(new Store(std::move(database), options));
  TONGQU_TRY(store->statements_, prepare_all(*store->database_, store_sql()));
  TONGQU_CHECK(store->load());
  TONGQU_CHECK(store->check_keys(sealing));
  return store;
}

Result<void> Store::load() {
  {
    Use query(at(statements_, Sql::read_counters));
    TONGQU_TRY(const bool row, query->step());
    if (!row) return Error(Errc::journal_corrupt).at("counters");
    Counters& now = live_.counters;
    now.last_message = query->number_at(0);
    now.messages = query->number_at(1);
    now.refusals = query->number_at(2);
    now.fence = query->number_at(3);
    for (std::size_t i = 0; i < now.states.size(); ++i) now.states[i] = query->number_at(static_cast<int>(4 + i));
  }
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

Result<void> Store::check_keys(const Sealing& sealing) {
  const std::string name = "key_check " + sealing.key_id();
  {
    Use query(at(statements_, Sql::read_meta));
    query->text(1, name);
    TONGQU_TRY(const bool row, query->step());
    if (row) {
      auto opened = sealing.open(query->bytes_at(0), sealing.key_id(), kKeyCheckOwner, name);
      if (!opened || *opened != kKeyCheckText) return Error(Errc::journal_open).at("seal_key");
      return {};
    }
  }
  TONGQU_TRY(const auto box, sealing.seal(kKeyCheckText, kKeyCheckOwner, name));
  Use insert(at(statements_, Sql::write_meta));
  insert->text(1, name);
  insert->blob(2, box);
  TONGQU_CHECK(insert->step());
  return {};
}

// SQLite's own checkpoint hides its errors. A sync that failed there must stop us like any other, because trying it again proves nothing.
Result<void> Store::tidy_log() {
  const int pages = database_->wal_pages();
  if (pages < kLogPagesTidy) return {};
  return database_->checkpoint(pages > kLogPagesMax ? Database::Checkpoint::truncate : Database::Checkpoint::passive);
}

Result<void> Store::close_log() { return database_->checkpoint(Database::Checkpoint::truncate); }

} // namespace tongqu::journal::detail
