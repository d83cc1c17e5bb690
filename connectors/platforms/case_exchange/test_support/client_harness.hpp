#pragma once
#include <atomic>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tongqu/base/clock.hpp"
#include "tongqu/platform/platform.hpp"

/// What the tests of both profiles share: a clock with hands, calls that wait, and the rows of vector files.
namespace tongqu::platform::test {

class HandClock final : public Clock {
public:
  explicit HandClock(std::int64_t utc_ms) : utc_ms_(utc_ms) {}
  UtcMillis now_utc() const override { return from_epoch_ms(utc_ms_.load()); }
  MonoTime now_mono() const override { return MonoTime(std::chrono::milliseconds(mono_ms_.load())); }
  void advance(std::chrono::milliseconds by) { utc_ms_ += by.count(); mono_ms_ += by.count(); }

private:
  std::atomic<std::int64_t> utc_ms_;
  std::atomic<std::int64_t> mono_ms_{1000000};
};

template <class Outcome>
Outcome wait_for(std::future<Outcome> future) {
  if (future.wait_for(std::chrono::seconds(20)) != std::future_status::ready) throw std::runtime_error("no outcome within 20 s");
  return future.get();
}

inline std::future<SubmitOutcome> start_submit(PlatformClient& client, Submission submission) {
  auto promise = std::make_shared<std::promise<SubmitOutcome>>();
  auto future = promise->get_future();
  client.submit(std::move(submission), [promise](SubmitOutcome outcome) { promise->set_value(std::move(outcome)); });
  return future;
}

inline SubmitOutcome submit(PlatformClient& client, Submission submission) { return wait_for(start_submit(client, std::move(submission))); }

inline QueryOutcome query(PlatformClient& client, const std::string& id, const std::string& digest) {
  auto promise = std::make_shared<std::promise<QueryOutcome>>();
  auto future = promise->get_future();
  client.query(id, digest, [promise](QueryOutcome outcome) { promise->set_value(std::move(outcome)); });
  return wait_for(std::move(future));
}

/// Columns of a tab-separated vector file, without its comment lines.
inline std::vector<std::vector<std::string>> vector_rows(const std::string& path) {
  std::ifstream file(std::string(TONGQU_SOURCE_DIR) + "/connectors/platforms/" + path);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::vector<std::string> columns;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, '\t');) columns.push_back(cell);
    rows.push_back(std::move(columns));
  }
  return rows;
}

/// The sample row of the contract, one line without its end.
inline std::string sample_row() {
  std::ifstream file(std::string(TONGQU_SOURCE_DIR) + "/connectors/platforms/tif_rio/vectors/accept.data.json");
  std::string line;
  std::getline(file, line);
  return line;
}
/// Its SM3 as the vector file states it.
inline std::string sample_digest() { return vector_rows("tif_rio/vectors/accept.digest.tsv").at(0).at(1); }

inline Submission sample_submission(const std::string& id = "0f1e2d3c4b5a69788796a5b4c3d2e1f0") {
  return {id, "qinglan-spxt", "accept", sample_row(), "trace"};
}

/// A receipt as the contract shows it.
inline std::string receipt(const std::string& id, const std::string& digest, const std::string& number = "SP-000001", const char* duplicate = "false") {
  return R"({"code":"0","message":"成功","data":{"messageId":")" + id + R"(","receiptNo":")" + number +
         R"(","receivedAt":"2099-03-05 07:08:09","digest":")" + digest + R"(","duplicate":)" + duplicate + "}}";
}

} // namespace tongqu::platform::test
