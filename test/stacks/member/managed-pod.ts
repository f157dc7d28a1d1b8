/** The pods that a member's stack declares for a service whose workload is ours. */
import { environmentProgram } from "../../../stacks/environment/program";
import { memberProgram } from "../../../stacks/member/program";
import type { EnvironmentRecord } from "../../../stacks/record";
import { devValues, find, runUnderMocks } from "../mock-engine";

const values = { "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue" };

export interface PodSpec {
  readonly automountServiceAccountToken?: boolean;
  readonly securityContext?: { readonly sysctls: readonly { readonly name: string }[] };
  readonly containers: readonly {
    readonly resources: unknown;
    readonly securityContext: Readonly<Record<string, unknown>>;
  }[];
}

/** Of the service `web` on blue. `change`: keys of the service's config. */
export async function podSpecOf(change: object, record: EnvironmentRecord): Promise<PodSpec> {
  const service = { name: "web", namespace: "web", image: "echo:1", port: 80, targetPort: 8080, ...change };
  const wanted = (
    await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () =>
      environmentProgram({ ...devValues, "eks-blue-green:services": JSON.stringify([service]) }),
    )
  ).outputs;
  const { resources } = await runUnderMocks({ stack: "dev-blue", stacks: { dev: { ...wanted, record } } }, () =>
    memberProgram(values),
  );
  const spec = find(resources, "kubernetes:apps/v1:Deployment", "blue-web").inputs["spec"] as {
    readonly template: { readonly spec: PodSpec };
  };
  return spec.template.spec;
}
