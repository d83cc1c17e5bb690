#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "tongqu/journal/journal.hpp"

/// Keeping a store over the years: backup and restore.
namespace tongqu::journal {

/// Copies a store and its attachments ("<file>.attachments") beside its running writer: the state of one moment, whatever goes on meanwhile. The copy is sealed as the store is,
/// opens with the same keys, and says of itself that it is a backup: whoever puts it in the store's place, by `restore` or by hand, starts
/// with every delivery that may have been sent since then as unknown.
/// @param file  Must not exist; it appears whole or not at all.
/// @errors journal.backup (where: the file), journal.open, journal.schema, journal.read.
Result<void> back_up(const JournalOptions& options, const std::string& file);

struct RestoreReport {
  std::int64_t messages = 0;
  std::int64_t entries = 0;      ///< Of the audit chain, verified.
  std::int64_t backup_at_ms = 0;
  std::int64_t attachments = 0;  ///< Read whole.
  static constexpr std::size_t kBrokenMax = 100;
  std::vector<std::string> broken_attachments;  ///< Places of those that do not fit their check values; the first of them.
};
/// Checks a backup whole (pages, keys, audit chain) and puts it where the options want their store. There must be none.
/// @errors journal.backup (where: what is wrong), journal.locked, journal.open (seal_key), journal.audit_*.
Result<RestoreReport> restore(const std::string& file, const JournalOptions& options);

} // namespace tongqu::journal
