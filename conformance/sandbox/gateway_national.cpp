#include <array>
#include <cstdlib>
#include <map>

#include "conformance/sandbox/checks.hpp"
#include "conformance/sandbox/gateway.hpp"
#include "conformance/sandbox/recipes.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::sandbox {
namespace {

constexpr std::string_view kRefreshPath = "/sysapi/auth/refreshappsecret";
constexpr std::string_view kRefreshService = "s_sys_service001";
// Old secrets are kept only to tell "expired" from "wrong"; a sender never needs more.
constexpr std::size_t kOldSecretsMax = 16;

net::HttpResponse message_answer(int status, std::string_view code, std::string_view message) {
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.member("code", code);
  json.member("message", message);
  json.end_object();
  return json_answer(status, std::move(body));
}

Passage refused(std::string_view code, std::string_view message) { return {{}, message_answer(200, code, message), std::string(code)}; }

struct Requester {
  Secret app_key;
  std::vector<Secret> secrets;        ///< Newest last; all but the newest are void.
  std::int64_t good_until_ms = 0;     ///< Of the newest; 0 when none is good.
};

/// The four values of a request, from its headers or from the body of a refresh.
struct Signed {
  NationalIdentity identity;
  std::string_view sign;
  std::string missing;                ///< Name of a value that is missing or double; empty when all are there.
};

class NationalGateway final : public Gateway {
public:
  NationalGateway(const Options& options, const Clock& clock)
      : clock_(clock), window_ms_(options.clock_window.value_or(std::chrono::minutes(30)).count() * 1000),
        life_ms_(options.secret_life.count() * 1000), seed_(options.seed) {
    for (const Credential& one : options.credentials) requesters_[one.id].app_key = one.secret;
  }

  Operation operation(const net::HttpRequest& request) const override {
    if (request.path() == kRefreshPath) return request.method == "POST" ? Operation::refresh : Operation::none;
    if (request.path() != "/httpproxy") return Operation::none;
    const std::string_view sid = request.headers.get("gjgxjhpt_sid");
    if (sid == "s_990000000000_1") return request.method == "POST" ? Operation::submit : Operation::none;
    if (sid == "s_990000000000_5") return request.method == "POST" ? Operation::confirm : Operation::none;
    if (request.method != "GET") return Operation::none;
    if (sid == "s_990000000000_4") return Operation::events;
    if (sid == "s_990000000000_2") return Operation::query;
    return sid == "s_990000000000_3" ? Operation::digest : Operation::none;
  }

  Passage check(const net::HttpRequest& request, Operation operation) override;

  net::HttpResponse trouble(Trouble trouble) const override {
    if (trouble == Trouble::not_found) return message_answer(404, "-1", "API not found");
    if (trouble == Trouble::too_many) return message_answer(429, "-1", "too many requests");
    return message_answer(500, "-1", "internal error");
  }

  void expire_secrets() override {
    for (auto& [id, requester] : requesters_) requester.good_until_ms = 0;
  }

private:
  Signed from_headers(const net::HttpRequest& request) const;
  Signed from_body(std::string_view body);
  Passage check_business(Requester& requester, const Signed& given, Operation operation) const;
  Passage refresh(Requester& requester, const Signed& given);
  std::string new_secret(std::string_view rid);

  const Clock& clock_;
  std::map<std::string, Requester, std::less<>> requesters_;
  std::int64_t window_ms_;
  std::int64_t life_ms_;
  std::optional<std::uint64_t> seed_;
  std::uint64_t issued_ = 0;
  wire::Document refresh_body_;
};

constexpr std::array<std::string_view, 4> kNames{"gjgxjhpt_sid", "gjgxjhpt_rid", "gjgxjhpt_rtime", "gjgxjhpt_sign"};

Signed NationalGateway::from_headers(const net::HttpRequest& request) const {
  Signed given;
  std::array<std::string_view, 4> values;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (request.headers.count(kNames[i]) != 1) given.missing = kNames[i];
    values[i] = request.headers.get(kNames[i]);
  }
  given.identity = {values[0], values[1], values[2]};
  given.sign = values[3];
  return given;
}

Signed NationalGateway::from_body(std::string_view body) {
  Signed given;
  std::array<std::string_view, 4> values;
  if (!wire::parse_json_into(refresh_body_, body, {})) {
    given.missing = "body";
    return given;
  }
  const wire::Node root = refresh_body_.root();
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const wire::Node member = root.kind() == wire::NodeKind::object ? root.child(kNames[i]) : wire::Node();
    if (!member || member.kind() != wire::NodeKind::string) given.missing = kNames[i];
    else values[i] = member.raw_text();
  }
  given.identity = {values[0], values[1], values[2]};
  given.sign = values[3];
  return given;
}

Passage NationalGateway::check(const net::HttpRequest& request, Operation operation) {
  const bool is_refresh = request.path() == kRefreshPath && request.method == "POST";
  const Signed given = is_refresh ? from_body(request.body) : from_headers(request);
  if (!given.missing.empty()) return refused("-1", given.missing + " is missing or double");
  const auto found = requesters_.find(given.identity.rid);
  if (found == requesters_.end()) return refused("-1", "the requester is not known");
  const auto sent_ms = read_number(given.identity.rtime);
  const std::int64_t now_ms = to_epoch_ms(clock_.now_utc());
  if (!sent_ms || std::llabs(*sent_ms - now_ms) > window_ms_) return refused("-1", "gjgxjhpt_rtime is out of the window");
  if (is_refresh) return refresh(found->second, given);
  Passage passage = check_business(found->second, given, operation);
  if (!passage.answer) passage.requester = found->first;
  return passage;
}

Passage NationalGateway::check_business(Requester& requester, const Signed& given, Operation operation) const {
  if (requester.secrets.empty()) return refused("-1", "secret expired");
  for (std::size_t i = requester.secrets.size(); i-- > 0;) {
    if (!equal_constant_time(national_signature(given.identity, requester.secrets[i]), given.sign)) continue;
    const bool newest = i + 1 == requester.secrets.size();
    if (!newest || to_epoch_ms(clock_.now_utc()) >= requester.good_until_ms) return refused("-1", "secret expired");
    if (operation != Operation::none) return {};
    const bool known_service = given.identity.sid.substr(0, 15) == "s_990000000000_" && given.identity.sid.size() == 16 &&
                               given.identity.sid.back() >= '1' && given.identity.sid.back() <= '5';
    if (!known_service) return refused("E-106", "the requester is not authorised for this service");
    return {{}, trouble(Trouble::not_found), "404"};
  }
  return refused("-1", "the signature is not right");
}

std::string NationalGateway::new_secret(std::string_view rid) {
  ++issued_;
  if (!seed_) return to_hex(crypto::random_bytes(16));
  return to_hex(crypto::sha256(std::to_string(*seed_) + "/" + std::string(rid) + "/" + std::to_string(issued_)).substr(0, 16));
}

Passage NationalGateway::refresh(Requester& requester, const Signed& given) {
  if (given.identity.sid != kRefreshService) return refused("E-106", "the requester is not authorised for this service");
  if (!equal_constant_time(national_signature(given.identity, requester.app_key), given.sign)) {
    return refused("-1", "the signature is not right");
  }
  Secret secret(new_secret(given.identity.rid));
  const auto wrapped = wrap_secret(requester.app_key, secret);
  if (!wrapped) return {{}, trouble(Trouble::internal), "500"};
  if (requester.secrets.size() >= kOldSecretsMax) requester.secrets.erase(requester.secrets.begin());
  requester.secrets.push_back(std::move(secret));
  requester.good_until_ms = to_epoch_ms(clock_.now_utc()) + life_ms_;

  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.member("code", "0");
  json.member("message", "成功");
  json.key("data");
  json.begin_object();
  json.member("secret", *wrapped);
  json.member("secretEndTime", beijing_time(requester.good_until_ms));
  json.end_object();
  json.end_object();
  return {{}, json_answer(200, std::move(body)), {}};
}

} // namespace

std::unique_ptr<Gateway> make_national_gateway(const Options& options, const Clock& clock) {
  return std::make_unique<NationalGateway>(options, clock);
}

} // namespace tongqu::sandbox
