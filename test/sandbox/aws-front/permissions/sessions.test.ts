/** Keys that were got in exchange for others, and those of controllers: each may do what its owner may, and no more. */
import assert from "node:assert/strict";
import { DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { EKSClient, ListClustersCommand } from "@aws-sdk/client-eks";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  ListUsersCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { Principals } from "../../../../sandbox/aws-front/permissions/principals";
import { accountId, credentials, hasCode, region, useRig } from "../rig";

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}
interface Answered {
  readonly AccessKeyId?: string;
  readonly SecretAccessKey?: string;
  readonly SessionToken?: string;
}
const keysOf = (answer: Answered | undefined): Keys => ({
  accessKeyId: answer?.AccessKeyId ?? "",
  secretAccessKey: answer?.SecretAccessKey ?? "",
  ...(answer?.SessionToken === undefined ? {} : { sessionToken: answer.SessionToken }),
});
/** What AWS's documentation has, and moto answers everybody with. */
const documented = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };

describe("AWS front, sessions", function () {
  this.timeout(60_000);
  const controller = { accessKeyId: "AKIASANDBOXCONTROLLER", secretAccessKey: "the controller's" };
  const rig = useRig(() => ({
    controllerOf: (id) => (id === controller.accessKeyId ? "gone" : null),
    controllerSecret: (id) => (id === controller.accessKeyId ? controller.secretAccessKey : null),
  }));
  const settings = (keys: Keys) => ({ endpoint: rig().front.url, region, credentials: keys, maxAttempts: 1 });
  const session = async (keys: Keys): Promise<Keys> =>
    keysOf((await new STSClient(settings(keys)).send(new GetSessionTokenCommand({}))).Credentials);
  const vpcs = (keys: Keys) => new EC2Client(settings(keys)).send(new DescribeVpcsCommand({}));
  const who = async (keys: Keys) => (await new STSClient(settings(keys)).send(new GetCallerIdentityCommand({}))).Arn;

  async function user(name: string, Action: string): Promise<Keys> {
    const iam = new IAMClient(settings(credentials));
    await iam.send(new CreateUserCommand({ UserName: name }));
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action, Resource: "*" }],
    });
    await iam.send(new PutUserPolicyCommand({ UserName: name, PolicyName: "own", PolicyDocument }));
    return keysOf((await iam.send(new CreateAccessKeyCommand({ UserName: name }))).AccessKey);
  }

  it("stand for whoever got them: the sandbox's own key may do everything, a user what his policies allow", async () => {
    const own = await session(credentials);
    await new IAMClient(settings(own)).send(new ListUsersCommand({}));
    assert.equal(await who(own), await who(credentials));
    const looker = await user("looker", "ec2:DescribeVpcs");
    const his = await session(looker);
    await vpcs(his);
    assert.equal(await who(his), `arn:aws:iam::${accountId}:user/looker`);
    await assert.rejects(new IAMClient(settings(his)).send(new ListUsersCommand({})), hasCode("AccessDenied"));
  });

  it("have keys of their own, each time, that nobody knows beforehand", async () => {
    const nobody = await user("nobody", "s3:ListBucket");
    await session(credentials);
    await session(nobody);
    for (const keys of [documented, { ...documented, sessionToken: "any" }])
      await assert.rejects(vpcs(keys), hasCode("AuthFailure"));
    const [first, second] = [await session(credentials), await session(credentials)];
    assert.notEqual(first.accessKeyId, second.accessKeyId);
    await assert.rejects(vpcs({ ...first, secretAccessKey: second.secretAccessKey }), hasCode("AuthFailure"));
    await assert.rejects(vpcs({ ...first, sessionToken: second.sessionToken ?? "" }), hasCode("AuthFailure"));
  });

  it("are not made of sessions, nor for controllers", async () => {
    const refused = /Cannot call GetSessionToken with session credentials/;
    await assert.rejects(session(await session(credentials)), refused);
    const iam = new IAMClient(settings(credentials));
    await iam.send(new CreateRoleCommand({ RoleName: "some", AssumeRolePolicyDocument: "{}" }));
    const RoleArn = `arn:aws:iam::${accountId}:role/some`;
    const assume = new AssumeRoleCommand({ RoleArn, RoleSessionName: "now" });
    const assumed = await new STSClient(settings(credentials)).send(assume);
    await assert.rejects(session(keysOf(assumed.Credentials)), refused);
    await assert.rejects(session(controller), refused);
  });

  it("last as long as AWS lets them", async () => {
    const ask = (DurationSeconds: number) =>
      new STSClient(settings(credentials)).send(new GetSessionTokenCommand({ DurationSeconds }));
    const { Credentials } = await ask(900);
    const seconds = ((Credentials?.Expiration?.getTime() ?? 0) - Date.now()) / 1000;
    assert.ok(seconds > 300 && seconds <= 900, String(seconds));
    for (const wrong of [899, 129_601]) await assert.rejects(ask(wrong), hasCode("ValidationError"));
  });

  it("end: behind it their keys open nothing, in the words of each service", async () => {
    const iam = new IAMClient(settings(credentials));
    await iam.send(new CreateRoleCommand({ RoleName: "ends", AssumeRolePolicyDocument: "{}" }));
    const RoleArn = `arn:aws:iam::${accountId}:role/ends`;
    const asked = new AssumeRoleCommand({ RoleArn, RoleSessionName: "now", DurationSeconds: 900 });
    const assumed = keysOf((await new STSClient(settings(credentials)).send(asked)).Credentials);
    const own = await session(credentials);
    const { principals } = (rig().front as unknown as { readonly permissions: { readonly principals: Principals } })
      .permissions;
    assert.equal(principals.forToken(assumed.accessKeyId)?.arn, RoleArn);
    const clock = (now: () => number) => Object.assign(principals, { now });
    try {
      for (const [keys, hours] of [
        [assumed, 1],
        [own, 13],
      ] as const) {
        await who(keys);
        clock(() => Date.now() + hours * 3_600_000);
        await assert.rejects(who(keys), hasCode("ExpiredToken"));
        await assert.rejects(vpcs(keys), hasCode("RequestExpired"));
        const eks = new EKSClient(settings(keys));
        await assert.rejects(eks.send(new ListClustersCommand({})), hasCode("ExpiredTokenException"));
        assert.equal(principals.forToken(keys.accessKeyId), null, "no token for a cluster either");
        await who(credentials);
        clock(Date.now);
      }
    } finally {
      clock(Date.now);
    }
  });

  it("are none of a controller whose cluster is not there: it may do nothing", async () => {
    const elb = new ElasticLoadBalancingV2Client(settings(controller));
    await assert.rejects(elb.send(new DescribeLoadBalancersCommand({})), hasCode("AccessDenied"));
    await assert.rejects(vpcs(controller), hasCode("UnauthorizedOperation"));
  });
});

describe("keys that were made", () => {
  const eks = { accountId, clusters: new Map(), region } as never;
  const iam = { arnOf: async () => null, layers: async () => [[]] } as never;
  const principals = new Principals(iam, eks, (id) => (id === "CONTROLLERS" ? "blue" : null), "OWN");
  const answer = (id: string): string =>
    `<UserName>ann</UserName><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>`;

  it("never take the place of another's", async () => {
    await principals.learn("CreateAccessKey", "", answer("NEW"));
    for (const id of ["NEW", "OWN", "CONTROLLERS"])
      await assert.rejects(principals.learn("CreateAccessKey", "", answer(id)), /stays its owner's/, id);
  });

  it("leave nobody with everything but the sandbox's own", async () => {
    assert.equal(await principals.of("OWN"), null);
    for (const id of ["CONTROLLERS", "FORGOTTEN"])
      assert.deepEqual(await (await principals.of(id))?.policies(), [[]], id);
  });
});
