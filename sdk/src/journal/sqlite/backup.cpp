#include <sqlite3.h>

#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>

#include "journal/attachment_copy.hpp"
#include "journal/files.hpp"
#include "journal/instance_lock.hpp"
#include "journal/sqlite/rows.hpp"
#include "journal/sqlite/schema.hpp"
#include "tongqu/base/clock.hpp"
#include "tongqu/journal/keeping.hpp"

namespace tongqu::journal {
namespace {

constexpr std::int64_t kOldestRestorable = 2;

using namespace detail;

Error failed(const std::string& where, int result_code) { return Error(Errc::journal_backup).at(where).with("sqlite " + std::to_string(result_code)); }

/// All pages in one read transaction: in pieces, a busy store would have it start anew for ever.
Result<void> copy_pages(Database& from, Database& into, const std::string& file) {
  sqlite3_backup* copy = sqlite3_backup_init(into.handle(), "main", from.handle(), "main");
  if (copy == nullptr) return failed(file, sqlite3_errcode(into.handle()));
  int step = sqlite3_backup_step(copy, -1);
  for (int tries = 0; (step == SQLITE_BUSY || step == SQLITE_LOCKED) && tries < 100; ++tries) {
    sqlite3_sleep(50);
    step = sqlite3_backup_step(copy, -1);
  }
  sqlite3_backup_finish(copy);
  if (step != SQLITE_DONE) return failed(file, step);
  return {};
}

/// One file without a log, which says what it is.
Result<void> write_copy(Database& from, const std::string& file) {
  TONGQU_TRY(auto into, Database::open(file, Access::create));
  TONGQU_CHECK(copy_pages(from, *into, file));
  TONGQU_CHECK(into->run("PRAGMA synchronous = FULL"));
  TONGQU_TRY(const auto mode, into->text_of("PRAGMA journal_mode = DELETE"));
  if (mode != "delete") return Error(Errc::journal_backup).at(file).with(mode);
  TONGQU_TRY(auto mark, Statement::prepare(*into, "INSERT OR REPLACE INTO meta(name, value) VALUES('backup', CAST(? AS BLOB))"));
  const std::string now = std::to_string(to_epoch_ms(SystemClock().now_utc()));
  mark.text(1, now);
  TONGQU_CHECK(mark.step());
  return {};
}

Result<void> sync_file(const std::string& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  if (descriptor >= 0) ::close(descriptor);
  if (!synced) return Error(Errc::journal_backup).at(file);
  return {};
}

Result<void> put_in_place(const std::string& part, const std::string& file) {
  TONGQU_CHECK(sync_file(part));
  std::error_code failure;
  std::filesystem::rename(part, file, failure);
  if (failure) return Error(Errc::journal_backup).at(file);
  return sync_folder_of(file);
}

/// A file that goes away unless it was put in place.
class Part {
public:
  explicit Part(std::string path) : path_(std::move(path)) { remove(); }
  ~Part() { remove(); }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;
  const std::string& path() const noexcept { return path_; }

private:
  void remove() const {
    for (const char* end : {"", "-journal", "-wal", "-shm"}) ::unlink((path_ + end).c_str());
  }
  std::string path_;
};

Result<RestoreReport> check_backup(const std::string& file, const JournalOptions& options) {
  TONGQU_TRY(const auto sealing, Sealing::create(options));
  TONGQU_TRY(auto database, Database::open(file, Access::read));
  // The first opening brings it up; of an older version the tables that are looked at here are others.
  TONGQU_TRY(const auto version, check_identity(*database));
  if (version < kOldestRestorable) return Error(Errc::journal_schema).at("user_version").with(std::to_string(version));
  auto whole = database->text_of("PRAGMA quick_check(1)");
  if (!whole || *whole != "ok") return Error(Errc::journal_backup).at("quick_check");
  TONGQU_CHECK(load_store_keys(*database, sealing));
  TONGQU_TRY(const auto marked, database->text_of("SELECT value FROM meta WHERE name = 'backup'"));
  RestoreReport report;
  const auto [end, problem] = std::from_chars(marked.data(), marked.data() + marked.size(), report.backup_at_ms);
  if (marked.empty() || problem != std::errc() || end != marked.data() + marked.size()) return Error(Errc::journal_backup).at("meta.backup");
  TONGQU_TRY(report.messages, database->number_of("SELECT messages FROM counters WHERE id = 1"));
  VerifyOptions verify;
  verify.path = file;
  verify.audit_key = options.audit_key;
  TONGQU_TRY(const auto chain, verify_audit(verify));
  if (!chain.ok()) return Error(Errc::journal_backup).at("audit entry " + std::to_string(chain.first_broken)).with(chain.problem);
  report.entries = chain.entries;
  return report;
}

/// A broken attachment is told and does not keep the rest from coming back.
Result<void> check_attachments(const std::string& file, const JournalOptions& options, RestoreReport& report) {
  JournalOptions of_backup = options;
  of_backup.path = file;
  TONGQU_TRY(const auto attachments, Attachments::open(of_backup, std::make_shared<SystemClock>(), Attachments::Access::read));
  TONGQU_TRY(const auto checked, attachments->check_all([&report](const Error& error) {
    if (report.broken_attachments.size() < RestoreReport::kBrokenMax) report.broken_attachments.push_back(error.where());
  }));
  report.attachments = checked.count;
  return {};
}

} // namespace

Result<void> back_up(const JournalOptions& options, const std::string& file) {
  if (options.postgres) return Error(Errc::journal_file_store_only).at("back_up");
  TONGQU_TRY(const auto sealing, Sealing::create(options));
  if (size_of_file(file) >= 0) return Error(Errc::journal_backup).at(file).with("exists");
  TONGQU_TRY(auto from, Database::open(options.path, Access::read));
  TONGQU_CHECK(check_newest(*from));
  TONGQU_CHECK(load_store_keys(*from, sealing));
  const Part part(file + ".part");
  TONGQU_CHECK(write_copy(*from, part.path()));
  // After the rows: what they name was there when they were written, and is there still unless its time is over.
  TONGQU_CHECK(copy_attachments(options.path + ".attachments", file + ".attachments", sealing));
  return put_in_place(part.path(), file);
}

Result<RestoreReport> restore(const std::string& file, const JournalOptions& options) {
  if (options.postgres) return Error(Errc::journal_file_store_only).at("restore");
  if (size_of_file(file) < 0) return Error(Errc::journal_backup).at(file);
  for (const char* end : {"", "-wal", ".attachments"}) {
    if (size_of_file(options.path + end) >= 0) return Error(Errc::journal_backup).at(options.path + end).with("exists");
  }
  TONGQU_TRY(const auto lock, InstanceLock::take(options.path + ".lock"));
  TONGQU_TRY(auto report, check_backup(file, options));
  TONGQU_CHECK(check_attachments(file, options, report));
  TONGQU_TRY(const auto sealing, Sealing::create(options));
  TONGQU_CHECK(copy_attachments(file + ".attachments", options.path + ".attachments", sealing));
  const Part part(options.path + ".part");
  std::error_code failure;
  std::filesystem::copy_file(file, part.path(), failure);
  if (failure) return Error(Errc::journal_backup).at(part.path());
  TONGQU_CHECK(put_in_place(part.path(), options.path));
  return report;
}

} // namespace tongqu::journal
