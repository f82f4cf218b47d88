import { randomUUID } from 'node:crypto';
import { beforeEach, expect, it } from 'vitest';
import { accountConfirmed } from '#functions/accounts/confirmed.ts';
import { dynamoProfileStore, dynamoUsernameStore } from '#functions/accounts/store.ts';
import { userId } from '#shared/ids.ts';
import { describeOnEngines } from '#test/support/table.ts';
import { fakeClock, newAddress, newName } from './room.ts';

describeOnEngines('an account that is confirmed', (table) => {
  const owner = () => userId(randomUUID());
  const clock = fakeClock();
  const about = (userAttributes: Record<string, string>) => ({ request: { userAttributes } });
  let confirmed: ReturnType<typeof accountConfirmed>;
  let profiles: ReturnType<typeof dynamoProfileStore>;
  beforeEach(() => {
    profiles = dynamoProfileStore(table());
    confirmed = accountConfirmed({ profiles, usernames: dynamoUsernameStore(table()), clock });
  });

  it('gets its profile, and Cognito its event back', async () => {
    const [sub, email, username] = [owner(), newAddress(), newName()];
    const event = about({ sub, email: email.toUpperCase(), preferred_username: username, zoneinfo: 'Asia/Tokyo' });
    expect(await confirmed(event)).toBe(event);
    expect(await profiles.get(sub)).toMatchObject({ email, username, timezone: 'Asia/Tokyo', is_verified: true });
  });

  it('gets one profile however often, and at once, it is confirmed', async () => {
    const [sub, username] = [owner(), newName()];
    const event = about({ sub, email: newAddress(), preferred_username: username });
    await Promise.all([confirmed(event), confirmed(event), confirmed(event)]);
    await confirmed(event);
    expect(await profiles.get(sub)).toMatchObject({ username, version: 1 });
  });

  it('keeps the profile it has, and takes no name beside it', async () => {
    const [sub, username] = [owner(), newName()];
    await confirmed(about({ sub, email: newAddress() }));
    await confirmed(about({ sub, email: newAddress(), preferred_username: username }));
    expect(await profiles.get(sub)).toMatchObject({ username: null, version: 1 });
    expect(await dynamoUsernameStore(table()).ownerOf(username, clock.now())).toBeNull();
  });

  it('is confirmed without its name when that is another’s', async () => {
    const [first, second, username] = [owner(), owner(), newName()];
    await confirmed(about({ sub: first, email: newAddress(), preferred_username: username }));
    await confirmed(about({ sub: second, email: newAddress(), preferred_username: username.toUpperCase() }));
    expect(await profiles.get(first)).toMatchObject({ username });
    expect(await profiles.get(second)).toMatchObject({ username: null });
  });

  it.each([
    ['an address', 'somebody@else.example'],
    ['nothing', ''],
    ['2,000 letters', 'x'.repeat(2_000)],
  ])('gets no name that is %s', async (_, preferred_username) => {
    const sub = owner();
    await confirmed(about({ sub, email: newAddress(), preferred_username, zoneinfo: preferred_username }));
    expect(await profiles.get(sub)).toMatchObject({ username: null, timezone: 'UTC' });
  });
});
