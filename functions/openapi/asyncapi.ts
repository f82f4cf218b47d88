import * as z from 'zod/mini';
import { once } from '#shared/once.ts';
import { type Json, schemaCollector } from './schemas.ts';

export interface SocketSources {
  readonly version: string;
  /** Messages from devices, by name. */
  readonly fromDevice: Readonly<Record<string, z.ZodMiniType>>;
  /** Messages to devices, by name. */
  readonly toDevice: Readonly<Record<string, z.ZodMiniType>>;
}

/** What API Gateway says itself, such as of a message that came too soon after many others. */
const gateway = once(() =>
  z
    .strictObject({ message: z.string(), connectionId: z.string(), requestId: z.string() })
    .register(z.globalRegistry, { id: 'GatewayMessage', description: 'A message of API Gateway itself.' }),
);

/** What is said on a WebSocket, as an AsyncAPI 3 document, made from the zod schemas. https://www.asyncapi.com/docs/reference/specification/v3.0.0 */
export const asyncApiDocument = ({ version, fromDevice, toDevice }: SocketSources): Json => {
  const schemas = schemaCollector();
  const messagesOf = (direction: string, messages: SocketSources['toDevice'], io: 'input' | 'output') =>
    Object.entries(messages).map(([name, schema]) => ({
      key: `${direction}_${name}`,
      message: { name, contentType: 'application/json', payload: schemas.of(schema, io) },
    }));
  const received = messagesOf('from_device', fromDevice, 'input');
  const sent = messagesOf('to_device', { ...toDevice, gateway: gateway() }, 'output');
  const all = [...received, ...sent];
  const operationOf = (action: 'receive' | 'send', messages: typeof all): Json => ({
    action,
    channel: { $ref: '#/channels/device' },
    messages: messages.map(({ key }) => ({ $ref: `#/channels/device/messages/${key}` })),
  });
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Pomona, live',
      version,
      description:
        'Connect to the `url` of `POST /realtime/tickets` with `?ticket=`. Push is a hint: a device whose cursor is not `prev` asks `GET /sync`. A binary frame ends the connection with the code 1003, a message of more than 128 KB with 1009; ten minutes of silence and two hours in all end it, too.',
    },
    channels: {
      device: {
        address: '/',
        messages: Object.fromEntries(all.map(({ key }) => [key, { $ref: `#/components/messages/${key}` }])),
      },
    },
    operations: {
      hear: operationOf('receive', received),
      tell: operationOf('send', sent),
    },
    components: {
      messages: Object.fromEntries(all.map(({ key, message }) => [key, message])),
      schemas: schemas.components,
    },
  };
};
