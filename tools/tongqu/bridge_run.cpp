#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "connectors/platforms/gjgxjhpt/gjgxjhpt.hpp"
#include "connectors/platforms/plain_http/plain_http.hpp"
#include "connectors/platforms/tif_rio/tif_rio.hpp"
#include "connectors/rest/rest_connector.hpp"
#include "connectors/soap/soap_connector.hpp"
#ifndef TONGQU_WITH_STAGING
#define TONGQU_WITH_STAGING 0
#endif
#if TONGQU_WITH_STAGING
#include "connectors/staging/staging_connector.hpp"
#endif
#include "tools/tongqu/bridge_commands.hpp"

namespace tongqu::tool {
namespace {

volatile sig_atomic_t g_signal = 0;
volatile sig_atomic_t g_reload = 0;

/// Said in both languages: whoever reads the supervisor's log at night is not always the one who chose the language.
int end_on_lost_disk(const Console& console) {
  const Error lost(Errc::journal_sync_failed);
  Console other = console;
  other.json = false;
  other.lang = console.lang == Lang::zh ? Lang::en : Lang::zh;
  other.fail(lost);
  return console.fail(lost);
}

/// Packs, targets, keys and platforms of a configuration. @errors bridge.config_invalid with the mistakes shown.
Result<void> check_whole(const bridge::Config& config, const bridge::Parts& parts, const Console& console) {
  Findings mistakes;
  const auto checked = bridge::check_config(config, parts, mistakes);
  Console to_err = console;
  to_err.json = true;
  to_err.list(mistakes);
  return checked;
}

void take_signals() {
  struct sigaction action {};
  action.sa_handler = [](int number) {
    if (number == SIGHUP) g_reload = 1;
    else g_signal = number;
  };
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaction(number, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

/// Each caller and each platform needs a descriptor; what a shell gives by default is less than the connections that we allow.
void use_all_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

/// A configuration with mistakes is told and the last good one goes on.
void reload(bridge::Bridge& running, const Console& console) {
  Findings mistakes;
  const auto done = running.reload(mistakes, "signal");
  Console to_err = console;
  to_err.json = true;
  to_err.list(mistakes);
  if (done) console.say("reloaded");
  else static_cast<void>(console.fail(done.error()));
  std::fflush(stdout);
}

} // namespace

int run_bridge(const BridgeOptions& options, const Console& console) {
  auto config = load_bridge(options, console);
  if (!config) return console.fail(config.error());
  connector::Registry connectors;
  connectors::soap::register_soap(connectors);
  connectors::rest::register_rest(connectors);
#if TONGQU_WITH_STAGING
  connectors::staging::register_staging(connectors);
#endif
  platform::Registry platforms;
  platform::register_plain_http(platforms);
  platform::register_tif_rio(platforms);
  platform::register_gjgxjhpt(platforms);
  bridge::Parts parts;
  parts.connectors = &connectors;
  parts.platforms = &platforms;
  parts.clock = std::make_shared<SystemClock>();
  parts.log = obs::Log(obs::json_lines_sink(STDERR_FILENO, options.quiet ? obs::Level::error : obs::Level::info), parts.clock);

  take_signals();
  use_all_descriptors();

  if (options.take_over) {
    // Everything that can be wrong with the new one is found before the old one is made to stop.
    if (const auto checked = check_whole(*config, parts, console); !checked) return console.fail(checked.error());
    auto sockets = bridge::take_over(config->control_socket);
    if (!sockets) return console.fail(sockets.error());
    parts.inherited = *std::move(sockets);
  }
  const auto listen = config->listen;
  Findings mistakes;
  auto running = bridge::Bridge::start(*std::move(config), parts, mistakes);
  Console to_err = console;
  to_err.json = true;
  to_err.list(mistakes);
  if (!running) return console.fail(running.error());
  for (const auto& one : listen) console.say("listening " + one.name + " " + one.family + " http://" + one.address + ":" + std::to_string((*running)->port(one.name)) + one.path);
  if (const auto port = (*running)->port("health"); port != 0) console.say("health http://127.0.0.1:" + std::to_string(port) + "/metrics");
  console.say("ready");
  std::fflush(stdout);
  while (g_signal == 0 && !(*running)->failed() && !(*running)->handed_over()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (g_reload == 0) continue;
    g_reload = 0;
    reload(**running, console);
  }
  if ((*running)->failed()) return end_on_lost_disk(console);
  CallContext context;
  context.deadline = parts.clock->now_mono() + std::chrono::seconds(10);
  (*running)->stop(context);
  console.say("stopped");
  return kDone;
}

} // namespace tongqu::tool
