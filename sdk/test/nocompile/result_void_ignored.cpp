// A step without a value can fail as well.
#include "tongqu/base/result.hpp"

tongqu::Result<void> store();

bool use() {
#ifdef TONGQU_FORBIDDEN
  store(); // expect: ignoring return
#endif
  return store().has_value();
}
