#pragma once
#include <memory>
#include <mutex>
#include <optional>

#include "journal/ledger.hpp"
#include "journal/sealing.hpp"
#include "journal/sqlite/database.hpp"
#include "journal/sqlite/keys.hpp"
#include "tongqu/journal/journal.hpp"

namespace tongqu::journal::detail {

/// Reading beside the writer, on a read-only connection of its own. Safe from several threads, one at a time.
class Reader final : public Views {
public:
  /// @param recent  The writer's, when it is in this process; otherwise null, and the newest rows are read.
  /// @errors journal.open, journal.schema, journal.corrupt.
  static Result<std::unique_ptr<Reader>> open(const std::string& path, const Sealing& sealing, std::shared_ptr<const RecentKeys> recent);

  Result<std::optional<Journal::Known>> find(std::string_view identity) override;
  Result<Counts> counts() override;
  Result<std::optional<MessageView>> message(std::string_view message_id) override;
  Result<std::vector<MessageView>> messages_of_case(std::string_view system, std::string_view case_no) override;
  Result<std::vector<DeliveryView>> deliveries(DeliveryState state, std::size_t max) override;
  Result<Journal::Bodies> bodies(std::string_view message_id) override;
  Result<std::string> receipt(std::int64_t delivery) override;
  /// Schedule time, 0 for at once.
  Result<std::optional<std::int64_t>> next_due(std::string_view target) override;

private:
  Reader(std::unique_ptr<Database> database, const Sealing& sealing, const StoreKeys& keys)
      : database_(std::move(database)), sealing_(sealing), checks_(keys.rows), hash_(keys.index) {}
  /// Raw bytes as they stand in the row: those of a delivery with many messages are a reference for all but the first.
  Result<Journal::Bodies> own_bodies(std::string_view message_id);
  Result<void> look_at_newest();
  Result<std::optional<MessageRow>> row(std::int64_t id);
  Result<std::optional<MessageRow>> row_of(std::string_view message_id);
  Result<MessageView> view_of(const MessageRow& row);
  Result<std::vector<DeliveryView>> deliveries_in(std::int64_t first, std::int64_t last);
  Result<std::vector<DeliveryView>> read_views(Statement& statement) const;
  Result<std::string> open_body(const MessageRow& row, const Statement& bodies, int column) const;

  std::unique_ptr<Database> database_;
  std::vector<Statement> statements_;
  const Sealing& sealing_;
  RowChecks checks_;
  KeyHash hash_;
  std::shared_ptr<const RecentKeys> recent_;
  std::shared_ptr<RecentKeys> own_recent_;  ///< When there is no writer in this process.
  std::int64_t own_upto_ = 0;
  std::optional<KeyTable> keys_;
  std::mutex mutex_;
};

} // namespace tongqu::journal::detail
