#include "connectors/soap/soap_connector.hpp"

#include <fstream>
#include <sstream>

#include "connectors/soap/envelope.hpp"
#include "tongqu/base/fault_point.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/net/http_server.hpp"
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
  SoapConnector(connector::ListenerConfig config, connector::IntakeHandler& handler, std::string wsdl) : config_(std::move(config)), handler_(handler), wsdl_(std::move(wsdl)) {}

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
    if (request.path() != config_.path) return respond(plain_refusal(404, refused(Error(Errc::connector_path_unknown), request, trace), trace));
    if (request.method == "GET" && (request.query() == "wsdl" || request.query() == "WSDL")) return respond(wsdl_answer(trace));
    if (request.method != "POST") return respond(plain_refusal(405, refused(Error(Errc::connector_method), request, trace), trace));
    take_post(std::move(request), std::move(respond), trace);
  }

  HttpResponse on_refused(const Error& error, const HttpRequest& known) override {
    const std::string trace = to_hex(crypto::random_bytes(8));
    handler_.on_refused({config_.name, known.peer, trace, error, known.body});
    return to_response(wrap_fault(error, {}, trace, Version::v11));
  }

private:
  void take_post(HttpRequest request, Responder respond, const std::string& trace) {
    const std::string type = net::media_type(request.headers.get("content-type"));
    if (type != "text/xml" && type != "application/soap+xml" && type != "application/xml") {
      HttpResponse response = to_response(wrap_fault(refused(Error(Errc::connector_content_type).with("text/xml or application/soap+xml"), request, trace), {}, trace, Version::v11));
      response.status = 415;
      return respond(std::move(response));
    }
    Version version = type == "application/soap+xml" ? Version::v12 : Version::v11;
    if (request.body.empty()) return respond(to_response(wrap_fault(refused(Error(Errc::connector_body_missing), request, trace), {}, trace, version)));

    wire::XmlOptions options;
    options.limits = config_.limits;
    const std::string charset = net::media_parameter(request.headers.get("content-type"), "charset");
    if (!charset.empty()) {
      options.transport = wire::encoding_from_label(charset);
      if (!options.transport) return respond(to_response(wrap_fault(refused(Error(Errc::wire_xml_encoding).at("Content-Type").with("charset"), request, trace), {}, trace, version)));
    }
    Inbound inbound;
    inbound.route = config_.name;
    inbound.trace_id = trace;
    inbound.delivery.parts.push_back({"body", std::string(request.headers.get("content-type")), std::move(request.body), nullptr});
    wire::Part& body = inbound.delivery.parts.front();
    auto document = wire::parse_xml(body.bytes, options);
    const auto fault = [&](const Error& error) {
      handler_.on_refused({config_.name, request.peer, trace, error, body.bytes});
      respond(to_response(wrap_fault(error, {}, trace, version)));
    };
    if (!document) return fault(document.error());
    FAULT_POINT("s04_gate_passed");
    auto shared = std::make_shared<const wire::Document>(*std::move(document));
    auto envelope = read_envelope(*shared, version);
    if (!envelope) return fault(envelope.error());
    if (envelope->operation.name() == kStatusOperation) return answer_status(envelope->operation, version, trace, respond);
    body.document = shared;
    hand_over(std::move(inbound), std::move(respond), *envelope, request, charset);
  }

  void hand_over(Inbound inbound, Responder respond, const Envelope& envelope, const HttpRequest& request, const std::string& charset) {
    auto& facts = inbound.delivery.facts;
    const std::string operation(envelope.operation.name());
    std::string ns = config_.ns.empty() ? std::string(envelope.operation.ns()) : config_.ns;
    facts["family"] = "soap";
    facts["operation"] = operation;
    facts["soap_version"] = envelope.version == Version::v11 ? "1.1" : "1.2";
    facts["path"] = config_.path;
    facts["peer"] = request.peer;
    facts["content_type"] = std::string(request.headers.get("content-type"));
    if (!charset.empty()) facts["charset"] = charset;
    handler_.on_delivery(std::move(inbound), [respond = std::move(respond), version = envelope.version, operation, ns = std::move(ns)](Answer answer) {
      if (!answer.fault) return respond(to_response(wrap_answer(answer, version, operation, ns)));
      const Error error = answer.error ? *answer.error : Error(Errc::base_internal);
      HttpResponse response = to_response(wrap_fault(error, answer.findings, answer.trace_id, version));
      if (answer.outcome == connector::Outcome::busy) {
        response.status = 503;
        response.headers.add("Retry-After", std::to_string(answer.retry_after_s));
      }
      respond(std::move(response));
    });
  }

  void answer_status(const wire::Node& operation, Version version, const std::string& trace, const Responder& respond) {
    connector::StatusQuery query;
    query.route = config_.name;
    for (wire::Node child = operation.first_child(); child; child = child.next()) {
      const auto text = child.leaf();
      if (!text) return respond(to_response(wrap_fault(text.error(), {}, trace, version)));
      if (child.name() == "messageId" && query.message_id.empty()) query.message_id = *text;
      else if (child.name() == "caseNo" && query.case_no.empty()) query.case_no = *text;
      else return respond(to_response(wrap_fault(Error(Errc::connector_parameter).at(child.position()).with(std::string(child.name())), {}, trace, version)));
    }
    if (query.message_id.empty() == query.case_no.empty()) return respond(to_response(wrap_fault(Error(Errc::connector_parameter).with("messageId or caseNo"), {}, trace, version)));
    const auto status = handler_.status(query);
    if (!status) return respond(to_response(wrap_fault(status.error(), {}, trace, version)));
    respond(to_response(wrap_status(*status, version)));
  }

  HttpResponse wsdl_answer(const std::string& trace) const {
    if (wsdl_.empty()) return plain_refusal(404, Error(Errc::connector_path_unknown).with("wsdl"), trace);
    const std::string url = !config_.public_url.empty() ? config_.public_url : "http://" + config_.address + ":" + std::to_string(server_->port()) + config_.path;
    auto text = wire::wsdl_with_address(wsdl_, url);
    if (!text) return plain_refusal(500, text.error(), trace);
    HttpResponse response;
    response.headers.add("Content-Type", "text/xml; charset=utf-8");
    response.body = *std::move(text);
    return response;
  }

  /// Tells the ledger and hands the error back.
  Error refused(Error error, const HttpRequest& request, const std::string& trace) {
    handler_.on_refused({config_.name, request.peer, trace, error, request.body});
    return error;
  }

  connector::ListenerConfig config_;
  connector::IntakeHandler& handler_;
  std::string wsdl_;
  std::unique_ptr<net::HttpServer> server_;
};

Result<std::unique_ptr<connector::Connector>> start_soap(const connector::ListenerConfig& config, connector::IntakeHandler& handler) {
  if (!config.settings.empty()) return Error(Errc::connector_setting).at("listen " + config.name).with(config.settings.begin()->first);
  if (!config.token.empty()) return Error(Errc::connector_setting).at("listen " + config.name).with("token");
  std::string wsdl;
  if (!config.wsdl_file.empty()) {
    std::ifstream in(config.wsdl_file, std::ios::binary);
    std::ostringstream text;
    if (!in || !(text << in.rdbuf())) return Error(Errc::base_file_unreadable).at(config.wsdl_file);
    wsdl = text.str();
    // A broken file is told at start, not to the first client that asks.
    TONGQU_CHECK([&]() -> Result<void> { TONGQU_TRY(const std::string checked, wire::wsdl_with_address(wsdl, "http://localhost/")); return {}; }());
  }
  auto connector = std::make_unique<SoapConnector>(config, handler, std::move(wsdl));
  TONGQU_CHECK(connector->listen());
  return std::unique_ptr<connector::Connector>(std::move(connector));
}

} // namespace

void register_soap(connector::Registry& registry) { registry.add("soap", start_soap); }

} // namespace tongqu::connectors::soap
