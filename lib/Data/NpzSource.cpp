//===- NpzSource.cpp - Arrays in npz archives -----------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ByteSource.h"
#include "fastsnn/Data/ArrayFile.h"

#include <zip.h>

using namespace fastsnn;
using rt::ErrorCode;

namespace {

struct CloseArchive {
  void operator()(zip_t *archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, CloseArchive>;

/// One file inside an archive.
class EntrySource final : public ByteSource {
public:
  EntrySource(std::string name, Archive archive, zip_file_t *file,
              uint64_t size)
      : ByteSource(std::move(name), size, /*exact=*/true),
        archive(std::move(archive)), file(file) {}
  ~EntrySource() override { zip_fclose(file); }

  rt::Result<size_t> read(void *to, size_t size) override {
    size_t done = 0;
    while (done < size) {
      zip_int64_t got =
          zip_fread(file, static_cast<char *>(to) + done, size - done);
      if (got < 0)
        return error(ErrorCode::BadChecksum,
                     std::string("the archive's data is damaged: ") +
                         zip_error_strerror(zip_file_get_error(file)) +
                         "; fetch or write the file again");
      if (got == 0)
        break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

private:
  Archive archive;
  zip_file_t *file;
};

rt::Result<Archive> openArchive(const std::string &path) {
  rt::Result<uint64_t> size = regularFileSize(path);
  if (!size)
    return size.status();
  int code = 0;
  Archive archive(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (archive)
    return archive;
  zip_error_t reason;
  zip_error_init_with_code(&reason, code);
  rt::Status failure(
      code == ZIP_ER_OPEN ? ErrorCode::CannotOpenFile
                          : ErrorCode::MalformedSection,
      path + ": not a readable npz archive: " + zip_error_strerror(&reason) +
          "; fetch or write the file again");
  zip_error_fini(&reason);
  return failure;
}

const std::string suffix = ".npy";

std::vector<std::string> keysOf(zip_t *archive) {
  std::vector<std::string> keys;
  zip_int64_t count = zip_get_num_entries(archive, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char *raw = zip_get_name(archive, i, ZIP_FL_ENC_RAW);
    std::string name = raw ? raw : "";
    if (name.size() >= suffix.size() &&
        name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0)
      keys.push_back(name.substr(0, name.size() - suffix.size()));
  }
  return keys;
}

std::string listText(const std::vector<std::string> &keys) {
  constexpr size_t shown = 24;
  std::string text;
  for (size_t i = 0; i < keys.size() && i < shown; ++i)
    text += (i ? ", " : "") + keys[i];
  return keys.size() > shown ? text + ", ..." : text;
}

} // namespace

rt::Result<std::vector<std::string>> fastsnn::npzKeys(const std::string &path) {
  rt::Result<Archive> archive = openArchive(path);
  if (!archive)
    return archive.status();
  return keysOf(archive->get());
}

rt::Result<std::unique_ptr<ByteSource>>
fastsnn::openNpzEntry(const std::string &path, const std::string &key) {
  rt::Result<Archive> opened = openArchive(path);
  if (!opened)
    return opened.status();
  Archive archive = opened.take();
  std::vector<std::string> keys = keysOf(archive.get());
  if (keys.empty())
    return rt::Status(ErrorCode::BadArgument,
                      path + ": is an archive without npy arrays; write it "
                             "with numpy.savez");
  if (key.empty() && keys.size() != 1)
    return rt::Status(ErrorCode::BadArgument,
                      path + ": holds " + std::to_string(keys.size()) +
                          " arrays (" + listText(keys) +
                          "), one is needed; name it as " + path + ":KEY");
  std::string chosen = key.empty() ? keys.front() : key;
  std::string name = path + ":" + chosen;
  zip_int64_t index =
      zip_name_locate(archive.get(), (chosen + suffix).c_str(), ZIP_FL_ENC_RAW);
  if (index < 0)
    return rt::Status(ErrorCode::BadArgument,
                      path + ": holds no array '" + chosen +
                          "'; it has: " + listText(keys));

  zip_stat_t info;
  zip_stat_init(&info);
  constexpr zip_uint64_t wanted = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE |
                                  ZIP_STAT_COMP_METHOD |
                                  ZIP_STAT_ENCRYPTION_METHOD;
  auto malformed = [&](ErrorCode code, const std::string &what) {
    return rt::Status(code, name + ": " + what);
  };
  if (zip_stat_index(archive.get(), index, 0, &info) != 0 ||
      (info.valid & wanted) != wanted)
    return malformed(ErrorCode::MalformedSection,
                     "the archive's directory is damaged; fetch or write the "
                     "file again");
  if (info.encryption_method != ZIP_EM_NONE)
    return malformed(ErrorCode::UnknownKind,
                     "the array is encrypted; write the file without a "
                     "password");
  if (info.comp_method != ZIP_CM_STORE && info.comp_method != ZIP_CM_DEFLATE)
    return malformed(ErrorCode::UnknownKind,
                     "compression method " + std::to_string(info.comp_method) +
                         ", readable are stored (0) and deflated (8); write it "
                         "with numpy.savez or savez_compressed");
  // What the directory announces must be possible, before memory is taken.
  rt::Result<uint64_t> fileSize = regularFileSize(path);
  if (!fileSize)
    return fileSize.status();
  uint64_t most = info.comp_method == ZIP_CM_STORE
                      ? info.comp_size
                      : info.comp_size * maxDeflateRatio;
  if (info.comp_size > *fileSize || info.size > most)
    return malformed(ErrorCode::MalformedSection,
                     "the directory announces " + std::to_string(info.size) +
                         " bytes, the " + std::to_string(*fileSize) +
                         " bytes of the file cannot hold them; the file is "
                         "damaged");

  zip_file_t *file = zip_fopen_index(archive.get(), index, 0);
  if (!file)
    return malformed(ErrorCode::MalformedSection,
                     std::string("cannot be opened: ") +
                         zip_strerror(archive.get()) +
                         "; fetch or write the file again");
  return std::unique_ptr<ByteSource>(
      std::make_unique<EntrySource>(name, std::move(archive), file, info.size));
}
