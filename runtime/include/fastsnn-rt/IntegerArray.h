//===- IntegerArray.h - Integers in the width they need ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Networks have 10^8 weights of a few bits: they are held in the width that the
// largest of them needs, and read as 64-bit integers.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_INTEGERARRAY_H
#define FASTSNN_RT_INTEGERARRAY_H

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <variant>
#include <vector>

namespace fastsnn::rt {

class IntegerArray {
public:
  IntegerArray() = default;
  IntegerArray(const std::vector<int64_t> &values);
  /// `count` values of `bits` (8, 16, 32 or 64): value(0), value(1), ...
  template <typename Function>
  static IntegerArray generate(size_t count, unsigned bits, Function value) {
    IntegerArray result;
    result.widen(bits);
    std::visit(
        [&](auto &own) {
          own.resize(count);
          for (size_t i = 0; i < count; ++i)
            own[i] =
                static_cast<typename std::decay_t<decltype(own)>::value_type>(
                    value(i));
        },
        result.values);
    return result;
  }

  size_t size() const {
    return std::visit([](const auto &own) { return own.size(); }, values);
  }
  int64_t operator[](size_t i) const {
    switch (values.index()) {
    case 0:
      return (*std::get_if<0>(&values))[i];
    case 1:
      return (*std::get_if<1>(&values))[i];
    case 2:
      return (*std::get_if<2>(&values))[i];
    default:
      return (*std::get_if<3>(&values))[i];
    }
  }
  /// Adds the values [first, first + count) to sums[0], sums[1], ...: faster
  /// than one by one.
  void addTo(size_t first, size_t count, int64_t *sums) const {
    std::visit(
        [&](const auto &own) {
          for (size_t i = 0; i < count; ++i)
            sums[i] += own[first + i];
        },
        values);
  }
  /// Replaces a value; the array becomes wider where it must.
  void set(size_t i, int64_t value);
  void resize(size_t size) {
    std::visit([size](auto &own) { own.resize(size); }, values);
  }

  class Iterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = int64_t;
    using difference_type = std::ptrdiff_t;
    using pointer = const int64_t *;
    using reference = int64_t;

    Iterator(const IntegerArray &array, size_t i) : array(&array), i(i) {}
    int64_t operator*() const { return (*array)[i]; }
    Iterator &operator++() {
      ++i;
      return *this;
    }
    bool operator==(const Iterator &other) const { return i == other.i; }
    bool operator!=(const Iterator &other) const { return i != other.i; }

  private:
    const IntegerArray *array;
    size_t i;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }

private:
  /// The same values in elements of at least `bits`.
  void widen(unsigned bits);

  std::variant<std::vector<int8_t>, std::vector<int16_t>, std::vector<int32_t>,
               std::vector<int64_t>>
      values;
};

/// The narrowest of 8, 16, 32, 64 bits that holds `value`.
unsigned storageBits(int64_t value);

} // namespace fastsnn::rt

#endif // FASTSNN_RT_INTEGERARRAY_H
