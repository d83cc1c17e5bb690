#pragma once
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bridge/intake.hpp"

/// What the parts of the intake road share about one delivery on its way in.
namespace tongqu::bridge::detail {

constexpr int kBusyRetryAfterS = 2;

/// The first finding that refuses or holds, as an error with its place.
inline Error leading_error(const Findings& findings, Errc otherwise) {
  const auto at = std::find_if(findings.begin(), findings.end(), [](const Finding& f) { return f.severity == Severity::error; });
  if (at == findings.end()) return Error(otherwise);
  return Error(at->id).at(at->path.empty() ? at->source.path : at->path);
}

/// Many records of one delivery, between mapping and answer.
struct IntakeRoad::Batch {
  struct Line {
    mapping::AnswerKind kind = mapping::AnswerKind::accepted;
    mapping::AnswerFacts facts;
    std::string identity, digest;                  ///< Of a record that was offered to the journal.
    bool known = false;                            ///< A duplicate.
    std::vector<Plan> plans;
  };
  std::vector<Line> lines;                         ///< One for each record, in its order.
  std::vector<std::size_t> offered;                ///< Line of each message offered to the journal.
};

/// One delivery on its way in. Answers exactly once: whoever drops the task without an answer makes it say "failed".
struct IntakeRoad::Task {
  connector::Inbound inbound;
  connector::AnswerFn answer_fn;
  std::string peer;
  SetupPtr setup;                                  ///< In force when the work began; kept to its end.
  const ListenSettings* from = nullptr;            ///< Of that setup.
  PackInForcePtr in_force;
  std::string message_id;
  mapping::AnswerText acknowledgement;             ///< What is stored, as it was before it was stored.
  bool held = false;
  std::vector<Plan> plans;
  std::vector<std::string> attached;               ///< SM3 of the attachments that the record needs.
  Batch batch;

  Task(connector::Inbound in, connector::AnswerFn fn) : inbound(std::move(in)), answer_fn(std::move(fn)), peer(inbound.delivery.fact("peer")) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (answer_fn) fail(Error(Errc::base_internal), connector::Outcome::failed, 0);
  }

  const mapping::Pack& pack() const { return *in_force->pack; }

  void answer(connector::Answer a) {
    a.trace_id = inbound.trace_id;
    std::exchange(answer_fn, nullptr)(std::move(a));
  }

  void fail(Error error, connector::Outcome outcome, int retry_after_s) {
    connector::Answer a;
    a.outcome = outcome;
    a.fault = true;
    a.retry_after_s = retry_after_s;
    a.error = std::make_shared<const Error>(std::move(error));
    answer(std::move(a));
  }
};

} // namespace tongqu::bridge::detail
