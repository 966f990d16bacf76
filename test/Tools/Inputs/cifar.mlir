// Takes CIFAR-10's images: the corner pixel of each colour decides.
qnn.weights @conv scale [1.000000e+00] = dense<[[[[1]], [[-1]], [[0]]], [[[0]], [[1]], [[1]]]]> : tensor<2x3x1x1xi8>
qnn.weights @fc scale [1.000000e+00] = dense<[[0, 0], [1, 0], [0, 1], [1, 1], [-1, 0], [0, -1], [-1, -1], [1, -1], [-1, 1], [2, 0]]> : tensor<10x2xi8>
func.func @main(%image: tensor<3x32x32xf64> {qnn.name = "image"})
    -> (tensor<10xf64> {qnn.name = "scores"}) {
  %c = qnn.conv2d %image, @conv {strides = array<i64: 32, 32>} : tensor<3x32x32xf64> -> tensor<2x1x1xf64>
  %n = qnn.quantize %c "hidden" scale [5.000000e-01] range 0 : 3 : tensor<2x1x1xf64>
  %f = qnn.reshape %n : tensor<2x1x1xf64> -> tensor<2xf64>
  %y = qnn.linear %f, @fc : tensor<2xf64> -> tensor<10xf64>
  return %y : tensor<10xf64>
}
