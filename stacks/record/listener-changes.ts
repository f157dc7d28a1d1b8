/** What a wanted config may not change about the load balancer and its listeners in a deployed environment. Pure. */
import type { Problem } from "../../components/internal/problems";
import { trafficOf, typeOf } from "../config/listeners";
import { portsOf } from "../config/target-groups";
import type { EnvironmentConfig, ServiceConfig } from "../config/types";
import { describeMove } from "./moves";
import type { EnvironmentRecord } from "./types";

const moveToNew = "Keep the deployed value; to change it, build a second environment and move clients to it by DNS";

const cantChange = (path: string, was: unknown, is: unknown, what: string, remedy = moveToNew): Problem => ({
  path,
  value: is,
  rule: `can't change on a deployed environment (it is ${JSON.stringify(was)}): ${what}`,
  remedy,
});

const besideIt = "Keep it; add a service of another name beside it and move clients to that";

/** A listener, or a rule of one, that is deployed stays where it is: routes are known by it, and it is protected. */
function routeProblems(service: ServiceConfig, same: ServiceConfig, path: string): Problem[] {
  const problems: Problem[] = [];
  const [was, is] = [service, same].map((one) => portsOf(one).map(({ port }) => port)) as [number[], number[]];
  const gone = was.filter((port) => !is.includes(port));
  if (gone.length > 0)
    problems.push(
      cantChange(
        `${path}.${same.ports === undefined ? "port" : "ports"}`,
        was,
        is,
        "on an Application Load Balancer the route of the former port would be deleted",
        besideIt,
      ),
    );
  if ((service.match === undefined) !== (same.match === undefined))
    problems.push(
      cantChange(
        `${path}.match`,
        service.match?.priority ?? null,
        same.match?.priority ?? null,
        "between a rule and the listener's default action requests would go nowhere for a while",
        "Keep it; what match says may change, and priorities as well",
      ),
    );
  return problems;
}

/** The provider changes rules one by one, in no order: a number that is given up and taken in one update collides. */
function priorityProblems(current: EnvironmentConfig, wanted: EnvironmentConfig): Problem[] {
  return wanted.services.flatMap((service, index): Problem[] => {
    const { match } = service;
    if (match === undefined) return [];
    const former = current.services.find(
      ({ name, match: theirs, ...other }) =>
        name !== service.name &&
        theirs?.priority === match.priority &&
        portsOf(other).some(({ port }) => portsOf(service).some((own) => own.port === port)),
    );
    if (former === undefined) return [];
    return [
      {
        path: `services[${index}].match.priority`,
        value: match.priority,
        rule: `is that of service '${former.name}' as deployed: two rules of a port can't exchange numbers in one update`,
        remedy: "Choose a free number now; when that is deployed, the other one is free",
      },
    ];
  });
}

/** The aws provider goes on sending the former security policy, which AWS refuses of an HTTP listener (#1851 there). */
function httpsProblems(current: EnvironmentConfig, wanted: EnvironmentConfig): Problem[] {
  const [was, is] = [current, wanted].map(({ loadBalancer }) => loadBalancer?.https?.ports ?? []);
  const plain = (was ?? []).filter(
    (port) =>
      is?.includes(port) !== true &&
      wanted.services.some((service) => portsOf(service).some((own) => own.port === port)),
  );
  if (plain.length === 0) return [];
  return [
    cantChange("loadBalancer.https.ports", was, is, "a listener that speaks HTTPS can't be made one of HTTP", besideIt),
  ];
}

/** While weights are on their way, actions stay as they are: a new group would be in none, and an old one still in use. */
export function membersBesideShift(
  { intent }: Pick<EnvironmentRecord, "intent">,
  deployed: readonly string[],
  wanted: readonly string[],
): Problem[] {
  if (intent?.move.kind !== "shift" || [...deployed].sort().join() === [...wanted].sort().join()) return [];
  return [
    {
      path: "members",
      value: wanted,
      rule: `can't change while '${describeMove(intent.move)}' is open`,
      remedy: `Keep ${deployed.join(", ")} until it is done: eks-blue-green status names the command`,
    },
  ];
}

export function listenerProblems(current: EnvironmentConfig, wanted: EnvironmentConfig): Problem[] {
  const problems: Problem[] = [];
  if (trafficOf(current) !== trafficOf(wanted))
    problems.push(
      cantChange("traffic", trafficOf(current), trafficOf(wanted), "members would have other target groups at once"),
    );
  if (typeOf(current) !== typeOf(wanted)) {
    const what = "the load balancer and all target groups would be replaced";
    return [...problems, cantChange("loadBalancer.type", typeOf(current), typeOf(wanted), what)];
  }
  if (typeOf(current) === "network") return problems;
  for (const service of current.services) {
    const index = wanted.services.findIndex(({ name }) => name === service.name);
    const same = wanted.services[index];
    if (same !== undefined) problems.push(...routeProblems(service, same, `services[${index}]`));
  }
  return [...problems, ...httpsProblems(current, wanted), ...priorityProblems(current, wanted)];
}
