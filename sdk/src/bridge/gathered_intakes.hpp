#pragma once
#include <vector>

#include "tongqu/journal/journal.hpp"

namespace tongqu::bridge::detail {

/// Messages that one worker has ready for the journal. Under load it maps some before it hands them over, because the journal seals several
/// side by side in half the time; without load, each goes at once. One thread's.
class GatheredIntakes {
public:
  void add(journal::Journal& journal, journal::Intake intake, std::function<void(Result<journal::IntakeOutcome>)> done) {
    journal_ = &journal;
    waiting_.push_back({std::move(intake), std::move(done)});
  }
  /// After each job: the first of them must not wait long, whatever the jobs behind it are.
  void job_done() noexcept { jobs_ += waiting_.empty() ? 0 : 1; }
  bool any() const noexcept { return !waiting_.empty(); }
  bool full() const noexcept { return waiting_.size() >= kTogether || jobs_ >= kJobs; }
  void hand_over() {
    jobs_ = 0;
    std::vector<journal::Journal::Accepting> all;
    all.swap(waiting_);
    journal_->accept_each(std::move(all));
  }

private:
  static constexpr std::size_t kTogether = 4, kJobs = 8;
  journal::Journal* journal_ = nullptr;
  std::vector<journal::Journal::Accepting> waiting_;
  std::size_t jobs_ = 0;
};

} // namespace tongqu::bridge::detail
