//===- Emulator.cpp - Kernels on the CPU ----------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emulator.h"

#include <memory>
#include <ucontext.h>

#undef threadIdx
#undef blockIdx
#undef blockDim
#undef gridDim

using namespace fastsnn::emulator;

namespace {

[[noreturn]] void stop(const char *message) {
  std::fprintf(stderr, "error: emulator: %s\n", message);
  std::abort();
}

//===----------------------------------------------------------------------===//
// Fibers
//===----------------------------------------------------------------------===//

constexpr size_t stackBytes = 256 << 10;

#ifdef __x86_64__
// ucontext asks the kernel for the signal mask at every switch: a hundred times
// the cost of saving the registers that a call preserves.
extern "C" void fastsnnSwitchStack(void **from, void *to);
asm(R"(
  .text
  .globl fastsnnSwitchStack
  .type fastsnnSwitchStack, @function
fastsnnSwitchStack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size fastsnnSwitchStack, .-fastsnnSwitchStack
)");

struct Context {
  void *stack = nullptr;

  void start(uint8_t *memory, void (*entry)()) {
    // Six registers, the address to return to, and an aligned stack behind it.
    auto *top = reinterpret_cast<void **>(memory + stackBytes - 64);
    *--top = nullptr;
    *--top = reinterpret_cast<void *>(entry);
    for (int i = 0; i < 6; ++i)
      *--top = nullptr;
    stack = top;
  }
  void switchTo(Context &other) { fastsnnSwitchStack(&stack, other.stack); }
};
#else
struct Context {
  ucontext_t context;

  void start(uint8_t *memory, void (*entry)()) {
    getcontext(&context);
    context.uc_stack.ss_sp = memory;
    context.uc_stack.ss_size = stackBytes;
    context.uc_link = nullptr;
    makecontext(&context, entry, 0);
  }
  void switchTo(Context &other) { swapcontext(&context, &other.context); }
};
#endif

//===----------------------------------------------------------------------===//
// A block
//===----------------------------------------------------------------------===//

struct Copy {
  void *to;
  const void *from;
};

struct Thread {
  enum State { Ready, AtBarrier, AtWarp, Done };
  State state = Done;
  bool started = false;
  Context context;
  std::unique_ptr<uint8_t[]> stack;
  Place place;
  /// Asynchronous copies, by group; the last group is open.
  std::vector<std::vector<Copy>> copies;
  /// Collective instructions of its warp so far.
  unsigned collectives = 0;
};

/// The operands and results of one product. Two of them take turns: a lane may
/// be one instruction ahead of another one.
struct Product {
  int arrived = 0;
  uint32_t a[32][4], b[32][2];
  int32_t c[32][4];

  void compute() {
    int8_t rows[16][32], columns[8][32];
    for (int lane = 0; lane < 32; ++lane) {
      int group = lane / 4, first = lane % 4 * 4;
      for (int r = 0; r < 4; ++r)
        for (int i = 0; i < 4; ++i)
          rows[group + r % 2 * 8][first + r / 2 * 16 + i] =
              static_cast<int8_t>(a[lane][r] >> (8 * i));
      for (int r = 0; r < 2; ++r)
        for (int i = 0; i < 4; ++i)
          columns[group][first + r * 16 + i] =
              static_cast<int8_t>(b[lane][r] >> (8 * i));
    }
    for (int lane = 0; lane < 32; ++lane)
      for (int i = 0; i < 4; ++i) {
        const int8_t *row = rows[lane / 4 + i / 2 * 8];
        const int8_t *column = columns[lane % 4 * 2 + i % 2];
        int32_t sum = 0;
        for (int k = 0; k < 32; ++k)
          sum += row[k] * column[k];
        c[lane][i] = static_cast<int32_t>(static_cast<uint32_t>(c[lane][i]) +
                                          static_cast<uint32_t>(sum));
      }
  }
};

constexpr size_t guardBytes = 1024;
constexpr uint8_t pattern = 0xA5;

class Block {
public:
  void run(dim3 block, dim3 index, dim3 grid, size_t sharedBytes,
           const std::function<void()> &work) {
    body = &work;
    size_t count = size_t(block.x) * block.y * block.z;
    if (threads.size() < count)
      threads.resize(count);
    products.resize(2 * ((count + 31) / 32));
    // Aligned as on the device; a guard on both sides.
    shared.assign(sharedBytes + 2 * guardBytes + 16, pattern);
    auto address = reinterpret_cast<uintptr_t>(shared.data()) + guardBytes;
    sharedStart = reinterpret_cast<uint8_t *>((address + 15) / 16 * 16);
    alive = count;
    atBarrier = 0;
    for (size_t i = 0; i < count; ++i) {
      Thread &thread = threads[i];
      thread.state = Thread::Ready;
      thread.place = {dim3(static_cast<unsigned>(i % block.x),
                           static_cast<unsigned>(i / block.x % block.y),
                           static_cast<unsigned>(i / block.x / block.y)),
                      index, block, grid};
      thread.copies.assign(1, {});
      thread.collectives = 0;
    }
    while (alive > 0) {
      bool moved = false;
      for (size_t i = 0; i < count; ++i) {
        size_t number = options().reversed ? count - 1 - i : i;
        if (threads[number].state == Thread::Ready) {
          resume(number);
          moved = true;
        }
      }
      if (!moved)
        stop("the threads of a block wait for each other: some of them leave "
             "out a barrier or an instruction of the whole warp");
    }
    for (size_t i = 0; i < guardBytes; ++i)
      if (sharedStart[-1 - static_cast<ptrdiff_t>(i)] != pattern ||
          sharedStart[sharedBytes + i] != pattern)
        stop("a block wrote beyond its shared memory");
  }

  Thread &self() { return threads[current]; }
  uint8_t *memory() { return sharedStart; }

  void wait(Thread::State state) {
    Thread &thread = self();
    thread.state = state;
    thread.context.switchTo(scheduler);
  }

  void barrier() {
    if (++atBarrier == alive)
      return release();
    wait(Thread::AtBarrier);
  }

  void multiply(int32_t (&c)[4], const uint32_t (&a)[4],
                const uint32_t (&b)[2]) {
    Thread &thread = self();
    size_t warp = current / 32, lane = current % 32;
    Product &product = products[2 * warp + thread.collectives++ % 2];
    std::memcpy(product.a[lane], a, sizeof(a));
    std::memcpy(product.b[lane], b, sizeof(b));
    std::memcpy(product.c[lane], c, sizeof(c));
    if (++product.arrived == 32) {
      product.arrived = 0;
      product.compute();
      for (size_t other = warp * 32; other < warp * 32 + 32; ++other)
        if (threads[other].state == Thread::AtWarp)
          threads[other].state = Thread::Ready;
    } else {
      wait(Thread::AtWarp);
    }
    std::memcpy(c, product.c[lane], sizeof(c));
  }

private:
  static void entry();

  void release() {
    atBarrier = 0;
    for (Thread &thread : threads)
      if (thread.state == Thread::AtBarrier)
        thread.state = Thread::Ready;
  }

  void resume(size_t number) {
    current = number;
    Thread &thread = threads[number];
    place() = thread.place;
    if (!thread.started) {
      thread.stack.reset(new uint8_t[stackBytes]);
      thread.context.start(thread.stack.get(), &Block::entry);
      thread.started = true;
    }
    scheduler.switchTo(thread.context);
  }

  void finish() {
    Thread &thread = self();
    for (const std::vector<Copy> &group : thread.copies)
      if (!group.empty())
        stop("a thread ended with copies that it did not wait for");
    thread.state = Thread::Done;
    --alive;
    if (alive > 0 && atBarrier == alive)
      release();
    thread.context.switchTo(scheduler);
  }

  std::vector<Thread> threads;
  std::vector<Product> products;
  std::vector<uint8_t> shared;
  uint8_t *sharedStart = nullptr;
  const std::function<void()> *body = nullptr;
  Context scheduler;
  size_t current = 0, alive = 0, atBarrier = 0;
};

Block &block() {
  static thread_local Block block;
  return block;
}

/// A fiber serves one thread after the other, block after block.
void Block::entry() {
  for (;;) {
    Block &self = block();
    (*self.body)();
    self.finish();
  }
}

} // namespace

Options &fastsnn::emulator::options() {
  static Options options;
  return options;
}

Place &fastsnn::emulator::place() {
  static thread_local Place place;
  return place;
}

void fastsnn::emulator::runGrid(dim3 grid, dim3 size, size_t sharedBytes,
                                const std::function<void()> &body) {
  size_t threads = size_t(size.x) * size.y * size.z;
  if (threads == 0 || threads > 1024 || sharedBytes > maxSharedMemory)
    stop("a launch with a block that no device takes");
  for (unsigned z = 0; z < grid.z; ++z)
    for (unsigned y = 0; y < grid.y; ++y)
      for (unsigned x = 0; x < grid.x; ++x)
        block().run(size, dim3(x, y, z), grid, sharedBytes, body);
  Memory::get().checkGuards();
}

void fastsnn::emulator::synchronizeThreads() { block().barrier(); }
uint8_t *fastsnn::emulator::sharedMemory() { return block().memory(); }

void fastsnn::emulator::checkGlobal(const void *from, size_t bytes) {
  if (!Memory::get().contains(from, bytes, runningDevice()))
    stop("a kernel accessed memory that is not the device's");
}

void fastsnn::emulator::checkAlignment(const void *from, size_t alignment) {
  if (reinterpret_cast<uintptr_t>(from) % alignment != 0)
    stop("a kernel accessed memory at an address that is not aligned");
}

void fastsnn::emulator::mmaInt8(int32_t (&c)[4], uint32_t a0, uint32_t a1,
                                uint32_t a2, uint32_t a3, uint32_t b0,
                                uint32_t b1) {
  block().multiply(c, {a0, a1, a2, a3}, {b0, b1});
}

void fastsnn::emulator::copyAsync16(void *shared, const void *global) {
  if (reinterpret_cast<uintptr_t>(shared) % 16 != 0 ||
      reinterpret_cast<uintptr_t>(global) % 16 != 0)
    stop("an asynchronous copy that is not aligned to 16 bytes");
  checkGlobal(global, 16);
  if (options().eagerCopies)
    std::memcpy(shared, global, 16);
  block().self().copies.back().push_back({shared, global});
}

void fastsnn::emulator::commitCopies() { block().self().copies.emplace_back(); }

void fastsnn::emulator::waitForCopies(int groups) {
  std::vector<std::vector<Copy>> &copies = block().self().copies;
  while (copies.size() - 1 > static_cast<size_t>(groups)) {
    if (!options().eagerCopies)
      for (const Copy &copy : copies.front())
        std::memcpy(copy.to, copy.from, 16);
    copies.erase(copies.begin());
  }
}
