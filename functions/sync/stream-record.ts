import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { prefix, visibleToDevices } from '#blueprint/table.ts';
import { type UserId, userId } from '#shared/ids.ts';
import type { Item } from '#shared/item.ts';
import { changeOf } from './change.ts';
import type { LoggedChange } from './feed.ts';

/** What a stream record says to the devices of one person. */
export type Reading =
  | { readonly kind: 'change'; readonly owner: UserId; readonly logged: LoggedChange }
  /** It should say something, and cannot be understood: that person's devices must not go on as if nothing were missing. */
  | { readonly kind: 'unreadable'; readonly owner: UserId; readonly error: unknown }
  /** Nothing that devices can see. */
  | { readonly kind: 'other' };

/** The event source filters by the same list; a filter can be lost in a deploy, and what must not leave must not leave. */
export const readRecord = ({ eventName, dynamodb }: DynamoDBRecord): Reading => {
  const pk = dynamodb?.Keys?.pk?.S ?? '';
  const sk = dynamodb?.Keys?.sk?.S ?? '';
  const visible = pk.startsWith(prefix.user) && visibleToDevices.some((start) => sk.startsWith(start));
  if (!visible || (eventName !== 'INSERT' && eventName !== 'MODIFY')) return { kind: 'other' };
  if (onlyItsPlaceChanged(dynamodb)) return { kind: 'other' };
  const owner = userId(pk.slice(prefix.user.length));
  try {
    const item: Item = unmarshall(newImageOf(dynamodb));
    const changedBy = typeof item.changed_by === 'string' ? item.changed_by : null;
    return { kind: 'change', owner, logged: { change: changeOf(item), changedBy } };
  } catch (error) {
    return { kind: 'unreadable', owner, error };
  }
};

/**
 * Its place in an index followed that of a parent, something came below it, or it is looked at another time: nothing that anybody sees,
 * which would have had a new version.
 */
const onlyItsPlaceChanged = (dynamodb: DynamoDBRecord['dynamodb']): boolean => {
  const { OldImage: before, NewImage: after } = dynamodb ?? {};
  if (!before?.by_path?.S || !after?.by_path?.S || before.version?.N !== after.version?.N) return false;
  return (
    before.by_path.S !== after.by_path.S ||
    before.below_version?.N !== after.below_version?.N ||
    before.due_at?.S !== after.due_at?.S
  );
};

type Image = Parameters<typeof unmarshall>[0];

/** The event's types know attribute values as an interface of optionals, the SDK's as a union of what can really be there. */
const newImageOf = (dynamodb: DynamoDBRecord['dynamodb']): Image => {
  if (!dynamodb?.NewImage) throw new Error('the record has no new image: the stream must carry both');
  return dynamodb.NewImage as Image;
};
