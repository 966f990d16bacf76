//===- WeightArchiveTest.cpp - Constants of an emitted network ------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-cuda/WeightArchive.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>

using namespace fastsnn::cuda;

namespace {

using Bytes = std::vector<uint8_t>;

Bytes smallArchive() {
  ArchiveWriter writer;
  Bytes first(300, 7);
  uint32_t second = 0x01020304;
  EXPECT_EQ(writer.add("first", first.data(), first.size()), 0u);
  EXPECT_EQ(writer.add("second", &second, sizeof second), 512u);
  EXPECT_EQ(writer.add("nothing", nullptr, 0), 768u);
  EXPECT_EQ(writer.dataBytes(), 768u);
  return writer.finish();
}

ArchiveError read(const Bytes &bytes, std::string *message = nullptr) {
  Archive archive;
  std::string text;
  ArchiveError error =
      Archive::read(bytes.data(), bytes.size(), "w.fsnnw", archive, text);
  EXPECT_EQ(text.empty(), error == ArchiveError::None) << text;
  if (message)
    *message = text;
  return error;
}

/// Makes the digest fit again, so that the checks behind it are reached.
void seal(Bytes &bytes) {
  Digest digest = Sha256::of(bytes.data() + 64, bytes.size() - 64);
  std::copy(digest.begin(), digest.end(), bytes.begin() + 32);
}

void put(Bytes &bytes, size_t at, uint64_t value, int size) {
  detail::putInteger(bytes.data() + at, value, size);
}

TEST(Sha256Test, KnownDigests) {
  EXPECT_EQ(toHex(Sha256::of("", 0)), "e3b0c44298fc1c149afbf4c8996fb924"
                                      "27ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(toHex(Sha256::of("abc", 3)), "ba7816bf8f01cfea414140de5dae2223"
                                         "b00361a396177a9cb410ff61f20015ad");
  // A million letters, in pieces of all sizes.
  Sha256 hash;
  std::string letters(1000, 'a');
  size_t left = 1000000;
  for (size_t piece = 1; left > 0; piece = piece % 997 + 1) {
    size_t size = std::min(piece, left);
    hash.update(letters.data(), size);
    left -= size;
  }
  EXPECT_EQ(toHex(hash.finish()), "cdc76e5c9914fb9281a1c7e284d73e67"
                                  "f1809a48a497200e046d39ccc7112cd0");
}

TEST(WeightArchiveTest, ReadsWhatWasWritten) {
  Bytes bytes = smallArchive();
  Archive archive;
  std::string message;
  ASSERT_EQ(Archive::read(bytes.data(), bytes.size(), "w", archive, message),
            ArchiveError::None)
      << message;
  ASSERT_EQ(archive.tensors().size(), 3u);
  EXPECT_EQ(archive.tensors()[0].name, "first");
  EXPECT_EQ(archive.tensors()[0].bytes, 300u);
  EXPECT_EQ(archive.tensors()[1].name, "second");
  EXPECT_EQ(archive.tensors()[1].offset, 512u);
  EXPECT_EQ(archive.tensors()[2].bytes, 0u);
  EXPECT_EQ(archive.dataBytes(), 768u);
  EXPECT_EQ((archive.data() - bytes.data()) % 256, 0);
  EXPECT_EQ(archive.data()[299], 7);
  EXPECT_EQ(archive.data()[300], 0);
  EXPECT_EQ(archive.data()[512], 4);
  EXPECT_EQ(smallArchive(), bytes);
}

TEST(WeightArchiveTest, EmptyArchive) {
  Bytes bytes = ArchiveWriter().finish();
  EXPECT_EQ(read(bytes), ArchiveError::None);
}

TEST(WeightArchiveTest, NamesWhatIsWrong) {
  const Bytes good = smallArchive();
  EXPECT_EQ(read({}), ArchiveError::Truncated);
  EXPECT_EQ(read(Bytes(good.begin(), good.begin() + 63)),
            ArchiveError::Truncated);
  EXPECT_EQ(read(Bytes(good.begin(), good.end() - 1)), ArchiveError::Truncated);
  Bytes bad = good;
  bad.push_back(0);
  EXPECT_EQ(read(bad), ArchiveError::TrailingBytes);
  bad = good;
  bad[1] = 'G';
  EXPECT_EQ(read(bad), ArchiveError::BadMagic);
  bad = good;
  bad[8] = 2;
  std::string message;
  EXPECT_EQ(read(bad, &message), ArchiveError::UnknownVersion);
  EXPECT_EQ(message, "w.fsnnw: version 2.0, known is 1.0; emit the network "
                     "with this version");
  bad = good;
  bad.back() ^= 1;
  EXPECT_EQ(read(bad), ArchiveError::BadDigest);
}

TEST(WeightArchiveTest, EveryFlippedBitIsFound) {
  const Bytes good = smallArchive();
  for (size_t at = 0; at < good.size(); ++at) {
    Bytes bad = good;
    bad[at] ^= 1 << at % 8;
    EXPECT_NE(read(bad), ArchiveError::None) << "byte " << at;
  }
}

TEST(WeightArchiveTest, InconsistentTables) {
  const Bytes good = smallArchive();
  struct Case {
    size_t at;
    uint64_t value;
    int size;
  };
  const Case cases[] = {
      {12, 0xFFFFFFFF, 4},            // more tensors than room
      {24, 64, 8},                    // data not aligned
      {24, uint64_t(1) << 62, 8},     // data behind the end
      {64, 1, 8},                     // tensor not aligned
      {64 + 32, 256, 8},              // overlap
      {64 + 32, ~uint64_t(255), 8},   // behind the end
      {64 + 32 + 8, ~uint64_t(0), 8}, // too long
      {64 + 16, 1, 8},                // name not in order
      {64 + 24, ~uint64_t(0) - 1, 8}, // name too long
  };
  for (const Case &each : cases) {
    Bytes bad = good;
    put(bad, each.at, each.value, each.size);
    seal(bad);
    EXPECT_EQ(read(bad), ArchiveError::BadTable) << each.at;
  }
}

TEST(WeightArchiveTest, RandomDamageNeverCrashes) {
  const Bytes good = smallArchive();
  std::mt19937_64 random(1);
  for (int trial = 0; trial < 2000; ++trial) {
    Bytes bad = good;
    for (int i = 0; i < 4; ++i)
      bad[12 + random() % (bad.size() - 12)] = static_cast<uint8_t>(random());
    put(bad, 16, bad.size(), 8);
    seal(bad);
    (void)read(bad);
  }
}

TEST(WeightArchiveTest, MapsFiles) {
  std::string path = ::testing::TempDir() + "fastsnn-archive.fsnnw";
  Bytes bytes = smallArchive();
  auto write = [&] {
    FILE *file = std::fopen(path.c_str(), "wb");
    ASSERT_NE(file, nullptr);
    ASSERT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
    std::fclose(file);
  };
  write();
  MappedArchive mapped;
  std::string message;
  EXPECT_EQ(mapped.open(path, nullptr, message), ArchiveError::None) << message;
  Digest digest = mapped.archive().digest();
  EXPECT_EQ(mapped.open(path, &digest, message), ArchiveError::None);
  EXPECT_EQ(mapped.archive().data()[0], 7);
  digest[0] ^= 1;
  EXPECT_EQ(mapped.open(path, &digest, message), ArchiveError::WrongArchive);
  EXPECT_NE(message.find("keep library and archive of one emission together"),
            std::string::npos);
  bytes.pop_back();
  write();
  EXPECT_EQ(mapped.open(path, nullptr, message), ArchiveError::Truncated);
  bytes.clear();
  write();
  EXPECT_EQ(mapped.open(path, nullptr, message), ArchiveError::Truncated);
  std::remove(path.c_str());
  EXPECT_EQ(mapped.open(path, nullptr, message), ArchiveError::CannotOpen);
  EXPECT_EQ(mapped.open(::testing::TempDir(), nullptr, message),
            ArchiveError::CannotOpen);
}

} // namespace
