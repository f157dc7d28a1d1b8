/** What must hold before each kind of move. */
import type { MemberMove } from "../../stacks/record";
import { decideGone } from "../gates/drained";
import { skewProblem } from "../gates/upgraded";
import { describeFlagProblems, flagProblems } from "../gates/multi-cluster-flag";
import { listing } from "../gates/gate-result";
import { mayRetireAs } from "../planning/cancel-rollout";
import { typed } from "../text/command-line";
import { plainLook, type Observation, type Wants } from "../observation/observe";
import { healthOf, snapshot, strangers } from "../observation/target-owners";
import { ownershipOf } from "../../stacks/config/target-groups";
import { ownedServices, refuseRetiringPrimary } from "../environment/load-balancers";
import { isDead, needsApi } from "./needs-api";
import { refuseClaims } from "./claims-check";
import { theirPods } from "./external-check";
import { mayBeTurned, runHooks } from "./hooks";
import { asksBefore, requestsBefore } from "./failing-before";
import { isEvacuated, orEvacuate, readyToReturn } from "./evacuated-member";
import { assertControllerRuns, needsController, untilControllerRuns } from "./controller-runs";
import type { Session } from "./session";
import { stayersServe } from "./stayers-serve";
import { GateFailed, Stop } from "./interruptions";
import { looksOf } from "./observation-needs";
import { getsNothing } from "./shift-weights";
import { toldLook } from "./told-look";
import { untilPeersTell } from "./told-peers";
import { counted } from "../text/sentences";

/** What must hold before the move is begun. @throws Stop (nothing is moved, a person must act) */
export async function beforeMove(
  session: Session,
  index: number,
  move: MemberMove,
  resumed: boolean,
): Promise<Observation> {
  const evacuated = isEvacuated(session, move.member);
  const look = (): Promise<Observation> => lookBefore(session, move);
  const controls = needsController(session, move, resumed);
  const newest = await look();
  const first = move.kind === "admit" ? await untilPeersTell(session, move.member, newest, look) : newest;
  const observation = controls ? await untilControllerRuns(session, move.member, first, look) : first;
  if (move.kind === "drain" || move.kind === "upgrade" || move.kind === "retire")
    await refuseClaims(session, observation, move.member);
  const flags = flagProblems(observation);
  if (flags.length > 0 && move.kind === "admit") {
    const { message, remedy } = describeFlagProblems(flags);
    // One that was begun may have evicted already: out again. One that was not begun just waits for a person.
    throw resumed ? new GateFailed("EBG-GATE", message, remedy) : new Stop("EBG-PREFLIGHT", message, remedy);
  }
  switch (move.kind) {
    case "provision":
      return observation;
    case "admit":
    case "scale":
      needsApi(session, observation, move);
      if (controls) assertControllerRuns(session, observation, move);
      return observation;
    case "drain":
      needsApi(session, observation, move);
      if (evacuated) readyToReturn(session, observation, move.member);
      else if (controls) assertControllerRuns(session, observation, move);
      if (evacuated) return observation;
      getsNothing(session, observation, move);
      if (move.from.role === "active" && !session.policy.endsService) needsHealthyPeer(session, observation, move);
      return observation;
    case "upgrade":
      needsApi(session, observation, move);
      outOfTraffic(session, observation, move);
      return observation;
    case "retire":
      // Approved once; but a record may have been put back from a backup, and its member serve again.
      // (Of one that is half destroyed and silent nobody can say what is its own.)
      return await (resumed ? mayGoOnRetiring : mayRetire)(session, index, observation, move);
    default:
      return move.kind satisfies never;
  }
}

/** What must leave, or must have left, is what is seen now. @throws Stop */
function lookBefore(session: Session, move: MemberMove): Promise<Observation> {
  const looks = looksOf(session);
  const plain: Wants =
    move.kind === "retire"
      ? looks.workload
      : move.kind === "provision"
        ? plainLook
        : move.kind === "drain"
          ? { ...looks.infrastructure, weights: true }
          : looks.infrastructure;
  const wants = asksBefore(session, move) ? { ...plain, probes: requestsBefore } : plain;
  return move.kind === "drain" || move.kind === "upgrade" || move.kind === "retire"
    ? toldLook(session, wants, `could not ${move.kind} ${move.member}`)
    : session.look(wants);
}

function needsHealthyPeer(session: Session, observation: Observation, move: MemberMove): void {
  const { excused } = session.policy;
  const health = (name: string): string => healthOf(session.owners, observation, name, excused.sick);
  const peers = session.serving().filter((name) => name !== move.member);
  const healthy = peers.filter((name) => health(name) === "healthy");
  const least = Math.max(1, session.rules.minActive);
  if (healthy.length >= least) return;
  throw new GateFailed(
    "EBG-GATE",
    `${move.member} is not drained: ${counted(healthy.length, "other member")} active and healthy, ${least} must be ` +
      `(${peers.map((name) => `${name}: ${health(name)}`).join(", ") || "none is active"})`,
    "eks-blue-green status shows each target's state",
    { reason: "last-active" },
  );
}

/** @throws Stop when any target of the member is registered */
function notRegistered(session: Session, observation: Observation, move: MemberMove, done: string): void {
  const mine = Object.values(snapshot(session.owners, observation, move.member)).flat();
  if (mine.length > 0)
    throw new Stop(
      "EBG-GATE",
      `${move.member} is not ${done}: ${mine.length} of its targets are registered (${listing(mine)})`,
      `find out who registered them (eks-blue-green status), then go on with: ${session.options.commandName}`,
    );
}

/**
 * A plain update in the middle of a drain declares the binding once more: its targets are no leftovers, and nothing may
 * be stopped on it.
 */
export function boundAgain(session: Session, seen: Observation, member: string): boolean {
  const declared = session.members[member]?.services ?? {};
  return Object.entries(seen.members[member]?.services ?? {}).some(
    ([service, { bindings }]) =>
      declared[service]?.boundBy !== "load-balancer-service" && bindings.some((binding) => !binding.deleting),
  );
}

/** @throws Stop while a binding of the environment's services is there: pods may be registered at any moment */
function notBound(session: Session, observation: Observation, { member }: MemberMove): void {
  if (!boundAgain(session, observation, member)) return;
  throw new Stop(
    "EBG-GATE",
    `${member} is not destroyed: it is bound to the load balancer, by an update that is not this driver's`,
    `find out who deployed ${member}'s stack (eks-blue-green status), delete its TargetGroupBindings, then go on ` +
      `with: ${session.options.commandName}`,
  );
}

/**
 * Of a member whose stack has no outputs nobody can say which targets are its own: one that belongs to nobody else may
 * be.
 * @throws Stop while there is any, or AWS does not tell
 */
export async function noneUnaccounted(session: Session, member: string, what: string): Promise<void> {
  const observation = await toldLook(session, plainLook, what);
  const silent = Object.values(observation.members).filter(
    ({ name, reachable }) => name !== member && !reachable && !isEvacuated(session, name),
  );
  if (silent.length > 0)
    throw new Stop(
      "EBG-GATE",
      `${what}: its stack has no outputs, so what is registered may be its own, and ` +
        `${silent.map(({ name, problem }) => `${name} can't be asked which targets it has (${problem})`).join("; ")}`,
      `${silent.map(({ name, refusal }) => refusal ?? `bring ${name}'s API server back, or: eks-blue-green evacuate ${name} --stack ` + `${session.environment.environment}`).join("; ")}; ` +
        `then go on with: ${session.options.commandName}`,
    );
  const strays = strangers(session.owners, observation);
  if (strays.length > 0)
    throw new Stop(
      "EBG-GATE",
      `${what}: its stack has no outputs, so it can't be asked, and ${counted(strays.length, "target")} may be ` +
        `its own, because no other member lists them: ${listing(strays)}`,
      `deploy it once more (pulumi up --stack ${session.environment.environment}-${member}), or deregister them ` +
        `by hand (aws elbv2 deregister-targets), then go on with: ${session.options.commandName}`,
    );
}

/**
 * Nodes are replaced during an upgrade, the control plane goes away for a while: nobody may be served by it, and its
 * kubelets must be near enough.
 */
function outOfTraffic(session: Session, observation: Observation, move: MemberMove): void {
  notRegistered(session, observation, move, "upgraded");
  const skew = skewProblem(observation, move.member, move.to.version ?? "");
  if (skew !== null)
    throw new Stop(
      "EBG-GATE",
      `${move.member} is not upgraded: ${skew}`,
      "upgrade its node groups first (aws eks update-nodegroup-version), then go on with: " +
        `${session.options.commandName}`,
    );
}

/** Its controller must outlive its Services: with the cluster gone nobody would delete what they own in AWS. */
async function loadBalancersReleased(session: Session, observation: Observation, move: MemberMove): Promise<void> {
  // Without its API server there are no Services to read: what they own in AWS was looked for instead.
  if (isEvacuated(session, move.member) && isDead(observation, move.member)) return;
  const member = session.members[move.member];
  const { record, environment } = session;
  const ownership = ownershipOf(record, environment.config);
  if (member === undefined || ownership.owner !== "service" || ownership.primary !== move.member) return;
  for (const { namespace, loadBalancerService } of ownedServices(environment.config, ownership)) {
    if ((await session.ports.kubernetes.readService(member, namespace, loadBalancerService)) !== null)
      throw new Stop(
        "EBG-TEARDOWN",
        `${move.member} is not destroyed: its Service ${namespace}/${loadBalancerService}, which owns a load ` +
          "balancer, is still there",
        session.options.commandName,
      );
  }
}

/** @throws Stop when the config wants what is about to be destroyed: approval of a retire is none of a lost way back */
function configAgrees({ record, environment, options }: Session, move: MemberMove): void {
  const wanted = environment.config.kubernetesVersion;
  const { rollout } = record;
  if (rollout === null || mayRetireAs(rollout, move.from.version, wanted)) return;
  const name = environment.environment;
  throw new Stop(
    "EBG-STOPPED",
    `${move.member} (${move.from.version ?? "?"}) is not destroyed: the config wants ${wanted}, and this rollout goes ` +
      `to ${rollout.wantedVersion}`,
    `take it back: ${typed(name, "rollback")}; or set eks-blue-green:kubernetesVersion to ${rollout.wantedVersion}, ` +
      `then go on with: ${options.commandName}`,
  );
}

/** Whether approved or not. @throws Stop */
async function isReadyToGo(session: Session, observation: Observation, move: MemberMove): Promise<void> {
  const teardown = session.policy.endsService;
  configAgrees(session, move);
  if (teardown && session.members[move.member] === undefined)
    await noneUnaccounted(session, move.member, `${move.member} is not destroyed`);
  if (teardown) await loadBalancersReleased(session, observation, move);
  else
    refuseRetiringPrimary(
      session.record,
      session.environment.config,
      [{ type: "move", ...move }],
      session.environment.environment,
    );
  const gone = decideGone(observation, session.owners, move.member, {
    evacuated: isEvacuated(session, move.member),
    tearsDown: teardown,
  }).decision;
  // Begun before its cluster came back: it is put in order by a command of its own.
  if (gone.status === "failed" && isEvacuated(session, move.member) && !teardown)
    throw new Stop(
      "EBG-GATE",
      `${move.member} is not destroyed: ${gone.message}`,
      `take this back: ${typed(session.environment.environment, "rollback")}; then ${gone.remedy}`,
    );
  if (gone.status !== "passed")
    throw new Stop(
      "EBG-GATE",
      `${move.member} is not destroyed: ${gone.message}`,
      gone.status === "failed"
        ? gone.remedy
        : `repair ${move.member}, then go on with: ` +
            `${session.options.commandName}${isDead(observation, move.member) ? orEvacuate(session, move.member) : ""}`,
    );
  if (!teardown) await stayersServe(session, move.member);
}

/** The look that it is done upon. @throws Stop */
async function mayRetire(
  session: Session,
  index: number,
  observation: Observation,
  move: MemberMove,
): Promise<Observation> {
  const { options, policy, rules } = session;
  // The answer may have taken hours, and a hook may have taken away what ran there.
  const again = async (): Promise<Observation> => {
    const now = await lookBefore(session, move);
    await refuseClaims(session, now, move.member);
    await isReadyToGo(session, now, move);
    return now;
  };
  await isReadyToGo(session, observation, move);
  // A teardown was confirmed as a whole, by the environment's name.
  const asks = !policy.endsService && rules.retire !== "automatic";
  if (asks && !(await options.approveRetire(move.member))) throw unapproved(session, observation, move);
  const hooked = await runHooks(session, index, move);
  const now = asks || hooked ? await again() : observation;
  // What others still run there nobody stops in order: destroying it cuts what clients have open, so a person says so.
  if (asks || policy.endsService || theirPods(now, move.member) === "") return now;
  if (!(await options.approveRetire(move.member))) throw unapproved(session, now, move);
  return await again();
}

/** What must still hold of a member whose end is in the record. */
function stillLeft(session: Session, observation: Observation, move: MemberMove): void {
  if (observation.members[move.member]?.reachable !== true) return;
  notRegistered(session, observation, move, "destroyed");
  // A provision that was turned around was never bound; whoever bound it since wants it.
  notBound(session, observation, move);
}

/**
 * The end of a half-made member is in the record from where the rollout turned around: of that nobody has looked for
 * what must be so before an end is begun. One that does not answer may be half destroyed, and is asked for nothing.
 */
async function mayGoOnRetiring(
  session: Session,
  index: number,
  observation: Observation,
  move: MemberMove,
): Promise<Observation> {
  stillLeft(session, observation, move);
  if (!mayBeTurned(session) || observation.members[move.member]?.reachable !== true) return observation;
  const again = async (): Promise<Observation> => {
    const now = await lookBefore(session, move);
    stillLeft(session, now, move);
    return now;
  };
  const now = (await runHooks(session, index, move)) ? await again() : observation;
  // Whoever turned the rollout around has asked, unless nobody is ever asked.
  if (session.rules.retire !== "automatic" || theirPods(now, move.member) === "") return now;
  if (!(await session.options.approveRetire(move.member))) throw unapproved(session, now, move);
  return await again();
}

function unapproved(session: Session, observation: Observation, { member }: MemberMove): Stop {
  // Of one that can't be asked nobody could stop the pods, which would have told their clients.
  const flows =
    isEvacuated(session, member) && observation.members[member]?.reachable !== true
      ? "; connections that clients still keep open to its pods are cut with its nodes: nobody could tell these " +
        "pods to close them"
      : theirPods(observation, member);
  return new Stop(
    "EBG-STOPPED",
    `everything is done but destroying ${member}, which needs approval${flows}`,
    `${session.options.commandName} --approve-retire`,
  );
}
