//===- Idx.cpp - Header of MNIST's idx files ------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StoredArray.h"

using namespace fastsnn;
using rt::ErrorCode;

rt::Result<StoredArray> fastsnn::readIdxHeader(ByteSource &source) {
  auto truncated = [&] {
    return source.error(ErrorCode::TruncatedFile,
                        "ends inside its idx header; fetch the file again");
  };
  uint8_t head[4];
  rt::Result<size_t> got = source.read(head, sizeof head);
  if (!got)
    return got.status();
  if (*got < sizeof head)
    return truncated();
  if (head[0] != 0 || head[1] != 0)
    return source.error(ErrorCode::BadMagic,
                        "is not in idx form; give an npy, npz or idx file");

  StoredArray stored;
  stored.bigEndian = true;
  using Kind = StoredArray::Kind;
  switch (head[2]) {
  case 0x08:
    stored.kind = Kind::Unsigned;
    break;
  case 0x09:
    stored.kind = Kind::Signed;
    break;
  case 0x0B:
    stored.kind = Kind::Signed;
    stored.itemSize = 2;
    break;
  case 0x0C:
    stored.kind = Kind::Signed;
    stored.itemSize = 4;
    break;
  case 0x0D:
    stored.kind = Kind::Float;
    stored.itemSize = 4;
    break;
  case 0x0E:
    stored.kind = Kind::Float;
    stored.itemSize = 8;
    break;
  default:
    return source.error(ErrorCode::UnknownKind,
                        "idx element type " + std::to_string(head[2]) +
                            ", known are 8, 9, 11, 12, 13 and 14; the file is "
                            "damaged or no idx file");
  }
  unsigned rank = head[3];
  if (rank > maxRank)
    return source.error(ErrorCode::MalformedSection,
                        "an idx array of " + std::to_string(rank) +
                            " dimensions, at most " + std::to_string(maxRank) +
                            " are read; the file is damaged");
  for (unsigned dim = 0; dim < rank; ++dim) {
    uint8_t raw[4];
    got = source.read(raw, sizeof raw);
    if (!got)
      return got.status();
    if (*got < sizeof raw)
      return truncated();
    stored.shape.push_back(int64_t(raw[0]) << 24 | int64_t(raw[1]) << 16 |
                           int64_t(raw[2]) << 8 | int64_t(raw[3]));
  }
  stored.headerSize = 4 + 4 * uint64_t(rank);
  return stored;
}
