//===- ValidatePools.cpp - Validator: weights, pools and cores ------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ValidatePhases.h"
#include "fastsnn-rt/Stages.h"
#include "fastsnn-rt/Validate.h"

#include <cmath>
#include <limits>
#include <unordered_set>

using namespace fastsnn::rt;

bool fastsnn::rt::validateWindow(const Window2D &w, int64_t pairLimit,
                                 const std::string &where, Status &status) {
  constexpr int64_t padLimit = maxPoolElements;
  for (int64_t extent :
       {w.channels, w.height, w.width, w.outHeight, w.outWidth, w.kernelH,
        w.kernelW, w.strideH, w.strideW, w.dilationH, w.dilationW})
    if (extent < 1 || extent > maxPoolElements) {
      status.add(ErrorCode::BadWindow,
                 where + ": a window extent of " + std::to_string(extent) +
                     ", allowed are 1 to " + std::to_string(maxPoolElements) +
                     "; correct the geometry");
      return false;
    }
  for (int64_t pad : {w.padTop, w.padLeft})
    if (pad < -padLimit || pad > padLimit) {
      status.add(ErrorCode::BadWindow,
                 where + ": a padding of " + std::to_string(pad) +
                     ", allowed are " + std::to_string(-padLimit) + " to " +
                     std::to_string(padLimit) + "; correct the geometry");
      return false;
    }
  Int128 elements =
      Int128(w.channels) *
      std::max(Int128(w.height) * w.width, Int128(w.outHeight) * w.outWidth);
  if (elements > maxPoolElements) {
    status.add(ErrorCode::TooLarge,
               where + ": " + toString(elements) + " elements, the limit is " +
                   std::to_string(maxPoolElements) + "; split the layer");
    return false;
  }
  Int128 pairs = Int128(w.channels) * WindowAxis::rows(w).pairs() *
                 WindowAxis::columns(w).pairs();
  if (pairs > pairLimit) {
    status.add(ErrorCode::TooLarge,
               where + ": " + toString(pairs) +
                   " pairs of output and tap, the limit is " +
                   std::to_string(pairLimit) + "; split the layer");
    return false;
  }
  return true;
}

namespace {

class PoolValidator {
public:
  PoolValidator(const Program &program, Status &status)
      : program(program), status(status) {}

  void run() {
    if (program.timeSteps < 1 || program.timeSteps > maxTimeSteps)
      status.add(ErrorCode::BadTimeSteps,
                 "program: " + std::to_string(program.timeSteps) +
                     " time steps, allowed are 1 to " +
                     std::to_string(maxTimeSteps) +
                     "; compile with another --time-steps");
    for (const Weights &table : program.weights)
      checkWeights(table);

    std::unordered_set<std::string> names;
    for (const Pool &pool : program.pools) {
      where = "pool '" + pool.name + "'";
      if (pool.name.empty() || !names.insert(pool.name).second)
        status.add(ErrorCode::BadName,
                   where + ": the name is empty or used twice, each pool has "
                           "its own; rename it");
      if (checkShape(pool.shape)) {
        elements = numElements(pool.shape);
        // Saturates: there may be 2^32 pools.
        total = std::min(total + elements, maxProgramElements + 1);
        channels = pool.shape[0];
        if (total <= maxProgramElements)
          std::visit([&](const auto &unit) { check(unit, pool); }, pool.unit);
      }
    }
    if (total > maxProgramElements)
      status.add(ErrorCode::TooLarge,
                 "program: more than " + std::to_string(maxProgramElements) +
                     " elements in all pools; split the network");
  }

private:
  void checkWeights(const Weights &table) {
    std::string name = "weights '" + table.name + "'";
    if (table.bits != 8 && table.bits != 16 && table.bits != 32 &&
        table.bits != 64) {
      status.add(ErrorCode::BadWeights,
                 name + ": a storage width of " + std::to_string(table.bits) +
                     " bits, allowed are 8, 16, 32 and 64; choose one");
      return;
    }
    constexpr int64_t limit = int64_t(1) << 40;
    bool small = true;
    for (int64_t extent : {table.planes, table.rows, table.columns})
      small &= extent >= 1 && extent <= limit;
    if (!small || Int128(table.planes) * table.rows * table.columns !=
                      Int128(table.values.size())) {
      status.add(ErrorCode::BadWeights,
                 name + ": " + std::to_string(table.planes) + " x " +
                     std::to_string(table.rows) + " x " +
                     std::to_string(table.columns) + " weights announced, " +
                     std::to_string(table.values.size()) +
                     " present; correct the extents");
      return;
    }
    int64_t max = std::numeric_limits<int64_t>::max() >> (64 - table.bits);
    for (int64_t value : table.values)
      if (value > max || value < -max - 1) {
        status.add(ErrorCode::BadWeights,
                   name + ": weight " + std::to_string(value) +
                       " does not fit " + std::to_string(table.bits) +
                       " bits; raise the storage width");
        return;
      }
  }

  bool checkShape(const Shape &shape) {
    bool good = !shape.empty() && shape.size() <= maxRank;
    Int128 count = 1;
    for (int64_t extent : shape) {
      good &= extent >= 1 && extent <= maxPoolElements;
      if (good)
        count *= extent;
    }
    if (!good)
      status.add(ErrorCode::BadShape,
                 where + ": a shape of " + std::to_string(shape.size()) +
                     " dimensions, allowed are 1 to " +
                     std::to_string(maxRank) +
                     " with extents of at least 1; reshape the layer");
    else if (count > maxPoolElements)
      status.add(ErrorCode::TooLarge,
                 where + ": " + toString(count) + " elements, the limit is " +
                     std::to_string(maxPoolElements) + "; split the layer");
    return good && count <= maxPoolElements;
  }

  /// One entry, one a channel or, where `allowElements`, one an element.
  template <typename T>
  void checkLength(const std::vector<T> &values, const char *what,
                   bool allowElements) {
    auto count = static_cast<int64_t>(values.size());
    if (count == 1 || count == channels || (allowElements && count == elements))
      return;
    status.add(ErrorCode::BadConstants,
               where + ": " + std::to_string(count) + " values of " + what +
                   ", allowed are 1 or " + std::to_string(channels) +
                   (allowElements ? " or " + std::to_string(elements)
                                  : std::string()) +
                   "; give one for all or one each");
  }

  void checkFinite(const std::vector<double> &values, const char *what,
                   bool positive) {
    for (double value : values)
      if (!std::isfinite(value) || (positive && value <= 0)) {
        status.add(ErrorCode::BadConstants,
                   where + ": a " + what + " of " + std::to_string(value) +
                       ", it must be finite" +
                       (positive ? " and above 0" : "") + "; correct it");
        return;
      }
  }

  void checkAtLeast(const std::vector<int64_t> &values, int64_t least,
                    int64_t most, const char *what) {
    for (int64_t value : values)
      if (value < least || value > most) {
        status.add(ErrorCode::BadConstants,
                   where + ": a " + what + " of " + std::to_string(value) +
                       ", allowed are " + std::to_string(least) + " to " +
                       std::to_string(most) +
                       "; correct it or compile with wider state");
        return;
      }
  }

  /// A range of counts holds 0: all of them start there.
  void checkCounts(int32_t lo, int32_t hi) {
    if (lo > 0 || hi < 0)
      status.add(ErrorCode::BadRange,
                 where + ": a count range of [" + std::to_string(lo) + ", " +
                     std::to_string(hi) +
                     "], it must hold 0; correct the bounds");
  }

  void check(const InputPool &unit, const Pool &) {
    constexpr int64_t limit = std::numeric_limits<int32_t>::max();
    auto kind = static_cast<unsigned>(unit.kind),
         encoding = static_cast<unsigned>(unit.encoding),
         rounding = static_cast<unsigned>(unit.rounding);
    if (kind < 1 || kind > 3 || encoding < 1 || encoding > 2 || rounding > 2) {
      status.add(ErrorCode::UnknownKind,
                 where + ": input kind " + std::to_string(kind) +
                     ", encoding " + std::to_string(encoding) + ", rounding " +
                     std::to_string(rounding) +
                     "; known are kinds 1 to 3, encodings 1 and 2, roundings "
                     "0 to 2");
      return;
    }
    if (unit.lo > unit.hi || unit.lo < -limit || unit.hi > limit)
      status.add(ErrorCode::BadRange,
                 where + ": an input range of [" + std::to_string(unit.lo) +
                     ", " + std::to_string(unit.hi) +
                     "], it must be ordered and within 31 bits and a sign; "
                     "correct it");
    if (unit.kind == InputKind::Real) {
      if (unit.encoding != InputEncoding::Current)
        status.add(ErrorCode::BadRange,
                   where + ": a real input has no bit planes; use the "
                           "encoding 'current'");
      if (!std::isfinite(unit.bound) || unit.bound <= 0)
        status.add(ErrorCode::BadConstants,
                   where + ": a bound of " + std::to_string(unit.bound) +
                       ", it must be finite and above 0; state the largest "
                       "|x|");
    }
    if (unit.kind == InputKind::Quantized) {
      checkLength(unit.scale, "scale", false);
      checkFinite(unit.scale, "scale", true);
      if (!unit.preScale.empty() || !unit.preOffset.empty()) {
        checkLength(unit.preScale, "pre_scale", false);
        checkLength(unit.preOffset, "pre_offset", false);
        checkFinite(unit.preScale, "pre_scale", false);
        checkFinite(unit.preOffset, "pre_offset", false);
      }
    } else if (!unit.scale.empty() || !unit.preScale.empty() ||
               !unit.preOffset.empty()) {
      status.add(ErrorCode::BadConstants,
                 where + ": a scale, only quantized inputs have one; remove "
                         "it");
    }
    checkTable(unit);
  }

  /// 256 values a channel of an 8-bit input, each inside the range.
  void checkTable(const InputPool &unit) {
    if (unit.table.empty())
      return;
    if (unit.kind != InputKind::Integer ||
        static_cast<int64_t>(unit.table.size()) != channels * 256) {
      status.add(ErrorCode::BadConstants,
                 where + ": a table of " + std::to_string(unit.table.size()) +
                     " values, only an integer input has one, of 256 values a "
                     "channel; correct it");
      return;
    }
    for (int32_t value : unit.table)
      if (value < unit.lo || value > unit.hi) {
        status.add(ErrorCode::BadConstants,
                   where + ": table value " + std::to_string(value) +
                       " outside the range [" + std::to_string(unit.lo) + ", " +
                       std::to_string(unit.hi) + "]; correct it");
        return;
      }
  }

  void check(const NeuronPool &unit, const Pool &) {
    if (unit.stateBits != 32 && unit.stateBits != 64) {
      status.add(ErrorCode::BadRange,
                 where + ": " + std::to_string(unit.stateBits) +
                     " bits of state, allowed are 32 and 64; compile with "
                     "--state-bits=32 or 64");
      return;
    }
    int64_t max = std::numeric_limits<int64_t>::max() >> (64 - unit.stateBits);
    checkCounts(unit.lo, unit.hi);
    checkLength(unit.theta, "theta", false);
    checkLength(unit.start, "start", false);
    checkLength(unit.epsilon, "epsilon", false);
    checkAtLeast(unit.theta, 1, max, "theta");
    checkAtLeast(unit.start, -max, max, "start");
    checkAtLeast(unit.epsilon, 1, max, "epsilon");
    checkAtLeast(unit.bias, -max, max, "bias");
    if (!unit.bias.empty())
      checkLength(unit.bias, "bias", true);
  }

  void check(const CountPool &unit, const Pool &) {
    checkCounts(unit.lo, unit.hi);
    const Window2D &w = unit.window;
    if (!validateWindow(w, maxWindowPairs, where, status))
      return;
    if (channels != w.channels ||
        elements != w.channels * w.outHeight * w.outWidth)
      status.add(ErrorCode::BadWindow,
                 where + ": its shape is not the window's output [" +
                     std::to_string(w.channels) + ", " +
                     std::to_string(w.outHeight) + ", " +
                     std::to_string(w.outWidth) + "]; correct one of them");
    for (const WindowAxis &axis : {WindowAxis::rows(w), WindowAxis::columns(w)})
      for (int64_t o = 0; o < axis.out; ++o) {
        int64_t first, last;
        axis.tapRange(o, first, last);
        if (first > last) {
          status.add(ErrorCode::BadWindow,
                     where + ": window " + std::to_string(o) +
                         " of an axis holds padding only, it has no maximum; "
                         "shrink the output or the padding");
          break;
        }
      }
    if (!unit.minimumOfChannel.empty() &&
        static_cast<int64_t>(unit.minimumOfChannel.size()) != channels)
      status.add(ErrorCode::BadConstants,
                 where + ": " + std::to_string(unit.minimumOfChannel.size()) +
                     " minimum flags, allowed are 0 or " +
                     std::to_string(channels) + "; give one a channel");
    for (uint8_t flag : unit.minimumOfChannel)
      if (flag > 1) {
        status.add(ErrorCode::BadConstants,
                   where + ": a minimum flag of " + std::to_string(flag) +
                       ", allowed are 0 and 1; correct it");
        break;
      }
  }

  void check(const ReadoutPool &unit, const Pool &) {
    checkLength(unit.offset, "offset", true);
    checkFinite(unit.offset, "offset", false);
  }

  const Program &program;
  Status &status;
  std::string where;
  int64_t elements = 0, channels = 0, total = 0;
};

} // namespace

void fastsnn::rt::validatePools(const Program &program, Status &status) {
  PoolValidator(program, status).run();
}

void fastsnn::rt::validateCores(const Program &program, Status &status) {
  std::vector<int32_t> seen(program.pools.size(), 0);
  std::unordered_set<int32_t> ids;
  for (const Core &core : program.cores) {
    if (!ids.insert(core.id).second)
      status.add(ErrorCode::BadCores,
                 "core " + std::to_string(core.id) +
                     ": the number is used twice; number cores uniquely");
    // Of mapped programs, tiles are looked at instead (validateMapping).
    if (program.mapping)
      continue;
    for (int32_t p : core.pools) {
      if (p < 0 || static_cast<size_t>(p) >= seen.size())
        status.add(ErrorCode::IndexOutOfRange,
                   "core " + std::to_string(core.id) + ": pool " +
                       std::to_string(p) + ", the program has " +
                       std::to_string(seen.size()) +
                       " pools; give an existing one");
      else
        ++seen[p];
    }
  }
  for (size_t p = 0; p < seen.size() && !program.mapping; ++p)
    if (seen[p] != 1)
      status.add(ErrorCode::BadCores,
                 describePool(program, static_cast<int32_t>(p)) + ": on " +
                     std::to_string(seen[p]) +
                     " cores, it must be on exactly one; correct the map");
}
