// RUN: fastsnn-opt %s --snn-fold-thresholds --split-input-file 2>/dev/null | FileCheck %s
// RUN: not fastsnn-opt %s --snn-fold-thresholds=epsilon=0.5 --split-input-file 2>&1 | FileCheck %s --check-prefix=EPSILON

// EPSILON: error: a settled layer takes no epsilon, nothing is left to take back; leave out epsilon or use pipelined timing

// A constant current counts once: its gain is 3 * 0.5 for T = 3, with which
// theta 3 is 2. One case a border between two counts. The single bias becomes a
// part of the start: (1.5 + 3 * 0.25) / 1.5 = 1.5, which 1 and 2 decide alike.
// CHECK-LABEL: func.func @once
func.func @once(%x: tensor<4xf64>) -> tensor<4xf64> {
  %i = snn.encode <quantized> %x range 0 : 3 scale [1.0] : tensor<4xf64> -> !snn.current<4, 3, i64, constant>
  // CHECK: snn.integer_if %{{.*}} "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [2] start [{{[12]}}] epsilon [1] state 32
  // CHECK-SAME: certificate <exact, fractional_bits = 0, cases = 12, ties = 0, minimal> {settled = #snn.ties<up>}
  %a = snn.if %i "a" gains [dense<0.5> : tensor<1xf64>] bias dense<0.25> : tensor<1xf64> theta [3.0] start [1.5] epsilon 0.0 {settled = #snn.ties<up>}
      : !snn.current<4, 3, i64, constant> -> !snn.train<4, 3, 0:3>
  %y = snn.readout %a "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<4, 3, 0:3> -> tensor<4xf64>
  return %y : tensor<4xf64>
}

// -----

// theta / gain = 4 / 3 and ties at every third border, to alternate sides: no
// shift represents them, a factor of 3 does. Positions with biases of their own
// keep them; what they share is the start.
// CHECK-LABEL: func.func @factor
func.func @factor(%x: tensor<1x1x2xf64>) -> tensor<1x1x2xf64> {
  %i = snn.encode <quantized> %x range 0 : 15 scale [1.0] : tensor<1x1x2xf64> -> !snn.current<1x1x2, 15, i64, constant>
  %a = snn.if %i "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [1.0] start [0.5] epsilon 0.0 {settled = #snn.ties<even>}
      : !snn.current<1x1x2, 15, i64, constant> -> !snn.train<1x1x2, 15, 0:15>
  // CHECK: snn.integer_if %{{.*}} "b" factors [dense<3> : tensor<1xi64>] shifts [1] bias dense<[0, {{.*}}]> : tensor<2xi64>
  // CHECK-SAME: theta [8] {{.*}} certificate <exact, fractional_bits = 1, cases = 30, ties = {{[1-9]}}{{[0-9]*}}> {settled = #snn.ties<even>}
  %b = snn.if %a "b" gains [dense<0.75> : tensor<1xf64>] bias dense<[[[0.0, 0.05]]]> : tensor<1x1x2xf64> theta [1.0] start [0.5] epsilon 0.0 {settled = #snn.ties<even>}
      : !snn.train<1x1x2, 15, 0:15> -> !snn.train<1x1x2, 15, 0:15>
  %y = snn.readout %b "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<1x1x2, 15, 0:15> -> tensor<1x1x2xf64>
  return %y : tensor<1x1x2xf64>
}
