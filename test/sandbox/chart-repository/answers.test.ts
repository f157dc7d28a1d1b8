import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { parse } from "yaml";
import { archiveOf } from "../../../sandbox/chart-repository/archive";
import { chartFiles } from "../../../sandbox/chart-repository/chart";
import { ChartAnswers, chartVersions } from "../../../sandbox/chart-repository/answers";

/** Files of an archive, as `tar` unpacks them. */
function unpacked(archive: Buffer): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "ebg-chart-"));
  try {
    const file = join(folder, "chart.tgz");
    writeFileSync(file, archive);
    const run = spawnSync("tar", ["-xzvf", file, "-C", folder], { encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    const names = run.stdout.trim().split("\n");
    return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("the sandbox's chart repository", () => {
  const answers = new ChartAnswers("stand-in");
  const yaml = (path: string): unknown => parse(answers.of(path).body.toString());

  it("has an archive for every version of its index, whichever host and folder is asked", () => {
    const index = yaml("/eks-charts/index.yaml") as {
      entries: Record<string, { version: string; appVersion: string; urls: string[] }[]>;
    };
    const entries = index.entries["aws-load-balancer-controller"] ?? [];
    assert.equal(entries.length, chartVersions.length);
    for (const { version, appVersion, urls } of [entries[0], entries.at(-1)].flatMap((one) => one ?? [])) {
      const answer = answers.of(`/mirror/of/ours/${urls[0] ?? ""}`);
      assert.equal(answer.status, 200);
      const about = parse(unpacked(answer.body)["aws-load-balancer-controller/Chart.yaml"] ?? "") as object;
      assert.deepEqual(
        { ...about, description: "" },
        {
          apiVersion: "v2",
          name: "aws-load-balancer-controller",
          description: "",
          type: "application",
          version,
          appVersion,
        },
      );
    }
  });

  it("says what it has when it is asked for anything else", () => {
    for (const path of ["/eks-charts/aws-ebs-csi-driver-2.0.0.tgz", "/x/aws-load-balancer-controller-9.9.9.tgz", "/"])
      assert.equal(answers.of(path).status, 404, path);
    assert.match(answers.of("/").body.toString(), /aws-load-balancer-controller and nothing else/);
  });

  it("is an OCI registry too: manifest by tag and by digest, and blobs by what they are", () => {
    const name = "eks/charts/aws-load-balancer-controller";
    assert.equal(answers.of("/v2/").status, 200);
    const byTag = answers.of(`/v2/${name}/manifests/3.5.0`);
    const digest = byTag.headers?.["docker-content-digest"] ?? "";
    assert.deepEqual(answers.of(`/v2/${name}/manifests/${digest}`).body, byTag.body);
    const manifest = JSON.parse(byTag.body.toString()) as { layers: { digest: string; size: number }[] };
    const [layer] = manifest.layers;
    const blob = answers.of(`/v2/${name}/blobs/${layer?.digest ?? ""}`).body;
    assert.equal(blob.length, layer?.size);
    assert.equal(`sha256:${createHash("sha256").update(blob).digest("hex")}`, layer?.digest);
    assert.ok("aws-load-balancer-controller/values.yaml" in unpacked(blob));
    for (const path of [`/v2/${name}/manifests/0.0.1`, `/v2/eks/other/manifests/3.5.0`, `/v2/${name}/blobs/sha256:0`])
      assert.equal(answers.of(path).status, 404, path);
  });

  it("leaves access rules and webhooks to a real controller that is attached", () => {
    const [ours, theirs] = [chartFiles("3.5.0", "stand-in"), chartFiles("3.5.0", "external")];
    assert.deepEqual(
      Object.keys(ours).filter((name) => theirs[name] !== ours[name]),
      ["aws-load-balancer-controller/webhooks.json", "aws-load-balancer-controller/templates/rbac.yaml"],
    );
    assert.equal(theirs["aws-load-balancer-controller/webhooks.json"], "[]");
    assert.equal(theirs["aws-load-balancer-controller/templates/rbac.yaml"], undefined);
    assert.match(theirs["aws-load-balancer-controller/templates/webhook.yaml"] ?? "", /kind: Secret/, "pods mount it");
  });

  it("packs the same files to the same bytes, and refuses a path that the format can't hold", () => {
    const files = { "a/b.txt": "x".repeat(1000), "a/empty": "" };
    assert.deepEqual(archiveOf(files), archiveOf(files));
    assert.deepEqual(unpacked(archiveOf(files)), files);
    assert.throws(() => archiveOf({ ["x".repeat(101)]: "" }), /too long/);
  });
});
