// RUN: fastsnn-opt %s | fastsnn-opt | FileCheck %s
// RUN: fastsnn-opt %s --mlir-print-op-generic | fastsnn-opt | FileCheck %s
// RUN: fastsnn-opt %s -emit-bytecode | fastsnn-opt | FileCheck %s
// RUN: fastsnn-opt %s --verify-roundtrip -o /dev/null

// Every operator, stage and attribute of the nmc dialect, in text, generic form
// and bytecode.

// CHECK: nmc.program @net steps 3 attributes {provenance = {compiler = "test"}} {
nmc.program @net steps 3 attributes {provenance = {compiler = "test"}} {
  // CHECK: nmc.weights @w1 = dense<1> : tensor<1x18x4xi8> digest "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  nmc.weights @w1 = dense<1> : tensor<1x18x4xi8>
      digest "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  // CHECK: nmc.weights @w2 = dense<-2> : tensor<2x16x3xi16> digest
  nmc.weights @w2 = dense<-2> : tensor<2x16x3xi16>
      digest "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  // CHECK: nmc.weights @w3 = dense<{{\[\[}}[100000, -1, 0, 1]]]> : tensor<1x1x4xi32>
  nmc.weights @w3 = dense<[[[100000, -1, 0, 1]]]> : tensor<1x1x4xi32>
      digest "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  // CHECK: nmc.weights @w4 = dense_resource<blob> : tensor<1x2x1xi64>
  nmc.weights @w4 = dense_resource<blob> : tensor<1x2x1xi64>
      digest "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

  // CHECK: nmc.input @pixels [2, 4, 4] <pixel> range 0 : 255
  // CHECK-NOT: encoding
  nmc.input @pixels [2, 4, 4] <pixel> range 0 : 255
  // CHECK: nmc.input @table [1] <pixel> range -1 : 1 {encoding = #nmc.input_encoding<current>, table = array<i32: -1, 0, 1,
  nmc.input @table [1] <pixel> range -1 : 1 {encoding = #nmc.input_encoding<current>, table = array<i32: -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1>}
  // CHECK: nmc.input @codes [2] <quantized> range -8 : 7 scale [0.30000000000000004] pre_scale [3.000000e+00] pre_offset [1.000000e+00, 2.000000e+00] {rounding = #nmc.rounding<half_up>}
  nmc.input @codes [2] <quantized> range -8 : 7 scale [0.30000000000000004] pre_scale [3.0]
      pre_offset [1.0, 2.0] {rounding = #nmc.rounding<half_up>}
  // CHECK: nmc.input @floored [2] <quantized> range 0 : 7 scale [5.000000e-01] {rounding = #nmc.rounding<floor>}
  nmc.input @floored [2] <quantized> range 0 : 7 scale [0.5] {rounding = #nmc.rounding<floor>}
  // CHECK: nmc.input @reals [2] <real> range 0 : 0 {bound = 4.000000e+00 : f64, encoding = #nmc.input_encoding<current>}
  nmc.input @reals [2] <real> range 0 : 0 {bound = 4.0 : f64, encoding = #nmc.input_encoding<current>}

  // CHECK: nmc.neurons @a [4, 4, 4] range -3 : 3 bias dense<1> : tensor<1xi64> theta [100, 101, 102, 103] start [50] epsilon [1] state 32 min -1000 max 2000 {certificate = {kind = "exact"}}
  nmc.neurons @a [4, 4, 4] range -3 : 3 bias dense<1> : tensor<1xi64>
      theta [100, 101, 102, 103] start [50] epsilon [1]
      state 32 min -1000 max 2000 {certificate = {kind = "exact"}}
  // CHECK: nmc.count_pool @b <input = [4, 4, 4], output = [2, 2], kernel = [2, 2], strides = [2, 2], dilations = [1, 1], pads = [0, 0]> range -3 : 3 {minimum = array<i1: true, false, false, true>}
  nmc.count_pool @b <input = [4, 4, 4], output = [2, 2], kernel = [2, 2], strides = [2, 2],
      dilations = [1, 1], pads = [0, 0]> range -3 : 3 {minimum = array<i1: true, false, false, true>}
  // CHECK: nmc.readout @y [3] offset dense<0.000000e+00> : tensor<3xf64> {host = [{op = "Softmax"}]}
  nmc.readout @y [3] offset dense<0.0> : tensor<3xf64> {host = [{op = "Softmax"}]}
  // CHECK: nmc.readout @z [1] offset dense<0.000000e+00> : tensor<1xf64>
  nmc.readout @z [1] offset dense<0.0> : tensor<1xf64>

  // CHECK: nmc.connect @pixels_a from @pixels to @a via [#nmc.conv2d<<input = [2, 4, 4], output = [4, 4], kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1]>, channels = 4, groups = 1, @w1>] {shift = 7 : i64}
  nmc.connect @pixels_a from @pixels to @a via [#nmc.conv2d<<input = [2, 4, 4], output = [4, 4],
      kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1]>, channels = 4, groups = 1, @w1>] {shift = 7}
  // CHECK: nmc.connect @a_b from @a to @b via [#nmc.remap<shape = [4, 4, 4], strides = [16, 1, 4], offset = 0, size = 64>]
  nmc.connect @a_b from @a to @b via [#nmc.remap<shape = [4, 4, 4], strides = [16, 1, 4], offset = 0, size = 64>]
  // CHECK: nmc.connect @b_y from @b to @y via [#nmc.sum_window<<input = [4, 2, 2], output = [2, 2], kernel = [2, 2], strides = [1, 1], dilations = [1, 1], pads = [0, 0]>, planes = [0, 1, 0, 1]>, #nmc.dense<16 -> 3, @w2>] {gain = dense<5.000000e-01> : tensor<1xf64>}
  nmc.connect @b_y from @b to @y via [#nmc.sum_window<<input = [4, 2, 2], output = [2, 2],
      kernel = [2, 2], strides = [1, 1], dilations = [1, 1], pads = [0, 0]>, planes = [0, 1, 0, 1]>,
      #nmc.dense<16 -> 3, @w2>] {gain = dense<0.5> : tensor<1xf64>}
  // CHECK: nmc.neurons @settled [4] range 0 : 1 {{.*}} {settled}
  nmc.neurons @settled [4] range 0 : 1 bias dense<0> : tensor<1xi64> theta [100] start [50] epsilon [1]
      state 32 min -100 max 100 {settled}
  // CHECK: nmc.neurons @c [4] range 0 : 1 {{.*}} state 64
  nmc.neurons @c [4] range 0 : 1 bias dense<[1, 2, 3, 4]> : tensor<4xi64> theta [100] start [-9223372036854775808]
      epsilon [9223372036854775807] state 64 min -9223372036854775808 max 9223372036854775807
  // CHECK: nmc.connect @b_c from @b to @c via [#nmc.sum_window<<input = [4, 2, 2], output = [1, 1], kernel = [2, 2], strides = [1, 1], dilations = [1, 1], pads = [0, 0]>>, #nmc.diagonal<4 by 4, @w3>]
  nmc.connect @b_c from @b to @c via [#nmc.sum_window<<input = [4, 2, 2], output = [1, 1],
      kernel = [2, 2], strides = [1, 1], dilations = [1, 1], pads = [0, 0]>>, #nmc.diagonal<4 by 4, @w3>]
  // CHECK: nmc.connect @codes_z
  nmc.connect @codes_z from @codes to @z via [#nmc.dense<2 -> 1, @w4>] {gain = dense<1.0> : tensor<1xf64>}

  // CHECK: nmc.prologue {
  // CHECK-NEXT: nmc.inject @pixels_a
  // CHECK-NEXT: nmc.barrier
  // CHECK-NEXT: }
  nmc.prologue {
    nmc.inject @pixels_a
    nmc.barrier
  }
  // CHECK: nmc.step {
  // CHECK-NEXT: nmc.add_current @a
  // CHECK-NEXT: nmc.add_bias @a
  // CHECK-NEXT: nmc.cmp_up_even @settled
  // CHECK-NEXT: nmc.cmp_down_even @settled
  // CHECK-NEXT: nmc.cmp_up @a
  // CHECK-NEXT: nmc.sub_theta @a
  // CHECK-NEXT: nmc.count_up @a
  // CHECK-NEXT: nmc.emit_up @a
  // CHECK-NEXT: nmc.cmp_down @a
  // CHECK-NEXT: nmc.add_theta @a
  // CHECK-NEXT: nmc.count_down @a
  // CHECK-NEXT: nmc.emit_down @a
  // CHECK-NEXT: nmc.drain @a_b
  // CHECK-NEXT: nmc.barrier
  // CHECK-NEXT: nmc.max_count @b
  // CHECK-NEXT: nmc.drain @b_y
  // CHECK-NEXT: nmc.add_current @z
  // CHECK-NEXT: }
  nmc.step {
    nmc.add_current @a
    nmc.add_bias @a
    nmc.cmp_up_even @settled
    nmc.cmp_down_even @settled
    nmc.cmp_up @a
    nmc.sub_theta @a
    nmc.count_up @a
    nmc.emit_up @a
    nmc.cmp_down @a
    nmc.add_theta @a
    nmc.count_down @a
    nmc.emit_down @a
    nmc.drain @a_b
    nmc.barrier
    nmc.max_count @b
    nmc.drain @b_y
    nmc.add_current @z
  }
  // CHECK: nmc.epilogue {
  // CHECK-NEXT: nmc.read @y
  // CHECK-NEXT: }
  nmc.epilogue {
    nmc.read @y
  }
}

// An empty list of micro-operations is a block, too.
// CHECK: nmc.program @empty steps 65535 {
// CHECK-NEXT: nmc.prologue {
// CHECK-NEXT: }
// CHECK-NEXT: nmc.step {
// CHECK-NEXT: }
// CHECK-NEXT: nmc.epilogue {
// CHECK-NEXT: }
// CHECK-NEXT: }
nmc.program @empty steps 65535 {
  nmc.prologue {
  }
  nmc.step {
  }
  nmc.epilogue {
  }
}

// A program on cores: two tiles of a pool, two halves of the sources of another.
// CHECK: nmc.program @mapped steps 3 attributes {mesh = #nmc.mesh<cores = [4, 1], chip = [2, 1], multicast = true>, target = #nmc.target<"t", {core = {axons_in = "unlimited", neurons = 4 : i64}, features = {barrier = true}}, ignored = ["delay"]>} {
nmc.program @mapped steps 3 attributes {
    mesh = #nmc.mesh<cores = [4, 1], chip = [2, 1], multicast = true>,
    target = #nmc.target<"t", {core = {neurons = 4, axons_in = "unlimited"}, features = {barrier = true}}, ignored = ["delay"]>} {
  nmc.weights @w = dense<1> : tensor<1x8x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @one = dense<1> : tensor<1x1x1xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2, 2, 2] <pixel> range 0 : 255
  nmc.neurons @a [2, 2, 2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 900
  nmc.neurons @b [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 900
  nmc.connect @xa from @x to @a via [#nmc.diagonal<8 by 1, @one>]
  // CHECK: nmc.connect @ab from @a to @b via [#nmc.dense<8 -> 2, @w>] {delay = 2 : i64}
  nmc.connect @ab from @a to @b via [#nmc.dense<8 -> 2, @w>] {delay = 2 : i64}
  nmc.prologue {
  }
  nmc.step {
  }
  nmc.epilogue {
  }
  // CHECK: nmc.core 0 at [0, 0] tiles [#nmc.tile<@a, [0, 0, 0] to [1, 2, 2]>]
  nmc.core 0 at [0, 0] tiles [#nmc.tile<@a, [0, 0, 0] to [1, 2, 2]>]
  // CHECK: nmc.core 1 at [3, 0] tiles [#nmc.tile<@a, [1, 0, 0] to [2, 2, 2]>, #nmc.tile<@b, [0, 0, 0] to [2, 1, 1], part [0, 2]>]
  nmc.core 1 at [3, 0] tiles [#nmc.tile<@a, [1, 0, 0] to [2, 2, 2]>, #nmc.tile<@b, [0, 0, 0] to [2, 1, 1], part [0, 2]>]
  // CHECK: nmc.core 2 at [1, 0] tiles [#nmc.tile<@b, [0, 0, 0] to [2, 1, 1], part [1, 2]>]
  nmc.core 2 at [1, 0] tiles [#nmc.tile<@b, [0, 0, 0] to [2, 1, 1], part [1, 2]>]
  // CHECK: nmc.routes 0 to [1] boxes [0, 1, 0, 2, 0, 2]
  nmc.routes 0 to [1] boxes [0, 1, 0, 2, 0, 2]
  // CHECK: nmc.routes 1 to [1, 2] boxes [1, 2, 0, 1, 0, 2, 1, 2, 0, 2, 0, 2]
  nmc.routes 1 to [1, 2] boxes [1, 2, 0, 1, 0, 2, 1, 2, 0, 2, 0, 2]
}

// CHECK: blob: "0x080000000100000000000000FEFFFFFFFFFFFFFF"
{-#
  dialect_resources: {
    builtin: {
      blob: "0x080000000100000000000000FEFFFFFFFFFFFFFF"
    }
  }
#-}
