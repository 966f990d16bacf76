//===- ArrayFileTest.cpp - Tests of array readers -------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Data/ArrayFile.h"
#include "Files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace fastsnn;
using namespace fastsnn::test;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

class ArrayFile : public testing::Test {
protected:
  /// Reads a file of the given content.
  rt::Result<Array> read(const std::string &bytes,
                         int64_t maxSamples = allSamples,
                         const std::string &key = "") {
    path = folder.write("data", bytes);
    if (!key.empty() || bytes.substr(0, 2) == "PK")
      path = folder.write("data.npz", bytes) + key;
    return readArray(path, maxSamples);
  }

  std::vector<double> values(const std::string &bytes, DType dtype,
                             const std::vector<int64_t> &shape) {
    rt::Result<Array> array = read(bytes);
    if (!array) {
      ADD_FAILURE() << array.status().str();
      return {};
    }
    EXPECT_EQ(array->dtype, dtype);
    EXPECT_EQ(array->shape, shape);
    std::vector<double> reals(array->numElements());
    array->reals(0, reals.size(), reals.data());
    return reals;
  }

  std::string failure(const std::string &bytes, const std::string &key = "") {
    return describe(read(bytes, allSamples, key).status());
  }

  TemporaryFolder folder;
  std::string path;
};

using Reals = std::vector<double>;

TEST_F(ArrayFile, ReadsEveryElementType) {
  EXPECT_EQ(
      values(npy("|u1", "2,", bytesOf<uint8_t>({0, 255})), DType::U8, {2}),
      Reals({0, 255}));
  EXPECT_EQ(
      values(npy("|i1", "2,", bytesOf<int8_t>({-128, 127})), DType::I8, {2}),
      Reals({-128, 127}));
  EXPECT_EQ(
      values(npy("<u2", "1,", bytesOf<uint16_t>({65535})), DType::U16, {1}),
      Reals({65535}));
  EXPECT_EQ(
      values(npy("<i2", "1,", bytesOf<int16_t>({-32768})), DType::I16, {1}),
      Reals({-32768}));
  EXPECT_EQ(values(npy("<u4", "1,", bytesOf<uint32_t>({4294967295u})),
                   DType::U32, {1}),
            Reals({4294967295.0}));
  EXPECT_EQ(values(npy("<i4", "1,", bytesOf<int32_t>({-5})), DType::I32, {1}),
            Reals({-5}));
  EXPECT_EQ(values(npy("<u8", "1,", bytesOf<uint64_t>({uint64_t(1) << 63})),
                   DType::U64, {1}),
            Reals({9223372036854775808.0}));
  EXPECT_EQ(values(npy("<i8", "1,", bytesOf<int64_t>({-7})), DType::I64, {1}),
            Reals({-7}));
  EXPECT_EQ(
      values(npy("<f4", "2,", bytesOf<float>({0.5f, -3.25f})), DType::F32, {2}),
      Reals({0.5, -3.25}));
  EXPECT_EQ(values(npy("<f8", "1,", bytesOf<double>({0.1})), DType::F64, {1}),
            Reals({0.1}));
  EXPECT_EQ(values(npy("|b1", "3,", std::string("\0\1\5", 3)), DType::U8, {3}),
            Reals({0, 1, 1}));
}

TEST_F(ArrayFile, WidensHalfPrecisionExactly) {
  // 1, -2, largest, smallest subnormal, -0, infinity.
  Reals read = values(
      npy("<f2", "6,",
          bytesOf<uint16_t>({0x3C00, 0xC000, 0x7BFF, 0x0001, 0x8000, 0x7C00})),
      DType::F32, {6});
  EXPECT_EQ(read, Reals({1, -2, 65504, 0x1p-24, -0.0, HUGE_VAL}));
  EXPECT_TRUE(std::signbit(read[4]));
}

TEST_F(ArrayFile, ConvertsBigEndian) {
  EXPECT_EQ(values(npy(">i2", "2,", std::string("\x01\x02\xFF\xFE", 4)),
                   DType::I16, {2}),
            Reals({258, -2}));
}

TEST_F(ArrayFile, ConvertsFortranOrder) {
  // Column-major 2 x 3 x 2 of i + 10 j + 100 k.
  std::vector<uint8_t> stored;
  for (int k = 0; k < 2; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i)
        stored.push_back(i + 10 * j + 100 * k);
  std::string file = npy("|u1", "2, 3, 2", bytesOf(stored), /*fortran=*/true);
  EXPECT_EQ(values(file, DType::U8, {2, 3, 2}),
            Reals({0, 100, 10, 110, 20, 120, 1, 101, 11, 111, 21, 121}));
  rt::Result<Array> first = read(file, 1);
  ASSERT_TRUE(first) << first.status().str();
  EXPECT_EQ(first->shape, (std::vector<int64_t>{1, 3, 2}));
  EXPECT_EQ(first->bytes, (std::vector<uint8_t>{0, 100, 10, 110, 20, 120}));
}

TEST_F(ArrayFile, ReadsHeaderVersions2And3) {
  std::string header = "{\"shape\": (2L,), 'descr': '|u1', 'fortran_order': "
                       "False}          \n";
  for (char version : {2, 3})
    EXPECT_EQ(values(npyWithHeader(header, "ab", version), DType::U8, {2}),
              Reals({'a', 'b'}));
}

TEST_F(ArrayFile, ReadsScalarsAndEmptyArrays) {
  EXPECT_EQ(values(npy("|u1", "", "a"), DType::U8, {}), Reals({'a'}));
  EXPECT_EQ(values(npy("<f8", "0, 3", ""), DType::F64, {0, 3}), Reals({}));
}

TEST_F(ArrayFile, ReadsOnlyTheSamplesAskedFor) {
  rt::Result<Array> array =
      read(npy("<i2", "3, 2", bytesOf<int16_t>({1, 2, 3, 4, 5, 6})), 2);
  ASSERT_TRUE(array) << array.status().str();
  EXPECT_EQ(array->shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(array->integer(3), 4);
}

TEST_F(ArrayFile, ReadsIdx) {
  EXPECT_EQ(values(idx(0x08, {2, 2}, std::string("\x01\x02\x03\xFF", 4)),
                   DType::U8, {2, 2}),
            Reals({1, 2, 3, 255}));
  EXPECT_EQ(values(idx(0x09, {1}, "\xFF"), DType::I8, {1}), Reals({-1}));
  EXPECT_EQ(values(idx(0x0B, {1}, std::string("\x01\x00", 2)), DType::I16, {1}),
            Reals({256}));
  EXPECT_EQ(values(idx(0x0C, {1}, std::string("\xFF\xFF\xFF\xFE", 4)),
                   DType::I32, {1}),
            Reals({-2}));
  EXPECT_EQ(
      values(idx(0x0D, {1}, std::string("\x3F\x80\0\0", 4)), DType::F32, {1}),
      Reals({1}));
  EXPECT_EQ(values(idx(0x0E, {1}, std::string("\x3F\xF0\0\0\0\0\0\0", 8)),
                   DType::F64, {1}),
            Reals({1}));
}

TEST_F(ArrayFile, ReadsBehindGzip) {
  EXPECT_EQ(values(gzip(idx(0x08, {3}, "abc")), DType::U8, {3}),
            Reals({'a', 'b', 'c'}));
  EXPECT_EQ(values(gzip(npy("|u1", "3,", "abc")), DType::U8, {3}),
            Reals({'a', 'b', 'c'}));
}

TEST_F(ArrayFile, ReadsArchives) {
  for (bool deflated : {false, true}) {
    std::string archive =
        zip({{"x.npy", npy("|u1", "1,", "a")},
             {"layer/1.npy", npy("|u1", "2000,", std::string(2000, 'b'))}},
            deflated);
    rt::Result<Array> array = read(archive, allSamples, ":layer/1");
    ASSERT_TRUE(array) << array.status().str();
    EXPECT_EQ(array->shape, (std::vector<int64_t>{2000}));
    EXPECT_EQ(array->integer(1999), 'b');
    rt::Result<std::vector<std::string>> keys =
        npzKeys(folder.path("data.npz"));
    ASSERT_TRUE(keys);
    EXPECT_EQ(*keys, (std::vector<std::string>{"x", "layer/1"}));
  }
  EXPECT_EQ(values(zip({{"only.npy", npy("|u1", "1,", "a")}, {"note.txt", "x"}},
                       false),
                   DType::U8, {1}),
            Reals({'a'}));
}

TEST_F(ArrayFile, NamesWhatIsWrongWithTheName) {
  EXPECT_THAT(describe(readArray(folder.path("none.npy")).status()),
              testing::AllOf(StartsWith("CannotOpenFile: "),
                             HasSubstr("none.npy: cannot be opened: No such "
                                       "file or directory; check the name")));
  EXPECT_THAT(describe(readArray(folder.path("")).status()),
              HasSubstr("is not a regular file; give a file"));
  std::string two =
      zip({{"a.npy", npy("|u1", "1,", "a")}, {"b.npy", npy("|u1", "1,", "a")}},
          false);
  EXPECT_THAT(failure(two), HasSubstr("holds 2 arrays (a, b), one is needed; "
                                      "name it as "));
  EXPECT_THAT(failure(two, ":c"),
              HasSubstr("holds no array 'c'; it has: a, b"));
  EXPECT_THAT(failure(zip({{"note.txt", "x"}}, false)),
              HasSubstr("is an archive without npy arrays; write it with "
                        "numpy.savez"));
  EXPECT_THAT(failure(npy("|u1", "1,", "a"), ":k"),
              HasSubstr("is no npz archive, the key 'k' means nothing; leave "
                        "':k' away"));
}

TEST_F(ArrayFile, NamesWhatIsWrongWithTheBytes) {
  EXPECT_THAT(failure(""), StartsWith("TruncatedFile: "));
  EXPECT_THAT(failure("GIF89a"),
              testing::AllOf(StartsWith("BadMagic: "),
                             HasSubstr("is neither npy, npz nor idx; give ")));
  EXPECT_THAT(failure(npyWithHeader("{'descr': '|u1'}", "", 4)),
              HasSubstr("npy version 4, readable are 1 to 3;"));
  EXPECT_THAT(
      failure(npy("|u1", "3,", "ab")),
      testing::AllOf(StartsWith("TruncatedFile: "),
                     HasSubstr("announces shape [3] of 1-byte elements, "
                               "3 bytes, the file holds 2; ")));
  EXPECT_THAT(failure(npy("|u1", "1,", "ab")),
              testing::AllOf(StartsWith("TrailingBytes: "),
                             HasSubstr("1 bytes follow them")));
  EXPECT_THAT(failure(gzip(npy("|u1", "1,", "ab"))),
              HasSubstr("more bytes follow them"));
  EXPECT_THAT(failure(gzip(npy("|u1", "3,", "ab"))),
              HasSubstr("the file ends 1 bytes early"));
  EXPECT_THAT(failure(idx(0x0A, {1}, "a")),
              HasSubstr("idx element type 10, known are 8, 9, 11, 12, 13 and "
                        "14;"));
  EXPECT_THAT(
      failure(std::string("\0\0\x08\xFF", 4)),
      HasSubstr("an idx array of 255 dimensions, at most 32 are read;"));
  EXPECT_THAT(failure(gzip(zip({{"a.npy", npy("|u1", "1,", "a")}}, false))),
              HasSubstr("is an archive behind gzip; decompress it first"));
}

TEST_F(ArrayFile, NamesWhatIsWrongWithNpyHeaders) {
  for (const char *header :
       {"", "{}", "{'descr': '<f4'}", "(1)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1), 'x': 1}",
        "{'descr': '<f4', 'fortran_order': No, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
        "{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': "
        "(99999999999999999999,)}"})
    EXPECT_THAT(failure(npyWithHeader(header, "abcd")),
                testing::AllOf(StartsWith("MalformedSection: "),
                               HasSubstr("the npy header is not a dictionary")))
        << header;
  for (const char *descr : {"<c8", "|O8", "<U4", "<f1", "|i2", "<b2", "<u3",
                            "f4", "<f16", "<M8[ns]", "?i4"})
    EXPECT_THAT(failure(npy(descr, "1,", "abcd")),
                testing::AllOf(StartsWith("UnknownKind: "), HasSubstr(descr)));
  std::string rank33;
  for (int dim = 0; dim < 33; ++dim)
    rank33 += "1, ";
  EXPECT_THAT(failure(npy("|u1", rank33, "a")),
              HasSubstr("a shape of at most 32 extents;"));
}

TEST_F(ArrayFile, RefusesSizesThatCannotBe) {
  EXPECT_THAT(failure(npy("<f8", "4294967296, 4294967296", "")),
              testing::AllOf(StartsWith("TooLarge: "),
                             HasSubstr("more than 2^63 bytes;")));
  // A zero among the extents does not hide the overflow of the others.
  EXPECT_THAT(failure(npy("<f8", "0, 4294967296, 4294967296", "")),
              StartsWith("TooLarge: "));
  EXPECT_THAT(failure(npy("<f8", "1099511627776,", "")),
              StartsWith("TruncatedFile: "));
  EXPECT_THAT(failure(gzip(npy("<f8", "1099511627776,", ""))),
              testing::AllOf(StartsWith("TruncatedFile: "),
                             HasSubstr("the file holds at most ")));
  EXPECT_THAT(failure(idx(0x0E, {0x7FFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF}, "")),
              StartsWith("TooLarge: "));
}

TEST_F(ArrayFile, ChecksTheArchivesChecksum) {
  std::string archive =
      zip({{"a.npy", npy("|u1", "4,", "spam")}}, /*deflated=*/false);
  archive[archive.find("spam")] = 'S';
  EXPECT_THAT(failure(archive),
              testing::AllOf(StartsWith("BadChecksum: "), HasSubstr(":a: ")));
}

TEST_F(ArrayFile, RefusesOtherCompression) {
  std::string archive =
      zip({{"a.npy", npy("|u1", "4,", "spam")}}, /*deflated=*/false);
  // The method's place in the local header and in the central directory.
  archive[8] = 12;
  archive[archive.find("PK\x01\x02") + 10] = 12;
  EXPECT_THAT(failure(archive), HasSubstr("compression method 12, readable "
                                          "are stored (0) and deflated (8);"));
}

//===----------------------------------------------------------------------===//
// Damaged files: an error or a value, never a crash (run with sanitizers).
//===----------------------------------------------------------------------===//

class DamagedFile : public ArrayFile,
                    public testing::WithParamInterface<std::string> {};

TEST_P(DamagedFile, CutAnywhereIsAnError) {
  const std::string &whole = GetParam();
  ASSERT_TRUE(read(whole)) << read(whole).status().str();
  std::string name = whole.substr(0, 2) == "PK" ? "cut.npz" : "cut";
  for (size_t size = 0; size < whole.size(); ++size) {
    rt::Result<Array> array =
        readArray(folder.write(name, whole.substr(0, size)));
    ASSERT_FALSE(array) << size << " of " << whole.size() << " bytes";
    EXPECT_THAT(describe(array.status()), HasSubstr("; "));
  }
}

TEST_P(DamagedFile, AnyByteChangedDoesNoHarm) {
  std::string bytes = GetParam();
  std::string name = bytes.substr(0, 2) == "PK" ? "changed.npz" : "changed";
  for (char &byte : bytes)
    for (char flip : {1, 0x80, 0xFF}) {
      byte ^= flip;
      rt::Result<Array> array = readArray(folder.write(name, bytes));
      if (array) {
        EXPECT_EQ(array->bytes.size(),
                  array->numElements() * itemSize(array->dtype));
      }
      byte ^= flip;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, DamagedFile,
    testing::Values(
        npy("<i2", "2, 3", bytesOf<int16_t>({1, 2, 3, 4, 5, 6})),
        npy("<f2", "2, 3", bytesOf<int16_t>({1, 2, 3, 4, 5, 6}), true),
        idx(0x0C, {2, 2}, std::string(16, 'x')),
        gzip(idx(0x08, {2, 3}, "abcdef")), gzip(npy("|u1", "3,", "abc")),
        zip({{"a.npy", npy("<f4", "2, 2", std::string(16, 'x'))}}, false),
        zip({{"a.npy", npy("<f4", "20, 2", std::string(160, 'x'))}}, true)));

} // namespace
