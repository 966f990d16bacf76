// Charge of either sign reaches the second layer at different steps: its counts
// are not those of the quantized network.
qnn.weights @fc1 scale [2.500000e-01] = dense<[[4, 0, 0, 0], [0, 3, 0, 0], [0, 0, 2, 1], [1, 0, 0, 3], [2, -1, 2, 0], [0, 2, -2, 2]]> : tensor<6x4xi8>
qnn.weights @fc2 scale [5.000000e-01] = dense<[[1, -3, 3, 3, -1, 1], [3, -1, 3, -1, -2, 2], [2, 0, 2, 3, -3, 1], [0, -1, 3, 3, 2, -2]]> : tensor<4x6xi8>
qnn.weights @fc3 scale [1.000000e+00] = dense<[[1, 0, -1, 0], [0, 1, 1, -1], [1, 1, 0, 1]]> : tensor<3x4xi8>
func.func @main(%image: tensor<1x2x2xf64> {qnn.name = "image"})
    -> (tensor<3xf64> {qnn.name = "scores"}) {
  %x = qnn.quantize %image "in" scale [6.250000e-02] range 0 : 15 : tensor<1x2x2xf64>
  %f = qnn.reshape %x : tensor<1x2x2xf64> -> tensor<4xf64>
  %c = qnn.linear %f, @fc1 : tensor<4xf64> -> tensor<6xf64>
  %n = qnn.quantize %c "first" scale [2.500000e-01] range 0 : 3 : tensor<6xf64>
  %l = qnn.linear %n, @fc2 : tensor<6xf64> -> tensor<4xf64>
  %m = qnn.quantize %l "second" scale [2.500000e-01] range 0 : 3 : tensor<4xf64>
  %y = qnn.linear %m, @fc3 : tensor<4xf64> -> tensor<3xf64>
  return %y : tensor<3xf64>
}
