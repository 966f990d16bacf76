// RUN: fastsnn-opt %s --convert-snn-to-nmc --split-input-file -verify-diagnostics

func.func @not_folded(%x: tensor<1xf64>) -> tensor<1xf64> {
  %i = snn.encode <quantized> %x range 0 : 3 scale [1.0] : tensor<1xf64> -> !snn.current<1, 3, i64, constant>
  // expected-error @below {{real neurons have no accumulate-only form; run snn-fold-thresholds first}}
  %a = snn.if %i "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [3.0] start [1.5] epsilon 0.0
      : !snn.current<1, 3, i64, constant> -> !snn.train<1, 3, 0:3>
  return %x : tensor<1xf64>
}

// -----

// expected-error @below {{the network has no spiking layer; convert and fold it first}}
func.func @nothing(%x: tensor<1xf64>) -> tensor<1xf64> {
  return %x : tensor<1xf64>
}

// -----

// Each failure is named, in one run.
func.func @several(%x: tensor<1xf64>, %z: tensor<1xf64>) -> (tensor<1xf64>, tensor<1xf64>) {
  %i = snn.encode <real> %x range 0 : 0 {bound = 1.0 : f64} : tensor<1xf64> -> !snn.current<1, 3, f64, constant>
  // expected-error @below {{an analogue network input reaches the output without neurons; quantize it}}
  %y = snn.readout %i "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.current<1, 3, f64, constant> -> tensor<1xf64>
  %r = snn.encode <real> %z range 0 : 0 {bound = 1.0 : f64} : tensor<1xf64> -> !snn.current<1, 3, f64, constant>
  // expected-error @below {{an analogue network input reaches the output without neurons; quantize it}}
  %w = snn.readout %r "w" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.current<1, 3, f64, constant> -> tensor<1xf64>
  return %y, %w : tensor<1xf64>, tensor<1xf64>
}

// -----

snn.weights @w = dense<1> : tensor<1x1x1x1xi8>
func.func @multipliers(%x: tensor<1x1x2xf64>) -> tensor<1x1x2xf64> {
  %i = snn.encode <quantized> %x range 0 : 3 scale [1.0] : tensor<1x1x2xf64> -> !snn.current<1x1x2, 3, i64, constant>
  %c = snn.conv2d %i, @w : !snn.current<1x1x2, 3, i64, constant> -> !snn.current<1x1x2, 3, i64, constant>
  %s = snn.sum_pool %c kernel [1, 1] {multipliers = array<i64: 1, 4611686018427387904>} : !snn.current<1x1x2, 3, i64, constant> -> !snn.current<1x1x2, 3, i64, constant>
  // expected-error @below {{multipliers of poolings in a row exceed 64 bits; quantize between them}}
  %t = snn.sum_pool %s kernel [1, 1] {multipliers = array<i64: 1, 2>} : !snn.current<1x1x2, 3, i64, constant> -> !snn.current<1x1x2, 3, i64, constant>
  %y = snn.readout %t "y" gains [dense<0.25> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.current<1x1x2, 3, i64, constant> -> tensor<1x1x2xf64>
  return %y : tensor<1x1x2xf64>
}

// -----

func.func @two_encodings(%x: tensor<1xf64>) -> (tensor<1xf64>, tensor<1xf64>) {
  // expected-error @below {{the network input is encoded in two ways; use one quantizer for it}}
  %i = snn.encode <quantized> %x range 0 : 3 scale [1.0] : tensor<1xf64> -> !snn.current<1, 3, i64, constant>
  // expected-error @below {{the network input is encoded in two ways; use one quantizer for it}}
  %j = snn.encode <quantized> %x range 0 : 7 scale [1.0] : tensor<1xf64> -> !snn.current<1, 3, i64, constant>
  return %x, %x : tensor<1xf64>, tensor<1xf64>
}

// -----

// expected-error @below {{a program needs exactly one network, the module has 2}}
module {
  func.func @a(%x: tensor<1xf64>) -> tensor<1xf64> { return %x : tensor<1xf64> }
  func.func @b(%x: tensor<1xf64>) -> tensor<1xf64> { return %x : tensor<1xf64> }
}
