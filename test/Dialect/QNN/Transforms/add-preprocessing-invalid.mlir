// RUN: fastsnn-opt %s --qnn-add-preprocessing="divisor=255" -verify-diagnostics

// expected-error @below {{preprocess: needs a network with one input, this one has 2}}
func.func @two_inputs(%x: tensor<2xf64>, %y: tensor<2xf64>) -> tensor<2xf64> {
  return %x : tensor<2xf64>
}
