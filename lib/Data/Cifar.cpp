//===- Cifar.cpp - CIFAR-10's binary records ------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cifar.h"
#include "ByteSource.h"

using namespace fastsnn;
using rt::ErrorCode;

namespace {

constexpr size_t pixelsPerImage = 3 * 32 * 32;
constexpr int numClasses = 10;

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

} // namespace

bool fastsnn::hasCifarName(const std::string &path) {
  return endsWith(path, ".bin") || endsWith(path, ".bin.gz");
}

rt::Result<Dataset> fastsnn::readCifar(const std::string &path,
                                       int64_t maxSamples) {
  rt::Result<std::unique_ptr<ByteSource>> opened = openFile(path);
  if (!opened)
    return opened.status();
  ByteSource &source = **opened;

  Dataset data;
  data.samples.dtype = DType::U8;
  data.labels.emplace();
  int64_t images = 0;
  while (images < maxSamples) {
    uint8_t record[1 + pixelsPerImage];
    rt::Result<size_t> got = source.read(record, sizeof record);
    if (!got)
      return got.status();
    if (*got == 0)
      break;
    std::string where = "record " + std::to_string(images);
    if (*got < sizeof record)
      return source.error(ErrorCode::TruncatedFile,
                          where + " has " + std::to_string(*got) +
                              " bytes, a CIFAR-10 record has " +
                              std::to_string(sizeof record) +
                              "; the file is cut off or not CIFAR-10");
    if (record[0] >= numClasses)
      return source.error(ErrorCode::BadInput,
                          where + " has label " + std::to_string(record[0]) +
                              ", CIFAR-10 has labels 0 to 9; the file is "
                              "damaged or not CIFAR-10");
    // Checked as it grows: how much gzip will yield is not known before.
    if (images % 4096 == 0)
      if (rt::Status fits =
              checkMemory(source.name(), 2 * data.samples.bytes.size());
          !fits)
        return fits;
    data.labels->push_back(record[0]);
    data.samples.bytes.insert(data.samples.bytes.end(), record + 1,
                              record + sizeof record);
    ++images;
  }
  if (images == 0)
    return source.error(ErrorCode::TruncatedFile,
                        "is empty; fetch the file again");
  data.samples.shape = {images, 3, 32, 32};
  return data;
}
