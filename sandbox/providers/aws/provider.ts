/** The stand-in for the aws provider: a table of resources over the AWS front. */
import { EC2Client } from "@aws-sdk/client-ec2";
import { EKSClient } from "@aws-sdk/client-eks";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { IAMClient } from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { SandboxError } from "../../shared/errors";
import {
  autoName,
  differences,
  equal,
  hasUnknown,
  isObject,
  UNKNOWN,
  type Check,
  type Diff,
  type Dynamic,
  type Failure,
  type Props,
} from "../rpc/values";
import {
  PartialFailure,
  type ChangeCall,
  type CheckCall,
  type Created,
  type Limits,
  type StandIn,
  type Target,
} from "../stand-in";
import { pause, type AwsContext, type AwsResource } from "./descriptor";
import { ec2LaunchTemplateResources } from "./ec2-launch-template";
import { ec2NetworkResources } from "./ec2-network";
import { securityGroupResources } from "./ec2-security-groups";
import { eksResources } from "./eks";
import { elbResources } from "./elb";
import { iamResources } from "./iam";
import { imports } from "./imports";
import { invokeAws } from "./invokes";
import { NotPlayed } from "./recorded/not-played";
import { RecordedResources } from "./recorded/resources";
import { replacingPaths } from "./schema/facts";
import { factsOf } from "./schema/index";
import { filled, planned, topOf } from "./schema/plan";

export const awsResources: readonly AwsResource[] = [
  ...ec2NetworkResources,
  ...securityGroupResources,
  ...ec2LaunchTemplateResources,
  ...iamResources,
  ...eksResources,
  ...elbResources,
];
const byToken = new Map(awsResources.map((resource) => [resource.token, resource]));

/** EC2 says this while something else is still being deleted; the official provider tries again too. */
const stillUsed = [
  "DependencyViolation",
  "ResourceInUse",
  "ResourceInUseException",
  "DeleteConflict",
  "DeleteConflictException",
  "InvalidIPAddress.InUse",
  "OperationNotPermitted.InUse",
];
const stillUsedSeconds = 60;

function descriptorOf(type: string): AwsResource {
  const found = byToken.get(type);
  if (found === undefined) throw new Error(`${type} is not played`);
  return found;
}

/** Of such a resource nothing but its state exists. */
const isRecorded = ({ type }: Pick<Target, "type">): boolean => !byToken.has(type);

/**
 * Properties with the keys that only AWS can tell; without them a program would take them for absent instead of
 * unknown.
 */
function computedBelow(resource: AwsResource, inputs: Props): Props {
  const entries = Object.entries(resource.computedBelow ?? {}).filter(
    ([property]) => inputs[property] === undefined || isObject(inputs[property]),
  );
  return Object.fromEntries(
    entries.map(([property, keys]) => [
      property,
      { ...Object.fromEntries(keys.map((key) => [key, UNKNOWN])), ...inputs[property] },
    ]),
  );
}

export class AwsStandIn implements StandIn {
  readonly name = "aws";
  readonly version = "7.48.0";
  private region = "us-east-1";
  private defaultTags: Readonly<Record<string, string>> = {};
  private clients: Omit<AwsContext, keyof Limits> | undefined;
  private readonly recorded: RecordedResources;

  constructor(private readonly env: Readonly<Record<string, string | undefined>>) {
    this.recorded = new RecordedResources(
      async () => ({ region: this.region, accountId: (await this.clients?.accountId()) ?? "000000000000" }),
      () => this.defaultTags,
      new NotPlayed(env["NOT_PLAYED_FILE"] ?? null),
    );
  }

  async configure(config: Props): Promise<void> {
    this.region = config["region"] ?? this.env["AWS_REGION"] ?? this.env["AWS_DEFAULT_REGION"] ?? "us-east-1";
    const tags = config["defaultTags"];
    this.defaultTags = (typeof tags === "string" ? JSON.parse(tags) : tags)?.tags ?? {};
    const endpoint = this.env["AWS_ENDPOINT_URL"];
    // Without this the SDK would go to the real AWS with whatever credentials it finds.
    if (endpoint === undefined || !/^https?:\/\/127\./.test(endpoint))
      throw new SandboxError(
        "SBX-PROVIDER-ENDPOINT",
        `AWS_ENDPOINT_URL is ${endpoint ?? "not set"}, not a loopback address`,
        "Start the provider host from the sandbox's daemon, which sets it.",
      );
    const settings = {
      region: this.region,
      endpoint,
      maxAttempts: 4,
      credentials: {
        accessKeyId: this.env["AWS_ACCESS_KEY_ID"] ?? "sandbox",
        secretAccessKey: this.env["AWS_SECRET_ACCESS_KEY"] ?? "sandbox",
        ...(this.env["AWS_SESSION_TOKEN"] === undefined ? {} : { sessionToken: this.env["AWS_SESSION_TOKEN"] }),
      },
    };
    const sts = new STSClient(settings);
    let account: Promise<string> | undefined;
    const accountId = () =>
      (account ??= sts.send(new GetCallerIdentityCommand({})).then((answer) => answer.Account ?? "000000000000"));
    this.clients = {
      region: this.region,
      ec2: new EC2Client(settings),
      eks: new EKSClient(settings),
      elb: new ElasticLoadBalancingV2Client(settings),
      iam: new IAMClient(settings),
      accountId,
    };
  }

  configReplaces(olds: Props, news: Props): readonly string[] {
    return ["region"].filter(
      (key) => olds[key] !== undefined && news[key] !== undefined && !equal(olds[key], news[key]),
    );
  }

  async check(call: CheckCall): Promise<Check> {
    if (isRecorded(call)) return this.recorded.check(call);
    const resource = descriptorOf(call.type);
    const inputs: Record<string, Dynamic> = { ...resource.defaults, ...call.news };
    const failures: Failure[] = Object.keys(call.news)
      .filter((key) => !resource.inputs.includes(key) && key !== "__defaults")
      .map((property) => ({
        property,
        reason:
          `the sandbox's stand-in does not know ${property} of ${call.type}; use the official plugin with ` +
          "--provider aws=PATH",
      }));
    if (resource.autoName !== undefined && inputs[resource.autoName.property] === undefined) {
      const { property, longest } = resource.autoName;
      const name =
        ((call.olds["__defaults"] ?? []).includes(property)
          ? (call.olds[property] as string | undefined)
          : undefined) ?? autoName(call.name, call.seed, call.urn);
      if (name.length > longest)
        failures.push({
          property,
          reason: `'${name}' is longer than ${longest} characters; give ${property} explicitly`,
        });
      inputs[property] = name;
      // As the official provider marks it: a replacement of an unnamed resource gets a new name, and may exist beside
      // the old one.
      inputs["__defaults"] = [property];
    }
    if (resource.inputs.includes("region") && inputs["region"] === undefined) inputs["region"] = this.region;
    if (!hasUnknown(inputs)) failures.push(...(resource.validate?.(inputs) ?? []));
    return { inputs, failures };
  }

  async diff(call: ChangeCall): Promise<Diff> {
    if (isRecorded(call)) return this.recorded.diff(call);
    const resource = descriptorOf(call.type);
    const changes = [
      ...planned(factsOf(call.type), call.news, call.oldOutputs),
      ...differences(call.oldInputs["tags"] ?? {}, call.news["tags"] ?? {}, () => false, "tags"),
      ...this.defaultTagChanges(resource, call),
    ];
    const explicitName =
      resource.autoName !== undefined &&
      call.news["__defaults"] === undefined &&
      equal(call.oldInputs[resource.autoName.property], call.news[resource.autoName.property]);
    return { changes, deleteBeforeReplace: resource.deleteBeforeReplace?.(call.news) ?? explicitName };
  }

  private defaultTagChanges(resource: AwsResource, call: ChangeCall): Diff["changes"] {
    if (!resource.taggable || call.oldOutputs["__tags"] === undefined || hasUnknown(call.news["tags"])) return [];
    return equal(call.oldOutputs["__tags"], this.allTags(resource, call.news)) ||
      !equal(call.oldInputs["tags"], call.news["tags"])
      ? []
      : [{ path: "tagsAll", kind: "update", replaces: false }];
  }

  private allTags(resource: AwsResource, inputs: Props): Readonly<Record<string, string>> {
    return resource.taggable ? { ...this.defaultTags, ...inputs["tags"] } : {};
  }

  private context(limits: Limits): AwsContext {
    if (this.clients === undefined) throw new Error("the provider is not configured");
    return { ...this.clients, ...limits };
  }

  async create(call: Target & { inputs: Props; preview: boolean }, limits: Limits): Promise<Created> {
    if (isRecorded(call)) return this.recorded.create(call);
    const resource = descriptorOf(call.type);
    if (call.preview)
      return {
        id: "",
        outputs: this.withTags(resource, call.inputs, { ...call.inputs, ...computedBelow(resource, call.inputs) }),
      };
    const aws = this.context(limits);
    let id: string | undefined;
    const inputs = filled(factsOf(call.type), call.inputs);
    try {
      id = await resource.create(aws, inputs, this.allTags(resource, inputs), (made) => (id = made));
      await this.untilReady(resource, aws, id, inputs);
      return { id, outputs: await this.outputs(resource, aws, id, inputs) };
    } catch (error) {
      if (id === undefined) throw error;
      const outputs = await this.outputs(resource, aws, id, inputs).catch(() =>
        this.withTags(resource, inputs, identityOf(resource, inputs)),
      );
      throw new PartialFailure(id, outputs, [(error as Error).message], error);
    }
  }

  private withTags(resource: AwsResource, inputs: Props, outputs: Props): Props {
    if (!resource.taggable) return outputs;
    const tags = this.allTags(resource, inputs);
    return { ...outputs, tagsAll: tags, __tags: tags };
  }

  private async outputs(resource: AwsResource, aws: AwsContext, id: string, inputs: Props): Promise<Props> {
    const read = await resource.read(aws, id, inputs);
    if (read === null) throw new Error(`${id} is not there any more`);
    return this.withTags(resource, inputs, this.state(resource, inputs, read));
  }

  /** What the state has: what AWS tells, and what the official provider keeps of the program. */
  private state(resource: AwsResource, inputs: Props, read: Props): Props {
    return {
      ...keptOf(resource, inputs),
      ...withoutUndefined(read),
      ...(resource.inputs.includes("region") ? { region: this.region } : {}),
      ...(inputs["tags"] === undefined ? {} : { tags: inputs["tags"] }),
    };
  }

  private async untilReady(resource: AwsResource, aws: AwsContext, id: string, inputs: Props): Promise<void> {
    if (resource.ready === undefined) return;
    await this.poll(resource, aws, `${id} to become ready`, () => resource.ready!(aws, id, inputs));
  }

  private async poll(
    resource: AwsResource,
    aws: AwsContext,
    what: string,
    done: () => Promise<boolean>,
  ): Promise<void> {
    const seconds = aws.timeoutSeconds || resource.timeoutSeconds || 600;
    const end = Date.now() + seconds * 1000;
    while (!(await done())) {
      if (aws.signal.aborted) throw new Error(`cancelled while waiting for ${what}`);
      if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
      await pause(aws.signal);
    }
  }

  async read(
    call: Target & { id: string; inputs: Props; outputs: Props },
  ): Promise<{ id?: string; outputs: Props; inputs: Props } | null> {
    if (isRecorded(call)) return this.recorded.read(call);
    const resource = descriptorOf(call.type);
    const aws = this.context({ signal: new AbortController().signal, timeoutSeconds: 0 });
    // As the bridge reads: without a state it imports, and takes ids in that form alone. Whatever inputs it is told of;
    // here only where the form differs.
    const isImport =
      Object.keys(call.inputs).length === 0 || call.type === "aws:eks/podIdentityAssociation:PodIdentityAssociation";
    if (isImport && Object.keys(call.outputs).length === 0) return this.imported(resource, aws, call.id);
    const known = Object.keys(call.inputs).length > 0 ? call.inputs : call.outputs;
    const read = await resource.read(aws, call.id, known);
    if (read === null) return null;
    const outputs = this.withTags(
      resource,
      known,
      this.state(resource, { ...keptOf(resource, call.outputs), tags: known["tags"] }, read),
    );
    return this.withTagDrift(
      resource,
      { outputs, inputs: drifted(known, call.outputs, read) },
      call.outputs["__tags"],
      read["tagsAll"],
    );
  }

  /** Tags that others set or took away: the next update puts the program's back. */
  private withTagDrift(
    resource: AwsResource,
    found: { outputs: Props; inputs: Props },
    before: Props | undefined,
    now: Props | undefined,
  ): { outputs: Props; inputs: Props } {
    if (!resource.taggable || before === undefined || now === undefined || equal(before, now)) return found;
    return { outputs: { ...found.outputs, tagsAll: now, __tags: now }, inputs: this.withOwnTags(found.inputs, now) };
  }

  /** Of all tags those that the program would have to say itself. */
  private withOwnTags(inputs: Props, all: Props): Props {
    const { tags: _tags, ...rest } = inputs as Record<string, Dynamic>;
    const own = Object.fromEntries(
      Object.entries(all).filter(([key, value]) => this.defaultTags[key] !== value || inputs["tags"]?.[key] === value),
    );
    return Object.keys(own).length > 0 || _tags !== undefined ? { ...rest, tags: own } : rest;
  }

  /** The inputs are what AWS tells of the properties that the program could have set. */
  private async imported(
    resource: AwsResource,
    aws: AwsContext,
    asked: string,
  ): Promise<{ id: string; outputs: Props; inputs: Props } | null> {
    const found =
      imports[resource.token] === undefined ? { id: asked, inputs: {} } : await imports[resource.token]!(aws, asked);
    if (found === null) return null;
    const read = await resource.read(aws, found.id, found.inputs);
    if (read === null) return null;
    const told = withoutUndefined({
      ...withoutUndefined(read),
      ...withoutUndefined(found.inputs),
      tags: read["tagsAll"],
    });
    const inputs = {
      ...Object.fromEntries(Object.entries(told).filter(([key]) => resource.inputs.includes(key))),
      ...(resource.inputs.includes("region") ? { region: this.region } : {}),
    };
    const { tags, ...rest } = inputs as Record<string, Dynamic>;
    const named = resource.taggable ? this.withOwnTags(rest, tags ?? {}) : rest;
    return {
      id: found.id,
      inputs: named,
      outputs: this.withTags(resource, named, this.state(resource, { ...found.inputs, ...named }, told)),
    };
  }

  async update(call: ChangeCall & { preview: boolean }, limits: Limits): Promise<Props> {
    if (isRecorded(call)) return this.recorded.update(call);
    const resource = descriptorOf(call.type);
    const { oldOutputs } = call;
    if (call.preview)
      return this.withTags(resource, call.news, {
        ...oldOutputs,
        ...call.news,
        ...keptBelow(resource, call.news, oldOutputs),
      });
    const aws = this.context(limits);
    const facts = factsOf(call.type);
    const news = filled(facts, call.news);
    const changed = new Set(planned(facts, news, oldOutputs).map((one) => topOf(one.path)));
    const tagsChanged = !equal(oldOutputs["__tags"], this.allTags(resource, call.news));
    try {
      if (tagsChanged && resource.tag !== undefined) {
        const tags = this.allTags(resource, call.news);
        await resource.tag(
          aws,
          call.id,
          tags,
          Object.keys(oldOutputs["__tags"] ?? {}).filter((key) => tags[key] === undefined),
          oldOutputs,
        );
      }
      if (changed.size > 0) await resource.update?.(aws, call.id, news, { ...call.oldInputs, ...oldOutputs }, changed);
      await this.untilReady(resource, aws, call.id, news);
    } catch (error) {
      const olds = { ...call.oldInputs, ...keptOf(resource, oldOutputs) };
      const now = await this.outputs(resource, aws, call.id, olds).catch(() => oldOutputs);
      throw new PartialFailure(call.id, { ...now, __tags: oldOutputs["__tags"] }, [(error as Error).message], error);
    }
    return this.outputs(resource, aws, call.id, news);
  }

  async delete(call: Target & { id: string; oldInputs: Props; outputs: Props }, limits: Limits): Promise<void> {
    if (isRecorded(call)) return;
    const resource = descriptorOf(call.type);
    const aws = this.context(limits);
    const end = Date.now() + stillUsedSeconds * 1000;
    for (;;) {
      try {
        await resource.delete(aws, call.id, call.outputs);
        break;
      } catch (error) {
        if (!stillUsed.includes((error as Error).name) || Date.now() > end || limits.signal.aborted) throw error;
        await pause(limits.signal);
      }
    }
    if (resource.waitsForDeletion === true)
      await this.poll(
        resource,
        aws,
        `${call.id} to be deleted`,
        async () => (await resource.read(aws, call.id, call.outputs)) === null,
      );
  }

  async invoke(token: string, args: Props): Promise<Props> {
    return invokeAws(this.context({ signal: new AbortController().signal, timeoutSeconds: 0 }), token, args);
  }
}

/** What AWS does not tell, as the program said it. */
function keptOf(resource: AwsResource, inputs: Props): Props {
  const { attributes } = factsOf(resource.token);
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => attributes[name]?.kept === true));
}

/** Of something half made that can't be looked at: what makes it this one. All else is set again by the next update. */
function identityOf(resource: AwsResource, inputs: Props): Props {
  const own = new Set(replacingPaths(factsOf(resource.token).attributes).map(topOf));
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => own.has(name)));
}

/**
 * In an update's preview what AWS adds below a property is as it was, as with the official provider: unknown, it would
 * replace what is made from it.
 */
function keptBelow(resource: AwsResource, news: Props, olds: Props): Props {
  return Object.fromEntries(
    Object.entries(resource.computedBelow ?? {}).flatMap(([property, keys]) => {
      const [now, before] = [news[property], olds[property]];
      if (!isObject(now) || !isObject(before)) return [];
      return [
        [
          property,
          {
            ...Object.fromEntries(keys.flatMap((key) => (before[key] === undefined ? [] : [[key, before[key]]]))),
            ...now,
          },
        ],
      ];
    }),
  );
}

/**
 * With what was changed from outside since the outputs were recorded, as the program would have written it: the next
 * update puts it back.
 */
function drifted(inputs: Props, outputs: Props, read: Props): Props {
  const same = (key: string) => read[key] === undefined || outputs[key] === undefined || equal(read[key], outputs[key]);
  return Object.fromEntries(
    Object.entries(inputs).map(([key, value]) => [key, same(key) ? value : shapedLike(value, read[key])]),
  );
}

/** Of an object only the properties that the program gave, also in lists; text where it gave text. */
function shapedLike(like: Dynamic, value: Dynamic): Dynamic {
  if (Array.isArray(like) && Array.isArray(value) && like.length === value.length)
    return like.map((one, index) => shapedLike(one, value[index]));
  if (isObject(like) && isObject(value))
    return Object.fromEntries(
      Object.entries(like).map(([key, one]) => [key, value[key] === undefined ? one : shapedLike(one, value[key])]),
    );
  return typeof like === "string" && typeof value !== "object" ? String(value) : value;
}

function withoutUndefined(props: Props): Props {
  return Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined && value !== null));
}
