#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/finding.hpp"
#include "tongqu/base/limits.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/wire/document.hpp"

/// Documents that say one thing by way of another: references, change sets. Each is rewritten into the document that it means.
/// Texts and names of the result point into the source document, which must outlive it; positions are those of the source.
namespace tongqu::wire {

struct UnwrapContext {
  const Limits& limits;
  const NameSet* names = nullptr;
  Findings& findings;                ///< source.part is left empty.
};

/// SOAP encoding: every `href="#id"` (1.2: `enc:ref`) under `operation` is replaced by what it refers to, under its own name. Items of arrays
/// that are nil are left out with a finding; so is what an array says of its size when it is wrong. `href="cid:…"` is left for others.
/// @param operation  Element of a gated SOAP envelope; ids are looked for in its whole document.
/// @errors wire.soap_reference (circular, outside, doubled, missing, too much of it), soap_array, document_limit; where() is line:column.
/// @source SOAP 1.1 section 5; SOAP 1.2 part 2 section 3
Result<void> resolve_references(Document& out, const Node& operation, const UnwrapContext& context);

/// .NET DataSet: root `dataset` with the rows as children named by their table, in the order that msdata:rowOrder says, names decoded
/// (`_x0020_`), signs that paths cannot hold as "_". Rows with changes have the attributes `id` and `change` (inserted, modified); what stood before is
/// under `before` (change: modified or deleted). A table without rows has no element.
/// @param root  Any element with a diffgr:diffgram below it, or the DataSet element itself.
/// @errors wire.dataset_invalid, document_limit; where() is line:column.
Result<void> read_dataset(Document& out, const Node& root, const UnwrapContext& context);

/// `_xHHHH_` of .NET names as characters.
std::string decode_dotnet_name(std::string_view name);

} // namespace tongqu::wire
