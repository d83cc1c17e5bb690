#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/result.hpp"

/// Bodies of several parts that are too long for memory, cut while they pass.
namespace tongqu::wire {

/// What is told of the parts, in their order. An error ends the reading.
class PartTaker {
public:
  virtual ~PartTaker() = default;
  struct Head { std::string name, content_type; };  ///< Named as by parse_multipart.
  virtual Result<void> begin(Head head) = 0;
  /// Decoded bytes of the part that began last.
  virtual Result<void> data(Bytes bytes) = 0;
  virtual Result<void> end() = 0;
};

struct MultipartStreamLimits {
  std::uint32_t parts_max = 1000;
  std::uint32_t header_bytes_max = 8192;                 ///< Headers of one part.
};

/// Cuts a multipart body in pieces of any size, with the rules of parse_multipart. Memory: a few kilobytes beside the piece.
class MultipartStream {
public:
  /// @param content_type  Of the whole, with its boundary. @errors wire.multipart_invalid, multipart_limit.
  static Result<MultipartStream> create(std::string_view content_type, const MultipartStreamLimits& limits = {});
  ~MultipartStream();
  MultipartStream(MultipartStream&&) noexcept;
  MultipartStream& operator=(MultipartStream&&) noexcept;

  /// @errors wire.multipart_invalid, multipart_limit (where: "offset N"), and what the taker says.
  Result<void> feed(Bytes piece, PartTaker& taker);
  /// The body has ended. @errors wire.multipart_invalid when its last boundary did not come.
  Result<void> finish();
  /// Name of the root part; empty: the first one is it.
  const std::string& root() const noexcept;

private:
  struct State;
  explicit MultipartStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace tongqu::wire
