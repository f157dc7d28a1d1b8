import assert from "node:assert/strict";
import { parseEnvironmentConfig } from "../../../../stacks/config";
import { accountNameOf, hasRole } from "../../../../stacks/config/keys/service-account";
import { devValues } from "../../mock-engine";
import { problemsIn } from "../problems-of";

const web = { name: "web", namespace: "web", image: "echo:1", port: 80, targetPort: 8080, replicas: 3 };
const roleArn = "arn:aws:iam::111122223333:role/shop/web";
const policyArns = ["arn:aws:iam::111122223333:policy/web", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"];
const readAll = (...services: object[]) =>
  parseEnvironmentConfig({ ...devValues, "eks-blue-green:services": JSON.stringify(services) }, { environment: "dev" })
    .services;
const read = (serviceAccount: object) => {
  const [service] = readAll({ ...web, serviceAccount });
  assert.ok(service !== undefined);
  return service;
};
const problemsOf = (...services: object[]): string[] => problemsIn(() => readAll(...services));

describe("a service account in the config", () => {
  it("is none where it is not given, and named as the service where it has no name", () => {
    const [plain] = readAll(web);
    assert.ok(plain !== undefined);
    assert.deepEqual([accountNameOf(plain), hasRole(plain)], [null, false]);
    assert.deepEqual([accountNameOf(read({})), hasRole(read({}))], ["web", false]);
    assert.equal(accountNameOf(read({ name: "shop" })), "shop");
    assert.ok(hasRole(read({ roleArn })) && hasRole(read({ policyArns })));
    assert.deepEqual(read({ policyArns }).serviceAccount, { policyArns });
  });

  const wrong: readonly [object, RegExp][] = [
    [{ name: "default" }, /serviceAccount\.name: can't be default/],
    [{ name: "Shop" }, /serviceAccount\.name: must be the name of a Kubernetes ServiceAccount/],
    [{ roleArn: "web" }, /roleArn: must be the ARN of an IAM role/],
    [{ policyArns: [] }, /policyArns: must be a list of at least 1/],
    [{ policyArns: [roleArn] }, /policyArns\[0\]: must be the ARN of an IAM policy/],
    [{ roleArn, policyArns }, /policyArns: can't be combined with roleArn/],
    [{ annotations: { "eks.amazonaws.com/role-arn": roleArn } }, /annotations\S+: is how a role is given by an OpenID/],
    [{ annotations: { a: 1 } }, /annotations\.a: must be a text/],
    [{ role: roleArn }, /serviceAccount\.role: is not a known key/],
  ];
  for (const [serviceAccount, message] of wrong)
    it(`refuses ${JSON.stringify(serviceAccount)}`, () => {
      const problems = problemsOf({ ...web, serviceAccount });
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", message);
    });

  it("is one service's alone in a namespace, and may have the same name in another", () => {
    const other = { ...web, name: "api", port: 81, serviceAccount: { name: "web" } };
    assert.deepEqual(problemsOf({ ...web, serviceAccount: {} }, other), [
      "services[1].serviceAccount.name: is the account of services[0] in the same namespace",
    ]);
    assert.deepEqual(problemsOf({ ...web, serviceAccount: {} }, { ...other, namespace: "api" }), []);
  });

  it("is never the load balancer controller's", () => {
    const name = "aws-load-balancer-controller";
    const inSystem = { ...web, namespace: "kube-system" };
    for (const change of [{ serviceAccount: { name } }, { podTemplate: { spec: { serviceAccountName: name } } }]) {
      assert.match(problemsOf({ ...inSystem, ...change }).join(), /is the load balancer controller's account/);
      assert.deepEqual(problemsOf({ ...web, ...change }), []);
    }
  });

  it("makes no role whose name IAM would refuse", () => {
    const name = `w${"x".repeat(31)}`;
    const longNamed = (serviceAccount: object) =>
      parseEnvironmentConfig(
        {
          ...devValues,
          "eks-blue-green:members": JSON.stringify(["b".repeat(32), "green"]),
          "eks-blue-green:services": JSON.stringify([{ ...web, name, serviceAccount }]),
        },
        { environment: "dev" },
      );
    assert.throws(
      () => longNamed({ policyArns }),
      /makes a role that is named after member and service: 65 characters/,
    );
    assert.ok(longNamed({ roleArn }));
  });

  it("is said once: a template that names another account is refused", () =>
    assert.match(
      problemsOf({ ...web, serviceAccount: {}, podTemplate: { spec: { serviceAccountName: "x" } } }).join(),
      /podTemplate\.spec\.serviceAccountName: is web by serviceAccount/,
    ));
});
