//===- SerializeTest.cpp - Programs as bytes ------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Serialize.h"
#include "ProgramBuilder.h"
#include "fastsnn-rt/Disassemble.h"
#include "fastsnn-rt/Executor.h"
#include "fastsnn-rt/Opcodes.h"
#include "fastsnn-rt/Validate.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <functional>

#include <zlib.h>

using namespace fastsnn::rt;
using namespace fastsnn::rt::testing;

namespace {

/// One of everything, as small as possible.
Program smallProgram() {
  ProgramBuilder builder("small", 2);
  InputPool quantized;
  quantized.kind = InputKind::Quantized;
  quantized.lo = -3;
  quantized.hi = 4;
  quantized.scale = {0.5};
  quantized.preScale = {2.0};
  quantized.preOffset = {-0.25};
  int32_t input = builder.addInput("x", {1, 2, 2}, quantized);
  NeuronPool unit = simpleNeurons(-1, 2, 5);
  unit.bias = {1, 2};
  int32_t first = builder.addNeurons("conv", {2, 2, 2}, unit);
  Conv2DStage conv;
  conv.window = squareWindow(1, 2, 2, 1, 1, 0);
  conv.outChannels = 2;
  conv.weights = builder.addWeights("w", 1, 1, 2, {300, -2});
  builder.connect(input, first, {conv}, 1);
  CountPool pool;
  pool.window = squareWindow(2, 2, 2, 2, 2, 0);
  pool.minimumOfChannel = {0, 1};
  pool.lo = -1;
  pool.hi = 2;
  int32_t maximum = builder.addCounts("max", pool);
  RemapStage identity{{2, 2, 2}, {4, 2, 1}, 0, 8};
  builder.connect(first, maximum, {identity});
  SumWindowStage sum;
  sum.window = squareWindow(2, 1, 1, 1, 1, 0);
  sum.planeOfOutput = {1};
  int32_t skip = builder.addNeurons("skip", {2}, simpleNeurons(0, 2, 3), false);
  DiagonalStage diagonal;
  diagonal.size = diagonal.channels = 2;
  diagonal.weights = builder.addWeights("d", 2, 1, 2, {1, 2, 3, 4});
  builder.connect(maximum, skip, {sum, diagonal}, 3);
  int32_t readout = builder.addReadout("y", {2}, {0.25, -1.0});
  DenseStage dense{2, 2, builder.addWeights("v", 1, 2, 2, {1, -1, 0, 2})};
  builder.connect(skip, readout, {dense}, 0, {0.5});
  Result<Program> program = builder.finish();
  EXPECT_TRUE(program.ok()) << program.status().str();
  return program.take();
}

std::vector<uint8_t> bytesOf(const Program &program) {
  Result<std::vector<uint8_t>> bytes = serialize(program);
  EXPECT_TRUE(bytes.ok()) << bytes.status().str();
  return bytes.take();
}

Result<Program> read(const std::vector<uint8_t> &bytes) {
  return deserialize(bytes.data(), bytes.size());
}

/// The one error of a failed read.
ErrorCode codeOf(const std::vector<uint8_t> &bytes) {
  // A copy of exact size: the sanitizer sees any read behind it.
  std::vector<uint8_t> exact(bytes.begin(), bytes.end());
  exact.shrink_to_fit();
  Result<Program> program = read(exact);
  EXPECT_FALSE(program.ok());
  EXPECT_EQ(program.status().diagnostics().size(), 1u);
  EXPECT_FALSE(program.status().diagnostics()[0].message.empty());
  return program.status().diagnostics()[0].code;
}

void fixChecksum(std::vector<uint8_t> &bytes) {
  auto crc = static_cast<uint32_t>(
      crc32_z(crc32_z(0, nullptr, 0), bytes.data(), bytes.size() - 4));
  for (int i = 0; i < 4; ++i)
    bytes[bytes.size() - 4 + i] = static_cast<uint8_t>(crc >> (8 * i));
}

/// Offset of the section table's entry, of the section.
size_t tableEntry(int section) { return 24 + section * 24; }
size_t sectionOffset(const std::vector<uint8_t> &bytes, int section) {
  size_t offset = 0;
  for (int i = 0; i < 8; ++i)
    offset |= size_t(bytes[tableEntry(section) + 8 + i]) << (8 * i);
  return offset;
}

TEST(Serialize, RoundTrip) {
  EXPECT_EQ(disassemble(*read(bytesOf(smallProgram()))),
            disassemble(smallProgram()));
  for (uint64_t seed = 0; seed < 60; ++seed) {
    RandomOptions options;
    options.seed = seed;
    options.inputKind = static_cast<InputKind>(1 + seed % 3);
    options.settled = seed % 2;
    Program program = randomProgram(options);
    std::vector<uint8_t> bytes = bytesOf(program);
    Result<Program> again = read(bytes);
    ASSERT_TRUE(again.ok()) << again.status().str();
    EXPECT_EQ(bytesOf(*again), bytes);
    DisassembleOptions all;
    all.allValues = true;
    EXPECT_EQ(disassemble(*again, all), disassemble(program, all));
    Status status = validate(*again);
    EXPECT_TRUE(status.ok()) << status.str();
  }
}

TEST(Serialize, EveryFieldSurvives) {
  // The disassembler may leave something out; compare the fields themselves.
  Program a = smallProgram();
  a.cores = {{7, {0, 2}}, {9, {1, 3, 4}}};
  Program b = read(bytesOf(a)).take();
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.timeSteps, b.timeSteps);
  EXPECT_EQ(a.provenance, b.provenance);
  ASSERT_EQ(b.cores.size(), 2u);
  EXPECT_EQ(b.cores[1].id, 9);
  EXPECT_EQ(b.cores[1].pools, a.cores[1].pools);
  for (size_t w = 0; w < a.weights.size(); ++w) {
    EXPECT_EQ(a.weights[w].name, b.weights[w].name);
    EXPECT_EQ(a.weights[w].bits, b.weights[w].bits);
    EXPECT_EQ(a.weights[w].planes, b.weights[w].planes);
    EXPECT_TRUE(
        std::equal(a.weights[w].values.begin(), a.weights[w].values.end(),
                   b.weights[w].values.begin(), b.weights[w].values.end()));
  }
  const auto &input = std::get<InputPool>(b.pools[0].unit);
  EXPECT_EQ(input.kind, InputKind::Quantized);
  EXPECT_EQ(input.encoding, InputEncoding::BitPlane);
  EXPECT_EQ(input.lo, -3);
  EXPECT_EQ(input.scale, std::vector<double>{0.5});
  EXPECT_EQ(input.preScale, std::vector<double>{2.0});
  EXPECT_EQ(input.preOffset, std::vector<double>{-0.25});
  EXPECT_TRUE(input.table.empty());
  InputPool pixels = pixelInput();
  pixels.table.assign(256, -7);
  pixels.table[3] = INT32_MAX;
  a.pools[0].unit = pixels;
  Program withTable = read(bytesOf(a)).take();
  EXPECT_EQ(std::get<InputPool>(withTable.pools[0].unit).table, pixels.table);
  const auto &x = std::get<NeuronPool>(a.pools[1].unit),
             &y = std::get<NeuronPool>(b.pools[1].unit);
  EXPECT_FALSE(y.settled);
  std::get<NeuronPool>(a.pools[1].unit).settled = true;
  EXPECT_TRUE(
      std::get<NeuronPool>(read(bytesOf(a)).take().pools[1].unit).settled);
  EXPECT_EQ(x.stateBits, y.stateBits);
  EXPECT_EQ(x.lo, y.lo);
  EXPECT_EQ(x.hi, y.hi);
  EXPECT_EQ(x.theta, y.theta);
  EXPECT_EQ(x.start, y.start);
  EXPECT_EQ(x.bias, y.bias);
  EXPECT_EQ(x.epsilon, y.epsilon);
  EXPECT_EQ(x.membraneMin, y.membraneMin);
  EXPECT_EQ(x.membraneMax, y.membraneMax);
  const auto &counts = std::get<CountPool>(b.pools[2].unit);
  EXPECT_EQ(counts.minimumOfChannel, (std::vector<uint8_t>{0, 1}));
  EXPECT_EQ(counts.window.kernelW, 2);
  EXPECT_EQ(counts.lo, -1);
  for (size_t c = 0; c < a.connections.size(); ++c) {
    EXPECT_EQ(a.connections[c].source, b.connections[c].source);
    EXPECT_EQ(a.connections[c].target, b.connections[c].target);
    EXPECT_EQ(a.connections[c].shift, b.connections[c].shift);
    EXPECT_EQ(a.connections[c].gain, b.connections[c].gain);
    EXPECT_EQ(a.connections[c].stages.size(), b.connections[c].stages.size());
  }
  EXPECT_EQ(a.step.size(), b.step.size());
  EXPECT_EQ(a.step.back().opcode, b.step.back().opcode);
}

TEST(Serialize, WriterRefusesWhatDoesNotFit) {
  Program program = smallProgram();
  program.weights[0].bits = 8; // holds 300
  EXPECT_TRUE(serialize(program).status().has(ErrorCode::ValueTooWide));
  program = smallProgram();
  program.weights[0].bits = 12;
  EXPECT_TRUE(serialize(program).status().has(ErrorCode::ValueTooWide));
  program = smallProgram();
  program.weights[0].rows = 5;
  EXPECT_TRUE(serialize(program).status().has(ErrorCode::ValueTooWide));
  program = smallProgram();
  program.step[0].opcode = 0x55;
  EXPECT_TRUE(serialize(program).status().has(ErrorCode::UnknownOpcode));
  program = smallProgram();
  program.connections[0].source = 77;
  EXPECT_TRUE(serialize(program).status().has(ErrorCode::IndexOutOfRange));
}

TEST(Serialize, TruncationAtEveryByte) {
  std::vector<uint8_t> bytes = bytesOf(smallProgram());
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::vector<uint8_t> cut(bytes.begin(), bytes.begin() + size);
    EXPECT_EQ(codeOf(cut), ErrorCode::TruncatedFile) << "at byte " << size;
  }
}

TEST(Serialize, EverySingleBitFlipIsNoticed) {
  std::vector<uint8_t> bytes = bytesOf(smallProgram());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= 1 << (bit % 8);
    codeOf(bytes);
    bytes[bit / 8] ^= 1 << (bit % 8);
  }
}

TEST(Serialize, NamedErrorsOfTheEnvelope) {
  const std::vector<uint8_t> good = bytesOf(smallProgram());
  std::vector<uint8_t> bytes = good;
  bytes[1] = 'G';
  EXPECT_EQ(codeOf(bytes), ErrorCode::BadMagic);
  EXPECT_EQ(codeOf({'P', 'K'}), ErrorCode::BadMagic);

  bytes = good;
  bytes[8] = 2;
  EXPECT_EQ(codeOf(bytes), ErrorCode::UnknownVersion);
  bytes = good;
  bytes[10] = formatMinor + 1;
  EXPECT_EQ(codeOf(bytes), ErrorCode::UnknownVersion);

  bytes = good;
  bytes.push_back(0);
  EXPECT_EQ(codeOf(bytes), ErrorCode::TrailingBytes);

  bytes = good;
  bytes[bytes.size() / 2] ^= 0x10;
  EXPECT_EQ(codeOf(bytes), ErrorCode::BadChecksum);

  for (size_t field : {size_t(12), tableEntry(0), tableEntry(2) + 4,
                       tableEntry(3) + 8, tableEntry(7) + 16}) {
    bytes = good;
    bytes[field] ^= 0x01;
    fixChecksum(bytes);
    EXPECT_EQ(codeOf(bytes), ErrorCode::BadSectionTable) << field;
  }
}

TEST(Serialize, NamedErrorsOfSections) {
  const std::vector<uint8_t> good = bytesOf(smallProgram());
  auto changed = [&](int section, size_t offset, uint8_t value) {
    std::vector<uint8_t> bytes = good;
    bytes[sectionOffset(good, section) + offset] = value;
    fixChecksum(bytes);
    return codeOf(bytes);
  };
  // Code: the first instruction's opcode stands behind the list's length.
  EXPECT_EQ(changed(6, 4, 0x66), ErrorCode::UnknownOpcode);
  // A name longer than its section.
  EXPECT_EQ(changed(0, 3, 0x7F), ErrorCode::MalformedSection);
  // One weight table more than there is.
  EXPECT_EQ(changed(0, 4 + 5 + 4, 200), ErrorCode::MalformedSection);
  // The kind of the first pool: name "x", shape of rank 3.
  EXPECT_EQ(changed(3, 4 + 1 + 4 + 24, 9), ErrorCode::UnknownKind);
  // Its input kind.
  EXPECT_EQ(changed(3, 4 + 1 + 4 + 24 + 1, 9), ErrorCode::UnknownKind);
  // The width of weights "w".
  EXPECT_EQ(changed(2, 4 + 1, 7), ErrorCode::UnknownKind);
  // Its number of rows, beyond any memory.
  EXPECT_EQ(changed(2, 4 + 1 + 1 + 8 + 7, 0x40), ErrorCode::MalformedSection);
  // The width of the first threshold array.
  EXPECT_EQ(changed(4, 0, 33), ErrorCode::UnknownKind);
  // A route to a connection that does not exist.
  EXPECT_EQ(changed(5, 4, 99), ErrorCode::MalformedSection);
  // The first pool without its connection.
  EXPECT_EQ(changed(5, 0, 0), ErrorCode::MalformedSection);
}

/// Runs a program that the validator has accepted; must not fail.
void runOnZeros(const Program &program) {
  auto shared = std::make_shared<const Program>(program);
  std::vector<std::vector<double>> zeros;
  Batch batch;
  batch.images = 1;
  double work = 0;
  for (const Pool &pool : program.pools) {
    work += static_cast<double>(numElements(pool.shape)) * program.timeSteps;
    if (const auto *input = std::get_if<InputPool>(&pool.unit)) {
      int64_t count = numElements(pool.shape);
      zeros.emplace_back(count, 0.0);
      batch.inputs.push_back({input->kind == InputKind::Integer
                                  ? ElementType::UInt8
                                  : ElementType::Float64,
                              zeros.back().data(), count});
    }
  }
  // A valid program may be huge; what is proved is that it is safe.
  if (work > 1e6)
    return;
  auto fast = createEventEngine(shared), slow = createReferenceEngine(shared);
  ASSERT_TRUE(fast.ok() && slow.ok());
  RunOptions options;
  options.threads = 1;
  Result<RunResult> a = (*fast)->run(batch, options),
                    b = (*slow)->run(batch, options);
  ASSERT_EQ(a.ok(), b.ok());
  if (!a.ok())
    return;
  for (size_t i = 0; i < a->outputs.size(); ++i)
    for (size_t k = 0; k < a->outputs[i].values.size(); ++k) {
      double x = a->outputs[i].values[k], y = b->outputs[i].values[k];
      EXPECT_TRUE(x == y || (x != x && y != y));
    }
}

TEST(Serialize, CraftedFilesNeverCrash) {
  // Every byte of a small program takes several values under a good checksum:
  // each file is refused with a message or runs.
  const std::vector<uint8_t> good = bytesOf(smallProgram());
  size_t accepted = 0, refusedByReader = 0, refusedByValidator = 0;
  for (size_t i = 24; i + 4 < good.size(); ++i)
    for (uint8_t value : {0x00, 0x01, 0x7F, 0x80, 0xFF, good[i] ^ 0x04}) {
      std::vector<uint8_t> bytes = good;
      if (bytes[i] == value)
        continue;
      bytes[i] = value;
      fixChecksum(bytes);
      Result<Program> program = read(bytes);
      if (!program.ok()) {
        ++refusedByReader;
        continue;
      }
      Status status = validate(*program);
      if (!status.ok()) {
        ++refusedByValidator;
        EXPECT_FALSE(status.str().empty());
        continue;
      }
      ++accepted;
      disassemble(*program);
      runOnZeros(*program);
    }
  // The test would be empty if any of these stayed at zero.
  EXPECT_GT(accepted, 100u);
  EXPECT_GT(refusedByReader, 100u);
  EXPECT_GT(refusedByValidator, 100u);
}

class TemporaryFile {
public:
  TemporaryFile() : path(::testing::TempDir() + "/fastsnn-serialize.nmc") {}
  ~TemporaryFile() { std::remove(path.c_str()); }
  std::string path;
};

TEST(Serialize, Files) {
  TemporaryFile file;
  Status written = writeProgram(smallProgram(), file.path);
  ASSERT_TRUE(written.ok()) << written.str();
  Result<Program> program = loadProgram(file.path);
  ASSERT_TRUE(program.ok()) << program.status().str();
  EXPECT_EQ(bytesOf(*program), bytesOf(smallProgram()));

  EXPECT_TRUE(readProgram(file.path + ".absent")
                  .status()
                  .has(ErrorCode::CannotOpenFile));
  EXPECT_TRUE(readProgram("/").status().has(ErrorCode::CannotOpenFile));
  EXPECT_TRUE(readProgram("/dev/zero").status().has(ErrorCode::CannotOpenFile));
  EXPECT_TRUE(writeProgram(smallProgram(), "/absent/folder/x.nmc")
                  .has(ErrorCode::CannotWriteFile));
  EXPECT_TRUE(writeProgram(smallProgram(), "/dev/full")
                  .has(ErrorCode::CannotWriteFile));

  std::FILE *other = std::fopen(file.path.c_str(), "wb");
  ASSERT_TRUE(other);
  std::fputs("not a program, but longer than a header", other);
  std::fclose(other);
  EXPECT_TRUE(readProgram(file.path).status().has(ErrorCode::BadMagic));
}

TEST(Disassemble, SmallProgram) {
  std::string text = disassemble(smallProgram());
  EXPECT_NE(text.find("program 'small', format 1.2, 2 time steps"),
            std::string::npos);
  for (const char *expected :
       {"p0 'x' [1, 2, 2] input quantized [-3, 4] rounding half_even bitplane",
        "w0 'w' 1 x 1 x 2, 16 bits, in [-2, 300], 2 of 2 not zero",
        "c0 p0 -> p1 shift 1",
        "conv2d [1, 2, 2] kernel [1, 1] stride [1, 1] dilation [1, 1] pad [0, "
        "0] out [2, 2] channels 2 groups 1 weights w0",
        "remap [2, 2, 2] strides [4, 2, 1] offset 0 into 8", "    inject c0\n",
        "    drain c1\n", "    max_count p2\n", "    cmp_down p1\n",
        "    read p4\n", "counts [-1, 2] maximum over",
        "dense 2 x 2 weights w2", "gain [0.5]"})
    EXPECT_NE(text.find(expected), std::string::npos) << expected << "\n"
                                                      << text;
}

TEST(Disassemble, AcceptsAnyProgram) {
  Program program;
  program.step.push_back({0x1234, 5});
  program.connections.push_back({-3, 99, {DenseStage()}, 0, {}});
  EXPECT_NE(disassemble(program).find("opcode_4660 p5"), std::string::npos);
}

} // namespace
