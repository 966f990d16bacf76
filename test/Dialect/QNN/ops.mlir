// RUN: fastsnn-opt %s | fastsnn-opt | FileCheck %s
// RUN: fastsnn-opt %s --mlir-print-op-generic | fastsnn-opt | FileCheck %s
// RUN: fastsnn-opt %s -emit-bytecode | fastsnn-opt | FileCheck %s
// RUN: fastsnn-opt %s --verify-roundtrip -o /dev/null

// CHECK: qnn.weights @conv scale [2.500000e-01] = dense<1> : tensor<4x1x3x3xi8>
qnn.weights @conv scale [2.500000e-01] = dense<1> : tensor<4x1x3x3xi8>
// CHECK: qnn.weights @fc scale [1.000000e+00, 2.000000e+00] = dense<-169> : tensor<2x16xi16> {snap_error = 1.250000e-01 : f64}
qnn.weights @fc scale [1.0, 2.0] = dense<-169> : tensor<2x16xi16> {snap_error = 1.25e-01 : f64}

// CHECK-LABEL: func.func @all
// CHECK-SAME: tensor<2x8x8xf64> {qnn.name = "input"}
// CHECK-SAME: tensor<2xf64> {qnn.host = [{axis = 1 : i64, op = "Softmax"}], qnn.name = "logits"}
func.func @all(%p: tensor<2x8x8xf64> {qnn.name = "input"})
    -> (tensor<2xf64> {qnn.name = "logits", qnn.host = [{op = "Softmax", axis = 1}]}) {
  // CHECK: qnn.preprocess %{{.*}} divisor "255" mean ["0.5", "0.25"] std ["1"] : tensor<2x8x8xf64>
  %x = qnn.preprocess %p divisor "255" mean ["0.5", "0.25"] std ["1"] : tensor<2x8x8xf64>
  // CHECK: qnn.conv2d %{{.*}}, @conv {groups = 2 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : tensor<2x8x8xf64> -> tensor<4x4x4xf64>
  %c = qnn.conv2d %x, @conv {groups = 2, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>}
      : tensor<2x8x8xf64> -> tensor<4x4x4xf64>
  // CHECK: qnn.batch_norm %{{.*}} gamma [1.000000e+00, 1.000000e+00, -1.000000e+00, 0.000000e+00] beta [0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00] mean [0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00] variance [1.000000e+00, 1.000000e+00, 1.000000e+00, 1.000000e+00] epsilon 1.000000e-05 : tensor<4x4x4xf64>
  %b = qnn.batch_norm %c gamma [1.0, 1.0, -1.0, 0.0] beta [0.0, 0.0, 0.0, 0.0]
      mean [0.0, 0.0, 0.0, 0.0] variance [1.0, 1.0, 1.0, 1.0] epsilon 1.0e-05 : tensor<4x4x4xf64>
  // CHECK: qnn.clamp %{{.*}} min 0.000000e+00 max 0x7FF0000000000000 : tensor<4x4x4xf64>
  %r = qnn.clamp %b min 0.0 max 0x7FF0000000000000 : tensor<4x4x4xf64>
  // CHECK: qnn.quantize %{{.*}} "act1" scale [5.000000e-01] range 0 : 3 : tensor<4x4x4xf64>
  %q = qnn.quantize %r "act1" scale [0.5] range 0 : 3 : tensor<4x4x4xf64>
  // CHECK: qnn.quantize %{{.*}} "act2" scale [5.000000e-01] range -2 : 1 {rounding = #qnn.rounding<floor>} : tensor<4x4x4xf64>
  %q2 = qnn.quantize %q "act2" scale [0.5] range -2 : 1 {rounding = #qnn.rounding<floor>} : tensor<4x4x4xf64>
  // CHECK: qnn.add
  %a = qnn.add %q, %q2 : tensor<4x4x4xf64>
  // CHECK: qnn.affine %{{.*}} scale dense<2.000000e+00> : tensor<1xf64> offset dense<0.000000e+00> : tensor<4xf64> : tensor<4x4x4xf64>
  %f = qnn.affine %a scale dense<2.0> : tensor<1xf64> offset dense<0.0> : tensor<4xf64> : tensor<4x4x4xf64>
  // CHECK: qnn.avg_pool %{{.*}} kernel [2, 2] {count_include_pad, strides = array<i64: 2, 2>}
  %p1 = qnn.avg_pool %f kernel [2, 2] {strides = array<i64: 2, 2>, count_include_pad}
      : tensor<4x4x4xf64> -> tensor<4x2x2xf64>
  // CHECK: qnn.max_pool %{{.*}} kernel [2, 2] {minimum = array<i1: false, true, false, false>, strides = array<i64: 2, 2>}
  %p2 = qnn.max_pool %q kernel [2, 2] {strides = array<i64: 2, 2>, minimum = array<i1: false, true, false, false>}
      : tensor<4x4x4xf64> -> tensor<4x2x2xf64>
  // CHECK: qnn.concat %{{.*}}, %{{.*}} axis 0 : tensor<4x2x2xf64>, tensor<4x2x2xf64> -> tensor<8x2x2xf64>
  %cc = qnn.concat %p1, %p2 axis 0 : tensor<4x2x2xf64>, tensor<4x2x2xf64> -> tensor<8x2x2xf64>
  // CHECK: qnn.transpose %{{.*}} [0, 2, 1]
  %t = qnn.transpose %cc [0, 2, 1] : tensor<8x2x2xf64> -> tensor<8x2x2xf64>
  // CHECK: qnn.pad %{{.*}} low [0, 0, 0] high [0, 0, 2]
  %pd = qnn.pad %p2 low [0, 0, 0] high [0, 0, 2] : tensor<4x2x2xf64> -> tensor<4x2x4xf64>
  // CHECK: qnn.gather %{{.*}} axis 1 indices [1, 1, -1] : tensor<4x2x2xf64> -> tensor<4x3x2xf64>
  %ga = qnn.gather %p2 axis 1 indices [1, 1, -1] : tensor<4x2x2xf64> -> tensor<4x3x2xf64>
  // CHECK: qnn.reshape
  %v = qnn.reshape %p2 : tensor<4x2x2xf64> -> tensor<16xf64>
  // CHECK: qnn.linear %{{.*}}, @fc : tensor<16xf64> -> tensor<2xf64>
  %y = qnn.linear %v, @fc : tensor<16xf64> -> tensor<2xf64>
  return %y : tensor<2xf64>
}

// Element types of weights; a snap error; data in a resource.
// CHECK: qnn.weights @single = dense<5.000000e-01> : tensor<2x2xf32>
qnn.weights @single = dense<0.5> : tensor<2x2xf32>
// CHECK: qnn.weights @double = dense<5.000000e-01> : tensor<1x1x1x1xf64>
qnn.weights @double = dense<0.5> : tensor<1x1x1x1xf64>
// CHECK: qnn.weights @word scale [1.000000e-01] = dense_resource<blob> : tensor<1x2xi32>
qnn.weights @word scale [0.1] = dense_resource<blob> : tensor<1x2xi32>

// CHECK-LABEL: func.func @geometry
func.func @geometry(%x: tensor<4x7x9xf64>) {
  // CHECK: qnn.conv2d %{{.*}}, @conv {dilations = array<i64: 2, 3>, groups = 4 : i64, pads = array<i64: 0, 1, 2, 3>, strides = array<i64: 1, 2>} : tensor<4x7x9xf64> -> tensor<4x5x4xf64>
  %0 = qnn.conv2d %x, @conv {groups = 4, strides = array<i64: 1, 2>, pads = array<i64: 0, 1, 2, 3>, dilations = array<i64: 2, 3>}
      : tensor<4x7x9xf64> -> tensor<4x5x4xf64>
  // The ceiled extents; 7 = 2 * 2 + 3 leaves no rest, 9 = 3 * 2 + 2 + 1 does.
  // CHECK: qnn.max_pool %{{.*}} kernel [3, 2] {strides = array<i64: 2, 2>} : tensor<4x7x9xf64> -> tensor<4x3x5xf64>
  %1 = qnn.max_pool %x kernel [3, 2] {strides = array<i64: 2, 2>} : tensor<4x7x9xf64> -> tensor<4x3x5xf64>
  // CHECK: qnn.avg_pool %{{.*}} kernel [2, 2] {dilations = array<i64: 2, 1>, pads = array<i64: 1, 1, 1, 1>} : tensor<4x7x9xf64> -> tensor<4x7x10xf64>
  %2 = qnn.avg_pool %x kernel [2, 2] {dilations = array<i64: 2, 1>, pads = array<i64: 1, 1, 1, 1>}
      : tensor<4x7x9xf64> -> tensor<4x7x10xf64>
  return
}

// A scalar is one channel.
// CHECK-LABEL: func.func @scalars
func.func @scalars(%x: tensor<f64>) -> tensor<f64> {
  // CHECK: qnn.affine
  %0 = qnn.affine %x scale dense<2.0> : tensor<f64> offset dense<0.5> : tensor<1x1xf64> : tensor<f64>
  // CHECK: qnn.quantize %{{.*}} "s" scale [1.000000e-01] range -2147483647 : 2147483647 {rounding = #qnn.rounding<half_up>}
  %1 = qnn.quantize %0 "s" scale [0.1] range -2147483647 : 2147483647 {rounding = #qnn.rounding<half_up>} : tensor<f64>
  // CHECK: qnn.transpose %{{.*}} [] : tensor<f64> -> tensor<f64>
  %2 = qnn.transpose %1 [] : tensor<f64> -> tensor<f64>
  // CHECK: qnn.pad %{{.*}} low [] high []
  %3 = qnn.pad %2 low [] high [] : tensor<f64> -> tensor<f64>
  // CHECK: qnn.clamp %{{.*}} min 0xFFF0000000000000 max -1.000000e+00
  %4 = qnn.clamp %3 min 0xFFF0000000000000 max -1.0 : tensor<f64>
  // CHECK: qnn.preprocess %{{.*}} divisor "1" mean ["-1e-3"] std [".5"]
  %5 = qnn.preprocess %4 divisor "1" mean ["-1e-3"] std [".5"] : tensor<f64>
  // CHECK: qnn.reshape %{{.*}} : tensor<f64> -> tensor<1x1xf64>
  %6 = qnn.reshape %5 : tensor<f64> -> tensor<1x1xf64>
  return %5 : tensor<f64>
}

// CHECK: blob: "0x04000000FFFFFFFF00000080"
{-#
  dialect_resources: {
    builtin: {
      blob: "0x04000000FFFFFFFF00000080"
    }
  }
#-}
