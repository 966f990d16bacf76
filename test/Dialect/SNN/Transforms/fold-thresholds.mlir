// RUN: fastsnn-opt %s --snn-fold-thresholds --split-input-file 2>%t | FileCheck %s
// RUN: FileCheck %s --check-prefix=WARN --input-file=%t
// RUN: fastsnn-opt %s --snn-fold-thresholds="epsilon=0.5" --split-input-file 2>/dev/null | FileCheck %s --check-prefix=EPS

// Everything is a multiple of the gain 0.5: no fractional bits, theta 4, start
// 2, bias 1. Charge 4 k - 2 - t is reached exactly: those cases are ties.
// CHECK: module attributes {snn.epsilon = 0.000000e+00 : f64}
// EPS: module attributes {snn.epsilon = 5.000000e-01 : f64}
// CHECK-LABEL: func.func @plain
snn.weights @w = dense<1> : tensor<1x4xi8>
func.func @plain(%x: tensor<4xf64>) -> tensor<1xf64> {
  %i = snn.encode <quantized> %x range 0 : 3 scale [1.0] : tensor<4xf64> -> !snn.current<4, 2, i64, constant>
  %a = snn.if %i "a" gains [dense<0.5> : tensor<1xf64>] bias dense<0.5> : tensor<1xf64> theta [2.0] start [1.0] epsilon 0.0
      : !snn.current<4, 2, i64, constant> -> !snn.train<4, 2, 0:2>
  %c = snn.linear %a, @w : !snn.train<4, 2, 0:2> -> !snn.current<1, 2, i64>
  // CHECK: snn.integer_if %{{.*}} "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<1> : tensor<1xi64> theta [4] start [2] epsilon [1] state 32
  // CHECK-SAME: certificate <exact, fractional_bits = 0, cases = 16, ties = {{[1-9][0-9]*}}, minimal>
  // CHECK: snn.integer_if %{{.*}} "b" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [4] start [2] epsilon [1]
  // EPS: snn.integer_if %{{.*}} "b" {{.*}} theta [4] start [2] epsilon [1]
  %b = snn.if %c "b" gains [dense<0.5> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [2.0] start [1.0] epsilon 0.0
      : !snn.current<1, 2, i64> -> !snn.train<1, 2, 0:2>
  %y = snn.readout %b "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<1, 2, 0:2> -> tensor<1xf64>
  return %y : tensor<1xf64>
}

// -----

// Signs move into weights; a channel without gain loses them. The weights of a
// layer that something else reads too are copied.
// CHECK-DAG: snn.weights @v = dense<{{\[\[}}1, -2], {{\[}}-3, 4], [0, 0]]> : tensor<3x2xi8>
// CHECK-DAG: snn.weights @u = dense<{{\[\[}}1, -2]]> : tensor<1x2xi8>
// CHECK-DAG: snn.weights @u_0 = dense<{{\[\[}}-1, 2]]> : tensor<1x2xi8>
snn.weights @v = dense<[[1, -2], [3, -4], [5, 6]]> : tensor<3x2xi8>
snn.weights @u = dense<[[1, -2]]> : tensor<1x2xi8>
// CHECK-LABEL: func.func @signs
func.func @signs(%x: tensor<2xf64>) -> (tensor<3xf64>, tensor<1xf64>, tensor<1xf64>) {
  %i = snn.encode <quantized> %x range -2 : 2 scale [1.0] : tensor<2xf64> -> !snn.current<2, 3, i64, constant>
  %c = snn.linear %i, @v : !snn.current<2, 3, i64, constant> -> !snn.current<3, 3, i64, constant>
  // CHECK: snn.integer_if %{{.*}} "s" factors [dense<[1, 1, 0]> : tensor<3xi64>]
  %s = snn.if %c "s" gains [dense<[1.0, -1.0, 0.0]> : tensor<3xf64>] bias dense<[0.0, 0.0, 0.75]> : tensor<3xf64> theta [3.0] start [1.5] epsilon 0.0
      : !snn.current<3, 3, i64, constant> -> !snn.train<3, 3, -3:3>
  %d = snn.linear %i, @u : !snn.current<2, 3, i64, constant> -> !snn.current<1, 3, i64, constant>
  %m = snn.if %d "m" gains [dense<-1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [3.0] start [1.5] epsilon 0.0
      : !snn.current<1, 3, i64, constant> -> !snn.train<1, 3, -3:3>
  %p = snn.if %d "p" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [3.0] start [1.5] epsilon 0.0
      : !snn.current<1, 3, i64, constant> -> !snn.train<1, 3, -3:3>
  %ys = snn.readout %s "ys" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<3, 3, -3:3> -> tensor<3xf64>
  %ym = snn.readout %m "ym" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<1, 3, -3:3> -> tensor<1xf64>
  %yp = snn.readout %p "yp" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<1, 3, -3:3> -> tensor<1xf64>
  return %ys, %ym, %yp : tensor<3xf64>, tensor<1xf64>, tensor<1xf64>
}

// -----

// A skip beside a weighted input has a factor of its own; its shift is 0.
// CHECK-LABEL: func.func @skip
snn.weights @w = dense<1> : tensor<1x36xi8>
func.func @skip(%x: tensor<1xf64>) -> tensor<1xf64> {
  %i = snn.encode <pixel> %x range 0 : 255 : tensor<1xf64> -> !snn.current<1, 3, i64, constant>
  %a = snn.if %i "a" gains [dense<0.01> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [3.0] start [1.5] epsilon 0.0
      : !snn.current<1, 3, i64, constant> -> !snn.train<1, 3, 0:3>
  %aa = snn.concat %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a axis 0
      : !snn.train<1, 3, 0:3>, !snn.train<1, 3, 0:3>, !snn.train<1, 3, 0:3>, !snn.train<1, 3, 0:3>, !snn.train<1, 3, 0:3>, !snn.train<1, 3, 0:3>, !snn.train<1, 3, 0:3>, !snn.train<1, 3, 0:3>, !snn.train<1, 3, 0:3>, !snn.train<1, 3, 0:3>, !snn.train<1, 3, 0:3>, !snn.train<1, 3, 0:3> -> !snn.train<12, 3, 0:3>
  %aaa = snn.concat %aa, %aa, %aa axis 0 : !snn.train<12, 3, 0:3>, !snn.train<12, 3, 0:3>, !snn.train<12, 3, 0:3> -> !snn.train<36, 3, 0:3>
  %c = snn.linear %aaa, @w : !snn.train<36, 3, 0:3> -> !snn.current<1, 3, i64>
  // CHECK: snn.integer_if %{{.*}}, %{{.*}} "b" factors [dense<1> : tensor<1xi64>, dense<13> : tensor<1xi64>] shifts [2, 0]
  // CHECK-SAME: certificate <exact, fractional_bits = 2, {{.*}}ties = 0>
  %b = snn.if %c, %a "b" gains [dense<0.45> : tensor<1xf64>, dense<1.5> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [2.1] start [1.05] epsilon 0.0
      : !snn.current<1, 3, i64>, !snn.train<1, 3, 0:3> -> !snn.train<1, 3, 0:3>
  %y = snn.readout %b "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<1, 3, 0:3> -> tensor<1xf64>
  return %y : tensor<1xf64>
}

// -----

// An analogue input is rounded to a lattice by the host: the layer is bounded,
// and the user is told.
// WARN: warning: not certified exact, the membrane error is at most {{.*}} theta: its input is analogue; give --preprocess where it is 8-bit pixels
// CHECK-LABEL: func.func @analogue
func.func @analogue(%x: tensor<1xf64>) -> tensor<1xf64> {
  // CHECK: %[[X:.*]] = snn.encode <real>
  // CHECK-NEXT: %[[D:.*]] = snn.discretize %[[X]] shift [[F:[0-9]+]]
  // CHECK-NEXT: snn.integer_if %[[D]] "a" factors [dense<1> : tensor<1xi64>] shifts [0]
  // CHECK-SAME: certificate <bounded {{.*}}, fractional_bits = [[F]]
  %i = snn.encode <real> %x range 0 : 0 {bound = 1.0 : f64} : tensor<1xf64> -> !snn.current<1, 3, f64, constant>
  %a = snn.if %i "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [3.0] start [1.5] epsilon 0.0
      : !snn.current<1, 3, f64, constant> -> !snn.train<1, 3, 0:3>
  %y = snn.readout %a "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<1, 3, 0:3> -> tensor<1xf64>
  return %y : tensor<1xf64>
}

// -----

// Real weights are rounded to the fractional bits that the tolerance asks for.
// WARN: warning: not certified exact, {{.*}}: its weights are real
// CHECK-LABEL: func.func @real_weights
// CHECK: snn.linear {{.*}} -> !snn.current<1, 3, i64>
snn.weights @r = dense<[[0.1, -0.2]]> : tensor<1x2xf64>
func.func @real_weights(%x: tensor<2xf64>) -> tensor<1xf64> {
  %i = snn.encode <pixel> %x range 0 : 255 : tensor<2xf64> -> !snn.current<2, 3, i64, constant>
  %a = snn.if %i "a" gains [dense<0.01> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [3.0] start [1.5] epsilon 0.0
      : !snn.current<2, 3, i64, constant> -> !snn.train<2, 3, 0:3>
  %c = snn.linear %a, @r : !snn.train<2, 3, 0:3> -> !snn.current<1, 3, f64>
  %b = snn.if %c "b" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [3.0] start [1.5] epsilon 0.0
      : !snn.current<1, 3, f64> -> !snn.train<1, 3, 0:3>
  %y = snn.readout %b "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.train<1, 3, 0:3> -> tensor<1xf64>
  return %y : tensor<1xf64>
}

// -----

// In front of a readout real weights are rounded to 30 bits; the host divides
// by the power of two.
// WARN: warning: the weights in front of this output are real: they were rounded to 30 bits
// CHECK-LABEL: snn.weights @r
// CHECK-SAME: = dense<{{\[\[}}805306368, -536870912]]> : tensor<1x2xi32>
// CHECK-LABEL: func.func @real_readout
snn.weights @r = dense<[[0.75, -0.5]]> : tensor<1x2xf64>
func.func @real_readout(%x: tensor<2xf64>) -> tensor<1xf64> {
  %i = snn.encode <pixel> %x range 0 : 255 : tensor<2xf64> -> !snn.current<2, 3, i64, constant>
  %a = snn.if %i "a" gains [dense<0.01> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [3.0] start [1.5] epsilon 0.0
      : !snn.current<2, 3, i64, constant> -> !snn.train<2, 3, 0:3>
  // CHECK: %[[C:.*]] = snn.linear %{{.*}} -> !snn.current<1, 3, i64>
  // CHECK: snn.readout %[[C]] "y" gains [dense<1.862645149230957E-9> : tensor<1xf64>]
  %c = snn.linear %a, @r : !snn.train<2, 3, 0:3> -> !snn.current<1, 3, f64>
  %y = snn.readout %c "y" gains [dense<2.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.current<1, 3, f64> -> tensor<1xf64>
  return %y : tensor<1xf64>
}
