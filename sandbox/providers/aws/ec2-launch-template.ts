/** Launch templates, as managed node groups use them. */
import * as ec2 from "@aws-sdk/client-ec2";
import type { Props } from "../rpc/values";
import { orNull, tagList, tagMap, unlessGone, type AwsResource } from "./descriptor";
import { tagEc2, tagSpecification } from "./ec2-network";

const data = [
  "imageId",
  "instanceType",
  "keyName",
  "userData",
  "vpcSecurityGroupIds",
  "metadataOptions",
  "blockDeviceMappings",
  "tagSpecifications",
  "ebsOptimized",
] as const;

function templateData(inputs: Props): ec2.RequestLaunchTemplateData {
  const metadata = inputs["metadataOptions"];
  return {
    ImageId: inputs["imageId"],
    InstanceType: inputs["instanceType"],
    KeyName: inputs["keyName"],
    UserData: inputs["userData"],
    SecurityGroupIds: inputs["vpcSecurityGroupIds"],
    ...(metadata === undefined
      ? {}
      : {
          MetadataOptions: {
            HttpEndpoint: metadata.httpEndpoint,
            HttpTokens: metadata.httpTokens,
            HttpPutResponseHopLimit: metadata.httpPutResponseHopLimit,
          },
        }),
    ...(inputs["blockDeviceMappings"] === undefined
      ? {}
      : {
          BlockDeviceMappings: inputs["blockDeviceMappings"].map((one: Props) => ({
            DeviceName: one["deviceName"],
            Ebs:
              one["ebs"] === undefined
                ? undefined
                : {
                    VolumeSize: one["ebs"].volumeSize,
                    VolumeType: one["ebs"].volumeType,
                    Encrypted: one["ebs"].encrypted === undefined ? undefined : String(one["ebs"].encrypted) === "true",
                    DeleteOnTermination:
                      one["ebs"].deleteOnTermination === undefined
                        ? undefined
                        : String(one["ebs"].deleteOnTermination) === "true",
                  },
          })),
        }),
    ...(inputs["tagSpecifications"] === undefined
      ? {}
      : {
          TagSpecifications: inputs["tagSpecifications"].map((one: Props) => ({
            ResourceType: one["resourceType"],
            Tags: tagList(one["tags"] ?? {}),
          })),
        }),
    ...(inputs["ebsOptimized"] === undefined ? {} : { EbsOptimized: String(inputs["ebsOptimized"]) === "true" }),
  };
}

const launchTemplate: AwsResource = {
  token: "aws:ec2/launchTemplate:LaunchTemplate",
  inputs: ["name", "description", "updateDefaultVersion", ...data, "region", "tags"],
  autoName: { property: "name", longest: 128 },
  taggable: true,
  async create(aws, inputs, tags) {
    const made = await aws.ec2.send(
      new ec2.CreateLaunchTemplateCommand({
        LaunchTemplateName: inputs["name"],
        VersionDescription: inputs["description"],
        LaunchTemplateData: templateData(inputs),
        ...tagSpecification("launch-template", tags),
      }),
    );
    return made.LaunchTemplate!.LaunchTemplateId!;
  },
  async read(aws, id) {
    const found = (await orNull(aws.ec2.send(new ec2.DescribeLaunchTemplatesCommand({ LaunchTemplateIds: [id] }))))
      ?.LaunchTemplates?.[0];
    if (found === undefined) return null;
    return {
      arn: `arn:aws:ec2:${aws.region}:${await aws.accountId()}:launch-template/${id}`,
      name: found.LaunchTemplateName,
      latestVersion: found.LatestVersionNumber ?? 1,
      defaultVersion: found.DefaultVersionNumber ?? 1,
      tagsAll: tagMap(found.Tags),
    };
  },
  async update(aws, id, inputs, _olds, changed) {
    if (![...data, "description"].some((property) => changed.has(property))) return;
    const made = await aws.ec2.send(
      new ec2.CreateLaunchTemplateVersionCommand({
        LaunchTemplateId: id,
        VersionDescription: inputs["description"],
        LaunchTemplateData: templateData(inputs),
      }),
    );
    if (inputs["updateDefaultVersion"] === true)
      await aws.ec2.send(
        new ec2.ModifyLaunchTemplateCommand({
          LaunchTemplateId: id,
          DefaultVersion: String(made.LaunchTemplateVersion!.VersionNumber),
        }),
      );
  },
  tag: tagEc2,
  delete: (aws, id) => unlessGone(aws.ec2.send(new ec2.DeleteLaunchTemplateCommand({ LaunchTemplateId: id }))),
};

export const ec2LaunchTemplateResources: readonly AwsResource[] = [launchTemplate];
