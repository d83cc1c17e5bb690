#include <gtest/gtest.h>

#include "tongqu/obs/log.hpp"
#include "tongqu/obs/metrics.hpp"

namespace tongqu::obs {
namespace {

class Kept final : public LogSink {
public:
  void write(const LogRecord& record, UtcMillis) override {
    events.emplace_back(record.event);
    for (const auto& field : record.fields) names.emplace_back(field.first);
  }
  std::vector<std::string> events, names;
};

TEST(Log, a_field_outside_the_allow_list_never_reaches_the_sink) {
  const auto kept = std::make_shared<Kept>();
  const Log log(kept, std::make_shared<SystemClock>());
  log(Level::info, "taken_in", {{"message_id", "m1"}, {"applicant_name", "张三"}, {"body", "<x/>"}});
  EXPECT_EQ(kept->events, std::vector<std::string>{"taken_in"});
  EXPECT_EQ(kept->names, std::vector<std::string>{"message_id"});
}

TEST(Metrics, text_form_has_help_type_and_one_line_per_label_set) {
  Metrics metrics;
  metrics.metric("tongqu_b", "", "B").set(2);
  Metric& a = metrics.metric("tongqu_a_total", "target=\"x\"", "A");
  a.add(3);
  metrics.metric("tongqu_a_total", "target=\"y\"", "A").add();
  EXPECT_EQ(&a, &metrics.metric("tongqu_a_total", "target=\"x\"", "A"));
  EXPECT_EQ(metrics.prometheus(),
            "# HELP tongqu_a_total A\n# TYPE tongqu_a_total counter\ntongqu_a_total{target=\"x\"} 3\ntongqu_a_total{target=\"y\"} 1\n"
            "# HELP tongqu_b B\n# TYPE tongqu_b gauge\ntongqu_b 2\n");
}

} // namespace
} // namespace tongqu::obs
