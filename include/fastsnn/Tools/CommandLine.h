//===- CommandLine.h - Command lines of the tools ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_COMMANDLINE_H
#define FASTSNN_TOOLS_COMMANDLINE_H

#include "fastsnn-rt/Status.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/CommandLine.h"

namespace fastsnn::tools {

/// Takes the options of linked libraries off the command line: LLVM's passes
/// claim hundreds of names, `threads` among them. To be called before a tool's
/// own options are made.
void removeForeignOptions();

/// Takes options back that were registered: they are unknown then.
void removeOptions(llvm::ArrayRef<llvm::StringRef> names);

/// Parses the command line into registered options; --help shows those of
/// `category` only. Mistakes are printed as "error: ..."; false then.
bool parseCommandLine(int argc, char **argv, llvm::StringRef overview,
                      llvm::cl::OptionCategory &category);

/// The status BadArgument, "<option>: <what>". Errors of options are written as
/// "--name: 'value' is no ..., <limit>; <what to do>".
rt::Status badOption(const std::string &option, const std::string &what);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_COMMANDLINE_H
