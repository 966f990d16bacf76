// RUN: fastsnn-opt %s --convert-qnn-to-snn=settled --split-input-file | FileCheck %s
// RUN: fastsnn-opt %s --convert-qnn-to-snn="settled unsigned time-steps=2" --split-input-file | FileCheck %s --check-prefix=SHORT
// RUN: not fastsnn-opt %s --convert-qnn-to-snn="settled epsilon=1e-3" --split-input-file 2>&1 | FileCheck %s --check-prefix=EPSILON

// EPSILON: error: epsilon must be 0 where layers are settled: nothing is left to take back; leave out epsilon or use pipelined timing

// Ties follow the quantizer's rounding.
// CHECK-LABEL: func.func @roundings
// SHORT-LABEL: func.func @roundings
func.func @roundings(%x: tensor<2xf64>) -> tensor<2xf64> {
  %i = qnn.quantize %x "in" scale [0.5] range -8 : 7 : tensor<2xf64>
  // CHECK: snn.if %{{.*}} "a" {{.*}} theta [6.000000e+00] start [3.000000e+00] epsilon 0.000000e+00 {settled = #snn.ties<even>}
  // SHORT: snn.if %{{.*}} "a" {{.*}} theta [6.000000e+00] start [3.000000e+00] epsilon 0.000000e+00 {approximate, settled = #snn.ties<even>, unsigned_neuron}
  %a = qnn.quantize %i "a" scale [2.0] range 0 : 3 : tensor<2xf64>
  // CHECK: snn.if %{{.*}} "b" {{.*}} theta [3.000000e+00] start [1.500000e+00] epsilon 0.000000e+00 {settled = #snn.ties<up>}
  %b = qnn.quantize %a "b" scale [1.0] range 0 : 3 {rounding = #qnn.rounding<half_up>} : tensor<2xf64>
  // CHECK: snn.if %{{.*}} "c" {{.*}} theta [3.000000e+00] start [0.000000e+00] epsilon 0.000000e+00 {settled = #snn.ties<up>}
  %c = qnn.quantize %b "c" scale [1.0] range 0 : 3 {rounding = #qnn.rounding<floor>} : tensor<2xf64>
  return %c : tensor<2xf64>
}

// -----

// A mean over 6 elements: the neuron's equation is multiplied by 6, which is
// exact, where a division by 6 is not. A spike is worth 3 all the same.
// CHECK-LABEL: func.func @mean
func.func @mean(%x: tensor<1x2x3xf64>) -> tensor<1x1x1xf64> {
  %i = qnn.quantize %x "in" scale [1.0] range 0 : 3 : tensor<1x2x3xf64>
  %a = qnn.quantize %i "a" scale [1.0] range 0 : 3 : tensor<1x2x3xf64>
  %p = qnn.avg_pool %a kernel [2, 3] : tensor<1x2x3xf64> -> tensor<1x1x1xf64>
  %o = qnn.affine %p scale dense<1.0> : tensor<1xf64> offset dense<0.25> : tensor<1xf64> : tensor<1x1x1xf64>
  // CHECK: snn.if %{{.*}} "b" gains [dense<3.000000e+00> : tensor<1xf64>] bias dense<1.500000e+00> : tensor<1xf64> theta [1.800000e+01] start [9.000000e+00]
  %b = qnn.quantize %o "b" scale [1.0] range 0 : 3 : tensor<1x1x1xf64>
  // A readout divides: ties mean nothing there.
  // CHECK: snn.readout %{{.*}} "output" gains [dense<3.000000e+00> : tensor<1xf64>]
  return %b : tensor<1x1x1xf64>
}
