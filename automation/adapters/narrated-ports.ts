/**
 * Ports that say what they are asked, so that nobody looks at a silent terminal: each thing once, and only outside of
 * steps, because a step's own events say what it does.
 */
import type { MemberOutputs } from "../../stacks/contract";
import type { EventSink } from "../events";
import type { AwsPort, KubernetesPort, PulumiPort, StackRef } from "../ports";
import { stackName } from "../text/stack-name";

/** What a call is about; null: not worth a word. */
type Words = (...args: readonly never[]) => string | null;
type Table = Readonly<Record<string, Words>>;

/** What is wanted of the pulumi adapter besides its port. */
interface PulumiStart {
  readConfig(): Promise<unknown>;
  ensureEnvironmentStack(): Promise<unknown>;
}

const pulumiWords = (environment: string) => {
  const named = (stack: StackRef): string => stackName(environment, stack);
  return {
    ensureEnvironmentStack: () => `looking for stack ${environment}`,
    readConfig: () => `reading the config of ${environment}`,
    readEnvironment: () => `reading stack ${environment}: where traffic is`,
    readMember: (member: string) => `reading stack ${environment}-${member}`,
    settle: (stack: StackRef) => `looking for an unfinished update of stack ${named(stack)}`,
    preview: (stack: StackRef) => `previewing stack ${named(stack)}: changes that belong to no move`,
    previewDestroy: (member: string) => `previewing how stack ${environment}-${member} is destroyed`,
    refresh: (member: string) => `refreshing stack ${environment}-${member}`,
  } satisfies Partial<Record<keyof PulumiPort | keyof PulumiStart, Words>>;
};

const awsWords = {
  identity: () => "asking AWS whose credentials these are",
  targets: () => "reading the load balancer's targets",
  weights: () => "reading the weights of the members' target groups",
  findServiceLoadBalancers: () => "looking for the load balancers of the primary's Services",
  upgradeInsights: () => "asking EKS what may keep clusters from the version",
  network: () => "reading the zones and subnets",
  alarms: () => "reading the CloudWatch alarms",
  probe: () => "sending requests through the load balancer",
} satisfies Partial<Record<keyof AwsPort, Words>>;

const kubernetesWords = {
  bindings: ({ clusterName }: Pick<MemberOutputs, "clusterName">) => `asking the API server of ${clusterName}`,
} satisfies Partial<Record<keyof KubernetesPort, Words>>;

/** The same port; a call that `table` has words for says them first. */
export function saying<T extends object>(port: T, table: Table, say: (words: string) => void): T {
  return new Proxy(port, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name, of);
      if (typeof value !== "function") return value;
      const words = typeof name === "string" ? table[name] : undefined;
      if (words === undefined) return value.bind(of) as unknown;
      return (...args: readonly never[]): unknown => {
        const said = words(...args);
        if (said !== null) say(said);
        return Reflect.apply(value, of, args);
      };
    },
  });
}

/** Narrates until a step begins; what has been said is not said again. */
export class Narrator {
  private readonly said = new Set<string>();
  private inStep = false;

  constructor(
    private readonly environment: string,
    private readonly sink: EventSink,
  ) {}

  /** Where the command's events go: it sees when a step begins. */
  readonly emit: EventSink = (event) => {
    if (event.kind === "step-started" || event.kind === "adoption") this.inStep = true;
    this.sink(event);
  };

  private readonly say = (message: string): void => {
    if (this.inStep || this.said.has(message)) return;
    this.said.add(message);
    this.sink({ kind: "activity", message });
  };

  pulumi<T extends object>(port: T): T {
    return saying(port, pulumiWords(this.environment), this.say);
  }
  aws<T extends object>(port: T): T {
    return saying(port, awsWords, this.say);
  }
  kubernetes<T extends object>(port: T): T {
    return saying(port, kubernetesWords, this.say);
  }
}
