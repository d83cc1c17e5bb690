#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "tongqu/connector/connector.hpp"
#include "tongqu/net/http_server.hpp"

/// `PUT /attachments/<sm3>` and `HEAD` of it, on the listener of any family. docs/reference/attachments.md
namespace tongqu::connectors::attachments {

/// HTTP status of an error on the way into the store, and the Retry-After that 503 and 507 bring.
int status_of(const Error& error) noexcept;
std::string retry_after(int status);

/// Whether the listener knows who calls.
enum class Caller : std::uint8_t { known, unknown };

class AttachmentDoor {
public:
  /// @param handler  Must outlive every request.
  AttachmentDoor(const connector::ListenerConfig& config, connector::IntakeHandler& handler);

  /// The door is open and the request is for it.
  bool is_for(const net::HttpRequest& head) const;
  /// Where the body of an upload goes; for HttpHandler::plan_body.
  net::BodyPlan plan(const net::HttpRequest& head, const net::Framing& framing, Caller caller) const;
  /// Answers what is no upload: HEAD, and methods that are not served.
  void answer(const net::HttpRequest& request, Caller caller, const net::Responder& respond) const;

private:
  struct Shared;
  std::shared_ptr<const Shared> shared_;
};

} // namespace tongqu::connectors::attachments
