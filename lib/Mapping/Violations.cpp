//===- Violations.cpp - Why a program does not fit, in words --------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Partition.h"

#include <algorithm>

using namespace fastsnn;
using namespace fastsnn::mapping;

/// "needs <need> <resource>, target '<name>' has <limit>; <what to do>".
static std::string needOf(const Violation &violation, const Target &target) {
  if (violation.limit == 0)
    return "needs " + violation.resource + ", which target '" + target.name +
           "' lacks; " + violation.hint;
  return "needs " + std::to_string(violation.need) + " " + violation.resource +
         ", target '" + target.name + "' has " +
         std::to_string(violation.limit) +
         (violation.moreCoresHelp ? "; " : "; more cores do not help; ") +
         violation.hint;
}

std::vector<std::string>
mapping::messagesOf(const std::vector<Violation> &violations,
                    const Target &target) {
  struct Group {
    std::string need, layers;
    size_t count = 0, hidden = 0;
  };
  constexpr size_t named = 3;
  std::vector<Group> groups;
  for (const Violation &violation : violations) {
    std::string need = needOf(violation, target);
    auto group =
        std::find_if(groups.begin(), groups.end(),
                     [&](const Group &other) { return other.need == need; });
    if (group == groups.end())
      group = groups.insert(groups.end(), {need, ""});
    // What the target lacks as a whole is told by examples.
    if (violation.limit == 0 && group->count++ >= named) {
      ++group->hidden;
      continue;
    }
    group->layers += (group->layers.empty() ? "" : ", ") +
                     (violation.layer.empty() ? "program" : violation.layer);
  }
  std::vector<std::string> messages;
  for (const Group &group : groups)
    messages.push_back(
        group.layers +
        (group.hidden ? " and " + std::to_string(group.hidden) + " more" : "") +
        ": " + group.need);
  return messages;
}
