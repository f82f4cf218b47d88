import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  paginateListUsers,
  UserNotFoundException,
} from '@aws-sdk/client-cognito-identity-provider';
import type { Schemas } from '#client/pomona.ts';
import { Client, signIn } from '#test/support/client.ts';
import { connectionsOf, type Outputs } from '../../scripts/outputs.ts';

const clientOf = (outputs: Outputs) => new CognitoIdentityProviderClient(connectionsOf(outputs).cognito);

/** Makes a confirmed user as an administrator does: with the caller's own credentials, and without mail. */
export const createUser = async (
  outputs: Outputs,
  email: string,
  password: string,
  { username, timezone }: Pick<Partial<Schemas['Registration']>, 'username' | 'timezone'>,
): Promise<void> => {
  const cognito = clientOf(outputs);
  const user = { UserPoolId: outputs.UserPoolId, Username: email };
  const attributes = { email, email_verified: 'true', zoneinfo: timezone, preferred_username: username };
  await cognito.send(
    new AdminCreateUserCommand({
      ...user,
      MessageAction: 'SUPPRESS',
      UserAttributes: Object.entries(attributes).flatMap(([Name, Value]) => (Value ? [{ Name, Value }] : [])),
    }),
  );
  await cognito.send(new AdminSetUserPasswordCommand({ ...user, Password: password, Permanent: true }));
  cognito.destroy();
};

/** Whoever is on their way out may have left meanwhile. */
const unlessGone = (error: unknown): void => {
  if (!(error instanceof UserNotFoundException)) throw error;
};

/**
 * Deletes everybody whose address begins so, by the way that takes along what they own; whoever cannot be signed in any more owns nothing,
 * or is leaving already.
 *
 * @returns how many there were
 */
export const removeUsers = async (outputs: Outputs, prefix: string): Promise<number> => {
  const cognito = clientOf(outputs);
  const { UserPoolId } = outputs;
  const password = crypto.randomUUID();
  const emails: string[] = [];
  const pages = paginateListUsers({ client: cognito }, { UserPoolId, Filter: `email ^= "${prefix}"` });
  for await (const { Users = [] } of pages) {
    emails.push(
      ...Users.flatMap(({ Attributes = [] }) => Attributes.find(({ Name }) => Name === 'email')?.Value ?? []),
    );
  }
  for (const email of emails) {
    const user = { UserPoolId, Username: email };
    try {
      await cognito.send(new AdminSetUserPasswordCommand({ ...user, Password: password, Permanent: true }));
      const { client } = await signIn(new Client(outputs), email, password);
      const { response } = await client.api.DELETE('/me', { body: { password } });
      if (response.status !== 202) throw new Error(`${response.status}`);
    } catch {
      await cognito.send(new AdminDeleteUserCommand(user)).catch(unlessGone);
    }
  }
  cognito.destroy();
  return emails.length;
};
