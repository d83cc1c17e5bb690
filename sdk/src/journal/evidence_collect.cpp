#include "journal/evidence_collect.hpp"

#include <map>

#include "journal/audit_head.hpp"
#include "journal/evidence_attachments.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::journal::detail {
namespace {

struct Receipt {
  std::int64_t delivery = 0;
  std::string number, text;
};

/// The segment that the first head at or behind an entry closes.
Result<std::optional<Segment>> segment_of(EvidenceSource& source, std::int64_t sequence) {
  TONGQU_TRY(const auto stored, source.head_behind(sequence));
  if (!stored) return std::optional<Segment>();
  Segment segment;
  segment.to = stored->sequence;
  segment.body = stored->body;
  segment.signature = stored->signature;
  TONGQU_TRY(const auto head, parse_head(segment.body));
  segment.from = head.from;
  if (segment.from > sequence) return std::optional<Segment>();
  TONGQU_TRY(segment.digests, source.digests(segment.from, segment.to));
  return std::optional<Segment>(std::move(segment));
}

Result<std::map<std::int64_t, Segment>> segments_of(EvidenceSource& source, const std::vector<EvidenceEntry>& entries) {
  std::map<std::int64_t, Segment> segments;
  std::int64_t closed = 0;
  for (const EvidenceEntry& entry : entries) {
    if (entry.sequence <= closed) continue;
    TONGQU_TRY(auto segment, segment_of(source, entry.sequence));
    if (!segment) return Error(Errc::journal_evidence_early).at("audit entry " + std::to_string(entry.sequence));
    closed = segment->to;
    segments.emplace(segment->from, *std::move(segment));
  }
  return segments;
}

Result<std::vector<Receipt>> receipts_of(Views& reader, const MessageView& view) {
  std::vector<Receipt> receipts;
  for (const DeliveryView& delivery : view.deliveries) {
    TONGQU_TRY(auto text, reader.receipt(delivery.delivery));
    if (text.empty() && !delivery.receipt_no.empty()) return Error(Errc::journal_purged).at("receipt of delivery " + std::to_string(delivery.delivery));
    if (!text.empty()) receipts.push_back({delivery.delivery, delivery.receipt_no, std::move(text)});
  }
  return receipts;
}

void put(std::string& out, std::string_view name, std::initializer_list<std::string> values) {
  out += name;
  for (const std::string& value : values) out.append(1, ' ').append(value.empty() ? "-" : value);
  out += '\n';
}

std::string b64(std::string_view bytes) { return to_base64(bytes); }

void put_entry(std::string& out, const EvidenceEntry& entry) {
  put(out, "entry", {std::to_string(entry.sequence), std::to_string(entry.at_ms), entry.kind, b64(entry.subject), b64(entry.detail), to_hex(entry.digest)});
}

} // namespace

Result<std::string> evidence_from(EvidenceSource& source, std::string_view message_id) {
  TONGQU_TRY(const auto view, source.views().message(message_id));
  if (!view) return Error(Errc::journal_not_found).at(std::string(message_id));
  if (view->damaged) return Error(Errc::journal_row_damaged).at(std::string(message_id));
  TONGQU_TRY(const auto bodies, source.views().bodies(message_id));
  TONGQU_TRY(const auto receipts, receipts_of(source.views(), *view));
  // Entries, heads and digests of one moment.
  TONGQU_CHECK(source.stand_still());
  TONGQU_TRY(const auto entries, source.entries_of(message_id));
  if (entries.empty()) return Error(Errc::journal_audit_gap).at(std::string(message_id));
  TONGQU_TRY(const auto segments, segments_of(source, entries));

  std::string digest;
  for (const EvidenceEntry& entry : entries) {
    if (entry.kind == "intake" || entry.kind == "release" || (entry.kind == "redeliver" && !entry.digest.empty())) digest = entry.digest;
  }
  // Only what the digest covers: nothing stands in an evidence that could be another thing.
  const std::size_t covered = digest_prefix(bodies.canonical, digest);
  const std::string record = covered > 0 ? bodies.canonical.substr(0, covered) + "}" : bodies.canonical;
  const auto attachments = attachments_of_record(record);

  std::string out(attachments.empty() ? kEvidenceFirstLine : kEvidenceFirstLine2);
  out += '\n';
  put(out, "message", {std::string(message_id)});
  put(out, "raw", {b64(bodies.raw)});
  put(out, "record", {covered > 0 ? "proven" : "unproven", b64(record)});
  for (const auto& one : attachments) {
    put(out, "attachment", {one.path, to_hex(one.sm3), one.bytes < 0 ? "" : std::to_string(one.bytes), b64(one.name), b64(one.media_type)});
  }
  for (const Receipt& one : receipts) put(out, "receipt", {std::to_string(one.delivery), b64(one.number), b64(one.text)});
  for (const EvidenceEntry& entry : entries) put_entry(out, entry);
  for (const auto& [from, segment] : segments) {
    put(out, "head", {b64(segment.body), b64(segment.signature)});
    put(out, "segment", {std::to_string(from), b64(segment.digests)});
  }
  put(out, "end", {to_hex(crypto::sm3(out))});
  return out;
}

} // namespace tongqu::journal::detail
