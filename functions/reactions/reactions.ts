import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBBatchResponse, DynamoDBRecord } from 'aws-lambda';
import { prefix } from '#blueprint/table.ts';
import { concurrently } from '#shared/concurrently.ts';
import { type UserId, userId } from '#shared/ids.ts';
import type { Item, Key } from '#shared/item.ts';
import { errorOf, log, loggedUser } from '#shared/log.ts';

/** An item of a user's that has changed, as it was and as it is. */
export interface Reacted {
  readonly owner: UserId;
  readonly key: Key;
  readonly before: Item | null;
  readonly after: Item | null;
}

/** What follows from a change. It may be told of the same change again, also of one that it has dealt with: it must know. */
export type Reaction = (change: Reacted) => Promise<void>;

export interface ReactionsNeeds {
  /** By the first letters of a sort key; there is one for each that the event source lets through. */
  readonly rooms: Readonly<Record<string, Reaction>>;
}

/** Users that are reacted to at the same time. */
const usersAtOnce = 10;

/**
 * Hands each record of a batch to its room: what is about one user in its order, users beside each other. One that fails is that record's
 * failure, and holds up no other.
 *
 * @returns the records to come again. Lambda brings what came after the first of them again as well.
 */
export const consumeReactions =
  ({ rooms }: ReactionsNeeds) =>
  async (records: readonly DynamoDBRecord[]): Promise<DynamoDBBatchResponse> => {
    const users = new Map<string, DynamoDBRecord[]>();
    for (const record of records) {
      const user = record.dynamodb?.Keys?.pk?.S ?? '';
      users.set(user, [...(users.get(user) ?? []), record]);
    }
    const failed = new Set<DynamoDBRecord>();
    await concurrently([...users.values()], usersAtOnce, async (ofOne) => {
      for (const record of ofOne) {
        try {
          await react(rooms, record);
        } catch (error) {
          failed.add(record);
          log.error('a reaction failed', {
            user: loggedUser(userOf(record) ?? ''),
            record: record.dynamodb?.SequenceNumber,
            error: errorOf(error),
          });
        }
      }
    });
    return {
      batchItemFailures: records
        .filter((record) => failed.has(record))
        .map(({ dynamodb }) => ({ itemIdentifier: dynamodb?.SequenceNumber ?? '' })),
    };
  };

/** A filter can be lost in a deploy: what no room is for is nobody's business here. */
const react = async (rooms: ReactionsNeeds['rooms'], record: DynamoDBRecord): Promise<void> => {
  const { Keys, OldImage, NewImage } = record.dynamodb ?? {};
  const [pk, sk] = [Keys?.pk?.S ?? '', Keys?.sk?.S ?? ''];
  const owner = userOf(record);
  const room = Object.entries(rooms).find(([start]) => sk.startsWith(start))?.[1];
  if (owner === null || !room) return;
  await room({ owner, key: { pk, sk }, before: itemOf(OldImage), after: itemOf(NewImage) });
};

const userOf = ({ dynamodb }: DynamoDBRecord): UserId | null => {
  const pk = dynamodb?.Keys?.pk?.S ?? '';
  return pk.startsWith(prefix.user) ? userId(pk.slice(prefix.user.length)) : null;
};

type Image = Parameters<typeof unmarshall>[0];

/** The event's types know attribute values as an interface of optionals, the SDK's as a union of what can really be there. */
const itemOf = (image: unknown): Item | null => (image ? unmarshall(image as Image) : null);
