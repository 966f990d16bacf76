#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "fastsnn/Dialect/QNN/IR/QNN.h"
#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<fastsnn::qnn::QNNDialect, fastsnn::snn::SNNDialect,
                  fastsnn::nmc::NMCDialect, mlir::func::FuncDialect>();
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "FastSNN optimizer driver\n", registry));
}
