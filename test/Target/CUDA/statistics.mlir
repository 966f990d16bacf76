// Additions are counted by the synapses that an element reaches. All positions
// of 8x8 but those of the border have the same, so that the archive holds nine
// rows (less than 256 bytes) and which of them each position has.

// RUN: fastsnn-translate --snn-to-cuda %s | FileCheck %s

// CHECK: // b [2, 8, 8]: fused_gemm
// CHECK: countSpikes(f, 2, SpikeShape{2, 64}, timeSteps, f.buffer<uint32_t>({{[0-9]+}})));
// CHECK-NEXT: countAdditions(f, 2, SpikeShape{2, 64}, timeSteps, f.buffer<uint32_t>({{[0-9]+}}), f.weights<uint32_t>(0x1500), f.weights<uint32_t>(0x1600)));
// CHECK: // y [2, 8, 8]: download
// CHECK-NOT: countSpikes
// CHECK: countAdditions(f, 3, SpikeShape{2, 64}, timeSteps, f.buffer<uint32_t>({{[0-9]+}}), f.weights<uint32_t>({{0x[0-9a-f]+}}), f.weights<uint32_t>({{0x[0-9a-f]+}})));
snn.weights @w = dense<1> : tensor<2x2x3x3xi8>
func.func @main(%x: tensor<2x8x8xf64> {qnn.name = "x"}) -> (tensor<2x8x8xf64> {qnn.name = "y"}) {
  %i = snn.encode <quantized> %x range 0 : 3 scale [1.0] : tensor<2x8x8xf64> -> !snn.current<2x8x8, 3, i64, constant>
  %c = snn.conv2d %i, @w {pads = array<i64: 1, 1, 1, 1>} : !snn.current<2x8x8, 3, i64, constant> -> !snn.current<2x8x8, 3, i64, constant>
  %a = snn.integer_if %c "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64>
      theta [3] start [1] epsilon [1] state 32 min -500 max 500 certificate <exact, fractional_bits = 0, cases = 1, ties = 0>
      : !snn.current<2x8x8, 3, i64, constant> -> !snn.train<2x8x8, 3, 0:3>
  %d = snn.conv2d %a, @w {pads = array<i64: 1, 1, 1, 1>} : !snn.train<2x8x8, 3, 0:3> -> !snn.current<2x8x8, 3, i64>
  %b = snn.integer_if %d "b" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64>
      theta [3] start [1] epsilon [1] state 32 min -500 max 500 certificate <exact, fractional_bits = 0, cases = 1, ties = 0>
      : !snn.current<2x8x8, 3, i64> -> !snn.train<2x8x8, 3, 0:3>
  %y = snn.readout %b "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<2x8x8, 3, 0:3> -> tensor<2x8x8xf64>
  return %y : tensor<2x8x8xf64>
}
