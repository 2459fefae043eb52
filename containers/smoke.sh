#!/bin/sh
# Tries the cellswap that is installed, in a new folder below the one that is given (by default the working folder) and
# nowhere else: sh smoke.sh [FOLDER]. Exit code 0 where all of it works. It takes half a minute.
set -eu
base=$(cd "${1:-.}" && pwd)
work=$(mktemp -d "$base/cellswap-smoke-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "smoke: $1" >&2
  exit 1
}
# Runs a command that is to end with the given exit code; what it writes is kept.
ends() {
  want=$1
  shift
  code=0
  "$@" >out.txt 2>err.txt || code=$?
  [ "$code" -eq "$want" ] || fail "exit code $code instead of $want: $*
$(cat err.txt)"
}

ends 0 cellswap --version
echo "smoke: cellswap $(cat out.txt) as $(id -u), HOME ${HOME-unset}"

ends 0 cellswap demo --quick --no-open --progress none
[ -s cellswap-demo/quick/study/report.html ] || fail "the demo left no report"
echo "smoke: demo, $(wc -c <cellswap-demo/quick/study/report.html) bytes of report"

# One cell is no study: one line, exit code 1.
ends 0 cellswap simulate --cells 1 --proteins 1 --fields 1 --localizations nucleus --out one.cells --progress none
echo '{ "cells": "one.cells", "encoders": ["deeploc"], "class": "Localization" }' >one.json
ends 1 cellswap run one.json --progress none
[ "$(grep -c '^cellswap: ' err.txt)" -eq 1 ] && [ "$(wc -l <err.txt)" -eq 1 ] || fail "not one line: $(cat err.txt)"
echo "smoke: one cell is refused: $(cut -c 11- err.txt)"

cellswap view cellswap-demo/quick/study --no-open --json >view.json 2>view.txt &
view=$!
for _ in $(seq 100); do
  grep -q url view.json && break
  kill -0 $view 2>/dev/null || fail "view ended: $(cat view.txt)"
  sleep 0.2
done
# shellcheck disable=SC2016
node -e '
  const { url } = JSON.parse(fs.readFileSync("view.json", "utf8"));
  fetch(url).then(async (r) => {
    if (!r.ok || !(await r.text()).includes("<script")) throw new Error(`${url} answers ${r.status}`);
    console.log(`smoke: ${url} answers`);
  }).catch((e) => { console.error(`smoke: ${e.message}`); process.exitCode = 1; });' || exit 1
kill -TERM $view
wait $view || fail "view ended with exit code $?: $(cat view.txt)"

# A run that is asked to end stops with exit code 75, and the same command goes on.
cellswap run cellswap-demo/quick/study.json --out stopped --progress json >out.txt 2>err.txt &
run=$!
for _ in $(seq 300); do
  grep -q '"stage"' err.txt && break
  kill -0 $run 2>/dev/null || break
  sleep 0.2
done
kill -TERM $run 2>/dev/null || fail "the run ended before it was stopped: $(cat err.txt)"
code=0
wait $run || code=$?
[ $code -eq 75 ] || fail "exit code $code after SIGTERM instead of 75: $(tail -n 3 err.txt)"
echo "smoke: SIGTERM stops a run with exit code 75"
ends 0 cellswap run cellswap-demo/quick/study.json --out stopped --progress none
diff -rq cellswap-demo/quick/study/results stopped/results || fail "the stopped run ended in other results"
echo "smoke: the same command ends in the same results"
