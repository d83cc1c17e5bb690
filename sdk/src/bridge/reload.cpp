#include "bridge/reload.hpp"

#include <algorithm>
#include <tuple>

namespace tongqu::bridge::detail {
namespace {

bool same(const SecretRef& a, const SecretRef& b) { return a.from == b.from && a.name == b.name; }

bool same(const Limits& a, const Limits& b) {
  const auto all = [](const Limits& l) {
    return std::tie(l.message_bytes_max, l.depth_max, l.attributes_max, l.name_bytes_max, l.children_max, l.nodes_max, l.text_bytes_max, l.layers_max);
  };
  return all(a) == all(b);
}

/// All of a listener but its pack and the bound on records, which intake reads for each delivery.
bool same_socket(const ListenSettings& a, const ListenSettings& b) {
  const auto all = [](const ListenSettings& l) { return std::tie(l.name, l.family, l.address, l.path, l.public_url, l.port, l.hosts, l.settings, l.attachments, l.attachment_bytes_max); };
  return all(a) == all(b) && same(a.token, b.token) && same(a.limits, b.limits);
}

bool same_store(const JournalSettings& before, const JournalSettings& after) {
  if (before.postgres.has_value() != after.postgres.has_value()) return false;
  return !before.postgres || (before.postgres->schema == after.postgres->schema && same(before.postgres->connection, after.postgres->connection));
}

bool same(const std::vector<JournalSettings::EarlierKey>& a, const std::vector<JournalSettings::EarlierKey>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return x.key_id == y.key_id && same(x.seal_key, y.seal_key); });
}

/// The store is opened once, with all of these.
std::optional<std::string> first_fixed_change(const JournalSettings& before, const JournalSettings& after) {
  if (before.path != after.path) return "path";
  if (!same_store(before, after)) return "postgres";
  if (!same(before.seal_key, after.seal_key)) return "seal_key";
  if (before.key_id != after.key_id) return "key_id";
  if (!same(before.earlier_keys, after.earlier_keys)) return "earlier_keys";
  if (before.queue_max != after.queue_max) return "queue_max";
  if (before.backlog_max != after.backlog_max) return "backlog_max";
  if (before.low_water_mb != after.low_water_mb) return "low_water_mb";
  if (before.waiting_limit != after.waiting_limit) return "waiting_limit_h";
  if (before.crash_guard != after.crash_guard) return "crash_guard";
  if (before.ballast_mb != after.ballast_mb) return "ballast_mb";
  if (before.attachments_unnamed != after.attachments_unnamed) return "attachments_unnamed_h";
  return std::nullopt;
}

} // namespace

std::optional<std::string> first_fixed_change(const Config& before, const Config& after) {
  if (auto key = first_fixed_change(before.journal, after.journal)) return "journal." + *key;
  const auto& a = before.audit;
  const auto& b = after.audit;
  if (!same(a.key, b.key)) return "audit.key";
  if (!same(a.sign_key, b.sign_key)) return "audit.sign_key";
  if (a.head_file != b.head_file) return "audit.head_file";
  // The store asks no sooner than this about what a dead worker may have sent.
  if (before.delivery.query_after != after.delivery.query_after) return "delivery.query_after_ms";
  if (before.listen.size() != after.listen.size()) return "listen";
  for (std::size_t i = 0; i < before.listen.size(); ++i) {
    if (!same_socket(before.listen[i], after.listen[i])) return "listen[" + std::to_string(i) + "]";
  }
  if (before.health_address != after.health_address) return "health.listen";
  if (before.control_socket != after.control_socket) return "control.socket";
  if (before.workers != after.workers) return "workers";
  return std::nullopt;
}

} // namespace tongqu::bridge::detail
