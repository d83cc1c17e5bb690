#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// An HTTP peer for tests on plain sockets: it writes exactly the bytes of its script, right or wrong. Shares no code with `net`.
namespace tongqu::platform::test {

struct PeerRequest {
  std::string method, target, body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< Names in lower case.
  std::string header(const std::string& name) const;
};

struct PeerReply {
  enum class After : std::uint8_t { keep, close, hang };
  std::string bytes;
  After after = After::keep;
};

/// A whole answer with a right length.
PeerReply http_reply(int status, const std::string& body, const std::string& more_headers = "");

class ScriptedPeer {
public:
  /// @param script  Called once per request with its number from 0, on the thread of the connection, one at a time.
  explicit ScriptedPeer(std::function<PeerReply(const PeerRequest&, std::size_t)> script);
  ~ScriptedPeer();
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;
  std::string url() const;
  std::vector<PeerRequest> requests();

private:
  void accept_all();
  void serve(int socket);
  PeerReply reply_to(PeerRequest request);
  std::function<PeerReply(const PeerRequest&, std::size_t)> script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::mutex script_mutex_;
  std::vector<PeerRequest> requests_;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};
  std::thread acceptor_;
};

/// A port on which nobody listens.
std::string refused_url();

} // namespace tongqu::platform::test
