#!/bin/sh
# Trains, exports and measures the bundled encoders: sh recipes/run.sh WORK_FOLDER [ENCODERS_FOLDER]
# Needs the packages of recipes/requirements.txt; PYTHON and CELLSWAP name other programs than python3 and cellswap.
set -eu
work=$1
here=$(dirname "$0")
encoders=${2:-$here/../encoders}
python=${PYTHON:-python3}
cellswap=${CELLSWAP:-cellswap}
mkdir -p "$work"
[ -d "$work/train" ] || $cellswap simulate --out "$work/train" --proteins 4 --cells 800 --fields 14 --seed 1
[ -d "$work/heldout" ] || $cellswap simulate --out "$work/heldout" --proteins 4 --cells 120 --fields 3 --seed 2
[ -d "$work/train-human" ] ||
  $cellswap simulate --organism human --out "$work/train-human" --proteins 4 --cells 400 --fields 8 --seed 1
[ -d "$work/heldout-human" ] ||
  $cellswap simulate --organism human --out "$work/heldout-human" --proteins 4 --cells 80 --fields 3 --seed 2
for design in pifia deeploc pci human; do
  train=$work/train
  [ "$design" != human ] || train=$work/train-human
  for swap in "" --swap; do
    [ -f "$work/weights/$design${swap:+-swap}.pt" ] ||
      $python "$here/train.py" "$design" --cells "$train" --out "$work/weights" $swap
  done
done
$python "$here/export.py" "$work/weights" "$encoders"
$python "$here/evaluate.py" --cells "$work/heldout" "$work/heldout-human" --weights "$work/weights" --encoders "$encoders"
