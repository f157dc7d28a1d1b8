import assert from "node:assert/strict";
import { type TargetsApi, TargetCache } from "../../../../sandbox/load-balancer-controller/aws/target-cache";
import { addressOf } from "../../../../sandbox/load-balancer-controller/types";

describe("TargetCache, fact 6", () => {
  it(
    "doesn't see foreign registrations until its entry is too old, and asks again only for targets that aren't " +
      "healthy",
    async () => {
      const states = new Map([
        ["10.0.0.1:80", "healthy"],
        ["10.0.0.2:80", "initial"],
      ]);
      const asked: (number | "all")[] = [];
      const api: TargetsApi = {
        describe: (_arn, only) => {
          asked.push(only ? only.length : "all");
          const names = only ? only.map(addressOf) : [...states.keys()];
          return Promise.resolve(
            names.map((name) => ({
              id: name.split(":")[0] ?? "",
              port: 80,
              state: states.get(name) ?? "unused",
              notRegistered: !states.has(name),
            })),
          );
        },
        register: () => Promise.resolve(),
        deregister: () => Promise.resolve(),
      };
      let now = 0;
      const cache = new TargetCache(api, 100, () => now);
      await cache.list("arn");
      states.set("10.0.0.3:80", "healthy");
      states.delete("10.0.0.1:80");
      states.delete("10.0.0.2:80");
      assert.deepEqual((await cache.list("arn")).map(addressOf), ["10.0.0.1:80"]);
      now = 100;
      assert.deepEqual((await cache.list("arn")).map(addressOf), ["10.0.0.3:80"]);
      assert.deepEqual(asked, ["all", 1, "all"]);
    },
  );
});
