#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/call_context.hpp"
#include "tongqu/base/clock.hpp"
#include "tongqu/base/finding.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/base/secret.hpp"

/// One provincial or national platform as a client sees it. Profiles live in connectors/platforms/<id>; the runtime knows only this.
namespace tongqu::platform {

/// What a platform's reply means, when data says so and not a profile's code. `duplicate` is as good as accepted.
struct Reply {
  enum class Is : std::uint8_t { accepted, duplicate, fix_input, fix_setup, retry_later, give_up } is = Is::give_up;
  std::string receipt;                             ///< The platform's number for the message; empty when it gave none.
  std::string code;                                ///< Its own code, for people. Its words are not handed on: they may name persons.
};
/// Safe from several threads. @errors mapping.reply_unreadable.
using ReplyReader = std::function<Result<Reply>(std::string_view body, int http_status)>;

struct PlatformConfig {
  std::string name;                                ///< Of this instance in the configuration ("province").
  std::string profile;                             ///< "tif_rio", "gjgxjhpt".
  std::string url;                                 ///< Scheme, host and port.
  std::string pinned_host;
  std::string ca_file;
  std::map<std::string, Secret> credentials;       ///< Named by the profile ("paas_token", "app_key").
  std::map<std::string, std::string> settings;     ///< Named by the profile ("paas_id", "rid"); unknown names are refused.
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds total_timeout{30000};
  std::size_t connections_max = 32;
  ReplyReader read_reply = {};                     ///< Of the target; for profiles whose platforms answer as data says. Empty: it has none.
};

/// The receipt of a message that had to come first.
struct EarlierReceipt { std::string message_id, receipt_no; };

/// One message to submit.
struct Submission {
  std::string message_id;                          ///< The same at every try.
  std::string source_system;
  std::string stage;                               ///< Name of the target's message ("accept").
  std::string body;                                ///< JSON row, UTF-8, exactly what is hashed and sent.
  std::string trace_id;
  std::vector<EarlierReceipt> after = {};          ///< Of the messages that this one depends on, in the target's order.
};

enum class SubmitState : std::uint8_t {
  delivered,  ///< A complete, parsed receipt with our id and digest.
  refused,    ///< The platform's no, for good.
  retry,      ///< The platform took nothing and may take it later (busy, predecessor missing, throttled, gateway says no credentials).
  not_sent,   ///< No byte left the host.
  unknown,    ///< A byte may have left and no matched receipt came back.
};

struct SubmitOutcome {
  SubmitState state = SubmitState::unknown;
  std::string receipt;                             ///< The receipt as received (delivered).
  std::string receipt_no;
  bool duplicate = false;                          ///< The platform had it already.
  std::optional<Error> error;                      ///< For everything but delivered; platform.* or net.*.
  std::string platform_code;                       ///< As the platform said it.
  Bilingual reason;                                ///< Free of personal data.
  std::optional<std::chrono::milliseconds> retry_after;  ///< Told by the platform, already bounded to 1 s .. 1 h.
  bool platform_down = false;                      ///< Counts for the breaker.
};

enum class QueryState : std::uint8_t { found, absent, failed, not_offered };
struct QueryOutcome {
  QueryState state = QueryState::failed;
  std::string receipt, receipt_no;
  std::optional<Error> error;
  bool platform_down = false;
};

/// What a platform lists of one day below a prefix of the message ids; docs/reference/case-exchange.md, Daily digest.
struct DayPart { std::string prefix; std::uint64_t count = 0; std::string digest; };
struct DayEntry { std::string message_id, digest; };
struct DayOutcome {
  QueryState state = QueryState::failed;           ///< found, failed or not_offered.
  std::uint64_t count = 0;
  std::string digest;                              ///< SM3 hex over the lines "messageId digest\n", sorted.
  std::vector<DayPart> parts;                      ///< By the next character.
  std::vector<DayEntry> entries;                   ///< Instead, where there are few.
  std::optional<Error> error;
};

/// What one stored receipt proves.
struct ReceiptFacts {
  std::string message_id, digest;
  std::string day;                                 ///< Of its reception by the platform's own clock, yyyy-MM-dd.
};

/// Something that the platform has to tell the sender of a case.
struct UpEvent {
  std::string event_id, source_system, case_no, kind, at;
  std::string data;                                ///< JSON object as text, exactly what `digest` was computed over.
  std::string digest;
};
struct EventsOutcome {
  QueryState state = QueryState::failed;           ///< found (perhaps none), failed or not_offered.
  std::vector<UpEvent> events;                     ///< Not confirmed yet, oldest first.
  bool more = false;
  std::optional<Error> error;
};

/// What the platform does with an id it has seen; decides how an unknown outcome is settled.
struct Guarantee {
  bool deduplicates = false;                       ///< Same id again has no second effect: resend is safe.
  bool queryable = false;
};

/// A connected client. Safe from several threads; callbacks run on the client's own thread and must be short.
class PlatformClient {
public:
  virtual ~PlatformClient() = default;
  virtual Guarantee guarantee() const = 0;
  virtual void submit(Submission submission, std::function<void(SubmitOutcome)> done) = 0;
  /// Asks whether a message was taken. @param digest_of_body  SM3 hex of the row; a found receipt with another digest is `failed`.
  virtual void query(std::string message_id, std::string digest_of_body, std::function<void(QueryOutcome)> done) = 0;
  /// What was taken on a day (yyyy-MM-dd of the platform's clock), below a prefix of the ids. A profile without it says not_offered.
  virtual void day(std::string date, std::string prefix, std::function<void(DayOutcome)> done);
  /// Events that were not confirmed; asking changes nothing. A profile without them says not_offered.
  virtual void events(std::size_t max, std::function<void(EventsOutcome)> done);
  /// Confirms events that are on our disk; nothing when the platform took it. Confirming twice is no fault.
  virtual void confirm_events(std::vector<std::string> event_ids, std::function<void(std::optional<Error>)> done);
};

/// What the profile reads, in the folder of the profile.
struct ProfileInfo {
  std::string id;
  std::string target_file;                         ///< "targets/case.yaml", relative to the profile's folder.
  std::vector<std::string> settings, credentials;  ///< Names that the configuration may give.
  /// Reads the receipts of a stored delivery, one a line; null when the profile cannot. What cannot be read is left out.
  std::vector<ReceiptFacts> (*read_receipts)(std::string_view stored) = nullptr;
};

/// Profiles by id. Filled by `register_<profile>` calls in main; no global state.
class Registry {
public:
  using Factory = std::function<Result<std::unique_ptr<PlatformClient>>(const PlatformConfig&, std::shared_ptr<Clock>)>;
  void add(ProfileInfo info, Factory factory);
  const ProfileInfo* find(std::string_view id) const noexcept;
  std::vector<std::string> ids() const;
  /// @errors platform.unknown_profile, platform.setting (unknown, missing or wrong), net.peer.
  Result<std::unique_ptr<PlatformClient>> create(const PlatformConfig& config, std::shared_ptr<Clock> clock) const;

private:
  struct Row { ProfileInfo info; Factory factory; };
  std::vector<Row> rows_;
};

} // namespace tongqu::platform
