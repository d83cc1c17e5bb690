// Measures how many submits a running tif_rio sandbox takes: sandbox_load PORT ID TOKEN_FILE CASES [CONNECTIONS]. All requests are made
// beforehand; one thread keeps one request in flight on each connection. Prints one JSON object.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/secret.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

namespace {

using Clock = std::chrono::steady_clock;

struct Sender {
  std::string id, token, run;
  int nonces = 0;

  std::string request(const std::string& message_id, const std::string& stage, const std::string& data) {
    const std::string now = std::to_string(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
    std::string nonce = run + std::to_string(++nonces);
    nonce.resize(std::max<std::size_t>(nonce.size(), 18), '-');
    std::string body;
    tongqu::wire::JsonWriter json(body);
    json.begin_object();
    json.member("messageId", message_id);
    json.member("sourceSystem", "load-spxt");
    json.member("stage", stage);
    json.member("digest", tongqu::to_hex(tongqu::crypto::sm3(data)));
    json.member("data", data);
    json.end_object();
    return "POST /ebus/case-exchange/submit HTTP/1.1\r\nHost: sandbox\r\nContent-Type: application/json\r\nx-tif-paasid: " + id +
           "\r\nx-tif-timestamp: " + now + "\r\nx-tif-nonce: " + nonce + "\r\nx-tif-signature: " +
           tongqu::to_hex(tongqu::crypto::sha256(now + token + nonce + now)) + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
};

std::string accept_data(const std::string& case_no) {
  return R"({"project_no":")" + case_no +
         R"(","task_code":"11990000000000019A4000199001000","task_name":"林木采伐许可","project_name":"采伐申请","applyer_name":"张䶮",)"
         R"("applyer_type":"1","applyer_page_type":"111","applyer_page_code":"100000209901010013","apply_date":"2100-03-05 07:08:00",)"
         R"("accept_date":"2100-03-05 07:08:09","org_name":"合成县林业局","org_code":"11990000000000019A","handle_user_name":"李四",)"
         R"("project_type":"1","catalog_code":"000199001000","task_handle_item":"11990000000000019A400019900100001","legal":"20",)"
         R"("contact_name":"张䶮","contact_type":"111","contact_code":"10000020991231002X","address":"合成县合成镇合成村一组一号",)"
         R"("apply_type":"1","materials":[{"material_name":"申请表","get_type":"1","get_num":"1"},{"material_name":"身份证明"},)"
         R"({"material_name":"林权证书"},{"material_name":"作业设计"},{"material_name":"公示材料"},{"material_name":"委托书"}]})";
}

struct Lane {
  int socket = -1;
  std::vector<std::string> requests;
  std::size_t next = 0;
  std::string answer;
  Clock::time_point sent;
};

int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

bool send_next(Lane& lane) {
  if (lane.next == lane.requests.size()) return false;
  const std::string& text = lane.requests[lane.next++];
  lane.sent = Clock::now();
  return ::send(lane.socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

struct Tally {
  std::size_t right = 0, wrong = 0, idle = 0;
  std::vector<double> ms;
};

void receive(Lane& lane, Tally& tally) {
  char piece[16384];
  const ssize_t got = ::recv(lane.socket, piece, sizeof piece, 0);
  if (got <= 0) {
    ++tally.wrong;
    ++tally.idle;
    lane.socket = -1;
    return;
  }
  lane.answer.append(piece, static_cast<std::size_t>(got));
  const std::size_t head = lane.answer.find("\r\n\r\n");
  const std::size_t length = lane.answer.find("Content-Length: ");
  if (head == std::string::npos || length == std::string::npos) return;
  if (lane.answer.size() < head + 4 + static_cast<std::size_t>(std::atoll(lane.answer.c_str() + length + 16))) return;
  ++(lane.answer.find("\"code\":\"0\"") != std::string::npos ? tally.right : tally.wrong);
  tally.ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - lane.sent).count());
  lane.answer.clear();
  if (!send_next(lane)) ++tally.idle;
}

std::vector<Lane> make_lanes(int port, Sender sender, std::size_t cases, std::size_t connections) {
  std::vector<Lane> lanes(connections);
  for (std::size_t i = 0; i < cases; ++i) {
    const std::string case_no = "LOAD-" + sender.run + "-" + std::to_string(i);
    const std::string message_id = sender.run + "-load-" + std::to_string(10'000'000 + i);
    Lane& lane = lanes[i % connections];
    lane.requests.push_back(sender.request(message_id + "-a", "accept", accept_data(case_no)));
    lane.requests.push_back(sender.request(message_id + "-p", "process", R"({"project_no":")" + case_no + R"(","order_num":"1","process_name":"审查","event_name":"1","handle_user_name":"王五","event_start_time":"2100-03-06 09:00:00"})"));
    lane.requests.push_back(sender.request(message_id + "-r", "result", R"({"project_no":")" + case_no + R"(","result_date":"2100-03-09 16:00:00","result_type":"6","handle_user_name":"王五"})"));
  }
  for (Lane& lane : lanes) lane.socket = connect_to(port);
  return lanes;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 4;
  const auto token = tongqu::Secret::from_file(argv[3]);
  if (!token) return 4;
  const std::string run = tongqu::to_hex(tongqu::crypto::random_bytes(4));
  const std::size_t connections = argc > 5 ? static_cast<std::size_t>(std::atoi(argv[5])) : 64;
  auto lanes = make_lanes(std::atoi(argv[1]), {argv[2], std::string(token->reveal()), run}, static_cast<std::size_t>(std::atoi(argv[4])), connections);
  std::vector<pollfd> waits;
  Tally tally;
  const auto began = Clock::now();
  for (Lane& lane : lanes) {
    if (!send_next(lane)) ++tally.idle;
    waits.push_back({lane.socket, POLLIN, 0});
  }
  while (tally.idle < lanes.size() && ::poll(waits.data(), waits.size(), 10000) > 0) {
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      if (waits[i].revents != 0) receive(lanes[i], tally);
      waits[i].fd = lanes[i].socket;
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  std::sort(tally.ms.begin(), tally.ms.end());
  const auto at = [&tally](double part) { return tally.ms.empty() ? 0.0 : tally.ms[static_cast<std::size_t>(part * static_cast<double>(tally.ms.size() - 1))]; };
  std::printf("{\"taken\":%zu,\"refused\":%zu,\"per_s\":%.0f,\"p50_ms\":%.2f,\"p99_ms\":%.2f}\n", tally.right, tally.wrong,
              static_cast<double>(tally.right) / seconds, at(0.5), at(0.99));
  return tally.wrong == 0 ? 0 : 1;
}
