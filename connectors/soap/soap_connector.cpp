#include "connectors/soap/soap_connector.hpp"

#include <fstream>
#include <optional>
#include <sstream>

#include "connectors/attachments/attachment_door.hpp"
#include "connectors/attachments/multipart_sink.hpp"
#include "connectors/soap/envelope.hpp"
#include "tongqu/base/fault_point.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/net/http_server.hpp"
#include "tongqu/wire/encoding.hpp"
#include "tongqu/wire/finding_json.hpp"
#include "tongqu/wire/trusted_xml.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::connectors::soap {
namespace {

using connector::Answer;
using connector::Inbound;
using net::HttpRequest;
using net::HttpResponse;
using net::Responder;

constexpr std::string_view kStatusOperation = "tongquStatus";

HttpResponse to_response(Wrapped wrapped) {
  HttpResponse response;
  response.status = wrapped.status;
  response.headers.add("Content-Type", std::move(wrapped.content_type));
  response.body = std::move(wrapped.body);
  return response;
}

HttpResponse plain_refusal(int status, const Error& error, const std::string& trace) {
  HttpResponse response;
  response.status = status;
  response.headers.add("Content-Type", "application/json; charset=utf-8");
  if (status == 405) response.headers.add("Allow", "POST, GET");
  response.body = wire::refusal_json(error, trace, {});
  return response;
}

class SoapConnector final : public connector::Connector, public net::HttpHandler {
public:
  SoapConnector(connector::ListenerConfig config, connector::IntakeHandler& handler, std::string wsdl)
      : config_(std::move(config)), handler_(handler), wsdl_(std::move(wsdl)) {}

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
    return long_parts ? plan_parts(head) : net::BodyPlan();
  }

  void on_request(HttpRequest request, Responder respond) override {
    if (door_.is_for(request)) return door_.answer(request, caller_of(request), respond);
    const std::string trace = to_hex(crypto::random_bytes(8));
    const auto refuse = [&](int status, Errc why) {
      refused(Error(why), request.peer, request.body, trace);
      respond(plain_refusal(status, Error(why), trace));
    };
    if (request.path() != config_.path) return refuse(404, Errc::connector_path_unknown);
    if (request.method == "GET" && (request.query() == "wsdl" || request.query() == "WSDL")) {
      if (wsdl_.empty()) return refuse(404, Errc::connector_path_unknown);
      return respond(wsdl_answer(trace));
    }
    if (request.method != "POST") return refuse(405, Errc::connector_method);
    take_post(std::move(request), {}, std::move(respond), trace);
  }

  HttpResponse on_refused(const Error& error, const HttpRequest& known) override {
    const std::string trace = to_hex(crypto::random_bytes(8));
    refused(error, known.peer, known.body, trace);
    return to_response(wrap_fault(error, {}, trace, version_of(net::media_type(known.headers.get("content-type")))));
  }

private:
  /// Nobody has to name himself at a SOAP listener.
  static attachments::Caller caller_of(const HttpRequest&) { return attachments::Caller::known; }

  static Version version_of(std::string_view media_type) {
    return media_type == "application/soap+xml" ? Version::v12 : Version::v11;
  }

  /// What the head says about the body; 415 for a type that is not served, 400 for the rest.
  struct HeadVerdict { std::optional<Error> error; int status = 0; std::optional<wire::Encoding> transport; };
  static HeadVerdict judge_head(const HttpRequest& request, std::string_view media_type) {
    const bool served = media_type == "text/xml" || media_type == "application/soap+xml" || media_type == "application/xml";
    if (!served || request.headers.count("content-type") != 1) {
      return {Error(Errc::connector_content_type).with("text/xml or application/soap+xml, once"), 415, {}};
    }
    if (net::media_parameter_count(request.headers.get("content-type"), "charset") > 1) {
      return {Error(Errc::connector_content_type).with("one charset"), 415, {}};
    }
    // Routing is by the body alone, but a caller that names two operations in front of it is up to something.
    if (request.headers.count("soapaction") > 1) {
      return {Error(Errc::connector_soap_structure).at("SOAPAction").with("one SOAPAction"), 0, {}};
    }
    if (request.body.empty()) return {Error(Errc::connector_body_missing), 0, {}};
    const std::string charset = net::media_parameter(request.headers.get("content-type"), "charset");
    if (charset.empty()) return {};
    const auto transport = wire::encoding_from_label(charset);
    if (!transport) return {Error(Errc::wire_xml_encoding).at("Content-Type").with("charset"), 0, {}};
    return {{}, 0, transport};
  }

  /// Of the envelope that a multipart body announces.
  static Version part_version(const HttpRequest& whole) {
    const std::string_view type = whole.headers.get("content-type");
    const bool v12 = net::media_parameter(type, "type") == "application/soap+xml" || net::media_parameter(type, "start-info") == "application/soap+xml";
    return v12 ? Version::v12 : Version::v11;
  }

  HttpResponse refusal(const Error& error, const std::string& peer, std::string_view bytes, const std::string& trace, Version version) {
    refused(error, peer, bytes, trace);
    HttpResponse response = to_response(wrap_fault(error, {}, trace, version));
    if (error.action() != Action::retry_later) return response;
    response.status = attachments::status_of(error);
    response.headers.add("Retry-After", attachments::retry_after(response.status));
    return response;
  }

  net::BodyPlan plan_parts(const HttpRequest& head) {
    const std::string trace = to_hex(crypto::random_bytes(8));
    const auto whole = std::make_shared<const HttpRequest>(head);
    attachments::MultipartPlan parts{config_.name, head.peer, trace, std::string(head.headers.get("content-type")), config_.limits.message_bytes_max,
                                     [this, whole, trace](const Error& error) { return refusal(error, whole->peer, {}, trace, part_version(*whole)); },
                                     [this, whole, trace](std::vector<wire::Part> cut, Responder respond) { take_parts(*whole, std::move(cut), std::move(respond), trace); }};
    net::BodyPlan plan;
    auto sink = attachments::make_multipart_sink(std::move(parts), handler_);
    if (sink) plan.sink = *std::move(sink);
    else plan.answer = std::make_unique<HttpResponse>(refusal(sink.error(), head.peer, {}, trace, part_version(head)));
    return plan;
  }

  void take_parts(const HttpRequest& whole, std::vector<wire::Part> parts, Responder respond, const std::string& trace) {
    HttpRequest request = attachments::root_request(whole, parts.front(), part_version(whole) == Version::v12 ? "application/soap+xml" : "text/xml");
    parts.front().name = "body";
    take_post(std::move(request), std::move(parts), std::move(respond), trace);
  }

  /// @param parts  Of a body of several: the root, whose bytes are the request's, and the others.
  void take_post(HttpRequest request, std::vector<wire::Part> parts, Responder respond, const std::string& trace) {
    const std::string type = net::media_type(request.headers.get("content-type"));
    Version version = version_of(type);
    const auto fault = [&](const Error& error, std::string_view bytes, int status = 0) {
      refused(error, request.peer, bytes, trace);
      HttpResponse response = to_response(wrap_fault(error, {}, trace, version));
      if (status != 0) response.status = status;
      respond(std::move(response));
    };
    HeadVerdict head = judge_head(request, type);
    if (head.error) return fault(*head.error, request.body, head.status);

    wire::XmlOptions options;
    options.limits = config_.limits;
    options.transport = head.transport;
    Inbound inbound;
    inbound.route = config_.name;
    inbound.trace_id = trace;
    const std::string content_type(request.headers.get("content-type"));
    if (!parts.empty()) inbound.delivery.facts["multipart"] = "cut";
    if (parts.empty()) parts.push_back({"body", {}, {}, nullptr});
    inbound.delivery.parts = std::move(parts);
    wire::Part& body = inbound.delivery.parts.front();
    body.content_type = content_type;
    body.bytes = std::move(request.body);
    connector::Watched watched = handler_.watch_gate(body.bytes);
    inbound.watch = std::move(watched.entry);
    if (watched.condemned) return hand_over_unread(std::move(inbound), std::move(respond), version, request);
    auto document = wire::parse_xml(body.bytes, options);
    if (!document) return fault(document.error(), body.bytes);
    FAULT_POINT("s04_gate_passed");
    auto shared = std::make_shared<const wire::Document>(*std::move(document));
    auto envelope = read_envelope(*shared, version, inbound.delivery.parts.size() > 1 ? Beside::parts : Beside::nothing);
    if (!envelope) return fault(envelope.error(), body.bytes);
    if (envelope->operation.name() == kStatusOperation) {
      auto answer = answer_status(envelope->operation, version, trace);
      if (!answer) return fault(answer.error(), body.bytes);
      return respond(*std::move(answer));
    }
    body.document = shared;
    hand_over(std::move(inbound), std::move(respond), *envelope, request);
  }

  void hand_over(Inbound inbound, Responder respond, const Envelope& envelope, const HttpRequest& request) {
    const std::string operation(envelope.operation.name());
    std::string ns = config_.ns.empty() ? std::string(envelope.operation.ns()) : config_.ns;
    inbound.delivery.facts["operation"] = operation;
    inbound.delivery.facts["soap_version"] = envelope.version == Version::v11 ? "1.1" : "1.2";
    deliver(std::move(inbound), std::move(respond), {envelope.version, operation, std::move(ns)}, request);
  }

  /// Nobody has looked at the body, so nobody knows what operation it asks for.
  void hand_over_unread(Inbound inbound, Responder respond, Version version, const HttpRequest& request) {
    inbound.unread = true;
    deliver(std::move(inbound), std::move(respond), {version, "delivery", config_.ns}, request);
  }

  struct AnswerForm { Version version; std::string operation, ns; };
  void deliver(Inbound inbound, Responder respond, AnswerForm form, const HttpRequest& request) {
    auto& facts = inbound.delivery.facts;
    const std::string_view content_type = request.headers.get("content-type");
    facts["family"] = "soap";
    facts["path"] = config_.path;
    facts["peer"] = request.peer;
    facts["content_type"] = std::string(content_type);
    const std::string charset = net::media_parameter(content_type, "charset");
    if (!charset.empty()) facts["charset"] = charset;
    auto done = [respond = std::move(respond), version = form.version, operation = std::move(form.operation), ns = std::move(form.ns)](Answer answer) {
      if (!answer.fault) return respond(to_response(wrap_answer(answer, version, operation, ns)));
      const Error error = answer.error ? *answer.error : Error(Errc::base_internal);
      HttpResponse response = to_response(wrap_fault(error, answer.findings, answer.trace_id, version));
      if (answer.outcome == connector::Outcome::busy) {
        response.status = 503;
        response.headers.add("Retry-After", std::to_string(answer.retry_after_s));
      }
      respond(std::move(response));
    };
    handler_.on_delivery(std::move(inbound), std::move(done));
  }

  /// @errors connector.parameter, wire.* for the question; what the journal says is answered here, a question is no intake.
  Result<HttpResponse> answer_status(const wire::Node& operation, Version version, const std::string& trace) {
    const Error wrong = Error(Errc::connector_parameter).at(operation.position()).with("messageId or caseNo");
    connector::StatusQuery query;
    query.route = config_.name;
    for (wire::Node child = operation.first_child(); child; child = child.next()) {
      TONGQU_TRY(const std::string_view text, child.leaf());
      std::string* member = child.name() == "messageId" ? &query.message_id : child.name() == "caseNo" ? &query.case_no : nullptr;
      if (member == nullptr || !member->empty()) return wrong;
      *member = text;
    }
    if (query.message_id.empty() == query.case_no.empty()) return wrong;
    const auto status = handler_.status(query);
    return to_response(status ? wrap_status(*status, version) : wrap_fault(status.error(), {}, trace, version));
  }

  HttpResponse wsdl_answer(const std::string& trace) const {
    const std::string own = "http://" + config_.address + ":" + std::to_string(server_->port()) + config_.path;
    auto text = wire::wsdl_with_address(wsdl_, config_.public_url.empty() ? own : config_.public_url);
    if (!text) return plain_refusal(500, text.error(), trace);
    HttpResponse response;
    response.headers.add("Content-Type", "text/xml; charset=utf-8");
    response.body = *std::move(text);
    return response;
  }

  /// Tells the ledger.
  void refused(const Error& error, const std::string& peer, std::string_view bytes, const std::string& trace) {
    handler_.on_refused({config_.name, peer, trace, error, bytes});
  }

  connector::ListenerConfig config_;
  connector::IntakeHandler& handler_;
  attachments::AttachmentDoor door_{config_, handler_};
  std::string wsdl_;
  std::unique_ptr<net::HttpServer> server_;
};

/// A broken file is told at start, not to the first client that asks.
Result<std::string> read_wsdl(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return Error(Errc::base_file_unreadable).at(file);
  std::string wsdl = text.str();
  const auto checked = wire::wsdl_with_address(wsdl, "http://localhost/");
  if (!checked) return Error(Errc::wire_wsdl_invalid).at(file);
  return wsdl;
}

Result<std::unique_ptr<connector::Connector>> start_soap(const connector::ListenerConfig& config,
                                                         connector::IntakeHandler& handler) {
  const std::string at = "listen " + config.name;
  if (!config.settings.empty()) return Error(Errc::connector_setting).at(at).with(config.settings.begin()->first);
  if (!config.token.empty()) return Error(Errc::connector_setting).at(at).with("token");
  if (config.path.empty() || config.path.front() != '/') return Error(Errc::connector_setting).at(at).with("path");
  std::string wsdl;
  if (!config.wsdl_file.empty()) {
    TONGQU_TRY(wsdl, read_wsdl(config.wsdl_file));
  }
  auto connector = std::make_unique<SoapConnector>(config, handler, std::move(wsdl));
  TONGQU_CHECK(connector->listen());
  return std::unique_ptr<connector::Connector>(std::move(connector));
}

} // namespace

void register_soap(connector::Registry& registry) { registry.add("soap", start_soap); }

} // namespace tongqu::connectors::soap
