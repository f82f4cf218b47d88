import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { table as definition, type LocalIndexName } from '#blueprint/table.ts';
import type { RestoredTable, StageConfig } from '#lib/config.ts';

/** What a function may do with items. There is no Scan: whoever needs one has the wrong key. */
export type ItemAction =
  | 'BatchGetItem'
  | 'BatchWriteItem'
  | 'ConditionCheckItem'
  | 'DeleteItem'
  | 'GetItem'
  | 'PutItem'
  | 'Query'
  | 'UpdateItem';

interface Arns {
  readonly tableName: string;
  readonly tableArn: string;
  readonly streamArn: string;
}

/** Of a table that is in no stack: whoever is told of it imports nothing, so that the stacks can be deployed one by one. */
const arnsOf = ({ name, streamLabel }: RestoredTable, stack: Stack): Arns => {
  const tableArn = stack.formatArn({ service: 'dynamodb', resource: 'table', resourceName: name });
  return { tableName: name, tableArn, streamArn: `${tableArn}/stream/${streamLabel}` };
};

/** Where everything is kept: docs/decisions/0001-one-table.md. */
export class SingleTable extends Construct {
  readonly tableName: string;
  readonly streamArn: string;
  readonly #tableArn: string;

  constructor(scope: Construct, id: string, { config }: { config: StageConfig }) {
    super(scope, id);
    const { tableName, tableArn, streamArn } = config.restoredTable
      ? arnsOf(config.restoredTable, Stack.of(this))
      : this.#made(config);
    this.tableName = tableName;
    this.streamArn = streamArn;
    this.#tableArn = tableArn;
  }

  #made(config: StageConfig): Arns {
    // Not TableV2: that is a "global table" to CloudFormation, which few emulators know.
    const table = new Table(this, 'Table', {
      partitionKey: { name: definition.partitionKey, type: AttributeType.STRING },
      sortKey: { name: definition.sortKey, type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      // At rest with a key that AWS owns: nothing to pay, to rotate or to throttle a request. A key of our own would add a KMS call, and
      // its limits, to reads, and keep out nobody whom IAM lets in.
      encryption: TableEncryption.DEFAULT,
      timeToLiveAttribute: definition.ttl,
      // Both images: what is gone, and what changed, can only be told from the old one.
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecoverySpecification: {
        pointInTimeRecoveryEnabled: true,
        recoveryPeriodInDays: config.pointInTimeRecoveryDays,
      },
      deletionProtection: config.keepsData,
      removalPolicy: config.keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // All of them now: a local index cannot be added to a table that exists.
    for (const [indexName, { sortKey, projection }] of Object.entries(definition.localIndexes)) {
      table.addLocalSecondaryIndex({
        indexName,
        sortKey: { name: sortKey, type: AttributeType.STRING },
        projectionType: ProjectionType[projection],
      });
    }
    for (const [indexName, { partitionKey, sortKey, projection }] of Object.entries(definition.globalIndexes)) {
      table.addGlobalSecondaryIndex({
        indexName,
        partitionKey: { name: partitionKey, type: AttributeType.STRING },
        sortKey: { name: sortKey, type: AttributeType.STRING },
        projectionType: ProjectionType[projection],
      });
    }
    if (!table.tableStreamArn) throw new Error('the table has no stream: nothing would follow from a write');
    return { tableName: table.tableName, tableArn: table.tableArn, streamArn: table.tableStreamArn };
  }

  /** Exactly these actions on items of the table. */
  grant(grantee: IGrantable, actions: readonly ItemAction[]): void {
    Grant.addToPrincipal({
      grantee,
      actions: actions.map((action) => `dynamodb:${action}`),
      resourceArns: [this.#tableArn],
    });
  }

  /** Queries of these indexes. */
  grantQuery(grantee: IGrantable, indexes: readonly (LocalIndexName | 'by_due')[]): void {
    Grant.addToPrincipal({
      grantee,
      actions: ['dynamodb:Query'],
      resourceArns: indexes.map((index) => `${this.#tableArn}/index/${index}`),
    });
  }

  /** What Lambda needs to read the stream for a function. All four take the stream's ARN; CDK's own grant lists the streams of "*". */
  grantReadStream(grantee: IGrantable): void {
    Grant.addToPrincipal({
      grantee,
      actions: ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map(
        (action) => `dynamodb:${action}`,
      ),
      resourceArns: [this.streamArn],
    });
  }
}
