#include "mapping/reverse/shape.hpp"

#include <algorithm>

namespace tongqu::mapping::detail {
namespace {

Shape* child_of(const Shape& shape, const PathStep& step) {
  for (const auto& child : shape.children) {
    if (child->step == step) return child.get();
  }
  return nullptr;
}

Shape& add_child(Shape& shape, PathStep of) {
  shape.children.push_back(std::make_unique<Shape>());
  Shape& made = *shape.children.back();
  made.step = std::move(of);
  made.parent = &shape;
  return made;
}

} // namespace

Shape& Shape::at(const std::vector<PathStep>& steps) {
  Shape* now = this;
  for (const PathStep& wanted : steps) {
    Shape* next = child_of(*now, wanted);
    // The second of a name needs a first to stand behind.
    for (std::uint16_t before = 1; next == nullptr && before < wanted.ordinal; ++before) {
      PathStep filler = wanted;
      filler.ordinal = before;
      if (child_of(*now, filler) == nullptr) add_child(*now, std::move(filler));
    }
    now = next != nullptr ? next : &add_child(*now, wanted);
  }
  return *now;
}

const Shape* Shape::find(const std::vector<PathStep>& steps) const {
  const Shape* now = this;
  for (const PathStep& wanted : steps) {
    now = child_of(*now, wanted);
    if (now == nullptr) return nullptr;
  }
  return now;
}

void Shape::touch(std::size_t& counter) {
  if (parent != nullptr) parent->touch(counter);
  if (sequence == kUnlisted) sequence = counter++;
}

void Shape::arrange() {
  struct Key { std::size_t listed, first; std::uint16_t ordinal; Shape* shape; };
  std::vector<Key> keys;
  for (std::size_t i = 0; i < children.size(); ++i) {
    Key key{children[i]->listed, children[i]->sequence, children[i]->step.ordinal, children[i].get()};
    for (std::size_t j = 0; j < children.size(); ++j) {
      if (children[j]->step.name != children[i]->step.name || children[j]->step.attribute != children[i]->step.attribute) continue;
      key.listed = std::min(key.listed, children[j]->listed);
      key.first = std::min(key.first, children[j]->sequence);
    }
    keys.push_back(key);
  }
  std::stable_sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) {
    if (a.listed != b.listed) return a.listed < b.listed;
    return a.first != b.first ? a.first < b.first : a.ordinal < b.ordinal;
  });
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i].shape->position = i;
  for (const auto& child : children) child->arrange();
}

std::string Shape::path() const {
  if (parent == nullptr) return {};
  std::string text = parent->path();
  if (!text.empty()) text += '/';
  text += (step.attribute ? "@" : "") + step.name;
  if (step.ordinal != 0) text += "[" + std::to_string(step.ordinal) + "]";
  return text;
}

OutNode& OutNode::child(const Shape& of) {
  for (OutNode* one : firsts) {
    if (one->shape == &of) return *one;
  }
  return append(of);
}

const OutNode* OutNode::find(const Shape& of) const {
  for (const OutNode* one : firsts) {
    if (one->shape == &of) return one;
  }
  return nullptr;
}

OutNode& OutNode::append(const Shape& of) {
  const bool first = find(of) == nullptr;
  children.push_back(std::make_unique<OutNode>(of));
  if (first) firsts.push_back(children.back().get());
  return *children.back();
}

void OutNode::arrange() {
  std::stable_sort(children.begin(), children.end(), [](const auto& a, const auto& b) { return a->shape->position < b->shape->position; });
  for (const auto& one : children) one->arrange();
}

} // namespace tongqu::mapping::detail
