/**
 * What AWS charges: US East (N. Virginia), in dollars, as its price pages said at the end of 2025. Free tiers are left out where they are small
 * or end after a year; what is free for good stands in the tiers. Savings plans, reserved and negotiated prices are left out.
 */

/** From where the tier before ends up to `upTo`, each `per` of them at so many dollars. */
export interface Tier {
  /** `null`: and everything above. */
  readonly upTo: number | null;
  readonly dollars: number;
}

export interface Price {
  readonly service: string;
  /** What one is. */
  readonly unit: string;
  /** A price is for so many of them. */
  readonly per: number;
  readonly tiers: readonly Tier[];
  /** Where it stands. */
  readonly source: string;
}

const flat = (dollars: number): readonly Tier[] => [{ upTo: null, dollars }];

const [million, thousand, terabyte] = [1_000_000, 1_000, 1_000];

const dynamodb = 'Amazon DynamoDB pricing, on-demand capacity, Standard table class (since 1 November 2024)';
const gateway = 'Amazon API Gateway pricing';
const cloudwatch = 'Amazon CloudWatch pricing, Logs';
/** In GB; of Lambda’s logs since 1 May 2025, of vended logs as ever. */
const logTiers: readonly Tier[] = [
  { upTo: 10 * terabyte, dollars: 0.5 },
  { upTo: 30 * terabyte, dollars: 0.25 },
  { upTo: 50 * terabyte, dollars: 0.1 },
  { upTo: null, dollars: 0.05 },
];

export const prices = {
  writeUnits: { service: 'DynamoDB', unit: 'write request units', per: million, tiers: flat(0.625), source: dynamodb },
  readUnits: { service: 'DynamoDB', unit: 'read request units', per: million, tiers: flat(0.125), source: dynamodb },
  tableStorage: { service: 'DynamoDB', unit: 'GB-months', per: 1, tiers: flat(0.25), source: dynamodb },
  tableBackup: {
    service: 'DynamoDB',
    unit: 'GB-months of point-in-time recovery',
    per: 1,
    tiers: flat(0.2),
    source: dynamodb,
  },
  httpRequests: {
    service: 'API Gateway, HTTP',
    unit: 'requests of up to 512 KB',
    per: million,
    tiers: [
      { upTo: 300 * million, dollars: 1 },
      { upTo: null, dollars: 0.9 },
    ],
    source: gateway,
  },
  socketMessages: {
    service: 'API Gateway, WebSocket',
    unit: 'messages of up to 32 KB',
    per: million,
    tiers: [
      { upTo: 1_000 * million, dollars: 1 },
      { upTo: null, dollars: 0.8 },
    ],
    source: gateway,
  },
  socketMinutes: {
    service: 'API Gateway, WebSocket',
    unit: 'connection minutes',
    per: million,
    tiers: flat(0.25),
    source: gateway,
  },
  invocations: {
    service: 'Lambda',
    unit: 'invocations',
    per: million,
    tiers: flat(0.2),
    source: 'AWS Lambda pricing, requests',
  },
  gigabyteSeconds: {
    service: 'Lambda',
    unit: 'GB-seconds',
    per: 1,
    tiers: [
      { upTo: 7_500 * million, dollars: 0.0000133334 },
      { upTo: null, dollars: 0.0000120001 },
    ],
    source: 'AWS Lambda pricing, duration on Arm; the time of a start counts as well (since 1 August 2025)',
  },
  streamReads: {
    service: 'DynamoDB',
    unit: 'reads of the stream',
    per: 100_000,
    tiers: flat(0),
    source: 'Amazon DynamoDB pricing, DynamoDB Streams: what Lambda reads for a trigger is free',
  },
  monthlyUsers: {
    service: 'Cognito',
    unit: 'monthly active users',
    per: 1,
    tiers: [
      { upTo: 10_000, dollars: 0 },
      { upTo: 100_000, dollars: 0.0055 },
      { upTo: 1_000_000, dollars: 0.0046 },
      { upTo: 10_000_000, dollars: 0.00325 },
      { upTo: null, dollars: 0.0025 },
    ],
    source: 'Amazon Cognito pricing, user pools, Lite',
  },
  mails: {
    service: 'SES',
    unit: 'mails',
    per: thousand,
    tiers: flat(0.1),
    source: 'Amazon SES pricing, outbound email',
  },
  objectWrites: {
    service: 'S3',
    unit: 'PUT requests',
    per: thousand,
    tiers: flat(0.005),
    source: 'Amazon S3 pricing, S3 Standard, requests',
  },
  objectReads: {
    service: 'S3',
    unit: 'GET requests',
    per: thousand,
    tiers: flat(0.0004),
    source: 'Amazon S3 pricing, S3 Standard, requests',
  },
  objectStorage: {
    service: 'S3',
    unit: 'GB-months',
    per: 1,
    tiers: [
      { upTo: 50 * terabyte, dollars: 0.023 },
      { upTo: 500 * terabyte, dollars: 0.022 },
      { upTo: null, dollars: 0.021 },
    ],
    source: 'Amazon S3 pricing, S3 Standard, storage',
  },
  functionLogs: { service: 'CloudWatch', unit: 'GB of functions’ logs', per: 1, tiers: logTiers, source: cloudwatch },
  accessLogs: { service: 'CloudWatch', unit: 'GB of access logs', per: 1, tiers: logTiers, source: cloudwatch },
  logStorage: {
    service: 'CloudWatch',
    unit: 'GB-months of logs, compressed',
    per: 1,
    tiers: flat(0.03),
    source: cloudwatch,
  },
  alarms: {
    service: 'CloudWatch',
    unit: 'alarms',
    per: 1,
    tiers: flat(0.1),
    source: 'Amazon CloudWatch pricing, alarms, standard resolution',
  },
  customMetrics: {
    service: 'CloudWatch',
    unit: 'metrics of our own',
    per: 1,
    tiers: [
      { upTo: 10_000, dollars: 0.3 },
      { upTo: null, dollars: 0.1 },
    ],
    source: 'Amazon CloudWatch pricing, metrics',
  },
  traces: {
    service: 'X-Ray',
    unit: 'traces recorded',
    per: million,
    tiers: flat(5),
    source: 'AWS X-Ray pricing',
  },
  transfer: {
    service: 'data transfer',
    unit: 'GB out to the internet',
    per: 1,
    tiers: [
      { upTo: 100, dollars: 0 },
      { upTo: 10 * terabyte, dollars: 0.09 },
      { upTo: 50 * terabyte, dollars: 0.085 },
      { upTo: 150 * terabyte, dollars: 0.07 },
      { upTo: null, dollars: 0.05 },
    ],
    source: 'Amazon EC2 on-demand pricing, data transfer',
  },
} as const satisfies Record<string, Price>;

export type Priced = keyof typeof prices;

/** How much of each is used in a month. */
export type Quantities = Readonly<Record<Priced, number>>;

/** What a quantity costs, tier by tier. */
export const dollarsFor = ({ tiers, per }: Price, quantity: number): number => {
  let [dollars, below] = [0, 0];
  for (const tier of tiers) {
    const top = tier.upTo ?? Number.POSITIVE_INFINITY;
    dollars += (Math.max(0, Math.min(quantity, top) - below) / per) * tier.dollars;
    below = top;
  }
  return dollars;
};

/** What a month costs, each price for itself. */
export const billOf = (quantities: Quantities): Readonly<Record<Priced, number>> =>
  Object.fromEntries(
    Object.entries(prices).map(([name, price]) => [name, dollarsFor(price, quantities[name as Priced])]),
  ) as Record<Priced, number>;

export const totalOf = (quantities: Quantities): number =>
  Object.values(billOf(quantities)).reduce((sum, dollars) => sum + dollars, 0);
