/** Who calls, and what they may do: the parts that the front needs of it. */
import type { EksContext } from "../eks/store";
import type { ElbContext } from "../elbv2/context";
import type { MotoProxy } from "../moto-proxy";
import { Authorizer } from "./authorizer";
import { IamReader } from "./iam-reader";
import { Principals } from "./principals";

export interface Permissions {
  readonly iam: IamReader;
  readonly principals: Principals;
  readonly authorizer: Authorizer;
}

export function startPermissions(
  moto: MotoProxy,
  elb: ElbContext,
  eks: EksContext,
  controllerOf: ((accessKeyId: string) => string | null) | undefined,
  ownKey: string | undefined,
): Permissions {
  const iam = new IamReader(moto, elb.later, elb.scaled);
  return {
    iam,
    principals: new Principals(iam, eks, controllerOf ?? (() => null), ownKey),
    authorizer: new Authorizer({
      region: eks.region,
      accountId: eks.accountId,
      elb,
      eks,
      arnOf: (kind, name) => iam.arnOf(kind, name),
      linked: new Set(),
    }),
  };
}
