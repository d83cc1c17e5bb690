// libFuzzer target for the framing guard: requests, responses and chunks, in one piece and in two. Seeds: sdk/test/badinput/http.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tongqu/net/framing.hpp"

namespace {

using tongqu::net::ChunkDecoder;
using tongqu::net::Framing;
using tongqu::net::FramingLimits;

void require(bool holds) {
  if (!holds) std::abort();
}

FramingLimits limits() {
  FramingLimits small;
  small.body_bytes_max = 4096;
  return small;
}

/// A head that was passed must keep what the rest of the program relies on.
void check_passed(std::string_view head, const Framing& framing) {
  require(head.find('\0') == std::string_view::npos);
  require(head.size() >= 4 && head.substr(head.size() - 4) == "\r\n\r\n");
  require(framing.length <= limits().body_bytes_max);
  require(framing.minor_version == 1 || framing.body != Framing::Body::chunked);
}

void run_chunks(std::string_view bytes, std::size_t cut) {
  std::string whole_body, cut_body;
  ChunkDecoder whole(limits().body_bytes_max), in_two(limits().body_bytes_max);
  const auto all = whole.feed(bytes, whole_body);
  const auto first = in_two.feed(bytes.substr(0, cut), cut_body);
  if (!first) return require(!all);
  const auto second = in_two.feed(bytes.substr(cut), cut_body);
  require(all.has_value() == second.has_value());
  if (!all) return;
  require(whole_body == cut_body && whole.done() == in_two.done() && *all == *first + *second);
  require(whole_body.size() <= limits().body_bytes_max);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string input(bytes, bytes + size);
  const std::string_view text = input;
  const auto end = tongqu::net::find_head_end(text, limits());
  if (end && *end != 0) {
    const std::string_view head = text.substr(0, *end);
    if (const auto framing = tongqu::net::check_request_head(head, limits())) check_passed(head, *framing);
    if (const auto framing = tongqu::net::check_response_head(head, limits())) check_passed(head, *framing);
    run_chunks(text.substr(*end), (size - *end) / 2);
  }
  run_chunks(text, size / 3);
  return 0;
}
