#pragma once
#include <curl/curl.h>

#include <functional>
#include <memory>
#include <string>

#include "net/job.hpp"
#include "tongqu/base/clock.hpp"
#include "tongqu/net/framing.hpp"
#include "tongqu/net/http_client.hpp"

namespace tongqu::net::detail {

/// One curl easy handle with the request that it carries; used again for the next request. All calls on the client's thread.
class Transfer {
public:
  Transfer(const PeerOptions& options, std::string base_url);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return easy_; }
  /// False when curl has no memory for the request.
  bool begin(Job job);
  /// What became of the request; the transfer is free again.
  HttpOutcome end(CURLcode code);
  HttpOutcome abandon(Error error);
  std::function<void(HttpOutcome)> take_done() { return std::move(job_.done); }
  /// Fault-point builds: notices that the whole request has left.
  void notice_sent();

private:
  bool set_constant_options();
  bool set_request_options();
  bool set_headers();
  std::size_t take_header_line(Bytes line);
  std::size_t take_body(Bytes bytes);
  std::size_t give_body(char* to, std::size_t room);
  Error error_of(CURLcode code) const;
  void reset();

  template <class Step> static std::size_t guarded(Step step);
  static int on_before_request(void* self, char*, char*, int, int);
  static std::size_t on_header(char* from, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* from, std::size_t size, std::size_t count, void* self);
  static std::size_t on_upload(char* to, std::size_t size, std::size_t count, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);

  const PeerOptions& options_;
  std::string base_url_;
  FramingLimits limits_;
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  Job job_;
  MonoTime begun_;
  std::size_t given_ = 0;
  int times_written_ = 0;       ///< How often curl was about to write the request; a second time is refused.
  bool all_sent_noticed_ = false;
  std::string head_;
  bool head_whole_ = false;     ///< The final answer's head has passed the guard.
  Framing framing_;
  ChunkDecoder chunks_;
  HttpResponse response_;
  std::optional<Errc> refused_; ///< Why we ended the transfer ourselves.
  std::optional<Error> cause_;
};

} // namespace tongqu::net::detail
