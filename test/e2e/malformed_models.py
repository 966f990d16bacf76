"""ONNX models with one defect each, and one with ten.

`defects` yields (name, model, words): the message has to hold the words.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from onnx_builder import GraphBuilder


def base_model():
    """A small valid network with stable names: convolution, batch norm, QCDQ
    quantizer, residual sum, pooling and a classifier. One domain only, so that
    every proper prefix of its bytes lacks something."""
    b = GraphBuilder(13)
    rng = np.random.default_rng(7)

    def constant(name, value):
        b.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(kind, name, inputs, **attributes):
        b.nodes.append(helper.make_node(kind, inputs, [name + "_out"], name=name,
                                        **attributes))
        return name + "_out"

    def quantizer(name, x, scale):
        parameters = [constant(name + "_scale", np.float32(scale)),
                      constant(name + "_zero", np.uint8(0))]
        x = node("QuantizeLinear", name + "_q", [x] + parameters)
        x = node("Clip", name + "_clip", [x, constant(name + "_low", np.uint8(0)),
                                          constant(name + "_high", np.uint8(3))])
        return node("DequantizeLinear", name + "_dq", [x] + parameters)

    b.input("input", ["N", 2, 6, 6])
    w1 = np.float32(rng.integers(-2, 3, size=(4, 2, 3, 3)) * 0.25)
    x = node("Conv", "conv1", ["input", constant("w1", w1)], pads=[1, 1, 1, 1])
    for name, value in (("gamma", [1, -1, 0.5, 2]), ("beta", [0.1, 0.2, 0, 0.3]),
                        ("mean", [0, 0.1, 0, 0.2]), ("variance", [1, 2, 1, 1])):
        constant(name, np.float32(value))
    x = node("BatchNormalization", "bn1", [x, "gamma", "beta", "mean", "variance"])
    x = quantizer("act1", node("Relu", "relu1", [x]), 0.5)
    w2 = np.float32(rng.integers(-2, 3, size=(4, 4, 3, 3)) * 0.125)
    y = node("Conv", "conv2", [x, constant("w2", w2)], pads=[1, 1, 1, 1])
    y = quantizer("act2", node("Relu", "relu2", [node("Add", "add", [y, x])]), 0.75)
    y = node("AveragePool", "pool", [y], kernel_shape=[2, 2], strides=[2, 2])
    y = node("Flatten", "flatten", [y])
    w3 = np.float32(rng.integers(-3, 4, size=(5, 36)) * 0.0625)
    b.nodes.append(helper.make_node(
        "Gemm", [y, constant("w3", w3), constant("b3", np.float32(np.arange(5)))],
        ["output"], name="gemm", transB=1))
    b.output("output", ["N", 5])
    return b.model()


class Edit:
    """A copy of the base model with handles on its parts."""

    def __init__(self):
        self.model = base_model()
        self.graph = self.model.graph

    def node(self, name):
        return next(n for n in self.graph.node if n.name == name)

    def tensor(self, name):
        return next(t for t in self.graph.initializer if t.name == name)

    def array(self, name):
        return numpy_helper.to_array(self.tensor(name)).copy()

    def set_array(self, name, array):
        self.tensor(name).CopyFrom(numpy_helper.from_array(array, name))

    def set_attribute(self, node, key, value):
        node = self.node(node)
        for attribute in list(node.attribute):
            if attribute.name == key:
                node.attribute.remove(attribute)
        node.attribute.append(helper.make_attribute(key, value))

    def rename_input(self, node, index, name):
        self.node(node).input[index] = name

    def insert_behind(self, name, kind, new_name, extra=(), domain="",
                      **attributes):
        """A node between `name` and whoever read its result."""
        before = self.node(name)
        result = before.output[0]
        position = list(self.graph.node).index(before)
        for node in self.graph.node:
            for i, operand in enumerate(node.input):
                if operand == result:
                    node.input[i] = new_name + "_out"
        self.graph.node.insert(position + 1, helper.make_node(
            kind, [result, *extra], [new_name + "_out"], name=new_name,
            domain=domain, **attributes))
        if domain and all(o.domain != domain for o in self.model.opset_import):
            self.model.opset_import.append(helper.make_opsetid(domain, 1))


def _poison(name, value):
    def apply(e):
        array = e.array(name)
        array.flat[array.size // 2] = value
        e.set_array(name, array)
    return apply


def _missing(name):
    return lambda e: e.graph.initializer.remove(e.tensor(name))


def _reshape_tensor(name, shape):
    return lambda e: e.set_array(name, np.resize(e.array(name), shape))


def _attribute(node, key, value):
    return lambda e: e.set_attribute(node, key, value)


def _dims(name, dims):
    def apply(e):
        del e.tensor(name).dims[:]
        e.tensor(name).dims.extend(dims)
    return apply


def _input_dims(*dims):
    def apply(e):
        shape = e.graph.input[0].type.tensor_type.shape
        del shape.dim[:]
        for d in dims:
            entry = shape.dim.add()
            if isinstance(d, str):
                entry.dim_param = d
            elif d is not None:
                entry.dim_value = d
    return apply


def _quant(bits, scale=0.5, zero=0.0, mode="ROUND", domain="qonnx.custom_op.general",
           kind="Quant"):
    """A QONNX quantizer with odd parameters behind the first activation."""
    def apply(e):
        for name, value in (("q_scale", scale), ("q_zero", zero), ("q_bits", bits)):
            e.graph.initializer.append(numpy_helper.from_array(
                np.asarray(value, np.float32), name))
        e.insert_behind("relu1", kind, "strange", ("q_scale", "q_zero", "q_bits"),
                        domain, signed=0, narrow=0, rounding_mode=mode)
    return apply


def _cycle(e):
    # conv1 reads what comes out of act2.
    e.rename_input("bn1", 0, e.node("act2_dq").output[0])


def _self_loop(e):
    e.rename_input("relu1", 0, "relu1_out")


def _twice(e):
    e.node("relu2").output[0] = "relu1_out"


def _two_graphs_inputs(e):
    e.graph.input.add().CopyFrom(helper.make_tensor_value_info(
        "input", TensorProto.FLOAT, ["N", 2, 6, 6]))


def _no_outputs(e):
    del e.graph.output[:]


def _unknown_output(e):
    e.graph.output[0].name = "nobody"


def _no_opset(e):
    del e.model.opset_import[:]


def _future_opset(e):
    e.model.opset_import[0].version = 999


def _future_ir(e):
    e.model.ir_version = 99


def _sum_pooling(e):
    e.insert_behind("flatten", "Reshape", "unflatten", ("unflatten_shape",))
    e.graph.initializer.append(numpy_helper.from_array(
        np.array([-1, 4, 3, 3]), "unflatten_shape"))
    e.insert_behind("unflatten", "MaxPool", "late_max", kernel_shape=[3, 3])
    e.set_array("w3", np.float32(np.ones((5, 4))))
    e.insert_behind("late_max", "Flatten", "late_flatten")
    # The maximum of a sum: nothing rounds it.
    e.rename_input("pool", 0, "add_out")


def _no_grid(e):
    rng = np.random.default_rng(3)
    e.set_array("w2", rng.normal(size=(4, 4, 3, 3)).astype(np.float32))


def _sigmoid_inside(e):
    e.insert_behind("act1_dq", "Sigmoid", "inner_sigmoid")


def _data_dependent_scale(e):
    e.insert_behind("relu1", "Mul", "squared", ("relu1_out",))


TEN_UNKNOWN = [f"odd_{i}" for i in range(10)]


def _ten_unknown(e):
    kinds = ["Erf", "NoSuchOperator", "LSTM", "Sinh", "Einsum", "TopK", "HardSwish",
             "InstanceNormalization", "GridSample", "SpaceToBatch"]
    places = ["conv1", "bn1", "relu1", "act1_dq", "conv2", "add", "relu2",
              "act2_dq", "pool", "flatten"]
    for place, kind, name in zip(places, kinds, TEN_UNKNOWN):
        domain = "com.example" if kind == "SpaceToBatch" else ""
        e.insert_behind(place, kind, name, domain=domain)


def _integer_overflow_dims(e):
    _dims("w2", [2 ** 32, 2 ** 32, 3, 3])(e)


DEFECTS = [
    ("missing_weight", _missing("w1"), ["w1"]),
    ("missing_bias", _missing("b3"), ["b3"]),
    ("missing_scale", _missing("act1_scale"), ["act1_scale"]),
    ("missing_zero_point", _missing("act1_zero"), ["act1_zero"]),
    ("missing_bound", _missing("act2_high"), ["act2_high"]),
    ("missing_mean", _missing("mean"), ["mean"]),
    ("dangling_input", lambda e: e.rename_input("conv2", 0, "nowhere"), ["nowhere"]),
    ("conv_channels", _reshape_tensor("w2", (4, 3, 3, 3)), ["conv2"]),
    ("conv_rank", _reshape_tensor("w2", (4, 36)), ["conv2"]),
    ("conv_groups", _attribute("conv2", "group", 3), ["conv2"]),
    ("conv_zero_groups", _attribute("conv2", "group", 0), ["conv2"]),
    ("conv_kernel_shape", _attribute("conv2", "kernel_shape", [5, 5]), ["conv2"]),
    ("conv_stride_zero", _attribute("conv2", "strides", [0, 1]), ["conv2"]),
    ("conv_stride_negative", _attribute("conv2", "strides", [-1, 1]), ["conv2"]),
    ("conv_dilation_zero", _attribute("conv2", "dilations", [0, 1]), ["conv2"]),
    ("conv_pads_negative", _attribute("conv2", "pads", [-9, 0, 0, 0]), ["conv2"]),
    ("conv_pads_count", _attribute("conv2", "pads", [1, 1]), ["conv2"]),
    ("conv_pads_huge", _attribute("conv2", "pads", [2 ** 62] * 4), ["conv2"]),
    ("conv_stride_huge", _attribute("conv1", "strides", [2 ** 62, 2 ** 62]), []),
    ("conv_auto_pad", _attribute("conv2", "auto_pad", "SAME_SIDEWAYS"), ["conv2"]),
    ("conv_too_large", _reshape_tensor("w2", (4, 4, 30, 30)), ["conv2"]),
    ("batch_norm_length", _reshape_tensor("gamma", (3,)), ["bn1"]),
    ("batch_norm_rank", _reshape_tensor("variance", (2, 2)), ["bn1"]),
    ("batch_norm_variance", _poison("variance", -5.0), ["bn1"]),
    ("add_shapes", _reshape_tensor("w2", (5, 4, 3, 3)), ["add"]),
    ("gemm_inputs", _reshape_tensor("w3", (5, 35)), ["gemm"]),
    ("gemm_bias", _reshape_tensor("b3", (4,)), ["gemm"]),
    ("pool_kernel_zero", _attribute("pool", "kernel_shape", [0, 2]), ["pool"]),
    ("pool_kernel_rank", _attribute("pool", "kernel_shape", [2]), ["pool"]),
    ("pool_kernel_huge", _attribute("pool", "kernel_shape", [2 ** 40, 2]), ["pool"]),
    ("flatten_axis", _attribute("flatten", "axis", 9), ["flatten"]),
    ("nan_weight", _poison("w2", np.nan), ["conv2"]),
    ("infinite_weight", _poison("w2", np.inf), ["conv2"]),
    ("nan_bias", _poison("b3", np.nan), ["gemm"]),
    ("nan_scale", _poison("act1_scale", np.nan), ["act1"]),
    ("zero_scale", _poison("act1_scale", 0.0), ["act1"]),
    ("negative_scale", _poison("act1_scale", -0.5), ["act1"]),
    ("nan_gamma", _poison("gamma", np.nan), ["bn1"]),
    ("empty_range", lambda e: e.set_array("act1_high", np.uint8(0)), ["act1"]),
    ("no_bits", _quant(0.0), ["strange"]),
    ("half_a_bit", _quant(2.5), ["strange"]),
    ("many_bits", _quant(1000.0), ["strange"]),
    ("nan_bits", _quant(np.nan), ["strange"]),
    ("fractional_zero_point", _quant(2.0, zero=0.5), ["strange"]),
    ("rounding_mode", _quant(2.0, mode="SIDEWAYS"), ["strange", "SIDEWAYS"]),
    ("float_quant", _quant(2.0, kind="FloatQuant"), ["strange"]),
    ("cycle", _cycle, []),
    ("self_loop", _self_loop, ["relu1"]),
    ("same_output_twice", _twice, ["relu1_out"]),
    ("same_input_twice", _two_graphs_inputs, ["input"]),
    ("no_outputs", _no_outputs, []),
    ("unknown_output", _unknown_output, ["nobody"]),
    ("no_opset", _no_opset, []),
    ("future_opset", _future_opset, ["999"]),
    ("future_ir", _future_ir, ["99"]),
    ("input_without_shape", _input_dims(), ["input"]),
    ("dynamic_extent", _input_dims("N", 2, "H", "W"), ["input"]),
    ("unknown_extent", _input_dims("N", 2, None, 6), ["input"]),
    ("huge_input", _input_dims("N", 2, 2 ** 40, 2 ** 40), []),
    ("zero_extent", _input_dims("N", 2, 0, 6), []),
    ("dims_beyond_data", _dims("w2", [400, 4, 3, 3]), ["w2"]),
    ("dims_negative", _dims("w2", [-4, 4, 3, 3]), ["w2"]),
    ("dims_overflow", _integer_overflow_dims, ["w2"]),
    ("max_of_a_sum", _sum_pooling, ["late_max"]),
    ("no_grid", _no_grid, ["conv2", "--quantize-weights"]),
    ("sigmoid_inside", _sigmoid_inside, ["conv2", "Sigmoid"]),
    ("product_of_activations", _data_dependent_scale, ["squared"]),
    ("ten_unknown_operators", _ten_unknown, TEN_UNKNOWN),
]


def defects():
    """Yields (name, model, words) for every defect."""
    for name, apply, words in DEFECTS:
        edit = Edit()
        apply(edit)
        yield name, edit.model, words


def external_models():
    """Yields (name, model) whose weight points to data that is not there, or
    that must not be read."""
    places = {
        "absent": ("absent.data", 0, 576),
        "parent": ("../outside.data", 0, 576),
        "inner_parent": ("sub/../../outside.data", 0, 576),
        "absolute": ("/etc/passwd", 0, 576),
        "beyond_the_end": ("present.data", 100, 576),
        "offset_overflow": ("present.data", 2 ** 63 - 1, 576),
        "length_overflow": ("present.data", 0, 2 ** 63 - 1),
        "too_short": ("present.data", 0, 12),
        "negative_offset": ("present.data", -4, 576),
        "not_a_number": ("present.data", "here", 576),
        "folder": (".", 0, 576),
        "empty_location": ("", 0, 576),
    }
    for name, (location, offset, length) in places.items():
        edit = Edit()
        tensor = edit.tensor("w2")
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", offset),
                           ("length", length)):
            entry = tensor.external_data.add()
            entry.key, entry.value = key, str(value)
        yield name, edit.model


if __name__ == "__main__":
    for defect, broken, _ in defects():
        onnx.save(broken, f"{defect}.onnx")
