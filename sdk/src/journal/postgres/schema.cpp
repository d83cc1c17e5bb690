#include "journal/postgres/schema.hpp"

#include "tongqu/crypto/crypto.hpp"

namespace tongqu::journal::detail {
namespace {

// docs/reference/journal-postgres.md explains every column. Texts that come from outside are bytes here: no encoding of a server and no
// zero byte may stand between what was taken in and what is kept. Sealed bodies do not compress. Space is left in the pages of what
// changes, so that a change does not touch the indexes.
constexpr const char* kTables = R"sql(
CREATE TABLE meta(name text PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE counters(
  id bigint PRIMARY KEY CHECK (id = 1), last_message bigint NOT NULL, messages bigint NOT NULL, refusals bigint NOT NULL,
  fence bigint NOT NULL, indexed bigint NOT NULL, waiting bigint NOT NULL, ready bigint NOT NULL, sending bigint NOT NULL,
  unknown bigint NOT NULL, delivered bigint NOT NULL, refused bigint NOT NULL, held bigint NOT NULL, parked bigint NOT NULL,
  discarded bigint NOT NULL, row_check bigint NOT NULL, writer bigint NOT NULL, content_epoch bigint NOT NULL) WITH (fillfactor = 10);
CREATE TABLE messages(
  id bigint PRIMARY KEY, message_id text NOT NULL UNIQUE, identity bytea NOT NULL, digest bytea NOT NULL, system text NOT NULL,
  case_no bytea NOT NULL, event bytea NOT NULL, pack text NOT NULL, pack_digest text NOT NULL, created_ms bigint NOT NULL,
  key_id text NOT NULL, findings bytea NOT NULL, purged_ms bigint NOT NULL, acknowledgement_bytes bigint NOT NULL,
  canonical_bytes bigint NOT NULL, raw_bytes bigint NOT NULL, row_check bigint NOT NULL, identity_hash bigint NOT NULL,
  case_hash bigint NOT NULL);
CREATE UNIQUE INDEX messages_identity ON messages(identity_hash, identity);
CREATE INDEX messages_case ON messages(case_hash, id);
CREATE TABLE bodies(message bigint PRIMARY KEY, acknowledgement bytea, canonical bytea, raw bytea) WITH (toast_tuple_target = 8160);
ALTER TABLE bodies ALTER acknowledgement SET STORAGE EXTERNAL, ALTER canonical SET STORAGE EXTERNAL, ALTER raw SET STORAGE EXTERNAL;
CREATE TABLE deliveries(
  id bigint PRIMARY KEY, target text NOT NULL, case_key bytea NOT NULL, state bigint NOT NULL, not_before_ms bigint NOT NULL,
  attempts bigint NOT NULL, fence bigint NOT NULL, created_ms bigint NOT NULL, changed_ms bigint NOT NULL, after text NOT NULL,
  error_id text NOT NULL, reason bytea NOT NULL, row_check bigint NOT NULL, due_ms bigint, lane_hash bigint NOT NULL,
  open_state bigint) WITH (fillfactor = 70);
CREATE INDEX deliveries_lane ON deliveries(lane_hash, id);
CREATE INDEX deliveries_due ON deliveries(target, due_ms, id) WHERE due_ms IS NOT NULL;
CREATE INDEX deliveries_open ON deliveries(open_state, id) WHERE open_state IS NOT NULL;
CREATE TABLE claims(delivery bigint PRIMARY KEY, instance bigint NOT NULL, fence bigint NOT NULL);
CREATE TABLE receipts(delivery bigint PRIMARY KEY, number bytea NOT NULL, key_id text NOT NULL, receipt bytea, row_check bigint NOT NULL);
ALTER TABLE receipts ALTER receipt SET STORAGE EXTERNAL;
CREATE TABLE refusals(
  id bigint PRIMARY KEY, at_ms bigint NOT NULL, system bytea NOT NULL, error_id text NOT NULL, place bytea NOT NULL,
  peer bytea NOT NULL, size bigint NOT NULL, digest bytea);
CREATE TABLE damaged(place text PRIMARY KEY, at_ms bigint NOT NULL);
CREATE TABLE heads(seq bigint PRIMARY KEY, body text NOT NULL, signature bytea NOT NULL);
CREATE TABLE audit(
  seq bigint PRIMARY KEY, at_ms bigint NOT NULL, kind text NOT NULL, subject bytea NOT NULL, detail bytea NOT NULL, digest bytea,
  mac bytea NOT NULL);
CREATE TABLE turns(target text, kind bigint, system bytea, last bigint NOT NULL, PRIMARY KEY(target, kind, system)) WITH (fillfactor = 50);
CREATE TABLE instances(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, backend bigint NOT NULL, started_at timestamptz NOT NULL,
  lease_until timestamptz NOT NULL, ended_at timestamptz, group_no bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO meta(name, value) VALUES('format', 'tongqu-journal-postgres'), ('version', '2');
)sql";

// Came with version 2. Which messages need which attachments; the attachments; their sealed chunks.
constexpr const char* kAttachmentTables = R"sql(
CREATE TABLE attachments(name text NOT NULL, message bigint NOT NULL, PRIMARY KEY(name, message));
CREATE INDEX attachments_of_message ON attachments(message);
CREATE TABLE attachment_files(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE, bridge text NOT NULL, touched_at timestamptz NOT NULL,
  going boolean NOT NULL, renewed_ms bigint NOT NULL, records bigint NOT NULL, end_record bytea, key_id text, box bytea);
CREATE INDEX attachment_files_nameless ON attachment_files(touched_at) WHERE name IS NULL;
CREATE TABLE attachment_chunks(file bigint NOT NULL, place bigint NOT NULL, record bytea NOT NULL, PRIMARY KEY(file, place));
ALTER TABLE attachment_chunks ALTER record SET STORAGE EXTERNAL;
)sql";

Result<std::optional<std::string>> find_meta(PgConnection& connection, const std::string& name) {
  TONGQU_TRY(const auto rows, connection.ask("SELECT value FROM meta WHERE name = $1", PgParams().text(name)));
  return rows.size() > 0 ? std::optional<std::string>(rows.string_at(0, 0)) : std::nullopt;
}

Result<void> make_store(PgConnection& connection, const std::string& schema) {
  TONGQU_CHECK(connection.run("CREATE SCHEMA IF NOT EXISTS " + schema));
  TONGQU_CHECK(connection.run(kTables));
  return connection.run(kAttachmentTables);
}

Result<void> check_store(PgConnection& connection) {
  TONGQU_TRY(const auto format, find_meta(connection, "format"));
  if (format.value_or("") != "tongqu-journal-postgres") return Error(Errc::journal_schema).at("meta.format");
  TONGQU_TRY(const auto version, find_meta(connection, "version"));
  if (version.value_or("") != std::to_string(kPgSchemaVersion)) return Error(Errc::journal_schema).at("meta.version").with(version.value_or(""));
  TONGQU_TRY(const auto unlogged, connection.ask("SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' "
                                                 "AND relpersistence <> 'p' ORDER BY relname LIMIT 1"));
  if (unlogged.size() > 0) return Error(Errc::journal_weak_durability).at("table " + unlogged.string_at(0, 0));
  return {};
}

/// As long as a program of before runs beside this one, it sees tables that it does not ask for.
Result<void> bring_up(PgConnection& connection) {
  TONGQU_TRY(const auto version, find_meta(connection, "version"));
  if (version.value_or("") != "1") return {};
  TONGQU_CHECK(connection.run(kAttachmentTables));
  return connection.run("UPDATE meta SET value = '2' WHERE name = 'version'");
}

Result<bool> has_tables(PgConnection& connection, const std::string& schema) {
  TONGQU_TRY(const auto rows, connection.ask("SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
                                             "WHERE n.nspname::text = $1 AND c.relkind = 'r'", PgParams().text(schema)));
  return rows.number_at(0, 0) > 0;
}

Result<std::optional<std::string>> find_secret(PgConnection& connection, const Sealing& sealing) {
  for (const std::string& key_id : sealing.key_ids()) {
    const std::string name = store_secret_name(key_id);
    TONGQU_TRY(const auto box, find_meta(connection, name));
    if (!box) continue;
    auto secret = sealing.open(*box, key_id, kStoreSecretOwner, name);
    if (!secret || secret->size() != kStoreSecretBytes) return Error(Errc::journal_open).at("seal_key");
    return std::optional<std::string>(*std::move(secret));
  }
  return std::optional<std::string>();
}

} // namespace

Result<std::int64_t> gate_of(PgConnection& connection, const std::string& schema) {
  constexpr std::int64_t kOurs = 0x54514a31; // "TQJ1"
  TONGQU_TRY(const auto rows, connection.ask("SELECT oid::bigint FROM pg_namespace WHERE nspname::text = $1", PgParams().text(schema)));
  if (rows.size() == 0) return Error(Errc::journal_open).at("schema");
  return (kOurs << 32U) | rows.number_at(0, 0);
}

Result<void> find_or_make_store(PgConnection& connection, const std::string& schema, Missing missing, Older older) {
  TONGQU_TRY(bool there, has_tables(connection, schema));
  if (!there && missing == Missing::refuse) return Error(Errc::journal_open).at("schema");
  bool old = false;
  if (there && older == Older::upgrade) {
    TONGQU_TRY(const auto version, find_meta(connection, "version"));
    old = version.value_or("") == "1";
  }
  if (!there || old) {
    TONGQU_CHECK(connection.run("BEGIN; SET LOCAL lock_timeout = '30s'; SELECT pg_advisory_xact_lock(1414613553)"));
    const auto steps = [&connection, &schema]() -> Result<void> {
      TONGQU_TRY(const bool meanwhile, has_tables(connection, schema));
      TONGQU_CHECK(meanwhile ? bring_up(connection) : make_store(connection, schema));
      return connection.run("COMMIT");
    };
    if (auto made = steps(); !made) {
      static_cast<void>(connection.run("ROLLBACK"));
      return made;
    }
  }
  return check_store(connection);
}

Result<StoreKeys> load_pg_keys(PgConnection& connection, const Sealing& sealing) {
  TONGQU_TRY(const auto secret, find_secret(connection, sealing));
  if (!secret) return Error(Errc::journal_open).at("seal_key");
  return store_keys_from(*secret);
}

Result<Secret> load_pg_names_key(PgConnection& connection, const Sealing& sealing) {
  TONGQU_TRY(auto secret, find_secret(connection, sealing));
  if (!secret) return Error(Errc::journal_open).at("seal_key");
  return Secret(crypto::hmac(crypto::MacAlgorithm::hmac_sm3, Secret(*std::move(secret)), "tongqu-attachment-names-1"));
}

Result<StoreKeys> load_or_make_pg_keys(PgConnection& connection, const Sealing& sealing) {
  TONGQU_TRY(auto secret, find_secret(connection, sealing));
  if (!secret) {
    TONGQU_TRY(const auto others, connection.ask("SELECT count(*) FROM meta WHERE name LIKE 'store_keys %'"));
    if (others.number_at(0, 0) != 0) return Error(Errc::journal_open).at("seal_key");
    secret = crypto::random_bytes(kStoreSecretBytes);
  }
  const std::string name = store_secret_name(sealing.key_id());
  TONGQU_TRY(const auto box, find_meta(connection, name));
  if (!box) {
    TONGQU_TRY(const auto sealed, sealing.seal(*secret, kStoreSecretOwner, name));
    TONGQU_CHECK(connection.ask("INSERT INTO meta(name, value) VALUES($1, $2)", PgParams().text(name).text(sealed)));
  }
  return store_keys_from(*secret);
}

} // namespace tongqu::journal::detail
