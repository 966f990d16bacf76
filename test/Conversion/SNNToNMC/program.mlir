// RUN: fastsnn-opt %s --convert-snn-to-nmc --split-input-file | FileCheck %s
// RUN: fastsnn-opt %s --convert-snn-to-nmc=bit-planes=false --split-input-file | FileCheck %s --check-prefix=CURRENT

// Weights become event-major, the skip's factor a diagonal; a layer without
// bias has no add_bias, an unsigned one no -1 branch.
// CHECK: nmc.program @main steps 3 attributes {provenance = {epsilon = 1.000000e-03 : f64, timing = "pipelined"}}
module attributes {snn.epsilon = 1.0e-3 : f64} {
// CHECK-NEXT: nmc.weights @w = dense<{{\[\[\[}}1, 3], [2, 4]]]> : tensor<1x2x2xi8> digest "[[D:[0-9a-f]+]]"
// CHECK-NEXT: nmc.weights @w_1 = dense<{{\[\[\[}}1, -3], [2, -4]]]> : tensor<1x2x2xi8> digest "[[D]]"
// CHECK-NEXT: nmc.weights @diagonal = dense<{{\[\[\[}}5, 7]]]> : tensor<1x1x2xi8>
snn.weights @w = dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
func.func @main(%x: tensor<2xf64> {qnn.name = "image"}) -> (tensor<2xf64> {qnn.name = "y", qnn.host = [{op = "Softmax"}]}) {
  // CHECK: nmc.input @image [2] <pixel> range 0 : 255
  // CURRENT: nmc.input @image [2] <pixel> range 0 : 255 {encoding = #nmc.input_encoding<current>}
  %i = snn.encode <pixel> %x range 0 : 255 : tensor<2xf64> -> !snn.current<2, 3, i64, constant>
  %c = snn.linear %i, @w : !snn.current<2, 3, i64, constant> -> !snn.current<2, 3, i64, constant>
  // CHECK: nmc.neurons @a [2] range 0 : 3 bias dense<1> : tensor<1xi64> theta [6] start [3] epsilon [1] state 32
  // CHECK: nmc.connect @a.from.image from @image to @a via [#nmc.dense<2 -> 2, @w>]
  %a = snn.integer_if %c "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<1> : tensor<1xi64>
      theta [6] start [3] epsilon [1] state 32 min -5000 max 5000 certificate <exact, fractional_bits = 0, cases = 1, ties = 0>
      : !snn.current<2, 3, i64, constant> -> !snn.train<2, 3, 0:3>
  %d = snn.linear %a, @w : !snn.train<2, 3, 0:3> -> !snn.current<2, 3, i64>
  // CHECK: nmc.connect @b.from.a from @a to @b via [#nmc.dense<2 -> 2, @w_1>] {shift = 2 : i64}
  // CHECK: nmc.connect @b.from.a_1 from @a to @b via [#nmc.diagonal<2 by 2, @diagonal>]
  %b = snn.integer_if %d, %a "b" factors [dense<[1, -1]> : tensor<2xi64>, dense<[5, 7]> : tensor<2xi64>] shifts [2, 0] bias dense<0> : tensor<1xi64>
      theta [6] start [3] epsilon [1] state 32 min -5000 max 5000 certificate <exact, fractional_bits = 2, cases = 1, ties = 0> {unsigned_neuron}
      : !snn.current<2, 3, i64>, !snn.train<2, 3, 0:3> -> !snn.train<2, 3, 0:3>
  // CHECK: nmc.readout @y [2] offset dense<5.000000e-01> : tensor<1xf64> {host = [{op = "Softmax"}]}
  // CHECK: nmc.connect @y.from.b from @b to @y via [#nmc.diagonal<2 by 1, @diagonal_1>] {gain = dense<2.000000e+00> : tensor<1xf64>}
  %y = snn.readout %b "y" gains [dense<2.0> : tensor<1xf64>] offset dense<0.5> : tensor<1xf64> : !snn.train<2, 3, 0:3> -> tensor<2xf64>
  return %y : tensor<2xf64>
}
}
// CHECK: nmc.prologue {
// CHECK-NEXT: nmc.inject @a.from.image
// CHECK: nmc.step {
// CHECK-NEXT: nmc.barrier
// CHECK-NEXT: nmc.add_current @a
// CHECK-NEXT: nmc.add_bias @a
// CHECK-NEXT: nmc.cmp_up @a
// CHECK-NEXT: nmc.sub_theta @a
// CHECK-NEXT: nmc.count_up @a
// CHECK-NEXT: nmc.emit_up @a
// CHECK-NEXT: nmc.cmp_down @a
// CHECK-NEXT: nmc.add_theta @a
// CHECK-NEXT: nmc.count_down @a
// CHECK-NEXT: nmc.emit_down @a
// CHECK-NEXT: nmc.drain @b.from.a
// CHECK-NEXT: nmc.drain @b.from.a_1
// CHECK-NEXT: nmc.barrier
// CHECK-NEXT: nmc.cmp_up @b
// CHECK-NEXT: nmc.sub_theta @b
// CHECK-NEXT: nmc.count_up @b
// CHECK-NEXT: nmc.emit_up @b
// CHECK-NEXT: nmc.drain @y.from.b
// CHECK-NEXT: }
// CHECK: nmc.epilogue {
// CHECK-NEXT: nmc.read @y

// -----

// Movement becomes remaps; uneven windows become weight planes; a concatenation
// one connection a part. Max poolings count.
// CHECK: nmc.weights @diagonal_1 = dense<{{\[\[\[}}4]], {{\[\[}}2]], {{\[\[}}1]]]> : tensor<3x1x1xi8>
func.func @movement(%x: tensor<1x2x2xf64> {qnn.name = "x"}) -> (tensor<1x3x3xf64> {qnn.name = "p"}, tensor<2x4x2xf64> {qnn.name = "m"}) {
  %i = snn.encode <quantized> %x range 0 : 3 scale [1.0] : tensor<1x2x2xf64> -> !snn.current<1x2x2, 3, i64, constant>
  %a = snn.integer_if %i "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64>
      theta [3] start [1] epsilon [1] state 32 min -50 max 50 certificate <exact, fractional_bits = 0, cases = 1, ties = 0>
      : !snn.current<1x2x2, 3, i64, constant> -> !snn.train<1x2x2, 3, 0:3>
  // CHECK: nmc.connect @p.from.a from @a to @p via [#nmc.sum_window<<input = [1, 2, 2], output = [3, 3], kernel = [2, 2], strides = [1, 1], dilations = [1, 1], pads = [1, 1]>, planes = [0, 1, 0, 1, 2, 1, 0, 1, 0]>, #nmc.diagonal<9 by 1, @diagonal_1>]
  %s = snn.sum_pool %a kernel [2, 2] {pads = array<i64: 1, 1, 1, 1>, multipliers = array<i64: 4, 2, 4, 2, 1, 2, 4, 2, 4>}
      : !snn.train<1x2x2, 3, 0:3> -> !snn.current<1x3x3, 3, i64>
  %p = snn.readout %s "p" gains [dense<0.25> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.current<1x3x3, 3, i64> -> tensor<1x3x3xf64>
  // CHECK: nmc.count_pool @max <input = [1, 2, 2], output = [2, 2], kernel = [2, 2], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  %m = snn.max_pool %a "max" kernel [2, 2] {pads = array<i64: 0, 0, 1, 1>} : !snn.train<1x2x2, 3, 0:3> -> !snn.train<1x2x2, 3, 0:3>
  %t = snn.transpose %m [0, 2, 1] : !snn.train<1x2x2, 3, 0:3> -> !snn.train<1x2x2, 3, 0:3>
  %d = snn.pad %t low [0, 1, 0] high [0, 1, 0] : !snn.train<1x2x2, 3, 0:3> -> !snn.train<1x4x2, 3, 0:3>
  // CHECK: nmc.connect @m.from.max from @max to @m via [#nmc.remap<shape = [1, 2, 2], strides = [4, 1, 2], offset = 0, size = 4>, #nmc.remap<shape = [1, 2, 2], strides = [8, 2, 1], offset = 2, size = 8>, #nmc.remap<shape = [1, 4, 2], strides = [8, 2, 1], offset = 0, size = 16>, #nmc.diagonal<16 by 1, @{{.*}}>]
  // CHECK: nmc.connect @m.from.max_1 from @max to @m via [{{.*}}#nmc.remap<shape = [1, 4, 2], strides = [8, 2, 1], offset = 8, size = 16>, #nmc.diagonal<16 by 1, @{{.*}}>]
  %c = snn.concat %d, %d axis 0 : !snn.train<1x4x2, 3, 0:3>, !snn.train<1x4x2, 3, 0:3> -> !snn.train<2x4x2, 3, 0:3>
  %y = snn.readout %c "m" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<2x4x2, 3, 0:3> -> tensor<2x4x2xf64>
  return %p, %y : tensor<1x3x3xf64>, tensor<2x4x2xf64>
}
