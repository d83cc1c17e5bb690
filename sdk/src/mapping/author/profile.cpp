#include <algorithm>
#include <set>

#include "mapping/author/characters.hpp"
#include "mapping/author/provenance.hpp"
#include "mapping/author/source_shape.hpp"
#include "mapping/source_mapping.hpp"
#include "mapping/observer.hpp"
#include "tongqu/mapping/author.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::mapping::author {
namespace {

constexpr std::size_t kPathsMax = 5000;

/// Counts what stands at each path of the documents, and learns which paths hold codes that are nobody's secret.
class ProfileTaker final : public detail::RunObserver {
public:
  void stage(std::size_t, const detail::Flow& flow, const detail::StageResult& result) override {
    last_ = &result;
    part_ = flow.part;
  }
  void record(const std::vector<detail::Frame>&, const std::vector<std::string>& parts) override {
    if (last_ == nullptr) return;
    for (std::size_t i = 0; i < last_->starts.size(); ++i) {
      const auto& start = last_->starts[i];
      if (start.document == nullptr || !counted_.insert({start.document, start.node}).second) continue;
      count({start.document, start.node}, i < parts.size() ? parts[i] : part_);
    }
  }
  void rule(const detail::RuleInput& input) override {
    // A code table is a list of words that the pack's author wrote down; everything else may be about a person.
    if (input.document == nullptr || input.node == wire::TapeEntry::kNone) return;
    const std::string name = name_of({input.document, input.node});
    if (is_personal(input.rule.place)) {
      personal_.insert(name);
    } else if (input.rule.table && told_.emplace(name, input.rule.table.get()).second) {
      std::set<std::string>& codes = codes_[name];
      for (const auto& row : input.rule.table->rows()) codes.insert(row.code);
    }
  }
  void message_ends() {
    counted_.clear();
    last_ = nullptr;
  }
  void into(Profile& profile) const;

private:
  static std::string name_of(const wire::Node& leaf) {
    std::string path;
    for (wire::Node at = leaf; at; at = at.parent()) {
      if (!at.name().empty()) path = "/" + std::string(at.kind() == wire::NodeKind::attribute ? "@" : "") + std::string(at.name()) + path;
    }
    return path;
  }
  void count(const wire::Node& node, const std::string& part);
  void leaf(const wire::Node& node, const std::string& part);

  const detail::StageResult* last_ = nullptr;
  std::string part_;
  std::set<std::pair<const wire::Document*, std::uint32_t>> counted_;
  std::map<std::string, std::set<std::string>> codes_;   ///< By path: what the tables say that may stand there.
  std::set<std::pair<std::string, const detail::CodeTable*>> told_;   ///< Whose rows stand in `codes_` already.
  std::set<std::string> personal_;
  std::map<std::pair<std::string, std::string>, SeenField> seen_;
};

void ProfileTaker::leaf(const wire::Node& node, const std::string& part) {
  constexpr std::size_t kDocumentBytes = 400;
  const std::string_view text = node.raw_text();
  // The text that carries the next document is that document's business.
  if (text.size() > kDocumentBytes && (trimmed(text).substr(0, 1) == "<" || trimmed(text).substr(0, 1) == "{")) return;
  const std::pair<std::string, std::string> key{part, name_of(node)};
  if (seen_.size() >= kPathsMax && seen_.count(key) == 0) return;
  seen_[key].take(text);
}

void ProfileTaker::count(const wire::Node& node, const std::string& part) {
  for (wire::Node attribute = node.first_attribute(); attribute; attribute = attribute.next()) leaf(attribute, part);
  if (!node.has_children()) {
    if (node.kind() != wire::NodeKind::object && node.kind() != wire::NodeKind::array) leaf(node, part);
    return;
  }
  for (wire::Node child = node.first_child(); child; child = child.next()) count(child, part);
}

void ProfileTaker::into(Profile& profile) const {
  for (const auto& [key, field] : seen_) {
    ProfiledPath path;
    path.path = key.first + " " + key.second;
    path.count = field.count;
    path.filled = field.filled;
    path.length_max = field.length_max;
    path.shapes = field.shapes;
    for (const auto& [text, times] : field.placeholders) path.placeholders[text] = times;
    const auto codes = codes_.find(key.second);
    for (const auto& [value, times] : field.values) {
      if (codes != codes_.end() && personal_.count(key.second) == 0 && codes->second.count(value) != 0) path.codes[value] = times;
    }
    profile.paths.push_back(std::move(path));
  }
}

void counts(wire::JsonWriter& w, std::string_view name, const std::map<std::string, std::size_t>& values) {
  if (values.empty()) return;
  w.key(name);
  w.begin_object();
  for (const auto& [value, times] : values) w.member(value, static_cast<std::int64_t>(times));
  w.end_object();
}

} // namespace

Result<Profile> take_profile(const Pack& pack, const Environment& environment, const std::vector<std::string>& files, const Deliver& deliver, const Progress& progress) {
  Profile profile;
  profile.pack = pack.info().name();
  ProfileTaker taker;
  Workspace workspace;
  workspace.state().observer = &taker;
  for (std::size_t i = 0; i < files.size(); ++i) {
    TONGQU_TRY(const wire::Delivery delivery, deliver(files[i]));
    const auto mapped = pack.run_delivery(delivery, environment, workspace);
    taker.message_ends();
    ++profile.messages;
    if (!mapped) ++profile.refused[std::string(mapped.error().id())];
    if (progress) progress(i + 1, files.size());
  }
  taker.into(profile);
  return profile;
}

std::string profile_json(const Profile& profile) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("pack", profile.pack);
  w.member("messages", static_cast<std::int64_t>(profile.messages));
  counts(w, "refused", profile.refused);
  w.key("paths");
  w.begin_array();
  for (const ProfiledPath& path : profile.paths) {
    w.begin_object();
    w.member("path", path.path);
    w.member("count", static_cast<std::int64_t>(path.count));
    w.member("filled", static_cast<std::int64_t>(path.filled));
    w.member("length_max", static_cast<std::int64_t>(path.length_max));
    counts(w, "shapes", path.shapes);
    counts(w, "placeholders", path.placeholders);
    counts(w, "codes", path.codes);
    w.end_object();
  }
  w.end_array();
  w.end_object();
  return out;
}

} // namespace tongqu::mapping::author
