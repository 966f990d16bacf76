//===- KernelDispatch.cpp - Choice of an instruction set ------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"
#include "fastsnn-rt/Executor.h"

#include <cstring>

using namespace fastsnn::rt;
using namespace fastsnn::rt::event;

namespace {

struct Candidate {
  const KernelTable *kernels;
  bool available;
};

/// Best first.
std::vector<Candidate> candidates() {
  std::vector<Candidate> list;
#ifdef FASTSNN_RT_X86_KERNELS
  __builtin_cpu_init();
  list.push_back({&avx512Kernels, __builtin_cpu_supports("avx512f") &&
                                      __builtin_cpu_supports("avx512bw") &&
                                      __builtin_cpu_supports("avx512dq") &&
                                      __builtin_cpu_supports("avx512vl") &&
                                      __builtin_cpu_supports("bmi2")});
  list.push_back({&avx2Kernels, __builtin_cpu_supports("avx2") &&
                                    __builtin_cpu_supports("bmi2")});
#endif
  list.push_back({&genericKernels, true});
  return list;
}

} // namespace

const KernelTable *event::findKernels(const char *name) {
  for (const Candidate &candidate : candidates())
    if (candidate.available &&
        (*name == '\0' || std::strcmp(name, candidate.kernels->name) == 0))
      return candidate.kernels;
  return nullptr;
}

std::vector<std::string> fastsnn::rt::availableInstructionSets() {
  std::vector<std::string> names;
  for (const Candidate &candidate : candidates())
    if (candidate.available)
      names.emplace_back(candidate.kernels->name);
  return names;
}
