#pragma once
#include <string>

#include "tongqu/journal/journal.hpp"

/// A PostgreSQL server of the tests' own: in a folder that goes away, on a socket in it, durable, as a user who is not root.
namespace tongqu::journal::test {

class PgServer {
public:
  PgServer() = default;
  ~PgServer();
  PgServer(const PgServer&) = delete;
  PgServer& operator=(const PgServer&) = delete;

  /// Starts one, or uses the one whose socket folder stands in PG_TEST_HOST. False with the reason in why_not().
  bool start();
  /// Ends the server at once, as a crash would, and starts it again.
  bool crash_and_restart();
  bool stop();
  bool start_again();
  const std::string& why_not() const { return why_not_; }
  std::string connection() const { return "host=" + sockets_ + " port=5432 dbname=postgres user=tongqu"; }

private:
  bool control(const std::string& words);
  std::string folder_, sockets_, why_not_, as_user_, programs_;
  bool ours_ = false, running_ = false;
};

/// The server of this program; started by its first user.
PgServer& pg_server();
/// Options of a store in a schema of its own, named after a path.
PostgresOptions postgres_for(const std::string& path);
/// Runs SQL in the schema of a store, behind the journal's back. Gives the first value as text, bytes as they are.
std::string pg_value(const std::string& path, const std::string& sql);
/// As above, by the name of the schema.
std::string pg_value_in(const std::string& schema, const std::string& sql);

} // namespace tongqu::journal::test
