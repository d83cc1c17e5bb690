// A secret cannot be printed.
#include <iostream>

#include "tongqu/base/secret.hpp"

void show(const tongqu::Secret& secret) {
#ifdef TONGQU_FORBIDDEN
  std::cout << secret; // expect: no match for .operator<<.|invalid operands
#endif
  static_cast<void>(secret);
}
