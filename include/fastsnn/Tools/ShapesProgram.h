//===- ShapesProgram.h - A program from shapes alone -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_SHAPESPROGRAM_H
#define FASTSNN_TOOLS_SHAPESPROGRAM_H

#include "fastsnn-rt/Program.h"
#include "fastsnn-rt/Status.h"
#include "fastsnn/Frontend/ONNX/Network.h"
#include "fastsnn/Tools/CompileFlags.h"

namespace fastsnn::tools {

/// A network without its numbers as a program that can be mapped, not run:
/// pools and connections have their shapes, weight tables the smallest and the
/// largest number of `weightBits` for values, and membranes no range. Every
/// quantizer, or clamp where none follows, is a pool of neurons; affine maps
/// and batch norms fold away.
///
/// Of `options`, time steps (default: the largest level of a quantizer),
/// timing, input encoding and unsigned neurons count. Errors: BadInput where
/// two weighted layers follow each other without neurons between them,
/// BadArgument where nothing tells the time steps.
rt::Result<rt::Program> makeShapesProgram(const frontend::Network &network,
                                          const CompileOptions &options,
                                          int64_t weightBits);

/// Imports the ONNX file `path` and makes such a program of it. Fails having
/// printed why.
std::optional<rt::Program> loadShapes(const std::string &path,
                                      const CompileOptions &options,
                                      int64_t weightBits);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_SHAPESPROGRAM_H
