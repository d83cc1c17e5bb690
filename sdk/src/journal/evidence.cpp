#include "tongqu/journal/evidence.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include "journal/audit_head.hpp"
#include "journal/evidence_attachments.hpp"
#include "journal/evidence_form.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::journal {
namespace detail {

// From the back: what stands outside the digest are the last members. Few commas stand at the top of a record, so few are tried.
std::size_t digest_prefix(std::string_view canonical, std::string_view digest) {
  constexpr int kTriesMax = 64;
  const auto fits = [canonical, digest](std::size_t size) {
    crypto::Hasher hasher(crypto::Hasher::Algorithm::sm3);
    hasher.update(canonical.substr(0, size));
    hasher.update("}");
    return hasher.finish() == digest;
  };
  if (canonical.size() < 2 || digest.size() != 32) return 0;
  if (fits(canonical.size() - 1)) return canonical.size() - 1;
  int depth = 0, tries = 0;
  bool quoted = false;
  std::vector<std::size_t> commas;
  for (std::size_t i = 0; i < canonical.size(); ++i) {
    const char c = canonical[i];
    if (quoted && c == '\\') { ++i; continue; }
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c == ',' && depth == 1) commas.push_back(i);
  }
  for (auto at = commas.rbegin(); at != commas.rend() && tries < kTriesMax; ++at, ++tries) {
    if (fits(*at)) return *at;
  }
  return 0;
}

} // namespace detail

namespace {

using namespace detail;

constexpr std::size_t kBytesMax = std::size_t{1} << 30U;
constexpr std::size_t kValuesMax = 8;

Error broken(std::size_t line, std::string_view what) {
  return Error(Errc::journal_evidence_broken).at("line " + std::to_string(line)).with(std::string(what));
}

struct ReceiptLine {
  std::size_t line = 0;
  std::int64_t delivery = 0;
  std::string number, text;
};

/// The file, read but not yet believed.
struct Evidence {
  std::string message_id, raw, canonical;
  bool proven = false, with_attachments = false;
  std::size_t raw_line = 0, record_line = 0;
  std::vector<std::pair<std::size_t, EvidenceReport::Attachment>> attachments;
  std::vector<ReceiptLine> receipts;
  std::vector<std::pair<std::size_t, EvidenceEntry>> entries;
  std::vector<std::pair<std::size_t, Segment>> segments;
};

bool number_of(std::string_view text, std::int64_t& number) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size();
}

/// "-" stands for nothing. Only the one way of writing that we write: otherwise a changed file could say the same.
bool base64_of(std::string_view text, std::string& bytes) {
  bytes.clear();
  if (text == "-") return true;
  auto decoded = from_base64(text);
  if (!decoded || to_base64(*decoded) != text) return false;
  bytes = *std::move(decoded);
  return true;
}

bool hex_of(std::string_view text, std::string& bytes) {
  bytes.clear();
  if (text == "-") return true;
  auto decoded = from_hex(text);
  if (!decoded || to_hex(*decoded) != text) return false;
  bytes = *std::move(decoded);
  return true;
}

class EvidenceReader {
public:
  explicit EvidenceReader(std::string_view text) : text_(text) {}

  Result<Evidence> read() {
    if (text_.size() > kBytesMax) return broken(0, "size");
    const std::string_view first = next_line();
    out_.with_attachments = first == kEvidenceFirstLine2;
    if (!out_.with_attachments && first != kEvidenceFirstLine) return broken(line_, "version");
    for (;;) {
      const std::size_t before = at_;
      const std::string_view line = next_line();
      if (!split(line)) return broken(line_, "shape");
      if (values_[0] == "end") return read_end(before);
      if (!take()) return broken(line_, "value");
    }
  }

private:
  std::string_view next_line() {
    const auto end = text_.find('\n', at_);
    if (end == std::string_view::npos) { at_ = text_.size(); ++line_; return {}; }
    const std::string_view line = text_.substr(at_, end - at_);
    at_ = end + 1;
    ++line_;
    return line;
  }

  bool split(std::string_view line) {
    values_.clear();
    while (values_.size() < kValuesMax) {
      const auto space = line.find(' ');
      values_.push_back(line.substr(0, space));
      if (values_.back().empty()) return false;
      if (space == std::string_view::npos) return true;
      line.remove_prefix(space + 1);
    }
    return false;
  }

  bool is(std::string_view name, std::size_t values) const { return values_[0] == name && values_.size() == values + 1; }

  bool take() {
    if (is("message", 1)) return out_.message_id.empty() && !(out_.message_id = values_[1]).empty();
    if (is("raw", 1)) return std::exchange(out_.raw_line, line_) == 0 && base64_of(values_[1], out_.raw);
    if (is("record", 2)) {
      out_.proven = values_[1] == "proven";
      return std::exchange(out_.record_line, line_) == 0 && (out_.proven || values_[1] == "unproven") && base64_of(values_[2], out_.canonical);
    }
    if (out_.with_attachments && is("attachment", 5)) return take_attachment();
    if (is("receipt", 3)) {
      ReceiptLine one;
      one.line = line_;
      out_.receipts.push_back(one);
      ReceiptLine& at = out_.receipts.back();
      return number_of(values_[1], at.delivery) && base64_of(values_[2], at.number) && base64_of(values_[3], at.text);
    }
    if (is("entry", 6)) return take_entry();
    if (is("head", 2)) {
      out_.segments.emplace_back(line_, Segment());
      Segment& segment = out_.segments.back().second;
      return base64_of(values_[1], segment.body) && base64_of(values_[2], segment.signature);
    }
    if (!is("segment", 2) || out_.segments.empty() || out_.segments.back().second.from != 0) return false;
    Segment& segment = out_.segments.back().second;
    return number_of(values_[1], segment.from) && base64_of(values_[2], segment.digests) && segment.from > 0 && segment.digests.size() % 32 == 0;
  }

  bool take_attachment() {
    EvidenceReport::Attachment one;
    one.path = values_[1];
    const bool good = hex_of(values_[2], one.sm3) && (values_[3] == "-" || (number_of(values_[3], one.bytes) && one.bytes >= 0)) && base64_of(values_[4], one.name) &&
                      base64_of(values_[5], one.media_type);
    out_.attachments.emplace_back(line_, std::move(one));
    return good;
  }

  bool take_entry() {
    EvidenceEntry entry;
    const bool good = number_of(values_[1], entry.sequence) && number_of(values_[2], entry.at_ms) && base64_of(values_[4], entry.subject) &&
                      base64_of(values_[5], entry.detail) && hex_of(values_[6], entry.digest);
    entry.kind = values_[3];
    out_.entries.emplace_back(line_, std::move(entry));
    return good;
  }

  Result<Evidence> read_end(std::size_t before) {
    if (values_.size() != 2 || values_[1] != to_hex(crypto::sm3(text_.substr(0, before)))) return broken(line_, "end");
    if (at_ != text_.size()) return broken(line_ + 1, "something behind the end");
    return std::move(out_);
  }

  std::string_view text_;
  std::size_t at_ = 0, line_ = 0;
  std::vector<std::string_view> values_;
  Evidence out_;
};

Result<void> check_segments(Evidence& evidence, const crypto::Sm2PublicKey& key) {
  for (auto& [line, segment] : evidence.segments) {
    if (segment.signature.empty() || !key.verify(segment.body, segment.signature)) return broken(line, "signature");
    auto head = parse_head(segment.body);
    if (!head || head->root.empty()) return broken(line, "head");
    segment.to = head->tip.sequence;
    const auto expected = static_cast<std::size_t>(segment.to - segment.from + 1);
    if (head->from != segment.from || segment.digests.size() != 32 * expected) return broken(line + 1, "segment");
    if (segment_root(segment.digests) != head->root) return broken(line + 1, "root");
  }
  return {};
}

Result<void> check_entries(const Evidence& evidence) {
  std::int64_t before = 0;
  std::set<std::size_t> used;
  for (const auto& [line, entry] : evidence.entries) {
    if (entry.subject != evidence.message_id) return broken(line, "another message");
    if (entry.sequence <= std::exchange(before, entry.sequence)) return broken(line, "order");
    const auto segment = std::find_if(evidence.segments.begin(), evidence.segments.end(),
                                      [&entry = entry](const auto& one) { return one.second.from <= entry.sequence && entry.sequence <= one.second.to; });
    if (segment == evidence.segments.end()) return broken(line, "no head");
    used.insert(segment->first);
    const auto index = static_cast<std::size_t>(entry.sequence - segment->second.from);
    if (entry_digest(entry.view()) != std::string_view(segment->second.digests).substr(32 * index, 32)) return broken(line, "entry");
  }
  if (used.size() != evidence.segments.size()) return broken(evidence.segments.front().first, "a head of no entry");
  return {};
}

/// Value of a "name=value" pair of an entry's detail.
std::string pair_of(std::string_view detail, std::string_view name) {
  const std::string wanted = " " + std::string(name) + "=";
  const std::string text = " " + std::string(detail);
  const auto at = text.find(wanted);
  if (at == std::string::npos) return {};
  const auto start = at + wanted.size();
  return text.substr(start, text.find(' ', start) - start);
}

Result<void> check_record(const Evidence& evidence, EvidenceReport& report) {
  const auto is_intake = [](const auto& one) { return one.second.kind == "intake"; };
  const auto intake = std::find_if(evidence.entries.begin(), evidence.entries.end(), is_intake);
  if (intake == evidence.entries.end() || std::count_if(evidence.entries.begin(), evidence.entries.end(), is_intake) != 1) return broken(2, "no intake");
  report.system = pair_of(intake->second.detail, "system");
  report.pack = pair_of(intake->second.detail, "pack");
  report.taken_in_ms = intake->second.at_ms;
  report.last_ms = evidence.entries.back().second.at_ms;
  // Of a message that came with others, the bytes are those of the whole delivery.
  if (pair_of(intake->second.detail, "raw_sm3") != to_hex(crypto::sm3(evidence.raw))) return broken(evidence.raw_line, "raw bytes");
  std::string digest = intake->second.digest;
  for (const auto& [line, entry] : evidence.entries) {
    if ((entry.kind == "release" || entry.kind == "redeliver") && !entry.digest.empty()) digest = entry.digest;
  }
  // A record whose digest leaves members out that only its pack knows says itself that it is not proven.
  if (evidence.proven && crypto::sm3(evidence.canonical) != digest) return broken(evidence.record_line, "record");
  report.record = evidence.proven;
  return {};
}

/// The lines say what the record says, all of it and nothing else: a record that is proven proves them.
Result<void> check_attachments(const Evidence& evidence, EvidenceReport& report) {
  report.attachments = attachments_of_record(evidence.canonical);
  // The first form says nothing of them, and the record says it all the same.
  if (!evidence.with_attachments) return {};
  if (report.attachments.empty()) return broken(1, "version");
  for (std::size_t i = 0; i < std::max(report.attachments.size(), evidence.attachments.size()); ++i) {
    if (i == evidence.attachments.size()) return broken(evidence.record_line, "an attachment is left out");
    const auto& [line, one] = evidence.attachments[i];
    if (i == report.attachments.size() || !(one == report.attachments[i])) return broken(line, "attachment");
  }
  return {};
}

Result<void> check_receipts(const Evidence& evidence) {
  std::int64_t before = 0;
  for (const ReceiptLine& receipt : evidence.receipts) {
    if (receipt.delivery <= std::exchange(before, receipt.delivery)) return broken(receipt.line, "order");
    const std::string digest = crypto::sm3(receipt.text);
    const auto settled = std::find_if(evidence.entries.rbegin(), evidence.entries.rend(), [&receipt, &digest](const auto& one) {
      return one.second.kind == "settle" && one.second.digest == digest && pair_of(one.second.detail, "delivery") == std::to_string(receipt.delivery);
    });
    if (settled == evidence.entries.rend()) return broken(receipt.line, "receipt");
    const std::string suffix = receipt.number.empty() ? std::string() : " receipt_no=" + receipt.number;
    const std::string& detail = settled->second.detail;
    const bool named = detail.size() >= suffix.size() && detail.compare(detail.size() - suffix.size(), suffix.size(), suffix) == 0;
    if (!named || (suffix.empty() && detail.find(" receipt_no=") != std::string::npos)) return broken(receipt.line, "receipt number");
  }
  return {};
}

/// A settlement has its claim before it, and what was delivered has its receipt here: a line that was left out is missed. What is not missed
/// is a whole attempt that ended in nothing: that an evidence is complete cannot be told without the chain.
Result<void> check_whole(const Evidence& evidence) {
  for (auto at = evidence.entries.begin(); at != evidence.entries.end(); ++at) {
    const auto& [line, entry] = *at;
    if (entry.kind != "settle") continue;
    const std::string fence = pair_of(entry.detail, "fence"), delivery = pair_of(entry.detail, "delivery");
    const bool claimed = std::any_of(evidence.entries.begin(), at, [&fence](const auto& one) { return one.second.kind == "claim" && pair_of(one.second.detail, "fence") == fence; });
    if (!claimed) return broken(line, "no claim");
    if (entry.digest.empty() || pair_of(entry.detail, "state") != "delivered") continue;
    const bool kept = std::any_of(evidence.receipts.begin(), evidence.receipts.end(), [&delivery](const auto& one) { return std::to_string(one.delivery) == delivery; });
    if (!kept) return broken(line, "no receipt");
  }
  return {};
}

} // namespace

Result<EvidenceReport> verify_evidence(std::string_view text, std::string_view public_key_pem) {
  TONGQU_TRY(const auto key, crypto::Sm2PublicKey::from_pem(public_key_pem));
  TONGQU_TRY(Evidence evidence, EvidenceReader(text).read());
  if (evidence.message_id.empty() || evidence.raw_line == 0 || evidence.record_line == 0 || evidence.entries.empty() || evidence.segments.empty()) return broken(0, "missing");
  TONGQU_CHECK(check_segments(evidence, key));
  TONGQU_CHECK(check_entries(evidence));
  EvidenceReport report;
  TONGQU_CHECK(check_record(evidence, report));
  TONGQU_CHECK(check_attachments(evidence, report));
  TONGQU_CHECK(check_receipts(evidence));
  TONGQU_CHECK(check_whole(evidence));
  report.message_id = evidence.message_id;
  report.entries = static_cast<int>(evidence.entries.size());
  report.heads = static_cast<int>(evidence.segments.size());
  report.receipts = static_cast<int>(evidence.receipts.size());
  return report;
}

} // namespace tongqu::journal
