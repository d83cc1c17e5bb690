#include "journal/sqlite/store.hpp"
#include "journal/sqlite/store_sql.hpp"

/// What a store does at its first opening out of a backup.
namespace tongqu::journal::detail {

Result<std::string> Store::backup_mark() { return database_->text_of("SELECT value FROM meta WHERE name = 'backup'"); }

// Everything that is not finished here may be finished by now: what could go out is asked about first, and the rest bears the mark that
// has it asked about before it goes out (see move).
Result<void> Store::mark_restored(const std::string& backup_at, std::int64_t now_ms) {
  std::vector<std::int64_t> open;
  {
    TONGQU_TRY(auto rows, Statement::prepare(*database_, "SELECT id FROM deliveries WHERE state NOT IN (4, 5, 8) ORDER BY id"));
    for (;;) {
      TONGQU_TRY(const bool row, rows.step());
      if (!row) break;
      open.push_back(rows.number_at(0));
    }
  }
  for (const std::int64_t id : open) {
    TONGQU_TRY(auto row, delivery(id));
    if (!row) return damaged_row("deliveries", id);
    if (row->damaged) TONGQU_CHECK(set_apart(id, now_ms));
    else TONGQU_CHECK(mark_one_restored(*row, now_ms));
  }
  TONGQU_CHECK(database_->run("DELETE FROM meta WHERE name = 'backup'"));
  return audit("restored", "journal", "backup_at_ms=" + backup_at + " open_deliveries=" + std::to_string(open.size()), {}, now_ms);
}

} // namespace tongqu::journal::detail
