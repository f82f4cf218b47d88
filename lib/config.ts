import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { FunctionName } from '#blueprint/environment.ts';
import { type OperationId, type Route, routes } from '#blueprint/routes.ts';

/** A token bucket: `burst` requests at once, refilled at `requestsPerSecond`. */
export interface Throttle {
  readonly requestsPerSecond: number;
  readonly burst: number;
}

export interface Sizing {
  /** CPU comes with it: 1,769 MB are one whole core. */
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
}

export interface RestoredTable {
  readonly name: string;
  /** Of the stream that was switched on after the restore: `2026-11-24T12:00:00.000`. */
  readonly streamLabel: string;
}

/** Everything that differs, or may one day differ, between stages. What is not here is the same everywhere. */
export interface StageConfig {
  readonly stage: Stage;

  /**
   * Whether what people own outlives the stack: deletion protection, and RETAIN for table, user pool and buckets.
   * Default (dev): no. A bucket that still holds objects stops `cdk destroy` all the same: empty it first.
   */
  readonly keepsData: boolean;

  /** How far the table can be taken back, 1–35 days. Default: 1. */
  readonly pointInTimeRecoveryDays: number;

  /**
   * A table that was restored from an earlier moment, and takes the place of the one that the stack made, which is left as it is: the steps are
   * in docs/runbook.md. Default: none.
   */
  readonly restoredTable?: RestoredTable;

  /** Where browsers may call from. Default: what front-end tools serve on a laptop. */
  readonly allowedOrigins: readonly string[];

  /** Default: two weeks. */
  readonly logRetention: RetentionDays;

  /**
   * The sender of the mail that we write ourselves (Cognito's codes come from Cognito).
   * Default: an address that can never receive mail (RFC 2606); a real stage names its own.
   */
  readonly mailFrom: string;

  /**
   * Who is told when an alarm rings: a mail address, which AWS asks its owner to confirm once. Default: nobody; whoever wants to hear
   * subscribes to the topic `pomona-<stage>-operator`.
   */
  readonly operatorAddress?: string;

  /** What SES verifies: the one address (by a mailed link), or the whole domain after the @ (by DKIM). Default: the address. */
  readonly mailIdentity: 'address' | 'domain';

  /**
   * How many mails one person gets in a day at most: what a mistake, of theirs or of ours, may cost them and our name. Default: 1,000, which
   * nobody meets who tries things out.
   */
  readonly mailsPerDay: number;

  /**
   * Over how many partitions of the index what comes due is spread, each good for about 1,000 items a second. It may grow, and never
   * shrink: what waits in a shard that nobody sweeps would wait for ever. Default: 1.
   */
  readonly dueShards: number;

  /** How often one source address may call one public route, each minute. Default: 300. */
  readonly publicRequestsPerMinute: number;

  /**
   * What a route takes from everybody together, unless `routeThrottles` says otherwise. A burst leaves room for one person's 200 requests
   * at once; AWS's own quota for a region is 10,000 a second with bursts of 5,000. Default: 200 a second, bursts of 400.
   */
  readonly defaultThrottle: Throttle;

  /** Default: see {@link cognitoQuotas}. */
  readonly routeThrottles: Readonly<Partial<Record<OperationId, Throttle>>>;

  /** Messages and connections of the WebSocket API, each route alone. Default: as HTTP. */
  readonly socketThrottle: Throttle;

  /** Default: 1,024 MB and 10 s; a client has long given up by then. */
  readonly sizing: Sizing;

  /** Where a function needs something else. Default: see {@link specialSizings}. */
  readonly sizings: Readonly<Partial<Record<FunctionName, Sizing>>>;
}

/**
 * Requests a second that Cognito takes for each category of calls, in a region, from all pools together. What is more is better refused at
 * the door than by Cognito, which would refuse it to everybody.
 * Source: "Quotas in Amazon Cognito", default quotas of UserAuthentication, UserCreation and UserAccountRecovery.
 */
const cognitoQuotas = { userAuthentication: 120, userCreation: 50, userAccountRecovery: 30 } as const;

const upTo = (requestsPerSecond: number): Throttle => ({ requestsPerSecond, burst: 200 });

const cognitoThrottles: StageConfig['routeThrottles'] = {
  register: upTo(cognitoQuotas.userCreation),
  confirmRegistration: upTo(cognitoQuotas.userCreation),
  resendConfirmation: upTo(cognitoQuotas.userAccountRecovery),
  issueToken: upTo(cognitoQuotas.userAuthentication),
  revokeToken: upTo(cognitoQuotas.userAuthentication),
  forgotPassword: upTo(cognitoQuotas.userAccountRecovery),
  resetPassword: upTo(cognitoQuotas.userAccountRecovery),
  changePassword: upTo(cognitoQuotas.userAccountRecovery),
  deleteAccount: upTo(cognitoQuotas.userAccountRecovery),
};

const specialSizings: StageConfig['sizings'] = {
  // Cognito waits five seconds for a trigger, then asks again.
  'post-confirmation': { memoryMegabytes: 1024, timeoutSeconds: 5 },
  // A batch of many users: posts are bounded to two seconds each, but they come in rounds.
  'change-feed': { memoryMegabytes: 1024, timeoutSeconds: 60 },
  // Nobody waits for it, and a given-up batch may be about a hundred users.
  'feed-repair': { memoryMegabytes: 1024, timeoutSeconds: 60 },
  // A minute's worth of work at most: then comes the next run.
  'due-work': { memoryMegabytes: 1024, timeoutSeconds: 60 },
  // A batch of many users, each mail bounded to six seconds, and a throttled one tried again for some more.
  reactions: { memoryMegabytes: 1024, timeoutSeconds: 120 },
  // A hundred operations one after the other, or a hundred notes: as long as API Gateway waits, 30 seconds.
  tasks: { memoryMegabytes: 1024, timeoutSeconds: 29 },
  guest: { memoryMegabytes: 1024, timeoutSeconds: 29 },
  sync: { memoryMegabytes: 1024, timeoutSeconds: 29 },
  // Somebody's whole history, several times in memory: a whole core, and as long as API Gateway waits.
  export: { memoryMegabytes: 1769, timeoutSeconds: 29 },
  openapi: { memoryMegabytes: 512, timeoutSeconds: 5 },
};

const dev: StageConfig = {
  stage: 'dev',
  keepsData: false,
  pointInTimeRecoveryDays: 1,
  allowedOrigins: ['http://localhost:3000', 'http://localhost:5173', 'http://127.0.0.1:3000', 'http://127.0.0.1:5173'],
  logRetention: RetentionDays.TWO_WEEKS,
  mailFrom: 'no-reply@pomona.example',
  mailIdentity: 'address',
  mailsPerDay: 1_000,
  dueShards: 1,
  publicRequestsPerMinute: 300,
  defaultThrottle: { requestsPerSecond: 200, burst: 400 },
  routeThrottles: cognitoThrottles,
  socketThrottle: { requestsPerSecond: 200, burst: 400 },
  sizing: { memoryMegabytes: 1024, timeoutSeconds: 10 },
  sizings: specialSizings,
};

const prod: StageConfig = {
  ...dev,
  stage: 'prod',
  keepsData: true,
  operatorAddress: 'operator@pomona.example',
  pointInTimeRecoveryDays: 35,
  allowedOrigins: ['https://app.pomona.example'],
  logRetention: RetentionDays.THREE_MONTHS,
  mailIdentity: 'domain',
  mailsPerDay: 100,
  dueShards: 4,
  publicRequestsPerMinute: 60,
  defaultThrottle: { requestsPerSecond: 1000, burst: 2000 },
  socketThrottle: { requestsPerSecond: 1000, burst: 2000 },
};

const stages = { dev, prod };

export type Stage = 'dev' | 'prod';

export const stageNames: readonly Stage[] = ['dev', 'prod'];

/**
 * @param stage as given with `-c stage=`
 * @throws Error that names the stages, when it is none of them
 */
export const configOf = (stage: unknown): StageConfig => {
  if (stage === 'dev' || stage === 'prod') return stages[stage];
  throw new Error(`There is no stage "${stage}": choose ${Object.keys(stages).join(' or ')} with -c stage=…`);
};

/** Every route that has a throttle of its own, with it. */
export const throttledRoutes = (config: StageConfig): readonly (readonly [Route, Throttle])[] =>
  routes.flatMap((route) => {
    const throttle = config.routeThrottles[route.operationId];
    return throttle ? [[route, throttle] as const] : [];
  });

export const sizingOf = (config: StageConfig, name: FunctionName): Sizing => config.sizings[name] ?? config.sizing;
