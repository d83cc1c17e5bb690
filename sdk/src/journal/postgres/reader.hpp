#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "journal/ledger.hpp"
#include "journal/postgres/connection.hpp"
#include "journal/postgres/rows.hpp"
#include "journal/sealing.hpp"

namespace tongqu::journal::detail {

// A delivery as people see it; 64 is kTargetsMax.
#define TONGQU_PG_VIEW                                                                                                              \
  "SELECT " TONGQU_PG_DELIVERY("d.") ", m.message_id, m.system, m.case_no, m.event, r.number, m.pack, m.pack_digest, "              \
  TONGQU_PG_RECEIPT("r.") " FROM deliveries AS d LEFT JOIN messages AS m ON m.id = d.id / 64 LEFT JOIN receipts AS r ON r.delivery = d.id "
constexpr int kPgViewPack = 20, kPgViewReceipt = 22;

DeliveryView read_pg_view(const PgRow& row, const PgChecks& checks);

/// Reading on sessions of its own, a few of them, so that one slow answer does not keep all waiting. A session that broke is made anew
/// for the next question; the one that noticed is asked once more.
class PgReader final : public Views {
public:
  PgReader(PostgresOptions options, const Sealing& sealing, const StoreKeys& keys) : options_(std::move(options)), sealing_(sealing), checks_(keys) {}

  Result<std::optional<Journal::Known>> find(std::string_view identity) override;
  Result<Counts> counts() override;
  Result<std::optional<MessageView>> message(std::string_view message_id) override;
  Result<std::vector<MessageView>> messages_of_case(std::string_view system, std::string_view case_no) override;
  Result<std::vector<DeliveryView>> deliveries(DeliveryState state, std::size_t max) override;
  Result<Journal::Bodies> bodies(std::string_view message_id) override;
  Result<std::string> receipt(std::int64_t delivery) override;
  Result<std::optional<std::int64_t>> next_due(std::string_view target) override;
  const PgChecks& checks() const noexcept { return checks_; }
  Result<PgRows> ask(std::size_t statement, const PgParams& params);

private:
  Result<std::unique_ptr<PgConnection>> take();
  void give_back(std::unique_ptr<PgConnection> connection);
  Result<Journal::Bodies> own_bodies(std::string_view message_id);
  Result<MessageView> view_of(const MessageRow& row);
  Result<std::vector<DeliveryView>> views(std::size_t statement, const PgParams& params);
  Result<std::string> open_body(const MessageRow& row, const PgRows& bodies, int column) const;

  const PostgresOptions options_;
  const Sealing& sealing_;
  const PgChecks checks_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<PgConnection>> idle_;
};

} // namespace tongqu::journal::detail
