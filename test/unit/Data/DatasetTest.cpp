//===- DatasetTest.cpp - Tests of images and labels -----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Data/Dataset.h"
#include "Files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace fastsnn;
using namespace fastsnn::test;
using testing::HasSubstr;

namespace {

using Integers = std::vector<int64_t>;

class DatasetFile : public testing::Test {
protected:
  rt::Result<Integers> labels(const std::string &bytes,
                              int64_t maxSamples = allSamples) {
    return readLabels(folder.write("labels", bytes), maxSamples);
  }
  std::string labelFailure(const std::string &bytes) {
    return describe(labels(bytes).status());
  }

  TemporaryFolder folder;
};

TEST_F(DatasetFile, IdxImagesGetOneChannel) {
  rt::Result<Dataset> data = readDataset(
      folder.write("images", gzip(idx(0x08, {3, 2, 2}, "abcdefghijkl"))), 2);
  ASSERT_TRUE(data) << data.status().str();
  EXPECT_EQ(data->samples.shape, (Integers{2, 1, 2, 2}));
  EXPECT_EQ(data->size(), 2);
  EXPECT_FALSE(data->labels);
}

TEST_F(DatasetFile, NpyKeepsItsShape) {
  rt::Result<Dataset> data =
      readDataset(folder.write("x.npy", npy("|u1", "3, 2, 2", "abcdefghijkl")));
  ASSERT_TRUE(data) << data.status().str();
  EXPECT_EQ(data->samples.shape, (Integers{3, 2, 2}));
}

TEST_F(DatasetFile, CifarBringsLabels) {
  for (const char *name : {"batch.bin", "batch.bin.gz"}) {
    std::string bytes = cifar(12);
    std::string path =
        folder.write(name, std::string(name).size() > 9 ? gzip(bytes) : bytes);
    rt::Result<Dataset> data = readDataset(path);
    ASSERT_TRUE(data) << data.status().str();
    EXPECT_EQ(data->samples.shape, (Integers{12, 3, 32, 32}));
    EXPECT_EQ(*data->labels, (Integers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1}));
    EXPECT_EQ(data->samples.integer(3072 + 5), 6);
    rt::Result<Integers> first = readLabels(path, 3);
    ASSERT_TRUE(first);
    EXPECT_EQ(*first, (Integers{0, 1, 2}));
  }
}

TEST_F(DatasetFile, NamesWhatIsWrongWithCifar) {
  std::string bytes = cifar(3);
  EXPECT_THAT(
      describe(readDataset(folder.write("x.bin", bytes + "abc")).status()),
      HasSubstr("record 3 has 3 bytes, a CIFAR-10 record has 3073; "));
  bytes[3073] = 10;
  EXPECT_THAT(describe(readDataset(folder.write("x.bin", bytes)).status()),
              HasSubstr("record 1 has label 10, CIFAR-10 has labels 0 to 9; "));
  EXPECT_THAT(describe(readDataset(folder.write("x.bin", "")).status()),
              HasSubstr("x.bin: is empty; fetch the file again"));
}

TEST_F(DatasetFile, CutCifarIsAnError) {
  std::string whole = gzip(cifar(2));
  for (size_t size = 0; size < whole.size(); ++size) {
    std::string path = folder.write("cut.bin.gz", whole.substr(0, size));
    EXPECT_FALSE(readDataset(path)) << size;
    EXPECT_FALSE(readLabels(path)) << size;
  }
}

TEST_F(DatasetFile, RefusesWhatHoldsNoSamples) {
  EXPECT_THAT(
      describe(readDataset(folder.write("x", npy("|u1", "", "a"))).status()),
      HasSubstr("holds a single number, samples are counted along "
                "dimension 0; give an array [N, ...]"));
  EXPECT_THAT(
      describe(readDataset(folder.write("x", npy("|u1", "0, 3", ""))).status()),
      HasSubstr("has shape [0, 3] and so no sample;"));
}

TEST_F(DatasetFile, ReadsLabelsInEveryForm) {
  Integers expected = {3, 1, 2};
  for (const std::string &bytes :
       {npy("<i8", "3,", bytesOf<int64_t>({3, 1, 2})),
        npy("|u1", "3, 1", bytesOf<uint8_t>({3, 1, 2})),
        idx(0x08, {3}, "\3\1\2"), gzip(idx(0x08, {3}, "\3\1\2")),
        std::string("3\n1\n2\n"), std::string("3, 1,2"),
        std::string("  3\r\n1\t2"), gzip("3 1 2")}) {
    rt::Result<Integers> read = labels(bytes);
    ASSERT_TRUE(read) << read.status().str();
    EXPECT_EQ(*read, expected);
    EXPECT_EQ(*labels(bytes, 2), (Integers{3, 1}));
  }
  std::string archive = folder.write(
      "l.npz", zip({{"a.npy", npy("|u1", "1,", "a")},
                    {"y.npy", npy("<i4", "2,", bytesOf<int32_t>({7, 8}))}},
                   true));
  rt::Result<Integers> read = readLabels(archive + ":y");
  ASSERT_TRUE(read) << read.status().str();
  EXPECT_EQ(*read, (Integers{7, 8}));
}

TEST_F(DatasetFile, NamesWhatIsWrongWithLabels) {
  EXPECT_THAT(labelFailure("1\n2\ncat\n"),
              HasSubstr("line 3 holds something else than integers; "));
  EXPECT_THAT(labelFailure("1.5"), HasSubstr("line 1 holds something else"));
  EXPECT_THAT(labelFailure("99999999999999999999"),
              HasSubstr("line 1 holds something else"));
  EXPECT_THAT(labelFailure(npy("<f4", "1,", "abcd")),
              HasSubstr("labels of type float32, class numbers are integers; "
                        "convert them with astype('int64')"));
  EXPECT_THAT(labelFailure(npy("|u1", "1, 2", "ab")),
              HasSubstr("labels of shape [1, 2], one class number a sample is "
                        "read; give an array [N]"));
  EXPECT_THAT(labelFailure(""), HasSubstr("is empty"));
  EXPECT_THAT(describe(readLabels(folder.path("none")).status()),
              HasSubstr("cannot be opened"));
}

} // namespace
