#include "tongqu/bridge/reconcile.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "tongqu/base/bytes.hpp"
#include "tongqu/bridge/bridge.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/journal/scan.hpp"
#include "tongqu/model/values.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::bridge {

using platform::DayEntry;
using platform::DayOutcome;
using platform::DayPart;

void DayBook::add(std::string_view message_id, std::string_view digest_hex, std::int64_t delivery) {
  const auto raw = from_hex(digest_hex);
  if (!raw || raw->size() != sizeof Row::digest || message_id.size() > 255) return;
  Row row;
  row.id_at = ids_.size();
  row.id_size = static_cast<std::uint8_t>(message_id.size());
  row.delivery = delivery;
  raw->copy(row.digest, raw->size());
  ids_ += message_id;
  rows_.push_back(row);
}

void DayBook::sort() {
  const auto key = [this](const Row& row) { return std::pair(id_of(row), std::string_view(row.digest, sizeof row.digest)); };
  std::sort(rows_.begin(), rows_.end(), [&key](const Row& a, const Row& b) { return key(a) < key(b); });
  rows_.erase(std::unique(rows_.begin(), rows_.end(), [&key](const Row& a, const Row& b) { return key(a) == key(b); }), rows_.end());
}

DayBook::Line DayBook::at(std::size_t i) const {
  const Row& row = rows_[i];
  return {id_of(row), to_hex({row.digest, sizeof row.digest}), row.delivery};
}

DayBook::Range DayBook::below(std::string_view prefix) const {
  const auto first = std::partition_point(rows_.begin(), rows_.end(), [&](const Row& row) { return id_of(row) < prefix; });
  const auto last = std::partition_point(first, rows_.end(), [&](const Row& row) { return id_of(row).substr(0, prefix.size()) == prefix; });
  return {static_cast<std::size_t>(first - rows_.begin()), static_cast<std::size_t>(last - rows_.begin())};
}

std::string DayBook::digest(Range range) const {
  crypto::Hasher hasher(crypto::Hasher::Algorithm::sm3);
  std::string line;
  for (std::size_t i = range.first; i < range.last; ++i) {
    const Row& row = rows_[i];
    line.assign(id_of(row)).append(1, ' ').append(to_hex({row.digest, sizeof row.digest})).append(1, '\n');
    hasher.update(line);
  }
  return to_hex(hasher.finish());
}

namespace {

class Comparer {
public:
  Comparer(const DayBook& ours, const std::function<Result<DayOutcome>(const std::string&)>& ask, std::size_t most) : ours_(ours), ask_(ask), most_(most) {}

  Result<DayComparison> run() {
    out_.ours = ours_.size();
    TONGQU_CHECK(below(""));
    std::sort(out_.differences.begin(), out_.differences.end(), [](const auto& a, const auto& b) { return a.message_id < b.message_id; });
    return std::move(out_);
  }

private:
  Result<void> below(const std::string& prefix) {
    ++out_.requests;
    TONGQU_TRY(const DayOutcome theirs, ask_(prefix));
    if (prefix.empty()) out_.theirs = theirs.count;
    const DayBook::Range range = ours_.below(prefix);
    if (theirs.count == range.count() && theirs.digest == ours_.digest(range)) return {};
    if (theirs.count == 0) return all_missing(range), Result<void>();
    if (theirs.parts.empty()) return entries(range, theirs.entries), Result<void>();
    return parts(prefix, range, theirs);
  }

  /// What stands below the parts, and what stands below none of them.
  Result<void> parts(const std::string& prefix, DayBook::Range range, const DayOutcome& theirs) {
    // An id that is the prefix itself is listed beside the parts.
    const DayBook::Range exact{range.first, range.first + (range.count() > 0 && ours_.at(range.first).message_id == prefix ? 1U : 0U)};
    entries(exact, theirs.entries);
    std::size_t covered = exact.last;
    for (const DayPart& part : theirs.parts) {
      const DayBook::Range own = ours_.below(part.prefix);
      all_missing({covered, std::max(covered, own.first)});
      covered = std::max(covered, own.last);
      if (own.count() == part.count && ours_.digest(own) == part.digest) continue;
      if (!out_.complete) return {};
      TONGQU_CHECK(below(part.prefix));
    }
    all_missing({covered, std::max(covered, range.last)});
    return {};
  }

  void all_missing(DayBook::Range range) {
    for (std::size_t i = range.first; i < range.last && note(DayDifference::Kind::missing, ours_.at(i).message_id, ours_.at(i).delivery); ++i) {
    }
  }

  void entries(DayBook::Range range, const std::vector<DayEntry>& theirs) {
    std::map<std::string_view, std::string_view> listed;
    for (const DayEntry& one : theirs) listed.emplace(one.message_id, one.digest);
    std::set<std::string_view> seen;
    for (std::size_t i = range.first; i < range.last; ++i) {
      const DayBook::Line line = ours_.at(i);
      const auto at = listed.find(line.message_id);
      if (at == listed.end()) note(DayDifference::Kind::missing, line.message_id, line.delivery);
      else if (at->second != line.digest) note(DayDifference::Kind::different, line.message_id, line.delivery);
      seen.insert(line.message_id);
    }
    for (const auto& [id, digest] : listed) {
      if (seen.count(id) == 0) note(DayDifference::Kind::unknown, id, 0);
    }
  }

  bool note(DayDifference::Kind kind, std::string_view id, std::int64_t delivery) {
    if (out_.differences.size() >= most_) return out_.complete = false;
    out_.differences.push_back({kind, std::string(id), delivery});
    return true;
  }

  const DayBook& ours_;
  const std::function<Result<DayOutcome>(const std::string&)>& ask_;
  const std::size_t most_;
  DayComparison out_;
};

std::string_view text_of(const wire::Node& object, std::string_view member) {
  const wire::Node node = object ? object.child(member) : wire::Node();
  return node ? node.raw_text() : std::string_view();
}

std::uint64_t count_of(const wire::Node& object) {
  std::uint64_t n = 0;
  const std::string_view text = text_of(object, "count");
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

} // namespace

Result<DayComparison> compare_day(const DayBook& ours, const std::function<Result<DayOutcome>(const std::string& prefix)>& ask, std::size_t differences_max) {
  return Comparer(ours, ask, differences_max).run();
}

Result<DayBook> read_day_book(const journal::JournalOptions& store, const std::string& target, const std::string& day,
                              std::vector<platform::ReceiptFacts> (*read_receipts)(std::string_view)) {
  if (read_receipts == nullptr) return Error(Errc::platform_digest_not_offered).at(target);
  const auto date = model::Time::parse(day);
  if (!date || date->precision != model::Time::Precision::day) return Error(Errc::base_usage).at("day").with("yyyy-MM-dd");
  journal::ScanFilter filter;
  filter.target = target;
  filter.states = {journal::DeliveryState::delivered};
  // A receipt cannot have come to us before it was written; a day before covers every zone and clock.
  filter.changed_since = date->utc() - std::chrono::hours(48);
  filter.with_receipts = true;
  DayBook book;
  std::optional<Error> broken;
  TONGQU_CHECK(journal::scan_deliveries(store, filter, [&](const journal::ScannedDelivery& one) {
    if (!one.problem.empty()) {
      broken = Error(errc_from_id(one.problem).value_or(Errc::journal_corrupt)).at("delivery " + std::to_string(one.view.delivery));
      return false;
    }
    for (const auto& receipt : read_receipts(one.receipt)) {
      if (receipt.day == day) book.add(receipt.message_id, receipt.digest, one.view.delivery);
    }
    return true;
  }));
  if (broken) return *std::move(broken);
  book.sort();
  return book;
}

Result<DayOutcome> ask_running_bridge(const std::string& socket_path, const std::string& target, const std::string& day, const std::string& prefix) {
  std::string request;
  wire::JsonWriter w(request);
  w.begin_object();
  w.member("cmd", "platform_day");
  w.member("target", target);
  w.member("day", day);
  w.member("prefix", prefix);
  w.end_object();
  TONGQU_TRY(const std::string answer, control_request(socket_path, request));
  const auto document = wire::parse_json(answer);
  if (!document || document->root().kind() != wire::NodeKind::object) return Error(Errc::bridge_control_request);
  const wire::Node root = document->root();
  if (text_of(root, "ok") != "true") {
    const wire::Node error = root.child("error");
    return Error(errc_from_id(text_of(error, "id")).value_or(Errc::base_internal)).at(std::string(text_of(error, "where")));
  }
  DayOutcome out;
  out.state = platform::QueryState::found;
  out.count = count_of(root);
  out.digest = text_of(root, "digest");
  if (const wire::Node parts = root.child("parts")) {
    for (wire::Node one = parts.first_child(); one; one = one.next()) out.parts.push_back({std::string(text_of(one, "prefix")), count_of(one), std::string(text_of(one, "digest"))});
  }
  if (const wire::Node entries = root.child("entries")) {
    for (wire::Node one = entries.first_child(); one; one = one.next()) out.entries.push_back({std::string(text_of(one, "message_id")), std::string(text_of(one, "digest"))});
  }
  return out;
}

} // namespace tongqu::bridge
