//===- Program.cpp - A program with its constants read ----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "ModelSupport.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::reference;

namespace {
/// Reads an nmc.program. Goes on behind an error, for all diagnostics in one
/// run.
class ProgramReader {
public:
  explicit ProgramReader(nmc::ProgramOp op)
      : op(op), symbols(op), impl(std::make_shared<NMCModel::Impl>()) {}

  FailureOr<std::shared_ptr<const NMCModel::Impl>> read();

private:
  LogicalResult addWeights(nmc::WeightsOp weights);
  LogicalResult add(nmc::InputOp input, ProgramPool &pool);
  LogicalResult add(nmc::NeuronsOp neurons, ProgramPool &pool);
  LogicalResult add(nmc::CountPoolOp counts, ProgramPool &pool);
  LogicalResult add(nmc::ReadoutOp readout, ProgramPool &pool);
  LogicalResult addConnection(nmc::ConnectOp connect);
  LogicalResult addCode(Block &block, std::vector<MicroInstruction> &code);

  nmc::ProgramOp op;
  mlir::SymbolTable symbols;
  std::shared_ptr<NMCModel::Impl> impl;
  llvm::StringMap<StageWeights> weightsByName;
  llvm::StringMap<unsigned> poolByName, connectionByName;
};
} // namespace

LogicalResult ProgramReader::addWeights(nmc::WeightsOp weights) {
  WeightCache reader;
  auto values = reader.get(weights, weights.getValues());
  if (failed(values))
    return failure();
  ArrayRef<int64_t> shape = weights.getValues().getShapedType().getShape();
  weightsByName[weights.getSymName()] = {shape[1], shape[2], *values};
  return success();
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

LogicalResult ProgramReader::add(nmc::InputOp input, ProgramPool &pool) {
  pool.kind = ProgramPool::Kind::Input;
  pool.shape = Shape(input.getShape());
  pool.inputNumber = impl->inputs.size();
  pool.encoder = Encoder::get(input, pool.name, pool.shape);
  pool.bitPlanes = input.getEncoding() == nmc::InputEncoding::BitPlane;
  impl->inputs.push_back({pool.name, pool.shape});
  return success();
}

LogicalResult ProgramReader::add(nmc::NeuronsOp neurons, ProgramPool &pool) {
  pool.kind = ProgramPool::Kind::Neurons;
  pool.shape = Shape(neurons.getShape());
  int64_t elements = pool.size();
  pool.settled = neurons.getSettled();
  pool.lo = int32_t(neurons.getLo());
  pool.hi = int32_t(neurons.getHi());
  pool.theta = {neurons.getTheta().vec(), elements};
  pool.start = {neurons.getStart().vec(), elements};
  pool.epsilon = {neurons.getEpsilon().vec(), elements};
  pool.membraneMin = neurons.getMembraneMin();
  pool.membraneMax = neurons.getMembraneMax();
  impl->layers.push_back({pool.name, pool.shape});
  auto bias =
      readIntegerCoefficients(neurons.getBias(), elements, neurons, "bias");
  if (failed(bias))
    return failure();
  pool.bias = std::move(*bias);
  for (int64_t i = 0; i < elements; ++i)
    pool.biasesNotZero += pool.bias[i] != 0;
  return success();
}

LogicalResult ProgramReader::add(nmc::CountPoolOp counts, ProgramPool &pool) {
  pool.kind = ProgramPool::Kind::Counts;
  nmc::WindowAttr window = counts.getWindow();
  pool.shape = {window.getInput()[0], window.getOutput()[0],
                window.getOutput()[1]};
  pool.geometry = {window.getGeometry(), Shape(window.getInput()), pool.shape};
  pool.minimum =
      SmallVector<bool>(counts.getMinimum().value_or(ArrayRef<bool>()));
  impl->layers.push_back({pool.name, pool.shape});
  return success();
}

LogicalResult ProgramReader::add(nmc::ReadoutOp readout, ProgramPool &pool) {
  pool.kind = ProgramPool::Kind::Readout;
  pool.shape = Shape(readout.getShape());
  impl->outputs.push_back({pool.name, pool.shape});
  auto offset =
      readCoefficients(readout.getOffset(), pool.size(), readout, "offset");
  if (failed(offset))
    return failure();
  pool.offset = std::move(*offset);
  return success();
}

//===----------------------------------------------------------------------===//
// Connections and code
//===----------------------------------------------------------------------===//

LogicalResult ProgramReader::addConnection(nmc::ConnectOp connect) {
  ProgramConnection connection;
  connection.name = connect.getSymName().str();
  connection.source = poolByName.lookup(connect.getSource());
  connection.target = poolByName.lookup(connect.getTarget());
  connection.shift = connect.getShift();
  for (Attribute stage : connect.getStages()) {
    FlatSymbolRefAttr weights = nmc::getWeightsOf(stage);
    connection.stages.append(
        Stage::get(stage, weights ? weightsByName.lookup(weights.getValue())
                                  : StageWeights()));
  }
  unsigned number = impl->connections.size();
  connectionByName[connection.name] = number;
  ProgramPool &target = impl->pools[connection.target];
  target.incoming.push_back(number);
  LogicalResult result = success();
  if (auto gain = connect.getGain()) {
    auto values = readCoefficients(*gain, target.size(), connect, "gain");
    result = LogicalResult(values);
    if (succeeded(values))
      connection.gain = std::move(*values);
  }
  impl->connections.push_back(std::move(connection));
  return result;
}

static MicroOp microOpOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, MicroOp>(op)
      .Case([](nmc::InjectOp) { return MicroOp::Inject; })
      .Case([](nmc::DrainOp) { return MicroOp::Drain; })
      .Case([](nmc::AddCurrentOp) { return MicroOp::AddCurrent; })
      .Case([](nmc::AddBiasOp) { return MicroOp::AddBias; })
      .Case([](nmc::CompareUpOp) { return MicroOp::CompareUp; })
      .Case([](nmc::CompareUpEvenOp) { return MicroOp::CompareUpEven; })
      .Case([](nmc::SubThetaOp) { return MicroOp::SubTheta; })
      .Case([](nmc::CountUpOp) { return MicroOp::CountUp; })
      .Case([](nmc::EmitUpOp) { return MicroOp::EmitUp; })
      .Case([](nmc::CompareDownOp) { return MicroOp::CompareDown; })
      .Case([](nmc::CompareDownEvenOp) { return MicroOp::CompareDownEven; })
      .Case([](nmc::AddThetaOp) { return MicroOp::AddTheta; })
      .Case([](nmc::CountDownOp) { return MicroOp::CountDown; })
      .Case([](nmc::EmitDownOp) { return MicroOp::EmitDown; })
      .Case([](nmc::MaxCountOp) { return MicroOp::MaxCount; })
      .Case([](nmc::ReadOp) { return MicroOp::Read; })
      .Default([](Operation *) { return MicroOp::Barrier; });
}

LogicalResult ProgramReader::addCode(Block &block,
                                     std::vector<MicroInstruction> &code) {
  bool ok = true;
  for (Operation &item : block) {
    MicroInstruction instruction;
    instruction.op = microOpOf(&item);
    auto operand = item.getAttrOfType<FlatSymbolRefAttr>("operand");
    if (operand) {
      StringRef name = operand.getValue();
      bool works =
          instruction.op == MicroOp::Inject || instruction.op == MicroOp::Drain;
      instruction.operand =
          works ? connectionByName.lookup(name) : poolByName.lookup(name);
      if (works) {
        unsigned source = impl->connections[instruction.operand].source;
        bool constant = impl->pools[source].kind == ProgramPool::Kind::Input;
        if (constant != (instruction.op == MicroOp::Inject)) {
          item.emitError("'")
              << name
              << (constant ? "' carries a constant current, which is injected"
                           : "' carries events, which are drained");
          ok = false;
        }
      }
    }
    code.push_back(instruction);
  }
  return success(ok);
}

FailureOr<std::shared_ptr<const NMCModel::Impl>> ProgramReader::read() {
  impl->timeSteps = op.getTimeSteps();
  Block &body = op.getBody().front();
  bool ok = true;
  for (Operation &item : body) {
    if (auto weights = dyn_cast<nmc::WeightsOp>(item))
      ok &= succeeded(addWeights(weights));
    llvm::TypeSwitch<Operation *>(&item)
        .Case<nmc::InputOp, nmc::NeuronsOp, nmc::CountPoolOp, nmc::ReadoutOp>(
            [&](auto typed) {
              ProgramPool pool;
              pool.name = typed.getSymName().str();
              ok &= succeeded(add(typed, pool));
              poolByName[pool.name] = impl->pools.size();
              impl->pools.push_back(std::move(pool));
            });
  }
  // The IR need not list constants and pools in front of their uses.
  for (auto connect : body.getOps<nmc::ConnectOp>())
    ok &= succeeded(addConnection(connect));
  for (auto code : body.getOps<nmc::PrologueOp>())
    ok &= succeeded(addCode(code.getBody().front(), impl->prologue));
  for (auto code : body.getOps<nmc::StepOp>())
    ok &= succeeded(addCode(code.getBody().front(), impl->step));
  for (auto code : body.getOps<nmc::EpilogueOp>())
    ok &= succeeded(addCode(code.getBody().front(), impl->epilogue));
  if (!ok)
    return failure();
  return std::shared_ptr<const NMCModel::Impl>(impl);
}

FailureOr<NMCModel> NMCModel::get(nmc::ProgramOp program) {
  auto impl = ProgramReader(program).read();
  if (failed(impl))
    return failure();
  NMCModel model;
  model.impl = *impl;
  return model;
}

ArrayRef<ValueInfo> NMCModel::inputs() const { return impl->inputs; }
ArrayRef<ValueInfo> NMCModel::outputs() const { return impl->outputs; }
ArrayRef<ValueInfo> NMCModel::layers() const { return impl->layers; }
int64_t NMCModel::timeSteps() const { return impl->timeSteps; }
