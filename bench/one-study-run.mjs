/** Runs a study file and prints the seconds by stage, as JSON: `one-study-run.mjs STUDY OUT dist|src`. */
const [file, out, from] = process.argv.slice(2);
const { readStudyFile, runStudy } = await import(
  new URL(`../${from}/node.${from === "src" ? "ts" : "js"}`, import.meta.url).href
);
const stages = {};
const clock = {};
let stage = "start";
let last = { cpu: 0, wall: 0 };
/** Seconds of the processor, and on the clock since the process was started, up to now belong to the stage that ends. */
const next = (name) => {
  const { user, system } = process.cpuUsage();
  const now = { cpu: (user + system) / 1e6, wall: performance.now() / 1e3 };
  stages[stage] = (stages[stage] ?? 0) + now.cpu - last.cpu;
  clock[stage] = (clock[stage] ?? 0) + now.wall - last.wall;
  [stage, last] = [name, now];
};
const { composites } = await runStudy(readStudyFile(file), {
  out,
  onProgress: (name) => {
    if (name !== stage) next(name);
  },
});
next("");
console.log(JSON.stringify({ stages, clock, cpuSeconds: last.cpu, seconds: last.wall, composites }));
