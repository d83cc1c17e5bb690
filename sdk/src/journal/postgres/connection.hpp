#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/result.hpp"
#include "tongqu/journal/journal.hpp"

struct pg_conn;
struct pg_result;

namespace tongqu::journal::detail {

/// Parameters of one statement, in binary form. Texts are copied.
class PgParams {
public:
  PgParams& number(std::int64_t value);
  PgParams& text(std::string_view value);
  PgParams& blob(std::string_view value) { return value.empty() ? null() : text(value); } ///< Nothing is NULL.
  PgParams& null();
  PgParams& numbers(const std::vector<std::int64_t>& values);
  /// A column of numbers in which some are NULL.
  PgParams& numbers_or_null(const std::vector<std::optional<std::int64_t>>& values);
  PgParams& texts(const std::vector<std::string_view>& values);
  enum class Empty : std::uint8_t { stays, is_null };
  PgParams& blobs(const std::vector<std::string_view>& values, Empty empty = Empty::stays);

  std::size_t size() const noexcept { return values_.size(); }
  bool is_null(std::size_t i) const noexcept { return nulls_[i]; }
  const std::string& value(std::size_t i) const noexcept { return values_[i]; }

private:
  PgParams& add(std::string value) { values_.push_back(std::move(value)); nulls_.push_back(false); return *this; }
  std::vector<std::string> values_;
  std::vector<bool> nulls_;
};

/// What a statement gave, in binary form.
class PgRows {
public:
  explicit PgRows(pg_result* result);
  pg_result* raw() const noexcept { return result_.get(); }
  int size() const noexcept;
  bool null_at(int row, int column) const noexcept;
  std::int64_t number_at(int row, int column) const noexcept;   ///< NULL is 0.
  std::string_view bytes_at(int row, int column) const noexcept; ///< NULL is nothing. Valid as long as the rows.
  std::string string_at(int row, int column) const { return std::string(bytes_at(row, column)); }

private:
  std::shared_ptr<pg_result> result_;
};

/// One row of a result.
struct PgRow {
  const PgRows& rows;
  int row = 0;
  std::int64_t number(int column) const noexcept { return rows.number_at(row, column); }
  std::string text(int column) const { return rows.string_at(row, column); }
  bool null(int column) const noexcept { return rows.null_at(row, column); }
};

/// One session with the server. Statements are queued and go out together; `sync` brings all their answers. One thread at a time.
class PgConnection {
public:
  enum class Use : std::uint8_t { write, read };
  /// Connects, refuses a session that would not survive a power cut, and prepares the statements.
  /// @errors journal.server_away, journal.server_refused, journal.server_setting, journal.weak_durability, journal.open (where: schema).
  static Result<std::unique_ptr<PgConnection>> open(const PostgresOptions& options, Use use);
  ~PgConnection();
  PgConnection(const PgConnection&) = delete;
  PgConnection& operator=(const PgConnection&) = delete;

  /// Prepares a fixed list; `queue` names them by their place in it. @errors journal.schema.
  Result<void> prepare(const std::vector<std::string_view>& texts);

  void queue(std::size_t statement, const PgParams& params);
  void queue(const char* sql, const PgParams& params = {});
  /// Sends what is queued and gives the rows of each, in order; the first error ends the rest of them.
  Result<std::vector<PgRows>> sync();
  /// One statement, with whatever is queued before it. Its own rows.
  Result<PgRows> ask(std::size_t statement, const PgParams& params);
  Result<PgRows> ask(const char* sql, const PgParams& params = {});
  /// Several statements without parameters or rows.
  Result<void> run(const std::string& sql);

  /// Reads what has come in without being asked for. False when the connection is gone.
  bool consume();
  bool failed() const noexcept; ///< The transaction takes nothing more but its end.
  bool in_transaction() const noexcept;
  /// Nothing more can be done here: the server, the session or the way to it is gone.
  bool lost() const noexcept { return lost_; }
  const std::string& sqlstate() const noexcept { return sqlstate_; } ///< Of the last failure; empty for a lost connection.
  int backend() const noexcept;
  pg_conn* handle() const noexcept { return handle_; }

private:
  explicit PgConnection(pg_conn* handle) : handle_(handle) {}
  Result<void> set_up(const PostgresOptions& options, Use use);
  Error failure(const pg_result* result);
  bool enter();

  pg_conn* handle_;
  std::size_t queued_ = 0;
  bool lost_ = false;
  bool failed_to_queue_ = false;
  std::string sqlstate_;
};

/// The error for an SQLSTATE, which stands in its place; texts of the server may name values and are never used.
Error pg_error(std::string_view sqlstate);
/// The row itself was refused, as another one may be accepted.
bool refuses_row(std::string_view sqlstate) noexcept;

} // namespace tongqu::journal::detail
