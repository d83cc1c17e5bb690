#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/call_context.hpp"
#include "tongqu/base/finding.hpp"
#include "tongqu/base/limits.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/wire/delivery.hpp"

/// The legacy side's wire. A connector does transport, framing and the envelope gate, hands a delivery over and wraps the answer.
namespace tongqu::connector {

/// One delivery as a connector took it in. `route` is the name of the listener in the configuration; it decides the pack.
struct Inbound {
  std::string route;
  std::string trace_id;
  wire::Delivery delivery;
  bool unread = false;                             ///< Its bytes are condemned (see Watched) and nobody has looked at them: they are kept as they are.
  std::shared_ptr<void> watch;                     ///< Of its bytes, when they were watched at the gate.
};

/// The watch over a body from before its gate until it is mapped: one that has twice ended the process is condemned and not to be parsed.
struct Watched {
  bool condemned = false;
  std::shared_ptr<void> entry;                     ///< Handed on with the delivery; dropping it ends the watch.
};

enum class Outcome : std::uint8_t {
  stored,     ///< Committed.
  duplicate,  ///< The same event again: the first acknowledgement, byte for byte.
  held,       ///< Committed; waits for a person.
  refused,    ///< Nothing stored; data findings or a gate error.
  conflict,   ///< Same event, other content; nothing changed.
  busy,       ///< Nothing stored; try again later.
  failed,     ///< Nothing stored; our fault.
};
/// "stored", "duplicate", …
std::string_view outcome_name(Outcome outcome) noexcept;

/// What the caller is to hear. When `fault` is set the connector answers in its protocol's own error form from `error` and `findings`;
/// else it wraps `payload`.
struct Answer {
  Outcome outcome = Outcome::stored;
  bool fault = false;
  std::string payload;                             ///< UTF-8, from the pack.
  std::string format;                              ///< xml, json, text.
  std::string charset = "utf-8";                   ///< Encoding of the bytes sent.
  std::string declared;                            ///< Label in header and declaration; empty: charset.
  std::string soap_element, soap_part, soap_namespace;  ///< Empty: <operation>Response, return, the request's namespace.
  enum class SoapForm : std::uint8_t { escaped, cdata, elements } soap_form = SoapForm::escaped;
  std::string message_id;                          ///< Ours; empty when nothing was stored.
  std::string trace_id;
  std::shared_ptr<const Error> error;              ///< Set for refused, conflict, busy, failed.
  Findings findings;
  int retry_after_s = 0;                           ///< For busy.
};
using AnswerFn = std::function<void(Answer)>;

/// A request that never became a delivery: refused by framing, gate, authentication or routing. For the refusal ledger.
struct RefusedRequest {
  std::string route, peer, trace_id;
  Error error{Errc::base_internal};
  std::string_view bytes;                          ///< Only during the call.
};

/// A status question: by our message id or by the legacy system's case number.
struct StatusQuery { std::string route, message_id, case_no; };
struct TargetStatus { std::string target, state, receipt_no, error_id; Bilingual reason; std::string changed_at; };
struct MessageStatus { std::string message_id, case_no, event, accepted_at; std::vector<TargetStatus> targets; };

/// A source system's question for what came from above.
struct EventQuery {
  std::string route;
  std::string after;                               ///< Id of the last event that it has on disk; confirms it and those given before it. Empty: confirms nothing.
  std::size_t max = 50;
};
struct EventPage {
  struct Event { std::string id, json; };
  std::vector<Event> events;                       ///< Oldest first; the same again until they are confirmed.
  bool more = false;                               ///< There may be further ones.
};
using EventsFn = std::function<void(Result<EventPage>)>;

/// An attachment on its way into the store. One that goes without `finish` leaves nothing. Calls come one at a time; a callback is called
/// once, from any thread, and after it the next call may follow.
class Upload {
public:
  virtual ~Upload() = default;
  virtual void take(std::string piece, std::function<void(Result<void>)> taken) = 0;
  struct Kept { bool known = false; std::uint64_t bytes = 0; std::string digest{}; };  ///< Durable. Known: the same content was there.
  virtual void finish(std::function<void(Result<Kept>)> done) = 0;
};
/// `digest` is the SM3 that the bytes must have, 32 bytes; empty: whatever they have.
struct UploadHead { std::string route, peer, trace_id, digest; std::optional<std::uint64_t> bytes; };

/// What a connector calls. Members are safe from several threads; `answer` is called exactly once, from any thread.
class IntakeHandler {
public:
  virtual ~IntakeHandler() = default;
  virtual void on_delivery(Inbound inbound, AnswerFn answer) = 0;
  virtual void on_refused(const RefusedRequest& refused) = 0;
  /// Asked with the bytes of a body before they are parsed. A condemned body is handed over unread. May wait while another body that is
  /// under suspicion is in work.
  virtual Watched watch_gate(std::string_view) { return {}; }
  /// @errors journal.not_found, journal.read.
  virtual Result<std::vector<MessageStatus>> status(const StatusQuery& query) = 0;
  /// Gives events; `answer` is called exactly once, from any thread. Who has none answers connector.path_unknown.
  virtual void events(const EventQuery& query, EventsFn answer);
  /// Begins an upload. @errors connector.path_unknown (the listener takes none), journal.attachment_*, journal.disk_low.
  virtual Result<std::unique_ptr<Upload>> upload(const UploadHead& head);
  /// Length of an attachment that is stored, whose time begins anew; nothing when it is not there. @errors connector.path_unknown.
  virtual Result<std::optional<std::uint64_t>> attachment(const std::string& route, const std::string& digest);
};

/// Settings of one listener, as the configuration gives them.
struct ListenerConfig {
  std::string name;                                ///< Route.
  std::string family;                              ///< soap, rest.
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string path = "/";
  std::string public_url;                          ///< For the WSDL's soap:address; empty: the address listened on.
  std::string wsdl_file;                           ///< From the pack.
  std::string ns;                                  ///< Namespace of answers, from the pack.
  std::map<std::string, std::string> settings;     ///< Family's own; unknown names are refused.
  int listen_fd = -1;                              ///< A socket that listens already, of the process before; -1: bind address and port.
  std::string token;                               ///< rest: bearer token expected (read from a secret reference); empty: none.
  std::vector<std::string> hosts;
  Limits limits;
  std::uint64_t attachment_bytes_max = 0;          ///< Of one attachment; 0: the listener takes none.
};

class Connector {
public:
  virtual ~Connector() = default;
  virtual std::uint16_t port() const = 0;
  virtual void stop(const CallContext& context) = 0;
  /// A copy of the listening socket for the process that follows; -1 when there is none.
  virtual int listener_fd() const { return -1; }
  /// Accepts nothing more and lets connections end with their next answer.
  virtual void drain() {}
  virtual std::uint64_t open_connections() const { return 0; }
};

/// Families by name; filled in main.
class Registry {
public:
  using Factory = std::function<Result<std::unique_ptr<Connector>>(const ListenerConfig&, IntakeHandler&)>;
  void add(std::string family, Factory factory);
  /// @errors connector.unknown_family, connector.setting, net.listen.
  Result<std::unique_ptr<Connector>> start(const ListenerConfig& config, IntakeHandler& handler) const;
  std::vector<std::string> families() const;

private:
  std::vector<std::pair<std::string, Factory>> rows_;
};

} // namespace tongqu::connector
