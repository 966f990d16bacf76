//===- InitAllTranslations.h - Every translation of the project -*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_INITALLTRANSLATIONS_H
#define FASTSNN_INITALLTRANSLATIONS_H

#include "fastsnn/Frontend/ImportQNN/ImportONNX.h"
#include "fastsnn/Target/CUDA/EmitNetwork.h"
#include "fastsnn/Target/NMC/Program.h"
#include "fastsnn/Tools/ProgramToText.h"

namespace fastsnn {

/// Registers the translations of fastsnn-translate. Further calls do nothing.
inline void registerAllTranslations() {
  static bool once = [] {
    registerImportONNXTranslation();
    registerNMCToProgramTranslation();
    cudagen::registerSNNToCUDATranslation();
    tools::registerProgramToTextTranslation();
    return true;
  }();
  (void)once;
}

} // namespace fastsnn

#endif // FASTSNN_INITALLTRANSLATIONS_H
