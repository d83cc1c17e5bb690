#pragma once
#include <poll.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tongqu/net/framing.hpp"

/// Scripts of bad bytes and raw sockets for the tests of this module.
namespace tongqu::net::test {

struct BadScript {
  std::string file, bytes, error_id, judge;
  int status = 0;
  int served = 0; ///< Good requests in front of the bad one.
};
/// sdk/test/badinput/http with its index.
std::vector<BadScript> bad_scripts();
/// Limits for which the index holds: a body of 1,024 bytes.
FramingLimits script_limits();

struct GuardVerdict {
  std::string error_id; ///< Empty: nothing refused so far.
  int status = 0;
  int passed = 0;       ///< Whole requests before that.
};
/// Head, body, next head, with the guard alone.
GuardVerdict run_guard(Bytes bytes, const FramingLimits& limits);

/// A blocking loopback socket; every wait ends after twenty seconds with what there is.
class RawSocket {
public:
  explicit RawSocket(int fd) : fd_(fd) {}
  static RawSocket connect(std::uint16_t port);
  RawSocket(RawSocket&& other) noexcept : fd_(other.fd_), buffer_(std::move(other.buffer_)) { other.fd_ = -1; }
  RawSocket& operator=(RawSocket&&) = delete;
  ~RawSocket() { close(); }

  bool send(std::string_view bytes);
  void end_sending();
  /// One whole HTTP message with Content-Length or without body; what came when it did not get whole.
  std::string read_message();
  std::string read_until_close();
  /// Reads until at least `bytes` are there.
  std::string read_bytes(std::size_t bytes);
  /// True when the other side has ended the connection (reset included).
  bool ended();
  int descriptor() const { return fd_; }
  void close();
  /// Ends the connection with a reset.
  void reset();

private:
  bool fill();
  int fd_;
  std::string buffer_;
};

/// A peer on a free port that does what its script says with each connection, one after the other, in a thread of its own.
class ScriptedPeer {
public:
  using Script = std::function<void(RawSocket&, int connection)>;
  explicit ScriptedPeer(Script script);
  ~ScriptedPeer();
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;
  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }

private:
  void run();
  int listener_ = -1;
  int stop_[2] = {-1, -1};
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  Script script_;
  std::thread thread_;
};

/// A port of this host on which nobody listens.
std::uint16_t closed_port();

} // namespace tongqu::net::test
