/** The pods that a member's stack declares for a service whose workload is ours. */
import { environmentProgram } from "../../../stacks/environment/program";
import { memberProgram } from "../../../stacks/member/program";
import type { EnvironmentRecord } from "../../../stacks/record";
import { devValues, find, runUnderMocks } from "../mock-engine";

const values = { "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue" };

/** Blue serves, and green is not there. */
export const blueServes: EnvironmentRecord = {
  schemaVersion: 1,
  revision: 5,
  placement: {
    blue: { role: "active", version: "1.34", workload: "running" },
    green: { role: "absent", version: null, workload: "running" },
  },
  rollout: null,
  intent: null,
};

export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

export interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly initContainers?: readonly object[];
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly securityContext?: { readonly sysctls: readonly { readonly name: string }[] };
  readonly containers: readonly {
    readonly name: string;
    readonly image: string;
    readonly lifecycle: { readonly preStop: unknown };
    readonly resources: unknown;
    readonly securityContext: Readonly<Record<string, unknown>>;
  }[];
}

/** Of the service `web` on blue. `change`: keys of the service's config. */
export const podSpecOf = async (change: object): Promise<PodSpec> => (await podTemplateOf(change)).spec;

export async function podTemplateOf(change: object): Promise<PodTemplate> {
  const service = { name: "web", namespace: "web", image: "echo:1", port: 80, targetPort: 8080, ...change };
  const wanted = (
    await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () =>
      environmentProgram({ ...devValues, "eks-blue-green:services": JSON.stringify([service]) }),
    )
  ).outputs;
  const { resources } = await runUnderMocks(
    { stack: "dev-blue", stacks: { dev: { ...wanted, record: blueServes } } },
    () => memberProgram(values),
  );
  const spec = find(resources, "kubernetes:apps/v1:Deployment", "blue-web").inputs["spec"] as {
    readonly template: PodTemplate;
  };
  return spec.template;
}
