#include "connectors/staging/staging_connector.hpp"

#include <atomic>
#include <condition_variable>
#include <ctime>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "connectors/staging/sqlite_tables.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::connectors::staging {
namespace {

using connector::Answer;
using connector::Inbound;
using connector::Outcome;

constexpr std::chrono::milliseconds kPatienceMax{60000};
constexpr std::size_t kFindingsTold = 5;

/// Wall time in Beijing, as such tables hold it.
std::string office_now() {
  const std::time_t now = std::time(nullptr) + 8 * 3600;
  std::tm day{};
  ::gmtime_r(&now, &day);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &day);
  return text;
}

std::string first_characters(const std::string& utf8, std::size_t count) {
  std::size_t at = 0;
  for (; at < utf8.size() && count > 0; --count) {
    ++at;
    while (at < utf8.size() && (static_cast<unsigned char>(utf8[at]) & 0xC0U) == 0x80U) ++at;
  }
  return utf8.substr(0, at);
}

class StagingConnector final : public connector::Connector {
public:
  StagingConnector(connector::ListenerConfig config, StagingSettings settings, connector::IntakeHandler& handler)
      : config_(std::move(config)), settings_(std::move(settings)), handler_(handler) {}
  ~StagingConnector() override { end(); }

  /// A table that is not as the settings say is told at the start.
  Result<void> begin() {
    TONGQU_CHECK(SqliteTables::open(settings_));
    thread_ = std::thread([this] { look_again_and_again(); });
    return {};
  }

  std::uint16_t port() const override { return 0; }
  void stop(const CallContext&) override { end(); }
  void drain() override { ask_to_stop(); }

private:
  enum class Round : std::uint8_t { done, busy, failed };

  void ask_to_stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
  }

  void end() {
    ask_to_stop();
    if (thread_.joinable()) thread_.join();
  }

  bool stopping() {
    const std::lock_guard lock(mutex_);
    return stopping_;
  }

  void look_again_and_again() {
    auto wait = std::chrono::milliseconds(0);
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, wait, [this] { return stopping_; })) {
      lock.unlock();
      const Round round = look();
      // The database or the store is not to be had: ask less and less often.
      wait = round == Round::done ? settings_.poll : std::min(kPatienceMax, std::max(wait * 2, settings_.poll));
      lock.lock();
    }
  }

  Round look() {
    if (!tables_) {
      auto opened = SqliteTables::open(settings_);
      if (!opened) return trouble(opened.error());
      tables_ = *std::move(opened);
    }
    std::size_t left = 0;  // Rows in front that stay as they are.
    for (;;) {
      const auto rows = tables_->read(left);
      if (!rows) return trouble(rows.error());
      if (rows->empty()) break;
      for (const StagedRow& row : *rows) {
        if (stopping()) return Round::done;
        const auto taken = take(row);
        if (!taken) return trouble(taken.error());
        if (*taken == Taken::busy) return Round::busy;
        left += *taken == Taken::left ? 1 : 0;
      }
    }
    trouble_.clear();
    return Round::done;
  }

  /// Told once, not at every look.
  Round trouble(const Error& error) {
    tables_.reset();
    const std::string what = std::string(error.id()) + " " + error.where();
    if (what != trouble_) handler_.on_refused({config_.name, "staging", new_trace(), error, {}});
    trouble_ = what;
    return Round::failed;
  }

  static std::string new_trace() { return to_hex(crypto::random_bytes(8)); }

  enum class Taken : std::uint8_t { written, left, busy };

  /// The row goes in and is committed first, and only then marked: whoever is ended in between finds it unmarked, sends it in again, and the
  /// journal knows it.
  Result<Taken> take(const StagedRow& row) {
    if (!row.whole) return Taken::left;
    const Answer answer = ask(row);
    if (answer.outcome == Outcome::busy) return Taken::busy;
    if (answer.outcome == Outcome::failed) return Taken::left;
    TONGQU_TRY(const bool written, tables_->write_back(row, verdict_of(answer)));
    // The office has written into it meanwhile; it is read again as it is now.
    return written ? Taken::written : Taken::left;
  }

  Answer ask(const StagedRow& row) {
    Inbound inbound;
    inbound.route = config_.name;
    inbound.trace_id = new_trace();
    auto& facts = inbound.delivery.facts;
    facts["family"] = "staging";
    facts["path"] = config_.path;
    facts["peer"] = "staging";
    facts["content_type"] = "application/json";
    facts["table"] = settings_.table;
    inbound.delivery.parts.push_back({"body", "application/json", row.json, nullptr});
    std::promise<Answer> told;
    auto answer = told.get_future();
    handler_.on_delivery(std::move(inbound), [&told](Answer given) { told.set_value(std::move(given)); });
    return answer.get();
  }

  SqliteTables::Verdict verdict_of(const Answer& answer) const {
    SqliteTables::Verdict verdict;
    verdict.time = office_now();
    const bool kept = answer.outcome == Outcome::stored || answer.outcome == Outcome::duplicate;
    verdict.flag = kept ? settings_.stored : answer.outcome == Outcome::held ? settings_.held : settings_.refused;
    if (!kept) verdict.message = first_characters(reason_of(answer), settings_.message_chars);
    return verdict;
  }

  /// In the language of the office: what is wrong and where, the findings that refused it first.
  std::string reason_of(const Answer& answer) const {
    std::string text;
    const auto add = [&text](const std::string& one) { text += (text.empty() ? "" : "; ") + one; };
    std::size_t told = 0;
    for (const Finding& finding : answer.findings) {
      if (finding.severity != Severity::error || told++ >= kFindingsTold) continue;
      // The officer knows the tables, not the model: the row and its column, too.
      const std::string place = finding.path.empty() || finding.source.path.empty() ? "" : " (" + finding.source.path + ")";
      add(describe(finding, settings_.lang) + place);
    }
    if (told == 0 && answer.error) add(answer.error->message(settings_.lang) + (answer.error->where().empty() ? "" : " (" + answer.error->where() + ")"));
    if (text.empty()) text = answer.payload;
    if (answer.error) text += " [" + std::string(answer.error->id()) + "]";
    return text;
  }

  const connector::ListenerConfig config_;
  const StagingSettings settings_;
  connector::IntakeHandler& handler_;
  std::unique_ptr<SqliteTables> tables_;           ///< The thread's own.
  std::string trouble_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

Result<std::unique_ptr<connector::Connector>> start_staging(const connector::ListenerConfig& config, connector::IntakeHandler& handler) {
  TONGQU_TRY(auto settings, read_staging_settings(config));
  auto connector = std::make_unique<StagingConnector>(config, std::move(settings), handler);
  TONGQU_CHECK(connector->begin());
  return std::unique_ptr<connector::Connector>(std::move(connector));
}

} // namespace

void register_staging(connector::Registry& registry) { registry.add("staging", start_staging); }

} // namespace tongqu::connectors::staging
