// Two convolution channels, one linear layer: small enough to follow by hand.
qnn.weights @conv scale [5.000000e-01] = dense<[[[[1]]], [[[-2]]]]> : tensor<2x1x1x1xi8>
qnn.weights @fc scale [1.000000e+00] = dense<[[1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1, 1, 1]]> : tensor<3x8xi8>
func.func @main(%image: tensor<1x2x2xf64> {qnn.name = "image"})
    -> (tensor<3xf64> {qnn.name = "scores", qnn.host = [{op = "Softmax", axis = 1 : i64}]}) {
  %x = qnn.quantize %image "in" scale [2.500000e-01] range 0 : 3 : tensor<1x2x2xf64>
  %c = qnn.conv2d %x, @conv : tensor<1x2x2xf64> -> tensor<2x2x2xf64>
  %n = qnn.quantize %c "hidden" scale [2.500000e-01] range -1 : 2 : tensor<2x2x2xf64>
  %f = qnn.reshape %n : tensor<2x2x2xf64> -> tensor<8xf64>
  %y = qnn.linear %f, @fc : tensor<8xf64> -> tensor<3xf64>
  return %y : tensor<3xf64>
}
