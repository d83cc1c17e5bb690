#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "tongqu/base/result.hpp"

namespace tongqu {

/// A key, password or token. Cannot be printed, formatted or compared; wiped when it goes.
class Secret {
public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
  Secret& operator=(const Secret& other) { if (this != &other) { wipe(); value_ = other.value_; } return *this; }
  Secret& operator=(Secret&& other) noexcept { if (this != &other) { wipe(); value_.swap(other.value_); other.wipe(); } return *this; }
  ~Secret() { wipe(); }

  /// The bytes, for the one call that needs them. The view ends with the Secret.
  std::string_view reveal() const& noexcept { return value_; }
  std::string_view reveal() const&& = delete;
  bool empty() const noexcept { return value_.empty(); }

  /// Reads a secret file: regular, owner-only mode (no group or other bits), at most 64 KiB; one final line end is dropped.
  /// @errors base.secret_unavailable, base.secret_exposed (both fix_setup).
  static Result<Secret> from_file(const std::string& path);
  /// Reads an environment variable. @errors base.secret_unavailable.
  static Result<Secret> from_env(const std::string& name);

private:
  void wipe() noexcept;
  std::string value_;
};

} // namespace tongqu
