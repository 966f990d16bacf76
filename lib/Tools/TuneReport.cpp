//===- TuneReport.cpp - What tuning has done, for people and programs -----===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/TuneReport.h"

#include "fastsnn/Tools/Table.h"

#include "llvm/Support/raw_ostream.h"

#include <nlohmann/json.hpp>

using namespace fastsnn;
using namespace fastsnn::tools;
using tuning::CountErrors;

void tools::printTuneSummary(llvm::raw_ostream &out,
                             const TuneSummary &summary) {
  Table table({"layer", "loss before", "after", "wrong counts", "after",
               "channel bias", "after", "weights changed", "kept"});
  auto changed = [](int64_t some, int64_t all) {
    return all == 0 ? std::string("-")
                    : groupedDigits(some) + " of " + groupedDigits(all);
  };
  for (const tuning::LayerReport &layer : summary.layers.layers)
    table.addRow({layer.name, fixedDigits(layer.before.meanSquare, 5),
                  fixedDigits(layer.after.meanSquare, 5),
                  percentage(layer.before.mismatch, 2),
                  percentage(layer.after.mismatch, 2),
                  fixedDigits(layer.before.channelBias, 5),
                  fixedDigits(layer.after.channelBias, 5),
                  changed(layer.changedWeights, layer.weights),
                  layer.kept ? "yes" : "no"});
  for (const tuning::ReadoutReport &output : summary.layers.outputs)
    table.addRow({output.name, fixedDigits(output.before, 5),
                  fixedDigits(output.after, 5), "-", "-", "-", "-",
                  changed(output.changedWeights, output.weights),
                  output.kept ? "yes" : "no"});
  table.print(out);
  out << "(loss: mean square of count - quantized network's count, of outputs "
         "of their difference;\n channel bias: mean over channels of |mean "
         "error|; all of held-back samples)\n\n";
  Table totals({"samples", groupedDigits(summary.samples)});
  totals.addRow({"held back", groupedDigits(summary.heldBack)});
  if (const auto &together = summary.layers.together) {
    totals.addRow({"loss of the outputs", fixedDigits(together->before, 5)});
    totals.addRow({"trained together", fixedDigits(together->after, 5)});
    totals.addRow({"epoch that was kept", std::to_string(together->epoch)});
  }
  totals.addRow({"top-1 before", percentage(summary.top1Before, 2)});
  totals.addRow({"top-1 after", percentage(summary.top1After, 2)});
  totals.print(out);
}

static nlohmann::ordered_json errorsJSON(const CountErrors &errors) {
  return {{"loss", errors.meanSquare},
          {"count_mismatch", errors.mismatch},
          {"channel_bias", errors.channelBias}};
}

nlohmann::ordered_json tools::toJSON(const TuneSummary &summary) {
  nlohmann::ordered_json json;
  auto number = [](std::optional<double> value) {
    return value ? nlohmann::ordered_json(*value) : nullptr;
  };
  json["samples"] = summary.samples;
  json["held_back"] = summary.heldBack;
  json["top1_before"] = number(summary.top1Before);
  json["top1_after"] = number(summary.top1After);
  json["together"] = nullptr;
  if (const auto &together = summary.layers.together)
    json["together"] = {{"loss_before", together->before},
                        {"loss_after", together->after},
                        {"epoch", together->epoch}};
  json["layers"] = nlohmann::ordered_json::array();
  for (const tuning::LayerReport &layer : summary.layers.layers)
    json["layers"].push_back({{"name", layer.name},
                              {"before", errorsJSON(layer.before)},
                              {"after", errorsJSON(layer.after)},
                              {"kept", layer.kept},
                              {"changed_weights", layer.changedWeights},
                              {"weights", layer.weights}});
  json["outputs"] = nlohmann::ordered_json::array();
  for (const tuning::ReadoutReport &output : summary.layers.outputs)
    json["outputs"].push_back({{"name", output.name},
                               {"loss_before", output.before},
                               {"loss_after", output.after},
                               {"kept", output.kept},
                               {"changed_weights", output.changedWeights},
                               {"weights", output.weights}});
  return json;
}
