// RUN: fastsnn-opt %s --convert-snn-to-nmc --split-input-file | FileCheck %s

// Elements taken by index: [outer, extent, inner] around the axis. Between the
// weights and a target, channels keep the factors of where they arrive.
// CHECK: nmc.weights @w = dense<{{\[\[\[}}3, 10]]]> : tensor<1x1x2xi8>
snn.weights @w = dense<[[[[1]]], [[[2]]]]> : tensor<2x1x1x1xi8>
func.func @gather(%x: tensor<1x2x3xf64> {qnn.name = "x"}) -> (tensor<2x2x5xf64> {qnn.name = "y"}) {
  %i = snn.encode <quantized> %x range 0 : 3 scale [1.0] : tensor<1x2x3xf64> -> !snn.current<1x2x3, 3, i64, constant>
  %g = snn.gather %i axis 2 indices [0, -1, 1, -1, 2] : !snn.current<1x2x3, 3, i64, constant> -> !snn.current<1x2x5, 3, i64, constant>
  %c = snn.conv2d %g, @w : !snn.current<1x2x5, 3, i64, constant> -> !snn.current<2x2x5, 3, i64, constant>
  %s = snn.gather %c axis 0 indices [1, 0] : !snn.current<2x2x5, 3, i64, constant> -> !snn.current<2x2x5, 3, i64, constant>
  // CHECK: nmc.connect @a.from.x from @x to @a via [#nmc.gather<shape = [2, 3, 1], indices = [0, -1, 1, -1, 2]>, #nmc.conv2d<<input = [1, 2, 5], {{.*}}>, channels = 2, groups = 1, @w>, #nmc.gather<shape = [1, 2, 10], indices = [1, 0]>]
  %a = snn.integer_if %s "a" factors [dense<[5, 3]> : tensor<2xi64>] shifts [0] bias dense<0> : tensor<1xi64>
      theta [3] start [1] epsilon [1] state 32 min -500 max 500 certificate <exact, fractional_bits = 0, cases = 1, ties = 0>
      : !snn.current<2x2x5, 3, i64, constant> -> !snn.train<2x2x5, 3, 0:3>
  %y = snn.readout %a "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<2x2x5, 3, 0:3> -> tensor<2x2x5xf64>
  return %y : tensor<2x2x5xf64>
}

// -----

// Windows of different divisors behind weights: a connection for each
// multiplier, its weights times that, all other windows left out.
// CHECK-DAG: nmc.weights @w = dense<6> : tensor<1x1x1xi8>
// CHECK-DAG: nmc.weights @w_1 = dense<3> : tensor<1x1x1xi8>
snn.weights @w = dense<3> : tensor<1x1x1x1xi8>
func.func @uneven(%x: tensor<1x1x3xf64> {qnn.name = "x"}) -> (tensor<1x1x3xf64> {qnn.name = "y"}) {
  %i = snn.encode <quantized> %x range 0 : 3 scale [1.0] : tensor<1x1x3xf64> -> !snn.current<1x1x3, 3, i64, constant>
  %c = snn.conv2d %i, @w : !snn.current<1x1x3, 3, i64, constant> -> !snn.current<1x1x3, 3, i64, constant>
  %p = snn.sum_pool %c kernel [1, 2] {pads = array<i64: 0, 1, 0, 0>, multipliers = array<i64: 2, 1, 1>} : !snn.current<1x1x3, 3, i64, constant> -> !snn.current<1x1x3, 3, i64, constant>
  // CHECK: nmc.connect @y.from.x {{.*}}@w>, #nmc.sum_window<{{[^@]*}}>>, #nmc.gather<shape = [1, 1, 3], indices = [0]>, #nmc.gather<shape = [1, 3, 1], indices = [0, -1, -1]>]
  // CHECK: nmc.connect @y.from.x_1 {{.*}}@w_1>, #nmc.sum_window<{{[^@]*}}>>, #nmc.gather<shape = [1, 1, 3], indices = [0]>, #nmc.gather<shape = [1, 3, 1], indices = [-1, 1, 2]>]
  %y = snn.readout %p "y" gains [dense<0.25> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.current<1x1x3, 3, i64, constant> -> tensor<1x1x3xf64>
  return %y : tensor<1x1x3xf64>
}
