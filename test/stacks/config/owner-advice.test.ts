import assert from "node:assert/strict";
import { ownerAdvice } from "../../../stacks/config/owner-advice";
import { devValues } from "../mock-engine";

describe("what a config shall say once its load balancers were handed over", () => {
  const web = { name: "web", namespace: "web", image: "echo:1", port: 80, targetPort: 8080, replicas: 3 };
  const advice = (loadBalancer: object, services: readonly object[]): string | null =>
    ownerAdvice(
      {
        ...devValues,
        "eks-blue-green:loadBalancer": JSON.stringify(loadBalancer),
        "eks-blue-green:services": JSON.stringify(services),
      },
      "dev",
    );
  const service = { owner: "service" };
  const table: [string, object, object[], string | null][] = [
    ["the owner", service, [web], "set eks-blue-green:loadBalancer.owner to stack"],
    [
      "the owner, and no primary, which owner stack refuses",
      { ...service, primary: "green", scheme: "internal" },
      [web],
      "set eks-blue-green:loadBalancer.owner to stack and remove loadBalancer.primary",
    ],
    [
      "nothing: its service is existing, which needs owner service",
      service,
      [{ ...web, existing: { service: "shop", deployment: "shop" } }],
      null,
    ],
    [
      "nothing: two services have the same listener port",
      service,
      [web, { ...web, name: "api", namespace: "api" }],
      null,
    ],
    [
      "nothing: too many targets for one load balancer",
      service,
      [80, 81, 82].map((port) => ({ ...web, name: `web-${port}`, port, replicas: 84 })),
      null,
    ],
  ];
  for (const [name, loadBalancer, services, expected] of table)
    it(name, () => assert.equal(advice(loadBalancer, services), expected));
});
