#include <algorithm>
#include <chrono>

#include "mapping/rule_run.hpp"
#include "mapping/source_mapping.hpp"
#include "tongqu/mapping/author.hpp"

namespace tongqu::mapping::author {
namespace {

using Watch = std::chrono::steady_clock;

std::uint64_t since(Watch::time_point begin) { return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(Watch::now() - begin).count()); }

class RuleWatch final : public detail::RunObserver {
public:
  void mapping(const detail::SourceMapping& mapping, const detail::StageInput&) override { mapping_ = mapping.id(); }
  void rule(const detail::RuleInput&) override { begin_ = Watch::now(); }
  void result(const detail::Rule& rule, const detail::Got&) override {
    RuleTime& time = times_[{mapping_, rule.name}];
    ++time.runs;
    time.nanoseconds += since(begin_);
  }
  std::vector<RuleTime> take() const {
    std::vector<RuleTime> out;
    for (const auto& [key, time] : times_) out.push_back({key.first, key.second, time.runs, time.nanoseconds});
    std::stable_sort(out.begin(), out.end(), [](const RuleTime& a, const RuleTime& b) { return a.nanoseconds > b.nanoseconds; });
    return out;
  }

private:
  std::string mapping_;
  Watch::time_point begin_;
  std::map<std::pair<std::string, std::string>, RuleTime> times_;
};

} // namespace

Result<FolderTimes> run_folder(const Pack& pack, const Environment& environment, const std::vector<std::string>& files, const Deliver& deliver, Timing timed,
                               const std::function<void(const FolderLine&)>& take) {
  FolderTimes times;
  RuleWatch watch;
  Workspace workspace;
  if (timed == Timing::by_rule) workspace.state().observer = &watch;
  for (const std::string& file : files) {
    TONGQU_TRY(const wire::Delivery delivery, deliver(file));
    const auto begin = Watch::now();
    auto mapped = pack.run_delivery(delivery, environment, workspace);
    FolderLine line;
    line.nanoseconds = since(begin);
    line.file = file;
    if (mapped) {
      line.records = std::move(mapped->records);
      line.findings = std::move(mapped->findings);
    } else {
      line.refused = std::move(mapped).error();
    }
    ++times.messages;
    times.records += line.records.size();
    times.refused += line.refused ? 1 : 0;
    times.nanoseconds += line.nanoseconds;
    take(line);
  }
  times.rules = watch.take();
  return times;
}

} // namespace tongqu::mapping::author
