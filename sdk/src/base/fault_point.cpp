#include "tongqu/base/fault_point.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace tongqu::fault {
namespace {

enum class Kind { kill, error, throw_, delay };

struct Armed {
  Kind kind = Kind::error;
  std::chrono::milliseconds delay{0};
  long nth = 1;
  std::atomic<long> seen{0};
};

using ArmedPoints = std::map<std::string, std::unique_ptr<Armed>, std::less<>>;

/// A count or a number of milliseconds; nothing when the text is anything else.
std::optional<long> read_number(std::string_view text) {
  long number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

/// Arms what one item asks for. An item that cannot be read arms nothing.
void arm_one(ArmedPoints& armed, std::string_view item) {
  const auto colon = item.find(':');
  if (colon == std::string_view::npos) return;
  auto one = std::make_unique<Armed>();
  std::string_view rest = item.substr(colon + 1);
  const auto more = rest.find(':');
  const std::string_view what = rest.substr(0, more);
  if (what == "kill") one->kind = Kind::kill;
  else if (what == "throw") one->kind = Kind::throw_;
  else if (what.substr(0, 6) == "delay=") {
    const auto wait_ms = read_number(what.substr(6));
    if (!wait_ms) return;
    one->kind = Kind::delay;
    one->delay = std::chrono::milliseconds(*wait_ms);
  }
  if (more != std::string_view::npos && rest.substr(more + 1, 4) == "nth=") {
    const auto nth = read_number(rest.substr(more + 5));
    if (!nth) return;
    one->nth = *nth;
  }
  armed.emplace(std::string(item.substr(0, colon)), std::move(one));
}

ArmedPoints read_environment() {
  ArmedPoints armed;
  const char* text = std::getenv("TONGQU_FAULTS");
  std::string_view rest = text != nullptr ? text : "";
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    arm_one(armed, rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return armed;
}

} // namespace

const std::vector<Point>& points() {
  static const std::vector<Point> kPoints = {
      {"s01_accepted", "connection accepted"},
      {"s02_headers_read", "request headers read"},
      {"s03_body_read", "request body read"},
      {"s04_gate_passed", "strict gate passed"},
      {"s05_decoded", "layers decoded"},
      {"s06_parsed", "document parsed"},
      {"s07_authenticated", "caller authenticated"},
      {"s08_mapped", "canonical record made"},
      {"s09_transaction_open", "intake transaction open"},
      {"s10_dedup_row", "dedup row written"},
      {"s11_message_row", "message and delivery rows written"},
      {"s12_audit_row", "audit row written"},
      {"s13_committed", "intake commit returned"},
      {"s14_answer_first_byte", "before the first byte of the answer to the caller"},
      {"s15_answer_last_byte", "after the last byte of the answer to the caller"},
      {"s16_claimed", "delivery chosen for sending"},
      {"s17_claim_committed", "claim committed"},
      {"s18_signed", "platform request signed"},
      {"s19_connected", "handed to the transport"},
      {"s20_half_sent", "part of the request left the host"},
      {"s21_all_sent", "whole request left the host"},
      {"s22_receipt_first_byte", "first byte of the platform's answer read"},
      {"s23_receipt_whole", "whole answer of the platform read"},
      {"s24_receipt_parsed", "receipt parsed and matched"},
      {"s25_result_transaction_open", "result transaction open"},
      {"s26_result_committed", "result committed"},
      {"s27_notified", "legacy side notified"},
      {"s28_purged", "old rows purged"},
  };
  return kPoints;
}

bool compiled_in() noexcept { return TONGQU_WITH_FAULT_POINTS != 0; }

Result<void> hit(const char* name) {
  static ArmedPoints armed = read_environment();
  if (armed.empty()) return {};
  const auto at = armed.find(std::string_view(name));
  if (at == armed.end()) return {};
  Armed& one = *at->second;
  if (one.seen.fetch_add(1) + 1 != one.nth && one.kind != Kind::delay) return {};
  switch (one.kind) {
    case Kind::kill: ::kill(::getpid(), SIGKILL); for (;;) ::pause();
    case Kind::throw_: throw std::runtime_error("planted fault");
    case Kind::delay: std::this_thread::sleep_for(one.delay); return {};
    case Kind::error: return Error(Errc::base_fault_injected).at(name);
  }
  return {};
}

} // namespace tongqu::fault
