#include "journal/postgres/postgres.hpp"
#include "journal/sqlite/reader.hpp"

namespace tongqu::journal {
namespace {

Error refused() { return Error(Errc::journal_read_only); }

class ReadOnlyJournal final : public Journal {
public:
  explicit ReadOnlyJournal(detail::Sealing sealing) : sealing_(std::move(sealing)) {}
  Result<void> start(const JournalOptions& options) {
    if (options.postgres) {
      TONGQU_TRY(reader_, detail::open_postgres_views(options, sealing_));
    } else {
      TONGQU_TRY(reader_, detail::Reader::open(options.path, sealing_, nullptr));
    }
    TONGQU_TRY(attachments_, Attachments::open(options, std::make_shared<SystemClock>(), Attachments::Access::read));
    return {};
  }

  void accept(Intake, std::function<void(Result<IntakeOutcome>)> done) override { done(refused()); }
  void accept_all(IntakeBatch, std::function<void(Result<std::vector<IntakeOutcome>>)> done) override { done(refused()); }
  Result<IntakeOutcome> accept_and_wait(Intake) override { return refused(); }
  void refuse(Refusal) override {}
  void claim(std::string, std::size_t, std::function<void(Result<std::vector<Claim>>)> done) override { done(refused()); }
  void settle(Settlement, std::function<void(Result<void>)> done) override { done(refused()); }
  std::optional<UtcMillis> next_due(const std::string& target) override {
    const auto due = reader_->next_due(target);
    return due && due->has_value() ? std::optional<UtcMillis>(from_epoch_ms(**due)) : std::nullopt;
  }
  void on_ready(std::function<void(const std::string&)>) override {}

  Result<std::optional<Known>> find(std::string_view identity) override { return reader_->find(identity); }
  Result<Counts> counts() override { return reader_->counts(); }
  Result<std::optional<MessageView>> message(std::string_view message_id) override { return reader_->message(message_id); }
  Result<std::vector<MessageView>> messages_of_case(std::string_view system, std::string_view case_no) override {
    return reader_->messages_of_case(system, case_no);
  }
  Result<std::vector<DeliveryView>> deliveries(DeliveryState state, std::size_t max) override { return reader_->deliveries(state, max); }
  Result<Bodies> bodies(std::string_view message_id) override { return reader_->bodies(message_id); }
  Result<std::string> receipt(std::int64_t delivery) override { return reader_->receipt(delivery); }

  Result<void> release(std::string_view, std::string, std::string, std::string, std::string, const Act&) override { return refused(); }
  Result<void> discard(std::string_view, const std::string&, const Act&) override { return refused(); }
  Result<void> resolve(std::int64_t, Resolution, const Act&) override { return refused(); }
  Result<void> unpark(std::int64_t, const Act&) override { return refused(); }
  Result<std::int64_t> redeliver(Redelivery, const Act&, Redo) override { return refused(); }
  Attachments* attachments() noexcept override { return attachments_.get(); }
  Result<void> note(std::string_view, const Act&) override { return refused(); }
  void close() override {}

private:
  const detail::Sealing sealing_;
  std::unique_ptr<detail::Views> reader_;
  std::unique_ptr<Attachments> attachments_;
};

} // namespace

Result<std::unique_ptr<Journal>> open_read_only(JournalOptions options) {
  TONGQU_TRY(auto sealing, detail::Sealing::create(options));
  auto journal = std::make_unique<ReadOnlyJournal>(std::move(sealing));
  TONGQU_CHECK(journal->start(options));
  return std::unique_ptr<Journal>(std::move(journal));
}

} // namespace tongqu::journal
