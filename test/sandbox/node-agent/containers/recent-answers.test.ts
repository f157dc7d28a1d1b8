import assert from "node:assert/strict";
import { RecentAnswers } from "../../../../sandbox/node-agent/containers/recent-answers";

describe("what a program has just answered", () => {
  it("is the answer to the same question, also while it is under way; a question of long ago is put again", async () => {
    let now = 0;
    const put: string[] = [];
    const answers = new RecentAnswers(150, () => now);
    const ask = (question: string, answer: boolean): Promise<boolean> =>
      answers.ask(question, () => {
        put.push(`${question} at ${now}`);
        return Promise.resolve(answer);
      });
    const first = ask("GET /healthz", true);
    const beside = ask("GET /healthz", false);
    now = 149;
    assert.deepEqual(await Promise.all([first, beside, ask("GET /healthz", false)]), [true, true, true]);
    assert.equal(await ask("GET /ready", false), false, "another question is another one");
    now = 150;
    assert.equal(await ask("GET /healthz", false), false);
    assert.deepEqual(put, ["GET /healthz at 0", "GET /ready at 149", "GET /healthz at 150"]);
  });

  it("is a failure for all who asked", async () => {
    const answers = new RecentAnswers(150, () => 0);
    const asked = [1, 2].map(() => answers.ask("x", () => Promise.reject(new Error("reset"))));
    for (const one of asked) await assert.rejects(one, /reset/);
  });
});
