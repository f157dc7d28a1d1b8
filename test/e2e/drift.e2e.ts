/**
 * What somebody changes by hand is found, repaired where that is safe, and named where it is not, with a remedy that
 * works. One sandbox.
 */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import type { DriverEvent } from "../../automation/events";
import type { Check } from "../../automation/verify/catalog";
import { eventually, Stage, type DriverRun } from "./stage";

interface TargetHealth {
  readonly TargetHealthDescriptions: readonly {
    readonly Target: { readonly Id: string; readonly Port: number };
    readonly TargetHealth: { readonly State: string };
  }[];
}
interface Verified {
  readonly code: number | null;
  readonly findings: readonly Check[];
}

describe("changed by hand", function () {
  this.timeout(10 * 60_000);
  let stage: Stage;
  let groupArn = "";

  before(async () => {
    stage = await Stage.open({ version: "1.34" });
    const run = await stage.drive(["up"]);
    assert.equal(run.code, 0, run.stderr);
    groupArn =
      stage.json<{ TargetGroups: { TargetGroupArn: string }[] }>("aws", [
        "elbv2",
        "describe-target-groups",
        "--output",
        "json",
      ]).TargetGroups[0]?.TargetGroupArn ?? "";
  });
  after(async () => stage?.close());

  const ok = (name: string, args: readonly string[]): string => {
    const run = stage.command(name, args);
    assert.equal(run.status, 0, `${name} ${args.join(" ")}: ${run.stdout}${run.stderr}`);
    return run.stdout;
  };
  const targets = (): { id: string; state: string }[] =>
    stage
      .json<TargetHealth>("aws", [
        "elbv2",
        "describe-target-health",
        "--target-group-arn",
        groupArn,
        "--output",
        "json",
      ])
      .TargetHealthDescriptions.map((one) => ({
        id: `${one.Target.Id}:${one.Target.Port}`,
        state: one.TargetHealth.State,
      }));
  const endpoints = (member: string): string[] =>
    stage
      .json<{ items: { endpoints: { addresses: string[] }[] | null; ports: { port: number }[] }[] }>("kubectl", [
        "--context",
        `dev-${member}`,
        "-n",
        "web",
        "get",
        "endpointslices",
        "-o",
        "json",
      ])
      .items.flatMap((slice) => (slice.endpoints ?? []).map((one) => `${one.addresses[0]}:${slice.ports[0]?.port}`))
      .sort();
  const takeOut = (id: string): void =>
    void ok("aws", [
      "elbv2",
      "deregister-targets",
      "--target-group-arn",
      groupArn,
      "--targets",
      `Id=${id.split(":")[0]},Port=${id.split(":")[1]}`,
    ]);
  const verify = (): Verified => {
    const run = stage.command(process.execPath, [
      resolve(__dirname, "../../bin/eks-blue-green.js"),
      "verify",
      "--stack",
      "dev",
      "--cwd",
      stage.projectDirectory,
      "--requests",
      "100",
      "--json",
    ]);
    return { code: run.status, findings: (JSON.parse(run.stdout) as { findings: Check[] }).findings };
  };
  const found = ({ findings }: Verified, code: string): Check => {
    const check = findings.find((one) => one.code === code);
    assert.ok(check, `${code} is not among ${JSON.stringify(findings, null, 1)}`);
    return check;
  };
  /** Types what the remedy says. */
  const follow = (remedy: string): void => {
    for (const command of remedy.split(" && ")) type(command);
  };
  const type = (command: string): void => {
    const words = command.split(" ").map((word) => word.replace(/^(blue|green)$/, "dev-$1"));
    const own = words.some((word) => word === "pulumi") ? ["--yes", "--skip-preview", "--non-interactive"] : [];
    ok("env", [...words, ...own]);
  };
  const notes = (run: DriverRun): string =>
    run.events.flatMap((event) => (event.kind === "note" ? [event.message] : [])).join("\n");
  const blueAfter = (run: DriverRun, text: RegExp, member: string): boolean => {
    const at = run.events.findIndex((event) => event.kind === "note" && text.test(event.message));
    return (
      at >= 0 &&
      run.events.slice(at).some((event) => event.kind === "targets" && (event.byMember[member]?.healthy ?? 0) === 3)
    );
  };

  it(
    "targets taken out before and during an upgrade under load: verify says how to get them back, the gates do it, " +
      "and no request is lost",
    async () => {
      const load = await stage.load();
      const [first = ""] = endpoints("blue");
      takeOut(first);
      const before = verify();
      assert.equal(before.code, 9);
      assert.match(found(before, "EBG-V-TARGETS").message, /taken out behind its back/);
      assert.match(
        found(before, "EBG-V-TARGETS").remedy ?? "",
        /annotate targetgroupbinding web elbv2\.k8s\.aws\/checkpoint-/,
      );
      stage.want("1.35");
      let second = "";
      const run = await stage.drive(["upgrade", "--approve-retire"], (event: DriverEvent) => {
        // Both serve now; the target that goes is one that green's controller has just registered, and has in its
        // cache.
        if (second !== "" || event.kind !== "gate" || !event.gate.startsWith("bake")) return;
        [second = ""] = endpoints("green");
        takeOut(second);
      });
      const summary = await load.stop();
      assert.equal(run.code, 0, run.stderr);
      assert.notEqual(second, "");
      assert.ok(
        run.events.some(
          (event) => event.kind === "finding" && event.code === "EBG-DRIFT" && event.message.includes(first),
        ),
        "the preflight did not name it",
      );
      for (const [member, id] of [
        ["blue", first],
        ["green", second],
      ] as const) {
        const text = new RegExp(
          `1 targets of ${member} were taken out of 'web' behind its controller's back ` +
            `\\(${id.replaceAll(".", "\\.")}\\): made its controller look again`,
        );
        assert.match(notes(run), text);
        assert.ok(blueAfter(run, text, member), `${member} never had three healthy targets after that`);
      }
      assert.deepEqual(
        targets()
          .filter((one) => one.state === "healthy")
          .map((one) => one.id)
          .sort(),
        endpoints("green"),
      );
      assert.equal(summary.void, false, `the load client starved: ${JSON.stringify(summary.schedulingLagMs)}`);
      assert.equal(summary.failed, 0, JSON.stringify(summary.firstFailures, null, 1));
      assert.equal(summary.idleResets, 0);
    },
  );

  it(
    "replicas changed by hand: an upgrade that would scale them is refused before it begins, and the remedy gives " +
      "them back",
    async () => {
      ok("kubectl", ["--context", "dev-green", "-n", "web", "scale", "deployment", "web", "--replicas=5"]);
      stage.want("1.36");
      const run = await stage.drive(["upgrade", "--approve-retire"]);
      assert.equal(run.code, 4, run.stderr);
      assert.match(run.stderr, /EBG-DRIFT: web on green has 5 replicas, and the config and the record say 3/);
      assert.equal(stage.record().rollout, null);
      const { remedy } = found(verify(), "EBG-V-REPLICAS-DRIFT");
      assert.ok(remedy !== null && run.stderr.includes(remedy), `${remedy}\n${run.stderr}`);
      // That it is needed: plain Pulumi neither sees nor gets the field.
      stage.want("1.35");
      const plain = stage.command("pulumi", [
        "up",
        "--yes",
        "--skip-preview",
        "--non-interactive",
        "--refresh",
        "-s",
        "dev-green",
      ]);
      assert.notEqual(plain.status, 0);
      assert.match(`${plain.stdout}${plain.stderr}`, /conflict/);
      follow(remedy);
      assert.equal(
        ok("kubectl", [
          "--context",
          "dev-green",
          "-n",
          "web",
          "get",
          "deployment",
          "web",
          "-o",
          "jsonpath={.spec.replicas}",
        ]),
        "3",
      );
      // The field is Pulumi's again: a move that scales it is no conflict.
      const scale = await stage.drive(["scale", "green", "--percent", "150"]);
      assert.equal(scale.code, 0, scale.stderr);
    },
  );

  it("tags taken away, and a controller's tags put on: named, and the remedies repair it", () => {
    ok("aws", ["elbv2", "remove-tags", "--resource-arns", groupArn, "--tag-keys", "eks-blue-green/environment"]);
    const [balancer = ""] = stage
      .json<{ LoadBalancers: { LoadBalancerArn: string }[] }>("aws", [
        "elbv2",
        "describe-load-balancers",
        "--output",
        "json",
      ])
      .LoadBalancers.map((one) => one.LoadBalancerArn);
    ok("aws", [
      "elbv2",
      "add-tags",
      "--resource-arns",
      balancer,
      "--tags",
      "Key=elbv2.k8s.aws/cluster,Value=dev-green",
    ]);
    const seen = verify();
    assert.equal(seen.code, 9);
    const tags = seen.findings.filter((one) => one.code === "EBG-V-TAGS");
    assert.deepEqual(
      tags.map((one) => one.severity),
      ["required", "recommended"],
    );
    assert.match(tags[0]?.message ?? "", /elbv2\.k8s\.aws\/cluster=dev-green, though this stack owns it/);
    follow((tags[0]?.remedy ?? "").split(", ")[0] ?? "");
    follow(tags[1]?.remedy ?? "");
    assert.deepEqual(
      verify().findings.filter((one) => one.code === "EBG-V-TAGS"),
      [],
    );
  });

  it(
    "a security-group rule revoked: targets fail, an upgrade is refused before it begins, verify names the rule's " +
      "place, and the remedy brings it back",
    async () => {
      const group = stage
        .json<{
          SecurityGroupRules: {
            GroupId: string;
            SecurityGroupRuleId: string;
            IsEgress: boolean;
            FromPort: number;
            ReferencedGroupInfo?: { GroupId: string };
          }[];
        }>("aws", ["ec2", "describe-security-group-rules", "--output", "json"])
        .SecurityGroupRules.filter(
          (rule) => !rule.IsEgress && rule.FromPort === 8080 && rule.ReferencedGroupInfo !== undefined,
        );
      assert.equal(group.length, 1, JSON.stringify(group));
      ok("aws", [
        "ec2",
        "revoke-security-group-ingress",
        "--group-id",
        group[0]?.GroupId ?? "",
        "--security-group-rule-ids",
        group[0]?.SecurityGroupRuleId ?? "",
      ]);
      await eventually("green's targets are unhealthy", () =>
        targets().every((one) => one.state !== "healthy") ? true : null,
      );
      stage.want("1.36");
      const run = await stage.drive(["upgrade", "--approve-retire"]);
      assert.equal(run.code, 4, run.stderr);
      assert.match(run.stderr, /no healthy target[\s\S]*eks-blue-green verify/);
      assert.equal(stage.record().rollout, null);
      const check = found(verify(), "EBG-V-SG-INGRESS");
      assert.match(check.message, new RegExp(`no rule of .*${group[0]?.GroupId}.* lets the load balancer in to`));
      stage.want("1.35");
      follow((check.remedy ?? "").split("; ")[0] ?? "");
      await eventually("green's targets are healthy again", () =>
        targets().every((one) => one.state === "healthy") ? true : null,
      );
      const after = verify();
      assert.equal(after.code, 0, JSON.stringify(after.findings, null, 1));
    },
  );

  it(
    "a binding and a Deployment deleted: an upgrade is refused before it begins, and `up`, which the remedy names, " +
      "brings them back",
    async () => {
      ok("kubectl", ["--context", "dev-green", "-n", "web", "delete", "targetgroupbinding,deployment", "--all"]);
      const plain = stage.command("pulumi", ["preview", "--non-interactive", "--expect-no-changes", "-s", "dev-green"]);
      assert.equal(plain.status, 0, `plain Pulumi sees it, so that nobody needs to look: ${plain.stdout}`);
      stage.want("1.36");
      const run = await stage.drive(["upgrade", "--approve-retire"]);
      assert.equal(run.code, 4, run.stderr);
      for (const kind of ["TargetGroupBinding", "Deployment"])
        assert.match(
          run.stderr,
          new RegExp(`EBG-DRIFT: the ${kind} of 'web' on green is gone, though its stack declares it`),
        );
      assert.match(run.stderr, /eks-blue-green up --stack dev declares it again/);
      assert.equal(stage.record().rollout, null);
      stage.want("1.35");
      const up = await stage.drive(["up"]);
      assert.equal(up.code, 0, up.stderr);
      assert.deepEqual(
        targets()
          .filter((one) => one.state === "healthy")
          .map((one) => one.id)
          .sort(),
        endpoints("green"),
      );
      assert.equal(await stage.request("/"), 200);
      assert.equal(verify().code, 0);
    },
  );
});
