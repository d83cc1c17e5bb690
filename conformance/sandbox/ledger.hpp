#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tongqu/base/result.hpp"

namespace tongqu::sandbox {

/// One line of a ledger. `kind` is "taken" (an effect, or the answer to a repeat when `duplicate`), "refused" (with `code`) or
/// "fault" (a planted fault answered, `code` names it).
struct LedgerLine {
  std::string kind;
  std::int64_t time_ms = 0;
  std::string message_id;
  std::string source_system;
  std::string stage;
  std::string project_no;
  std::string digest;
  std::string receipt_no;
  bool duplicate = false;
  std::string code;
  std::string fields;    ///< Refused: names of the fields at fault, one blank between them.
  std::string requester;
  std::string data;      ///< The row as it came; taken and not duplicate only.
};

/// Appends one JSON line with its line end.
void append_line(const LedgerLine& line, std::string& out);
/// Reads a line without its line end. @errors conform.ledger_invalid.
Result<LedgerLine> parse_line(std::string_view text);

/// Calls `take` for each whole line of a file, in order; a last line without an end is left out (it was never answered).
/// @return  Bytes of the whole lines. @errors base.file_unreadable; conform.ledger_invalid with "FILE:line".
Result<std::uint64_t> read_ledger(const std::string& path, const std::function<void(LedgerLine)>& take);

/// The file that a sandbox writes: append only, mode 0600, one writer. Lines that arrive together share one write and one fdatasync.
class LedgerWriter {
public:
  /// Called with true when everything appended so far is on disk, with false when the disk failed (and for ever after).
  using Done = std::function<void(bool durable)>;

  /// Opens or creates, locks, gives every line that is there to `take`, cuts off an unfinished last line.
  /// @errors conform.ledger_unwritable, ledger_in_use, ledger_invalid.
  static Result<std::unique_ptr<LedgerWriter>> open(const std::string& path, const std::function<void(LedgerLine)>& take);
  ~LedgerWriter();
  LedgerWriter(const LedgerWriter&) = delete;
  LedgerWriter& operator=(const LedgerWriter&) = delete;

  /// Hands over whole lines (or none, to wait for those before) and returns. `done` runs on the writer's thread.
  void append(std::string_view lines, Done done);
  /// Writes what is left and stops. Idempotent.
  void close();

private:
  explicit LedgerWriter(int file);
  void run();
  bool write_all(const std::string& lines) const;

  int file_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string lines_;
  std::vector<Done> waiting_;
  bool closing_ = false;
  bool failed_ = false;   ///< Of the writer's thread only.
  std::thread thread_;
};

} // namespace tongqu::sandbox
