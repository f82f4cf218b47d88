/**
 * The bucket of what people own, as both its definition and its readers see it: what lies where, by the first letters of an object's key.
 */
export const objectPrefix = {
  /** Files of tasks. Their arrival wakes a function, and they stay until they are deleted. */
  attachments: 'attachments/',
  /** What people have taken along of their own: gone after a day. */
  exports: 'exports/',
} as const;
