//===- NpzWriterTest.cpp - Tests of the npz writer ------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Data/NpzWriter.h"
#include "Files.h"
#include "fastsnn/Data/ArrayFile.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstdlib>
#include <ctime>

using namespace fastsnn;
using namespace fastsnn::test;
using testing::HasSubstr;

namespace {

/// Two arrays, filled in turns, `samples` samples.
void writeArchive(const std::string &path, int samples) {
  rt::Result<NpzWriter> writer = NpzWriter::create(path);
  ASSERT_TRUE(writer) << writer.status().str();
  rt::Result<int> spikes = writer->addArray("/conv/1", DType::I8, {2, 3});
  rt::Result<int> logits = writer->addArray("logits", DType::F64, {});
  ASSERT_TRUE(spikes && logits);
  for (int sample = 0; sample < samples; ++sample) {
    std::vector<int8_t> train = {1, 0, -1, 0, 0, int8_t(sample)};
    double logit = sample / 3.0;
    ASSERT_TRUE(writer->append(*spikes, train.data(), 1));
    ASSERT_TRUE(writer->append(*logits, &logit, 1));
  }
  rt::Status written = writer->finish();
  ASSERT_TRUE(written) << written.str();
}

TEST(NpzWriter, RoundTrip) {
  TemporaryFolder folder;
  std::string path = folder.path("out.npz");
  writeArchive(path, 100);
  EXPECT_EQ(folder.list(), (std::vector<std::string>{"out.npz"}));
  rt::Result<Array> spikes = readArray(path + ":/conv/1");
  ASSERT_TRUE(spikes) << spikes.status().str();
  EXPECT_EQ(spikes->dtype, DType::I8);
  EXPECT_EQ(spikes->shape, (std::vector<int64_t>{100, 2, 3}));
  EXPECT_EQ(spikes->integer(99 * 6 + 5), 99);
  EXPECT_EQ(spikes->integer(99 * 6 + 2), -1);
  rt::Result<Array> logits = readArray(path + ":logits");
  ASSERT_TRUE(logits) << logits.status().str();
  EXPECT_EQ(logits->shape, (std::vector<int64_t>{100}));
  EXPECT_EQ(logits->real(7), 7 / 3.0);
}

TEST(NpzWriter, EqualContentGivesEqualBytes) {
  TemporaryFolder folder;
  writeArchive(folder.path("a.npz"), 5);
  // Neither the time of day nor the time zone may leave a trace.
  setenv("TZ", "UTC-9", 1);
  tzset();
  struct timespec later = {2, 100000000};
  nanosleep(&later, nullptr);
  writeArchive(folder.path("b.npz"), 5);
  unsetenv("TZ");
  tzset();
  EXPECT_EQ(readBytes(folder.path("a.npz")), readBytes(folder.path("b.npz")));
}

TEST(NpzWriter, ReplacesOnlyWhenFinished) {
  TemporaryFolder folder;
  std::string path = folder.write("out.npz", "old");
  {
    rt::Result<NpzWriter> writer = NpzWriter::create(path);
    ASSERT_TRUE(writer);
    rt::Result<int> array = writer->addArray("a", DType::U8, {});
    ASSERT_TRUE(array);
    ASSERT_TRUE(writer->append(*array, "x", 1));
  }
  EXPECT_EQ(readBytes(path), "old");
  EXPECT_EQ(folder.list(), (std::vector<std::string>{"out.npz"}));
}

TEST(NpzWriter, NamesWhatIsWrong) {
  TemporaryFolder folder;
  EXPECT_THAT(describe(NpzWriter::create(folder.path("no/out.npz")).status()),
              HasSubstr("no/out.npz: cannot be written: No such file or "
                        "directory; check the folder"));
  rt::Result<NpzWriter> writer = NpzWriter::create(folder.path("out.npz"));
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->addArray("a", DType::U8, {}));
  EXPECT_THAT(describe(writer->addArray("a", DType::U8, {}).status()),
              HasSubstr("two arrays are named 'a'; rename one"));
  EXPECT_THAT(describe(writer->addArray("", DType::U8, {}).status()),
              HasSubstr("an array without a name"));
}

} // namespace
