// Two neuron layers with a max pooling between them.
qnn.weights @conv scale [5.000000e-01] = dense<[[[[1]]], [[[-2]]]]> : tensor<2x1x1x1xi8>
qnn.weights @fc1 scale [5.000000e-01] = dense<[[1, 1], [-1, 2], [3, 1]]> : tensor<3x2xi8>
qnn.weights @fc2 scale [1.000000e+00] = dense<[[1, 0, 0], [0, 1, 1]]> : tensor<2x3xi8>
func.func @main(%image: tensor<1x2x2xf64> {qnn.name = "image"})
    -> (tensor<2xf64> {qnn.name = "scores"}) {
  %x = qnn.quantize %image "in" scale [2.500000e-01] range 0 : 3 : tensor<1x2x2xf64>
  %c = qnn.conv2d %x, @conv : tensor<1x2x2xf64> -> tensor<2x2x2xf64>
  %n = qnn.quantize %c "first" scale [2.500000e-01] range -1 : 2 : tensor<2x2x2xf64>
  %p = qnn.max_pool %n kernel [2, 2] {strides = array<i64: 2, 2>} : tensor<2x2x2xf64> -> tensor<2x1x1xf64> loc("pool")
  %f = qnn.reshape %p : tensor<2x1x1xf64> -> tensor<2xf64>
  %l = qnn.linear %f, @fc1 : tensor<2xf64> -> tensor<3xf64>
  %m = qnn.quantize %l "second" scale [2.500000e-01] range -2 : 2 : tensor<3xf64>
  %y = qnn.linear %m, @fc2 : tensor<3xf64> -> tensor<2xf64>
  return %y : tensor<2xf64>
}
