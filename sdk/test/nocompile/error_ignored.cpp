// An error that is made must go somewhere.
#include "tongqu/base/error.hpp"

tongqu::Error fail();

void use() {
#ifdef TONGQU_FORBIDDEN
  fail(); // expect: ignoring return
#endif
  static_cast<void>(fail());
}
