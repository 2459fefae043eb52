/** Runs a study file and prints the seconds of the processor by stage, as JSON: `one-study-run.mjs STUDY OUT dist|src`. */
const [file, out, from] = process.argv.slice(2);
const { readStudyFile, runStudy } = await import(
  new URL(`../${from}/node.${from === "src" ? "ts" : "js"}`, import.meta.url).href
);
const stages = {};
let stage = "start";
let last = 0;
/** Seconds of the processor up to now belong to the stage that ends. */
const next = (name) => {
  const { user, system } = process.cpuUsage();
  const now = (user + system) / 1e6;
  stages[stage] = (stages[stage] ?? 0) + now - last;
  [stage, last] = [name, now];
};
const { composites } = await runStudy(readStudyFile(file), {
  out,
  onProgress: (name) => {
    if (name !== stage) next(name);
  },
});
next("");
console.log(JSON.stringify({ stages, cpuSeconds: last, composites }));
