#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "journal/sqlite/database.hpp"

namespace tongqu::journal::detail {

/// Moves the log into the database beside the writer, over a connection and on a thread of its own, and syncs what it has moved. It never
/// empties the log: that takes the writer, who finds little left to move then.
class Checkpointer {
public:
  /// @errors journal.open.
  static Result<std::unique_ptr<Checkpointer>> start(const std::string& path);
  ~Checkpointer() { end(); }
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Asks for one round. False when one is under way.
  bool ask();
  bool busy();
  void wait();            ///< Until none is under way.
  Result<void> outcome(); ///< The first failure, for good. @errors journal.sync_failed, journal.write.
  void end();             ///< After the round under way, if any.

private:
  explicit Checkpointer(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  void run();
  Result<void> move();

  std::unique_ptr<Database> database_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false, ending_ = false;
  std::optional<Error> failure_;
  std::thread thread_;
};

} // namespace tongqu::journal::detail
