//===- ValidateCode.cpp - Validator: micro-programs -----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The code of a program is a proof obligation, not a free language: each pool
// runs one of the sequences below, in topological order, its events drained
// and a barrier passed before. docs/spec.md, "nmc code".
//
//===----------------------------------------------------------------------===//

#include "ValidatePhases.h"
#include "fastsnn-rt/Opcodes.h"

using namespace fastsnn::rt;

namespace {

class CodeValidator {
public:
  CodeValidator(const Program &program, Status &status)
      : program(program), status(status), drained(program.connections.size()),
        injected(program.connections.size()), poolState(program.pools.size()),
        reads(program.pools.size()) {}

  void run() {
    walk(program.prologue, "prologue", &CodeValidator::prologueOp);
    walk(program.step, "step", &CodeValidator::stepOp);
    walk(program.epilogue, "epilogue", &CodeValidator::epilogueOp);
    for (size_t c = 0; c < program.connections.size(); ++c)
      checkTransport(c);
    for (size_t p = 0; p < program.pools.size(); ++p)
      checkSequence(static_cast<int32_t>(p));
  }

private:
  /// What prologue and step do with a pool.
  struct PoolState {
    std::vector<Opcode> prologue, sequence;
    /// The barrier number at the last drain; no drain: -1.
    int64_t lastDrain = -1;
    /// An input connection leads here.
    bool hasCurrent = false;
    bool barrierMissing = false, interleaved = false;
  };

  using Handler = void (CodeValidator::*)(Opcode, int32_t);

  /// Names the instruction, checks opcode and operand, calls `handler`.
  void walk(const std::vector<Instruction> &code, const char *list,
            Handler handler) {
    for (position = 0; position < code.size(); ++position) {
      const Instruction &instruction = code[position];
      const OpcodeInfo *info = findOpcode(instruction.opcode);
      where = std::string("code: ") + list + "[" + std::to_string(position) +
              "]" + (info ? std::string(" ") + info->mnemonic : "");
      if (!info) {
        fail(ErrorCode::UnknownOpcode,
             "opcode " + std::to_string(instruction.opcode) +
                 " is unknown; use one of Opcodes.def");
        continue;
      }
      if (info->opcode == Opcode::Multiply) {
        fail(ErrorCode::Multiplication,
             "asks for a multiplication on " +
                 describePool(program, instruction.operand) +
                 ", an accumulate-only program has none; add or shift "
                 "instead");
        continue;
      }
      int64_t limit = info->operand == OperandKind::Connection
                          ? program.connections.size()
                          : program.pools.size();
      bool none = info->operand == OperandKind::None;
      if (none ? instruction.operand != -1
               : instruction.operand < 0 || instruction.operand >= limit) {
        fail(ErrorCode::IndexOutOfRange,
             "operand " + std::to_string(instruction.operand) +
                 (none ? std::string(", it takes none; use -1")
                       : ", there are " + std::to_string(limit) +
                             "; give an existing index"));
        continue;
      }
      (this->*handler)(info->opcode, instruction.operand);
    }
  }

  void fail(ErrorCode code, const std::string &what) {
    status.add(code, where + ": " + what);
  }

  void misplaced() {
    fail(ErrorCode::BadCode,
         "does not belong here; the prologue injects and adds constants, the "
         "step drains and fires, the epilogue reads");
  }

  bool isInput(int32_t pool) const {
    return pool >= 0 && static_cast<size_t>(pool) < program.pools.size() &&
           std::holds_alternative<InputPool>(program.pools[pool].unit);
  }

  void prologueOp(Opcode opcode, int32_t operand) {
    if (opcode == Opcode::Barrier) {
      ++barriers;
      return;
    }
    if (opcode == Opcode::AddCurrent || opcode == Opcode::AddBias) {
      poolState[operand].prologue.push_back(opcode);
      poolState[operand].barrierMissing |=
          opcode == Opcode::AddCurrent && barriers == lastInjection;
      return;
    }
    if (opcode != Opcode::Inject)
      return misplaced();
    lastInjection = barriers;
    if (++injected[operand] > 1)
      fail(ErrorCode::BadCode, describeConnection(program, operand) +
                                   " is injected twice; inject each once");
  }

  void epilogueOp(Opcode opcode, int32_t operand) {
    if (opcode == Opcode::Barrier)
      return;
    if (opcode != Opcode::Read)
      return misplaced();
    if (!std::holds_alternative<ReadoutPool>(program.pools[operand].unit))
      fail(ErrorCode::BadCode, describePool(program, operand) +
                                   " is no readout; read readouts only");
    ++reads[operand];
  }

  void stepOp(Opcode opcode, int32_t operand) {
    switch (opcode) {
    case Opcode::Barrier:
      ++barriers;
      return;
    case Opcode::Drain:
      return drain(operand);
    case Opcode::Inject:
    case Opcode::Read:
      return misplaced();
    default:
      return poolOp(opcode, operand);
    }
  }

  void drain(int32_t operand) {
    if (++drained[operand] > 1)
      fail(ErrorCode::BadCode, describeConnection(program, operand) +
                                   " is drained twice; drain each once");
    const Connection &connection = program.connections[operand];
    auto count = static_cast<int32_t>(program.pools.size());
    for (int32_t p : {connection.source, connection.target})
      if (p < 0 || p >= count)
        return; // validateConnections reports it.
    const PoolState &source = poolState[connection.source];
    PoolState &target = poolState[connection.target];
    // Whether the source's sequence is complete shows at the end of the step:
    // remember that a drain has begun.
    if (!isInput(connection.source) && source.sequence.empty())
      fail(ErrorCode::BadCode,
           describePool(program, connection.source) +
               " has not fired yet in this step; order the step "
               "topologically");
    if (!target.sequence.empty() && !std::holds_alternative<ReadoutPool>(
                                        program.pools[connection.target].unit))
      fail(ErrorCode::BadCode,
           describePool(program, connection.target) +
               " has fired already in this step; drain before it fires");
    target.lastDrain = barriers;
    lastPool = -1;
  }

  void poolOp(Opcode opcode, int32_t operand) {
    PoolState &state = poolState[operand];
    if (!state.sequence.empty() && lastPool != operand)
      state.interleaved = true;
    if (state.lastDrain == barriers &&
        !std::holds_alternative<ReadoutPool>(program.pools[operand].unit))
      state.barrierMissing = true;
    state.sequence.push_back(opcode);
    lastPool = operand;
  }

  /// Every connection is injected or drained, as its source demands.
  void checkTransport(size_t c) {
    const Connection &connection = program.connections[c];
    bool constant = isInput(connection.source);
    if (constant && connection.target >= 0 &&
        static_cast<size_t>(connection.target) < poolState.size())
      poolState[connection.target].hasCurrent = true;
    where = describeConnection(program, c);
    if (constant && drained[c] > 0)
      fail(ErrorCode::BadCode, "an input is drained, its current is constant; "
                               "inject it in the prologue");
    if (!constant && injected[c] > 0)
      fail(ErrorCode::BadCode, "events are injected; drain them in the step");
    if (constant && injected[c] == 0)
      fail(ErrorCode::BadCode, "never injected; inject it in the prologue");
    if (!constant && drained[c] == 0)
      fail(ErrorCode::BadCode, "never drained; drain it in the step");
  }

  /// The sequences that a pool may run.
  void checkSequence(int32_t p) {
    where = describePool(program, p);
    const Pool &pool = program.pools[p];
    const PoolState &state = poolState[p];
    std::vector<Opcode> constants, expected;
    if (state.hasCurrent)
      constants.push_back(Opcode::AddCurrent);
    const auto *unit = std::get_if<NeuronPool>(&pool.unit);
    // A settled pool adds constants once, in the prologue.
    bool once = unit && unit->settled;
    if (unit) {
      bool addsBias =
          contains(once ? state.prologue : state.sequence, Opcode::AddBias);
      checkBias(*unit, addsBias);
      if (addsBias)
        constants.push_back(Opcode::AddBias);
    }
    if (!once)
      expected.swap(constants);
    if (state.prologue != constants)
      fail(ErrorCode::BadCode,
           "runs '" + mnemonics(state.prologue) +
               "' in the prologue, expected is '" + mnemonics(constants) +
               "'; settled pools add constants there, others in the step");
    if (unit) {
      // Only what has all arrived can be told even or odd.
      bool even = once && contains(state.sequence, Opcode::CompareUpEven);
      Opcode down = even ? Opcode::CompareDownEven : Opcode::CompareDown;
      expected.insert(expected.end(),
                      {even ? Opcode::CompareUpEven : Opcode::CompareUp,
                       Opcode::SubTheta, Opcode::CountUp, Opcode::EmitUp});
      if (contains(state.sequence, down))
        expected.insert(expected.end(), {down, Opcode::AddTheta,
                                         Opcode::CountDown, Opcode::EmitDown});
      else if (unit->lo < 0)
        fail(ErrorCode::BadRange,
             "counts down to " + std::to_string(unit->lo) +
                 " without cmp_down, an unsigned neuron starts at 0; compile "
                 "without --unsigned");
    } else if (std::holds_alternative<CountPool>(pool.unit)) {
      expected.push_back(Opcode::MaxCount);
    } else if (std::holds_alternative<InputPool>(pool.unit)) {
      expected.clear();
    }
    if (state.sequence != expected)
      fail(ErrorCode::BadCode,
           "runs '" + mnemonics(state.sequence) + "' in a step, expected is '" +
               mnemonics(expected) + "'; use one of the known sequences");
    else if (state.interleaved)
      fail(ErrorCode::BadCode, "its instructions are mixed with others; keep "
                               "them together");
    if (state.barrierMissing)
      fail(ErrorCode::BadCode, "fires before its events are complete, there is "
                               "no barrier behind its last drain; add one");
    bool readout = std::holds_alternative<ReadoutPool>(pool.unit);
    if (readout && reads[p] != 1)
      fail(ErrorCode::BadCode, "read " + std::to_string(reads[p]) +
                                   " times in the epilogue, it must be once; "
                                   "correct the epilogue");
  }

  void checkBias(const NeuronPool &unit, bool added) {
    bool zero = true;
    for (int64_t value : unit.bias)
      zero &= value == 0;
    if (added && unit.bias.empty())
      fail(ErrorCode::BadConstants, "adds a bias and has none; give one");
    if (!added && !zero)
      fail(ErrorCode::BadCode, "has a bias and never adds it; add the "
                               "instruction add_bias");
  }

  static bool contains(const std::vector<Opcode> &list, Opcode opcode) {
    for (Opcode entry : list)
      if (entry == opcode)
        return true;
    return false;
  }

  static std::string mnemonics(const std::vector<Opcode> &list) {
    std::string text;
    for (Opcode opcode : list)
      text += (text.empty() ? "" : " ") +
              std::string(findOpcode(static_cast<uint16_t>(opcode))->mnemonic);
    return text;
  }

  const Program &program;
  Status &status;
  std::string where;
  size_t position = 0;
  /// Barriers so far, and at the last injection.
  int64_t barriers = 0, lastInjection = -1;
  int32_t lastPool = -1;
  std::vector<uint32_t> drained, injected;
  std::vector<PoolState> poolState;
  std::vector<uint32_t> reads;
};

} // namespace

void fastsnn::rt::validateCode(const Program &program, Status &status) {
  CodeValidator(program, status).run();
}
