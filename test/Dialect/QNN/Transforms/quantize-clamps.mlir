// RUN: fastsnn-opt %s --qnn-quantize-clamps --split-input-file | FileCheck %s

// Relu of signed counts; a bound of 0.875 lies on a lattice four times finer.
// CHECK-LABEL: func.func @lattice
// CHECK-SAME: (%[[X:.*]]: tensor<1xf64>)
func.func @lattice(%x: tensor<1xf64>) -> (tensor<1xf64>, tensor<1xf64>) {
  // CHECK-NEXT: %[[Q:.*]] = qnn.quantize %[[X]] "q" scale [5.000000e-01] range -4 : 3
  // CHECK-NEXT: %[[R:.*]] = qnn.quantize %[[Q]] "q_clamped" scale [5.000000e-01] range 0 : 3
  // CHECK-NEXT: %[[C:.*]] = qnn.quantize %[[Q]] "q_clamped" scale [1.250000e-01] range 0 : 7
  // CHECK-NEXT: return %[[R]], %[[C]]
  %q = qnn.quantize %x "q" scale [0.5] range -4 : 3 : tensor<1xf64>
  %r = qnn.clamp %q min 0.0 max 0x7FF0000000000000 : tensor<1xf64>
  %c = qnn.clamp %q min 0.0 max 0.875 : tensor<1xf64>
  return %r, %c : tensor<1xf64>, tensor<1xf64>
}

// -----

// What is pooled or moved in between keeps its lattice.
// CHECK-LABEL: func.func @pooled
func.func @pooled(%x: tensor<1x2x2xf64>) -> tensor<1xf64> {
  // CHECK: qnn.max_pool
  // CHECK-NEXT: qnn.reshape
  // CHECK-NEXT: qnn.quantize %{{.*}} "q_clamped" scale [5.000000e-01] range 0 : 2
  %q = qnn.quantize %x "q" scale [0.5] range -4 : 3 : tensor<1x2x2xf64>
  %p = qnn.max_pool %q kernel [2, 2] : tensor<1x2x2xf64> -> tensor<1x1x1xf64>
  %r = qnn.reshape %p : tensor<1x1x1xf64> -> tensor<1xf64>
  %c = qnn.clamp %r min 0.0 max 1.0 : tensor<1xf64>
  return %c : tensor<1xf64>
}

// -----

// Real values, bounds on no lattice and ranges without 0 keep their clamp.
// CHECK-LABEL: func.func @kept
func.func @kept(%x: tensor<1xf64>) -> (tensor<1xf64>, tensor<1xf64>, tensor<1xf64>) {
  // CHECK: qnn.clamp
  // CHECK: qnn.clamp
  // CHECK: qnn.clamp
  %a = qnn.clamp %x min 0.0 max 1.0 : tensor<1xf64>
  %q = qnn.quantize %x "q" scale [0.5] range -4 : 3 : tensor<1xf64>
  %b = qnn.clamp %q min 0.0 max 0.7071067811865476 : tensor<1xf64>
  %c = qnn.clamp %q min 0.5 max 1.0 : tensor<1xf64>
  return %a, %b, %c : tensor<1xf64>, tensor<1xf64>, tensor<1xf64>
}
