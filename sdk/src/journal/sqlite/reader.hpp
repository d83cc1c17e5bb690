#pragma once
#include <memory>
#include <mutex>
#include <optional>

#include "journal/sealing.hpp"
#include "journal/sqlite/database.hpp"
#include "tongqu/journal/journal.hpp"

namespace tongqu::journal::detail {

/// Reading beside the writer, on a read-only connection of its own. Safe from several threads, one at a time.
class Reader {
public:
  /// @errors journal.open, journal.schema, journal.corrupt.
  static Result<std::unique_ptr<Reader>> open(const std::string& path, const Sealing& sealing);

  Result<std::optional<Journal::Known>> find(std::string_view identity);
  Result<Counts> counts();
  Result<std::optional<MessageView>> message(std::string_view message_id);
  Result<std::vector<MessageView>> messages_of_case(std::string_view system, std::string_view case_no);
  Result<std::vector<DeliveryView>> deliveries(DeliveryState state, std::size_t max);
  Result<Journal::Bodies> bodies(std::string_view message_id);
  Result<std::string> receipt(std::int64_t delivery);
  /// Schedule time, 0 for at once.
  Result<std::optional<std::int64_t>> next_due(std::string_view target);

private:
  /// Raw bytes as they stand in the row: those of a delivery with many messages are a reference for all but the first.
  Result<Journal::Bodies> own_bodies(std::string_view message_id);
  Reader(std::unique_ptr<Database> database, const Sealing& sealing) : database_(std::move(database)), sealing_(sealing) {}
  Result<std::optional<MessageView>> view_row(std::int64_t row);
  Result<std::vector<DeliveryView>> deliveries_of(std::int64_t row);

  std::unique_ptr<Database> database_;
  std::vector<Statement> statements_;
  const Sealing& sealing_;
  std::mutex mutex_;
};

} // namespace tongqu::journal::detail
