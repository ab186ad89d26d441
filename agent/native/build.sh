#!/bin/sh
# Builds sensor.bpf.o, the kernel half of the Linux sensor. Needs clang and llvm-strip only; the output is committed, so that
# nobody needs either to run the agent. Usage: agent/native/build.sh [output file]
set -eu
out=$(realpath -m "${1:-$(dirname "$0")/sensor.bpf.o}")
cd "$(dirname "$0")"
clang -O2 -g -target bpfel -mcpu=v2 -Wall -Wextra -Werror -Wno-unused-const-variable -Wno-missing-declarations \
  -fdebug-compilation-dir=. -nostdinc -c sensor.bpf.c -o "$out"
# Drops DWARF, keeps BTF.
llvm-strip -g "$out"
