// What the gate costs with each of its two engines: CPU time for a message, with all names numbered, into a document that is reused and
// into a new one, and for one document that holds many cases.
//   xml_bench [--once]
// Prints one JSON object.
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "case_generator.hpp"
#include "measure.hpp"
#include "raw_parsers.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::bench {
namespace {

constexpr std::size_t kVariants = 2000;
constexpr std::size_t kBatchCases = 15000;

void read(wire::XmlReader& reader, wire::Document& document, const std::string& bytes, const wire::XmlOptions& options) {
  if (const auto verdict = reader.read_into(document, bytes, options); !verdict) throw std::runtime_error("refused: " + describe(verdict.error()));
}

wire::NameSet names_of(const std::string& message) {
  const auto document = wire::parse_xml(message);
  if (!document) throw std::runtime_error("refused: " + describe(document.error()));
  wire::NameSet names;
  for (const wire::TapeEntry& entry : document->tape()) names.add({entry.name, entry.name_size});
  names.freeze();
  return names;
}

/// The string that a soap_string message carries.
std::string inner_of(const std::string& message) {
  const auto document = wire::parse_xml(message);
  std::string_view longest;
  for (const wire::TapeEntry& entry : document->tape()) {
    if (entry.text_size > longest.size()) longest = {entry.text, entry.text_size};
  }
  return std::string(longest);
}

std::string batch_of(std::size_t cases) {
  std::string out = "<batch>\n";
  for (std::size_t i = 0; i < cases; ++i) {
    const std::string one = soap_form(make_case(i));
    out.append(one, one.find("?>") == std::string::npos ? 0 : one.find("?>") + 2);
  }
  return out + "</batch>\n";
}

double mean_size(const std::vector<std::string>& messages) {
  std::size_t bytes = 0;
  for (const std::string& message : messages) bytes += message.size();
  return static_cast<double>(bytes) / static_cast<double>(messages.size());
}

void write_messages(wire::JsonWriter& json, const Effort& effort, std::string_view name, const std::vector<std::string>& messages, bool characters) {
  const wire::NameSet names = names_of(messages.front());
  wire::XmlOptions options;
  options.names = &names;
  options.declared_encoding_ignored = characters;
  BareExpat bare;
  json.key(name);
  json.begin_object();
  const auto member = [&](std::string_view key, double value) {
    json.key(key);
    write_number(json, value);
  };
  const auto message = [&messages](std::size_t i) -> const std::string& { return messages[i % messages.size()]; };
  member("bytes", mean_size(messages));
  for (const auto& [engine, key] : {std::pair{wire::XmlEngine::expat, "expat"}, std::pair{wire::XmlEngine::scanner, "scanner"}}) {
    options.engine = engine;
    wire::XmlReader reader;
    wire::Document reused;
    member(std::string(key) + "_cpu_us", measure(effort, [&](std::size_t i) { read(reader, reused, message(i), options); }).cpu_us);
    const auto fresh = [&](std::size_t i) {
      wire::Document document;
      read(reader, document, message(i), options);
    };
    member(std::string(key) + "_new_document_cpu_us", measure(effort, fresh).cpu_us);
  }
  member("bare_expat_cpu_us", measure(effort, [&](std::size_t i) { (void)bare.parse(message(i)); }).cpu_us);
  member("bare_pugixml_cpu_us", measure(effort, [&](std::size_t i) { (void)pugixml_parse(message(i)); }).cpu_us);
  json.end_object();
}

void write_batch(wire::JsonWriter& json, std::size_t cases) {
  const std::string batch = batch_of(cases);
  const wire::NameSet names = names_of(soap_form(make_case(0)));
  wire::XmlOptions options;
  options.names = &names;
  options.limits.message_bytes_max = options.limits.text_bytes_max = 256u * 1024 * 1024;
  options.limits.nodes_max = 100000000;
  json.key("batch");
  json.begin_object();
  json.member("cases", static_cast<std::int64_t>(cases));
  json.member("bytes", static_cast<std::int64_t>(batch.size()));
  for (const auto& [engine, key] : {std::pair{wire::XmlEngine::expat, "expat"}, std::pair{wire::XmlEngine::scanner, "scanner"}}) {
    options.engine = engine;
    wire::XmlReader reader;
    wire::Document document;
    read(reader, document, batch, options);  // Once, so that the tape has its size.
    const double began = cpu_seconds_of_thread();
    read(reader, document, batch, options);
    json.key(std::string(key) + "_cpu_ms");
    write_number(json, (cpu_seconds_of_thread() - began) * 1e3);
  }
  json.end_object();
}

int run(bool once) {
  const Effort effort = once ? Effort{1, 0} : Effort{};
  std::vector<std::string> soap, outer, inner;
  for (std::size_t i = 0; i < (once ? 16 : kVariants); ++i) {
    soap.push_back(soap_form(make_case(i)));
    outer.push_back(soap_string_form(make_case(i)));
    inner.push_back(inner_of(outer.back()));
  }
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  write_messages(json, effort, "soap", soap, false);
  write_messages(json, effort, "soap_string_outer", outer, false);
  write_messages(json, effort, "soap_string_inner", inner, true);
  write_batch(json, once ? 20 : kBatchCases);
  json.end_object();
  std::puts(out.c_str());
  return 0;
}

} // namespace
} // namespace tongqu::bench

int main(int argc, char** argv) {
  const bool once = argc == 2 && std::string_view(argv[1]) == "--once";
  if (argc > 1 && !once) {
    std::fputs("usage: xml_bench [--once]\n", stderr);
    return 2;
  }
  try {
    return tongqu::bench::run(once);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "xml_bench: %s\n", error.what());
    return 1;
  }
}
