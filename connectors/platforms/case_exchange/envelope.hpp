#pragma once
#include <string>
#include <string_view>

#include "tongqu/base/result.hpp"
#include "tongqu/net/http.hpp"
#include "tongqu/platform/platform.hpp"

/// The requests of the case exchange service, the same behind both gateways. Text: docs/reference/case-exchange.md.
namespace tongqu::platform::case_exchange {

/// What an answer must name to be the answer to our message.
struct Expected {
  std::string message_id;
  std::string digest;      ///< SM3 of the row, 64 lower-case hex.
};

/// 16 to 64 characters of 0-9, a-z and '-'.
bool is_message_id(std::string_view text) noexcept;

/// SM3 of a row as it is written into the envelope.
std::string row_digest(std::string_view row);

/// What the receipt of a submission must name.
Expected expected_of(const Submission& submission);

/// The envelope around a row, ready to be signed. What the platform would refuse in any case is refused here, before a byte leaves.
/// @param expected  Of this submission.
/// @param target    Path of the operation.
/// @errors platform.envelope_refused with the member in where().
Result<net::HttpRequest> submit_request(const Submission& submission, const Expected& expected, std::string target);

/// A query for one message. @param path  Without a query part. @errors platform.envelope_refused when the id has a wrong form.
Result<net::HttpRequest> query_request(std::string_view message_id, std::string_view path);

} // namespace tongqu::platform::case_exchange
