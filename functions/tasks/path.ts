/** A task's place in its tree, as a path of ids from the root: `<root>/<…>/<id>`. */

/** A root has depth 1. */
export const maxDepth = 8;

export const pathUnder = (parentPath: string | null, id: string): string =>
  parentPath === null ? id : `${parentPath}/${id}`;

export const depthOf = (path: string): number => path.split('/').length;

/** The ids above a task, the root first. */
export const ancestorIds = (path: string): readonly string[] => path.split('/').slice(0, -1);

/** Whether a place is below another, or that place itself. */
export const isWithin = (path: string, ancestorPath: string): boolean =>
  path === ancestorPath || path.startsWith(`${ancestorPath}/`);

/** All places below one, as a range of text: ids have no letter behind `/` that sorts after `~`. */
export const rangeBelow = (path: string): readonly [string, string] => [`${path}/`, `${path}/~`];

/** Where a place below one that moves moves to. */
export const rebased = (path: string, from: string, to: string): string => to + path.slice(from.length);
