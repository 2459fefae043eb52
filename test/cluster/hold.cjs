// Loaded into tasks of a node (NODE_OPTIONS): stops the first process that comes to a certain write of features, until it
// is told to go on (SIGCONT). HOLD: `open:2` or `rename:2`, the second one; HELD: file that is then written; HOLD_TASK:
// number of the array's task that is meant, any by default; HOLD_DEAF: the write never returns, as of a disk that is gone,
// so that the process hears of no request to end.
const fs = require("node:fs");
const { HOLD, HELD, HOLD_TASK, HOLD_DEAF, SLURM_ARRAY_TASK_ID } = process.env;

if (HOLD !== undefined && (HOLD_TASK === undefined || HOLD_TASK === SLURM_ARRAY_TASK_ID)) {
  const [what, number] = HOLD.split(":");
  let left = Number(number);
  const real = fs[`${what}Sync`];
  fs[`${what}Sync`] = (path, ...rest) => {
    if (/features\/.*\.part-/.test(String(path)) && --left === 0)
      try {
        fs.writeFileSync(HELD, `${SLURM_ARRAY_TASK_ID} ${process.pid}`, { flag: "wx" });
        if (HOLD_DEAF !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
        process.kill(process.pid, "SIGSTOP");
      } catch (error) {
        // Another process was first.
        if (error.code !== "EEXIST") throw error;
      }
    return real(path, ...rest);
  };
  require("node:module").syncBuiltinESMExports();
}
