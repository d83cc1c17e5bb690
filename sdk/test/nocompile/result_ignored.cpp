// What an operation says must be read.
#include "tongqu/base/result.hpp"

tongqu::Result<int> count();

int use() {
#ifdef TONGQU_FORBIDDEN
  count(); // expect: ignoring return
#endif
  const auto result = count();
  return result ? *result : 0;
}
