//===- Program.h - A program with its constants read ------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_REFERENCE_PROGRAM_H
#define FASTSNN_LIB_REFERENCE_PROGRAM_H

#include "Stages.h"
#include "fastsnn/Reference/Encoder.h"
#include "fastsnn/Reference/NMCInterpreter.h"
#include "fastsnn/Reference/Pooling.h"

namespace fastsnn::reference {

/// One pool; which members are used depends on its kind.
struct ProgramPool {
  enum class Kind { Input, Neurons, Counts, Readout };

  std::string name;
  Shape shape;
  Kind kind = Kind::Input;
  /// Connections that end here, in the order of the program.
  llvm::SmallVector<unsigned, 2> incoming;

  // Input.
  unsigned inputNumber = 0;
  Encoder encoder;
  bool bitPlanes = false;

  // Neurons.
  bool settled = false;
  int64_t lo = 0, hi = 0;
  Coefficients<int64_t> bias, theta, start, epsilon;
  int64_t biasesNotZero = 0; // neurons with one
  int64_t membraneMin = 0, membraneMax = 0;

  // Counts.
  PoolingGeometry geometry;
  llvm::SmallVector<bool> minimum;

  // Readout.
  Coefficients<double> offset;

  int64_t size() const { return numElements(shape); }
};

struct ProgramConnection {
  std::string name;
  unsigned source = 0, target = 0;
  StageChain stages;
  int64_t shift = 0;
  Coefficients<double> gain; // into a readout
};

enum class MicroOp {
  Inject,
  Drain,
  Barrier,
  AddCurrent,
  AddBias,
  CompareUp,
  CompareUpEven,
  SubTheta,
  CountUp,
  EmitUp,
  CompareDown,
  CompareDownEven,
  AddTheta,
  CountDown,
  EmitDown,
  MaxCount,
  Read
};

struct MicroInstruction {
  MicroOp op = MicroOp::Barrier;
  /// A connection (Inject, Drain) or a pool.
  unsigned operand = 0;
};

struct NMCModel::Impl {
  int64_t timeSteps = 1;
  std::vector<ProgramPool> pools;
  std::vector<ProgramConnection> connections;
  std::vector<MicroInstruction> prologue, step, epilogue;
  std::vector<ValueInfo> inputs, outputs, layers;
};

} // namespace fastsnn::reference

#endif // FASTSNN_LIB_REFERENCE_PROGRAM_H
