import type { Connection, ConnectionStore, Delivery, Gateway } from '#functions/sync/connection.ts';

/** Connections in memory, in nobody's order, each call answered a moment later. */
export const connectionsInMemory = (...there: readonly Connection[]) => {
  const rows = new Map(there.map((connection) => [connection.id, connection]));
  const store: ConnectionStore = {
    put: async (_, connection) => {
      await null;
      if (rows.get(connection.id)?.ended) return false;
      rows.set(connection.id, connection);
      return true;
    },
    end: async (_, connection) => {
      await null;
      rows.set(connection.id, { ...connection, ended: true });
    },
    list: async (_, now) => {
      await null;
      return [...rows.values()]
        .filter(({ expiresAt }) => expiresAt > now)
        .sort((a, b) => a.connectedAt.getTime() - b.connectedAt.getTime() || (a.id < b.id ? -1 : 1));
    },
    forget: async (_, id) => {
      await null;
      rows.delete(id);
    },
  };
  return { ...store, rows };
};

/**
 * A gateway that remembers what came to each connection.
 * @param post what becomes of a post; delivered when it says nothing
 */
export const fakeGateway = (
  post: (id: string, text: string) => Promise<Delivery | undefined> = async () => undefined,
) => {
  const posts: { readonly id: string; readonly text: string }[] = [];
  const closed: string[] = [];
  const gateway: Gateway = {
    post: async (id, text) => {
      const delivery = (await post(id, text)) ?? 'delivered';
      if (delivery === 'delivered') posts.push({ id, text });
      return delivery;
    },
    close: async (id) => {
      closed.push(id);
      return 'closed';
    },
  };
  return {
    ...gateway,
    posts,
    closed,
    textsTo: (id: string) => posts.filter((sent) => sent.id === id).map(({ text }) => text),
  };
};
