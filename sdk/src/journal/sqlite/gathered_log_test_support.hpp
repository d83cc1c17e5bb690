#pragma once
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "journal/journal_test_support.hpp"
#include "journal/sqlite/database.hpp"

namespace tongqu::journal::test {

using detail::Access;
using detail::Database;
using detail::Statement;

/// Sees every write of SQLite's unix file system to a log, counts it, and lets the nth fail. One at a time.
class LogWrites {
public:
  enum class Failure { io_error, no_room, short_then_no_room };

  LogWrites() {
    vfs_ = sqlite3_vfs_find("unix");
    original_ = reinterpret_cast<Call>(vfs_->xGetSystemCall(vfs_, "pwrite64"));
    forget();
    vfs_->xSetSystemCall(vfs_, "pwrite64", reinterpret_cast<sqlite3_syscall_ptr>(&write));
  }
  ~LogWrites() { vfs_->xSetSystemCall(vfs_, "pwrite64", nullptr); }
  LogWrites(const LogWrites&) = delete;
  LogWrites& operator=(const LogWrites&) = delete;

  void forget() { count_ = 0, bytes_ = 0, failed_ = 0, fail_at_ = 0, room_ = std::numeric_limits<off_t>::max(); }
  void fail(long nth, Failure how) { fail_at_ = count_ + nth, how_ = how; }
  void limit(off_t bytes) { room_ = bytes; } ///< A log grows no further.
  long count() const { return count_; }
  long bytes() const { return bytes_; }
  long failed() const { return failed_; }

private:
  using Call = ssize_t (*)(int, const void*, std::size_t, off_t);

  static bool is_log(int descriptor) {
    char name[512] = {};
    const auto length = ::readlink(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), name, sizeof name);
    return length > 4 && std::string_view(name, static_cast<std::size_t>(length)).substr(static_cast<std::size_t>(length) - 4) == "-wal";
  }
  static ssize_t refuse(int why) {
    ++failed_;
    errno = why;
    return -1;
  }
  static ssize_t write(int descriptor, const void* from, std::size_t size, off_t offset) {
    if (!is_log(descriptor)) return original_(descriptor, from, size, offset);
    ++count_;
    if (offset + static_cast<off_t>(size) > room_) return refuse(ENOSPC);
    if (count_ == fail_at_) {
      if (how_ == Failure::io_error) return refuse(EIO);
      if (how_ == Failure::no_room || size < 2) return refuse(ENOSPC);
      fail_at_ = count_ + 1;
      how_ = Failure::no_room;
      size /= 2;
    }
    bytes_ += static_cast<long>(size);
    return original_(descriptor, from, size, offset);
  }

  sqlite3_vfs* vfs_;
  inline static Call original_ = nullptr;
  inline static std::atomic<long> count_{0}, bytes_{0}, failed_{0}, fail_at_{0};
  inline static std::atomic<off_t> room_{0};
  inline static Failure how_ = Failure::io_error;
};

/// A writing connection as the store opens its own, or one that SQLite alone serves.
inline std::unique_ptr<Database> open_writer(const std::string& path, bool gathered = true) {
  auto opened = gathered ? Database::open_for_groups(path, Access::create) : Database::open(path, Access::create);
  EXPECT_TRUE(opened);
  Database& database = **opened;
  EXPECT_TRUE(database.run("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY"));
  EXPECT_TRUE(detail::check_durability(database));
  database.gather_log();
  return *std::move(opened);
}

inline void make_table(Database& database) {
  ASSERT_TRUE(database.run("CREATE TABLE IF NOT EXISTS rows(id INTEGER PRIMARY KEY, text TEXT NOT NULL, other INTEGER UNIQUE)"));
}

/// What row `id` holds: a size and a content that follow from its number.
inline std::string row_text(std::int64_t id) {
  return std::string(6000 + static_cast<std::size_t>(id * 7919 % 9000), static_cast<char>('a' + id % 26)) + std::to_string(id);
}

inline Result<void> insert(Database& database, std::int64_t id) {
  TONGQU_TRY(auto statement, Statement::prepare(database, "INSERT INTO rows(id, text, other) VALUES(?1, ?2, ?1)"));
  const std::string text = row_text(id);
  statement.number(1, id);
  statement.text(2, text);
  TONGQU_CHECK(statement.step());
  return {};
}

inline std::string text_of_row(Database& database, std::int64_t id) {
  auto text = database.text_of(("SELECT text FROM rows WHERE id = " + std::to_string(id)).c_str());
  return text ? *text : "error " + std::string(text.error().id());
}

inline std::string number(Database& database, const char* sql) {
  auto value = database.number_of(sql);
  return value ? std::to_string(*value) : "error " + std::string(value.error().id());
}

inline std::string verdict_of(const std::string& path) {
  auto database = Database::open(path, Access::read);
  if (!database) return std::string(database.error().id());
  auto verdict = (*database)->text_of("PRAGMA integrity_check");
  return verdict ? *verdict : "error " + std::string(verdict.error().id());
}

} // namespace tongqu::journal::test
