import assert from "node:assert/strict";
import { typedNext } from "./robot";
import { scenarioOf } from "./scenario";
import { simulate } from "./simulate";

const members = ["blue", "green"];
const told = (remedy: string | null, outcome = "EBG-GATE") => ({ outcome, message: "", remedy });
const run = (name: "rollback" | "admit" | "drain", member: string | null = null) => ({
  kind: "run",
  asked: { name, member, percent: null },
  approves: false,
});

describe("the robot", function () {
  this.timeout(300_000);

  it("types the first command of a remedy that changes something, and nothing else", () => {
    const upgrade = { kind: "run", asked: null, approves: false };
    const table: [Parameters<typeof typedNext>[0], unknown][] = [
      [told("take it back: eks-blue-green rollback --stack dev; or go on"), run("rollback")],
      [told("eks-blue-green status shows it; then eks-blue-green admit green --stack dev"), run("admit", "green")],
      [told("eks-blue-green upgrade --approve-retire --stack dev"), { ...upgrade, approves: true }],
      [told("bring one in: eks-blue-green admit MEMBER"), { kind: "at a loss" }],
      [told("run the same command again"), run("drain", "blue")],
      [told("deploy it: pulumi up --stack dev-blue"), { kind: "deploy", members: ["blue"] }],
      [told("kubectl --context dev-blue -n web patch targetgroupbinding web"), { kind: "by hand" }],
      [told("bring its API server back"), { kind: "by hand" }],
      [told("repair the service"), { kind: "at a loss" }],
      [told(null, "killed"), run("drain", "blue")],
    ];
    for (const [what, expected] of table)
      assert.deepEqual(
        typedNext(what, { name: "drain", member: "blue", percent: null }, members),
        expected,
        what.remedy ?? "",
      );
  });

  it("arrives from seeds 1 to 60, wherever their faults left the record", async () => {
    let typed = 0;
    for (let seed = 1; seed <= 60; seed += 1) {
      const { violations, outcomes } = await simulate(scenarioOf(seed), { robot: true });
      assert.deepEqual(violations, [], `seed ${seed}: ${outcomes.join(", ")}`);
      if (outcomes.length > 1) typed += 1;
    }
    assert.ok(typed >= 20, `only ${typed} runs needed the robot`);
  });

  for (const [seed, what] of Object.entries({
    1497: "a controller is down while others are made larger for a drain",
    1509: "a controller is down while another member is being upgraded",
    1955: "the controller of the one that is to be drained is down while others get larger",
  }))
    it(`arrives from seed ${seed}: ${what}`, async () => {
      const { violations, outcomes } = await simulate(scenarioOf(Number(seed)), { robot: true });
      assert.deepEqual(violations, [], outcomes.join(", "));
    });

  for (const [name, remedy] of Object.entries({
    "a remedy that names no command": "repair what the message names",
    "a remedy that leads to a look and never on": "eks-blue-green verify --stack dev",
    "two remedies that send to a command that is refused": "eks-blue-green admit blue --stack dev",
  }))
    it(`catches the planted bug: ${name}`, async () => {
      for (let seed = 1; seed <= 40; seed += 1) {
        const { violations } = await simulate(scenarioOf(seed), {
          robot: true,
          garble: (told) => (told.outcome === "killed" ? told : { ...told, remedy }),
        });
        if (violations.some(({ rule }) => rule === "robot")) return;
      }
      assert.fail("40 runs, and nothing noticed");
    });
});
