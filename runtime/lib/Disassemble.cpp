//===- Disassemble.cpp - Programs as text ---------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Disassemble.h"

#include "fastsnn-rt/Opcodes.h"
#include "fastsnn-rt/Serialize.h"
#include "fastsnn-rt/Widths.h"

#include <cstdio>

using namespace fastsnn::rt;

namespace {

class Disassembler {
public:
  Disassembler(const Program &program, const DisassembleOptions &options)
      : program(program), options(options) {}

  std::string run() {
    text = "program '" + program.name + "', format " +
           std::to_string(formatMajor) + "." + std::to_string(formatMinor) +
           ", " + std::to_string(program.timeSteps) + " time steps\n";
    text += "\nweights\n";
    for (size_t w = 0; w < program.weights.size(); ++w)
      print(w, program.weights[w]);
    text += "\npools\n";
    for (size_t p = 0; p < program.pools.size(); ++p) {
      const Pool &pool = program.pools[p];
      text += "  p" + std::to_string(p) + " '" + pool.name + "' " +
              list(pool.shape) + " ";
      std::visit([&](const auto &unit) { print(unit); }, pool.unit);
    }
    text += "\nconnections\n";
    for (size_t c = 0; c < program.connections.size(); ++c)
      print(c, program.connections[c]);
    text += "\ncores\n";
    for (const Core &core : program.cores) {
      text += "  core " + std::to_string(core.id) + ":";
      for (int32_t p : core.pools)
        text += " p" + std::to_string(p);
      text += "\n";
    }
    if (program.mapping)
      print(*program.mapping);
    text += "\ncode\n";
    print("prologue", program.prologue);
    print("step", program.step);
    print("epilogue", program.epilogue);
    if (options.provenance)
      text += "\nprovenance\n  " + program.provenance + "\n";
    return std::move(text);
  }

private:
  static std::string text3(const Box &box) {
    std::string result;
    for (const Interval &side : box)
      result += (result.empty() ? "[" : ", ") + std::to_string(side.begin) +
                ":" + std::to_string(side.end);
    return result + "]";
  }

  void print(const Mapping &mapping) {
    text += "\nmapping onto '" + mapping.target + "', " +
            number(int64_t(mapping.columns)) + " x " +
            number(int64_t(mapping.rows)) + " cores in chips of " +
            number(int64_t(mapping.chipColumns)) + " x " +
            number(int64_t(mapping.chipRows)) + ", " +
            (mapping.routing == Routing::Multicast ? "multicast" : "unicast") +
            "\n";
    for (size_t core = 0; core < mapping.cores.size(); ++core)
      text += "  core " + std::to_string(core) + " at (" +
              std::to_string(mapping.cores[core].x) + ", " +
              std::to_string(mapping.cores[core].y) + ")\n";
    for (size_t t = 0; t < mapping.tiles.size(); ++t) {
      const Tile &tile = mapping.tiles[t];
      text += "  t" + std::to_string(t) + " core " + std::to_string(tile.core) +
              " p" + std::to_string(tile.pool) + " " + text3(tile.box);
      if (tile.parts > 1)
        text += " part " + std::to_string(tile.part) + " of " +
                std::to_string(tile.parts);
      text += "\n";
    }
    text += "\nroutes\n";
    for (const Route &route : mapping.routes)
      text += "  t" + std::to_string(route.tile) + " " + text3(route.box) +
              " to core " + std::to_string(route.core) + "\n";
    text += "\ndelays\n";
    for (size_t c = 0; c < mapping.delays.size(); ++c)
      text += "  c" + std::to_string(c) + " " +
              std::to_string(mapping.delays[c]) + "\n";
  }

  static std::string number(int64_t value) { return std::to_string(value); }
  /// Enough digits to give the same float64 again.
  static std::string number(double value) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.17g", value);
    return buffer;
  }

  template <typename T>
  static std::string list(const std::vector<T> &values, size_t shown = -1) {
    std::string result = "[";
    for (size_t i = 0; i < values.size() && i < shown; ++i)
      result += (i ? ", " : "") + number(values[i]);
    if (values.size() > shown)
      result += ", ... " + std::to_string(values.size()) + " values";
    return result + "]";
  }

  template <typename T>
  void constants(const char *name, const std::vector<T> &values) {
    if (!values.empty())
      text += std::string("       ") + name + " " +
              list(values, options.allValues ? -1 : 8) + "\n";
  }

  void print(size_t index, const Weights &table) {
    size_t nonZero = 0;
    int64_t min = 0, max = 0;
    for (int64_t value : table.values) {
      nonZero += value != 0;
      min = std::min(min, value);
      max = std::max(max, value);
    }
    text += "  w" + std::to_string(index) + " '" + table.name + "' " +
            number(table.planes) + " x " + number(table.rows) + " x " +
            number(table.columns) + ", " + number(int64_t(table.bits)) +
            " bits, in " + list<int64_t>({min, max}) + ", " +
            std::to_string(nonZero) + " of " +
            std::to_string(table.values.size()) + " not zero\n";
    if (!options.allValues || table.columns < 1)
      return;
    for (size_t i = 0; i < table.values.size(); ++i)
      text += (i % table.columns == 0 ? "\n       " : " ") +
              number(table.values[i]);
    text += "\n";
  }

  void print(const InputPool &unit) {
    static const char *const roundings[] = {"half_even", "half_up", "floor"};
    const char *encoding =
        unit.encoding == InputEncoding::BitPlane ? "bitplane" : "current";
    switch (unit.kind) {
    case InputKind::Integer:
      text += "input integer " + list<int64_t>({unit.lo, unit.hi});
      break;
    case InputKind::Quantized: {
      auto rounding = static_cast<size_t>(unit.rounding);
      text += "input quantized " + list<int64_t>({unit.lo, unit.hi}) +
              " rounding " + (rounding < 3 ? roundings[rounding] : "unknown");
      break;
    }
    case InputKind::Real:
      text += "input real |x| <= " + number(unit.bound);
      break;
    }
    text += std::string(" ") + encoding + "\n";
    constants("scale", unit.scale);
    constants("pre_scale", unit.preScale);
    constants("pre_offset", unit.preOffset);
    constants("table",
              std::vector<int64_t>(unit.table.begin(), unit.table.end()));
  }

  void print(const NeuronPool &unit) {
    WideRange range{unit.membraneMin, unit.membraneMax};
    text += std::string(unit.settled ? "settled " : "") + "neurons counts " +
            list<int64_t>({unit.lo, unit.hi}) + " membrane " +
            list<int64_t>({unit.membraneMin, unit.membraneMax}) + " (" +
            std::to_string(bitsOfRange(range)) + " of " +
            number(int64_t(unit.stateBits)) + " bits)\n";
    constants("theta", unit.theta);
    constants("start", unit.start);
    constants("bias", unit.bias);
    constants("epsilon", unit.epsilon);
  }

  void print(const CountPool &unit) {
    text += "counts " + list<int64_t>({unit.lo, unit.hi}) + " maximum over " +
            window(unit.window) + "\n";
    std::vector<int64_t> flags(unit.minimumOfChannel.begin(),
                               unit.minimumOfChannel.end());
    constants("minimum of channel", flags);
  }

  void print(const ReadoutPool &unit) {
    text += "readout\n";
    constants("offset", unit.offset);
  }

  static std::string window(const Window2D &w) {
    return list<int64_t>({w.channels, w.height, w.width}) + " kernel " +
           list<int64_t>({w.kernelH, w.kernelW}) + " stride " +
           list<int64_t>({w.strideH, w.strideW}) + " dilation " +
           list<int64_t>({w.dilationH, w.dilationW}) + " pad " +
           list<int64_t>({w.padTop, w.padLeft}) + " out " +
           list<int64_t>({w.outHeight, w.outWidth});
  }

  void print(size_t index, const Connection &connection) {
    text += "  c" + std::to_string(index) + " p" +
            std::to_string(connection.source) + " -> p" +
            std::to_string(connection.target) + " shift " +
            std::to_string(connection.shift) + "\n";
    for (const Stage &stage : connection.stages)
      std::visit([&](const auto &s) { print(s); }, stage);
    constants("gain", connection.gain);
  }

  void print(const RemapStage &stage) {
    text += "       remap " + list(stage.shape) + " strides " +
            list(stage.strides) + " offset " + number(stage.offset) + " into " +
            number(stage.outputSize) + "\n";
  }

  void print(const GatherStage &stage) {
    text += "       gather [" + number(stage.outer) + ", " +
            number(stage.extent) + ", " + number(stage.inner) + "]\n";
    std::vector<int64_t> indices(stage.indices.begin(), stage.indices.end());
    constants("indices", indices);
  }

  void print(const SumWindowStage &stage) {
    text += "       sum_window " + window(stage.window) + "\n";
    std::vector<int64_t> planes(stage.planeOfOutput.begin(),
                                stage.planeOfOutput.end());
    constants("plane of output", planes);
  }

  void print(const Conv2DStage &stage) {
    text += "       conv2d " + window(stage.window) + " channels " +
            number(stage.outChannels) + " groups " + number(stage.groups) +
            " weights w" + std::to_string(stage.weights) + "\n";
  }

  void print(const DenseStage &stage) {
    text += "       dense " + number(stage.inputs) + " x " +
            number(stage.outputs) + " weights w" +
            std::to_string(stage.weights) + "\n";
  }

  void print(const DiagonalStage &stage) {
    text += "       diagonal " + number(stage.size) + " channels " +
            number(stage.channels) + " weights w" +
            std::to_string(stage.weights) + "\n";
  }

  void print(const char *name, const std::vector<Instruction> &code) {
    text += std::string("  ") + name + "\n";
    for (const Instruction &instruction : code) {
      const OpcodeInfo *info = findOpcode(instruction.opcode);
      text += "    " + (info ? std::string(info->mnemonic)
                             : "opcode_" + std::to_string(instruction.opcode));
      if (info && info->operand == OperandKind::Connection)
        text += " c" + std::to_string(instruction.operand);
      else if (!info || info->operand == OperandKind::Pool)
        text += " p" + std::to_string(instruction.operand);
      text += "\n";
    }
  }

  const Program &program;
  const DisassembleOptions &options;
  std::string text;
};

} // namespace

std::string fastsnn::rt::disassemble(const Program &program,
                                     const DisassembleOptions &options) {
  return Disassembler(program, options).run();
}
