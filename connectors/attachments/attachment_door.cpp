#include "connectors/attachments/attachment_door.hpp"

#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/finding_json.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::connectors::attachments {
namespace {

using net::HttpRequest;
using net::HttpResponse;
using net::Responder;

constexpr std::string_view kPath = "/attachments/";
constexpr std::size_t kHexDigits = 64;
constexpr int kRetryDiskS = 60, kRetryBusyS = 1;

std::string new_trace() { return to_hex(crypto::random_bytes(8)); }

/// The digest that an address names, 32 bytes. One way of writing it, so that one attachment has one address.
Result<std::string> digest_of(const HttpRequest& request) {
  const std::string_view text = request.path().substr(kPath.size());
  if (text.size() != kHexDigits || text.find_first_not_of("0123456789abcdef") != std::string_view::npos) return Error(Errc::connector_attachment_address);
  return from_hex(text);
}

HttpResponse kept_response(int status, const std::string& digest, const connector::Upload::Kept& kept) {
  HttpResponse response;
  response.status = status;
  response.headers.add("Content-Type", "application/json; charset=utf-8");
  response.body = "{\"digest\":\"sm3:" + to_hex(digest) + "\",\"bytes\":" + std::to_string(kept.bytes) + ",\"state\":\"" + (kept.known ? "known" : "stored") + "\"}";
  return response;
}

} // namespace

int status_of(const Error& error) noexcept {
  switch (error.code()) {
    case Errc::journal_attachment_digest: return 422;
    case Errc::journal_attachment_too_large:
    case Errc::connector_attachment_length: return 413;
    case Errc::journal_disk_low: return 507;
    case Errc::connector_path_unknown: return 404;
    case Errc::connector_method: return 405;
    case Errc::connector_auth_failed: return 401;
    default: break;
  }
  if (error.action() == Action::retry_later) return 503;
  return error.action() == Action::fix_input ? 400 : 500;
}

std::string retry_after(int status) { return std::to_string(status == 507 ? kRetryDiskS : kRetryBusyS); }

struct AttachmentDoor::Shared {
  std::string route;
  std::uint64_t bytes_max = 0;
  connector::IntakeHandler& handler;

  HttpResponse refuse(const Error& error, const std::string& peer, const std::string& trace) const {
    handler.on_refused({route, peer, trace, error, {}});
    HttpResponse response;
    response.status = status_of(error);
    response.headers.add("Content-Type", "application/json; charset=utf-8");
    if (response.status == 401) response.headers.add("WWW-Authenticate", "Bearer");
    if (response.status == 405) response.headers.add("Allow", "PUT, HEAD");
    if (response.status == 507 || response.status == 503) response.headers.add("Retry-After", retry_after(response.status));
    response.body = wire::refusal_json(error, trace, {});
    return response;
  }
};

namespace {

/// One body on its way from the server into the store.
class UploadSink final : public net::BodySink {
public:
  using Refuse = std::function<HttpResponse(const Error&)>;
  UploadSink(std::unique_ptr<connector::Upload> upload, std::string digest, Refuse refuse)
      : upload_(std::move(upload)), digest_(std::move(digest)), refuse_(std::move(refuse)) {}

  void take(std::string piece, More more) override {
    upload_->take(std::move(piece), [more = std::move(more), refuse = refuse_](Result<void> taken) {
      more(taken ? nullptr : std::make_unique<HttpResponse>(refuse(taken.error())));
    });
  }

  void finish(Responder respond) override {
    upload_->finish([respond = std::move(respond), refuse = refuse_, digest = digest_](Result<connector::Upload::Kept> kept) {
      respond(kept ? kept_response(kept->known ? 200 : 201, digest, *kept) : refuse(kept.error()));
    });
  }

private:
  const std::unique_ptr<connector::Upload> upload_;
  const std::string digest_;
  const Refuse refuse_;
};

} // namespace

AttachmentDoor::AttachmentDoor(const connector::ListenerConfig& config, connector::IntakeHandler& handler)
    : shared_(std::make_shared<const Shared>(Shared{config.name, config.attachment_bytes_max, handler})) {}

bool AttachmentDoor::is_for(const HttpRequest& head) const { return shared_->bytes_max > 0 && head.path().substr(0, kPath.size()) == kPath; }

net::BodyPlan AttachmentDoor::plan(const HttpRequest& head, const net::Framing& framing, Caller caller) const {
  net::BodyPlan plan;
  if (head.method != "PUT") return plan;
  const std::string trace = new_trace();
  const auto refuse = [&](const Error& error) {
    plan.answer = std::make_unique<HttpResponse>(shared_->refuse(error, head.peer, trace));
    return std::move(plan);
  };
  if (caller == Caller::unknown) return refuse(Error(Errc::connector_auth_failed));
  const auto digest = digest_of(head);
  if (!digest) return refuse(digest.error());
  if (!head.query().empty()) return refuse(Error(Errc::connector_parameter).with("none is taken here"));
  // A part of a file under the digest of the whole would be the wrong file; RFC 9110 14.5 wants it refused.
  if (head.headers.has("content-range")) return refuse(Error(Errc::connector_parameter).at("Content-Range"));
  connector::UploadHead upload{shared_->route, head.peer, trace, *digest, std::nullopt};
  if (framing.body == net::Framing::Body::length) upload.bytes = framing.length;
  if (framing.body == net::Framing::Body::none) upload.bytes = 0;
  if (upload.bytes.value_or(0) > shared_->bytes_max) return refuse(Error(Errc::journal_attachment_too_large));
  // Also who asks first and whose file is known sends it: only the whole content shows whether ours still is whole.
  auto begun = shared_->handler.upload(upload);
  if (!begun) return refuse(begun.error());
  plan.sink = std::make_unique<UploadSink>(*std::move(begun), *digest, [shared = shared_, peer = head.peer, trace](const Error& error) { return shared->refuse(error, peer, trace); });
  return plan;
}

void AttachmentDoor::answer(const HttpRequest& request, Caller caller, const Responder& respond) const {
  const auto refuse = [&](const Error& error) { respond(shared_->refuse(error, request.peer, new_trace())); };
  if (request.method != "HEAD") return refuse(Error(Errc::connector_method));
  if (caller == Caller::unknown) return refuse(Error(Errc::connector_auth_failed));
  const auto digest = digest_of(request);
  if (!digest) return refuse(digest.error());
  const auto known = shared_->handler.attachment(shared_->route, *digest);
  if (!known) return refuse(known.error());
  HttpResponse response;
  response.status = *known ? 200 : 404;
  respond(std::move(response));
}

} // namespace tongqu::connectors::attachments
