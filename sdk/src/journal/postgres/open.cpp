#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/files.hpp"
#include "journal/postgres/peers.hpp"
#include "journal/postgres/postgres.hpp"
#include "journal/postgres/reader.hpp"
#include "journal/postgres/schema.hpp"
#include "journal/postgres/store.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::journal::detail {
namespace {

constexpr std::size_t kNameBytes = 16;

} // namespace

Result<std::string> name_of_bridge(const std::string& path) {
  const std::string file = path + ".bridge";
  const int found = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (found >= 0) {
    std::string name(2 * kNameBytes, '\0');
    const auto count = ::read(found, name.data(), name.size());
    ::close(found);
    if (count != static_cast<ssize_t>(name.size()) || !from_hex(name)) return Error(Errc::journal_open).at(file);
    return name;
  }
  const std::string name = to_hex(crypto::random_bytes(kNameBytes)), part = file + ".part";
  const int made = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (made < 0) return Error(Errc::journal_open).at(file);
  const bool written = ::write(made, name.data(), name.size()) == static_cast<ssize_t>(name.size()) && ::fsync(made) == 0;
  if (::close(made) != 0 || !written || ::rename(part.c_str(), file.c_str()) != 0) return Error(Errc::journal_open).at(file);
  TONGQU_CHECK(sync_folder_of(path));
  return name;
}

namespace {

Result<void> check_clock(PgConnection& connection, const Clock& clock, std::chrono::milliseconds most) {
  if (most.count() <= 0) return {};
  TONGQU_TRY(const auto rows, connection.ask("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"));
  const std::int64_t apart = to_epoch_ms(clock.now_utc()) - rows.number_at(0, 0);
  if (apart > most.count() || -apart > most.count()) return Error(Errc::journal_clock_skew).at(std::to_string(apart) + " ms");
  return {};
}

Result<void> make_counters(PgConnection& connection, const StoreKeys& keys) {
  TONGQU_TRY(const auto there, connection.ask("SELECT (SELECT count(*) FROM counters), (SELECT count(*) FROM (SELECT 1 FROM messages LIMIT 1) AS any_message)"));
  if (there.number_at(0, 0) != 0) return {};
  if (there.number_at(0, 1) != 0) return Error(Errc::journal_corrupt).at("counters");
  PgParams values;
  values.number(RowChecks(keys.rows).of(Counters()));
  TONGQU_CHECK(connection.ask("INSERT INTO counters VALUES(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, $1, 0, 0)", values));
  return {};
}

/// The keys, the counters and a number for this bridge, with nobody else in the store.
Result<StoreKeys> move_in(PgConnection& connection, const Sealing& sealing, PgHouse& house) {
  TONGQU_CHECK(connection.run("BEGIN; SET LOCAL lock_timeout = '30s'"));
  TONGQU_CHECK(connection.ask("SELECT pg_advisory_xact_lock($1::bigint)", PgParams().number(house.gate)));
  TONGQU_TRY(const auto keys, load_or_make_pg_keys(connection, sealing));
  TONGQU_CHECK(make_counters(connection, keys));
  TONGQU_CHECK(connection.ask("UPDATE instances SET ended_at = clock_timestamp() WHERE name = $1 AND ended_at IS NULL", PgParams().text(house.name)));
  // Those that ended long ago and hold nothing need not be kept.
  TONGQU_CHECK(connection.ask("DELETE FROM instances AS i WHERE i.ended_at < clock_timestamp() - interval '30 days' "
                              "AND NOT EXISTS (SELECT 1 FROM claims AS c WHERE c.instance = i.id)"));
  TONGQU_TRY(const auto rows, connection.ask("INSERT INTO instances(name, backend, started_at, lease_until, group_no) VALUES($1, pg_backend_pid(), clock_timestamp(), "
                                             "clock_timestamp() + $2::bigint * interval '1 millisecond', 0) RETURNING id",
                                             PgParams().text(house.name).number(house.lease.count())));
  house.instance = rows.number_at(0, 0);
  TONGQU_CHECK(connection.run("COMMIT"));
  return keys;
}

} // namespace

Result<OpenedPostgres> open_postgres(const JournalOptions& options, const Sealing& sealing, const Clock& clock) {
  auto house = std::make_shared<PgHouse>();
  house->options = *options.postgres;
  house->lease = options.lease;
  TONGQU_TRY(house->name, name_of_bridge(options.path));
  TONGQU_TRY(auto connection, PgConnection::open(house->options, PgConnection::Use::write));
  TONGQU_CHECK(find_or_make_store(*connection, house->options.schema, options.create ? Missing::create : Missing::refuse, Older::upgrade));
  TONGQU_CHECK(check_clock(*connection, clock, house->options.clock_skew_max));
  TONGQU_TRY(house->gate, gate_of(*connection, house->options.schema));
  TONGQU_TRY(const auto keys, move_in(*connection, sealing, *house));
  OpenedPostgres opened;
  opened.views = std::make_unique<PgReader>(house->options, sealing, keys);
  opened.peers = std::make_unique<PgPeers>(house);
  auto store = std::make_unique<PgStore>(house, std::move(connection), options, keys, clock);
  TONGQU_CHECK(store->load());
  opened.ledger = std::move(store);
  return opened;
}

Result<std::unique_ptr<Views>> open_postgres_views(const JournalOptions& options, const Sealing& sealing) {
  TONGQU_TRY(auto connection, PgConnection::open(*options.postgres, PgConnection::Use::read));
  TONGQU_CHECK(find_or_make_store(*connection, options.postgres->schema, Missing::refuse, Older::refuse));
  TONGQU_TRY(const auto keys, load_pg_keys(*connection, sealing));
  return std::unique_ptr<Views>(std::make_unique<PgReader>(*options.postgres, sealing, keys));
}

} // namespace tongqu::journal::detail
