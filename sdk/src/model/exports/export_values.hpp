#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/model/values.hpp"

/// Values of the model in the forms of others.
namespace tongqu::model::detail {

/// A scheme and a colon, then characters that may stand in an IRI.
bool is_absolute_uri(std::string_view text);
/// An http or https address.
bool is_web_address(std::string_view text);
/// Everything but letters, digits and "-._~" as %XX.
void append_percent_encoded(std::string& out, std::string_view text);
/// Digits with the usual signs between them.
bool is_phone(std::string_view text);

struct Duration {
  std::string text;    ///< ISO 8601 and xsd:duration: no weeks, no decimals outside seconds.
  bool bound = false;  ///< An upper bound for working days.
};
/// Nothing when the quantity has no unit, is negative or has no exact duration (half a month).
std::optional<Duration> duration_of(const Quantity& quantity);

/// The amount in "50", "50元", "50.5 元/件": decimal yuan. Nothing for a tariff in words or with several amounts.
std::optional<std::string> amount_of(std::string_view tariff);

/// Days Monday 1 to Sunday 7 and times "09:00".
struct OpeningHours {
  int first_day = 0, last_day = 0;
  std::string opens, closes;
};
/// Opening hours in the usual words: 周一至周五 9:00-12:00，13:30-17:00. Nothing when any part of the text is not understood, and for
/// 工作日 (working days), which are no days of the week.
std::optional<std::vector<OpeningHours>> opening_hours_of(std::string_view text);

/// UUID of version 5 of a URL (RFC 9562, 5.5), as text.
std::string uuid_of_url(std::string_view url);

} // namespace tongqu::model::detail
