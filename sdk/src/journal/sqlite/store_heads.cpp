#include "journal/sqlite/store.hpp"

/// Signed heads in the store: each closes a segment of the chain for whoever checks it without the chain's key.
namespace tongqu::journal::detail {

Result<std::int64_t> Store::last_head() { return database_->number_of("SELECT coalesce(max(seq), 0) FROM heads"); }

Result<std::string> Store::entry_digests(std::int64_t from, std::int64_t to) {
  if (auto kept = digests_.between(from, to)) return *std::move(kept);
  return read_entry_digests(*database_, from, to);
}

Result<std::string> read_entry_digests(Database& database, std::int64_t from, std::int64_t to) {
  TONGQU_TRY(auto rows, Statement::prepare(database, "SELECT seq, at_ms, kind, subject, detail, digest FROM audit WHERE seq BETWEEN ? AND ? ORDER BY seq"));
  rows.number(1, from);
  rows.number(2, to);
  std::string digests;
  for (std::int64_t expected = from;; ++expected) {
    TONGQU_TRY(const bool row, rows.step());
    if (!row && expected == to + 1) return digests;
    if (!row || rows.number_at(0) != expected) return Error(Errc::journal_audit_gap).at(std::to_string(expected));
    digests += entry_digest({expected, rows.number_at(1), rows.bytes_at(2), rows.bytes_at(3), rows.bytes_at(4), rows.bytes_at(5)});
  }
}

Result<void> Store::insert_head(std::int64_t sequence, std::string_view body, std::string_view signature) {
  TONGQU_TRY(auto insert, Statement::prepare(*database_, "INSERT OR REPLACE INTO heads(seq, body, signature) VALUES(?, ?, ?)"));
  insert.number(1, sequence);
  insert.text(2, body);
  insert.blob(3, signature);
  TONGQU_CHECK(insert.step());
  return {};
}

} // namespace tongqu::journal::detail
