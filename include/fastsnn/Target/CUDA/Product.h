//===- Product.h - Connections as matrix products ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TARGET_CUDA_PRODUCT_H
#define FASTSNN_TARGET_CUDA_PRODUCT_H

#include "fastsnn-cuda/Gemm.h"
#include "fastsnn-rt/Program.h"

#include <functional>
#include <optional>

namespace fastsnn::cudagen {

/// Channels and positions of a pool as the kernels see it.
cuda::SpikeShape spikeShape(const rt::Pool &pool);

/// A connection as a convolution over packed spikes (fastsnn-cuda/Gemm.h). The
/// program must outlive it.
struct Product {
  cuda::GemmGeometry geometry;
  /// addRow(first, count, tap, input channel in its group, row): adds the
  /// weights of the output channels [first, first + count), all of one group,
  /// to row[0], row[1], ...
  std::function<void(int32_t, int32_t, int32_t, int32_t, int64_t *)> addRow;
  /// Extremes of the weights, 0 included, and the largest sum of |weight| over
  /// the synapses of one neuron, where weights beyond 2^32 count as 2^32.
  int64_t minWeight = 0, maxWeight = 0, maxAbsSum = 0;

  int64_t weight(int32_t output, int32_t tap, int32_t channel) const {
    int64_t sum = 0;
    addRow(output, 1, tap, channel, &sum);
    return sum;
  }

  /// Products of one image and step.
  int64_t operations() const;
};

/// The weights of `product` as the kernel wants them (packWeights in Gemm.h).
std::vector<uint8_t> packProduct(const Product &product,
                                 const cuda::GemmPlan &plan);

/// The connection's product, if it is one:
///   convolutions, alone or behind a remap that pads or places the source in a
///   concatenation;
///   sums over windows with a weight a channel: depthwise convolutions;
///   whatever ends in one position: a dense layer, whose weights are the sums
///   over all ways from a source element to a target element.
/// The connection must not end in a count pool nor begin at an input.
std::optional<Product> findProduct(const rt::Program &program,
                                   const rt::Connection &connection);

/// A diagonal connection between pools of equal positions: the source's channel
/// c adds weights[c] to the target's channel firstChannel + c.
struct DirectSpikes {
  int32_t firstChannel = 0;
  std::vector<int64_t> weights;
};
std::optional<DirectSpikes> findDirectSpikes(const rt::Program &program,
                                             const rt::Connection &connection);

} // namespace fastsnn::cudagen

#endif // FASTSNN_TARGET_CUDA_PRODUCT_H
