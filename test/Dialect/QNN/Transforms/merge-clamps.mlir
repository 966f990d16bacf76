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

// -----

// A zero point behind scales per channel: an offset of one step in each, with
// either sign of the map; 0 becomes -1 in all of them.
// CHECK-LABEL: func.func @steps_per_channel
// CHECK-SAME: (%[[X:.*]]: tensor<2xf64>)
func.func @steps_per_channel(%x: tensor<2xf64>) -> (tensor<2xf64>, tensor<2xf64>) {
  // CHECK-NEXT: %[[A:.*]] = qnn.affine %[[X]] {{.*}} offset dense<[-2.500000e-01, -1.000000e+00]>
  // CHECK-NEXT: qnn.quantize %[[A]] "q" scale [2.500000e-01, 1.000000e+00] range -1 : 3
  %r = qnn.clamp %x min 0.0 max 0x7FF0000000000000 : tensor<2xf64>
  %a = qnn.affine %r scale dense<1.0> : tensor<1xf64> offset dense<[-0.25, -1.0]> : tensor<2xf64> : tensor<2xf64>
  %y = qnn.quantize %a "q" scale [0.25, 1.0] range -4 : 3 : tensor<2xf64>
  // CHECK-NEXT: %[[B:.*]] = qnn.affine %[[X]] {{.*}} offset dense<[-2.500000e-01, 1.000000e+00]>
  // CHECK-NEXT: qnn.quantize %[[B]] "p" scale [2.500000e-01, 1.000000e+00] range -1 : 1
  %s = qnn.clamp %x min 0.0 max 0.5 : tensor<2xf64>
  %b = qnn.affine %s scale dense<[1.0, -4.0]> : tensor<2xf64> offset dense<[-0.25, 1.0]> : tensor<2xf64> : tensor<2xf64>
  %z = qnn.quantize %b "p" scale [0.25, 1.0] range -4 : 3 : tensor<2xf64>
  return %y, %z : tensor<2xf64>, tensor<2xf64>
}

// -----

// A channel of scale 0 is constant, clamped or not, where its count stays in
// the range; else the clamp is kept. So it is where bounds differ.
// CHECK-LABEL: func.func @constant_channel
// CHECK-SAME: (%[[X:.*]]: tensor<2xf64>)
func.func @constant_channel(%x: tensor<2xf64>) -> (tensor<2xf64>, tensor<2xf64>, tensor<2xf64>) {
  // CHECK-NEXT: %[[R:.*]] = qnn.clamp %[[X]]
  // CHECK-NEXT: %[[A:.*]] = qnn.affine %[[X]]
  // CHECK-NEXT: qnn.quantize %[[A]] "q" scale [1.000000e+00] range 0 : 7
  %r = qnn.clamp %x min 0.0 max 0x7FF0000000000000 : tensor<2xf64>
  %a = qnn.affine %r scale dense<[2.0, 0.0]> : tensor<2xf64> offset dense<[0.0, 3.0]> : tensor<2xf64> : tensor<2xf64>
  %y = qnn.quantize %a "q" scale [1.0] range -8 : 7 : tensor<2xf64>
  // CHECK-NEXT: qnn.affine %[[R]]
  // CHECK-NEXT: qnn.quantize {{.*}} "p" scale [1.000000e+00] range -8 : 7
  %b = qnn.affine %r scale dense<[2.0, 0.0]> : tensor<2xf64> offset dense<[0.0, -3.0]> : tensor<2xf64> : tensor<2xf64>
  %z = qnn.quantize %b "p" scale [1.0] range -8 : 7 : tensor<2xf64>
  // CHECK-NEXT: qnn.affine %[[R]]
  // CHECK-NEXT: qnn.quantize {{.*}} "o" scale [1.000000e+00] range -8 : 7
  %c = qnn.affine %r scale dense<1.0> : tensor<1xf64> offset dense<[0.0, -3.0]> : tensor<2xf64> : tensor<2xf64>
  %v = qnn.quantize %c "o" scale [1.0] range -8 : 7 : tensor<2xf64>
  return %y, %z, %v : tensor<2xf64>, tensor<2xf64>, tensor<2xf64>
}
