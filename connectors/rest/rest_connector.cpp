#include "connectors/rest/rest_connector.hpp"

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
  const std::string_view id = error.id();
  return id.substr(0, 5) == "wire." || id.substr(0, 10) == "connector." ? 400 : 422;
}

std::string media_of(std::string_view format) {
  if (format == "xml") return "application/xml";
  return format == "json" ? "application/json" : "text/plain";
}

/// The payload in the caller's encoding; what the encoding lacks becomes a JSON escape or, in other formats, makes the answer UTF-8.
HttpResponse wrap(const Answer& answer) {
  const wire::Encoding encoding = wire::encoding_from_label(answer.charset).value_or(wire::Encoding::utf8);
  std::string label = !answer.declared.empty() ? answer.declared : encoding == wire::Encoding::utf8 ? "utf-8" : answer.charset;
  HttpResponse response;
  response.body = answer.payload;
  if (encoding != wire::Encoding::utf8) {
    if (auto bytes = wire::encode(answer.payload, encoding)) response.body = *std::move(bytes);
    else label = "utf-8";
  }
  response.headers.add("Content-Type", media_of(answer.format) + "; charset=" + label);
  return response;
}

class RestConnector final : public connector::Connector, public net::HttpHandler {
public:
  RestConnector(connector::ListenerConfig config, connector::IntakeHandler& handler) : config_(std::move(config)), handler_(handler), status_path_(config_.path + (config_.path.back() == '/' ? "status" : "/status")) {}

  Result<void> listen() {
    net::HttpServerOptions options;
    options.address = config_.address;
    options.port = config_.port;
    options.limits.body_bytes_max = config_.limits.message_bytes_max;
    options.hosts = config_.hosts;
    TONGQU_TRY(server_, net::HttpServer::start(options, *this));
    return {};
  }

  std::uint16_t port() const override { return server_->port(); }
  void stop(const CallContext& context) override { server_->stop(context); }

  void on_request(HttpRequest request, Responder respond) override {
    const std::string trace = to_hex(crypto::random_bytes(8));
    const bool intake = request.path() == config_.path;
    const bool status = request.path() == status_path_;
    if (!intake && !status) return refuse(request, trace, Error(Errc::connector_path_unknown), 404, respond);
    if (request.method != (intake ? "POST" : "GET")) return refuse(request, trace, Error(Errc::connector_method), 405, respond);
    if (!authorised(request)) return refuse(request, trace, Error(Errc::connector_auth_failed), 401, respond);
    if (status) return answer_status(request, trace, respond);
    take_post(std::move(request), std::move(respond), trace);
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

  void refuse(const HttpRequest& request, const std::string& trace, const Error& error, int status, const Responder& respond) {
    handler_.on_refused({config_.name, request.peer, trace, error, request.body});
    HttpResponse response = json_response(status, wire::refusal_json(error, trace, {}));
    if (status == 401) response.headers.add("WWW-Authenticate", "Bearer");
    if (status == 405) response.headers.add("Allow", request.path() == config_.path ? "POST" : "GET");
    respond(std::move(response));
  }

  void take_post(HttpRequest request, Responder respond, const std::string& trace) {
    const std::string type(request.headers.get("content-type"));
    const std::string charset = net::media_parameter(type, "charset");
    if (net::media_type(type) != "application/json") return refuse(request, trace, Error(Errc::connector_content_type).with("application/json"), 415, respond);
    if (!charset.empty() && wire::encoding_from_label(charset) != wire::Encoding::utf8) return refuse(request, trace, Error(Errc::wire_encoding_unknown).at("Content-Type"), 415, respond);
    if (!request.query().empty()) return refuse(request, trace, Error(Errc::connector_parameter).with("none is taken here"), 400, respond);
    if (request.body.empty()) return refuse(request, trace, Error(Errc::connector_body_missing), 400, respond);

    Inbound inbound;
    inbound.route = config_.name;
    inbound.trace_id = trace;
    inbound.delivery.parts.push_back({"body", type, std::move(request.body), nullptr});
    wire::Part& body = inbound.delivery.parts.front();
    wire::JsonOptions options;
    options.limits = config_.limits;
    auto document = wire::parse_json(body.bytes, options);
    if (document && document->root().kind() != wire::NodeKind::object && document->root().kind() != wire::NodeKind::array) document = Error(Errc::connector_json_type).at("1:1").with("object or array");
    if (!document) {
      handler_.on_refused({config_.name, request.peer, trace, document.error(), body.bytes});
      return respond(json_response(400, wire::refusal_json(document.error(), trace, {})));
    }
    FAULT_POINT("s04_gate_passed");
    body.document = std::make_shared<const wire::Document>(*std::move(document));
    auto& facts = inbound.delivery.facts;
    facts["family"] = "rest";
    facts["path"] = config_.path;
    facts["peer"] = request.peer;
    facts["content_type"] = type;
    handler_.on_delivery(std::move(inbound), [respond = std::move(respond)](Answer answer) {
      if (!answer.fault) return respond(wrap(answer));
      const Error error = answer.error ? *answer.error : Error(Errc::base_internal);
      HttpResponse response = json_response(status_of(answer.outcome, error), wire::refusal_json(error, answer.trace_id, answer.findings));
      if (answer.outcome == Outcome::busy) response.headers.add("Retry-After", std::to_string(answer.retry_after_s));
      respond(std::move(response));
    });
  }

  void answer_status(const HttpRequest& request, const std::string& trace, const Responder& respond) {
    const auto parameters = parse_query(request.query());
    if (!parameters) return refuse(request, trace, parameters.error(), 400, respond);
    connector::StatusQuery query;
    query.route = config_.name;
    for (const auto& [name, value] : *parameters) {
      if (name == "message_id") query.message_id = value;
      else if (name == "case_no") query.case_no = value;
      else return refuse(request, trace, Error(Errc::connector_parameter).with("message_id or case_no"), 400, respond);
    }
    if (query.message_id.empty() == query.case_no.empty()) return refuse(request, trace, Error(Errc::connector_parameter).with("message_id or case_no"), 400, respond);
    const auto status = handler_.status(query);
    if (!status) return respond(json_response(status.error().code() == Errc::journal_not_found ? 404 : 500, wire::refusal_json(status.error(), trace, {})));
    respond(json_response(200, status_json(*status)));
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
  std::string status_path_;
  std::unique_ptr<net::HttpServer> server_;
};

Result<std::unique_ptr<connector::Connector>> start_rest(const connector::ListenerConfig& config, connector::IntakeHandler& handler) {
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
