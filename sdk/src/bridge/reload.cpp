#include "bridge/reload.hpp"

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
  const auto all = [](const ListenSettings& l) { return std::tie(l.name, l.family, l.address, l.path, l.public_url, l.port, l.hosts, l.settings); };
  return all(a) == all(b) && same(a.token, b.token) && same(a.limits, b.limits);
}

bool same_store(const JournalSettings& before, const JournalSettings& after) {
  if (before.postgres.has_value() != after.postgres.has_value()) return false;
  return !before.postgres || (before.postgres->schema == after.postgres->schema && same(before.postgres->connection, after.postgres->connection));
}

} // namespace

std::optional<std::string> first_fixed_change(const Config& before, const Config& after) {
  const auto& j = before.journal;
  const auto& k = after.journal;
  if (std::tie(j.path, j.key_id, j.queue_max) != std::tie(k.path, k.key_id, k.queue_max) || !same(j.seal_key, k.seal_key) || !same_store(j, k)) return "journal";
  const auto& a = before.audit;
  const auto& b = after.audit;
  if (!same(a.key, b.key) || !same(a.sign_key, b.sign_key) || a.head_file != b.head_file) return "audit";
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
