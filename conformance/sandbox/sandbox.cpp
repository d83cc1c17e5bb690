#include "conformance/sandbox/sandbox.hpp"

#include "conformance/sandbox/checks.hpp"
#include "conformance/sandbox/events.hpp"
#include "conformance/sandbox/fault_plan.hpp"
#include "conformance/sandbox/gateway.hpp"
#include "conformance/sandbox/later.hpp"
#include "conformance/sandbox/ledger.hpp"
#include "conformance/sandbox/service.hpp"
#include "tongqu/net/http_server.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::sandbox {
namespace {

bool is_local(std::string_view peer) noexcept { return peer.substr(0, 4) == "127." || peer.substr(0, 5) == "[::1]" || peer.substr(0, 4) == "::1:"; }

net::HttpResponse elsewhere() {
  net::HttpResponse answer;
  answer.status = 302;
  answer.headers.add("Location", "http://elsewhere.invalid/login");
  return answer;
}

net::HttpResponse login_page() {
  net::HttpResponse answer;
  answer.headers.add("Content-Type", "text/html; charset=utf-8");
  answer.body = "<!DOCTYPE html><html><head><title>统一身份认证</title></head><body><form action=\"/login\">请登录</form></body></html>";
  return answer;
}

/// A receipt for somebody else: the first character of a member's value changed for another one.
void falsify(std::string& body, std::string_view member) {
  const std::string opening = "\"" + std::string(member) + "\":\"";
  const std::size_t at = body.find(opening);
  if (at == std::string::npos) return;
  char& c = body[at + opening.size()];
  c = c == 'f' ? '0' : 'f';
}

class RunningSandbox final : public Sandbox, public net::HttpHandler {
public:
  RunningSandbox(const Options& options, const Clock& clock)
      : options_(options), clock_(clock), service_(options, clock),
        gateway_(options.profile == Profile::tif_rio ? make_tif_gateway(options, clock) : make_national_gateway(options, clock)) {}
  ~RunningSandbox() override {
    CallContext now;
    now.deadline = clock_.now_mono();
    stop(now);
  }

  Result<void> begin();
  std::uint16_t port() const override { return server_->port(); }
  void stop(const CallContext& context) override;
  void on_request(net::HttpRequest request, net::Responder respond) override;

private:
  void on_submit(const net::HttpRequest& request, net::Responder respond);
  void on_query(const net::HttpRequest& request, net::Responder respond);
  void on_digest(const net::HttpRequest& request, const net::Responder& respond);
  void on_events(const net::HttpRequest& request, const net::Responder& respond);
  void on_confirm(const net::HttpRequest& request, const net::Responder& respond);
  void on_control(const net::HttpRequest& request, const net::Responder& respond);
  std::optional<net::HttpResponse> early_fault(const Draw& draw);
  void send(const Draw& draw, net::HttpResponse answer, net::Responder respond);
  void keep(const LedgerLine& line, LedgerWriter::Done done);
  void keep_refusal(const std::string& code);
  void keep_fault(Fault fault);
  std::string state() const;

  Options options_;
  const Clock& clock_;
  CaseService service_;
  std::unique_ptr<Gateway> gateway_;
  FaultPlan faults_;
  EventBox events_;
  std::uint64_t queries_ = 0, refreshes_ = 0, digests_ = 0, submits_ = 0;
  std::map<std::string, std::uint64_t> gateway_refusals_;
  std::unique_ptr<LedgerWriter> ledger_;
  std::string line_;
  Later later_;
  std::unique_ptr<net::HttpServer> server_;
};

Result<void> RunningSandbox::begin() {
  if (options_.credentials.empty()) return Error(Errc::conform_setup).with("no sender is known: a credential is needed");
  for (const Credential& one : options_.credentials) {
    if (one.id.empty() || one.secret.empty()) return Error(Errc::conform_setup).with("a sender has no id or no secret");
  }
  TONGQU_CHECK(faults_.replace(options_.faults));
  if (!options_.ledger.empty()) {
    TONGQU_TRY(ledger_, LedgerWriter::open(options_.ledger, [this](const LedgerLine& line) { service_.remember(line); }));
  }
  net::HttpServerOptions server;
  server.address = options_.address;
  server.port = options_.port;
  server.server_name = "tongqu-sandbox";
  TONGQU_TRY(server_, net::HttpServer::start(server, *this));
  return {};
}

void RunningSandbox::stop(const CallContext& context) {
  later_.stop();
  if (server_) server_->stop(context);
  if (ledger_) ledger_->close();
}

void RunningSandbox::on_request(net::HttpRequest request, net::Responder respond) {
  if (request.path().substr(0, 10) == "/_sandbox/") return on_control(request, respond);
  const Operation operation = gateway_->operation(request);
  if (operation == Operation::submit) return on_submit(request, std::move(respond));
  Passage passage = gateway_->check(request, operation);
  if (passage.answer) {
    if (passage.refused_code.empty()) ++refreshes_;
    else keep_refusal(passage.refused_code);
    return respond(*std::move(passage.answer));
  }
  if (operation == Operation::query) on_query(request, std::move(respond));
  else if (operation == Operation::events) on_events(request, respond);
  else if (operation == Operation::confirm) on_confirm(request, respond);
  else on_digest(request, respond);
}

/// Faults that answer before anything is judged.
std::optional<net::HttpResponse> RunningSandbox::early_fault(const Draw& draw) {
  const auto fires = [this, &draw](Fault fault) {
    if (!draw.has(fault)) return false;
    keep_fault(fault);
    return true;
  };
  if (fires(Fault::too_many)) {
    net::HttpResponse answer = gateway_->trouble(Trouble::too_many);
    answer.headers.add("Retry-After", "1");
    return answer;
  }
  if (fires(Fault::redirect)) return elsewhere();
  if (fires(Fault::login_page)) return login_page();
  if (fires(Fault::error_before_commit)) return gateway_->trouble(Trouble::internal);
  return std::nullopt;
}

void RunningSandbox::on_submit(const net::HttpRequest& request, net::Responder respond) {
  ++submits_;
  const Draw draw = faults_.draw();
  if (auto early = early_fault(draw)) return send(draw, *std::move(early), std::move(respond));
  if (draw.has(Fault::secret_expired)) {
    gateway_->expire_secrets();
    keep_fault(Fault::secret_expired);
  }
  Passage passage = gateway_->check(request, Operation::submit);
  if (passage.answer) {
    keep_refusal(passage.refused_code);
    return send(draw, *std::move(passage.answer), std::move(respond));
  }
  if (draw.has(Fault::busy)) {
    keep_fault(Fault::busy);
    return send(draw, json_answer(200, plain_answer("2001")), std::move(respond));
  }
  auto verdict = std::make_shared<const Verdict>(service_.submit(request, passage.requester));
  keep(verdict->line, [this, verdict, draw, respond = std::move(respond)](bool durable) {
    net::HttpResponse answer = json_answer(200, submit_answer(*verdict, durable));
    if (draw.has(Fault::error_after_commit)) answer = gateway_->trouble(Trouble::internal);
    if (draw.has(Fault::internal_after_commit)) answer.body = plain_answer("9999");
    if (draw.has(Fault::wrong_id)) falsify(answer.body, "messageId");
    if (draw.has(Fault::wrong_digest)) falsify(answer.body, "digest");
    if (draw.has(Fault::cut_answer)) answer.cut_after = answer.body.size() / 2;
    answer.close_delimited = draw.has(Fault::close_delimited);
    send(draw, std::move(answer), respond);
  });
}

void RunningSandbox::send(const Draw& draw, net::HttpResponse answer, net::Responder respond) {
  if (draw.has(Fault::hang_after_commit) && draw.delay(Fault::hang_after_commit).count() == 0) {
    // Never answered: held until the sandbox stops, since letting go of a request could count as an answer.
    return later_.after(std::chrono::hours(24 * 365), [respond = std::move(respond)] { respond(net::HttpResponse()); });
  }
  const auto delay = draw.delay(Fault::slow) + draw.delay(Fault::hang_after_commit);
  if (delay.count() == 0) return respond(std::move(answer));
  later_.after(delay, [answer = std::move(answer), respond = std::move(respond)] { respond(answer); });
}

void RunningSandbox::on_query(const net::HttpRequest& request, net::Responder respond) {
  ++queries_;
  if (options_.character == Character::neither) return respond(gateway_->trouble(Trouble::not_found));
  const std::string_view id = query_value(request.query(), "messageId");
  const auto known = service_.find(id);
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.member("code", "0");
  json.key("data");
  json.begin_object();
  json.member("messageId", id);
  json.key("found");
  json.boolean(known.has_value());
  if (known) {
    json.member("receiptNo", known->receipt_no);
    json.member("digest", known->digest);
    json.member("receivedAt", beijing_time(known->received_ms));
  }
  json.end_object();
  json.end_object();
  // What a query has told must not be lost by a crash: the answer waits for the lines before it.
  if (!ledger_) return respond(json_answer(200, std::move(body)));
  ledger_->append({}, [body = std::move(body), respond = std::move(respond)](bool durable) {
    respond(json_answer(200, durable ? body : plain_answer("9999")));
  });
}

void RunningSandbox::on_digest(const net::HttpRequest& request, const net::Responder& respond) {
  ++digests_;
  const std::string_view date = query_value(request.query(), "date");
  const auto day = read_date(date);
  if (!day) return respond(json_answer(200, plain_answer("1001")));
  const std::vector<DayLine>& lines = service_.of_day(*day);
  const bool below = request.query().find("prefix=") != std::string_view::npos;
  const std::string_view prefix = query_value(request.query(), "prefix");
  if (prefix.size() > 64) return respond(json_answer(200, plain_answer("1001")));
  respond(json_answer(200, below ? day_answer(date, prefix, lines) : day_answer(date, lines)));
}

void RunningSandbox::on_events(const net::HttpRequest& request, const net::Responder& respond) {
  const auto max = read_number(query_value(request.query(), "max"));
  if (!max || *max < 1 || *max > 200) return respond(json_answer(200, plain_answer("1001")));
  respond(json_answer(200, events_.list(static_cast<std::size_t>(*max))));
}

void RunningSandbox::on_confirm(const net::HttpRequest& request, const net::Responder& respond) {
  auto answer = events_.confirm(request.body);
  respond(json_answer(200, answer ? *std::move(answer) : plain_answer("1001")));
}

void RunningSandbox::on_control(const net::HttpRequest& request, const net::Responder& respond) {
  if (!is_local(request.peer)) return respond(gateway_->trouble(Trouble::not_found));
  if (request.method == "GET" && request.path() == "/_sandbox/state") return respond(json_answer(200, state()));
  if (request.method == "POST" && request.path() == "/_sandbox/events") {
    const auto taken = events_.put(request.body);
    return respond(json_answer(taken ? 200 : 400, state()));
  }
  if (request.method != "POST" || request.path() != "/_sandbox/faults") return respond(gateway_->trouble(Trouble::not_found));
  std::vector<std::string> specs;
  std::string_view rest = request.body;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() == rest.size() ? line.size() : line.size() + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.empty()) specs.emplace_back(line);
  }
  const auto replaced = faults_.replace(specs);
  if (replaced) return respond(json_answer(200, state()));
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.member("id", replaced.error().id());
  json.member("message", replaced.error().message());
  json.end_object();
  respond(json_answer(400, std::move(body)));
}

void RunningSandbox::keep(const LedgerLine& line, LedgerWriter::Done done) {
  if (!ledger_) return done(true);
  line_.clear();
  append_line(line, line_);
  ledger_->append(line_, std::move(done));
}

void RunningSandbox::keep_refusal(const std::string& code) {
  ++gateway_refusals_[code];
  service_.count_refusal(code);
  LedgerLine line;
  line.kind = "refused";
  line.time_ms = to_epoch_ms(clock_.now_utc());
  line.code = code;
  keep(line, [](bool) {});
}

void RunningSandbox::keep_fault(Fault fault) {
  LedgerLine line;
  line.kind = "fault";
  line.time_ms = to_epoch_ms(clock_.now_utc());
  line.code = fault_name(fault);
  keep(line, [](bool) {});
}

std::string RunningSandbox::state() const {
  const CaseService::Counters& counters = service_.counters();
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.member("profile", profile_name(options_.profile));
  json.member("character", character_name(options_.character));
  json.member("submits", number(submits_));
  json.member("taken", number(counters.taken));
  json.member("effects", number(counters.effects));
  json.member("duplicates", number(counters.duplicates));
  json.member("doubled", number(counters.doubled));
  json.member("cases", number(service_.case_count()));
  json.member("queries", number(queries_));
  json.member("refreshes", number(refreshes_));
  json.member("digests", number(digests_));
  json.member("events_waiting", number(events_.waiting()));
  json.member("events_confirmed", number(events_.confirmed()));
  const auto put_codes = [&json, &number](std::string_view name, const std::map<std::string, std::uint64_t>& codes) {
    json.key(name);
    json.begin_object();
    for (const auto& [code, count] : codes) json.member(code, number(count));
    json.end_object();
  };
  put_codes("refused_by_code", counters.refused_by_code);
  put_codes("refused_by_gateway", gateway_refusals_);
  json.key("faults");
  json.begin_array();
  for (const FaultPlan::Rule& rule : faults_.rules()) {
    json.begin_object();
    json.member("name", fault_name(rule.fault));
    json.member("every", number(rule.every));
    if (rule.first) json.member("first", number(*rule.first));
    json.member("ms", rule.delay.count());
    json.member("fired", number(rule.fired));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return body;
}

} // namespace

Result<std::unique_ptr<Sandbox>> Sandbox::start(const Options& options, const Clock& clock) {
  auto sandbox = std::make_unique<RunningSandbox>(options, clock);
  TONGQU_CHECK(sandbox->begin());
  return Result<std::unique_ptr<Sandbox>>(std::move(sandbox));
}

} // namespace tongqu::sandbox
