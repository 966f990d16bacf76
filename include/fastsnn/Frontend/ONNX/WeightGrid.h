//===- WeightGrid.h - Weights on an integer grid ----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_WEIGHTGRID_H
#define FASTSNN_FRONTEND_ONNX_WEIGHTGRID_H

#include "fastsnn/Frontend/ONNX/Constant.h"

namespace fastsnn::frontend {

struct GridOptions {
  /// Largest distance of a weight from its grid point, as a fraction of the
  /// largest magnitude (of the tensor, or of the output channel where grids are
  /// per channel). Exporters compute quantized weights in float32, in up to
  /// about eight rounded operations of 6e-8 each.
  double tolerance = 1e-6;
  /// Integers between the smallest and the largest of a grid, both included.
  int64_t maxLevels = 1024;
  /// Bits to round weights to that lie on no grid; 0: they are an error.
  int64_t quantizeBits = 0;
  /// Keep weights that lie on no grid as they are, instead.
  bool keepReal = false;
};

/// Integer weights: the real ones are scale[c] * integer, c the output channel
/// (dimension 0). Or real ones, without a scale.
struct GridWeights {
  Dims shape;
  /// Storage width of an integer: 8, 16 or 32 bits, or of a real number: 32 or
  /// 64; little endian.
  unsigned bits = 8;
  std::vector<uint8_t> bytes;
  /// One entry, or one an output channel; positive. None: weights are real.
  std::vector<double> scale;
  /// Largest |weight - scale * integer| / scale.
  double snapError = 0;
  /// True where the weights were on no grid and have been rounded.
  bool rounded = false;
};

/// Finds the integers of `weights`, whose dimension 0 is the output channel.
///
/// The grid is the known one of a quantization node, else the coarsest one that
/// fits the whole tensor, else the coarsest one of each output channel
/// (exporters fuse batch norm into quantized weights). It may be uniform or
/// have gaps: with additive powers of two every level is a multiple of the
/// smallest.
///
/// Canonical form: the integers of every output channel have no common divisor;
/// it is part of the channel's scale. So the integers do not depend on whether
/// the file tells the grid, and on whether a factor per channel was multiplied
/// in. A channel of zeros has the scale of the tensor's grid, or 1.
///
/// Returns nothing and an error (`<what>, <limit>; <what to do>`) if a weight
/// is not finite, or on no grid and neither rounded nor kept.
std::optional<GridWeights> findGrid(const Constant &weights,
                                    const GridOptions &options,
                                    std::string &error);

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_WEIGHTGRID_H
