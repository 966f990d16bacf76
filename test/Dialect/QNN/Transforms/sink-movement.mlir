// RUN: fastsnn-opt %s --qnn-sink-movement --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @flattened_input
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x2xf64>)
func.func @flattened_input(%x: tensor<1x2x2xf64>) -> tensor<4xf64> {
  // CHECK-NEXT: %[[A:.*]] = qnn.affine %[[X]] scale dense<2.000000e+00> : tensor<1xf64> offset dense<-1.000000e+00> : tensor<1xf64> : tensor<1x2x2xf64>
  // CHECK-NEXT: %[[Q:.*]] = qnn.quantize %[[A]] "in" scale [5.000000e-01] range -2 : 1 : tensor<1x2x2xf64>
  // CHECK-NEXT: %[[T:.*]] = qnn.transpose %[[Q]] [0, 2, 1]
  // CHECK-NEXT: %[[R:.*]] = qnn.reshape %[[T]] : tensor<1x2x2xf64> -> tensor<4xf64>
  // CHECK-NEXT: return %[[R]]
  %t = qnn.transpose %x [0, 2, 1] : tensor<1x2x2xf64> -> tensor<1x2x2xf64>
  %r = qnn.reshape %t : tensor<1x2x2xf64> -> tensor<4xf64>
  %a = qnn.affine %r scale dense<2.0> : tensor<4xf64> offset dense<-1.0> : tensor<1xf64> : tensor<4xf64>
  %q = qnn.quantize %a "in" scale [0.5] range -2 : 1 : tensor<4xf64>
  return %q : tensor<4xf64>
}

// -----

// A scale for each channel ties the quantizer to its place; hidden layers stay.
// CHECK-LABEL: func.func @kept
func.func @kept(%x: tensor<1x2x2xf64>) -> tensor<4xf64> {
  // CHECK-NEXT: qnn.reshape
  // CHECK-NEXT: qnn.quantize {{.*}} "in"
  // CHECK-NEXT: qnn.reshape
  // CHECK-NEXT: qnn.quantize {{.*}} "hidden"
  %r = qnn.reshape %x : tensor<1x2x2xf64> -> tensor<2x2xf64>
  %q = qnn.quantize %r "in" scale [0.5, 0.25] range -2 : 1 : tensor<2x2xf64>
  %f = qnn.reshape %q : tensor<2x2xf64> -> tensor<4xf64>
  %h = qnn.quantize %f "hidden" scale [0.5] range -2 : 1 : tensor<4xf64>
  return %h : tensor<4xf64>
}

// -----

// What a one-dimensional convolution leaves: the reshapes meet and vanish.
// CHECK-LABEL: func.func @one_dimensional
// CHECK-SAME: (%[[X:.*]]: tensor<2x1x4xf64>)
func.func @one_dimensional(%x: tensor<2x1x4xf64>) -> (tensor<2x1x4xf64>, tensor<4x1x4xf64>) {
  // CHECK-NEXT: %[[A:.*]] = qnn.affine %[[X]] scale dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf64>
  // CHECK-NEXT: %[[Q:.*]] = qnn.quantize %[[A]] "q" scale [5.000000e-01, 2.500000e-01]
  // CHECK-NEXT: %[[S:.*]] = qnn.add %[[Q]], %[[A]] : tensor<2x1x4xf64>
  // CHECK-NEXT: %[[C:.*]] = qnn.concat %[[Q]], %[[A]] axis 0 : tensor<2x1x4xf64>, tensor<2x1x4xf64> -> tensor<4x1x4xf64>
  // CHECK-NEXT: return %[[S]], %[[C]]
  %r = qnn.reshape %x : tensor<2x1x4xf64> -> tensor<2x4xf64>
  %a = qnn.affine %r scale dense<[1.0, 2.0]> : tensor<2xf64> offset dense<0.0> : tensor<1xf64> : tensor<2x4xf64>
  %q = qnn.quantize %a "q" scale [0.5, 0.25] range -2 : 1 : tensor<2x4xf64>
  %s = qnn.add %q, %a : tensor<2x4xf64>
  %c = qnn.concat %q, %a axis 0 : tensor<2x4xf64>, tensor<2x4xf64> -> tensor<4x4xf64>
  %b = qnn.reshape %s : tensor<2x4xf64> -> tensor<2x1x4xf64>
  %d = qnn.reshape %c : tensor<4x4xf64> -> tensor<4x1x4xf64>
  return %b, %d : tensor<2x1x4xf64>, tensor<4x1x4xf64>
}
