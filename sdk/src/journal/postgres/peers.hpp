#pragma once
#include <functional>
#include <memory>
#include <thread>

#include "journal/postgres/connection.hpp"
#include "journal/postgres/house.hpp"
#include "journal/postgres/postgres.hpp"

namespace tongqu::journal::detail {

class PgPeers final : public Peers {
public:
  explicit PgPeers(std::shared_ptr<PgHouse> house);
  ~PgPeers() override;
  PgPeers(const PgPeers&) = delete;
  PgPeers& operator=(const PgPeers&) = delete;

  void start(std::function<void(const std::string&)> on_ready, std::function<void()> on_left) override;
  void stop() override;
  void leave() override;

private:
  void loop();
  bool connect();
  void hear();
  void tell_and_look();
  void sleep_until_something(std::chrono::milliseconds longest);

  const std::shared_ptr<PgHouse> house_;
  std::function<void(const std::string&)> on_ready_;
  std::function<void()> on_left_;
  std::unique_ptr<PgConnection> connection_;
  int wake_ = -1;                    ///< Written to by stop().
  std::atomic<bool> stopping_{false};
  bool left_ = false;
  std::thread thread_;
};

} // namespace tongqu::journal::detail
