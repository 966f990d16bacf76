// RUN: fastsnn-opt %s -split-input-file -verify-diagnostics -o /dev/null

// One negative test for each labelled constraint of docs/spec.md, section snn;
// the function, or the comment in front of a symbol, carries the label.

//===----------------------------------------------------------------------===//
// Types and attributes
//===----------------------------------------------------------------------===//

// snn_train_c1
// expected-error @below {{needs a channel dimension}}
func.func private @snn_train_c1(!snn.train<, 3, 0:3>)

// -----

// expected-error @below {{extents must be positive and hold at most 2^30 elements}}
func.func private @snn_train_c2(!snn.train<4x0, 3, 0:3>)

// -----

// expected-error @below {{extents must be positive and hold at most 2^30 elements}}
func.func private @snn_train_c2_overflow(!snn.train<4294967296x4294967296, 3, 0:3>)

// -----

// expected-error @below {{time steps must be in 1..65535, not 0}}
func.func private @snn_train_c3(!snn.train<4, 0, 0:3>)

// -----

// expected-error @below {{time steps must be in 1..65535, not 65536}}
func.func private @snn_train_c3_above(!snn.train<4, 65536, 0:3>)

// -----

// expected-error @below {{count bounds must enclose 0 and be within 31 bits and a sign}}
func.func private @snn_train_c4(!snn.train<4, 3, 1:3>)

// -----

// expected-error @below {{count bounds must enclose 0 and be within 31 bits and a sign}}
func.func private @snn_train_c4_limit(!snn.train<4, 3, -9223372036854775808:3>)

// -----

// expected-error @below {{needs a channel dimension}}
func.func private @snn_current_c1(!snn.current<, 3, i64>)

// -----

// expected-error @below {{extents must be positive and hold at most 2^30 elements}}
func.func private @snn_current_c2(!snn.current<1073741825, 3, i64>)

// -----

// expected-error @below {{time steps must be in 1..65535, not -1}}
func.func private @snn_current_c3(!snn.current<4, -1, i64>)

// -----

// expected-error @below {{element type must be i64 or f64, not 'i32'}}
func.func private @snn_current_c4(!snn.current<4, 3, i32>)

// -----

// expected-error @below {{element type must be i64 or f64, not 'ui64'}}
func.func private @snn_current_c4_unsigned(!snn.current<4, 3, ui64>)

// -----

func.func private @snn_certificate_c1() attributes {
  // expected-error @below {{fractional bits must be in 0..62, cases and ties not negative}}
  a = #snn.certificate<exact, fractional_bits = 63, cases = 1, ties = 0>}

// -----

func.func private @snn_certificate_c1_cases() attributes {
  // expected-error @below {{fractional bits must be in 0..62, cases and ties not negative}}
  a = #snn.certificate<exact, fractional_bits = 0, cases = -1, ties = 0>}

// -----

func.func private @snn_certificate_c2() attributes {
  // expected-error @below {{bound must not be negative, and 0 where exact}}
  a = #snn.certificate<bounded -1.0, fractional_bits = 0, cases = 1, ties = 0>}

// -----

func.func private @certificate_kind() attributes {
  // expected-error @below {{expected 'exact' or 'bounded'}}
  a = #snn.certificate<approximate, fractional_bits = 0, cases = 1, ties = 0>}

// -----

func.func @snn_tensor_c1(%x: tensor<0xf64>) {
  // expected-error @below {{must be float64 tensor of positive static extents and at most 2^30 elements}}
  %0 = snn.encode <pixel> %x range 0 : 255 : tensor<0xf64> -> !snn.current<1, 3, i64, constant>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Constants and inputs
//===----------------------------------------------------------------------===//

// snn_weights_c1
// expected-error @below {{values must be a dense tensor of at most 2^30 numbers with all its data}}
snn.weights @long = dense_resource<blob> : tensor<1x2xi8>
{-#
  dialect_resources: { builtin: { blob: "0x01000000010203" } }
#-}

// -----

// snn_weights_c2
// expected-error @below {{values must have rank 2 or 4, not 0}}
snn.weights @scalar = dense<1> : tensor<i8>

// -----

// snn_weights_c3
// expected-error @below {{values must be i8, i16, i32, i64 or f64, not 'f32'}}
snn.weights @single = dense<1.0> : tensor<1x2xf32>

// -----

func.func @snn_encode_c1(%x: tensor<2xf64>) {
  // expected-error @below {{current must be constant and have the input's shape}}
  %0 = snn.encode <pixel> %x range 0 : 255 : tensor<2xf64> -> !snn.current<2, 3, i64>
  return
}

// -----

func.func @snn_encode_c1_scalar(%x: tensor<f64>) {
  // expected-error @below {{current must be constant and have the input's shape}}
  %0 = snn.encode <pixel> %x range 0 : 255 : tensor<f64> -> !snn.current<1, 3, i64, constant>
  return
}

// -----

func.func @snn_encode_c2(%x: tensor<2xf64>) {
  // expected-error @below {{a real input gives a real current, others integers}}
  %0 = snn.encode <real> %x range 0 : 0 {bound = 1.0} : tensor<2xf64> -> !snn.current<2, 3, i64, constant>
  return
}

// -----

func.func @snn_encode_c3(%x: tensor<2xf64>) {
  // expected-error @below {{range must not be empty}}
  %0 = snn.encode <quantized> %x range 1 : -2 scale [1.0] : tensor<2xf64> -> !snn.current<2, 3, i64, constant>
  return
}

// -----

func.func @snn_encode_c3_real(%x: tensor<2xf64>) {
  // expected-error @below {{be 0 : 0 for a real input}}
  %0 = snn.encode <real> %x range 0 : 1 {bound = 1.0} : tensor<2xf64> -> !snn.current<2, 3, f64, constant>
  return
}

// -----

func.func @snn_encode_c4(%x: tensor<2xf64>) {
  // expected-error @below {{a quantized input, and no other, needs positive scales, 1 or one a channel}}
  %0 = snn.encode <quantized> %x range 0 : 1 : tensor<2xf64> -> !snn.current<2, 3, i64, constant>
  return
}

// -----

func.func @snn_encode_c5(%x: tensor<2xf64>) {
  // expected-error @below {{pre_scale and pre_offset belong to a quantized input, finite, 1 or one a channel}}
  %0 = snn.encode <pixel> %x range 0 : 255 pre_scale [1.0] : tensor<2xf64> -> !snn.current<2, 3, i64, constant>
  return
}

// -----

func.func @snn_encode_c5_nan(%x: tensor<2xf64>) {
  // expected-error @below {{pre_scale and pre_offset belong to a quantized input, finite}}
  %0 = snn.encode <quantized> %x range 0 : 1 scale [1.0] pre_offset [0x7FF8000000000000]
      : tensor<2xf64> -> !snn.current<2, 3, i64, constant>
  return
}

// -----

func.func @snn_encode_c6(%x: tensor<1xf64>) {
  // expected-error @below {{table belongs to a pixel input and holds 256 values a channel inside the range}}
  %0 = snn.encode <pixel> %x range 0 : 1 {table = array<i32: 0, 1>} : tensor<1xf64> -> !snn.current<1, 3, i64, constant>
  return
}

// -----

func.func @snn_encode_c7(%x: tensor<1xf64>) {
  // expected-error @below {{range of a pixel input without a table must hold 0..255}}
  %0 = snn.encode <pixel> %x range 0 : 254 : tensor<1xf64> -> !snn.current<1, 3, i64, constant>
  return
}

// -----

func.func @snn_encode_c8(%x: tensor<1xf64>) {
  // expected-error @below {{a real input, and no other, needs a positive finite bound}}
  %0 = snn.encode <real> %x range 0 : 0 : tensor<1xf64> -> !snn.current<1, 3, f64, constant>
  return
}

// -----

func.func @snn_discretize_c1(%x: !snn.current<2, 3, f64>) {
  // expected-error @below {{maps a real constant current to an integer one}}
  %0 = snn.discretize %x shift 4 : !snn.current<2, 3, f64> -> !snn.current<2, 3, i64, constant>
  return
}

// -----

func.func @snn_discretize_c2(%x: !snn.current<2, 3, f64, constant>) {
  // expected-error @below {{shift must be in 0..62}}
  %0 = snn.discretize %x shift 63 : !snn.current<2, 3, f64, constant> -> !snn.current<2, 3, i64, constant>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Synapses
//===----------------------------------------------------------------------===//

func.func @snn_conv2d_c1(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{strides 0 is out of range 1..1048576}}
  %0 = snn.conv2d %x, @w {strides = array<i64: 0, 1>} : !snn.train<2x4x4, 3, 0:3> -> !snn.current<2x4x4, 3, i64>
  return
}

// -----

func.func @snn_conv2d_c2(%x: !snn.train<2, 3, 0:3>) {
  // expected-error @below {{input and output must be [C, H, W]}}
  %0 = snn.conv2d %x, @w : !snn.train<2, 3, 0:3> -> !snn.current<2x4x4, 3, i64>
  return
}

// -----

func.func @snn_conv2d_c3(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{groups must divide input and output channels}}
  %0 = snn.conv2d %x, @w {groups = -9223372036854775808} : !snn.train<2x4x4, 3, 0:3> -> !snn.current<2x4x4, 3, i64>
  return
}

// -----

func.func @snn_conv2d_c4(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{'w' does not name a 'snn.weights' operation}}
  %0 = snn.conv2d %x, @w : !snn.train<2x4x4, 3, 0:3> -> !snn.current<2x4x4, 3, i64>
  return
}

// -----

snn.weights @w = dense<1> : tensor<2x2xi8>
func.func @snn_conv2d_c5(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{weights must be 2x2xKxL for these channels and groups}}
  %0 = snn.conv2d %x, @w : !snn.train<2x4x4, 3, 0:3> -> !snn.current<2x4x4, 3, i64>
  return
}

// -----

snn.weights @w = dense<1> : tensor<1x1x1048577x1xi8>
func.func @snn_conv2d_c6(%x: !snn.train<1x1048577x1, 3, 0:3>) {
  // expected-error @below {{kernel 1048577 is out of range 1..1048576}}
  %0 = snn.conv2d %x, @w : !snn.train<1x1048577x1, 3, 0:3> -> !snn.current<1x1x1, 3, i64>
  return
}

// -----

snn.weights @w = dense<1> : tensor<2x2x3x3xi8>
func.func @snn_conv2d_c7(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{output extent 4 must be 2}}
  %0 = snn.conv2d %x, @w : !snn.train<2x4x4, 3, 0:3> -> !snn.current<2x2x4, 3, i64>
  return
}

// -----

snn.weights @w = dense<1> : tensor<2x2x1x1xi8>
func.func @snn_conv2d_c8(%x: !snn.current<2x4x4, 3, i64, constant>) {
  // expected-error @below {{output must be '!snn.current<2x4x4, 3, i64, constant>'}}
  %0 = snn.conv2d %x, @w : !snn.current<2x4x4, 3, i64, constant> -> !snn.current<2x4x4, 3, i64>
  return
}

// -----

func.func @snn_linear_c1(%x: !snn.train<2, 3, 0:3>) {
  // expected-error @below {{'snn_linear_c1' does not name a 'snn.weights' operation}}
  %0 = snn.linear %x, @snn_linear_c1 : !snn.train<2, 3, 0:3> -> !snn.current<2, 3, i64>
  return
}

// -----

snn.weights @w = dense<1> : tensor<2x2xi8>
func.func @snn_linear_c2(%x: !snn.train<2x1x1, 3, 0:3>) {
  // expected-error @below {{input and output must be vectors, weights output by input}}
  %0 = snn.linear %x, @w : !snn.train<2x1x1, 3, 0:3> -> !snn.current<2, 3, i64>
  return
}

// -----

snn.weights @w = dense<1.0> : tensor<2x2xf64>
func.func @snn_linear_c3(%x: !snn.train<2, 3, 0:3>) {
  // expected-error @below {{output must be '!snn.current<2, 3, f64>'}}
  %0 = snn.linear %x, @w : !snn.train<2, 3, 0:3> -> !snn.current<2, 3, i64>
  return
}

// -----

func.func @snn_sum_pool_c1(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{kernel needs 2 entries, has 1}}
  %0 = snn.sum_pool %x kernel [4] : !snn.train<2x4x4, 3, 0:3> -> !snn.current<2x1x1, 3, i64>
  return
}

// -----

func.func @snn_sum_pool_c2(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{input and output must be [C, H, W] with equal C}}
  %0 = snn.sum_pool %x kernel [4, 4] : !snn.train<2x4x4, 3, 0:3> -> !snn.current<1x1x1, 3, i64>
  return
}

// -----

func.func @snn_sum_pool_c3(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{output extent 2 must be 1 or 1}}
  %0 = snn.sum_pool %x kernel [4, 4] : !snn.train<2x4x4, 3, 0:3> -> !snn.current<2x2x1, 3, i64>
  return
}

// -----

func.func @snn_sum_pool_c4(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{needs one positive multiplier a window}}
  %0 = snn.sum_pool %x kernel [4, 4] {multipliers = array<i64: 0>} : !snn.train<2x4x4, 3, 0:3> -> !snn.current<2x1x1, 3, i64>
  return
}

// -----

func.func @snn_sum_pool_c5(%x: !snn.current<2x4x4, 3, f64>) {
  // expected-error @below {{output must be '!snn.current<2x1x1, 3, f64>'}}
  %0 = snn.sum_pool %x kernel [4, 4] : !snn.current<2x4x4, 3, f64> -> !snn.current<2x1x1, 3, i64>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Movement of elements
//===----------------------------------------------------------------------===//

func.func @snn_reshape_c1(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{only the shape may change, not the number of elements}}
  %0 = snn.reshape %x : !snn.train<2x4x4, 3, 0:3> -> !snn.train<31, 3, 0:3>
  return
}

// -----

func.func @snn_reshape_c1_bounds(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{only the shape may change}}
  %0 = snn.reshape %x : !snn.train<2x4x4, 3, 0:3> -> !snn.train<32, 3, 0:2>
  return
}

// -----

func.func @snn_transpose_c1(%x: !snn.train<2x4x5, 3, 0:3>) {
  // expected-error @below {{permutation must name every dimension once}}
  %0 = snn.transpose %x [0, 2] : !snn.train<2x4x5, 3, 0:3> -> !snn.train<2x5x4, 3, 0:3>
  return
}

// -----

func.func @snn_transpose_c2(%x: !snn.train<2x4x5, 3, 0:3>) {
  // expected-error @below {{output must be '!snn.train<2x5x4, 3, 0:3>'}}
  %0 = snn.transpose %x [0, 2, 1] : !snn.train<2x4x5, 3, 0:3> -> !snn.train<2x4x5, 3, 0:3>
  return
}

// -----

func.func @snn_concat_c1() {
  // expected-error @below {{needs inputs}}
  %0 = "snn.concat"() {axis = 0 : i64} : () -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_concat_c2(%x: !snn.train<2, 3, 0:3>) {
  // expected-error @below {{axis must be inside the rank}}
  %0 = snn.concat %x axis 1 : !snn.train<2, 3, 0:3> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_concat_c3(%x: !snn.train<2x3, 3, 0:3>, %y: !snn.train<2x4, 3, 0:3>) {
  // expected-error @below {{inputs must match except in the axis}}
  %0 = snn.concat %x, %y axis 0 : !snn.train<2x3, 3, 0:3>, !snn.train<2x4, 3, 0:3> -> !snn.train<4x3, 3, 0:3>
  return
}

// -----

func.func @snn_concat_c4(%x: !snn.train<2, 3, 0:3>, %y: !snn.current<2, 3, i64>) {
  // expected-error @below {{inputs must be of one kind}}
  %0 = snn.concat %x, %y axis 0 : !snn.train<2, 3, 0:3>, !snn.current<2, 3, i64> -> !snn.train<4, 3, 0:3>
  return
}

// -----

func.func @snn_concat_c5(%x: !snn.train<2, 3, 0:3>, %y: !snn.train<2, 3, -1:1>) {
  // expected-error @below {{output must have the shape [4], the inputs' kind and the hull of their bounds}}
  %0 = snn.concat %x, %y axis 0 : !snn.train<2, 3, 0:3>, !snn.train<2, 3, -1:1> -> !snn.train<4, 3, 0:3>
  return
}

// -----

// The sum of the extents is no legal type.
func.func @snn_concat_c5_large(%x: !snn.train<1073741824, 3, 0:3>) {
  // expected-error @below {{output must have the shape [2147483648]}}
  %0 = snn.concat %x, %x axis 0 : !snn.train<1073741824, 3, 0:3>, !snn.train<1073741824, 3, 0:3> -> !snn.train<1073741824, 3, 0:3>
  return
}

// -----

func.func @snn_pad_c1(%x: !snn.train<2x3, 3, 0:3>) {
  // expected-error @below {{low and high need one entry a dimension}}
  %0 = snn.pad %x low [0] high [0] : !snn.train<2x3, 3, 0:3> -> !snn.train<2x3, 3, 0:3>
  return
}

// -----

func.func @snn_pad_c2(%x: !snn.train<2, 3, 0:3>) {
  // expected-error @below {{low and high must be in 0..1073741824}}
  %0 = snn.pad %x low [-9223372036854775808] high [0] : !snn.train<2, 3, 0:3> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_pad_c3(%x: !snn.train<2, 3, 0:3>) {
  // expected-error @below {{output must have the shape [3] and otherwise the input's type}}
  %0 = snn.pad %x low [1] high [0] : !snn.train<2, 3, 0:3> -> !snn.train<2, 3, 0:3>
  return
}

// -----

// The padded extent is no legal type.
func.func @snn_pad_c3_large(%x: !snn.train<1073741824, 3, 0:3>) {
  // expected-error @below {{output must have the shape [3221225472]}}
  %0 = snn.pad %x low [1073741824] high [1073741824] : !snn.train<1073741824, 3, 0:3> -> !snn.train<1073741824, 3, 0:3>
  return
}

// -----

func.func @snn_gather_c1(%x: !snn.train<2, 3, 0:3>) {
  // expected-error @below {{axis must be inside the rank}}
  %0 = snn.gather %x axis -1 indices [0] : !snn.train<2, 3, 0:3> -> !snn.train<1, 3, 0:3>
  return
}

// -----

func.func @snn_gather_c2(%x: !snn.train<2, 3, 0:3>) {
  // expected-error @below {{indices must be in -1..1}}
  %0 = snn.gather %x axis 0 indices [-2] : !snn.train<2, 3, 0:3> -> !snn.train<1, 3, 0:3>
  return
}

// -----

func.func @snn_gather_c3(%x: !snn.train<2, 3, 0:3>) {
  // expected-error @below {{output must have the shape [1] and otherwise the input's type}}
  %0 = snn.gather %x axis 0 indices [1] : !snn.train<2, 3, 0:3> -> !snn.train<1, 3, 0:2>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Neurons
//===----------------------------------------------------------------------===//

func.func @snn_max_pool_c1(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{pads needs 4 entries, has 2}}
  %0 = snn.max_pool %x "p" kernel [2, 2] {pads = array<i64: 1, 1>} : !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x3x3, 3, 0:3>
  return
}

// -----

func.func @snn_max_pool_c2(%x: !snn.train<32, 3, 0:3>) {
  // expected-error @below {{input and output must be [C, H, W] with equal C}}
  %0 = snn.max_pool %x "p" kernel [2, 2] : !snn.train<32, 3, 0:3> -> !snn.train<2x3x3, 3, 0:3>
  return
}

// -----

func.func @snn_max_pool_c3(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{output extent 4 must be 3 or 3}}
  %0 = snn.max_pool %x "p" kernel [2, 2] : !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x3x4, 3, 0:3>
  return
}

// -----

func.func @snn_max_pool_c4(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{output must have the input's steps and bounds}}
  %0 = snn.max_pool %x "p" kernel [2, 2] : !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x3x3, 4, 0:3>
  return
}

// -----

func.func @snn_max_pool_c5(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{window 4 of dimension 1 holds only padding}}
  %0 = snn.max_pool %x "p" kernel [1, 1] {pads = array<i64: 0, 0, 2, 0>, dilations = array<i64: 3, 1>}
      : !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x6x4, 3, 0:3>
  return
}

// -----

func.func @snn_max_pool_c6(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{minimum needs one flag a channel}}
  %0 = snn.max_pool %x "p" kernel [2, 2] {minimum = array<i1: true, true, true>}
      : !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x3x3, 3, 0:3>
  return
}

// -----

func.func @snn_max_pool_c7(%x: !snn.train<2x4x4, 3, 0:3>) {
  // expected-error @below {{name must not be empty}}
  %0 = snn.max_pool %x "" kernel [2, 2] : !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x3x3, 3, 0:3>
  return
}

// -----

func.func @snn_if_c1(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{needs inputs, and one of gains each}}
  %0 = snn.if %x "a" gains [] bias dense<0.0> : tensor<1xf64> theta [1.0] start [0.5] epsilon 0.0
      : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_if_c2(%x: !snn.current<3, 3, i64>) {
  // expected-error @below {{inputs and output must have one shape}}
  %0 = snn.if %x "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [1.0] start [0.5] epsilon 0.0
      : !snn.current<3, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_if_c3(%x: !snn.current<2, 3, i64>, %y: !snn.current<2, 4, i64>) {
  // expected-error @below {{inputs must have the same number of time steps}}
  %0 = snn.if %x, %y "a" gains [dense<1.0> : tensor<1xf64>, dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
      theta [1.0] start [0.5] epsilon 0.0 : !snn.current<2, 3, i64>, !snn.current<2, 4, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_if_c4(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{gains must be a dense f64 tensor with all its data}}
  %0 = snn.if %x "a" gains [dense<1> : tensor<1xi64>] bias dense<0.0> : tensor<1xf64> theta [1.0] start [0.5] epsilon 0.0
      : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_if_c5(%x: !snn.current<2x2, 3, i64>) {
  // expected-error @below {{bias needs 1, 2 or 4 elements, has 3}}
  %0 = snn.if %x "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<3xf64> theta [1.0] start [0.5] epsilon 0.0
      : !snn.current<2x2, 3, i64> -> !snn.train<2x2, 3, 0:3>
  return
}

// -----

func.func @snn_if_c6(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{gains must be finite}}
  %0 = snn.if %x "a" gains [dense<0x7FF0000000000000> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
      theta [1.0] start [0.5] epsilon 0.0 : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_if_c7(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{inputs and output must have the same time steps}}
  %0 = snn.if %x "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [1.0] start [0.5] epsilon 0.0
      : !snn.current<2, 3, i64> -> !snn.train<2, 4, 0:3>
  return
}

// -----

func.func @snn_if_c8(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{count bounds must hold more than 0}}
  %0 = snn.if %x "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [1.0] start [0.5] epsilon 0.0
      : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:0>
  return
}

// -----

func.func @snn_if_c9(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{unsigned neurons cannot count below 0}}
  %0 = snn.if %x "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [1.0] start [0.5] epsilon 0.0
      {unsigned_neuron} : !snn.current<2, 3, i64> -> !snn.train<2, 3, -1:3>
  return
}

// -----

func.func @snn_if_c10(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{name must not be empty}}
  %0 = snn.if %x "" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [1.0] start [0.5] epsilon 0.0
      : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_if_c11(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{with fewer steps than count levels is approximate and must say so}}
  %0 = snn.if %x "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [1.0] start [0.5] epsilon 0.0
      : !snn.current<2, 3, i64> -> !snn.train<2, 3, -4:3>
  return
}

// -----

func.func @snn_if_c12(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{theta and start need 1 or 2 entries}}
  %0 = snn.if %x "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [1.0] start [] epsilon 0.0
      : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_if_c13(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{theta must be positive and finite}}
  %0 = snn.if %x "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [0x7FF8000000000000] start [0.5]
      epsilon 0.0 : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_if_c14(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{start must be finite}}
  %0 = snn.if %x "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [1.0] start [0x7FF0000000000000]
      epsilon 0.0 : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_if_c15(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{epsilon must be finite and not negative}}
  %0 = snn.if %x "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [1.0] start [0.5] epsilon -1.0
      : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_if_c16(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{settled neurons need an epsilon of 0}}
  %0 = snn.if %x "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [1.0] start [0.5] epsilon 0.25
      {settled = #snn.ties<even>} : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_if_c1_none() {
  // expected-error @below {{needs inputs, and one of gains each}}
  %0 = "snn.if"() {name = "a", gains = [], bias = dense<0.0> : tensor<1xf64>, theta = array<f64: 1.0>,
      start = array<f64: 0.5>, epsilon = 0.0 : f64} : () -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c1(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{needs inputs, and one of factors each}}
  %0 = snn.integer_if %x "a" factors [] shifts [0] bias dense<0> : tensor<1xi64> theta [10] start [5]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c2(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{inputs and output must have one shape}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [10] start [5]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<3, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c3(%x: !snn.current<2, 3, i64>, %y: !snn.train<2, 4, 0:3>) {
  // expected-error @below {{inputs must have the same number of time steps}}
  %0 = snn.integer_if %x, %y "a" factors [dense<1> : tensor<1xi64>, dense<1> : tensor<1xi64>] shifts [0, 0] bias dense<0> : tensor<1xi64> theta [10] start [5]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64>, !snn.train<2, 4, 0:3> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c4(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{bias must be a dense i64 tensor with all its data}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi32> theta [10] start [5]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c5(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{factors needs 1, 2 or 2 elements, has 3}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<3xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [10] start [5]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c6(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{inputs and output must have the same time steps}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [10] start [5]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<2, 4, 0:3>
  return
}

// -----

func.func @snn_integer_if_c7(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{count bounds must hold more than 0}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [10] start [5]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:0>
  return
}

// -----

func.func @snn_integer_if_c8(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{unsigned neurons cannot count below 0}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [10] start [5]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> {unsigned_neuron} : !snn.current<2, 3, i64> -> !snn.train<2, 3, -1:3>
  return
}

// -----

func.func @snn_integer_if_c9(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{name must not be empty}}
  %0 = snn.integer_if %x "" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [10] start [5]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c10(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{with fewer steps than count levels is approximate and must say so}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [10] start [5]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:4>
  return
}

// -----

func.func @snn_integer_if_c11(%x: !snn.current<2, 3, f64>) {
  // expected-error @below {{inputs must be trains or integer currents}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [10] start [5]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, f64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c12(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{needs one shift in 0..62 an input}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [63] bias dense<0> : tensor<1xi64> theta [10] start [5]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c13(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{theta, start and epsilon need 1 or 2 entries}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [10, 11, 12] start [5]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c14(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{state must be 32 or 64 bits}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [10] start [5]
      epsilon [1] state 16 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c15(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{theta and epsilon must be positive and fit into the state}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [10] start [5]
      epsilon [0] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c15_wide(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{theta and epsilon must be positive and fit into the state}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [2147483648] start [5]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c16(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{membrane range must hold every start value and fit into the state}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [10] start [5]
      epsilon [1] state 32 min -100 max 2147483648
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c16_start(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{membrane range must hold every start value and fit into the state}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [10] start [101]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c16_limit(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{membrane range must hold every start value and fit into the state}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [10] start [-9223372036854775808]
      epsilon [1] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_integer_if_c17(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{settled neurons need an epsilon of 1}}
  %0 = snn.integer_if %x "a" factors [dense<1> : tensor<1xi64>] shifts [0] bias dense<0> : tensor<1xi64> theta [10] start [5]
      epsilon [1, 2] state 32 min -100 max 100
      certificate <exact, fractional_bits = 0, cases = 0, ties = 0> {settled = #snn.ties<up>}
      : !snn.current<2, 3, i64> -> !snn.train<2, 3, 0:3>
  return
}

// -----

func.func @snn_readout_c1(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{needs a channel dimension}}
  %0 = snn.readout %x "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.current<2, 3, i64> -> tensor<f64>
  return
}

// -----

func.func @snn_readout_c2(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{needs inputs, and one of gains each}}
  %0 = snn.readout %x "y" gains [] offset dense<0.0> : tensor<1xf64> : !snn.current<2, 3, i64> -> tensor<2xf64>
  return
}

// -----

func.func @snn_readout_c3(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{inputs and output must have one shape}}
  %0 = snn.readout %x "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.current<2, 3, i64> -> tensor<3xf64>
  return
}

// -----

func.func @snn_readout_c4(%x: !snn.current<2, 3, i64>, %y: !snn.train<2, 4, 0:3>) {
  // expected-error @below {{inputs must have the same number of time steps}}
  %0 = snn.readout %x, %y "y" gains [dense<1.0> : tensor<1xf64>, dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.current<2, 3, i64>, !snn.train<2, 4, 0:3> -> tensor<2xf64>
  return
}

// -----

func.func @snn_readout_c5(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{offset must be a dense f64 tensor with all its data}}
  %0 = snn.readout %x "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0> : tensor<1xi64> : !snn.current<2, 3, i64> -> tensor<2xf64>
  return
}

// -----

func.func @snn_readout_c6(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{gains needs 1, 2 or 2 elements, has 3}}
  %0 = snn.readout %x "y" gains [dense<1.0> : tensor<3xf64>] offset dense<0.0> : tensor<1xf64> : !snn.current<2, 3, i64> -> tensor<2xf64>
  return
}

// -----

func.func @snn_readout_c7(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{offset must be finite}}
  %0 = snn.readout %x "y" gains [dense<1.0> : tensor<1xf64>] offset dense<[0.0, 0x7FF8000000000000]> : tensor<2xf64> : !snn.current<2, 3, i64> -> tensor<2xf64>
  return
}

// -----

func.func @snn_readout_c8(%x: !snn.current<2, 3, i64>) {
  // expected-error @below {{name must not be empty}}
  %0 = snn.readout %x "" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64> : !snn.current<2, 3, i64> -> tensor<2xf64>
  return
}
