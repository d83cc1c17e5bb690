#pragma once

namespace tongqu::net::detail {

/// From now on, what the connection still has to send when it ends is thrown away by the kernel. Otherwise it goes on sending after a lost
/// network has come back, also when this process is dead, and a platform takes a request that was given up, asked about and sent once more.
void forget_unsent(int socket) noexcept;

/// Closes such a connection: in order when everything has arrived, else at once. As close(2).
int close_forgetting(int socket) noexcept;

} // namespace tongqu::net::detail
