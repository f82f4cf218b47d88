import { objectPrefix } from '#blueprint/objects.ts';
import type { UserId } from '#shared/ids.ts';

/** Everything of one person lies under one prefix. */
export const exportsOf = (owner: UserId): string => `${objectPrefix.exports}${owner}/`;
