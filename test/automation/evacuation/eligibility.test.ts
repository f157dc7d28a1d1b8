import assert from "node:assert/strict";
import fc from "fast-check";
import { sharedGroups } from "../group-refs";
import { candidatesOf, mayEvacuate, prove, withoutOpenMove } from "../../../automation/evacuation/eligibility";
import type { DriverError } from "../../../automation/errors";
import type { MemberObservation, Observation } from "../../../automation/observation/observe";
import { learnOwners, noOwners } from "../../../automation/observation/target-owners";
import type { AddressOwner } from "../../../automation/ports";
import type { EnvironmentRecord } from "../../../stacks/record";
import { blueIds, dead, greenIds, member, observation } from "./scene";

const active = { role: "active", version: "1.34", workload: "running" } as const;
const record: EnvironmentRecord = {
  schemaVersion: 1,
  revision: 3,
  placement: { blue: active, green: active },
  rollout: null,
  intent: null,
};
const request = { environment: "dev", member: "blue", controllerIsStopped: false, roleName: "blue-role" };
const refusing = (name: string): MemberObservation => ({
  ...dead(name),
  problem: `${name} refuses GET /version: 401 Unauthorized`,
  refusal: "get an access entry",
});
const deadBlue = observation([dead("blue"), member("green", greenIds)]);

function refusal(seen: Observation, of: EnvironmentRecord = record, asked = request): DriverError {
  try {
    mayEvacuate(of, seen, learnOwners(noOwners, seen), asked);
  } catch (error) {
    return error as DriverError;
  }
  throw new assert.AssertionError({ message: "not refused" });
}
const owner = (...clusters: string[]): AddressOwner => ({ clusters, via: "eni-1 on i-1" });

describe("evacuate: whether it may be done", () => {
  it("may, when the API server or the controller is dead and another member is healthy; and says why", () => {
    const owners = learnOwners(noOwners, deadBlue);
    assert.equal(
      mayEvacuate(record, deadBlue, owners, request),
      "its API server does not answer: connect ECONNREFUSED",
    );
    const noController = observation([
      member("blue", blueIds, { controller: { available: false, version: "3.5.0", message: "0 of 2 pods ready" } }),
      member("green", greenIds),
    ]);
    assert.equal(
      mayEvacuate(record, noController, learnOwners(noOwners, noController), request),
      "its load balancer controller does not run: 0 of 2 pods ready",
    );
  });

  const sick = Object.fromEntries(greenIds.map((id) => [id, "unhealthy"]));
  const move = { kind: "admit", member: "green", from: { ...active, role: "standby" }, to: active } as const;
  const rollout = {
    id: "r",
    strategy: "replace",
    wantedVersion: "1.35",
    steps: [{ type: "move", ...move }],
    done: 0,
    direction: "forward",
    reason: null,
    startedAt: "2026-01-01",
  } as const;
  const intent = { move, step: 0, startedAt: "2026-01-01T00:00:00Z", by: "ann@ci 7", targetsBefore: {} };
  const cases: readonly (readonly [string, () => DriverError, RegExp])[] = [
    [
      "it is well",
      () => refusal(observation([member("blue", blueIds), member("green", greenIds)])),
      /it needs no evacuation → eks-blue-green drain blue --stack dev/,
    ],
    [
      "it refuses the caller, which is no sign of death",
      () => refusal(observation([refusing("blue"), member("green", greenIds)])),
      /blue can't be asked \(blue refuses GET \/version: 401 Unauthorized\).* → get an access entry/,
    ],
    [
      "it stands by and refuses the caller",
      () =>
        refusal(observation([refusing("blue"), member("green", greenIds)]), {
          ...record,
          placement: { blue: { ...active, role: "standby" }, green: active },
        }),
      /→ get an access entry/,
    ],
    [
      "another one refuses the caller",
      () => refusal(observation([dead("blue"), refusing("green")])),
      /green can't be asked either.* → get an access entry; its targets/,
    ],
    [
      "nobody else is healthy",
      () => refusal(observation([dead("blue"), member("green", greenIds)], sick)),
      /without blue nobody would serve 'web' \(green: unhealthy\)/,
    ],
    [
      "nobody else is active",
      () => refusal(deadBlue, { ...record, placement: { blue: active, green: { ...active, role: "standby" } } }),
      /no other member is active/,
    ],
    [
      "another one does not answer either",
      () => refusal(observation([dead("blue"), dead("green")])),
      /green can't be asked either/,
    ],
    [
      "its role is not known",
      () => refusal(deadBlue, record, { ...request, roleName: null } as never),
      /role of blue's controller is not known.*--controller-is-stopped/,
    ],
    [
      "a move of another member is open, and that one does not serve",
      () => refusal(observation([dead("blue"), member("green", greenIds)], sick), { ...record, rollout, intent }),
      /'admit green' is open \(since 2026-01-01T00:00:00Z, by ann@ci 7\).*eks-blue-green upgrade --stack dev/,
    ],
    ["there is no such member", () => refusal(deadBlue, record, { ...request, member: "red" }), /no member 'red'/],
    [
      "it is out already, and can be asked",
      () =>
        refusal(observation([member("blue", []), member("green", greenIds)]), {
          ...record,
          placement: { blue: { ...active, role: "standby" }, green: active },
        }),
      /blue is standby/,
    ],
  ];
  for (const [name, work, expected] of cases) {
    it(`refuses when ${name}`, () => {
      const error = work();
      assert.equal(error.code, "EBG-EVACUATE");
      assert.match(`${error.message} → ${error.remedy}`, expected);
    });
  }

  it("may, when it refuses everybody and somebody vouches for its controller's end", () => {
    const seen = observation([refusing("blue"), member("green", greenIds)]);
    assert.match(
      mayEvacuate(record, seen, learnOwners(noOwners, seen), { ...request, controllerIsStopped: true }),
      /it can't be asked: blue refuses GET \/version: 401/,
    );
  });

  it("may, when it stands by and its cluster is gone; and when it was killed between the two", () => {
    const owners = learnOwners(noOwners, deadBlue);
    const standby = { ...record, placement: { blue: { ...active, role: "standby" as const }, green: active } };
    assert.match(mayEvacuate(standby, deadBlue, owners, request), /does not answer/);
    const own = { ...move, member: "blue" };
    const halfIn = {
      ...standby,
      rollout: { ...rollout, steps: [{ type: "move" as const, ...own }] },
      intent: { ...intent, move: own },
    };
    const noController = observation([
      member("blue", blueIds, { controller: { available: false, version: "3.5.0", message: "0 of 2 pods ready" } }),
      member("green", greenIds),
    ]);
    assert.match(
      mayEvacuate(halfIn, noController, learnOwners(noOwners, noController), request),
      /controller does not run/,
    );
  });

  it("takes a person's word where the role is not known", () => {
    assert.match(
      mayEvacuate(record, deadBlue, learnOwners(noOwners, deadBlue), {
        ...request,
        roleName: null,
        controllerIsStopped: true,
      }),
      /does not answer/,
    );
  });
});

describe("evacuate: in the middle of something, and per service", () => {
  const standby = { ...active, role: "standby" } as const;
  const open = (kind: "admit" | "upgrade", of: string, rest: EnvironmentRecord["placement"]): EnvironmentRecord => {
    const move = { kind, member: of, from: standby, to: kind === "admit" ? active : standby };
    return {
      ...record,
      placement: { ...rest, [of]: standby },
      rollout: {
        id: "r",
        strategy: "replace",
        wantedVersion: "1.35",
        steps: [{ type: "move", ...move }],
        done: 0,
        direction: "forward",
        reason: null,
        startedAt: "2026-01-01",
      },
      intent: { move, step: 0, startedAt: "2026-01-01T00:00:00Z", by: "ann@ci 7", targetsBefore: {} },
    };
  };
  const may = (seen: Observation, of: EnvironmentRecord): string =>
    mayEvacuate(of, seen, learnOwners(noOwners, seen), request);

  it("may, while the other member comes in and is healthy; that one counts as in traffic from then on", () => {
    const admitting = open("admit", "green", { blue: active });
    assert.match(may(deadBlue, admitting), /does not answer/);
    assert.equal(withoutOpenMove(admitting).placement["green"]?.role, "active");
  });

  it("may, while a move of a second member can't end and a third one is healthy", () => {
    const cases: [string[], RegExp | null][] = [
      [["amber"], null],
      [[], /'upgrade green' is open/],
    ];
    for (const [healthy, refused] of cases) {
      const seen = observation([dead("blue"), member("green", []), member("amber", greenIds)], {
        ...(healthy.length === 0 ? Object.fromEntries(greenIds.map((id) => [id, "unhealthy"])) : {}),
      });
      const upgrading = open("upgrade", "green", { blue: active, amber: active });
      if (refused === null) assert.match(may(seen, upgrading), /does not answer/);
      else assert.match(refusal(seen, upgrading).message, refused);
    }
  });

  it("asks service by service: nobody may lose its last healthy member, and what is sick everywhere is no reason", () => {
    const reports = (state: string, id: string) => ({
      id,
      state: state as "healthy",
      reason: null,
      description: null,
    });
    const [blueReport, greenReport] = ["10.0.1.1:81", "10.0.2.1:81"];
    const service = { declaredBinding: "reports", bindings: [], deployment: null, pods: 0 };
    const green = member("green", greenIds);
    const withReports = {
      ...green.services,
      reports: { ...service, recorded: [greenReport], endpoints: [greenReport] },
    };
    const seen = (blueState: string, greenState: string): Observation => {
      const both = observation([dead("blue"), { ...green, services: withReports } as MemberObservation]);
      return {
        ...both,
        groupOf: sharedGroups("web", "reports"),
        groups: { ...both.groups, reports: [reports(blueState, blueReport), reports(greenState, greenReport)] },
      };
    };
    assert.match(may(seen("unhealthy", "unhealthy"), record), /does not answer/, "sick on both, for weeks");
    assert.match(may(seen("healthy", "healthy"), record), /does not answer/);
    assert.match(refusal(seen("healthy", "unhealthy")).message, /nobody would serve 'reports' \(green: unhealthy\)/);
  });
});

describe("evacuate: which targets", () => {
  it("asks EC2 about what another member claims: a list that anybody may write proves nothing", () => {
    // Green's ConfigMap lists blue's addresses, too.
    const seen = observation([dead("blue"), member("green", [...greenIds, ...blueIds])]);
    const candidates = candidatesOf(seen, "blue");
    assert.deepEqual(candidates.claimed["web"], [...blueIds, ...greenIds].sort());
    const owners = { ...Object.fromEntries(blueIds.map((id) => [id, owner("dev-blue")])) };
    const found = prove(candidates, { ...owners, [greenIds[0]!]: owner("dev-green") }, "dev-blue");
    assert.deepEqual(found.targets["web"], blueIds);
    assert.deepEqual(
      found.wronglyClaimed,
      blueIds.map((id) => `web|${id}`),
    );
  });

  it("takes what EC2 says is the cluster's, and names the rest", () => {
    const found = prove(candidatesOf(deadBlue, "blue"), { [blueIds[0]!]: owner("dev-blue") }, "dev-blue");
    assert.deepEqual(found.targets, { web: [blueIds[0]] });
    assert.deepEqual(found.unproven, [`${blueIds[1]} in 'web': EC2 knows no interface with this address`]);
  });

  it("does not believe the member's own list against EC2", () => {
    const seen = observation([member("blue", blueIds), member("green", greenIds)]);
    const found = prove(candidatesOf(seen, "blue"), { [blueIds[0]!]: owner("dev-red") }, "dev-blue");
    assert.deepEqual(found.targets, { web: [blueIds[1]] });
    assert.match(found.unproven[0] ?? "", /belongs to dev-red/);
  });

  it("takes one that another lists only when EC2 says so, and never one that EC2 gives to another cluster", () => {
    const ids = [...blueIds, ...greenIds];
    const someIds = fc.subarray(ids);
    const owners = fc.dictionary(
      fc.constantFrom(...ids),
      fc.subarray(["dev-blue", "dev-green"]).map((clusters) => owner(...clusters)),
    );
    fc.assert(
      fc.property(someIds, someIds, someIds, fc.boolean(), owners, (own, recorded, ready, answers, known) => {
        const green = member("green", [], {
          services: {
            web: { declaredBinding: "web", bindings: [], recorded, endpoints: ready, deployment: null, pods: 0 },
          },
        });
        const { targets } = prove(
          candidatesOf(observation([answers ? member("blue", own) : dead("blue"), green]), "blue"),
          known,
          "dev-blue",
        );
        for (const id of targets["web"] ?? []) {
          if (recorded.includes(id) || ready.includes(id)) assert.deepEqual(known[id]?.clusters, ["dev-blue"]);
          assert.ok(!(known[id]?.clusters ?? []).includes("dev-green"));
          assert.ok((known[id]?.clusters ?? []).includes("dev-blue") || (answers && own.includes(id)));
        }
      }),
    );
  });
});
