// RUN: fastsnn-opt %s -split-input-file -verify-diagnostics -o /dev/null

// One negative test for each labelled constraint of docs/spec.md, section nmc.
// Programs and their items are symbols: the label stands in the symbol's name
// or in the comment in front of it.

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

func.func private @nmc_remap_c1() attributes {
  // expected-error @below {{shape and strides must have one entry a dimension}}
  a = #nmc.remap<shape = [2, 2], strides = [1], offset = 0, size = 4>}

// -----

func.func private @nmc_remap_c1_overflow() attributes {
  // expected-error @below {{positive and at most 2^26 elements}}
  a = #nmc.remap<shape = [4294967296, 4294967296], strides = [1, 1], offset = 0, size = 4>}

// -----

func.func private @nmc_remap_c2() attributes {
  // expected-error @below {{strides must be in 0..size}}
  a = #nmc.remap<shape = [2], strides = [-1], offset = 1, size = 4>}

// -----

func.func private @nmc_remap_c3() attributes {
  // expected-error @below {{indices must be in 0..3}}
  a = #nmc.remap<shape = [2, 2], strides = [2, 1], offset = 1, size = 4>}

// -----

func.func private @nmc_gather_c1() attributes {
  // expected-error @below {{shape must be [outer, extent, inner]}}
  a = #nmc.gather<shape = [2, 2], indices = [0]>}

// -----

func.func private @nmc_gather_c1_large() attributes {
  // expected-error @below {{hold 1 to 2^26 elements}}
  a = #nmc.gather<shape = [67108864, 1, 1], indices = [0, 0]>}

// -----

func.func private @nmc_gather_c2() attributes {
  // expected-error @below {{indices must be in -1..1}}
  a = #nmc.gather<shape = [1, 2, 3], indices = [0, 2]>}

// -----

func.func private @nmc_remap_c3_limit() attributes {
  // expected-error @below {{indices must be in 0..3}}
  a = #nmc.remap<shape = [1], strides = [1], offset = -9223372036854775808, size = 4>}

// -----

func.func private @nmc_window_c1() attributes {
  // expected-error @below {{input must be [C, H, W], output [H, W]}}
  a = #nmc.window<input = [4, 4], output = [4, 4], kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1]>}

// -----

func.func private @nmc_window_c2() attributes {
  // expected-error @below {{extents must be positive and hold at most 2^26 elements}}
  a = #nmc.window<input = [2, 4, 4], output = [4, 0], kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1]>}

// -----

func.func private @nmc_window_c2_large() attributes {
  // expected-error @below {{extents must be positive and hold at most 2^26 elements}}
  a = #nmc.window<input = [2, 8192, 8192], output = [4, 4], kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1]>}

// -----

func.func private @nmc_window_c3() attributes {
  // expected-error @below {{pads must be [top, left]}}
  a = #nmc.window<input = [2, 4, 4], output = [4, 4], kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1, 1, 1]>}

// -----

func.func private @nmc_window_c4() attributes {
  // expected-error @below {{kernel 0 is out of range 1..1048576}}
  a = #nmc.window<input = [2, 4, 4], output = [4, 4], kernel = [3, 0], strides = [1, 1], dilations = [1, 1], pads = [1, 1]>}

// -----

func.func private @nmc_window_c4_pads() attributes {
  // expected-error @below {{pads 9223372036854775807 is out of range 0..1048576}}
  a = #nmc.window<input = [2, 4, 4], output = [4, 4], kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [9223372036854775807, 0]>}

// -----

func.func private @nmc_window_c5() attributes {
  // expected-error @below {{channels and kernel must hold at most 2^30 taps}}
  a = #nmc.window<input = [2, 4, 4], output = [4, 4], kernel = [1048576, 1048576], strides = [1, 1], dilations = [1, 1], pads = [1, 1]>}

// -----

func.func private @nmc_sum_window_c1() attributes {
  // expected-error @below {{planes need one entry a window position}}
  a = #nmc.sum_window<<input = [2, 4, 4], output = [4, 4], kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1]>, planes = [0]>}

// -----

func.func private @nmc_sum_window_c2() attributes {
  // expected-error @below {{planes must not be negative}}
  a = #nmc.sum_window<<input = [2, 4, 4], output = [1, 1], kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1]>, planes = [-1]>}

// -----

func.func private @nmc_conv2d_c1() attributes {
  // expected-error @below {{channels must be positive and the output hold at most 2^26 elements}}
  a = #nmc.conv2d<<input = [2, 4, 4], output = [4, 4], kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1]>, channels = 0, groups = 1, @w>}

// -----

func.func private @nmc_conv2d_c2() attributes {
  // expected-error @below {{groups must divide input and output channels}}
  a = #nmc.conv2d<<input = [2, 4, 4], output = [4, 4], kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1]>, channels = 4, groups = 4, @w>}

// -----

func.func private @nmc_dense_c1() attributes {
  // expected-error @below {{inputs and outputs must be in 1..67108864}}
  a = #nmc.dense<0 -> 3, @w>}

// -----

func.func private @nmc_diagonal_c1() attributes {
  // expected-error @below {{size must be in 1..67108864 and a multiple of channels}}
  a = #nmc.diagonal<4 by 3, @w>}

// -----

//===----------------------------------------------------------------------===//
// Programs and code
//===----------------------------------------------------------------------===//

// expected-error @below {{time steps must be in 1..65535, not 0}}
nmc.program @nmc_program_c1 steps 0 {
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

nmc.program @nmc_program_c2 steps 3 {
  // expected-error @below {{'func.func' op does not belong into an 'nmc.program'}}
  func.func private @f()
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

nmc.program @nmc_program_c3 steps 3 {
  nmc.readout @y [1] offset dense<0.0> : tensor<1xf64>
  nmc.prologue {}
  nmc.step {
    // expected-error @below {{'y' does not name what this operation works on}}
    nmc.add_bias @y
  }
  nmc.epilogue {}
}

// -----

nmc.program @nmc_program_c3_missing steps 3 {
  nmc.prologue {
    // expected-error @below {{'y' does not name what this operation works on}}
    nmc.inject @y
  }
  nmc.step {}
  nmc.epilogue {}
}

// -----

// expected-error @below {{needs one prologue, one step and one epilogue}}
nmc.program @nmc_program_c4 steps 3 {
  nmc.prologue {}
  nmc.step {}
}

// -----

// A program without any item.
// expected-error @below {{needs one prologue, one step and one epilogue}}
nmc.program @nmc_program_c4_empty steps 3 {}

// -----

// nmc_prologue_c1
nmc.program @p steps 3 {
  nmc.neurons @n [1] range 0 : 1 bias dense<0> : tensor<1xi64> theta [2] start [1] epsilon [1] state 32 min -9 max 9
  nmc.prologue {
    // expected-error @below {{does not belong into a prologue, which injects}}
    nmc.add_bias @n
  }
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_step_c1
nmc.program @p steps 3 {
  nmc.prologue {}
  nmc.step {
    // expected-error @below {{does not belong into a step, which drains, fires and never multiplies}}
    nmc.read @y
  }
  nmc.epilogue {}
}

// -----

// nmc_epilogue_c1
nmc.program @p steps 3 {
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {
    // expected-error @below {{does not belong into an epilogue, which reads}}
    nmc.drain @y
  }
}

// -----

//===----------------------------------------------------------------------===//
// Weights and pools
//===----------------------------------------------------------------------===//

// nmc_weights_c1
nmc.program @p steps 3 {
  // expected-error @below {{values must be a dense tensor of at most 2^30 numbers with all its data}}
  nmc.weights @w = dense<1> : tensor<1048576x1x1048576xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_weights_c2
nmc.program @p steps 3 {
  // expected-error @below {{values must be planes x rows x columns}}
  nmc.weights @w = dense<1> : tensor<2x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_weights_c3
nmc.program @p steps 3 {
  // expected-error @below {{values must be i8, i16, i32 or i64, not 'f64'}}
  nmc.weights @w = dense<1.0> : tensor<1x2x2xf64> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_weights_c4
nmc.program @p steps 3 {
  // expected-error @below {{digest must be 64 hexadecimal digits}}
  nmc.weights @w = dense<1> : tensor<1x2x2xi8> digest "000000000000000000000000000000000000000000000000000000000000000g"
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_input_c1
nmc.program @p steps 3 {
  // expected-error @below {{shape must have 1 to 8 positive extents and at most 2^26 elements}}
  nmc.input @x [2, 1, 1, 1, 1, 1, 1, 1, 1] <pixel> range 0 : 255
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_input_c1: no channel.
nmc.program @p steps 3 {
  // expected-error @below {{shape must have 1 to 8 positive extents}}
  nmc.input @x [] <pixel> range 0 : 255
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_input_c2
nmc.program @p steps 3 {
  // expected-error @below {{range must not be empty}}
  nmc.input @x [2] <quantized> range 0 : -1 scale [1.0]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_input_c3
nmc.program @p steps 3 {
  // expected-error @below {{a quantized input, and no other, needs positive scales, 1 or one a channel}}
  nmc.input @x [2] <quantized> range 0 : 1 scale [1.0, 0.0]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_input_c4
nmc.program @p steps 3 {
  // expected-error @below {{pre_scale and pre_offset belong to a quantized input, finite, 1 or one a channel}}
  nmc.input @x [2] <quantized> range 0 : 1 scale [1.0] pre_scale [1.0, 1.0, 1.0]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_input_c5
nmc.program @p steps 3 {
  // expected-error @below {{table belongs to a pixel input and holds 256 values a channel inside the range}}
  nmc.input @x [1] <pixel> range 0 : 1 {table = array<i32: 0, 1>}
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_input_c6
nmc.program @p steps 3 {
  // expected-error @below {{range of a pixel input without a table must hold 0..255}}
  nmc.input @x [1] <pixel> range 1 : 255
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_input_c7
nmc.program @p steps 3 {
  // expected-error @below {{a real input, and no other, needs a positive finite bound}}
  nmc.input @x [1] <pixel> range 0 : 255 {bound = 1.0}
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_input_c8
nmc.program @p steps 3 {
  // expected-error @below {{a real input has no bit planes: encoding must be current}}
  nmc.input @x [1] <real> range 0 : 0 {bound = 1.0}
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_neurons_c1
nmc.program @p steps 3 {
  // expected-error @below {{shape must have 1 to 8 positive extents}}
  nmc.neurons @n [2, 0, 4] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_neurons_c2
nmc.program @p steps 3 {
  // expected-error @below {{count bounds must hold 0 and another integer, and be within 31 bits and a sign}}
  nmc.neurons @n [2] range 0 : 0 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_neurons_c2: the limit.
nmc.program @p steps 3 {
  // expected-error @below {{within 31 bits and a sign}}
  nmc.neurons @n [2] range -2147483648 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_neurons_c3
nmc.program @p steps 3 {
  // expected-error @below {{bias must be a dense i64 tensor with all its data}}
  nmc.neurons @n [2] range 0 : 3 bias dense<0> : tensor<1xi32> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_neurons_c4
nmc.program @p steps 3 {
  // expected-error @below {{bias needs 1, 2 or 2 elements, has 3}}
  nmc.neurons @n [2] range 0 : 3 bias dense<0> : tensor<3xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_neurons_c5
nmc.program @p steps 3 {
  // expected-error @below {{theta, start and epsilon need 1 or 2 entries}}
  nmc.neurons @n [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [] epsilon [1] state 32 min -100 max 100
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_neurons_c6
nmc.program @p steps 3 {
  // expected-error @below {{state must be 32 or 64 bits}}
  nmc.neurons @n [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 33 min -100 max 100
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_neurons_c7
nmc.program @p steps 3 {
  // expected-error @below {{theta and epsilon must be positive and fit into the state}}
  nmc.neurons @n [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [0] start [5] epsilon [1] state 32 min -100 max 100
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_neurons_c7: too wide.
nmc.program @p steps 3 {
  // expected-error @below {{theta and epsilon must be positive and fit into the state}}
  nmc.neurons @n [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [2147483648] state 32 min -100 max 100
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_neurons_c8
nmc.program @p steps 3 {
  // expected-error @below {{membrane range must hold every start value and fit into the state}}
  nmc.neurons @n [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [-101] epsilon [1] state 32 min -100 max 100
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_neurons_c8: too wide.
nmc.program @p steps 3 {
  // expected-error @below {{membrane range must hold every start value and fit into the state}}
  nmc.neurons @n [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -2147483649 max 100
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_count_pool_c1
nmc.program @p steps 3 {
  // expected-error @below {{window 2 of dimension 2 holds only padding}}
  nmc.count_pool @c <input = [2, 4, 4], output = [2, 3], kernel = [2, 2], strides = [2, 2], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_count_pool_c2
nmc.program @p steps 3 {
  // expected-error @below {{count bounds must hold 0 and be within 31 bits and a sign}}
  nmc.count_pool @c <input = [2, 4, 4], output = [2, 2], kernel = [2, 2], strides = [2, 2], dilations = [1, 1], pads = [0, 0]> range 1 : 3
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_count_pool_c3
nmc.program @p steps 3 {
  // expected-error @below {{minimum needs one flag a channel}}
  nmc.count_pool @c <input = [2, 4, 4], output = [2, 2], kernel = [2, 2], strides = [2, 2], dilations = [1, 1], pads = [0, 0]> range 0 : 3 {minimum = array<i1: true>}
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_readout_c1
nmc.program @p steps 3 {
  // expected-error @below {{shape must have 1 to 8 positive extents}}
  nmc.readout @y [67108865] offset dense<0.0> : tensor<1xf64>
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_readout_c2
nmc.program @p steps 3 {
  // expected-error @below {{offset must be a dense f64 tensor with all its data}}
  nmc.readout @y [2] offset dense<0> : tensor<1xi64>
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_readout_c3
nmc.program @p steps 3 {
  // expected-error @below {{offset needs 1, 2 or 2 elements, has 4}}
  nmc.readout @y [2] offset dense<0.0> : tensor<4xf64>
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_readout_c4
nmc.program @p steps 3 {
  // expected-error @below {{offset must be finite}}
  nmc.readout @y [2] offset dense<0x7FF0000000000000> : tensor<1xf64>
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_readout_c5
nmc.program @p steps 3 {
  // expected-error @below {{host must hold dictionaries with a string 'op'}}
  nmc.readout @y [2] offset dense<0.0> : tensor<1xf64> {host = ["Softmax"]}
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

//===----------------------------------------------------------------------===//
// Connections
//===----------------------------------------------------------------------===//

// nmc_connect_c1
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{'y' does not name a pool that spikes}}
  nmc.connect @k from @y to @b via []
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c1: no such symbol.
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{'none' does not name a pool that spikes}}
  nmc.connect @k from @none to @b via []
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c2
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{'x' does not name a pool that listens}}
  nmc.connect @k from @a to @x via []
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c3
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{source must stand before target}}
  nmc.connect @k from @b to @a via []
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c4
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{stage reads 3 indices, what stands before it gives 2}}
  nmc.connect @k from @a to @b via [#nmc.dense<3 -> 3, @w>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c5
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{'x' does not name an 'nmc.weights' operation}}
  nmc.connect @k from @a to @b via [#nmc.dense<2 -> 3, @x>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c6
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{stage needs weights of 2x3, 'd' has 1x2}}
  nmc.connect @k from @a to @b via [#nmc.dense<2 -> 3, @d>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c7
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{uses 3 weight planes, 'w' has 1}}
  nmc.connect @k from @a to @b via [#nmc.sum_window<<input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]>, planes = [2]>, #nmc.dense<2 -> 3, @w>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c8
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{stages give 2 indices, the target has 3}}
  nmc.connect @k from @a to @b via [#nmc.diagonal<2 by 2, @d>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c9
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{needs exactly one weighted stage; into a count pool only remaps and gathers, and not from an input}}
  nmc.connect @k from @a to @b via [#nmc.remap<shape = [2], strides = [1], offset = 0, size = 3>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c9: two of them.
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{needs exactly one weighted stage}}
  nmc.connect @k from @a to @b via [#nmc.diagonal<2 by 2, @d>, #nmc.dense<2 -> 3, @w>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c9: weights into a count pool.
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{into a count pool only remaps}}
  nmc.connect @k from @a to @c via [#nmc.diagonal<2 by 2, @d>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c9: a sum into a count pool.
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{into a count pool only remaps}}
  nmc.connect @k from @a to @c via [#nmc.sum_window<<input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]>>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c9: an input into a count pool.
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{and not from an input}}
  nmc.connect @k from @x to @c via []
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c10
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{a shift belongs to connections into neurons}}
  nmc.connect @k from @a to @y via [#nmc.dense<2 -> 3, @w>] {shift = 1, gain = dense<1.0> : tensor<1xf64>}
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c11
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{a gain belongs to connections into a readout}}
  nmc.connect @k from @a to @y via [#nmc.dense<2 -> 3, @w>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c11: into neurons.
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{a gain belongs to connections into a readout}}
  nmc.connect @k from @a to @b via [#nmc.dense<2 -> 3, @w>] {gain = dense<1.0> : tensor<1xf64>}
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c12
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{gain needs 1 or 3 elements, has 2}}
  nmc.connect @k from @a to @y via [#nmc.dense<2 -> 3, @w>] {gain = dense<1.0> : tensor<2xf64>}
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c13
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{stages must be nmc stage attributes, not 7}}
  nmc.connect @k from @a to @b via [7]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c14
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{shift must be in 0..62}}
  nmc.connect @k from @a to @b via [#nmc.dense<2 -> 3, @w>] {shift = -1}
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c15
nmc.program @p steps 3 {
  nmc.weights @w = dense<1> : tensor<1x2x3xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @d = dense<1> : tensor<1x1x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2] <pixel> range 0 : 255
  nmc.neurons @a [2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.neurons @b [3] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 100
  nmc.count_pool @c <input = [2, 1, 1], output = [1, 1], kernel = [1, 1], strides = [1, 1], dilations = [1, 1], pads = [0, 0]> range 0 : 3
  nmc.readout @y [3] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{gain must be a dense f64 tensor of finite numbers with all its data}}
  nmc.connect @k from @a to @y via [#nmc.dense<2 -> 3, @w>] {gain = dense<0x7FF8000000000000> : tensor<1xf64>}
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

func.func private @nmc_cuda_buffer_c1() attributes {
  // expected-error @below {{offset and bytes must be multiples of 256 and not negative}}
  a = #nmc.cuda_buffer<offset = -256, bytes = 256>}

// -----

func.func private @nmc_cuda_tile_c1() attributes {
  // expected-error @below {{all extents must be positive, a block has at most 32 warps}}
  a = #nmc.cuda_tile<steps = 1, rows = 1, fragments = 8, warps_m = 8, warps_k = 8>}

// -----

// expected-error @below {{target needs a name}}
func.func private @nmc_target_c1() attributes {a = #nmc.target<"", {}>}

// -----

// expected-error @below {{target entries must be positive i64}}
func.func private @nmc_target_c2() attributes {a = #nmc.target<"t", {core = {neurons = 0}}>}

// -----

// expected-error @below {{target entries must be positive i64}}
func.func private @nmc_target_c2_text() attributes {a = #nmc.target<"t", {core = {neurons = "many"}}>}

// -----

// expected-error @below {{mesh must be whole chips}}
func.func private @nmc_mesh_c1() attributes {a = #nmc.mesh<cores = [3, 1], chip = [2, 1], multicast = true>}

// -----

// expected-error @below {{tile must reach from 3 indices of at least 0 to 3 larger ones}}
func.func private @nmc_tile_c1() attributes {a = #nmc.tile<@a, [0, 1, 0] to [1, 1, 1]>}

// -----

// expected-error @below {{part must be}}
func.func private @nmc_tile_c2() attributes {a = #nmc.tile<@a, [0, 0, 0] to [1, 1, 1], part [2, 2]>}

// -----

// expected-error @below {{has cores but no target}}
nmc.program @nmc_core_c1 steps 3 {
  nmc.weights @w = dense<1> : tensor<1x8x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @one = dense<1> : tensor<1x1x1xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2, 2, 2] <pixel> range 0 : 255
  nmc.neurons @a [2, 2, 2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 900
  nmc.readout @y [2] offset dense<0.0> : tensor<1xf64>
  nmc.connect @xa from @x to @a via [#nmc.diagonal<8 by 1, @one>]
  nmc.connect @ay from @a to @y via [#nmc.dense<8 -> 2, @w>] {gain = dense<1.0> : tensor<1xf64>}
  nmc.core 0 tiles [#nmc.tile<@a, [0, 0, 0] to [2, 2, 2]>, #nmc.tile<@y, [0, 0, 0] to [2, 1, 1]>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_core_c2
nmc.program @p steps 3 attributes {target = #nmc.target<"t", {}>} {
  nmc.weights @w = dense<1> : tensor<1x8x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @one = dense<1> : tensor<1x1x1xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2, 2, 2] <pixel> range 0 : 255
  nmc.neurons @a [2, 2, 2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 900
  nmc.readout @y [2] offset dense<0.0> : tensor<1xf64>
  nmc.connect @xa from @x to @a via [#nmc.diagonal<8 by 1, @one>]
  nmc.connect @ay from @a to @y via [#nmc.dense<8 -> 2, @w>] {gain = dense<1.0> : tensor<1xf64>}
  // expected-error @below {{is number 0 of the program; cores are numbered as they stand}}
  nmc.core 1 tiles [#nmc.tile<@a, [0, 0, 0] to [2, 2, 2]>, #nmc.tile<@y, [0, 0, 0] to [2, 1, 1]>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_core_c3
nmc.program @p steps 3 attributes {target = #nmc.target<"t", {}>} {
  nmc.weights @w = dense<1> : tensor<1x8x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @one = dense<1> : tensor<1x1x1xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2, 2, 2] <pixel> range 0 : 255
  nmc.neurons @a [2, 2, 2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 900
  nmc.readout @y [2] offset dense<0.0> : tensor<1xf64>
  nmc.connect @xa from @x to @a via [#nmc.diagonal<8 by 1, @one>]
  nmc.connect @ay from @a to @y via [#nmc.dense<8 -> 2, @w>] {gain = dense<1.0> : tensor<1xf64>}
  // expected-error @below {{tile of 'x' must be inside neurons, a count pool or a readout}}
  nmc.core 0 tiles [#nmc.tile<@x, [0, 0, 0] to [2, 2, 2]>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_core_c3
nmc.program @p steps 3 attributes {target = #nmc.target<"t", {}>} {
  nmc.weights @w = dense<1> : tensor<1x8x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @one = dense<1> : tensor<1x1x1xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2, 2, 2] <pixel> range 0 : 255
  nmc.neurons @a [2, 2, 2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 900
  nmc.readout @y [2] offset dense<0.0> : tensor<1xf64>
  nmc.connect @xa from @x to @a via [#nmc.diagonal<8 by 1, @one>]
  nmc.connect @ay from @a to @y via [#nmc.dense<8 -> 2, @w>] {gain = dense<1.0> : tensor<1xf64>}
  // expected-error @below {{tile of 'a' must be inside neurons, a count pool or a readout}}
  nmc.core 0 tiles [#nmc.tile<@a, [0, 0, 0] to [2, 3, 2]>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_core_c4
nmc.program @p steps 3 attributes {target = #nmc.target<"t", {}>, mesh = #nmc.mesh<cores = [2, 1], chip = [2, 1], multicast = true>} {
  nmc.weights @w = dense<1> : tensor<1x8x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @one = dense<1> : tensor<1x1x1xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2, 2, 2] <pixel> range 0 : 255
  nmc.neurons @a [2, 2, 2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 900
  nmc.readout @y [2] offset dense<0.0> : tensor<1xf64>
  nmc.connect @xa from @x to @a via [#nmc.diagonal<8 by 1, @one>]
  nmc.connect @ay from @a to @y via [#nmc.dense<8 -> 2, @w>] {gain = dense<1.0> : tensor<1xf64>}
  // expected-error @below {{needs a place, column and row, inside the program's mesh}}
  nmc.core 0 at [2, 0] tiles [#nmc.tile<@a, [0, 0, 0] to [2, 2, 2]>, #nmc.tile<@y, [0, 0, 0] to [2, 1, 1]>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_core_c4
nmc.program @p steps 3 attributes {target = #nmc.target<"t", {}>} {
  nmc.weights @w = dense<1> : tensor<1x8x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @one = dense<1> : tensor<1x1x1xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2, 2, 2] <pixel> range 0 : 255
  nmc.neurons @a [2, 2, 2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 900
  nmc.readout @y [2] offset dense<0.0> : tensor<1xf64>
  nmc.connect @xa from @x to @a via [#nmc.diagonal<8 by 1, @one>]
  nmc.connect @ay from @a to @y via [#nmc.dense<8 -> 2, @w>] {gain = dense<1.0> : tensor<1xf64>}
  // expected-error @below {{needs a place, column and row, inside the program's mesh}}
  nmc.core 0 at [0, 0] tiles [#nmc.tile<@a, [0, 0, 0] to [2, 2, 2]>, #nmc.tile<@y, [0, 0, 0] to [2, 1, 1]>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_core_c5
nmc.program @p steps 3 attributes {target = #nmc.target<"t", {}>, mesh = #nmc.mesh<cores = [2, 1], chip = [2, 1], multicast = true>} {
  nmc.weights @w = dense<1> : tensor<1x8x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @one = dense<1> : tensor<1x1x1xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2, 2, 2] <pixel> range 0 : 255
  nmc.neurons @a [2, 2, 2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 900
  nmc.readout @y [2] offset dense<0.0> : tensor<1xf64>
  nmc.connect @xa from @x to @a via [#nmc.diagonal<8 by 1, @one>]
  nmc.connect @ay from @a to @y via [#nmc.dense<8 -> 2, @w>] {gain = dense<1.0> : tensor<1xf64>}
  nmc.core 0 at [1, 0] tiles [#nmc.tile<@a, [0, 0, 0] to [2, 2, 2]>]
  // expected-error @below {{is where another core is}}
  nmc.core 1 at [1, 0] tiles [#nmc.tile<@y, [0, 0, 0] to [2, 1, 1]>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// expected-error @below {{has neurons of 'a' on two cores}}
nmc.program @nmc_program_c5 steps 3 attributes {target = #nmc.target<"t", {}>} {
  nmc.weights @w = dense<1> : tensor<1x8x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @one = dense<1> : tensor<1x1x1xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2, 2, 2] <pixel> range 0 : 255
  nmc.neurons @a [2, 2, 2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 900
  nmc.readout @y [2] offset dense<0.0> : tensor<1xf64>
  nmc.connect @xa from @x to @a via [#nmc.diagonal<8 by 1, @one>]
  nmc.connect @ay from @a to @y via [#nmc.dense<8 -> 2, @w>] {gain = dense<1.0> : tensor<1xf64>}
  nmc.core 0 tiles [#nmc.tile<@a, [0, 0, 0] to [2, 2, 2]>, #nmc.tile<@y, [0, 0, 0] to [2, 1, 1]>]
  nmc.core 1 tiles [#nmc.tile<@a, [1, 1, 1] to [2, 2, 2]>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// expected-error @below {{has neurons of 'y' on no core}}
nmc.program @nmc_program_c6 steps 3 attributes {target = #nmc.target<"t", {}>} {
  nmc.weights @w = dense<1> : tensor<1x8x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @one = dense<1> : tensor<1x1x1xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2, 2, 2] <pixel> range 0 : 255
  nmc.neurons @a [2, 2, 2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 900
  nmc.readout @y [2] offset dense<0.0> : tensor<1xf64>
  nmc.connect @xa from @x to @a via [#nmc.diagonal<8 by 1, @one>]
  nmc.connect @ay from @a to @y via [#nmc.dense<8 -> 2, @w>] {gain = dense<1.0> : tensor<1xf64>}
  nmc.core 0 tiles [#nmc.tile<@a, [0, 0, 0] to [2, 2, 2]>]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_routes_c1
nmc.program @p steps 3 attributes {target = #nmc.target<"t", {}>} {
  nmc.weights @w = dense<1> : tensor<1x8x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @one = dense<1> : tensor<1x1x1xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2, 2, 2] <pixel> range 0 : 255
  nmc.neurons @a [2, 2, 2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 900
  nmc.readout @y [2] offset dense<0.0> : tensor<1xf64>
  nmc.connect @xa from @x to @a via [#nmc.diagonal<8 by 1, @one>]
  nmc.connect @ay from @a to @y via [#nmc.dense<8 -> 2, @w>] {gain = dense<1.0> : tensor<1xf64>}
  nmc.core 0 tiles [#nmc.tile<@a, [0, 0, 0] to [2, 2, 2]>, #nmc.tile<@y, [0, 0, 0] to [2, 1, 1]>]
  // expected-error @below {{must leave a tile with neurons, in the order of tiles, each once}}
  nmc.routes 2 to [0] boxes [0, 1, 0, 1, 0, 1]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_routes_c2
nmc.program @p steps 3 attributes {target = #nmc.target<"t", {}>} {
  nmc.weights @w = dense<1> : tensor<1x8x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @one = dense<1> : tensor<1x1x1xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2, 2, 2] <pixel> range 0 : 255
  nmc.neurons @a [2, 2, 2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 900
  nmc.readout @y [2] offset dense<0.0> : tensor<1xf64>
  nmc.connect @xa from @x to @a via [#nmc.diagonal<8 by 1, @one>]
  nmc.connect @ay from @a to @y via [#nmc.dense<8 -> 2, @w>] {gain = dense<1.0> : tensor<1xf64>}
  nmc.core 0 tiles [#nmc.tile<@a, [0, 0, 0] to [2, 2, 2]>, #nmc.tile<@y, [0, 0, 0] to [2, 1, 1]>]
  // expected-error @below {{needs ascending numbers of cores and six numbers a box}}
  nmc.routes 0 to [0] boxes [0, 1, 0, 1, 0]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_routes_c3
nmc.program @p steps 3 attributes {target = #nmc.target<"t", {}>} {
  nmc.weights @w = dense<1> : tensor<1x8x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @one = dense<1> : tensor<1x1x1xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2, 2, 2] <pixel> range 0 : 255
  nmc.neurons @a [2, 2, 2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 900
  nmc.readout @y [2] offset dense<0.0> : tensor<1xf64>
  nmc.connect @xa from @x to @a via [#nmc.diagonal<8 by 1, @one>]
  nmc.connect @ay from @a to @y via [#nmc.dense<8 -> 2, @w>] {gain = dense<1.0> : tensor<1xf64>}
  nmc.core 0 tiles [#nmc.tile<@a, [0, 0, 0] to [2, 2, 2]>, #nmc.tile<@y, [0, 0, 0] to [2, 1, 1]>]
  // expected-error @below {{boxes must hold neurons of the tile}}
  nmc.routes 0 to [0] boxes [0, 3, 0, 1, 0, 1]
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}

// -----

// nmc_connect_c16
nmc.program @p steps 3 attributes {target = #nmc.target<"t", {}>} {
  nmc.weights @w = dense<1> : tensor<1x8x2xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.weights @one = dense<1> : tensor<1x1x1xi8> digest "0000000000000000000000000000000000000000000000000000000000000000"
  nmc.input @x [2, 2, 2] <pixel> range 0 : 255
  nmc.neurons @a [2, 2, 2] range 0 : 3 bias dense<0> : tensor<1xi64> theta [10] start [5] epsilon [1] state 32 min -100 max 900
  nmc.readout @y [2] offset dense<0.0> : tensor<1xf64>
  // expected-error @below {{a delay belongs to programs on cores, is positive, and not from an input}}
  nmc.connect @xa from @x to @a via [#nmc.diagonal<8 by 1, @one>] {delay = 1}
  nmc.prologue {}
  nmc.step {}
  nmc.epilogue {}
}
