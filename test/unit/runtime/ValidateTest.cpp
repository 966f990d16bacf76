//===- ValidateTest.cpp - Every reason to refuse a program ----------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Validate.h"
#include "ProgramBuilder.h"
#include "fastsnn-rt/Opcodes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

using namespace fastsnn::rt;
using namespace fastsnn::rt::testing;

namespace {

// Pools of the program below.
constexpr int32_t X = 0, Conv = 1, Max = 2, Dense = 3, Y = 4;
// Its connections.
constexpr int32_t XToConv = 0, ConvToMax = 1, MaxToDense = 2, ConvToDense = 3,
                  DenseToY = 4;

/// Input, convolution, maximum, a dense layer with a skip, readout.
Program validProgram() {
  ProgramBuilder builder("valid", 3);
  builder.addInput("x", {1, 4, 4}, pixelInput());
  NeuronPool unit = simpleNeurons(0, 3, 500);
  unit.bias = {7, -7};
  builder.addNeurons("conv", {2, 4, 4}, unit);
  Conv2DStage conv;
  conv.window = squareWindow(1, 4, 4, 3, 1, 1);
  conv.outChannels = 2;
  conv.weights = builder.addWeights(
      "w", 1, 9, 2, {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, -9});
  builder.connect(X, Conv, {conv});
  CountPool pool;
  pool.window = squareWindow(2, 4, 4, 2, 2, 0);
  pool.hi = 3;
  builder.addCounts("max", pool);
  RemapStage identity{{2, 4, 4}, {16, 4, 1}, 0, 32};
  builder.connect(Conv, Max, {identity});
  builder.addNeurons("dense", {3}, simpleNeurons(-2, 3, 20));
  SumWindowStage sum;
  sum.window = squareWindow(2, 2, 2, 2, 1, 0);
  DenseStage dense{2, 3,
                   builder.addWeights("v", 1, 2, 3, {1, -1, 2, 3, -3, 1})};
  builder.connect(Max, Dense, {sum, dense}, 2);
  DenseStage skip{
      32, 3, builder.addWeights("s", 1, 32, 3, std::vector<int64_t>(96, 1))};
  builder.connect(Conv, Dense, {skip});
  builder.addReadout("y", {3});
  DiagonalStage diagonal;
  diagonal.size = diagonal.channels = 3;
  diagonal.weights = builder.addWeights("d", 1, 1, 3, {1, 1, 1});
  builder.connect(Dense, Y, {diagonal}, 0, {0.5});
  Result<Program> program = builder.finish();
  EXPECT_TRUE(program.ok()) << program.status().str();
  return program.take();
}

/// Validates the program after `change`; expects an error of `code` whose
/// message holds all of `parts`.
void expectError(ErrorCode code, const std::vector<std::string> &parts,
                 const std::function<void(Program &)> &change) {
  Program program = validProgram();
  change(program);
  Status status = validate(program);
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(status.has(code)) << status.str();
  for (const Diagnostic &diagnostic : status.diagnostics()) {
    bool all = diagnostic.code == code;
    for (const std::string &part : parts)
      all &= diagnostic.message.find(part) != std::string::npos;
    // What is wrong and what to do, apart from each other.
    EXPECT_NE(diagnostic.message.find(": "), std::string::npos);
    EXPECT_NE(diagnostic.message.find("; "), std::string::npos)
        << diagnostic.message;
    if (all)
      return;
  }
  ADD_FAILURE() << "no such message in\n" << status.str();
}

template <typename Unit> Unit &unit(Program &program, int32_t pool) {
  return std::get<Unit>(program.pools[pool].unit);
}
template <typename S> S &stage(Program &program, int32_t connection, size_t i) {
  return std::get<S>(program.connections[connection].stages[i]);
}

void replaceOp(Program &program, Opcode from, Opcode to) {
  for (Instruction &instruction : program.step)
    if (instruction.opcode == static_cast<uint16_t>(from)) {
      instruction.opcode = static_cast<uint16_t>(to);
      return;
    }
}

/// The position of `opcode` with `operand` in the step.
size_t find(const Program &program, Opcode opcode, int32_t operand) {
  for (size_t i = 0; i < program.step.size(); ++i)
    if (program.step[i].opcode == static_cast<uint16_t>(opcode) &&
        program.step[i].operand == operand)
      return i;
  ADD_FAILURE();
  return 0;
}

void erase(Program &program, Opcode opcode, int32_t operand) {
  program.step.erase(program.step.begin() +
                     static_cast<int64_t>(find(program, opcode, operand)));
}

TEST(Validate, AcceptsAValidProgram) {
  Status status = validate(validProgram());
  EXPECT_TRUE(status.ok()) << status.str();
}

TEST(Validate, ReportsAllErrorsInOneRun) {
  Program program = validProgram();
  program.timeSteps = 0;
  unit<NeuronPool>(program, Conv).theta = {0};
  unit<NeuronPool>(program, Dense).epsilon = {0};
  program.cores.clear();
  erase(program, Opcode::SubTheta, Conv);
  Status status = validate(program);
  EXPECT_TRUE(status.has(ErrorCode::BadTimeSteps));
  EXPECT_TRUE(status.has(ErrorCode::BadConstants));
  EXPECT_TRUE(status.has(ErrorCode::BadCores));
  EXPECT_TRUE(status.has(ErrorCode::BadCode));
  EXPECT_GE(status.diagnostics().size(), 9u); // five pools without a core
}

TEST(Validate, TimeSteps) {
  for (int32_t steps : {0, -1, 65536})
    expectError(ErrorCode::BadTimeSteps, {std::to_string(steps)},
                [&](Program &p) { p.timeSteps = steps; });
}

TEST(Validate, Weights) {
  expectError(ErrorCode::BadWeights, {"'w'", "12 bits"},
              [](Program &p) { p.weights[0].bits = 12; });
  expectError(ErrorCode::BadWeights, {"'w'", "1 x 9 x 2", "17"},
              [](Program &p) { p.weights[0].values.resize(17); });
  expectError(ErrorCode::BadWeights, {"'w'", "400 does not fit 8"},
              [](Program &p) { p.weights[0].values.set(3, 400); });
  expectError(ErrorCode::BadWeights, {"announced"},
              [](Program &p) { p.weights[0].planes = INT64_MAX; });
}

TEST(Validate, NamesAndShapes) {
  expectError(ErrorCode::BadName, {"'x'"},
              [](Program &p) { p.pools[Conv].name = "x"; });
  expectError(ErrorCode::BadName, {"empty"},
              [](Program &p) { p.pools[Conv].name = ""; });
  expectError(ErrorCode::BadShape, {"'conv'"}, [](Program &p) {
    p.pools[Conv].shape = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  });
  expectError(ErrorCode::BadShape, {"'conv'"},
              [](Program &p) { p.pools[Conv].shape = {2, 0, 4}; });
  expectError(ErrorCode::TooLarge, {"'conv'", "8589934592"},
              [](Program &p) { p.pools[Conv].shape = {2, 65536, 65536}; });
}

TEST(Validate, Inputs) {
  expectError(ErrorCode::BadRange, {"'x'", "[5, 3]"}, [](Program &p) {
    unit<InputPool>(p, X).lo = 5;
    unit<InputPool>(p, X).hi = 3;
  });
  expectError(ErrorCode::BadRange, {"31 bits"},
              [](Program &p) { unit<InputPool>(p, X).hi = int64_t(1) << 31; });
  // Also where the range has no meaning: code may still look at it.
  expectError(ErrorCode::BadRange, {"31 bits"}, [](Program &p) {
    auto &input = unit<InputPool>(p, X);
    input.kind = InputKind::Real;
    input.encoding = InputEncoding::Current;
    input.bound = 1;
    input.lo = INT64_MIN;
  });
  expectError(ErrorCode::BadConstants, {"scale"}, [](Program &p) {
    unit<InputPool>(p, X).kind = InputKind::Quantized;
  });
  expectError(ErrorCode::BadConstants, {"above 0"}, [](Program &p) {
    unit<InputPool>(p, X).kind = InputKind::Quantized;
    unit<InputPool>(p, X).scale = {-1};
  });
  expectError(ErrorCode::BadConstants, {"only quantized"},
              [](Program &p) { unit<InputPool>(p, X).scale = {1}; });
  expectError(ErrorCode::BadRange, {"no bit planes"}, [](Program &p) {
    unit<InputPool>(p, X).kind = InputKind::Real;
    unit<InputPool>(p, X).bound = 1;
  });
  expectError(ErrorCode::BadConstants, {"bound"}, [](Program &p) {
    unit<InputPool>(p, X).kind = InputKind::Real;
    unit<InputPool>(p, X).bound = NAN;
  });
  expectError(ErrorCode::UnknownKind, {"kind 9"}, [](Program &p) {
    unit<InputPool>(p, X).kind = static_cast<InputKind>(9);
  });
}

TEST(Validate, InputTablesAndAffineSteps) {
  expectError(ErrorCode::BadConstants, {"table of 255"},
              [](Program &p) { unit<InputPool>(p, X).table.assign(255, 0); });
  expectError(ErrorCode::BadConstants, {"table value 256", "[0, 255]"},
              [](Program &p) { unit<InputPool>(p, X).table.assign(256, 256); });
  expectError(ErrorCode::BadConstants, {"only an integer input"},
              [](Program &p) {
                auto &input = unit<InputPool>(p, X);
                input.kind = InputKind::Quantized;
                input.scale = {1};
                input.table.assign(256, 0);
              });
  expectError(ErrorCode::BadConstants, {"pre_offset"}, [](Program &p) {
    auto &input = unit<InputPool>(p, X);
    input.kind = InputKind::Quantized;
    input.scale = input.preScale = {1};
  });
  expectError(ErrorCode::BadConstants, {"pre_scale", "finite"}, [](Program &p) {
    auto &input = unit<InputPool>(p, X);
    input.kind = InputKind::Quantized;
    input.scale = input.preOffset = {1};
    input.preScale = {INFINITY};
  });
  expectError(ErrorCode::BadConstants, {"only quantized"},
              [](Program &p) { unit<InputPool>(p, X).preScale = {1}; });
}

TEST(Validate, NeuronConstants) {
  expectError(ErrorCode::BadRange, {"16 bits of state"},
              [](Program &p) { unit<NeuronPool>(p, Conv).stateBits = 16; });
  expectError(ErrorCode::BadRange, {"must hold 0"},
              [](Program &p) { unit<NeuronPool>(p, Conv).lo = 1; });
  expectError(ErrorCode::BadConstants, {"3 values of theta", "1 or 2"},
              [](Program &p) { unit<NeuronPool>(p, Conv).theta = {1, 2, 3}; });
  expectError(ErrorCode::BadConstants, {"theta of 0"},
              [](Program &p) { unit<NeuronPool>(p, Conv).theta = {0}; });
  expectError(ErrorCode::BadConstants, {"theta of 2147483648"}, [](Program &p) {
    unit<NeuronPool>(p, Conv).theta = {int64_t(1) << 31};
  });
  expectError(ErrorCode::BadConstants, {"epsilon of 0"},
              [](Program &p) { unit<NeuronPool>(p, Conv).epsilon = {0}; });
  expectError(ErrorCode::BadConstants, {"0 values of start"},
              [](Program &p) { unit<NeuronPool>(p, Conv).start = {}; });
  expectError(
      ErrorCode::BadConstants, {"5 values of bias", "1 or 2 or 32"},
      [](Program &p) { unit<NeuronPool>(p, Conv).bias = {1, 2, 3, 4, 5}; });
}

TEST(Validate, CountPools) {
  expectError(ErrorCode::BadWindow, {"'max'", "shape"},
              [](Program &p) { p.pools[Max].shape = {2, 2, 1}; });
  expectError(ErrorCode::BadWindow, {"padding only"},
              [](Program &p) { unit<CountPool>(p, Max).window.padTop = 2; });
  expectError(ErrorCode::BadWindow, {"extent of 0"},
              [](Program &p) { unit<CountPool>(p, Max).window.strideW = 0; });
  expectError(ErrorCode::BadConstants, {"minimum flags"}, [](Program &p) {
    unit<CountPool>(p, Max).minimumOfChannel = {1};
  });
  expectError(ErrorCode::BadConstants, {"minimum flag of 2"}, [](Program &p) {
    unit<CountPool>(p, Max).minimumOfChannel = {1, 2};
  });
  expectError(ErrorCode::BadRange, {"'conv' -> 'max'", "[0, 3]", "[0, 2]"},
              [](Program &p) { unit<CountPool>(p, Max).hi = 2; });
  expectError(ErrorCode::OverlappingCounts, {"fed by two"}, [](Program &p) {
    p.connections.push_back(p.connections[ConvToMax]);
  });
  expectError(ErrorCode::BadConnection, {"sum of events"}, [](Program &p) {
    SumWindowStage sum;
    sum.window = squareWindow(2, 4, 4, 1, 1, 0);
    p.connections[ConvToMax].stages.push_back(sum);
  });
}

TEST(Validate, WorkOfAllConnections) {
  // Each connection is legal alone.
  expectError(ErrorCode::TooLarge, {"in all pools"}, [](Program &p) {
    for (int i = 0; i < 20; ++i)
      p.pools.push_back(
          {"n" + std::to_string(i), {1 << 26}, simpleNeurons(0, 1, 1)});
  });
  expectError(ErrorCode::TooLarge, {"indices and window pairs"},
              [](Program &p) {
                p.pools[Conv].shape = {1, 8192, 8192};
                unit<NeuronPool>(p, Conv).bias = {7};
                SumWindowStage sum;
                sum.window = squareWindow(1, 8192, 8192, 4, 1, 0);
                for (int i = 0; i < 17; ++i)
                  p.connections.push_back({Conv, Dense, {sum}, 0, {}});
              });
}

TEST(Validate, WindowLimits) {
  expectError(ErrorCode::BadWindow, {"padding of"}, [](Program &p) {
    stage<Conv2DStage>(p, XToConv, 0).window.padLeft = INT64_MIN;
  });
  expectError(ErrorCode::TooLarge, {"elements"}, [](Program &p) {
    Window2D &w = stage<SumWindowStage>(p, MaxToDense, 0).window;
    w.outHeight = w.outWidth = int64_t(1) << 26;
  });
  expectError(ErrorCode::TooLarge, {"pairs"}, [](Program &p) {
    Window2D &w = stage<SumWindowStage>(p, MaxToDense, 0).window;
    w.channels = 1;
    w.height = w.width = w.outHeight = w.outWidth = 8192;
    w.kernelH = w.kernelW = 8192;
  });
}

/// A gather that keeps all of [2, 4, 4] as it is, along its rows.
GatherStage rows() { return {2, 4, 4, {0, 1, 2, 3}}; }

TEST(Validate, Gathers) {
  auto replaceBy = [](GatherStage gather) {
    return [gather](Program &p) { p.connections[ConvToMax].stages = {gather}; };
  };
  Program program = validProgram();
  replaceBy(rows())(program);
  EXPECT_TRUE(validate(program).ok()) << validate(program).str();
  // Rows may be exchanged, repeated and left out.
  GatherStage other = rows();
  other.indices = {3, 3, -1, 0};
  replaceBy(other)(program);
  EXPECT_TRUE(validate(program).ok()) << validate(program).str();

  GatherStage gather = rows();
  gather.indices[1] = 4;
  expectError(ErrorCode::IndexOutOfRange, {"takes element 4", "has 4"},
              replaceBy(gather));
  gather.indices[1] = -2;
  expectError(ErrorCode::IndexOutOfRange, {"takes element -2"},
              replaceBy(gather));
  for (int64_t GatherStage::*member :
       {&GatherStage::outer, &GatherStage::extent, &GatherStage::inner})
    for (int64_t wrong : {int64_t(0), int64_t(-4), INT64_MAX}) {
      gather = rows();
      gather.*member = wrong;
      expectError(ErrorCode::BadStage, {"a gather stage's extents"},
                  replaceBy(gather));
    }
  gather = rows();
  gather.indices.clear();
  expectError(ErrorCode::BadStage, {"a gather stage's extents"},
              replaceBy(gather));
  // Sizes must meet those in front and behind.
  gather = rows();
  gather.indices.push_back(0);
  expectError(ErrorCode::BadStage, {"40"}, replaceBy(gather));
  gather = rows();
  gather.outer = 3;
  expectError(ErrorCode::BadStage, {"48"}, replaceBy(gather));
}

TEST(Validate, Readouts) {
  expectError(ErrorCode::BadConstants, {"offset"},
              [](Program &p) { unit<ReadoutPool>(p, Y).offset = {1, 2}; });
  expectError(ErrorCode::BadConstants, {"finite"},
              [](Program &p) { unit<ReadoutPool>(p, Y).offset = {INFINITY}; });
  expectError(ErrorCode::BadConstants, {"values of gain"},
              [](Program &p) { p.connections[DenseToY].gain = {}; });
  expectError(ErrorCode::BadConstants, {"gain is not finite"},
              [](Program &p) { p.connections[DenseToY].gain = {NAN}; });
  expectError(ErrorCode::BadConstants, {"only connections into a readout"},
              [](Program &p) { p.connections[ConvToDense].gain = {1}; });
  expectError(ErrorCode::BadConnection, {"no readout"},
              [](Program &p) { p.pools[Y].unit = simpleNeurons(0, 1, 1); });
}

TEST(Validate, Indices) {
  expectError(ErrorCode::IndexOutOfRange, {"pool 17"},
              [](Program &p) { p.connections[ConvToMax].target = 17; });
  expectError(ErrorCode::IndexOutOfRange, {"pool -1"},
              [](Program &p) { p.connections[ConvToMax].source = -1; });
  expectError(ErrorCode::IndexOutOfRange, {"weight table 40"}, [](Program &p) {
    stage<Conv2DStage>(p, XToConv, 0).weights = 40;
  });
  expectError(ErrorCode::IndexOutOfRange, {"weight plane 1"}, [](Program &p) {
    stage<SumWindowStage>(p, MaxToDense, 0).planeOfOutput = {1};
  });
  expectError(ErrorCode::IndexOutOfRange, {"weight plane -1"}, [](Program &p) {
    stage<SumWindowStage>(p, MaxToDense, 0).planeOfOutput = {-1};
  });
  expectError(
      ErrorCode::IndexOutOfRange, {"sends index 31 to 32"},
      [](Program &p) { stage<RemapStage>(p, ConvToMax, 0).offset = 1; });
  expectError(ErrorCode::IndexOutOfRange, {"core 0: pool 5"},
              [](Program &p) { p.cores[0].pools.push_back(5); });
  expectError(ErrorCode::IndexOutOfRange, {"step[0]", "operand 70"},
              [](Program &p) { p.step[0].operand = 70; });
  expectError(
      ErrorCode::IndexOutOfRange, {"barrier", "takes none"},
      [](Program &p) { p.step[find(p, Opcode::Barrier, -1)].operand = 0; });
}

TEST(Validate, Connections) {
  expectError(ErrorCode::NotTopological, {"'dense' -> 'conv'"}, [](Program &p) {
    std::swap(p.connections[ConvToDense].source,
              p.connections[ConvToDense].target);
  });
  expectError(ErrorCode::BadConnection, {"input is no target"}, [](Program &p) {
    p.pools.push_back({"z", {3}, pixelInput()});
    p.connections[DenseToY].target = 5;
  });
  expectError(ErrorCode::BadConnection, {"no events to count"},
              [](Program &p) { p.connections[ConvToMax].source = X; });
  expectError(
      ErrorCode::BadConnection, {"readout is no source"}, [](Program &p) {
        p.pools.push_back({"z", {3}, simpleNeurons(0, 1, 1)});
        p.connections.push_back({Y, 5, p.connections[DenseToY].stages, 0, {}});
      });
  expectError(ErrorCode::BadConnection, {"real input"}, [](Program &p) {
    auto &input = unit<InputPool>(p, X);
    input.kind = InputKind::Real;
    input.encoding = InputEncoding::Current;
    input.bound = 1;
    DenseStage dense{16, 3, 0};
    p.connections.push_back({X, Y, {dense}, 0, {1.0}});
  });
  expectError(ErrorCode::BadRange, {"shift of 63"},
              [](Program &p) { p.connections[MaxToDense].shift = 63; });
  expectError(ErrorCode::BadRange, {"shift of 1"},
              [](Program &p) { p.connections[DenseToY].shift = 1; });
  expectError(ErrorCode::BadRange, {"shift of 1"},
              [](Program &p) { p.connections[ConvToMax].shift = 1; });
}

TEST(Validate, Stages) {
  expectError(ErrorCode::WeightedStages, {"0 weighted"}, [](Program &p) {
    RemapStage identity{{3}, {1}, 0, 3};
    p.connections[DenseToY].stages = {identity};
  });
  expectError(ErrorCode::WeightedStages, {"2 weighted"}, [](Program &p) {
    auto &stages = p.connections[DenseToY].stages;
    stages.push_back(stages[0]);
  });
  expectError(ErrorCode::WeightedStages, {"count pool has none"},
              [](Program &p) {
                DiagonalStage diagonal;
                diagonal.size = 32;
                diagonal.channels = 3;
                p.weights[3].columns = 2;
                p.weights[3].values.resize(2);
                diagonal.channels = 2;
                diagonal.weights = 3;
                p.connections[ConvToMax].stages.push_back(diagonal);
              });
  expectError(ErrorCode::BadStage, {"reads 33", "gives 32"}, [](Program &p) {
    p.weights[2].rows = 33;
    p.weights[2].values.resize(99);
    stage<DenseStage>(p, ConvToDense, 0).inputs = 33;
  });
  expectError(ErrorCode::BadStage, {"target has 3"}, [](Program &p) {
    p.weights[2].columns = 4;
    p.weights[2].values.resize(128);
    stage<DenseStage>(p, ConvToDense, 0).outputs = 4;
  });
  expectError(ErrorCode::BadStage, {"'w' of 9 x 2", "9 x 1"}, [](Program &p) {
    stage<Conv2DStage>(p, XToConv, 0).outChannels = 1;
  });
  expectError(ErrorCode::BadStage, {"2 groups of 1 input"},
              [](Program &p) { stage<Conv2DStage>(p, XToConv, 0).groups = 2; });
  expectError(ErrorCode::BadStage, {"injective"}, [](Program &p) {
    stage<RemapStage>(p, ConvToMax, 0).strides = {16, 4, 4};
  });
  expectError(ErrorCode::BadStage, {"remap"}, [](Program &p) {
    stage<RemapStage>(p, ConvToMax, 0).strides = {16, 4};
  });
  expectError(ErrorCode::BadStage, {"remap"}, [](Program &p) {
    stage<RemapStage>(p, ConvToMax, 0).strides[0] = INT64_MIN;
  });
  expectError(ErrorCode::BadStage, {"diagonal"}, [](Program &p) {
    stage<DiagonalStage>(p, DenseToY, 0).channels = 2;
  });
  expectError(
      ErrorCode::BadStage, {"3 weight planes for 1 windows"}, [](Program &p) {
        stage<SumWindowStage>(p, MaxToDense, 0).planeOfOutput = {0, 0, 0};
      });
  expectError(ErrorCode::BadStage, {"planes are selected behind"},
              [](Program &p) {
                SumWindowStage sum;
                sum.window = squareWindow(3, 1, 1, 1, 1, 0);
                sum.planeOfOutput = {0};
                p.connections[ConvToDense].stages.push_back(sum);
              });
  expectError(ErrorCode::TooLarge, {"257 stages"}, [](Program &p) {
    RemapStage identity{{3}, {1}, 0, 3};
    p.connections[DenseToY].stages.insert(
        p.connections[DenseToY].stages.begin(), 256, identity);
  });
}

TEST(Validate, Cores) {
  expectError(ErrorCode::BadCores, {"'conv'", "on 0 cores"},
              [](Program &p) { p.cores[0].pools = {0, 2, 3, 4}; });
  expectError(ErrorCode::BadCores, {"'conv'", "on 2 cores"},
              [](Program &p) { p.cores.push_back({1, {Conv}}); });
  expectError(ErrorCode::BadCores, {"used twice"}, [](Program &p) {
    p.cores[0].pools = {0, 1, 2, 3};
    p.cores.push_back({0, {4}});
  });
}

TEST(Validate, Multiplication) {
  expectError(
      ErrorCode::Multiplication,
      {"step[", "multiplication", "pool 'conv'", "accumulate-only"},
      [](Program &p) { replaceOp(p, Opcode::SubTheta, Opcode::Multiply); });
  expectError(ErrorCode::Multiplication, {"prologue[0]"}, [](Program &p) {
    p.prologue[0] = {static_cast<uint16_t>(Opcode::Multiply), Conv};
  });
  // Even on a pool that does not exist.
  expectError(ErrorCode::Multiplication, {"pool 99"}, [](Program &p) {
    p.epilogue.push_back({static_cast<uint16_t>(Opcode::Multiply), 99});
  });
}

TEST(Validate, Code) {
  expectError(ErrorCode::UnknownOpcode, {"step[2]", "4660"},
              [](Program &p) { p.step[2].opcode = 0x1234; });
  expectError(ErrorCode::BadCode, {"'x' -> 'conv'", "never injected"},
              [](Program &p) { p.prologue.clear(); });
  expectError(ErrorCode::BadCode, {"injected twice"},
              [](Program &p) { p.prologue.push_back(p.prologue[0]); });
  expectError(ErrorCode::BadCode, {"never drained"},
              [](Program &p) { erase(p, Opcode::Drain, MaxToDense); });
  expectError(ErrorCode::BadCode, {"drained twice"}, [](Program &p) {
    size_t at = find(p, Opcode::Drain, MaxToDense);
    p.step.insert(p.step.begin() + static_cast<int64_t>(at), p.step[at]);
  });
  expectError(ErrorCode::BadCode, {"an input is drained"}, [](Program &p) {
    p.step.insert(p.step.begin(),
                  {static_cast<uint16_t>(Opcode::Drain), XToConv});
  });
  expectError(ErrorCode::BadCode, {"events are injected"}, [](Program &p) {
    p.prologue.push_back({static_cast<uint16_t>(Opcode::Inject), ConvToMax});
  });
  expectError(ErrorCode::BadCode, {"'conv'", "has not fired yet"},
              [](Program &p) {
                size_t at = find(p, Opcode::Drain, ConvToMax);
                Instruction drain = p.step[at];
                p.step.erase(p.step.begin() + static_cast<int64_t>(at));
                p.step.insert(p.step.begin(), drain);
              });
  expectError(
      ErrorCode::BadCode, {"'max'", "has fired already"}, [](Program &p) {
        size_t at = find(p, Opcode::Drain, ConvToMax);
        Instruction drain = p.step[at];
        p.step.erase(p.step.begin() + static_cast<int64_t>(at));
        size_t fire = find(p, Opcode::MaxCount, Max);
        p.step.insert(p.step.begin() + static_cast<int64_t>(fire) + 1, drain);
      });
  expectError(ErrorCode::BadCode, {"'dense'", "no barrier"}, [](Program &p) {
    size_t at = find(p, Opcode::CompareUp, Dense);
    ASSERT_EQ(p.step[at - 1].opcode, static_cast<uint16_t>(Opcode::Barrier));
    p.step.erase(p.step.begin() + static_cast<int64_t>(at) - 1);
  });
  expectError(ErrorCode::BadCode, {"'conv'", "runs '", "expected"},
              [](Program &p) { erase(p, Opcode::SubTheta, Conv); });
  expectError(ErrorCode::BadCode, {"'conv'", "add_current"},
              [](Program &p) { erase(p, Opcode::AddCurrent, Conv); });
  expectError(ErrorCode::BadCode, {"'conv'", "never adds it"},
              [](Program &p) { erase(p, Opcode::AddBias, Conv); });
  expectError(ErrorCode::BadConstants, {"'dense'", "has none"}, [](Program &p) {
    size_t at = find(p, Opcode::CompareUp, Dense);
    p.step.insert(p.step.begin() + static_cast<int64_t>(at),
                  {static_cast<uint16_t>(Opcode::AddBias), Dense});
  });
  expectError(ErrorCode::BadRange, {"'dense'", "counts down to -2"},
              [](Program &p) {
                for (Opcode opcode : {Opcode::CompareDown, Opcode::AddTheta,
                                      Opcode::CountDown, Opcode::EmitDown})
                  erase(p, opcode, Dense);
              });
  expectError(ErrorCode::BadCode, {"'conv'", "mixed with others"},
              [](Program &p) {
                // The last operation behind the first drain of its spikes.
                size_t at = find(p, Opcode::EmitDown, Conv);
                std::swap(p.step[at], p.step[at + 1]);
              });
  expectError(ErrorCode::BadCode, {"prologue[1] read", "does not belong here"},
              [](Program &p) { p.prologue.push_back(p.epilogue[0]); });
  expectError(ErrorCode::BadCode, {"step[0] inject", "does not belong here"},
              [](Program &p) { p.step.insert(p.step.begin(), p.prologue[0]); });
  expectError(ErrorCode::BadCode, {"epilogue[1] drain"}, [](Program &p) {
    p.epilogue.push_back({static_cast<uint16_t>(Opcode::Drain), ConvToMax});
  });
  expectError(ErrorCode::BadCode, {"'y'", "read 0 times"},
              [](Program &p) { p.epilogue.clear(); });
  expectError(ErrorCode::BadCode, {"'y'", "read 2 times"},
              [](Program &p) { p.epilogue.push_back(p.epilogue[0]); });
  expectError(ErrorCode::BadCode, {"'conv' is no readout"},
              [](Program &p) { p.epilogue[0].operand = Conv; });
}

/// The program with a settled pool 'conv' that decides ties by parity.
Program settledProgram() {
  Program program = validProgram();
  unit<NeuronPool>(program, Conv).settled = true;
  auto move = [&](Opcode opcode) {
    size_t at = find(program, opcode, Conv);
    program.prologue.push_back(program.step[at]);
    program.step.erase(program.step.begin() + static_cast<int64_t>(at));
  };
  program.prologue.push_back({static_cast<uint16_t>(Opcode::Barrier), -1});
  move(Opcode::AddCurrent);
  move(Opcode::AddBias);
  replaceOp(program, Opcode::CompareUp, Opcode::CompareUpEven);
  replaceOp(program, Opcode::CompareDown, Opcode::CompareDownEven);
  Status status = recordMembraneRanges(program);
  EXPECT_TRUE(status.ok()) << status.str();
  return program;
}

TEST(Validate, SettledCode) {
  ASSERT_TRUE(validate(settledProgram()).ok())
      << validate(settledProgram()).str();
  auto expect = [](const std::vector<std::string> &parts,
                   const std::function<void(Program &)> &change) {
    expectError(ErrorCode::BadCode, parts, [&](Program &p) {
      p = settledProgram();
      change(p);
    });
  };
  // Constants are added once, where the pool is settled.
  expect({"'conv'", "runs 'add_bias' in the prologue", "add_current add_bias"},
         [](Program &p) { p.prologue.erase(p.prologue.begin() + 2); });
  expect({"'conv'", "in a step"}, [](Program &p) {
    size_t at = find(p, Opcode::CompareUpEven, Conv);
    p.step.insert(p.step.begin() + static_cast<int64_t>(at),
                  {static_cast<uint16_t>(Opcode::AddCurrent), Conv});
  });
  expect({"'conv'", "in the prologue, expected is ''"},
         [](Program &p) { unit<NeuronPool>(p, Conv).settled = false; });
  expect({"'conv'", "no barrier"},
         [](Program &p) { p.prologue.erase(p.prologue.begin() + 1); });
  expect({"'conv'", "never adds it"},
         [](Program &p) { p.prologue.pop_back(); });
  // Ties to even: both comparisons, and in settled pools only.
  expect({"'conv'", "cmp_up_even", "cmp_down"}, [](Program &p) {
    replaceOp(p, Opcode::CompareDownEven, Opcode::CompareDown);
  });
  expect({"'conv'", "cmp_up sub_theta", "cmp_down_even"}, [](Program &p) {
    replaceOp(p, Opcode::CompareUpEven, Opcode::CompareUp);
  });
  expectError(ErrorCode::BadCode, {"'conv'", "cmp_up_even"}, [](Program &p) {
    replaceOp(p, Opcode::CompareUp, Opcode::CompareUpEven);
    replaceOp(p, Opcode::CompareDown, Opcode::CompareDownEven);
  });
}

TEST(Validate, SettledMembranes) {
  // The whole sum has to fit: a bias counts once, however many steps.
  expectError(ErrorCode::MembraneOverflow, {"'conv'", "33 bits"},
              [](Program &p) {
                p = settledProgram();
                unit<NeuronPool>(p, Conv).bias = {INT32_MAX};
              });
  Program program = settledProgram();
  unit<NeuronPool>(program, Conv).bias = {1 << 30};
  EXPECT_TRUE(recordMembraneRanges(program).ok());
  EXPECT_TRUE(validate(program).ok());
  expectError(ErrorCode::RecordedRange, {"'conv'"}, [](Program &p) {
    p = settledProgram();
    --unit<NeuronPool>(p, Conv).membraneMax;
  });
}

TEST(Validate, MembraneOverflow) {
  // Only the shift makes it too wide.
  expectError(ErrorCode::MembraneOverflow,
              {"'dense'", "the state has 32", "--state-bits=64"},
              [](Program &p) { p.connections[MaxToDense].shift = 28; });
  // Only the bias.
  expectError(ErrorCode::MembraneOverflow, {"'conv'", "33 bits"},
              [](Program &p) { unit<NeuronPool>(p, Conv).bias = {1 << 30}; });
  // Only the number of steps.
  expectError(ErrorCode::MembraneOverflow, {"'conv'"}, [](Program &p) {
    unit<NeuronPool>(p, Conv).bias = {70000};
    p.timeSteps = 65535;
  });
  // Only the thresholds: many steps back below zero.
  expectError(ErrorCode::MembraneOverflow, {"'dense'"}, [](Program &p) {
    unit<NeuronPool>(p, Dense).theta = {INT32_MAX};
  });
  expectError(ErrorCode::MembraneOverflow,
              {"'conv' -> 'dense'", "2^62 or more"}, [](Program &p) {
                p.weights[2].bits = 64;
                for (size_t i = 0; i < p.weights[2].values.size(); ++i)
                  p.weights[2].values.set(i, INT64_MIN);
              });
  expectError(ErrorCode::MembraneOverflow, {"events of one step", "64"},
              [](Program &p) {
                unit<NeuronPool>(p, Dense).stateBits = 64;
                p.connections[ConvToDense].shift = 60;
              });
}

TEST(Validate, MembraneOfExactlyTheStateIsAccepted) {
  // One neuron, one input bit of weight 1: V may reach start + 1.
  for (int64_t start : {int64_t(INT32_MAX) - 1, int64_t(INT32_MAX)}) {
    ProgramBuilder builder("edge", 1);
    InputPool bit;
    bit.hi = 1;
    builder.addInput("x", {1}, bit);
    NeuronPool neurons = simpleNeurons(0, 0, 1);
    neurons.start = {start};
    builder.addNeurons("n", {1}, neurons);
    DiagonalStage one;
    one.size = 1;
    one.weights = builder.addWeights("w", 1, 1, 1, {1});
    builder.connect(0, 1, {one});
    builder.addReadout("y", {1});
    builder.connect(1, 2, {one}, 0, {1.0});
    Result<Program> program = builder.finish();
    ASSERT_TRUE(program.ok()) << program.status().str();
    const auto &unit = std::get<NeuronPool>(program->pools[1].unit);
    EXPECT_EQ(unit.stateBits, start == INT32_MAX ? 64 : 32);
    EXPECT_EQ(unit.membraneMax, start + 1);
  }
}

TEST(Validate, RecordedRanges) {
  expectError(ErrorCode::RecordedRange, {"'conv'", "does not contain"},
              [](Program &p) { --unit<NeuronPool>(p, Conv).membraneMax; });
  expectError(ErrorCode::RecordedRange, {"'conv'"},
              [](Program &p) { ++unit<NeuronPool>(p, Conv).membraneMin; });
  Program wider = validProgram();
  unit<NeuronPool>(wider, Conv).membraneMax += 5;
  EXPECT_TRUE(validate(wider).ok());
  // Changed weights need another range.
  expectError(ErrorCode::RecordedRange, {"'conv'"}, [](Program &p) {
    p.weights[0].values.set(0, p.weights[0].values[0] + 1);
  });
}

TEST(Validate, CurrentOverflow) {
  expectError(ErrorCode::CurrentOverflow, {"'conv'", "input current"},
              [](Program &p) { p.connections[XToConv].shift = 25; });
  expectError(ErrorCode::CurrentOverflow, {"input current"}, [](Program &p) {
    auto &input = unit<InputPool>(p, X);
    input.kind = InputKind::Real;
    input.encoding = InputEncoding::Current;
    input.bound = 1e12;
  });
}

TEST(Validate, AccumulatorOverflow) {
  expectError(ErrorCode::AccumulatorOverflow, {"'dense' -> 'y'", "has 64"},
              [](Program &p) {
                p.weights[3].bits = 64;
                p.weights[3].values.set(0, (int64_t(1) << 62) - 1);
              });
  expectError(ErrorCode::AccumulatorOverflow, {"2^62 or more"}, [](Program &p) {
    p.weights[3].bits = 64;
    p.weights[3].values.set(0, INT64_MIN);
  });
}

TEST(Validate, ManyErrorsEnd) {
  Program program = validProgram();
  program.step.assign(50000, {0x7777, 0});
  Status status = validate(program);
  EXPECT_EQ(status.diagnostics().size(), Status::maxDiagnostics);
  EXPECT_NE(status.diagnostics().back().message.find("left out"),
            std::string::npos);
}

TEST(Validate, RecordMembraneRangesFillsAndReports) {
  Program program = validProgram();
  auto &neurons = unit<NeuronPool>(program, Conv);
  neurons.membraneMin = neurons.membraneMax = 0;
  ASSERT_TRUE(recordMembraneRanges(program).ok());
  EXPECT_TRUE(validate(program).ok());
  program.connections[MaxToDense].shift = 40;
  EXPECT_TRUE(recordMembraneRanges(program).has(ErrorCode::MembraneOverflow));
}

} // namespace
