#include "connectors/platforms/case_exchange/site.hpp"

#include "tongqu/platform/settings.hpp"

namespace tongqu::platform::case_exchange {
namespace {

constexpr std::size_t kAnswerBytesMax = std::size_t{256} * 1024;

} // namespace

Result<Guarantee> read_guarantee(const PlatformConfig& config) {
  TONGQU_TRY(const YesNo deduplicates, yes_no_setting(config, "deduplicates", YesNo::yes));
  TONGQU_TRY(const YesNo queryable, yes_no_setting(config, "queryable", YesNo::yes));
  return Guarantee{deduplicates == YesNo::yes, queryable == YesNo::yes};
}

net::PeerOptions peer_of(const PlatformConfig& config) {
  net::PeerOptions peer;
  peer.base_url = config.url;
  peer.pinned_host = config.pinned_host;
  peer.ca_file = config.ca_file;
  peer.connect_timeout = config.connect_timeout;
  peer.total_timeout = config.total_timeout;
  peer.answer_bytes_max = kAnswerBytesMax;
  peer.connections_max = config.connections_max;
  return peer;
}

QueryOutcome query_not_offered() {
  QueryOutcome outcome;
  outcome.state = QueryState::not_offered;
  return outcome;
}

QueryOutcome query_failed(Error error) {
  QueryOutcome outcome;
  outcome.state = QueryState::failed;
  outcome.error = std::move(error);
  return outcome;
}

} // namespace tongqu::platform::case_exchange
