//===- MeshReport.cpp - What crossed the mesh of a mapped program ---------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Report.h"
#include "fastsnn/Tools/Table.h"
#include "llvm/Support/raw_ostream.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

using namespace fastsnn;
using namespace fastsnn::tools;
using Json = nlohmann::ordered_json;

MeshReport tools::reportMesh(const rt::Program &program,
                             const rt::MeshCounts &counts) {
  const rt::Mapping &mapping = *program.mapping;
  MeshReport report;
  report.target = mapping.target;
  report.cores = static_cast<int64_t>(mapping.cores.size());
  std::set<int32_t> chips;
  for (size_t core = 0; core < mapping.cores.size(); ++core)
    chips.insert(mapping.chipOf(static_cast<int32_t>(core)));
  report.chips = static_cast<int64_t>(chips.size());
  report.columns = mapping.columns;
  report.rows = mapping.rows;
  for (int64_t first : rt::firstTicks(program, mapping))
    report.ticks = std::max(report.ticks, first + program.timeSteps - 1);
  report.hostEvents = counts.hostEvents;
  report.traffic =
      rt::trafficOf(mapping, rt::MulticastGroups(mapping).groups(),
                    {counts.events.begin(), counts.events.end()},
                    {counts.partialSums.begin(), counts.partialSums.end()});
  return report;
}

Json tools::toJSON(const MeshReport &mesh) {
  const rt::Traffic &traffic = mesh.traffic;
  // Counts of events: whole numbers.
  auto whole = [](double value) { return static_cast<int64_t>(value); };
  Json json;
  json["target"] = mesh.target;
  json["cores"] = mesh.cores;
  json["chips"] = mesh.chips;
  json["mesh"] = {mesh.columns, mesh.rows};
  json["ticks"] = mesh.ticks;
  json["events"] = whole(traffic.events);
  json["deliveries"] = whole(traffic.deliveries);
  json["local_deliveries"] = whole(traffic.localDeliveries);
  json["deliveries_to_other_chips"] = whole(traffic.deliveriesToOtherChips);
  json["partial_sums"] = whole(traffic.partialSums);
  json["host_events"] = mesh.hostEvents;
  json["unicast_hops"] = whole(traffic.unicastHops);
  json["multicast_hops"] = whole(traffic.multicastHops);
  json["chip_hops"] = whole(traffic.chipHops);
  json["busiest_link"] = whole(traffic.busiestLink);
  json["links"] = Json::array();
  static constexpr int steps[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
  for (size_t direction = 0; direction < traffic.links.size(); ++direction)
    for (size_t i = 0; i < traffic.links[direction].size(); ++i) {
      if (traffic.links[direction][i] == 0)
        continue;
      auto x = static_cast<int64_t>(i) % mesh.columns;
      auto y = static_cast<int64_t>(i) / mesh.columns;
      json["links"].push_back(
          {{"from", {x, y}},
           {"to", {x + steps[direction][0], y + steps[direction][1]}},
           {"events", whole(traffic.links[direction][i])}});
    }
  return json;
}

void tools::printMesh(llvm::raw_ostream &out, const MeshReport &mesh) {
  const rt::Traffic &traffic = mesh.traffic;
  auto digits = [](double value) {
    return groupedDigits(static_cast<int64_t>(value));
  };
  out << mesh.target << ": " << groupedDigits(mesh.cores) << " cores on "
      << groupedDigits(mesh.chips) << " chips, " << groupedDigits(mesh.ticks)
      << " ticks an image\n"
      << "events " << digits(traffic.events) << ", deliveries "
      << digits(traffic.deliveries) << ", hops " << digits(traffic.unicastHops)
      << " unicast and " << digits(traffic.multicastHops)
      << " multicast, busiest link " << digits(traffic.busiestLink)
      << ", between chips " << digits(traffic.chipHops);
  if (traffic.partialSums > 0)
    out << ", partial sums " << digits(traffic.partialSums);
  out << " (totals over the samples)\n";
}
