// RUN: fastsnn-opt %s -split-input-file -verify-diagnostics -o /dev/null

// One negative test for each labelled constraint of docs/spec.md, section qnn;
// the function, or the comment in front of a symbol, carries the label.

//===----------------------------------------------------------------------===//
// Types and attributes
//===----------------------------------------------------------------------===//

func.func @qnn_tensor_c1(%x: tensor<4x0xf64>) {
  // expected-error @below {{operand #0 must be float64 tensor of positive static extents and at most 2^30 elements, but got 'tensor<4x0xf64>'}}
  %0 = qnn.add %x, %x : tensor<4x0xf64>
  return
}

// -----

// The product of these extents overflows 64 bits.
func.func @qnn_tensor_c1_overflow(%x: tensor<4294967296x4294967296x1xf64>) {
  // expected-error @below {{at most 2^30 elements}}
  %0 = qnn.max_pool %x kernel [1, 1] : tensor<4294967296x4294967296x1xf64> -> tensor<4294967296x4294967296x1xf64>
  return
}

// -----

func.func @qnn_tensor_c1_element(%x: tensor<4xf32>) {
  // expected-error @below {{must be float64 tensor}}
  %0 = qnn.clamp %x min 0.0 max 1.0 : tensor<4xf32>
  return
}

// -----

func.func @qnn_tensor_c1_dynamic(%x: tensor<?xf64>) {
  // expected-error @below {{of positive static extents}}
  %0 = qnn.clamp %x min 0.0 max 1.0 : tensor<?xf64>
  return
}

// -----

func.func @qnn_tensor_c1_encoding(%x: tensor<4xf64, "sparse">) {
  // expected-error @below {{must be float64 tensor}}
  %0 = qnn.clamp %x min 0.0 max 1.0 : tensor<4xf64, "sparse">
  return
}

// -----

// expected-error @below {{has an unknown attribute 'qnn.nme'}}
func.func @qnn_name_c1(%x: tensor<1xf64> {qnn.nme = "input"}) {
  return
}

// -----

// expected-error @below {{attribute 'qnn.name' must be a string that is not empty}}
func.func @qnn_name_c2(%x: tensor<1xf64>) -> (tensor<1xf64> {qnn.name = 7 : i64}) {
  return %x : tensor<1xf64>
}

// -----

// expected-error @below {{attribute 'qnn.host' must be an array of dictionaries with a string 'op'}}
func.func @qnn_host_c1(%x: tensor<1xf64>) -> (tensor<1xf64> {qnn.host = [{axis = 1}]}) {
  return %x : tensor<1xf64>
}

// -----

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

// qnn_weights_c1: data of 3 bytes for 4 elements.
// expected-error @below {{values must be a dense tensor of at most 2^30 numbers with all its data}}
qnn.weights @short scale [1.0] = dense_resource<blob> : tensor<2x2xi8>
{-#
  dialect_resources: { builtin: { blob: "0x01000000010203" } }
#-}

// -----

// qnn_weights_c1: a splat that would be 2^40 elements.
// expected-error @below {{at most 2^30 numbers}}
qnn.weights @huge scale [1.0] = dense<1> : tensor<1048576x1048576xi8>

// -----

// qnn_weights_c1: a constant of another kind.
// expected-error @below {{must be a dense tensor}}
qnn.weights @sparse scale [1.0] = sparse<[[0, 0]], [1]> : tensor<2x2xi8>

// -----

// qnn_weights_c1: not a tensor.
// expected-error @below {{must be a dense tensor}}
qnn.weights @vector scale [1.0] = dense<1> : vector<2x2xi8>

// -----

// An elided resource is no error here: whoever reads it reports it.
qnn.weights @elided scale [1.0] = dense_resource<__elided__> : tensor<2x2xi8>

// -----

// qnn_weights_c2
// expected-error @below {{values must have rank 2 or 4, not 3}}
qnn.weights @rank scale [1.0] = dense<1> : tensor<2x2x2xi8>

// -----

// qnn_weights_c3
// expected-error @below {{values must be i8, i16, i32, f32 or f64, not 'ui8'}}
qnn.weights @unsigned scale [1.0] = dense<1> : tensor<2x2xui8>

// -----

// qnn_weights_c3
// expected-error @below {{values must be i8, i16, i32, f32 or f64, not 'i64'}}
qnn.weights @wide scale [1.0] = dense<1> : tensor<2x2xi64>

// -----

// qnn_weights_c4
// expected-error @below {{integer values need a scale}}
qnn.weights @unscaled = dense<1> : tensor<2x2xi8>

// -----

// qnn_weights_c4
// expected-error @below {{real values take no scale}}
qnn.weights @scaled scale [1.0] = dense<1.0> : tensor<2x2xf32>

// -----

// qnn_weights_c5
// expected-error @below {{scale needs 1 or 3 entries, has 2}}
qnn.weights @scales scale [1.0, 2.0] = dense<1> : tensor<3x2xi8>

// -----

// qnn_weights_c6
// expected-error @below {{scale must be positive and finite}}
qnn.weights @negative scale [1.0, -0.0] = dense<1> : tensor<2x2xi8>

// -----

// qnn_weights_c7
// expected-error @below {{snap_error must be finite and not negative}}
qnn.weights @snap scale [1.0] = dense<1> : tensor<2x2xi8> {snap_error = -1.0}

// -----

//===----------------------------------------------------------------------===//
// Linear operators
//===----------------------------------------------------------------------===//

func.func @qnn_conv2d_c1(%x: tensor<2x4x4xf64>) {
  // expected-error @below {{pads -9223372036854775808 is out of range 0..1048576}}
  %0 = qnn.conv2d %x, @w {pads = array<i64: 0, 0, 0, -9223372036854775808>} : tensor<2x4x4xf64> -> tensor<2x4x4xf64>
  return
}

// -----

func.func @qnn_conv2d_c1_strides(%x: tensor<2x4x4xf64>) {
  // expected-error @below {{strides needs 2 entries, has 3}}
  %0 = qnn.conv2d %x, @w {strides = array<i64: 1, 1, 1>} : tensor<2x4x4xf64> -> tensor<2x4x4xf64>
  return
}

// -----

func.func @qnn_conv2d_c2(%x: tensor<2x4x4xf64>) {
  // expected-error @below {{groups must divide input and output channels}}
  %0 = qnn.conv2d %x, @w {groups = 0} : tensor<2x4x4xf64> -> tensor<2x4x4xf64>
  return
}

// -----

func.func @qnn_conv2d_c2_output(%x: tensor<4x4x4xf64>) {
  // expected-error @below {{groups must divide input and output channels}}
  %0 = qnn.conv2d %x, @w {groups = 2} : tensor<4x4x4xf64> -> tensor<3x4x4xf64>
  return
}

// -----

func.func @qnn_conv2d_c3(%x: tensor<2x4x4xf64>) {
  // expected-error @below {{'qnn_conv2d_c3' does not name a 'qnn.weights' operation}}
  %0 = qnn.conv2d %x, @qnn_conv2d_c3 : tensor<2x4x4xf64> -> tensor<2x4x4xf64>
  return
}

// -----

qnn.weights @w scale [1.0] = dense<1> : tensor<2x2x1x1xi8>
func.func @qnn_conv2d_c4(%x: tensor<4x4x4xf64>) {
  // expected-error @below {{weights must be 2x4xKxL for these channels and groups}}
  %0 = qnn.conv2d %x, @w : tensor<4x4x4xf64> -> tensor<2x4x4xf64>
  return
}

// -----

qnn.weights @w scale [1.0] = dense<1> : tensor<1x1x1x1048577xi8>
func.func @qnn_conv2d_c5(%x: tensor<1x1x1048577xf64>) {
  // expected-error @below {{kernel 1048577 is out of range 1..1048576}}
  %0 = qnn.conv2d %x, @w : tensor<1x1x1048577xf64> -> tensor<1x1x1xf64>
  return
}

// -----

qnn.weights @w scale [1.0] = dense<1> : tensor<2x2x3x3xi8>
func.func @qnn_conv2d_c6(%x: tensor<2x4x4xf64>) {
  // expected-error @below {{output extent 4 must be 2}}
  %0 = qnn.conv2d %x, @w {pads = array<i64: 1, 0, 1, 0>} : tensor<2x4x4xf64> -> tensor<2x4x4xf64>
  return
}

// -----

// A kernel that does not fit has no position at all.
qnn.weights @w scale [1.0] = dense<1> : tensor<2x2x5x5xi8>
func.func @qnn_conv2d_c6_empty(%x: tensor<2x4x4xf64>) {
  // expected-error @below {{output extent 1 must be 0}}
  %0 = qnn.conv2d %x, @w : tensor<2x4x4xf64> -> tensor<2x1x1xf64>
  return
}

// -----

func.func @qnn_linear_c1(%x: tensor<2xf64>) {
  // expected-error @below {{'w' does not name a 'qnn.weights' operation}}
  %0 = qnn.linear %x, @w : tensor<2xf64> -> tensor<2xf64>
  return
}

// -----

qnn.weights @w scale [1.0] = dense<1> : tensor<2x3xi8>
func.func @qnn_linear_c2(%x: tensor<2xf64>) {
  // expected-error @below {{weights must be 3x2}}
  %0 = qnn.linear %x, @w : tensor<2xf64> -> tensor<3xf64>
  return
}

// -----

func.func @qnn_affine_c1(%x: tensor<2xf64>) {
  // expected-error @below {{scale must be a dense float64 tensor with all its data}}
  %0 = qnn.affine %x scale dense<1.0> : tensor<1xf32> offset dense<0.0> : tensor<1xf64> : tensor<2xf64>
  return
}

// -----

func.func @qnn_affine_c1_data(%x: tensor<2xf64>) {
  // expected-error @below {{offset must be a dense float64 tensor with all its data}}
  %0 = qnn.affine %x scale dense<1.0> : tensor<1xf64> offset dense_resource<blob> : tensor<2xf64> : tensor<2xf64>
  return
}
{-#
  dialect_resources: { builtin: { blob: "0x080000000000000000000000" } }
#-}

// -----

func.func @qnn_affine_c2(%x: tensor<2x3xf64>) {
  // expected-error @below {{offset needs 1, 2 or 6 elements, has 3}}
  %0 = qnn.affine %x scale dense<1.0> : tensor<1xf64> offset dense<0.0> : tensor<3xf64> : tensor<2x3xf64>
  return
}

// -----

func.func @qnn_affine_c3(%x: tensor<2xf64>) {
  // expected-error @below {{scale must be finite}}
  %0 = qnn.affine %x scale dense<[1.0, 0x7FF8000000000000]> : tensor<2xf64> offset dense<0.0> : tensor<1xf64> : tensor<2xf64>
  return
}

// -----

func.func @qnn_affine_c3_resource(%x: tensor<1xf64>) {
  // expected-error @below {{offset must be finite}}
  %0 = qnn.affine %x scale dense<1.0> : tensor<1xf64> offset dense_resource<blob> : tensor<1xf64> : tensor<1xf64>
  return
}
{-#
  dialect_resources: { builtin: { blob: "0x08000000000000000000F07F" } }
#-}

// -----

func.func @qnn_batch_norm_c1(%x: tensor<f64>) {
  // expected-error @below {{input needs a channel dimension}}
  %0 = qnn.batch_norm %x gamma [1.0] beta [0.0] mean [0.0] variance [1.0] epsilon 0.0 : tensor<f64>
  return
}

// -----

func.func @qnn_batch_norm_c2(%x: tensor<2xf64>) {
  // expected-error @below {{gamma, beta, mean and variance need 2 entries, one has 1}}
  %0 = qnn.batch_norm %x gamma [1.0, 1.0] beta [0.0, 0.0] mean [0.0] variance [1.0, 1.0] epsilon 0.0 : tensor<2xf64>
  return
}

// -----

func.func @qnn_batch_norm_c3(%x: tensor<1xf64>) {
  // expected-error @below {{gamma, beta, mean, variance and epsilon must be finite}}
  %0 = qnn.batch_norm %x gamma [0x7FF0000000000000] beta [0.0] mean [0.0] variance [1.0] epsilon 0.0 : tensor<1xf64>
  return
}

// -----

func.func @qnn_batch_norm_c4(%x: tensor<1xf64>) {
  // expected-error @below {{variance + epsilon must be positive}}
  %0 = qnn.batch_norm %x gamma [1.0] beta [0.0] mean [0.0] variance [0.0] epsilon 0.0 : tensor<1xf64>
  return
}

// -----

func.func @qnn_avg_pool_c1(%x: tensor<1x4x4xf64>) {
  // expected-error @below {{kernel 0 is out of range 1..1048576}}
  %0 = qnn.avg_pool %x kernel [0, 1] : tensor<1x4x4xf64> -> tensor<1x4x4xf64>
  return
}

// -----

func.func @qnn_avg_pool_c2(%x: tensor<1x4x4xf64>) {
  // expected-error @below {{input and output channels must be equal}}
  %0 = qnn.avg_pool %x kernel [1, 1] : tensor<1x4x4xf64> -> tensor<2x4x4xf64>
  return
}

// -----

func.func @qnn_avg_pool_c3(%x: tensor<1x5x5xf64>) {
  // expected-error @below {{output extent 4 must be 2 or 3}}
  %0 = qnn.avg_pool %x kernel [2, 2] {strides = array<i64: 2, 2>} : tensor<1x5x5xf64> -> tensor<1x2x4xf64>
  return
}

// -----

// With dilation a window can straddle the map without touching it.
func.func @qnn_avg_pool_c4(%x: tensor<1x1x4xf64>) {
  // expected-error @below {{window 1 of dimension 1 holds only padding}}
  %0 = qnn.avg_pool %x kernel [2, 1] {pads = array<i64: 2, 0, 2, 0>, dilations = array<i64: 2, 1>}
      : tensor<1x1x4xf64> -> tensor<1x3x4xf64>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Nonlinear operators
//===----------------------------------------------------------------------===//

func.func @qnn_max_pool_c1(%x: tensor<1x4x4xf64>) {
  // expected-error @below {{dilations 0 is out of range 1..1048576}}
  %0 = qnn.max_pool %x kernel [1, 1] {dilations = array<i64: 1, 0>} : tensor<1x4x4xf64> -> tensor<1x4x4xf64>
  return
}

// -----

func.func @qnn_max_pool_c2(%x: tensor<2x4x4xf64>) {
  // expected-error @below {{input and output channels must be equal}}
  %0 = qnn.max_pool %x kernel [1, 1] : tensor<2x4x4xf64> -> tensor<1x4x4xf64>
  return
}

// -----

func.func @qnn_max_pool_c3(%x: tensor<1x4x4xf64>) {
  // expected-error @below {{output extent 4 must be 3 or 3}}
  %0 = qnn.max_pool %x kernel [2, 2] : tensor<1x4x4xf64> -> tensor<1x3x4xf64>
  return
}

// -----

func.func @qnn_max_pool_c4(%x: tensor<1x4x4xf64>) {
  // expected-error @below {{window 0 of dimension 2 holds only padding}}
  %0 = qnn.max_pool %x kernel [1, 1] {pads = array<i64: 0, 1, 0, 1>} : tensor<1x4x4xf64> -> tensor<1x4x6xf64>
  return
}

// -----

func.func @qnn_max_pool_c4_end(%x: tensor<1x4x4xf64>) {
  // expected-error @below {{window 4 of dimension 2 holds only padding}}
  %0 = qnn.max_pool %x kernel [1, 1] {pads = array<i64: 0, 0, 0, 1>} : tensor<1x4x4xf64> -> tensor<1x4x5xf64>
  return
}

// -----

// As large as it may be, and still verified at once.
func.func @qnn_max_pool_c4_large(%x: tensor<1x32768x32768xf64>) {
  // expected-error @below {{window 0 of dimension 1 holds only padding}}
  %0 = qnn.max_pool %x kernel [1, 1] {pads = array<i64: 1048576, 0, 0, 0>, strides = array<i64: 1048576, 1>}
      : tensor<1x32768x32768xf64> -> tensor<1x2x32768xf64>
  return
}

// -----

func.func @qnn_max_pool_c5(%x: tensor<2x4x4xf64>) {
  // expected-error @below {{minimum needs one flag a channel}}
  %0 = qnn.max_pool %x kernel [1, 1] {minimum = array<i1: true>} : tensor<2x4x4xf64> -> tensor<2x4x4xf64>
  return
}

// -----

func.func @qnn_clamp_c1(%x: tensor<2xf64>) {
  // expected-error @below {{min must not be above max, [min, max] hold a finite number}}
  %0 = qnn.clamp %x min 1.0 max 0.0 : tensor<2xf64>
  return
}

// -----

func.func @qnn_clamp_c1_nan(%x: tensor<2xf64>) {
  // expected-error @below {{min must not be above max}}
  %0 = qnn.clamp %x min 0x7FF8000000000000 max 0.0 : tensor<2xf64>
  return
}

// -----

func.func @qnn_clamp_c1_infinite(%x: tensor<2xf64>) {
  // expected-error @below {{[min, max] hold a finite number}}
  %0 = qnn.clamp %x min 0x7FF0000000000000 max 0x7FF0000000000000 : tensor<2xf64>
  return
}

// -----

func.func @qnn_quantize_c1(%x: tensor<3x2xf64>) {
  // expected-error @below {{scale needs 1 or 3 entries, has 2}}
  %0 = qnn.quantize %x "a" scale [1.0, 1.0] range 0 : 3 : tensor<3x2xf64>
  return
}

// -----

func.func @qnn_quantize_c2(%x: tensor<2xf64>) {
  // expected-error @below {{scale must be positive and finite}}
  %0 = qnn.quantize %x "a" scale [0.0] range 0 : 3 : tensor<2xf64>
  return
}

// -----

func.func @qnn_quantize_c3(%x: tensor<2xf64>) {
  // expected-error @below {{range must hold 0 and another integer}}
  %0 = qnn.quantize %x "a" scale [1.0] range 1 : 3 : tensor<2xf64>
  return
}

// -----

func.func @qnn_quantize_c3_single(%x: tensor<2xf64>) {
  // expected-error @below {{range must hold 0 and another integer}}
  %0 = qnn.quantize %x "a" scale [1.0] range 0 : 0 : tensor<2xf64>
  return
}

// -----

func.func @qnn_quantize_c3_limit(%x: tensor<2xf64>) {
  // expected-error @below {{be within 31 bits and a sign}}
  %0 = qnn.quantize %x "a" scale [1.0] range -2147483648 : 0 : tensor<2xf64>
  return
}

// -----

func.func @qnn_quantize_c4(%x: tensor<2xf64>) {
  // expected-error @below {{name must not be empty}}
  %0 = qnn.quantize %x "" scale [1.0] range 0 : 3 : tensor<2xf64>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Movement of elements
//===----------------------------------------------------------------------===//

func.func @qnn_reshape_c1(%x: tensor<2x3xf64>) {
  // expected-error @below {{input and output must have the same number of elements}}
  %0 = qnn.reshape %x : tensor<2x3xf64> -> tensor<5xf64>
  return
}

// -----

func.func @qnn_transpose_c1(%x: tensor<2x3xf64>) {
  // expected-error @below {{permutation must name every dimension once}}
  %0 = qnn.transpose %x [1, 1] : tensor<2x3xf64> -> tensor<3x3xf64>
  return
}

// -----

func.func @qnn_transpose_c1_range(%x: tensor<2x3xf64>) {
  // expected-error @below {{permutation must name every dimension once}}
  %0 = qnn.transpose %x [-9223372036854775808, 9223372036854775807] : tensor<2x3xf64> -> tensor<3x2xf64>
  return
}

// -----

func.func @qnn_transpose_c2(%x: tensor<2x3xf64>) {
  // expected-error @below {{output dimension 0 must be 3}}
  %0 = qnn.transpose %x [1, 0] : tensor<2x3xf64> -> tensor<2x3xf64>
  return
}

// -----

func.func @qnn_concat_c1(%x: tensor<2x3xf64>) {
  // expected-error @below {{needs inputs and an axis inside the output's rank}}
  %0 = qnn.concat %x axis -1 : tensor<2x3xf64> -> tensor<2x3xf64>
  return
}

// -----

func.func @qnn_concat_c1_empty() {
  // expected-error @below {{needs inputs and an axis inside the output's rank}}
  %0 = "qnn.concat"() {axis = 0 : i64} : () -> tensor<2x3xf64>
  return
}

// -----

func.func @qnn_concat_c1_scalar(%x: tensor<f64>) {
  // expected-error @below {{needs inputs and an axis inside the output's rank}}
  %0 = qnn.concat %x axis 0 : tensor<f64> -> tensor<f64>
  return
}

// -----

func.func @qnn_concat_c2(%x: tensor<2x3xf64>, %y: tensor<2x2xf64>) {
  // expected-error @below {{inputs must match the output except in the axis}}
  %0 = qnn.concat %x, %y axis 0 : tensor<2x3xf64>, tensor<2x2xf64> -> tensor<4x3xf64>
  return
}

// -----

func.func @qnn_concat_c3(%x: tensor<2x3xf64>) {
  // expected-error @below {{inputs add up to 4 along the axis, output has 3}}
  %0 = qnn.concat %x, %x axis 0 : tensor<2x3xf64>, tensor<2x3xf64> -> tensor<3x3xf64>
  return
}

// -----

func.func @qnn_pad_c1(%x: tensor<2x3xf64>) {
  // expected-error @below {{low and high need one entry a dimension}}
  %0 = qnn.pad %x low [0] high [0, 0] : tensor<2x3xf64> -> tensor<2x3xf64>
  return
}

// -----

func.func @qnn_pad_c2(%x: tensor<2x3xf64>) {
  // expected-error @below {{low and high must be in 0..1073741824}}
  %0 = qnn.pad %x low [0, -1] high [0, 1] : tensor<2x3xf64> -> tensor<2x3xf64>
  return
}

// -----

func.func @qnn_pad_c2_overflow(%x: tensor<2x3xf64>) {
  // expected-error @below {{low and high must be in 0..1073741824}}
  %0 = qnn.pad %x low [0, 9223372036854775807] high [0, 9223372036854775807] : tensor<2x3xf64> -> tensor<2x1xf64>
  return
}

// -----

func.func @qnn_pad_c3(%x: tensor<2x3xf64>) {
  // expected-error @below {{output dimension 1 must be 5}}
  %0 = qnn.pad %x low [0, 1] high [0, 1] : tensor<2x3xf64> -> tensor<2x4xf64>
  return
}

// -----

func.func @qnn_gather_c1(%x: tensor<2x3xf64>) {
  // expected-error @below {{axis must be inside the rank}}
  %0 = qnn.gather %x axis 2 indices [0] : tensor<2x3xf64> -> tensor<2x3xf64>
  return
}

// -----

func.func @qnn_gather_c2(%x: tensor<2x3xf64>) {
  // expected-error @below {{indices must be in -1..2}}
  %0 = qnn.gather %x axis 1 indices [0, 3] : tensor<2x3xf64> -> tensor<2x2xf64>
  return
}

// -----

func.func @qnn_gather_c3(%x: tensor<2x3xf64>) {
  // expected-error @below {{output must have the shape [2, 2]}}
  %0 = qnn.gather %x axis 1 indices [0, -1] : tensor<2x3xf64> -> tensor<2x3xf64>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Host side
//===----------------------------------------------------------------------===//

func.func @qnn_preprocess_c1(%x: tensor<3x2xf64>) {
  // expected-error @below {{mean and std need 1 or 3 entries, one has 2}}
  %0 = qnn.preprocess %x divisor "255" mean ["0", "0"] std ["1"] : tensor<3x2xf64>
  return
}

// -----

func.func @qnn_preprocess_c2(%x: tensor<3x2xf64>) {
  // expected-error @below {{divisor and std must be positive decimals, mean a decimal}}
  %0 = qnn.preprocess %x divisor "255" mean ["0"] std ["0"] : tensor<3x2xf64>
  return
}

// -----

func.func @qnn_preprocess_c2_text(%x: tensor<3x2xf64>) {
  // expected-error @below {{mean a decimal}}
  %0 = qnn.preprocess %x divisor "255" mean ["nan"] std ["1"] : tensor<3x2xf64>
  return
}
