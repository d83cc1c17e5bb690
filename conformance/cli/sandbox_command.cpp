#include "conformance/cli/sandbox_command.hpp"

#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "conformance/sandbox/checks.hpp"
#include "conformance/sandbox/report.hpp"
#include "conformance/sandbox/sandbox.hpp"
#include "tongqu/base/clock.hpp"
#include "tongqu/base/error.hpp"

namespace tongqu::conform {

struct SandboxCommand::Settings {
  CLI::App* report = nullptr;
  CLI::App* check = nullptr;
  std::string profile, listen, ledger, expect;
  std::string character = "dedup";
  std::vector<std::string> faults, paas_ids, token_files, rids, app_key_files;
  std::int64_t clock_window_s = -1, secret_life_s = 24 * 3600, slow_ms = -1, seed = -1;
  bool strict_hex = false;
};

namespace {

int fail(const Error& error, Lang lang) {
  std::fprintf(stderr, "tongqu-conform: %s\n", describe(error, lang).c_str());
  switch (error.action()) {
    case Action::fix_setup: return kUsage;
    case Action::fix_input: return kAtFault;
    case Action::retry_later: return kCouldNotCheck;
    case Action::give_up: return kOwnFault;
  }
  return kOwnFault;
}

Error usage(std::string detail) { return Error(Errc::base_usage).with(std::move(detail)); }

Result<void> read_listen(const std::string& listen, sandbox::Options& out) {
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos || colon == 0) return usage("--listen takes HOST:PORT").at("--listen");
  const auto port = sandbox::read_number(std::string_view(listen).substr(colon + 1));
  if (!port || *port > 65535) return usage("the port is 0 to 65535").at("--listen");
  out.address = listen.substr(0, colon);
  if (out.address.size() > 2 && out.address.front() == '[' && out.address.back() == ']') {
    out.address = out.address.substr(1, out.address.size() - 2);
  }
  out.port = static_cast<std::uint16_t>(*port);
  return {};
}

Result<void> read_credentials(const std::vector<std::string>& ids, const std::vector<std::string>& files, sandbox::Options& out) {
  if (ids.empty() || ids.size() != files.size()) {
    const bool tif = out.profile == sandbox::Profile::tif_rio;
    return usage(tif ? "tif_rio needs --paas-id ID and --token-file FILE, as many of one as of the other"
                     : "gjgxjhpt needs --rid ID and --app-key-file FILE, as many of one as of the other");
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    TONGQU_TRY(Secret secret, Secret::from_file(files[i]));
    out.credentials.push_back({ids[i], std::move(secret)});
  }
  return {};
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

} // namespace

Lang Common::language() const {
  std::string name = lang;
  for (const char* variable : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(variable);
    if (name.empty() && value != nullptr) name = value;
  }
  return name.substr(0, 2) == "zh" ? Lang::zh : Lang::en;
}

SandboxCommand::SandboxCommand(CLI::App& app, const Common& common) : common_(common), settings_(std::make_unique<Settings>()) {
  Settings& s = *settings_;
  app.add_option("--profile", s.profile, "Gateway to play: tif_rio (province) or gjgxjhpt (nation)")
      ->check(CLI::IsMember({"tif_rio", "gjgxjhpt"}));
  app.add_option("--listen", s.listen, "Address to listen on, HOST:PORT; port 0 takes a free one, which is printed");
  app.add_option("--character", s.character, "What happens to an id that was taken before: dedup (default), queryable, neither")
      ->check(CLI::IsMember({"dedup", "queryable", "neither"}));
  app.add_option("--fault", s.faults,
                 "Faults to plant, name[:every=N][:first=N][:ms=M]; by default the next submit only. Names: error_before_commit, "
                 "error_after_commit, internal_after_commit, hang_after_commit (ms=0: never answers), cut_answer, wrong_id, wrong_digest, "
                 "too_many, secret_expired, slow, redirect, login_page, busy, close_delimited");
  app.add_option("--slow", s.slow_ms, "Answer every submit so many milliseconds later; as --fault slow:every=1:ms=MS")->check(CLI::NonNegativeNumber);
  app.add_option("--paas-id", s.paas_ids, "tif_rio: id of a sender (repeatable, in step with --token-file)");
  app.add_option("--token-file", s.token_files, "tif_rio: file with the sender's token, mode 0600");
  app.add_option("--rid", s.rids, "gjgxjhpt: id of a requester (repeatable, in step with --app-key-file)");
  app.add_option("--app-key-file", s.app_key_files, "gjgxjhpt: file with the requester's app key, mode 0600");
  app.add_option("--clock-window", s.clock_window_s, "Seconds that a sender's clock may differ (default 180 for tif_rio, 1800 for gjgxjhpt)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--secret-life", s.secret_life_s, "gjgxjhpt: seconds that a refreshed secret is good (default one day)")->check(CLI::PositiveNumber);
  app.add_option("--seed", s.seed, "Makes issued secrets repeatable")->check(CLI::NonNegativeNumber);
  app.add_flag("--strict-hex", s.strict_hex, "tif_rio: take signatures in lower case only");
  app.add_option("--ledger", s.ledger, "File that keeps everything taken, one JSON object a line (mode 0600); loaded at the start");
  app.require_subcommand(0, 1);
  s.report = app.add_subcommand("report", "Print what a ledger holds: stages, effects, doubled messages, refusals, cases with receipts");
  s.report->add_option("--ledger", s.ledger, "The ledger")->required();
  s.check = app.add_subcommand("check", "Compare a ledger with a list of expected effects; exit 1 when they differ");
  s.check->add_option("--ledger", s.ledger, "The ledger")->required();
  s.check->add_option("--expect", s.expect, "Lines of sourceSystem, project_no and stage between tabs")->required();
}

SandboxCommand::~SandboxCommand() = default;

int SandboxCommand::run() {
  if (settings_->report->parsed()) return report();
  if (settings_->check->parsed()) return check();
  return serve();
}

int SandboxCommand::report() {
  const auto report = sandbox::Report::load(settings_->ledger);
  if (!report) return fail(report.error(), common_.language());
  print(common_.json ? sandbox::report_json(*report) : sandbox::report_text(*report, common_.language()));
  return kDone;
}

int SandboxCommand::check() {
  const auto report = sandbox::Report::load(settings_->ledger);
  if (!report) return fail(report.error(), common_.language());
  const auto comparison = sandbox::compare(*report, settings_->expect);
  if (!comparison) return fail(comparison.error(), common_.language());
  print(common_.json ? sandbox::comparison_json(*comparison) : sandbox::comparison_text(*comparison, common_.language()));
  return comparison->agrees() ? kDone : kAtFault;
}

int SandboxCommand::serve() {
  const Settings& s = *settings_;
  const Lang lang = common_.language();
  const auto profile = sandbox::profile_of(s.profile);
  if (!profile) return fail(usage("--profile is needed: tif_rio or gjgxjhpt").at("--profile"), lang);
  sandbox::Options options;
  options.profile = *profile;
  options.character = sandbox::character_of(s.character).value_or(sandbox::Character::dedup);
  const bool tif = *profile == sandbox::Profile::tif_rio;
  if (const auto read = read_listen(s.listen, options); !read) return fail(read.error(), lang);
  if (const auto read = read_credentials(tif ? s.paas_ids : s.rids, tif ? s.token_files : s.app_key_files, options); !read) {
    return fail(read.error(), lang);
  }
  options.ledger = s.ledger;
  options.faults = s.faults;
  if (s.slow_ms >= 0) options.faults.push_back("slow:every=1:ms=" + std::to_string(s.slow_ms));
  if (s.clock_window_s >= 0) options.clock_window = std::chrono::seconds(s.clock_window_s);
  options.secret_life = std::chrono::seconds(s.secret_life_s);
  options.strict_hex = s.strict_hex;
  if (s.seed >= 0) options.seed = static_cast<std::uint64_t>(s.seed);

  // Before any thread exists, so that all of them leave the signals to sigwait below.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  signal(SIGPIPE, SIG_IGN);

  const SystemClock clock;
  const auto running = sandbox::Sandbox::start(options, clock);
  if (!running) return fail(running.error(), lang);
  const bool is_v6 = options.address.find(':') != std::string::npos;
  const std::string at = (is_v6 ? "[" + options.address + "]" : options.address) + ":" + std::to_string((*running)->port());
  print(common_.json ? "{\"listening\":\"" + at + "\"}\n" : "listening on " + at + "\n");
  int signal_number = 0;
  sigwait(&ends, &signal_number);
  CallContext context;
  // Enough for what waits for the disk; answers that a fault holds back are not waited for.
  context.deadline = clock.now_mono() + std::chrono::milliseconds(500);
  (*running)->stop(context);
  return kDone;
}

} // namespace tongqu::conform
