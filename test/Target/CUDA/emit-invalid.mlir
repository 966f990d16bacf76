// The printer takes no schedule that the validator refuses.
// RUN: split-file %s %t
// RUN: fastsnn-opt %t/network.mlir --convert-snn-to-nmc --nmc-schedule-cuda -o %t/good.mlir
// RUN: fastsnn-translate --snn-to-cuda %t/good.mlir -o %t/good.cu
// RUN: sed 's/neurons state 32 spikes <offset = 0/neurons state 32 spikes <offset = 256/' %t/good.mlir > %t/overlap.mlir
// RUN: not fastsnn-translate --snn-to-cuda %t/overlap.mlir 2>&1 | FileCheck %s --check-prefix=OVERLAP
// OVERLAP: error: a: the current of a is read by a kernel that writes over it; schedule the program again
// OVERLAP-NOT: #include

// RUN: sed 's/neurons state 32/neurons state 16/' %t/good.mlir > %t/state.mlir
// RUN: not fastsnn-translate --snn-to-cuda %t/state.mlir 2>&1 | FileCheck %s --check-prefix=STATE
// STATE: error: a: a state of 16 bits, 32 are needed; schedule the program again

// RUN: sed 's/, cuda = #nmc.cuda_pool<neurons[^>]*>>//' %t/good.mlir > %t/missing.mlir
// RUN: not fastsnn-translate --snn-to-cuda %t/missing.mlir 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: error: has no schedule for a GPU; run nmc-schedule-cuda

// RUN: sed 's/<offset = 0, bytes = 256>/<offset = 8, bytes = 256>/' %t/good.mlir > %t/aligned.mlir
// RUN: not fastsnn-translate --snn-to-cuda %t/aligned.mlir 2>&1 | FileCheck %s --check-prefix=ALIGNED
// ALIGNED: error: offset and bytes must be multiples of 256 and not negative

// RUN: not fastsnn-translate --snn-to-cuda %t/empty.mlir 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: a program needs exactly one network, the module has 0

//--- empty.mlir
module {
}

//--- network.mlir
func.func @main(%x: tensor<2xf64> {qnn.name = "image"}) -> (tensor<2xf64> {qnn.name = "y"}) {
  %i = snn.encode <pixel> %x range 0 : 255 : tensor<2xf64> -> !snn.current<2, 3, i64, constant>
  %a = snn.integer_if %i "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<1> : tensor<1xi64>
      theta [6] start [3] epsilon [1] state 32 min -5000 max 5000 certificate <exact, fractional_bits = 0, cases = 1, ties = 0>
      : !snn.current<2, 3, i64, constant> -> !snn.train<2, 3, 0:3>
  %y = snn.readout %a "y" gains [dense<2.0> : tensor<1xf64>] offset dense<0.5> : tensor<1xf64> : !snn.train<2, 3, 0:3> -> tensor<2xf64>
  return %y : tensor<2xf64>
}
