#pragma once
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "tongqu/wire/json.hpp"

namespace tongqu::model::detail {

/// Appends to a string through a bare pointer: one test for room per piece, no bookkeeping per character. The string is cut to its
/// length when the sink ends.
class TextSink {
public:
  explicit TextSink(std::string& out) : out_(out), start_(out.size()) { grow(kFirstRoom); }
  ~TextSink() { out_.resize(size()); }
  TextSink(const TextSink&) = delete;
  TextSink& operator=(const TextSink&) = delete;

  void operator+=(char c) {
    room(1);
    *at_++ = c;
  }
  void operator+=(std::string_view text) {
    room(text.size());
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  /// A literal, whose length the compiler knows.
  template <std::size_t size>
  void literal(const char (&text)[size]) {
    room(size);
    std::memcpy(at_, text, size - 1);
    at_ += size - 1;
  }
  /// `"…"` with escapes.
  void string(std::string_view text) {
    room(wire::json_string_bytes_max(text.size()));
    at_ = wire::write_json_string(at_, text);
  }
  /// Room for `bytes`, to be written at the pointer and given back by advance().
  char* reserve(std::size_t bytes) {
    room(bytes);
    return at_;
  }
  void advance(char* end) { at_ = end; }

  char back() const { return at_[-1]; }
  void set_back(char c) { at_[-1] = c; }
  std::size_t size() const { return static_cast<std::size_t>(at_ - out_.data()); }
  void cut(std::size_t size) { at_ = out_.data() + size; }

private:
  static constexpr std::size_t kFirstRoom = 4096;
  void room(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) grow(bytes);
  }
  void grow(std::size_t bytes) {
    const std::size_t used = at_ == nullptr ? start_ : size();
    out_.resize(std::max(used + bytes, out_.size() * 2));
    at_ = out_.data() + used;
    end_ = out_.data() + out_.size();
  }

  std::string& out_;
  std::size_t start_;
  char* at_ = nullptr;
  char* end_ = nullptr;
};

} // namespace tongqu::model::detail
