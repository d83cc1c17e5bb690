#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/wire/document.hpp"

namespace tongqu::wire {

/// One named part of what a legacy system handed over.
struct Part {
  std::string name;                                ///< "body", a MIME content id, a form field, a file.
  std::string content_type;
  std::string bytes;                               ///< As received.
  std::shared_ptr<const Document> document{};      ///< The gated document over `bytes` when the connector already read it, else null.
  std::string sm3{};                               ///< Set when the bytes are in the store of attachments instead of here: their digest, 32 bytes.
  std::uint64_t stored_bytes = 0;                  ///< How many they are then.
};

/// What a connector takes in at once: parts and transport facts.
struct Delivery {
  std::vector<Part> parts;                         ///< The first is the body.
  /// Facts by name: family, operation, path, content_type, charset, peer, received_at, soap_version, file_name, header.<lower-case name>.
  std::map<std::string, std::string, std::less<>> facts;

  std::string_view fact(std::string_view name) const {
    const auto at = facts.find(name);
    return at == facts.end() ? std::string_view() : std::string_view(at->second);
  }
};

} // namespace tongqu::wire
