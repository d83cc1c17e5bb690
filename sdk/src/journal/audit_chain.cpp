#include "journal/audit_chain.hpp"

namespace tongqu::journal::detail {
namespace {

void put_number(std::string& out, std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  char raw[8];
  for (int i = 0; i < 8; ++i) raw[i] = static_cast<char>(bits >> (56 - 8 * i));
  out.append(raw, sizeof raw);
}

constexpr std::string_view kEntryLabel = "tongqu-entry-1";

// A length before each text, so that no two entries share their bytes.
void put_text(std::string& out, std::string_view text) {
  put_number(out, static_cast<std::int64_t>(text.size()));
  out.append(text);
}

void put_entry(std::string& out, const AuditEntry& entry) {
  put_number(out, entry.sequence);
  put_number(out, entry.at_ms);
  put_text(out, entry.kind);
  put_text(out, entry.subject);
  put_text(out, entry.detail);
  put_text(out, entry.digest);
}

} // namespace

std::string entry_digest(const AuditEntry& entry) {
  std::string bytes(kEntryLabel);
  put_entry(bytes, entry);
  return crypto::sm3(bytes);
}

std::string segment_root(std::string_view digests) {
  crypto::Hasher hasher(crypto::Hasher::Algorithm::sm3);
  hasher.update("tongqu-segment-1");
  hasher.update(digests);
  return hasher.finish();
}

std::string AuditChain::link(std::string_view previous_mac, const AuditEntry& entry) {
  buffer_.assign("tongqu-audit-1");
  put_text(buffer_, previous_mac);
  entry_at_ = buffer_.size();
  put_entry(buffer_, entry);
  return mac_.compute(buffer_);
}

std::string AuditChain::digest_text() const {
  std::string text;
  text.reserve(kEntryLabel.size() + buffer_.size() - entry_at_);
  return text.append(kEntryLabel).append(buffer_, entry_at_);
}

} // namespace tongqu::journal::detail
