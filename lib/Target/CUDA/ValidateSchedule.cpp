//===- ValidateSchedule.cpp - Proof of a launch and buffer plan -----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walks the launches in their order and keeps track of what lies in the arena.
// It repeats none of the choices of ChooseSchedule.cpp: it asks whether each is
// legal.
//
//===----------------------------------------------------------------------===//

#include "fastsnn-cuda/Layer.h"
#include "fastsnn-rt/Widths.h"
#include "fastsnn/Target/CUDA/Product.h"
#include "fastsnn/Target/CUDA/Schedule.h"

#include <algorithm>
#include <map>

using namespace fastsnn;
using namespace fastsnn::cudagen;

namespace {

class Validator {
public:
  Validator(const rt::Program &program, const Schedule &schedule)
      : program(program), schedule(schedule) {}

  rt::Status run();

private:
  void fail(const std::string &what) {
    status.add(rt::ErrorCode::BadArgument,
               where + ": " + what + "; schedule the program again");
  }
  void checkBuffer(const std::string &what, const std::optional<Buffer> &buffer,
                   int64_t bytes);
  /// Whatever lay there is gone.
  void write(const std::string &what, const Buffer &buffer) {
    for (auto content = contents.begin(); content != contents.end();)
      content = content->second.overlaps(buffer) ? contents.erase(content)
                                                 : std::next(content);
    contents[what] = buffer;
  }
  /// The content must be there, and apart from what the kernel writes.
  void read(const std::string &what, const Buffer &buffer,
            const std::optional<Buffer> &written);
  static std::string trainOf(const rt::Pool &pool) {
    return "the train of " + pool.name;
  }
  void readSource(int32_t c, const std::optional<Buffer> &written);

  void checkTransfer(int32_t c);
  void checkProduct(int32_t c, bool exactSums);
  void checkNeurons(int32_t p);
  void checkCounts(int32_t p);
  void checkReadout(int32_t p);

  const rt::Program &program;
  const Schedule &schedule;
  /// The pool that is looked at.
  std::string where;
  std::map<std::string, Buffer> contents;
  rt::Status status;
};

void Validator::checkBuffer(const std::string &what,
                            const std::optional<Buffer> &buffer,
                            int64_t bytes) {
  if (!buffer)
    return fail(what + " has no buffer");
  if (buffer->offset < 0 || buffer->offset % bufferAlignment != 0 ||
      buffer->bytes % bufferAlignment != 0)
    fail(what + " lies at " + std::to_string(buffer->offset) + " and takes " +
         std::to_string(buffer->bytes) + " bytes, multiples of " +
         std::to_string(bufferAlignment) + " are aligned");
  if (buffer->bytes < bytes)
    fail(what + " takes " + std::to_string(buffer->bytes) + " bytes, " +
         std::to_string(bytes) + " are needed");
  if (buffer->bytes > schedule.imageBytes - buffer->offset)
    fail(what + " ends at " + std::to_string(buffer->offset + buffer->bytes) +
         ", the arena at " + std::to_string(schedule.imageBytes));
}

void Validator::read(const std::string &what, const Buffer &buffer,
                     const std::optional<Buffer> &written) {
  auto content = contents.find(what);
  if (content == contents.end() || !(content->second == buffer))
    fail(what + " is read, but was overwritten or never written");
  else if (written && written->overlaps(buffer))
    fail(what + " is read by a kernel that writes over it");
}

void Validator::readSource(int32_t c, const std::optional<Buffer> &written) {
  int32_t source = program.connections[c].source;
  if (const auto &spikes = schedule.pools[source].spikes)
    read(trainOf(program.pools[source]), *spikes, written);
}

void Validator::checkProduct(int32_t c, bool exactSums) {
  const ConnectionSchedule &own = schedule.connections[c];
  std::optional<Product> product = findProduct(program, program.connections[c]);
  if (!product)
    return fail("connection " + std::to_string(c) + " is no product");
  if (const char *reason = cuda::whyNoGemm(
          product->geometry, program.timeSteps, product->minWeight,
          product->maxWeight, product->maxAbsSum, exactSums))
    return fail("connection " + std::to_string(c) + ": " + reason);
  cuda::GemmPlan plan =
      cuda::planGemm(product->geometry, product->minWeight, product->maxWeight);
  if (own.planes != plan.planes)
    fail("connection " + std::to_string(c) + ": " + std::to_string(own.planes) +
         " planes of weights, " + std::to_string(plan.planes) + " hold them");
  for (const cuda::GemmTile &tile : {own.large, own.small}) {
    bool known =
        tile.fragments == 2 || tile.fragments == 4 || tile.fragments == 8;
    if (!known || plan.fragments % tile.fragments != 0 || tile.steps < 1 ||
        tile.steps > 8 || tile.rows < 1 || tile.warpsM < 1 || tile.warpsK < 1 ||
        tile.threads() > maxThreads ||
        tileBytes(program, program.connections[c].target, tile) >
            maxSharedBytes)
      fail("connection " + std::to_string(c) +
           ": a tile that no kernel is made for");
  }
}

void Validator::checkTransfer(int32_t c) {
  const rt::Connection &connection = program.connections[c];
  const ConnectionSchedule &own = schedule.connections[c];
  const auto *input =
      std::get_if<rt::InputPool>(&program.pools[connection.source].unit);
  bool real = input && input->kind == rt::InputKind::Real;
  bool fits = false;
  switch (own.transfer) {
  case CudaTransfer::Host:
    fits = real;
    break;
  case CudaTransfer::Inject:
    fits = input && !real && gathersInput(connection);
    break;
  case CudaTransfer::ScatterInput:
    fits = input && !real;
    break;
  default:
    fits = !input;
    break;
  }
  if (!fits)
    fail("connection " + std::to_string(c) + ": " +
         nmc::stringifyCudaTransfer(own.transfer).str() +
         " does not take its source");
}

void Validator::checkNeurons(int32_t p) {
  const auto &unit = std::get<rt::NeuronPool>(program.pools[p].unit);
  const PoolSchedule &pool = schedule.pools[p];
  if (pool.update != CudaUpdate::Fused && pool.update != CudaUpdate::Neurons)
    fail(nmc::stringifyCudaUpdate(pool.update).str() + " runs no neurons");
  if ((pool.state != 32 && pool.state != 64) || pool.state < neededState(unit))
    fail("a state of " + std::to_string(pool.state) + " bits, " +
         std::to_string(neededState(unit)) + " are needed");
  if (int64_t addends = countAddends(program, schedule, p);
      addends > cuda::maxAddends)
    fail(std::to_string(addends) + " addends, a kernel takes " +
         std::to_string(cuda::maxAddends));
  checkBuffer("its train", pool.spikes, trainBytes(program, p));

  int fused = 0;
  /// Content, buffer, bits and what may add up in it.
  struct Sums {
    Buffer buffer;
    int64_t bits = 0;
    rt::Int128 bound = 0;
  };
  std::map<std::string, Sums> sums;
  for (int32_t c : incoming(program, p)) {
    const rt::Connection &connection = program.connections[c];
    const ConnectionSchedule &own = schedule.connections[c];
    std::string number = std::to_string(c);
    checkTransfer(c);
    if (own.isProduct())
      checkProduct(c, pool.state == 64);
    if (own.transfer == CudaTransfer::Fused)
      ++fused;
    if (own.transfer == CudaTransfer::Spikes &&
        !findDirectSpikes(program, connection))
      fail("connection " + number + " adds no spikes channel by channel");
    bool summed = own.transfer == CudaTransfer::Gemm ||
                  own.transfer == CudaTransfer::Scatter ||
                  isInject(own.transfer);
    if (!summed)
      continue;
    bool inject = isInject(own.transfer);
    if (own.bits != 32 && own.bits != 64)
      fail("connection " + number + ": sums of " + std::to_string(own.bits) +
           " bits");
    checkBuffer("the sums of connection " + number, own.sums,
                sumBytes(program, p, own.bits, !inject));
    if (!own.sums)
      continue;
    std::string what =
        own.transfer == CudaTransfer::Gemm ? "the sums of connection " + number
        : inject ? "the current of " + program.pools[p].name
                 : "the sums of " + program.pools[p].name + " shifted by " +
                       std::to_string(connection.shift);
    auto [known, added] = sums.insert({what, {*own.sums, own.bits, 0}});
    if (!added && (!(known->second.buffer == *own.sums) ||
                   known->second.bits != own.bits))
      fail(what + " lie in different buffers");
    // A product stores, the others add to what was cleared.
    if (added)
      write(what, *own.sums);
    if (inject && own.bits != pool.state)
      fail(what + " has " + std::to_string(own.bits) + " bits, the state " +
           std::to_string(pool.state));
    if (!inject) {
      known->second.bound += stepBound(program, connection);
      readSource(c, own.sums);
    }
  }
  if (fused != (pool.update == CudaUpdate::Fused ? 1 : 0))
    fail(std::to_string(fused) + " fused connections into a kernel of " +
         nmc::stringifyCudaUpdate(pool.update).str());
  // The kernel of the pool itself.
  for (const auto &[what, content] : sums) {
    read(what, content.buffer, pool.spikes);
    if (content.bits == 32 && pool.state == 64 && content.bound > INT32_MAX)
      fail(what + " exceed 32 bits");
  }
  for (int32_t c : incoming(program, p)) {
    CudaTransfer transfer = schedule.connections[c].transfer;
    if (transfer == CudaTransfer::Fused || transfer == CudaTransfer::Spikes)
      readSource(c, pool.spikes);
  }
  if (pool.spikes)
    write(trainOf(program.pools[p]), *pool.spikes);
}

void Validator::checkCounts(int32_t p) {
  const PoolSchedule &pool = schedule.pools[p];
  checkBuffer("its train", pool.spikes, trainBytes(program, p));
  bool train = pool.update == CudaUpdate::PoolTrain;
  if (!train && pool.update != CudaUpdate::PoolCounts)
    fail(nmc::stringifyCudaUpdate(pool.update).str() + " counts nothing");
  if (train && trainTaps(program, p) == 0)
    fail("pool_train takes no such window or source");
  CudaTransfer expected = train ? CudaTransfer::Spikes : CudaTransfer::Scatter;
  std::string counts = "the counts of " + program.pools[p].name;
  if (!train) {
    checkBuffer("its counts", pool.counts, countBytes(program, p));
    if (pool.counts)
      write(counts, *pool.counts);
  }
  for (int32_t c : incoming(program, p)) {
    if (schedule.connections[c].transfer != expected)
      fail("connection " + std::to_string(c) + " does not fit " +
           nmc::stringifyCudaUpdate(pool.update).str());
    readSource(c, train ? pool.spikes : pool.counts);
  }
  if (!train && pool.counts)
    read(counts, *pool.counts, pool.spikes);
  if (pool.spikes)
    write(trainOf(program.pools[p]), *pool.spikes);
}

void Validator::checkReadout(int32_t p) {
  if (schedule.pools[p].update != CudaUpdate::Download)
    fail("a readout is downloaded");
  for (int32_t c : incoming(program, p)) {
    const ConnectionSchedule &own = schedule.connections[c];
    std::string what = "the sums of connection " + std::to_string(c);
    checkTransfer(c);
    if (own.transfer == CudaTransfer::Gemm) {
      checkProduct(c, /*exactSums=*/true);
      readSource(c, std::nullopt);
      continue;
    }
    if (own.transfer != CudaTransfer::Scatter && !isInject(own.transfer)) {
      fail("connection " + std::to_string(c) + ": " +
           nmc::stringifyCudaTransfer(own.transfer).str() +
           " does not end in a readout");
      continue;
    }
    if (own.bits != 64)
      fail(what + " have " + std::to_string(own.bits) +
           " bits, a readout adds up 64");
    checkBuffer(what, own.sums, sumBytes(program, p, 64, false));
    if (!own.sums)
      continue;
    write(what, *own.sums);
    readSource(c, own.sums);
    read(what, *own.sums, std::nullopt);
  }
}

rt::Status Validator::run() {
  where = program.name;
  if (schedule.pools.size() != program.pools.size() ||
      schedule.connections.size() != program.connections.size()) {
    fail("the schedule is of another program");
    return status;
  }
  if (schedule.imageBytes < 0)
    fail("an arena of " + std::to_string(schedule.imageBytes) + " bytes");
  for (size_t i = 0; i < program.pools.size(); ++i) {
    auto p = int32_t(i);
    const rt::Pool &pool = program.pools[i];
    where = pool.name;
    if (!std::holds_alternative<rt::InputPool>(pool.unit) &&
        trainWords(program, p) > maxTrainWords)
      fail("a train of " + std::to_string(trainWords(program, p)) +
           " words, the kernels take " + std::to_string(maxTrainWords));
    if (std::holds_alternative<rt::NeuronPool>(pool.unit))
      checkNeurons(p);
    else if (std::holds_alternative<rt::CountPool>(pool.unit))
      checkCounts(p);
    else if (std::holds_alternative<rt::ReadoutPool>(pool.unit))
      checkReadout(p);
    else if (schedule.pools[i].update != CudaUpdate::Upload)
      fail("an input is uploaded");
  }
  return std::move(status);
}

} // namespace

rt::Status cudagen::validateSchedule(const rt::Program &program,
                                     const Schedule &schedule) {
  return Validator(program, schedule).run();
}
