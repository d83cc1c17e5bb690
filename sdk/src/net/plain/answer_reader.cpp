#include "net/plain/answer_reader.hpp"

#include <algorithm>
#include <utility>

#include "net/answer_fields.hpp"
#include "tongqu/base/fault_point.hpp"

namespace tongqu::net::detail {

AnswerReader::AnswerReader(std::size_t answer_bytes_max) : answer_bytes_max_(answer_bytes_max), chunks_(answer_bytes_max) {
  limits_.body_bytes_max = answer_bytes_max;  // A long Content-Length is refused with it, before reading.
}

void AnswerReader::begin(bool to_head_request) {
  to_head_request_ = to_head_request;
  head_.clear();
  head_whole_ = whole_ = surplus_ = false;
  framing_ = Framing();
  chunks_ = ChunkDecoder(answer_bytes_max_);
  response_ = HttpResponse();
  why_.reset();
}

AnswerReader::Progress AnswerReader::refuse(Errc code, std::optional<Error> cause) {
  why_.emplace(code);
  if (cause) why_ = Error(code).because(*std::move(cause));
  return Progress::refused;
}

AnswerReader::Progress AnswerReader::feed(Bytes bytes) {
  if (bytes.empty()) return Progress::more;
  if (!head_whole_) {
    if (head_.empty()) FAULT_POINT("s22_receipt_first_byte");
    head_ += bytes;
    const Progress progress = take_heads(bytes);
    if (progress != Progress::whole) return progress;
  }
  return take_body(bytes);
}

AnswerReader::Progress AnswerReader::take_heads(Bytes& rest) {
  for (;;) {
    const auto end = find_head_end(head_, limits_);
    if (!end) return refuse(Errc::net_answer_framing, end.error());
    if (*end == 0) return Progress::more;
    const Bytes head = Bytes(head_).substr(0, *end);
    const auto framing = check_response_head(head, limits_);
    if (!framing) {
      const bool large = framing.error().code() == Errc::net_body_too_large;
      return refuse(large ? Errc::net_answer_too_large : Errc::net_answer_framing, framing.error());
    }
    if (framing->status == 101) return refuse(Errc::net_answer_framing, std::nullopt);  // Nobody asked to leave HTTP.
    if (framing->status < 200) {
      head_.erase(0, *end);
      continue;
    }
    framing_ = *framing;
    head_whole_ = true;
    response_.status = framing_.status;
    take_fields(head, response_.headers);
    rest = Bytes(head_).substr(*end);
    if (framing_.body == Framing::Body::length && !to_head_request_) response_.body.reserve(static_cast<std::size_t>(framing_.length));
    return Progress::whole;
  }
}

AnswerReader::Progress AnswerReader::take_body(Bytes bytes) {
  std::size_t used = 0;
  if (to_head_request_ || framing_.body == Framing::Body::none) {
    whole_ = true;
  } else if (framing_.body == Framing::Body::chunked) {
    const auto fed = chunks_.feed(bytes, response_.body);
    if (!fed) return refuse(fed.error().code() == Errc::net_body_too_large ? Errc::net_answer_too_large : Errc::net_answer_framing, fed.error());
    used = *fed;
    whole_ = chunks_.done();
  } else if (framing_.body == Framing::Body::length) {
    used = std::min(bytes.size(), static_cast<std::size_t>(framing_.length) - response_.body.size());
    response_.body += bytes.substr(0, used);
    whole_ = response_.body.size() == framing_.length;
  } else {
    if (bytes.size() > answer_bytes_max_ - response_.body.size()) return refuse(Errc::net_answer_too_large, std::nullopt);
    used = bytes.size();
    response_.body += bytes;
  }
  surplus_ = whole_ && used < bytes.size();
  return whole_ ? Progress::whole : Progress::more;
}

} // namespace tongqu::net::detail
