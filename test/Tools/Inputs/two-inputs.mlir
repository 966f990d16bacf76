// The second input is used first, and the second output is computed first.
qnn.weights @wa scale [1.000000e+00] = dense<[[1, 2], [0, 1]]> : tensor<2x2xi8>
qnn.weights @wb scale [1.000000e+00] = dense<[[1], [3]]> : tensor<2x1xi8>
func.func @main(%a: tensor<2xf64> {qnn.name = "a"}, %b: tensor<1xf64> {qnn.name = "b"})
    -> (tensor<2xf64> {qnn.name = "ya"}, tensor<2xf64> {qnn.name = "yb"}) {
  %qb = qnn.quantize %b "qb" scale [2.500000e-01] range 0 : 3 : tensor<1xf64>
  %lb = qnn.linear %qb, @wb : tensor<1xf64> -> tensor<2xf64>
  %nb = qnn.quantize %lb "nb" scale [2.500000e-01] range 0 : 3 : tensor<2xf64>
  %yb = qnn.linear %nb, @wa : tensor<2xf64> -> tensor<2xf64>
  %qa = qnn.quantize %a "qa" scale [2.500000e-01] range 0 : 3 : tensor<2xf64>
  %la = qnn.linear %qa, @wa : tensor<2xf64> -> tensor<2xf64>
  %na = qnn.quantize %la "na" scale [2.500000e-01] range 0 : 3 : tensor<2xf64>
  %ya = qnn.linear %na, @wa : tensor<2xf64> -> tensor<2xf64>
  return %ya, %yb : tensor<2xf64>, tensor<2xf64>
}
