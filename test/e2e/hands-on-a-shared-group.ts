/**
 * What people do by hand to clusters that share a target group, and must not: delete a ConfigMap, bind the group twice,
 * switch the flag off
 * on one side, switch the protection off. On a real sandbox `verify` names each one, moves that would build on it are
 * refused, and what the
 * finding's remedy says puts it right. Both members serve at the beginning and at the end.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, type Stage } from "./stage";

interface Finding {
  readonly code: string;
  readonly severity: string;
  readonly subject: string;
  readonly message: string;
  readonly remedy: string;
}
interface Verified {
  readonly verdict: string;
  readonly findings: readonly Finding[];
}

export function handsOnASharedGroup(opened: () => Stage): void {
  describe("faults of a shared target group, made by hand", function () {
    this.timeout(900_000);
    let stage: Stage;

    before(() => void (stage = opened()));

    const kubectl = (member: string, ...args: string[]): string => {
      const run = stage.command("kubectl", ["--context", `dev-${member}`, "-n", "web", ...args]);
      assert.equal(run.status, 0, run.stderr);
      return run.stdout;
    };
    /** Required findings; exit code and verdict agree with them. */
    function verify(requests = 0): readonly Finding[] {
      const run = stage.command(process.execPath, [
        join(__dirname, "../../bin/eks-blue-green.js"),
        "verify",
        "--stack",
        "dev",
        "--requests",
        String(requests),
        "--json",
      ]);
      const seen = JSON.parse(run.stdout) as Verified;
      return seen.findings.filter(({ severity }) => severity === "required");
    }
    // Without a sample there are findings that nothing is known of requests: those are not what is asked about here.
    const codes = (findings: readonly Finding[]): string[] =>
      [...new Set(findings.map(({ code, subject }) => `${code} ${subject}`))]
        .filter((one) => !/^EBG-V-(REQUESTS|REACH|SPREAD) /.test(one))
        .sort();
    const found = (code: string): Promise<Finding> =>
      eventually(
        `verify finds ${code}; it finds ${codes(verify()).join(", ")}`,
        () => verify().find((one) => `${one.code} ${one.subject}` === code) ?? null,
      );
    const good = (): Promise<true> =>
      eventually("verify finds nothing", () => (codes(verify()).length === 0 ? true : null));
    /**
     * What the runbook does when a controller's targets are not as they should be: its next pass computes everything
     * anew. For as long as the
     * controller goes by its cache of targets (five minutes, scaled) it changes nothing, so that it is done again.
     */
    const repaired = (...members: readonly string[]): Promise<true> =>
      eventually(`${members.join(" and ")} registered again`, () => {
        for (const member of members)
          kubectl(member, "annotate", "targetgroupbinding", "web", "elbv2.k8s.aws/checkpoint-");
        return codes(verify()).length === 0 ? true : null;
      });
    const targets = (): string[] =>
      stage
        .targetHealth()
        .filter(({ TargetHealth }) => TargetHealth.State !== "draining")
        .map(({ Target }) => Target.Id)
        .sort();
    const pods = (member: string): string[] =>
      kubectl(member, "get", "pods", "-o", "jsonpath={.items[*].status.podIP}").split(" ").sort();

    it("all is well to begin with", async () => {
      await good();
      assert.deepEqual(targets(), [...pods("blue"), ...pods("green")].sort());
    });

    it("a ConfigMap that is deleted: named, and harmless while its controller runs", async () => {
      kubectl("green", "delete", "configmap", "aws-lbc-targets-web");
      const finding = await found("EBG-V-CONFIGMAP green/web");
      assert.match(finding.message, /no ConfigMap web\/aws-lbc-targets-web/);
      assert.ok(finding.remedy.length > 0);
      assert.deepEqual(targets(), [...pods("blue"), ...pods("green")].sort());
      // The controller has its list in memory, and writes it down with the next change of its endpoints.
      kubectl("green", "rollout", "restart", "deployment/web");
      kubectl("green", "rollout", "status", "deployment/web", "--timeout=300s");
      await good();
    });

    it(
      "a second binding of the same group: refused without the flag, named with it; deleted, it takes the first " +
        "one's targets along",
      async () => {
        const arn = kubectl("green", "get", "targetgroupbinding", "web", "-o", "jsonpath={.spec.targetGroupARN}");
        const second = (flag: boolean): string => {
          const file = join(stage.info.dir, "second.json");
          writeFileSync(
            file,
            JSON.stringify({
              apiVersion: "elbv2.k8s.aws/v1beta1",
              kind: "TargetGroupBinding",
              metadata: { name: "second", namespace: "web" },
              spec: {
                targetGroupARN: arn,
                serviceRef: { name: "web", port: 8080 },
                ...(flag ? { multiClusterTargetGroup: true } : {}),
              },
            }),
          );
          return file;
        };
        const refused = stage.command("kubectl", ["--context", "dev-green", "create", "-f", second(false)]);
        assert.notEqual(refused.status, 0, "a binding without the flag beside one with it");
        kubectl("green", "create", "-f", second(true));
        assert.match((await found("EBG-V-BINDING green/web")).message, /second/);
        kubectl("green", "delete", "targetgroupbinding", "second");
        // Fact 33: the other binding does not notice.
        await found("EBG-V-TARGETS green/web");
        await eventually("green's targets are gone", () =>
          JSON.stringify(targets()) === JSON.stringify(pods("blue")) ? true : null,
        );
        await repaired("green");
      },
    );

    it(
      "the flag off on one side: the others' targets go, verify and the next move say so, and the flag brings no " +
        "harm back",
      async () => {
        const flag = (multiClusterTargetGroup: boolean): void => {
          const patch = JSON.stringify({ spec: { multiClusterTargetGroup } });
          kubectl("green", "patch", "targetgroupbinding", "web", "--type", "merge", "-p", patch);
        };
        flag(false);
        assert.match((await found("EBG-V-FLAG green/web")).message, /without multiClusterTargetGroup/);
        const drain = await stage.drive(["drain", "blue"]);
        assert.notEqual(drain.code, 0, "a move must not build on it");
        assert.match(`${drain.stderr}${JSON.stringify(drain.events)}`, /multiClusterTargetGroup/);
        assert.deepEqual(stage.record().placement["blue"]?.role, "active");
        flag(true);
        await repaired("green", "blue");
      },
    );

    it("the deletion protection off: named", async () => {
      const [arn = ""] = stage.arns("load-balancers");
      const set = (value: boolean): void =>
        assert.equal(
          stage.command("aws", [
            "elbv2",
            "modify-load-balancer-attributes",
            "--load-balancer-arn",
            arn,
            "--attributes",
            `Key=deletion_protection.enabled,Value=${value}`,
          ]).status,
          0,
        );
      set(false);
      await found("EBG-V-DELETION-PROTECTION dev");
      set(true);
      await good();
      // Left on, it is what stops a hand that deletes.
      assert.match(
        stage.command("aws", ["elbv2", "delete-load-balancer", "--load-balancer-arn", arn]).stderr,
        /OperationNotPermitted/,
      );
    });
  });
}
