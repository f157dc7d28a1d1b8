/** Launch templates. Facts, by the typings of 7.48.0. */
import {
  block,
  blocks,
  blockSet,
  computed,
  kept,
  map,
  optional,
  region,
  replaces,
  set,
  tags,
  type Attribute,
  type ResourceFacts,
} from "./facts";

const anyBlock = (): Attribute => block(optional, {});

/**
 * Node groups have templates; no component declares one itself. What the stand-in does not act on is here so that the
 * list is whole, without what is below it.
 */
export const launchTemplate: ResourceFacts = {
  source: "internal/service/ec2/ec2_launch_template.go",
  read: null,
  attributes: {
    blockDeviceMappings: kept(
      blocks(optional, {
        deviceName: optional,
        ebs: block(optional, {
          deleteOnTermination: optional,
          encrypted: optional,
          iops: computed,
          kmsKeyId: optional,
          snapshotId: optional,
          throughput: computed,
          volumeInitializationRate: optional,
          volumeSize: computed,
          volumeType: computed,
        }),
        noDevice: optional,
        virtualName: optional,
      }),
    ),
    capacityReservationSpecification: anyBlock(),
    cpuOptions: anyBlock(),
    creditSpecification: anyBlock(),
    defaultVersion: computed,
    description: kept(optional),
    disableApiStop: optional,
    disableApiTermination: optional,
    ebsOptimized: kept(optional),
    enclaveOptions: anyBlock(),
    hibernationOptions: anyBlock(),
    iamInstanceProfile: anyBlock(),
    imageId: kept(optional),
    instanceInitiatedShutdownBehavior: optional,
    instanceMarketOptions: anyBlock(),
    instanceRequirements: anyBlock(),
    instanceType: kept(optional),
    kernelId: optional,
    keyName: kept(optional),
    licenseSpecifications: blockSet(optional, {}),
    maintenanceOptions: anyBlock(),
    metadataOptions: kept(
      block(computed, {
        httpEndpoint: computed,
        httpProtocolIpv6: computed,
        httpPutResponseHopLimit: computed,
        httpTokens: computed,
        instanceMetadataTags: computed,
      }),
    ),
    monitoring: anyBlock(),
    name: replaces(computed),
    namePrefix: replaces(computed),
    networkInterfaces: blocks(optional, {}),
    networkPerformanceOptions: anyBlock(),
    placement: anyBlock(),
    privateDnsNameOptions: anyBlock(),
    ramDiskId: optional,
    secondaryInterfaces: blocks(optional, {}),
    securityGroupNames: set(optional),
    tagSpecifications: kept(blocks(optional, { resourceType: optional, tags: map(optional) })),
    updateDefaultVersion: kept(optional),
    userData: kept(optional),
    vpcSecurityGroupIds: kept(set(optional)),
    ...region,
    ...tags,
  },
};
