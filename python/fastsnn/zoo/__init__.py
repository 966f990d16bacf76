# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The networks of the Fast-SNN paper (arXiv 2305.19868), from their description.

`create("resnet20", bits=2)` makes one; `NETWORKS` lists them. `calibrate` gives
random weights batch norms and clips under which it spikes; `fastsnn.zoo.train` trains
them on CIFAR-10.
"""

from fastsnn.zoo.calibration import calibrate, randomize
from fastsnn.zoo.layers import (
    ActivationQuantizer,
    QuantizedConv2d,
    QuantizedLinear,
    WeightQuantizer,
    set_bits,
)
from fastsnn.zoo.networks import NETWORKS, Network, create

__all__ = [
    "ActivationQuantizer",
    "NETWORKS",
    "Network",
    "QuantizedConv2d",
    "QuantizedLinear",
    "WeightQuantizer",
    "calibrate",
    "create",
    "randomize",
    "set_bits",
]
