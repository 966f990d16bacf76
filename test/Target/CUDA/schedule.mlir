// RUN: fastsnn-opt %s --convert-snn-to-nmc --nmc-schedule-cuda --split-input-file | FileCheck %s
// RUN: fastsnn-opt %s --convert-snn-to-nmc --nmc-schedule-cuda=fallback --split-input-file | FileCheck %s --check-prefix=PLAIN

// A convolution of an input is gathered, one of spikes a product that runs the
// neurons; a skip's spikes are added there, whose train is kept so long. The
// classifier behind a pooling is one dense product.
// CHECK: nmc.program @main steps 3 attributes {cuda = #nmc.cuda_program<image_bytes = 512>
// CHECK: nmc.input @x {{.*}}cuda = #nmc.cuda_pool<upload>
// CHECK: nmc.neurons @a {{.*}}cuda = #nmc.cuda_pool<neurons state 32 spikes <offset = 0, bytes = 256>>
// CHECK: nmc.connect @a.from.x {{.*}}cuda = #nmc.cuda_connection<inject sums <offset = 256, bytes = 256> of 32>
// CHECK: nmc.neurons @b {{.*}}cuda = #nmc.cuda_pool<fused_gemm state 32 spikes <offset = 256, bytes = 256>>
// CHECK: nmc.connect @b.from.a {{.*}}cuda = #nmc.cuda_connection<fused_gemm planes 1 large <steps = 3, rows = 1, fragments = 2, warps_m = 8, warps_k = 1> small <steps = 3, rows = 1, fragments = 2, warps_m = 1, warps_k = 3>>, shift = 2 : i64
// CHECK: nmc.connect @b.from.a_1 {{.*}}cuda = #nmc.cuda_connection<spikes>
// The pool reads the train itself. b's train lies where a's current was, that of
// m where a's was.
// CHECK: nmc.count_pool @m {{.*}}cuda = #nmc.cuda_pool<pool_train spikes <offset = 0, bytes = 256>>
// CHECK: nmc.connect @m.from.b {{.*}}cuda = #nmc.cuda_connection<spikes>
// CHECK: nmc.readout @y {{.*}}cuda = #nmc.cuda_pool<download>
// CHECK: nmc.connect @y.from.m {{.*}}cuda = #nmc.cuda_connection<gemm planes 1 large {{.*}} small {{.*}}>, gain

// Plain kernels need their sums in memory.
// PLAIN: nmc.connect @a.from.x {{.*}}cuda = #nmc.cuda_connection<scatter_input sums <offset = 256, bytes = 256> of 32>
// PLAIN: nmc.neurons @b {{.*}}cuda = #nmc.cuda_pool<neurons state 32
// PLAIN: nmc.connect @b.from.a {{.*}}cuda = #nmc.cuda_connection<scatter sums <offset = 1024, bytes = 512> of 32>, shift = 2 : i64
// PLAIN: nmc.connect @b.from.a_1 {{.*}}cuda = #nmc.cuda_connection<scatter sums <offset = 512, bytes = 512> of 32>
// PLAIN: nmc.count_pool @m {{.*}}cuda = #nmc.cuda_pool<pool_counts spikes {{.*}} counts {{.*}}>
// PLAIN: nmc.connect @m.from.b {{.*}}cuda = #nmc.cuda_connection<scatter>
// PLAIN: nmc.connect @y.from.m {{.*}}cuda = #nmc.cuda_connection<scatter sums {{.*}} of 64>
snn.weights @c = dense<1> : tensor<2x1x3x3xi8>
snn.weights @d = dense<-2> : tensor<2x2x3x3xi8>
snn.weights @e = dense<1> : tensor<3x2xi8>
func.func @main(%x: tensor<1x4x4xf64> {qnn.name = "x"}) -> (tensor<3xf64> {qnn.name = "y"}) {
  %i = snn.encode <pixel> %x range 0 : 255 : tensor<1x4x4xf64> -> !snn.current<1x4x4, 3, i64, constant>
  %ci = snn.conv2d %i, @c {pads = array<i64: 1, 1, 1, 1>} : !snn.current<1x4x4, 3, i64, constant> -> !snn.current<2x4x4, 3, i64, constant>
  %a = snn.integer_if %ci "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<1> : tensor<1xi64>
      theta [600] start [300] epsilon [1] state 32 min -90000 max 90000 certificate <exact, fractional_bits = 0, cases = 1, ties = 0>
      : !snn.current<2x4x4, 3, i64, constant> -> !snn.train<2x4x4, 3, 0:3>
  %ca = snn.conv2d %a, @d {pads = array<i64: 1, 1, 1, 1>} : !snn.train<2x4x4, 3, 0:3> -> !snn.current<2x4x4, 3, i64>
  %b = snn.integer_if %ca, %a "b" factors [dense<1> : tensor<1xi64>, dense<5> : tensor<1xi64>] shifts [2, 0] bias dense<0> : tensor<1xi64>
      theta [6] start [3] epsilon [1] state 32 min -50000 max 50000 certificate <exact, fractional_bits = 2, cases = 1, ties = 0>
      : !snn.current<2x4x4, 3, i64>, !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x4x4, 3, 0:3>
  %m = snn.max_pool %b "m" kernel [2, 2] {strides = array<i64: 2, 2>} : !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x2x2, 3, 0:3>
  %s = snn.sum_pool %m kernel [2, 2] : !snn.train<2x2x2, 3, 0:3> -> !snn.current<2x1x1, 3, i64>
  %r = snn.reshape %s : !snn.current<2x1x1, 3, i64> -> !snn.current<2, 3, i64>
  %l = snn.linear %r, @e : !snn.current<2, 3, i64> -> !snn.current<3, 3, i64>
  %y = snn.readout %l "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.current<3, 3, i64> -> tensor<3xf64>
  return %y : tensor<3xf64>
}
