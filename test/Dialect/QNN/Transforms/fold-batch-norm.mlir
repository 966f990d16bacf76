// RUN: fastsnn-opt %s --qnn-fold-batch-norm --split-input-file | FileCheck %s


// g = 2 / sqrt(3 + 1) = 1 and -4 / 2 = -2; offset = beta - mean * g.
// CHECK-LABEL: func.func @batch_norm
// CHECK-SAME: (%[[X:.*]]: tensor<2x1x1xf64>)
func.func @batch_norm(%x: tensor<2x1x1xf64>) -> tensor<2x1x1xf64> {
  // CHECK-NEXT: %[[Y:.*]] = qnn.affine %[[X]] scale dense<[1.000000e+00, -2.000000e+00]> : tensor<2xf64> offset dense<[3.000000e+00, 5.000000e+00]> : tensor<2xf64>
  // CHECK-NEXT: return %[[Y]]
  %y = qnn.batch_norm %x gamma [2.0, -4.0] beta [4.0, 3.0] mean [1.0, 1.0]
      variance [3.0, 3.0] epsilon 1.0 : tensor<2x1x1xf64>
  return %y : tensor<2x1x1xf64>
}

// -----

// (x * 2 + 1) * [3, 4] + 5, then * 1 + an offset for each element.
// CHECK-LABEL: func.func @merge
// CHECK-SAME: (%[[X:.*]]: tensor<2x1x2xf64>)
func.func @merge(%x: tensor<2x1x2xf64>) -> tensor<2x1x2xf64> {
  // CHECK-NEXT: %[[Y:.*]] = qnn.affine %[[X]] scale dense<[6.000000e+00, 8.000000e+00]> : tensor<2xf64> offset dense<[8.000000e+00, 9.000000e+00, 1.100000e+01, 1.200000e+01]> : tensor<4xf64>
  // CHECK-NEXT: return %[[Y]]
  %a = qnn.affine %x scale dense<2.0> : tensor<1xf64> offset dense<1.0> : tensor<1xf64> : tensor<2x1x2xf64>
  %b = qnn.affine %a scale dense<[3.0, 4.0]> : tensor<2xf64> offset dense<5.0> : tensor<1xf64> : tensor<2x1x2xf64>
  %c = qnn.affine %b scale dense<1.0> : tensor<1xf64> offset dense<[0.0, 1.0, 2.0, 3.0]> : tensor<4xf64> : tensor<2x1x2xf64>
  return %c : tensor<2x1x2xf64>
}
