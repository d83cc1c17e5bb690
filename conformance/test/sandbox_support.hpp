#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conformance/sandbox/options.hpp"
#include "conformance/sandbox/sandbox.hpp"
#include "tongqu/base/clock.hpp"

/// A correct sender of a few lines, from the reference, and the raw sockets to be an incorrect one.
namespace tongqu::sandbox::test {

/// A folder that goes with the test.
class TempFolder {
public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

private:
  std::string path_;
};

/// Stands still until it is turned.
class HandClock final : public Clock {
public:
  UtcMillis now_utc() const override { return from_epoch_ms(ms); }
  MonoTime now_mono() const override { return std::chrono::steady_clock::now(); }
  std::atomic<std::int64_t> ms{1'772'665'689'000};  ///< 2026-03-05 07:08:09 Beijing.
};

struct Answer {
  int status = 0;
  std::string head, body;
  bool whole = false;   ///< The stated length was reached.
};

/// One blocking loopback connection.
class Connection {
public:
  explicit Connection(std::uint16_t port);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  void send(std::string_view bytes) const;
  /// Reads one answer, to its stated length or to the close. Gives up after `wait_ms` without bytes.
  Answer read(int wait_ms = 10000) const;

private:
  int fd_;
};

using Row = std::vector<std::pair<std::string, std::string>>;
Row accept_row(const std::string& case_no = "CASE-1");
Row process_row(const std::string& case_no = "CASE-1");
Row special_row(const std::string& case_no = "CASE-1");
Row result_row(const std::string& case_no = "CASE-1");
Row without(Row row, const std::string& name);
Row with(Row row, const std::string& name, const std::string& value);
std::string json_of(const Row& row);

struct Message {
  std::string id, stage, data;
  std::string digest;  ///< Empty: computed from data.
  std::string source = "qinglan-spxt";
};
std::string envelope(const Message& message);

using Fields = std::vector<std::pair<std::string, std::string>>;

/// A running sandbox and a sender that it knows.
class Scene {
public:
  explicit Scene(Options options = {});
  void start();
  void restart();

  /// Headers of a right signature for TIF/RIO at the clock's time with a fresh nonce.
  Fields tif_headers();
  Fields tif_headers(const std::string& timestamp, const std::string& nonce) const;
  /// The four national values signed with `key`.
  Fields national_headers(const std::string& sid, const std::string& key) const;

  Answer call(const std::string& method, const std::string& target, const Fields& headers, const std::string& body = {}) const;
  Answer submit_body(const std::string& body, const std::string& content_type = "application/json");
  Answer submit(const Message& message) { return submit_body(envelope(message)); }
  Answer submit(const std::string& id, const std::string& stage, const Row& row) { return submit({id, stage, json_of(row), {}}); }
  Answer query(const std::string& id) { return call("GET", "/ebus/case-exchange/query?messageId=" + id, tif_headers()); }
  std::string state() const { return call("GET", "/_sandbox/state", {}).body; }
  void plant(const std::string& specs) const;

  TempFolder folder;
  HandClock clock;
  Options options;
  std::unique_ptr<Sandbox> sandbox;

private:
  int nonces_ = 0;
};

/// Text of a member anywhere in a JSON text; for flat answers.
std::string member(const std::string& json, const std::string& name);

constexpr const char* kId1 = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
constexpr const char* kId2 = "0f1e2d3c4b5a69788796a5b4c3d2e1f1";
constexpr const char* kId3 = "0f1e2d3c4b5a69788796a5b4c3d2e1f2";
constexpr const char* kToken = "demoToken";
constexpr const char* kAppKey = "0123456789abcdef0123456789abcdef";
constexpr const char* kRid = "00000000-0000-0000-0000-000000000001";

} // namespace tongqu::sandbox::test
