// The bytes of a secret that dies at the end of the line cannot be kept.
#include "tongqu/base/secret.hpp"

std::string_view keep() {
  static const tongqu::Secret kSecret;
#ifdef TONGQU_FORBIDDEN
  return tongqu::Secret("x").reveal(); // expect: (use of|call to) deleted
#endif
  return kSecret.reveal();
}
