// RUN: fastsnn-opt %s --qnn-add-preprocessing="divisor=255 mean=0.5,0.25 std=0.2" | FileCheck %s
// RUN: not fastsnn-opt %s --qnn-add-preprocessing="divisor=0 mean=1,2,3 std=0.1,x" 2>&1 | FileCheck %s --check-prefix=ERR

// All that is wrong is said in one run.
// ERR-DAG: error: preprocess: scale '0' is no positive decimal of at most 15 digits
// ERR-DAG: error: preprocess: mean has 3 entries, the input has 2 channels; give one, or one a channel
// ERR-DAG: error: preprocess: std 'x' is no positive decimal of at most 15 digits

// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[P:.*]]: tensor<2x1x1xf64>)
// CHECK-NEXT: %[[X:.*]] = qnn.preprocess %[[P]] divisor "255" mean ["0.5", "0.25"] std ["0.2"]
// CHECK-NEXT: return %[[X]], %[[X]]
func.func @main(%x: tensor<2x1x1xf64>) -> (tensor<2x1x1xf64>, tensor<2x1x1xf64>) {
  return %x, %x : tensor<2x1x1xf64>, tensor<2x1x1xf64>
}
