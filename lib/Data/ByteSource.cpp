//===- ByteSource.cpp - Sequential bytes of files -------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ByteSource.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

using namespace fastsnn;
using rt::ErrorCode;

namespace {

/// A file that zlib reads, decompressing gzip and passing other bytes through.
class FileSource final : public ByteSource {
public:
  FileSource(const std::string &path, gzFile file, uint64_t bound, bool exact)
      : ByteSource(path, bound, exact), file(file) {}
  ~FileSource() override { gzclose(file); }

  rt::Result<size_t> read(void *to, size_t size) override {
    size_t done = 0;
    while (done < size) {
      auto piece =
          static_cast<unsigned>(std::min<size_t>(size - done, size_t(1) << 30));
      int got = gzread(file, static_cast<char *>(to) + done, piece);
      // A stream that ends early is reported through the error state only.
      int code = Z_OK;
      gzerror(file, &code);
      if (got < 0 || code != Z_OK)
        return failure(code);
      if (got == 0)
        break;
      done += got;
    }
    return done;
  }

private:
  rt::Status failure(int code) const {
    if (code == Z_BUF_ERROR)
      return error(ErrorCode::TruncatedFile,
                   "the gzip data ends early; the file is cut off, fetch it "
                   "again");
    if (code == Z_ERRNO)
      return error(ErrorCode::CannotOpenFile, std::string("cannot be read: ") +
                                                  std::strerror(errno) +
                                                  "; check the file");
    return error(ErrorCode::BadChecksum,
                 "the gzip data is damaged; fetch the file again");
  }

  gzFile file;
};

} // namespace

rt::Result<uint64_t> fastsnn::regularFileSize(const std::string &path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0)
    return rt::Status(ErrorCode::CannotOpenFile,
                      path + ": cannot be opened: " + std::strerror(errno) +
                          "; check the name");
  if (!S_ISREG(info.st_mode))
    return rt::Status(ErrorCode::CannotOpenFile,
                      path + ": is not a regular file; give a file");
  return static_cast<uint64_t>(info.st_size);
}

rt::Result<std::unique_ptr<ByteSource>>
fastsnn::openFile(const std::string &path) {
  rt::Result<uint64_t> size = regularFileSize(path);
  if (!size)
    return size.status();
  errno = 0;
  gzFile file = gzopen(path.c_str(), "rb");
  if (!file)
    return rt::Status(ErrorCode::CannotOpenFile,
                      path + ": cannot be opened: " +
                          (errno ? std::strerror(errno) : "out of memory") +
                          "; check the name and its permissions");
  gzbuffer(file, 1 << 17);
  bool plain = gzdirect(file);
  uint64_t bound = plain ? *size : *size * maxDeflateRatio;
  return std::unique_ptr<ByteSource>(
      std::make_unique<FileSource>(path, file, bound, plain));
}

rt::Status fastsnn::checkMemory(const std::string &where, uint64_t size) {
  auto pages = static_cast<uint64_t>(std::max(0L, sysconf(_SC_PHYS_PAGES)));
  auto pageSize = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  if (size <= pages * pageSize)
    return {};
  return rt::Status(ErrorCode::TooLarge,
                    where + ": needs " + std::to_string(size) +
                        " bytes, this machine has " +
                        std::to_string(pages * pageSize) +
                        " bytes of memory; read fewer samples with --limit");
}

rt::Result<std::string> fastsnn::readAll(ByteSource &source, uint64_t limit) {
  std::string content;
  char piece[1 << 14];
  for (;;) {
    rt::Result<size_t> got = source.read(piece, sizeof piece);
    if (!got)
      return got.status();
    if (*got == 0)
      return content;
    content.append(piece, *got);
    if (content.size() > limit)
      return source.error(ErrorCode::TooLarge,
                          "holds more than " + std::to_string(limit) +
                              " bytes; check that this is the right file");
  }
}
