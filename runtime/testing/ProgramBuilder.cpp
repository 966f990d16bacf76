//===- ProgramBuilder.cpp - Programs for tests and benchmarks -------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramBuilder.h"

#include "fastsnn-rt/Opcodes.h"
#include "fastsnn-rt/Validate.h"

#include <algorithm>

using namespace fastsnn::rt;
using namespace fastsnn::rt::testing;

int32_t ProgramBuilder::addInput(const std::string &name, Shape shape,
                                 InputPool unit) {
  program.pools.push_back({name, std::move(shape), std::move(unit)});
  return static_cast<int32_t>(program.pools.size()) - 1;
}

int32_t ProgramBuilder::addNeurons(const std::string &name, Shape shape,
                                   NeuronPool unit, bool isSigned,
                                   bool tiesToEven) {
  program.pools.push_back({name, std::move(shape), std::move(unit)});
  auto p = static_cast<int32_t>(program.pools.size()) - 1;
  if (!isSigned)
    unsignedPools.insert(p);
  if (tiesToEven)
    evenPools.insert(p);
  return p;
}

int32_t ProgramBuilder::addCounts(const std::string &name, CountPool unit) {
  const Window2D &w = unit.window;
  program.pools.push_back(
      {name, {w.channels, w.outHeight, w.outWidth}, std::move(unit)});
  return static_cast<int32_t>(program.pools.size()) - 1;
}

int32_t ProgramBuilder::addReadout(const std::string &name, Shape shape,
                                   std::vector<double> offset) {
  program.pools.push_back(
      {name, std::move(shape), ReadoutPool{std::move(offset)}});
  return static_cast<int32_t>(program.pools.size()) - 1;
}

int32_t ProgramBuilder::addWeights(const std::string &name, int64_t planes,
                                   int64_t rows, int64_t columns,
                                   std::vector<int64_t> values) {
  Weights table;
  table.name = name;
  table.planes = planes;
  table.rows = rows;
  table.columns = columns;
  for (int64_t value : values)
    while (value >= int64_t(1) << (table.bits - 1) ||
           value < -(int64_t(1) << (table.bits - 1)))
      table.bits *= 2;
  table.values = values;
  program.weights.push_back(std::move(table));
  return static_cast<int32_t>(program.weights.size()) - 1;
}

int32_t ProgramBuilder::connect(int32_t source, int32_t target,
                                std::vector<Stage> stages, uint8_t shift,
                                std::vector<double> gain) {
  program.connections.push_back(
      {source, target, std::move(stages), shift, std::move(gain)});
  return static_cast<int32_t>(program.connections.size()) - 1;
}

void ProgramBuilder::writeCode() {
  auto emit = [](std::vector<Instruction> &list, Opcode opcode,
                 int32_t operand = -1) {
    list.push_back({static_cast<uint16_t>(opcode), operand});
  };
  program.prologue.clear();
  program.step.clear();
  program.epilogue.clear();
  for (size_t i = 0; i < program.pools.size(); ++i) {
    auto p = static_cast<int32_t>(i);
    const auto &unit = program.pools[i].unit;
    bool hasCurrent = false;
    for (size_t c = 0; c < program.connections.size(); ++c) {
      const Connection &connection = program.connections[c];
      if (connection.target != p)
        continue;
      bool constant = std::holds_alternative<InputPool>(
          program.pools[connection.source].unit);
      hasCurrent |= constant;
      if (constant)
        emit(program.prologue, Opcode::Inject, static_cast<int32_t>(c));
      else
        emit(program.step, Opcode::Drain, static_cast<int32_t>(c));
    }
    if (std::holds_alternative<InputPool>(unit))
      continue;
    if (std::holds_alternative<ReadoutPool>(unit)) {
      if (hasCurrent)
        emit(program.step, Opcode::AddCurrent, p);
      emit(program.epilogue, Opcode::Read, p);
      continue;
    }
    emit(program.step, Opcode::Barrier);
    if (std::holds_alternative<CountPool>(unit)) {
      emit(program.step, Opcode::MaxCount, p);
      continue;
    }
    const auto &neurons = std::get<NeuronPool>(unit);
    std::vector<Instruction> &constants =
        neurons.settled ? program.prologue : program.step;
    if (hasCurrent && neurons.settled)
      emit(constants, Opcode::Barrier);
    if (hasCurrent)
      emit(constants, Opcode::AddCurrent, p);
    if (!neurons.bias.empty())
      emit(constants, Opcode::AddBias, p);
    bool even = evenPools.count(p);
    for (Opcode opcode : {even ? Opcode::CompareUpEven : Opcode::CompareUp,
                          Opcode::SubTheta, Opcode::CountUp, Opcode::EmitUp})
      emit(program.step, opcode, p);
    if (unsignedPools.count(p))
      continue;
    for (Opcode opcode :
         {even ? Opcode::CompareDownEven : Opcode::CompareDown,
          Opcode::AddTheta, Opcode::CountDown, Opcode::EmitDown})
      emit(program.step, opcode, p);
  }
}

Result<Program> ProgramBuilder::finish() {
  writeCode();
  Core core;
  for (size_t p = 0; p < program.pools.size(); ++p)
    core.pools.push_back(static_cast<int32_t>(p));
  program.cores = {core};
  program.provenance = "{\"builder\":\"test\"}";
  for (uint8_t bits : {32, 64}) {
    // Pool by pool would be tighter; tests want both widths at all.
    for (Pool &pool : program.pools)
      if (auto *unit = std::get_if<NeuronPool>(&pool.unit))
        unit->stateBits = bits;
    Status status = recordMembraneRanges(program);
    if (status.ok())
      return program;
    if (bits == 64)
      return status;
  }
  return program;
}

InputPool testing::pixelInput() {
  InputPool unit;
  unit.hi = 255;
  return unit;
}

NeuronPool testing::simpleNeurons(int32_t lo, int32_t hi, int64_t theta) {
  NeuronPool unit;
  unit.lo = lo;
  unit.hi = hi;
  unit.theta = {theta};
  unit.start = {theta / 2};
  unit.epsilon = {1};
  return unit;
}

Window2D testing::squareWindow(int64_t channels, int64_t height, int64_t width,
                               int64_t kernel, int64_t stride, int64_t pad) {
  Window2D w;
  w.channels = channels;
  w.height = height;
  w.width = width;
  w.kernelH = w.kernelW = kernel;
  w.strideH = w.strideW = stride;
  w.padTop = w.padLeft = pad;
  w.outHeight = (height + 2 * pad - kernel) / stride + 1;
  w.outWidth = (width + 2 * pad - kernel) / stride + 1;
  return w;
}
