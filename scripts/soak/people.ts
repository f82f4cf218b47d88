import { randomUUID } from 'node:crypto';
import { Client, expectData, expectStatus, signIn, signUp, type Target } from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import type { Dice } from './dice.ts';
import { type Doer, online, type Person } from './traffic.ts';
import { Witness } from './witness.ts';

/** Somebody of the soak's: an account, and a doer at each of its devices. */
export interface Inhabitant {
  readonly person: Person;
  readonly email: string;
  readonly doers: readonly Doer[];
  /** With a password, as one does whose token has run out. */
  signInAgain(): Promise<void>;
  /** Deletes the account. */
  leave(): Promise<void>;
}

export interface Town {
  readonly target: Target;
  /** How a device asks, with chances of its own. */
  readonly fetchWith: (dice: Dice) => typeof fetch;
  readonly onFinding: (finding: string) => void;
  readonly onAct: (name: string) => void;
}

const password = 'correct horse battery staple';

/** Signs somebody up, and connects two or three devices of theirs. */
export const inhabit = async ({ target, fetchWith, onFinding, onAct }: Town, dice: Dice): Promise<Inhabitant> => {
  const anyone = new Client(target);
  const email = `${randomUUID()}@pomona.example`;
  const account = await signUp(anyone, email, password);
  const { user_id } = expectData(await account.client.api.GET('/me'), 200);
  const witness = new Witness(user_id);

  const clientFor = (device: string | null, token: string): Client => {
    const ask = fetchWith(dice.apart(`retries of ${device}`));
    const heard: typeof fetch = async (input, init) => {
      const request = new Request(input, init);
      const response = await ask(request);
      if (response.ok && /json/.test(response.headers.get('content-type') ?? '')) {
        const { pathname } = new URL(request.url);
        // What the feed tells is the past; what a person does on no device is in the order of none.
        const who = pathname === '/sync' ? null : device;
        witness.answered(who, `${request.method} ${pathname}`, await response.clone().json());
      }
      return response;
    };
    return new Client(target, {}, heard).withToken(token);
  };

  let client = clientFor(null, account.tokens.access_token);
  const person: Person = {
    owner: user_id,
    witness,
    onFinding,
    get client() {
      return client;
    },
  };
  const names = Array.from({ length: dice.between(2, 3) }, (_, index) => `device ${index + 1}`);
  const doers = names.map(
    (name): Doer => ({
      person,
      device: new Device(clientFor(name, account.tokens.access_token)),
      dice: dice.apart(name),
      onAct,
    }),
  );
  for (const doer of doers) await online(doer);
  return {
    person,
    email,
    doers,
    signInAgain: async () => {
      const { tokens } = await signIn(anyone, email, password);
      client = clientFor(null, tokens.access_token);
      for (const [index, { device }] of doers.entries()) {
        device.signIn(clientFor(names[index] ?? '', tokens.access_token));
      }
    },
    leave: async () => {
      for (const { device } of doers) device.drop();
      expectStatus(await client.api.DELETE('/me', { body: { password } }), 202);
    },
  };
};
