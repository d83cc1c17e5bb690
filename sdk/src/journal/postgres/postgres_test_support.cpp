#include "journal/postgres/postgres_test_support.hpp"

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

namespace tongqu::journal::test {
namespace {

bool run(const std::string& command) { return std::system(command.c_str()) == 0; }

std::string newest_programs() {
  std::string best;
  std::error_code ignored;
  for (const auto& one : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    const std::string bin = one.path().string() + "/bin";
    if (std::filesystem::exists(bin + "/initdb", ignored) && bin > best) best = bin;
  }
  return best;
}

/// The words of SQLite that the shared tests use.
constexpr const char* kWords =
    "CREATE FUNCTION hex(bytea) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper(encode($1, ''hex''))';"
    "CREATE FUNCTION zeroblob(integer) RETURNS bytea LANGUAGE sql IMMUTABLE AS 'SELECT decode(repeat(''00'', $1), ''hex'')';"
    "CREATE FUNCTION joined(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT coalesce($1 || '','', '''') || $2';"
    "CREATE AGGREGATE group_concat(text) (SFUNC = joined, STYPE = text);"
    "CREATE FUNCTION joined(text, bytea, text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT coalesce($1 || $3, '''') || convert_from($2, ''UTF8'')';"
    "CREATE AGGREGATE group_concat(bytea, text) (SFUNC = joined, STYPE = text);";

class ServerOfAll final : public ::testing::Environment {
public:
  void SetUp() override {
    if (!pg_server().start()) GTEST_SKIP() << "NO POSTGRESQL: " << pg_server().why_not();
  }
  void TearDown() override { pg_server().stop(); }
};

const auto* const kServerOfAll = ::testing::AddGlobalTestEnvironment(new ServerOfAll);

std::string schema_of(const std::string& path) {
  std::uint64_t hash = 1469598103934665603U;
  for (const char byte : path) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  return "t" + std::to_string(hash);
}

} // namespace

PgServer& pg_server() {
  static PgServer server;
  return server;
}

bool PgServer::start() {
  if (const char* const host = std::getenv("PG_TEST_HOST")) {
    sockets_ = host;
    return true;
  }
  programs_ = newest_programs();
  if (programs_.empty()) { why_not_ = "no /usr/lib/postgresql/*/bin/initdb"; return false; }
  const bool in_memory = ::access("/dev/shm", W_OK) == 0;
  std::string name = in_memory ? "/dev/shm/tongqu-pg-XXXXXX" : "/tmp/tongqu-pg-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) { why_not_ = "no folder"; return false; }
  folder_ = name;
  ours_ = true;
  sockets_ = folder_ + "/socket";
  std::filesystem::create_directory(sockets_);
  if (::geteuid() == 0) {
    const passwd* user = ::getpwnam("postgres");
    if (user == nullptr) user = ::getpwnam("nobody");
    if (user == nullptr) { why_not_ = "root, and no other user"; return false; }
    const std::string uid = std::to_string(user->pw_uid), gid = std::to_string(user->pw_gid);
    as_user_ = "setpriv --reuid " + uid + " --regid " + gid + " --clear-groups ";
    if (::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0 || ::chown(sockets_.c_str(), user->pw_uid, user->pw_gid) != 0) { why_not_ = "chown"; return false; }
  }
  const std::string log = " >" + folder_ + "/log.txt 2>&1";
  if (!run("cd / && " + as_user_ + programs_ + "/initdb -D " + folder_ + "/data -U tongqu -A trust -E UTF8 --locale=C" + log) || !start_again()) {
    why_not_ = "initdb or pg_ctl failed, see " + folder_;
    ours_ = false;
    return false;
  }
  ::setenv("PG_TEST_HOST", sockets_.c_str(), 1);
  PGconn* const session = PQconnectdb(connection().c_str());
  PQclear(PQexec(session, kWords));
  PQfinish(session);
  return true;
}

bool PgServer::control(const std::string& words) {
  return run("cd / && " + as_user_ + programs_ + "/pg_ctl -s -D " + folder_ + "/data -t 60 " + words + " >>" + folder_ + "/log.txt 2>&1");
}

bool PgServer::start_again() {
  running_ = control("-w -l " + folder_ + "/server.txt -o \"-k " + sockets_ +
                     " -c listen_addresses= -c max_connections=200 -c shared_buffers=64MB\" start");
  return running_;
}

bool PgServer::stop() {
  if (!ours_ || !running_) return true;
  running_ = false;
  return control("-w -m fast stop");
}

bool PgServer::crash_and_restart() {
  running_ = false;
  return control("-w -m immediate stop") && start_again();
}

PgServer::~PgServer() {
  stop();
  std::error_code ignored;
  if (ours_) std::filesystem::remove_all(folder_, ignored);
}

PostgresOptions postgres_for(const std::string& path) {
  PostgresOptions options;
  options.connection = Secret(pg_server().connection());
  options.schema = schema_of(path);
  options.clock_skew_max = std::chrono::milliseconds(0); // The tests' clock stands in another century.
  return options;
}

std::string pg_value(const std::string& path, const std::string& sql) { return pg_value_in(schema_of(path), sql); }

std::string pg_value_in(const std::string& schema, const std::string& sql) {
  PGconn* const connection = PQconnectdb(pg_server().connection().c_str());
  PQclear(PQexec(connection, ("SET search_path = " + schema + ", public").c_str()));
  PGresult* const result = PQexec(connection, sql.c_str());
  std::string value;
  const auto status = PQresultStatus(result);
  EXPECT_TRUE(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) << PQresultErrorMessage(result) << sql;
  constexpr Oid kBool = 16, kBytea = 17;
  if (status == PGRES_TUPLES_OK && PQntuples(result) > 0) {
    value = PQgetvalue(result, 0, 0);
    if (PQftype(result, 0) == kBool) value = value == "t" ? "1" : "0";
    if (PQftype(result, 0) == kBytea) {
      std::size_t size = 0;
      const std::string escaped = value;
      unsigned char* const bytes = PQunescapeBytea(reinterpret_cast<const unsigned char*>(escaped.c_str()), &size);
      value.assign(reinterpret_cast<const char*>(bytes), size);
      PQfreemem(bytes);
    }
  }
  PQclear(result);
  PQfinish(connection);
  return value;
}

} // namespace tongqu::journal::test
