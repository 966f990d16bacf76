// RUN: fastsnn-translate --snn-to-cuda %s --cuda-weights=%t.fsnnw -o %t.cu
// RUN: FileCheck %s --input-file=%t.cu
// The same bytes again, and from a program that was scheduled before.
// RUN: fastsnn-translate --snn-to-cuda %s --cuda-weights=%t.again.fsnnw | cmp - %t.cu
// RUN: cmp %t.fsnnw %t.again.fsnnw
// RUN: fastsnn-opt %s --convert-snn-to-nmc=bit-planes=false --nmc-schedule-cuda | fastsnn-translate --snn-to-cuda | cmp - %t.cu
// RUN: not fastsnn-translate --snn-to-cuda %s --cuda-weights=%t.absent/w.fsnnw 2>&1 | FileCheck %s --check-prefix=FOLDER

// FOLDER: error: --cuda-weights: {{.*}}w.fsnnw cannot be written: {{.*}}; check the folder and its permissions

// Weights and constants are named by their place in the archive, never printed.
// CHECK: #include "fastsnn-cuda/Network.cuh"
// CHECK: constexpr int32_t timeSteps = 3;
// CHECK: // a [2]: neurons
// CHECK-NEXT: cudaError_t run1(const Frame &f) {
// CHECK-NEXT: FASTSNN_CUDA_TRY(f.clear(256, 256));
// CHECK-NEXT: FASTSNN_CUDA_TRY(runInject(f, makeStages(Dense{2, 2, WeightTable{f.weights<void>(0x0), WeightType::Int8, 2, 2}}), 2, SpikeShape{2, 1}, 0, f.input<int32_t>(0), f.buffer<int32_t>(256)));
// CHECK: layer.rule = {0, 3, true, false, false};
// CHECK-NEXT: layer.theta = {f.weights<int32_t>(0x100), 0, 0};
// CHECK: layer.addends[0] = {AddendKind::Current32, 0, 0, 2, f.buffer<void>(256), nullptr};
// CHECK: FASTSNN_CUDA_TRY(launchNeurons(layer, f.images, f.stream));
// CHECK: FASTSNN_CUDA_TRY(countSpikes(f, 1,
// CHECK: return f.finish(1, 0, 12);
// The unsigned neurons of b run behind the product; the skip has a weight a
// channel.
// CHECK: // b [2]: fused_gemm
// CHECK: layer.rule = {0, 3, false, false, false};
// CHECK: layer.theta = {f.weights<int32_t>({{.*}}), 0, 1};
// CHECK: layer.addends[0] = {AddendKind::Spikes, 0, 0, 2, f.buffer<uint32_t>(0), f.weights<void>({{.*}})};
// CHECK: product.plan = {{[{][{]}}2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1}, 1, 2, 1, 1, 1};
// CHECK: product.shift = 2;
// CHECK: runGemm<int32_t, GemmEpilogue::Neurons>(f, product, TileShape<3, 1, 2>{}, GemmTile{3, 1, 2, 8, 1}, TileShape<3, 1, 2>{}, GemmTile{3, 1, 2, 1, 1})
// One position: each of its elements has its own number of synapses.
// CHECK: countAdditions(f, 2, SpikeShape{2, 1}, timeSteps, f.buffer<uint32_t>(0), f.weights<uint32_t>({{0x[0-9a-f]+}}), nullptr));
// CHECK: // y "quoted? [2]: download
// CHECK: product.totals = f.outputs[0];
// CHECK: GemmEpilogue::Totals
// CHECK: {"y \"quoted\012", 2, 1, 0},
// CHECK: constexpr FastSNNCudaInput inputs[] = {
// CHECK-NEXT: {0, -1, 2},
// CHECK: constexpr FastSNNCudaOutput outputs[] = {
// CHECK-NEXT: {3, 3, 2},
// CHECK: FASTSNN_CUDA_LIBRARY(network);
snn.weights @w = dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
func.func @main(%x: tensor<2xf64> {qnn.name = "image"}) -> (tensor<2xf64> {qnn.name = "y"}) {
  %i = snn.encode <pixel> %x range 0 : 255 : tensor<2xf64> -> !snn.current<2, 3, i64, constant>
  %c = snn.linear %i, @w : !snn.current<2, 3, i64, constant> -> !snn.current<2, 3, i64, constant>
  %a = snn.integer_if %c "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<1> : tensor<1xi64>
      theta [6] start [3] epsilon [1] state 32 min -5000 max 5000 certificate <exact, fractional_bits = 0, cases = 1, ties = 0>
      : !snn.current<2, 3, i64, constant> -> !snn.train<2, 3, 0:3>
  %d = snn.linear %a, @w : !snn.train<2, 3, 0:3> -> !snn.current<2, 3, i64>
  %b = snn.integer_if %d, %a "b" factors [dense<[1, -1]> : tensor<2xi64>, dense<[5, 7]> : tensor<2xi64>] shifts [2, 0] bias dense<0> : tensor<1xi64>
      theta [6, 7] start [3] epsilon [1] state 32 min -5000 max 5000 certificate <exact, fractional_bits = 2, cases = 1, ties = 0> {unsigned_neuron}
      : !snn.current<2, 3, i64>, !snn.train<2, 3, 0:3> -> !snn.train<2, 3, 0:3>
  %y = snn.readout %b "y \22quoted\0A" gains [dense<2.0> : tensor<1xf64>] offset dense<0.5> : tensor<1xf64> : !snn.train<2, 3, 0:3> -> tensor<2xf64>
  return %y : tensor<2xf64>
}
