#pragma once
#include "tongqu/mapping/pack.hpp"

namespace tongqu::mapping {

/// Takes the records of a delivery one by one, for callers that cannot hold all of them.
class RecordSink {
public:
  virtual ~RecordSink() = default;
  /// Called once for each record, in the order of the delivery, on the calling thread.
  virtual void take(MappedRecord&& record) = 0;
};

/// As Pack::run_delivery, each record handed to `sink` as soon as it is made, so that no more than one is in memory; the answer holds none.
/// Verdicts and findings are those of run_delivery. A mapping with checks of the delivery goes through it twice.
/// @param pack  Made by Pack::load.
/// @errors  As run_delivery; what was handed over before does not count then.
Result<MappedDelivery> run_each(const Pack& pack, const wire::Delivery& delivery, const Environment& environment, Workspace& workspace, RecordSink& sink);

} // namespace tongqu::mapping
