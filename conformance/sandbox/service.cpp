#include "conformance/sandbox/service.hpp"

#include <algorithm>
#include <cstdio>

#include "conformance/sandbox/checks.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::sandbox {

struct CaseService::Submission {
  Stage stage = Stage::accept;
  std::string_view message_id, source_system, digest, data;
  std::array<char, 32> digest_bytes{};
  wire::Node row;
  std::string case_key;
  std::int64_t at = 0;   ///< Seconds of the row's own time.
};

namespace {

bool is_message_id(std::string_view id) noexcept {
  if (id.size() < 16 || id.size() > 64) return false;
  return std::all_of(id.begin(), id.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-'; });
}

bool is_digest(std::string_view text) noexcept {
  if (text.size() != 64) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool refuse(Verdict& out, std::string_view code, std::string field, Bilingual reason) {
  out.code = code;
  out.errors.push_back({std::move(field), std::move(reason)});
  return false;
}

/// Why a text is not JSON that this service reads.
Bilingual json_reason(const Error& error) {
  return {error.message(Lang::en) + " (" + std::string(error.id()) + ")", error.message(Lang::zh) + " (" + std::string(error.id()) + ")"};
}

std::string case_key(std::string_view source_system, std::string_view project_no) {
  std::string key(source_system);
  key.push_back('\n');
  key.append(project_no);
  return key;
}

std::array<char, 32> digest_array(std::string_view raw) {
  std::array<char, 32> out{};
  raw.copy(out.data(), out.size());
  return out;
}

bool is_utf8_json(const net::HttpRequest& request) {
  const std::string_view type = request.headers.get("Content-Type");
  if (request.headers.count("Content-Type") != 1 || net::media_type(type) != "application/json") return false;
  const std::string charset = net::media_parameter(type, "charset");
  const auto is = [&charset](std::string_view name) {
    return std::equal(charset.begin(), charset.end(), name.begin(), name.end(), [](char a, char b) { return a == b || a == b - 32; });
  };
  return charset.empty() || is("utf-8");
}

} // namespace

CaseService::CaseService(const Options& options, const Clock& clock)
    : character_(options.character), receipt_prefix_(options.profile == Profile::tif_rio ? "SP-" : "GJ-"),
      messages_max_(options.messages_max), clock_(clock) {}

std::string CaseService::receipt_text(std::uint64_t receipt) const {
  std::array<char, 32> digits{};
  const int n = std::snprintf(digits.data(), digits.size(), "%06llu", static_cast<unsigned long long>(receipt));
  return std::string(receipt_prefix_).append(digits.data(), static_cast<std::size_t>(n));
}

Verdict CaseService::submit(const net::HttpRequest& request, std::string_view requester) {
  Verdict out;
  out.line.kind = "refused";
  out.line.requester = requester;
  out.received_ms = out.line.time_ms = to_epoch_ms(clock_.now_utc());
  Submission in;
  const bool right = read_envelope(request, in, out) && read_row(in, out) && judge_repeat(in, out);
  if (right && out.code.empty() && judge_life_cycle(in, out)) take(in, out);
  if (out.code == "0") return out;
  out.line.code = out.code;
  for (const Reason& error : out.errors) {
    if (!out.line.fields.empty()) out.line.fields.push_back(' ');
    out.line.fields.append(error.field);
  }
  count_refusal(out.code);
  return out;
}

bool CaseService::read_envelope(const net::HttpRequest& request, Submission& in, Verdict& out) {
  constexpr std::string_view kCode = "1001";
  if (!is_utf8_json(request)) return refuse(out, kCode, "Content-Type", {"must be application/json in UTF-8", "必须为 UTF-8 的 application/json"});
  const auto parsed = wire::parse_json_into(envelope_, request.body, {});
  if (!parsed) return refuse(out, kCode, "body", json_reason(parsed.error()));
  const wire::Node root = envelope_.root();
  if (root.kind() != wire::NodeKind::object) return refuse(out, kCode, "body", {"must be a JSON object", "必须是 JSON 对象"});

  constexpr std::array<std::string_view, 5> kMembers{"messageId", "sourceSystem", "stage", "digest", "data"};
  std::array<std::string_view, 5> values;
  for (std::size_t i = 0; i < kMembers.size(); ++i) values[i] = text_of(root, kMembers[i]);
  const auto stage = stage_of(values[2]);
  const std::size_t source_length = utf8_length(values[1]);
  const std::array<bool, 5> right{is_message_id(values[0]), source_length >= 1 && source_length <= 64, stage.has_value(),
                                  is_digest(values[3]), !values[4].empty()};
  if (right[0]) out.line.message_id = values[0];
  if (right[1]) out.line.source_system = values[1];
  if (right[2]) out.line.stage = values[2];
  if (right[3]) out.line.digest = values[3];
  for (std::size_t i = 0; i < kMembers.size(); ++i) {
    if (!right[i]) refuse(out, kCode, std::string(kMembers[i]), {"is missing, not a string or not in its form", "缺失、不是字符串或格式不符"});
  }
  for (wire::Node member = root.first_child(); member; member = member.next()) {
    const bool known = std::find(kMembers.begin(), kMembers.end(), member.name()) != kMembers.end();
    if (!known && out.errors.size() < kReasonsMax) refuse(out, kCode, safe_field(member.name()), {"is not a member of the envelope", "不是报文外层的成员"});
  }
  if (!out.code.empty()) return false;

  const std::string digest = crypto::sm3(values[4]);
  if (to_hex(digest) != values[3]) {
    return refuse(out, "1002", "digest", {"is not the SM3 of the bytes of data", "与 data 字节的 SM3 摘要不符"});
  }
  in.message_id = values[0];
  in.source_system = values[1];
  in.stage = *stage;
  in.digest = values[3];
  in.data = values[4];
  in.digest_bytes = digest_array(digest);
  return true;
}

bool CaseService::read_row(Submission& in, Verdict& out) {
  const auto parsed = wire::parse_json_into(row_, in.data, {});
  if (!parsed) return refuse(out, "1003", "data", json_reason(parsed.error()));
  in.row = row_.root();
  if (in.row.kind() != wire::NodeKind::object) return refuse(out, "1003", "data", {"must hold a JSON object", "必须是 JSON 对象"});
  out.line.project_no = text_of(in.row, "project_no").substr(0, 200);
  out.errors = check_row(in.stage, in.row);
  if (!out.errors.empty()) {
    out.code = "1003";
    return false;
  }
  if (in.stage == Stage::accept) {
    NumberFaults faults = check_numbers(in.row);
    out.code = !faults.item.empty() ? "1004" : !faults.other.empty() ? "1003" : "";
    out.errors = std::move(faults.item);
    for (Reason& other : faults.other) out.errors.push_back(std::move(other));
    if (!out.code.empty()) return false;
  }
  in.at = read_time(text_of(in.row, time_field(in.stage))).value_or(0);
  in.case_key = case_key(in.source_system, out.line.project_no);
  return true;
}

/// A known id. Sets the code when that alone decides; leaves it empty when the life cycle is to be judged.
bool CaseService::judge_repeat(const Submission& in, Verdict& out) {
  const auto found = messages_.find(std::string(in.message_id));
  if (found == messages_.end()) {
    if (messages_.size() < messages_max_) return true;
    return refuse(out, "2001", "messageId", {"the sandbox keeps no more messages", "沙箱可保存的消息数已满"});
  }
  if (found->second.digest != in.digest_bytes) {
    return refuse(out, "1006", "messageId", {"was taken with another digest", "已用于摘要不同的消息"});
  }
  if (character_ != Character::dedup) {
    // This service does not know ids: the repeat does its work once more, whatever the life cycle.
    take(in, out);
    return true;
  }
  out.code = "0";
  out.line.kind = "taken";
  out.line.duplicate = true;
  out.line.receipt_no = receipt_text(found->second.receipt);
  out.received_ms = found->second.received_ms;
  ++counters_.duplicates;
  return true;
}

bool CaseService::judge_life_cycle(const Submission& in, Verdict& out) const {
  const auto found = cases_.find(in.case_key);
  const bool accepted = found != cases_.end() && found->second.accepted;
  if (in.stage == Stage::accept) {
    if (!accepted) return true;
    return refuse(out, "1007", "stage", {"the case was accepted before", "该办件已受理"});
  }
  if (!accepted) return refuse(out, "1005", "stage", {"the acceptance of this case is not here yet", "尚未收到该办件的受理信息"});
  if (found->second.finished) return refuse(out, "1007", "stage", {"the case has its result already", "该办件已有办结信息"});
  if (in.at < found->second.accepted_at) {
    return refuse(out, "1007", std::string(time_field(in.stage)), {"lies before the acceptance", "早于受理时间"});
  }
  return true;
}

void CaseService::take(const Submission& in, Verdict& out) {
  const std::uint64_t receipt = ++receipts_;
  out.code = "0";
  out.line.kind = "taken";
  out.line.receipt_no = receipt_text(receipt);
  out.line.data = in.data;
  Message& message = messages_[std::string(in.message_id)];
  if (message.effects == 0) {
    message = {in.digest_bytes, receipt, out.received_ms, 0};
    ++counters_.taken;
  }
  if (++message.effects == 2) ++counters_.doubled;
  ++counters_.effects;
  Case& one = cases_[in.case_key];
  if (in.stage == Stage::accept && !one.accepted) one = {in.at, true, one.finished};
  if (in.stage == Stage::result) one.finished = true;
}

void CaseService::remember(const LedgerLine& line) {
  if (line.kind == "refused") count_refusal(line.code);
  if (line.kind != "taken") return;
  if (line.duplicate) {
    ++counters_.duplicates;
    return;
  }
  std::uint64_t receipt = receipts_ + 1;
  const auto dash = line.receipt_no.rfind('-');
  if (dash != std::string::npos) {
    if (const auto number = read_number(std::string_view(line.receipt_no).substr(dash + 1))) receipt = static_cast<std::uint64_t>(*number);
  }
  receipts_ = std::max(receipts_, receipt);
  Message& message = messages_[line.message_id];
  if (message.effects == 0) {
    const auto raw = from_hex(line.digest);
    message = {raw ? digest_array(*raw) : std::array<char, 32>{}, receipt, line.time_ms, 0};
    ++counters_.taken;
  }
  if (++message.effects == 2) ++counters_.doubled;
  ++counters_.effects;
  Case& one = cases_[case_key(line.source_system, line.project_no)];
  if (line.stage == "result") one.finished = true;
  if (line.stage != "accept" || one.accepted) return;
  one.accepted = true;
  if (const auto row = wire::parse_json(line.data)) {
    one.accepted_at = read_time(text_of(row->root(), "accept_date")).value_or(0);
  }
}

std::optional<CaseService::Known> CaseService::find(std::string_view message_id) const {
  const auto found = messages_.find(std::string(message_id));
  if (found == messages_.end()) return std::nullopt;
  const Message& message = found->second;
  return Known{receipt_text(message.receipt), to_hex({message.digest.data(), message.digest.size()}), message.received_ms};
}

const std::vector<DayLine>& CaseService::of_day(std::int64_t day) {
  if (day == day_ && counters_.taken == day_taken_) return day_lines_;
  day_ = day;
  day_taken_ = counters_.taken;
  day_lines_.clear();
  for (const auto& [id, message] : messages_) {
    if (beijing_day(message.received_ms) == day) day_lines_.push_back({id, &message.digest});
  }
  std::sort(day_lines_.begin(), day_lines_.end(), [](const DayLine& a, const DayLine& b) { return a.message_id < b.message_id; });
  return day_lines_;
}

namespace {

std::string_view code_text(std::string_view code) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kTexts{
      {{"0", "成功"}, {"1001", "报文外层有误"}, {"1002", "摘要与数据不符"}, {"1003", "数据行有误"}, {"1004", "事项编码有误"},
       {"1005", "前置环节尚未到达"}, {"1006", "该消息标识已用于不同内容"}, {"1007", "该环节已不可办理"}, {"2001", "系统繁忙，未受理"},
       {"9999", "内部错误，处理结果未知"}}};
  for (const auto& [known, text] : kTexts) {
    if (known == code) return text;
  }
  return "";
}

void put_errors(wire::JsonWriter& json, const std::vector<Reason>& errors) {
  json.key("errors");
  json.begin_array();
  for (const Reason& error : errors) {
    json.begin_object();
    json.member("field", error.field);
    json.key("reason");
    json.begin_object();
    json.member("en", error.reason.en);
    json.member("zh", error.reason.zh);
    json.end_object();
    json.end_object();
  }
  json.end_array();
}

} // namespace

std::string submit_answer(const Verdict& verdict, bool durable) {
  const std::string_view code = durable ? std::string_view(verdict.code) : "9999";
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.member("code", code);
  json.member("message", code_text(code));
  json.key("data");
  json.begin_object();
  if (!verdict.line.message_id.empty()) json.member("messageId", verdict.line.message_id);
  if (code == "0") {
    json.member("receiptNo", verdict.line.receipt_no);
    json.member("receivedAt", beijing_time(verdict.received_ms));
    json.member("digest", verdict.line.digest);
    json.key("duplicate");
    json.boolean(verdict.line.duplicate);
  } else if (durable) {
    put_errors(json, verdict.errors);
  }
  json.end_object();
  json.end_object();
  return body;
}

std::string plain_answer(std::string_view code) {
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.member("code", code);
  json.member("message", code_text(code));
  json.end_object();
  return body;
}

} // namespace tongqu::sandbox
