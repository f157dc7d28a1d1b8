/**
 * The naive procedure beside ours, in one sandbox under the same load: bind green, delete blue's binding, destroy blue
 * at once; against provision, admit, bake, drain, bake, retire. Prints both counts. Run with `make bench`; exits with 0
 * only when ours lost nothing and the naive one lost something (a load that can't see the difference would prove
 * nothing).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { compare, inSandbox, mustDrive, type Results, run, say, type Scene, underLoad, upgradeUntil } from "./scene";

const requestsPerSecond = Number(process.argv[2] ?? 500);

/**
 * What a script would do: green is bound, blue's binding is deleted and its nodes are taken away without waiting for
 * anything.
 */
async function naive(scene: Scene, from: string, to: string): Promise<void> {
  const kubectl = (member: string, ...args: string[]): string =>
    run(scene, "kubectl", ["--context", `dev-${member}`, "-n", "web", ...args]);
  const binding = JSON.parse(kubectl(from, "get", "targetgroupbinding", "web", "-o", "json")) as {
    spec: { targetGroupARN: string };
  };
  const manifest = {
    apiVersion: "elbv2.k8s.aws/v1beta1",
    kind: "TargetGroupBinding",
    metadata: { name: "web", namespace: "web" },
    spec: {
      targetGroupARN: binding.spec.targetGroupARN,
      targetType: "ip",
      multiClusterTargetGroup: true,
      serviceRef: { name: "web", port: 8080 },
    },
  };
  run(scene, "kubectl", ["--context", `dev-${to}`, "apply", "-f", "-"], JSON.stringify(manifest));
  kubectl(from, "delete", "targetgroupbinding", "web");
  kubectl(from, "delete", "deployment", "web", "--cascade=foreground", "--grace-period=1");
  kubectl(from, "delete", "pods", "--all", "--grace-period=0", "--force");
  await sleep(10_000);
}

async function both(scene: Scene): Promise<Results> {
  scene.project.setVersion("1.34");
  say("deploying dev at 1.34");
  await mustDrive(scene, "up");
  scene.project.setVersion("1.35");
  say("ours: upgrading 1.34 → 1.35");
  const ours = await underLoad(scene, requestsPerSecond, () => mustDrive(scene, "upgrade", "--approve-retire"));
  scene.project.setVersion("1.36");
  say("naive: provisioning blue at 1.36 with the driver, which is then killed; the rest by hand");
  await upgradeUntil(scene, "provision");
  const theirs = await underLoad(scene, requestsPerSecond, () => naive(scene, "green", "blue"));
  return [
    ["eks-blue-green upgrade", ours],
    ["naive: bind, unbind, destroy", theirs],
  ];
}

compare(() => inSandbox(60, both));
