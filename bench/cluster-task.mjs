// Stands for `cellswap` on the nodes of bench/cluster.ts: runs it on the core of its node, as long as it is not killed, at
// the speed that was drawn, and notes when it began and ended. TROUBLE names a JSON file: { seed, nice, cli, log, killsPerHour,
// stragglers: { share, times }, speeds: { node1, node2 } }.
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { hostname } from "node:os";

const began = Date.now();
const { TROUBLE, SLURM_ARRAY_TASK_ID: task = "0", SLURM_RESTART_COUNT = "0" } = process.env;
const { seed, nice, cli, log, killsPerHour, stragglers, speeds } = JSON.parse(readFileSync(TROUBLE, "utf8"));
const node = hostname();
const attempt = Number(SLURM_RESTART_COUNT);

/** A number from 0 to 1 that hangs on the seed, the task, the attempt and what it is for. */
function drawn(what) {
  let h = 2166136261;
  for (const c of `${seed}/${task}/${attempt}/${what}`) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

const core = String(Number(node.replace(/\D/g, "")) - 1);
const words = ["-n", nice, "taskset", "-c", core, process.execPath, cli, ...process.argv.slice(2)];
const child = spawn("nice", [...words, "--workers", "1"], { stdio: "inherit" });
const times = (drawn("straggler") < stragglers.share ? stragglers.times : 1) / speeds[node];
// Stands still for a part of every tenth of a second.
const PERIOD = 100;
let duty;
if (times > 1)
  duty = setInterval(() => {
    child.kill("SIGCONT");
    setTimeout(() => child.exitCode === null && child.kill("SIGSTOP"), PERIOD / times);
  }, PERIOD);
let killed = false;
if (killsPerHour > 0)
  setTimeout(
    () => {
      killed = child.exitCode === null;
      child.kill("SIGKILL");
    },
    (-Math.log(1 - drawn("kill")) * 3_600_000) / killsPerHour,
  ).unref();
child.once("exit", (code) => {
  clearInterval(duty);
  const now = Date.now();
  appendFileSync(log, `${JSON.stringify({ task, attempt, node, times, began, ended: now, code, killed })}\n`);
  // As one that was preempted: its script submits it again.
  process.exit(killed ? 75 : (code ?? 1));
});
