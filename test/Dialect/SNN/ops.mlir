// RUN: fastsnn-opt %s | fastsnn-opt | FileCheck %s
// RUN: fastsnn-opt %s --mlir-print-op-generic | fastsnn-opt | FileCheck %s
// RUN: fastsnn-opt %s -emit-bytecode | fastsnn-opt | FileCheck %s
// RUN: fastsnn-opt %s --verify-roundtrip -o /dev/null

// Every operator, type and attribute of the snn dialect, in text, generic form
// and bytecode.

// CHECK: snn.weights @conv = dense<1> : tensor<4x1x3x3xi8>
snn.weights @conv = dense<1> : tensor<4x1x3x3xi8>
// CHECK: snn.weights @wide = dense<-9223372036854775808> : tensor<2x16xi64>
snn.weights @wide = dense<-9223372036854775808> : tensor<2x16xi64>
// CHECK: snn.weights @short = dense<{{\[\[}}-169, 127]]> : tensor<1x2xi16>
snn.weights @short = dense<[[-169, 127]]> : tensor<1x2xi16>
// CHECK: snn.weights @word = dense<0> : tensor<1x2xi32>
snn.weights @word = dense<0> : tensor<1x2xi32>
// CHECK: snn.weights @real = dense<2.500000e-01> : tensor<2x16xf64>
snn.weights @real = dense<0.25> : tensor<2x16xf64>
// CHECK: snn.weights @blob = dense_resource<blob> : tensor<2x2xi8>
snn.weights @blob = dense_resource<blob> : tensor<2x2xi8>

// CHECK-LABEL: func.func private @types
// CHECK-SAME: !snn.train<1, 1, 0:1>
// CHECK-SAME: !snn.train<3x2, 65535, -2147483647:2147483647>
// CHECK-SAME: !snn.current<16x32x32, 3, i64>
// CHECK-SAME: !snn.current<16x32x32, 3, f64>
// CHECK-SAME: !snn.current<7, 3, i64, constant>
// CHECK-SAME: !snn.current<7, 3, f64, constant>
func.func private @types(!snn.train<1, 1, 0:1>,
    !snn.train<3x2, 65535, -2147483647:2147483647>,
    !snn.current<16x32x32, 3, i64>, !snn.current<16x32x32, 3, f64>,
    !snn.current<7, 3, i64, constant>, !snn.current<7, 3, f64, constant>)

// CHECK-LABEL: func.func private @certificates
// CHECK-SAME: a = #snn.certificate<exact, fractional_bits = 0, cases = 9223372036854775807, ties = 3>
// CHECK-SAME: b = #snn.certificate<exact, fractional_bits = 62, cases = 0, ties = 0, minimal>
// CHECK-SAME: c = #snn.certificate<bounded 9.3132257461547852E-10, fractional_bits = 7, cases = 1, ties = 0>
// CHECK-SAME: d = #snn.certificate<bounded 0.000000e+00, fractional_bits = 7, cases = 1, ties = 0>
func.func private @certificates() attributes {
  a = #snn.certificate<exact, fractional_bits = 0, cases = 9223372036854775807, ties = 3>,
  b = #snn.certificate<exact, fractional_bits = 62, cases = 0, ties = 0, minimal>,
  c = #snn.certificate<bounded 9.3132257461547852E-10, fractional_bits = 7, cases = 1, ties = 0>,
  d = #snn.certificate<bounded 0.0, fractional_bits = 7, cases = 1, ties = 0>}

// CHECK-LABEL: func.func @inputs
func.func @inputs(%pixels: tensor<2x8x8xf64>, %features: tensor<2xf64>) {
  // CHECK: snn.encode <pixel> %{{.*}} range 0 : 255 : tensor<2x8x8xf64> -> !snn.current<2x8x8, 3, i64, constant>
  %0 = snn.encode <pixel> %pixels range 0 : 255 : tensor<2x8x8xf64> -> !snn.current<2x8x8, 3, i64, constant>
  // CHECK: snn.encode <quantized> %{{.*}} range -2 : 1 scale [5.000000e-01, 0.30000000000000004] pre_scale [2.000000e+00] pre_offset [-1.000000e+00] {rounding = #snn.rounding<half_up>} : tensor<2xf64>
  %1 = snn.encode <quantized> %features range -2 : 1 scale [0.5, 0.30000000000000004]
      pre_scale [2.0] pre_offset [-1.0] {rounding = #snn.rounding<half_up>}
      : tensor<2xf64> -> !snn.current<2, 3, i64, constant>
  // CHECK: snn.encode <quantized> %{{.*}} range 0 : 3 scale [5.000000e-01] {rounding = #snn.rounding<floor>}
  %2 = snn.encode <quantized> %features range 0 : 3 scale [0.5] {rounding = #snn.rounding<floor>}
      : tensor<2xf64> -> !snn.current<2, 3, i64, constant>
  // CHECK: snn.encode <real> %{{.*}} range 0 : 0 {bound = 1.000000e+01 : f64}
  %3 = snn.encode <real> %features range 0 : 0 {bound = 10.0 : f64} : tensor<2xf64> -> !snn.current<2, 3, f64, constant>
  // CHECK: snn.discretize %{{.*}} shift 20 : !snn.current<2, 3, f64, constant> -> !snn.current<2, 3, i64, constant>
  %4 = snn.discretize %3 shift 20 : !snn.current<2, 3, f64, constant> -> !snn.current<2, 3, i64, constant>
  return
}

// CHECK-LABEL: func.func @pixel_table
func.func @pixel_table(%pixel: tensor<1xf64>) {
  // CHECK: snn.encode <pixel> %{{.*}} range -1 : 2 {table = array<i32: -1, 0, 1, 2,
  %0 = snn.encode <pixel> %pixel range -1 : 2 {table = array<i32: -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2>}
      : tensor<1xf64> -> !snn.current<1, 3, i64, constant>
  return
}

// CHECK-LABEL: func.func @synapses
func.func @synapses(%s: !snn.train<2x8x8, 3, 0:3>, %i: !snn.current<2x8x8, 3, i64, constant>,
                    %v: !snn.train<16, 3, 0:3>) {
  // CHECK: snn.conv2d %{{.*}}, @conv {groups = 2 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : !snn.train<2x8x8, 3, 0:3> -> !snn.current<4x4x4, 3, i64>
  %0 = snn.conv2d %s, @conv {groups = 2, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>}
      : !snn.train<2x8x8, 3, 0:3> -> !snn.current<4x4x4, 3, i64>
  // CHECK: snn.conv2d %{{.*}}, @conv {dilations = array<i64: 2, 1>, groups = 2 : i64} : !snn.current<2x8x8, 3, i64, constant> -> !snn.current<4x4x6, 3, i64, constant>
  %1 = snn.conv2d %i, @conv {groups = 2, dilations = array<i64: 2, 1>}
      : !snn.current<2x8x8, 3, i64, constant> -> !snn.current<4x4x6, 3, i64, constant>
  // CHECK: snn.linear %{{.*}}, @wide : !snn.train<16, 3, 0:3> -> !snn.current<2, 3, i64>
  %2 = snn.linear %v, @wide : !snn.train<16, 3, 0:3> -> !snn.current<2, 3, i64>
  // CHECK: snn.linear %{{.*}}, @real : !snn.train<16, 3, 0:3> -> !snn.current<2, 3, f64>
  %3 = snn.linear %v, @real : !snn.train<16, 3, 0:3> -> !snn.current<2, 3, f64>
  // CHECK: snn.sum_pool %{{.*}} kernel [8, 8] : !snn.train<2x8x8, 3, 0:3> -> !snn.current<2x1x1, 3, i64>
  %4 = snn.sum_pool %s kernel [8, 8] : !snn.train<2x8x8, 3, 0:3> -> !snn.current<2x1x1, 3, i64>
  // CHECK: snn.sum_pool %{{.*}} kernel [3, 3] {multipliers = array<i64: 1, 1, 2, 3>, pads = array<i64: 0, 0, 1, 1>, strides = array<i64: 5, 5>}
  %5 = snn.sum_pool %s kernel [3, 3] {strides = array<i64: 5, 5>, pads = array<i64: 0, 0, 1, 1>,
      dilations = array<i64: 1, 1>, multipliers = array<i64: 1, 1, 2, 3>}
      : !snn.train<2x8x8, 3, 0:3> -> !snn.current<2x2x2, 3, i64>
  return
}

// CHECK-LABEL: func.func @moves
func.func @moves(%s: !snn.train<2x8x8, 3, 0:3>, %r: !snn.train<1x8x8, 3, -2:1>,
                 %i: !snn.current<2x8x8, 3, f64>) {
  // CHECK: snn.reshape %{{.*}} : !snn.train<2x8x8, 3, 0:3> -> !snn.train<128, 3, 0:3>
  %0 = snn.reshape %s : !snn.train<2x8x8, 3, 0:3> -> !snn.train<128, 3, 0:3>
  // CHECK: snn.transpose %{{.*}} [2, 0, 1] : !snn.current<2x8x8, 3, f64> -> !snn.current<8x2x8, 3, f64>
  %1 = snn.transpose %i [2, 0, 1] : !snn.current<2x8x8, 3, f64> -> !snn.current<8x2x8, 3, f64>
  // CHECK: snn.concat %{{.*}}, %{{.*}} axis 0 : !snn.train<2x8x8, 3, 0:3>, !snn.train<1x8x8, 3, -2:1> -> !snn.train<3x8x8, 3, -2:3>
  %2 = snn.concat %s, %r axis 0 : !snn.train<2x8x8, 3, 0:3>, !snn.train<1x8x8, 3, -2:1> -> !snn.train<3x8x8, 3, -2:3>
  // CHECK: snn.concat %{{.*}}, %{{.*}} axis 2 : !snn.current<2x8x8, 3, f64>, !snn.current<2x8x8, 3, f64> -> !snn.current<2x8x16, 3, f64>
  %3 = snn.concat %i, %i axis 2 : !snn.current<2x8x8, 3, f64>, !snn.current<2x8x8, 3, f64> -> !snn.current<2x8x16, 3, f64>
  // CHECK: snn.pad %{{.*}} low [1, 0, 0] high [0, 2, 3] : !snn.train<2x8x8, 3, 0:3> -> !snn.train<3x10x11, 3, 0:3>
  %4 = snn.pad %s low [1, 0, 0] high [0, 2, 3] : !snn.train<2x8x8, 3, 0:3> -> !snn.train<3x10x11, 3, 0:3>
  // CHECK: snn.gather %{{.*}} axis 0 indices [1, -1, 0] : !snn.train<2x8x8, 3, 0:3> -> !snn.train<3x8x8, 3, 0:3>
  %5 = snn.gather %s axis 0 indices [1, -1, 0] : !snn.train<2x8x8, 3, 0:3> -> !snn.train<3x8x8, 3, 0:3>
  return
}

// CHECK-LABEL: func.func @neurons
func.func @neurons(%i: !snn.current<2x4x4, 3, i64>, %s: !snn.train<2x4x4, 3, 0:3>,
                   %x: !snn.current<2x4x4, 3, f64, constant>) -> tensor<2x4x4xf64> {
  // CHECK: snn.max_pool %{{.*}} "pool \22one\22" kernel [2, 2] {minimum = array<i1: true, false>, strides = array<i64: 2, 2>} : !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x2x2, 3, 0:3>
  %0 = snn.max_pool %s "pool \"one\"" kernel [2, 2] {strides = array<i64: 2, 2>, minimum = array<i1: true, false>}
      : !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x2x2, 3, 0:3>
  // CHECK: snn.if %{{.*}}, %{{.*}}, %{{.*}} "act1" gains [dense<5.000000e-01> : tensor<1xf64>, dense<[5.000000e-01, -1.000000e-01]> : tensor<2xf64>, dense<1.000000e+00> : tensor<2x4x4xf64>] bias dense<[-5.000000e-01, 4.940660e-324]> : tensor<2xf64> theta [1.500000e+00, 3.000000e+00] start [7.500000e-01] epsilon 1.000000e-03 : !snn.current<2x4x4, 3, i64>, !snn.train<2x4x4, 3, 0:3>, !snn.current<2x4x4, 3, f64, constant> -> !snn.train<2x4x4, 3, -3:3>
  %1 = snn.if %i, %s, %x "act1"
      gains [dense<0.5> : tensor<1xf64>, dense<[0.5, -0.1]> : tensor<2xf64>, dense<1.0> : tensor<2x4x4xf64>]
      bias dense<[-0.5, 4.9406564584124654E-324]> : tensor<2xf64> theta [1.5, 3.0] start [0.75] epsilon 1.0e-03
      : !snn.current<2x4x4, 3, i64>, !snn.train<2x4x4, 3, 0:3>, !snn.current<2x4x4, 3, f64, constant>
      -> !snn.train<2x4x4, 3, -3:3>
  // CHECK: snn.if %{{.*}} "act2" {{.*}} epsilon 0.000000e+00 {approximate, unsigned_neuron} : !snn.current<2x4x4, 3, i64> -> !snn.train<2x4x4, 3, 0:15>
  %2 = snn.if %i "act2" gains [dense<0.5> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
      theta [1.5] start [0.75] epsilon 0.0 {unsigned_neuron, approximate}
      : !snn.current<2x4x4, 3, i64> -> !snn.train<2x4x4, 3, 0:15>
  // CHECK: snn.integer_if %{{.*}}, %{{.*}} "act3" factors [dense<1> : tensor<1xi64>, dense<[3, -4]> : tensor<2xi64>] shifts [7, 0] bias dense<-5> : tensor<2x4x4xi64> theta [100, 200] start [50] epsilon [1] state 32 min -2147483648 max 2147483647 certificate <exact, fractional_bits = 7, cases = 12, ties = 2, minimal> : !snn.current<2x4x4, 3, i64>, !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x4x4, 3, 0:3>
  %3 = snn.integer_if %i, %s "act3" factors [dense<1> : tensor<1xi64>, dense<[3, -4]> : tensor<2xi64>] shifts [7, 0]
      bias dense<-5> : tensor<2x4x4xi64> theta [100, 200] start [50] epsilon [1]
      state 32 min -2147483648 max 2147483647
      certificate <exact, fractional_bits = 7, cases = 12, ties = 2, minimal>
      : !snn.current<2x4x4, 3, i64>, !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x4x4, 3, 0:3>
  // CHECK: snn.integer_if %{{.*}} "act4" {{.*}} state 64 min -9223372036854775808 max 9223372036854775807 certificate <bounded 1.000000e-03, fractional_bits = 7, cases = 12, ties = 2> {approximate, unsigned_neuron}
  %4 = snn.integer_if %i "act4" factors [dense<1> : tensor<1xi64>] shifts [7] bias dense<0> : tensor<1xi64>
      theta [100] start [50] epsilon [1] state 64 min -9223372036854775808 max 9223372036854775807
      certificate <bounded 1.0e-03, fractional_bits = 7, cases = 12, ties = 2> {approximate, unsigned_neuron}
      : !snn.current<2x4x4, 3, i64> -> !snn.train<2x4x4, 3, 0:15>
  // CHECK: snn.if %{{.*}} "act5" {{.*}} {settled = #snn.ties<even>}
  %act5 = snn.if %i "act5" gains [dense<0.5> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
      theta [1.5] start [0.75] epsilon 0.0 {settled = #snn.ties<even>}
      : !snn.current<2x4x4, 3, i64> -> !snn.train<2x4x4, 3, 0:3>
  // CHECK: snn.integer_if %{{.*}} "act6" {{.*}} {settled = #snn.ties<up>}
  %act6 = snn.integer_if %i "act6" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64>
      theta [3] start [1] epsilon [1] state 32 min -100 max 100 certificate <exact, fractional_bits = 0, cases = 6, ties = 0>
      {settled = #snn.ties<up>} : !snn.current<2x4x4, 3, i64> -> !snn.train<2x4x4, 3, 0:3>
  // CHECK: snn.readout %{{.*}}, %{{.*}} "logits" gains [dense<2.500000e-01> : tensor<1xf64>, dense<1.000000e+00> : tensor<2xf64>] offset dense<0.000000e+00> : tensor<1xf64> : !snn.current<2x4x4, 3, i64>, !snn.train<2x4x4, 3, 0:3> -> tensor<2x4x4xf64>
  %5 = snn.readout %i, %3 "logits" gains [dense<0.25> : tensor<1xf64>, dense<1.0> : tensor<2xf64>]
      offset dense<0.0> : tensor<1xf64> : !snn.current<2x4x4, 3, i64>, !snn.train<2x4x4, 3, 0:3> -> tensor<2x4x4xf64>
  return %5 : tensor<2x4x4xf64>
}

// CHECK: blob: "0x0100000001FF02FE"
{-#
  dialect_resources: {
    builtin: {
      blob: "0x0100000001FF02FE"
    }
  }
#-}
