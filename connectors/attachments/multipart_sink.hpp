#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tongqu/connector/connector.hpp"
#include "tongqu/net/http_server.hpp"
#include "tongqu/wire/delivery.hpp"

/// Bodies of several parts on a listener: MTOM, SOAP with attachments, forms with files.
namespace tongqu::connectors::attachments {

/// The media type is a multipart one and stands there once.
bool is_multipart(const net::HttpRequest& head);

/// The root comes first: the one that `start` names, else the first JSON part of a form, else the first. @errors wire.multipart_invalid.
Result<void> put_root_first(std::vector<wire::Part>& parts, std::string_view content_type);

/// The request as if its root part had come alone: its body, and the type that the root has, or that the whole gives it (RFC 2387 `type`, XOP).
net::HttpRequest root_request(const net::HttpRequest& whole, wire::Part& root, std::string_view otherwise);

struct MultipartPlan {
  std::string route, peer, trace_id, content_type;
  std::size_t memory_bytes_max = 0;                ///< For all parts together that stay in memory.
  std::function<net::HttpResponse(const Error&)> refuse;
  /// The parts, root first. Those that found no room in memory are in the store of attachments.
  std::function<void(std::vector<wire::Part> parts, net::Responder respond)> done;
};

/// Cuts a body while it passes. A part that memory has no room for goes into the store of attachments; the root may not.
/// @param handler  Must outlive the sink. @errors wire.multipart_invalid, multipart_limit.
Result<std::unique_ptr<net::BodySink>> make_multipart_sink(MultipartPlan plan, connector::IntakeHandler& handler);

} // namespace tongqu::connectors::attachments
