# Helpers that keep every library, tool and test of the project alike.

# add_fastsnn_dialect(<name> <mnemonic>): ODS of one dialect in this folder.
# Expects <name>Ops.td (which includes the dialect, types and attributes) and
# generates into the mirrored build folder.
function(add_fastsnn_dialect name mnemonic)
  set(LLVM_TARGET_DEFINITIONS ${name}Ops.td)
  set(LLVM_TARGET_DEPENDS "")
  mlir_tablegen(${name}Ops.h.inc -gen-op-decls -dialect=${mnemonic})
  mlir_tablegen(${name}Ops.cpp.inc -gen-op-defs -dialect=${mnemonic})
  mlir_tablegen(${name}Dialect.h.inc -gen-dialect-decls -dialect=${mnemonic})
  mlir_tablegen(${name}Dialect.cpp.inc -gen-dialect-defs -dialect=${mnemonic})
  mlir_tablegen(${name}Types.h.inc -gen-typedef-decls -typedefs-dialect=${mnemonic})
  mlir_tablegen(${name}Types.cpp.inc -gen-typedef-defs -typedefs-dialect=${mnemonic})
  mlir_tablegen(${name}Attrs.h.inc -gen-attrdef-decls -attrdefs-dialect=${mnemonic})
  mlir_tablegen(${name}Attrs.cpp.inc -gen-attrdef-defs -attrdefs-dialect=${mnemonic})
  mlir_tablegen(${name}Enums.h.inc -gen-enum-decls)
  mlir_tablegen(${name}Enums.cpp.inc -gen-enum-defs)
  add_public_tablegen_target(FastSNN${name}IncGen)
  add_dependencies(mlir-headers FastSNN${name}IncGen)
  add_mlir_doc(${name}Ops ${name}Dialect Dialects/ -gen-dialect-doc -dialect=${mnemonic})
endfunction()

# add_fastsnn_library(<name> sources... [DEPENDS t...] [LINK_LIBS ours...]
#                     [MLIR_LIBS MLIRx...])
# LINK_LIBS are libraries of this project; MLIR_LIBS come from the MLIR dylib.
function(add_fastsnn_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK_LIBS;MLIR_LIBS" ${ARGN})
  add_mlir_library(${name} STATIC EXCLUDE_FROM_LIBMLIR ${ARG_UNPARSED_ARGUMENTS}
                   DEPENDS ${ARG_DEPENDS} LINK_LIBS PUBLIC ${ARG_LINK_LIBS})
  # Every generated header must exist before anything that may include it.
  add_dependencies(${name} mlir-headers)
  mlir_target_link_libraries(${name} PUBLIC ${ARG_MLIR_LIBS})
endfunction()

# add_fastsnn_tool(<name> sources... [LINK_LIBS ...] [MLIR_LIBS ...])
function(add_fastsnn_tool name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS;MLIR_LIBS" ${ARGN})
  add_llvm_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  llvm_update_compile_flags(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS})
  mlir_target_link_libraries(${name} PRIVATE ${ARG_MLIR_LIBS})
  install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()

# add_fastsnn_unittest(<name> sources... [LINK_LIBS ...] [MLIR_LIBS ...])
function(add_fastsnn_unittest name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS;MLIR_LIBS" ${ARGN})
  add_llvm_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  llvm_update_compile_flags(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS} GTest::gtest_main)
  mlir_target_link_libraries(${name} PRIVATE ${ARG_MLIR_LIBS})
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES LABELS unit)
  add_dependencies(fastsnn-unit-tests ${name})
endfunction()

# add_fastsnn_passes(<target> <prefix>): pass declarations of Passes.td in this
# folder, and their documentation.
function(add_fastsnn_passes target prefix)
  set(LLVM_TARGET_DEFINITIONS Passes.td)
  mlir_tablegen(Passes.h.inc -gen-pass-decls -name ${prefix})
  add_public_tablegen_target(${target})
  add_dependencies(mlir-headers ${target})
  add_mlir_doc(Passes ${prefix}Passes ./ -gen-pass-doc)
endfunction()
