// A secret cannot be compared: comparison in constant time is crypto's work.
#include "tongqu/base/secret.hpp"

bool same(const tongqu::Secret& one, const tongqu::Secret& other) {
#ifdef TONGQU_FORBIDDEN
  return one == other; // expect: no match for .operator==.|invalid operands
#endif
  return &one == &other;
}
