#pragma once
#include <functional>
#include <memory>

#include "journal/ledger.hpp"
#include "journal/sealing.hpp"
#include "tongqu/base/clock.hpp"
#include "tongqu/journal/attachments.hpp"
#include "tongqu/journal/scan.hpp"

/// The store in PostgreSQL, as the rest of the journal sees it. A build without libpq answers journal.no_postgres to everything.
namespace tongqu::journal::detail {

/// The bridges that share a store: keeps this one's lease alive, hears of the work that the others make, and sees when one is gone.
class Peers {
public:
  virtual ~Peers() = default;
  /// @param on_ready  Another bridge has made work for a target. @param on_left  A bridge is gone with claims in its hands. Both on the
  /// thread of the peers.
  virtual void start(std::function<void(const std::string&)> on_ready, std::function<void()> on_left) = 0;
  /// Ends the thread, so that neither is called any more. The lease stays.
  virtual void stop() = 0;
  /// Gives the lease back; what is still claimed may be taken over at once.
  virtual void leave() = 0;
};

struct OpenedPostgres {
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<Views> views;
  std::unique_ptr<Peers> peers;
};

/// @errors journal.server_away, journal.server_refused, journal.server_setting, journal.weak_durability, journal.schema, journal.corrupt,
/// journal.clock_skew, journal.open (seal_key, audit_key, schema).
Result<OpenedPostgres> open_postgres(const JournalOptions& options, const Sealing& sealing, const Clock& clock);
Result<std::unique_ptr<Views>> open_postgres_views(const JournalOptions& options, const Sealing& sealing);

/// @errors as open_postgres.
Result<std::unique_ptr<Attachments>> open_postgres_attachments(const JournalOptions& options, std::shared_ptr<Clock> clock, Attachments::Access access);

/// As their namesakes on a store in a file.
Result<VerifyReport> verify_postgres(const VerifyOptions& options);
Result<void> scan_postgres(const JournalOptions& options, const ScanFilter& filter, const std::function<bool(const ScannedDelivery&)>& take);
Result<std::string> message_of_delivery_postgres(const JournalOptions& options, std::int64_t delivery);
Result<std::string> evidence_postgres(const JournalOptions& options, std::string_view message_id);

} // namespace tongqu::journal::detail
