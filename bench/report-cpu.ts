/** Loaded before a process's own script (`node -r`): tells its parent how much CPU it has used, when asked. */
export type CpuQuestion = { readonly type: "bench-cpu"; readonly id: number };
/** Milliseconds of user and system time since the process began. */
export type CpuAnswer = CpuQuestion & { readonly cpuMs: number };

process.on("message", (message: CpuQuestion) => {
  if (message.type !== "bench-cpu") return;
  const { user, system } = process.cpuUsage();
  process.send?.({ type: "bench-cpu", id: message.id, cpuMs: (user + system) / 1_000 } satisfies CpuAnswer);
});
