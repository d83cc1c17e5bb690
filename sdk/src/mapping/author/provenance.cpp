#include "mapping/author/provenance.hpp"

#include <algorithm>

#include "tongqu/wire/encoding.hpp"

namespace tongqu::mapping::author {
namespace {

bool inside(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

/// Bytes read as characters: as they are, or from one of the encodings of the gate.
struct Decoded { ByteMap map; std::string how; };
std::optional<Decoded> decoded(std::string_view bytes, std::string_view text) {
  const auto bom = wire::byte_order_mark(bytes);
  const std::size_t skipped = bom ? bom->bytes : 0;
  if (bytes.substr(skipped) == text) return Decoded{map_plain(bytes, skipped), "utf-8"};
  if (auto map = map_gb18030(bytes, skipped); map && map->text == text) return Decoded{std::move(*map), "gb18030"};
  for (const bool big : {false, true}) {
    if (auto map = map_utf16(bytes, big, skipped); map && map->text == text) return Decoded{std::move(*map), big ? "utf-16be" : "utf-16le"};
  }
  return std::nullopt;
}

/// The lexical extent of what stands at a node: from its first byte to the end of its tag or string.
ByteRange around(std::string_view source, std::size_t at) {
  if (at >= source.size()) return {0, source.size()};
  const std::size_t end = source[at] == '<' ? source.find("</", at) : source.find_first_of(",}\n", at);
  return {at, std::min(end, source.size())};
}

} // namespace

void Provenance::begin(const wire::Delivery& delivery) {
  delivery_ = &delivery;
  carriers_.clear();
  reads_.clear();
  if (delivery.parts.empty()) return;
  Carrier body;
  body.part = "body";
  body.view = delivery.parts.front().bytes;
  carriers_.push_back(std::move(body));
}

const Provenance::Read* Provenance::of(const wire::Document& document) const {
  const auto at = std::find_if(reads_.begin(), reads_.end(), [&document](const Read& read) { return read.document == &document; });
  return at == reads_.end() ? nullptr : &*at;
}

void Provenance::read_document(std::size_t number, const wire::Document& document) {
  if (of(document) != nullptr) return;
  Read read;
  read.made_at = number;
  read.document = &document;
  const bool xml = document.root() && document.root().kind() == wire::NodeKind::element;
  const std::string_view source = document.source();
  for (std::size_t i = carriers_.size(); i-- > 0;) {
    const std::string_view view = carriers_[i].view;
    if (inside(source, view)) {
      const auto offset = static_cast<std::size_t>(source.data() - view.data());
      read.map = map_plain(view.substr(0, offset + source.size()), offset);
      read.how = xml ? "xml" : "json";
      read.carrier = i;
      reads_.push_back(std::move(read));
      return;
    }
    if (auto text = decoded(view, source)) {
      read.map = std::move(text->map);
      read.how = (xml ? "xml, " : "json, ") + text->how;
      read.carrier = i;
      reads_.push_back(std::move(read));
      return;
    }
  }
  read.exact = false;
  read.how = "made by a stage";
  read.carrier = carriers_.size() - 1;
  reads_.push_back(std::move(read));
}

/// Text of a leaf of a document that is known.
bool Provenance::from_leaf(Carrier& carrier) const {
  for (std::size_t i = reads_.size(); i-- > 0;) {
    const Read& read = reads_[i];
    for (std::uint32_t node = 0; node < read.document->tape().size(); ++node) {
      const wire::TapeEntry& entry = read.document->tape()[node];
      if (entry.text != carrier.view.data() || entry.text_size != carrier.view.size() || entry.text_size == 0) continue;
      const wire::Node leaf(read.document, node);
      auto map = map_leaf(leaf);
      carrier.parent = read.carrier;
      carrier.path = leaf.path();
      carrier.how = read.how;
      carrier.exact = map.has_value() && read.exact;
      if (carrier.exact) carrier.map = joined(read.map, std::move(*map));
      return true;
    }
  }
  return false;
}

/// What a stage made of the text or bytes before it.
bool Provenance::from_text(Carrier& carrier) const {
  const Carrier& before = carriers_.back();
  const std::string_view view = before.view;
  carrier.parent = carriers_.size() - 1;
  const auto take = [&carrier](std::optional<ByteMap> map, std::string_view how) {
    if (!map || map->text != carrier.view) return false;
    carrier.map = std::move(*map);
    carrier.how = how;
    return true;
  };
  if (inside(carrier.view, view)) {
    const auto offset = static_cast<std::size_t>(carrier.view.data() - view.data());
    return take(map_plain(view.substr(0, offset + carrier.view.size()), offset), "a piece of it");
  }
  if (take(map_unescaped(view), "escaped text")) return true;
  if (auto once = map_unescaped(view)) {
    if (auto twice = map_unescaped(once->text); twice && take(joined(*once, std::move(*twice)), "text escaped twice")) return true;
  }
  if (take(map_base64(view), "base64")) return true;
  if (auto text = decoded(view, carrier.view)) return take(std::move(text->map), text->how);
  const std::string field = carrier.part.substr(carrier.part.rfind('/') + 1);
  if (auto bytes = map_form_field(view, field)) {
    if (auto text = decoded(bytes->text, carrier.view)) return take(joined(*bytes, std::move(text->map)), "form, " + text->how);
  }
  if (const std::size_t at = carrier.view.empty() ? std::string_view::npos : view.find(carrier.view); at != std::string_view::npos && view.find(carrier.view, at + 1) == std::string_view::npos) {
    return take(map_plain(view.substr(0, at + carrier.view.size()), at), "a part of it");
  }
  carrier.exact = false;
  carrier.how = "packed or sealed";
  return true;
}

void Provenance::stage(std::size_t number, const detail::Flow& flow, const detail::StageResult& result) {
  if (carriers_.empty()) return;
  // A new piece: what was made from here on for the piece before is gone.
  const auto later = [number](const auto& one) { return one.made_at >= number && one.made_at != 0; };
  carriers_.erase(std::remove_if(carriers_.begin(), carriers_.end(), later), carriers_.end());
  reads_.erase(std::remove_if(reads_.begin(), reads_.end(), later), reads_.end());
  for (const auto& start : result.starts) {
    if (start.document != nullptr && number != 0) read_document(number, *start.document);
  }
  if (flow.kind == detail::Flow::Kind::document || number == 0) return;
  const std::string_view last = carriers_.back().view;
  if (flow.text.data() == last.data() && flow.text.size() == last.size()) return;
  Carrier carrier;
  carrier.made_at = number;
  carrier.part = flow.part;
  carrier.view = flow.text;
  if (!from_leaf(carrier)) (void)from_text(carrier);
  carriers_.push_back(std::move(carrier));
}

std::vector<Hop> Provenance::hops(const wire::Document& document, std::uint32_t node) const {
  std::vector<Hop> out;
  const Read* read = of(document);
  if (read == nullptr) return out;
  const wire::Node leaf(&document, node);
  const auto map = map_leaf(leaf);
  bool exact = read->exact && map.has_value();
  ByteRange range = map ? map->of({0, map->text.size()}, leaf.offset()) : around(document.source(), leaf.offset());
  if (map && map->text.empty()) range = {leaf.offset(), leaf.offset()};
  if (read->exact) range = read->map.of(range, range.begin);
  else range = {0, carriers_[read->carrier].view.size()};
  std::string path = leaf.path(), how = read->how;
  for (std::size_t at = read->carrier; at != kNone; at = carriers_[at].parent) {
    const Carrier& carrier = carriers_[at];
    out.push_back({carrier.part, how, path, range.begin, range.end, exact});
    if (carrier.parent == kNone) break;
    how = carrier.how;
    path = carrier.path;
    if (carrier.exact) {
      range = carrier.map.of(range, 0);
    } else {
      range = {0, carriers_[carrier.parent].view.size()};
      exact = false;
    }
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::vector<Hop> Provenance::fact(const std::string& name) { return {{"meta:" + name, "transport fact", {}, 0, 0, false}}; }

} // namespace tongqu::mapping::author
