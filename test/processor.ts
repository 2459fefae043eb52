/** Milliseconds of the processor that this process has used; those of other work on a busy machine are not in it. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
