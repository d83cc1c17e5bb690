#include "net/unsent.hpp"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tongqu::net::detail {

void forget_unsent(int socket) noexcept {
  const linger at_once{1, 0};
  static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
}

int close_forgetting(int socket) noexcept {
  int unsent = 0;
  if (::ioctl(socket, TIOCOUTQ, &unsent) == 0 && unsent == 0) {
    const linger in_order{0, 0};
    static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_LINGER, &in_order, sizeof in_order));
  }
  return ::close(socket);
}

} // namespace tongqu::net::detail
