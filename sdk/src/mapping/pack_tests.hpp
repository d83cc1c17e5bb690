#pragma once
#include "mapping/source_mapping.hpp"

namespace tongqu::mapping::detail {

/// Runs one test of a mapping and adds its result to the report.
void run_test(const Pack& pack, const MappingTest& test, const Environment& environment, Workspace& workspace, Pack::TestReport& report);

/// Reads a sample of a pack with the facts beside it. Answers what is wrong, or nothing.
std::string read_sample(const PackInfo& pack, const std::string& in, wire::Delivery& delivery);

/// Catalogues that stand beside the samples (samples/lookup), for tests of packs that look things up; null when there are none.
Result<std::shared_ptr<const Lookup>> sample_lookup(const std::string& folder);

/// Value of a canonical path such as "received_materials[0].name" in a parsed record; null handle when absent.
wire::Node canonical_value(const wire::Document& record, std::string_view path);
/// Equal in meaning: members in any order, numbers and texts as written.
bool same_json(const wire::Node& a, const wire::Node& b);

} // namespace tongqu::mapping::detail
