# Configuration of the lit suite; lit.site.cfg.py of the build folder loads it.

import os
import shutil

import lit.formats

from lit.llvm import llvm_config
from lit.llvm.subst import FindTool, ToolSubst

config.name = "FastSNN"
config.test_format = lit.formats.ShTest(not llvm_config.use_lit_shell)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "unit", "e2e"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.fastsnn_obj_root, "test")

# A capture of one function must not leak into the checks of the next.
config.environment["FILECHECK_OPTS"] = "-enable-var-scope"

# `not`, `count` and `split-file` at the start of a line are found there.
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
llvm_config.use_default_substitutions()
config.substitutions.append(("%src_root", config.fastsnn_src_root))

# Models are written as protobuf text and encoded by protoc, so that a test
# shows what it imports. onnx.proto comes with libonnx-dev.
protoc = shutil.which("protoc")
protos = next(
    (folder for folder in ("/usr/include", "/usr/local/include")
     if os.path.exists(os.path.join(folder, "onnx", "onnx.proto"))), None)
if protoc and protos:
    config.available_features.add("encode-onnx")
    config.substitutions.append(
        ("%encode-onnx", f"{protoc} --encode=onnx.ModelProto -I{protos} "
                         f"{protos}/onnx/onnx.proto"))

# Every run of fastsnn-opt then also sends its result through text and bytecode.
check_roundtrip = "FASTSNN_OPT_CHECK_IR_ROUNDTRIP" in os.environ

# Tools that are not built yet are left out; tests that call them fail, unless
# they say `REQUIRES: fastsnn-run`.
tools = [
    name
    for name in config.fastsnn_tools
    if name and os.path.exists(os.path.join(config.fastsnn_tools_dir, name))
]
config.available_features.update(tools)

# The address sanitizer takes terabytes of address space: no test may limit it.
if not config.fastsnn_sanitizers:
    config.available_features.add("limited-memory")


def fastsnn_tool(name):
    extra = ["--verify-roundtrip"] if name == "fastsnn-opt" and check_roundtrip else None
    return ToolSubst(name, FindTool(name), unresolved="fatal", extra_args=extra)


llvm_config.add_tool_substitutions(
    [fastsnn_tool(name) for name in tools] + [ToolSubst("split-file", unresolved="fatal")],
    [config.fastsnn_tools_dir, config.llvm_tools_dir],
)
