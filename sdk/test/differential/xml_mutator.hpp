#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/wire/xml.hpp"

namespace tongqu::test {

/// The same sequence from the same seed on every machine.
class Dice {
public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() noexcept;
  /// Below `bound`, which is not 0.
  std::size_t below(std::size_t bound) noexcept { return static_cast<std::size_t>(next() % bound); }
  bool once_in(std::size_t count) noexcept { return below(count) == 0; }

private:
  std::uint64_t state_;
};

/// One input for both readers.
struct XmlInput {
  std::string bytes;
  wire::XmlOptions options;
};

/// Makes inputs, most of them nearly well formed: whole documents from pieces of markup, and changed copies of given documents.
class XmlMutator {
public:
  /// @param documents  To be changed, beside those built in.
  explicit XmlMutator(std::uint64_t seed, std::vector<std::string> documents = {});
  /// The next input; valid until the call after.
  const XmlInput& next();

private:
  void compose();
  void compose_element(std::size_t depth);
  void compose_attributes();
  void change();
  void change_once();
  void splice();
  void encode_anew();
  void choose_options();
  std::string_view one_of(const std::vector<std::string_view>& list) { return list[dice_.below(list.size())]; }

  Dice dice_;
  std::vector<std::string> documents_;
  wire::NameSet names_;
  XmlInput input_;
};

} // namespace tongqu::test
