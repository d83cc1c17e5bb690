#pragma once
#include <string>
#include <utility>
#include <vector>

#include "tongqu/base/result.hpp"
#include "tongqu/mapping/author.hpp"
#include "tongqu/wire/yaml.hpp"

namespace tongqu::mapping::author {

/// A document of a pack as written.
struct PackDocument { std::string file; wire::YamlNode root; };

/// The documents of a pack: pack.yaml first, then its mappings. Read after the pack compiled, so they are well formed.
Result<std::vector<PackDocument>> read_documents(const std::string& folder);

/// Where a rule stands.
struct RuleSite {
  std::string name;                                ///< As the compiled rule calls itself: "applicant.name", "identity.case", "event".
  std::string path;                                ///< "rules.applicant.name"
  const wire::YamlNode* node = nullptr;
  std::uint32_t line = 0;
  bool list = false;                               ///< `each` with rules below.
};
bool is_rule_node(const wire::YamlNode& node);
/// Every rule of a mapping document, in order.
std::vector<RuleSite> rule_sites(const wire::YamlNode& mapping);

/// A copy of a pack that can be changed file by file: links to everything but what was replaced.
class PackCopy {
public:
  static Result<PackCopy> make(const std::string& folder);
  PackCopy(PackCopy&& other) noexcept : top_(std::exchange(other.top_, {})), folder_(std::move(other.folder_)), source_(std::move(other.source_)) {}
  PackCopy& operator=(PackCopy&&) = delete;
  ~PackCopy();
  const std::string& folder() const noexcept { return folder_; }
  Result<void> replace(const std::string& file, std::string_view text) const;
  Result<void> restore(const std::string& file) const;

private:
  PackCopy() = default;
  std::string top_, folder_, source_;
};

} // namespace tongqu::mapping::author
