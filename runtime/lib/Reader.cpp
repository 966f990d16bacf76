//===- Reader.cpp - Bytes to programs -------------------------------------===//
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
#include <filesystem>
#include <limits>

#include <zlib.h>

using namespace fastsnn::rt;

namespace {

/// Takes little-endian values from a range of bytes. After the first failure
/// every further call yields zero, so that a caller may look once at the end;
/// loops ask `failed()`.
class ByteReader {
public:
  ByteReader(const uint8_t *data, size_t size, std::string where)
      : cursor(data), left(size), where(std::move(where)) {}

  template <typename Integer> Integer integer() {
    if (!take(sizeof(Integer)))
      return 0;
    std::make_unsigned_t<Integer> bits = 0;
    for (size_t byte = 0; byte < sizeof(Integer); ++byte)
      bits |= static_cast<std::make_unsigned_t<Integer>>(cursor[byte])
              << (8 * byte);
    cursor += sizeof(Integer);
    left -= sizeof(Integer);
    return static_cast<Integer>(bits);
  }

  double real() {
    auto bits = integer<uint64_t>();
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  /// A list's length; fails unless that many entries of at least `entrySize`
  /// bytes are left.
  size_t length(size_t entrySize) {
    size_t count = integer<uint32_t>();
    return require(count, entrySize) ? count : 0;
  }

  bool require(uint64_t count, size_t entrySize) {
    if (failed() || count <= left / entrySize)
      return !failed();
    fail(ErrorCode::MalformedSection,
         "a list of " + std::to_string(count) + " entries of " +
             std::to_string(entrySize) + " bytes, " + std::to_string(left) +
             " bytes are left; the file is damaged");
    return false;
  }

  std::string text() {
    size_t size = length(1);
    std::string value(reinterpret_cast<const char *>(cursor), size);
    skip(size);
    return value;
  }

  template <typename Integer> std::vector<Integer> integers() {
    std::vector<Integer> values(length(sizeof(Integer)));
    for (Integer &value : values)
      value = integer<Integer>();
    return values;
  }

  std::vector<double> reals() {
    std::vector<double> values(length(sizeof(double)));
    for (double &value : values)
      value = real();
    return values;
  }

  /// `count` integers of `bits` each.
  IntegerArray packed(uint64_t count, unsigned bits) {
    if (bits != 8 && bits != 16 && bits != 32 && bits != 64) {
      fail(ErrorCode::UnknownKind, "a storage width of " +
                                       std::to_string(bits) +
                                       " bits; known are 8, 16, 32 and 64");
      return {};
    }
    if (!require(count, bits / 8))
      return {};
    IntegerArray values = IntegerArray::generate(count, bits, [&](size_t i) {
      const uint8_t *from = cursor + i * (bits / 8);
      uint64_t raw = 0;
      for (unsigned byte = 0; byte < bits / 8; ++byte)
        raw |= static_cast<uint64_t>(from[byte]) << (8 * byte);
      // Sign extension: the arithmetic shift brings the sign down again.
      return static_cast<int64_t>(raw << (64 - bits)) >> (64 - bits);
    });
    skip(count * (bits / 8));
    return values;
  }

  size_t remaining() const { return left; }
  bool failed() const { return !status.ok(); }

  void fail(ErrorCode code, const std::string &what) {
    if (!failed())
      status.add(code, where + ": " + what);
    left = 0;
  }

  /// Call once at the end of a section.
  void finish() {
    if (!failed() && left != 0)
      fail(ErrorCode::MalformedSection,
           std::to_string(left) +
               " bytes are left over; the file is damaged or of another "
               "version");
  }

  Status status;

private:
  bool take(size_t size) {
    if (failed())
      return false;
    if (size <= left)
      return true;
    fail(ErrorCode::MalformedSection,
         "the section ends in the middle of a value; the file is damaged");
    return false;
  }

  void skip(size_t size) {
    cursor += size;
    left -= size;
  }

  const uint8_t *cursor;
  size_t left;
  std::string where;
};

/// Reads the sections of one program.
class ProgramReader {
public:
  ProgramReader(const uint8_t *data, size_t size) : data(data), size(size) {}

  Result<Program> run() {
    Status status = readEnvelope();
    if (!status.ok())
      return status;

    // Later sections are read with the counts of earlier ones.
    using namespace format;
    status = readSection(Meta, &ProgramReader::readMeta);
    if (status.ok())
      status = readSection(Cores, &ProgramReader::readCores);
    if (status.ok())
      status = readSection(Synapses, &ProgramReader::readSynapses);
    if (status.ok())
      status = readSection(Neurons, &ProgramReader::readNeurons);
    if (status.ok())
      status = readSection(Thresholds, &ProgramReader::readThresholds);
    if (status.ok())
      status = readSection(Routes, &ProgramReader::readRoutes);
    if (status.ok())
      status = readSection(Code, &ProgramReader::readCode);
    if (status.ok())
      status = readSection(Prov, &ProgramReader::readProvenance);
    if (!status.ok())
      return status;
    return std::move(program);
  }

private:
  Status readSection(format::Section id,
                     void (ProgramReader::*read)(ByteReader &)) {
    ByteReader in(data + offsets[id], sizes[id],
                  std::string("section ") + format::sectionNames[id]);
    (this->*read)(in);
    in.finish();
    return std::move(in.status);
  }

  /// Header, section table and checksum.
  Status readEnvelope() {
    using namespace format;
    if (size < sizeof magic) {
      if (size > 0 && std::memcmp(data, magic, size) != 0)
        return badMagic();
      return truncated(headerSize);
    }
    if (std::memcmp(data, magic, sizeof magic) != 0)
      return badMagic();
    if (size < headerSize)
      return truncated(headerSize);

    ByteReader in(data + sizeof magic, size - sizeof magic, "program file");
    auto major = in.integer<uint16_t>();
    minor = in.integer<uint16_t>();
    if (major != formatMajor || minor > formatMinor)
      return Status(ErrorCode::UnknownVersion,
                    "program file: version " + std::to_string(major) + "." +
                        std::to_string(minor) + ", this reader knows " +
                        std::to_string(formatMajor) + ".0 to " +
                        std::to_string(formatMajor) + "." +
                        std::to_string(formatMinor) +
                        "; compile the network again with this version");
    auto count = in.integer<uint32_t>();
    auto fileSize = in.integer<uint64_t>();
    if (size < fileSize)
      return truncated(fileSize);
    if (size > fileSize)
      return Status(ErrorCode::TrailingBytes,
                    "program file: " + std::to_string(size - fileSize) +
                        " bytes follow the end of the program at " +
                        std::to_string(fileSize) +
                        "; cut them off or copy the file again");
    if (count != sectionCount ||
        fileSize < headerSize + sectionCount * tableEntrySize + checksumSize)
      return Status(ErrorCode::BadSectionTable,
                    "program file: " + std::to_string(count) + " sections in " +
                        std::to_string(fileSize) + " bytes, the format has " +
                        std::to_string(sectionCount) +
                        " sections; the file is damaged");

    uint32_t stored = 0;
    for (size_t byte = 0; byte < checksumSize; ++byte)
      stored |= uint32_t(data[size - checksumSize + byte]) << (8 * byte);
    auto computed = static_cast<uint32_t>(
        crc32_z(crc32_z(0, nullptr, 0), data, size - checksumSize));
    if (stored != computed)
      return Status(ErrorCode::BadChecksum,
                    "program file: CRC-32 is " + std::to_string(computed) +
                        ", the file says " + std::to_string(stored) +
                        "; the file is damaged: copy or compile it again");
    return readTable(in);
  }

  /// Sections follow each other in a fixed order without gaps, so that every
  /// byte of a file has exactly one meaning.
  Status readTable(ByteReader &in) {
    using namespace format;
    uint64_t expected = headerSize + sectionCount * tableEntrySize;
    uint64_t end = size - checksumSize;
    for (uint32_t id = 0; id < sectionCount; ++id) {
      char name[5] = {};
      for (int i = 0; i < 4; ++i)
        name[i] = static_cast<char>(in.integer<uint8_t>());
      auto zero = in.integer<uint32_t>();
      auto offset = in.integer<uint64_t>(), length = in.integer<uint64_t>();
      bool good = std::memcmp(name, sectionNames[id], 4) == 0 && zero == 0 &&
                  offset == alignUp(expected) && offset <= end &&
                  length <= end - offset;
      for (uint64_t at = expected; good && at < offset; ++at)
        good = data[at] == 0;
      if (!good)
        return Status(ErrorCode::BadSectionTable,
                      std::string("program file: entry ") + std::to_string(id) +
                          " of the section table is not section " +
                          sectionNames[id] + " at byte " +
                          std::to_string(alignUp(expected)) +
                          "; the file is damaged");
      offsets[id] = offset;
      sizes[id] = length;
      expected = offset + length;
    }
    if (expected != end)
      return Status(ErrorCode::BadSectionTable,
                    "program file: " + std::to_string(end - expected) +
                        " bytes belong to no section; the file is damaged");
    return Status();
  }

  Status badMagic() const {
    return Status(ErrorCode::BadMagic,
                  "program file: the first bytes are not those of a FastSNN "
                  "program; give a file that fastsnn-compile wrote");
  }

  Status truncated(uint64_t expected) const {
    return Status(ErrorCode::TruncatedFile,
                  "program file: truncated, " + std::to_string(size) + " of " +
                      std::to_string(expected) +
                      " bytes; copy or compile it again");
  }

  void readMeta(ByteReader &in) {
    program.name = in.text();
    program.timeSteps = in.integer<int32_t>();
    weightTables = in.integer<uint32_t>();
    pools = in.integer<uint32_t>();
    connections = in.integer<uint32_t>();
  }

  void readCores(ByteReader &in) {
    program.cores.resize(in.length(4 + 4));
    for (Core &core : program.cores) {
      core.id = in.integer<int32_t>();
      core.pools = in.integers<int32_t>();
    }
    if (minor < format::minorWithMapping)
      return;
    auto mapped = in.integer<uint8_t>();
    if (mapped > 1)
      return in.fail(ErrorCode::UnknownKind, "a mapping of kind " +
                                                 std::to_string(mapped) +
                                                 "; known are 0 (none) and 1");
    if (mapped == 1)
      readPlaces(in, program.mapping.emplace());
  }

  void readPlaces(ByteReader &in, Mapping &mapping) {
    mapping.target = in.text();
    auto routing = in.integer<uint8_t>();
    if (!in.failed() && routing != 1 && routing != 2)
      in.fail(ErrorCode::UnknownKind, "a routing of kind " +
                                          std::to_string(routing) +
                                          "; known are 1 and 2");
    mapping.routing = static_cast<Routing>(routing);
    for (int32_t *extent : {&mapping.chipColumns, &mapping.chipRows,
                            &mapping.columns, &mapping.rows})
      *extent = in.integer<int32_t>();
    if (!in.require(program.cores.size(), 4 + 4))
      return;
    mapping.cores.resize(program.cores.size());
    for (CorePlace &place : mapping.cores) {
      place.x = in.integer<int32_t>();
      place.y = in.integer<int32_t>();
    }
    for (size_t core = 0; core < program.cores.size(); ++core) {
      const std::vector<int32_t> &pools = program.cores[core].pools;
      if (!in.require(pools.size(), boxSize + 4 + 4))
        return;
      for (int32_t pool : pools) {
        Tile &tile = mapping.tiles.emplace_back();
        tile.pool = pool;
        tile.core = static_cast<int32_t>(core);
        readBox(in, tile.box);
        tile.part = in.integer<int32_t>();
        tile.parts = in.integer<int32_t>();
      }
    }
  }

  static constexpr size_t boxSize = 6 * 8;
  void readBox(ByteReader &in, Box &box) {
    for (Interval &side : box) {
      side.begin = in.integer<int64_t>();
      side.end = in.integer<int64_t>();
    }
  }

  void readSynapses(ByteReader &in) {
    if (!in.require(weightTables, 4 + 1 + 3 * 8))
      return;
    program.weights.resize(weightTables);
    for (Weights &table : program.weights) {
      readWeights(in, table);
      if (in.failed())
        return;
    }
    if (!in.require(connections, 4 + 1 + 4 + 4))
      return;
    program.connections.resize(connections);
    for (Connection &connection : program.connections) {
      connection.target = in.integer<int32_t>();
      connection.shift = in.integer<uint8_t>();
      size_t stages = in.length(1 + 8 + 8 + 4);
      connection.stages.reserve(stages);
      for (size_t s = 0; s < stages && !in.failed(); ++s)
        readStage(in, connection.stages);
      connection.gain = in.reals();
      if (in.failed())
        return;
    }
  }

  void readWeights(ByteReader &in, Weights &table) {
    table.name = in.text();
    table.bits = in.integer<uint8_t>();
    table.planes = in.integer<int64_t>();
    table.rows = in.integer<int64_t>();
    table.columns = in.integer<int64_t>();
    uint64_t count = 1;
    for (int64_t extent : {table.planes, table.rows, table.columns}) {
      if (extent < 1 || count > in.remaining() / static_cast<uint64_t>(extent))
        return in.fail(ErrorCode::MalformedSection,
                       "weights '" + table.name + "' of " +
                           std::to_string(table.planes) + " x " +
                           std::to_string(table.rows) + " x " +
                           std::to_string(table.columns) + " values, " +
                           std::to_string(in.remaining()) +
                           " bytes are left; the file is damaged");
      count *= static_cast<uint64_t>(extent);
    }
    table.values = in.packed(count, table.bits);
  }

  void readStage(ByteReader &in, std::vector<Stage> &stages) {
    auto kind = in.integer<uint8_t>();
    switch (kind) {
    case format::KindRemap: {
      RemapStage stage;
      stage.shape = in.integers<int64_t>();
      stage.strides = in.integers<int64_t>();
      stage.offset = in.integer<int64_t>();
      stage.outputSize = in.integer<int64_t>();
      stages.emplace_back(std::move(stage));
      return;
    }
    case format::KindSumWindow: {
      SumWindowStage stage;
      stage.window = readWindow(in);
      stage.planeOfOutput = in.integers<int32_t>();
      stages.emplace_back(std::move(stage));
      return;
    }
    case format::KindGather: {
      GatherStage stage;
      stage.outer = in.integer<int64_t>();
      stage.extent = in.integer<int64_t>();
      stage.inner = in.integer<int64_t>();
      stage.indices = in.integers<int32_t>();
      stages.emplace_back(std::move(stage));
      return;
    }
    case format::KindConv2D: {
      Conv2DStage stage;
      stage.window = readWindow(in);
      stage.outChannels = in.integer<int64_t>();
      stage.groups = in.integer<int64_t>();
      stage.weights = in.integer<int32_t>();
      stages.emplace_back(stage);
      return;
    }
    case format::KindDense: {
      DenseStage stage;
      stage.inputs = in.integer<int64_t>();
      stage.outputs = in.integer<int64_t>();
      stage.weights = in.integer<int32_t>();
      stages.emplace_back(stage);
      return;
    }
    case format::KindDiagonal: {
      DiagonalStage stage;
      stage.size = in.integer<int64_t>();
      stage.channels = in.integer<int64_t>();
      stage.weights = in.integer<int32_t>();
      stages.emplace_back(stage);
      return;
    }
    default:
      in.fail(ErrorCode::UnknownKind, "stage kind " + std::to_string(kind) +
                                          " is unknown; known are 1 to 6");
    }
  }

  Window2D readWindow(ByteReader &in) {
    Window2D w;
    for (int64_t *value :
         {&w.channels, &w.height, &w.width, &w.outHeight, &w.outWidth,
          &w.kernelH, &w.kernelW, &w.strideH, &w.strideW, &w.dilationH,
          &w.dilationW, &w.padTop, &w.padLeft})
      *value = in.integer<int64_t>();
    return w;
  }

  void readNeurons(ByteReader &in) {
    if (!in.require(pools, 4 + 4 + 1))
      return;
    program.pools.resize(pools);
    for (Pool &pool : program.pools) {
      pool.name = in.text();
      pool.shape = in.integers<int64_t>();
      readUnit(in, pool);
      if (in.failed())
        return;
    }
  }

  void readUnit(ByteReader &in, Pool &pool) {
    auto kind = in.integer<uint8_t>();
    switch (kind) {
    case format::KindInput:
      return readInput(in, pool.unit.emplace<InputPool>());
    case format::KindNeuron:
    case format::KindSettledNeuron: {
      auto &unit = pool.unit.emplace<NeuronPool>();
      unit.settled = kind == format::KindSettledNeuron;
      unit.stateBits = in.integer<uint8_t>();
      unit.lo = in.integer<int32_t>();
      unit.hi = in.integer<int32_t>();
      unit.membraneMin = in.integer<int64_t>();
      unit.membraneMax = in.integer<int64_t>();
      return;
    }
    case format::KindCount: {
      auto &unit = pool.unit.emplace<CountPool>();
      unit.window = readWindow(in);
      unit.minimumOfChannel = in.integers<uint8_t>();
      unit.lo = in.integer<int32_t>();
      unit.hi = in.integer<int32_t>();
      return;
    }
    case format::KindReadout:
      pool.unit.emplace<ReadoutPool>().offset = in.reals();
      return;
    default:
      in.fail(ErrorCode::UnknownKind, "pool kind " + std::to_string(kind) +
                                          " is unknown; known are 1 to 5");
    }
  }

  void readInput(ByteReader &in, InputPool &unit) {
    auto kind = in.integer<uint8_t>(), encoding = in.integer<uint8_t>(),
         rounding = in.integer<uint8_t>();
    bool known = kind >= 1 && kind <= 3 && encoding >= 1 && encoding <= 2 &&
                 rounding <= 2;
    if (!in.failed() && !known)
      in.fail(ErrorCode::UnknownKind,
              "input kind " + std::to_string(kind) + ", encoding " +
                  std::to_string(encoding) + ", rounding " +
                  std::to_string(rounding) +
                  "; known are kinds 1 to 3, encodings 1 and 2, roundings 0 "
                  "to 2");
    unit.kind = static_cast<InputKind>(kind);
    unit.encoding = static_cast<InputEncoding>(encoding);
    unit.rounding = static_cast<Rounding>(rounding);
    unit.lo = in.integer<int64_t>();
    unit.hi = in.integer<int64_t>();
    unit.scale = in.reals();
    unit.preScale = in.reals();
    unit.preOffset = in.reals();
    unit.table = in.integers<int32_t>();
    unit.bound = in.real();
  }

  void readThresholds(ByteReader &in) {
    for (Pool &pool : program.pools) {
      auto *unit = std::get_if<NeuronPool>(&pool.unit);
      if (!unit)
        continue;
      for (auto *values :
           {&unit->theta, &unit->start, &unit->bias, &unit->epsilon}) {
        auto bits = in.integer<uint8_t>();
        size_t count = in.length(1);
        if (in.failed())
          return;
        IntegerArray list = in.packed(count, bits);
        values->assign(list.begin(), list.end());
      }
    }
  }

  void readRoutes(ByteReader &in) {
    for (size_t p = 0; p < program.pools.size(); ++p) {
      int32_t previous = -1;
      for (int32_t c : in.integers<int32_t>()) {
        if (c <= previous ||
            static_cast<size_t>(c) >= program.connections.size() ||
            program.connections[c].source != -1)
          return in.fail(ErrorCode::MalformedSection,
                         "connection " + std::to_string(c) + " of pool " +
                             std::to_string(p) +
                             " does not exist, is listed twice or out of "
                             "order; the file is damaged");
        program.connections[c].source = static_cast<int32_t>(p);
        previous = c;
      }
      if (in.failed())
        return;
    }
    for (size_t c = 0; c < program.connections.size(); ++c)
      if (program.connections[c].source == -1)
        return in.fail(ErrorCode::MalformedSection,
                       "connection " + std::to_string(c) +
                           " leaves no pool; the file is damaged");
    if (!program.mapping || !in.require(connections, 4))
      return;
    for (uint32_t c = 0; c < connections; ++c)
      program.mapping->delays.push_back(in.integer<int32_t>());
    program.mapping->routes.resize(in.length(4 + 4 + boxSize));
    for (Route &route : program.mapping->routes) {
      route.tile = in.integer<int32_t>();
      route.core = in.integer<int32_t>();
      readBox(in, route.box);
    }
  }

  void readCode(ByteReader &in) {
    for (auto *list : {&program.prologue, &program.step, &program.epilogue}) {
      list->resize(in.length(2 + 4));
      for (Instruction &instruction : *list) {
        instruction.opcode = in.integer<uint16_t>();
        instruction.operand = in.integer<int32_t>();
        if (!in.failed() && !findOpcode(instruction.opcode))
          return in.fail(ErrorCode::UnknownOpcode,
                         "opcode " + std::to_string(instruction.opcode) +
                             " is unknown; the file is damaged or of another "
                             "version");
      }
    }
  }

  void readProvenance(ByteReader &in) { program.provenance = in.text(); }

  const uint8_t *data;
  size_t size;
  uint64_t offsets[format::sectionCount] = {}, sizes[format::sectionCount] = {};
  uint32_t weightTables = 0, pools = 0, connections = 0;
  uint16_t minor = 0;
  Program program;
};

} // namespace

Result<Program> fastsnn::rt::deserialize(const uint8_t *data, size_t size) {
  return ProgramReader(data, size).run();
}

Result<Program> fastsnn::rt::readProgram(const std::string &path) {
  auto cannotOpen = [&](const std::string &why) {
    return Status(ErrorCode::CannotOpenFile,
                  path + ": " + why + "; give a readable program file");
  };
  // A device or pipe may have no end; its size cannot be checked.
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    return cannotOpen(error ? error.message() : "not a regular file");
  uintmax_t size = std::filesystem::file_size(path, error);
  if (error)
    return cannotOpen(error.message());
  std::FILE *file = std::fopen(path.c_str(), "rb");
  if (!file)
    return cannotOpen("no permission to read it");

  // The header first: a large file that is no program costs no memory.
  std::vector<uint8_t> bytes(std::min<uintmax_t>(size, format::headerSize));
  size_t read = std::fread(bytes.data(), 1, bytes.size(), file);
  bool isProgram =
      read >= sizeof format::magic &&
      std::memcmp(bytes.data(), format::magic, sizeof format::magic) == 0;
  if (isProgram && size > read) {
    bytes.resize(size);
    read += std::fread(bytes.data() + read, 1, size - read, file);
  }
  std::fclose(file);
  return deserialize(bytes.data(), read);
}
