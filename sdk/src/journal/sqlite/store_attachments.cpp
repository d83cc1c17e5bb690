#include "journal/sqlite/store.hpp"

/// Which messages need which attachments. Few messages name any, so that these statements are prepared for the occasion.
namespace tongqu::journal::detail {

Result<void> Store::refer(const std::string& name, std::int64_t message) {
  TONGQU_TRY(auto insert, Statement::prepare(*database_, "INSERT OR IGNORE INTO attachments(name, message) VALUES(?, ?)"));
  insert.text(1, name);
  insert.number(2, message);
  TONGQU_CHECK(insert.step());
  return {};
}

Result<bool> Store::referred(const std::string& name) {
  TONGQU_TRY(auto query, Statement::prepare(*database_, "SELECT 1 FROM attachments WHERE name = ? LIMIT 1"));
  query.text(1, name);
  return query.step();
}

Result<void> Store::forget_references(std::int64_t message) {
  TONGQU_TRY(auto gone, Statement::prepare(*database_, "DELETE FROM attachments WHERE message = ?"));
  gone.number(1, message);
  TONGQU_CHECK(gone.step());
  return {};
}

} // namespace tongqu::journal::detail
