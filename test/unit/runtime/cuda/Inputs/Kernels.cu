//===- Kernels.cu - Every kernel, for nvcc ----------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// nvcc_test.py compiles this and reads ptxas' report.
//
//===----------------------------------------------------------------------===//

#include "fastsnn-cuda/CountPool.cuh"
#include "fastsnn-cuda/ImplicitGemm.cuh"
#include "fastsnn-cuda/Inject.cuh"
#include "fastsnn-cuda/Neurons.cuh"
#include "fastsnn-cuda/Readout.cuh"
#include "fastsnn-cuda/Scatter.cuh"
#include "fastsnn-cuda/Statistics.cuh"

namespace fastsnn::cuda {

#define FASTSNN_GEMM(steps, rows, fragments, state, epilogue)                  \
  template cudaError_t                                                         \
  launchGemm<steps, rows, fragments, state, GemmEpilogue::epilogue>(           \
      const GemmArguments<state> &, cudaStream_t);
// Large tiles of every number of steps, small ones, 64 bits, other epilogues.
FASTSNN_GEMM(1, 3, 8, int32_t, Neurons)
FASTSNN_GEMM(2, 2, 8, int32_t, Neurons)
FASTSNN_GEMM(3, 1, 8, int32_t, Neurons)
FASTSNN_GEMM(4, 1, 8, int32_t, Neurons)
FASTSNN_GEMM(5, 1, 4, int32_t, Neurons)
FASTSNN_GEMM(6, 1, 4, int32_t, Neurons)
FASTSNN_GEMM(7, 1, 4, int32_t, Neurons)
FASTSNN_GEMM(8, 1, 4, int32_t, Neurons)
FASTSNN_GEMM(3, 1, 4, int32_t, Neurons)
FASTSNN_GEMM(3, 1, 2, int32_t, Neurons)
FASTSNN_GEMM(8, 1, 2, int32_t, Neurons)
FASTSNN_GEMM(3, 1, 8, int64_t, Neurons)
FASTSNN_GEMM(8, 1, 4, int64_t, Neurons)
FASTSNN_GEMM(3, 1, 8, int32_t, Sums)
FASTSNN_GEMM(8, 1, 2, int32_t, Totals)

template cudaError_t launchNeurons(const NeuronLayer<int32_t> &, int32_t,
                                   cudaStream_t);
template cudaError_t launchNeurons(const NeuronLayer<int64_t> &, int32_t,
                                   cudaStream_t);
template cudaError_t launchPoolTrain<4>(const CountArguments &, cudaStream_t);
template cudaError_t launchPoolTrain<9>(const CountArguments &, cudaStream_t);

template cudaError_t launchScatter(
    const ScatterArguments<int32_t, StageList<Remap, Conv2D>> &, cudaStream_t);
template cudaError_t launchScatter(
    const ScatterArguments<int64_t, StageList<Gather, SumWindow, Conv2D, Remap>>
        &,
    cudaStream_t);
template cudaError_t launchScatter(
    const ScatterArguments<int64_t, StageList<AnyStage, AnyStage, AnyStage>> &,
    cudaStream_t);
template cudaError_t
launchScatter(const ScatterArguments<int32_t, StageList<>> &, cudaStream_t);
template cudaError_t
launchScatterInput(const InjectArguments<int64_t, StageList<SumWindow, Dense>> &,
                   cudaStream_t);
template cudaError_t
launchGatherInput(const InjectArguments<int32_t, StageList<Conv2D>> &,
                  cudaStream_t);
template cudaError_t
launchGatherInput(const InjectArguments<int64_t, StageList<Dense>> &,
                  cudaStream_t);
template cudaError_t
launchGatherInput(const InjectArguments<int64_t, StageList<Diagonal>> &,
                  cudaStream_t);

} // namespace fastsnn::cuda
