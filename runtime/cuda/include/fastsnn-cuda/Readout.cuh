//===- Readout.cuh - What a connection gives a readout ----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums over all steps, one array for each connection into a readout.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_READOUT_CUH
#define FASTSNN_CUDA_READOUT_CUH

#include "fastsnn-cuda/Launch.cuh"
#include "fastsnn-cuda/Layer.h"

namespace fastsnn::cuda {

struct ReadoutArguments {
  /// The readout.
  SpikeShape shape;
  int32_t timeSteps = 1, images = 0;
  /// Any kind; a current counts at every step. Weights of spikes are int64_t.
  Addend addend;
  /// int64 [image][channel][position]: row-major.
  int64_t *totals = nullptr;
};

FASTSNN_KERNEL void FASTSNN_LAUNCH_BOUNDS(simpleThreads, 1)
    sumReadout(const __grid_constant__ ReadoutArguments a) {
  int64_t elements = a.shape.elements();
  forEachItem(elements * a.images, [&](int64_t i) {
    int64_t image = i / elements;
    auto position = static_cast<int32_t>(i % a.shape.positions);
    auto channel = static_cast<int32_t>(i % elements / a.shape.positions);
    int64_t total = 0;
    for (int32_t step = 0; step < a.timeSteps; ++step)
      total = wrapAdd(total, addendAt<int64_t>(a.addend, a.shape, a.timeSteps,
                                               image, step, position, channel));
    a.totals[i] = total;
  });
}

/// Returns the runtime's error.
inline cudaError_t launchReadout(const ReadoutArguments &arguments,
                                 cudaStream_t stream) {
  FASTSNN_LAUNCH(sumReadout,
                 simpleGrid(arguments.shape.elements() * arguments.images),
                 dim3(simpleThreads), 0, stream, arguments);
  return cudaGetLastError();
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_READOUT_CUH
