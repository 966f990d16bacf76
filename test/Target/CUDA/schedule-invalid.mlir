// RUN: not fastsnn-opt %s --convert-snn-to-nmc --nmc-schedule-cuda --split-input-file 2>&1 | FileCheck %s

// Ten linear layers of ten shifts: one is fused, the sums of the others cannot be
// shared.
// CHECK: error: b: 9 addends of different shifts or inputs, the kernels take 8; quantize between the branches, or run on the CPU
snn.weights @w = dense<1> : tensor<2x2xi8>
func.func @main(%x: tensor<2xf64> {qnn.name = "x"}) -> (tensor<2xf64> {qnn.name = "y"}) {
  %i = snn.encode <pixel> %x range 0 : 255 : tensor<2xf64> -> !snn.current<2, 3, i64, constant>
  %c = snn.linear %i, @w : !snn.current<2, 3, i64, constant> -> !snn.current<2, 3, i64, constant>
  %a = snn.integer_if %c "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<1> : tensor<1xi64>
      theta [6] start [3] epsilon [1] state 64 min -50000 max 50000 certificate <exact, fractional_bits = 2, cases = 1, ties = 0>
      : !snn.current<2, 3, i64, constant> -> !snn.train<2, 3, 0:3>
  %l0 = snn.linear %a, @w : !snn.train<2, 3, 0:3> -> !snn.current<2, 3, i64>
  %l1 = snn.linear %a, @w : !snn.train<2, 3, 0:3> -> !snn.current<2, 3, i64>
  %l2 = snn.linear %a, @w : !snn.train<2, 3, 0:3> -> !snn.current<2, 3, i64>
  %l3 = snn.linear %a, @w : !snn.train<2, 3, 0:3> -> !snn.current<2, 3, i64>
  %l4 = snn.linear %a, @w : !snn.train<2, 3, 0:3> -> !snn.current<2, 3, i64>
  %l5 = snn.linear %a, @w : !snn.train<2, 3, 0:3> -> !snn.current<2, 3, i64>
  %l6 = snn.linear %a, @w : !snn.train<2, 3, 0:3> -> !snn.current<2, 3, i64>
  %l7 = snn.linear %a, @w : !snn.train<2, 3, 0:3> -> !snn.current<2, 3, i64>
  %l8 = snn.linear %a, @w : !snn.train<2, 3, 0:3> -> !snn.current<2, 3, i64>
  %l9 = snn.linear %a, @w : !snn.train<2, 3, 0:3> -> !snn.current<2, 3, i64>
  %b = snn.integer_if %l0, %l1, %l2, %l3, %l4, %l5, %l6, %l7, %l8, %l9 "b" factors [dense<1> : tensor<1xi64>, dense<1> : tensor<1xi64>, dense<1> : tensor<1xi64>, dense<1> : tensor<1xi64>, dense<1> : tensor<1xi64>, dense<1> : tensor<1xi64>, dense<1> : tensor<1xi64>, dense<1> : tensor<1xi64>, dense<1> : tensor<1xi64>, dense<1> : tensor<1xi64>] shifts [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] bias dense<0> : tensor<1xi64>
      theta [6] start [3] epsilon [1] state 64 min -50000 max 50000 certificate <exact, fractional_bits = 2, cases = 1, ties = 0>
      : !snn.current<2, 3, i64>, !snn.current<2, 3, i64>, !snn.current<2, 3, i64>, !snn.current<2, 3, i64>, !snn.current<2, 3, i64>, !snn.current<2, 3, i64>, !snn.current<2, 3, i64>, !snn.current<2, 3, i64>, !snn.current<2, 3, i64>, !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  %y = snn.readout %b "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<2, 3, 0:3> -> tensor<2xf64>
  return %y : tensor<2xf64>
}

// -----

// CHECK: error: y: a remap of 7 dimensions, the kernels take 6; merge dimensions of the transposition in front of it, or run on the CPU
func.func @main(%x: tensor<2x1x2x1x2x1x2xf64> {qnn.name = "x"}) -> (tensor<2x2x2x2x1x1x1xf64> {qnn.name = "y"}) {
  %i = snn.encode <pixel> %x range 0 : 255 : tensor<2x1x2x1x2x1x2xf64> -> !snn.current<2x1x2x1x2x1x2, 3, i64, constant>
  %a = snn.integer_if %i "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<1> : tensor<1xi64>
      theta [6] start [3] epsilon [1] state 64 min -50000 max 50000 certificate <exact, fractional_bits = 2, cases = 1, ties = 0>
      : !snn.current<2x1x2x1x2x1x2, 3, i64, constant> -> !snn.train<2x1x2x1x2x1x2, 3, 0:3>
  %t = snn.transpose %a [0, 2, 4, 6, 1, 3, 5] : !snn.train<2x1x2x1x2x1x2, 3, 0:3> -> !snn.train<2x2x2x2x1x1x1, 3, 0:3>
  %y = snn.readout %t "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<2x2x2x2x1x1x1, 3, 0:3> -> tensor<2x2x2x2x1x1x1xf64>
  return %y : tensor<2x2x2x2x1x1x1xf64>
}
