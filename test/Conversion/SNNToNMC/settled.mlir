// RUN: fastsnn-opt %s --convert-snn-to-nmc | FileCheck %s

// A settled pool adds current and bias in the prologue. Ties to even have
// comparisons of their own. Where counts cannot be negative there is no -1
// branch.
// CHECK: nmc.program @main steps 3 attributes {provenance = {timing = "settled"}}
func.func @main(%x: tensor<2xf64> {qnn.name = "image"}) -> (tensor<2xf64> {qnn.name = "y"}) {
  %i = snn.encode <pixel> %x range 0 : 255 : tensor<2xf64> -> !snn.current<2, 3, i64, constant>
  // CHECK: nmc.neurons @a [2] range -1 : 3 {{.*}} {certificate = {{.*}}, settled}
  %a = snn.integer_if %i "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<1> : tensor<1xi64>
      theta [6] start [3] epsilon [1] state 32 min -5000 max 5000 certificate <exact, fractional_bits = 0, cases = 1, ties = 0>
      {settled = #snn.ties<even>} : !snn.current<2, 3, i64, constant> -> !snn.train<2, 3, -1:3>
  %b = snn.integer_if %a "b" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64>
      theta [6] start [3] epsilon [1] state 32 min -5000 max 5000 certificate <exact, fractional_bits = 0, cases = 1, ties = 0>
      {settled = #snn.ties<up>} : !snn.train<2, 3, -1:3> -> !snn.train<2, 3, 0:3>
  %y = snn.readout %b "y" gains [dense<2.0> : tensor<1xf64>] offset dense<0.5> : tensor<1xf64> : !snn.train<2, 3, 0:3> -> tensor<2xf64>
  return %y : tensor<2xf64>
}
// CHECK: nmc.prologue {
// CHECK-NEXT: nmc.inject @a.from.image
// CHECK-NEXT: nmc.barrier
// CHECK-NEXT: nmc.add_current @a
// CHECK-NEXT: nmc.add_bias @a
// CHECK-NEXT: }
// CHECK: nmc.step {
// CHECK-NEXT: nmc.barrier
// CHECK-NEXT: nmc.cmp_up_even @a
// CHECK-NEXT: nmc.sub_theta @a
// CHECK-NEXT: nmc.count_up @a
// CHECK-NEXT: nmc.emit_up @a
// CHECK-NEXT: nmc.cmp_down_even @a
// CHECK-NEXT: nmc.add_theta @a
// CHECK-NEXT: nmc.count_down @a
// CHECK-NEXT: nmc.emit_down @a
// CHECK-NEXT: nmc.drain @b.from.a
// CHECK-NEXT: nmc.barrier
// CHECK-NEXT: nmc.cmp_up @b
// CHECK-NEXT: nmc.sub_theta @b
// CHECK-NEXT: nmc.count_up @b
// CHECK-NEXT: nmc.emit_up @b
// CHECK-NEXT: nmc.drain @y.from.b
