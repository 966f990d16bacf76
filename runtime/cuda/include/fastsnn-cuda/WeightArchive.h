//===- WeightArchive.h - Constants of an emitted network --------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights are never printed into source: they lie in a file beside it, ready
// for the device, and are mapped into memory. docs/cuda.md, "The weight
// archive", gives the bytes:
//
//   0    8 bytes  magic: 8E 46 53 4E 57 0D 0A 1A
//   8    u16      major version, 1
//   10   u16      minor version, 0
//   12   u32      number of tensors N
//   16   u64      size of the file
//   24   u64      offset of the data, a multiple of 256
//   32   32 bytes SHA-256 of all bytes behind them
//   64   N times  u64 offset into the data (a multiple of 256), u64 bytes,
//                 u64 offset of the name into the names, u64 its length
//   ...  names, zeros up to the data, the tensors in order, zeros between them
//
// All numbers are little endian. The reader trusts nothing: a damaged file is a
// named error.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_WEIGHTARCHIVE_H
#define FASTSNN_CUDA_WEIGHTARCHIVE_H

#include "fastsnn-cuda/Sha256.h"

#include <cerrno>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fastsnn::cuda {

/// What a device address may be divided by: that of every tensor and buffer.
constexpr uint64_t archiveAlignment = 256;

enum class ArchiveError : uint8_t {
  None,
  CannotOpen,
  BadMagic,
  UnknownVersion,
  Truncated,
  TrailingBytes,
  BadDigest,
  BadTable,
  /// Sound, but made for another network.
  WrongArchive,
};

/// One tensor: its bytes begin at `offset` of the data.
struct ArchiveTensor {
  std::string name;
  uint64_t offset = 0, bytes = 0;
};

namespace detail {
constexpr uint8_t archiveMagic[8] = {0x8E, 'F', 'S', 'N', 'W', 0x0D, 0x0A, 26};
constexpr uint64_t archiveHeader = 64, archiveEntry = 32, digestAt = 32;

inline uint64_t alignUp(uint64_t value) {
  return (value + archiveAlignment - 1) / archiveAlignment * archiveAlignment;
}

inline void putInteger(uint8_t *at, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i)
    at[i] = static_cast<uint8_t>(value >> (8 * i));
}

inline uint64_t getInteger(const uint8_t *at, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i)
    value |= uint64_t(at[i]) << (8 * i);
  return value;
}
} // namespace detail

/// Collects tensors and writes them; the same tensors give the same bytes.
class ArchiveWriter {
public:
  /// Adds a tensor and returns its offset in the data, which the device keeps.
  uint64_t add(std::string name, const void *bytes, uint64_t size) {
    uint64_t offset = data.size();
    tensors.push_back({std::move(name), offset, size});
    data.resize(detail::alignUp(offset + size));
    if (size > 0)
      std::memcpy(data.data() + offset, bytes, size);
    return offset;
  }

  uint64_t dataBytes() const { return data.size(); }

  /// The file.
  std::vector<uint8_t> finish() const {
    using namespace detail;
    std::string names;
    for (const ArchiveTensor &tensor : tensors)
      names += tensor.name;
    uint64_t table = archiveHeader + tensors.size() * archiveEntry;
    uint64_t dataAt = alignUp(table + names.size());
    std::vector<uint8_t> file(dataAt + data.size());
    std::memcpy(file.data(), archiveMagic, sizeof archiveMagic);
    putInteger(&file[8], 1, 2);
    putInteger(&file[12], tensors.size(), 4);
    putInteger(&file[16], file.size(), 8);
    putInteger(&file[24], dataAt, 8);
    uint64_t name = 0;
    for (size_t i = 0; i < tensors.size(); ++i) {
      uint8_t *entry = &file[archiveHeader + i * archiveEntry];
      putInteger(entry, tensors[i].offset, 8);
      putInteger(entry + 8, tensors[i].bytes, 8);
      putInteger(entry + 16, name, 8);
      putInteger(entry + 24, tensors[i].name.size(), 8);
      name += tensors[i].name.size();
    }
    if (!names.empty())
      std::memcpy(&file[table], names.data(), names.size());
    if (!data.empty())
      std::memcpy(&file[dataAt], data.data(), data.size());
    Digest digest =
        Sha256::of(&file[archiveHeader], file.size() - archiveHeader);
    std::memcpy(&file[digestAt], digest.data(), digest.size());
    return file;
  }

private:
  std::vector<ArchiveTensor> tensors;
  std::vector<uint8_t> data;
};

/// A view of an archive's bytes, checked.
class Archive {
public:
  /// Checks `size` bytes at `bytes`, which must outlive the view. `where` names
  /// them in `message`, which is empty on success.
  static ArchiveError read(const uint8_t *bytes, uint64_t size,
                           const std::string &where, Archive &archive,
                           std::string &message) {
    using namespace detail;
    auto fail = [&](ArchiveError error, const std::string &what) {
      message = where + ": " + what;
      return error;
    };
    message.clear();
    if (size < archiveHeader)
      return fail(ArchiveError::Truncated,
                  std::to_string(size) + " bytes, a weight archive has at "
                                         "least 64; emit the network again");
    if (std::memcmp(bytes, archiveMagic, sizeof archiveMagic) != 0)
      return fail(ArchiveError::BadMagic,
                  "is no weight archive; give the one that was emitted with "
                  "the network");
    uint64_t major = getInteger(bytes + 8, 2),
             minor = getInteger(bytes + 10, 2);
    if (major != 1 || minor > 0)
      return fail(ArchiveError::UnknownVersion,
                  "version " + std::to_string(major) + "." +
                      std::to_string(minor) +
                      ", known is 1.0; emit the network with this version");
    uint64_t fileSize = getInteger(bytes + 16, 8);
    if (size != fileSize)
      return fail(size < fileSize ? ArchiveError::Truncated
                                  : ArchiveError::TrailingBytes,
                  std::to_string(size) + " bytes, " + std::to_string(fileSize) +
                      " are announced; copy the file again");
    std::memcpy(archive.hash.data(), bytes + digestAt, archive.hash.size());
    if (Sha256::of(bytes + archiveHeader, size - archiveHeader) != archive.hash)
      return fail(ArchiveError::BadDigest,
                  "the SHA-256 does not fit the bytes, the file is damaged; "
                  "copy it again");
    return archive.readTable(bytes, size)
               ? ArchiveError::None
               : fail(ArchiveError::BadTable,
                      "the table of tensors is inconsistent; emit the network "
                      "again");
  }

  const std::vector<ArchiveTensor> &tensors() const { return list; }
  const uint8_t *data() const { return first; }
  uint64_t dataBytes() const { return length; }
  const Digest &digest() const { return hash; }

private:
  bool readTable(const uint8_t *bytes, uint64_t size) {
    using namespace detail;
    uint64_t count = getInteger(bytes + 12, 4);
    uint64_t dataAt = getInteger(bytes + 24, 8);
    if (dataAt % archiveAlignment != 0 || dataAt > size ||
        count > (dataAt - archiveHeader) / archiveEntry)
      return false;
    uint64_t table = archiveHeader + count * archiveEntry;
    uint64_t namesLeft = dataAt - table, end = 0, nameEnd = 0;
    first = bytes + dataAt;
    length = size - dataAt;
    list.clear();
    for (uint64_t i = 0; i < count; ++i) {
      const uint8_t *entry = bytes + archiveHeader + i * archiveEntry;
      uint64_t offset = getInteger(entry, 8), own = getInteger(entry + 8, 8);
      uint64_t name = getInteger(entry + 16, 8),
               nameSize = getInteger(entry + 24, 8);
      // In order and without overlap; written so that no sum wraps.
      if (offset % archiveAlignment != 0 || offset < end || offset > length ||
          own > length - offset || name != nameEnd || name > namesLeft ||
          nameSize > namesLeft - name)
        return false;
      end = offset + own;
      nameEnd = name + nameSize;
      list.push_back(
          {std::string(reinterpret_cast<const char *>(bytes) + table + name,
                       nameSize),
           offset, own});
    }
    return true;
  }

  std::vector<ArchiveTensor> list;
  const uint8_t *first = nullptr;
  uint64_t length = 0;
  Digest hash = {};
};

/// An archive in a file, mapped into memory: what is not used is not read.
class MappedArchive {
public:
  MappedArchive() = default;
  MappedArchive(const MappedArchive &) = delete;
  MappedArchive &operator=(const MappedArchive &) = delete;
  ~MappedArchive() { close(); }

  /// Opens `path`. `expected`, if not null, is the digest of the archive that a
  /// network was emitted with.
  ArchiveError open(const std::string &path, const Digest *expected,
                    std::string &message) {
    close();
    int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status = {};
    if (file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
      message = path + ": cannot be opened: " +
                (file < 0 ? std::strerror(errno) : "no regular file") +
                "; keep the weight archive beside the library";
      if (file >= 0)
        ::close(file);
      return ArchiveError::CannotOpen;
    }
    size = static_cast<size_t>(status.st_size);
    if (size > 0)
      mapping = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    ::close(file);
    if (mapping == MAP_FAILED) {
      mapping = nullptr;
      message = path +
                ": cannot be mapped into memory: " + std::strerror(errno) +
                "; free some address space";
      return ArchiveError::CannotOpen;
    }
    ArchiveError error = Archive::read(static_cast<const uint8_t *>(mapping),
                                       size, path, view, message);
    if (error == ArchiveError::None && expected && view.digest() != *expected) {
      message = path + ": SHA-256 " + toHex(view.digest()) +
                ", the network was emitted with " + toHex(*expected) +
                "; keep library and archive of one emission together";
      error = ArchiveError::WrongArchive;
    }
    if (error != ArchiveError::None)
      close();
    return error;
  }

  void close() {
    if (mapping)
      munmap(mapping, size);
    mapping = nullptr;
    view = Archive();
  }

  const Archive &archive() const { return view; }

private:
  void *mapping = nullptr;
  size_t size = 0;
  Archive view;
};

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_WEIGHTARCHIVE_H
