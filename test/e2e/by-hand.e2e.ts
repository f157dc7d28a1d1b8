/**
 * The published procedure, typed by hand: kubectl and the AWS CLI against a sandbox, in a shell that has sourced its
 * env.sh, with the files
 * of examples/by-hand. Each step shows what the procedure says that it shows. Then the trap that it warns of: the
 * primary's Service takes
 * the load balancer, and the secondary's targets, with it.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, eventually, Stage } from "./stage";

const primary = "pri-eks-clu1";
const secondary = "sec-eks-clu1";
/** As the procedure writes it, again and again. */
const bindingOf = (what: string, context = ""): string =>
  `kubectl ${context}get targetgroupbinding -l service.k8s.aws/stack-name=nginx -o jsonpath='{range ` +
  `.items[*]}{${what}}{end}'`;
const nameOfBinding = bindingOf(".metadata.name");
const targets =
  `aws elbv2 describe-target-health --target-group-arn $( ${bindingOf(".spec.targetGroupARN")}) --query ` +
  "'TargetHealthDescriptions[*].[Target.Id,Target.AvailabilityZone,TargetHealth.State]' --output table";
const bindSecondary = (file: string): string => `
# Get targetGroup ARN from Primary EKS Cluster
targetgrouparn=$(${bindingOf(".spec.targetGroupARN", `--context ${primary} `)})
lb=$(kubectl --context pri-eks-clu1 get svc nginx -o jsonpath='{.status.loadBalancer.ingress[0].hostname}' | sed -n 's/.*\\(k8s-default-nginx-[a-z0-9]*\\).*/\\1/p')
# Get Security GroupId
secgrpid=$(aws ec2 describe-security-groups --group-ids $(aws elbv2 describe-load-balancers --names \${lb} --query 'LoadBalancers[*].SecurityGroups[]' --output text) --query "SecurityGroups[?Description=='[k8s] Shared Backend SecurityGroup for LoadBalancer'].GroupId" --output text)
# update tgb.yaml file
sed "s|<securitygroupid>|\${secgrpid}|g; s|<targetgrouparn>|\${targetgrouparn}|g" tgb.yaml > ${file}
kubectl --context sec-eks-clu1 create -f ${file}`;
const protection = (on: boolean): string =>
  `kubectl --context pri-eks-clu1 patch service nginx --patch '{"metadata": {"annotations": ` +
  `{"service.beta.kubernetes.io/aws-load-balancer-attributes": "deletion_protection.enabled=${on}"}}}' ` +
  "--type=merge";

describe("the published procedure, typed by hand", function () {
  this.timeout(900_000);
  let stage: Stage;
  let files: string;

  /** In one shell, as a person's; what follows sees the variables of what went before. */
  function type(commands: string): Command {
    const run = spawnSync("bash", ["-c", `source ${stage.info.dir}/env.sh\n${commands}`], {
      cwd: files,
      env: { PATH: process.env["PATH"], HOME: files },
      encoding: "utf8",
      timeout: 600_000,
    });
    return { status: run.status, stdout: run.stdout ?? "", stderr: run.stderr ?? "" };
  }
  function typed(commands: string): string {
    const run = type(commands);
    assert.equal(run.status, 0, `${commands}\n${run.stdout}${run.stderr}`);
    return run.stdout;
  }
  /** A look that a person repeats until it shows what it should. */
  function shows(commands: string, ...patterns: readonly RegExp[]): Promise<string> {
    let last = "";
    return eventually(`${commands}\nshows ${patterns.join(", ")}`, () => {
      const run = type(commands);
      last = `${run.stdout}${run.stderr}`;
      return patterns.every((pattern) => pattern.test(last)) ? last : null;
    }).catch((error: Error) => assert.fail(`${error.message}\nbut:\n${last}`));
  }
  const podAddresses = (context: string): string[] =>
    typed(
      `kubectl --context ${context} get pods -l app=nginx -o jsonpath='{range .items[*]}{.status.podIP}{"\\n"}{end}'`,
    )
      .trim()
      .split("\n")
      .sort();
  const listed = (text: string): string[] =>
    [...text.matchAll(/(\d+\.\d+\.\d+\.\d+):80/g)].map(([, address]) => address ?? "").sort();
  const rows = (table: string): [string, string][] =>
    [...table.matchAll(/\|\s*([\d.]+)\s*\|\s*us-east-1[bc]\s*\|\s*([a-z]+)\s*\|/g)]
      .map(([, address, state]): [string, string] => [address ?? "", state ?? ""])
      .sort();

  before(async () => {
    stage = await Stage.open();
    files = join(stage.info.dir, "by-hand");
    cpSync(resolve(__dirname, "../../examples/by-hand"), files, { recursive: true });
    // What the procedure's template makes is made by a script: there is no CloudFormation, and it says so.
    const launched = type("aws cloudformation create-stack --stack-name eks-nlb --template-body '{}'");
    assert.notEqual(launched.status, 0);
    assert.match(launched.stderr, /the sandbox has no CloudFormation.*examples\/by-hand\/prerequisites\.sh/);
    typed(`${resolve(__dirname, "../../examples/by-hand/prerequisites.sh")}`);
    // As on AWS, with a context that logs in with `aws eks get-token`; the rest goes on with the sandbox's own, each
    // look of which costs a second less.
    typed("aws eks update-kubeconfig --name pri-eks-clu1 --alias mine");
    await shows(
      "kubectl get nodes && kubectl config current-context",
      /(\.ec2\.internal +Ready .*\n(ip-10\S*)?){2}mine\n$/,
    );
    typed("kubectl config use-context pri-eks-clu1");
  });
  after(() => stage?.close());

  async function configMapListsPods(context: string, name: string): Promise<void> {
    typed(`kubectl --context ${context} rollout status deployment/nginx --timeout=300s`);
    await shows(`kubectl --context ${context} get cm aws-lbc-targets-${name}`, /^aws-lbc-targets-\S+\s+1\s/m);
    await eventually(`the ConfigMap in ${context} lists its pods`, () => {
      const pods = podAddresses(context);
      return pods.length === 2 &&
        JSON.stringify(listed(typed(`kubectl --context ${context} describe cm aws-lbc-targets-${name}`))) ===
          JSON.stringify(pods)
        ? pods
        : null;
    });
  }
  /** The procedure's expected output: one row a pod, of both clusters, all healthy, in both zones. */
  async function fourHealthyRows(): Promise<void> {
    const pods = [...podAddresses(primary), ...podAddresses(secondary)].sort();
    assert.equal(pods.length, 4);
    const table = await shows(targets, /DescribeTargetHealth[\s\S]*(healthy[\s\S]*){4}/);
    await eventually(`four healthy rows:\n${table}`, () =>
      JSON.stringify(rows(typed(targets))) === JSON.stringify(pods.map((pod) => [pod, "healthy"])) ? true : null,
    );
  }
  const nothingOfALoadBalancer = (): void => {
    assert.equal(
      typed("aws elbv2 describe-load-balancers --query 'LoadBalancers[].LoadBalancerName' --output text").trim(),
      "",
    );
    assert.equal(
      typed("aws elbv2 describe-target-groups --query 'TargetGroups[].TargetGroupName' --output text").trim(),
      "",
    );
    assert.doesNotMatch(
      typed("aws ec2 describe-security-groups --query 'SecurityGroups[].GroupName' --output text"),
      /k8s-/,
    );
    assert.doesNotMatch(
      typed(
        "kubectl get targetgroupbinding,cm -o name; kubectl --context sec-eks-clu1 get targetgroupbinding,cm -o name",
      ),
      /targetgroupbinding|aws-lbc/,
    );
  };

  it("scenario 1: an existing load balancer is extended, and cleaned up in order", async () => {
    typed("kubectl create -f nginxapp.yaml && kubectl create -f nginx_pri-eks-clu1.yaml");
    await shows(
      "kubectl get svc nginx",
      /^nginx\s+LoadBalancer\s+\S+\s+k8s-default-nginx-[a-z0-9]+-\S+\.elb\.us-east-1\.\S+\s+80:\d+\/TCP/m,
    );
    // Step 1
    for (const context of [primary, secondary])
      assert.match(
        typed(`kubectl --context ${context} explain targetGroupBinding.spec.multiClusterTargetGroup`),
        /FIELD: multiClusterTargetGroup <boolean>[\s\S]*DESCRIPTION:\n\s+\w+/,
      );
    // Step 2
    assert.equal(
      typed(`kubectl --context pri-eks-clu1 patch service nginx \\
--patch '{"metadata": {"annotations": {"service.beta.kubernetes.io/aws-load-balancer-multi-cluster-target-group": "true", "service.beta.kubernetes.io/aws-load-balancer-attributes": "deletion_protection.enabled=true"}}}' \\
--type=merge`),
      "service/nginx patched\n",
    );
    // Step 3
    await shows(
      `kubectl --context pri-eks-clu1 get targetgroupbinding -l service.k8s.aws/stack-name=nginx \\
-o jsonpath='{range .items[*]}{.metadata.name}{"\\t"}{.spec.multiClusterTargetGroup}{"\\n"}{end}'`,
      /^k8s-default-nginx-[a-z0-9]+\ttrue\n$/,
    );
    // Step 4
    await configMapListsPods(primary, `$(${nameOfBinding})`);
    // Step 5
    typed(
      "kubectl --context sec-eks-clu1 create -f nginxapp.yaml && kubectl --context sec-eks-clu1 create -f " +
        "nginx_sec-eks-clu1.yaml",
    );
    await shows(
      "kubectl --context sec-eks-clu1 get all",
      /^deployment\.apps\/nginx\s+2\/2/m,
      /^service\/nginx\s+ClusterIP/m,
    );
    // Steps 6 to 8
    assert.equal(typed(bindSecondary("tgb_sec.yaml")), "targetgroupbinding.elbv2.k8s.aws/nginx created\n");
    await configMapListsPods(secondary, "nginx");
    await fourHealthyRows();
    // Step 9: a target is healthy before the load balancer's machines all know of it, so that the load may have to be
    // repeated.
    await eventually("requests in the logs of both clusters", () => {
      const ab = typed(
        "lb=$(kubectl --context pri-eks-clu1 get svc nginx -o " +
          "jsonpath='{.status.loadBalancer.ingress[0].hostname}')\nab -n 1000 -c 40 http://$lb/",
      );
      assert.match(ab, /^Complete requests: +1000$/m);
      assert.match(ab, /^Failed requests: +0$/m);
      return [primary, secondary].every((context) =>
        /"GET \/ HTTP\/1\.1" 200 .*ApacheBench/.test(
          typed(`kubectl --context ${context} logs deployment/nginx --tail=2`),
        ),
      )
        ? true
        : null;
    });
    assert.match(
      typed(
        "lb=$(kubectl get svc nginx -o jsonpath='{.status.loadBalancer.ingress[0].hostname}')\ncurl -sS -o " +
          "/dev/null -w '%{http_code} %{content_type}' http://$lb/",
      ),
      /^200 /,
    );
    // The clean-up, in its order
    typed(
      "kubectl --context sec-eks-clu1 delete targetgroupbinding nginx && kubectl --context sec-eks-clu1 delete " +
        "svc nginx",
    );
    assert.deepEqual(
      rows(typed(targets))
        .filter(([, state]) => state === "healthy")
        .map(([address]) => address),
      podAddresses(primary),
      "the primary's own targets stay",
    );
    typed(
      `${protection(false)} && kubectl --context pri-eks-clu1 delete svc nginx && kubectl --context pri-eks-clu1 ` +
        "delete deployment nginx",
    );
    nothingOfALoadBalancer();
    typed("kubectl --context sec-eks-clu1 delete deployment nginx");
  });

  it("scenario 2: a new workload, shared from the start; and the trap", async () => {
    // Steps 1 and 2
    typed(
      "kubectl --context pri-eks-clu1 create -f nginxapp.yaml && kubectl --context pri-eks-clu1 create -f " +
        "nginxsvc.yaml",
    );
    await shows(nameOfBinding, /^k8s-default-nginx-[a-z0-9]+$/);
    await configMapListsPods(primary, `$(${nameOfBinding})`);
    // Steps 3 to 6
    typed(
      "kubectl --context sec-eks-clu1 create -f nginxapp.yaml && kubectl --context sec-eks-clu1 create -f " +
        "nginx_sec-eks-clu1.yaml",
    );
    await shows("kubectl get svc nginx", /k8s-default-nginx-/);
    assert.equal(typed(bindSecondary("tgb_p2.yaml")), "targetgroupbinding.elbv2.k8s.aws/nginx created\n");
    await configMapListsPods(secondary, `$(${bindingOf(".metadata.name", `--context ${secondary} `)})`);
    await fourHealthyRows();
    const group = typed(bindingOf(".spec.targetGroupARN"));
    // The primary's Service is deleted while the protection is on: it can't go, and everybody goes on serving.
    typed("kubectl --context pri-eks-clu1 delete svc nginx --wait=false");
    await shows(
      "kubectl --context pri-eks-clu1 describe svc nginx",
      /FailedBuildModel .*deletion_protection is enabled, cannot delete the service: nginx/,
    );
    await fourHealthyRows();
    // With the protection off it goes, and takes the secondary's healthy targets with it.
    typed(protection(false));
    await shows("kubectl --context pri-eks-clu1 get svc nginx", /NotFound/);
    await shows(`aws elbv2 describe-target-health --target-group-arn ${group}`, /TargetGroupNotFound/);
    assert.match(
      typed("kubectl --context sec-eks-clu1 get targetgroupbinding nginx"),
      /^nginx\s/m,
      "the secondary's binding leads nowhere",
    );
    typed("kubectl --context sec-eks-clu1 scale deployment nginx --replicas=3");
    await shows(
      "kubectl --context sec-eks-clu1 describe targetgroupbinding nginx",
      /FailedReconcile .*TargetGroupNotFound/,
    );
    typed(
      "kubectl --context sec-eks-clu1 delete targetgroupbinding nginx && kubectl --context sec-eks-clu1 delete " +
        "svc,deployment nginx && kubectl --context pri-eks-clu1 delete deployment nginx",
    );
    nothingOfALoadBalancer();
    // The procedure's last line: there is no stack of that name, and AWS doesn't mind.
    typed("aws cloudformation delete-stack --stack-name eks-nlb");
    assert.match(typed("./clean-up.sh"), /nothing of it is left/);
    assert.equal(typed("aws eks list-clusters --query clusters --output text").trim(), "");
  });
});
