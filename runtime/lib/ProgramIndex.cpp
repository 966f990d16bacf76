//===- ProgramIndex.cpp - Look-ups that engines share ---------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramIndex.h"

#include "fastsnn-rt/Opcodes.h"

#include <algorithm>
#include <numeric>

using namespace fastsnn::rt;

int fastsnn::rt::bitPlanes(const InputPool &input) {
  int64_t largest = std::max(std::abs(input.lo), std::abs(input.hi));
  int bits = 0;
  while (largest >> bits)
    ++bits;
  return bits;
}

/// How often a dense evaluation adds the synapses of `source` for one image.
static int64_t denseRepetitions(const Program &program, const Pool &source) {
  const auto *input = std::get_if<InputPool>(&source.unit);
  if (!input)
    return program.timeSteps;
  return input->encoding == InputEncoding::BitPlane ? bitPlanes(*input) : 1;
}

/// The additions of a neuron pool that do not depend on spikes.
static int64_t constantNeuronAdditions(const Program &program, const Pool &pool,
                                       bool hasCurrent) {
  const auto *unit = std::get_if<NeuronPool>(&pool.unit);
  if (!unit)
    return 0;
  int64_t elements = numElements(pool.shape);
  int64_t constants = hasCurrent ? elements : 0;
  if (!unit->bias.empty()) {
    auto nonZero = static_cast<int64_t>(unit->bias.size()) -
                   std::count(unit->bias.begin(), unit->bias.end(), 0);
    constants += nonZero * (elements / static_cast<int64_t>(unit->bias.size()));
  }
  return unit->settled ? constants : constants * program.timeSteps;
}

ProgramIndex::ProgramIndex(const Program &program)
    : drains(program.pools.size()), injections(program.pools.size()),
      isSigned(program.pools.size()), tiesToEven(program.pools.size()),
      perImage(program.pools.size()) {
  for (size_t c = 0; c < program.connections.size(); ++c) {
    const Connection &connection = program.connections[c];
    const Pool &source = program.pools[connection.source];
    bool constant = std::holds_alternative<InputPool>(source.unit);
    (constant ? injections : drains)[connection.target].push_back(
        static_cast<int32_t>(c));
    hostSynapses.emplace_back();
    if (constant &&
        std::get<InputPool>(source.unit).encoding == InputEncoding::Current)
      hostSynapses.back() =
          eventSynapses(program, connection, SynapseKind::Effective);
    // A count pool has no synapses.
    if (std::holds_alternative<CountPool>(
            program.pools[connection.target].unit))
      continue;
    std::vector<int64_t> dense =
        eventSynapses(program, connection, SynapseKind::All);
    perImage[connection.target].synapticOperationsDense +=
        std::accumulate(dense.begin(), dense.end(), int64_t(0)) *
        denseRepetitions(program, source);
  }
  for (const Instruction &instruction : program.step)
    switch (static_cast<Opcode>(instruction.opcode)) {
    case Opcode::CompareDownEven:
      tiesToEven[instruction.operand] = isSigned[instruction.operand] = true;
      break;
    case Opcode::CompareDown:
      isSigned[instruction.operand] = true;
      break;
    case Opcode::CompareUpEven:
      tiesToEven[instruction.operand] = true;
      break;
    default:
      break;
    }
  for (size_t p = 0; p < program.pools.size(); ++p) {
    const Pool &pool = program.pools[p];
    if (std::holds_alternative<InputPool>(pool.unit))
      inputs.push_back(static_cast<int32_t>(p));
    if (std::holds_alternative<ReadoutPool>(pool.unit))
      readouts.push_back(static_cast<int32_t>(p));
    perImage[p].neuronAdditions =
        constantNeuronAdditions(program, pool, !injections[p].empty());
  }
}
