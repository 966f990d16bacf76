// RUN: fastsnn-opt %s --snn-fold-thresholds=state-bits=32 --split-input-file -verify-diagnostics
// RUN: not fastsnn-opt %s --snn-fold-thresholds=state-bits=48 --split-input-file 2>&1 | FileCheck %s --check-prefix=BITS
// RUN: not fastsnn-opt %s --snn-fold-thresholds=tolerance=0 --split-input-file 2>&1 | FileCheck %s --check-prefix=TOLERANCE

// BITS: error: state bits must be 32 or 64, not 48
// TOLERANCE: error: tolerance must be positive

// Both layers that do not fit are named in one run.
snn.weights @w = dense<2000000000> : tensor<1x1xi32>
func.func @too_narrow(%x: tensor<1xf64>) -> (tensor<1xf64>, tensor<1xf64>) {
  %i = snn.encode <pixel> %x range 0 : 255 : tensor<1xf64> -> !snn.current<1, 3, i64, constant>
  %c = snn.linear %i, @w : !snn.current<1, 3, i64, constant> -> !snn.current<1, 3, i64, constant>
  // expected-error @below {{no integer constants fit into 32 bits of state; allow --state-bits=64 or use fewer levels}}
  %a = snn.if %c "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [3.0] start [1.5] epsilon 0.0
      : !snn.current<1, 3, i64, constant> -> !snn.train<1, 3, 0:3>
  // expected-error @below {{no integer constants fit into 32 bits of state}}
  %b = snn.if %c "b" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [3.0] start [1.5] epsilon 0.0
      : !snn.current<1, 3, i64, constant> -> !snn.train<1, 3, 0:3>
  %y = snn.readout %a "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<1, 3, 0:3> -> tensor<1xf64>
  %z = snn.readout %b "z" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<1, 3, 0:3> -> tensor<1xf64>
  return %y, %z : tensor<1xf64>, tensor<1xf64>
}

// -----

snn.weights @w = dense_resource<__elided__> : tensor<1x1xi8>
func.func @elided(%x: tensor<1xf64>) -> tensor<1xf64> {
  %i = snn.encode <pixel> %x range 0 : 255 : tensor<1xf64> -> !snn.current<1, 3, i64, constant>
  // expected-error @below {{weights has no data; the resource was elided}}
  %c = snn.linear %i, @w : !snn.current<1, 3, i64, constant> -> !snn.current<1, 3, i64, constant>
  %a = snn.if %c "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [3.0] start [1.5] epsilon 0.0
      : !snn.current<1, 3, i64, constant> -> !snn.train<1, 3, 0:3>
  %y = snn.readout %a "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<1, 3, 0:3> -> tensor<1xf64>
  return %y : tensor<1xf64>
}
