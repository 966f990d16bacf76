//===- Validate.cpp - Proof that a program is safe to run -----------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Validate.h"

#include "ValidatePhases.h"
#include "fastsnn-rt/Serialize.h"

using namespace fastsnn::rt;

std::string fastsnn::rt::describePool(const Program &program, int32_t pool) {
  if (pool < 0 || static_cast<size_t>(pool) >= program.pools.size())
    return "pool " + std::to_string(pool);
  return "pool '" + program.pools[pool].name + "'";
}

std::string fastsnn::rt::describeConnection(const Program &program,
                                            size_t connection) {
  auto name = [&](int32_t pool) {
    std::string text = describePool(program, pool);
    return text.substr(text.find(' ') + 1);
  };
  const Connection &c = program.connections[connection];
  return "connection " + std::to_string(connection) + " (" + name(c.source) +
         " -> " + name(c.target) + ")";
}

static Status validateProgram(const Program &program, bool compareRecorded) {
  Status status;
  validatePools(program, status);
  if (status.ok())
    validateConnections(program, status);
  // These need indices only, which they check themselves.
  validateCores(program, status);
  validateCode(program, status);
  if (status.ok() && program.mapping)
    validateMapping(program, status);
  if (status.ok())
    validateWidths(program, compareRecorded, status);
  return status;
}

Status fastsnn::rt::validate(const Program &program) {
  return validateProgram(program, /*compareRecorded=*/true);
}

Status fastsnn::rt::recordMembraneRanges(Program &program) {
  Status status = validateProgram(program, /*compareRecorded=*/false);
  if (!status.ok())
    return status;
  for (size_t p = 0; p < program.pools.size(); ++p)
    if (auto *unit = std::get_if<NeuronPool>(&program.pools[p].unit)) {
      WideRange range = deriveMembraneRange(program, static_cast<int32_t>(p));
      unit->membraneMin = static_cast<int64_t>(range.min);
      unit->membraneMax = static_cast<int64_t>(range.max);
    }
  return status;
}

Result<Program> fastsnn::rt::loadProgram(const std::string &path) {
  Result<Program> program = readProgram(path);
  if (!program.ok())
    return program;
  Status status = validate(*program);
  if (!status.ok())
    return status;
  return program;
}
