//===- MappingOps.cpp - Mappings in the IR --------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MappingOps.h"

#include "fastsnn/Target/NMC/Program.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::nmc;

static constexpr llvm::StringLiteral unlimited = "unlimited";

namespace {

/// Collects entries of a dictionary.
class Entries {
public:
  explicit Entries(MLIRContext *context) : builder(context) {}

  void visit(StringRef name,
             const std::optional<mapping::Sourced<int64_t>> &entry) {
    if (!entry)
      return;
    Attribute value = builder.getI64IntegerAttr(entry->value);
    if (entry->value == mapping::kUnlimited)
      value = builder.getStringAttr(unlimited);
    list.emplace_back(builder.getStringAttr(name), value);
  }
  void visit(StringRef name,
             const std::optional<mapping::Sourced<bool>> &entry) {
    if (entry)
      list.emplace_back(builder.getStringAttr(name),
                        builder.getBoolAttr(entry->value));
  }
  void add(StringRef name, Entries &inner) {
    if (!inner.list.empty())
      list.emplace_back(builder.getStringAttr(name), inner.finish());
  }
  DictionaryAttr finish() { return builder.getDictionaryAttr(list); }

private:
  Builder builder;
  SmallVector<NamedAttribute> list;
};

/// Reads them again.
class EntryReader {
public:
  EntryReader(DictionaryAttr entries, StringRef name)
      : entries(entries ? entries.getAs<DictionaryAttr>(name)
                        : DictionaryAttr()) {}
  explicit EntryReader(DictionaryAttr entries) : entries(entries) {}

  void visit(StringRef name,
             std::optional<mapping::Sourced<int64_t>> &to) const {
    Attribute entry = entries ? entries.get(name) : Attribute();
    if (auto number = dyn_cast_or_null<IntegerAttr>(entry))
      to = {number.getInt(), "", ""};
    else if (isa_and_nonnull<StringAttr>(entry))
      to = {mapping::kUnlimited, "", ""};
  }
  void visit(StringRef name, std::optional<mapping::Sourced<bool>> &to) const {
    if (auto flag =
            dyn_cast_or_null<BoolAttr>(entries ? entries.get(name) : nullptr))
      to = {flag.getValue(), "", ""};
  }

private:
  DictionaryAttr entries;
};

} // namespace

/// Shows a group of entries what belongs into it: all that is written is read.
template <typename TargetType, typename Group>
static void visitEntries(TargetType &target, Group &all, Group &mesh,
                         Group &core, Group &features) {
  all.visit("cores_per_chip", target.coresPerChip);
  mesh.visit("columns", target.meshColumns);
  mesh.visit("rows", target.meshRows);
  mesh.visit("router_columns", target.routerColumns);
  mesh.visit("router_rows", target.routerRows);
  mesh.visit("delay", target.delay);
  mesh.visit("multicast", target.multicast);
  for (size_t i = 0; i < mapping::kResources; ++i)
    core.visit(mapping::nameOf(static_cast<mapping::Resource>(i)),
               target.limits[i]);
  for (size_t i = 0; i < mapping::kFeatures; ++i)
    features.visit(mapping::nameOf(static_cast<mapping::Feature>(i)),
                   target.features[i]);
}

TargetAttr nmc::toAttribute(MLIRContext *context, const mapping::Target &target,
                            ArrayRef<std::string> ignored) {
  Entries all(context), mesh(context), core(context), features(context);
  visitEntries(target, all, mesh, core, features);
  all.add("mesh", mesh);
  all.add("core", core);
  all.add("features", features);
  SmallVector<StringAttr> names;
  for (const std::string &name : ignored)
    names.push_back(StringAttr::get(context, name));
  return TargetAttr::get(context, target.name, all.finish(), names);
}

/// The target that nmc-partition left behind.
static FailureOr<mapping::Target> toTarget(ProgramOp program) {
  TargetAttr attribute = program.getTargetAttr();
  if (!attribute)
    return program.emitError("has no target; run nmc-partition first");
  mapping::Target target;
  target.name = attribute.getName().str();
  DictionaryAttr entries = attribute.getEntries();
  EntryReader all(entries), mesh(entries, "mesh"), core(entries, "core"),
      features(entries, "features");
  visitEntries(target, all, mesh, core, features);
  return target;
}

FailureOr<ProgramOp> nmc::getProgram(ModuleOp module) {
  auto programs = llvm::to_vector(module.getOps<ProgramOp>());
  if (programs.size() == 1)
    return programs[0];
  return module.emitError("needs exactly one nmc.program, the module has ")
         << programs.size() << "; compile the network down to level nmc";
}

/// The rates of a report of fastsnn-run; the usual ones without a file name.
static FailureOr<mapping::SpikeRates> readRates(Operation *op, StringRef file) {
  if (file.empty())
    return mapping::SpikeRates();
  auto buffer = llvm::MemoryBuffer::getFile(file);
  if (!buffer)
    return op->emitError(file) << ": " << buffer.getError().message()
                               << "; give a file of fastsnn-run --json";
  auto rates =
      mapping::parseSpikeRates((*buffer)->getBuffer().str(), file.str());
  if (rates)
    return rates.take();
  for (const rt::Diagnostic &diagnostic : rates.status().diagnostics())
    op->emitError(diagnostic.message);
  return failure();
}

FailureOr<CoresOfProgram> nmc::readCores(ModuleOp module, ProgramOp program,
                                         StringRef traffic) {
  FailureOr<mapping::SpikeRates> rates = readRates(program, traffic);
  FailureOr<rt::Program> outline = failure();
  if (program.getOps<CoreOp>().empty())
    outline = program.emitError("has no cores; run nmc-partition first");
  else
    outline = outlineProgram(module);
  if (failed(rates) || failed(outline))
    return failure();
  FailureOr<mapping::Target> target = toTarget(program);
  if (failed(target))
    return failure();
  return CoresOfProgram{std::move(*rates), std::move(*outline),
                        std::move(*target)};
}
