//===- ExternalFiles.cpp - Files with external tensor data ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorReader.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace fastsnn::frontend;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

/// True if `file` lies below `folder`; both are resolved paths.
static bool isInside(llvm::StringRef folder, llvm::StringRef file) {
  if (!file.consume_front(folder))
    return false;
  return folder.ends_with("/") || file.starts_with("/");
}

std::shared_ptr<llvm::MemoryBuffer>
ExternalFiles::open(llvm::StringRef location, std::string &error) {
  auto known = files.find(location);
  if (known != files.end())
    return known->second;
  auto fail = [&](const llvm::Twine &reason) {
    error = ("external data file '" + location + "' " + reason).str();
    return nullptr;
  };
  const char *contained = ", data must lie in the model's folder; save the "
                          "model with its data beside it";
  if (directory.empty())
    return fail(llvm::Twine("has no folder to lie in, a model read from a "
                            "stream must hold its data; pass the model as a "
                            "file"));
  if (location.empty() || location.contains('\0'))
    return fail(llvm::Twine("has an impossible name") + contained);
  if (path::is_absolute(location))
    return fail(llvm::Twine("is an absolute path") + contained);
  for (auto part = path::begin(location); part != path::end(location); ++part)
    if (*part == "..")
      return fail(llvm::Twine("leaves the model's folder") + contained);
  llvm::SmallString<256> full(directory), folder, resolved;
  path::append(full, location);
  if (fs::real_path(directory, folder) || fs::real_path(full, resolved))
    return fail(llvm::Twine("does not exist") + contained);
  // Links are followed first: what counts is where the data really is.
  if (!isInside(folder, resolved))
    return fail(llvm::Twine("is a link out of the model's folder") + contained);
  if (!fs::is_regular_file(resolved))
    return fail(llvm::Twine("is not a regular file") + contained);
  auto buffer = llvm::MemoryBuffer::getFile(resolved, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fail("cannot be read: " + buffer.getError().message() +
                "; check its permissions");
  std::shared_ptr<llvm::MemoryBuffer> file = std::move(*buffer);
  files[location] = file;
  return file;
}
