#include "conformance/test/sandbox_support.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::sandbox::test {

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "tongqu-sandbox-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = name;
}
TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Connection::Connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("connect");
}
Connection::~Connection() { ::close(fd_); }

void Connection::send(std::string_view bytes) const {
  if (::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) throw std::runtime_error("send");
}

Answer Connection::read(int wait_ms) const {
  Answer out;
  std::string text;
  std::size_t head_end = std::string::npos;
  std::size_t length = std::string::npos;
  for (;;) {
    if (head_end == std::string::npos && (head_end = text.find("\r\n\r\n")) != std::string::npos) {
      out.head = text.substr(0, head_end + 4);
      out.status = std::atoi(out.head.c_str() + 9);
      const std::size_t at = out.head.find("Content-Length: ");
      if (at != std::string::npos) length = static_cast<std::size_t>(std::atoll(out.head.c_str() + at + 16));
    }
    if (head_end != std::string::npos) out.body = text.substr(head_end + 4);
    out.whole = length != std::string::npos && out.body.size() == length;
    if (out.whole) return out;
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, wait_ms) <= 0) return out;
    std::string piece(65536, '\0');
    const ssize_t got = ::recv(fd_, piece.data(), piece.size(), 0);
    if (got <= 0) return out;
    text.append(piece, 0, static_cast<std::size_t>(got));
  }
}

Row accept_row(const std::string& case_no) {
  return {{"project_no", case_no}, {"task_code", "11990000000000019A4000199001000"}, {"task_name", "林木采伐许可"},
          {"project_name", "采伐申请"}, {"applyer_name", "张䶮"}, {"applyer_type", "1"}, {"applyer_page_type", "111"},
          {"applyer_page_code", "100000209901010013"}, {"apply_date", "2100-03-05 07:08:00"}, {"accept_date", "2100-03-05 07:08:09"},
          {"org_name", "合成县林业局"}, {"org_code", "11990000000000019A"}, {"handle_user_name", "李四"}, {"project_type", "1"}};
}
Row process_row(const std::string& case_no) {
  return {{"project_no", case_no}, {"order_num", "1"}, {"process_name", "审查"}, {"event_name", "1"}, {"handle_user_name", "王五"},
          {"event_start_time", "2100-03-06 09:00:00"}};
}
Row special_row(const std::string& case_no) {
  return {{"project_no", case_no}, {"special_type", "1"}, {"special_name", "现场勘验"}, {"special_time", "2100-03-07 09:00:00"}};
}
Row result_row(const std::string& case_no) {
  return {{"project_no", case_no}, {"result_date", "2100-03-09 16:00:00"}, {"result_type", "0"}, {"handle_user_name", "王五"},
          {"result_cetr_name", "林木采伐许可证"}, {"result_cetr_no", "合林采2100-0001"}};
}

Row without(Row row, const std::string& name) {
  for (auto it = row.begin(); it != row.end(); ++it) {
    if (it->first == name) {
      row.erase(it);
      return row;
    }
  }
  throw std::runtime_error("no such field");
}

Row with(Row row, const std::string& name, const std::string& value) {
  for (auto& [field, text] : row) {
    if (field == name) {
      text = value;
      return row;
    }
  }
  row.emplace_back(name, value);
  return row;
}

std::string json_of(const Row& row) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  for (const auto& [name, value] : row) json.member(name, value);
  json.end_object();
  return out;
}

std::string envelope(const Message& message) {
  return json_of({{"messageId", message.id}, {"sourceSystem", message.source}, {"stage", message.stage},
                  {"digest", message.digest.empty() ? to_hex(crypto::sm3(message.data)) : message.digest}, {"data", message.data}});
}

Scene::Scene(Options given) : options(std::move(given)) {
  const bool tif = options.profile == Profile::tif_rio;
  if (options.credentials.empty()) options.credentials.push_back({tif ? "demo" : kRid, Secret(tif ? kToken : kAppKey)});
  if (options.ledger.empty()) options.ledger = folder.file("ledger.jsonl");
  start();
}

void Scene::start() {
  auto started = Sandbox::start(options, clock);
  if (!started) throw std::runtime_error(describe(started.error()));
  sandbox = *std::move(started);
}

void Scene::restart() {
  sandbox.reset();
  start();
}

Fields Scene::tif_headers() { return tif_headers(std::to_string(clock.ms / 1000), "abcdef0123-" + std::to_string(++nonces_)); }

Fields Scene::tif_headers(const std::string& timestamp, const std::string& nonce) const {
  return {{"x-tif-paasid", "demo"}, {"x-tif-timestamp", timestamp}, {"x-tif-nonce", nonce},
          {"x-tif-signature", to_hex(crypto::sha256(timestamp + kToken + nonce + timestamp))}};
}

Fields Scene::national_headers(const std::string& sid, const std::string& key) const {
  const std::string stamp = std::to_string(clock.ms);
  const std::string mac = crypto::hmac(crypto::MacAlgorithm::hmac_sha256, Secret(key), sid + kRid + stamp);
  return {{"gjgxjhpt_sid", sid}, {"gjgxjhpt_rid", kRid}, {"gjgxjhpt_rtime", stamp}, {"gjgxjhpt_sign", to_base64(mac)}};
}

Answer Scene::call(const std::string& method, const std::string& target, const Fields& headers, const std::string& body) const {
  std::string text = method + " " + target + " HTTP/1.1\r\nHost: sandbox\r\n";
  for (const auto& [name, value] : headers) text.append(name).append(": ").append(value).append("\r\n");
  if (method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  const Connection connection(sandbox->port());
  connection.send(text + "\r\n" + body);
  return connection.read();
}

Answer Scene::submit_body(const std::string& body, const std::string& content_type) {
  Fields headers = tif_headers();
  headers.emplace_back("Content-Type", content_type);
  return call("POST", "/ebus/case-exchange/submit", headers, body);
}

void Scene::plant(const std::string& specs) const {
  if (call("POST", "/_sandbox/faults", {}, specs).status != 200) throw std::runtime_error("faults refused");
}

std::string member(const std::string& json, const std::string& name) {
  const std::string opening = "\"" + name + "\":";
  std::size_t at = json.find(opening);
  if (at == std::string::npos) return "(absent)";
  at += opening.size();
  if (json[at] == '"') return json.substr(at + 1, json.find('"', at + 1) - at - 1);
  return json.substr(at, json.find_first_of(",}]", at) - at);
}

} // namespace tongqu::sandbox::test
