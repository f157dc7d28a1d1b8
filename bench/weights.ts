/**
 * Three ways to move requests from one cluster to another by weights, each in a sandbox of its own under the same load:
 * ours; steps whose weights are read back and no more, and the old pods go 30 s later (what progressive-delivery tools
 * do by default); and all at once. A weight that the API shows is not one that routes yet: who does not hold loses
 * requests. Run with `make bench-weights`; exits with 0 only when ours lost nothing and both others lost something.
 */
import { setTimeout as sleep } from "node:timers/promises";
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import type { LoadSummary } from "../sandbox/contract";
import type { EnvironmentOutputs } from "../stacks/contract";
import { compare, inSandbox, mustDrive, type Results, run, say, type Scene, underLoad, upgradeUntil } from "./scene";

const requestsPerSecond = Number(process.argv[2] ?? 300);
/** A command takes half a second: at a higher one that alone would be a hold. */
const timeScale = 15;
const steps = [10, 50, 100] as const;

interface Procedure {
  readonly name: string;
  readonly perform: (scene: Scene) => Promise<void>;
  /** Whether the driver brings the new member in, at weight 0, and is killed then. */
  readonly byHand: boolean;
}
interface Route {
  readonly listenerArn: string;
  /** By member. */
  readonly groups: Readonly<Record<string, string>>;
}
function routeOf(scene: Scene): Route {
  const outputs = JSON.parse(
    run(scene, "pulumi", ["stack", "output", "--json", "--stack", scene.project.environment]),
  ) as EnvironmentOutputs;
  const all = Object.values(outputs.loadBalancer.services);
  const [first] = all;
  if (first === undefined) throw new Error("the environment has no service");
  return {
    listenerArn: first.listenerArn,
    groups: Object.fromEntries(all.map(({ member, targetGroupArn }) => [member ?? "all", targetGroupArn])),
  };
}

/** A tool's own client, which waits for nothing but AWS's answers. */
function clientOf({ info }: Scene): elb.ElasticLoadBalancingV2Client {
  return new elb.ElasticLoadBalancingV2Client({
    endpoint: info.awsEndpoint,
    region: info.region,
    credentials: {
      accessKeyId: info.env.AWS_ACCESS_KEY_ID ?? "",
      secretAccessKey: info.env.AWS_SECRET_ACCESS_KEY ?? "",
    },
  });
}

/** Writes the weights, and reads them until AWS shows them. */
async function shift(scene: Scene, { listenerArn, groups }: Route, percent: number): Promise<void> {
  const client = clientOf(scene);
  const wanted = [
    { TargetGroupArn: groups["blue"] ?? "", Weight: 100 - percent },
    { TargetGroupArn: groups["green"] ?? "", Weight: percent },
  ];
  await client.send(
    new elb.ModifyListenerCommand({
      ListenerArn: listenerArn,
      DefaultActions: [{ Type: "forward", ForwardConfig: { TargetGroups: wanted } }],
    }),
  );
  for (;;) {
    const { Listeners } = await client.send(new elb.DescribeListenersCommand({ ListenerArns: [listenerArn] }));
    const shown = Listeners?.[0]?.DefaultActions?.[0]?.ForwardConfig?.TargetGroups ?? [];
    if (wanted.every((one) => shown.some((s) => s.TargetGroupArn === one.TargetGroupArn && s.Weight === one.Weight)))
      break;
    await sleep(50);
  }
  client.destroy();
}

/** The old pods end, as pods do that have no preStop hook. */
function endBlue(scene: Scene): void {
  const kubectl = ["--context", `${scene.project.environment}-blue`, "-n", "web"];
  run(scene, "kubectl", [...kubectl, "scale", "deployment", "web", "--replicas=0"]);
  run(scene, "kubectl", [...kubectl, "delete", "pods", "--all", "--grace-period=0", "--force"]);
}

const scaleDownDelaySeconds = 30;
const procedures: readonly Procedure[] = [
  {
    name: "eks-blue-green upgrade",
    byHand: false,
    perform: (scene) => mustDrive(scene, "upgrade", "--approve-retire"),
  },
  {
    name: "steps, weights read back, no hold",
    byHand: true,
    perform: async (scene) => {
      const route = routeOf(scene);
      for (const percent of steps) await shift(scene, route, percent);
      await sleep((scaleDownDelaySeconds * 1000) / timeScale);
      endBlue(scene);
      await sleep(10_000);
    },
  },
  {
    name: "all at once",
    byHand: true,
    perform: async (scene) => {
      await shift(scene, routeOf(scene), 100);
      endBlue(scene);
      await sleep(10_000);
    },
  },
];

/** This project's environment behind an Application Load Balancer, with weights. */
async function measure({ name, byHand, perform }: Procedure, scene: Scene): Promise<LoadSummary> {
  const { project } = scene;
  project.set(["traffic"], "weighted");
  project.set(["loadBalancer", "type"], "application");
  project.set(["rollout", "steps"], [...steps]);
  project.setVersion("1.34");
  say(`${name}: deploying dev at 1.34`);
  await mustDrive(scene, "up");
  project.setVersion("1.35");
  if (byHand) {
    say(`${name}: the driver brings green in at weight 0, and is killed; the rest by hand`);
    await upgradeUntil(scene, "admit");
  }
  say(`${name}: moving requests to green`);
  return underLoad(scene, requestsPerSecond, () => perform(scene));
}

async function all(): Promise<Results> {
  const results: (readonly [string, LoadSummary])[] = [];
  for (const procedure of procedures)
    results.push([procedure.name, await inSandbox(timeScale, (scene) => measure(procedure, scene))]);
  return results;
}

compare(all);
