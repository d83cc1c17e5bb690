#pragma once
#include <future>

#include "journal/operation.hpp"

namespace tongqu::journal::detail {

/// Whether the attachments must be there already.
enum class Presence : std::uint8_t { needed, awaited };

/// Writes that a message needs attachments. From then on no sweep takes them away: sweeps run on the writer thread like this.
/// @errors journal.attachment_missing.
Result<void> refer_to_attachments(Desk& desk, std::int64_t message, const std::vector<std::string>& digests, Presence presence);
/// As above for the message that was stored last. One of which every target is held may name what is still to come.
Result<void> refer_to_attachments(Desk& desk, const Intake& intake);

/// Takes away those of some attachments that no message needs. Inside the transaction they are chosen and the audit entry that tells of them
/// is written; after the commit, when nothing can be undone any more, they are looked at again and go.
class SweepOperation final : public Operation {
public:
  SweepOperation(std::vector<std::string> names, UtcMillis before) : names_(std::move(names)), before_(before) {}
  std::future<Result<std::int64_t>> outcome() { return outcome_.get_future(); }
  Result<void> apply(Desk& desk) override;
  void complete(Desk& desk, const Error* failure) override;

private:
  const std::vector<std::string> names_;
  const UtcMillis before_;
  std::vector<std::string> chosen_;
  std::promise<Result<std::int64_t>> outcome_;
};

} // namespace tongqu::journal::detail
