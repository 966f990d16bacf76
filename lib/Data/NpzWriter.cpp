//===- NpzWriter.cpp - Writer of npz archives -----------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Data/NpzWriter.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

#include <unistd.h>
#include <zip.h>

using namespace fastsnn;
using rt::ErrorCode;

namespace {

struct CloseFile {
  void operator()(FILE *file) const { fclose(file); }
};
using File = std::unique_ptr<FILE, CloseFile>;

/// An array while it grows.
struct GrowingArray {
  std::string key;
  DType dtype;
  std::vector<int64_t> sampleShape;
  uint64_t sampleBytes;
  int64_t samples = 0;
  /// The header's room, then the elements, in a file without a name.
  File pieces;
  size_t headerSize = 0;
};

const char *descrOf(DType dtype) {
  switch (dtype) {
  case DType::U8:
    return "|u1";
  case DType::I8:
    return "|i1";
  case DType::U16:
    return "<u2";
  case DType::I16:
    return "<i2";
  case DType::U32:
    return "<u4";
  case DType::I32:
    return "<i4";
  case DType::U64:
    return "<u8";
  case DType::I64:
    return "<i8";
  case DType::F32:
    return "<f4";
  case DType::F64:
    return "<f8";
  }
  return "";
}

/// The npy header for `samples` samples, padded to `size` bytes or, if that is
/// 0, to a multiple of 64.
std::string npyHeader(const GrowingArray &array, int64_t samples, size_t size) {
  std::string shape = std::to_string(samples) + ",";
  for (int64_t extent : array.sampleShape)
    shape += " " + std::to_string(extent) + ",";
  std::string text = std::string("{'descr': '") + descrOf(array.dtype) +
                     "', 'fortran_order': False, 'shape': (" + shape + "), }";
  constexpr size_t prefix = 10, alignment = 64;
  if (size == 0)
    size = (prefix + text.size() + alignment) / alignment * alignment;
  text.resize(size - prefix - 1, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 0xFF);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

} // namespace

struct NpzWriter::State {
  std::string path;
  std::vector<GrowingArray> arrays;

  rt::Status error(const std::string &what) const {
    return rt::Status(ErrorCode::CannotWriteFile,
                      path + ": cannot be written: " + what +
                          "; check the folder, its permissions and the space "
                          "left");
  }

  /// A file beside the archive, gone when it is closed.
  File temporary() const {
    std::string name = path + ".XXXXXX";
    int descriptor = mkstemp(name.data());
    if (descriptor < 0)
      return nullptr;
    unlink(name.c_str());
    return File(fdopen(descriptor, "w+b"));
  }
};

NpzWriter::NpzWriter(std::unique_ptr<State> state) : state(std::move(state)) {}
NpzWriter::~NpzWriter() = default;
NpzWriter::NpzWriter(NpzWriter &&) = default;
NpzWriter &NpzWriter::operator=(NpzWriter &&) = default;

rt::Result<NpzWriter> NpzWriter::create(std::string path) {
  auto state = std::make_unique<State>();
  state->path = std::move(path);
  // Found out now rather than after hours of computation.
  if (!state->temporary())
    return state->error(std::strerror(errno));
  return NpzWriter(std::move(state));
}

rt::Result<int> NpzWriter::addArray(const std::string &key, DType dtype,
                                    std::vector<int64_t> sampleShape) {
  if (key.empty())
    return rt::Status(ErrorCode::BadArgument,
                      state->path + ": an array without a name; name it");
  for (const GrowingArray &other : state->arrays)
    if (other.key == key)
      return rt::Status(ErrorCode::BadArgument,
                        state->path + ": two arrays are named '" + key +
                            "'; rename one in the model");
  GrowingArray array;
  array.key = key;
  array.dtype = dtype;
  array.sampleBytes = itemSize(dtype);
  for (int64_t extent : sampleShape)
    array.sampleBytes *= extent;
  array.sampleShape = std::move(sampleShape);
  array.pieces = state->temporary();
  if (!array.pieces)
    return state->error(std::strerror(errno));
  // The number of samples is known at the end only: make room for the largest.
  std::string room =
      npyHeader(array, std::numeric_limits<int64_t>::max(), /*size=*/0);
  array.headerSize = room.size();
  if (fwrite(room.data(), 1, room.size(), array.pieces.get()) != room.size())
    return state->error(std::strerror(errno));
  state->arrays.push_back(std::move(array));
  return static_cast<int>(state->arrays.size() - 1);
}

rt::Status NpzWriter::append(int number, const void *data, int64_t samples) {
  GrowingArray &array = state->arrays[number];
  size_t size = array.sampleBytes * samples;
  if (fwrite(data, 1, size, array.pieces.get()) != size)
    return state->error(std::strerror(errno));
  array.samples += samples;
  return {};
}

rt::Status NpzWriter::finish() {
  int code = 0;
  zip_t *archive =
      zip_open(state->path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (!archive) {
    zip_error_t reason;
    zip_error_init_with_code(&reason, code);
    rt::Status failure = state->error(zip_error_strerror(&reason));
    zip_error_fini(&reason);
    return failure;
  }
  auto fail = [&](const std::string &what) {
    rt::Status failure = state->error(what);
    zip_discard(archive);
    return failure;
  };

  for (GrowingArray &array : state->arrays) {
    FILE *file = array.pieces.get();
    std::string header = npyHeader(array, array.samples, array.headerSize);
    if (fseek(file, 0, SEEK_SET) != 0 ||
        fwrite(header.data(), 1, header.size(), file) != header.size() ||
        fseek(file, 0, SEEK_SET) != 0) // libzip reads on from the position
      return fail(std::strerror(errno));
    zip_error_t reason;
    zip_error_init(&reason);
    // The source closes the file, also when the archive is discarded.
    zip_source_t *source = zip_source_filep_create(file, 0, -1, &reason);
    if (!source)
      return fail(zip_error_strerror(&reason));
    array.pieces.release();
    zip_int64_t index = zip_file_add(archive, (array.key + ".npy").c_str(),
                                     source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      rt::Status failure = fail(zip_strerror(archive));
      zip_source_free(source);
      return failure;
    }
    // 1 January 1980, the format's first day: equal content, equal bytes.
    constexpr zip_uint16_t time = 0, date = 1 << 5 | 1;
    if (zip_file_set_dostime(archive, index, time, date, 0) != 0 ||
        zip_set_file_compression(archive, index, ZIP_CM_DEFLATE, 1) != 0)
      return fail(zip_strerror(archive));
  }
  if (zip_close(archive) != 0)
    return fail(zip_strerror(archive));
  state->arrays.clear();
  return {};
}
