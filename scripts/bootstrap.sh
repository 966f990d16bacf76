#!/usr/bin/env bash
#===- bootstrap.sh - Install what FastSNN is built from -------------------===#
#
# Part of the FastSNN project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Installs the missing Debian 12 packages and fills the Python environment
# .venv. Nothing is touched where everything is in place already, so the other
# scripts call this one first.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv

usage() {
  cat <<'USAGE'
usage: scripts/bootstrap.sh [options]

  --with-benchmarks  also install Google Benchmark (libbenchmark-dev)
  --with-torch       also make .venv-python with torch (CPU) and what else the tests of
                     python/ need (about 250 MB)
  --with-cuda        where no CUDA Toolkit is found, take nvcc from PyPI into .venv
  --no-packages      leave the system's packages alone (you provide them)
  --no-python        leave .venv alone
  -h, --help         this text

environment:
  FASTSNN_PYTHON     the Python (3.11 or newer) that .venv is made from
USAGE
}

note() { printf 'bootstrap: %s\n' "$*"; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

with_benchmarks=0 with_torch=0 with_cuda=0 packages=1 python=1
for argument in "$@"; do
  case $argument in
  --with-benchmarks) with_benchmarks=1 ;;
  --with-torch) with_torch=1 ;;
  --with-cuda) with_cuda=1 ;;
  --no-packages) packages=0 ;;
  --no-python) python=0 ;;
  -h | --help)
    usage
    exit 0
    ;;
  *)
    usage >&2
    die "unknown option '$argument'"
    ;;
  esac
done
if ((with_cuda && !python)); then
  die "--with-cuda installs into .venv; leave out --no-python"
fi

#===- Debian packages -----------------------------------------------------===#

wanted=(
  # build tools
  cmake ninja-build pkg-config g++ ccache git clang-format-22
  # compiler infrastructure
  llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools
  # ONNX, JSON, arrays on disk
  libprotobuf-dev protobuf-compiler libonnx-dev nlohmann-json3-dev
  zlib1g-dev libzip-dev libyaml-cpp-dev
  # linear algebra of the tuning
  libeigen3-dev
  # tests
  libgtest-dev libgmock-dev python3 python3-venv
)
if ((with_benchmarks)); then
  wanted+=(libbenchmark-dev)
fi

# Prints the wanted packages that are not fully installed, one a line.
missing_packages() {
  local installed name
  # dpkg-query fails when it does not know a name: that one is missing, too.
  installed=$(dpkg-query -W -f='${binary:Package} ${db:Status-Status}\n' \
    "${wanted[@]}" 2>/dev/null || true)
  for name in "${wanted[@]}"; do
    if ! grep -qE "^${name//+/\\+}(:[a-z0-9]+)? installed\$" <<<"$installed"; then
      printf '%s\n' "$name"
    fi
  done
}

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    die "installing packages needs root, and sudo is not there; as root run:" \
      "apt-get install ${missing[*]}"
  fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get \
    -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
}

# Names the packages that no configured source offers and says which source does.
check_candidates() {
  local name policy unavailable=()
  for name in "${missing[@]}"; do
    # Not a pipe: apt-cache would die of grep's leaving early.
    policy=$(LC_ALL=C apt-cache policy "$name" 2>/dev/null || true)
    if ! grep -qE '^  Candidate: [^(]' <<<"$policy"; then
      unavailable+=("$name")
    fi
  done
  if ((${#unavailable[@]} == 0)); then
    return
  fi
  local codename
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release 2>/dev/null && printf '%s' "${VERSION_CODENAME:-unknown}")
  die "no package source offers: ${unavailable[*]} (this system: $codename)." \
    "FastSNN needs Debian 12 (bookworm); LLVM 22 comes from its security archive." \
    "Add this line to /etc/apt/sources.list and try again:" \
    "deb http://deb.debian.org/debian-security bookworm-security main"
}

if ((packages)); then
  if ! have dpkg-query || ! have apt-get; then
    die "apt-get not found: this script installs packages on Debian 12 only." \
      "Elsewhere, install LLVM and MLIR 22.1, protobuf, ONNX, nlohmann-json, zlib," \
      "libzip, GoogleTest, CMake, Ninja and a C++17 compiler by hand," \
      "then use --no-packages"
  fi
  mapfile -t missing < <(missing_packages)
  if ((${#missing[@]})); then
    note "installing: ${missing[*]}"
    as_root apt-get -o DPkg::Lock::Timeout=300 update ||
      die "apt-get update failed; check the network and /etc/apt/sources.list"
    check_candidates
    apt_install "${missing[@]}" ||
      die "apt-get could not install: ${missing[*]}; its messages are above"
  fi
fi

#===- Python environment --------------------------------------------------===#

# A Python that can make an environment: the caller's, the one on PATH, Debian's.
find_python() {
  local candidate
  for candidate in "${FASTSNN_PYTHON:-}" python3 /usr/bin/python3; do
    if [[ -n $candidate ]] && have "$candidate" && "$candidate" -c '
import sys, venv, ensurepip
sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s' "$candidate"
      return
    fi
  done
  die "no Python 3.11 or newer with the modules venv and ensurepip;" \
    "on Debian 12: apt-get install python3 python3-venv"
}

# Makes the environment $venv if it is not there.
make_environment() {
  if "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    return
  fi
  if [[ -e $venv && ! -f $venv/pyvenv.cfg ]]; then
    die "$venv exists and is no Python environment; move it away"
  fi
  local interpreter
  interpreter=$(find_python)
  note "making ${venv##*/} with $interpreter"
  "$interpreter" -m venv --clear "$venv"
}

# pip is asked only when the list of requirements has changed since last time.
pip_install() { # <stamp name> <text that decides> <pip arguments...>
  local stamp=$venv/.fastsnn-$1 key=$2
  shift 2
  if [[ -f $stamp && $(<"$stamp") == "$key" ]]; then
    return
  fi
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" ||
    die "pip could not install $*; check the network, then try again"
  printf '%s\n' "$key" >"$stamp"
}

if ((python)); then
  make_environment
  requirements=$root/test/requirements.txt
  pip_install requirements "$(sha256sum <"$requirements")" -r "$requirements"
fi

if ((with_torch)); then
  tests_venv=$venv venv=$root/.venv-python
  make_environment
  requirements=$root/python/requirements-test.txt
  pip_install requirements "$(sha256sum <"$requirements")" -r "$requirements" \
    --extra-index-url https://download.pytorch.org/whl/cpu
  venv=$tests_venv
fi

#===- CUDA (optional) -----------------------------------------------------===#

# Prints the path of nvcc, or nothing.
find_nvcc() {
  local candidate
  for candidate in "${CUDACXX:-}" "$(command -v nvcc || true)" \
    /usr/local/cuda/bin/nvcc /usr/local/cuda-*/bin/nvcc "$venv/bin/nvcc"; do
    if [[ -n $candidate && -x $candidate ]]; then
      printf '%s' "$candidate"
      return
    fi
  done
}

# The wheels share one folder, site-packages/nvidia/cu13. nvcc looks for its
# parts beside the path it was called by, so that a link to it would not do; and
# it links from lib64, where the wheels have lib. Hence a script.
install_cuda_wheels() {
  local wheels=(nvidia-cuda-nvcc==13.0.88 nvidia-cuda-crt==13.0.88
    nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85 nvidia-nvvm==13.0.88)
  note "installing ${wheels[*]}"
  pip_install cuda "${wheels[*]}" "${wheels[@]}"
  local found=("$venv"/lib/python3*/site-packages/nvidia/cu13/bin/nvcc)
  [[ -x ${found[0]} ]] || die "the wheels installed, but hold no nvcc at ${found[0]}"
  local toolkit=${found[0]%/bin/nvcc}
  cat >"$venv/bin/nvcc" <<WRAPPER
#!/bin/sh
exec "$toolkit/bin/nvcc" -L"$toolkit/lib" "\$@"
WRAPPER
  chmod +x "$venv/bin/nvcc"
}

nvcc=$(find_nvcc)
if [[ -z $nvcc ]] && ((with_cuda)); then
  install_cuda_wheels
  nvcc=$(find_nvcc)
fi
if [[ -n $nvcc ]]; then
  release=$("$nvcc" --version 2>/dev/null | sed -n 's/.*release \([0-9.]*\).*/\1/p')
  note "CUDA ${release:-of unknown release}: $nvcc"
else
  note "CUDA: not found; it is optional (--with-cuda takes nvcc from PyPI)"
fi
