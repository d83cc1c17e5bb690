#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "mapping/reverse/plan.hpp"

namespace tongqu::mapping::detail {

struct Written;

/// Puts values into the places of a message and, when all are there, decides what stands in each.
class Fill {
public:
  Fill(const ReversePlan& plan, Written& out) : plan_(plan), out_(out) {}

  /// The place of a leaf below an instance of its scope, made with everything between.
  static OutNode& place(OutNode& instance, const Shape& instance_shape, const Shape& leaf);
  /// A new element of a list.
  static OutNode& append(OutNode& parent, const Shape& parent_shape, const Shape& element);
  /// The text that stands at a leaf so far.
  static std::optional<std::string_view> text_of(const OutNode& instance, const Shape& instance_shape, const Shape& leaf);

  /// Forms of one value for a place. Rules that share it must agree on one.
  void put(OutNode& node, std::vector<Back> forms, const std::string& field, bool ambiguous);
  /// Chooses the texts of a document, adds constants and what stands for absent values, and keeps every text within the peer's limits.
  void settle(OutNode& document, std::size_t scope);

private:
  void settle_node(OutNode& node, std::size_t scope);
  void choose(OutNode& node);
  void join_parts(OutNode& node);
  void add_missing(OutNode& node, std::size_t scope);
  void fit(OutNode& node, std::size_t scope);
  void shorten(OutNode& node, const Charset& charset);
  void say(Errc id, bool error, const OutNode& node, Bilingual expected = {});
  void excuse(const OutNode& node);

  const ReversePlan& plan_;
  Written& out_;
};

} // namespace tongqu::mapping::detail
