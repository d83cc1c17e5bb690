#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "tongqu/base/result.hpp"

namespace tongqu::bridge::detail {

/// A Unix socket for the operator's commands: one line of JSON in, one line out, one caller at a time. Mode 0600; the caller's user id is
/// taken from the socket, not from what he says.
class ControlServer {
public:
  /// Answers one request; `who` is "uid:N".
  using Handler = std::function<std::string(std::string_view request, const std::string& who)>;
  /// Hands copies of the listening sockets to `give`, which says whether they arrived. @errors bridge.handover_failed.
  using HandOver = std::function<Result<void>(const std::function<bool(const std::map<std::string, int>&)>& give)>;
  static Result<std::unique_ptr<ControlServer>> start(const std::string& path, Handler handler, HandOver hand_over = nullptr);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

private:
  ControlServer(std::string path, int listener, Handler handler, HandOver hand_over);
  void serve();
  void serve_one(int connection);
  void give_sockets(int connection);

  std::string path_;
  int listener_;
  Handler handler_;
  HandOver hand_over_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

} // namespace tongqu::bridge::detail
