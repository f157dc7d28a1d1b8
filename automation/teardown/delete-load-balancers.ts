/**
 * The primary's load balancers go: protection out of the annotation, then the Services, while their controller lives
 * and everybody else is
 * gone. Nothing of it stands in the record: each step looks first, so that a driver that was killed anywhere goes on.
 */
import type { MemberOutputs } from "../../stacks/contract";
import { protectionOf } from "../../components/internal/service-annotations";
import { clusterNameOf, ownershipOf } from "../../stacks/config/target-groups";
import { DriverError } from "../errors";
import { assertAllowed, changesOf, leavesOf } from "../policy/move-policy";
import { controllerRuns } from "../observation/controller";
import type { Leftover, ServiceObject, TeardownPort } from "../ports";
import { ownedServices } from "../environment/load-balancers";
import { isEvacuated } from "../rollout/evacuated-member";
import type { Session } from "../rollout/session";
import { Stop, stopRequested } from "../rollout/interruptions";
import { shell } from "../text/shell";

/**
 * Whether the protection is still to be lifted. Not once one of the Services is going, or gone, unprotected: the update
 * would make it,
 * and its load balancer, again.
 */
export function mustUnprotect(services: readonly (ServiceObject | null)[]): boolean {
  return services.every(
    (service) => service !== null && !(service.deleting && protectionOf(service.annotations) !== "true"),
  );
}

interface Releasing {
  readonly session: Session;
  readonly port: TeardownPort;
  readonly member: MemberOutputs;
  readonly clusterName: string;
  readonly names: readonly { readonly namespace: string; readonly name: string }[];
}

const waitSeconds = 600;

/** Looks until nothing is left to wait for. @throws Stop naming what is still there */
async function until(session: Session, what: string, look: () => Promise<string | null>): Promise<void> {
  const { clock } = session.ports;
  const { emit, stop, commandName } = session.options;
  const deadline = clock.now() + Math.max(clock.scaled(waitSeconds), 20_000);
  for (let told = ""; ;) {
    const waitsFor = await look();
    if (waitsFor === null) return;
    if (waitsFor !== told) emit({ kind: "note", message: `${what}: ${waitsFor}` });
    told = waitsFor;
    if (clock.now() >= deadline)
      throw new Stop(
        "EBG-TEARDOWN",
        `${what}: ${waitsFor}, still after ${waitSeconds} s`,
        `repair what it says, then go on with: ${commandName}`,
      );
    if (stop.aborted) throw stopRequested(commandName);
    await clock.sleep(Math.max(clock.scaled(2), 250), stop);
  }
}

const read = ({ session, member, names }: Releasing): Promise<(ServiceObject | null)[]> =>
  Promise.all(names.map(({ namespace, name }) => session.ports.kubernetes.readService(member, namespace, name)));

/** The controller's last word about its Services, for a person who waits. */
async function complaint({ session, member, names }: Releasing): Promise<string> {
  const events = (
    await Promise.all(
      names.map(({ namespace, name }) => session.ports.kubernetes.events(member, namespace, "Service", name)),
    )
  ).flat();
  const warning = events.filter(({ type }) => type === "Warning").at(-1);
  return warning === undefined ? "" : ` (${warning.reason}: ${warning.message})`;
}

async function update(releasing: Releasing, part: "unprotect" | "remove"): Promise<void> {
  const { session, member } = releasing;
  const { pulumi } = session.ports;
  const { cancel, emit } = session.options;
  const stack = { kind: "member", member: member.member } as const;
  const name = `${session.environment.environment}-${member.member}`;
  const context = { kind: "release", expectedRevision: session.writer.written.revision, part } as const;
  await pulumi.settle(stack);
  await pulumi.backUpState(stack);
  const purpose = `release-${part}` as const;
  const previewed = await pulumi.preview(stack, context, cancel, leavesOf(purpose));
  assertAllowed(purpose, name, previewed.operations);
  // Lifting Pulumi's own protection is no operation of a preview.
  if (part === "remove" && changesOf(previewed.operations).length === 0) return;
  emit({
    kind: "stack",
    stack: name,
    status: "started",
    message:
      part === "unprotect"
        ? "lifting the protection of its load balancer Services"
        : "deleting its load balancer Services",
    seconds: null,
    changes: null,
  });
  const applied = await pulumi.apply(stack, context, previewed.plan, cancel);
  emit({
    kind: "stack",
    stack: name,
    status: "finished",
    message: part === "unprotect" ? "protection lifted" : "Services deleted",
    seconds: applied.seconds,
    changes: applied.changes,
  });
}

/** The controller switches AWS's own protection off when it reads the annotation: so it lives, and has seen it. */
async function unprotect(releasing: Releasing): Promise<void> {
  const { session } = releasing;
  await update(releasing, "unprotect");
  const arns = [...new Set(Object.values(session.environment.loadBalancer.services).map((one) => one.loadBalancerArn))];
  await until(session, "waiting for the controller to lift the protection in AWS", async () => {
    const on: string[] = [];
    for (const arn of arns)
      if ((await session.ports.aws.loadBalancerAttributes(arn))["deletion_protection.enabled"] === "true")
        on.push(arn.split("/").at(-2) ?? arn);
    return on.length === 0 ? null : `${on.join(", ")} is still protected${await complaint(releasing)}`;
  });
}

const nameAll = (things: readonly Leftover[]): string => things.map(({ what, id }) => `${what} ${id}`).join(", ");

/** @throws Stop before anything is changed: the controller would try for ever, with the Service half deleted */
async function mayGo({ session, port, member, clusterName, names }: Releasing): Promise<void> {
  const { commandName } = session.options;
  const controller = await session.ports.kubernetes.controller(member);
  if (!controllerRuns(controller))
    throw new Stop(
      "EBG-TEARDOWN",
      `the load balancer controller of ${member.member} does not run (${controller.message}), and only it ` +
        "deletes what its Services own",
      `start it, then go on with: ${commandName}`,
    );
  const group = session.environment.loadBalancer.securityGroupId;
  if (group === null) return;
  const users = await port.usersOfGroup(
    group,
    clusterName,
    names.map(({ namespace, name }) => `${namespace}/${name}`),
  );
  if (users.length > 0)
    throw new Stop(
      "EBG-TEARDOWN",
      `security group ${group} of ${member.member}'s controller is used by ${users.join(", ")}: the last Service ` +
        "would hang in its deletion",
      `remove those uses, then go on with: ${commandName}`,
    );
}

/** Evacuated, and its API server is gone: its controller deletes nothing any more. */
async function isGoneForGood(session: Session, member: MemberOutputs): Promise<boolean> {
  if (!isEvacuated(session, member.member)) return false;
  try {
    await session.ports.kubernetes.ready(member);
    return false;
  } catch (error) {
    if (!(error instanceof DriverError) || error.code !== "EBG-MEMBER-UNREACHABLE") throw error;
    return true;
  }
}

/** What nobody but a person deletes now. @throws Stop while it is there */
async function deletedByHand({ session, port, member, clusterName, names }: Releasing): Promise<void> {
  const made = await port.madeForServices(
    clusterName,
    names.map(({ namespace, name }) => `${namespace}/${name}`),
  );
  const group = session.environment.loadBalancer.securityGroupId;
  if (made.length === 0) {
    // Rules of the cluster's own groups name it until they are gone.
    if (group !== null && session.environment.config.memberClusters?.[member.member]?.existing == null)
      session.options.emit({
        kind: "finding",
        code: "EBG-TEARDOWN",
        severity: "recommended",
        message:
          `security group ${group} of ${member.member}'s controller stays: nobody is left to delete it, and the ` +
          "VPC can't go before it",
        remedy: shell`once ${member.member} is destroyed: aws ec2 delete-security-group --group-id ${group}`,
      });
    return;
  }
  // Load balancers first: they use the rest.
  const ordered = [...made].sort(
    (a, b) =>
      Number(b.what === "load balancer") - Number(a.what === "load balancer") ||
      Number(a.what === "security group") - Number(b.what === "security group"),
  );
  throw new Stop(
    "EBG-TEARDOWN",
    `the API server of ${member.member} is gone, and only its load balancer controller would delete what its ` +
      `Services own: ${nameAll(made)}`,
    `delete them by hand: ${ordered.map(({ command }) => command).join("; ")} (a load balancer that is ` +
      "protected: aws elbv2 modify-load-balancer-attributes --load-balancer-arn ARN --attributes " +
      `Key=deletion_protection.enabled,Value=false), then go on with: ${session.options.commandName}`,
  );
}

/** @throws Stop, DriverError; the same command goes on */
export async function releaseLoadBalancers(session: Session, port: TeardownPort): Promise<void> {
  const { environment } = session;
  const ownership = ownershipOf(session.record, environment.config);
  const owned = ownedServices(environment.config, ownership);
  const member = session.members[ownership.primary ?? ""];
  if (owned.length === 0) return;
  const made =
    member === undefined
      ? await port.madeForServices(
          clusterNameOf(environment, ownership.primary ?? ""),
          owned.map(({ namespace, loadBalancerService }) => `${namespace}/${loadBalancerService}`),
        )
      : [];
  // Its first update failed before there was any.
  if (member === undefined && made.length === 0) return;
  if (member === undefined)
    throw new DriverError(
      "EBG-TEARDOWN",
      `the primary ${ownership.primary ?? ""} has no outputs, so its Services can't be looked for, and its ` +
        `controller made ${nameAll(made)}`,
      `deploy it once more, then go on with: ${session.options.commandName}`,
    );
  await session.writer.flush();
  const names = owned.map(({ namespace, loadBalancerService: name }) => ({ namespace, name }));
  const releasing: Releasing = { session, port, member, clusterName: clusterNameOf(environment, member.member), names };
  if (await isGoneForGood(session, member)) return await deletedByHand(releasing);
  const services = await read(releasing);
  if (services.some((service) => service !== null)) await mayGo(releasing);
  if (mustUnprotect(services)) await unprotect(releasing);
  if (session.options.stop.aborted) throw stopRequested(session.options.commandName);
  await update(releasing, "remove");
  // Pulumi does not wait for a Service whose update was not to be waited for; and a Service that is gone is not yet a
  // load balancer that is.
  await until(session, "waiting for the controller to clean up", async () => {
    const left = (await read(releasing)).flatMap((service, index) =>
      service === null ? [] : [`Service ${names[index]?.namespace}/${names[index]?.name}`],
    );
    if (left.length > 0) return `${left.join(", ")} is being deleted${await complaint(releasing)}`;
    const made = await port.madeForServices(
      releasing.clusterName,
      names.map(({ namespace, name }) => `${namespace}/${name}`),
    );
    return made.length === 0 ? null : `${nameAll(made)} is still in AWS`;
  });
  session.options.emit({
    kind: "note",
    message: `the load balancers of ${names.map(({ namespace, name }) => `${namespace}/${name}`).join(", ")} are gone`,
  });
  session.environment = {
    ...environment,
    loadBalancer: {
      ...environment.loadBalancer,
      services: Object.fromEntries(
        Object.entries(environment.loadBalancer.services).filter(
          ([, one]) => ownership.adopted?.[one.service] !== undefined,
        ),
      ),
    },
  };
}
