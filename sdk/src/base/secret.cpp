#include "tongqu/base/secret.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace tongqu {
namespace {

constexpr std::size_t kSecretBytesMax = 64 * 1024;

class Descriptor {
public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { if (fd_ >= 0) ::close(fd_); }
  int get() const { return fd_; }

private:
  int fd_;
};

Error unavailable(const std::string& where) { return Error(Errc::base_secret_unavailable).at(where); }

} // namespace

Result<Secret> Secret::from_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return unavailable(path);
  if ((status.st_mode & 077) != 0) return Error(Errc::base_secret_exposed).at(path);
  Secret secret;
  secret.value_.reserve(kSecretBytesMax + 1);  // One allocation, so that no copy of the secret is left behind.
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0) return unavailable(path);
    if (got == 0) break;
    secret.value_.append(buffer, static_cast<std::size_t>(got));
    ::explicit_bzero(buffer, sizeof buffer);
    if (secret.value_.size() > kSecretBytesMax) return unavailable(path);
  }
  if (!secret.value_.empty() && secret.value_.back() == '\n') secret.value_.pop_back();
  if (!secret.value_.empty() && secret.value_.back() == '\r') secret.value_.pop_back();
  if (secret.value_.empty()) return unavailable(path);
  return secret;
}

Result<Secret> Secret::from_env(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return unavailable("environment variable " + name);
  return Secret(value);
}

void Secret::wipe() noexcept {
  if (!value_.empty()) ::explicit_bzero(value_.data(), value_.size());
  value_.clear();
}

} // namespace tongqu
