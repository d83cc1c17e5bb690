#pragma once
#include <optional>
#include <utility>
#include <variant>

#include "tongqu/base/assert.hpp"
#include "tongqu/base/error.hpp"

namespace tongqu {

/// A value or the reason why there is none. A subset of std::expected<T, Error>.
template <class T>
class [[nodiscard]] Result {
public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}       // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}   // NOLINT(google-explicit-constructor)

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { check(); return *std::get_if<0>(&state_); }
  const T& value() const& { check(); return *std::get_if<0>(&state_); }
  T&& value() && { check(); return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    TONGQU_ASSERT(!has_value(), "error() is read only when there is no value");
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    TONGQU_ASSERT(!has_value(), "error() is read only when there is no value");
    return std::move(*std::get_if<1>(&state_));
  }

private:
  void check() const { TONGQU_ASSERT(has_value(), "value() is read only after success"); }
  std::variant<T, Error> state_;
};

/// Success without a value, or the reason of the failure.
template <>
class [[nodiscard]] Result<void> {
public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}   // NOLINT(google-explicit-constructor)

  bool has_value() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  const Error& error() const& {
    TONGQU_ASSERT(error_.has_value(), "error() is read only after a failure");
    return *error_;
  }
  Error&& error() && {
    TONGQU_ASSERT(error_.has_value(), "error() is read only after a failure");
    return std::move(*error_);
  }

private:
  std::optional<Error> error_;
};

} // namespace tongqu

#define TONGQU_DETAIL_JOIN2(a, b) a##b
#define TONGQU_DETAIL_JOIN(a, b) TONGQU_DETAIL_JOIN2(a, b)
#define TONGQU_DETAIL_TRY(holder, declaration, ...)                                                                            \
  auto holder = (__VA_ARGS__);                                                                                                 \
  if (!holder) return std::move(holder).error();                                                                               \
  declaration = *std::move(holder)

/// Inside .cpp files: `TONGQU_TRY(auto x, expression);` binds the value or returns the error to the caller.
#define TONGQU_TRY(declaration, ...)                                                                                           \
  TONGQU_DETAIL_TRY(TONGQU_DETAIL_JOIN(tongqu_try_, __LINE__), declaration, __VA_ARGS__)

/// Inside .cpp files, for Result<void>: returns the error to the caller.
#define TONGQU_CHECK(...)                                                                                                      \
  do {                                                                                                                         \
    if (auto tongqu_check_result = (__VA_ARGS__); !tongqu_check_result) return std::move(tongqu_check_result).error();         \
  } while (false)
