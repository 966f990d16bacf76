//===- Files.cpp - Small files for tests of readers -----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Files.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <zip.h>
#include <zlib.h>

using namespace fastsnn;
using namespace fastsnn::test;

TemporaryFolder::TemporaryFolder() {
  std::string name =
      (std::filesystem::temp_directory_path() / "fastsnn-test-XXXXXX").string();
  root = mkdtemp(name.data());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(root, ignored);
}

std::string TemporaryFolder::write(const std::string &name,
                                   const std::string &bytes) const {
  std::ofstream(path(name), std::ios::binary) << bytes;
  return path(name);
}

std::vector<std::string> TemporaryFolder::list() const {
  std::vector<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(root))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string test::readBytes(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::string test::npyWithHeader(const std::string &header,
                                const std::string &body, char major) {
  std::string file = "\x93NUMPY";
  file += major;
  file += '\0';
  size_t length = header.size();
  for (int byte = 0; byte < (major > 1 ? 4 : 2); ++byte)
    file += static_cast<char>(length >> (8 * byte) & 0xFF);
  return file + header + body;
}

std::string test::npy(const std::string &descr, const std::string &shape,
                      const std::string &body, bool fortran) {
  return npyWithHeader("{'descr': '" + descr + "', 'fortran_order': " +
                           (fortran ? "True" : "False") + ", 'shape': (" +
                           shape + "), }\n",
                       body);
}

std::string test::idx(uint8_t type, const std::vector<int64_t> &shape,
                      const std::string &body) {
  std::string file = {0, 0, static_cast<char>(type),
                      static_cast<char>(shape.size())};
  for (int64_t extent : shape)
    for (int shift : {24, 16, 8, 0})
      file += static_cast<char>(extent >> shift & 0xFF);
  return file + body;
}

std::string test::cifar(int records) {
  std::string file;
  for (int r = 0; r < records; ++r) {
    file += static_cast<char>(r % 10);
    for (int k = 0; k < 3072; ++k)
      file += static_cast<char>((r + k) % 251);
  }
  return file;
}

std::string test::gzip(const std::string &bytes) {
  z_stream stream = {};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
               Z_DEFAULT_STRATEGY);
  std::string result(deflateBound(&stream, bytes.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
  stream.avail_in = bytes.size();
  stream.next_out = reinterpret_cast<Bytef *>(result.data());
  stream.avail_out = result.size();
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

std::string
test::zip(const std::vector<std::pair<std::string, std::string>> &entries,
          bool deflated) {
  TemporaryFolder folder;
  std::string path = folder.path("archive.zip");
  zip_t *archive = zip_open(path.c_str(), ZIP_CREATE, nullptr);
  for (const auto &[name, content] : entries) {
    zip_int64_t index = zip_file_add(
        archive, name.c_str(),
        zip_source_buffer(archive, content.data(), content.size(), 0), 0);
    zip_set_file_compression(archive, index,
                             deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
  zip_close(archive);
  return readBytes(path);
}

std::string test::describe(const rt::Status &status) {
  if (status.ok())
    return "ok";
  const rt::Diagnostic &first = status.diagnostics().front();
  return std::string(rt::errorCodeName(first.code)) + ": " + first.message;
}
