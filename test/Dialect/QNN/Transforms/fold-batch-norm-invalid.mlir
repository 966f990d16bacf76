// RUN: fastsnn-opt %s --qnn-fold-batch-norm -verify-diagnostics

// What was printed without its data cannot be folded.
func.func @elided(%x: tensor<200x1x1xf64>) -> tensor<200x1x1xf64> {
  // expected-error @below {{scale has no data; the resource was elided}}
  %y = qnn.affine %x scale dense_resource<__elided__> : tensor<200xf64>
      offset dense<0.0> : tensor<1xf64> : tensor<200x1x1xf64>
  return %y : tensor<200x1x1xf64>
}
