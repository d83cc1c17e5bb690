// Translation on one thread: gate, decode, map, validate, canonical JSON, HMAC, in the forms soap, soap_string and rest, beside the bare
// engines in the same run. Ends with an error when one message is not accepted.
//   translate_bench PACK_FOLDER [--once | --limits | --samples | --profile=FORM | --count=FORM]      FORM: soap, soap_string or rest
// Prints one JSON object: {"translate": {...}, "limits": {...}}; with --limits only the bare engines, with --samples it writes the pack's.
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "case_generator.hpp"
#include "connectors/soap/envelope.hpp"
#include "measure.hpp"
#include "raw_parsers.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/mapping/pack.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::bench {
namespace {

constexpr std::size_t kVariants = 2000;

enum class Form : std::uint8_t { soap, soap_string, rest };

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

/// Everything that one thread of a bridge holds.
struct Bench {
  std::shared_ptr<const mapping::Pack> pack;
  mapping::Workspace workspace;
  mapping::Environment environment;
  crypto::Mac mac{crypto::MacAlgorithm::hmac_sha256, Secret(std::string(32, 'k'))};
  std::vector<wire::Delivery> deliveries[3];
  std::vector<std::string> canonical;
  Effort effort;

  explicit Bench(const std::string& folder, std::size_t variants) {
    Findings mistakes;
    auto loaded = mapping::Pack::load(folder, {}, mistakes);
    for (const Finding& mistake : mistakes) std::fprintf(stderr, "%s:%u: %s\n", mistake.source.part.c_str(), mistake.source.line, describe(mistake, Lang::en).c_str());
    if (!loaded) fail(loaded.error().message(Lang::en));
    pack = *std::move(loaded);
    environment.reference_date = *model::Time::parse("2150-01-01");
    for (std::size_t i = 0; i < variants; ++i) {
      const LegacyCase one = make_case(i);
      add(Form::soap, soap_form(one), "text/xml; charset=utf-8");
      add(Form::soap_string, soap_string_form(one), "text/xml; charset=utf-8");
      add(Form::rest, rest_form(one), "application/json");
    }
  }

  std::vector<wire::Delivery>& of(Form form) { return deliveries[static_cast<std::size_t>(form)]; }
  wire::Delivery& variant(Form form, std::size_t i) { return of(form)[i % of(form).size()]; }

  void add(Form form, std::string bytes, std::string content_type) {
    wire::Delivery delivery;
    delivery.facts["family"] = form == Form::rest ? "rest" : "soap";
    delivery.facts["content_type"] = content_type;
    delivery.parts.push_back({"body", std::move(content_type), std::move(bytes), nullptr});
    of(form).push_back(std::move(delivery));
  }

  /// What the SOAP connector does before it hands a delivery over.
  void gate(wire::Delivery& delivery) const {
    wire::Part& body = delivery.parts.front();
    wire::XmlOptions options;
    options.limits = environment.limits;
    options.transport = wire::Encoding::utf8;
    auto document = wire::parse_xml(body.bytes, options);
    if (!document) fail("the gate refused a message: " + std::string(document.error().id()));
    auto shared = std::make_shared<const wire::Document>(*std::move(document));
    connectors::soap::Version version{};
    const auto envelope = connectors::soap::read_envelope(*shared, version);
    if (!envelope) fail("the envelope was refused: " + std::string(envelope.error().id()));
    delivery.facts["operation"] = std::string(envelope->operation.name());
    body.document = std::move(shared);
  }

  std::vector<mapping::MappedRecord> map(const wire::Delivery& delivery) {
    auto records = pack->run(delivery, environment, workspace);
    if (!records) fail("the mapping refused a delivery: " + std::string(records.error().id()) + " " + records.error().where());
    const mapping::MappedRecord& record = records->front();
    if (record.verdict != mapping::RecordVerdict::accepted || record.findings.has_errors()) {
      fail("a message was " + std::string(verdict_name(record.verdict)) + ": " + (record.findings.empty() ? "" : describe(record.findings.items().front(), Lang::en)));
    }
    return *std::move(records);
  }

  /// The whole of DECISIONS 13 for one message.
  std::vector<mapping::MappedRecord> translate(Form form, std::size_t i) {
    wire::Delivery& delivery = variant(form, i);
    if (form != Form::rest) gate(delivery);
    auto records = map(delivery);
    if (mac.compute(records.front().canonical).size() != 32) fail("HMAC-SHA-256 gives 32 bytes");
    delivery.parts.front().document.reset();
    return records;
  }

  /// Three forms of one case must give one digest, and no two cases the same; findings are none.
  void check() {
    std::string last;
    for (std::size_t i = 0; i < of(Form::soap).size(); ++i) {
      const auto records = translate(Form::soap, i);
      const mapping::MappedRecord& soap = records.front();
      const std::string digest = content_digest(soap);
      if (!soap.findings.empty()) fail("a message has a finding: " + describe(soap.findings.items().front(), Lang::en));
      if (content_digest(translate(Form::soap_string, i).front()) != digest) fail("the form soap_string gives another record than soap");
      if (content_digest(translate(Form::rest, i).front()) != digest) fail("the form rest gives another record than soap");
      if (digest == last) fail("two cases give one record");
      last = digest;
      canonical.push_back(soap.canonical);
    }
  }
};

double mean_size(const std::vector<wire::Delivery>& deliveries) {
  std::size_t bytes = 0;
  for (const auto& one : deliveries) bytes += one.parts.front().bytes.size();
  return static_cast<double>(bytes) / static_cast<double>(deliveries.size());
}

void write_form(wire::JsonWriter& json, Bench& bench, std::string_view name, Form form) {
  json.key(name);
  json.begin_object();
  write_rate(json, measure(bench.effort, [&](std::size_t i) { (void)bench.translate(form, i); }));
  json.key("bytes");
  write_number(json, mean_size(bench.of(form)));
  json.end_object();
}

/// CPU microseconds of each stage of the form soap, measured apart on warm data. `rules` is what the mapping takes less its parts.
void write_stages(wire::JsonWriter& json, Bench& bench) {
  Effort effort = bench.effort;
  effort.runs = effort.runs > 1 ? 3 : 1;
  effort.run_s /= 2;
  const auto time = [&](const std::function<void(std::size_t)>& operation) { return measure(effort, operation).cpu_us; };
  // Gated once, for the stages behind the gate.
  std::vector<model::Record> records;
  std::vector<std::string> inputs;
  for (auto& delivery : bench.of(Form::soap)) {
    bench.gate(delivery);
    records.push_back(std::move(bench.map(delivery).front().record));
    model::append_canonical_json(inputs.emplace_back(), records.back(), model::JsonForm::digest_input);
  }
  const auto at = [](auto& list, std::size_t i) -> auto& { return list[i % list.size()]; };
  const double map = time([&](std::size_t i) { (void)bench.map(bench.variant(Form::soap, i)); });
  Findings findings;
  const double validate = time([&](std::size_t i) { model::validate(at(records, i), bench.environment.reference_date, findings); });
  std::string out;
  const auto write = [&](model::JsonForm form) {
    return time([&](std::size_t i) {
      out.clear();
      model::append_canonical_json(out, at(records, i), form);
    });
  };
  const double json_form = write(model::JsonForm::full);
  const double sm3 = time([&](std::size_t i) { (void)crypto::sm3(at(inputs, i)); });
  const double hmac = time([&](std::size_t i) { (void)bench.mac.compute(at(bench.canonical, i)); });
  const double gate = time([&](std::size_t i) {
    bench.gate(bench.variant(Form::soap, i));
    bench.variant(Form::soap, i).parts.front().document.reset();
  });
  const auto member = [&json](std::string_view name, double value) {
    json.key(name);
    write_number(json, value);
  };
  json.key("soap_stages_cpu_us");
  json.begin_object();
  member("gate", gate);
  member("map", map);
  member("map_rules", map - validate - json_form);
  member("map_validate", validate);
  member("map_json", json_form);
  member("hmac", hmac);
  member("content_digest_of_the_journal", sm3);
  json.end_object();
}

void write_limits(wire::JsonWriter& json, Bench& bench) {
  const auto limit = [&](std::string_view name, const std::function<void(std::size_t)>& operation) {
    json.key(name);
    json.begin_object();
    write_rate(json, measure(bench.effort, operation));
    json.end_object();
  };
  const auto soap = [&bench](std::size_t i) -> std::string_view { return bench.variant(Form::soap, i).parts.front().bytes; };
  BareExpat expat;
  json.key("limits");
  json.begin_object();
  limit("pugixml_parse", [&](std::size_t i) { (void)pugixml_parse(soap(i)); });
  limit("expat_parse", [&](std::size_t i) { (void)expat.parse(soap(i)); });
  limit("hmac", [&](std::size_t i) { (void)bench.mac.compute(bench.canonical[i % bench.canonical.size()]); });
  json.end_object();
}

int run(const std::string& folder, const std::string& option) {
  const bool once = option == "--once";
  Bench bench(folder, once ? 64 : kVariants);
  if (once) bench.effort = {1, 0};
  bench.check();
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  if (option == "--limits") {
    write_limits(json, bench);
    json.end_object();
    std::puts(out.c_str());
    return 0;
  }
  json.key("translate");
  json.begin_object();
  json.member("variants", static_cast<std::int64_t>(bench.canonical.size()));
  json.member("canonical_bytes", static_cast<std::int64_t>(bench.canonical.front().size()));
  write_form(json, bench, "soap", Form::soap);
  write_form(json, bench, "soap_string", Form::soap_string);
  write_form(json, bench, "rest", Form::rest);
  write_stages(json, bench);
  json.end_object();
  write_limits(json, bench);
  json.end_object();
  std::puts(out.c_str());
  return 0;
}

Form form_named(const std::string& name) { return name == "soap" ? Form::soap : name == "soap_string" ? Form::soap_string : Form::rest; }

/// A fixed number of messages of one form behind a mark that a counter of instructions can be switched on at:
/// valgrind --tool=callgrind --toggle-collect='tongqu::bench::counted*'. Wall time says little on a busy machine, instructions say the same
/// each time.
constexpr std::size_t kCounted = 256;
[[gnu::noinline]] std::size_t counted(Bench& bench, Form form) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kCounted; ++i) bytes += bench.translate(form, i).front().canonical.size();
  return bytes;
}
int count(const std::string& folder, const std::string& form) {
  Bench bench(folder, kCounted);
  // Not by counted(): what is warmed up here must not be collected.
  for (std::size_t i = 0; i < kCounted; ++i) (void)bench.translate(form_named(form), i);
  std::printf("%s: %zu bytes of records from %zu messages\n", form.c_str(), counted(bench, form_named(form)), kCounted);
  return 0;
}

/// Runs one form for ten seconds, for a profiler.
int profile(const std::string& folder, const std::string& form) {
  Bench bench(folder, kVariants);
  bench.check();
  const Form chosen = form_named(form);
  const Rate rate = measure({1, 10}, [&](std::size_t i) { (void)bench.translate(chosen, i); });
  std::printf("%s: %.0f per second, %.1f us CPU\n", form.c_str(), rate.per_s, rate.cpu_us);
  return 0;
}

/// Writes the first case in the three forms, for the samples of the pack.
int write_samples(const std::string& folder) {
  const LegacyCase one = make_case(0);
  const std::pair<const char*, std::string> files[] = {
      {"01-soap.in.xml", soap_form(one)}, {"02-soap_string.in.xml", soap_string_form(one)}, {"03-rest.in.json", rest_form(one)}};
  for (const auto& [name, text] : files) {
    std::FILE* file = std::fopen((folder + "/samples/" + name).c_str(), "wb");
    if (file == nullptr || std::fwrite(text.data(), 1, text.size(), file) != text.size() || std::fclose(file) != 0) fail("cannot write a sample");
  }
  return 0;
}

} // namespace
} // namespace tongqu::bench

int main(int argc, char** argv) {
  const std::string option = argc > 2 ? argv[2] : "";
  const bool profiles = option.rfind("--profile=", 0) == 0;
  const bool counts = option.rfind("--count=", 0) == 0;
  if (argc < 2 || argc > 3 || (!option.empty() && option != "--once" && option != "--limits" && option != "--samples" && !profiles && !counts)) {
    std::fputs("usage: translate_bench PACK_FOLDER [--once | --limits | --samples | --profile=FORM | --count=FORM]\n", stderr);
    return 2;
  }
  try {
    if (profiles) return tongqu::bench::profile(argv[1], option.substr(10));
    if (counts) return tongqu::bench::count(argv[1], option.substr(8));
    return option == "--samples" ? tongqu::bench::write_samples(argv[1]) : tongqu::bench::run(argv[1], option);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "translate_bench: %s\n", error.what());
    return 1;
  }
}
