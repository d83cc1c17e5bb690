#pragma once
#include "journal/postgres/connection.hpp"
#include "journal/rows.hpp"
#include "journal/sealing.hpp"

namespace tongqu::journal::detail {

constexpr std::int64_t kPgSchemaVersion = 2;

/// Number of the advisory lock that stands for the right to write into this store.
Result<std::int64_t> gate_of(PgConnection& connection, const std::string& schema);

enum class Missing : std::uint8_t { create, refuse };
enum class Older : std::uint8_t { upgrade, refuse };
/// Finds the store in its schema and checks that it is ours and of a version that we know; makes it where it is missing and may be made,
/// and brings an older one up. Two bridges that start at once make one. @errors journal.schema, journal.open, journal.weak_durability (an
/// unlogged table).
Result<void> find_or_make_store(PgConnection& connection, const std::string& schema, Missing missing, Older older);

/// As in a store in a file: the secret of the store is kept sealed under every seal key. @errors journal.open (where: seal_key).
Result<StoreKeys> load_pg_keys(PgConnection& connection, const Sealing& sealing);
Result<StoreKeys> load_or_make_pg_keys(PgConnection& connection, const Sealing& sealing);
/// The key under which attachments are named, from the same secret.
Result<Secret> load_pg_names_key(PgConnection& connection, const Sealing& sealing);

} // namespace tongqu::journal::detail
