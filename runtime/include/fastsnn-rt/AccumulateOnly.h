//===- AccumulateOnly.h - An integer that cannot multiply -------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Synaptic and neuron arithmetic of the executors is written with this type:
// a multiplication or division that slips in does not compile. Constant shifts
// are wires, not multipliers, hence allowed.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_ACCUMULATEONLY_H
#define FASTSNN_RT_ACCUMULATEONLY_H

#include <cstdint>
#include <cstring>
#include <type_traits>

// The kernels are compiled once per instruction set. Were these functions not
// inlined everywhere, the linker could choose a copy with instructions that the
// machine at hand lacks.
#define FASTSNN_RT_INLINE __attribute__((always_inline)) inline

namespace fastsnn::rt {

/// An integer of type T (or a vector of them) with addition, subtraction,
/// comparison and left shift. Validate.h proves that no sum overflows.
template <typename T> class Accum {
public:
  using Value = T;

  Accum() = default;
  FASTSNN_RT_INLINE constexpr explicit Accum(T value) : content(value) {}

  /// Widens a narrower integer.
  template <typename U,
            typename = std::enable_if_t<std::is_integral<U>::value &&
                                        (sizeof(U) < sizeof(T))>>
  FASTSNN_RT_INLINE constexpr explicit Accum(Accum<U> other)
      : content(other.value()) {}

  FASTSNN_RT_INLINE constexpr T value() const { return content; }

  /// From and to memory, without demands on its alignment.
  FASTSNN_RT_INLINE static Accum load(const void *from) {
    Accum result;
    std::memcpy(&result.content, from, sizeof(T));
    return result;
  }
  FASTSNN_RT_INLINE void store(void *to) const {
    std::memcpy(to, &content, sizeof(T));
  }

  FASTSNN_RT_INLINE Accum &operator+=(Accum other) {
    content = static_cast<T>(content + other.content);
    return *this;
  }
  FASTSNN_RT_INLINE Accum &operator-=(Accum other) {
    content = static_cast<T>(content - other.content);
    return *this;
  }
  friend FASTSNN_RT_INLINE Accum operator+(Accum a, Accum b) { return a += b; }
  friend FASTSNN_RT_INLINE Accum operator-(Accum a, Accum b) { return a -= b; }
  FASTSNN_RT_INLINE Accum operator-() const {
    return Accum(static_cast<T>(-content));
  }

  /// Scalars shift through the unsigned type: shifting a negative number is
  /// undefined in C++17. Vectors are an extension, which defines it.
  FASTSNN_RT_INLINE Accum operator<<(unsigned places) const {
    if constexpr (std::is_integral<T>::value)
      return Accum(static_cast<T>(static_cast<std::make_unsigned_t<T>>(content)
                                  << places));
    else
      return Accum(content << places);
  }

  /// bool, or a mask of all ones and zeros per lane.
  friend FASTSNN_RT_INLINE auto operator==(Accum a, Accum b) {
    return a.content == b.content;
  }
  friend FASTSNN_RT_INLINE auto operator<(Accum a, Accum b) {
    return a.content < b.content;
  }
  friend FASTSNN_RT_INLINE auto operator>(Accum a, Accum b) {
    return a.content > b.content;
  }
  friend FASTSNN_RT_INLINE auto operator<=(Accum a, Accum b) {
    return a.content <= b.content;
  }
  friend FASTSNN_RT_INLINE auto operator>=(Accum a, Accum b) {
    return a.content >= b.content;
  }

  template <typename U> void operator*(U) const = delete;
  template <typename U> void operator/(U) const = delete;
  template <typename U> void operator%(U) const = delete;
  template <typename U> Accum &operator*=(U) = delete;
  template <typename U> Accum &operator/=(U) = delete;
  template <typename U> Accum &operator%=(U) = delete;

private:
  T content;
};

template <typename U, typename T,
          typename = std::enable_if_t<std::is_arithmetic<U>::value>>
void operator*(U, Accum<T>) = delete;
template <typename U, typename T,
          typename = std::enable_if_t<std::is_arithmetic<U>::value>>
void operator/(U, Accum<T>) = delete;
template <typename U, typename T,
          typename = std::enable_if_t<std::is_arithmetic<U>::value>>
void operator%(U, Accum<T>) = delete;

} // namespace fastsnn::rt

#endif // FASTSNN_RT_ACCUMULATEONLY_H
