"""Builds ONNX graphs node by node, in the dialect of a given operator set."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Operator set -> oldest IR version that may carry it.
_IR_OF_OPSET = {9: 4, 11: 6, 13: 7, 17: 8, 18: 8, 20: 9, 22: 10}
OPSETS = tuple(_IR_OF_OPSET)


class GraphBuilder:
    """Collects nodes and constants; every method returns value names.

    `constants`: "initializer" or "node" says where constants live.
    """

    def __init__(self, opset, constants="initializer", ir_version=None):
        self.opset = opset
        self.ir_version = ir_version or _IR_OF_OPSET[opset]
        self.constants = constants
        self.nodes, self.initializers, self.functions = [], [], []
        self.inputs, self.outputs = [], []
        self.domains = {"": opset}
        self._count = 0
        # Prefix of the names of the nodes that follow.
        self.scope = ""

    def name(self, stem):
        self._count += 1
        return f"{self.scope}{stem}_{self._count}"

    def input(self, name, shape, element=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, element, shape))
        return name

    def output(self, name, shape, element=TensorProto.FLOAT):
        self.outputs.append(helper.make_tensor_value_info(name, element, shape))

    def initializer(self, value, stem="constant"):
        array = np.array(value, order="C")
        name = self.name(stem)
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def constant(self, value, dtype=np.float32, stem="constant"):
        """A constant, as an initializer or the output of a Constant node."""
        array = np.asarray(value, dtype=dtype)
        if self.constants == "initializer":
            return self.initializer(array, stem)
        name = self.name(stem)
        tensor = numpy_helper.from_array(array.copy(order="C"), name)
        return self.op("Constant", [], value=tensor)

    def op(self, kind, inputs, outputs=1, domain="", stem=None, **attributes):
        """One node; the name of its result, or the list of several."""
        if domain and domain not in self.domains:
            self.domains[domain] = 1
        node_name = self.name(stem or kind)
        names = [f"{node_name}_output_{i}" for i in range(outputs)]
        attributes = {k: v for k, v in attributes.items() if v is not None}
        self.nodes.append(helper.make_node(kind, inputs, names, name=node_name,
                                           domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    # Operators whose attributes became inputs at some operator set.

    def clip(self, x, low, high):
        if self.opset < 11:
            return self.op("Clip", [x], min=None if low is None else float(low),
                           max=None if high is None else float(high))
        inputs = [x, "" if low is None else self.constant(low)]
        if high is not None:
            inputs.append(self.constant(high))
        return self.op("Clip", inputs)

    def reduce_mean(self, x, axes, keepdims):
        if self.opset < 18:
            return self.op("ReduceMean", [x], axes=axes, keepdims=keepdims)
        inputs = [x] if axes is None else [x, self.constant(axes, np.int64)]
        return self.op("ReduceMean", inputs, keepdims=keepdims)

    def _axes_op(self, kind, x, axes):
        if self.opset < 13:
            return self.op(kind, [x], axes=axes)
        return self.op(kind, [x, self.constant(axes, np.int64)])

    def unsqueeze(self, x, axes):
        return self._axes_op("Unsqueeze", x, axes)

    def squeeze(self, x, axes):
        return self._axes_op("Squeeze", x, axes)

    def pad(self, x, pads, mode="constant"):
        """pads: begins of all dimensions, then ends (batch included)."""
        if self.opset < 11:
            return self.op("Pad", [x], pads=pads, mode=mode, value=0.0)
        return self.op("Pad", [x, self.constant(pads, np.int64),
                               self.constant(0.0)], mode=mode)

    def dropout(self, x):
        if self.opset < 12:
            return self.op("Dropout", [x], ratio=0.3)
        return self.op("Dropout", [x, self.constant(0.3)])

    def batch_norm(self, x, gamma, beta, mean, variance, epsilon):
        values = [self.initializer(np.asarray(v, np.float32), stem)
                  for v, stem in ((gamma, "gamma"), (beta, "beta"),
                                  (mean, "mean"), (variance, "variance"))]
        return self.op("BatchNormalization", [x] + values, epsilon=epsilon)

    def model(self, list_initializers=False, extra_outputs=()):
        """The ModelProto. `list_initializers`: constants are graph inputs too,
        as old exporters write them."""
        inputs = list(self.inputs)
        if list_initializers:
            inputs += [helper.make_tensor_value_info(t.name, t.data_type, t.dims)
                       for t in self.initializers]
        outputs = list(self.outputs)
        for name in extra_outputs:
            outputs.append(helper.make_empty_tensor_value_info(name))
        graph = helper.make_graph(self.nodes, "network", inputs, outputs,
                                  self.initializers)
        model = helper.make_model(
            graph, producer_name="fastsnn-tests",
            opset_imports=[helper.make_opsetid(d, v)
                           for d, v in self.domains.items()],
            functions=self.functions)
        model.ir_version = self.ir_version
        return model


def save(model, path, external=False):
    """Writes a model; `external`: large constants go to `<path>.data`."""
    if not external:
        onnx.save(model, str(path))
        return
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    onnx.save(copy, str(path), save_as_external_data=True,
              all_tensors_to_one_file=True, location=path.name + ".data",
              size_threshold=16)
