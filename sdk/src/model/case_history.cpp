#include "tongqu/model/case_history.hpp"

#include <algorithm>

#include "life_cycle_tables.hpp"

namespace tongqu::model {
namespace {

constexpr std::size_t kObservationsMax = 512;
constexpr std::size_t kCoursesMax = 16;
constexpr std::size_t kWalksMax = 10'000;
/// An inferred step costs twice a reported outcome's last step, so that a report is explained by what it names before anything is added.
constexpr int kInferredCost = 2;
constexpr int kArrivalCost = 1;

/// A way into a node.
struct Link {
  std::size_t parent = 0;
  std::optional<CaseEvent> event;        ///< None: the observation repeats the state that is there.
  bool observed = false;
};

/// A life cycle after so many observations.
struct Node {
  std::size_t layer = 0;
  LifeCycle life;
  int cost = 0;
  std::vector<Link> links;               ///< All of the least cost.
};

bool fits(const LifeCycle& life, const Observation& seen) {
  if (seen.state && life.state != *seen.state) return false;
  return seen.decision == Decision::unknown || life.decision == seen.decision;
}

std::vector<CaseEvent> events_of(const Course& course) {
  std::vector<CaseEvent> events;
  for (const CourseStep& step : course.steps) events.push_back(std::visit([](const auto& one) { return one.event; }, step));
  return events;
}

std::ptrdiff_t inferred_in(const Course& course) {
  return std::count_if(course.steps.begin(), course.steps.end(), [](const CourseStep& step) { return std::holds_alternative<InferredStep>(step); });
}

class Search {
public:
  Search(const std::vector<Observation>& observations, const Facts& facts) : observations_(observations), facts_(facts) {}

  Result<Explanation> run(const LifeCycle& start) {
    std::vector<std::size_t> layer{add({0, start, 0, {}})};
    for (std::size_t i = 0; i < observations_.size(); ++i) {
      spread(layer);
      layer = consume(layer, i);
      if (layer.empty()) return Error(Errc::model_history_unexplained).at(where(i));
    }
    return Explanation(courses(layer), complete_);
  }

private:
  std::string where(std::size_t i) const {
    const std::string& path = observations_[i].path;
    return path.empty() ? "observation " + std::to_string(i) : path;
  }

  std::size_t add(Node node) {
    nodes_.push_back(std::move(node));
    return nodes_.size() - 1;
  }

  /// Enters a life into a layer, or one more way to it when it costs the same.
  void enter(std::vector<std::size_t>& layer, std::size_t number, const LifeCycle& life, int cost, const Link& link) {
    for (const std::size_t index : layer) {
      Node& node = nodes_[index];
      if (!(node.life == life)) continue;
      if (cost > node.cost) return;
      if (cost < node.cost) node.links.clear();
      node.cost = cost;
      node.links.push_back(link);
      return;
    }
    layer.push_back(add({number, life, cost, {link}}));
  }

  /// Everything that inferred steps reach within a layer, cheapest first.
  void spread(std::vector<std::size_t>& layer) {
    std::vector<bool> done;
    while (true) {
      done.resize(nodes_.size());
      std::optional<std::size_t> next;
      for (const std::size_t index : layer) {
        if (!done[index] && (!next || nodes_[index].cost < nodes_[*next].cost)) next = index;
      }
      if (!next) return;
      done[*next] = true;
      infer_from(layer, *next);
    }
  }

  void infer_from(std::vector<std::size_t>& layer, std::size_t index) {
    const LifeCycle life = nodes_[index].life;
    const std::size_t number = nodes_[index].layer;
    const int cost = nodes_[index].cost;
    for (std::size_t i = 0; i < kCaseEventCount; ++i) {
      const auto event = static_cast<CaseEvent>(i);
      const detail::EventInfo& info = detail::life_cycle_tables().info(event);
      if (!info.inferred || detail::life_cycle_tables().find(life.state, event) == nullptr) continue;
      const auto applied = apply(life, event, facts_);
      if (!applied || applied->life == life) continue;
      enter(layer, number, applied->life, cost + kInferredCost * info.weight, {index, event, false});
    }
  }

  std::vector<std::size_t> consume(const std::vector<std::size_t>& layer, std::size_t i) {
    const Observation& seen = observations_[i];
    std::vector<std::size_t> next;
    for (const std::size_t index : layer) {
      const Node node = nodes_[index];
      if (seen.event) take(next, node, index, *seen.event, i, 0);
      else arrive(next, node, index, i);
    }
    return next;
  }

  /// The reported event happens here, broken conditions or not.
  void take(std::vector<std::size_t>& next, const Node& node, std::size_t index, CaseEvent event, std::size_t i, int cost) {
    auto applied = apply(node.life, event, facts_, OnGuard::report);
    if (!applied) return;
    if (observations_[i].pre_review != PreReviewOutcome::none) applied->life.pre_review = observations_[i].pre_review;
    if (fits(applied->life, observations_[i])) enter(next, i + 1, applied->life, node.cost + cost, {index, event, true});
  }

  /// The reported state is there already, or one step away.
  void arrive(std::vector<std::size_t>& next, const Node& node, std::size_t index, std::size_t i) {
    const Observation& seen = observations_[i];
    LifeCycle here = node.life;
    if (seen.pre_review != PreReviewOutcome::none) here.pre_review = seen.pre_review;
    if (fits(node.life, seen)) enter(next, i + 1, here, node.cost, {index, std::nullopt, true});
    for (std::size_t e = 0; e < kCaseEventCount; ++e) {
      const auto event = static_cast<CaseEvent>(e);
      const TransitionRow* row = detail::life_cycle_tables().find(node.life.state, event);
      if (row == nullptr || row->to == row->from || !apply(node.life, event, facts_)) continue;
      take(next, node, index, event, i, kArrivalCost * (detail::life_cycle_tables().info(event).weight == 0 ? 0 : 1));
    }
  }

  std::vector<Course> courses(const std::vector<std::size_t>& ends) {
    int least = nodes_[ends.front()].cost;
    for (const std::size_t end : ends) least = std::min(least, nodes_[end].cost);
    std::vector<Course> found;
    std::vector<Link> back;
    std::vector<LifeCycle> lives;
    for (const std::size_t end : ends) {
      if (nodes_[end].cost != least) continue;
      lives.assign(1, nodes_[end].life);
      walk(end, back, lives, found);
    }
    return found;
  }

  /// All ways back to the start.
  void walk(std::size_t index, std::vector<Link>& back, std::vector<LifeCycle>& lives, std::vector<Course>& found) {
    if (!complete_) return;
    if (nodes_[index].links.empty()) {
      if (++walked_ == kWalksMax) complete_ = false;
      keep(written(back, lives), found);
      return;
    }
    for (const Link& link : nodes_[index].links) {
      back.push_back(link);
      lives.push_back(nodes_[link.parent].life);
      observed_at_.push_back(nodes_[index].layer);
      walk(link.parent, back, lives, found);
      observed_at_.pop_back();
      lives.pop_back();
      back.pop_back();
    }
  }

  /// Courses of the same events are one; the reading that leaves less to inference is kept.
  void keep(Course course, std::vector<Course>& found) {
    for (Course& one : found) {
      if (events_of(one) != events_of(course)) continue;
      if (inferred_in(course) < inferred_in(one)) one = std::move(course);
      return;
    }
    if (found.size() == kCoursesMax) complete_ = false;
    else found.push_back(std::move(course));
  }

  Course written(const std::vector<Link>& back, const std::vector<LifeCycle>& lives) const {
    Course course;
    course.life = lives.front();
    for (std::size_t i = back.size(); i-- > 0;) {
      if (!back[i].event) continue;
      const CaseState from = lives[i + 1].state, to = lives[i].state;
      if (!back[i].observed) {
        course.steps.emplace_back(InferredStep{*back[i].event, from, to});
        continue;
      }
      const std::size_t seen = observed_at_[i] - 1;
      course.steps.emplace_back(ObservedStep{seen, *back[i].event, from, to, observations_[seen].at});
      const auto applied = apply(lives[i + 1], *back[i].event, facts_, OnGuard::report);
      if (applied) course.failed.insert(course.failed.end(), applied->failed.begin(), applied->failed.end());
    }
    return course;
  }

  const std::vector<Observation>& observations_;
  const Facts& facts_;
  std::vector<Node> nodes_;
  std::vector<std::size_t> observed_at_;
  std::size_t walked_ = 0;
  bool complete_ = true;
};

template <class Step>
std::vector<Step> common(const std::vector<Course>& courses) {
  std::vector<Step> steps;
  for (const CourseStep& step : courses.front().steps) {
    const auto* one = std::get_if<Step>(&step);
    if (one == nullptr) continue;
    const bool everywhere = std::all_of(courses.begin(), courses.end(), [&](const Course& course) {
      return std::find(course.steps.begin(), course.steps.end(), step) != course.steps.end();
    });
    if (everywhere) steps.push_back(*one);
  }
  return steps;
}

/// "submit, [accept], begin": inferred steps in brackets.
std::string course_text(const Course& course, Lang lang) {
  std::string text;
  for (const CourseStep& step : course.steps) {
    const bool inferred = std::holds_alternative<InferredStep>(step);
    const CaseEvent event = std::visit([](const auto& one) { return one.event; }, step);
    const std::string name(lang == Lang::zh ? label(event, lang) : event_name(event));
    text += (text.empty() ? "" : lang == Lang::zh ? "、" : ", ") + (inferred ? "[" + name + "]" : name);
  }
  return text;
}

Finding history_finding(Errc id, Severity severity) {
  Finding finding;
  finding.id = id;
  finding.severity = severity;
  finding.record = "case";
  finding.path = "process_steps";
  return finding;
}

} // namespace

Explanation::Explanation(std::vector<Course> courses, bool complete) : courses_(std::move(courses)), complete_(complete) {
  TONGQU_ASSERT(!courses_.empty(), "an explanation has at least one course");
}

std::vector<ObservedStep> Explanation::observed() const { return common<ObservedStep>(courses_); }
std::vector<InferredStep> Explanation::inferred() const { return common<InferredStep>(courses_); }

void Explanation::report(Findings& findings) const {
  if (!certain()) {
    Finding finding = history_finding(Errc::model_history_ambiguous, Severity::warn);
    finding.expected = {"a report that tells between ", "需要能区分的信息："};
    for (const Course& course : courses_) {
      const bool first = &course == &courses_.front();
      finding.expected.en += (first ? "" : " / ") + course_text(course, Lang::en);
      finding.expected.zh += (first ? "" : " / ") + course_text(course, Lang::zh);
    }
    if (!complete_) finding.expected.en += " / ...", finding.expected.zh += " / ……";
    findings.add(std::move(finding));
  }
  if (!inferred().empty()) {
    Finding finding = history_finding(Errc::model_history_inferred, Severity::info);
    const Course& course = courses_.front();
    if (certain()) finding.expected = {course_text(course, Lang::en), course_text(course, Lang::zh)};
    findings.add(std::move(finding));
  }
  for (const Guard guard : courses_.front().failed) {
    Finding finding = history_finding(Errc::model_guard_not_met, Severity::warn);
    finding.expected = {std::string(label(guard, Lang::en)), std::string(label(guard, Lang::zh))};
    findings.add(std::move(finding));
  }
}

Result<Explanation> explain(const std::vector<Observation>& observations, const LifeCycle& start, const Facts& facts) {
  if (observations.size() > kObservationsMax) return Error(Errc::base_limit_exceeded).with("512 observations");
  for (const Observation& one : observations) TONGQU_ASSERT(one.state || one.event, "an observation says a state or an event");
  return Search(observations, facts).run(start);
}

} // namespace tongqu::model
