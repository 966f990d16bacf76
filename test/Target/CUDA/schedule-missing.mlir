// RUN: not fastsnn-opt %s --nmc-schedule-cuda 2>&1 | FileCheck %s

// CHECK: error: needs exactly one nmc.program, the module has 0; compile the network down to level nmc
module {
}
