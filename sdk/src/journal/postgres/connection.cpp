#include "journal/postgres/connection.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace tongqu::journal::detail {
namespace {

// Types as the wire knows them.
constexpr std::uint32_t kInt8 = 20, kBytea = 17, kText = 25;

void put32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>((value >> shift) & 0xffU));
}

void put64(std::string& out, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>((bits >> shift) & 0xffU));
}

/// An array of one dimension: its head; the elements follow, each behind its length.
std::string array_head(std::size_t count, std::uint32_t type, bool has_null) {
  std::string out;
  put32(out, count == 0 ? 0 : 1);
  put32(out, has_null ? 1 : 0);
  put32(out, type);
  if (count == 0) return out;
  put32(out, static_cast<std::uint32_t>(count));
  put32(out, 1);
  return out;
}

std::string array_of(const std::vector<std::string_view>& values, std::uint32_t type, PgParams::Empty empty) {
  std::string out = array_head(values.size(), type, empty == PgParams::Empty::is_null);
  std::size_t bytes = out.size() + 4 * values.size();
  for (const std::string_view value : values) bytes += value.size();
  out.reserve(bytes);
  for (const std::string_view value : values) {
    put32(out, value.empty() && empty == PgParams::Empty::is_null ? 0xffffffffU : static_cast<std::uint32_t>(value.size()));
    out.append(value);
  }
  return out;
}

bool good_schema(std::string_view name) {
  if (name.empty() || name.size() > 48 || std::isdigit(static_cast<unsigned char>(name[0])) != 0) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

/// The owner's words with what a store needs added where they are silent: a dead network ends a session in seconds, not in hours.
Result<std::vector<std::pair<std::string, std::string>>> words_of(const Secret& connection) {
  constexpr std::pair<const char*, const char*> kDefaults[] = {
      {"connect_timeout", "5"}, {"keepalives_idle", "5"}, {"keepalives_interval", "2"}, {"keepalives_count", "3"},
      {"tcp_user_timeout", "10000"}, {"target_session_attrs", "read-write"}, {"application_name", "tongqu"}};
  const std::string text(connection.reveal());
  char* message = nullptr;
  PQconninfoOption* const options = PQconninfoParse(text.c_str(), &message);
  PQfreemem(message);
  if (options == nullptr) return Error(Errc::journal_server_refused).at("connection");
  std::vector<std::pair<std::string, std::string>> words;
  const auto given = [&words](const char* name) { return std::any_of(words.begin(), words.end(), [name](const auto& one) { return one.first == name; }); };
  for (const PQconninfoOption* one = options; one->keyword != nullptr; ++one) {
    if (one->val != nullptr) words.emplace_back(one->keyword, one->val);
  }
  PQconninfoFree(options);
  for (const auto& [name, value] : kDefaults) {
    if (!given(name)) words.emplace_back(name, value);
  }
  words.emplace_back("client_encoding", "UTF8");
  return words;
}

} // namespace

PgParams& PgParams::number(std::int64_t value) {
  std::string out;
  put64(out, value);
  return add(std::move(out));
}

PgParams& PgParams::text(std::string_view value) { return add(std::string(value)); }

PgParams& PgParams::null() {
  values_.emplace_back();
  nulls_.push_back(true);
  return *this;
}

PgParams& PgParams::numbers(const std::vector<std::int64_t>& values) {
  std::string out = array_head(values.size(), kInt8, false);
  out.reserve(out.size() + 12 * values.size());
  for (const std::int64_t value : values) {
    put32(out, 8);
    put64(out, value);
  }
  return add(std::move(out));
}

PgParams& PgParams::numbers_or_null(const std::vector<std::optional<std::int64_t>>& values) {
  std::string out = array_head(values.size(), kInt8, true);
  for (const auto& value : values) {
    put32(out, value ? 8 : 0xffffffffU);
    if (value) put64(out, *value);
  }
  return add(std::move(out));
}

PgParams& PgParams::texts(const std::vector<std::string_view>& values) { return add(array_of(values, kText, Empty::stays)); }

PgParams& PgParams::blobs(const std::vector<std::string_view>& values, Empty empty) { return add(array_of(values, kBytea, empty)); }

PgRows::PgRows(pg_result* result) : result_(result, [](pg_result* one) { PQclear(one); }) {}

int PgRows::size() const noexcept { return PQntuples(result_.get()); }

bool PgRows::null_at(int row, int column) const noexcept { return PQgetisnull(result_.get(), row, column) != 0; }

std::int64_t PgRows::number_at(int row, int column) const noexcept {
  const std::string_view bytes = bytes_at(row, column);
  if (bytes.empty()) return 0;
  // Two's complement of any width, so that a flag or a short number is read as well.
  std::uint64_t bits = (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0 && bytes.size() > 1 ? ~std::uint64_t{0} : 0;
  for (const char byte : bytes) bits = (bits << 8U) | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(bits);
}

std::string_view PgRows::bytes_at(int row, int column) const noexcept {
  return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

bool refuses_row(std::string_view sqlstate) noexcept {
  const std::string_view kind = sqlstate.substr(0, 2);
  return kind == "22" || kind == "23" || sqlstate == "54000";
}

Error pg_error(std::string_view sqlstate) {
  const std::string_view kind = sqlstate.substr(0, 2);
  const auto with = [sqlstate](Errc code) { return Error(code).at("sqlstate " + std::string(sqlstate)); };
  if (sqlstate.empty() || kind == "08" || kind == "57" || sqlstate == "25006" || sqlstate == "25P03" || sqlstate == "53300") return with(Errc::journal_server_away);
  if (refuses_row(sqlstate)) return with(Errc::journal_intake_invalid);
  if (kind == "28" || kind == "3D" || sqlstate == "42501") return with(Errc::journal_server_refused);
  if (kind == "42" || kind == "3F") return with(Errc::journal_schema);
  if (kind == "XX") return with(Errc::journal_corrupt);
  return with(Errc::journal_write);
}

Result<std::unique_ptr<PgConnection>> PgConnection::open(const PostgresOptions& options, Use use) {
  if (!good_schema(options.schema)) return Error(Errc::journal_open).at("schema");
  TONGQU_TRY(const auto words, words_of(options.connection));
  std::vector<const char*> names, values;
  for (const auto& [name, value] : words) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  std::unique_ptr<PgConnection> made(new PgConnection(PQconnectdbParams(names.data(), values.data(), 0)));
  if (PQstatus(made->handle_) != CONNECTION_OK) {
    // libpq tells no SQLSTATE of a refused connection; whether the server has asked for a password is what it does tell.
    const bool refused = PQconnectionNeedsPassword(made->handle_) != 0 || PQconnectionUsedPassword(made->handle_) != 0;
    return Error(refused ? Errc::journal_server_refused : Errc::journal_server_away).at("connect");
  }
  PQsetNoticeProcessor(made->handle_, [](void*, const char*) {}, nullptr); // Notices may name values.
  TONGQU_CHECK(made->set_up(options, use));
  return made;
}

PgConnection::~PgConnection() { PQfinish(handle_); }

Result<void> PgConnection::set_up(const PostgresOptions& options, Use use) {
  if (PQserverVersion(handle_) < 130000) return Error(Errc::journal_server_setting).at("server_version");
  // The sessions of a store look rows up by index and nothing else: a plan must not change because nobody has analysed a new table. A
  // session that stops in its transaction (a stopped process) must not stop the others.
  TONGQU_CHECK(run("SET search_path = " + options.schema + ", pg_catalog; SET plan_cache_mode = force_generic_plan; SET jit = off; "
                   "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off; "
                   "SET lock_timeout = '1s'; SET idle_in_transaction_session_timeout = '5s'; SET default_transaction_isolation = 'read committed'; "
                   "SET standard_conforming_strings = on; SET row_security = off"));
  if (use == Use::read) TONGQU_CHECK(run("SET default_transaction_read_only = on; SET lock_timeout = '5s'"));
  TONGQU_TRY(const auto settings, ask("SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'), "
                                      "current_setting('server_encoding'), current_setting('transaction_read_only')"));
  const auto is = [&settings](int column, std::string_view value) { return settings.bytes_at(0, column) == value; };
  if (!is(0, "on")) return Error(Errc::journal_weak_durability).at("fsync");
  if (!is(1, "on")) return Error(Errc::journal_weak_durability).at("full_page_writes");
  if (!is(2, "on") && !is(2, "remote_apply")) return Error(Errc::journal_weak_durability).at("synchronous_commit");
  if (!is(3, "UTF8")) return Error(Errc::journal_server_setting).at("server_encoding");
  return {};
}

Result<void> PgConnection::prepare(const std::vector<std::string_view>& texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (!enter() || PQsendPrepare(handle_, ("t" + std::to_string(i)).c_str(), std::string(texts[i]).c_str(), 0, nullptr) != 1) failed_to_queue_ = true;
    else ++queued_;
  }
  TONGQU_CHECK(sync());
  return {};
}

bool PgConnection::enter() { return PQpipelineStatus(handle_) == PQ_PIPELINE_ON || PQenterPipelineMode(handle_) == 1; }

namespace {

struct Bound {
  explicit Bound(const PgParams& params) {
    for (std::size_t i = 0; i < params.size(); ++i) {
      values.push_back(params.is_null(i) ? nullptr : params.value(i).data());
      lengths.push_back(static_cast<int>(params.value(i).size()));
      formats.push_back(1);
    }
  }
  int count() const { return static_cast<int>(values.size()); }
  std::vector<const char*> values;
  std::vector<int> lengths, formats;
};

} // namespace

void PgConnection::queue(std::size_t statement, const PgParams& params) {
  const Bound bound(params);
  const std::string name = "t" + std::to_string(statement);
  const bool sent = enter() && PQsendQueryPrepared(handle_, name.c_str(), bound.count(), bound.values.data(), bound.lengths.data(), bound.formats.data(), 1) == 1;
  if (sent) ++queued_;
  else failed_to_queue_ = true;
}

void PgConnection::queue(const char* sql, const PgParams& params) {
  const Bound bound(params);
  const bool sent = enter() && PQsendQueryParams(handle_, sql, bound.count(), nullptr, bound.values.data(), bound.lengths.data(), bound.formats.data(), 1) == 1;
  if (sent) ++queued_;
  else failed_to_queue_ = true;
}

Error PgConnection::failure(const pg_result* result) {
  const char* const state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  sqlstate_ = state == nullptr ? "" : state;
  const std::string_view kind = std::string_view(sqlstate_).substr(0, 2);
  if (PQstatus(handle_) != CONNECTION_OK || kind == "08" || sqlstate_ == "57P01" || sqlstate_ == "57P02" || sqlstate_ == "57P03" || sqlstate_ == "25P03" ||
      sqlstate_ == "25006") lost_ = true;
  return pg_error(sqlstate_);
}

Result<std::vector<PgRows>> PgConnection::sync() {
  sqlstate_.clear();
  if (lost_ || failed_to_queue_ || (queued_ > 0 && PQpipelineSync(handle_) != 1)) {
    lost_ = true;
    return pg_error({});
  }
  std::vector<PgRows> answers;
  std::optional<Error> first;
  bool between = false;
  while (queued_ > 0) {
    pg_result* const result = PQgetResult(handle_);
    if (result == nullptr) {
      // One null stands between the answers of two statements. A second one says that libpq expects no more, though the sync was not answered: a server that
      // crashes can leave it so, with a connection that still calls itself good, and it would say null for ever.
      if (PQstatus(handle_) == CONNECTION_OK && !std::exchange(between, true)) continue;
      lost_ = true;
      if (!first) first = failure(nullptr);
      break;
    }
    between = false;
    PgRows rows(result);
    const auto status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC) break;
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) answers.push_back(std::move(rows));
    else if (status != PGRES_PIPELINE_ABORTED && !first) first = failure(result);
  }
  queued_ = 0;
  if (!lost_ && PQpipelineStatus(handle_) != PQ_PIPELINE_OFF && PQexitPipelineMode(handle_) != 1) lost_ = true;
  if (first) return *std::move(first);
  if (lost_) return pg_error({});
  return answers;
}

Result<PgRows> PgConnection::ask(std::size_t statement, const PgParams& params) {
  queue(statement, params);
  TONGQU_TRY(auto answers, sync());
  return std::move(answers.back());
}

Result<PgRows> PgConnection::ask(const char* sql, const PgParams& params) {
  queue(sql, params);
  TONGQU_TRY(auto answers, sync());
  return std::move(answers.back());
}

Result<void> PgConnection::run(const std::string& sql) {
  const PgRows rows(PQexec(handle_, sql.c_str()));
  const auto status = PQresultStatus(rows.raw());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
  return failure(rows.raw());
}

bool PgConnection::consume() {
  if (PQconsumeInput(handle_) != 1 || PQstatus(handle_) != CONNECTION_OK) lost_ = true;
  return !lost_;
}

bool PgConnection::failed() const noexcept { return PQtransactionStatus(handle_) == PQTRANS_INERROR; }

bool PgConnection::in_transaction() const noexcept {
  const auto status = PQtransactionStatus(handle_);
  return !lost_ && (status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE);
}

int PgConnection::backend() const noexcept { return PQbackendPID(handle_); }

} // namespace tongqu::journal::detail
