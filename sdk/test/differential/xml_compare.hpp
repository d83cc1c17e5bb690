#pragma once
#include <string>

#include "tongqu/wire/xml.hpp"

namespace tongqu::test {

/// Reads the same bytes with Expat and with the scanner. Keeps both readers and both documents between inputs, as a bridge does.
class XmlComparison {
public:
  /// @return  What differs (verdict, error, place, or an entry of the tape); empty when nothing does.
  std::string difference(Bytes bytes, const wire::XmlOptions& options);
  std::size_t accepted() const noexcept { return accepted_; }
  std::size_t refused() const noexcept { return refused_; }

private:
  wire::XmlReader expat_;
  wire::XmlReader scanner_;
  wire::Document expected_;
  wire::Document found_;
  std::size_t accepted_ = 0;
  std::size_t refused_ = 0;
};

/// The bytes as a C++ string literal, for a report.
std::string printable(Bytes bytes);

} // namespace tongqu::test
