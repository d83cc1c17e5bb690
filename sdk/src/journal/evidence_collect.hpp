#pragma once
#include <optional>
#include <string>
#include <vector>

#include "journal/evidence_form.hpp"
#include "journal/ledger.hpp"

namespace tongqu::journal::detail {

/// What evidence is collected from: a store of any kind, beside its writer.
class EvidenceSource {
public:
  virtual ~EvidenceSource() = default;
  virtual Views& views() = 0;
  /// What is asked from here on is of one moment.
  virtual Result<void> stand_still() = 0;
  /// Walks the whole chain, because no index leads from a message to its entries: evidence is rare, and an index would cost every message.
  virtual Result<std::vector<EvidenceEntry>> entries_of(std::string_view message_id) = 0;
  struct StoredHead { std::int64_t sequence = 0; std::string body, signature; };
  /// The first head at or behind an entry.
  virtual Result<std::optional<StoredHead>> head_behind(std::int64_t sequence) = 0;
  virtual Result<std::string> digests(std::int64_t from, std::int64_t to) = 0;
};

Result<std::string> evidence_from(EvidenceSource& source, std::string_view message_id);

} // namespace tongqu::journal::detail
