# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a module once and records its operators.

The module runs eagerly on real tensors, and a dispatch mode sees every ATen
operator below autograd. So whatever the module does in Python works: its own
`autograd.Function`, `.data`, `.item()` of constants, loops. Each operator either
depends on the inputs or is a constant of the network.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
import weakref

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_leaves, tree_map_only

from fastsnn.errors import ExportError


@dataclass(eq=False)
class Value:
    """A tensor of the recorded run.

    `node` computes it, or it is an input (`depends`) or a leaf (`tensor`: a
    parameter, a buffer, a constant that the forward function made). `tensor` is
    also kept where a constant meets something that depends on the inputs.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    depends: bool
    name: str = ""
    node: "Node | None" = None
    index: int = 0
    tensor: Tensor | None = None


@dataclass(eq=False)
class Node:
    """An operator; `args` and `kwargs` hold `Value` in place of tensors."""

    op: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    path: str
    depends: bool
    order: int
    outputs: list[Value] = field(default_factory=list)

    @property
    def operator(self) -> str:
        """Its name without the overload, such as `aten::relu`."""
        return str(self.op._schema.name)

    def bind(self) -> dict[str, Any]:
        """Its arguments by name, defaults included."""
        bound: dict[str, Any] = {}
        for position, argument in enumerate(self.op._schema.arguments):
            if position < len(self.args):
                bound[argument.name] = self.args[position]
            elif argument.name in self.kwargs:
                bound[argument.name] = self.kwargs[argument.name]
            else:
                bound[argument.name] = argument.default_value
        return bound

    def inputs(self) -> list[Value]:
        """The tensors that it reads."""
        return values_in((self.args, self.kwargs))


def values_in(tree: Any) -> list[Value]:
    """All values in nested lists, tuples and dictionaries."""
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Value)]


@dataclass
class Recording:
    """What one run did: operators in order, the values of inputs and outputs."""

    nodes: list[Node]
    inputs: list[Value]
    outputs: list[Value]
    output_names: list[str]


def _geometry(tensor: Tensor) -> tuple[Any, ...]:
    return (tuple(tensor.shape), tensor.stride(), tensor.storage_offset(), tensor.dtype)


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records while it is entered; `path` names the module that runs."""

    def __init__(self, names: dict[int, str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names = names
        self.path: list[str] = []
        self.nodes: list[Node] = []
        self.problems: list[str] = []
        # Live tensors by identity, and those of one storage.
        self.values: dict[int, tuple[weakref.ref[Tensor], Value]] = {}
        self.storages: dict[int, list[weakref.ref[Tensor]]] = {}

    @property
    def where(self) -> str:
        return self.path[-1] if self.path else "module"

    def bind(self, tensor: Tensor, value: Value) -> None:
        reference = weakref.ref(tensor)
        self.values[id(tensor)] = (reference, value)
        siblings = self.storages.setdefault(_storage(tensor), [])
        siblings[:] = [other for other in siblings if other() is not None]
        if not any(other() is tensor for other in siblings):
            siblings.append(reference)

    def known(self, tensor: Tensor) -> Value | None:
        entry = self.values.get(id(tensor))
        return entry[1] if entry is not None and entry[0]() is tensor else None

    def aliases(self, tensor: Tensor) -> Iterator[Tensor]:
        """Known tensors on the same storage."""
        for reference in self.storages.get(_storage(tensor), []):
            other = reference()
            if other is not None and other is not tensor and self.known(other):
                yield other

    def value_of(self, tensor: Tensor) -> Value:
        """The value of a tensor; one not seen before is the same as a known one
        on the same memory (what `.data` returns), or a constant."""
        value = self.known(tensor)
        if value is not None:
            return value
        foreign = False
        for other in self.aliases(tensor):
            candidate = self.known(other)
            assert candidate is not None
            if _geometry(other) == _geometry(tensor):
                self.bind(tensor, candidate)
                return candidate
            foreign = foreign or candidate.depends
        if foreign:
            self.problems.append(
                f"{self.where}: a view that was made outside of PyTorch's operators reads an "
                "activation, which cannot be followed; use tensor operators"
            )
        value = Value(
            tuple(tensor.shape), tensor.dtype, False, self.names.get(id(tensor), ""), tensor=tensor
        )
        self.bind(tensor, value)
        return value

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        recorded = tree_map_only(Tensor, self.value_of, (args, kwargs))
        depends = any(value.depends for value in values_in(recorded))
        if depends and func._schema.name == "aten::_local_scalar_dense":
            self.problems.append(
                f"{self.where}: reads a number of an activation into Python (.item(), if, "
                "float()), which would be frozen at the example's; compute with tensors"
            )
        written = self._written(func, args, kwargs)
        for tensor in written:
            # The recorded constant must stay what it was.
            value = self.known(tensor)
            if value is not None and value.tensor is not None:
                value.tensor = value.tensor.clone()
        if depends:
            for tensor in tree_leaves((args, kwargs)):
                if isinstance(tensor, Tensor):
                    value = self.value_of(tensor)
                    if not value.depends and value.tensor is None:
                        value.tensor = tensor.detach()
        result = func(*args, **kwargs)
        op = self._functional(func) if written else func
        if op is not None:
            self._record(op, recorded, depends, result, written)
        return result

    def _written(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Tensor]:
        if not func._schema.is_mutable:
            return []
        written = []
        for position, argument in enumerate(func._schema.arguments):
            if argument.alias_info is None or not argument.alias_info.is_write:
                continue
            given = args[position] if position < len(args) else kwargs.get(argument.name)
            written += [leaf for leaf in tree_leaves(given) if isinstance(leaf, Tensor)]
        return written

    def _functional(self, func: Any) -> Any:
        """The operator that returns what `func` writes."""
        namespace, name = func._schema.name.split("::")
        packet = getattr(getattr(torch.ops, namespace), name.rstrip("_"), None)
        overload = func._schema.overload_name or "default"
        functional = getattr(packet, overload, None) if packet is not None else None
        if functional is None or functional._schema.is_mutable:
            self.problems.append(
                f"{self.where}: {func} writes into a tensor, which cannot be followed; "
                "write it without in-place operators"
            )
            return None
        return functional

    def _record(
        self, op: Any, recorded: Any, depends: bool, result: Any, written: Sequence[Tensor]
    ) -> None:
        args, kwargs = recorded
        node = Node(op, args, kwargs, self.path[-1] if self.path else "", depends, len(self.nodes))
        self.nodes.append(node)
        for tensor in tree_flatten(result)[0]:
            if not isinstance(tensor, Tensor):
                continue
            value = Value(
                tuple(tensor.shape), tensor.dtype, depends, node=node, index=len(node.outputs)
            )
            node.outputs.append(value)
            others = list(self.aliases(tensor)) if any(tensor is w for w in written) else []
            self.bind(tensor, value)
            for other in others:
                if _geometry(other) == _geometry(tensor):
                    self.bind(other, value)
                else:
                    # A view of what was overwritten: whoever reads it fails.
                    self.values.pop(id(other), None)
                    if depends:
                        self.problems.append(
                            f"{self.where}: {op} writes into a tensor that has views, which "
                            "cannot be followed; write it without in-place operators"
                        )


class _Paths:
    """Keeps the recorder's path while modules call each other."""

    def __init__(self, module: torch.nn.Module, recorder: Recorder) -> None:
        self.handles = []
        for path, child in module.named_modules():
            if path:
                self.handles += [
                    child.register_forward_pre_hook(self._push(path, recorder)),
                    child.register_forward_hook(self._pop(recorder), always_call=True),
                ]

    @staticmethod
    def _push(path: str, recorder: Recorder) -> Any:
        def push(_module: Any, _arguments: Any) -> None:
            recorder.path.append(path)

        return push

    @staticmethod
    def _pop(recorder: Recorder) -> Any:
        def pop(_module: Any, _arguments: Any, _result: Any) -> None:
            recorder.path.pop()

        return pop

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()


class _NamedInterpreter(torch.fx.Interpreter):
    """Runs a graph module and names its nodes after the modules that they come
    from, or else after themselves."""

    def __init__(self, module: torch.fx.GraphModule, recorder: Recorder) -> None:
        super().__init__(module, garbage_collect_values=True)
        self.recorder = recorder

    def _module_of(self, node: torch.fx.Node) -> str:
        """Inserted nodes, such as quantizers, belong to the module in front of them."""
        stack = list((node.meta.get("nn_module_stack") or {}).values())
        if stack:
            return str(stack[-1][0]).removeprefix("L['self'].")
        inputs = node.all_input_nodes
        return self._module_of(inputs[0]) if inputs else ""

    def run_node(self, n: torch.fx.Node) -> Any:
        self.recorder.path.append(self._module_of(n) or n.name)
        try:
            return super().run_node(n)
        finally:
            self.recorder.path.pop()


def _collect_outputs(result: Any) -> tuple[list[Tensor], list[str]]:
    """The tensors of a result and their names."""
    if isinstance(result, Tensor):
        return [result], ["output"]
    entries: list[tuple[str, Any]] = []
    if isinstance(result, dict):
        entries = [(str(key), item) for key, item in result.items()]
    elif isinstance(result, (tuple, list)):
        entries = [(f"output_{index}", item) for index, item in enumerate(result)]
    if not entries or not all(isinstance(item, Tensor) for _, item in entries):
        raise ExportError(
            [
                f"module: returns {type(result).__name__}, a tensor or a flat tuple, list or "
                "dictionary of tensors can be exported; wrap it in a module that returns these"
            ]
        )
    return [item for _, item in entries], [name for name, _ in entries]


def record(
    module: torch.nn.Module, inputs: Sequence[Tensor], input_names: Sequence[str]
) -> Recording:
    """Runs `module` on `inputs` and returns what it did.

    Raises ExportError with every step that cannot be followed.
    """
    names = {id(tensor): name for name, tensor in module.named_parameters()}
    names |= {id(tensor): name for name, tensor in module.named_buffers()}
    recorder = Recorder(names)
    arguments = [tensor.detach().clone() for tensor in inputs]
    values = []
    for tensor, name in zip(arguments, input_names):
        value = Value(tuple(tensor.shape), tensor.dtype, True, name)
        recorder.bind(tensor, value)
        values.append(value)
    # By identity: parameters are known before a view of them is met.
    for tensor in [*module.parameters(), *module.buffers()]:
        recorder.value_of(tensor)
    paths = _Paths(module, recorder)
    try:
        with torch.no_grad(), recorder:
            if isinstance(module, torch.fx.GraphModule):
                result = _NamedInterpreter(module, recorder).run(*arguments)
            else:
                result = module(*arguments)
    finally:
        paths.remove()
    tensors, output_names = _collect_outputs(result)
    outputs = [recorder.value_of(tensor) for tensor in tensors]
    for name, value in zip(output_names, outputs):
        if not value.depends:
            recorder.problems.append(
                f"{name}: does not depend on the inputs, an output must; return activations"
            )
    if recorder.problems:
        raise ExportError(list(dict.fromkeys(recorder.problems)))
    return Recording(recorder.nodes, values, outputs, output_names)


def replay(recording: Recording, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Evaluates what was recorded on other inputs, in the types of the run."""
    computed: dict[Value, Tensor] = dict(zip(recording.inputs, inputs))

    def get(value: Value) -> Tensor:
        if value in computed:
            return computed[value]
        assert value.tensor is not None
        return value.tensor

    nodes = [node for node in recording.nodes if node.depends]
    last: dict[Value, int] = {}
    for position, node in enumerate(nodes):
        for value in node.inputs():
            last[value] = position
    for value in recording.outputs:
        last[value] = len(nodes)
    with torch.no_grad():
        for position, node in enumerate(nodes):
            args, kwargs = tree_map_only(Value, get, (node.args, node.kwargs))
            result = node.op(*args, **kwargs)
            tensors = [t for t in tree_flatten(result)[0] if isinstance(t, Tensor)]
            computed |= dict(zip(node.outputs, tensors))
            for value in [*node.inputs(), *node.outputs]:
                if last.get(value, -1) <= position:
                    computed.pop(value, None)
    return [get(value) for value in recording.outputs]
