#pragma once
#include <stdexcept>

namespace tongqu {

/// A bug of the program, never reachable from input. Caught in three places only: the C shim, one work item of the bridge, main.
class ContractViolation : public std::logic_error {
public:
  using std::logic_error::logic_error;
};

/// Throws ContractViolation with file, line and reason.
[[noreturn]] void contract_violated(const char* condition, const char* why, const char* file, int line);

} // namespace tongqu

/// On in every build: throws ContractViolation when `condition` is false. `why` says why it must hold.
#define TONGQU_ASSERT(condition, why)                                                                                          \
  do {                                                                                                                         \
    if (!(condition)) ::tongqu::contract_violated(#condition, why, __FILE__, __LINE__);                                        \
  } while (false)
