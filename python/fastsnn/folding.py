# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Constants of a recorded network, in float64.

A module that normalizes its weights computes means over millions of numbers; in
float32 that puts single weights on the wrong level. So constants are evaluated
again in float64. Where the two disagree by more than rounding, PyTorch's own level
stays, and the disagreement is counted.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_map_only

from fastsnn.recording import Node, Value

# Relative to the largest element of the tensor: above float32's rounding errors,
# far below the distance of two levels.
ROUNDING = 1e-5


def _widen(tensor: Tensor) -> Tensor:
    return tensor.double() if tensor.dtype == torch.float32 else tensor


def _widen_type(leaf: Any) -> Any:
    return torch.float64 if leaf is torch.float32 else leaf


def _evaluate(node: Node, args: Any, kwargs: Any) -> list[Tensor]:
    args, kwargs = tree_map_only(torch.dtype, _widen_type, (args, kwargs))
    try:
        result = node.op(*args, **kwargs)
    except (RuntimeError, AssertionError, NotImplementedError):
        # An operator for float32 alone; its inputs are rounded for it.
        def narrow(tensor: Tensor) -> Tensor:
            return tensor.float() if tensor.dtype == torch.float64 else tensor

        args, kwargs = tree_map_only(Tensor, narrow, (args, kwargs))
        args, kwargs = tree_map_only(
            torch.dtype, lambda d: torch.float32 if d is torch.float64 else d, (args, kwargs)
        )
        result = node.op(*args, **kwargs)
    return [_widen(t) for t in tree_flatten(result)[0] if isinstance(t, Tensor)]


@dataclass
class Folder:
    """Evaluates constants; `differing` counts, for each name, the elements whose
    float64 value was another level than PyTorch's float32 one."""

    differing: dict[str, int] = field(default_factory=dict)
    cache: dict[Value, Tensor] = field(default_factory=dict)

    def fold(self, value: Value, name: str = "") -> Tensor:
        """The constant `value`: float32 ones as float64, others as they are.

        ValueError if it depends on the inputs.
        """
        if value.depends:
            raise ValueError("not a constant")
        if value in self.cache:
            return self.cache[value]
        if value.node is None:
            assert value.tensor is not None
            return _widen(value.tensor.detach())
        wide = self._replay(value)
        if value.tensor is not None and value.tensor.dtype == torch.float32:
            wide = self._reconcile(wide, value.tensor.detach(), name)
        elif value.tensor is not None and not value.tensor.is_floating_point():
            wide = value.tensor
        if wide.numel() <= 4096:
            self.cache[value] = wide
        return wide

    def _reconcile(self, wide: Tensor, narrow: Tensor, name: str) -> Tensor:
        own = narrow.double()
        if wide.shape != own.shape:
            return own
        if not own.numel():
            return wide
        close = (wide - own).abs() <= ROUNDING * own.abs().max()
        close |= wide == own
        count = int(close.numel() - close.sum())
        if count:
            self.differing[name] = count
            wide = torch.where(close, wide, own)
        return wide

    def _replay(self, value: Value) -> Tensor:
        needed: set[Node] = set()
        stack = [value.node]
        while stack:
            node = stack.pop()
            if node is None or node in needed:
                continue
            needed.add(node)
            stack += [other.node for other in node.inputs()]
        order = sorted(needed, key=lambda node: node.order)
        last = {other: node.order for node in order for other in node.inputs()}
        computed: dict[Value, Tensor] = {}

        def get(other: Value) -> Tensor:
            if other in computed:
                return computed[other]
            assert other.tensor is not None
            return _widen(other.tensor.detach())

        with torch.no_grad():
            for node in order:
                args, kwargs = tree_map_only(Value, get, (node.args, node.kwargs))
                computed |= dict(zip(node.outputs, _evaluate(node, args, kwargs)))
                for other in node.inputs():
                    if other is not value and last[other] <= node.order:
                        computed.pop(other, None)
        return computed[value]
