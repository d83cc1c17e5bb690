#include "journal/postgres/peers.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace tongqu::journal::detail {
namespace {

constexpr std::chrono::milliseconds kSoonest{50}, kLatest{5000}, kTryAgain{500};

std::chrono::milliseconds beat_of(const PgHouse& house) { return std::clamp(house.lease / 4, kSoonest, kLatest); }

/// "instance target": what our own instance tells is no news.
void pass_on(const PgHouse& house, std::string_view news, const std::function<void(const std::string&)>& on_ready) {
  const auto space = news.find(' ');
  std::int64_t instance = 0;
  if (space == std::string_view::npos || std::from_chars(news.data(), news.data() + space, instance).ec != std::errc()) return;
  if (instance != house.instance) on_ready(std::string(news.substr(space + 1)));
}

} // namespace

PgPeers::PgPeers(std::shared_ptr<PgHouse> house) : house_(std::move(house)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

PgPeers::~PgPeers() {
  stop();
  if (wake_ >= 0) ::close(wake_);
}

void PgPeers::start(std::function<void(const std::string&)> on_ready, std::function<void()> on_left) {
  on_ready_ = std::move(on_ready);
  on_left_ = std::move(on_left);
  thread_ = std::thread([this] { loop(); });
}

void PgPeers::stop() {
  stopping_ = true;
  const std::uint64_t one = 1;
  if (wake_ >= 0) static_cast<void>(!::write(wake_, &one, sizeof one));
  if (thread_.joinable()) thread_.join();
}

void PgPeers::leave() {
  if (std::exchange(left_, true)) return;
  if (!connection_ && !connect()) return; // The lease runs out by itself.
  static_cast<void>(connection_->ask("UPDATE instances SET ended_at = clock_timestamp() WHERE id = $1", PgParams().number(house_->instance)));
}

bool PgPeers::connect() {
  auto made = PgConnection::open(house_->options, PgConnection::Use::write);
  if (!made || !(*made)->run("LISTEN " + house_->channel())) return false;
  connection_ = *std::move(made);
  return true;
}

void PgPeers::loop() {
  auto beat_at = std::chrono::steady_clock::now();
  while (!stopping_) {
    if (!connection_ && !connect()) {
      sleep_until_something(kTryAgain);
      continue;
    }
    if (std::chrono::steady_clock::now() >= beat_at) {
      tell_and_look();
      beat_at = std::chrono::steady_clock::now() + beat_of(*house_);
    }
    hear();
    if (connection_->lost()) {
      connection_.reset();
      continue;
    }
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(beat_at - std::chrono::steady_clock::now());
    sleep_until_something(std::max(wait, std::chrono::milliseconds(1)));
  }
}

void PgPeers::hear() {
  if (!connection_->consume()) return;
  while (PGnotify* const news = PQnotifies(connection_->handle())) {
    pass_on(*house_, news->extra, on_ready_);
    PQfreemem(news);
  }
}

/// The lease anew, by the clock of the server; and whether somebody is gone.
void PgPeers::tell_and_look() {
  static_cast<void>(connection_->ask("UPDATE instances SET lease_until = greatest(lease_until, clock_timestamp() + $2::bigint * interval '1 millisecond') "
                                     "WHERE id = $1 AND ended_at IS NULL", PgParams().number(house_->instance).number(house_->lease.count())));
  const auto gone = connection_->ask("SELECT count(*) FROM instances AS i WHERE i.id <> $1 AND ((i.ended_at IS NULL AND i.lease_until + $2::bigint * interval '1 millisecond' "
                                     "< clock_timestamp()) OR (i.ended_at IS NOT NULL AND EXISTS (SELECT 1 FROM claims AS c WHERE c.instance = i.id)))",
                                     PgParams().number(house_->instance).number(house_->grace_ms()));
  if (gone && gone->number_at(0, 0) > 0 && !stopping_) on_left_();
}

void PgPeers::sleep_until_something(std::chrono::milliseconds longest) {
  pollfd waits[2] = {{wake_, POLLIN, 0}, {connection_ ? PQsocket(connection_->handle()) : -1, POLLIN, 0}};
  static_cast<void>(::poll(waits, 2, static_cast<int>(longest.count())));
}

} // namespace tongqu::journal::detail
