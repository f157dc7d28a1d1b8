/**
 * Workloads that somebody else deploys: a GitOps controller reconciles a folder of manifests into every member, with
 * self-heal on. An upgrade, the way back, the upgrade once more and the end of the old cluster; and no write of ours to
 * any object of a workload.
 */
import { join } from "node:path";
import { ControlClient } from "../../../../sandbox/client/control-client";
import { fieldManager } from "../../../../sandbox/gitops/cluster-sync";
import { GitOpsController } from "../../../../sandbox/gitops/controller";
import { packageRoot } from "../../../../sandbox/processes/scripts";
import { DriverError } from "../../../errors";
import type { DriverEvent } from "../../../events";
import type { Act, Ending, Scenario } from "../scenario";
import { refuseOptions } from "../scenario";
import type { RehearsalStage, Seen } from "../stage";
import { exitCodes } from "../../exit-codes";
import { AnsweredHooks } from "./answered-hooks";
import { exampleConfig } from "./own-project";
import { verifyIsGood } from "./tutorial-checks";

const namespace = "shop";
const blue = "dev-blue";
const green = "dev-green";
const listeners = 2;
const manifests = (): string => join(packageRoot(), "examples", "gitops", "manifests");

interface Objects {
  readonly items: readonly {
    readonly kind: string;
    readonly metadata: {
      readonly name: string;
      readonly managedFields?: readonly { readonly manager?: string; readonly subresource?: string }[];
    };
  }[];
}

const get = (stage: RehearsalStage, context: string, ...what: string[]): Promise<Objects> =>
  stage.json<Objects>("kubectl", ["--context", context, "-n", namespace, "get", ...what, "-o", "json"]);

/** Whose each field of the workloads' objects is: the GitOps controller's, and (the status) Kubernetes' own. */
async function fieldsAreTheirs(stage: RehearsalStage, contexts: readonly string[]): Promise<Seen> {
  const kinds = "deployments,statefulsets,services,poddisruptionbudgets";
  const all = await Promise.all(
    contexts.map(async (context) => [
      ...(await get(stage, context, kinds, "--show-managed-fields")).items,
      ...(
        await get(
          stage,
          context,
          "namespaces",
          "--field-selector",
          `metadata.name=${namespace}`,
          "--show-managed-fields",
        )
      ).items,
    ]),
  );
  const fields = all
    .flat()
    .flatMap(({ kind, metadata }) =>
      (metadata.managedFields ?? [])
        .filter(({ subresource }) => subresource !== "status")
        .map(({ manager = "?" }) => ({ what: `${kind} ${metadata.name}`, manager })),
    );
  const others = fields.filter(({ manager }) => manager !== fieldManager);
  return {
    holds: fields.length >= contexts.length * 7 && others.length === 0,
    seen:
      others.length === 0
        ? `${fields.length} objects, all of ${fieldManager}`
        : others.map(({ what, manager }) => `${what}: ${manager}`).join(", "),
  };
}

/** Who writes in the workloads' namespace besides: Kubernetes, the load balancer controller, and this scenario's hand. */
const known = /^(gitops-stand-in|kubectl|kube-|aws-load-balancer-controller|eks-blue-green-node-agent)/;

/** What anybody else wrote in the workloads' namespace: every call of the API servers is looked at. */
class Audit {
  private last = 0;
  private readonly bindings = new Set<string>();
  private readonly others = new Set<string>();
  /** `verb resource` of all that this package asked there, reads as well. */
  readonly asked = new Set<string>();

  constructor(private readonly control: ControlClient) {}

  /** Often enough: the sandbox keeps the last calls alone. */
  async look(): Promise<void> {
    for (const { id, client, verb, resource, namespace: where } of await this.control.kubernetesCalls(this.last)) {
      this.last = Math.max(this.last, id);
      if (known.test(client) || where !== namespace) continue;
      this.asked.add(`${verb} ${resource}`);
      if (["get", "list", "watch"].includes(verb)) continue;
      (/^targetgroupbindings(\/|$)/.test(resource) ? this.bindings : this.others).add(`${verb} ${resource}`);
    }
  }

  async seen(): Promise<Seen> {
    await this.look();
    const told = (set: ReadonlySet<string>): string => [...set].sort().join(", ");
    return {
      holds: this.bindings.size > 0 && this.others.size === 0,
      seen: this.others.size === 0 ? `only ${told(this.bindings)}` : `also ${told(this.others)}`,
    };
  }
}

/** What the cluster role that the package ships permits of that, by the API server's own word; and not a workload's end. */
async function roleSuffices(stage: RehearsalStage, context: string, asked: ReadonlySet<string>): Promise<Seen> {
  await stage.command("kubectl", [
    "--context",
    context,
    "apply",
    "-f",
    join(packageRoot(), "policies", "cluster-role.yaml"),
  ]);
  const may = (what: string): Promise<boolean> => {
    const [verb = "", resource = "", sub] = what.split(/[ /]/);
    return (
      stage
        .command("kubectl", [
          ...["--context", context, "-n", namespace, "--as", "driver", "--as-group", "eks-blue-green"],
          ...["auth", "can-i", verb, resource, ...(sub === undefined ? [] : ["--subresource", sub])],
        ])
        // It ends with 1 when it says no.
        .then((said) => said.trim() === "yes")
        .catch(() => false)
    );
  };
  const refused: string[] = [];
  // An object that an apply makes is asked for as `patch`, and has to be permitted as `create` as well.
  const made = [...asked].filter((what) => what.startsWith("patch ")).map((what) => what.replace("patch", "create"));
  for (const what of [...new Set([...asked, ...made])].sort()) if (!(await may(what))) refused.push(what);
  const tooMuch = await may("delete deployments");
  return {
    holds:
      made.includes("create targetgroupbindings") &&
      asked.has("delete targetgroupbindings") &&
      refused.length === 0 &&
      !tooMuch,
    seen:
      refused.length > 0
        ? `it does not permit ${refused.join(", ")}`
        : `${tooMuch ? "it permits delete deployments; " : ""}it permits ${[...asked].sort().join(", ")}`,
  };
}

/** Looks on while the scenario goes on; ends with what it was started for. */
async function watched<T>(audit: Audit, work: Promise<T>): Promise<T> {
  let over = false;
  const watch = (async () => {
    while (!over) {
      await audit.look();
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  })();
  try {
    return await work;
  } finally {
    over = true;
    await watch;
  }
}

interface Parts {
  readonly stage: RehearsalStage;
  readonly gitops: GitOpsController;
  readonly control: ControlClient;
  readonly audit: Audit;
}

/** As a generator of Applications does it for a cluster that was made known to it. */
async function register({ gitops, control }: Parts, name: string): Promise<void> {
  const cluster = (await control.status()).clusters.find((one) => one.name === name);
  if (cluster !== undefined) gitops.register(name, cluster.kubeconfig);
}

/** Drives a command that has to end with `code`. @throws EBG-UPDATE-FAILED */
async function ends(
  { stage, audit }: Parts,
  args: readonly string[],
  code: number,
  onEvent?: (event: DriverEvent) => void,
): Promise<void> {
  const ended = await watched(audit, stage.drive(args, onEvent));
  if (ended !== code)
    throw new DriverError(
      "EBG-UPDATE-FAILED",
      `\`eks-blue-green ${args.join(" ")}\` ended with ${ended}, not with ${code}`,
      "run with --keep to look at the sandbox and its logs",
    );
}

/** What the driver said it waits for, of the workloads; and whoever does something about it then. */
class Waits {
  readonly told: string[] = [];
  private begun: Promise<void> | null = null;

  constructor(private readonly then: () => Promise<void>) {}

  readonly onEvent = (event: DriverEvent): void => {
    if (event.kind !== "gate" || event.status !== "waiting" || event.reason !== "external") return;
    this.told.push(event.message);
    this.begun ??= this.then();
  };

  /** @throws what went wrong */
  async seen(what: RegExp): Promise<Seen> {
    await this.begun;
    return { holds: this.told.some((message) => what.test(message)), seen: this.told[0] ?? "it did not wait" };
  }
}

/** Somebody's hand, and Git's answer to it. */
async function healsItself(stage: RehearsalStage, context: string): Promise<Seen> {
  const where = ["--context", context, "-n", namespace];
  const { spec } = await stage.json<{ spec: { maxUnavailable: number } }>("kubectl", [
    ...where,
    "get",
    "poddisruptionbudget",
    "web",
    "-o",
    "json",
  ]);
  return { holds: spec.maxUnavailable === 1, seen: `maxUnavailable is ${spec.maxUnavailable} again` };
}

async function perform(stage: RehearsalStage): Promise<Ending> {
  const control = new ControlClient(stage.info);
  const gitops = new GitOpsController(manifests());
  const parts: Parts = { stage, gitops, control, audit: new Audit(control) };
  try {
    gitops.start();
    await serveFromBlue(parts);
    await upgradeAndBack(parts);
    await upgradeAndRetire(parts);
    await stage.endLoad();
    return { driverExitCode: 0, message: "done, the workloads were never touched" };
  } finally {
    await gitops.stop();
  }
}

async function serveFromBlue(parts: Parts): Promise<void> {
  const { stage } = parts;
  stage.project.setVersion("1.34");
  await stage.step("deploy dev: blue stands by, because nothing runs there yet", () => stage.mustDrive(["up"]));
  const waits = new Waits(() => register(parts, blue));
  await stage.step("admit blue: it waits until the workloads are deployed there", () =>
    ends(parts, ["admit", "blue"], exitCodes.done, waits.onEvent),
  );
  await stage.claim("", "the driver said what was missing", () =>
    waits.seen(/Service shop\/(web|backend) is not on blue/),
  );
  await stage.beginLoad(listeners);
  const byHand = JSON.stringify({ spec: { maxUnavailable: 2 } });
  await stage.command("kubectl", [
    ...["--context", blue, "-n", namespace, "patch", "poddisruptionbudget", "web"],
    ...["--type", "merge", "--patch", byHand],
  ]);
  await stage.claim("", "self-heal puts back what somebody changes", () => healsItself(stage, blue));
}

async function upgradeAndBack(parts: Parts): Promise<void> {
  const { stage } = parts;
  stage.project.setVersion("1.35");
  const waits = new Waits(() => register(parts, green));
  await stage.step("upgrade: green waits for its workloads, takes over; blue's end needs approval", () =>
    ends(parts, ["upgrade"], exitCodes.stopped, waits.onEvent),
  );
  await stage.claim("", "the driver said what was missing on the new member", () =>
    waits.seen(/Service shop\/(web|backend) is not on green/),
  );
  await stage.claim("", "nobody but the GitOps controller wrote to the workloads", () =>
    fieldsAreTheirs(stage, [blue, green]),
  );
  await stage.step("rollback: blue, whose workloads ran on, serves again", () =>
    ends(parts, ["rollback"], exitCodes.done),
  );
  await stage.claim("", "all that can be verified holds", () => verifyIsGood(stage), 30);
}

async function upgradeAndRetire(parts: Parts): Promise<void> {
  const { stage, gitops, audit } = parts;
  const nothing = (): Promise<void> => Promise.resolve();
  const hooks = new AnsweredHooks(join(stage.project.directory, "hooks"), [
    { name: "freeze", at: "before-admit", does: nothing },
    { name: "unfreeze", at: "after-drain", does: nothing },
    { name: "leave", at: "before-retire", does: (member) => gitops.takeOut(`dev-${member}`) },
  ]);
  stage.project.set(["hooks"], hooks.config());
  try {
    await stage.step("upgrade once more", () => ends(parts, ["upgrade", "--retry-version"], exitCodes.stopped));
    await stage.claim("", "still nobody else wrote to the workloads", () => fieldsAreTheirs(stage, [blue, green]));
    await stage.step("upgrade: a hook takes blue out of GitOps, its pods end in order, and it is destroyed", () =>
      ends(parts, ["upgrade", "--approve-retire"], exitCodes.done),
    );
  } finally {
    await hooks.end();
  }
  const expected = ["freeze before-admit green", "unfreeze after-drain blue", "leave before-retire blue"];
  await stage.claim("", "hooks were run around the moves that they name", async () => hooks.seen(expected), 0);
  await stage.claim(
    "",
    "in the workloads' namespace only bindings were written by this package",
    () => audit.seen(),
    0,
  );
  await stage.claim(
    "",
    "policies/cluster-role.yaml permits what was asked there",
    () => roleSuffices(stage, green, audit.asked),
    0,
  );
  await stage.claim("", "green's workloads are as they were deployed", () => fieldsAreTheirs(stage, [green]));
}

export const gitops: Scenario = {
  name: "gitops",
  summary:
    "workloads that a GitOps controller deploys to every member: upgrade, the way back, the upgrade once more, and the " +
    "end of the old cluster",
  plan: (options): Act => {
    refuseOptions("gitops", { "--from": options.from, "--to": options.to, "--fault": options.faults });
    return { title: "workloads by GitOps", project: exampleConfig("gitops"), perform };
  },
};
