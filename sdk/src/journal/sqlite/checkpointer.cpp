#include "journal/sqlite/checkpointer.hpp"

namespace tongqu::journal::detail {

Result<std::unique_ptr<Checkpointer>> Checkpointer::start(const std::string& path) {
  TONGQU_TRY(auto database, Database::open(path, Access::write));
  // The second statement opens the log; how a checkpoint syncs is a setting of the connection.
  TONGQU_CHECK(database->run("PRAGMA synchronous = FULL; SELECT count(*) FROM meta"));
  std::unique_ptr<Checkpointer> beside(new Checkpointer(std::move(database)));
  beside->thread_ = std::thread([self = beside.get()] { self->run(); });
  return beside;
}

bool Checkpointer::ask() {
  {
    const std::lock_guard lock(mutex_);
    if (asked_ || ending_ || failure_) return false;
    asked_ = true;
  }
  changed_.notify_all();
  return true;
}

bool Checkpointer::busy() {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void Checkpointer::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !asked_; });
}

Result<void> Checkpointer::outcome() {
  const std::lock_guard lock(mutex_);
  if (failure_) return *failure_;
  return {};
}

void Checkpointer::end() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Checkpointer::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || asked_; });
      if (!asked_) return;
    }
    auto moved = move();
    {
      const std::lock_guard lock(mutex_);
      asked_ = false;
      if (!moved) failure_ = std::move(moved).error();
    }
    changed_.notify_all();
  }
}

/// While the writer goes on a round never reaches the end of the log, and only then SQLite syncs the database file itself.
Result<void> Checkpointer::move() {
  TONGQU_CHECK(database_->checkpoint(Database::Checkpoint::passive));
  return database_->sync_file();
}

} // namespace tongqu::journal::detail
