// RUN: fastsnn-opt %s --convert-qnn-to-snn --split-input-file | FileCheck %s
// RUN: fastsnn-opt %s --convert-qnn-to-snn="time-steps=2 epsilon=1e-3" --split-input-file | FileCheck %s --check-prefix=SHORT

// theta = scale * max(T, |lo|, hi); gain = weight scale * theta of the sender.
// CHECK-LABEL: func.func @plain
// SHORT-LABEL: func.func @plain
qnn.weights @w scale [2.500000e-01] = dense<1> : tensor<1x1x1x1xi8>
func.func @plain(%x: tensor<1x2x2xf64> {qnn.name = "in"}) -> (tensor<1x2x2xf64> {qnn.name = "out"}) {
  // CHECK-NEXT: %[[I:.*]] = snn.encode <quantized> %{{.*}} range -8 : 7 scale [5.000000e-01] : tensor<1x2x2xf64> -> !snn.current<1x2x2, 3, i64, constant>
  %i = qnn.quantize %x "in" scale [0.5] range -8 : 7 : tensor<1x2x2xf64>
  // CHECK-NEXT: %[[N:.*]] = snn.if %[[I]] "a" gains [dense<5.000000e-01> : tensor<1xf64>] bias dense<0.000000e+00> : tensor<1xf64> theta [6.000000e+00] start [3.000000e+00] epsilon 0.000000e+00
  // SHORT: snn.if %{{.*}} "a" {{.*}} theta [6.000000e+00] start [3.000000e+00] epsilon 1.000000e-03 {approximate}
  %a = qnn.quantize %i "a" scale [2.0] range 0 : 3 : tensor<1x2x2xf64>
  // CHECK-NEXT: %[[C:.*]] = snn.conv2d %[[N]], @w : !snn.train<1x2x2, 3, 0:3> -> !snn.current<1x2x2, 3, i64>
  %c = qnn.conv2d %a, @w : tensor<1x2x2xf64> -> tensor<1x2x2xf64>
  %d = qnn.affine %c scale dense<-2.0> : tensor<1xf64> offset dense<1.5> : tensor<1xf64> : tensor<1x2x2xf64>
  // Floor rounding starts at 0; the skip is a synapse of weight theta.
  %s = qnn.add %d, %a : tensor<1x2x2xf64>
  // CHECK-NEXT: %[[M:.*]] = snn.if %[[C]], %[[N]] "b" gains [dense<-3.000000e+00> : tensor<1xf64>, dense<6.000000e+00> : tensor<1xf64>] bias dense<1.500000e+00> : tensor<1xf64> theta [3.000000e+00] start [0.000000e+00]
  %b = qnn.quantize %s "b" scale [1.0] range -2 : 1 {rounding = #qnn.rounding<floor>} : tensor<1x2x2xf64>
  // CHECK-NEXT: %[[Y:.*]] = snn.readout %[[M]] "out" gains [dense<3.000000e+00> : tensor<1xf64>] offset dense<0.000000e+00> : tensor<1xf64>
  // CHECK-NEXT: return %[[Y]]
  return %b : tensor<1x2x2xf64>
}

// -----

// Pixels of different standard deviations share a lattice: 1 / (255 * 0.2) and
// 1 / (255 * 0.3) are 3 and 2 times 1 / (255 * 0.6); the mean becomes a bias
// that lacks the taps outside the image.
// CHECK-LABEL: snn.weights @w_lattice = dense<{{\[\[\[\[}}3, 3]], {{\[\[}}2, 2]]]]> : tensor<1x2x1x2xi8>
qnn.weights @w scale [1.000000e+00] = dense<1> : tensor<1x2x1x2xi8>
// CHECK-LABEL: func.func @pixels
func.func @pixels(%p: tensor<2x1x2xf64>) -> tensor<1x1x2xf64> {
  // CHECK-NEXT: %[[I:.*]] = snn.encode <pixel> %{{.*}} range 0 : 255 : tensor<2x1x2xf64> -> !snn.current<2x1x2, 1, i64, constant>
  // CHECK-NEXT: %[[C:.*]] = snn.conv2d %[[I]], @w_lattice
  // CHECK-NEXT: snn.if %[[C]] "a" gains [dense<0.0065359477124183009> : tensor<1xf64>] bias dense<[-2.000000e+00, -1.000000e+00]> : tensor<2xf64>
  %x = qnn.preprocess %p divisor "255" mean ["0.1", "0.15"] std ["0.2", "0.3"] : tensor<2x1x2xf64>
  %c = qnn.conv2d %x, @w {pads = array<i64: 0, 0, 0, 1>} : tensor<2x1x2xf64> -> tensor<1x1x2xf64>
  %a = qnn.quantize %c "a" scale [1.0] range 0 : 1 : tensor<1x1x2xf64>
  return %a : tensor<1x1x2xf64>
}

// -----

// A quantizer of preprocessed pixels is a table: 0..3 in steps of 85 pixels.
// CHECK-LABEL: func.func @table
func.func @table(%p: tensor<1xf64>) -> tensor<1xf64> {
  // CHECK-NEXT: snn.encode <pixel> %{{.*}} range 0 : 3 {table = array<i32: 0, {{.*}}, 3>}
  %x = qnn.preprocess %p divisor "255" mean ["0"] std ["1"] : tensor<1xf64>
  %q = qnn.quantize %x "in" scale [0.33333333333333331] range 0 : 3 : tensor<1xf64>
  %a = qnn.quantize %q "a" scale [1.0] range 0 : 1 : tensor<1xf64>
  return %a : tensor<1xf64>
}

// -----

// Windows of 1, 2 and 4 taps: multipliers 4, 2, 1 and a divisor of 4.
// CHECK-LABEL: func.func @uneven_average
func.func @uneven_average(%x: tensor<1x2x2xf64>) -> tensor<1x3x3xf64> {
  %q = qnn.quantize %x "in" scale [1.0] range 0 : 3 : tensor<1x2x2xf64>
  // CHECK: snn.sum_pool %{{.*}} kernel [2, 2] {multipliers = array<i64: 4, 2, 4, 2, 1, 2, 4, 2, 4>, pads = array<i64: 1, 1, 1, 1>}
  // CHECK-NEXT: snn.if {{.*}} gains [dense<2.500000e-01> : tensor<1xf64>]
  %p = qnn.avg_pool %q kernel [2, 2] {pads = array<i64: 1, 1, 1, 1>} : tensor<1x2x2xf64> -> tensor<1x3x3xf64>
  %a = qnn.quantize %p "a" scale [1.0] range 0 : 1 : tensor<1x3x3xf64>
  return %a : tensor<1x3x3xf64>
}

// -----

// Channels whose thetas are 1 and 2 lie on one lattice; pi and 1 do not, two
// gains make two branches.
// CHECK-DAG: snn.weights @v_lattice = dense<{{\[\[}}3, 6]]> : tensor<1x2xi8>
// CHECK-DAG: snn.weights @v_part = dense<{{\[\[}}3, 0]]> : tensor<1x2xi8>
// CHECK-DAG: snn.weights @v_part_1 = dense<{{\[\[}}0, 3]]> : tensor<1x2xi8>
qnn.weights @v scale [1.000000e+00] = dense<3> : tensor<1x2xi8>
// CHECK-LABEL: func.func @concat
func.func @concat(%x: tensor<1xf64>) -> (tensor<1xf64>, tensor<1xf64>) {
  %i = qnn.quantize %x "in" scale [1.0] range 0 : 3 : tensor<1xf64>
  %a = qnn.quantize %i "a" scale [1.0] range 0 : 1 : tensor<1xf64>
  %b = qnn.quantize %i "b" scale [2.0] range 0 : 1 : tensor<1xf64>
  %c = qnn.quantize %i "c" scale [3.1415926535897931] range 0 : 1 : tensor<1xf64>
  %ab = qnn.concat %a, %b axis 0 : tensor<1xf64>, tensor<1xf64> -> tensor<2xf64>
  %ac = qnn.concat %a, %c axis 0 : tensor<1xf64>, tensor<1xf64> -> tensor<2xf64>
  %y = qnn.linear %ab, @v : tensor<2xf64> -> tensor<1xf64>
  %z = qnn.linear %ac, @v : tensor<2xf64> -> tensor<1xf64>
  // CHECK: snn.readout %{{.*}} "output" gains [dense<1.000000e+00> : tensor<1xf64>]
  // CHECK: snn.readout %{{.*}}, %{{.*}} "output_1" gains [dense<1.000000e+00> : tensor<1xf64>, dense<3.1415926535897931> : tensor<1xf64>]
  return %y, %z : tensor<1xf64>, tensor<1xf64>
}
