/**
 * Members and an environment with more in them than the package makes: a queue that all members share, and in each
 * member a bucket, the EBS CSI driver, and a platform namespace whose agent must run before the member gets requests.
 * In a project of your own the import is `from "eks-blue-green"`.
 */
import * as aws from "@pulumi/aws";
import * as kubernetes from "@pulumi/kubernetes";
import { defineEnvironment } from "../../index";

const namespace = "platform";
const labels = { app: "agent" };

export = defineEnvironment({
  environment({ environment }) {
    const orders = new aws.sqs.Queue("orders", { name: `${environment}-orders`, messageRetentionSeconds: 86_400 });
    return { ordersUrl: orders.url };
  },

  member({ environment, member, clusterName, shared, beforeAdmission }) {
    // Named by the provider: it may be there beside the other member's.
    const logs = new aws.s3.Bucket("logs", {
      forceDestroy: true,
      tags: { "eks-blue-green/environment": environment, "eks-blue-green/member": member },
    });
    new aws.eks.Addon("ebs-csi", { clusterName, addonName: "aws-ebs-csi-driver" });

    new kubernetes.scheduling.v1.PriorityClass("platform", {
      metadata: { name: "platform" },
      value: 1_000_000,
      description: "What others need to run",
    });
    const platform = new kubernetes.core.v1.Namespace("platform", { metadata: { name: namespace } });
    const inNamespace = { dependsOn: platform };
    const settings = new kubernetes.core.v1.ConfigMap(
      "settings",
      { metadata: { name: "settings", namespace }, data: { bucket: logs.bucket, queue: shared["ordersUrl"] ?? "" } },
      inNamespace,
    );
    new kubernetes.networking.v1.NetworkPolicy(
      "no-way-in",
      { metadata: { name: "no-way-in", namespace }, spec: { podSelector: {}, policyTypes: ["Ingress"] } },
      inNamespace,
    );
    const agent = new kubernetes.apps.v1.Deployment(
      "agent",
      {
        // Pulumi does not wait for it: the other things go on, and the driver waits before it lets the member in.
        metadata: { name: "agent", namespace, annotations: { "pulumi.com/skipAwait": "true" } },
        spec: {
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              priorityClassName: "platform",
              containers: [
                {
                  name: "agent",
                  image: "registry.example/agent:3",
                  envFrom: [{ configMapRef: { name: "settings" } }],
                },
              ],
            },
          },
        },
      },
      { dependsOn: settings },
    );
    beforeAdmission(agent);
    return { logsBucket: logs.bucket };
  },
});
