//===- ProgramBuilder.h - Programs for tests and benchmarks -----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Not installed. Builds programs by hand, with the code, the core and the
// membrane ranges that a compiler would give them.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_TESTING_PROGRAMBUILDER_H
#define FASTSNN_RT_TESTING_PROGRAMBUILDER_H

#include "fastsnn-rt/Program.h"
#include "fastsnn-rt/Status.h"

#include <random>
#include <set>

namespace fastsnn::rt::testing {

/// What a random program may hold.
struct RandomOptions {
  uint64_t seed = 0;
  /// Neuron or count pools between inputs and readouts.
  int layers = 5;
  InputKind inputKind = InputKind::Integer;
  InputEncoding encoding = InputEncoding::BitPlane;
  /// Most neuron pools are settled, half of these with ties to even.
  bool settled = false;
  /// 0: 2 to 6, from the seed.
  int32_t timeSteps = 0;
};

class ProgramBuilder {
public:
  explicit ProgramBuilder(const std::string &name, int32_t timeSteps) {
    program.name = name;
    program.timeSteps = timeSteps;
  }

  /// All return the index of what they added.
  int32_t addInput(const std::string &name, Shape shape, InputPool unit);
  int32_t addNeurons(const std::string &name, Shape shape, NeuronPool unit,
                     bool isSigned = true, bool tiesToEven = false);
  int32_t addCounts(const std::string &name, CountPool unit);
  int32_t addReadout(const std::string &name, Shape shape,
                     std::vector<double> offset = {0.0});
  int32_t addWeights(const std::string &name, int64_t planes, int64_t rows,
                     int64_t columns, std::vector<int64_t> values);
  int32_t connect(int32_t source, int32_t target, std::vector<Stage> stages,
                  uint8_t shift = 0, std::vector<double> gain = {});

  /// Code, core and membrane ranges; chooses 32 bits of state where they are
  /// enough. The errors are those of validate().
  Result<Program> finish();

  Program program;

private:
  void writeCode();

  std::set<int32_t> unsignedPools, evenPools;
};

/// An 8-bit input in bit planes.
InputPool pixelInput();

/// A neuron pool with one theta, V0 = theta / 2 and no bias.
NeuronPool simpleNeurons(int32_t lo, int32_t hi, int64_t theta);

/// A window of a square kernel; the output size follows.
Window2D squareWindow(int64_t channels, int64_t height, int64_t width,
                      int64_t kernel, int64_t stride, int64_t pad);

/// A random valid program with every kind of stage and pool.
Program randomProgram(const RandomOptions &options);

} // namespace fastsnn::rt::testing

#endif // FASTSNN_RT_TESTING_PROGRAMBUILDER_H
