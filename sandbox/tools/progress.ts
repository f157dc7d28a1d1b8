/** Progress of steps that take longer than two seconds. */

export interface ToolProgress {
  /** What is being got: `pulumi`, `Kubernetes 1.36.3`, `moto and the AWS CLI`. */
  readonly tool: string;
  readonly action: "wait" | "download" | "build" | "install";
  readonly status: "running" | "done" | "failed";
  readonly elapsedSeconds: number;
  /** One line for people. */
  readonly message: string;
}

export type OnProgress = (progress: ToolProgress) => void;

const verbs: Record<ToolProgress["action"], string> = {
  wait: "waiting for",
  download: "downloading",
  build: "building",
  install: "installing",
};

/** Runs a step; tells about it after two seconds, then every five, and at its end if it was told about or failed. */
export async function withProgress<T>(
  tool: string,
  action: ToolProgress["action"],
  onProgress: OnProgress,
  run: (detail: (text: string) => void) => Promise<T>,
): Promise<T> {
  const began = Date.now();
  let told = false;
  let detail = "";
  const tell = (status: ToolProgress["status"], message: string): void => {
    told = true;
    onProgress({ tool, action, status, elapsedSeconds: (Date.now() - began) / 1000, message });
  };
  const seconds = (): string => `${Math.round((Date.now() - began) / 1000)} s`;
  const running = (): void =>
    tell("running", `${verbs[action]} ${tool} · ${seconds()}${detail === "" ? "" : ` · ${detail}`}`);
  let every: NodeJS.Timeout | undefined;
  const first = setTimeout(() => {
    running();
    every = setInterval(running, 5_000);
  }, 2_000);
  try {
    const result = await run((text) => (detail = text));
    if (told) tell("done", `${verbs[action]} ${tool} · done in ${seconds()}`);
    return result;
  } catch (error) {
    tell("failed", `${verbs[action]} ${tool} · failed after ${seconds()}`);
    throw error;
  } finally {
    clearTimeout(first);
    clearInterval(every);
  }
}
