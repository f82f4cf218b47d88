import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { EnvironmentOf, FunctionName } from '#blueprint/environment.ts';
import type { StageConfig } from '#lib/config.ts';
import { AttachmentArrival } from '#lib/constructs/attachment-arrival.ts';
import { ChangeFeed } from '#lib/constructs/change-feed.ts';
import { EventsDropped } from '#lib/constructs/events-dropped.ts';
import { EveryMinute } from '#lib/constructs/every-minute.ts';
import { FeatureFunction } from '#lib/constructs/feature-function.ts';
import { FeedRepair } from '#lib/constructs/feed-repair.ts';
import { PublicApi } from '#lib/constructs/http-api.ts';
import { MailEvents } from '#lib/constructs/mail-events.ts';
import { MailSender } from '#lib/constructs/mail-sender.ts';
import { Operator } from '#lib/constructs/operator.ts';
import { OperatorDashboard } from '#lib/constructs/operator-dashboard.ts';
import { Reactions } from '#lib/constructs/reactions.ts';
import { SocketApi } from '#lib/constructs/socket-api.ts';
import type { StatefulStack } from '#lib/stateful-stack.ts';

export interface ServiceStackProps extends StackProps {
  readonly config: StageConfig;
  readonly bundles: string;
  readonly apiVersion: string;
  readonly stateful: StatefulStack;
}

/** What may be rebuilt: the ways in, and the functions behind them. */
export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, { config, bundles, apiVersion, stateful, ...props }: ServiceStackProps) {
    super(scope, id, props);
    const { table, identity, attachments: files, failures } = stateful;
    const functionFor = <F extends FunctionName>(name: F, environment: EnvironmentOf<F>): FeatureFunction<F> =>
      new FeatureFunction(this, name, { config, bundles, environment });

    const operator = new Operator(this, 'Operator', { config });
    const mail = new MailSender(this, 'Mail', { operator });
    const live = new SocketApi(this, 'Live', { operator });
    const api = new PublicApi(this, 'PublicApi', { operator, identity });

    const dueShards = String(config.dueShards);
    const accounts = functionFor('accounts', {
      TABLE_NAME: table.tableName,
      USER_POOL_ID: identity.pool.userPoolId,
      USER_POOL_CLIENT_ID: identity.client.userPoolClientId,
      WEBSOCKET_CALLBACK_URL: live.callbackUrl,
      MAIL_FROM: mail.address,
      PUBLIC_REQUESTS_PER_MINUTE: String(config.publicRequestsPerMinute),
      DUE_SHARDS: dueShards,
    });
    table.grant(accounts, ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query']);
    // New settings plan the open tasks anew.
    table.grantQuery(accounts, ['by_state']);
    identity.grant(accounts, ['AdminDeleteUser', 'AdminGetUser', 'AdminUserGlobalSignOut']);
    mail.grantSend(accounts);
    live.grantConnections(accounts, ['DELETE']);

    const takeAlong = functionFor('export', {
      TABLE_NAME: table.tableName,
      ATTACHMENTS_BUCKET_NAME: files.bucketName,
      USER_POOL_ID: identity.pool.userPoolId,
      USER_POOL_CLIENT_ID: identity.client.userPoolClientId,
    });
    table.grant(takeAlong, ['GetItem', 'PutItem', 'Query']);
    identity.grant(takeAlong, ['AdminGetUser']);
    files.grantFiles(takeAlong, ['GetObject']);
    files.grantExports(takeAlong, ['GetObject', 'PutObject']);

    const tasks = functionFor('tasks', { TABLE_NAME: table.tableName, DUE_SHARDS: dueShards });
    table.grant(tasks, ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'ConditionCheckItem']);
    table.grantQuery(tasks, ['by_state', 'by_path']);

    const pomodoro = functionFor('pomodoro', { TABLE_NAME: table.tableName, DUE_SHARDS: dueShards });
    table.grant(pomodoro, ['BatchGetItem', 'PutItem', 'UpdateItem', 'Query']);
    table.grantQuery(pomodoro, ['by_path']);

    const dueWork = functionFor('due-work', {
      TABLE_NAME: table.tableName,
      DUE_SHARDS: dueShards,
      ATTACHMENTS_BUCKET_NAME: files.bucketName,
      USER_POOL_ID: identity.pool.userPoolId,
      USER_POOL_CLIENT_ID: identity.client.userPoolClientId,
    });
    table.grant(dueWork, ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem']);
    table.grantQuery(dueWork, ['by_state', 'by_path', 'by_due']);
    files.grantFiles(dueWork, ['GetObject', 'DeleteObject']);
    files.grantSeeingNone(dueWork);
    // Whoever leaves leaves nothing behind.
    table.grant(dueWork, ['Query', 'BatchWriteItem']);
    files.grantExports(dueWork, ['DeleteObject']);
    identity.grant(dueWork, ['AdminDeleteUser']);
    new EveryMinute(this, 'EveryMinute', { operator, work: dueWork });

    const guest = functionFor('guest', {
      TABLE_NAME: table.tableName,
      PUBLIC_REQUESTS_PER_MINUTE: String(config.publicRequestsPerMinute),
    });
    table.grant(guest, ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query']);

    const attachments = functionFor('attachments', {
      TABLE_NAME: table.tableName,
      ATTACHMENTS_BUCKET_NAME: files.bucketName,
      DUE_SHARDS: dueShards,
    });
    table.grant(attachments, [
      'GetItem',
      'BatchGetItem',
      'PutItem',
      'UpdateItem',
      'DeleteItem',
      'ConditionCheckItem',
      'Query',
    ]);
    files.grantFiles(attachments, ['GetObject', 'PutObject', 'DeleteObject']);

    const attachmentArrival = functionFor('attachment-arrival', {
      TABLE_NAME: table.tableName,
      ATTACHMENTS_BUCKET_NAME: files.bucketName,
    });
    table.grant(attachmentArrival, ['GetItem', 'PutItem', 'UpdateItem']);
    new AttachmentArrival(this, 'AttachmentArrival', { files, receiver: attachmentArrival });

    const reports = functionFor('reports', { TABLE_NAME: table.tableName });
    table.grant(reports, ['BatchGetItem', 'Query']);
    table.grantQuery(reports, ['by_state']);

    const sync = functionFor('sync', {
      TABLE_NAME: table.tableName,
      TABLE_STREAM_ARN: table.streamArn,
      WEBSOCKET_URL: live.url,
      DUE_SHARDS: dueShards,
    });
    table.grant(sync, [
      'GetItem',
      'BatchGetItem',
      'PutItem',
      'UpdateItem',
      'DeleteItem',
      'ConditionCheckItem',
      'Query',
    ]);
    table.grantQuery(sync, ['by_state', 'by_path']);

    const socketAuthorizer = functionFor('socket-authorizer', {
      TABLE_NAME: table.tableName,
      USER_POOL_ID: identity.pool.userPoolId,
      USER_POOL_CLIENT_ID: identity.client.userPoolClientId,
      JWKS_URI: identity.jwksUri,
    });
    table.grant(socketAuthorizer, ['DeleteItem']);

    const socket = functionFor('socket', {
      TABLE_NAME: table.tableName,
      TABLE_STREAM_ARN: table.streamArn,
      WEBSOCKET_CALLBACK_URL: live.callbackUrl,
    });
    table.grant(socket, ['GetItem', 'PutItem', 'DeleteItem', 'Query']);
    live.grantConnections(socket, ['DELETE']);
    live.answerWith(socket, socketAuthorizer);

    const changeFeed = functionFor('change-feed', {
      TABLE_NAME: table.tableName,
      TABLE_STREAM_ARN: table.streamArn,
      WEBSOCKET_CALLBACK_URL: live.callbackUrl,
    });
    table.grant(changeFeed, ['GetItem', 'PutItem', 'DeleteItem', 'Query']);
    live.grantConnections(changeFeed, ['POST']);
    const feed = new ChangeFeed(this, 'ChangeFeed', { operator, table, failures, consumer: changeFeed });

    const feedRepair = functionFor('feed-repair', {
      TABLE_NAME: table.tableName,
      TABLE_STREAM_ARN: table.streamArn,
      FAILURE_BUCKET_NAME: failures.bucketName,
    });
    table.grant(feedRepair, ['GetItem', 'PutItem']);
    new FeedRepair(this, 'FeedRepair', { failures, failurePrefix: feed.failurePrefix, repairer: feedRepair });

    const unsubscribe = functionFor('mail', {
      TABLE_NAME: table.tableName,
      PUBLIC_REQUESTS_PER_MINUTE: String(config.publicRequestsPerMinute),
    });
    table.grant(unsubscribe, ['GetItem', 'PutItem', 'UpdateItem']);

    const mailEvents = functionFor('mail-events', { TABLE_NAME: table.tableName });
    table.grant(mailEvents, ['UpdateItem']);
    new MailEvents(this, 'MailEvents', { sender: mail, recorder: mailEvents });

    const calendar = functionFor('calendar', {
      TABLE_NAME: table.tableName,
      HTTP_API_URL: api.url,
      PUBLIC_REQUESTS_PER_MINUTE: String(config.publicRequestsPerMinute),
    });
    table.grant(calendar, ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query']);
    table.grantQuery(calendar, ['by_state']);

    const openapi = functionFor('openapi', { API_VERSION: apiVersion });

    api.answerWith({
      accounts,
      export: takeAlong,
      tasks,
      guest,
      pomodoro,
      attachments,
      reports,
      sync,
      calendar,
      mail: unsubscribe,
      openapi,
    });

    const reactions = functionFor('reactions', {
      TABLE_NAME: table.tableName,
      USER_POOL_ID: identity.pool.userPoolId,
      USER_POOL_CLIENT_ID: identity.client.userPoolClientId,
      HTTP_API_URL: api.url,
      MAIL_FROM: mail.address,
      MAIL_CONFIGURATION_SET: mail.configurationSetName,
      MAILS_PER_DAY: String(config.mailsPerDay),
      DUE_SHARDS: dueShards,
      ATTACHMENTS_BUCKET_NAME: files.bucketName,
    });
    table.grant(reactions, ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query']);
    files.grantFiles(reactions, ['DeleteObject']);
    identity.grant(reactions, ['AdminGetUser']);
    mail.grantSendNotices(reactions);
    new Reactions(this, 'Reactions', { operator, table, failures, consumer: reactions });

    new EventsDropped(this, 'EventsDropped', { operator, receivers: [attachmentArrival, feedRepair, mailEvents] });
    // The last: it shows every alarm that there is.
    new OperatorDashboard(this, 'Dashboard', { operator, api, live, table });

    new CfnOutput(this, 'HttpApiUrl', { value: api.url });
    new CfnOutput(this, 'WebSocketUrl', { value: live.url });
    new CfnOutput(this, 'Region', { value: this.region });
  }
}
