// RUN: fastsnn-opt %s --qnn-merge-clamps --split-input-file | FileCheck %s

// Relu in front of a signed quantizer: no negative counts.
// CHECK-LABEL: func.func @relu
// CHECK-SAME: (%[[X:.*]]: tensor<1xf64>)
func.func @relu(%x: tensor<1xf64>) -> tensor<1xf64> {
  // CHECK-NEXT: %[[Y:.*]] = qnn.quantize %[[X]] "q" scale [5.000000e-01] range 0 : 7
  // CHECK-NEXT: return %[[Y]]
  %r = qnn.clamp %x min 0.0 max 0x7FF0000000000000 : tensor<1xf64>
  %y = qnn.quantize %r "q" scale [0.5] range -8 : 7 : tensor<1xf64>
  return %y : tensor<1xf64>
}

// -----

// Relu6 then a narrower clamp: [0, 2.25] / 0.5 rounds to 4 (half to even).
// CHECK-LABEL: func.func @pair
// CHECK-SAME: (%[[X:.*]]: tensor<1xf64>)
func.func @pair(%x: tensor<1xf64>) -> tensor<1xf64> {
  // CHECK-NEXT: qnn.quantize %[[X]] "q" scale [5.000000e-01] range 0 : 4
  %r = qnn.clamp %x min 0.0 max 6.0 : tensor<1xf64>
  %s = qnn.clamp %r min -1.0 max 2.25 : tensor<1xf64>
  %y = qnn.quantize %s "q" scale [0.5] range -8 : 7 : tensor<1xf64>
  return %y : tensor<1xf64>
}

// -----

// Behind x * -2 the clamp to [0, 1.5] is one to [-3, 0].
// CHECK-LABEL: func.func @through_affine
// CHECK-SAME: (%[[X:.*]]: tensor<1xf64>)
func.func @through_affine(%x: tensor<1xf64>) -> tensor<1xf64> {
  // CHECK-NEXT: %[[A:.*]] = qnn.affine %[[X]] scale dense<-2.000000e+00>
  // CHECK-NEXT: qnn.quantize %[[A]] "q" scale [1.000000e+00] range -3 : 0
  %r = qnn.clamp %x min 0.0 max 1.5 : tensor<1xf64>
  %a = qnn.affine %r scale dense<-2.0> : tensor<1xf64> offset dense<0.0> : tensor<1xf64> : tensor<1xf64>
  %y = qnn.quantize %a "q" scale [1.0] range -8 : 7 : tensor<1xf64>
  return %y : tensor<1xf64>
}

// -----

// Ranges that would differ between channels, or lose 0, keep their clamp.
// CHECK-LABEL: func.func @kept
func.func @kept(%x: tensor<2xf64>) -> (tensor<2xf64>, tensor<2xf64>) {
  // CHECK: qnn.clamp
  // CHECK: range 0 : 7
  // CHECK: qnn.clamp
  // CHECK: range 0 : 7
  %r = qnn.clamp %x min 0.0 max 1.0 : tensor<2xf64>
  %y = qnn.quantize %r "q" scale [0.5, 0.25] range 0 : 7 : tensor<2xf64>
  %s = qnn.clamp %x min 1.0 max 2.0 : tensor<2xf64>
  %z = qnn.quantize %s "p" scale [0.5] range 0 : 7 : tensor<2xf64>
  return %y, %z : tensor<2xf64>, tensor<2xf64>
}
