/**
 * CloudFormation, of which the sandbox has none: there is never a stack. What can be said of that is said as AWS says
 * it (to delete a stack
 * that is not there succeeds); whatever would make one is refused with the way to do it instead.
 */
import { AwsError } from "./aws-error";

const namespace = "http://cloudformation.amazonaws.com/doc/2010-05-15/";

/** @throws AwsError ValidationError */
export function answerCloudFormation(action: string, stackName: string | null, requestId: string): string {
  const result = action === "DescribeStacks" ? "<Stacks/>" : action === "ListStacks" ? "<StackSummaries/>" : "";
  if (action === "DescribeStacks" && stackName !== null)
    throw new AwsError("ValidationError", `Stack with id ${stackName} does not exist`);
  if (action !== "DeleteStack" && action !== "ListStacks" && action !== "DescribeStacks") {
    throw new AwsError(
      "ValidationError",
      `${action}: the sandbox has no CloudFormation. Make the resources with the AWS CLI or Pulumi; ` +
        "examples/by-hand/prerequisites.sh makes what the published procedure's template does",
    );
  }
  return (
    `<${action}Response ` +
    `xmlns="${namespace}">${action === "DeleteStack" ? "" : `<${action}Result>${result}</${action}Result>`}<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${action}Response>`
  );
}
