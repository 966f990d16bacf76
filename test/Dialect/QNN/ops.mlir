// RUN: fastsnn-opt %s | fastsnn-opt | FileCheck %s
// RUN: fastsnn-opt %s --verify-roundtrip -o /dev/null

// CHECK: qnn.weights @conv scale [2.500000e-01] = dense<1> : tensor<4x1x3x3xi8>
qnn.weights @conv scale [2.500000e-01] = dense<1> : tensor<4x1x3x3xi8>
// CHECK: qnn.weights @fc scale [1.000000e+00, 2.000000e+00] = dense<-169> : tensor<2x16xi16> {snap_error = 1.250000e-01 : f64}
qnn.weights @fc scale [1.0, 2.0] = dense<-169> : tensor<2x16xi16> {snap_error = 1.25e-01 : f64}

// CHECK-LABEL: func.func @all
func.func @all(%p: tensor<2x8x8xf64> {qnn.name = "input"})
    -> (tensor<2xf64> {qnn.name = "logits", qnn.host = [{op = "Softmax", axis = 1}]}) {
  // CHECK: qnn.preprocess %{{.*}} divisor "255" mean ["0.5", "0.25"] std ["1"] : tensor<2x8x8xf64>
  %x = qnn.preprocess %p divisor "255" mean ["0.5", "0.25"] std ["1"] : tensor<2x8x8xf64>
  // CHECK: qnn.conv2d %{{.*}}, @conv {groups = 2 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : tensor<2x8x8xf64> -> tensor<4x4x4xf64>
  %c = qnn.conv2d %x, @conv {groups = 2, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>}
      : tensor<2x8x8xf64> -> tensor<4x4x4xf64>
  // CHECK: qnn.batch_norm
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
  // CHECK: qnn.reshape
  %v = qnn.reshape %p2 : tensor<4x2x2xf64> -> tensor<16xf64>
  // CHECK: qnn.linear %{{.*}}, @fc : tensor<16xf64> -> tensor<2xf64>
  %y = qnn.linear %v, @fc : tensor<16xf64> -> tensor<2xf64>
  return %y : tensor<2xf64>
}
