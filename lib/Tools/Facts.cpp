//===- Facts.cpp - What is known of a network before it runs --------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Facts.h"

#include <algorithm>

using namespace fastsnn;
using namespace fastsnn::tools;

int64_t tools::numElements(const Shape &shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

const LayerFacts *NetworkFacts::findLayer(const std::string &name) const {
  for (const LayerFacts &layer : layers)
    if (layer.name == name)
      return &layer;
  return nullptr;
}

std::string NetworkFacts::certificate() const {
  bool any = false, exact = true;
  for (const LayerFacts &layer : layers) {
    if (layer.kind != LayerFacts::Kind::Neurons)
      continue;
    if (!layer.certificate)
      return "";
    any = true;
    exact &= layer.certificate->kind == "exact";
  }
  if (!any)
    return "";
  return exact ? "exact" : "bounded";
}

bool NetworkFacts::approximate() const {
  return std::any_of(layers.begin(), layers.end(),
                     [](const LayerFacts &layer) { return layer.approximate; });
}

int64_t tools::bitsOfRange(int64_t min, int64_t max) {
  // A number x < 0 needs as many bits as -x - 1 >= 0.
  auto magnitude = [](int64_t value) {
    return static_cast<uint64_t>(value < 0 ? ~value : value);
  };
  uint64_t largest = std::max(magnitude(min), magnitude(max));
  int64_t bits = 1;
  for (; largest; largest >>= 1)
    ++bits;
  return bits;
}
