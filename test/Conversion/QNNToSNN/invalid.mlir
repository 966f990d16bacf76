// RUN: fastsnn-opt %s --convert-qnn-to-snn --split-input-file -verify-diagnostics
// RUN: not fastsnn-opt %s --convert-qnn-to-snn=time-steps=-1 2>&1 | FileCheck %s --check-prefix=STEPS
// RUN: not fastsnn-opt %s --convert-qnn-to-snn=epsilon=-1 2>&1 | FileCheck %s --check-prefix=EPSILON
// RUN: not fastsnn-opt %s --convert-qnn-to-snn=input-bound=0 2>&1 | FileCheck %s --check-prefix=BOUND
// RUN: not fastsnn-opt %s --convert-qnn-to-snn=unsigned --split-input-file 2>&1 | FileCheck %s --check-prefix=UNSIGNED

// STEPS: error: time steps -1 are out of range 1..65535; choose fewer
// EPSILON: error: epsilon must be finite and not negative
// BOUND: error: input bound must be finite and positive
// UNSIGNED: error: unsigned neurons cannot count below 0, this layer's range starts at -2

// Everything that has no spiking form is reported, all in one run.
qnn.weights @w scale [1.000000e+00] = dense<1> : tensor<1x1x1x1xi8>
func.func @several(%x: tensor<1x2x2xf64>) -> (tensor<1x1x1xf64>, tensor<1x2x2xf64>, tensor<1x2x2xf64>, tensor<1x2x2xf64>) {
  %i = qnn.quantize %x "in" scale [1.0] range 0 : 3 : tensor<1x2x2xf64>
  %c = qnn.conv2d %i, @w : tensor<1x2x2xf64> -> tensor<1x2x2xf64>
  // expected-error @below {{max pooling of a sum that no quantizer follows has no exact spiking form; put a quantizer in front of it or directly behind it}}
  %p = qnn.max_pool %c kernel [2, 2] : tensor<1x2x2xf64> -> tensor<1x1x1xf64>
  // expected-error @below {{clamp (relu) that no quantizer follows has no spiking form; quantize its output}}
  %r = qnn.clamp %c min 0.0 max 1.0 : tensor<1x2x2xf64>
  // expected-error @below {{a second weighted layer follows without a quantizer between them; quantize the activation or merge the two layers}}
  %d = qnn.conv2d %c, @w : tensor<1x2x2xf64> -> tensor<1x2x2xf64>
  // expected-error @below {{batch norm is not folded; run qnn-fold-batch-norm first}}
  %b = qnn.batch_norm %c gamma [1.0] beta [1.0] mean [0.0] variance [1.0] epsilon 1.0e-5 : tensor<1x2x2xf64>
  // An operator behind a failed one is not reported again.
  %q = qnn.quantize %r "q" scale [1.0] range 0 : 3 : tensor<1x2x2xf64>
  return %p, %q, %d, %b : tensor<1x1x1xf64>, tensor<1x2x2xf64>, tensor<1x2x2xf64>, tensor<1x2x2xf64>
}

// -----

func.func @signed(%x: tensor<1xf64>) -> tensor<1xf64> {
  %i = qnn.quantize %x "in" scale [1.0] range 0 : 3 : tensor<1xf64>
  %q = qnn.quantize %i "q" scale [1.0] range -2 : 1 : tensor<1xf64>
  return %q : tensor<1xf64>
}

// -----

// expected-error @below {{a network input needs a channel dimension}}
func.func @scalar(%x: tensor<f64>) -> tensor<f64> {
  return %x : tensor<f64>
}

// -----

func.func @position_gain(%x: tensor<1x1x2xf64>) -> tensor<1x1x2xf64> {
  %i = qnn.quantize %x "in" scale [1.0] range 0 : 3 : tensor<1x1x2xf64>
  %a = qnn.affine %i scale dense<[1.0, 2.0]> : tensor<2xf64> offset dense<0.0> : tensor<1xf64> : tensor<1x1x2xf64>
  // expected-error @below {{the scale of an input differs between positions of a channel; use one scale a channel}}
  %q = qnn.quantize %a "q" scale [1.0] range 0 : 3 : tensor<1x1x2xf64>
  return %q : tensor<1x1x2xf64>
}

// -----

func.func @position_max(%x: tensor<1x1x2xf64>) -> tensor<1x1x1xf64> {
  %i = qnn.quantize %x "in" scale [1.0] range 0 : 3 : tensor<1x1x2xf64>
  %q = qnn.quantize %i "q" scale [1.0] range 0 : 3 : tensor<1x1x2xf64>
  %a = qnn.affine %q scale dense<[1.0, 2.0]> : tensor<2xf64> offset dense<0.0> : tensor<1xf64> : tensor<1x1x2xf64>
  // expected-error @below {{max pooling of values whose scale or offset differs between positions of a channel; use one a channel}}
  %p = qnn.max_pool %a kernel [1, 2] : tensor<1x1x2xf64> -> tensor<1x1x1xf64>
  return %p : tensor<1x1x1xf64>
}

// -----

// Fine activations ask for many time steps; an input encoding does not.
func.func @many_steps(%x: tensor<4xf64>) -> tensor<4xf64> {
  %i = qnn.quantize %x "in" scale [1.0] range 0 : 1000 : tensor<4xf64>
  %p = qnn.quantize %i "p" scale [1.0] range 0 : 63 : tensor<4xf64>
  // expected-warning @below {{its activations have 255 levels, so that every layer runs for as many time steps, up to 63 are usual; train with fewer bits, or give --time-steps}}
  %q = qnn.quantize %p "q" scale [1.0] range 0 : 255 : tensor<4xf64>
  return %q : tensor<4xf64>
}

// -----

func.func @few_steps(%x: tensor<4xf64>) -> tensor<4xf64> {
  %i = qnn.quantize %x "in" scale [1.0] range 0 : 1000 : tensor<4xf64>
  %p = qnn.quantize %i "p" scale [1.0] range 0 : 63 : tensor<4xf64>
  return %p : tensor<4xf64>
}
