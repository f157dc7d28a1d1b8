/** The region that the driver works in: one answer for all its parts. */
import { STSClient } from "@aws-sdk/client-sts";
import { DriverError } from "../../errors";

/**
 * The config's, else the surroundings', else the profile's. Nothing is guessed: in another region nothing of the
 * environment would be found, and that would look like "never made". @throws EBG-CONFIG
 */
export async function regionOf(
  config: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const said = config["aws:region"] ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
  if (said !== undefined && said !== "") return said;
  const client = new STSClient({});
  try {
    return await client.config.region();
  } catch (error) {
    throw new DriverError(
      "EBG-CONFIG",
      "there is no AWS region in the config, in AWS_REGION, or in the profile",
      "pulumi config set aws:region REGION --stack ENVIRONMENT",
      error,
    );
  } finally {
    client.destroy();
  }
}
