#pragma once
#include <map>
#include <string>
#include <vector>

#include "agenda.hpp"
#include "chance.hpp"
#include "tongqu/connector/connector.hpp"

namespace tongqu::sim {

/// One event of one case as the office sent it first, and what it was told.
struct SentEvent {
  std::string case_no, rev, text;
  bool acknowledged = false;
  std::string told;                 ///< The payload of the acknowledgement.
  std::string effect() const { return R"({"case":")" + case_no + R"(","rev":")" + rev + R"(","text":")" + text + "\"}"; }
};

/// The office: sends the events of each case one after the other, the cases side by side; sends again what it was not told about; repeats
/// what it was told; sends changed and broken things in between. Its memory survives every death of the bridge.
class Office {
public:
  /// @param send  Hands a body to the bridge if one is up (false: nobody listens).
  using Send = std::function<bool(std::string, connector::AnswerFn)>;
  Office(Agenda& agenda, Chance chance, Send send, std::vector<std::string>& broken);

  void start();
  bool done() const noexcept { return open_ == 0 && extras_ == 0; }
  const std::vector<SentEvent>& events() const noexcept { return events_; }

private:
  std::string body(const SentEvent& event, const std::string& text);
  void send(std::size_t event);
  void told(std::size_t event, const connector::Answer& answer);
  void go_on(std::size_t event);
  void repeat(std::size_t event);
  void change(std::size_t event);
  void send_broken();
  std::int64_t soon() { return chance_.between(1, 400); }
  std::int64_t patience() { return chance_.between(500, 4000); }

  Agenda& agenda_;
  Chance chance_;
  Send send_;
  std::vector<std::string>& broken_;   ///< Laws that broke under its eyes.
  std::vector<SentEvent> events_;
  std::map<std::size_t, std::size_t> following_;
  std::map<std::size_t, std::uint64_t> tries_;
  std::vector<std::size_t> firsts_;
  std::size_t open_ = 0, extras_ = 0;
  std::uint64_t nonce_ = 0;
};

} // namespace tongqu::sim
