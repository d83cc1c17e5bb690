#include "net/curl/transfer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "net/answer_fields.hpp"
#include "net/unsent.hpp"
#include "tongqu/base/fault_point.hpp"

namespace tongqu::net::detail {
namespace {

// Connections idle for longer are not used again: peers close theirs after a minute or so, and a request that meets the close
// half-way is a request with an unknown outcome.
constexpr long kIdleSecondsMax = 30;
constexpr long kUploadBufferBytes = 16 * 1024;

// With fault points the body goes out in two pieces, so that a kill can fall between them; without, curl sends head and body in one
// write.
constexpr bool kUploadInPieces = TONGQU_WITH_FAULT_POINTS != 0;

bool is_tls_code(CURLcode code) {
  static constexpr std::array<CURLcode, 10> kTls = {
      CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,       CURLE_SSL_CIPHER,         CURLE_SSL_CACERT_BADFILE,
      CURLE_SSL_CRL_BADFILE,   CURLE_SSL_ISSUER_ERROR,         CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED};
  return std::find(kTls.begin(), kTls.end(), code) != kTls.end();
}

int on_socket(void*, curl_socket_t socket, curlsocktype) {
  forget_unsent(socket);
  return CURL_SOCKOPT_OK;
}

int close_socket(void*, curl_socket_t socket) { return close_forgetting(socket); }

} // namespace

HttpOutcome failed_outcome(Error error, Sent sent) {
  HttpOutcome outcome;
  outcome.failure = std::make_unique<HttpFailure>(HttpFailure{std::move(error), sent});
  return outcome;
}

Transfer::Transfer(const PeerOptions& options, std::string base_url)
    : options_(options), base_url_(std::move(base_url)), chunks_(options.answer_bytes_max) {
  // The body's bound is kept while it is read; a long Content-Length is refused with it, before reading.
  limits_.body_bytes_max = options.answer_bytes_max;
}

Transfer::~Transfer() {
  curl_slist_free_all(headers_);
  curl_easy_cleanup(easy_);
}

bool Transfer::set_constant_options() {
  easy_ = curl_easy_init();
  if (easy_ == nullptr) return false;
  bool good = true;
  const auto set = [this, &good](CURLoption option, auto value) {
    good = curl_easy_setopt(easy_, option, value) == CURLE_OK && good;
  };
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOSIGNAL, 1L);
  // A look-up that lasts longer than the time to connect is left to its own thread; waiting for it would hold up every transfer and the end.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_TCP_NODELAY, 1L);
  // Our requests are of 2 to 10 KB; the 64 KB that libcurl keeps for each connection would be most of the memory of a bridge.
  set(CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  // libcurl takes chunks that end without their last line for whole; it hands them over raw and our own decoder judges them.
  set(CURLOPT_HTTP_TRANSFER_DECODING, 0L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options_.ca_file.empty()) {
    set(CURLOPT_CAINFO, options_.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.total_timeout.count()));
  set(CURLOPT_MAXAGE_CONN, kIdleSecondsMax);
  set(CURLOPT_SOCKOPTFUNCTION, &on_socket);
  set(CURLOPT_CLOSESOCKETFUNCTION, &close_socket);
  set(CURLOPT_PREREQFUNCTION, &Transfer::on_before_request);
  set(CURLOPT_PREREQDATA, this);
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_SEEKFUNCTION, &Transfer::on_seek);
  set(CURLOPT_SEEKDATA, this);
  return good;
}

void Transfer::reset() {
  given_ = 0;
  times_written_ = 0;
  all_sent_noticed_ = false;
  head_.clear();
  head_whole_ = false;
  framing_ = Framing();
  chunks_ = ChunkDecoder(options_.answer_bytes_max);
  response_ = HttpResponse();
  refused_.reset();
  cause_.reset();
}

bool Transfer::begin(Job job) {
  reset();
  job_ = std::move(job);
  begun_ = std::chrono::steady_clock::now();
  if (easy_ == nullptr && !set_constant_options()) return false;
  return set_headers() && set_request_options();
}

bool Transfer::set_headers() {
  curl_slist_free_all(headers_);
  headers_ = nullptr;
  const auto append = [this](const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_, line.c_str());
    if (longer == nullptr) return false;
    headers_ = longer;
    return true;
  };
  // An empty value takes the field away that curl would add by itself.
  bool good = append("Expect:");
  if (!job_.request.headers.has("Accept")) good = append("Accept:") && good;
  if (!job_.request.headers.has("Content-Type")) good = append("Content-Type:") && good;
  for (const auto& [name, value] : job_.request.headers.fields()) {
    // "Name;" is curl's way to send a field without a value.
    good = append(value.empty() ? name + ";" : name + ": " + value) && good;
  }
  return good;
}

bool Transfer::set_request_options() {
  const HttpRequest& request = job_.request;
  bool good = true;
  const auto set = [this, &good](CURLoption option, auto value) {
    good = curl_easy_setopt(easy_, option, value) == CURLE_OK && good;
  };
  set(CURLOPT_URL, (base_url_ + request.target).c_str());
  set(CURLOPT_HTTPHEADER, headers_);
  const bool bodyless = request.body.empty() && request.method != "POST" && request.method != "PUT" && request.method != "PATCH";
  set(CURLOPT_NOBODY, 0L);
  if (bodyless) {
    set(CURLOPT_HTTPGET, 1L);
    if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
  } else {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    const bool in_pieces = kUploadInPieces && !request.body.empty();
    set(CURLOPT_POSTFIELDS, in_pieces ? nullptr : request.body.c_str());
    set(CURLOPT_READFUNCTION, &Transfer::on_upload);
    set(CURLOPT_READDATA, this);
  }
  const bool plain = bodyless ? request.method == "GET" || request.method == "HEAD" : request.method == "POST";
  set(CURLOPT_CUSTOMREQUEST, plain ? nullptr : request.method.c_str());
  return good;
}

/// Runs a step below a callback of libcurl, which is C: nothing may be thrown through it. Zero ends the transfer.
template <class Step> std::size_t Transfer::guarded(Step step) {
  try {
    return step();
  } catch (const std::exception&) {
    return 0;
  }
}

/// Called when a connection stands (TCP and TLS) and before the first byte of the request. libcurl sends a request again by itself
/// when a kept connection dies before an answer; that would be a second, unseen submission, so a second time is refused here.
int Transfer::on_before_request(void* self, char*, char*, int, int) {
  auto* transfer = static_cast<Transfer*>(self);
  return ++transfer->times_written_ == 1 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

std::size_t Transfer::on_header(char* from, std::size_t size, std::size_t count, void* self) {
  return guarded([=] { return static_cast<Transfer*>(self)->take_header_line(Bytes(from, size * count)); });
}

std::size_t Transfer::take_header_line(Bytes line) {
  if (head_whole_) return line.size(); // Trailer fields of a chunked body: not used, bounded by curl's own limit on header bytes.
  if (head_.empty()) FAULT_POINT("s22_receipt_first_byte");
  head_ += line;
  const bool last = line == "\r\n" || line == "\n";
  if (!last && head_.size() < limits_.head_bytes_max) return line.size();
  const auto end = find_head_end(head_, limits_);
  const auto framing = end ? check_response_head(head_, limits_) : Result<Framing>(end.error());
  if (!framing) {
    refused_ = framing.error().code() == Errc::net_body_too_large ? Errc::net_answer_too_large : Errc::net_answer_framing;
    cause_ = framing.error();
    return 0;
  }
  if (framing->status == 101) {
    refused_ = Errc::net_answer_framing; // Nobody asked to leave HTTP.
    return 0;
  }
  if (framing->status < 200) {
    head_.clear();
    return line.size();
  }
  framing_ = *framing;
  head_whole_ = true;
  response_.status = framing_.status;
  take_fields(head_, response_.headers);
  if (framing_.body == Framing::Body::length) response_.body.reserve(static_cast<std::size_t>(framing_.length));
  return line.size();
}

std::size_t Transfer::on_body(char* from, std::size_t size, std::size_t count, void* self) {
  return guarded([=] { return static_cast<Transfer*>(self)->take_body(Bytes(from, size * count)); });
}

std::size_t Transfer::take_body(Bytes bytes) {
  if (!head_whole_) {
    refused_ = Errc::net_answer_framing;
    return 0;
  }
  if (framing_.body == Framing::Body::chunked) {
    const auto used = chunks_.feed(bytes, response_.body);
    if (used) return bytes.size(); // What follows the last chunk belongs to no request; libcurl closes such a connection.
    refused_ = used.error().code() == Errc::net_body_too_large ? Errc::net_answer_too_large : Errc::net_answer_framing;
    cause_ = used.error();
    return 0;
  }
  if (bytes.size() > options_.answer_bytes_max - response_.body.size()) {
    refused_ = Errc::net_answer_too_large;
    return 0;
  }
  response_.body += bytes;
  return bytes.size();
}

std::size_t Transfer::on_upload(char* to, std::size_t size, std::size_t count, void* self) {
  const std::size_t given = guarded([=] { return static_cast<Transfer*>(self)->give_body(to, size * count) + 1; });
  return given == 0 ? static_cast<std::size_t>(CURL_READFUNC_ABORT) : given - 1;
}

std::size_t Transfer::give_body(char* to, std::size_t room) {
  const std::string& body = job_.request.body;
  if (given_ != 0) FAULT_POINT("s20_half_sent");
  const std::size_t piece = given_ == 0 ? (body.size() + 1) / 2 : body.size() - given_;
  const std::size_t take = std::min({room, piece, body.size() - given_});
  std::memcpy(to, body.data() + given_, take);
  given_ += take;
  return take;
}

/// libcurl rewinds only to send again.
int Transfer::on_seek(void*, curl_off_t, int) { return CURL_SEEKFUNC_FAIL; }

void Transfer::notice_sent() {
  if (all_sent_noticed_ || times_written_ == 0) return;
  curl_off_t uploaded = 0;
  curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &uploaded);
  if (static_cast<std::size_t>(uploaded) < job_.request.body.size()) return;
  all_sent_noticed_ = true;
  guarded([]() -> std::size_t {
    FAULT_POINT("s21_all_sent");
    return 1;
  });
}

Error Transfer::error_of(CURLcode code) const {
  if (refused_) return cause_ ? Error(*refused_).because(*cause_) : Error(*refused_);
  if (times_written_ == 0) {
    long os_error = 0;
    curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &os_error);
    const bool lost = code == CURLE_SSL_CONNECT_ERROR && (os_error == ECONNRESET || os_error == EPIPE);
    if (is_tls_code(code) && !lost) return Error(Errc::net_tls);
    return code == CURLE_OPERATION_TIMEDOUT ? Error(Errc::net_timeout) : Error(Errc::net_connect);
  }
  if (code == CURLE_OPERATION_TIMEDOUT) return Error(Errc::net_timeout);
  const bool unreadable = code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_HTTP2 ||
                          code == CURLE_BAD_CONTENT_ENCODING;
  return unreadable ? Error(Errc::net_answer_framing) : Error(Errc::net_answer_cut);
}

HttpOutcome Transfer::end(CURLcode code) {
  const bool head_request = job_.request.method == "HEAD";
  const bool length_kept = head_request || (framing_.body == Framing::Body::length    ? response_.body.size() == framing_.length
                                            : framing_.body == Framing::Body::chunked ? chunks_.done()
                                                                                      : true);
  if (code == CURLE_OK && !refused_ && (!head_whole_ || !length_kept)) refused_ = Errc::net_answer_cut;
  if (code != CURLE_OK || refused_) return failed_outcome(error_of(code), times_written_ == 0 ? Sent::nothing : Sent::maybe);
  FAULT_POINT("s23_receipt_whole");
  HttpOutcome outcome;
  outcome.exchange = std::make_unique<HttpExchange>();
  outcome.exchange->response = std::move(response_);
  outcome.exchange->ended_by_close = framing_.body == Framing::Body::until_close && !head_request;
  outcome.exchange->took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begun_);
  return outcome;
}

HttpOutcome Transfer::abandon(Error error) {
  return failed_outcome(std::move(error), times_written_ == 0 ? Sent::nothing : Sent::maybe);
}

} // namespace tongqu::net::detail
