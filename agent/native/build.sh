#!/bin/sh
# Builds the agent's kernel halves: sensor.bpf.o, guard.bpf.o. Needs clang and llvm-strip only; the output is committed, so that nobody needs either
# to run the agent. Usage: agent/native/build.sh [output folder]
set -eu
out=$(realpath -m "${1:-$(dirname "$0")}")
cd "$(dirname "$0")"
for name in sensor guard; do
  clang -O2 -g -target bpfel -mcpu=v2 -Wall -Wextra -Werror -Wno-unused-const-variable -Wno-missing-declarations \
    -fdebug-compilation-dir=. -nostdinc -c "$name.bpf.c" -o "$out/$name.bpf.o"
  # Drops DWARF, keeps BTF.
  llvm-strip -g "$out/$name.bpf.o"
done
