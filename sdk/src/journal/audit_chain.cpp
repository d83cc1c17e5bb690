#include "journal/audit_chain.hpp"

namespace tongqu::journal::detail {
namespace {

void put_number(std::string& out, std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>((bits >> shift) & 0xffU));
}

// A length before each text, so that no two entries share their bytes.
void put_text(std::string& out, std::string_view text) {
  put_number(out, static_cast<std::int64_t>(text.size()));
  out.append(text);
}

} // namespace

std::string AuditChain::link(std::string_view previous_mac, const AuditEntry& entry) {
  buffer_.assign("tongqu-audit-1");
  put_text(buffer_, previous_mac);
  put_number(buffer_, entry.sequence);
  put_number(buffer_, entry.at_ms);
  put_text(buffer_, entry.kind);
  put_text(buffer_, entry.subject);
  put_text(buffer_, entry.detail);
  put_text(buffer_, entry.digest);
  return mac_.compute(buffer_);
}

} // namespace tongqu::journal::detail
