#include <array>
#include <cstdlib>

#include "conformance/sandbox/checks.hpp"
#include "conformance/sandbox/gateway.hpp"
#include "conformance/sandbox/nonce_store.hpp"
#include "conformance/sandbox/recipes.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::sandbox {
namespace {

constexpr std::size_t kNonceMin = 10;
constexpr std::size_t kNonceMax = 36;
constexpr std::int64_t kBadRequest = 400000400, kBadSignature = 400000401, kNotFound = 400000404, kTooMany = 400000429,
                       kInternal = 400000529;

net::HttpResponse error_answer(int status, std::int64_t code, std::string_view message) {
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.member("errcode", code);
  json.member("errmsg", message);
  json.end_object();
  return json_answer(status, std::move(body));
}

Passage refused(int status, std::int64_t code, std::string_view message) {
  return {{}, error_answer(status, code, message), std::to_string(code)};
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

class TifGateway final : public Gateway {
public:
  TifGateway(const Options& options, const Clock& clock)
      : clock_(clock), senders_(options.credentials), window_s_(options.clock_window.value_or(std::chrono::seconds(180)).count()),
        strict_hex_(options.strict_hex), nonces_(options.nonces_max) {}

  Operation operation(const net::HttpRequest& request) const override {
    constexpr std::string_view kService = "/ebus/case-exchange/";
    std::string_view path = request.path();
    if (path.substr(0, kService.size()) != kService) return Operation::none;
    path.remove_prefix(kService.size());
    if (request.method == "POST") return path == "submit" ? Operation::submit : path == "events-confirm" ? Operation::confirm : Operation::none;
    if (request.method != "GET") return Operation::none;
    if (path == "query") return Operation::query;
    if (path == "events") return Operation::events;
    return path == "digest" ? Operation::digest : Operation::none;
  }

  Passage check(const net::HttpRequest& request, Operation operation) override;

  net::HttpResponse trouble(Trouble trouble) const override {
    if (trouble == Trouble::not_found) return error_answer(404, kNotFound, "API not found");
    if (trouble == Trouble::too_many) return error_answer(429, kTooMany, "too many requests");
    return error_answer(500, kInternal, "internal error");
  }

private:
  const Credential* sender(std::string_view id) const {
    for (const Credential& one : senders_) {
      if (one.id == id) return &one;
    }
    return nullptr;
  }
  bool signature_passes(std::string_view signature, const std::string& expected) const {
    return equal_constant_time(strict_hex_ ? std::string(signature) : lower(signature), expected);
  }

  const Clock& clock_;
  std::vector<Credential> senders_;
  std::int64_t window_s_;
  bool strict_hex_;
  NonceStore nonces_;
};

Passage TifGateway::check(const net::HttpRequest& request, Operation operation) {
  // The same product runs under two prefixes; a request uses one of them.
  const std::string prefix = request.headers.has("x-rio-signature") ? "x-rio-" : "x-tif-";
  std::array<std::string_view, 4> values;
  constexpr std::array<std::string_view, 4> kNames{"paasid", "timestamp", "nonce", "signature"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const std::string name = prefix + std::string(kNames[i]);
    if (request.headers.count(name) != 1) return refused(401, kBadRequest, name + " is missing or double");
    values[i] = request.headers.get(name);
  }
  const auto [id, timestamp, nonce, signature] = values;
  const Credential* known = sender(id);
  if (known == nullptr) return refused(401, kBadRequest, "paasid is not known");
  const auto sent_s = read_number(timestamp);
  if (!sent_s) return refused(401, kBadRequest, "timestamp is not a number of seconds");
  const std::int64_t now_s = to_epoch_ms(clock_.now_utc()) / 1000;
  if (std::llabs(*sent_s - now_s) > window_s_) return refused(401, kBadRequest, "timestamp is out of date");
  if (nonce.size() < kNonceMin || nonce.size() > kNonceMax) return refused(401, kBadRequest, "nonce must have 10 to 36 characters");
  if (!signature_passes(signature, tif_signature(timestamp, known->secret, nonce))) {
    return refused(401, kBadSignature, "signature is not right");
  }
  // Only after the signature, so that strangers cannot use up nonces.
  switch (nonces_.take(nonce, *sent_s + window_s_, now_s)) {
    case NonceStore::Verdict::seen: return refused(401, kBadRequest, "nonce was used before");
    case NonceStore::Verdict::full: return refused(429, kTooMany, "too many requests");
    case NonceStore::Verdict::fresh: break;
  }
  if (operation == Operation::none) return refused(404, kNotFound, "API not found");
  return {known->id, std::nullopt, {}};
}

} // namespace

std::unique_ptr<Gateway> make_tif_gateway(const Options& options, const Clock& clock) {
  return std::make_unique<TifGateway>(options, clock);
}

net::HttpResponse json_answer(int status, std::string body) {
  net::HttpResponse answer;
  answer.status = status;
  answer.headers.add("Content-Type", "application/json; charset=utf-8");
  answer.body = std::move(body);
  return answer;
}

std::string_view query_value(std::string_view query, std::string_view name) noexcept {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    if (pair.size() > name.size() && pair.substr(0, name.size()) == name && pair[name.size()] == '=') return pair.substr(name.size() + 1);
    query.remove_prefix(pair.size() == query.size() ? pair.size() : pair.size() + 1);
  }
  return {};
}

} // namespace tongqu::sandbox
