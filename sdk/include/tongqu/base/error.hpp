#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tongqu/base/errc.hpp"

namespace tongqu {

/// Why something could not be done. Carries no personal data: `detail` holds names of elements, limits and expectations, never
/// values of a message and never the text of a third party's exception.
class [[nodiscard]] Error {
public:
  explicit Error(Errc code) : code_(code) {}

  Errc code() const noexcept { return code_; }
  std::string_view id() const noexcept { return errc_row(code_).id; }
  Action action() const noexcept { return errc_row(code_).action; }

  /// Position: "line:column", an XPath, a JSON Pointer, a file, or a key path; empty when there is none.
  const std::string& where() const noexcept { return where_; }

  /// What exactly, in the words of the program (an element's name, a limit); may be empty.
  const std::string& detail() const noexcept { return detail_; }

  /// The error below this one, or null.
  const Error* cause() const noexcept { return cause_.get(); }

  /// One sentence for people, with the detail but without the position.
  std::string message(Lang lang = Lang::en) const;

  Error&& at(std::string where) && { where_ = std::move(where); return std::move(*this); }
  Error&& with(std::string detail) && { detail_ = std::move(detail); return std::move(*this); }
  Error&& because(Error cause) && { cause_ = std::make_shared<const Error>(std::move(cause)); return std::move(*this); }

private:
  Errc code_;
  std::string where_;
  std::string detail_;
  std::shared_ptr<const Error> cause_;
};

/// "id at where: message" in one line, causes appended; for logs and terminals.
std::string describe(const Error& error, Lang lang = Lang::en);

} // namespace tongqu
