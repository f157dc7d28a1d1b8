import assert from "node:assert/strict";
import { excusedBy, worseAnswers } from "../../../automation/observation/baseline";
import type { Baseline } from "../../../stacks/record";

const before = (failed: number, statuses?: readonly number[]): Baseline => ({
  targets: { blue: { web: { registered: 3, healthy: 2 } } },
  requests: { web: { sent: 16, failed, ...(statuses === undefined ? {} : { statuses }) } },
  alarms: ["old"],
});
const answers = (failed: number, statuses: readonly number[]) => ({
  sent: 32,
  failed,
  firstFailure: failed > 0 ? "status 500" : null,
  statuses,
});

describe("what was so before a rollout", () => {
  const cases: readonly {
    readonly name: string;
    readonly times: readonly Baseline[];
    readonly now: ReturnType<typeof answers>;
    readonly worse: RegExp | null;
  }[] = [
    { name: "all answered, one fails now", times: [before(0, [200])], now: answers(1, [200, 500]), worse: /1 of 32/ },
    { name: "nobody looked, one fails now", times: [], now: answers(1, [500]), worse: /1 of 32/ },
    { name: "half failed, half fail now", times: [before(8)], now: answers(16, [200, 500]), worse: null },
    { name: "half failed, all fail now", times: [before(8)], now: answers(32, [500]), worse: /32 of 32/ },
    { name: "all failed, all fail now", times: [before(16)], now: answers(32, [500]), worse: null },
    {
      name: "200 before, 404 now",
      times: [before(0, [200])],
      now: answers(0, [200, 404]),
      worse: /status 404.*\(200\)/,
    },
    { name: "200 before, 401 now", times: [before(0, [200])], now: answers(0, [401]), worse: /status 401/ },
    { name: "404 before, 404 now", times: [before(0, [404])], now: answers(0, [404]), worse: null },
    { name: "200 before, 302 now", times: [before(0, [200])], now: answers(0, [302]), worse: null },
    { name: "codes were not kept, 404 now", times: [before(0)], now: answers(0, [404]), worse: null },
    {
      name: "200 before the rollout, 404 when it turned, 404 now",
      times: [before(0, [200]), before(0, [200, 404])],
      now: answers(0, [404]),
      worse: /status 404/,
    },
  ];
  for (const { name, times, now, worse } of cases)
    it(`${worse === null ? "is no worse" : "is worse"} when ${name}`, () => {
      const found = worseAnswers("web", now, excusedBy(times));
      if (worse === null) assert.equal(found, null);
      else assert.match(found ?? "", worse);
    });

  it("excuses as many sick targets as there were, alarms that rang, and no member that nobody counted", () => {
    const excused = excusedBy([before(0)]);
    assert.deepEqual([excused.sick("blue", "web"), excused.sick("green", "web")], [1, 0]);
    assert.deepEqual([excused.rang("old"), excused.rang("new")], [true, false]);
    assert.deepEqual([excused.had("blue", "web"), excused.had("green", "web")], [2, null]);
    assert.equal(excused.dead("blue", "web"), false);
  });
});
