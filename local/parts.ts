/**
 * What the pieces of the embedded runner know of each other. Each is a file beside this one; `runner.ts` puts them together.
 */

/** A resource of the synthesized templates, named as it is locally. */
export interface Resource {
  readonly logicalId: string;
  /** A CloudFormation type: `AWS::DynamoDB::Table`. */
  readonly type: string;
  /** What `Ref` gives. */
  readonly physicalId: string;
  /** Properties with every intrinsic function resolved. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** The absolute folder of its asset, for those that have one. */
  readonly assetFolder: string | null;
}

/** The cloud assembly: every stack of the app as one set of resources. */
export interface Assembly {
  resourcesOf(type: string): readonly Resource[];
  /** The resource that an ARN, or a `Ref`, in another's properties names. */
  named(arnOrPhysicalId: string): Resource | undefined;
  /** What a part learned when it made the resource, such as a table's stream ARN: `Fn::GetAtt` gives it from then on. */
  learn(logicalId: string, attribute: string, value: string): void;
  /** A URL of our own APIs or of the user pool, as it is reached locally; any other text as it is. */
  localUrl(text: string): string;
  /** Output name → value, of all stacks together; URLs are the local ones. */
  outputs(): Readonly<Record<string, string>>;
}

/** How an invocation ended: with the handler's answer, or with an error that it, the runtime or the clock produced. */
export type Invocation =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly errorType: string; readonly errorMessage: string };

/** Every Lambda of the assembly, run out of process over the Runtime API. */
export interface Lambdas {
  /** @param functionArn an ARN, an alias of it, or an API Gateway integration URI that holds one */
  invoke(functionArn: string, event: unknown): Promise<Invocation>;
}

/** An event on EventBridge's default bus. */
export interface BusEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Something that was started and can be stopped; stopping twice is harmless. */
export interface Part {
  stop(): Promise<void>;
}

/** Ports on 127.0.0.1, counted up from `--port`. */
export interface Ports {
  readonly http: number;
  readonly webSocket: number;
  readonly mailbox: number;
  readonly dynamodb: number;
  readonly cognito: number;
  readonly s3: number;
  readonly runtime: number;
}

export const portsFrom = (http: number): Ports => ({
  http,
  webSocket: http + 1,
  mailbox: http + 2,
  dynamodb: http + 3,
  cognito: http + 4,
  s3: http + 5,
  runtime: http + 6,
});

export const localRegion = 'us-east-1';
export const localAccount = '000000000000';

/** Every local service takes these; s3rver knows no others. */
export const localCredentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

/** What a person reads when something that they can mend is wrong: printed as it is, without a stack. */
export class RunnerProblem extends Error {}
