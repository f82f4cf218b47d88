import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { SESClient, SendEmailCommand } from '@aws-sdk/client-ses';
import { correctedRouter } from '#local/cognito-corrections.ts';
import { cognitoLocal, type RunTrigger, type Services, type TargetHandler } from '#local/cognito-local.ts';
import { cognitoStores } from '#local/cognito-store.ts';
import { type Assembly, type Lambdas, localCredentials, localRegion, type Part, type Resource } from '#local/parts.ts';
import { closeServer, isListening, portTaken } from '#local/server.ts';

export interface CognitoOptions {
  readonly assembly: Assembly;
  readonly lambdas: Lambdas;
  readonly port: number;
  readonly dataFolder: string;
  readonly mailboxUrl: string;
  readonly now?: () => Date;
}

const part = (name: string) => cognitoLocal(`./lib/${name}`);

/** Cognito: cognito-local, embedded, with the pool and the client as the template has them, and its differences from AWS put right. */
export const startCognito = async ({
  assembly,
  lambdas,
  port,
  dataFolder,
  mailboxUrl,
  now = () => new Date(),
}: CognitoOptions): Promise<Part & { readonly endpoint: string }> => {
  if (await isListening(port)) throw portTaken(port);
  const folder = join(dataFolder, 'cognito');
  await mkdir(folder, { recursive: true });
  const context = { logger: cognitoLocal('pino')({ level: 'silent' }) };
  const { DefaultConfig } = part('server/config');
  const config = {
    ...DefaultConfig,
    TokenConfig: { IssuerDomain: `https://cognito-idp.${localRegion}.amazonaws.com` },
    ServerConfig: { ...DefaultConfig.ServerConfig, hostname: '127.0.0.1', port },
  };
  const clock = { get: now };
  const stores = cognitoStores(folder);
  const pools = new (part('services/userPoolService').UserPoolServiceFactoryImpl)(clock, stores);
  const { CognitoServiceFactoryImpl } = part('services/cognitoService');
  const cognito: Services['cognito'] = await new CognitoServiceFactoryImpl(folder, stores, pools).create(context, {
    UsernameAttributes: ['email'],
  });
  const { LambdaService, TriggersService } = part('services');
  const triggers = new TriggersService(
    clock,
    cognito,
    new LambdaService({}, {}),
    new (part('services/crypto').CryptoService)(config.KMSConfig),
  );
  const { MessagesService } = part('services');
  const { MessageDeliveryService } = part('services/messageDelivery/messageDelivery');
  const services: Services = {
    ...{ clock, config, triggers },
    // Only what is not corrected would send by it, and nothing of that is used.
    ...{ messages: new MessagesService(triggers, new MessageDeliveryService({})) },
    cognito,
    otp: () => String(randomInt(1_000_000)).padStart(6, '0'),
    tokenGenerator: new (part('services/tokenGenerator').JwtTokenGenerator)(clock, triggers, config.TokenConfig),
  };

  const pool = onlyOne(assembly, 'AWS::Cognito::UserPool');
  await configure(cognito, context, pool, assembly.resourcesOf('AWS::Cognito::UserPoolClient'));

  const ses = new SESClient({ endpoint: mailboxUrl, region: localRegion, credentials: localCredentials });
  const corrected = correctedRouter(
    {
      services,
      now,
      mailCode: (to, code) => ses.send(codeMail(pool, to, code)).then(() => undefined),
      runTrigger: triggerOf(pool, lambdas),
    },
    part('server/Router').Router(services),
  );
  const router = inTurn(corrected);
  const server: Server = await part('server/server')
    .createServer(router, context.logger, config.ServerConfig, services)
    .start();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: async () => {
      await closeServer(server);
      ses.destroy();
    },
  };
};

const onlyOne = (assembly: Assembly, type: string): Resource => {
  const [resource, ...others] = assembly.resourcesOf(type);
  if (!resource || others.length > 0) throw new Error(`the runner hosts exactly one ${type}`);
  return resource;
};

/** At every start anew: the template may have changed, while the users stay. */
const configure = async (
  cognito: Services['cognito'],
  context: object,
  { physicalId, properties }: Resource,
  clients: readonly Resource[],
): Promise<void> => {
  const options = {
    Id: physicalId,
    Name: properties.UserPoolName,
    Policies: properties.Policies,
    UsernameAttributes: properties.UsernameAttributes,
    AutoVerifiedAttributes: properties.AutoVerifiedAttributes,
    MfaConfiguration: properties.MfaConfiguration,
  };
  const known = (await cognito.listUserPools(context)).find(({ Id }) => Id === physicalId);
  if (!known) await cognito.createUserPool(context, options);
  const pool = await cognito.getUserPool(context, physicalId);
  await pool.updateOptions(context, { ...pool.options, ...options });
  for (const client of clients) {
    await pool.saveAppClient(context, {
      ...client.properties,
      ClientId: client.physicalId,
      CreationDate: new Date(),
      LastModifiedDate: new Date(),
    });
  }
};

/** As the pool words it. */
const codeMail = ({ properties }: Resource, to: string, code: string): SendEmailCommand => {
  const { EmailVerificationSubject, EmailVerificationMessage } = properties as {
    EmailVerificationSubject?: string;
    EmailVerificationMessage?: string;
  };
  const text = (EmailVerificationMessage ?? 'Your verification code is {####}').replaceAll('{####}', code);
  return new SendEmailCommand({
    Source: 'no-reply@verificationemail.com',
    Destination: { ToAddresses: [to] },
    Message: {
      Subject: { Data: EmailVerificationSubject ?? 'Your verification code' },
      Body: { Html: { Data: text }, Text: { Data: text } },
    },
  });
};

/** Calls the function that the template names for a trigger. https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html */
const triggerOf =
  ({ physicalId, properties }: Resource, lambdas: Lambdas): RunTrigger =>
  async (name, triggerSource, user, clientId) => {
    const functionArn = (properties.LambdaConfig as Readonly<Record<string, string>> | undefined)?.[name];
    if (!functionArn) return { failed: null };
    const invocation = await lambdas.invoke(functionArn, {
      version: '1',
      region: localRegion,
      userPoolId: physicalId,
      userName: user.Username,
      callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId },
      triggerSource,
      request: {
        userAttributes: {
          ...Object.fromEntries(user.Attributes.map(({ Name, Value }) => [Name, Value])),
          'cognito:user_status': user.UserStatus,
        },
      },
      response: {},
    });
    return { failed: invocation.ok ? null : invocation.errorMessage };
  };

/** One request after the other: cognito-local reads a user, and writes the whole of it back. */
const inTurn = (router: (target: string) => TargetHandler) => {
  let turn: Promise<unknown> = Promise.resolve();
  return (target: string) =>
    (context: object, request: never): Promise<unknown> => {
      const answer = turn.then(() => router(target)(context, request));
      turn = answer.catch(() => undefined);
      return answer;
    };
};
