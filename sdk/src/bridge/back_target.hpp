#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/setup.hpp"
#include "tongqu/journal/journal.hpp"

/// What becomes of an event from above on its way to a system that is called.
namespace tongqu::bridge::detail {

/// A request to such a system: the target of the way back makes it and puts it into one text, the client of the call-back sends it.
struct CallBackMessage {
  bool own = false;                                ///< In the system's own form; else an event as it is stored, which goes with our id around it.
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string bytes;
};
std::string pack_call_back(const CallBackMessage& message);
std::optional<CallBackMessage> unpack_call_back(std::string_view text);

/// The target of the way back to the system of a pack, as `call_back.form` says: events as they are stored, or read by the platform's event
/// pack and written by the pack's own `reverse`.
/// @param about  What the store knows of a case, as a JSON object; empty when it knows none. From several threads.
using AboutCase = std::function<std::string(const std::string& system, const std::string& case_no)>;
TargetPtr make_back_target(const Setup& setup, const PackInForce& pack, AboutCase about);

/// Reads it from the first message of the case that has one: {"organisation","item","case","task_code","task_name"}.
std::string about_case(journal::Journal& journal, const std::string& system, const std::string& case_no);

} // namespace tongqu::bridge::detail
