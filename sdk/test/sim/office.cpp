#include "office.hpp"

namespace tongqu::sim {

using connector::Answer;
using connector::Outcome;

Office::Office(Agenda& agenda, Chance chance, Send send, std::vector<std::string>& broken)
    : agenda_(agenda), chance_(chance), send_(std::move(send)), broken_(broken) {
  const std::int64_t cases = chance_.between(1, 4);
  for (std::int64_t c = 1; c <= cases; ++c) {
    const std::int64_t length = chance_.between(1, 3);
    for (std::int64_t e = 1; e <= length; ++e) {
      if (e == 1) firsts_.push_back(events_.size());
      else following_[events_.size() - 1] = events_.size();
      events_.push_back({"C" + std::to_string(c), std::to_string(e), "text " + std::to_string(chance_.below(100000)), false, {}});
    }
  }
  open_ = events_.size();
}

std::string Office::body(const SentEvent& event, const std::string& text) {
  return R"({"org":"O","item":"I","case":")" + event.case_no + R"(","rev":")" + event.rev + R"(","event":"STEP","text":")" + text + R"(","nonce":")" +
         std::to_string(++nonce_) + "\"}";
}

void Office::start() {
  for (const std::size_t first : firsts_) {
    agenda_.in(soon(), [this, first] { send(first); });
  }
}

/// A try that is not answered in time is given up and made again; the answer of an old try still counts when it comes.
void Office::send(std::size_t event) {
  if (events_[event].acknowledged) return;
  const std::uint64_t number = ++tries_[event];
  const bool heard = send_(body(events_[event], events_[event].text), [this, event](Answer answer) { told(event, answer); });
  agenda_.in(heard ? patience() : soon(), [this, event, number] {
    if (tries_[event] == number) send(event);
  });
}

void Office::told(std::size_t index, const Answer& answer) {
  SentEvent& event = events_[index];
  if (answer.outcome == Outcome::busy || answer.outcome == Outcome::failed) return;  // The patience runs out and it is sent again.
  if (answer.outcome != Outcome::stored && answer.outcome != Outcome::duplicate) {
    broken_.push_back("L1 a good message was answered " + std::string(connector::outcome_name(answer.outcome)));
    return;
  }
  if (event.acknowledged) {
    if (event.told != answer.payload) broken_.push_back("L2 a repeat heard other bytes");
    return;
  }
  event.acknowledged = true;
  event.told = answer.payload;
  --open_;
  go_on(index);
}

void Office::go_on(std::size_t index) {
  if (const auto next = following_.find(index); next != following_.end()) {
    agenda_.in(soon(), [this, event = next->second] { send(event); });
  }
  const auto luck = chance_.below(10);
  if (luck < 2) {
    ++extras_;
    agenda_.in(patience(), [this, index] { repeat(index); });
  } else if (luck == 2) {
    ++extras_;
    agenda_.in(patience(), [this, index] { change(index); });
  } else if (luck == 3) {
    ++extras_;
    agenda_.in(soon(), [this] { send_broken(); });
  }
}

void Office::repeat(std::size_t index) {
  const bool heard = send_(body(events_[index], events_[index].text), [this, index](Answer answer) { told(index, answer); });
  if (heard) --extras_;
  else agenda_.in(patience(), [this, index] { repeat(index); });
}

void Office::change(std::size_t index) {
  const bool heard = send_(body(events_[index], "changed"), [this](Answer answer) {
    const bool right = answer.outcome == Outcome::conflict || answer.outcome == Outcome::busy || answer.outcome == Outcome::failed;
    if (!right) broken_.push_back("L5 a changed message was answered " + std::string(connector::outcome_name(answer.outcome)));
  });
  if (heard) --extras_;
  else agenda_.in(patience(), [this, index] { change(index); });
}

void Office::send_broken() {
  --extras_;
  static_cast<void>(send_(R"({"org":"O","item":"I","case":"broken","event":"STEP","text":"x"})", [this](Answer answer) {
    const bool right = answer.outcome == Outcome::refused || answer.outcome == Outcome::busy || answer.outcome == Outcome::failed;
    if (!right) broken_.push_back("L5 a broken message was answered " + std::string(connector::outcome_name(answer.outcome)));
  }));
}

} // namespace tongqu::sim
