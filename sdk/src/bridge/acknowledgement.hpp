#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/result.hpp"
#include "tongqu/connector/connector.hpp"
#include "tongqu/mapping/pack.hpp"

namespace tongqu::bridge::detail {

/// The acknowledgement as the journal keeps it: payload and the way it is wrapped, so that a retry years later hears the same bytes.
struct Acknowledgement {
  mapping::AnswerText text;
  bool held = false;
};
std::string store_acknowledgement(const mapping::AnswerText& text, bool held);
/// @errors bridge.stored_delivery.
Result<Acknowledgement> load_acknowledgement(std::string_view stored);

/// What is told when a pack has no answer of its own: id, state and time.
mapping::AnswerText default_acknowledgement(std::string_view family, const mapping::AnswerFacts& facts);

/// The same for a delivery of many records: one item for each, and all items in one answer.
std::string default_batch_item(std::string_view family, const mapping::AnswerFacts& facts);
mapping::AnswerText default_batch_answer(std::string_view family, const mapping::BatchAnswer::Counts& counts, const std::vector<std::string>& items);

/// The connector's form of a pack's answer.
connector::Answer to_answer(const mapping::AnswerText& text);

} // namespace tongqu::bridge::detail
