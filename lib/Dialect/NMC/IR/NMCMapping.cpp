//===- NMCMapping.cpp - Verifier of mapped programs -----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NMCMapping.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::nmc;

using EmitError = function_ref<InFlightDiagnostic()>;

/// Numbers, booleans and "unlimited", in dictionaries.
static bool isTargetEntry(Attribute entry) {
  if (auto dictionary = dyn_cast<DictionaryAttr>(entry))
    return llvm::all_of(dictionary, [](NamedAttribute inner) {
      return isTargetEntry(inner.getValue());
    });
  if (isa<BoolAttr>(entry))
    return true;
  if (auto number = dyn_cast<IntegerAttr>(entry))
    return number.getType().isSignlessInteger(64) && number.getInt() >= 1;
  auto text = dyn_cast<StringAttr>(entry);
  return text && text.getValue() == "unlimited";
}

LogicalResult TargetAttr::verify(EmitError emitError, StringRef name,
                                 DictionaryAttr entries, ArrayRef<StringAttr>) {
  // nmc_target_c1
  if (name.empty())
    return emitError() << "target needs a name";
  // nmc_target_c2
  if (!isTargetEntry(entries))
    return emitError() << "target entries must be positive i64, booleans, "
                          "\"unlimited\" or dictionaries of these";
  return success();
}

LogicalResult MeshAttr::verify(EmitError emitError, ArrayRef<int64_t> cores,
                               ArrayRef<int64_t> chip, bool) {
  constexpr int64_t most = int64_t(1) << 24;
  auto isExtent = [](int64_t extent) { return extent >= 1 && extent <= most; };
  // nmc_mesh_c1
  if (cores.size() != 2 || chip.size() != 2 || !llvm::all_of(cores, isExtent) ||
      !llvm::all_of(chip, isExtent) || cores[0] % chip[0] != 0 ||
      cores[1] % chip[1] != 0 || cores[0] * cores[1] > most)
    return emitError() << "mesh must be whole chips of positive columns and "
                          "rows, and at most 2^24 cores";
  return success();
}

LogicalResult TileAttr::verify(EmitError emitError, FlatSymbolRefAttr,
                               ArrayRef<int64_t> begin, ArrayRef<int64_t> end,
                               ArrayRef<int64_t> part) {
  bool good = begin.size() == 3 && end.size() == 3;
  for (size_t axis = 0; good && axis < 3; ++axis)
    good = begin[axis] >= 0 && begin[axis] < end[axis];
  // nmc_tile_c1
  if (!good)
    return emitError() << "tile must reach from 3 indices of at least 0 to 3 "
                          "larger ones";
  // nmc_tile_c2
  if (!part.empty() && (part.size() != 2 || part[1] < 2 || part[0] < 0 ||
                        part[0] >= part[1] || part[1] > INT32_MAX))
    return emitError() << "part must be [k, n] with 0 <= k < n and n >= 2";
  return success();
}

namespace {

/// Channels, rows and columns of a pool with neurons; empty for other
/// operations.
SmallVector<int64_t> extentsOf(Operation *pool) {
  ArrayRef<int64_t> shape;
  if (auto neurons = dyn_cast_or_null<NeuronsOp>(pool))
    shape = neurons.getShape();
  else if (auto readout = dyn_cast_or_null<ReadoutOp>(pool))
    shape = readout.getShape();
  else if (auto counts = dyn_cast_or_null<CountPoolOp>(pool))
    return {counts.getWindow().getInput()[0], counts.getWindow().getOutput()[0],
            counts.getWindow().getOutput()[1]};
  if (shape.size() == 3)
    return llvm::to_vector(shape);
  if (shape.empty())
    return {};
  return {shape[0], ShapedType::getNumElements(shape) / shape[0], 1};
}

class MappingVerifier {
public:
  MappingVerifier(ProgramOp program, const mlir::SymbolTable &symbols)
      : program(program), symbols(symbols),
        cores(llvm::to_vector(program.getOps<CoreOp>())) {}

  LogicalResult run() {
    // nmc_core_c1
    if (!cores.empty() && !program.getTarget())
      return program.emitOpError("has cores but no target");
    for (auto [index, core] : llvm::enumerate(cores))
      if (failed(verifyCore(core, int64_t(index))))
        return failure();
    if (failed(verifyPlaces()) || failed(verifyCover()))
      return failure();
    int64_t before = -1;
    for (RoutesOp routes : program.getOps<RoutesOp>())
      if (failed(verifyRoutes(routes, before)))
        return failure();
    for (ConnectOp connect : program.getOps<ConnectOp>()) {
      auto delay = connect.getDelay();
      bool input = isa<InputOp>(symbols.lookup(connect.getSource()));
      // nmc_connect_c16
      if (delay && (cores.empty() || input || *delay < 1 || *delay > INT32_MAX))
        return connect.emitOpError("a delay belongs to programs on cores, is "
                                   "positive, and not from an input");
    }
    return success();
  }

private:
  LogicalResult verifyCore(CoreOp core, int64_t index) {
    // nmc_core_c2
    if (int64_t(core.getNumber()) != index)
      return core.emitOpError("is number ")
             << index << " of the program; cores are numbered as they stand";
    for (Attribute entry : core.getTiles()) {
      auto tile = cast<TileAttr>(entry);
      SmallVector<int64_t> extents =
          extentsOf(symbols.lookup(tile.getPool().getValue()));
      bool inside = !extents.empty();
      for (size_t axis = 0; inside && axis < 3; ++axis)
        inside = tile.getEnd()[axis] <= extents[axis];
      // nmc_core_c3
      if (!inside)
        return core.emitOpError("tile of '")
               << tile.getPool().getValue()
               << "' must be inside neurons, a count pool or a readout";
      tiles.push_back(tile);
    }
    return success();
  }

  LogicalResult verifyPlaces() {
    llvm::DenseSet<std::pair<int64_t, int64_t>> taken;
    MeshAttr mesh = program.getMeshAttr();
    for (CoreOp core : cores) {
      auto place = core.getPlace();
      // nmc_core_c4
      if (place.has_value() != bool(mesh) ||
          (place && (place->size() != 2 || (*place)[0] < 0 || (*place)[1] < 0 ||
                     (*place)[0] >= mesh.getCores()[0] ||
                     (*place)[1] >= mesh.getCores()[1])))
        return core.emitOpError("needs a place, column and row, inside the "
                                "program's mesh, and none without a mesh");
      // nmc_core_c5
      if (place && !taken.insert({(*place)[0], (*place)[1]}).second)
        return core.emitOpError("is where another core is");
    }
    return success();
  }

  /// Every neuron is in the box of one tile that has its state.
  LogicalResult verifyCover() {
    if (cores.empty())
      return success();
    llvm::StringMap<std::vector<bool>> taken;
    llvm::StringMap<int64_t> count;
    for (TileAttr tile : tiles) {
      if (!tile.getPart().empty() && tile.getPart()[0] != 0)
        continue;
      StringRef pool = tile.getPool().getValue();
      SmallVector<int64_t> extents = extentsOf(symbols.lookup(pool));
      std::vector<bool> &own = taken[pool];
      own.resize(ShapedType::getNumElements(extents));
      for (int64_t c = tile.getBegin()[0]; c < tile.getEnd()[0]; ++c)
        for (int64_t y = tile.getBegin()[1]; y < tile.getEnd()[1]; ++y)
          for (int64_t x = tile.getBegin()[2]; x < tile.getEnd()[2]; ++x) {
            auto neuron = own[(c * extents[1] + y) * extents[2] + x];
            // nmc_program_c5
            if (neuron)
              return program.emitOpError("has neurons of '")
                     << pool << "' on two cores";
            neuron = true;
            ++count[pool];
          }
    }
    for (Operation &item : program.getBody().front()) {
      SmallVector<int64_t> extents = extentsOf(&item);
      if (extents.empty())
        continue;
      StringRef pool = SymbolTable::getSymbolName(&item).getValue();
      // nmc_program_c6
      if (count.lookup(pool) != ShapedType::getNumElements(extents))
        return program.emitOpError("has neurons of '")
               << pool << "' on no core";
    }
    return success();
  }

  LogicalResult verifyRoutes(RoutesOp routes, int64_t &before) {
    int64_t number = routes.getTile();
    bool known = number >= 0 && number < int64_t(tiles.size());
    // nmc_routes_c1
    if (!known || number <= before ||
        (!tiles[number].getPart().empty() && tiles[number].getPart()[0] != 0))
      return routes.emitOpError("must leave a tile with neurons, in the order "
                                "of tiles, each once");
    before = number;
    ArrayRef<int64_t> to = routes.getCores(), boxes = routes.getBoxes();
    // nmc_routes_c2
    if (boxes.size() != 6 * to.size() || !llvm::is_sorted(to) ||
        !llvm::all_of(to, [&](int64_t core) {
          return core >= 0 && core < int64_t(cores.size());
        }))
      return routes.emitOpError("needs ascending numbers of cores and six "
                                "numbers a box");
    TileAttr tile = tiles[number];
    for (size_t i = 0; i < boxes.size(); i += 2) {
      size_t axis = i / 2 % 3;
      // nmc_routes_c3
      if (boxes[i] < tile.getBegin()[axis] || boxes[i] >= boxes[i + 1] ||
          boxes[i + 1] > tile.getEnd()[axis])
        return routes.emitOpError("boxes must hold neurons of the tile");
    }
    return success();
  }

  ProgramOp program;
  const mlir::SymbolTable &symbols;
  SmallVector<CoreOp> cores;
  SmallVector<TileAttr> tiles;
};

} // namespace

LogicalResult nmc::verifyMapping(ProgramOp program,
                                 const mlir::SymbolTable &symbols) {
  return MappingVerifier(program, symbols).run();
}
