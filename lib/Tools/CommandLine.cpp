//===- CommandLine.cpp - Command lines of the tools -----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/CommandLine.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace fastsnn;

void tools::removeForeignOptions() {
  std::vector<llvm::cl::Option *> options;
  for (const auto &[name, option] : llvm::cl::getRegisteredOptions())
    if (!name.starts_with("help") && name != "h" && name != "version")
      options.push_back(option);
  for (llvm::cl::Option *option : options)
    option->removeArgument();
}

void tools::removeOptions(llvm::ArrayRef<llvm::StringRef> names) {
  for (llvm::StringRef name : names)
    if (llvm::cl::Option *option =
            llvm::cl::getRegisteredOptions().lookup(name))
      option->removeArgument();
}

bool tools::parseCommandLine(int argc, char **argv, llvm::StringRef overview,
                             llvm::cl::OptionCategory &category) {
  llvm::cl::HideUnrelatedOptions(category);
  llvm::cl::SetVersionPrinter(
      [](llvm::raw_ostream &out) { out << "FastSNN " FASTSNN_VERSION "\n"; });
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  if (llvm::cl::ParseCommandLineOptions(argc, argv, overview, &stream))
    return true;
  // LLVM's lines begin with the program's name, some follow up on the line
  // before.
  std::string program = llvm::sys::path::filename(argv[0]).str() + ": ";
  for (llvm::StringRef line : llvm::split(stream.str(), '\n')) {
    line = line.trim();
    line.consume_front(llvm::StringRef(argv[0]));
    line.consume_front(":");
    line.consume_front(program);
    line = line.trim();
    if (!line.empty())
      llvm::errs() << (line.starts_with("Did you mean") ? "note: " : "error: ")
                   << line << '\n';
  }
  return false;
}

rt::Status tools::badOption(const std::string &option,
                            const std::string &what) {
  return rt::Status(rt::ErrorCode::BadArgument, option + ": " + what);
}
