//===- Writer.cpp - Programs to bytes -------------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramFormat.h"
#include "fastsnn-rt/Opcodes.h"
#include "fastsnn-rt/Serialize.h"

#include <cstdio>
#include <cstring>
#include <limits>

#include <zlib.h>

using namespace fastsnn::rt;

namespace {

/// Appends little-endian values to a buffer.
class ByteWriter {
public:
  template <typename Integer> void integer(Integer value) {
    using Unsigned = std::make_unsigned_t<Integer>;
    auto bits = static_cast<Unsigned>(value);
    for (size_t byte = 0; byte < sizeof(Integer); ++byte)
      bytes.push_back(static_cast<uint8_t>(bits >> (8 * byte)));
  }

  void real(double value) {
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    integer(bits);
  }

  void text(const std::string &value) {
    length(value.size());
    bytes.insert(bytes.end(), value.begin(), value.end());
  }

  void length(size_t value) {
    if (value > std::numeric_limits<uint32_t>::max())
      status.add(ErrorCode::ValueTooWide,
                 "program: a list or text has " + std::to_string(value) +
                     " entries, the format allows 4294967295; split it");
    integer(static_cast<uint32_t>(value));
  }

  template <typename Integer>
  void integers(const std::vector<Integer> &values) {
    length(values.size());
    for (Integer value : values)
      integer(value);
  }

  void reals(const std::vector<double> &values) {
    length(values.size());
    for (double value : values)
      real(value);
  }

  /// Two's complement of `bits` bits; false where a value does not fit.
  template <typename Values> bool packed(const Values &values, unsigned bits) {
    bytes.reserve(bytes.size() + values.size() * (bits / 8));
    bool fits = true;
    for (int64_t value : values) {
      int64_t limit = std::numeric_limits<int64_t>::max() >> (64 - bits);
      fits &= value <= limit && value >= -limit - 1;
      for (unsigned byte = 0; byte < bits / 8; ++byte)
        bytes.push_back(static_cast<uint8_t>(value >> (8 * byte)));
    }
    return fits;
  }

  std::vector<uint8_t> bytes;
  Status status;
};

/// The narrowest storage width that holds all values.
unsigned storageBits(const std::vector<int64_t> &values) {
  unsigned bits = 8;
  for (int64_t value : values)
    bits = std::max(bits, fastsnn::rt::storageBits(value));
  return bits;
}

/// Writes the sections of one program.
class ProgramWriter {
public:
  explicit ProgramWriter(const Program &program) : program(program) {}

  Result<std::vector<uint8_t>> run() {
    using namespace format;
    ByteWriter sections[sectionCount];
    writeMeta(sections[Meta]);
    writeCores(sections[Cores]);
    writeSynapses(sections[Synapses]);
    writeNeurons(sections[Neurons]);
    writeThresholds(sections[Thresholds]);
    writeRoutes(sections[Routes]);
    writeCode(sections[Code]);
    sections[Prov].text(program.provenance);
    for (ByteWriter &section : sections)
      status.append(section.status);
    if (!status.ok())
      return status;

    size_t offset = headerSize + sectionCount * tableEntrySize, size = offset;
    for (const ByteWriter &section : sections)
      size = alignUp(size) + section.bytes.size();
    size += checksumSize;

    ByteWriter file;
    file.bytes.reserve(size);
    file.bytes.insert(file.bytes.end(), std::begin(magic), std::end(magic));
    file.integer(formatMajor);
    file.integer(formatMinor);
    file.integer(sectionCount);
    file.integer(static_cast<uint64_t>(size));
    for (uint32_t id = 0; id < sectionCount; ++id) {
      file.bytes.insert(file.bytes.end(), sectionNames[id],
                        sectionNames[id] + 4);
      file.integer(uint32_t(0));
      offset = alignUp(offset);
      file.integer(static_cast<uint64_t>(offset));
      file.integer(static_cast<uint64_t>(sections[id].bytes.size()));
      offset += sections[id].bytes.size();
    }
    for (ByteWriter &section : sections) {
      file.bytes.resize(alignUp(file.bytes.size()));
      file.bytes.insert(file.bytes.end(), section.bytes.begin(),
                        section.bytes.end());
      section.bytes = {};
    }
    file.integer(static_cast<uint32_t>(
        crc32_z(crc32_z(0, nullptr, 0), file.bytes.data(), file.bytes.size())));
    return std::move(file.bytes);
  }

private:
  void writeMeta(ByteWriter &out) {
    out.text(program.name);
    out.integer(program.timeSteps);
    out.length(program.weights.size());
    out.length(program.pools.size());
    out.length(program.connections.size());
  }

  void writeCores(ByteWriter &out) {
    out.length(program.cores.size());
    for (const Core &core : program.cores) {
      out.integer(core.id);
      out.integers(core.pools);
    }
    out.integer(uint8_t(program.mapping.has_value()));
    if (program.mapping)
      writePlaces(out, *program.mapping);
  }

  void writePlaces(ByteWriter &out, const Mapping &mapping) {
    out.text(mapping.target);
    out.integer(static_cast<uint8_t>(mapping.routing));
    for (int32_t extent :
         {mapping.chipColumns, mapping.chipRows, mapping.columns, mapping.rows})
      out.integer(extent);
    // How many there are of either is known from the list of cores: two sources
    // for one number could contradict each other.
    size_t tiles = 0;
    for (const Core &core : program.cores)
      tiles += core.pools.size();
    if (mapping.cores.size() != program.cores.size() ||
        mapping.tiles.size() != tiles ||
        mapping.delays.size() != program.connections.size())
      status.add(ErrorCode::ValueTooWide,
                 "mapping: " + std::to_string(mapping.cores.size()) +
                     " cores, " + std::to_string(mapping.tiles.size()) +
                     " tiles and " + std::to_string(mapping.delays.size()) +
                     " delays, the program says otherwise; give as many as it "
                     "has cores, pools on them and connections");
    for (const CorePlace &place : mapping.cores) {
      out.integer(place.x);
      out.integer(place.y);
    }
    for (const Tile &tile : mapping.tiles) {
      writeBox(out, tile.box);
      out.integer(tile.part);
      out.integer(tile.parts);
    }
  }

  void writeBox(ByteWriter &out, const Box &box) {
    for (const Interval &side : box) {
      out.integer(side.begin);
      out.integer(side.end);
    }
  }

  void writeSynapses(ByteWriter &out) {
    for (const Weights &table : program.weights)
      writeWeights(out, table);
    for (const Connection &connection : program.connections) {
      out.integer(connection.target);
      out.integer(connection.shift);
      out.length(connection.stages.size());
      for (const Stage &stage : connection.stages)
        std::visit([&](const auto &s) { writeStage(out, s); }, stage);
      out.reals(connection.gain);
    }
  }

  void writeWeights(ByteWriter &out, const Weights &table) {
    out.text(table.name);
    out.integer(table.bits);
    out.integer(table.planes);
    out.integer(table.rows);
    out.integer(table.columns);
    bool known = table.bits == 8 || table.bits == 16 || table.bits == 32 ||
                 table.bits == 64;
    if (!known) {
      status.add(ErrorCode::ValueTooWide,
                 "weights '" + table.name + "': a storage width of " +
                     std::to_string(table.bits) +
                     " bits, the format has 8, 16, 32 and 64; choose one");
      return;
    }
    if (!out.packed(table.values, table.bits))
      status.add(ErrorCode::ValueTooWide, "weights '" + table.name +
                                              "': a value does not fit " +
                                              std::to_string(table.bits) +
                                              " bits; raise the storage width");
    // The number of values is not stored beside the extents: two sources for
    // one number could contradict each other.
    __int128 count = __int128(table.planes) * table.rows;
    if (table.planes < 0 || table.rows < 0 || table.columns < 0 ||
        count > std::numeric_limits<int64_t>::max() ||
        count * table.columns != __int128(table.values.size()))
      status.add(ErrorCode::ValueTooWide,
                 "weights '" + table.name +
                     "': " + std::to_string(table.values.size()) +
                     " values, the extents say otherwise; give planes * rows "
                     "* columns values");
  }

  void writeWindow(ByteWriter &out, const Window2D &w) {
    for (int64_t value :
         {w.channels, w.height, w.width, w.outHeight, w.outWidth, w.kernelH,
          w.kernelW, w.strideH, w.strideW, w.dilationH, w.dilationW, w.padTop,
          w.padLeft})
      out.integer(value);
  }

  void writeStage(ByteWriter &out, const RemapStage &stage) {
    out.integer(uint8_t(format::KindRemap));
    out.integers(stage.shape);
    out.integers(stage.strides);
    out.integer(stage.offset);
    out.integer(stage.outputSize);
  }

  void writeStage(ByteWriter &out, const SumWindowStage &stage) {
    out.integer(uint8_t(format::KindSumWindow));
    writeWindow(out, stage.window);
    out.integers(stage.planeOfOutput);
  }

  void writeStage(ByteWriter &out, const GatherStage &stage) {
    out.integer(uint8_t(format::KindGather));
    out.integer(stage.outer);
    out.integer(stage.extent);
    out.integer(stage.inner);
    out.integers(stage.indices);
  }

  void writeStage(ByteWriter &out, const Conv2DStage &stage) {
    out.integer(uint8_t(format::KindConv2D));
    writeWindow(out, stage.window);
    out.integer(stage.outChannels);
    out.integer(stage.groups);
    out.integer(stage.weights);
  }

  void writeStage(ByteWriter &out, const DenseStage &stage) {
    out.integer(uint8_t(format::KindDense));
    out.integer(stage.inputs);
    out.integer(stage.outputs);
    out.integer(stage.weights);
  }

  void writeStage(ByteWriter &out, const DiagonalStage &stage) {
    out.integer(uint8_t(format::KindDiagonal));
    out.integer(stage.size);
    out.integer(stage.channels);
    out.integer(stage.weights);
  }

  void writeNeurons(ByteWriter &out) {
    for (const Pool &pool : program.pools) {
      out.text(pool.name);
      out.integers(pool.shape);
      std::visit([&](const auto &unit) { writeUnit(out, unit); }, pool.unit);
    }
  }

  void writeUnit(ByteWriter &out, const InputPool &unit) {
    out.integer(uint8_t(format::KindInput));
    out.integer(static_cast<uint8_t>(unit.kind));
    out.integer(static_cast<uint8_t>(unit.encoding));
    out.integer(static_cast<uint8_t>(unit.rounding));
    out.integer(unit.lo);
    out.integer(unit.hi);
    out.reals(unit.scale);
    out.reals(unit.preScale);
    out.reals(unit.preOffset);
    out.integers(unit.table);
    out.real(unit.bound);
  }

  void writeUnit(ByteWriter &out, const NeuronPool &unit) {
    out.integer(
        uint8_t(unit.settled ? format::KindSettledNeuron : format::KindNeuron));
    out.integer(unit.stateBits);
    out.integer(unit.lo);
    out.integer(unit.hi);
    out.integer(unit.membraneMin);
    out.integer(unit.membraneMax);
  }

  void writeUnit(ByteWriter &out, const CountPool &unit) {
    out.integer(uint8_t(format::KindCount));
    writeWindow(out, unit.window);
    out.integers(unit.minimumOfChannel);
    out.integer(unit.lo);
    out.integer(unit.hi);
  }

  void writeUnit(ByteWriter &out, const ReadoutPool &unit) {
    out.integer(uint8_t(format::KindReadout));
    out.reals(unit.offset);
  }

  void writeThresholds(ByteWriter &out) {
    for (const Pool &pool : program.pools)
      if (const auto *unit = std::get_if<NeuronPool>(&pool.unit))
        for (const auto *values :
             {&unit->theta, &unit->start, &unit->bias, &unit->epsilon}) {
          unsigned bits = storageBits(*values);
          out.integer(static_cast<uint8_t>(bits));
          out.length(values->size());
          out.packed(*values, bits);
        }
  }

  void writeRoutes(ByteWriter &out) {
    std::vector<std::vector<int32_t>> leaving(program.pools.size());
    for (size_t c = 0; c < program.connections.size(); ++c) {
      int32_t source = program.connections[c].source;
      if (source < 0 || static_cast<size_t>(source) >= leaving.size())
        status.add(ErrorCode::IndexOutOfRange,
                   "connection " + std::to_string(c) + ": source pool " +
                       std::to_string(source) + ", the program has " +
                       std::to_string(leaving.size()) +
                       " pools; give an existing one");
      else
        leaving[source].push_back(static_cast<int32_t>(c));
    }
    for (const std::vector<int32_t> &list : leaving)
      out.integers(list);
    if (!program.mapping)
      return;
    for (int32_t delay : program.mapping->delays)
      out.integer(delay);
    out.length(program.mapping->routes.size());
    for (const Route &route : program.mapping->routes) {
      out.integer(route.tile);
      out.integer(route.core);
      writeBox(out, route.box);
    }
  }

  void writeCode(ByteWriter &out) {
    for (const auto *list :
         {&program.prologue, &program.step, &program.epilogue}) {
      out.length(list->size());
      for (const Instruction &instruction : *list) {
        if (!findOpcode(instruction.opcode))
          status.add(ErrorCode::UnknownOpcode,
                     "code: opcode " + std::to_string(instruction.opcode) +
                         " is unknown; use one of Opcodes.def");
        out.integer(instruction.opcode);
        out.integer(instruction.operand);
      }
    }
  }

  const Program &program;
  Status status;
};

} // namespace

Result<std::vector<uint8_t>> fastsnn::rt::serialize(const Program &program) {
  return ProgramWriter(program).run();
}

Status fastsnn::rt::writeProgram(const Program &program,
                                 const std::string &path) {
  Result<std::vector<uint8_t>> bytes = serialize(program);
  if (!bytes.ok())
    return bytes.status();
  std::FILE *file = std::fopen(path.c_str(), "wb");
  bool written = file && std::fwrite(bytes->data(), 1, bytes->size(), file) ==
                             bytes->size();
  // A full disk may show only when the buffer is flushed.
  if (file && std::fclose(file) != 0)
    written = false;
  if (written)
    return Status();
  return Status(ErrorCode::CannotWriteFile,
                path + ": cannot write " + std::to_string(bytes->size()) +
                    " bytes; check the folder and the free space");
}
