#include "net/plain/plain_client.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <thread>
#include <vector>

#include "net/job_queue.hpp"
#include "net/plain/plain_connection.hpp"

namespace tongqu::net::detail {
namespace {

constexpr std::size_t kRoomBytes = 64 * 1024;
constexpr std::size_t kEventsAtOnce = 128;
constexpr std::uint64_t kWakeUp = ~std::uint64_t{0};

class PlainClient final : public HttpClient {
public:
  PlainClient(PeerOptions options, PlainPeer peer) : options_(std::move(options)), peer_(std::move(peer)), waiting_(options_.queue_max) {}
  ~PlainClient() override;
  PlainClient(const PlainClient&) = delete;
  PlainClient& operator=(const PlainClient&) = delete;

  Result<void> start();
  void send(HttpRequest request, std::function<void(HttpOutcome)> done) override;

private:
  /// A place for a connection, and what epoll was told about it.
  struct Place {
    std::unique_ptr<PlainConnection> connection;
    std::uint32_t life = 0;      ///< Which of the connections that stood here; events of earlier ones mean nothing.
    std::uint32_t watched = 0;
    int descriptor = -1;
  };
  void run();
  bool take_jobs();
  void begin(Job job);
  std::size_t pick_place(MonoTime now);
  int wait_ms() const;
  void on_event(const epoll_event& event);
  void watch(std::size_t at);
  template <class Step> void step(std::size_t at, Step step);
  void finish(std::size_t at, HttpOutcome outcome);
  void give_up_late(MonoTime now);
  void give_up_all();

  const PeerOptions options_;
  const PlainPeer peer_;
  int poll_ = -1, wake_ = -1;
  std::thread thread_;
  std::vector<Place> places_;
  std::vector<std::size_t> free_;    ///< Places without a request; the one used last at the end, as its connection is the freshest.
  MonoTime look_at_ = MonoTime::max();
  std::string room_ = std::string(kRoomBytes, '\0');
  JobQueue waiting_;
};

Result<void> PlainClient::start() {
  poll_ = ::epoll_create1(EPOLL_CLOEXEC);
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeUp;
  if (poll_ < 0 || wake_ < 0 || ::epoll_ctl(poll_, EPOLL_CTL_ADD, wake_, &event) != 0) return Error(Errc::net_peer).with("no descriptor can be had");
  places_.resize(options_.connections_max);
  for (std::size_t i = places_.size(); i > 0; --i) {
    places_[i - 1].connection = std::make_unique<PlainConnection>(options_, peer_);
    free_.push_back(i - 1);
  }
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    return Error(Errc::net_peer).with("no thread can be started");
  }
  return {};
}

PlainClient::~PlainClient() {
  waiting_.stop();
  if (thread_.joinable()) {
    static_cast<void>(::eventfd_write(wake_, 1));
    thread_.join();
  }
  if (poll_ >= 0) ::close(poll_);
  if (wake_ >= 0) ::close(wake_);
}

void PlainClient::send(HttpRequest request, std::function<void(HttpOutcome)> done) {
  const bool wake = waiting_.put(std::move(request), std::move(done));
  if (wake && std::this_thread::get_id() != thread_.get_id()) static_cast<void>(::eventfd_write(wake_, 1));
}

void PlainClient::run() {
  std::array<epoll_event, kEventsAtOnce> events{};
  while (take_jobs()) {
    const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), wait_ms());
    waiting_.awake();
    for (int i = 0; i < count; ++i) on_event(events[static_cast<std::size_t>(i)]);
    if (const MonoTime now = std::chrono::steady_clock::now(); now >= look_at_) give_up_late(now);
  }
  give_up_all();
}

/// Gives waiting requests to free places. False when the client is to end.
bool PlainClient::take_jobs() {
  for (std::vector<Job> jobs; waiting_.take(free_.size(), jobs); jobs.clear()) {
    if (jobs.empty()) return true;
    for (Job& job : jobs) begin(std::move(job));
  }
  return false;
}

int PlainClient::wait_ms() const {
  if (look_at_ == MonoTime::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(look_at_ - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60000));
}

void PlainClient::begin(Job job) {
  const MonoTime now = std::chrono::steady_clock::now();
  const std::size_t at = pick_place(now);
  PlainConnection& connection = *places_[at].connection;
  const bool kept = connection.open();
  step(at, [&job, now, kept](PlainConnection& one) -> std::optional<HttpOutcome> {
    if (!one.begin(std::move(job), now)) return one.break_off();
    return kept ? one.on_writable() : std::nullopt;
  });
  if (connection.busy()) look_at_ = std::min(look_at_, connection.deadline());
}

/// A place whose connection is kept and still good, or else one without.
std::size_t PlainClient::pick_place(MonoTime now) {
  const std::size_t at = free_.back();
  free_.pop_back();
  PlainConnection& connection = *places_[at].connection;
  if (connection.open() && !connection.still_good(now)) {
    connection.close();
    watch(at);  // Before the number of its descriptor is given to another.
  }
  return at;
}

void PlainClient::on_event(const epoll_event& event) {
  if (event.data.u64 == kWakeUp) {
    eventfd_t count = 0;
    static_cast<void>(::eventfd_read(wake_, &count));
    return;
  }
  const auto at = static_cast<std::size_t>(event.data.u64 & 0xffffffffU);
  if (places_[at].life != event.data.u64 >> 32U || !places_[at].connection->open()) return;
  const bool writable = (event.events & EPOLLOUT) != 0, readable = (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0;
  step(at, [this, writable, readable](PlainConnection& one) -> std::optional<HttpOutcome> {
    if (writable && one.wants_to_write()) {
      if (auto outcome = one.on_writable()) return outcome;
    }
    return readable && one.open() ? one.on_readable(room_) : std::nullopt;
  });
}

/// One step of a connection, what it wants to hear next, and the end of its request if it has come. An exception (memory is out, a planted
/// fault) is the end of this request and of no other.
template <class Step> void PlainClient::step(std::size_t at, Step step) {
  PlainConnection& connection = *places_[at].connection;
  std::optional<HttpOutcome> outcome;
  try {
    outcome = step(connection);
  } catch (const std::exception&) {
    outcome = connection.break_off();
  }
  watch(at);
  if (outcome) finish(at, *std::move(outcome));
}

void PlainClient::watch(std::size_t at) {
  Place& place = places_[at];
  const int descriptor = place.connection->descriptor();
  if (descriptor != place.descriptor) {
    place.descriptor = descriptor;
    place.watched = 0;
    ++place.life;
  }
  if (descriptor < 0) return;
  const std::uint32_t wanted = EPOLLIN | EPOLLRDHUP | (place.connection->wants_to_write() ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
  if (wanted == place.watched) return;
  epoll_event event{};
  event.events = wanted;
  event.data.u64 = static_cast<std::uint64_t>(place.life) << 32U | at;
  ::epoll_ctl(poll_, place.watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event);
  place.watched = wanted;
}

void PlainClient::finish(std::size_t at, HttpOutcome outcome) {
  const auto done = places_[at].connection->take_done();
  free_.push_back(at);
  done(std::move(outcome));
}

void PlainClient::give_up_late(MonoTime now) {
  look_at_ = MonoTime::max();
  for (std::size_t at = 0; at < places_.size(); ++at) {
    PlainConnection& connection = *places_[at].connection;
    if (!connection.busy()) continue;
    if (connection.deadline() > now) {
      look_at_ = std::min(look_at_, connection.deadline());
      continue;
    }
    step(at, [](PlainConnection& one) { return std::optional<HttpOutcome>(one.fail(Error(Errc::net_timeout))); });
  }
}

void PlainClient::give_up_all() {
  for (std::size_t at = 0; at < places_.size(); ++at) {
    if (!places_[at].connection->busy()) continue;
    step(at, [](PlainConnection& one) { return std::optional<HttpOutcome>(one.fail(Error(Errc::base_stopped))); });
  }
  waiting_.give_up_all();
}

} // namespace

Result<std::unique_ptr<HttpClient>> make_plain_client(const PeerOptions& options, PlainPeer peer) {
  auto client = std::make_unique<PlainClient>(options, std::move(peer));
  TONGQU_CHECK(client->start());
  return std::unique_ptr<HttpClient>(std::move(client));
}

} // namespace tongqu::net::detail
