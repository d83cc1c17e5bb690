#pragma once
#include <cstddef>
#include <memory>

#include "tongqu/base/result.hpp"

namespace tongqu::journal::detail {

/// A file system of SQLite for one connection that writes: the default one of this moment, but what the connection writes to its log (WAL) is
/// gathered and reaches the file in few large writes instead of two small ones for each page.
///
/// The log stays what it would be, for this connection at once (its reads see what is gathered), for everybody else before SQLite says that
/// there is something new: all is written before the log is synced, and before the index of the log is changed. A write that fails is told by
/// the call that needed it, and what it should have written is kept until it is written or its transaction is over.
///
/// One thread at a time, as its connection. docs/decisions/0014-gathered-log-writes.md says why readers never see less than is promised.
class GatheredLog {
public:
  /// What is gathered at most, allocated once: 15 pages of 8 KB. SQLite's own file system for unix takes a write of 128 KiB and more for one of
  /// its remainder, and one of exactly that for a full disk; a group of some 14 messages, 320 KB, goes out in three pieces.
  static constexpr std::size_t kRoom = std::size_t{124} << 10U;

  /// @errors journal.open (SQLite has no file system, or no memory).
  static Result<std::unique_ptr<GatheredLog>> over_default();
  /// After the connection has been closed.
  ~GatheredLog();
  GatheredLog(const GatheredLog&) = delete;
  GatheredLog& operator=(const GatheredLog&) = delete;

  const char* name() const noexcept; ///< For sqlite3_open_v2.
  /// Gathers from here on; before, every write passes. Only for a connection that syncs the log at each commit: nobody else hears of a write
  /// that fails. Without effect where a torn write may harm the bytes beside it: there SQLite writes to the log after that sync too.
  void begin();

private:
  friend struct GatheredCalls;
  struct Layer;
  explicit GatheredLog(std::unique_ptr<Layer> layer);
  std::unique_ptr<Layer> layer_;
};

} // namespace tongqu::journal::detail
