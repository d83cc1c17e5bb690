#include "sdk/test/whole/house.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "connectors/platforms/gjgxjhpt/gjgxjhpt.hpp"
#include "connectors/platforms/plain_http/plain_http.hpp"
#include "connectors/platforms/tif_rio/tif_rio.hpp"
#include "connectors/rest/rest_connector.hpp"
#include "connectors/soap/soap_connector.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::whole {

namespace fs = std::filesystem;

TempFolder::TempFolder() {
  // In memory where there is such a place: thousands of commits, and not the disk is under test.
  const char* given = std::getenv("TMPDIR");
  const std::string base = given != nullptr ? given : ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  std::string pattern = base + "/tongqu-whole-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

bool wait_until(const std::function<bool()>& holds, std::chrono::milliseconds most) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_text(const std::string& path, std::string_view text, bool owner_only) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (owner_only) fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
}

/// Keeps every record as one line.
class House::LogTail final : public obs::LogSink {
public:
  void write(const obs::LogRecord& record, UtcMillis) override {
    std::string line(record.event);
    for (const auto& [name, value] : record.fields) line += " " + std::string(name) + "=" + value;
    const std::lock_guard lock(mutex_);
    lines_ += line + "\n";
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

private:
  mutable std::mutex mutex_;
  std::string lines_;
};

House::House(HouseOptions options) : log_(std::make_shared<LogTail>()) {
  prepare();
  const auto start = [&](sandbox::Profile profile, sandbox::Character character, const std::string& name, const std::string& id, const std::string& key) {
    sandbox::Options one;
    one.profile = profile;
    one.character = character;
    one.credentials.push_back({id, *Secret::from_file(folder.file("keys/" + key))});
    one.ledger = folder.file("state/" + name + ".ledger");
    one.secret_life = options.secret_life;
    sandboxes_[name] = one;
    auto started = sandbox::Sandbox::start(one, sandbox_clock_);
    if (!started) throw std::runtime_error(describe(started.error()));
    return *std::move(started);
  };
  province_ = start(sandbox::Profile::tif_rio, options.province, "province", "demo", "paas.token");
  nation_ = start(sandbox::Profile::gjgxjhpt, options.nation, "nation", "demo-rid", "app.key");
  write_config(options);
}

House::~House() { close(); }

void House::prepare() {
  fs::create_directory(folder.file("keys"));
  fs::create_directory(folder.file("state"));
  fs::copy(TONGQU_SOURCE_DIR "/connectors/packs", folder.file("packs"), fs::copy_options::recursive);
  for (const char* profile : {"tif_rio", "gjgxjhpt"}) {
    fs::copy(std::string(TONGQU_SOURCE_DIR "/connectors/platforms/") + profile + "/targets/case.yaml", folder.file(std::string(profile) + ".yaml"));
  }
  for (const char* name : {"seal.key", "audit.key"}) write_text(folder.file(std::string("keys/") + name), to_hex(crypto::random_bytes(32)), true);
  for (const char* name : {"paas.token", "app.key"}) write_text(folder.file(std::string("keys/") + name), to_hex(crypto::random_bytes(16)), true);
  write_text(folder.file("keys/linhu.token"), token, true);
}

void House::write_config(const HouseOptions& options) const {
  const auto url = [](const std::unique_ptr<sandbox::Sandbox>& one) { return "http://127.0.0.1:" + std::to_string(one->port()); };
  std::string text =
      "model: {reference_date: 2150-01-01}\n"
      "journal: {path: state/journal.db, seal_key: {file: keys/seal.key}}\n"
      "audit: {key: {file: keys/audit.key}}\n"
      "listen:\n"
      "  - {name: qinglan, family: soap, port: 0, path: /services/spxt, pack: qinglan-spxt}\n"
      "  - {name: yunxi, family: soap, port: 0, path: /report, pack: yunxi-zwfw}\n"
      "  - {name: linhu, family: rest, port: 0, path: /api/push, pack: linhu-onewin, token: {file: keys/linhu.token}}\n"
      // For the byte scripts, which were written for a body of 1,024 bytes at this host and path.
      "  - {name: scripts, family: soap, port: 0, path: /soap, pack: qinglan-spxt, hosts: [bridge.test], limits: {message_bytes_max: 1024}}\n"
      "packs:\n  - {path: packs/qinglan-spxt}\n  - {path: packs/yunxi-zwfw}\n  - {path: packs/linhu-onewin}\n"
      "platforms:\n"
      "  - {name: province, profile: tif_rio, url: \"" + url(province_) + "\", pinned_host: 127.0.0.1, target: tif_rio.yaml, concurrency: 8, credentials: {paas_token: {file: keys/paas.token}}, settings: {paas_id: demo" + options.guarantee + "}" + options.platform_extra + "}\n"
      "  - {name: nation, profile: gjgxjhpt, url: \"" + url(nation_) + "\", pinned_host: 127.0.0.1, target: gjgxjhpt.yaml, concurrency: 8, credentials: {app_key: {file: keys/app.key}}, settings: {rid: demo-rid" + options.guarantee + "}" + options.platform_extra + "}\n"
      "routes:\n" + options.routes +
      "delivery: " + options.delivery + "\n"
      "health: {listen: \"127.0.0.1:0\"}\n"
      "control: {socket: state/control.sock}\n" + options.extra;
  write_text(folder.file("bridge.yaml"), text);
}

void House::open() { bridge_ = start({}); }

namespace {

std::unique_ptr<bridge::Bridge> start_from(const std::string& file, obs::Log log, std::map<std::string, int> inherited, bridge::Config& config, const std::shared_ptr<Clock>& clock) {
  Findings mistakes;
  const auto fail = [&](const Error& error) {
    std::string text = describe(error);
    for (const Finding& one : mistakes) text += "\n" + describe(one, Lang::en);
    throw std::runtime_error(text);
  };
  auto read = bridge::load_config(file, mistakes);
  if (!read) fail(read.error());
  config = *read;
  connector::Registry connectors;
  connectors::soap::register_soap(connectors);
  connectors::rest::register_rest(connectors);
  platform::Registry platforms;
  platform::register_plain_http(platforms);
  platform::register_tif_rio(platforms);
  platform::register_gjgxjhpt(platforms);
  bridge::Parts parts;
  parts.connectors = &connectors;
  parts.platforms = &platforms;
  parts.clock = clock;
  parts.log = std::move(log);
  parts.inherited = std::move(inherited);
  auto started = bridge::Bridge::start(*std::move(read), parts, mistakes);
  if (!started) fail(started.error());
  return *std::move(started);
}

} // namespace

std::unique_ptr<bridge::Bridge> start_bridge(const std::string& config_file) {
  bridge::Config config;
  return start_from(config_file, obs::Log(), {}, config, std::make_shared<SystemClock>());
}

std::unique_ptr<bridge::Bridge> House::start(std::map<std::string, int> inherited) {
  const auto clock = std::make_shared<SystemClock>();
  return start_from(folder.file("bridge.yaml"), obs::Log(log_, clock), std::move(inherited), config, clock);
}

void House::restart_hot() {
  reader_.reset();
  auto sockets = bridge::take_over(config.control_socket);
  if (!sockets) throw std::runtime_error(describe(sockets.error()));
  std::thread old([ending = std::move(bridge_)] {
    CallContext context;
    context.deadline = std::chrono::steady_clock::now() + 10s;
    ending->stop(context);
  });
  try {
    bridge_ = start(*std::move(sockets));
  } catch (...) {
    old.join();
    throw;
  }
  old.join();
}

void House::close(std::chrono::milliseconds most) {
  reader_.reset();
  if (!bridge_) return;
  CallContext context;
  context.deadline = std::chrono::steady_clock::now() + most;
  bridge_->stop(context);
  bridge_.reset();
}

void House::edit(const std::string& file, const std::string& from, const std::string& to) const {
  std::string text = file_text(folder.file(file));
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("nothing to edit in " + file);
  write_text(folder.file(file), text.replace(at, from.size(), to));
}

Said House::shell(const std::string& line) const {
  const std::string out = folder.file("said");
  const int status = std::system(("{ " + line + "; } > " + out + " 2>&1").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, file_text(out)};
}

void House::sign_heads() {
  const auto key = crypto::Sm2PrivateKey::generate();
  if (!key) throw std::runtime_error("no key");
  const Secret pem = key->private_pem();
  write_text(folder.file("keys/sign.pem"), pem.reveal(), true);
  write_text(folder.file("sign.pub"), key->public_pem());
  edit("bridge.yaml", "audit: {key: {file: keys/audit.key}}", "audit: {key: {file: keys/audit.key}, sign_key: {file: keys/sign.pem}, head_file: audit.head, public_key_file: sign.pub}");
  Findings mistakes;
  auto signing = bridge::load_config(folder.file("bridge.yaml"), mistakes);
  if (!signing) throw std::runtime_error("the configuration with a signing key is refused");
  config = *std::move(signing);
}

void House::plant(const std::string& platform, const std::string& lines) const {
  const auto& one = platform == "province" ? province_ : nation_;
  if (connector::test::call(one->port(), "POST", "/_sandbox/faults", {}, lines).status != 200) throw std::runtime_error("faults refused: " + lines);
}

void House::tell(const std::string& platform, const std::string& event_id, const std::string& system, const std::string& case_no, const std::string& data) const {
  const auto& one = platform == "province" ? province_ : nation_;
  std::string body;
  wire::JsonWriter w(body);
  w.begin_object();
  for (const auto& [name, value] : {std::pair{"eventId", event_id}, std::pair{"sourceSystem", system}, std::pair{"project_no", case_no}, std::pair{"kind", std::string("supplement")},
                                    std::pair{"at", std::string("2150-01-05 07:08:09")}, std::pair{"data", data}}) {
    w.member(name, value);
  }
  w.end_object();
  if (connector::test::call(one->port(), "POST", "/_sandbox/events", {}, body).status != 200) throw std::runtime_error("event refused");
}

void House::forget_last(const std::string& platform) {
  auto& one = platform == "province" ? province_ : nation_;
  sandbox::Options options = sandboxes_.at(platform);
  options.port = one->port();
  CallContext at_once;
  at_once.deadline = std::chrono::steady_clock::now() + 1s;
  one->stop(at_once);
  one.reset();
  std::string lines = file_text(options.ledger);
  const auto last = lines.rfind("\"kind\":\"taken\"");
  if (last == std::string::npos) throw std::runtime_error("nothing to forget");
  const auto from = lines.rfind('\n', last) + 1;
  write_text(options.ledger, lines.erase(from, lines.find('\n', last) + 1 - from), true);
  auto started = sandbox::Sandbox::start(options, sandbox_clock_);
  if (!started) throw std::runtime_error(describe(started.error()));
  one = *std::move(started);
}

std::string House::state_of(const std::string& platform, const std::string& member) const {
  const auto& one = platform == "province" ? province_ : nation_;
  const std::string body = connector::test::call(one->port(), "GET", "/_sandbox/state", {}, "").body;
  const auto at = body.find("\"" + member + "\":");
  if (at == std::string::npos) return "";
  const auto from = at + member.size() + 3;
  return body.substr(from, body.find_first_of(",}", from) - from);
}

sandbox::Report House::platform(const std::string& name) const {
  auto report = sandbox::Report::load(folder.file("state/" + name + ".ledger"));
  if (!report) throw std::runtime_error(describe(report.error()));
  return *std::move(report);
}

std::unique_ptr<journal::Journal> House::store() const {
  auto options = bridge::journal_options(config);
  if (!options) throw std::runtime_error(describe(options.error()));
  auto opened = journal::open_read_only(*std::move(options));
  if (!opened) throw std::runtime_error(describe(opened.error()));
  return *std::move(opened);
}

journal::Counts House::counts() const {
  if (!reader_) reader_ = store();
  auto counts = reader_->counts();
  if (!counts) throw std::runtime_error(describe(counts.error()));
  return *counts;
}

bool House::all_delivered(std::int64_t messages) const {
  const auto now = counts();
  std::int64_t deliveries = 0;
  for (const std::int64_t one : now.by_state) deliveries += one;
  return now.messages == messages && deliveries == now.by_state[static_cast<int>(journal::DeliveryState::delivered)];
}

std::string House::states(const std::string& message_id) const {
  if (!reader_) reader_ = store();
  const auto view = reader_->message(message_id);
  if (!view || !*view) return "none";
  std::string out;
  for (const auto& one : (*view)->deliveries) out += (out.empty() ? "" : " ") + one.target + "=" + std::string(journal::state_name(one.state));
  return out;
}

std::string House::control(const std::string& request) const {
  auto answer = bridge::control_request(config.control_socket, request);
  return answer ? *answer : std::string(answer.error().id());
}

Reply House::health(const std::string& target) const { return connector::test::call(bridge_->port("health"), "GET", target, {}, ""); }

std::string House::metric(const std::string& name_and_labels) const {
  const std::string text = "\n" + health("/metrics").body;
  const auto at = text.find("\n" + name_and_labels + " ");
  if (at == std::string::npos) return "";
  const auto from = at + name_and_labels.size() + 2;
  return text.substr(from, text.find('\n', from) - from);
}

std::string House::log() const { return log_->text(); }

journal::VerifyReport House::verify() const {
  const auto options = bridge::journal_options(config);
  journal::VerifyOptions check;
  check.path = options->path;
  check.postgres = options->postgres;
  check.audit_key = options->audit_key;
  const auto report = journal::verify_audit(check);
  if (!report) throw std::runtime_error(describe(report.error()));
  return *report;
}

} // namespace tongqu::whole
