#include "connectors/rest/rest_connector.hpp"

#include <charconv>
#include <optional>

#include "connectors/attachments/attachment_door.hpp"
#include "connectors/attachments/multipart_sink.hpp"
#include "connectors/rest/query.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/base/fault_point.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/net/http_server.hpp"
#include "tongqu/wire/encoding.hpp"
#include "tongqu/wire/finding_json.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::connectors::rest {
namespace {

using connector::Answer;
using connector::Inbound;
using connector::Outcome;
using net::HttpRequest;
using net::HttpResponse;
using net::Responder;

constexpr std::string_view kBearer = "Bearer ";

HttpResponse json_response(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers.add("Content-Type", "application/json; charset=utf-8");
  response.body = std::move(body);
  return response;
}

int status_of(Outcome outcome, const Error& error) {
  switch (outcome) {
    case Outcome::conflict: return 409;
    case Outcome::busy: return 503;
    case Outcome::failed: return 500;
    default: break;
  }
  if (error.action() != Action::fix_input) return 500;
  return error.id().substr(0, 5) == "wire." ? 400 : 422;  // 400: it could not be read; 422: it was read and is not acceptable.
}

std::string media_of(std::string_view format) {
  if (format == "xml") return "application/xml";
  return format == "json" ? "application/json" : "text/plain";
}

/// JSON text in the caller's encoding. What that lacks can only stand inside strings, where an escape says the same.
std::string encode_json(std::string_view utf8, wire::Repertoire repertoire) {
  std::string out;
  for (std::size_t i = 0; i < utf8.size();) {
    std::size_t size = 1;
    while (i + size < utf8.size() && (static_cast<unsigned char>(utf8[i + size]) & 0xC0) == 0x80) ++size;
    const std::string_view one = utf8.substr(i, size);
    i += size;
    if (auto bytes = wire::encode(one, wire::Encoding::gb18030, repertoire)) {
      out += *bytes;
      continue;
    }
    const auto utf16 = wire::encode(one, wire::Encoding::utf16be);
    if (!utf16) continue;
    for (std::size_t k = 0; k + 1 < utf16->size(); k += 2) out += "\\u" + to_hex(utf16->substr(k, 2));
  }
  return out;
}

/// The payload in the caller's encoding. What it lacks becomes a JSON escape; in other formats the answer is UTF-8 then.
HttpResponse wrap(const Answer& answer) {
  std::string label = answer.declared.empty() ? answer.charset : answer.declared;
  HttpResponse response;
  response.body = answer.payload;
  if (wire::encoding_from_label(answer.charset) == wire::Encoding::gb18030) {
    const wire::Repertoire repertoire = label == "gb18030" ? wire::Repertoire::gb18030 : wire::Repertoire::gbk;
    auto bytes = wire::encode(answer.payload, wire::Encoding::gb18030, repertoire);
    if (bytes) response.body = *std::move(bytes);
    else if (answer.format == "json") response.body = encode_json(answer.payload, repertoire);
    else label = "utf-8";
  } else if (wire::encoding_from_label(answer.charset) != wire::Encoding::utf8) {
    label = "utf-8";
  }
  response.headers.add("Content-Type", media_of(answer.format) + "; charset=" + label);
  return response;
}

class RestConnector final : public connector::Connector, public net::HttpHandler {
public:
  RestConnector(connector::ListenerConfig config, connector::IntakeHandler& handler)
      : config_(std::move(config)),
        handler_(handler),
        status_path_(config_.path + (config_.path.back() == '/' ? "status" : "/status")),
        events_path_(config_.path + (config_.path.back() == '/' ? "events" : "/events")) {}

  Result<void> listen() {
    net::HttpServerOptions options;
    options.address = config_.address;
    options.port = config_.port;
    options.listen_fd = config_.listen_fd;
    options.limits.body_bytes_max = config_.limits.message_bytes_max;
    options.hosts = config_.hosts;
    options.sink_bytes_max = config_.attachment_bytes_max;
    TONGQU_TRY(server_, net::HttpServer::start(options, *this));
    return {};
  }

  std::uint16_t port() const override { return server_->port(); }
  void stop(const CallContext& context) override { server_->stop(context); }
  int listener_fd() const override { return server_->listener_fd(); }
  void drain() override { server_->drain(); }
  std::uint64_t open_connections() const override { return server_->counters().open; }

  net::BodyPlan plan_body(const HttpRequest& head, const net::Framing& framing) override {
    if (door_.is_for(head)) return door_.plan(head, framing, caller_of(head));
    const bool long_parts = config_.attachment_bytes_max > 0 && head.method == "POST" && head.path() == config_.path && attachments::is_multipart(head);
    return long_parts && authorised(head) && head.query().empty() ? plan_parts(head) : net::BodyPlan();
  }

  void on_request(HttpRequest request, Responder respond) override {
    if (door_.is_for(request)) return door_.answer(request, caller_of(request), respond);
    const std::string trace = to_hex(crypto::random_bytes(8));
    const bool intake = request.path() == config_.path;
    const bool status = request.path() == status_path_;
    const bool events = request.path() == events_path_;
    if (!intake && !status && !events) return refuse(request, trace, Error(Errc::connector_path_unknown), 404, respond);
    if (request.method != (intake ? "POST" : "GET")) return refuse(request, trace, Error(Errc::connector_method), 405, respond);
    if (!authorised(request)) return refuse(request, trace, Error(Errc::connector_auth_failed), 401, respond);
    if (status) return answer_status(request, trace, respond);
    if (events) return answer_events(request, trace, std::move(respond));
    take_post(std::move(request), {}, std::move(respond), trace);
  }

  HttpResponse on_refused(const Error& error, const HttpRequest& known) override {
    const std::string trace = to_hex(crypto::random_bytes(8));
    handler_.on_refused({config_.name, known.peer, trace, error, known.body});
    return json_response(400, wire::refusal_json(error, trace, {}));
  }

private:
  bool authorised(const HttpRequest& request) const {
    if (config_.token.empty()) return true;
    const std::string_view given = request.headers.get("authorization");
    if (request.headers.count("authorization") != 1 || given.substr(0, kBearer.size()) != kBearer) return false;
    return equal_constant_time(given.substr(kBearer.size()), config_.token);
  }

  attachments::Caller caller_of(const HttpRequest& request) const { return authorised(request) ? attachments::Caller::known : attachments::Caller::unknown; }

  void refuse(const HttpRequest& request, const std::string& trace, const Error& error, int status, const Responder& respond) {
    refuse(request, request.body, trace, error, status, respond);
  }

  void refuse(const HttpRequest& request, std::string_view bytes, const std::string& trace, const Error& error, int status,
              const Responder& respond) {
    respond(refusal(request, bytes, trace, error, status));
  }

  HttpResponse refusal(const HttpRequest& request, std::string_view bytes, const std::string& trace, const Error& error, int status) {
    handler_.on_refused({config_.name, request.peer, trace, error, bytes});
    HttpResponse response = json_response(status, wire::refusal_json(error, trace, {}));
    if (status == 401) response.headers.add("WWW-Authenticate", "Bearer");
    if (status == 405) response.headers.add("Allow", request.path() == config_.path ? "POST" : "GET");
    if (status == 503 || status == 507) response.headers.add("Retry-After", attachments::retry_after(status));
    return response;
  }

  /// What the head says about the body; 415 for a type that is not served, 400 for the rest.
  struct HeadVerdict { std::optional<Error> error; int status = 0; };
  static HeadVerdict judge_head(const HttpRequest& request) {
    const std::string_view type = request.headers.get("content-type");
    if (net::media_type(type) != "application/json" || request.headers.count("content-type") != 1) {
      return {Error(Errc::connector_content_type).with("application/json, once"), 415};
    }
    if (net::media_parameter_count(type, "charset") > 1) return {Error(Errc::connector_content_type).with("one charset"), 415};
    const std::string charset = net::media_parameter(type, "charset");
    if (!charset.empty() && wire::encoding_from_label(charset) != wire::Encoding::utf8) {
      return {Error(Errc::wire_encoding_unknown).at("Content-Type"), 415};
    }
    if (!request.query().empty()) return {Error(Errc::connector_parameter).with("none is taken here"), 400};
    if (request.body.empty()) return {Error(Errc::connector_body_missing), 400};
    return {};
  }

  Result<wire::Document> gate(std::string_view bytes) const {
    wire::JsonOptions options;
    options.limits = config_.limits;
    TONGQU_TRY(wire::Document document, wire::parse_json(bytes, options));
    const wire::NodeKind kind = document.root().kind();
    const bool container = kind == wire::NodeKind::object || kind == wire::NodeKind::array;
    if (!container) return Error(Errc::connector_json_type).at("1:1").with("object or array");
    return document;
  }

  net::BodyPlan plan_parts(const HttpRequest& head) {
    const std::string trace = to_hex(crypto::random_bytes(8));
    const auto whole = std::make_shared<const HttpRequest>(head);
    attachments::MultipartPlan parts{config_.name, head.peer, trace, std::string(head.headers.get("content-type")), config_.limits.message_bytes_max,
                                     [this, whole, trace](const Error& error) { return refusal(*whole, {}, trace, error, attachments::status_of(error)); },
                                     [this, whole, trace](std::vector<wire::Part> cut, Responder respond) { take_parts(*whole, std::move(cut), std::move(respond), trace); }};
    net::BodyPlan plan;
    auto sink = attachments::make_multipart_sink(std::move(parts), handler_);
    if (sink) plan.sink = *std::move(sink);
    else plan.answer = std::make_unique<HttpResponse>(refusal(head, {}, trace, sink.error(), 400));
    return plan;
  }

  void take_parts(const HttpRequest& whole, std::vector<wire::Part> parts, Responder respond, const std::string& trace) {
    HttpRequest request = attachments::root_request(whole, parts.front(), "application/json");
    take_post(std::move(request), std::move(parts), std::move(respond), trace);
  }

  /// @param parts  Of a body of several: the root, whose bytes are the request's, and the others.
  void take_post(HttpRequest request, std::vector<wire::Part> parts, Responder respond, const std::string& trace) {
    const HeadVerdict head = judge_head(request);
    if (head.error) return refuse(request, trace, *head.error, head.status, respond);

    const std::string type(request.headers.get("content-type"));
    Inbound inbound;
    inbound.route = config_.name;
    inbound.trace_id = trace;
    auto& facts = inbound.delivery.facts;
    if (!parts.empty()) facts["multipart"] = "cut";
    if (parts.empty()) parts.push_back({"body", {}, {}, nullptr});
    inbound.delivery.parts = std::move(parts);
    wire::Part& body = inbound.delivery.parts.front();
    body.content_type = type;
    body.bytes = std::move(request.body);
    connector::Watched watched = handler_.watch_gate(body.bytes);
    inbound.unread = watched.condemned;
    inbound.watch = std::move(watched.entry);
    if (!inbound.unread) {
      auto document = gate(body.bytes);
      if (!document) return refuse(request, body.bytes, trace, document.error(), 400, respond);
      FAULT_POINT("s04_gate_passed");
      body.document = std::make_shared<const wire::Document>(*std::move(document));
    }
    facts["family"] = "rest";
    facts["path"] = config_.path;
    facts["peer"] = request.peer;
    facts["content_type"] = type;
    handler_.on_delivery(std::move(inbound), [respond = std::move(respond)](Answer answer) {
      if (!answer.fault) return respond(wrap(answer));
      const Error error = answer.error ? *answer.error : Error(Errc::base_internal);
      std::string refusal = wire::refusal_json(error, answer.trace_id, answer.findings);
      HttpResponse response = json_response(status_of(answer.outcome, error), std::move(refusal));
      if (answer.outcome == Outcome::busy) response.headers.add("Retry-After", std::to_string(answer.retry_after_s));
      respond(std::move(response));
    });
  }

  /// The question of a status request; `message_id` or `case_no`, one of them and nothing else.
  Result<connector::StatusQuery> read_question(std::string_view text) const {
    const Error wrong = Error(Errc::connector_parameter).with("message_id or case_no");
    TONGQU_TRY(const auto parameters, parse_query(text));
    connector::StatusQuery query;
    query.route = config_.name;
    for (const auto& [name, value] : parameters) {
      if (name == "message_id") query.message_id = value;
      else if (name == "case_no") query.case_no = value;
      else return wrong;
    }
    if (query.message_id.empty() == query.case_no.empty()) return wrong;
    return query;
  }

  void answer_status(const HttpRequest& request, const std::string& trace, const Responder& respond) {
    const auto query = read_question(request.query());
    if (!query) return refuse(request, trace, query.error(), 400, respond);
    const auto status = handler_.status(*query);
    if (status) return respond(json_response(200, status_json(*status)));
    const int code = status.error().code() == Errc::journal_not_found ? 404 : 500;
    respond(json_response(code, wire::refusal_json(status.error(), trace, {})));
  }

  /// `after` and `max`, each at most once.
  Result<connector::EventQuery> read_event_question(std::string_view text) const {
    TONGQU_TRY(const auto parameters, parse_query(text));
    connector::EventQuery query;
    query.route = config_.name;
    for (const auto& [name, value] : parameters) {
      int max = 0;
      const auto [at, ec] = std::from_chars(value.data(), value.data() + value.size(), max);
      if (name == "after" && !value.empty() && value.size() <= 64) query.after = value;
      else if (name == "max" && ec == std::errc() && at == value.data() + value.size() && max >= 1 && max <= 200) query.max = static_cast<std::size_t>(max);
      else return Error(Errc::connector_parameter).at(name).with("after, an id; max, 1 to 200");
    }
    return query;
  }

  void answer_events(const HttpRequest& request, const std::string& trace, Responder respond) {
    const auto query = read_event_question(request.query());
    if (!query) return refuse(request, trace, query.error(), 400, respond);
    handler_.events(*query, [respond = std::move(respond), trace](Result<connector::EventPage> page) {
      if (page) return respond(json_response(200, events_json(*page)));
      const Error& error = page.error();
      const int status = error.code() == Errc::connector_path_unknown ? 404 : error.action() == Action::fix_input ? 409 : error.action() == Action::retry_later ? 503 : 500;
      HttpResponse response = json_response(status, wire::refusal_json(error, trace, {}));
      if (status == 503) response.headers.add("Retry-After", "1");
      respond(std::move(response));
    });
  }

  static std::string events_json(const connector::EventPage& page) {
    std::string out = "{\"events\":[";
    for (const auto& one : page.events) {
      if (out.back() != '[') out += ',';
      out += "{\"id\":\"" + one.id + "\",\"event\":" + one.json + "}";  // Ids are ours, and the event is JSON already.
    }
    return out + "],\"more\":" + (page.more ? "true}" : "false}");
  }

  static std::string status_json(const std::vector<connector::MessageStatus>& messages) {
    std::string out;
    wire::JsonWriter w(out);
    w.begin_object();
    w.key("messages");
    w.begin_array();
    for (const auto& message : messages) {
      w.begin_object();
      w.member("id", message.message_id);
      w.member("case_no", message.case_no);
      w.member("event", message.event);
      w.member("accepted_at", message.accepted_at);
      w.key("targets");
      w.begin_array();
      for (const auto& target : message.targets) {
        w.begin_object();
        w.member("target", target.target);
        w.member("state", target.state);
        if (!target.receipt_no.empty()) w.member("receipt_no", target.receipt_no);
        if (!target.error_id.empty()) w.member("error_id", target.error_id);
        if (!target.reason.en.empty() || !target.reason.zh.empty()) {
          w.key("reason");
          w.begin_object();
          w.member("en", target.reason.en);
          w.member("zh", target.reason.zh);
          w.end_object();
        }
        w.member("changed_at", target.changed_at);
        w.end_object();
      }
      w.end_array();
      w.end_object();
    }
    w.end_array();
    w.end_object();
    return out;
  }

  connector::ListenerConfig config_;
  connector::IntakeHandler& handler_;
  attachments::AttachmentDoor door_{config_, handler_};
  std::string status_path_, events_path_;
  std::unique_ptr<net::HttpServer> server_;
};

Result<std::unique_ptr<connector::Connector>> start_rest(const connector::ListenerConfig& config,
                                                         connector::IntakeHandler& handler) {
  const std::string at = "listen " + config.name;
  if (!config.settings.empty()) return Error(Errc::connector_setting).at(at).with(config.settings.begin()->first);
  if (config.path.empty() || config.path.front() != '/') return Error(Errc::connector_setting).at(at).with("path");
  auto connector = std::make_unique<RestConnector>(config, handler);
  TONGQU_CHECK(connector->listen());
  return std::unique_ptr<connector::Connector>(std::move(connector));
}

} // namespace

void register_rest(connector::Registry& registry) { registry.add("rest", start_rest); }

} // namespace tongqu::connectors::rest
