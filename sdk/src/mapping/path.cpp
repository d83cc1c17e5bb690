#include "mapping/path.hpp"

#include <algorithm>
#include <charconv>

namespace tongqu::mapping::detail {
namespace {

constexpr std::size_t kStepsMax = 32;

bool is_name(std::string_view name) {
  if (name.empty()) return false;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) <= ' ' || std::string_view("/|[]@:\"'(),=!").find(c) != std::string_view::npos) return false;
  }
  return true;
}

bool parse_step(std::string_view text, PathSyntax syntax, PathStep& step) {
  if (!text.empty() && text.front() == '@') {
    step.attribute = true;
    text.remove_prefix(1);
  }
  if (const auto open = text.find('['); open != std::string_view::npos) {
    if (text.back() != ']' || step.attribute) return false;
    const std::string_view digits = text.substr(open + 1, text.size() - open - 2);
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size() || number > 10000) return false;
    if (syntax == PathSyntax::slashes && number == 0) return false;
    step.ordinal = static_cast<std::uint16_t>(syntax == PathSyntax::slashes ? number : number + 1);
    text = text.substr(0, open);
  }
  step.name = text;
  return is_name(text);
}

bool parse_steps(std::string_view text, PathSyntax syntax, std::vector<PathStep>& steps) {
  const char separator = syntax == PathSyntax::slashes ? '/' : '.';
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t end = std::min(text.find(separator, start), text.size());
    PathStep step;
    if (!parse_step(text.substr(start, end - start), syntax, step)) return false;
    if (!steps.empty() && steps.back().attribute) return false;
    steps.push_back(std::move(step));
    start = end + 1;
  }
  return steps.size() <= kStepsMax;
}

bool parse_one(std::string_view text, PathSyntax syntax, Path& path) {
  const auto takes = [&text](std::string_view prefix) {
    if (text.substr(0, prefix.size()) != prefix) return false;
    text.remove_prefix(prefix.size());
    return true;
  };
  const bool is_meta = takes("meta:");
  if (is_meta || takes("param:")) {
    path.origin = is_meta ? Origin::meta : Origin::param;
    path.steps.push_back({std::string(text), false, 0});
    return !text.empty() && text.find_first_of(" |/@") == std::string_view::npos;
  }
  if (takes("outer:")) path.origin = Origin::outer;
  else if (takes("group:")) path.origin = Origin::group;
  else if (takes("/")) path.origin = Origin::root;
  if (text == ".") return path.origin != Origin::root;
  return parse_steps(text, syntax, path.steps);
}

} // namespace

bool parse_path(std::string_view text, PathSyntax syntax, std::vector<Path>& out, std::string& problem) {
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t end = std::min(text.find('|', start), text.size());
    Path path;
    const std::string_view piece = text.substr(start, end - start);
    if (!parse_one(piece, syntax, path)) {
      problem = piece;
      return false;
    }
    out.push_back(std::move(path));
    start = end + 1;
  }
  return true;
}

} // namespace tongqu::mapping::detail
