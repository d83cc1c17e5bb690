#pragma once
#include <memory>

#include "conformance/sandbox/options.hpp"
#include "tongqu/base/call_context.hpp"
#include "tongqu/base/clock.hpp"
#include "tongqu/base/result.hpp"

namespace tongqu::sandbox {

/// A running sandbox: HTTP server, gateway, service, planted faults and ledger.
///
/// Beside the platform's own addresses it serves, to callers on this machine only: `GET /_sandbox/state` (counters as JSON) and
/// `POST /_sandbox/faults` (the body's lines replace the planted faults; an empty body plants none).
class Sandbox {
public:
  virtual ~Sandbox() = default;
  /// @param clock  Not owned; must outlive the sandbox.
  /// @errors conform.setup, conform.fault_spec, conform.ledger_*, base.file_unreadable, net.listen.
  static Result<std::unique_ptr<Sandbox>> start(const Options& options, const Clock& clock);
  virtual std::uint16_t port() const = 0;
  /// Stops taking, lets requests in hand finish until the deadline, closes the ledger. Idempotent.
  virtual void stop(const CallContext& context) = 0;
};

} // namespace tongqu::sandbox
