//===- OperatorTable.h - Operators the importer knows -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_OPERATORTABLE_H
#define FASTSNN_FRONTEND_ONNX_OPERATORTABLE_H

#include "fastsnn/Frontend/ONNX/LoadModel.h"
#include "fastsnn/Frontend/ONNX/Model.h"

namespace fastsnn::frontend {

/// Domains of the Quant, IntQuant and BipolarQuant operators of QONNX.
bool isQuantizationDomain(llvm::StringRef domain);

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_OPERATORTABLE_H
