#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>

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

/// All that can be read at once.
std::string drain(int descriptor) {
  std::string all(1 << 20, '\0');
  const ssize_t got = ::read(descriptor, all.data(), all.size());
  all.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return all;
}

TEST(Log, a_line_has_its_time_in_utc_and_nothing_that_would_end_its_texts) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const auto sink = json_lines_sink(ends[1], Level::info);
  sink->write({Level::warn, "a\"b", {{"where", "c\\d\n\x7F通"}, {"path", ""}}}, from_epoch_ms(951'839'999'999));
  sink->write({Level::info, "x", {}}, from_epoch_ms(1'772'665'689'007));
  EXPECT_EQ(drain(ends[0]), "{\"at\":\"2000-02-29T15:59:59.999Z\",\"level\":\"warn\",\"event\":\"a\\\"b\",\"where\":\"c\\\\d  通\",\"path\":\"\"}\n"
                            "{\"at\":\"2026-03-04T23:08:09.007Z\",\"level\":\"info\",\"event\":\"x\"}\n");
  ::close(ends[0]);
  ::close(ends[1]);
}

/// Lines from two threads into something that nobody reads, until many were dropped; then it is read, and one more line comes.
void expect_no_waiting(int reader, int writer) {
  const std::shared_ptr<LogSink> sink = json_lines_sink(writer, Level::info);
  const Log log(sink, std::make_shared<SystemClock>());
  const auto talk = [&log] {
    for (int i = 0; i < 5000; ++i) log(Level::warn, "request_refused", {{"where", std::string(100, 'w')}});
  };
  std::thread other(talk);
  talk();
  other.join();
  EXPECT_GT(log.dropped(), 1000);
  const auto dropped = log.dropped();
  std::string kept;
  for (std::string more = drain(reader); !more.empty(); more = drain(reader)) kept += more;
  EXPECT_EQ(static_cast<std::int64_t>(std::count(kept.begin(), kept.end(), '\n')), 10000 - dropped);
  log(Level::info, "taken_in");
  const std::string after = drain(reader);
  EXPECT_NE(after.find("\"event\":\"log_dropped\",\"count\":\"" + std::to_string(dropped) + "\"}\n"), std::string::npos) << after;
  EXPECT_NE(after.find("\"event\":\"taken_in\"}\n"), std::string::npos) << after;
  ::close(reader);
  ::close(writer);
}

TEST(Log, a_pipe_that_nobody_reads_holds_nobody_up) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
  expect_no_waiting(ends[0], ends[1]);
}

TEST(Log, a_socket_that_nobody_reads_holds_nobody_up) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  ASSERT_EQ(::fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
  expect_no_waiting(ends[0], ends[1]);
}

TEST(Log, a_line_longer_than_a_pipe_takes_at_once_keeps_its_event) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Log log(json_lines_sink(ends[1], Level::info), std::make_shared<SystemClock>());
  log(Level::info, "taken_in", {{"where", std::string(5000, 'w')}});
  const std::string line = drain(ends[0]);
  EXPECT_NE(line.find("\"event\":\"taken_in\"}\n"), std::string::npos) << line;
  ::close(ends[0]);
  ::close(ends[1]);
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
