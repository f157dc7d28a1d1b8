import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { annotateProtection } from "../../../automation/text/annotate";
import { asLines, harmless, oneLine, visible } from "../../../automation/text/foreign";
import { kubectl } from "../../../automation/text/kubectl";
import { shell, shellQuote } from "../../../automation/text/shell";

describe("foreign text", () => {
  it("shows control characters instead of sending them", () => {
    assert.equal(visible("\u001b[2J\u0007a\u009b31m\tb\u0000\r\n"), "\\x1b[2J\\x07a\\x9b31m\tb\\x00\n");
    assert.equal(visible("safe \u202Eelif"), "safe \\u202eelif");
    assert.equal(visible("a\rb"), "a\\x0db");
  });
  it("is one line, and not a long one, where it stands in a sentence", () => {
    assert.equal(oneLine(" no\nroute\r\nhere "), "no⏎route⏎here");
    assert.equal(oneLine("x".repeat(300)).length, 200);
    assert.equal(oneLine("🙂".repeat(300), 3), "🙂🙂…");
  });
  for (const command of [
    "::add-mask::x",
    "  ::stop-commands::t",
    "a ##vso[task.setvariable]x",
    "##[error]x",
    "##teamcity[x]",
  ])
    it(`is no command of a CI system: ${command}`, () => {
      const text = harmless(command);
      assert.doesNotMatch(text, /^\s*::|##\[|##vso\[|##teamcity\[/i);
    });
  it("stays what it was when nothing in it steers", () => {
    for (const text of ["std::vector", "# heading", "### 3", "a: :b", "émile ✔ 名前"])
      assert.equal(harmless(visible(text)), text);
  });
  it("begins no line of its own", () => {
    assert.deepEqual(asLines("EBG-X: first\n::error::x\n\n##[group]"), [
      "EBG-X: first",
      "  : :error::x",
      "",
      "  # #[group]",
    ]);
  });
});

describe("commands in remedies", () => {
  it("quote whatever is put in, and nothing that needs it not", () => {
    assert.equal(shell`kubectl -n ${"web"} get pod ${"a;id>/tmp/x"}`, "kubectl -n web get pod 'a;id>/tmp/x'");
    assert.equal(
      shellQuote("arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/b"),
      "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/b",
    );
    assert.equal(kubectl("dev-blue"), "kubectl --context dev-blue");
    assert.equal(kubectl("a b", "-n;"), "kubectl --context 'a b' -n '-n;'");
  });
  it("give the shell one word, whatever it is", () => {
    const words = fc.array(
      fc.string({ unit: "binary", minLength: 0, maxLength: 20 }).filter((word) => !/[\0\ud800-\udfff]/.test(word)),
      {
        minLength: 1,
        maxLength: 20,
      },
    );
    fc.assert(
      fc.property(words, (all) => {
        const script = `for word in ${all.map(shellQuote).join(" ")}; do printf '%s\\0' "$word"; done`;
        const run = spawnSync("sh", ["-c", script], { encoding: "utf8" });
        assert.deepEqual(run.stdout.split("\0").slice(0, -1), all);
      }),
      { numRuns: 50 },
    );
  });
  it("don't repeat an annotation's value that no load balancer has", () => {
    const service = { namespace: "web", name: "web" };
    const annotation = "service.beta.kubernetes.io/aws-load-balancer-attributes";
    const hostile = annotateProtection("dev-blue", service, { [annotation]: "a.b=true;id>/tmp/x;#" });
    assert.doesNotMatch(hostile, /id>/);
    assert.match(hostile, /get service web -o yaml.*write it anew with deletion_protection\.enabled=true/);
    assert.equal(
      annotateProtection("dev-blue", service, { [annotation]: "load_balancing.cross_zone.enabled=true" }),
      `kubectl --context dev-blue -n web annotate --overwrite service web ${annotation}=load_balancing.cross_zone.enabled=true,deletion_protection.enabled=true`,
    );
  });
});
