// RUN: fastsnn-opt %s --qnn-sink-max-pool --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @behind_quantizer
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x4xf64>)
func.func @behind_quantizer(%x: tensor<1x4x4xf64>) -> tensor<1x2x2xf64> {
  // CHECK-NEXT: %[[Q:.*]] = qnn.quantize %[[X]] "q" scale [5.000000e-01] range 0 : 3 : tensor<1x4x4xf64>
  // CHECK-NEXT: %[[P:.*]] = qnn.max_pool %[[Q]] kernel [2, 2] {strides = array<i64: 2, 2>}
  // CHECK-NEXT: return %[[P]]
  %p = qnn.max_pool %x kernel [2, 2] {strides = array<i64: 2, 2>} : tensor<1x4x4xf64> -> tensor<1x2x2xf64>
  %q = qnn.quantize %p "q" scale [0.5] range 0 : 3 : tensor<1x2x2xf64>
  return %q : tensor<1x2x2xf64>
}

// -----

// A negative scale turns the maximum of its channel into a minimum.
// CHECK-LABEL: func.func @negative_scale
func.func @negative_scale(%x: tensor<2x2x2xf64>) -> tensor<2x1x1xf64> {
  // CHECK-NEXT: %[[A:.*]] = qnn.affine
  // CHECK-NEXT: %[[Q:.*]] = qnn.quantize %[[A]]
  // CHECK-NEXT: qnn.max_pool %[[Q]] kernel [2, 2] {minimum = array<i1: false, true>}
  %p = qnn.max_pool %x kernel [2, 2] : tensor<2x2x2xf64> -> tensor<2x1x1xf64>
  %a = qnn.affine %p scale dense<[1.0, -1.0]> : tensor<2xf64> offset dense<0.0> : tensor<1xf64> : tensor<2x1x1xf64>
  %q = qnn.quantize %a "q" scale [0.5] range 0 : 3 : tensor<2x1x1xf64>
  return %q : tensor<2x1x1xf64>
}

// -----

// Quantized values are pooled in counts where they stand.
// CHECK-LABEL: func.func @quantized_input
func.func @quantized_input(%x: tensor<1x2x2xf64>) -> tensor<1x1x1xf64> {
  // CHECK-NEXT: qnn.quantize
  // CHECK-NEXT: qnn.max_pool
  // CHECK-NEXT: qnn.quantize
  %q = qnn.quantize %x "q" scale [0.5] range 0 : 3 : tensor<1x2x2xf64>
  %p = qnn.max_pool %q kernel [2, 2] : tensor<1x2x2xf64> -> tensor<1x1x1xf64>
  %r = qnn.quantize %p "r" scale [0.7] range 0 : 3 : tensor<1x1x1xf64>
  return %r : tensor<1x1x1xf64>
}

// -----

// An offset for each position does not commute with the pooling.
// CHECK-LABEL: func.func @position_offset
func.func @position_offset(%x: tensor<1x4x4xf64>) -> tensor<1x2x2xf64> {
  // CHECK-NEXT: qnn.max_pool
  // CHECK-NEXT: qnn.affine
  // CHECK-NEXT: qnn.quantize
  %p = qnn.max_pool %x kernel [2, 2] {strides = array<i64: 2, 2>} : tensor<1x4x4xf64> -> tensor<1x2x2xf64>
  %a = qnn.affine %p scale dense<1.0> : tensor<1xf64> offset dense<[0.0, 1.0, 0.0, 1.0]> : tensor<4xf64> : tensor<1x2x2xf64>
  %q = qnn.quantize %a "q" scale [0.5] range 0 : 3 : tensor<1x2x2xf64>
  return %q : tensor<1x2x2xf64>
}
