#include <algorithm>
#include <filesystem>

#include "mapping/check/checks.hpp"
#include "mapping/place.hpp"

namespace tongqu::mapping::detail {
namespace {

/// Whether a test can ask for this: a field, or a part of one (`applicant.id_type.name`); members of the record that are no fields are not judged.
bool is_canonical(model::EntityId entity, const std::string& path) {
  static constexpr std::string_view kHeads[] = {"record", "kind", "identity", "envelope", "meta", "ext", "unknown", "reason", "replaces", "deleted_version"};
  const std::string head = path.substr(0, path.find('.'));
  if (std::find(std::begin(kHeads), std::end(kHeads), head) != std::end(kHeads)) return true;
  Place place;
  for (std::string left = path; !left.empty(); left.resize(left.find('.') == std::string::npos ? 0 : left.rfind('.'))) {
    if (!find_place(entity, left, place)) continue;
    const model::FieldKind kind = place.kind();
    return left == path || (kind != model::FieldKind::record && kind != model::FieldKind::record_list);
  }
  return false;
}

class Tests {
public:
  Tests(const std::string& file, const std::string& folder, std::optional<model::EntityId> entity, Report& report) : file_(file), folder_(folder), entity_(entity), report_(report) {}
  void check(const YamlNode& root) {
    const YamlNode* tests = root.find("tests");
    for (std::size_t i = 0; tests != nullptr && i < tests->items.size(); ++i) test(tests->items[i]);
  }

private:
  void test(const YamlNode& node) {
    const YamlNode* in = node.find("in");
    std::error_code ignored;
    if (in != nullptr && in->is_scalar() && !std::filesystem::is_regular_file(folder_ + "/" + in->text, ignored)) {
      report_.add(file_, *in, {Errc::mapping_file_missing, Severity::error, "tests.in: " + in->text, {}, {}});
    }
    if (const YamlNode* out = node.find("out"); out != nullptr) {
      for (const auto& [key, value] : out->members) name(key, "tests.out");
    }
    if (const YamlNode* absent = node.find("absent"); absent != nullptr) {
      for (const YamlNode& item : absent->items) name(item, "tests.absent");
    }
  }
  void name(const YamlNode& at, const std::string& subject) {
    const std::string path = without_indexes(at.text);
    if (!entity_ || !at.is_scalar() || is_canonical(*entity_, path)) return;
    const std::string near = nearest_field(*entity_, path);
    report_.add(file_, at, {Errc::mapping_unknown_target_field, Severity::error, subject + ": " + at.text, {}, near.empty() ? Bilingual() : Bilingual{"did you mean " + near + "?", "是否为 " + near + "？"}});
  }

  const std::string& file_;
  const std::string& folder_;
  std::optional<model::EntityId> entity_;
  Report& report_;
};

} // namespace

void check_tests(const PackOutline& pack, Report& report) {
  const bool overlay = pack.root.find("extends") != nullptr;
  static const std::string kPack = "pack.yaml";
  // The tests of a base are run, and judged, with the base.
  if (overlay) {
    const auto entity = pack.mappings.size() == 1 ? pack.mappings.front()->entity : std::nullopt;
    Tests(kPack, pack.folder, entity, report).check(pack.root);
    return;
  }
  for (const auto& document : pack.mappings) {
    if (document->root.is_mapping()) Tests(document->file, pack.folder, document->entity, report).check(document->root);
  }
}

} // namespace tongqu::mapping::detail
