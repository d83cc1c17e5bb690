#include "tongqu/net/http_client.hpp"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>

#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "net/curl/peer_address.hpp"
#include "net/curl/transfer.hpp"
#include "net/job_queue.hpp"
#include "net/plain/plain_client.hpp"
#include "tongqu/base/fault_point.hpp"

namespace tongqu::net {
namespace detail {
namespace {

constexpr int kPollMs = 1000;

class CurlClient final : public HttpClient {
public:
  CurlClient(PeerOptions options, std::string base_url) : options_(std::move(options)), base_url_(std::move(base_url)), waiting_(options_.queue_max) {}
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;
  ~CurlClient() override;

  Result<void> start();
  void send(HttpRequest request, std::function<void(HttpOutcome)> done) override;

private:
  void run();
  bool take_jobs();
  void begin(Job job);
  void collect_ended();
  void finish(Transfer& transfer, HttpOutcome outcome);
  void give_up_all();
  void close_multi();

  PeerOptions options_;
  std::string base_url_;
  CURLM* multi_ = nullptr;
  std::thread thread_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::vector<Transfer*> free_;
  std::vector<Transfer*> busy_;
  JobQueue waiting_;
  std::mutex ending_; ///< multi_ is closed on its own thread, and not before the destructor has made its last call of it.
};

Result<void> CurlClient::start() {
  // Reference-counted by libcurl and thread-safe since 7.84.
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  multi_ = kReady == CURLE_OK ? curl_multi_init() : nullptr;
  if (multi_ == nullptr) return Error(Errc::net_peer).with("libcurl cannot start");
  const long connections = static_cast<long>(options_.connections_max);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections);
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  for (std::size_t i = 0; i < options_.connections_max; ++i) {
    transfers_.push_back(std::make_unique<Transfer>(options_, base_url_));
    free_.push_back(transfers_.back().get());
  }
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    return Error(Errc::net_peer).with("no thread can be started");
  }
  return {};
}

CurlClient::~CurlClient() {
  {
    const std::lock_guard lock(ending_);
    waiting_.stop();
    if (thread_.joinable()) curl_multi_wakeup(multi_);
  }
  if (thread_.joinable()) thread_.join();
  else close_multi();
}

void CurlClient::close_multi() {
  transfers_.clear();
  curl_multi_cleanup(multi_);
}

void CurlClient::send(HttpRequest request, std::function<void(HttpOutcome)> done) {
  const bool wake = waiting_.put(std::move(request), std::move(done));
  if (wake && std::this_thread::get_id() != thread_.get_id()) curl_multi_wakeup(multi_);
}

/// A TLS library may write to a connection that the peer has closed; in this thread that is an error code and not a signal.
void block_sigpipe() {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

void CurlClient::run() {
  block_sigpipe();
  while (take_jobs()) {
    int running = 0;
    curl_multi_perform(multi_, &running);
    if constexpr (TONGQU_WITH_FAULT_POINTS != 0) {
      for (Transfer* transfer : busy_) transfer->notice_sent();
    }
    collect_ended();
    if (waiting_.empty() || free_.empty()) curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
  }
  give_up_all();
  const std::lock_guard lock(ending_);
  close_multi();
}

/// Gives waiting requests to free handles. False when the client is to end.
bool CurlClient::take_jobs() {
  for (std::vector<Job> jobs; waiting_.take(free_.size(), jobs); jobs.clear()) {
    if (jobs.empty()) return true;
    for (Job& job : jobs) begin(std::move(job));
  }
  return false;
}

void CurlClient::begin(Job job) {
  Transfer* transfer = free_.back();
  free_.pop_back();
  busy_.push_back(transfer);
  bool good = false;
  try {
    good = transfer->begin(std::move(job));
    if (good) FAULT_POINT("s19_connected");
  } catch (const std::exception&) {
    good = false; // Out of memory or a planted fault: this request fails, the client goes on.
  }
  good = good && curl_multi_add_handle(multi_, transfer->handle()) == CURLM_OK;
  if (!good) finish(*transfer, transfer->abandon(Error(Errc::net_connect)));
}

void CurlClient::collect_ended() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;
    Transfer* transfer = nullptr;
    for (Transfer* one : busy_) {
      if (one->handle() == easy) transfer = one;
    }
    curl_multi_remove_handle(multi_, easy);
    if (transfer == nullptr) continue;
    HttpOutcome outcome;
    try {
      outcome = transfer->end(code);
    } catch (const std::exception&) {
      outcome = transfer->abandon(Error(Errc::base_internal));
    }
    finish(*transfer, std::move(outcome));
  }
}

void CurlClient::finish(Transfer& transfer, HttpOutcome outcome) {
  const auto done = transfer.take_done();
  for (std::size_t i = 0; i < busy_.size(); ++i) {
    if (busy_[i] != &transfer) continue;
    busy_[i] = busy_.back();
    busy_.pop_back();
    break;
  }
  free_.push_back(&transfer);
  done(std::move(outcome));
}

void CurlClient::give_up_all() {
  while (!busy_.empty()) {
    Transfer& transfer = *busy_.back();
    curl_multi_remove_handle(multi_, transfer.handle());
    finish(transfer, transfer.abandon(Error(Errc::base_stopped)));
  }
  waiting_.give_up_all();
}

/// What the waiting caller and the client's thread share.
struct Wait {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  HttpOutcome outcome;
};

} // namespace
} // namespace detail

Result<std::unique_ptr<HttpClient>> HttpClient::create(const PeerOptions& options) {
  TONGQU_TRY(std::string base_url, detail::checked_base_url(options));
  if (options.connections_max == 0) return Error(Errc::net_peer).at("connections_max");
  if (auto peer = detail::plain_peer(base_url)) return detail::make_plain_client(options, *std::move(peer));
  auto client = std::make_unique<detail::CurlClient>(options, std::move(base_url));
  TONGQU_CHECK(client->start());
  return std::unique_ptr<HttpClient>(std::move(client));
}

HttpOutcome HttpClient::send_and_wait(HttpRequest request, const CallContext& context) {
  auto wait = std::make_shared<detail::Wait>();
  send(std::move(request), [wait](HttpOutcome outcome) {
    const std::lock_guard lock(wait->mutex);
    wait->outcome = std::move(outcome);
    wait->done = true;
    wait->changed.notify_all();
  });
  std::unique_lock lock(wait->mutex);
  while (!wait->done) {
    // The stop flag has no waiting of its own, so it is looked at now and then.
    auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
    if (context.stopped()) return detail::failed_outcome(Error(Errc::base_stopped), Sent::maybe);
    if (context.deadline) {
      if (std::chrono::steady_clock::now() >= *context.deadline) return detail::failed_outcome(Error(Errc::net_timeout), Sent::maybe);
      until = std::min(until, *context.deadline);
    }
    wait->changed.wait_until(lock, until);
  }
  return std::move(wait->outcome);
}

} // namespace tongqu::net
